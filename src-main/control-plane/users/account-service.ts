/**
 * One's own account: name, password, second factor. Guarantees: what changes how one signs in asks for the password
 * first, and counts wrong ones; a new password ends all other sessions and every link.
 */
import type { Account } from '#contract/account.ts';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, type UserId } from '#contract/ids.ts';
import type { Caller } from '../caller.ts';
import { notFound } from '../dispatcher.ts';
import type { AccountLinks } from './account-links.ts';
import type { Draft, Outbox } from './outbox.ts';
import type { Passwords } from './passwords.ts';
import type { People } from './people.ts';
import type { PersonsThings } from './persons-things.ts';
import type { RegistrationService } from './registration-service.ts';
import type { SecondFactors } from './second-factor.ts';
import type { SessionService } from './session-service.ts';
import { signInFailed } from './sign-in-service.ts';
import { noAccountsHere, toAccount, type UserRecord } from './user.ts';
import type { WrongTries } from './wrong-tries.ts';

export interface AccountServiceDeps {
  readonly people: People;
  readonly things: Pick<PersonsThings, 'usageOf'>;
  readonly passwords: Passwords;
  readonly factors: SecondFactors;
  readonly tries: WrongTries;
  readonly links: AccountLinks;
  readonly outbox: Outbox;
  readonly registration: Pick<RegistrationService, 'setUpOwner'>;
  readonly sessions: Pick<SessionService, 'endAllOf'>;
}

export class AccountService {
  readonly #deps: AccountServiceDeps;

  constructor(deps: AccountServiceDeps) {
    this.#deps = deps;
  }

  async *watch(caller: Caller, signal: AbortSignal): AsyncGenerator<Account> {
    const { people } = this.#deps;
    for await (const item of people.collection.watch(signal, ({ id }) => id === caller.userId)) {
      const isThere = (item.type === 'all' ? item.items : item.upserted).length > 0;
      if (isThere) yield this.#accountOf(caller);
    }
  }

  async changeName(name: string, caller: Caller): Promise<Account> {
    requireServed(caller);
    await this.#deps.people.change(caller.userId, (before) => ({ ...before, name }));
    return this.#accountOf(caller);
  }

  /** For the local owner alone. Throws account.password-unfit, user.email-taken, conflict. */
  async setUp(wish: { readonly email: string; readonly password: string }, caller: Caller): Promise<Account> {
    requireServed(caller);
    if (caller.userId !== localOwnerId)
      throw new BerthError('conflict', 'You have an account already. Change its password instead.');
    await this.#deps.registration.setUpOwner({ ...wish, name: null });
    return this.#accountOf(caller);
  }

  async changePassword(
    { current, next }: { readonly current: string; readonly next: string },
    caller: Caller,
  ): Promise<void> {
    const { people, passwords, links, sessions } = this.#deps;
    const record = await this.#requirePassword(current, caller);
    await passwords.requireFit(next, record.email);
    const passwordHash = await passwords.hash(next);
    const notice = this.#noticeTo(record, 'password-changed');
    await people.change(
      record.id,
      (before) => {
        // Somebody else changed it while this was hashed: theirs stands.
        if (before.passwordHash !== record.passwordHash) throw signInFailed();
        return { ...before, passwordHash };
      },
      async () => {
        await links.forget(record.id);
        await notice?.write();
      },
    );
    links.drop(record.id);
    notice?.send();
    await sessions.endAllOf(record.id, caller.access?.sessionId ?? null);
  }

  async beginSecondFactor(password: string, caller: Caller) {
    const record = await this.#requirePassword(password, caller);
    if (record.secondFactor !== null) throw hasSecondFactor();
    return this.#deps.factors.begin(record.id, record.email ?? record.name);
  }

  /** @returns the recovery codes. */
  async confirmSecondFactor(code: string, caller: Caller): Promise<string[]> {
    requireServed(caller);
    const { people, factors, tries } = this.#deps;
    const attempt = tries.begin(codeKey(caller.userId));
    const confirmed = factors.confirm(caller.userId, code.trim());
    if (confirmed === undefined) throw signInFailed();
    attempt.succeed();
    await people.change(caller.userId, (before) => {
      if (before.secondFactor !== null) throw hasSecondFactor();
      return { ...before, secondFactor: confirmed.factor };
    });
    factors.forgetPending(caller.userId);
    return confirmed.recoveryCodes;
  }

  async removeSecondFactor(
    { password, code }: { readonly password: string; readonly code: string },
    caller: Caller,
  ): Promise<void> {
    const { people, factors, tries } = this.#deps;
    const record = await this.#requirePassword(password, caller);
    if (record.secondFactor === null)
      throw new BerthError('conflict', 'There is no second factor to turn off.');
    const attempt = tries.begin(codeKey(caller.userId));
    const notice = this.#noticeTo(record, 'second-factor-removed');
    await people.change(
      record.id,
      (before) => {
        if (factors.afterUse(before, code.trim()) === undefined) throw signInFailed();
        return { ...before, secondFactor: null };
      },
      async () => notice?.write(),
    );
    attempt.succeed();
    notice?.send();
  }

  /** Throws account.none-here, account.sign-in-failed, too-many. */
  async #requirePassword(password: string, caller: Caller): Promise<UserRecord> {
    requireServed(caller);
    const { people, passwords, tries } = this.#deps;
    const record = people.get(caller.userId);
    if (record === undefined) throw notFound();
    if (record.passwordHash === null)
      throw new BerthError('account.sign-in-failed', 'This account has no password.');
    const attempt = tries.begin(ownKey(record.id));
    try {
      const { isRight } = await passwords.verify(password, record.passwordHash);
      if (!isRight) throw signInFailed();
    } catch (error) {
      // What was not looked at is not held against anybody.
      if (BerthError.is(error, 'too-many')) attempt.withdraw();
      throw error;
    }
    attempt.succeed();
    return record;
  }

  #noticeTo({ email }: UserRecord, kind: 'password-changed' | 'second-factor-removed'): Draft | undefined {
    return email === null ? undefined : this.#deps.outbox.draft({ kind, to: email });
  }

  #accountOf(caller: Caller): Account {
    const { people, things } = this.#deps;
    return toAccount(people.require(caller.userId), things.usageOf(caller.userId), caller.mode === 'served');
  }
}

/** Throws account.none-here. */
export function requireServed(caller: Caller): void {
  if (caller.mode === 'desktop') throw noAccountsHere();
}

function hasSecondFactor(): BerthError {
  return new BerthError('conflict', 'There is a second factor already. Turn it off first.');
}

/** Apart from what strangers try at the door: they must not get in the way of whoever is inside. */
function ownKey(userId: UserId): string {
  return `own ${userId}`;
}

/** Apart from the password's: a right password must not buy more codes. */
function codeKey(userId: UserId): string {
  return `code of ${userId}`;
}
