/**
 * The files of one place, as one person there sees them: through the host's connection on a host, through a helper in a
 * workspace. Paths are absolute and in the place's own terms. All calls fail with connection-lost once the way is cut, with
 * not-found for what is not there, and with file.*. Names that are no UTF-8 are listed with U+FFFD.
 */
import type { FileEntry, FolderPart } from '#contract/files.ts';

export interface FileRead {
  /** Of the file that is read, whatever its name leads to by then. Its name is the last part of the path. */
  readonly entry: FileEntry;
  /** From the offset to the end, at the reader's pace. To be read, or given back with `close`. */
  readonly bytes: AsyncIterable<Uint8Array>;
  close(): void;
}

/** A file that is being written beside its place, as `partialName` says. */
export interface FileWrite {
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Written through to the disk, then put in its place in one step. Throws file.changed, file.exists (by `replaces`),
   * file.no-space.
   */
  finish(): Promise<void>;
  /** Keeps what there is, for a later try with the same key. Never rejects; does nothing once it is finished. */
  pause(): Promise<void>;
}

export interface FileWriteWish {
  readonly path: string;
  /** By which what was begun is found again. */
  readonly uploadKey: string;
  /** At most what `uploaded` said (else file.changed); 0 begins anew. */
  readonly offset: number;
  /** Fails to finish with another size. Null: as much as comes. */
  readonly sizeBytes: number | null;
  /** Null: as of what is replaced, or by the umask. */
  readonly mode: number | null;
  readonly modifiedAtMs: number | null;
  /**
   * A text that was edited: nobody comes back for what broke off, and extended attributes and access lists of what is
   * replaced stay, where the place can keep them. The owner and group of what is replaced stay in any case, where they may.
   */
  readonly isEdit?: boolean;
  /** One of many in a folder that is nobody else's: they are written through to the disk together, with `sync`. */
  readonly isStaged?: boolean;
  /** A version: this very file. */
  readonly replaces: 'nothing' | 'anything' | (string & {});
}

/** How far something that goes through a whole tree has come. */
export interface TreeProgress {
  readonly items: number;
  readonly bytes: number;
  /** What is no file, folder or link, and was left out. */
  readonly skipped: number;
  /** Of a copy: files that became files of their own where the source has further names of one (link(2)). */
  readonly unlinked?: number;
  /** Of a copy: what did not get all extended attributes and access lists that somebody gave to the source. */
  readonly bare?: number;
  /** Of a copy: the source could not say whether there is any of that. */
  readonly isBlind?: boolean;
}

/** What a listing does not tell of a file or folder. */
export interface FileExtras {
  /** From the folder on that was asked about. */
  readonly name: string;
  /** The same for all names of one file (link(2)). Null: it has no other, or is a folder. */
  readonly fileId: string | null;
  /** Those that a user gives (user.*, xattr(7)), in Base64. */
  readonly attributes: Readonly<Record<string, string>>;
  /** It has access lists or capabilities, which mean something only where it lies, or too many attributes. */
  readonly hasMore: boolean;
}

export interface ExtrasWish {
  /** `name` becomes a further name of the file that `of` names, whatever was there. */
  readonly links: readonly { readonly name: string; readonly of: string }[];
  /**
   * `mode`: what it has afterwards, also where a try before this one broke off. To give attributes to what is read-only, it is
   * made writable for an instant (xattr(7)).
   */
  readonly attributes: readonly (Pick<FileExtras, 'name' | 'attributes'> & { readonly mode: number })[];
}

/** Names from an `ExtrasWish`. */
export interface ExtrasRefused {
  /** They are not there now. */
  readonly unlinked: readonly string[];
  readonly bare: readonly string[];
}

export interface TreeWork {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TreeProgress) => void;
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
  /** A link at the path is replaced, not followed. */
  write(wish: FileWriteWish): Promise<FileWrite>;
  discardUpload(path: string, uploadKey: string): Promise<void>;
  /** With those above it that are missing. */
  makeFolder(path: string, options: { readonly mayExist: boolean; readonly mode?: number }): Promise<void>;
  makeLink(path: string, target: string): Promise<void>;
  /** In one step. Throws file.exists unless it may replace; `details.reason` is `other-disk` between file systems. */
  rename(path: string, toPath: string, mayReplace: boolean): Promise<void>;
  /** A file, a link, or an empty folder. What is not there is removed already. */
  remove(path: string, kind: FileEntry['kind']): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  /** Of a link itself, where the place can. */
  setTimes(path: string, modifiedAtMs: number): Promise<void>;
  /** With all that is in it, and never outside of it through a link. What is not there is removed already. */
  removeTree(path: string, work: TreeWork): Promise<void>;
  /** Files get `mode`, folders also `x` where they get `r`; links are left alone. */
  setModeTree(path: string, mode: number, work: TreeWork): Promise<void>;
  /** All that was written in its file system is on the disk when it resolves (syncfs(2)), as far as the place can. */
  sync(folder: string): Promise<void>;
  /**
   * Of these in a folder and of all that is in them: those that have something to tell. Undefined: the place cannot say.
   * What cannot be looked at is left out.
   */
  extras(
    folder: string,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly FileExtras[] | undefined>;
  /** In a folder that is nobody else's. Times stay. */
  giveExtras(folder: string, wish: ExtrasWish, signal: AbortSignal): Promise<ExtrasRefused>;
  /** To where nothing is, without the plane. Links stay links; modes, times, attributes and further names are kept. */
  copyTree(path: string, toPath: string, work: TreeWork): Promise<void>;
  /** Never rejects. */
  close(): Promise<void>;
}
