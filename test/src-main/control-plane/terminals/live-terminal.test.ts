/** One PTY, several readers: order, back-pressure, stalls, backlog, keystrokes. */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createScreenKeeper } from '#main/adapters/screen/screen-keeper.ts';
import { LiveTerminal } from '#main/control-plane/terminals/live-terminal.ts';
import { FakeByteChannel } from '#test/harness/fake-byte-channel.ts';
import { FakePty } from '#test/harness/fake-pty.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { paintedBy } from '#test/harness/painted-screen.ts';

function start() {
  const pty = new FakePty();
  const clock = new ManualClock();
  const titles: string[] = [];
  const ends: { exitCode: number | null; error?: unknown }[] = [];
  const terminal = new LiveTerminal({
    pty,
    size: { cols: 80, rows: 24 },
    createScreenKeeper,
    clock,
    onTitle: (title) => titles.push(title),
    onEnd: (end) => ends.push(end),
  });
  const attach = (credit?: number) => {
    const channel = new FakeByteChannel(credit);
    const abort = new AbortController();
    const outcome = terminal.attach(channel, abort.signal).then(
      () => 'ended' as const,
      (error: unknown) => error,
    );
    return { channel, abort, outcome };
  };
  return { pty, clock, titles, ends, terminal, attach };
}

/** A paint takes turns of the event loop. */
async function until(isReached: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !isReached(); turn++) await setImmediate();
  expect(isReached()).toBe(true);
}

