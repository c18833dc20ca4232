/** Shares of terminals: what a link opens, what ends it, and what is left of it on disk. Time moves by hand. */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { contract } from '#contract/index.ts';
import type { SharedTerminal } from '#contract/terminal-shares.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import { createDispatcher } from '#main/control-plane/dispatcher.ts';
import {
  guestHandlers,
  terminalShareHandlers,
} from '#main/control-plane/terminals/terminal-share-handlers.ts';
import { maxGuestsPerShare, maxSharesPerTerminal } from '#main/control-plane/terminals/terminal-shares.ts';
import { FakeByteChannel } from '#test/harness/fake-byte-channel.ts';
import { liveTerminal, otherId, owner, shareWorld, terminalId } from '#test/harness/share-world.ts';
import { fixedRandom, handlersWith } from '#test/transports/plane-double.ts';
import { ownershipWith } from '#test/harness/ownership.ts';

const minuteMs = 60_000;
const never = new AbortController().signal;
type World = Awaited<ReturnType<typeof shareWorld>>;

async function share(world: World, access: 'read' | 'write' = 'read', expiresInMinutes = 60) {
  const made = await world.shares.share({ id: terminalId, access, expiresInMinutes }, owner);
  return { ...made, token: made.path.slice('/shared#'.length) };
}

function come(world: World, token: string) {
  const { shareId } = world.shares.enter(token);
  const onEnd = vi.fn();
  const { caller, leave } = world.shares.admit(shareId, onEnd);
  const shown: SharedTerminal[] = [];
  let isEnded = false;
  const abort = new AbortController();
  const watching = (async () => {
    for await (const item of world.shares.watchShared({ caller, signal: abort.signal })) shown.push(item);
    isEnded = true;
  })();
  return { caller, leave, onEnd, shown, watching, abort, isEnded: () => isEnded };
}

const codeOf = (act: () => unknown) => {
  try {
    act();
    return 'done';
  } catch (error) {
    return error instanceof BerthError ? JSON.stringify(error.toShape()) : 'foreign';
  }
};

