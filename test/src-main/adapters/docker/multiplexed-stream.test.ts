/** Frames of a stream without a terminal, however they are cut on their way. */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameSplitter, JoinFrames, type OutputStream } from '#main/adapters/docker/multiplexed-stream.ts';
import { cutBytes, pieceLengths } from './cut-bytes.ts';

function frame(stream: number, bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

describe('frames', () => {
  test('however they are cut, each stream gets its bytes in order', () => {
    const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 40 })));
    fc.assert(
      fc.property(frames, pieceLengths, (parts, sizes) => {
        const got: Record<OutputStream, Buffer[]> = { stdout: [], stderr: [] };
        const splitter = new FrameSplitter((stream, bytes) => got[stream].push(Buffer.from(bytes)));
        const all = Buffer.concat(parts.map(([stream, bytes]) => frame(stream, bytes)));
        for (const piece of cutBytes(all, sizes)) splitter.push(piece);
        for (const [number, name] of [
          [1, 'stdout'],
          [2, 'stderr'],
        ] as const) {
          const expected = Buffer.concat(
            parts.filter(([stream]) => stream === number).map(([, bytes]) => bytes),
          );
          expect(Buffer.concat(got[name])).toEqual(expected);
        }
      }),
    );
  });
  test.each([[[9, 0, 0, 0, 0, 0, 0, 1]], [[1, 1, 0, 0, 0, 0, 0, 1]], [[...Buffer.from('plain text')]]])(
    '%j is no frame',
    (bytes) => {
      expect(() => new FrameSplitter(() => undefined).push(Buffer.from(bytes))).toThrow(
        expect.objectContaining({ code: 'engine.failed' }),
      );
    },
  );
  test('a frame that claims 4 GiB is passed on as it comes, not gathered', () => {
    const sizes: number[] = [];
    const splitter = new FrameSplitter((_stream, bytes) => sizes.push(bytes.length));
    splitter.push(Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]));
    splitter.push(Buffer.alloc(10));
    splitter.push(Buffer.alloc(20));
    expect(sizes).toEqual([10, 20]);
  });
  test('joined into one stream; nonsense destroys it with the reason', async () => {
    const joined = Readable.from([frame(1, Buffer.from('out ')), frame(2, Buffer.from('err'))]).pipe(
      new JoinFrames(),
    );
    const chunks: Buffer[] = [];
    for await (const chunk of joined as AsyncIterable<Buffer>) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('out err');
    const broken = new JoinFrames();
    const failure = new Promise((resolve) => broken.once('error', resolve));
    broken.write(Buffer.from('no frames here'));
    expect(await failure).toMatchObject({ code: 'engine.failed' });
  });
});
