/**
 * A place on the computer that the plane runs on for archives of snapshots. What `put` resolved for survives a power cut and
 * was read back from the disk; a half archive is never seen. For its user alone.
 */
import type { SnapshotId } from '#contract/ids.ts';

/** What an archive must be, by its manifest. */
export interface ArchiveDigest {
  readonly bytes: number;
  /** Lower-case hexadecimal SHA-256. */
  readonly sha256: string;
}

export interface ArchiveShelf {
  /** Where it is, for people. */
  readonly folder: string;
  /** Bytes that are free there; undefined where that cannot be read. */
  freeBytes(): Promise<number | undefined>;
  /**
   * Takes an archive, replacing one of the same id that is not the same; returns at once where it is there already and good.
   * Throws machine.copy-unverified where what lies there in the end is not what it must be, store.unwritable, and what
   * `open` throws.
   */
  put(
    id: SnapshotId,
    digest: ArchiveDigest,
    open: () => Promise<AsyncIterable<Uint8Array>>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Reads all of it. Throws machine.copy-unverified where it is not there or not the same. */
  check(id: SnapshotId, digest: ArchiveDigest, signal: AbortSignal): Promise<void>;
  /** Throws not-found. */
  open(id: SnapshotId, fromByte: number): Promise<AsyncIterable<Uint8Array>>;
  list(): Promise<{ readonly id: SnapshotId; readonly bytes: number }[]>;
  /** It is no error where it is gone. */
  remove(id: SnapshotId): Promise<void>;
}
