/** Cuts bytes at every place where a network may cut, for the tests of the small parsers. */
import fc from 'fast-check';

/** The bytes in pieces of arbitrary lengths. */
export function cutBytes(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let offset = 0;
  for (let turn = 0; offset < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    pieces.push(bytes.subarray(offset, offset + length));
    offset += length;
  }
  return pieces;
}
export const pieceLengths = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 });
