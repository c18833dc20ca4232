/** What happens to terminals that are away when their host is there: back, gone, ended, found; and the tries in between. */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { TerminalId } from '#contract/ids.ts';
import type { ContainerEngine } from '#main/control-plane/interfaces/container-engine.ts';
import type { HostConnection } from '#main/control-plane/interfaces/host-connection.ts';
import type { MultiplexerOffer } from '#main/control-plane/interfaces/multiplexer.ts';
import { type AwayTerminal, TerminalReturns } from '#main/control-plane/terminals/terminal-returns.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';
import { FakeSessions } from '#test/harness/fake-multiplexer.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

const hostId = 'host_00000000000000000000' as const;
const note = JSON.stringify({ kind: 'host', hostId });
const idOf = (n: number): TerminalId => `term_abc123${String(n).padStart(14, '0')}`;

function start() {
  const links = new FakeLinks();
  const clock = new ManualClock();
  const sessions = new FakeSessions();
  const away = new Map<TerminalId, AwayTerminal>();
  const told: string[] = [];
  const alive = new Set<string>();
  let offer: () => Promise<MultiplexerOffer> = async () => ({ multiplexer: sessions.way() });
  const returns = new TerminalReturns({
    clock,
    log: new MemoryLog(),
    prefix: 'term_abc123',
    multiplexer: () => offer(),
    awayOn: () => [...away.values()],
    isKnown: (id) => away.has(id as TerminalId) || alive.has(id),
    isAlive: (id) => alive.has(id),
    onBack: (id) => {
      away.delete(id);
      alive.add(id);
      told.push(`back ${id.slice(-2)}`);
    },
    onGone: (id, reason) => {
      away.delete(id);
      told.push(`gone ${id.slice(-2)}: ${reason}`);
    },
    onFound: (_link, { id, target }) => {
      away.set(id as TerminalId, { id: id as TerminalId, place: undefined, isClosing: false });
      told.push(`found ${id.slice(-2)} of a ${target.kind}`);
    },
  });
  const connection = {
    kind: 'ssh',
    runScript: vi.fn(async () => ({
      stdout: `other\n${[...sessions.sessions.keys()].join('\n')}\n`,
      stderr: '',
      exitCode: 0,
      isTruncated: false,
    })),
  };
  const ready = (engine?: ContainerEngine) =>
    links.ready(hostId, { connection: connection as unknown as HostConnection, ...(engine && { engine }) });
  const lose = (...numbers: number[]) => {
    for (const n of numbers) {
      const id = idOf(n);
      away.set(id, { id, place: { generation: 1, offset: n }, isClosing: false });
    }
  };
  return {
    ...{ links, clock, sessions, away, told, alive, returns, connection, ready, lose },
    offers: (next: typeof offer) => {
      offer = next;
    },
  };
}

