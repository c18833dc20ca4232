/** A project while it is edited: every field as text, and what the texts mean. The contract's own schema judges. Pure. */
import { plainRule } from '#contract/plain-rules.ts';
import type { InputOf } from '#contract/index.ts';
import { ProjectDefinition, projectDefaults } from '#contract/projects.ts';
import { sizeText } from '../../state/project-words.ts';
import { type AppDraft, appDraftOf, appFieldOf, isEmptyApp, readApp } from './app-draft.ts';

export interface DraftVariable {
  /** Names the row while it is edited. */
  readonly key: string;
  readonly name: string;
  readonly value: string;
}

export interface ProjectDraft {
  readonly name: string;
  readonly image: string;
  /** Empty: no limit. */
  readonly cpus: string;
  /** As "2 GiB"; empty: no limit. */
  readonly memory: string;
  readonly pids: string;
  readonly environment: readonly DraftVariable[];
  readonly mountPoint: string;
  readonly profile: ProjectDefinition['profile'];
  readonly runtime: ProjectDefinition['runtime'];
  /** Empty: bash, else sh. */
  readonly shell: string;
  readonly description: string;
  readonly kind: NonNullable<ProjectDefinition['kind']>;
  readonly apps: readonly AppDraft[];
  /** As "1 GiB"; empty: the engine's own 64 MiB. */
  readonly sharedMemory: string;
  readonly start: NonNullable<ProjectDefinition['start']>;
  readonly password: 'none' | NonNullable<ProjectDefinition['accessPassword']>['delivery'];
  readonly passwordVariable: string;
  readonly recipe: 'none' | NonNullable<ProjectDefinition['recipe']>;
}

export type DraftErrors = Readonly<Record<string, string>>;

export function draftOf(
  definition: Omit<ProjectDefinition, 'name' | 'image'> & Partial<ProjectDefinition>,
): ProjectDraft {
  const { limits } = definition;
  return {
    name: definition.name ?? '',
    image: definition.image ?? '',
    cpus: limits.cpus === null ? '' : String(limits.cpus),
    memory: limits.memoryBytes === null ? '' : sizeText(limits.memoryBytes),
    pids: String(limits.pids),
    environment: definition.environment.map(({ name, value }, index) => ({ key: `v${index}`, name, value })),
    mountPoint: definition.mountPoint,
    profile: definition.profile,
    runtime: definition.runtime,
    shell: definition.shell ?? '',
    description: definition.description ?? '',
    kind: definition.kind ?? 'shell',
    apps: (definition.apps ?? []).map(appDraftOf),
    sharedMemory: definition.sharedMemoryBytes === undefined ? '' : sizeText(definition.sharedMemoryBytes),
    start: definition.start ?? 'berth',
    password: definition.accessPassword?.delivery ?? 'none',
    passwordVariable: definition.accessPassword?.variable ?? 'PASSWORD',
    recipe: definition.recipe ?? 'none',
  };
}

export function newDraft(): ProjectDraft {
  return draftOf({ ...projectDefaults, environment: [] });
}

const powers: Readonly<Record<string, number>> = { b: 0, k: 1, m: 2, g: 3, t: 4 };

/** Bytes of "512 MiB", "2g", "1.5 GB" (all binary, as Docker reads them); undefined: not a size with a unit. */
export function readSize(text: string): number | undefined {
  const found = /^(\d+(?:[.,]\d+)?)\s*(?:([kmgt])i?b?|b)$/i.exec(text.trim());
  if (!found) return undefined;
  const amount = Number((found[1] ?? '').replace(',', '.'));
  return Math.round(amount * 1024 ** (powers[(found[2] ?? 'b').toLowerCase()] ?? 0));
}

function readNumber(text: string): number | undefined {
  const trimmed = text.trim().replace(',', '.');
  return /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : undefined;
}

/**
 * What the draft means, or which fields break which rule. Rows without a name and value do not count. What is as it is by
 * itself is left out.
 */