describe('a link', () => {
  it('holds 256 random bits behind a fragment, of which only the hash is kept', async () => {
    const world = await shareWorld();
    const { token, path, share: made } = await share(world);
    expect(path).toMatch(/^\/shared#[\w-]{43}$/);
    expect(made).toMatchObject({ terminalId, access: 'read', viewerCount: 0 });
    expect(Object.keys(made)).not.toContain('tokenHash');
    const kept = JSON.stringify(
      await world.store.collection('terminal-shares', (value) => value as { id: string }).all(),
    );
    expect(kept).toMatch(/"tokenHash":"[0-9a-f]{64}"/);
    expect(kept).not.toContain(token);
    expect(JSON.stringify(world.log)).not.toContain(token);
  });

  it('survives a restart of Berth', async () => {
    const world = await shareWorld();
    const { token, share: made } = await share(world);
    await world.shares.close();
    const next = await shareWorld(world.store, world.clock);
    expect(next.shares.enter(token).shareId).toBe(made.id);
  });

  it('ends at its time, also when the computer slept through it', async () => {
    const world = await shareWorld();
    const { token } = await share(world, 'read', 15);
    await world.clock.advance(15 * minuteMs - 1);
    expect(codeOf(() => world.shares.enter(token))).toBe('done');
    await world.clock.advance(1);
    expect(codeOf(() => world.shares.enter(token))).toContain('not-found');
    const second = await share(world, 'read', 15);
    world.clock.sleep(15 * minuteMs);
    expect(codeOf(() => world.shares.enter(second.token))).toContain('not-found');
  });

  it('is gone from the disk when it has expired, with Berth running or not', async () => {
    const world = await shareWorld();
    await share(world, 'read', 1);
    await share(world, 'read', 2);
    await world.clock.advance(minuteMs);
    const records = world.store.collection('terminal-shares', (value) => value as { id: string });
    expect(await records.all()).toHaveLength(1);
    await world.shares.close();
    world.clock.sleep(minuteMs);
    await shareWorld(world.store, world.clock);
    expect(await records.all()).toEqual([]);
  });

  it('looks the same whether it expired, was revoked, or never was', async () => {
    const world = await shareWorld();
    const expired = await share(world, 'read', 1);
    await world.clock.advance(minuteMs);
    const revoked = await share(world);
    await world.shares.unshare(revoked.share.id);
    const answers = [expired.token, revoked.token, 'never', ''].map((token) =>
      codeOf(() => world.shares.enter(token)),
    );
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('not-found');
  });

  it('that was revoked while the disk was full is taken away when Berth ends', async () => {
    const world = await shareWorld();
    const { token, share: made } = await share(world);
    world.store.failure = new BerthError('store.unwritable', 'Full.');
    await expect(world.shares.unshare(made.id)).rejects.toMatchObject({ code: 'store.unwritable' });
    expect(codeOf(() => world.shares.enter(token))).toContain('not-found');
    world.store.failure = undefined;
    await world.shares.close();
    const next = await shareWorld(world.store, world.clock);
    expect(codeOf(() => next.shares.enter(token))).toContain('not-found');
  });

  it('goes with its terminal, whether that ended or was closed, now or before a start', async () => {
    const world = await shareWorld();
    const first = await share(world);
    world.terminals.put(
      liveTerminal(terminalId, {
        state: { phase: 'ended', at: '2026-01-02T03:04:05.000Z', exitCode: 0, error: null },
      }),
    );
    await turn();
    expect(codeOf(() => world.shares.enter(first.token))).toContain('not-found');
    await expect(share(world)).rejects.toMatchObject({ code: 'terminal.ended' });
    world.terminals.delete(terminalId);
    await turn();
    await expect(share(world)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is refused in the desktop, which has no address', async () => {
    const world = await shareWorld();
    const making = world.shares.share(
      { id: terminalId, access: 'read', expiresInMinutes: 5 },
      { ...owner, mode: 'desktop' },
    );
    await expect(making).rejects.toMatchObject({
      code: 'terminal.share-needs-server',
      message: expect.stringContaining('berth serve') as string,
    });
  });

  it('is one of few', async () => {
    const world = await shareWorld();
    for (let index = 0; index < maxSharesPerTerminal; index++) await share(world);
    await expect(share(world)).rejects.toMatchObject({ code: 'too-many' });
  });

  it('is shown to who made it, and can be revoked by nobody else', async () => {
    const world = await shareWorld();
    const { share: made } = await share(world);
    const other: Caller = { ...owner, userId: 'user_00000000000000000009' };
    const ownership = ownershipWith({ share: (id) => world.shares.find(id)?.userId });
    const seenBy = async (caller: Caller) => {
      const abort = new AbortController();
      const handlers = terminalShareHandlers(world.shares, ownership);
      const context = { caller, signal: abort.signal };
      for await (const item of handlers['terminals.shares']({}, context)) {
        abort.abort();
        return item.type === 'all' ? item.items.map(({ id }) => id) : [];
      }
      return [];
    };
    expect(await seenBy(owner)).toEqual([made.id]);
    expect(await seenBy(other)).toEqual([]);
    expect(ownership.admits(owner, 'terminals.unshare', { shareId: made.id })).toBe(true);
    expect(ownership.admits(other, 'terminals.unshare', { shareId: made.id })).toBe(false);
  });
});

describe('a guest', () => {
  it('is told of the terminal and of nothing behind it', async () => {
    const world = await shareWorld();
    const guest = come(world, (await share(world)).token);
    await turn();
    expect(guest.shown).toHaveLength(1);
    expect(contract['terminals.shared'].item.parse(guest.shown[0])).toEqual(guest.shown[0]);
    expect(JSON.stringify(guest.shown)).not.toMatch(/host_|atlas|ssh/);
    world.terminals.put(liveTerminal(terminalId, { name: 'build', size: { cols: 100, rows: 30 } }));
    world.terminals.put(liveTerminal(otherId, { name: 'other' }));
    await turn();
    expect(guest.shown.at(-1)).toMatchObject({ title: 'build', size: { cols: 100, rows: 30 }, end: null });
    expect(JSON.stringify(guest.shown)).not.toContain('other');
  });

  it('that may only watch types into nothing and is told once; one that may type does', async () => {
    const world = await shareWorld();
    const reader = come(world, (await share(world, 'read')).token);
    const writer = come(world, (await share(world, 'write')).token);
    const [readerEnd, writerEnd] = [new FakeByteChannel(), new FakeByteChannel()];
    void world.shares.attachShared({ id: terminalId }, readerEnd, { caller: reader.caller, signal: never });
    void world.shares.attachShared({ id: terminalId }, writerEnd, { caller: writer.caller, signal: never });
    await turn();
    expect([readerEnd.text, writerEnd.text]).toEqual(['the screen', 'the screen']);
    await readerEnd.type('rm -rf /\r');
    await readerEnd.type('again');
    await writerEnd.type('ls\r');
    await turn();
    expect(world.typed).toEqual(['ls\r']);
    expect(reader.shown.filter(({ isTypingDropped }) => isTypingDropped)).toHaveLength(1);
    expect(writer.shown.some(({ isTypingDropped }) => isTypingDropped)).toBe(false);
  });

  it('attaches to its own terminal and to no other', async () => {
    const world = await shareWorld();
    const { caller } = come(world, (await share(world, 'write')).token);
    const attaching = world.shares.attachShared({ id: otherId }, new FakeByteChannel(), {
      caller,
      signal: never,
    });
    await expect(attaching).rejects.toMatchObject({ code: 'not-found' });
    expect(world.channels).toEqual([]);
  });

  it.each(['revoked', 'expired', 'ended', 'closed'] as const)('is out at once when it is %s', async (how) => {
    const world = await shareWorld();
    const { token, share: made } = await share(world, 'write', 1);
    const guest = come(world, token);
    const screen = new FakeByteChannel();
    const attached = world.shares.attachShared({ id: terminalId }, screen, {
      caller: guest.caller,
      signal: never,
    });
    await turn();
    if (how === 'revoked') await world.shares.unshare(made.id);
    if (how === 'expired') await world.clock.advance(minuteMs);
    if (how === 'closed') world.terminals.delete(terminalId);
    if (how === 'ended')
      world.terminals.put(
        liveTerminal(terminalId, {
          state: { phase: 'ended', at: '2026-01-02T03:04:05.000Z', exitCode: 3, error: null },
        }),
      );
    await attached;
    await guest.watching;
    expect(guest.onEnd).toHaveBeenCalledTimes(1);
    const isLink = how === 'revoked' || how === 'expired';
    expect(guest.shown.at(-1)).toMatchObject({ end: isLink ? 'link' : 'terminal' });
    if (how === 'ended') expect(guest.shown.at(-1)).toMatchObject({ phase: 'ended', exitCode: 3 });
    await expect(
      world.shares.attachShared({ id: terminalId }, screen, { caller: guest.caller, signal: never }),
    ).rejects.toMatchObject({ code: 'not-found' });
    await expect(
      world.shares.watchShared({ caller: guest.caller, signal: never }).next(),
    ).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is counted while it is there, and is one of few', async () => {
    const world = await shareWorld();
    const { token, share: made } = await share(world);
    const counts: number[] = [];
    const abort = new AbortController();
    void (async () => {
      for await (const item of world.shares.watch(abort.signal, () => true))
        for (const one of item.type === 'all' ? item.items : item.upserted) counts.push(one.viewerCount);
    })();
    const guests = Array.from({ length: maxGuestsPerShare }, () => come(world, token));
    await turn();
    expect(counts.at(-1)).toBe(maxGuestsPerShare);
    expect(codeOf(() => world.shares.enter(token))).toContain('too-many');
    expect(codeOf(() => world.shares.admit(made.id, () => undefined))).toContain('too-many');
    guests[0]?.leave();
    guests[0]?.leave();
    await turn();
    expect(counts.at(-1)).toBe(maxGuestsPerShare - 1);
    expect(codeOf(() => world.shares.enter(token))).toBe('done');
    await expect(
      world.shares.watchShared({ caller: guests[0]!.caller, signal: never }).next(),
    ).rejects.toMatchObject({ code: 'not-found' });
    abort.abort();
  });

  it('holds nobody up, and is let go when it is too far behind', async () => {
    const world = await shareWorld();
    const { caller } = come(world, (await share(world)).token);
    const slow = new FakeByteChannel(0);
    const attached = world.shares.attachShared({ id: terminalId }, slow, { caller, signal: never });
    await turn();
    const [toGuest] = world.channels;
    for (let sentMiB = 0; sentMiB < 3; sentMiB++) await toGuest?.send(new Uint8Array(1024 * 1024));
    expect(toGuest?.waitingBytes).toBe(0);
    expect(slow.waitingBytes).toBe(0);
    await expect(attached).rejects.toMatchObject({
      code: 'connection-lost',
      details: { reason: 'stalled' },
    });
  });

  it('finds no other method of the contract, and the refusal is the same to the byte', async () => {
    const world = await shareWorld();
    const guest = come(world, (await share(world, 'write')).token);
    const touched: string[] = [];
    const handlers = Object.fromEntries(
      Object.keys(contract).map((name) => [name, () => touched.push(name)]),
    );
    const dispatcher = createDispatcher(handlersWith(handlers), {
      log: world.log,
      random: fixedRandom,
      gate: ownershipWith({}),
      guestHandlers: guestHandlers(world.shares),
    });
    const context = { caller: guest.caller, signal: never };
    const inputs = [{}, { id: terminalId }, { id: otherId }, null];
    const answers = new Set<string>();
    for (const name of [...Object.keys(contract), 'no.such', '__proto__', 'constructor'])
      for (const input of inputs) {
        if (name === 'terminals.shared' || name === 'terminals.attach') continue;
        expect(dispatcher.kindOf(name, guest.caller)).toBeUndefined();
        await dispatcher.call(name, input, context).catch((error: BerthError) => {
          answers.add(JSON.stringify(error.toShape()));
        });
        answers.add(codeOf(() => dispatcher.stream(name, input, context)));
        answers.add(codeOf(() => dispatcher.bytes(name, input, context)));
      }
    expect(touched).toEqual([]);
    const attachOther = dispatcher.bytes('terminals.attach', { id: otherId }, context)(new FakeByteChannel());
    await attachOther.catch((error: BerthError) => answers.add(JSON.stringify(error.toShape())));
    expect(answers.size).toBe(1);
    expect([...answers][0]).toContain('"not-found"');
  });

  it('that nobody let in finds nothing at all, and an owner finds nothing of a guest’s', async () => {
    const world = await shareWorld();
    const { share: made } = await share(world);
    const forged: Caller = { ...owner, scopes: new Set(), guest: { shareId: made.id } };
    for (const caller of [forged, owner])
      await expect(world.shares.watchShared({ caller, signal: never }).next()).rejects.toMatchObject({
        code: 'not-found',
      });
  });
});
