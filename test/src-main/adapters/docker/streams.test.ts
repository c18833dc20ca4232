/** The small parsers, cut at every place where a network may cut: frames, lines, tar headers. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonLines } from '#main/adapters/docker/json-lines.ts';
import { FrameSplitter, JoinFrames, type OutputStream } from '#main/adapters/docker/multiplexed-stream.ts';
import { firstTarEntry, folderArchive } from '#main/adapters/docker/tar-archive.ts';

function frame(stream: number, bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

/** The bytes in pieces of arbitrary lengths. */
function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let offset = 0;
  for (let turn = 0; offset < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    pieces.push(bytes.subarray(offset, offset + length));
    offset += length;
  }
  return pieces;
}
const lengths = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 });

describe('frames', () => {
  test('however they are cut, each stream gets its bytes in order', () => {
    const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 40 })));
    fc.assert(
      fc.property(frames, lengths, (parts, sizes) => {
        const got: Record<OutputStream, Buffer[]> = { stdout: [], stderr: [] };
        const splitter = new FrameSplitter((stream, bytes) => got[stream].push(Buffer.from(bytes)));
        const all = Buffer.concat(parts.map(([stream, bytes]) => frame(stream, bytes)));
        for (const piece of cut(all, sizes)) splitter.push(piece);
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
        lengths,
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        async (list, sizes, end, isEnded) => {
          const text = list.map((value) => JSON.stringify(value)).join(end) + (isEnded ? end : '');
          expect(await read(cut(Buffer.from(text), sizes))).toEqual(list);
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

describe('tar', () => {
  test('GNU tar reads our folder as it was meant', () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-tar-'));
    try {
      const archive = folderArchive({ name: 'work space', uid: 1234, gid: 4321, mode: 0o40750 });
      expect(execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input: archive }).toString()).toMatch(
        /^drwxr-x--- 1234\/4321 +0 1970-01-01 \S+ work space\/\n$/,
      );
      execFileSync('tar', ['-xf', '-', '-C', folder, '--no-same-owner'], { input: archive });
      expect(statSync(join(folder, 'work space')).isDirectory()).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  test('what we write we read, with any number, however it is cut', async () => {
    const id = fc.integer({ min: 0, max: 4_294_967_294 });
    await fc.assert(
      fc.asyncProperty(
        id,
        id,
        fc.integer({ min: 0, max: 0o7777 }),
        lengths,
        async (uid, gid, mode, sizes) => {
          const pieces = cut(folderArchive({ name: 'a', uid, gid, mode }), sizes);
          const found = await firstTarEntry(Readable.from(pieces, { objectMode: true }));
          expect(found?.entry).toEqual({ type: 'folder', uid, gid, mode, sizeBytes: 0 });
        },
      ),
      { numRuns: 50 },
    );
  });
  test('a file of GNU tar with a long name and extended headers: its content, bounded', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-tar-'));
    try {
      const name = 'n'.repeat(150);
      execFileSync('sh', ['-c', 'printf "%s" "content of the file" >"$1"', 'sh', join(folder, name)]);
      for (const format of ['gnu', 'pax']) {
        const archive = execFileSync('tar', ['-cf', '-', `--format=${format}`, '-C', folder, name]);
        const found = await firstTarEntry(Readable.from([archive], { objectMode: true }), 7);
        expect([found?.entry.type, found?.content.toString()]).toEqual(['file', 'content']);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  test('what is no archive is nothing', async () => {
    expect(
      await firstTarEntry(Readable.from([Buffer.alloc(2048, 0x61)], { objectMode: true })),
    ).toBeUndefined();
    expect(await firstTarEntry(Readable.from([Buffer.alloc(10)], { objectMode: true }))).toBeUndefined();
    expect(() => folderArchive({ name: 'a/b', uid: 0, gid: 0, mode: 0 })).toThrow(RangeError);
  });
});
