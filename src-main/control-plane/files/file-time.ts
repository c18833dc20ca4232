/** Times of files as the contract tells them. A file system keeps any 64 bits; what no calendar has is told as its edge. */

/** 9999-12-31: the last that RFC 3339 can say. Milliseconds. */
const latestMs = 253_402_300_799_999;
/** 0000-01-01. */
const earliestMs = -62_167_219_200_000;

export function instantOfFile(ms: number): string {
  return new Date(Math.min(latestMs, Math.max(earliestMs, Math.trunc(ms)))).toISOString();
}
