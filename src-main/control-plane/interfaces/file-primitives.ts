/**
 * What a file system of a host can do, call by call: SFTP has no more. Failures are file.* and not-found, by file-error.ts;
 * connection-lost once the way is cut. Paths are absolute. What is made of these (uploads, trees, listings in the
 * contract's words) stands in control-plane/files.
 */
import type { FileKind } from '#contract/files.ts';

export interface FileFacts {
  readonly kind: FileKind;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedAtMs: number;
  /** Differs when the file does, as far as this file system tells. */
  readonly version: string;
}

export interface OpenFile {
  facts(): Promise<FileFacts>;
  /** Empty at the end; may be less than asked for. */
  read(offset: number, length: number): Promise<Uint8Array>;
  write(offset: number, bytes: Uint8Array): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  setMode(mode: number): Promise<void>;
  setOwner(uid: number, gid: number): Promise<void>;
  setTimes(modifiedAtMs: number): Promise<void>;
  /** Does nothing where the other side has no such call. */
  sync(): Promise<void>;
  /** Never rejects. */
  close(): Promise<void>;
}

export interface FilePrimitives {
  readonly homeFolder: string;
  /** The way is lost for good: another one is to be opened. */
  readonly isOver: boolean;
  /** Who Berth is there. */
  readonly identity: { readonly uid: number; readonly gids: ReadonlySet<number> };
  /** Of a new file, by the umask. */
  readonly newFileMode: number;
  /** For one file: how many bytes are asked for at once, and how many such questions are under way. */
  readonly pace: { readonly pieceBytes: number; readonly ahead: number };
  list(
    path: string,
    signal: AbortSignal,
  ): AsyncIterable<readonly { readonly name: string; readonly facts: FileFacts }[]>;
  /** Of the entry itself; undefined: nothing is there. */
  lookAt(path: string): Promise<FileFacts | undefined>;
  /** Of what a link leads to. */
  lookThrough(path: string): Promise<FileFacts>;
  readLink(path: string): Promise<string>;
  resolve(path: string): Promise<string>;
  /** `read`: throws file.wrong-kind for what is no ordinary file. `new`: 0600, and nothing may be there. `again`: to write. */
  open(path: string, how: 'read' | 'new' | 'again'): Promise<OpenFile>;
  makeFolder(path: string, mode: number | null): Promise<void>;
  makeLink(path: string, target: string): Promise<void>;
  /** rename(2). */
  replace(path: string, toPath: string): Promise<void>;
  /** In one step; throws file.exists where something is. */
  moveTo(path: string, toPath: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  /** Does nothing for a link. */
  setTimes(path: string, modifiedAtMs: number): Promise<void>;
  /** Never rejects. */
  close(): Promise<void>;
}
