/**
 * What neither SFTP nor a listing tells of a host's files: further names of one file, extended attributes. Asked of the
 * program that shows the files of workspaces, run once for each question as the login; a host without Python 3 cannot say.
 */
import { posix } from 'node:path';
import type { ExtrasRefused, ExtrasWish, FileExtras } from '../interfaces/file-access.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';
import { toolError } from './tool-error.ts';

/** For a tree of millions of files on a slow disk. Milliseconds. */
const longestMs = 24 * 3_600_000;
/** Of a tree with millions of links or attributes nothing is told: it would fill the memory. */
const mostBytes = 64 * 1024 * 1024;
/** As file-agent.py ends when the system refused something; by any other code it could not run. */
const refusedCode = 2;

type Body = Readonly<Record<string, unknown>> & { readonly path: string };

export class HostExtras {
  readonly #runScript: HostConnection['runScript'];

  constructor(runScript: HostConnection['runScript']) {
    this.#runScript = runScript;
  }

  /** As `FileAccess.extras`. */
  async look(
    folder: string,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<FileExtras[] | undefined> {
    const lines = await this.#ask('extras', { path: folder, names }, signal);
    return lines?.flatMap((line) => ('extras' in line ? (line.extras as FileExtras[]) : []));
  }

  /** As `FileAccess.giveExtras`. Undefined: nothing of it was done. */
  async give(folder: string, wish: ExtrasWish, signal: AbortSignal): Promise<ExtrasRefused | undefined> {
    const lines = await this.#ask('giveExtras', { path: folder, ...wish }, signal);
    return lines?.[0] as unknown as ExtrasRefused | undefined;
  }

  /** Of how many files and folders attributes are missing in a copy: `cp -a` says nothing of what a disk does not take. */
  async lostBetween(path: string, toPath: string, signal: AbortSignal): Promise<number> {
    const given = async (at: string) => {
      const found = (await this.look(posix.dirname(at), [posix.basename(at)], signal)) ?? [];
      const own = found.filter(({ attributes, hasMore }) => hasMore || Object.keys(attributes).length > 0);
      return new Set(own.map(({ fileId, name }) => fileId ?? name)).size;
    };
    const before = await given(path);
    return before === 0 ? 0 : Math.max(0, before - (await given(toPath)));
  }

  async #ask(request: string, body: Body, signal: AbortSignal) {
    const { exitCode, stdout, stderr, isTruncated } = await this.#runScript(
      'file-agent.py',
      ['--alone', request],
      { input: JSON.stringify(body), maxOutputBytes: mostBytes, timeoutMs: longestMs, signal },
    );
    if (exitCode === refusedCode) throw toolError(stderr, body.path);
    if (exitCode !== 0 || isTruncated) return undefined;
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  }
}
