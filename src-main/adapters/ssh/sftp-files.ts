/**
 * The files of a host over SFTP version 3 (draft-ietf-secsh-filexfer-02) with OpenSSH's extensions where the server has
 * them. One session of the login, opened through the pool. Guarantees: each call fails once its connection is lost; a
 * failure that the protocol calls nothing but "failure" is explained by a second look.
 */
import { EventEmitter } from 'node:events';
import { posix } from 'node:path';
import type { Attributes, Client, ClientChannel, FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2';
import { BerthError } from '#contract/berth-error.ts';
import { fileError, notAFileError } from '../../control-plane/interfaces/file-error.ts';
import type { FileFacts, FilePrimitives, OpenFile } from '../../control-plane/interfaces/file-primitives.ts';
import type { ExecOptions, ExecResult } from '../../control-plane/interfaces/host-connection.ts';
import type { SessionPool } from './session-pool.ts';
import { isPlainFailure, SftpCalls } from './sftp-calls.ts';
import type { SftpError } from './sftp-error.ts';

type Exec = (argv: readonly [string, ...string[]], options?: ExecOptions) => Promise<ExecResult>;

/** Of new files, where the server has no umask of another mind. */
const newFileMode = 0o644;

export async function openSftpFiles(
  { pool, exec }: { readonly pool: SessionPool; readonly exec: Exec },
  signal?: AbortSignal,
): Promise<FilePrimitives> {
  const { channel, link } = await pool.open(startSftp, signal);
  const { sftp } = channel as unknown as SftpChannel;
  const calls = new SftpCalls(sftp, link);
  try {
    const [homeFolder, identity] = await Promise.all([
      calls.call<string>('.', (done) => sftp.realpath('.', done)),
      identityOf(exec),
    ]);
    return new SftpFiles(calls, homeFolder, identity);
  } catch (error) {
    calls.end();
    throw error;
  }
}

/** ssh2 gives no channel of SFTP out, and the pool counts channels: what it asks of one. */
class SftpChannel extends EventEmitter {
  readonly sftp: SFTPWrapper;
  readonly stderr = { on: () => undefined, resume: () => undefined };
  constructor(sftp: SFTPWrapper) {
    super();
    this.sftp = sftp;
    sftp.once('close', () => this.emit('close'));
    sftp.on('error', () => undefined);
  }
  resume(): void {}
  destroy(): void {
    this.sftp.end();
  }
}

function startSftp(
  client: Client,
  callback: (error: Error | undefined, channel: ClientChannel) => void,
): void {
  client.sftp((error, sftp) => {
    const none = undefined as unknown as ClientChannel;
    if (error === undefined || error === null)
      callback(undefined, new SftpChannel(sftp) as unknown as ClientChannel);
    else if (/subsystem|SFTP session/i.test(error.message))
      callback(
        new BerthError(
          'file.tools-missing',
          'The SSH server of the host offers no SFTP, by which files are reached. Turn its subsystem sftp on.',
          { cause: error },
        ),
        none,
      );
    else callback(error, none);
  });
}

/** Rules of permission bits are asked for with it; where id(1) does not answer, nobody's. */
async function identityOf(exec: Exec): Promise<FilePrimitives['identity']> {
  const [user, groups] = await Promise.all([exec(['id', '-u']), exec(['id', '-G'])]);
  const numbers = groups.stdout.trim().split(/\s+/).map(Number);
  return { uid: user.exitCode === 0 ? Number(user.stdout.trim()) : -1, gids: new Set(numbers) };
}

class SftpFiles implements FilePrimitives {
  readonly homeFolder: string;
  readonly identity: FilePrimitives['identity'];
  readonly newFileMode = newFileMode;
  /** OpenSSH takes 256 KiB at once, others 32 KiB; more than this under way gains nothing at 50 ms. */
  readonly pace = { pieceBytes: 128 * 1024, ahead: 24 };
  readonly #calls: SftpCalls;
  readonly #sftp: SFTPWrapper;

  constructor(calls: SftpCalls, homeFolder: string, identity: FilePrimitives['identity']) {
    this.#calls = calls;
    this.#sftp = calls.sftp;
    this.homeFolder = homeFolder;
    this.identity = identity;
  }

  get isOver(): boolean {
    return this.#calls.isOver;
  }

  async *list(path: string, signal: AbortSignal) {
    const handle = await this.#calls.call<Buffer>(path, (done) => this.#sftp.opendir(path, done));
    try {
      for (;;) {
        signal.throwIfAborted();
        const batch = await this.#calls
          .call<FileEntryWithStats[]>(path, (done) => this.#sftp.readdir(handle, done))
          .catch((error: unknown) => {
            if (isEnd(error)) return null;
            throw error;
          });
        if (batch === null) return;
        yield batch
          .filter(({ filename }) => filename !== '.' && filename !== '..')
          .map(({ filename, attrs }) => ({ name: filename, facts: factsFrom(attrs) }));
      }
    } finally {
      await this.#calls.do(path, (done) => this.#sftp.close(handle, done)).catch(() => undefined);
    }
  }

  async lookAt(path: string): Promise<FileFacts | undefined> {
    try {
      return factsFrom(await this.#calls.call<Stats>(path, (done) => this.#sftp.lstat(path, done)));
    } catch (error) {
      if (BerthError.is(error, 'not-found', 'file.wrong-kind')) return undefined;
      throw error;
    }
  }

  async lookThrough(path: string): Promise<FileFacts> {
    return factsFrom(await this.#calls.call<Stats>(path, (done) => this.#sftp.stat(path, done)));
  }
  readLink(path: string): Promise<string> {
    return this.#calls.call<string>(path, (done) => this.#sftp.readlink(path, done));
  }

  async resolve(path: string): Promise<string> {
    await this.lookThrough(path);
    return await this.#calls.call<string>(path, (done) => this.#sftp.realpath(path, done));
  }

  async open(path: string, how: 'read' | 'new' | 'again'): Promise<OpenFile> {
    // The server would wait in open(2) for a FIFO's other end, and with it all that is asked of this session.
    if (how === 'read' && (await this.lookThrough(path)).kind !== 'file') throw notAFileError(path);
    const flags = ({ read: 'r', new: 'wx', again: 'r+' } as const)[how];
    const attributes = how === 'new' ? { mode: 0o600 } : {};
    const handle = await this.#explained(path, 'EEXIST', () =>
      this.#calls.call<Buffer>(path, (done) => this.#sftp.open(path, flags, attributes as Attributes, done)),
    );
    return new SftpFile(this.#calls, handle, path);
  }

  async makeFolder(path: string, mode: number | null): Promise<void> {
    await this.#explained(path, 'EEXIST', () =>
      this.#calls.do(path, (done) =>
        mode === null ? this.#sftp.mkdir(path, done) : this.#sftp.mkdir(path, { mode } as Attributes, done),
      ),
    );
  }

  async makeLink(path: string, target: string): Promise<void> {
    await this.#explained(path, 'EEXIST', () =>
      this.#calls.do(path, (done) => this.#sftp.symlink(target, path, done)),
    );
  }

  async replace(path: string, toPath: string): Promise<void> {
    await this.#calls
      .do(path, (done) => this.#sftp.ext_openssh_rename(path, toPath, done))
      .catch(async (error: unknown) => {
        if (!isPlainFailure(error)) throw error;
        if ((await this.lookAt(toPath))?.kind === 'folder') throw fileError('EISDIR', path, error);
        throw fileError((await this.#calls.refusal(posix.dirname(toPath))) ?? 'EXDEV', path, error);
      });
  }

  /** OpenSSH makes a second name and takes the first away: nothing that is there is replaced. */
  async moveTo(path: string, toPath: string): Promise<void> {
    await this.#calls
      .do(path, (done) => this.#sftp.rename(path, toPath, done))
      .catch(async (error: unknown) => {
        if (!isPlainFailure(error)) throw error;
        if ((await this.lookAt(toPath)) !== undefined) throw fileError('EEXIST', toPath, error);
        throw fileError((await this.#calls.refusal(posix.dirname(toPath))) ?? 'EXDEV', path, error);
      });
  }

  removeFile(path: string): Promise<void> {
    return this.#explained(path, undefined, () =>
      this.#calls.do(path, (done) => this.#sftp.unlink(path, done)),
    );
  }

  removeFolder(path: string): Promise<void> {
    return this.#explained(path, 'ENOTEMPTY', () =>
      this.#calls.do(path, (done) => this.#sftp.rmdir(path, done)),
    );
  }

  setMode(path: string, mode: number): Promise<void> {
    return this.#explained(path, undefined, () =>
      this.#calls.do(path, (done) => this.#sftp.chmod(path, mode, done)),
    );
  }

  async setTimes(path: string, modifiedAtMs: number): Promise<void> {
    if ((await this.lookAt(path))?.kind === 'link') return;
    const seconds = secondsOf(modifiedAtMs);
    await this.#calls.do(path, (done) => this.#sftp.utimes(path, seconds, seconds, done));
  }

  async close(): Promise<void> {
    this.#calls.end();
  }

  /** What the server calls a failure and nothing more. `errno`: what it means where something is there. */
  async #explained<T>(path: string, errno: string | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isPlainFailure(error)) throw error;
      const refusal = await this.#calls.refusal(posix.dirname(path));
      if (refusal === 'EROFS') throw fileError(refusal, path, error);
      if (errno !== undefined && (await this.lookAt(path)) !== undefined) throw fileError(errno, path, error);
      throw refusal === undefined ? error : fileError(refusal, path, error);
    }
  }
}

class SftpFile implements OpenFile {
  readonly #calls: SftpCalls;
  readonly #sftp: SFTPWrapper;
  readonly #handle: Buffer;
  readonly #path: string;

  constructor(calls: SftpCalls, handle: Buffer, path: string) {
    this.#calls = calls;
    this.#sftp = calls.sftp;
    this.#handle = handle;
    this.#path = path;
  }

  async facts(): Promise<FileFacts> {
    return factsFrom(
      await this.#calls.call<Stats>(this.#path, (done) => this.#sftp.fstat(this.#handle, done)),
    );
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafe(length);
    const count = await this.#calls.call<number>(this.#path, (done) =>
      this.#sftp.read(this.#handle, buffer, 0, length, offset, (error, read) => done(error, read)),
    );
    return buffer.subarray(0, count);
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    await this.#calls
      .do(this.#path, (done) => this.#sftp.write(this.#handle, buffer, 0, buffer.length, offset, done))
      .catch(async (error: unknown) => {
        throw await this.#explained(error);
      });
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#set({ size: sizeBytes });
  }
  setMode(mode: number): Promise<void> {
    return this.#set({ mode });
  }
  setOwner(uid: number, gid: number): Promise<void> {
    return this.#set({ uid, gid });
  }
  setTimes(modifiedAtMs: number): Promise<void> {
    const seconds = secondsOf(modifiedAtMs);
    return this.#set({ atime: seconds, mtime: seconds });
  }

  async sync(): Promise<void> {
    try {
      await this.#calls.do(this.#path, (done) => this.#sftp.ext_openssh_fsync(this.#handle, done));
    } catch (error) {
      // A server without the extension: ssh2 says so before anything is sent.
      if (BerthError.is(error, 'connection-lost') || isPlainFailure(error))
        throw await this.#explained(error);
    }
  }

  async close(): Promise<void> {
    await this.#calls.do(this.#path, (done) => this.#sftp.close(this.#handle, done)).catch(() => undefined);
  }

  #set(attributes: Partial<Attributes>): Promise<void> {
    return this.#calls.do(this.#path, (done) =>
      this.#sftp.fsetstat(this.#handle, attributes as Attributes, done),
    );
  }

  async #explained(error: unknown): Promise<unknown> {
    if (!isPlainFailure(error)) return error;
    const refusal = await this.#calls.refusal(posix.dirname(this.#path));
    return refusal === undefined ? error : fileError(refusal, this.#path, error);
  }
}

/** Seconds of 32 bits are all that version 3 has. */
function secondsOf(ms: number): number {
  return Math.min(0xffffffff, Math.max(0, Math.trunc(ms / 1000)));
}

function factsFrom({ mode, size, uid, gid, mtime }: Attributes): FileFacts {
  const type = mode & 0o170000;
  const kind =
    type === 0o100000 ? 'file' : type === 0o040000 ? 'folder' : type === 0o120000 ? 'link' : 'other';
  return {
    kind,
    sizeBytes: size,
    mode: mode & 0o7777,
    uid,
    gid,
    modifiedAtMs: mtime * 1000,
    version: `${size.toString(16)}-${mtime.toString(16)}`,
  };
}

function isEnd(error: unknown): boolean {
  return BerthError.is(error) && (error.cause as SftpError | undefined)?.code === 1;
}