/** All that follows at once. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await setImmediate();
}

describe('TerminalReturns', () => {
  it('attaches all that run, where they stopped, and tells of those that do not', async () => {
    const { returns, ready, sessions, lose, told, clock } = start();
    lose(1, 2, 3);
    sessions.add(idOf(1), note);
    sessions.add(idOf(3), note);
    returns.welcome(ready());
    await settled();
    expect(told.sort()).toEqual(['back 01', 'back 03', `gone 02: It does not run on “${hostId}” any more.`]);
    expect(sessions.places).toEqual([
      { generation: 1, offset: 1 },
      { generation: 1, offset: 3 },
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends those that were closed meanwhile', async () => {
    const { returns, ready, sessions, away, told } = start();
    away.set(idOf(1), { id: idOf(1), place: undefined, isClosing: true });
    sessions.add(idOf(1), note);
    returns.welcome(ready());
    await settled();
    expect(told).toEqual(['gone 01: It was closed.']);
    expect(sessions.sessions.size).toBe(0);
    expect(sessions.asked).not.toContain(`attach ${idOf(1)}`);
  });

  it('shows those that nobody remembers and attaches them; starts nothing where there are none', async () => {
    const { returns, ready, sessions, told, offers, connection } = start();
    let offerCount = 0;
    offers(async () => {
      offerCount += 1;
      return { multiplexer: sessions.way() };
    });
    sessions.add('term_other0000000000000000', note);
    returns.welcome(ready());
    await settled();
    expect([told, offerCount]).toEqual([[], 0]);
    expect(connection.runScript).toHaveBeenCalledWith('terminal-sessions', [], expect.anything());
    sessions.add(idOf(7), note);
    sessions.add(idOf(8), 'somebody wrote this');
    returns.welcome(ready());
    await settled();
    expect(told).toEqual(['found 07 of a host', 'back 07']);
  });

  it('tells of a session that went away while it was attached', async () => {
    const { returns, ready, sessions, lose, told } = start();
    lose(1);
    sessions.add(idOf(1), note);
    sessions.onAttach = (id) => void sessions.sessions.delete(id);
    returns.welcome(ready());
    await settled();
    expect(told).toEqual([`gone 01: It does not run on “${hostId}” any more.`]);
  });

  it('tries again on a link that lives, later each time, and alone what is not back', async () => {
    const { returns, ready, sessions, lose, told, clock } = start();
    lose(1, 2);
    for (const n of [1, 2]) sessions.add(idOf(n), note);
    const tries: number[] = [];
    sessions.onAttach = (id) => {
      if (id !== idOf(2)) return;
      tries.push(clock.monotonicMs());
      if (tries.length < 7) throw new BerthError('timed-out', 'slow');
    };
    returns.welcome(ready());
    await settled();
    expect(told).toEqual(['back 01']);
    await clock.advance(60_000);
    expect(told).toEqual(['back 01', 'back 02']);
    expect(tries).toEqual([0, 300, 1_300, 4_300, 14_300, 24_300, 34_300]);
    expect(sessions.asked.filter((one) => one === `attach ${idOf(1)}`)).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('tries again when the multiplexer itself does not come', async () => {
    const { returns, ready, sessions, lose, told, clock, offers } = start();
    lose(1);
    sessions.add(idOf(1), note);
    let count = 0;
    offers(async () => {
      count += 1;
      if (count < 3) throw new BerthError('timed-out', 'slow');
      return { multiplexer: sessions.way() };
    });
    returns.welcome(ready());
    await clock.advance(2_000);
    expect(told).toEqual(['back 01']);
  });

  it('takes those for gone that a host without a multiplexer cannot have', async () => {
    const { returns, ready, lose, told, offers } = start();
    lose(1);
    offers(async () => ({ reason: 'tmux is not installed.' }));
    returns.welcome(ready());
    await settled();
    expect(told).toEqual(['gone 01: tmux is not installed.']);
  });

  it('does not give up what runs on a host that cannot begin any just now', async () => {
    const { returns, ready, sessions, lose, told, offers, clock } = start();
    lose(1, 2);
    sessions.add(idOf(1), note);
    offers(async () => ({ reason: 'Its disk is full.' }));
    returns.welcome(ready());
    await clock.advance(10_000);
    expect(told).toEqual(['gone 02: Its disk is full.']);
    offers(async () => ({ multiplexer: sessions.way() }));
    await clock.advance(10_000);
    expect(told.slice(1)).toEqual(['back 01']);
  });

  it('attaches eight at a time', async () => {
    const { returns, ready, sessions, lose, told } = start();
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    lose(...numbers);
    for (const n of numbers) sessions.add(idOf(n), note);
    const waiting: (() => void)[] = [];
    sessions.onAttach = () => new Promise<void>((resolve) => waiting.push(resolve));
    returns.welcome(ready());
    await settled();
    expect(waiting).toHaveLength(8);
    waiting.shift()?.();
    await settled();
    expect(waiting).toHaveLength(8);
    while (waiting.length > 0) {
      waiting.shift()?.();
      await settled();
    }
    expect(told).toHaveLength(20);
  });

  it('looks once more when asked meanwhile, and no two at a time', async () => {
    const { returns, ready, sessions, lose, told, clock } = start();
    lose(1);
    sessions.add(idOf(1), note);
    const held = Promise.withResolvers<void>();
    sessions.onAttach = () => held.promise;
    const link = ready();
    returns.welcome(link);
    await settled();
    lose(2);
    sessions.add(idOf(2), note);
    returns.welcome(link);
    returns.welcome(link);
    await settled();
    expect(sessions.asked.filter((one) => one.startsWith('sessions'))).toHaveLength(1);
    held.resolve();
    await clock.advance(300);
    expect(told).toContain('back 01');
    expect(told).toContain('back 02');
    expect(sessions.asked.filter((one) => one.startsWith('sessions'))).toHaveLength(2);
  });

  it('looks after a link that came while the one before was being given up', async () => {
    const { returns, ready, sessions, lose, told, links, clock } = start();
    lose(1);
    sessions.add(idOf(1), note);
    const stuck = Promise.withResolvers<void>();
    sessions.onAttach = () => stuck.promise;
    returns.welcome(ready());
    await settled();
    links.lose(hostId);
    sessions.onAttach = () => undefined;
    returns.welcome(ready());
    stuck.reject(new BerthError('connection-lost', 'cut'));
    await clock.advance(1_000);
    expect(told).toEqual(['back 01']);
  });

  it('gives up at the end, and what hangs then is waited for', async () => {
    const { returns, ready, sessions, lose, told, clock } = start();
    lose(1, 2);
    for (const n of [1, 2]) sessions.add(idOf(n), note);
    sessions.onAttach = () => {
      throw new BerthError('timed-out', 'slow');
    };
    const link = ready();
    returns.welcome(link);
    await settled();
    await returns.close();
    expect([told, clock.pendingTimers]).toEqual([[], 0]);
    const { length } = sessions.asked;
    await clock.advance(60_000);
    expect(sessions.asked).toHaveLength(length);
  });
});

describe('the sweep', () => {
  it('comes after those that run are back, and once', async () => {
    const { returns, ready, sessions, lose, told, clock } = start();
    lose(1, 2);
    for (const n of [1, 2]) sessions.add(idOf(n), note);
    let isSlow = true;
    sessions.onAttach = (id) => {
      if (id === idOf(2) && isSlow) throw new BerthError('timed-out', 'slow');
    };
    const engine = {
      listContainers: async () => [{ id: 'up', state: 'running' }],
      listTerminals: async () => [idOf(1), idOf(3)],
      sweepTerminals: async (_: string, ids: readonly string[]) => {
        told.push(`swept ${ids.map((id) => id.slice(-2)).join()}`);
        return ids.length;
      },
    } as unknown as ContainerEngine;
    returns.welcome(ready(engine));
    await settled();
    expect(told).toEqual(['back 01', 'swept 03']);
    isSlow = false;
    await clock.advance(20_000);
    expect(told).toEqual(['back 01', 'swept 03', 'back 02']);
  });

  it('comes also with an engine that is there again on the same connection', async () => {
    const { returns, ready, sessions, lose, told } = start();
    lose(1);
    sessions.add(idOf(1), note);
    const held = Promise.withResolvers<void>();
    sessions.onAttach = () => held.promise;
    const link = ready();
    returns.welcome(link);
    await settled();
    const engine = {
      listContainers: async () => {
        told.push('looked');
        return [];
      },
    } as unknown as ContainerEngine;
    returns.welcome({ ...link, engine });
    held.resolve();
    await settled();
    expect(told).toEqual(['back 01', 'looked']);
  });
});
