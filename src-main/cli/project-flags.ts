/** Flags that say what a project is. */
import { readFile } from 'node:fs/promises';
import {
  HardeningProfile,
  type ProjectDefinition,
  ProjectDefinition as Definition,
  RuntimeChoice,
} from '#contract/projects.ts';
import type { Flag, Typed } from './command.ts';
import { parseVariable } from './exec-command.ts';
import { CommandFailure, TypedWrong } from './failure.ts';

export const projectFlags: Readonly<Record<string, Flag>> = {
  image: { value: 'IMAGE', help: 'What it is made of, as debian:12.' },
  env: { value: 'NAME=VALUE', short: 'e', isMany: true, help: 'A variable; may be there more than once.' },
  'env-file': { value: 'FILE', isMany: true, help: 'Variables, one NAME=VALUE a line; # begins a remark.' },
  cpus: { value: 'NUMBER|none', help: 'Processors, as 0.5.' },
  memory: { value: 'SIZE|none', help: 'Memory, as 512m or 2g.' },
  pids: { value: 'NUMBER', help: 'Processes at once.' },
  mount: { value: 'FOLDER', help: 'Where its lasting files are, as /home/dev.' },
  profile: { value: HardeningProfile.options.join('|'), help: 'How it is hardened.' },
  runtime: { value: RuntimeChoice.options.join('|'), help: 'The container runtime.' },
  shell: { value: 'PATH|auto', help: 'The shell of its terminals.' },
};

/** Bytes, from `512m`, `2g`, `1.5GiB`. Units are of 1,024. @throws TypedWrong */
export function parseSize(flag: string, text: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  const factor = 1024 ** ['', 'k', 'm', 'g', 't'].indexOf(unit.toLowerCase());
  const bytes = Math.round(Number(amount) * factor);
  if (amount === '' || !Number.isSafeInteger(bytes))
    throw new TypedWrong(`--${flag}: "${text}" is no size as 512m or 2g.`);
  return bytes;
}

/** @throws TypedWrong */
export function parseNumber(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new TypedWrong(`--${flag}: "${text}" is no number.`);
  return value;
}

const none = 'none';

export interface ProjectWish {
  /** What was said; limits are merged with those that are there. */
  readonly change: Partial<Omit<ProjectDefinition, 'limits' | 'environment'>>;
  readonly limits: Partial<ProjectDefinition['limits']>;
  /** Undefined: nothing was said of them. */
  readonly environment: () => Promise<ProjectDefinition['environment'] | undefined>;
}

/** Checked field by field, so that what is wrong is called by its flag. @throws TypedWrong */
export function readProjectFlags(typed: Typed): ProjectWish {
  const checked = <K extends keyof typeof Definition.shape>(field: K, flag: string, value: unknown) => {
    const parsed = Definition.shape[field].safeParse(value);
    if (parsed.success) return parsed.data as ProjectDefinition[K];
    const [issue] = parsed.error.issues;
    const rule =
      issue?.code === 'invalid_value' ? `must be one of ${projectFlags[flag]?.value}` : issue?.message;
    throw new TypedWrong(`--${flag}: "${String(value)}" cannot be used: it ${rule}.`);
  };
  const [image, mount, profile, runtime, shell] = ['image', 'mount', 'profile', 'runtime', 'shell'].map(
    (flag) => typed.text(flag),
  );
  const [cpus, memory, pids] = ['cpus', 'memory', 'pids'].map((flag) => typed.text(flag));
  const typedVariables = typed.texts('env').map(parseVariable);
  const files = typed.texts('env-file');
  return {
    change: {
      ...(image === undefined ? {} : { image: checked('image', 'image', image) }),
      ...(mount === undefined ? {} : { mountPoint: checked('mountPoint', 'mount', mount) }),
      ...(profile === undefined ? {} : { profile: checked('profile', 'profile', profile) }),
      ...(runtime === undefined ? {} : { runtime: checked('runtime', 'runtime', runtime) }),
      ...(shell === undefined ? {} : { shell: shell === 'auto' ? null : checked('shell', 'shell', shell) }),
    },
    limits: {
      ...(cpus === undefined ? {} : { cpus: cpus === none ? null : parseNumber('cpus', cpus) }),
      ...(memory === undefined ? {} : { memoryBytes: memory === none ? null : parseSize('memory', memory) }),
      ...(pids === undefined ? {} : { pids: parseNumber('pids', pids) }),
    },
    environment: async () => {
      if (typedVariables.length === 0 && files.length === 0) return undefined;
      const lists = await Promise.all(files.map(readVariables));
      const all = [...lists.flat(), ...typedVariables];
      // The last of a name counts, as in a shell.
      return [...new Map(all.map((one) => [one.name, one])).values()];
    },
  };
}

async function readVariables(path: string) {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new CommandFailure(`${path} cannot be read: ${error.message}`);
  });
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'))
    .map((line) => parseVariable(line.trimStart()));
}
