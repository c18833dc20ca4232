/**
 * Berth's own known hosts on disk, and the reading of everyone else's. Owns one private file (0600, in a 0700 folder).
 * Guarantees: it is replaced as a whole (written beside, synced, renamed), one writer at a time in this process; a file
 * that cannot be read is an error, never an empty one. Must not write to ~/.ssh.
 */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';
import { keyTypeOf, type KnownHostsFile, lineIsAbout, parseKnownHosts } from './known-hosts.ts';

export class KnownHostsStore {
  readonly path: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** Berth's own file; empty where there is none yet. @throws store.unwritable when it is there and cannot be read */
  async readOwn(): Promise<KnownHostsFile> {
    return parseKnownHosts(await this.#text(), this.path);
  }

  /** Files of OpenSSH; those that are missing or closed to us say nothing, as with ssh(1). */
  async readOthers(paths: readonly string[]): Promise<KnownHostsFile[]> {
    const read = async (path: string) => parseKnownHosts(await readFile(path, 'utf8').catch(() => ''), path);
    return Promise.all(paths.map(read));
  }

  /** Trusts a key under a name of known-hosts form. */
  add(name: string, key: Buffer): Promise<void> {
    return this.#change(
      (text) => `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${lineOf(name, key)}`,
    );
  }

  /** Takes away what the file says of this name (plain lines only) and trusts the new key instead. */
  replace(name: string, key: Buffer): Promise<void> {
    return this.#change((text) => {
      const about = parseKnownHosts(text, this.path)
        .lines.filter((line) => line.marker === undefined && lineIsAbout(line, name))
        .map((line) => line.line);
      const kept = text.split('\n').filter((_, index) => !about.includes(index + 1));
      const rest = kept.join('\n').trimEnd();
      return `${rest === '' ? '' : `${rest}\n`}${lineOf(name, key)}`;
    });
  }

  async #text(): Promise<string> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw new BerthError('store.unwritable', `Berth's known hosts cannot be read: ${this.path}.`, {
        cause: error,
        details: { path: this.path },
      });
    }
  }

  #change(edit: (text: string) => string): Promise<void> {
    const work = this.#writing.then(async () => this.#write(edit(await this.#text())));
    this.#writing = work.catch(() => undefined);
    return work;
  }

  async #write(text: string): Promise<void> {
    const beside = `${this.path}.${randomUUID()}`;
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      const file = await open(beside, 'wx', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await chmod(beside, 0o600);
      await rename(beside, this.path);
    } catch (error) {
      await rm(beside, { force: true });
      throw new BerthError('store.unwritable', `Berth's known hosts cannot be written: ${this.path}.`, {
        cause: error,
        details: { path: this.path },
      });
    }
  }
}

function lineOf(name: string, key: Buffer): string {
  return `${name} ${keyTypeOf(key) ?? 'unknown'} ${key.toString('base64')}\n`;
}
