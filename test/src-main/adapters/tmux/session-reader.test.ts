/** The header of a reader's output, and how a reader that does not begin is told. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openReader, PlaceLost, ReaderHeader } from '#main/adapters/tmux/session-reader.ts';
import type { HostConnection } from '#main/control-plane/interfaces/host-connection.ts';
import { FakeHostProcess } from '#test/harness/fake-host-process.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

describe('ReaderHeader', () => {
  it('takes the parts off, in whatever pieces they come, and hands on all that follows', () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    const greeting = fc.constantFrom('', 'hello\n', 'Welcome to “atlas”\r\n\r\n', 'no line end: ');
    fc.assert(
      fc.property(
        greeting,
        fc.array(bytes, { maxLength: 4 }),
        bytes,
        fc.array(fc.nat(9)),
        (hello, parts, rest, cuts) => {
          const sizes = parts.map(({ length }) => ` ${length}`).join('');
          const stream = Buffer.concat([Buffer.from(`${hello}berth-reader${sizes}\n`), ...parts, rest]);
          const told: Uint8Array[][] = [];
          const behind: Uint8Array[] = [];
          const header = new ReaderHeader(
            (found) => told.push(found),
            (piece) => {
              expect(told).toHaveLength(1);
              behind.push(Uint8Array.from(piece));
            },
          );
          let at = 0;
          for (const cut of cuts) {
            header.push(stream.subarray(at, at + cut));
            at += cut;
          }
          header.push(stream.subarray(at));
          expect(told.map((found) => found.map((part) => Buffer.from(part)))).toEqual([
            parts.map((part) => Buffer.from(part)),
          ]);
          expect(Buffer.concat(behind)).toEqual(Buffer.from(rest));
        },
      ),
    );
  });

  it('keeps no endless greeting', () => {
    let isDone = false;
    const header = new ReaderHeader(
      () => (isDone = true),
      () => undefined,
    );
    for (let piece = 0; piece < 100; piece++) header.push(Buffer.from('x'.repeat(1_000)));
    header.push(Buffer.from('\nberth-reader\n'));
    expect(isDone).toBe(true);
  });
});

function start(files: readonly string[] = []) {
  const process = new FakeHostProcess();
  const clock = new ManualClock();
  const started: unknown[] = [];
  const connection = {
    startScript: async (...args: unknown[]) => {
      started.push(args);
      return process;
    },
  } as unknown as HostConnection;
  const opening = openReader(connection, clock, { log: '/r/term.1', from: 42, files, signal: undefined });
  opening.catch(() => undefined);
  const begun = Promise.resolve();
  return { process, clock, started, opening, begun };
}

describe('openReader', () => {
  it('starts the script at its place, and keeps what comes until somebody listens', async () => {
    const { process, opening, started, clock, begun } = start(['/r/term.0', '/r/term.history']);
    await begun;
    process.say('berth-reader 3 2\nabcde');
    process.say('first ');
    const opened = await opening;
    expect(started).toEqual([
      ['terminal-reader', ['/r/term.1', '42', '/r/term.0', '/r/term.history'], undefined],
    ]);
    expect(opened.parts.map((part) => Buffer.from(part).toString())).toEqual(['abc', 'de']);
    process.say('second ');
    let text = '';
    opened.onBytes((bytes) => (text += Buffer.from(bytes).toString()));
    process.say('third');
    expect(text).toBe('first second third');
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells that a place is lost from other ends', async () => {
    const lost = start();
    await lost.begun;
    lost.process.end({ exitCode: 75 });
    await expect(lost.opening).rejects.toBeInstanceOf(PlaceLost);
    const failed = start();
    await failed.begun;
    failed.process.end({ exitCode: 1 });
    await expect(failed.opening).rejects.toMatchObject({ code: 'terminal.open-failed' });
    const cut = start();
    await cut.begun;
    const error = new Error('cut');
    cut.process.end({ exitCode: null, error });
    await expect(cut.opening).rejects.toBe(error);
    expect(cut.process.isReleased).toBe(true);
  });

  it('gives up on one that says nothing', async () => {
    const { process, opening, clock } = start();
    await clock.advance(20_000);
    await expect(opening).rejects.toMatchObject({ code: 'timed-out' });
    expect(process.isReleased).toBe(true);
  });
});
