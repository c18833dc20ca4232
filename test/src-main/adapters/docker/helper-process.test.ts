/** The streams of an attached helper: frames cut anywhere, pauses in the middle of a read, and every way to end. */
import { type Duplex, duplexPair } from 'node:stream';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { HelperProcess } from '#main/adapters/docker/helper-process.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { cutBytes, pieceLengths } from './cut-bytes.ts';

function frame(number: 1 | 2, text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.from([number, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

function start() {
  const [stream, theirs] = duplexPair();
  stream.pause();
  const clock = new ManualClock();
  const remove = vi.fn();
  const exit = Promise.withResolvers<number | null>();
  const process = new HelperProcess({ stream, exitCode: exit.promise, remove, clock });
  const seen: string[] = [];
  const ends: unknown[] = [];
  process.onEnd((end) => ends.push(end));
  const read = () => {
    process.onOutput((bytes) => seen.push(`out ${Buffer.from(bytes).toString()}`));
    process.onErrorOutput((bytes) => seen.push(`err ${Buffer.from(bytes).toString()}`));
  };
  return {
    stream: stream as Duplex,
    theirs: theirs as Duplex,
    clock,
    remove,
    exit,
    process,
    seen,
    ends,
    read,
  };
}

test('both outputs in order, then the exit code', async () => {
  const { theirs, exit, seen, ends, read, remove } = start();
  read();
  theirs.end(Buffer.concat([frame(1, 'a'), frame(2, 'b'), frame(1, 'c')]));
  await expect.poll(() => seen).toEqual(['out a', 'err b', 'out c']);
  expect(ends).toEqual([]);
  exit.resolve(3);
  await expect.poll(() => ends).toEqual([{ exitCode: 3 }]);
  expect(remove).not.toHaveBeenCalled();
});

test('a pause holds back the rest of one read, and the end behind it', async () => {
  const { theirs, exit, process, ends } = start();
  const seen: string[] = [];
  process.onOutput((bytes) => {
    seen.push(Buffer.from(bytes).toString());
    process.pause();
  });
  exit.resolve(0);
  theirs.end(Buffer.concat([frame(1, 'a'), frame(1, 'b'), frame(1, 'c')]));
  for (const soFar of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
    await expect.poll(() => seen).toEqual(soFar);
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(soFar);
    if (soFar.length < 3) expect(ends).toEqual([]);
    process.resume();
  }
  await expect.poll(() => ends).toEqual([{ exitCode: 0 }]);
});

test('nothing is lost however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(pieceLengths, async (sizes) => {
      const { theirs, exit, process, ends } = start();
      const parts: Uint8Array[] = [];
      process.onOutput((bytes) => {
        parts.push(bytes);
        if (parts.length % 3 !== 0) return;
        process.pause();
        setImmediate(() => process.resume());
      });
      const text = Buffer.from('0123456789'.repeat(20));
      for (const piece of cutBytes(Buffer.concat([frame(1, text), frame(1, text)]), sizes))
        theirs.write(piece);
      theirs.end();
      exit.resolve(0);
      await expect.poll(() => ends).toEqual([{ exitCode: 0 }]);
      expect(Buffer.concat(parts).toString()).toBe(text.toString().repeat(2));
    }),
    { numRuns: 30 },
  );
});

test('what is written arrives, and its end; output goes on', async () => {
  const { theirs, process, seen, read } = start();
  read();
  const got: string[] = [];
  theirs.on('data', (bytes: Buffer) => got.push(bytes.toString()));
  theirs.on('end', () => got.push('end'));
  process.write(Buffer.from('one'));
  process.endInput();
  expect(process.write(Buffer.from('late'))).toBe(true);
  await expect.poll(() => got).toEqual(['one', 'end']);
  theirs.write(frame(1, 'after'));
  await expect.poll(() => seen).toEqual(['out after']);
});

test('the stream is cut: lost at once where the engine is gone too, else after a moment', async () => {
  const gone = start();
  gone.read();
  gone.exit.reject(new BerthError('connection-lost', 'gone'));
  gone.stream.destroy(new Error('reset'));
  await expect.poll(() => gone.ends).toMatchObject([{ exitCode: null, error: { code: 'connection-lost' } }]);

  const there = start();
  there.read();
  there.stream.destroy(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
  await new Promise((resolve) => setImmediate(resolve));
  expect(there.ends).toEqual([]);
  expect(there.remove).not.toHaveBeenCalled();
  await there.clock.advance(3_000);
  await expect.poll(() => there.ends).toMatchObject([{ exitCode: null, error: { code: 'connection-lost' } }]);
  expect(there.remove).toHaveBeenCalledOnce();
});

test.each([
  [9, { exitCode: 9 }],
  // Not all of its output was seen.
  [0, { exitCode: null, error: expect.objectContaining({ code: 'connection-lost' }) }],
])('the stream is cut because it ended with %s', async (code, end) => {
  const { stream, exit, ends, read } = start();
  read();
  stream.destroy(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
  exit.resolve(code);
  await expect.poll(() => ends).toEqual([end]);
});

test('bytes that are no frames', async () => {
  const { theirs, exit, ends, read } = start();
  read();
  exit.promise.catch(() => undefined);
  exit.reject(new Error('gone'));
  theirs.write('HTTP/1.1 500');
  await expect.poll(() => ends).toMatchObject([{ exitCode: null, error: { code: 'engine.failed' } }]);
});

test('let go of: removed once, told once, silent afterwards', async () => {
  const { theirs, process, seen, ends, read, remove } = start();
  read();
  process.release();
  process.release();
  theirs.write(frame(1, 'late'));
  await expect.poll(() => ends).toEqual([{ exitCode: null }]);
  expect(remove).toHaveBeenCalledOnce();
  expect(seen).toEqual([]);
});