describe('LiveTerminal', () => {
  it('gives a reader what was printed before it came, then what follows, once', () => {
    const { pty, attach } = start();
    pty.print('before ');
    const { channel } = attach();
    pty.print('after');
    expect(channel.text).toBe('before after');
  });

  it('answers a question that nobody has seen, and does not ask it again in a repaint', async () => {
    const { pty, attach } = start();
    pty.print('$ \x1b[6n\x07');
    expect(attach().channel.text).toBe('$ \x1b[6n\x07');
    const { channel } = attach();
    await until(() => channel.receivedBytes > 0);
    expect(channel.text).toContain('$ ');
    expect(channel.text).not.toMatch(/\x1b\[6n|\x07/);
  });

  it('paints a late reader the screen of now, then gives what follows, once', async () => {
    const { pty, attach } = start();
    const early = attach();
    pty.print('one\r\ntwo\x1b[3');
    const { channel } = attach();
    pty.print('1mred');
    expect(channel.text).toBe('');
    await until(() => channel.receivedBytes > 0);
    pty.print(' more');
    expect(channel.text).toMatch(/^one\r\ntwo.*\x1b\[31mred more$/s);
    expect(early.channel.text).toBe('one\r\ntwo\x1b[31mred more');
  });

  it('pauses the program when a late reader is not painted yet, and loses nothing', async () => {
    const { pty, attach } = start();
    attach();
    pty.print('first\r\n');
    const { channel } = attach();
    for (let index = 0; index < 20; index++) pty.print(`${index} `.repeat(5_000));
    expect(pty.isPaused).toBe(true);
    await until(() => !pty.isPaused && pty.heldBytes === 0);
    for (let index = 0; index < 20; index++) expect(channel.text).toContain(`${index} `.repeat(5_000));
  });

  it('shows a late reader the last screen of what ended meanwhile', async () => {
    const { pty, attach } = start();
    attach();
    pty.print('result');
    const late = attach();
    pty.end(0);
    expect(await late.outcome).toBe('ended');
    expect(late.channel.text).toContain('result');
    const later = attach();
    expect(await later.outcome).toBe('ended');
    expect(later.channel.text).toContain('result');
  });

  it('goes on without any reader, bounded', async () => {
    const { pty, attach } = start();
    for (let index = 0; index < 200; index++) pty.print('y\r\n'.repeat(8_192));
    expect(pty.isPaused).toBe(false);
    const { channel } = attach();
    await until(() => channel.receivedBytes > 0);
    expect(channel.text.match(/y/g)?.length).toBeGreaterThan(5_000);
    expect(channel.receivedBytes).toBeLessThan(20_000);
  });

  it('pauses the program while its reader has no credit, and loses nothing', async () => {
    const { pty, attach } = start();
    const { channel } = attach(1_000);
    let printed = '';
    for (let index = 0; index < 100; index++) {
      const text = `${index} `.repeat(2_000);
      printed += text;
      pty.print(text);
    }
    expect(pty.isPaused).toBe(true);
    expect(pty.heldBytes).toBeGreaterThan(0);
    expect(channel.waitingBytes).toBeLessThan(100_000);
    while (channel.receivedBytes < printed.length) {
      const before = channel.receivedBytes;
      channel.addCredit(50_000);
      await Promise.resolve();
      await Promise.resolve();
      expect(channel.receivedBytes).toBeGreaterThan(before);
    }
    expect(channel.text).toBe(printed);
    expect(pty.isPaused).toBe(false);
  });

  it('types at once while output is paused', () => {
    const { pty, attach } = start();
    const { channel } = attach(0);
    pty.print('y\n'.repeat(100_000));
    expect(pty.isPaused).toBe(true);
    void channel.type('\x03');
    expect(pty.written).toEqual(['\x03']);
  });

  it('returns credit for keystrokes only when the program takes them', async () => {
    const { pty, attach } = start();
    const { channel } = attach();
    pty.isWritable = false;
    let isTaken = false;
    const typed = Promise.resolve(channel.type('paste')).then(() => (isTaken = true));
    await Promise.resolve();
    expect(isTaken).toBe(false);
    pty.drain();
    await typed;
    expect(isTaken).toBe(true);
  });

  it('lets a reader go that takes nothing while another waits for it', async () => {
    const { pty, clock, attach } = start();
    const stalled = attach(0);
    const awake = attach();
    pty.print('y\n'.repeat(100_000));
    expect(pty.isPaused).toBe(true);
    await clock.advance(9_000);
    expect(pty.isPaused).toBe(true);
    await clock.advance(5_000);
    expect(await stalled.outcome).toMatchObject({ code: 'connection-lost', details: { reason: 'stalled' } });
    expect(pty.isPaused).toBe(false);
    pty.print('end');
    expect(awake.channel.text.endsWith('end')).toBe(true);
  });

  it('keeps a slow reader that still takes something', async () => {
    const { pty, clock, attach } = start();
    const slow = attach(0);
    attach();
    pty.print('y\n'.repeat(100_000));
    for (let second = 0; second < 40; second++) {
      slow.channel.addCredit(1_000);
      await clock.advance(1_000);
    }
    pty.end(0);
    expect(await slow.outcome).toBe('ended');
  });

  it('waits for its only reader, however long', async () => {
    const { pty, clock, attach } = start();
    const alone = attach(0);
    pty.print('y\n'.repeat(100_000));
    await clock.advance(3_600_000);
    expect(pty.isPaused).toBe(true);
    alone.abort.abort();
    expect(await alone.outcome).toBe('ended');
    expect(pty.isPaused).toBe(false);
  });

  it('drops a backlog here and on its way, and shows its end', async () => {
    const { pty, clock, terminal, attach } = start();
    const { channel } = attach(10);
    pty.print('y\n'.repeat(100_000));
    pty.print(`${'y\n'.repeat(50_000)}^C\r\n$ `);
    const dropped = terminal.dropBacklog();
    await clock.advance(100);
    channel.addCredit(1_000_000);
    expect(await dropped).toBeGreaterThan(290_000);
    expect(channel.text.slice(10)).toMatch(/^\x18(y\n)+\^C\r\n\$ $/);
    expect(channel.receivedBytes).toBeLessThan(6_000);
    pty.print('next');
    expect(channel.text.endsWith('$ next')).toBe(true);
  });

  it('ends a drop although the program goes on flooding', async () => {
    const { pty, clock, terminal, attach } = start();
    const { channel } = attach();
    const dropped = terminal.dropBacklog();
    for (let at = 0; at < 1_000; at += 20) {
      pty.print('y\n'.repeat(1_000));
      await clock.advance(20);
    }
    expect(await dropped).toBeGreaterThan(50_000);
    const before = channel.receivedBytes;
    pty.print('seen');
    expect(channel.receivedBytes).toBe(before + 4);
  });

  it('ends every reader with the program, after its last output', async () => {
    const { pty, ends, attach } = start();
    const [first, second] = [attach(), attach()];
    pty.print('bye');
    pty.end(3);
    expect(await first.outcome).toBe('ended');
    expect(await second.outcome).toBe('ended');
    expect(first.channel.text).toBe('bye');
    expect(ends).toEqual([{ exitCode: 3, error: undefined }]);
  });
});

/** Its shell outlives the connection: it goes away and comes back. */
function startSurvivor() {
  const clock = new ManualClock();
  const aways: unknown[] = [];
  const refused: number[] = [];
  const ends: { exitCode: number | null; error?: unknown }[] = [];
  const first = new FakePty();
  const terminal = new LiveTerminal({
    pty: first,
    size: { cols: 80, rows: 24 },
    createScreenKeeper,
    clock,
    onTitle: () => undefined,
    onEnd: (end) => ends.push(end),
    onAway: (error) => aways.push(error),
    onRefused: (byteCount) => refused.push(byteCount),
  });
  const attach = (credit?: number) => {
    const channel = new FakeByteChannel(credit);
    let outcome: unknown = 'attached';
    void terminal.attach(channel, new AbortController().signal).then(
      () => (outcome = 'ended'),
      (error: unknown) => (outcome = error),
    );
    return { channel, outcome: () => outcome };
  };
  return { clock, aways, refused, ends, first, terminal, attach };
}
const cut = new Error('cut');
const paintOf = (text: string) => Buffer.from(`\x18\x1bc${text}`);

describe('a terminal that is away', () => {
  it('keeps its readers, refuses what is typed and counts it, and has not ended', async () => {
    const { first, terminal, attach, aways, refused, ends } = startSurvivor();
    const { channel, outcome } = attach();
    first.print('before');
    first.end(null, cut);
    expect([aways, terminal.isAway, terminal.isEnded, ends]).toEqual([[cut], true, false, []]);
    await channel.type('lost');
    await channel.type('!');
    expect([refused, first.written]).toEqual([[4, 1], []]);
    terminal.resize({ cols: 100, rows: 30 });
    await setImmediate();
    expect([outcome(), channel.text, terminal.use.clientCount]).toEqual(['attached', 'before', 1]);
  });

  it('lets those go on who waited for a full way', async () => {
    const { first, attach } = startSurvivor();
    const { channel } = attach();
    first.isWritable = false;
    const typed = Promise.resolve(channel.type('paste'));
    first.end(null, cut);
    await typed;
  });

  it('goes on exactly where it stopped, and what the old way still says is nothing', async () => {
    const { first, terminal, attach } = startSurvivor();
    const { channel } = attach();
    first.print('one ');
    first.end(null, cut);
    const second = new FakePty();
    terminal.rejoin(second, undefined);
    first.print('ghost');
    first.end(0);
    second.print('two');
    await channel.type('ls');
    expect([channel.text, second.written, terminal.isAway]).toEqual(['one two', ['ls'], false]);
    const late = attach();
    await until(() => late.channel.receivedBytes > 0);
    expect(late.channel.text).toMatch(/one two/);
  });

  it('shows all readers what the screen is now, in place of before', async () => {
    const { first, terminal, attach } = startSurvivor();
    const { channel } = attach();
    first.print('before ');
    first.end(null, cut);
    const second = new FakePty();
    terminal.rejoin(second, paintOf('now '));
    second.print('next');
    expect(channel.text).toBe('before \x18\x1bcnow next');
    const late = attach();
    await until(() => late.channel.receivedBytes > 0);
    expect(late.channel.text).toMatch(/now next/);
    expect(late.channel.text).not.toMatch(/before/);
  });

  it('paints a reader once that was still being painted', async () => {
    const { first, terminal, attach } = startSurvivor();
    attach();
    first.print('before');
    const { channel } = attach();
    first.print(' held');
    first.end(null, cut);
    const second = new FakePty();
    terminal.rejoin(second, paintOf('now '));
    second.print('next');
    await until(() => channel.text.endsWith('next'));
    expect((await paintedBy({ cols: 80, rows: 24 }, channel.text)).rows[0]).toBe('now next');
  });

  it('shows nobody a screen of which the beginning was thrown away', async () => {
    const { first, terminal, attach, clock } = startSurvivor();
    const { channel } = attach(4);
    first.print(`old ${'o'.repeat(70_000)}`);
    first.end(null, cut);
    const second = new FakePty();
    // The first painting waits for credit when the second one takes its place.
    terminal.rejoin(second, paintOf('first '));
    second.end(null, cut);
    const third = new FakePty();
    terminal.rejoin(third, paintOf('second\r\n\x1b[31m'));
    await setImmediate();
    const dropped = terminal.dropBacklog();
    await clock.advance(100);
    expect(await dropped).toBeGreaterThan(0);
    third.print('red');
    channel.addCredit(1_000_000);
    await until(() => channel.text.endsWith('red'));
    const { rows } = await paintedBy({ cols: 80, rows: 24 }, channel.text);
    expect(rows.slice(0, 2)).toEqual(['second', '<f1:1>red']);
  });

  it('ends a drop of the backlog that was under way', async () => {
    const { first, terminal, attach } = startSurvivor();
    attach();
    const dropped = terminal.dropBacklog();
    first.print('y\n'.repeat(10_000));
    first.end(null, cut);
    expect(await dropped).toBeGreaterThan(10_000);
    expect(await terminal.dropBacklog()).toBe(0);
  });

  it('ends there when nothing will come back, and its readers with it', async () => {
    const { first, terminal, attach, ends } = startSurvivor();
    const { outcome, channel } = attach();
    first.print('last');
    terminal.endAway({ exitCode: null });
    expect(ends).toEqual([]);
    first.end(null, cut);
    terminal.endAway({ exitCode: null });
    terminal.endAway({ exitCode: null });
    await setImmediate();
    expect([ends, outcome(), terminal.isAway]).toEqual([[{ exitCode: null }], 'ended', false]);
    await channel.type('x');
    expect(ends).toHaveLength(1);
  });

  it('that came back ended shows its last output first', async () => {
    const { first, terminal, attach, ends } = startSurvivor();
    const { outcome, channel } = attach();
    first.end(null, cut);
    const second = new FakePty();
    terminal.rejoin(second, undefined);
    second.print('bye');
    second.end(2);
    await setImmediate();
    expect([channel.text, ends, outcome()]).toEqual(['bye', [{ exitCode: 2, error: undefined }], 'ended']);
  });

  it('that was never there takes readers, and paints them when it comes', async () => {
    const clock = new ManualClock();
    const terminal = new LiveTerminal({
      ...{ pty: undefined, size: { cols: 80, rows: 24 }, createScreenKeeper, clock },
      ...{ onTitle: () => undefined, onEnd: () => undefined, onAway: () => undefined },
    });
    const channel = new FakeByteChannel();
    void terminal.attach(channel, new AbortController().signal);
    await channel.type('x');
    expect([terminal.isAway, channel.text]).toEqual([true, '']);
    await terminal.kill();
    const pty = new FakePty();
    terminal.rejoin(pty, paintOf('here'));
    await until(() => channel.text.includes('here'));
  });

  it('holds a fast program back again after it came back', async () => {
    const { first, terminal, attach } = startSurvivor();
    const { channel } = attach(0);
    first.print('y\n'.repeat(100_000));
    expect(first.isPaused).toBe(true);
    first.end(null, cut);
    const second = new FakePty();
    terminal.rejoin(second, undefined);
    expect(second.isPaused).toBe(true);
    channel.addCredit(10_000_000);
    await setImmediate();
    expect(second.isPaused).toBe(false);
    expect(terminal.behindBytes).toBe(0);
  });
});
