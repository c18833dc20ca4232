/** The list of terminals: limits, ends, what is remembered, what is swept. PTYs, hosts and store are fakes. */
import { describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, type UserId } from '#contract/ids.ts';
import { createScreenKeeper } from '#main/adapters/screen/screen-keeper.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import type { ContainerEngine } from '#main/control-plane/interfaces/container-engine.ts';
import type { HostConnection } from '#main/control-plane/interfaces/host-connection.ts';
import { HostMultiplexers } from '#main/control-plane/terminals/host-multiplexers.ts';
import { maxOpenTerminals, TerminalService } from '#main/control-plane/terminals/terminal-service.ts';
import { FakeByteChannel } from '#test/harness/fake-byte-channel.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';
import { FakeSessions } from '#test/harness/fake-multiplexer.ts';
import { FakePty } from '#test/harness/fake-pty.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';

const hostId = 'host_00000000000000000000' as const;
const target = { kind: 'host', hostId } as const;
const size = { cols: 80, rows: 24 };
const never = new AbortController().signal;

function start(
  store = new MemoryRecordStore(),
  idleTimeoutMs: number | null = null,
  ownIdleTimeoutMs: (userId: UserId) => number | null = () => null,
  endedByBerth: () => string | null = () => null,
) {
  const links = new FakeLinks();
  const clock = new ManualClock();
  const ptys: FakePty[] = [];
  const backend = {
    hostOf: () => hostId,
    endRest: () => Promise.resolve(),
    open: vi.fn(async () => {
      const pty = new FakePty();
      ptys.push(pty);
      return { pty, kept: undefined, attachedTo: '“atlas”', lifetimeNote: null };
    }),
  };
  const service = new TerminalService({
    store,
    links,
    backends: { workspace: backend, host: backend },
    multiplexers: { of: async () => ({ reason: 'none here' }), close: () => undefined },
    createScreenKeeper,
    clock,
    random: createSystemRandom(),
    log: new MemoryLog(),
    workspaceOwner: () => undefined,
    endedByBerth,
    idleTimeoutMs,
    ownIdleTimeoutMs,
    tag: 'abc123',
  });
  const open = () => service.open({ target, size, name: null }, localOwnerId, never);
  const all = async () => {
    const abort = new AbortController();
    for await (const item of service.watch(abort.signal)) {
      abort.abort();
      if (item.type === 'all') return item.items;
    }
    throw new Error('nothing came');
  };
  return { service, links, clock, ptys, backend, open, all, store };
}

