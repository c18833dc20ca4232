/** One JSON value a line, however the lines are cut on their way. */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonLines } from '#main/adapters/docker/json-lines.ts';
import { cutBytes, pieceLengths } from './cut-bytes.ts';

describe('lines', () => {
  const read = async (pieces: readonly Uint8Array[]) => {
    const values: unknown[] = [];
    for await (const value of jsonLines(Readable.from(pieces, { objectMode: true }))) values.push(value);
    return values;
  };
  test('however they are cut, with and without a last line end, and in any script', async () => {
    const values = fc.array(fc.record({ status: fc.string({ unit: 'grapheme' }), n: fc.integer() }));
    await fc.assert(
      fc.asyncProperty(
        values,
        pieceLengths,
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        async (list, sizes, end, isEnded) => {
          const text = list.map((value) => JSON.stringify(value)).join(end) + (isEnded ? end : '');
          expect(await read(cutBytes(Buffer.from(text), sizes))).toEqual(list);
        },
      ),
    );
  });
  test('what is not JSON, and a line without an end, are failures', async () => {
    await expect(read([Buffer.from('{"a":1}\n<html>\n')])).rejects.toMatchObject({ code: 'engine.failed' });
    const endless = Array.from({ length: 20 }, () => Buffer.alloc(100_000, 0x61));
    await expect(read(endless)).rejects.toMatchObject({ code: 'engine.failed' });
  });
});
