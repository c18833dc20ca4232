/** The way to one session, with a reader and a tmux that are the test: bytes once and in order, and ends after them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { TmuxPty } from '#main/adapters/tmux/tmux-pty.ts';
import { FakeHostProcess } from '#test/harness/fake-host-process.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

type End = { exitCode: number | null; error?: unknown };

function start({ from = 0, bury = async (): Promise<number | null> => 0 } = {}) {
  const reader = new FakeHostProcess();
  const clock = new ManualClock();
  const requests: { commands: readonly string[]; done: () => void; fail: (error: unknown) => void }[] = [];
  const sizes: object[] = [];
  /** Bytes in the record. */
  const record = { size: from, isAnswering: true };
  let releasedCount = 0;
  let endedCount = 0;
  const pty = new TmuxPty(
    {
      clock,
      paneId: '%3',
      request: (...commands) =>
        new Promise<void>((done, fail) => requests.push({ commands, done: () => done(), fail })),
      resize: (size) => sizes.push(size),
      end: async () => {
        endedCount += 1;
      },
      bury,
      onReleased: () => (releasedCount += 1),
    },
    reader,
    { generation: 2, offset: from },
  );
  reader.onOutput((bytes) => pty.take(bytes));
  reader.answer = (text) => {
    if (record.isAnswering) reader.sayError(`${text.trim()} ${record.size}\n`);
  };
  const ends: End[] = [];
  let text = '';
  const listen = () => {
    pty.onData((bytes) => (text += Buffer.from(bytes).toString()));
    pty.onEnd((end) => ends.push(end));
  };
  return {
    ...{ reader, clock, requests, sizes, record, pty, ends, listen },
    text: () => text,
    /** The program wrote it, and the reader read it. */
    print: (output: string) => {
      record.size += Buffer.byteLength(output);
      reader.say(output);
    },
    counts: () => ({ releasedCount, endedCount }),
  };
}
const lost = new BerthError('connection-lost', 'cut');

describe('output', () => {
  it('keeps what comes before anybody listens, and counts only what it has handed on', () => {
    const { pty, print, listen, text } = start({ from: 100 });
    print('early ');
    expect(pty.place).toEqual({ generation: 2, offset: 100 });
    listen();
    expect(pty.place).toEqual({ generation: 2, offset: 106 });
    print('late');
    expect([text(), pty.place.offset]).toEqual(['early late', 110]);
  });

  it('keeps the order over pause and resume, and its place is always what was handed on', () => {
    const step = fc.oneof(
      fc.constant('pause'),
      fc.constant('resume'),
      fc.constant('listen'),
      fc.string({ minLength: 1, maxLength: 5, unit: 'grapheme-ascii' }).map((one) => `+${one}`),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(3), (steps, pauseEach) => {
        const { pty, print } = start();
        let printed = '';
        let got = '';
        let count = 0;
        const listen = () =>
          pty.onData((bytes) => {
            got += Buffer.from(bytes).toString();
            expect(pty.place.offset).toBe(got.length);
            count += 1;
            if (pauseEach > 0 && count % pauseEach === 0) pty.pause();
          });
        for (const one of steps)
          if (one === 'pause') pty.pause();
          else if (one === 'resume') pty.resume();
          else if (one === 'listen') listen();
          else {
            printed += one.slice(1);
            print(one.slice(1));
          }
        listen();
        for (let turn = 0; turn < 100; turn++) pty.resume();
        expect(got).toBe(printed);
      }),
    );
  });

  it('goes on at the byte after the last one that was handed on, when it was cut while held back', () => {
    const { pty, print } = start();
    print('one ');
    print('two');
    let got = '';
    pty.onData((bytes) => {
      got += Buffer.from(bytes).toString();
      pty.pause();
    });
    pty.cut(lost);
    expect([got, pty.place.offset]).toEqual(['one ', 4]);
  });
});

