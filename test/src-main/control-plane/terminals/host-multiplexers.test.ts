/** One way to the sessions of each host, for as long as its link lives. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { HostLink } from '#main/control-plane/hosts/host-links.ts';
import type { HostConnection } from '#main/control-plane/interfaces/host-connection.ts';
import type { MultiplexerOffer } from '#main/control-plane/interfaces/multiplexer.ts';
import { HostMultiplexers } from '#main/control-plane/terminals/host-multiplexers.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';
import { type FakeMultiplexer, FakeSessions } from '#test/harness/fake-multiplexer.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

const hostId = 'host_00000000000000000000' as const;
const otherId = 'host_00000000000000000001' as const;

function start() {
  const links = new FakeLinks();
  const clock = new ManualClock();
  const lost: HostLink[] = [];
  const sessions = new FakeSessions();
  const ways: FakeMultiplexer[] = [];
  let openCount = 0;
  let next: () => Promise<MultiplexerOffer> = async () => {
    const multiplexer = sessions.way();
    ways.push(multiplexer);
    return { multiplexer };
  };
  const multiplexers = new HostMultiplexers({
    factory: {
      open: () => {
        openCount += 1;
        return next();
      },
    },
    clock,
    log: new MemoryLog(),
    onLost: (link) => lost.push(link),
  });
  const ready = (id: typeof hostId | typeof otherId = hostId) =>
    links.ready(id, { connection: { kind: 'ssh' } as HostConnection });
  return {
    ...{ links, clock, lost, sessions, ways, multiplexers, ready },
    openCount: () => openCount,
    opensSo: (open: typeof next) => {
      next = open;
    },
  };
}

describe('HostMultiplexers', () => {
  it('opens one for each host, however many ask', async () => {
    const { multiplexers, ready, openCount } = start();
    const [link, other] = [ready(), ready(otherId)];
    const offers = await Promise.all([multiplexers.of(link), multiplexers.of(link), multiplexers.of(other)]);
    expect(offers[0]).toBe(offers[1]);
    expect(offers[2]).not.toBe(offers[0]);
    expect(await multiplexers.of(link)).toBe(offers[0]);
    expect(openCount()).toBe(2);
  });

  it('keeps it for a new link on the same connection, not for a new connection', async () => {
    const { multiplexers, ready, openCount, ways, links } = start();
    const link = ready();
    await multiplexers.of(link);
    await multiplexers.of({ ...link });
    expect(openCount()).toBe(1);
    links.lose(hostId);
    expect(ways[0]?.isClosed).toBe(true);
    await multiplexers.of(ready());
    expect(openCount()).toBe(2);
    expect(ways[1]?.isClosed).toBe(false);
  });

  it('forgets one whose way is lost while its link lives, and says so once', async () => {
    const { multiplexers, ready, sessions, lost, openCount } = start();
    const link = ready();
    await multiplexers.of(link);
    sessions.cut();
    expect(lost).toEqual([link]);
    await multiplexers.of(link);
    expect(openCount()).toBe(2);
  });

  it('says nothing of one that goes with its link', async () => {
    const { multiplexers, ready, sessions, lost, links } = start();
    const link = ready();
    await multiplexers.of(link);
    links.lose(hostId);
    sessions.cut();
    expect(lost).toEqual([]);
  });

  it('remembers a refusal for fifteen seconds', async () => {
    const { multiplexers, ready, clock, openCount, opensSo } = start();
    const link = ready();
    opensSo(async () => ({ reason: 'tmux is not installed.' }));
    expect(await multiplexers.of(link)).toEqual({ reason: 'tmux is not installed.' });
    await clock.advance(14_000);
    await multiplexers.of(link);
    expect(openCount()).toBe(1);
    await clock.advance(1_000);
    await multiplexers.of(link);
    expect(openCount()).toBe(2);
  });

  it('does not remember a failure', async () => {
    const { multiplexers, ready, openCount, opensSo } = start();
    const link = ready();
    opensSo(() => Promise.reject(new BerthError('timed-out', 'no answer')));
    const both = await Promise.allSettled([multiplexers.of(link), multiplexers.of(link)]);
    expect(both).toMatchObject([{ reason: { code: 'timed-out' } }, { reason: { code: 'timed-out' } }]);
    await expect(multiplexers.of(link)).rejects.toMatchObject({ code: 'timed-out' });
    expect(openCount()).toBe(2);
  });

  it.each(['the link was lost', 'Berth ended'])('lets go of one that comes when %s', async (what) => {
    const { multiplexers, ready, links, opensSo, sessions } = start();
    const opened = Promise.withResolvers<MultiplexerOffer>();
    opensSo(() => opened.promise);
    const link = ready();
    const offer = multiplexers.of(link);
    await Promise.resolve();
    if (what === 'Berth ended') multiplexers.close();
    else links.lose(hostId);
    const multiplexer = sessions.way();
    opened.resolve({ multiplexer });
    await offer;
    expect(multiplexer.isClosed).toBe(true);
  });

  it('lets go of all at the end', async () => {
    const { multiplexers, ready, ways } = start();
    await multiplexers.of(ready());
    await multiplexers.of(ready(otherId));
    multiplexers.close();
    expect(ways.map(({ isClosed }) => isClosed)).toEqual([true, true]);
  });
});
