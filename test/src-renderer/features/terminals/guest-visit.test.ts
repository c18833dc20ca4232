/** A guest's visit, from the link to its end, over a connection that the test holds in its hand. */
import { describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { ShareId } from '#contract/ids.ts';
import type { SharedTerminal } from '#contract/terminal-shares.ts';
import { beginVisit, type VisitConnection } from '#renderer/features/terminals/guest-visit.ts';
import type { ConnectionState } from '#renderer/state/api.ts';

const shareId: ShareId = 'share_00000000000000000001';
const live: SharedTerminal = {
  terminalId: 'term_00000000000000000001',
  title: 'build',
  size: { cols: 80, rows: 24 },
  phase: 'live',
  exitCode: null,
  access: 'read',
  expiresAt: '2026-01-02T03:04:05.000Z',
  isTypingDropped: false,
  end: null,
};

function visitTo(fragment: string, enter: (token: string) => Promise<ShareId> = async () => shareId) {
  const stateListeners = new Set<(state: ConnectionState) => void>();
  const tells: ((item: SharedTerminal | Error | null) => void)[] = [];
  const calls: string[] = [];
  let state: ConnectionState = { phase: 'connecting' };
  let gone: () => void = () => undefined;
  const close = vi.fn();
  const connection = {
    get connectionState() {
      return state;
    },
    onConnectionState: (listener: (next: ConnectionState) => void) => {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    stream: async function* (method: string) {
      calls.push(method);
      for (;;) {
        const item = await new Promise<SharedTerminal | Error | null>((resolve) => tells.push(resolve));
        if (item instanceof Error) throw item;
        if (item === null) return;
        yield item;
      }
    },
    call: (method: string) => void calls.push(method),
    bytes: (method: string) => void calls.push(method),
    reconnect: () => undefined,
    roundTripMs: null,
    close,
  } as unknown as VisitConnection;
  const onEntered = vi.fn();
  const visit = beginVisit({
    fragment,
    enter,
    onEntered,
    connect: (_id, onGone) => {
      gone = onGone;
      return connection;
    },
  });
  return {
    visit,
    calls,
    close,
    onEntered,
    now: () => visit.store.getState(),
    becomes: (next: ConnectionState) => {
      state = next;
      for (const listener of stateListeners) listener(next);
    },
    tell: async (item: SharedTerminal | Error | null) => {
      await expect.poll(() => tells.length).toBeGreaterThan(0);
      tells.shift()?.(item);
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
    gone: () => gone(),
  };
}

describe('a visit', () => {
  it('uses the token once, takes it from the address, and shows what is told', async () => {
    const enter = vi.fn(async () => shareId);
    const world = visitTo('the-token', enter);
    await expect.poll(() => world.onEntered).toHaveBeenCalledWith(shareId);
    expect(enter).toHaveBeenCalledWith('the-token');
    world.becomes({ phase: 'open' });
    await world.tell(live);
    expect(world.now()).toMatchObject({ phase: 'open', terminal: live });
    expect(world.calls).toEqual(['terminals.shared']);
  });

  it('comes back after a reload with the cookie, not with the token', async () => {
    const enter = vi.fn();
    const world = visitTo(shareId, enter);
    world.becomes({ phase: 'open' });
    await world.tell(live);
    expect(world.now().phase).toBe('open');
    expect(enter).not.toHaveBeenCalled();
  });

  it('says what is wrong with a link', async () => {
    expect(visitTo('').now()).toEqual({ phase: 'over', why: 'incomplete' });
    const wrong = visitTo('x', async () => Promise.reject(new BerthError('not-found', 'No.')));
    await expect.poll(() => wrong.now()).toEqual({ phase: 'over', why: 'link' });
    const full = visitTo('x', async () => Promise.reject(new BerthError('too-many', 'Full.')));
    await expect.poll(() => full.now()).toMatchObject({ phase: 'refused', error: { message: 'Full.' } });
  });

  it('tries again after a refusal', async () => {
    const enter = vi.fn<() => Promise<ShareId>>().mockRejectedValueOnce(new BerthError('too-many', 'Full.'));
    enter.mockResolvedValue(shareId);
    const world = visitTo('x', enter);
    await expect.poll(() => world.now().phase).toBe('refused');
    world.visit.retry();
    await expect.poll(() => world.onEntered).toHaveBeenCalled();
  });

  it('keeps the screen while the line is cut, and follows again', async () => {
    const world = visitTo(shareId);
    world.becomes({ phase: 'open' });
    await world.tell(live);
    world.becomes({ phase: 'lost', retryAtMs: 5 });
    expect(world.now()).toMatchObject({ phase: 'open', connection: { phase: 'lost' } });
    await world.tell(new BerthError('connection-lost', 'Cut.'));
    world.becomes({ phase: 'open' });
    await world.tell({ ...live, title: 'again' });
    expect(world.now()).toMatchObject({ connection: { phase: 'open' }, terminal: { title: 'again' } });
  });

  it.each([
    ['link', 'link'],
    ['terminal', 'terminal'],
  ] as const)('ends when it is told that the %s has', async (end, why) => {
    const world = visitTo(shareId);
    world.becomes({ phase: 'open' });
    await world.tell(live);
    await world.tell({ ...live, phase: end === 'terminal' ? 'ended' : 'live', end });
    expect(world.now()).toMatchObject({ phase: 'over', why });
    expect(world.close).toHaveBeenCalled();
  });

  it('ends when no dialling brings it back, or nothing is there any more', async () => {
    const cut = visitTo(shareId);
    cut.becomes({ phase: 'open' });
    await cut.tell(live);
    cut.gone();
    expect(cut.now()).toEqual({ phase: 'over', why: 'link' });
    const missing = visitTo(shareId);
    missing.becomes({ phase: 'open' });
    await missing.tell(new BerthError('not-found', 'No.'));
    expect(missing.now()).toEqual({ phase: 'over', why: 'link' });
  });

  it('gives the screen a client that calls nothing', async () => {
    const world = visitTo(shareId);
    world.becomes({ phase: 'open' });
    await world.tell(live);
    const state = world.now();
    if (state.phase !== 'open') throw new Error('it is not open');
    await expect(state.client.call('terminals.resize', {} as never)).rejects.toMatchObject({
      code: 'not-found',
    });
    expect(world.calls).toEqual(['terminals.shared']);
  });
});