describe('TerminalService', () => {
  it('names terminals so that this Berth knows its own again', async () => {
    expect((await start().open()).id).toMatch(/^term_abc123[0-9a-z]{14}$/);
  });

  it('opens no more than the limit, and another one after a close', async () => {
    const { service, open } = start();
    const first = await open();
    await Promise.all(Array.from({ length: maxOpenTerminals - 1 }, open));
    await expect(open()).rejects.toMatchObject({ code: 'too-many' });
    // Somebody else's are counted apart.
    const other: UserId = 'user_00000000000000000abc';
    await expect(service.open({ target, size, name: null }, other, never)).resolves.toBeDefined();
    await service.closeTerminal(first.id);
    await expect(open()).resolves.toBeDefined();
  });

  it('tells when one of a host was last typed or printed to', async () => {
    const { clock, open, ptys, service } = start();
    const ofHost = () => service.usedMs((one) => one.kind === 'host' && one.hostId === hostId);
    expect(ofHost()).toBeNull();
    const { id } = await open();
    await clock.advance(5_000);
    expect(ofHost()).toBe(0);
    ptys[0]?.print('$ ');
    expect(ofHost()).toBe(5_000);
    await clock.advance(5_000);
    const channel = new FakeByteChannel();
    const attached = service.attach(id, channel, never);
    await channel.type('ls\r');
    expect(ofHost()).toBe(10_000);
    expect(service.usedMs(() => false)).toBeNull();
    await service.closeTerminal(id);
    await attached;
    expect(ofHost()).toBeNull();
  });

  it('ends the shell that nobody waits for any more', async () => {
    const { service, ptys, backend, all } = start();
    const abort = new AbortController();
    const pty = new FakePty();
    backend.open.mockImplementationOnce(async () => {
      abort.abort();
      ptys.push(pty);
      return { pty, kept: undefined, attachedTo: '“atlas”', lifetimeNote: null };
    });
    const opening = service.open({ target, size, name: null }, localOwnerId, abort.signal);
    await expect(opening).rejects.toMatchObject({ code: 'cancelled' });
    expect(pty.isKilled).toBe(true);
    expect(await all()).toEqual([]);
  });

  it('types what was asked for once its shell is quiet, without Return, and never again', async () => {
    const { service, ptys, clock } = start();
    await service.open({ target, size, name: null, typed: 'apt-get install -y tmux' }, localOwnerId, never);
    const [pty] = ptys;
    await clock.advance(10_000);
    expect(pty?.written).toEqual([]);
    pty?.print('Last login: yesterday\r\n');
    await clock.advance(199);
    pty?.print('$ ');
    await clock.advance(199);
    expect(pty?.written).toEqual([]);
    await clock.advance(1);
    expect(pty?.written).toEqual(['apt-get install -y tmux']);
    pty?.print('apt-get install -y tmux');
    await clock.advance(10_000);
    expect(pty?.written).toHaveLength(1);
  });

  it('types nothing into what ended before, and nothing where nothing was asked for', async () => {
    const { service, open, ptys, clock } = start();
    const { id } = await service.open({ target, size, name: null, typed: 'ls' }, localOwnerId, never);
    await service.open({ target, size, name: null, typed: 'ls' }, localOwnerId, never);
    await open();
    for (const pty of ptys) pty.print('$ ');
    await service.closeTerminal(id);
    ptys[1]?.end(0);
    await clock.advance(1_000);
    expect(ptys.map(({ written }) => written)).toEqual([[], [], []]);
  });

  describe('that nobody uses', () => {
    const minuteMs = 60_000;
    const startIdle = async (timeoutMs: number | null = 10 * minuteMs) => {
      const world = start(new MemoryRecordStore(), timeoutMs);
      world.service.start();
      const { id } = await world.open();
      return { ...world, id, pty: world.ptys[0]! };
    };

    it('is closed, its shell ended, and its tab says why', async () => {
      const { clock, all, pty } = await startIdle();
      await clock.advance(9 * minuteMs);
      expect(pty.isKilled).toBe(false);
      await clock.advance(2 * minuteMs);
      expect(pty.isKilled).toBe(true);
      expect((await all())[0]?.state).toMatchObject({
        phase: 'ended',
        error: {
          code: 'terminal.ended',
          message: expect.stringContaining('silent for 10 minutes'),
          details: { reason: 'idle' },
        },
      });
    });

    it('stays while it prints, is typed into or is watched, and for as long after that', async () => {
      const { clock, service, id, pty } = await startIdle();
      await clock.advance(9 * minuteMs);
      pty.print('tick');
      await clock.advance(9 * minuteMs);
      expect(pty.isKilled).toBe(false);
      const end = new AbortController();
      const channel = new FakeByteChannel();
      const attached = service.attach(id, channel, end.signal);
      await clock.advance(60 * minuteMs);
      expect(pty.isKilled).toBe(false);
      end.abort();
      await attached;
      await clock.advance(9 * minuteMs);
      expect(pty.isKilled).toBe(false);
      await clock.advance(2 * minuteMs);
      expect(pty.isKilled).toBe(true);
    });

    it.each([
      { server: null, own: 5, closedAfter: 5 },
      { server: 10, own: 5, closedAfter: 5 },
      { server: 10, own: 60, closedAfter: 10 },
      { server: null, own: null, closedAfter: null },
    ])(
      'is closed after the shorter of the server’s time and its owner’s: %j',
      async ({ server, own, closedAfter }) => {
        let minutes = own === null ? null : own * minuteMs;
        const serverMs = server === null ? null : server * minuteMs;
        const { service, open, ptys, clock } = start(new MemoryRecordStore(), serverMs, () => minutes);
        service.start();
        await open();
        await clock.advance(((closedAfter ?? 60) - 0.5) * minuteMs);
        expect(ptys[0]?.isKilled).toBe(false);
        await clock.advance(2 * minuteMs);
        expect(ptys[0]?.isKilled).toBe(closedAfter !== null);
        // Said later, it counts from then on.
        if (closedAfter === null) {
          minutes = 5 * minuteMs;
          await clock.advance(2 * minuteMs);
          expect(ptys[0]?.isKilled).toBe(true);
        }
      },
    );

    it('tells what is done in those of a workspace', async () => {
      const { service, ptys, clock } = start();
      const workspaceId = 'ws_00000000000000000000' as const;
      await service.open(
        { target: { kind: 'workspace', workspaceId }, size, name: null },
        localOwnerId,
        never,
      );
      expect(service.useIn(workspaceId)).toMatchObject([
        { clientCount: 0, typedAtMs: null, printedAtMs: null },
      ]);
      await clock.advance(1_000);
      ptys[0]?.print('tick');
      expect(service.useIn(workspaceId)).toMatchObject([{ typedAtMs: null, printedAtMs: 1_000 }]);
      expect(service.useIn('ws_zzzzzzzzzzzzzzzzzzzz')).toEqual([]);
    });

    it('stays while its shell says that a command runs', async () => {
      const { clock, pty } = await startIdle();
      pty.print('$ sleep 99999\r\n\x1b]133;C\x07');
      await clock.advance(600 * minuteMs);
      expect(pty.isKilled).toBe(false);
      pty.print('\x1b]133;D;0\x07$ ');
      await clock.advance(12 * minuteMs);
      expect(pty.isKilled).toBe(true);
    });

    it('stays for ever where nobody set a time', async () => {
      const { clock, pty } = await startIdle(null);
      await clock.advance(100_000 * minuteMs);
      expect(pty.isKilled).toBe(false);
    });
  });

  it('passes on why a shell could not be opened, and keeps nothing', async () => {
    const { open, backend, all } = start();
    backend.open.mockRejectedValueOnce(new BerthError('host.sessions-exhausted', 'No more.'));
    await expect(open()).rejects.toMatchObject({ code: 'host.sessions-exhausted' });
    backend.open.mockRejectedValueOnce(new Error('odd'));
    await expect(open()).rejects.toMatchObject({ code: 'terminal.open-failed' });
    expect(await all()).toEqual([]);
  });

  it('shows how a terminal ended, and refuses keystrokes’ neighbours afterwards', async () => {
    const { service, open, ptys, all } = start();
    const { id } = await open();
    ptys[0]?.print('bye');
    ptys[0]?.end(null, new BerthError('connection-lost', 'The line was cut.'));
    expect((await all())[0]?.state).toMatchObject({ phase: 'ended', error: { code: 'connection-lost' } });
    expect(() => service.resize(id, size)).toThrow(expect.objectContaining({ code: 'terminal.ended' }));
    const channel = new FakeByteChannel();
    await service.attach(id, channel, never);
    expect(channel.text).toMatch(/^bye/);
  });

  it.each([
    ['was killed with its workspace', 137, 'stopped'],
    ['lost its way with it', null, 'stopped'],
    ['ended by itself before', 1, undefined],
  ])('that %s says so, and its tab stays', async (_, exitCode, reason) => {
    const { open, ptys, all } = start(undefined, null, undefined, () => '“anvil” went to sleep.');
    const { id } = await open();
    ptys[0]?.end(exitCode);
    const [only] = await all();
    expect(only?.id).toBe(id);
    const state = only?.state.phase === 'ended' ? only.state : undefined;
    expect(state?.exitCode).toBe(reason === undefined ? exitCode : null);
    expect(state?.error?.details?.reason).toBe(reason);
    if (reason !== undefined)
      expect(state?.error?.message).toBe(
        'The shell in “atlas” ended with its programs. “anvil” went to sleep.',
      );
  });

  it('tells of titles at most ten times a second', async () => {
    const { open, ptys, clock, all } = start();
    await open();
    for (let index = 0; index < 1_000; index++) ptys[0]?.print(`\x1b]0;title ${index}\x07`);
    expect((await all())[0]?.programTitle).toBe('');
    await clock.advance(100);
    expect((await all())[0]?.programTitle).toBe('title 999');
  });

  it('remembers what was open when Berth ended, in whatever way it did', async () => {
    const killed = start();
    const { id } = await killed.open();
    await killed.service.rename(id, 'build');
    const next = start(killed.store);
    await next.service.load();
    const [remembered] = await next.all();
    expect(remembered).toMatchObject({ id, name: 'build', target, size });
    expect(remembered?.state).toMatchObject({
      phase: 'ended',
      error: { details: { reason: 'restarted', attachedTo: '“atlas”' } },
    });
    await expect(next.service.attach(id, new FakeByteChannel(), never)).rejects.toMatchObject({
      code: 'terminal.ended',
    });
    await next.service.closeTerminal(id);
    const last = start(killed.store);
    await last.service.load();
    expect(await last.all()).toEqual([]);
  });

  it('ends every shell when Berth ends, and says restarted, not killed', async () => {
    const { service, open, ptys, store } = start();
    await open();
    await service.close();
    expect(ptys[0]?.isKilled).toBe(true);
    const next = start(store);
    await next.service.load();
    expect((await next.all())[0]?.state).toMatchObject({ error: { details: { reason: 'restarted' } } });
  });

  it('sweeps its own leftovers, never a living terminal, never another Berth’s', async () => {
    const { service, links, open } = start();
    const living = await open();
    const ours = 'term_abc12300000000000000';
    const theirs = 'term_zzz99900000000000000';
    const swept: string[][] = [];
    const engine = {
      listContainers: async () => [
        { id: 'up', state: 'running' },
        { id: 'down', state: 'exited' },
      ],
      listTerminals: async (container: string) =>
        container === 'up' ? [living.id, ours, theirs, 'nonsense'] : ['term_abc12311111111111111'],
      sweepTerminals: async (container: string, ids: readonly string[]) => {
        swept.push([container, ...ids]);
        return ids.length;
      },
    } as unknown as ContainerEngine;
    service.start();
    links.ready(hostId, { engine });
    await expect.poll(() => swept).toEqual([['up', ours]]);
  });
});

