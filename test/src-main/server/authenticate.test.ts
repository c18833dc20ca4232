/** Lifetimes of single-use proofs, by a clock that moves by hand; the carrier's tests show the rest. */
import { describe, expect, it } from 'vitest';
import { localOwnerId } from '#contract/ids.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import {
  Authenticator,
  signInTicketLifeMs,
  socketTicketLifeMs,
  TicketBox,
} from '#main/server/authenticate.ts';
import type { Identity } from '#main/server/identify.ts';

function open() {
  let nowMs = 1_000_000_000;
  return {
    authenticator: new Authenticator({ nowMs: () => nowMs }),
    nowMs: () => nowMs,
    move: (ms: number) => (nowMs += ms),
  };
}

const caller: Caller = { userId: localOwnerId, userName: 'Owner', scopes: new Set(), mode: 'served' };
const identity: Identity = { caller, session: undefined, renew: () => caller, endsAtMs: null };

describe('single-use proofs', () => {
  it('take a link until it is ten minutes old, once', async () => {
    const { authenticator, move } = open();
    const [early, late] = [authenticator.createSignInTicket(), authenticator.createSignInTicket()];
    move(signInTicketLifeMs - 1);
    await expect(authenticator.withSignInTicket(early, async () => 'done')).resolves.toBe('done');
    await expect(authenticator.withSignInTicket(early, async () => 'done')).rejects.toMatchObject({
      code: 'not-signed-in',
    });
    move(1);
    await expect(authenticator.withSignInTicket(late, async () => 'done')).rejects.toMatchObject({
      code: 'not-signed-in',
    });
  });

  it('keep a link when its work fails, for no longer than it was good', async () => {
    const { authenticator, move } = open();
    const link = authenticator.createSignInTicket();
    const failing = async () => {
      throw new Error('refused');
    };
    await expect(authenticator.withSignInTicket(link, failing)).rejects.toThrow('refused');
    move(signInTicketLifeMs - 1);
    await expect(authenticator.withSignInTicket(link, failing)).rejects.toThrow('refused');
    move(1);
    await expect(authenticator.withSignInTicket(link, failing)).rejects.toMatchObject({
      code: 'not-signed-in',
    });
  });

  it('give one link to one of two who come at once', async () => {
    const { authenticator } = open();
    const link = authenticator.createSignInTicket();
    const both = await Promise.allSettled(
      [1, 2].map((n) => authenticator.withSignInTicket(link, async () => n)),
    );
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('take a socket ticket for seconds, and once', () => {
    const { authenticator, move } = open();
    const [used, late] = [identity, identity].map((one) => authenticator.createSocketTicket(one));
    expect(authenticator.ownerOfSocketTicket(used ?? '')).toBe(identity);
    expect(authenticator.redeemSocketTicket(used ?? '')).toBe(identity);
    expect(authenticator.redeemSocketTicket(used ?? '')).toBeUndefined();
    move(socketTicketLifeMs);
    expect(authenticator.ownerOfSocketTicket(late ?? '')).toBeUndefined();
    expect(authenticator.redeemSocketTicket(late ?? '')).toBeUndefined();
  });

  it('keep only the newest links open', async () => {
    const { authenticator } = open();
    const first = authenticator.createSignInTicket();
    for (let n = 0; n < 20; n += 1) authenticator.createSignInTicket();
    await expect(authenticator.withSignInTicket(first, async () => 1)).rejects.toMatchObject({
      code: 'not-signed-in',
    });
  });

  it('hold no proof itself', () => {
    const { nowMs } = open();
    const box = new TicketBox<string>(1_000, nowMs);
    box.put('the-token', 'value');
    expect(JSON.stringify(Object.values(box))).not.toContain('the-token');
    expect(box.take('the-token')).toBe('value');
  });
});
