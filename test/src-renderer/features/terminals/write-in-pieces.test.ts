import { describe, expect, it } from 'vitest';
import { writeInPieces } from '#renderer/features/terminals/write-in-pieces.ts';

function written(bytes: Uint8Array) {
  const pieces: Uint8Array[] = [];
  const waits: (() => void)[] = [];
  let times = 0;
  writeInPieces(
    {
      write(piece, parsed) {
        pieces.push(piece);
        if (parsed !== undefined) waits.push(parsed);
      },
    },
    bytes,
    () => {
      times += 1;
    },
  );
  for (const parsed of waits) parsed();
  return { pieces, times };
}

describe('output in pieces', () => {
  it.each([0, 1, 8_191, 8_192, 8_193, 16_384, 65_537])('of %i bytes is whole and said once', (length) => {
    const bytes = Uint8Array.from({ length }, (_, at) => at % 251);
    const { pieces, times } = written(bytes);
    expect(Buffer.concat(pieces).equals(Buffer.from(bytes))).toBe(true);
    expect(times).toBe(1);
    expect(Math.max(...pieces.map((piece) => piece.byteLength))).toBeLessThanOrEqual(8_192);
    expect(pieces.length).toBe(Math.max(1, Math.ceil(length / 8_192)));
  });
});
