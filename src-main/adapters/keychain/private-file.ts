/**
 * One small JSON file for its user alone (mode 0600), replaced whole: temporary file, fsync, rename, fsync of the
 * folder. After a power cut it is the old one or the new one. The one before stays beside it as `.bak`; a damaged one
 * is moved aside, never deleted.
 */
import { copyFile, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';

/** The file cannot be read as what it is. */
export class DamagedFileError extends Error {
  override readonly name = 'DamagedFileError';
}

export class PrivateFile<T> {
  readonly path: string;
  readonly #parse: (value: unknown) => T;

  constructor(path: string, parse: (value: unknown) => T) {
    this.path = path;
    this.#parse = parse;
  }

  get backupPath(): string {
    return `${this.path}.bak`;
  }

  /** Undefined: there is none. Throws DamagedFileError, or store.unwritable when the disk refuses. */
  async read(path = this.path): Promise<T | undefined> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw fileError(error);
    }
    try {
      return this.#parse(JSON.parse(text));
    } catch (cause) {
      throw new DamagedFileError(`${basename(path)} is damaged`, { cause });
    }
  }

  async write(value: T): Promise<void> {
    try {
      await this.#replace(this.backupPath, async (temporary) => {
        await copyFile(this.path, temporary);
      }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      await this.#replace(this.path, async (temporary) => {
        const file = await open(temporary, 'w', 0o600);
        try {
          await file.writeFile(`${JSON.stringify(value, undefined, 1)}\n`);
        } finally {
          await file.close();
        }
      });
    } catch (error) {
      throw fileError(error);
    }
  }

  /** After a deletion: what was deleted must not live on in the copy. */
  async refreshBackup(): Promise<void> {
    try {
      await this.#replace(this.backupPath, (temporary) => copyFile(this.path, temporary));
    } catch (error) {
      throw fileError(error);
    }
  }

  /** Keeps a damaged file under a name of its own; returns that name. */
  async moveAside(suffix: string): Promise<string> {
    const target = `${this.path}.damaged-${suffix}`;
    try {
      await rename(this.path, target);
    } catch (error) {
      throw fileError(error);
    }
    return target;
  }

  async #replace(path: string, fill: (temporary: string) => Promise<void>): Promise<void> {
    const temporary = join(dirname(path), `.${basename(path)}.tmp`);
    try {
      await fill(temporary);
      const file = await open(temporary, 'r+');
      try {
        await file.chmod(0o600);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      // What went wrong first is what is told.
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
    if (process.platform === 'win32') return;
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

function fileError(cause: unknown): BerthError {
  if (BerthError.is(cause)) return cause;
  const code = (cause as NodeJS.ErrnoException).code;
  const message =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'The disk with Berth’s data folder is full. Free some space; the secrets that were there still are.'
      : 'Berth cannot read or write its file of sealed secrets. Check the permissions of its data folder.';
  return new BerthError('store.unwritable', message, { cause });
}