/** A host whose terminals outlive their connection. `store` and `sessions` are what a restart of Berth leaves. */
function startKept({
  store = new MemoryRecordStore(),
  sessions = new FakeSessions(),
  clock = new ManualClock(),
  endedByBerth = (): string | null => null,
} = {}) {
  const links = new FakeLinks();
  const rests: string[] = [];
  const log = new MemoryLog();
  const multiplexers = new HostMultiplexers({
    factory: { open: async () => ({ multiplexer: sessions.way() }) },
    clock,
    log,
    onLost: (link) => service.multiplexerLost(link),
    onSlow: () => undefined,
  });
  const backend = {
    hostOf: () => hostId,
    endRest: async (id: string) => void rests.push(id),
    open: async ({ id }: { id: string }) => {
      const offer = await multiplexers.of(links.require(hostId));
      if (!('multiplexer' in offer)) throw new Error(offer.reason);
      const spec = { id, size, env: {}, argv: ['sh'] as [string], note: JSON.stringify(target) };
      const kept = await offer.multiplexer.open({ ...spec, hasReadyByte: false });
      return { pty: kept, kept, attachedTo: '“atlas”', lifetimeNote: null };
    },
  };
  const service: TerminalService = new TerminalService({
    ...{ store, links, clock, log, multiplexers, createScreenKeeper },
    backends: { workspace: backend, host: backend },
    random: createSystemRandom(),
    workspaceOwner: () => undefined,
    endedByBerth,
    idleTimeoutMs: null,
    ownIdleTimeoutMs: () => null,
    tag: 'abc123',
  });
  const connection = {
    kind: 'ssh',
    probe: async () => 11,
    runScript: async () => ({ stdout: [...sessions.sessions.keys()].join('\n'), stderr: '', exitCode: 0 }),
  } as unknown as HostConnection;
  const all = async () => {
    const abort = new AbortController();
    for await (const item of service.watch(abort.signal)) {
      abort.abort();
      if (item.type === 'all') return item.items;
    }
    throw new Error('nothing came');
  };
  return {
    ...{ service, links, sessions, store, clock, all, rests },
    /** The host is there; what that starts has run. */
    ready: async () => {
      links.ready(hostId, { connection });
      await clock.advance(10);
    },
    /** The network is gone: every way is cut. */
    lose: async () => {
      links.lose(hostId);
      sessions.cut();
      await clock.advance(10);
    },
    open: () => service.open({ target, size, name: null }, localOwnerId, never),
    only: async () => {
      const items = await all();
      expect(items).toHaveLength(1);
      return items[0]!;
    },
    ptyOf: (id: string) => sessions.sessions.get(id)!.pty!,
    attach: (id: Parameters<TerminalService['attach']>[0]) => {
      const channel = new FakeByteChannel();
      let outcome: unknown = 'attached';
      void service.attach(id, channel, never).then(
        () => (outcome = 'ended'),
        (error: unknown) => (outcome = error),
      );
      return { channel, outcome: () => outcome };
    },
  };
}

