/** E-mails on their way: tried again, kept over a restart, dropped when nobody needs them any more. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { afterAnswerMs } from '#main/control-plane/users/outbox.ts';
import {
  accountsWorld,
  codeOf,
  goodPassword,
  localOwner,
  origin,
  storedText,
} from '#test/harness/accounts-world.ts';

const minuteMs = 60_000;
const address = 'ada@example.org';
const down = new BerthError('account.mail-unavailable', 'Down.', { details: { isFinal: false } });
const wish = { email: address, password: goodPassword, name: null, isOwnerSetUp: false };

describe('an e-mail', () => {
  it('is tried again, later and later, and its link lives from when it was sent', async () => {
    const world = await accountsWorld();
    world.box.failure = down;
    await world.accounts.register(wish, origin);
    await world.clock.advance(afterAnswerMs);
    await world.accounts.settled();
    const attempts: number[] = [];
    for (const minutes of [1, 5, 15, 60, 60]) {
      await world.clock.advance(minutes * minuteMs - 1);
      attempts.push(world.box.attempts);
      await world.clock.advance(1);
    }
    expect(attempts).toEqual([1, 2, 3, 4, 5]);
    // Of a mail that nobody got nothing opens anything.
    expect(await world.store.collection('account-links', (value) => value as { id: string }).all()).toEqual(
      [],
    );
    world.box.failure = undefined;
    await world.clock.advance(60 * minuteMs);
    expect(world.box.mails).toHaveLength(1);
    world.clock.sleep(23 * 60 * minuteMs);
    expect(await codeOf(() => world.accounts.verify(world.box.tokenTo(address), origin))).toBe('done');
  });

  it('that was not sent yet is sent after a restart, and one that was is not', async () => {
    const world = await accountsWorld();
    world.box.failure = down;
    await world.accounts.register(wish, origin);
    await world.settled();
    await world.accounts.close();
    const next = await world.restart();
    await world.clock.advance(minuteMs);
    await next.accounts.settled();
    expect(next.box.to(address)).toHaveLength(1);
    await next.accounts.verify(next.box.tokenTo(address), origin);
    await next.accounts.close();
    const third = await world.restart();
    await world.clock.advance(60 * minuteMs);
    expect(third.box.mails).toEqual([]);
  });

  it('is not held up by one that the mail server refuses for good', async () => {
    const world = await accountsWorld();
    world.box.failure = new BerthError('account.mail-unavailable', 'No.', { details: { isFinal: true } });
    await world.accounts.register(wish, origin);
    await world.settled();
    world.box.failure = undefined;
    await world.clock.advance(24 * 60 * minuteMs);
    expect(world.box.attempts).toBe(1);
    expect(await storedText(world.store)).not.toContain('mail_');
    expect(world.log.messages('warn').join()).toContain('refused');
  });

  it('waits until it is known where its link leads', async () => {
    const world = await accountsWorld();
    world.box.failure = down;
    await world.accounts.register(wish, origin);
    await world.settled();
    const next = await world.restart();
    next.accounts.setLinkBase('https://other.example.org:8443');
    await world.clock.advance(minuteMs);
    await next.accounts.settled();
    expect(next.box.to(address)[0]?.text).toContain('https://other.example.org:8443/verify#');
  });

  it('is dropped when its person needs it no more', async () => {
    const world = await accountsWorld();
    await world.accounts.users.invite({ email: address, name: null, role: 'member' }, localOwner);
    await world.settled();
    world.box.failure = down;
    await world.accounts.resend(address, origin);
    await world.settled();
    const count = world.box.mails.length;
    await world.accounts.reset(world.box.tokenTo(address), goodPassword, origin);
    world.box.failure = undefined;
    await world.clock.advance(60 * minuteMs);
    expect(world.box.mails).toHaveLength(count);
    expect(await codeOf(() => world.signIn(address))).toBe('done');
  });

  it('of which nobody has need after an hour goes when it could not be sent in that time', async () => {
    const world = await accountsWorld();
    await world.member(address);
    world.box.failure = down;
    await world.accounts.requestReset(address, origin);
    await world.settled();
    await world.clock.advance(3 * 60 * minuteMs);
    world.box.failure = undefined;
    await world.clock.advance(24 * 60 * minuteMs);
    expect(world.box.to(address).map(({ subject }) => subject)).not.toContain('A new password for Berth');
    expect(await storedText(world.store)).not.toContain('mail_');
  });
});
