/** The list of terminals: limits, ends, what is remembered, what is swept. PTYs, hosts and store are fakes. */
import { describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId } from '#contract/ids.ts';
import { createScreenKeeper } from '#main/adapters/screen/screen-keeper.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import type { ContainerEngine } from '#main/control-plane/interfaces/container-engine.ts';
import { maxOpenTerminals, TerminalService } from '#main/control-plane/terminals/terminal-service.ts';
import { FakeByteChannel } from '#test/harness/fake-byte-channel.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';
import { FakePty } from '#test/harness/fake-pty.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';

const hostId = 'host_00000000000000000000' as const;
const target = { kind: 'host', hostId } as const;
const size = { cols: 80, rows: 24 };
const never = new AbortController().signal;

function start(store = new MemoryRecordStore()) {
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
    await service.closeTerminal(first.id);
    await expect(open()).resolves.toBeDefined();
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
    await vi.waitFor(() => expect(swept).toEqual([['up', ours]]));
  });
});
