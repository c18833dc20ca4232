/**
 * Who may come in: with a password and a code, or with what an identity provider vouches for. Guarantees: a wrong
 * address, a wrong password, a wrong code and an account that cannot be used give one answer after the same work; who
 * guesses is slowed down, whether or not the account exists.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { UserId } from '#contract/ids.ts';
import { EmailAddress, type Quota } from '#contract/users.ts';
import type { ProviderIdentity, RequestOrigin } from '../account-door.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { AccountLinks } from './account-links.ts';
import type { Passwords } from './passwords.ts';
import type { People } from './people.ts';
import type { SecondFactors } from './second-factor.ts';
import type { SessionService } from './session-service.ts';
import { hashOf } from './single-use-token.ts';
import { isUsable, nameFor, newUser, type UserRecord } from './user.ts';
import type { Try, WrongTries } from './wrong-tries.ts';

export interface SignInServiceDeps {
  readonly people: People;
  readonly passwords: Passwords;
  readonly factors: SecondFactors;
  readonly tries: WrongTries;
  readonly sessions: Pick<SessionService, 'isKnownAddress'>;
  readonly links: AccountLinks;
  readonly defaultQuota: Quota;
  /** Whether a provider's new people get an account; by its issuer. */
  readonly makesUsers: (issuer: string) => boolean;
  readonly clock: Clock;
  readonly random: Pick<Random, 'id'>;
  readonly log: Log;
}

export class SignInService {
  readonly #deps: SignInServiceDeps;

  constructor(deps: SignInServiceDeps) {
    this.#deps = deps;
  }

  /** Throws account.sign-in-failed, account.second-factor-needed, too-many. */
  async signIn(
    typed: { readonly email: string; readonly password: string; readonly code: string | null },
    origin: RequestOrigin,
  ): Promise<UserId> {
    const { people, passwords, tries } = this.#deps;
    const email = typed.email.trim().toLowerCase();
    const user = people.byEmail(email);
    const attempt = tries.begin(this.#keyOf(email, user, origin));
    let verdict: Awaited<ReturnType<Passwords['verify']>>;
    try {
      verdict = await passwords.verify(typed.password, user?.passwordHash ?? null);
    } catch (error) {
      // It was not looked at.
      attempt.withdraw();
      throw error;
    }
    const record = user && people.get(user.id);
    if (record === undefined || !verdict.isRight || !isUsable(record)) throw signInFailed();
    // A password that was changed meanwhile is not the one that was compared.
    if (record.passwordHash !== user?.passwordHash) throw signInFailed();
    await this.#passSecondFactor(record, typed.code, attempt);
    attempt.succeed();
    if (verdict.isOutdated) this.#rehash(record, typed.password);
    people.touch(record.id);
    return record.id;
  }

  /** Nothing is held against whoever has just proved that the address is theirs. */
  forgetTries(email: string): void {
    this.#deps.tries.forget(keyOfAddress(email));
  }

  /** Throws account.provider-refused. */
  signInWithProvider(identity: ProviderIdentity): Promise<UserId> {
    const { people } = this.#deps;
    return people.exclusive(async () => {
      const known = people.byIdentity(identity);
      if (known !== undefined) {
        if (!isUsable(known)) throw refused('This account cannot be used. Ask the owner of this Berth.');
        return known.id;
      }
      const email = EmailAddress.safeParse(identity.email ?? '');
      const proved = identity.isEmailVerified && email.success ? email.data : null;
      const sameAddress = proved === null ? undefined : people.byEmail(proved);
      return sameAddress === undefined
        ? this.#makeFor(identity, proved)
        : this.#joinTo(sameAddress, identity);
    });
  }

  /**
   * Tries from where this person was signed in before count by themselves: a stranger who guesses on purpose shuts
   * nobody out at home, and cannot tell.
   */
  #keyOf(email: string, user: UserRecord | undefined, { address }: RequestOrigin): string {
    const isAtHome =
      user !== undefined && address !== null && this.#deps.sessions.isKnownAddress(user.id, address);
    return isAtHome ? keyOfAddress(`${email} ${address}`) : keyOfAddress(email);
  }

  async #passSecondFactor(record: UserRecord, code: string | null, attempt: Try): Promise<void> {
    if (record.secondFactor === null) return;
    if (code === null || code.trim() === '') {
      attempt.withdraw();
      throw new BerthError(
        'account.second-factor-needed',
        'Type the six digits that your authenticator app shows, or one of your recovery codes.',
      );
    }
    const { people, factors } = this.#deps;
    // One at a time, and kept before anybody is let in: of two sign-ins with one code one is refused.
    await people.change(record.id, (before) => {
      const secondFactor = factors.afterUse(before, code.trim());
      if (secondFactor === undefined) throw signInFailed();
      return { ...before, secondFactor };
    });
  }

  #rehash(record: UserRecord, password: string): void {
    const { people, passwords, log } = this.#deps;
    const renew = async () => {
      const passwordHash = await passwords.hash(password);
      await people.change(record.id, (before) =>
        before.passwordHash === record.passwordHash ? { ...before, passwordHash } : before,
      );
    };
    renew().catch((cause: unknown) =>
      log.warn('a password could not be hashed anew; the old hash stays', { cause }),
    );
  }

  async #makeFor(identity: ProviderIdentity, email: string | null): Promise<UserId> {
    const { people, random, clock, defaultQuota, makesUsers } = this.#deps;
    if (!makesUsers(identity.issuer))
      throw refused('You have no account here yet. Ask the owner of this Berth to invite you.');
    const record = newUser({
      id: random.id('user') as UserId,
      email,
      name: nameFor(identity.name, email),
      role: 'member',
      source: 'provider',
      state: 'active',
      quota: defaultQuota,
      createdAt: instantOf(clock),
    });
    await people.save({ ...record, identity: identityOf(identity) });
    return record.id;
  }

  /**
   * Whoever was invited, or registered and never confirmed, and comes with a proved address: it is theirs. An account
   * with a password stays what it is: a provider must not open what a password shuts.
   */
  async #joinTo(record: UserRecord, identity: ProviderIdentity): Promise<UserId> {
    const { people, links, makesUsers } = this.#deps;
    const isInvited = record.state === 'invited';
    const isOpenTo = isInvited || (record.state === 'unverified' && makesUsers(identity.issuer));
    if (record.isDisabled || !isOpenTo)
      throw refused('There is an account with your address already. Sign in to it with its password.');
    const joined: UserRecord = {
      ...record,
      source: 'provider',
      state: 'active',
      passwordHash: null,
      identity: identityOf(identity),
    };
    await people.save(joined, () => links.forget(record.id));
    links.drop(record.id);
    return record.id;
  }
}

export function signInFailed(): BerthError {
  return new BerthError(
    'account.sign-in-failed',
    'This does not fit together. Check the address, the password and, if you use one, the code.',
  );
}

function refused(message: string): BerthError {
  return new BerthError('account.provider-refused', message);
}

function identityOf({ issuer, subject }: ProviderIdentity) {
  return { issuer, subject };
}

/** Hashed: what strangers type as an address may be a password. */
function keyOfAddress(text: string): string {
  return hashOf(text.toLowerCase());
}
