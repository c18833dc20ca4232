/**
 * The users noun as a whole: builds its services, starts and ends them, and is the door through which the server lets
 * people in. Writes down who came in and who did not. Decides nothing that a service decides.
 */
import type { SessionId, UserId } from '#contract/ids.ts';
import { localOwnerId } from '#contract/ids.ts';
import { scopesOfRole } from '#contract/scopes.ts';
import { EmailAddress, noQuota, type Quota } from '#contract/users.ts';
import type { AccountDoor, OpenedSession, ProviderIdentity, RequestOrigin } from '../account-door.ts';
import type { Access, Caller } from '../caller.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { KnownPasswords } from '../interfaces/known-passwords.ts';
import type { EarlierSessions } from '../interfaces/earlier-sessions.ts';
import type { Log } from '../interfaces/log.ts';
import type { Mailer } from '../interfaces/mailer.ts';
import type { OneTimeCodes } from '../interfaces/one-time-codes.ts';
import type { PasswordHasher } from '../interfaces/password-hasher.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordStore } from '../interfaces/record-store.ts';
import type { Sealer } from '../interfaces/sealer.ts';
import { AccountLinks } from './account-links.ts';
import { AccountService } from './account-service.ts';
import { scopesOfKey } from './api-key.ts';
import { ApiKeyService } from './api-key-service.ts';
import { outcomeOf } from './audit-entry.ts';
import { type AuditFacts, AuditLog } from './audit-log.ts';
import { Outbox } from './outbox.ts';
import { Passwords } from './passwords.ts';
import { People } from './people.ts';
import type { PersonsThings } from './persons-things.ts';
import { RegistrationService } from './registration-service.ts';
import { SecondFactors } from './second-factor.ts';
import { SessionService } from './session-service.ts';
import type { SessionRecord } from './session.ts';
import { SignInService } from './sign-in-service.ts';
import { UserService } from './user-service.ts';
import { isUsable } from './user.ts';
import { WrongTries } from './wrong-tries.ts';

/** Milliseconds between two rounds that take away what has expired. */
const sweepEveryMs = 60 * 60_000;

/** What the configuration says of accounts. */
export interface AccountRules {
  readonly registration: 'open' | 'invited';
  readonly defaultQuota: Quota;
  /** Issuers of identity providers whose new people get an account. */
  readonly issuersThatMakeUsers: readonly string[];
}