describe('a terminal that outlives its connection', () => {
  it('says so, and how to join it from elsewhere', async () => {
    const { service, ready, open } = startKept();
    service.start();
    await ready();
    const terminal = await open();
    expect(terminal).toMatchObject({
      lifetime: 'multiplexer',
      lifetimeNote: null,
      attachCommand: `tmux -u -L berth attach -t =${terminal.id}`,
      state: { phase: 'live', reattachedAt: null },
    });
    expect(await service.measure(terminal.id)).toEqual({ hostMs: 11, streamMs: 5, behindBytes: 7 });
  });

  it('is lost when the way is cut, and live again when its host is back, at the byte where it stopped', async () => {
    const { service, ready, lose, open, only, ptyOf, attach, sessions } = startKept();
    service.start();
    await ready();
    const { id } = await open();
    const { channel, outcome } = attach(id);
    ptyOf(id).print('one ');
    ptyOf(id).unconfirmedBytes = 3;
    await lose();
    expect((await only()).state).toMatchObject({ phase: 'lost', unconfirmedBytes: 3 });
    await channel.type('ab');
    await expect(service.measure(id)).rejects.toMatchObject({ code: 'host.not-connected' });
    expect((await only()).state).toMatchObject({ unconfirmedBytes: 5 });
    service.resize(id, { cols: 100, rows: 30 });
    await ready();
    expect((await only()).state).toMatchObject({ phase: 'live', reattachedAt: expect.any(String) });
    expect(sessions.places).toEqual([{ generation: 1, offset: 4 }]);
    expect(ptyOf(id).sizes).toEqual([{ cols: 100, rows: 30 }]);
    ptyOf(id).print('two');
    expect([channel.text, outcome()]).toEqual(['one two', 'attached']);
    await channel.type('c');
    expect(ptyOf(id).written).toEqual(['c']);
  });

  it('comes back by itself when only its own way was cut', async () => {
    const { service, ready, open, only, ptyOf, clock, sessions } = startKept();
    service.start();
    await ready();
    const { id } = await open();
    ptyOf(id).end(null, new BerthError('timed-out', 'The stream does not answer.'));
    expect((await only()).state.phase).toBe('lost');
    await clock.advance(1_000);
    expect((await only()).state.phase).toBe('live');
    expect(sessions.asked.filter((one) => one.startsWith('attach'))).toHaveLength(1);
  });

  it('comes back after the way to all of them was lost on a living connection', async () => {
    const { service, ready, open, only, sessions, clock } = startKept();
    service.start();
    await ready();
    await open();
    sessions.cut();
    await clock.advance(1_000);
    expect((await only()).state.phase).toBe('live');
  });

  it('shows the screen of now where the bytes between are gone', async () => {
    const { service, ready, lose, open, only, ptyOf, attach, sessions } = startKept();
    service.start();
    await ready();
    const { id } = await open();
    const { channel } = attach(id);
    ptyOf(id).print('before\x1b[?2004h');
    await lose();
    const nothing = new Uint8Array(0);
    sessions.captured = {
      ...{ history: nothing, screen: Buffer.from('now\n'), saved: nothing, recent: nothing, size },
      ...{ cursor: { x: 3, y: 0, isShown: true }, savedCursor: { x: 0, y: 0 }, isAlternate: false },
      ...{ modes: new Map([[7, true]]), isInserting: false, scrollRegion: { top: 0, bottom: 23 } },
      title: 'htop',
    };
    await ready();
    expect(channel.text).toMatch(/^before.*\x1bc.*now.*\x1b\[\?2004h/s);
    expect((await only()).programTitle).toBe('htop');
  });

  it('is told as gone when its session is, with the screen that it left', async () => {
    const { service, ready, lose, open, only, ptyOf, attach, sessions, rests } = startKept();
    service.start();
    await ready();
    const { id } = await open();
    const { outcome } = attach(id);
    ptyOf(id).print('last');
    await lose();
    sessions.sessions.clear();
    await ready();
    expect((await only()).state).toMatchObject({
      phase: 'ended',
      exitCode: null,
      error: { code: 'terminal.ended', details: { reason: 'gone' } },
    });
    expect([outcome(), rests]).toEqual(['ended', [id]]);
    const late = new FakeByteChannel();
    await service.attach(id, late, never);
    expect(late.text).toMatch(/last/);
  });

  it('says that its machine slept, where that is why its session is gone', async () => {
    let why: string | null = null;
    const { service, ready, lose, open, only, sessions } = startKept({ endedByBerth: () => why });
    service.start();
    await ready();
    const { id } = await open();
    await lose();
    why = '“anvil” went to sleep.';
    expect((await only()).state.phase).toBe('lost');
    sessions.sessions.clear();
    await ready();
    expect(await only()).toMatchObject({
      id,
      state: {
        phase: 'ended',
        exitCode: null,
        error: { details: { reason: 'stopped' }, message: expect.stringContaining('“anvil” went to sleep.') },
      },
    });
  });

  it('keeps the screens of no more than some of those that are gone', async () => {
    const { service, ready, lose, open, all, sessions } = startKept();
    service.start();
    await ready();
    for (let n = 0; n < 40; n++) await open();
    await lose();
    sessions.sessions.clear();
    await ready();
    const tries = (await all()).map(({ id }) => service.attach(id, new FakeByteChannel(), never));
    const outcomes = await Promise.allSettled(tries);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(32);
  });

  it('that ended meanwhile gives its last output and its exit code', async () => {
    const { service, ready, lose, open, only, ptyOf } = startKept();
    service.start();
    await ready();
    const { id } = await open();
    await lose();
    await ready();
    ptyOf(id).print('bye');
    ptyOf(id).end(3);
    expect((await only()).state).toMatchObject({ phase: 'ended', exitCode: 3, error: null });
    expect(() => service.resize(id, size)).toThrow(expect.objectContaining({ code: 'terminal.ended' }));
  });

  it('is gone with its host', async () => {
    const { service, ready, lose, open, only, links } = startKept();
    service.start();
    await ready();
    await open();
    await lose();
    links.remove(hostId);
    await vi.waitFor(
      async () =>
        expect((await only()).state).toMatchObject({
          phase: 'ended',
          error: { message: expect.stringContaining('Its host was removed.') },
        }),
      { timeout: 15_000 },
    );
  });
});

describe('a terminal that outlives Berth', () => {
  it('is lost after the next start, and back with its host', async () => {
    const before = startKept();
    before.service.start();
    await before.ready();
    const { id } = await before.open();
    await before.service.rename(id, 'build');
    await before.service.close();
    expect(before.sessions.sessions.has(id)).toBe(true);

    const { service, ready, only, attach, ptyOf, sessions } = startKept(before);
    await service.load();
    service.start();
    expect(await only()).toMatchObject({ id, name: 'build', state: { phase: 'lost', unconfirmedBytes: 0 } });
    const { channel } = attach(id);
    await ready();
    expect((await only()).state.phase).toBe('live');
    // Nobody knows any more where it stopped.
    expect(sessions.places).toEqual([undefined]);
    ptyOf(id).print('$ ');
    await expect.poll(() => channel.text).toContain('$ ');
  });

  it('is also back when Berth was killed', async () => {
    const before = startKept();
    before.service.start();
    await before.ready();
    const { id } = await before.open();
    before.sessions.cut();
    const { service, ready, only } = startKept(before);
    await service.load();
    service.start();
    await ready();
    expect(await only()).toMatchObject({ id, state: { phase: 'live' } });
  });

  it('closed while it was away is out of sight, also after a restart, and ended with its host there', async () => {
    const before = startKept();
    before.service.start();
    await before.ready();
    const { id } = await before.open();
    await before.lose();
    await before.service.closeTerminal(id);
    expect(await before.all()).toEqual([]);
    await before.service.close();

    const after = startKept(before);
    await after.service.load();
    after.service.start();
    expect(await after.all()).toEqual([]);
    await after.ready();
    expect([after.sessions.sessions.size, after.sessions.asked.at(-1)]).toEqual([0, `end ${id}`]);
    expect(after.rests).toEqual([id]);

    const last = startKept(after);
    await last.service.load();
    last.service.start();
    await last.ready();
    expect([await last.all(), last.sessions.asked.length]).toEqual([[], after.sessions.asked.length]);
  });

  it('closed while it is being attached is ended all the same', async () => {
    const { service, ready, lose, open, all, sessions, clock } = startKept();
    service.start();
    await ready();
    const { id } = await open();
    await lose();
    const held = Promise.withResolvers<void>();
    sessions.onAttach = () => held.promise;
    await ready();
    await service.closeTerminal(id);
    held.resolve();
    await clock.advance(20_000);
    expect([await all(), sessions.sessions.size]).toEqual([[], 0]);
  });

  it('is found when nobody remembers it, and then a terminal like others', async () => {
    const before = startKept();
    before.service.start();
    await before.ready();
    const { id } = await before.open();
    await before.service.close();

    const { service, ready, only, ptyOf, attach } = startKept({ sessions: before.sessions });
    await service.load();
    service.start();
    await ready();
    expect(await only()).toMatchObject({ id, isFound: true, target, size, state: { phase: 'live' } });
    ptyOf(id).print('$ ');
    expect(attach(id).channel.text).toContain('$ ');
    await service.closeTerminal(id);
    expect(before.sessions.sessions.size).toBe(0);
  });

  it('is not taken for a found one while it is being opened', async () => {
    const { service, ready, open, all, sessions } = startKept();
    service.start();
    await ready();
    const opening = open();
    await ready();
    await opening;
    expect((await all()).map(({ isFound }) => isFound)).toEqual([false]);
    expect(sessions.sessions.size).toBe(1);
  });

  it('is left alone when Berth ends in the middle of its return', async () => {
    const { service, ready, lose, open, sessions } = startKept();
    service.start();
    await ready();
    const { id } = await open();
    await lose();
    const held = Promise.withResolvers<void>();
    sessions.onAttach = () => held.promise;
    await ready();
    const closed = service.close();
    held.resolve();
    await closed;
    expect([sessions.sessions.has(id), sessions.sessions.get(id)?.pty?.isReleased]).toEqual([true, true]);
  });
});
