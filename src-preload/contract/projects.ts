/** Projects: named definitions from which workspaces are made. */
import { z } from 'zod';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import { HostId, ProjectId } from './ids.ts';
import { hostErrorCodes } from './error-codes.ts';
import { PortNumber } from './hosts.ts';
import { Operation } from './operations.ts';
import { Bytes, DisplayName, Instant, line } from './text.ts';

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

/** How the programs of a container get its password. */
export const AccessPassword = z.object({
  /** As images name it: `PASSWORD`, `VNC_PW`, `POSTGRES_PASSWORD`. */
  variable: EnvironmentVariable.shape.name.max(64, 'must have at most 64 characters'),
  /**
   * `environment`: as the variable's value, which everybody who can inspect the container reads. `file`: in
   * /run/secrets, readable by the workspace's own user; `<variable>_FILE` and `FILE__<variable>` say where.
   */
  delivery: z.enum(['environment', 'file']),
});
export type AccessPassword = z.infer<typeof AccessPassword>;

/** What a port speaks. `vnc`: RFB (RFC 6143), shown in a tab of the window. */
export const PortProtocol = z.enum(['http', 'https', 'vnc', 'tcp']);
export type PortProtocol = z.infer<typeof PortProtocol>;

const HeaderName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header');
/** A path of a URL, from its `/` on. */
export const UrlPath = z
  .string()
  .max(2_048)
  .regex(/^\/[\x21-\x7e]*$/, 'must begin with / and have no spaces')
  .refine((path) => !path.startsWith('//') && !path.includes('\\'), 'must be a path, not another address');

/** How the workspace's password is put in, so that nobody types it. */
export const AppLogin = z.discriminatedUnion('how', [
  z.object({ how: z.literal('none') }),
  /** HTTP Basic (RFC 7617). */
  z.object({ how: z.literal('basic'), user: line(128) }),
  /** A header with the password behind `prefix`, as `Authorization: token …` of Jupyter. */
  z.object({ how: z.literal('header'), name: HeaderName, prefix: z.string().max(64) }),
  /** A form that is posted for the person when the app asks for it; the browser gets its cookies, and no password. */
  z.object({ how: z.literal('form'), path: UrlPath, field: HeaderName }),
]);
export type AppLogin = z.infer<typeof AppLogin>;

/** Something to open that a workspace of a project serves. */
export const AppDefinition = z.object({
  name: DisplayName,
  port: PortNumber,
  protocol: PortProtocol,
  /** Where it begins; of no use for vnc and tcp. */
  path: UrlPath,
  login: AppLogin,
  /** Opened by the first button of the workspace's page. */
  isMain: z.boolean(),
  /**
   * Of vnc: a port of the workspace that gives what its programs play to whoever connects, from then on: two channels, left
   * first, each signed 16 bit little-endian, 48 000 frames a second, and nothing else (as PulseAudio's
   * module-simple-protocol-tcp). Absent: the screen has no sound.
   */
  soundPort: PortNumber.optional(),
});
export type AppDefinition = z.infer<typeof AppDefinition>;

/** `desktop`: what it is for is on a screen, in a tab; `shell`: in a terminal. */
export const ProjectKind = z.enum(['shell', 'desktop']);
export type ProjectKind = z.infer<typeof ProjectKind>;
/** Images whose Dockerfile Berth brings (resources/images), and can build on a host. */
export const ImageRecipe = z.enum(['shell', 'browser']);
export type ImageRecipe = z.infer<typeof ImageRecipe>;

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
  /** Absent: shell. */
  kind: ProjectKind.optional(),
  apps: z
    .array(AppDefinition)
    .max(32)
    .refine((apps) => new Set(apps.map(({ port }) => port)).size === apps.length, 'must name each port once')
    .optional(),
  /** Size of /dev/shm. Browsers want much. Absent: 64 MiB. */
  sharedMemoryBytes: Bytes.min(1024 * 1024, 'must be at least 1 MiB')
    .max(64 * 1024 ** 3)
    .optional(),
  /** `image`: its own init is process 1, as s6 wants to be. Absent: `berth`, which keeps it alive whatever its command does. */
  start: z.enum(['berth', 'image']).optional(),
  /** Each new workspace gets a password of its own, made by Berth, delivered thus. */
  accessPassword: AccessPassword.optional(),
  /** Built on the host where the image is not there and cannot be pulled. */
  recipe: ImageRecipe.optional(),
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

/** A project that is nearly filled in, for an image that many people use. */
export const ProjectTemplate = z.object({
  id: z.string().regex(/^[a-z0-9-]{1,40}$/),
  summary: z.string().max(200),
  definition: ProjectDefinition,
  /** What a person should know of it, a sentence each. */
  notes: z.array(z.string().max(300)).max(8),
  /** Where the image is described; null: Berth's own. */
  homepage: z.url().nullable(),
});
export type ProjectTemplate = z.infer<typeof ProjectTemplate>;

export const projectMethods = {
  'projects.templates': call({
    summary: 'Projects to begin with: Berth’s own images, and well-known ones',
    scope: 'projects.read',
    input: z.object({}),
    output: z.object({ templates: z.array(ProjectTemplate) }),
    errors: [],
    rest: { method: 'GET', path: '/project-templates' },
  }),
  'projects.buildImage': call({
    summary: 'Begins to build one of Berth’s own images on a host, also where it is there already',
    scope: 'hosts.write',
    input: z.object({ hostId: HostId, recipe: ImageRecipe }),
    output: Operation,
    errors: [...hostErrorCodes, 'host.disk-full'],
    rest: { method: 'POST', path: '/hosts/:hostId/built-images' },
  }),
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
    input: ProjectDefinition.partial().extend({
      id: ProjectId,
      /** Null, here and below: as if nothing had ever been said. */
      description: Description.nullable().optional(),
      sharedMemoryBytes: ProjectDefinition.shape.sharedMemoryBytes.nullable(),
      accessPassword: AccessPassword.nullable().optional(),
      recipe: ImageRecipe.nullable().optional(),
    }),
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
