/** Several streams in one: whatever the cuts, what goes in comes out; what is no frame is refused. */
import { describe, expect, it } from 'vitest';
import {
  type ByteFrame,
  ByteFrameError,
  type ByteFrameKind,
  ByteFrameReader,
  byteFrameKinds,
  encodeByteFrame,
} from '#contract/framed-bytes.ts';

const allKinds = Object.keys(byteFrameKinds) as ByteFrameKind[];
const frames: readonly ByteFrame[] = [
  { kind: 'input', bytes: Uint8Array.from({ length: 300 }, (_, index) => index % 256) },
  { kind: 'resize', size: { cols: 1000, rows: 1 } },
  { kind: 'signal', name: 'TERM' },
  { kind: 'inputEnd' },
  { kind: 'errorOutput', bytes: Uint8Array.of(0, 255) },
  { kind: 'output', bytes: Uint8Array.of(7) },
  { kind: 'outputEnd' },
  { kind: 'exit', exitCode: -1 },
  { kind: 'exit', exitCode: 255 },
  { kind: 'exit', exitCode: null },
];
const whole = Buffer.concat(frames.map(encodeByteFrame));

/** Pieces of one kind that follow each other are one again. */
function joined(read: readonly ByteFrame[]): ByteFrame[] {
  const all: ByteFrame[] = [];
  for (const frame of read) {
    const last = all.at(-1);
    if ('bytes' in frame && last !== undefined && 'bytes' in last && last.kind === frame.kind)
      all[all.length - 1] = { kind: frame.kind, bytes: Buffer.concat([last.bytes, frame.bytes]) };
    else all.push('bytes' in frame ? { ...frame, bytes: Buffer.from(frame.bytes) } : frame);
  }
  return all;
}
const plain = (read: readonly ByteFrame[]) =>
  read.map((frame) => ('bytes' in frame ? { ...frame, bytes: [...frame.bytes] } : frame));

describe('frames', () => {
  it.each([1, 2, 3, 5, 64, 100_000])('come out as they went in, cut every %i bytes', (cut) => {
    const read: ByteFrame[] = [];
    const reader = new ByteFrameReader(allKinds, (frame) => read.push(frame));
    for (let offset = 0; offset < whole.byteLength; offset += cut)
      reader.push(whole.subarray(offset, offset + cut));
    expect(plain(joined(read))).toEqual(plain(frames));
  });

  it('pass on bytes without waiting for the rest of their frame', () => {
    const read: ByteFrame[] = [];
    const reader = new ByteFrameReader(['output'], (frame) => read.push(frame));
    reader.push(encodeByteFrame({ kind: 'output', bytes: new Uint8Array(1000) }).subarray(0, 15));
    expect(read.map((frame) => ('bytes' in frame ? frame.bytes.byteLength : 0))).toEqual([10]);
  });

  it.each([
    ['a kind of the other direction', ['input'], encodeByteFrame({ kind: 'exit', exitCode: 0 })],
    ['an unknown kind', allKinds, Uint8Array.of(77, 0, 0, 0, 0)],
    ['a control frame of a gigabyte', allKinds, Uint8Array.of(2, 64, 0, 0, 0)],
    ['a size that no terminal has', allKinds, Uint8Array.of(2, 0, 0, 0, 4, 0, 0, 0, 24)],
    ['half a size', allKinds, Uint8Array.of(2, 0, 0, 0, 2, 0, 80)],
    ['a signal that is not sent', allKinds, Uint8Array.of(3, 0, 0, 0, 4, 0x53, 0x54, 0x4f, 0x50)],
    ['an end with bytes', allKinds, Uint8Array.of(1, 0, 0, 0, 1, 0)],
  ] as const)('refuse %s', (_what, kinds, bytes) => {
    expect(() => new ByteFrameReader(kinds, () => {}).push(bytes)).toThrow(ByteFrameError);
  });
});
