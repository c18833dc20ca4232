/** Projects: named definitions from which workspaces are made. */
import { z } from 'zod';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import { ProjectId } from './ids.ts';
import { Bytes, DisplayName, Instant } from './text.ts';

/**
 * An image reference as the distribution specification writes it: `name[:tag][@digest]`, in lower case but for the tag,
 * or the id of an image that the host has (`sha256:…`).
 */
export const ImageReference = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(512, 'must have at most 512 characters')
  .regex(
    /^(sha256:[0-9a-f]{12,64}|([a-zA-Z0-9.-]+(:[0-9]{1,5})?\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?)$/,
    'must look like debian:12 or registry.example/team/image:tag',
  );

export const EnvironmentVariable = z.object({
  name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be letters, digits and _, and not begin with a digit'),
  value: z
    .string()
    .max(32_768)
    .refine((value) => !value.includes('\0'), 'must not contain a zero byte'),
});

export const Limits = z.object({
  /** Whole or part processors, as `0.5`. Null: no limit. */
  cpus: z.number().min(0.05).max(1024).nullable(),
  memoryBytes: Bytes.min(16 * 1024 * 1024, 'must be at least 16 MiB').nullable(),
  pids: z.number().int().min(16).max(1_000_000),
});
export type Limits = z.infer<typeof Limits>;

/**
 * `standard`: user of the image or uid 1000, no capabilities. `root-inside`: root with the few capabilities that a
 * package manager needs. `locked`: standard with a read-only root file system.
 */
export const HardeningProfile = z.enum(['standard', 'root-inside', 'locked']);
export type HardeningProfile = z.infer<typeof HardeningProfile>;

export const RuntimeChoice = z.enum(['default', 'runc', 'runsc', 'kata']);

export const Description = z
  .string()
  .trim()
  .max(2_000, 'must have at most 2000 characters')
  .refine((value) => !value.includes('\0'), 'must not contain a zero byte');

export const ProjectDefinition = z.object({
  name: DisplayName,
  /** What it is for, in a person's own words. Absent: nothing was said. */
  description: Description.optional(),
  image: ImageReference,
  environment: z.array(EnvironmentVariable).max(128),
  limits: Limits,
  /** Where the workspace's lasting files are, inside the container. */
  mountPoint: z
    .string()
    .max(255)
    .regex(/^\/[^\0]*[^/\0]$/, 'must be an absolute path below /')
    .refine(
      (path) => !path.split('/').includes('..') && !path.split('/').includes('.'),
      'must not contain . or ..',
    )
    .refine(
      (path) => !/^\/(proc|sys|dev|etc|bin|sbin|lib|lib64|usr|boot|run)(\/|$)/.test(path),
      'must not cover a system folder',
    ),
  profile: HardeningProfile,
  runtime: RuntimeChoice,
  /** Absolute path of the shell for terminals; null tries bash, then sh. */
  shell: z
    .string()
    .max(255)
    .regex(/^\/[^\0\n]+$/, 'must be an absolute path')
    .nullable(),
});
export type ProjectDefinition = z.infer<typeof ProjectDefinition>;

export const Project = ProjectDefinition.extend({ id: ProjectId, createdAt: Instant, changedAt: Instant });
export type Project = z.infer<typeof Project>;

export const projectDefaults = {
  environment: [],
  limits: { cpus: 2, memoryBytes: 2 * 1024 ** 3, pids: 512 },
  mountPoint: '/home/dev',
  profile: 'standard',
  runtime: 'default',
  shell: null,
} as const;

export const projectMethods = {
  'projects.watch': stream({
    summary: 'All projects, then every change',
    scope: 'projects.read',
    input: z.object({}),
    item: collectionItem(Project),
    errors: [],
    rest: { method: 'GET', path: '/projects', shape: 'collection' },
  }),
  'projects.create': call({
    summary: 'Makes a project',
    scope: 'projects.write',
    input: ProjectDefinition,
    output: Project,
    errors: ['project.name-taken'],
    rest: { method: 'POST', path: '/projects', creates: 'id' },
  }),
  'projects.edit': call({
    summary:
      'Changes a project; workspaces that exist keep what they were made with until they are made again',
    scope: 'projects.write',
    input: ProjectDefinition.partial().extend({ id: ProjectId }),
    output: Project,
    errors: ['project.name-taken'],
    rest: { method: 'PATCH', path: '/projects/:id' },
  }),
  'projects.remove': call({
    summary: 'Removes a project that no workspace uses',
    scope: 'projects.write',
    input: z.object({ id: ProjectId }),
    output: z.object({}),
    errors: ['project.in-use'],
    rest: { method: 'DELETE', path: '/projects/:id' },
  }),
};
