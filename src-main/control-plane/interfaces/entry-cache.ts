/**
 * Lists of snapshots' entries, kept here so that they are fetched from their host once. A list never changes; one that was
 * lost is fetched again. Nothing in it is a secret beyond names and sums of files.
 */
export interface EntryCache {
  /** The text; undefined where it is not kept or no longer readable. */
  read(id: string): Promise<string | undefined>;
  /** `compressed`: as the host keeps it (zstd, RFC 8878). Returns the text. Throws snapshot.corrupt for anything else. */
  write(id: string, compressed: Uint8Array): Promise<string>;
  /** Removes the lists of all others. */
  keepOnly(ids: ReadonlySet<string>): Promise<void>;
}
