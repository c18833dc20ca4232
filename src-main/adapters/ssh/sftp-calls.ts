/**
 * Requests of one SFTP session. Guarantees: each fails once its connection is lost, or the session ends; a failure that the
 * protocol calls nothing but "failure" can be explained by what the disk says of itself.
 */
import type { SFTPWrapper } from 'ssh2';
import { BerthError } from '#contract/berth-error.ts';
import { type SftpError, sftpError } from './sftp-error.ts';
import type { SshLink } from './ssh-link.ts';

/** Free blocks of a disk that count as none: some file systems keep the last ones for themselves. */
const fewBlocks = 64;
/** SSH_FXE_STATVFS_ST_RDONLY of OpenSSH's PROTOCOL. */
const readOnlyFlag = 1;

export class SftpCalls {
  readonly sftp: SFTPWrapper;
  readonly #link: SshLink;
  #error: unknown;
  readonly #pending = new Set<(error: unknown) => void>();
  readonly #stopListening: () => void;

  constructor(sftp: SFTPWrapper, link: SshLink) {
    this.sftp = sftp;
    this.#link = link;
    this.#stopListening = link.onLost((error) => this.#fail(error));
    sftp.once('close', () => this.#fail(ended()));
  }

  /** One request; ssh2 forgets those that are under way when a connection is lost. */
  call<T>(
    path: string,
    start: (done: (error: Error | null | undefined, value: T) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#error);
      this.#pending.add(reject);
      try {
        start((error, value) => {
          this.#pending.delete(reject);
          if (error === undefined || error === null) resolve(value);
          else if (this.#link.isAlive) reject(sftpError(error, path));
          else reject(this.#link.endError());
        });
      } catch (error) {
        this.#pending.delete(reject);
        reject(this.#link.isAlive ? sftpError(error, path) : this.#link.endError());
      }
    });
  }

  get isOver(): boolean {
    return this.#error !== undefined;
  }

  /** Why nothing can be written in a folder, where the server can be asked, by its name in errno(3). */
  async refusal(folder: string): Promise<'ENOSPC' | 'EROFS' | undefined> {
    type Space = { readonly f_bavail: number; readonly f_favail: number; readonly f_flag: number };
    const space = await this.call<Space>(folder, (done) =>
      this.sftp.ext_openssh_statvfs(
        folder,
        done as unknown as Parameters<SFTPWrapper['ext_openssh_statvfs']>[1],
      ),
    ).catch(() => null);
    if (space === null) return undefined;
    if ((Number(space.f_flag) & readOnlyFlag) !== 0) return 'EROFS';
    return Number(space.f_bavail) < fewBlocks || Number(space.f_favail) === 0 ? 'ENOSPC' : undefined;
  }

  /** For requests that answer nothing but yes. */
  do(path: string, start: (done: (error?: Error | null) => void) => void): Promise<void> {
    return this.call<undefined>(path, (done) => start((error) => done(error, undefined)));
  }

  end(): void {
    this.#stopListening();
    this.sftp.end();
    this.#fail(ended());
  }

  #fail(error: unknown): void {
    this.#error ??= error;
    this.#stopListening?.();
    for (const reject of this.#pending) reject(this.#error);
    this.#pending.clear();
  }
}

function ended(): BerthError {
  return new BerthError('connection-lost', 'The connection to the files of the host has ended. Try again.');
}

/** All that OpenSSH's server has no code of its own for. */
export function isPlainFailure(error: unknown): boolean {
  return BerthError.is(error) && (error.cause as SftpError | undefined)?.code === 4;
}