export function readDraft(
  draft: ProjectDraft,
): { readonly definition: ProjectDefinition } | { readonly errors: DraftErrors } {
  const own: Record<string, string> = {};
  const cpus = draft.cpus.trim() === '' ? null : readNumber(draft.cpus);
  if (cpus === undefined) own['limits.cpus'] = 'must be a number such as 2 or 0.5';
  const memoryBytes = draft.memory.trim() === '' ? null : readSize(draft.memory);
  if (memoryBytes === undefined) own['limits.memoryBytes'] = 'must be a size with its unit, such as 512 MiB';
  const pids = readNumber(draft.pids);
  if (pids === undefined) own['limits.pids'] = 'must be a whole number';
  const sharedMemoryBytes = draft.sharedMemory.trim() === '' ? null : readSize(draft.sharedMemory);
  if (sharedMemoryBytes === undefined)
    own.sharedMemoryBytes = 'must be a size with its unit, such as 512 MiB';
  const apps = draft.apps.filter((app) => !isEmptyApp(app));
  const ports = new Set<string>();
  for (const { key, port } of apps) {
    if (ports.has(port.trim())) own[`apps.${key}.port`] = 'is there twice';
    ports.add(port.trim());
  }
  const filled = draft.environment.filter(({ name, value }) => name.trim() !== '' || value !== '');
  const names = new Set<string>();
  for (const { key, name } of filled) {
    if (names.has(name.trim())) own[`environment.${key}`] = 'is there twice';
    names.add(name.trim());
  }
  const parsed = ProjectDefinition.safeParse(
    {
      name: draft.name,
      image: draft.image,
      environment: filled.map(({ name, value }) => ({ name: name.trim(), value })),
      limits: {
        cpus: cpus ?? null,
        memoryBytes: memoryBytes ?? null,
        pids: pids ?? projectDefaults.limits.pids,
      },
      mountPoint: draft.mountPoint.trim(),
      profile: draft.profile,
      runtime: draft.runtime,
      shell: draft.shell.trim() === '' ? null : draft.shell.trim(),
      ...(draft.description.trim() === '' ? {} : { description: draft.description }),
      ...(draft.kind === 'shell' ? {} : { kind: draft.kind }),
      ...(apps.length === 0 ? {} : { apps: apps.map(readApp) }),
      ...(sharedMemoryBytes == null ? {} : { sharedMemoryBytes }),
      ...(draft.start === 'berth' ? {} : { start: draft.start }),
      ...(draft.password === 'none'
        ? {}
        : { accessPassword: { variable: draft.passwordVariable.trim(), delivery: draft.password } }),
      ...(draft.recipe === 'none' ? {} : { recipe: draft.recipe }),
    },
    { error: plainRule },
  );
  const errors: Record<string, string> = {};
  for (const issue of parsed.error?.issues ?? []) {
    const [first, index, ...rest] = issue.path;
    // A row is named by its key: its place changes when rows above it are empty.
    const row = first === 'environment' && typeof index === 'number' ? filled[index]?.key : undefined;
    const app = first === 'apps' && typeof index === 'number' ? apps[index] : undefined;
    const path =
      row !== undefined
        ? `environment.${row}`
        : app !== undefined
          ? `apps.${app.key}.${appFieldOf(rest, app.how)}`
          : issue.path.join('.');
    errors[path] ??= issue.message;
  }
  const all = { ...errors, ...own };
  return parsed.success && Object.keys(own).length === 0 ? { definition: parsed.data } : { errors: all };
}

/** For `projects.edit`, which leaves alone what it is not told of: what a draft left out goes back to how it is by itself. */
export function editOf(definition: ProjectDefinition): Omit<InputOf<'projects.edit'>, 'id'> {
  return {
    description: null,
    kind: 'shell',
    apps: [],
    sharedMemoryBytes: null,
    start: 'berth',
    accessPassword: null,
    recipe: null,
    ...definition,
  };
}

/** A name that is not in use, as "Debian" or "Debian 2", for an image such as `registry.example/team/debian:12`. */
export function nameForImage(image: string, isTaken: (name: string) => boolean): string {
  const repository = image
    .trim()
    .replace(/@.*$/, '')
    .replace(/:[^/:]*$/, '');
  const last = repository.split('/').at(-1) ?? '';
  if (last === '' || image.trim().startsWith('sha256:')) return '';
  return freeName(last.charAt(0).toUpperCase() + last.slice(1), isTaken);
}

export function freeName(base: string, isTaken: (name: string) => boolean): string {
  const short = base.slice(0, 72);
  if (!isTaken(short)) return short;
  for (let number = 2; ; number += 1) if (!isTaken(`${short} ${number}`)) return `${short} ${number}`;
}

/** The choices of runtime that a host's runtimes can serve, as the plane matches them. */
export function servedRuntimes(runtimes: readonly string[]): ProjectDefinition['runtime'][] {
  const patterns = { runc: /(^|\.)runc(\.v\d+)?$/, runsc: /runsc|gvisor/i, kata: /kata/i } as const;
  const served = (['runc', 'runsc', 'kata'] as const).filter((choice) =>
    runtimes.some((name) => name === choice || patterns[choice].test(name)),
  );
  return ['default', ...served];
}