export interface AccountsDeps {
  readonly store: RecordStore;
  readonly rules: AccountRules;
  readonly things: PersonsThings;
  readonly hasher: PasswordHasher;
  readonly knownPasswords: KnownPasswords;
  readonly codes: OneTimeCodes;
  readonly sealer: Sealer;
  /** Null: this server sends no e-mail. */
  readonly mailer: Mailer | null;
  readonly earlierSessions: EarlierSessions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export class Accounts implements AccountDoor {
  readonly people: People;
  readonly users: UserService;
  readonly own: AccountService;
  readonly sessions: SessionService;
  readonly keys: ApiKeyService;
  readonly auditLog: AuditLog;
  readonly #deps: AccountsDeps;
  readonly #links: AccountLinks;
  readonly #outbox: Outbox;
  readonly #signIn: SignInService;
  readonly #registration: RegistrationService;
  #origin: string | null = null;
  #stopSweeping: () => void = () => undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(deps: AccountsDeps) {
    this.#deps = deps;
    const log = deps.log.child({ noun: 'users' });
    const shared = { store: deps.store, clock: deps.clock, random: deps.random, log };
    const { defaultQuota, registration, issuersThatMakeUsers } = deps.rules;
    const tries = new WrongTries(deps.clock);
    const passwords = new Passwords({ hasher: deps.hasher, known: deps.knownPasswords });
    const factors = new SecondFactors(deps);
    const origin = () => this.#origin;

    // Berth belongs to whoever starts it: what others may have is no limit for them.
    const people = new People({ ...shared, things: deps.things, ownersQuota: noQuota });
    const links = new AccountLinks(shared);
    const outbox = new Outbox({
      ...shared,
      mailer: deps.mailer,
      links,
      origin,
      isLinkWanted: (id, kind) => {
        const record = people.get(id);
        return record !== undefined && !record.isDisabled && record.state === stateForLink[kind];
      },
    });
    const sessions = new SessionService({
      ...shared,
      earlier: deps.earlierSessions,
      earlierOwner: localOwnerId,
    });
    const keys = new ApiKeyService(shared);
    const services = { people, passwords, factors, tries, links, outbox, sessions, things: deps.things };
    this.#signIn = new SignInService({
      ...shared,
      ...services,
      defaultQuota,
      makesUsers: (issuer) => issuersThatMakeUsers.includes(issuer),
    });
    this.#registration = new RegistrationService({
      ...shared,
      ...services,
      forgetTries: (email) => this.#signIn.forgetTries(email),
      registration,
      defaultQuota,
    });
    this.own = new AccountService({ ...services, registration: this.#registration });
    this.users = new UserService({ ...shared, ...services, keys, defaultQuota, origin });
    this.people = people;
    this.sessions = sessions;
    this.keys = keys;
    this.auditLog = new AuditLog(shared);
    this.#links = links;
    this.#outbox = outbox;
    keys.onEnd((userId) => this.users.accessChanged(userId));
  }

  async load(): Promise<void> {
    await this.auditLog.load();
    await this.people.load();
    await this.#links.load();
    await this.sessions.load();
    await this.keys.load();
    await this.#outbox.load();
    if (!this.#deps.store.isReadOnly) this.#sweepLater();
  }

  /** Ends what runs; e-mails that were not sent are sent after the next start. */
  async close(): Promise<void> {
    this.#stopSweeping();
    await this.#sweeping;
    await this.#registration.close();
    await this.#outbox.close();
    await this.people.close();
    await this.auditLog.close();
  }

  // --- the door -----------------------------------------------------------------------------------------------------

  get isRegistrationOpen(): boolean {
    return this.#registration.isOpen;
  }

  get isOwnerSetUp(): boolean {
    return (this.people.get(localOwnerId)?.email ?? null) !== null;
  }

  setLinkBase(origin: string): void {
    this.#origin = origin;
    this.#outbox.wake();
  }

  async register(
    wish: { email: string; password: string; name: string | null; isOwnerSetUp: boolean },
    origin: RequestOrigin,
  ): Promise<void> {
    const { isOwnerSetUp } = wish;
    await this.#noted(
      isOwnerSetUp ? 'account.set-up' : 'account.register',
      addressIn(wish.email),
      origin,
      async () => {
        if (!isOwnerSetUp) {
          await this.#registration.register(wish);
          return undefined;
        }
        await this.#registration.setUpOwner(wish);
        return localOwnerId;
      },
    );
  }

  async verify(token: string, origin: RequestOrigin): Promise<void> {
    await this.#noted('account.verify', null, origin, () => this.#registration.verify(token));
  }

  async resend(email: string, _origin: RequestOrigin): Promise<void> {
    this.#registration.resend(email);
  }

  async requestReset(email: string, origin: RequestOrigin): Promise<void> {
    this.#registration.requestReset(email);
    const facts = { userId: null, subject: addressIn(email), outcome: 'done' };
    this.#note({ action: 'account.request-reset', ...facts }, origin);
  }

  async reset(token: string, password: string, origin: RequestOrigin): Promise<void> {
    await this.#noted('account.reset', null, origin, () => this.#registration.reset(token, password));
  }

  signIn(
    typed: { email: string; password: string; code: string | null },
    origin: RequestOrigin,
  ): Promise<UserId> {
    return this.#noted('account.sign-in', addressIn(typed.email), origin, () =>
      this.#signIn.signIn(typed, origin),
    );
  }

  signInWithProvider(identity: ProviderIdentity, origin: RequestOrigin): Promise<UserId> {
    const subject = identity.email ?? identity.subject;
    return this.#noted('account.provider-sign-in', subject, origin, () =>
      this.#signIn.signInWithProvider(identity),
    );
  }

  openSession(userId: UserId, kind: 'browser' | 'token', origin: RequestOrigin): Promise<OpenedSession> {
    return this.sessions.open(userId, kind, origin);
  }

  sessionOf(cookieValue: string, address: string | null = null) {
    const session = this.sessions.byCookie(cookieValue);
    const caller = session && this.#callerOf(session, address);
    return session === undefined || caller === undefined ? undefined : { id: session.id, caller };
  }

  refresh(refreshToken: string, origin: RequestOrigin): Promise<OpenedSession> {
    return this.sessions.refresh(refreshToken, origin, (record) => {
      this.#deps.log.warn('a refresh token was used a second time: its session was ended', {
        session: record.id,
      });
      this.#note(
        {
          action: 'account.token-reuse',
          userId: record.userId,
          subject: record.id,
          outcome: 'not-signed-in',
        },
        origin,
      );
    });
  }

  callerOfSession(id: SessionId, address: string | null): Caller | undefined {
    const session = this.sessions.live(id);
    return session && this.#callerOf(session, address);
  }

  callerOfApiKey(key: string, address: string | null): Caller | undefined {
    const record = this.keys.find(key);
    const caller = record && this.#caller(record.userId, { by: 'api-key', sessionId: null, address });
    const role = caller && this.people.get(caller.userId)?.role;
    if (record === undefined || caller === undefined || role === undefined) return undefined;
    return { ...caller, scopes: scopesOfKey(record, role) };
  }

  callerOfUser(userId: UserId, address: string | null): Caller | undefined {
    return this.#caller(userId, { by: 'token', sessionId: null, address });
  }

  endSession(id: SessionId): Promise<void> {
    return this.sessions.end(id);
  }

  onSessionEnd(listener: (id: SessionId) => void): () => void {
    return this.sessions.onEnd(listener);
  }

  onAccessChange(listener: (userId: UserId) => void): () => void {
    return this.users.onAccessChange(listener);
  }

  audit(entry: Omit<AuditFacts, 'userName'>): void {
    const userName = entry.userId === null ? '' : (this.people.get(entry.userId)?.name ?? '');
    this.auditLog.write({ ...entry, userName });
  }

  /** Resolves when nothing goes on after its answer, and no e-mail is on its way to the mail server. */
  async settled(): Promise<void> {
    await this.#registration.settled();
    await this.#outbox.settled();
  }

  // --- private ------------------------------------------------------------------------------------------------------

  #callerOf({ id, userId, kind }: SessionRecord, address: string | null): Caller | undefined {
    return this.#caller(userId, { by: kind, sessionId: id, address });
  }

  #caller(userId: UserId, access: Access): Caller | undefined {
    const record = this.people.get(userId);
    if (record === undefined || !isUsable(record) || this.users.isLeaving(userId)) return undefined;
    this.people.touch(userId);
    return {
      userId,
      userName: record.name,
      scopes: scopesOfRole[record.role],
      mode: 'served',
      access,
    };
  }

  /** Runs it and writes down how it went; whose account it was, where that came out. */
  async #noted<R extends UserId | undefined>(
    action: string,
    subject: string | null,
    origin: RequestOrigin,
    run: () => Promise<R>,
  ): Promise<R> {
    try {
      const userId = await run();
      this.#note({ action, userId: userId ?? null, subject, outcome: 'done' }, origin);
      return userId;
    } catch (error) {
      this.#note({ action, userId: null, subject, outcome: outcomeOf(error) }, origin);
      throw error;
    }
  }

  #note(
    facts: Pick<AuditFacts, 'action' | 'userId' | 'subject' | 'outcome'>,
    { address }: RequestOrigin,
  ): void {
    this.audit({ ...facts, subject: facts.subject?.slice(0, 254) ?? null, by: 'none', address });
  }

  #sweepLater(): void {
    this.#stopSweeping = this.#deps.clock.after(sweepEveryMs, () => {
      this.#sweeping = this.#sweep().catch((cause: unknown) =>
        this.#deps.log.error('what has expired could not be taken away', { cause }),
      );
      this.#sweepLater();
    });
  }

  async #sweep(): Promise<void> {
    await this.sessions.sweep();
    await this.#links.sweep();
    await this.keys.sweep();
    await this.#registration.sweep();
  }
}

/** Null for what is no address: people type their password into the wrong field, and the log is for others to read. */
function addressIn(typed: string): string | null {
  const parsed = EmailAddress.safeParse(typed);
  return parsed.success ? parsed.data : null;
}

/** What somebody's account is like while they wait for a link. */
const stateForLink = { verify: 'unverified', invite: 'invited', reset: 'active' } as const;
