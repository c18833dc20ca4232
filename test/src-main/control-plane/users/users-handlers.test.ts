/** Each method of the noun over a dispatcher that checks answers against the contract, and who may call it. */
import { TOTP } from 'otpauth';
import { describe, expect, it } from 'vitest';
import type { CallName, InputOf, OutputOf, StreamName } from '#contract/index.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import { createDispatcher } from '#main/control-plane/dispatcher.ts';
import { usersHandlers } from '#main/control-plane/users/users-handlers.ts';
import {
  accountsWorld,
  atTheDesktop,
  codeOf,
  goodPassword,
  localOwner,
  origin,
  otherPassword,
} from '#test/harness/accounts-world.ts';
import { openGate } from '#test/harness/ownership.ts';
import { fixedRandom, handlersWith } from '#test/transports/plane-double.ts';

async function world() {
  const made = await accountsWorld();
  const dispatcher = createDispatcher(handlersWith(usersHandlers(made.accounts)), {
    log: made.log,
    random: fixedRandom,
    gate: openGate,
    isOutputChecked: true,
  });
  const signal = new AbortController().signal;
  return {
    ...made,
    call: <M extends CallName>(method: M, input: InputOf<M>, caller: Caller = localOwner) =>
      dispatcher.call(method, input, { caller, signal }) as Promise<OutputOf<M>>,
    first: async (method: StreamName, caller: Caller = localOwner): Promise<unknown> => {
      const abort = new AbortController();
      for await (const item of dispatcher.stream(method, {}, { caller, signal: abort.signal })) {
        abort.abort();
        return item;
      }
      return undefined;
    },
  };
}

const email = 'ada@example.org';

describe('the methods of accounts', () => {
  it('answer as the contract says', async () => {
    const { accounts, box, call, first, settled, callerOf, clock } = await world();
    const { user } = await call('users.invite', { email });
    await settled();
    await accounts.reset(box.tokenTo(email), goodPassword, origin);
    const session = await accounts.openSession(user.id, 'browser', origin);
    const ada = callerOf(user.id, { sessionId: session.id });

    expect(await call('account.change', { name: 'Ada' }, ada)).toMatchObject({ name: 'Ada', isServed: true });
    expect(await first('account.watch', ada)).toMatchObject({ id: user.id, email });
    const { secret } = await call('account.beginSecondFactor', { password: goodPassword }, ada);
    const code = () => new TOTP({ secret }).generate({ timestamp: clock.nowMs() });
    const confirmed = await call('account.confirmSecondFactor', { code: code() }, ada);
    expect(confirmed.recoveryCodes).toHaveLength(10);
    await clock.advance(30_000);
    await call('account.removeSecondFactor', { password: goodPassword, code: code() }, ada);
    await call('account.changePassword', { current: goodPassword, next: otherPassword }, ada);
    const { sessions } = await call('account.sessions', {}, ada);
    expect(sessions).toMatchObject([{ id: session.id, isThisOne: true, agent: origin.agent }]);

    const made = await call('apiKeys.create', { name: 'ci', scopes: ['hosts.read'], expiresInDays: 1 }, ada);
    expect(await first('apiKeys.watch', ada)).toMatchObject({ items: [made.apiKey] });
    await call('apiKeys.remove', { id: made.apiKey.id }, ada);
    expect(await first('apiKeys.watch', ada)).toMatchObject({ items: [] });

    expect(await call('users.change', { id: user.id, quota: { cpus: 2 } })).toMatchObject({
      quota: { cpus: 2 },
    });
    expect(await first('users.watch')).toMatchObject({ type: 'all', items: [{ role: 'owner' }, { email }] });
    await call('account.endSession', { id: session.id }, ada);
    expect(accounts.sessionOf(session.token)).toBeUndefined();
    const again = await accounts.openSession(user.id, 'token', origin);
    await call('account.signOutEverywhere', {}, ada);
    expect(accounts.callerOfSession(again.id, null)).toBeUndefined();
    await call('users.signOut', { id: user.id });
    expect(await call('users.remove', { id: user.id })).toEqual({ projects: 0, workspaces: 0, snapshots: 0 });
    const owner = await call('account.setUp', { email, password: goodPassword });
    expect(owner).toMatchObject({ email, role: 'owner' });
    expect((await call('audit.list', { action: 'account.reset' })).entries).toHaveLength(1);
  });

  it('do not exist for whoever may not manage people', async () => {
    const { call, callerOf, member } = await world();
    const caller = callerOf(await member(email));
    for (const [method, input] of [
      ['users.invite', { email: 'x@example.org' }],
      ['users.change', { id: caller.userId, role: 'owner' }],
      ['users.signOut', { id: localOwner.userId }],
      ['users.remove', { id: localOwner.userId }],
      ['audit.list', {}],
    ] as const)
      expect(await codeOf(() => call(method, input, caller))).toBe('not-found');
  });

  it('say in the desktop that there are no accounts', async () => {
    const { call, first } = await world();
    expect(await first('account.watch', atTheDesktop)).toMatchObject({ isServed: false, role: 'owner' });
    const key = { name: 'ci', scopes: ['hosts.read' as const], expiresInDays: null };
    expect(await codeOf(() => call('apiKeys.create', key, atTheDesktop))).toBe('account.none-here');
    expect(await codeOf(() => call('users.invite', { email }, atTheDesktop))).toBe('account.none-here');
    expect((await call('account.sessions', {}, atTheDesktop)).sessions).toEqual([]);
  });
});
