/** One run of a workspace's own tar(1): GNU's, BusyBox's or bsdtar's. Owns its words and what its exit code means. */
import { posix } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';
import type { ContainerProcess } from '../interfaces/container-process.ts';
import type { BeginProcess } from './workspace-processes.ts';
import type { WorkspaceRecord } from './workspace.ts';

/** Bytes of what it says of itself that are kept. */
const maxWords = 4096;
/** GNU tar's words for what a tree that is in use always has; its exit code for them is 1, as BusyBox's for everything. */
const harmless = /: (file changed as we read it|file removed before we read it|socket ignored)$/i;

export interface RunningTar {
  readonly process: Promise<ContainerProcess>;
  /** Until it has ended. @throws BerthError workspace.command-failed */
  read(take: (bytes: Uint8Array) => Promise<void>): Promise<void>;
}

export function startTar(given: {
  readonly begin: BeginProcess;
  readonly record: WorkspaceRecord;
  /** Absolute, in the container. */
  readonly path: string;
  readonly verb: 'read' | 'write';
}): RunningTar {
  const { begin, record, path, verb } = given;
  const process = begin({
    argv: verb === 'read' ? readWords(path) : ['tar', '-x', '-p', '-o', '-C', path, '-f', '-'],
    env: { LC_ALL: 'C' },
    hasInput: verb === 'write',
  });
  process.catch(() => undefined);
  return {
    process,
    async read(take) {
      const tar = await process;
      let words = '';
      const decoder = new TextDecoder();
      let isFirst = true;
      for await (const { name, bytes } of tar.output) {
        // What the engine says when it cannot start a program comes as output.
        const isEngines = isFirst && name === 'stdout' && startsLikeEngine(bytes);
        isFirst = false;
        if (name === 'stderr' || isEngines)
          words = (words + decoder.decode(bytes, { stream: true })).slice(-maxWords);
        else await take(bytes);
      }
      const exitCode = await tar.exitCode();
      if (exitCode === 0 || (verb === 'read' && exitCode === 1 && isHarmless(words))) return;
      throw failure(record, exitCode, words);
    },
  };
}

function readWords(path: string): [string, ...string[]] {
  const trimmed = path.replace(/\/+$/, '') || '/';
  const name = posix.basename(trimmed);
  // The contents of a folder, as with cp(1), and what has no name.
  if (trimmed === '/' || name === '.' || name === '..')
    return ['tar', '-c', '-C', trimmed, '-f', '-', '--', '.'];
  return ['tar', '-c', '-C', posix.dirname(trimmed), '-f', '-', '--', name];
}

function startsLikeEngine(bytes: Uint8Array): boolean {
  return /^(OCI runtime|exec failed|runc|crun|unable to)/i.test(
    new TextDecoder().decode(bytes.subarray(0, 20)),
  );
}

function isHarmless(words: string): boolean {
  const lines = words.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 && lines.every((line) => harmless.test(line));
}

function failure(record: WorkspaceRecord, exitCode: number | null, words: string): BerthError {
  if (exitCode === 127 || exitCode === 126)
    return new BerthError(
      'workspace.command-failed',
      `The image of “${record.name}” has no tar, by which files are copied. Install it there, or use an image that has it.`,
      { details: { exitCode } },
    );
  const said = words
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(-500);
  return new BerthError(
    'workspace.command-failed',
    `tar in “${record.name}” could not do it${said === '' ? '.' : `: ${said}`}`,
    { details: { exitCode } },
  );
}
