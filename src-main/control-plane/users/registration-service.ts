/**
 * How an account begins, and how it gets a password by e-mail. Guarantees: whoever asks learns nothing of who has an
 * account, neither from the answer nor from how long it took; only whoever reads an address's mail gets in by it; a link
 * works once; what failed half-way has not happened.
 */
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, type UserId } from '#contract/ids.ts';
import { EmailAddress, type Quota } from '#contract/users.ts';
import { delay } from '../delay.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { AccountLinks } from './account-links.ts';
import { afterAnswerMs, type Draft, type MailWish, type Outbox } from './outbox.ts';
import type { Passwords } from './passwords.ts';
import type { People } from './people.ts';
import type { SessionService } from './session-service.ts';
import { nameFor, newUser, type UserRecord } from './user.ts';

/** Accounts that wait for their link: more is somebody filling the disk. */
export const maxUnverified = 1_000;

/** Requests of the last second: more are dropped, as whoever asks so often waits for none of them. */
const maxLater = 1_000;

export interface RegistrationServiceDeps {
  readonly people: People;
  readonly passwords: Passwords;
  readonly links: AccountLinks;
  readonly outbox: Outbox;
  readonly sessions: Pick<SessionService, 'endAllOf'>;
  readonly forgetTries: (email: string) => void;
  readonly registration: 'open' | 'invited';
  readonly defaultQuota: Quota;
  readonly clock: Clock;
  readonly random: Pick<Random, 'id'>;
  readonly log: Log;
}

export interface RegistrationWish {
  readonly email: string;
  readonly password: string;
  readonly name: string | null;
}

