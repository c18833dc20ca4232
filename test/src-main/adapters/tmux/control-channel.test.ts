/** A control client: replies meet their requests whatever comes in between, and in whatever pieces. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { ControlChannel } from '#main/adapters/tmux/control-channel.ts';
import { FakeHostProcess } from '#test/harness/fake-host-process.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

function start() {
  const process = new FakeHostProcess();
  const clock = new ManualClock();
  const notices: string[] = [];
  const ends: unknown[] = [];
  const slow: number[] = [];
  const channel = new ControlChannel({
    process,
    clock,
    onNotice: (line) => notices.push(line),
    onEnd: (error) => ends.push(error),
    onSlow: () => slow.push(clock.monotonicMs()),
  });
  const push = (text: string) => channel.push(Buffer.from(text));
  return { process, clock, notices, ends, slow, channel, push };
}

let guard = 0;
function block(lines: readonly string[], { kind = 'end', flags = 1 } = {}): string {
  guard += 1;
  return `${[`%begin 1700000000 ${guard} ${flags}`, ...lines, `%${kind} 1700000000 ${guard} ${flags}`].join('\n')}\n`;
}

describe('ControlChannel', () => {
  it('gives each request the output of its commands, cut into any pieces, with news in between', async () => {
    const text = fc.stringMatching(/^[^\n%][^\n]{0,8}$/u);
    const requests = fc.array(fc.array(fc.array(text, { maxLength: 3 }), { minLength: 1, maxLength: 3 }), {
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(requests, fc.array(fc.nat(40)), async (outputs, cuts) => {
        const { channel, notices } = start();
        const replies = outputs.map((lists) => channel.request(...lists.map(() => 'list-panes')));
        const news = '%window-add @1\n';
        const stream = Buffer.from(
          outputs
            .flat()
            .map((lines) => news + block(lines))
            .join(''),
        );
        let at = 0;
        for (const cut of cuts) {
          channel.push(stream.subarray(at, at + cut));
          at += cut;
        }
        channel.push(stream.subarray(at));
        expect(await Promise.all(replies)).toEqual(outputs);
        expect(notices).toEqual(outputs.flat().map(() => '%window-add @1'));
      }),
    );
  });

  it('writes the commands of a request as one line', () => {
    const { channel, process } = start();
    void channel.request('a', 'b');
    expect(process.written).toEqual(['a ; b\n']);
  });

  it('ends a list at its first error, with tmux’s words, and goes on with the next request', async () => {
    const { channel, push } = start();
    const first = channel.request('one', 'two', 'three');
    const second = channel.request('four');
    push(block(['fine']) + block(["can't find session: x"], { kind: 'error' }) + block(['4']));
    await expect(first).rejects.toMatchObject({
      code: 'terminal.open-failed',
      details: { tmux: "can't find session: x" },
    });
    expect(await second).toEqual([['4']]);
  });

  it('takes a line inside a block for output, also one that looks like another block’s end or like news', async () => {
    const { channel, push, notices } = start();
    const reply = channel.request('show-buffer');
    const lines = ['%end 1700000000 9999 1', '%error 1 1 1', '%begin 1 1 1', '%exit', '%output %1 x', ''];
    push(block(lines));
    expect(await reply).toEqual([lines]);
    expect(notices).toEqual([]);
  });

  it('passes over what others’ commands say, as the one that tmux begins with', async () => {
    const { channel, push } = start();
    push(block(['welcome'], { flags: 0 }));
    const reply = channel.request('mine');
    push(
      block(['a hook'], { flags: 0 }) +
        block(['no such thing'], { kind: 'error', flags: 0 }) +
        block(['yes']),
    );
    expect(await reply).toEqual([['yes']]);
  });

  it('is not confused by an answer that nobody asked for', async () => {
    const { channel, push } = start();
    push(block(['late']));
    const reply = channel.request('mine');
    push(block(['yes']));
    expect(await reply).toEqual([['yes']]);
  });

  it('ends when nothing answers in time, and lets go of its process', async () => {
    const { channel, clock, process, ends, push } = start();
    const [first, second, third] = [channel.request('a'), channel.request('b', 'c'), channel.request('d')];
    await clock.advance(14_000);
    push(block(['a']));
    expect(await first).toEqual([['a']]);
    // Each answer begins the wait anew.
    await clock.advance(14_000);
    expect(ends).toEqual([]);
    const failures = Promise.allSettled([second, third]);
    await clock.advance(17_000);
    expect(await failures).toMatchObject([
      { status: 'rejected', reason: { code: 'timed-out' } },
      { status: 'rejected', reason: { code: 'timed-out' } },
    ]);
    expect(ends).toHaveLength(1);
    expect([channel.isEnded, process.isReleased]).toEqual([true, true]);
    await expect(channel.request('e')).rejects.toMatchObject({ code: 'connection-lost' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits for nothing while nothing is asked', async () => {
    const { channel, clock, push, ends } = start();
    const reply = channel.request('a');
    push(block([]));
    expect(await reply).toEqual([[]]);
    await clock.advance(3_600_000);
    expect([ends, clock.pendingTimers]).toEqual([[], 0]);
  });

  it('tells of its end once, and everybody who waits', async () => {
    const { channel, process, push, ends } = start();
    const reply = channel.request('a');
    push('%exit server exited\n');
    await expect(reply).rejects.toMatchObject({ code: 'connection-lost' });
    channel.end(new BerthError('timed-out', 'again'));
    expect(ends).toHaveLength(1);
    expect(process.isReleased).toBe(true);
  });

  it('keeps no endless line', async () => {
    const { channel, push } = start();
    const reply = channel.request('a');
    for (let piece = 0; piece < 40; piece++) push('x'.repeat(65_536));
    push(`\n${block(['still here'])}`);
    expect(await reply).toEqual([['still here']]);
  });

  it('says so when nothing was answered for a while, and not while answers come', async () => {
    const { clock, channel, slow, push } = start();
    const first = channel.request('list-panes');
    await clock.advance(2_000);
    push(block([]));
    await first;
    await clock.advance(10_000);
    expect(slow).toEqual([]);
    channel.request('list-panes').catch(() => {});
    await clock.advance(2_500);
    expect(slow).toHaveLength(1);
  });
});
