/** Lifetimes, by a clock that moves by hand; the carrier's tests show the rest. */
import { describe, expect, it } from 'vitest';
import {
  Authenticator,
  sessionIdleMs,
  signInTicketLifeMs,
  socketTicketLifeMs,
  type SessionRecord,
} from '#main/server/authenticate.ts';

async function open(records: readonly SessionRecord[] = []) {
  let nowMs = 1_000_000_000;
  const saved: (readonly SessionRecord[])[] = [];
  const authenticator = await Authenticator.open({
    store: {
      load: async () => records,
      save: async (next) => {
        saved.push(next);
      },
    },
    nowMs: () => nowMs,
  });
  const signIn = () => authenticator.signIn(authenticator.createSignInTicket());
  return { authenticator, saved, signIn, move: (ms: number) => (nowMs += ms) };
}

describe('authentication', () => {
  it('takes a link until it is ten minutes old', async () => {
    const { authenticator, move } = await open();
    const [early, late] = [authenticator.createSignInTicket(), authenticator.createSignInTicket()];
    move(signInTicketLifeMs - 1);
    await expect(authenticator.signIn(early)).resolves.toBeTruthy();
    move(1);
    await expect(authenticator.signIn(late)).rejects.toMatchObject({ code: 'not-signed-in' });
  });

  it('takes a socket ticket for seconds', async () => {
    const { authenticator, signIn, move } = await open();
    const session = authenticator.sessionOf(await signIn());
    if (session === undefined) throw new Error('no session');
    const ticket = authenticator.createSocketTicket(session);
    move(socketTicketLifeMs);
    expect(authenticator.redeemSocketTicket(ticket)).toBeUndefined();
  });

  it('lets tries begin again a minute after too many wrong ones', async () => {
    const { authenticator, signIn, move } = await open();
    for (let n = 0; n < 10; n += 1) await authenticator.signIn('wrong').catch(() => undefined);
    await expect(signIn()).rejects.toMatchObject({ code: 'too-many' });
    move(60_000);
    await expect(signIn()).resolves.toBeTruthy();
  });

  it('ends a session that nobody used for a month, not one in use, and tells who listens', async () => {
    const { authenticator, signIn, move } = await open();
    const [used, idle] = [await signIn(), await signIn()];
    const ended: string[] = [];
    authenticator.onSessionEnd((id) => ended.push(id));
    const idleId = authenticator.sessionOf(idle)?.id;
    move(sessionIdleMs - 1);
    expect(authenticator.sessionOf(used)).toBeDefined();
    move(2);
    expect(authenticator.sessionOf(used)).toBeDefined();
    expect(authenticator.sessionOf(idle)).toBeUndefined();
    expect(ended).toEqual([idleId]);
  });

  it('ends every session after half a year, used or not', async () => {
    const { authenticator, signIn, move } = await open();
    const cookie = await signIn();
    for (let day = 0; day < 180; day += 1) {
      expect(authenticator.sessionOf(cookie)).toBeDefined();
      move(24 * 60 * 60_000);
    }
    move(1);
    expect(authenticator.sessionOf(cookie)).toBeUndefined();
  });

  it('keeps the fifty sessions used last', async () => {
    const { authenticator, signIn, saved, move } = await open();
    const cookies: string[] = [];
    for (let n = 0; n < 51; n += 1) {
      cookies.push(await signIn());
      move(1);
    }
    expect(authenticator.sessionOf(cookies[0])).toBeUndefined();
    expect(authenticator.sessionOf(cookies[1])).toBeDefined();
    await authenticator.close();
    expect(saved.at(-1)).toHaveLength(50);
  });

  it('keeps only the newest links open', async () => {
    const { authenticator } = await open();
    const first = authenticator.createSignInTicket();
    for (let n = 0; n < 20; n += 1) authenticator.createSignInTicket();
    await expect(authenticator.signIn(first)).rejects.toMatchObject({ code: 'not-signed-in' });
  });
});