export class RegistrationService {
  readonly #deps: RegistrationServiceDeps;
  /** Work that goes on after its answer. */
  readonly #later = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(deps: RegistrationServiceDeps) {
    this.#deps = deps;
  }

  get isOpen(): boolean {
    return this.#deps.registration === 'open' && this.#deps.outbox.canSend;
  }

  /** Throws account.registration-closed, account.mail-unavailable, account.password-unfit, too-many. */
  async register(wish: RegistrationWish): Promise<void> {
    const { people, passwords, outbox, registration } = this.#deps;
    if (registration !== 'open')
      throw new BerthError(
        'account.registration-closed',
        'Nobody can register here. Ask the owner of this Berth to invite you.',
      );
    if (!outbox.canSend)
      throw new BerthError(
        'account.mail-unavailable',
        'This server cannot send the e-mail that confirms an address. Ask its owner to invite you.',
      );
    const email = requireAddress(wish.email);
    await passwords.requireFit(wish.password, email);
    if (people.all().filter(({ state }) => state === 'unverified').length >= maxUnverified)
      throw new BerthError('too-many', 'Too many registrations wait for their e-mail. Try again tomorrow.');
    // Made for everybody, used for few: it is what takes long.
    const passwordHash = await passwords.hash(wish.password);
    const mail = await people.exclusive(async () => {
      const known = people.byEmail(email);
      const record = this.#registered(known, { ...wish, email }, passwordHash);
      const draft = outbox.draft(mailFor(record, email));
      // One write either way: a record that stays as it is is written again.
      await people.save(record, draft.write);
      return draft;
    });
    mail.send();
  }

  /** The local owner's account, at once. Throws account.password-unfit, user.email-taken, conflict. */
  async setUpOwner({ email, password, name }: RegistrationWish): Promise<void> {
    const { people, passwords } = this.#deps;
    requireNotSetUp(people.require(localOwnerId));
    const address = requireAddress(email);
    await passwords.requireFit(password, address);
    const passwordHash = await passwords.hash(password);
    await people.change(localOwnerId, (before) => {
      requireNotSetUp(before);
      return {
        ...before,
        email: address,
        passwordHash,
        name: name === null ? before.name : nameFor(name, address),
      };
    });
  }

  /** @returns whose account it is. Throws account.link-expired. */
  async verify(token: string): Promise<UserId> {
    const { people, links } = this.#deps;
    const link = links.find(token, 'verify');
    await links.use(link, (forget) =>
      people.change(link.userId, (before) => ({ ...before, state: 'active' }), forget),
    );
    return link.userId;
  }

  /** @returns whose account it is. Throws account.link-expired, account.password-unfit. */
  async reset(token: string, password: string): Promise<UserId> {
    const { people, passwords, links, outbox, sessions, forgetTries } = this.#deps;
    const link = links.find(token, 'reset', 'invite');
    const { email } = people.require(link.userId);
    await passwords.requireFit(password, email);
    const passwordHash = await passwords.hash(password);
    const notice: Draft | undefined =
      link.kind === 'reset' && email !== null
        ? outbox.draft({ kind: 'password-changed', to: email })
        : undefined;
    await links.use(link, (forget) =>
      people.change(
        link.userId,
        (before) => ({ ...before, passwordHash, state: 'active' }),
        async () => {
          await forget();
          await notice?.write();
        },
      ),
    );
    notice?.send();
    if (email !== null) forgetTries(email);
    await sessions.endAllOf(link.userId);
    return link.userId;
  }

  /** Returns before anything is looked up: how long it takes says nothing. */
  resend(email: string): void {
    this.#afterwards(email, (record) =>
      record.state === 'active' ? undefined : mailFor(record, record.email ?? email),
    );
  }

  /** As `resend`. Whoever never had a password gets the link that their account is waiting for. */
  requestReset(email: string): void {
    this.#afterwards(email, (record) => {
      if (record.state !== 'active') return mailFor(record, record.email ?? email);
      if (record.passwordHash === null || record.email === null) return undefined;
      return { kind: 'reset', to: record.email, userId: record.id };
    });
  }

  /** Takes away accounts whose link expired before anybody opened it. */
  async sweep(): Promise<void> {
    const { people, links, clock, log } = this.#deps;
    const oldMs = clock.nowMs() - 2 * 24 * 60 * 60_000;
    const isForgotten = (record: UserRecord | undefined) =>
      record?.state === 'unverified' &&
      Date.parse(record.createdAt) < oldMs &&
      !links.has(record.id, 'verify');
    for (const { id } of people.all().filter(isForgotten))
      await people
        .exclusive(async () => {
          if (isForgotten(people.get(id))) await people.remove(id);
        })
        .catch((cause: unknown) =>
          log.warn('an account that nobody confirmed could not be removed', { cause }),
        );
  }

  /** What was asked for in the last second is forgotten; what has begun is finished. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.settled();
  }

  /** Resolves when what goes on after its answer is done. */
  async settled(): Promise<void> {
    while (this.#later.size > 0) await Promise.all(this.#later);
  }

  #registered(known: UserRecord | undefined, wish: RegistrationWish, passwordHash: string): UserRecord {
    if (known !== undefined && known.state !== 'unverified') return known;
    const { random, clock, defaultQuota } = this.#deps;
    const name = nameFor(wish.name, wish.email);
    const createdAt = instantOf(clock);
    // Whoever opens the newest link has read the newest mail: theirs is the newest password.
    if (known !== undefined) return { ...known, name, passwordHash, createdAt };
    const record = newUser({
      id: random.id('user') as UserId,
      email: wish.email,
      name,
      role: 'member',
      source: 'password',
      state: 'unverified',
      quota: defaultQuota,
      createdAt,
    });
    return { ...record, passwordHash };
  }

  #afterwards(typed: string, wishFor: (record: UserRecord) => MailWish | undefined): void {
    const { people, outbox, clock, log } = this.#deps;
    if (this.#later.size >= maxLater) return;
    const run = async () => {
      await delay(clock, afterAnswerMs, this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      const record = people.byEmail(typed.trim());
      const wish = record === undefined || record.isDisabled ? undefined : wishFor(record);
      if (wish === undefined) return;
      const draft = outbox.draft(wish);
      await draft.write();
      draft.send();
    };
    const running = run()
      .catch((cause: unknown) => log.error('an e-mail could not be written down', { cause }))
      .finally(() => this.#later.delete(running));
    this.#later.add(running);
  }
}

/** What an address gets when somebody registers with it, or asks for its link again. */
function mailFor({ id, state }: UserRecord, to: string): MailWish {
  switch (state) {
    case 'unverified':
      return { kind: 'verify', to, userId: id };
    case 'invited':
      return { kind: 'invite', to, userId: id };
    case 'active':
      return { kind: 'already-registered', to };
  }
}

/** Throws invalid-input. */
function requireAddress(typed: string): string {
  const parsed = EmailAddress.safeParse(typed);
  if (!parsed.success) throw BerthError.atField('email', 'This is not an e-mail address.');
  return parsed.data;
}

function requireNotSetUp({ email }: UserRecord): void {
  if (email !== null)
    throw new BerthError(
      'conflict',
      'The owner has an address and a password already. Sign in with them, or change the password.',
    );
}
