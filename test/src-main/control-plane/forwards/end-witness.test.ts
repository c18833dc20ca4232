/** Ends and resets that SSH does not tell apart, told apart by a host whose kernel is asked. */
import { describe, expect, it } from 'vitest';
import { EndWitness } from '#main/control-plane/forwards/end-witness.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

class Host {
  readonly asked: string[] = [];
  /** Connections in CLOSE-WAIT to the one port. */
  halfOpen = 0;
  failure: Error | undefined;
  exitCode = 0;
  /** While it is there, nobody is answered. */
  gate: Promise<void> | undefined;

  readonly exec = async (argv: readonly string[]) => {
    this.asked.push(argv.join(' '));
    const count = this.halfOpen;
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    const exitCode = this.exitCode !== 0 ? this.exitCode : count === 0 ? 1 : 0;
    return { stdout: exitCode > 1 ? '' : `${count}\n`, stderr: '', exitCode, isTruncated: false };
  };
}
function world() {
  const host = new Host();
  const clock = new ManualClock();
  const witness = new EndWitness(host, '172.18.0.2', clock);
  const half = () => {
    const state = { isOver: false };
    return { state, isOver: () => state.isOver };
  };
  return { host, clock, witness, half };
}

describe('a connection whose other end has ended', () => {
  it('was reset where the host has none that is half-open, and ended where it has', async () => {
    const { host, clock, witness, half } = world();
    const first = witness.wasReset(3000, half());
    await clock.advance(5);
    expect(await first).toBe(true);
    expect(host.asked).toEqual(['grep -cE  (020012AC|AC120002):0BB8 08  /proc/net/tcp']);
    host.halfOpen = 1;
    const second = witness.wasReset(3000, half());
    await clock.advance(5);
    expect(await second).toBe(false);
  });

  it('was reset where all that are half-open are known', async () => {
    const { host, clock, witness, half } = world();
    host.halfOpen = 1;
    const ended = half();
    const first = witness.wasReset(3000, ended);
    await clock.advance(5);
    expect(await first).toBe(false);
    const second = witness.wasReset(3000, half());
    await clock.advance(5);
    expect(await second).toBe(true);
    // That one is over, and what the host has now is another.
    ended.state.isOver = true;
    const third = witness.wasReset(3000, half());
    await clock.advance(5);
    expect(await third).toBe(false);
    // Of another port nothing is known.
    host.halfOpen = 0;
    const fourth = witness.wasReset(4000, half());
    await clock.advance(5);
    expect(await fourth).toBe(true);
  });

  it('is not asked about where it ends from here too', async () => {
    const { host, clock, witness, half } = world();
    const one = half();
    const told = witness.wasReset(3000, one);
    one.state.isOver = true;
    await clock.advance(5);
    expect([await told, host.asked]).toEqual([false, []]);
  });

  it('is asked about together with all others that wait, one question at a time', async () => {
    const { host, clock, witness, half } = world();
    const gate = Promise.withResolvers<void>();
    host.gate = gate.promise;
    host.halfOpen = 51;
    const first = witness.wasReset(3000, half());
    await clock.advance(5);
    const rest = Array.from({ length: 50 }, () => witness.wasReset(3000, half()));
    await clock.advance(5);
    expect(host.asked).toHaveLength(1);
    gate.resolve();
    expect(await first).toBe(false);
    expect(await Promise.all(rest)).toEqual(rest.map(() => false));
    expect(host.asked).toHaveLength(2);
  });

  it.each([
    ['cannot be asked', { failure: new Error('gone') }],
    ['does not show its connections', { exitCode: 2 }],
  ])('was an end where the host %s', async (_, over) => {
    const { host, clock, witness, half } = world();
    Object.assign(host, over);
    const told = witness.wasReset(3000, half());
    await clock.advance(5);
    expect(await told).toBe(false);
    expect(host.asked).toHaveLength(1);
  });
});
