/**
 * The files of one place, as one person there sees them: over SFTP on a host, through a helper in a workspace. Paths are
 * absolute and in the place's own terms. Each call has a time-out of its own; all fail with connection-lost once the way is
 * cut. Names that are no UTF-8 are listed with U+FFFD.
 */
import type { FileEntry, FolderPart } from '#contract/files.ts';

export interface FileRead {
  readonly entry: FileEntry;
  /** From the offset to the end, at the reader's pace. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** A file that is being written beside its place. */
export interface FileWrite {
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Written through to the disk, then put in its place in one step. Throws file.changed, file.exists (by `replaces`),
   * file.no-space.
   */
  finish(): Promise<FileEntry>;
  /** Keeps what there is, for a later try with the same key. */
  pause(): Promise<void>;
}

export interface FileWriteWish {
  readonly path: string;
  /** By which what was begun is found again. */
  readonly uploadKey: string;
  /** Must be what `uploaded` said; 0 begins anew. */
  readonly offset: number;
  readonly mode: number | null;
  readonly modifiedAtMs: number | null;
  /** A version: this very file. */
  readonly replaces: 'nothing' | 'anything' | (string & {});
}

export interface FileAccess {
  /** Where a person begins, and what alone can be reached, if not everything. */
  readonly start: { readonly path: string; readonly only: string | null };
  list(path: string, signal: AbortSignal): AsyncIterable<FolderPart>;
  /** Of the entry itself; undefined: nothing is there. */
  look(path: string): Promise<FileEntry | undefined>;
  /** Absolute, every link resolved. Throws not-found. */
  resolve(path: string): Promise<string>;
  mayWrite(path: string): Promise<boolean>;
  read(path: string, offset: number, signal: AbortSignal): Promise<FileRead>;
  uploaded(path: string, uploadKey: string): Promise<number>;
  write(wish: FileWriteWish): Promise<FileWrite>;
  discardUpload(path: string, uploadKey: string): Promise<void>;
  /** With those above it that are missing. */
  makeFolder(path: string, options: { readonly mayExist: boolean; readonly mode?: number }): Promise<void>;
  makeLink(path: string, target: string): Promise<void>;
  /** In one step. Throws file.exists unless it may replace. */
  rename(path: string, toPath: string, mayReplace: boolean): Promise<void>;
  /** A file, a link, or an empty folder. What is not there is removed already. */
  remove(path: string, kind: FileEntry['kind']): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  setTimes(path: string, modifiedAtMs: number): Promise<void>;
  close(): Promise<void>;
}
