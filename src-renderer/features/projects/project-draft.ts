/** A project while it is edited: every field as text, and what the texts mean. The contract's own schema judges. Pure. */
import { plainRule } from '#contract/plain-rules.ts';
import { ProjectDefinition, projectDefaults } from '#contract/projects.ts';
import { sizeText } from '../../state/project-words.ts';

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

/** What the draft means, or which fields break which rule. Rows of the environment without a name and value do not count. */
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
    },
    { error: plainRule },
  );
  const errors: Record<string, string> = {};
  for (const issue of parsed.error?.issues ?? []) {
    const [first, index] = issue.path;
    // A row of the environment is named by its key: its place changes when rows above it are empty.
    const row = first === 'environment' && typeof index === 'number' ? filled[index]?.key : undefined;
    const path = row === undefined ? issue.path.join('.') : `environment.${row}`;
    errors[path] ??= issue.message;
  }
  const all = { ...errors, ...own };
  return parsed.success && Object.keys(own).length === 0 ? { definition: parsed.data } : { errors: all };
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