describe('input', () => {
  it('counts as unconfirmed until tmux has taken it, and lets more come when most of it has', async () => {
    const { pty, requests } = start();
    let drains = 0;
    pty.onDrain(() => (drains += 1));
    expect(pty.write(Buffer.from('ls\n'))).toBe(true);
    expect(requests[0]?.commands).toEqual(['copy-mode -q -t %3', 'send-keys -t %3 -H 6c 73 0a']);
    expect(pty.unconfirmedBytes).toBe(3);
    expect(pty.write(Buffer.alloc(70_000, 0x61))).toBe(false);
    expect(pty.unconfirmedBytes).toBe(70_003);
    expect(requests.length).toBe(71);
    for (const { done } of requests.slice(0, 40)) done();
    await Promise.resolve();
    await new Promise(setImmediate);
    expect([drains, pty.unconfirmedBytes]).toEqual([0, 31_000]);
    for (const { done } of requests.slice(40)) done();
    await new Promise(setImmediate);
    expect([drains, pty.unconfirmedBytes]).toEqual([1, 0]);
  });

  it('tells whoever waits also when a key was pressed while it drained', async () => {
    const { pty, requests } = start();
    let drains = 0;
    pty.onDrain(() => (drains += 1));
    expect(pty.write(Buffer.alloc(66_000, 0x61))).toBe(false);
    for (const { done } of requests.slice(0, 30)) done();
    await new Promise(setImmediate);
    expect(pty.write(Buffer.from('q'))).toBe(false);
    for (const { done } of requests) done();
    await new Promise(setImmediate);
    expect([drains, pty.unconfirmedBytes]).toEqual([1, 0]);
  });

  it('stays unconfirmed when the way was cut', async () => {
    const { pty, requests, listen } = start();
    listen();
    pty.write(Buffer.from('make'));
    requests[0]?.fail(lost);
    await new Promise(setImmediate);
    pty.cut(lost);
    expect(pty.unconfirmedBytes).toBe(4);
    pty.resize({ cols: 1, rows: 1 });
  });
});

