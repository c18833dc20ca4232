/** What archives are made of that a computation is for: compression and checks. */
export interface Archiver {
  /** CRC-32 of ISO 3309, as ZIP has it, going on from `before` (0 at first). */
  crc32(bytes: Uint8Array, before: number): number;
  /** Raw DEFLATE (RFC 1951), at the reader's pace. */
  deflate(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}