describe('the ready byte', () => {
  it('is taken away; what follows it is output', async () => {
    const { pty, print, listen, text, clock } = start();
    const ready = pty.ready(1_000);
    print('\0$ ');
    await ready;
    expect(pty.place.offset).toBe(1);
    listen();
    expect([text(), pty.place.offset, clock.pendingTimers]).toEqual(['$ ', 3, 0]);
  });

  it('without it, what the program wrote is why it did not start, on one plain line', async () => {
    const { pty, print, clock } = start();
    const ready = pty.ready(60_000);
    print('\x1b[31mError:\x1b[0m No such\r\n');
    print('container: x\x07\n');
    void pty.died();
    const refused = expect(ready).rejects.toMatchObject({
      code: 'terminal.open-failed',
      message: 'No shell could be started. Error: No such container: x',
    });
    await clock.advance(1_000);
    await refused;
  });

  it('says so when there was not even a word', async () => {
    const { pty, clock } = start();
    const refused = expect(pty.ready(60_000)).rejects.toMatchObject({ message: /It ended at once/ });
    void pty.died();
    await clock.advance(1_000);
    await refused;
  });

  it('is waited for only so long, and not for whoever gave up', async () => {
    const { pty, clock } = start();
    const late = expect(pty.ready(20_000)).rejects.toMatchObject({ code: 'timed-out' });
    await clock.advance(20_000);
    await late;
    const abort = new AbortController();
    const given = expect(start().pty.ready(20_000, abort.signal)).rejects.toMatchObject({
      code: 'cancelled',
    });
    abort.abort();
    await given;
    const early = start();
    await expect(early.pty.ready(20_000, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    expect(early.clock.pendingTimers).toBe(0);
  });

  it('passes on that the way was cut meanwhile', async () => {
    const { pty } = start();
    const refused = expect(pty.ready(20_000)).rejects.toBe(lost);
    pty.cut(lost);
    await refused;
  });
});

describe('the end of the program', () => {
  it('is told after its last byte, which may come late', async () => {
    const { pty, clock, print, listen, ends, text, record, reader, counts } = start({ bury: async () => 3 });
    listen();
    print('work ');
    void pty.died();
    await clock.advance(30);
    // The recorder is still writing, and the reader still reading.
    record.size += 4;
    await clock.advance(500);
    expect(ends).toEqual([]);
    reader.say('done');
    record.size += 1;
    await clock.advance(100);
    expect(ends).toEqual([]);
    reader.say('!');
    await clock.advance(300);
    expect([ends, text()]).toEqual([[{ exitCode: 3 }], 'work done!']);
    expect([reader.isReleased, counts().releasedCount]).toEqual([true, 1]);
  });

  it('waits for a reader that is held back, however long', async () => {
    const { pty, clock, print, listen, ends, text } = start({ bury: async () => 0 });
    listen();
    pty.pause();
    print('last words');
    void pty.died();
    await clock.advance(3_600_000);
    expect(ends).toEqual([]);
    pty.resume();
    await clock.advance(300);
    expect([ends, text()]).toEqual([[{ exitCode: 0 }], 'last words']);
  });

  it('waits for whoever listens first', async () => {
    const { pty, clock, print, listen, ends, text } = start();
    print('before');
    void pty.died();
    await clock.advance(60_000);
    listen();
    expect(ends).toEqual([]);
    await clock.advance(300);
    expect([ends, text()]).toEqual([[{ exitCode: 0 }], 'before']);
  });

  it('is a cut, not an end, when the stream stops answering before the last byte', async () => {
    const { pty, clock, listen, ends, record } = start();
    listen();
    record.isAnswering = false;
    void pty.died();
    await clock.advance(15_000);
    expect(ends).toEqual([{ exitCode: null, error: expect.objectContaining({ code: 'timed-out' }) }]);
  });

  it('is a cut when nobody can tell the exit code', async () => {
    const { pty, clock, listen, ends } = start({ bury: () => Promise.reject(lost) });
    listen();
    void pty.died();
    await clock.advance(1_000);
    expect(ends).toEqual([{ exitCode: null, error: lost }]);
  });

  it('has no exit code when somebody took the session away', () => {
    const { pty, listen, ends } = start();
    listen();
    pty.gone();
    pty.gone();
    expect(ends).toEqual([{ exitCode: null }]);
  });

  it('told twice is one end', async () => {
    let buried = 0;
    const { pty, clock, listen, ends } = start({ bury: async () => ++buried });
    listen();
    void pty.died();
    void pty.died();
    pty.gone();
    await clock.advance(1_000);
    expect(ends).toEqual([{ exitCode: 1 }]);
  });
});

describe('ways that end', () => {
  it('a cut is told once, also to whoever comes later', () => {
    const { pty, listen, ends, reader, counts } = start();
    pty.cut(lost);
    pty.cut(new Error('again'));
    pty.release();
    listen();
    expect(ends).toEqual([{ exitCode: null, error: lost }]);
    expect([reader.isReleased, counts().releasedCount, pty.isOver]).toEqual([true, 1, true]);
  });

  it('a reader that ends by itself is a cut', async () => {
    const { pty, listen, ends, reader, record } = start();
    listen();
    record.isAnswering = false;
    const asked = pty.measure(5_000);
    reader.end({ exitCode: 75 });
    await expect(asked).rejects.toMatchObject({ code: 'connection-lost' });
    expect(ends).toEqual([{ exitCode: null, error: expect.objectContaining({ code: 'connection-lost' }) }]);
  });

  it('letting go tells nobody, and leaves the session alone', () => {
    const { pty, listen, ends, reader, counts } = start();
    listen();
    pty.release();
    reader.end({ exitCode: 0 });
    pty.cut(lost);
    expect([ends, counts()]).toEqual([[], { releasedCount: 1, endedCount: 0 }]);
    expect(reader.isReleased).toBe(true);
  });

  it('a kill ends the session once, frees a held reader and shows nothing more', async () => {
    const { pty, print, listen, text, ends, reader, counts } = start();
    listen();
    pty.pause();
    print('y\n'.repeat(1_000));
    await Promise.all([pty.kill(), pty.kill()]);
    expect([text(), ends, counts().endedCount]).toEqual(['', [{ exitCode: null }], 1]);
    expect([reader.isPaused, reader.isReleased]).toEqual([false, true]);
  });

  it('sizes reach tmux until the end', () => {
    const { pty, sizes } = start();
    pty.resize({ cols: 100, rows: 30 });
    pty.release();
    pty.resize({ cols: 1, rows: 1 });
    expect(sizes).toEqual([{ cols: 100, rows: 30 }]);
  });
});

describe('measures', () => {
  it('say how long the very stream takes, and how much was written and not handed on', async () => {
    const { pty, print, listen, reader, record, clock } = start();
    listen();
    print('12345');
    record.size += 20;
    let word = '';
    reader.answer = (text) => (word = text.trim());
    const asked = pty.measure(5_000);
    await clock.advance(40);
    // In pieces, behind an answer that nobody waits for and words of a shell.
    reader.sayError(`sh: odd\np999 1\n${word} `);
    reader.sayError(`${record.size}\nmore`);
    expect(await asked).toEqual({ streamMs: 40, behindBytes: 20 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('do not wait for ever', async () => {
    const { pty, record, clock } = start();
    record.isAnswering = false;
    const refused = expect(pty.measure(5_000)).rejects.toMatchObject({ code: 'timed-out' });
    await clock.advance(5_000);
    await refused;
  });
});
