/**
 * Accounts in memory, with the state that the door promises: hashed passwords and tokens, links and sessions that expire,
 * refresh tokens that rotate and end their family when one comes twice, equal work for known and unknown addresses. Its
 * e-mail is a list.
 */
import { createHash, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { BerthError } from '#contract/berth-error.ts';
import { type ApiKeyId, localOwnerId, type SessionId, type UserId } from '#contract/ids.ts';
import { type Role, type Scope, scopesOfRole } from '#contract/scopes.ts';
import type {
  AccountDoor,
  OpenedSession,
  ProviderIdentity,
  RequestOrigin,
} from '#main/control-plane/account-door.ts';
import type { Access, Caller } from '#main/control-plane/caller.ts';

interface Person {
  readonly id: UserId;
  email: string | null;
  name: string;
  role: Role;
  password: { salt: Buffer; hash: Buffer } | null;
  isVerified: boolean;
  isDisabled: boolean;
  /** One-time codes that are still good; undefined: no second factor. */
  codes: Set<string> | undefined;
  wrongTries: number;
}

interface HeldSession {
  readonly id: SessionId;
  readonly userId: UserId;
  readonly kind: 'browser' | 'token';
  tokenHash: string;
  readonly usedHashes: Set<string>;
  readonly endsAtMs: number;
}

interface HeldKey {
  readonly id: ApiKeyId;
  readonly userId: UserId;
  readonly scopes: readonly Scope[];
  readonly endsAtMs: number;
}

export interface SentMail {
  readonly to: string;
  readonly kind: 'verify' | 'reset' | 'exists';
  readonly token: string | null;
}

const hourMs = 3_600_000;
const sessionLifeMs = 30 * 24 * hourMs;
const maxWrongTries = 5;
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const newToken = () => randomBytes(32).toString('base64url');
const idBody = () => randomBytes(10).toString('hex');

export class MemoryAccounts implements AccountDoor {
  isRegistrationOpen = true;
  makesProviderUsers = true;
  linkBase: string | undefined;
  /** Slow hashes that were computed: the work that a request cost. */
  hashCount = 0;
  readonly mails: SentMail[] = [];
  readonly audits: Parameters<AccountDoor['audit']>[0][] = [];
  readonly origins: RequestOrigin[] = [];
  readonly #nowMs: () => number;
  readonly #people = new Map<UserId, Person>();
  readonly #sessions = new Map<SessionId, HeldSession>();
  readonly #keys = new Map<string, HeldKey>();
  readonly #links = new Map<string, { userId: UserId; kind: 'verify' | 'reset'; endsAtMs: number }>();
  readonly #identities = new Map<string, UserId>();
  readonly #endListeners = new Set<(id: SessionId) => void>();
  readonly #accessListeners = new Set<(id: UserId) => void>();

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
    this.#add({ id: localOwnerId, email: null, name: 'Owner', role: 'owner', isVerified: true });
  }

  #add(given: Pick<Person, 'email' | 'name' | 'role' | 'isVerified'> & { id?: UserId }): Person {
    const person: Person = {
      id: `user_${idBody()}`,
      password: null,
      isDisabled: false,
      codes: undefined,
      wrongTries: 0,
      ...given,
    };
    this.#people.set(person.id, person);
    return person;
  }

  get isOwnerSetUp(): boolean {
    return this.#of(localOwnerId).email !== null;
  }

  /** An account that can sign in. */
  addPerson(email: string, password: string, role: Role = 'member'): UserId {
    const person = this.#add({ email, name: email.split('@')[0] ?? '', role, isVerified: true });
    this.#setPassword(person, password);
    return person.id;
  }

  requireCode(userId: UserId, codes: readonly string[]): void {
    this.#of(userId).codes = new Set(codes);
  }

  changeRole(userId: UserId, role: Role): void {
    this.#of(userId).role = role;
    for (const listener of this.#accessListeners) listener(userId);
  }

  disable(userId: UserId): void {
    this.#of(userId).isDisabled = true;
    this.signOutEverywhere(userId);
    for (const listener of this.#accessListeners) listener(userId);
  }

  addKey(userId: UserId, scopes: readonly Scope[], endsAtMs = Number.POSITIVE_INFINITY): string {
    const key = `berth_${newToken()}`;
    this.#keys.set(hashOf(key), { id: `key_${idBody()}`, userId, scopes, endsAtMs });
    return key;
  }

  removeKey(key: string): void {
    const held = this.#keys.get(hashOf(key));
    this.#keys.delete(hashOf(key));
    if (held !== undefined) for (const listener of this.#accessListeners) listener(held.userId);
  }

  signOutEverywhere(userId: UserId): void {
    for (const { id, userId: owner } of [...this.#sessions.values()]) if (owner === userId) this.#end(id);
  }

  sessionsOf(userId: UserId): SessionId[] {
    return [...this.#sessions.values()].filter((one) => one.userId === userId).map(({ id }) => id);
  }

  emailOf(userId: UserId): string | null {
    return this.#of(userId).email;
  }

  #of(userId: UserId): Person {
    const person = this.#people.get(userId);
    if (person === undefined) throw new Error(`there is no ${userId}`);
    return person;
  }

  #byEmail(email: string): Person | undefined {
    return [...this.#people.values()].find((one) => one.email === email);
  }

  #hash(password: string, salt: Buffer): Buffer {
    this.hashCount += 1;
    return scryptSync(password, salt, 32, { N: 1024 });
  }

  #setPassword(person: Person, password: string): void {
    const salt = randomBytes(16);
    person.password = { salt, hash: this.#hash(password, salt) };
  }

  #checkFit(password: string): void {
    if (/^(password|1234567890)/i.test(password))
      throw new BerthError('account.password-unfit', 'This password is too common. Choose another.');
  }

  #link(person: Person, kind: 'verify' | 'reset'): void {
    const token = newToken();
    this.#links.set(hashOf(token), { userId: person.id, kind, endsAtMs: this.#nowMs() + hourMs });
    this.mails.push({ to: person.email ?? '', kind, token });
  }

  #takeLink(token: string, kind: 'verify' | 'reset'): Person {
    const link = this.#links.get(hashOf(token));
    this.#links.delete(hashOf(token));
    if (link === undefined || link.kind !== kind || link.endsAtMs <= this.#nowMs())
      throw new BerthError('account.link-expired', 'The link has expired or was used. Ask for a new one.');
    return this.#of(link.userId);
  }

  async register(wish: Parameters<AccountDoor['register']>[0], origin: RequestOrigin): Promise<void> {
    this.origins.push(origin);
    if (!wish.isOwnerSetUp && !this.isRegistrationOpen)
      throw new BerthError('account.registration-closed', 'Ask for an invitation.');
    this.#checkFit(wish.password);
    const salt = randomBytes(16);
    const hash = this.#hash(wish.password, salt);
    if (wish.isOwnerSetUp) {
      Object.assign(this.#of(localOwnerId), { email: wish.email, password: { salt, hash } });
      return;
    }
    const known = this.#byEmail(wish.email);
    if (known !== undefined) {
      this.mails.push({ to: wish.email, kind: 'exists', token: null });
      return;
    }
    const name = wish.name ?? wish.email;
    const person = this.#add({ email: wish.email, name, role: 'member', isVerified: false });
    person.password = { salt, hash };
    this.#link(person, 'verify');
  }

  async verify(token: string): Promise<void> {
    this.#takeLink(token, 'verify').isVerified = true;
  }

  async resend(email: string): Promise<void> {
    const person = this.#byEmail(email);
    if (person !== undefined && !person.isVerified) this.#link(person, 'verify');
  }

  async requestReset(email: string): Promise<void> {
    const person = this.#byEmail(email);
    if (person !== undefined) this.#link(person, 'reset');
  }

  async reset(token: string, password: string): Promise<void> {
    this.#checkFit(password);
    const person = this.#takeLink(token, 'reset');
    this.#setPassword(person, password);
    person.isVerified = true;
    this.signOutEverywhere(person.id);
  }

  async signIn(
    { email, password, code }: { email: string; password: string; code: string | null },
    origin: RequestOrigin,
  ): Promise<UserId> {
    this.origins.push(origin);
    const person = this.#byEmail(email);
    const { salt, hash } = person?.password ?? { salt: Buffer.alloc(16), hash: Buffer.alloc(32) };
    const isRight = timingSafeEqual(this.#hash(password, salt), hash);
    if (person !== undefined && person.wrongTries >= maxWrongTries)
      throw new BerthError('too-many', 'Too many wrong tries for this account. Wait a minute.');
    if (person === undefined || !isRight || !person.isVerified || person.isDisabled) {
      if (person !== undefined) person.wrongTries += 1;
      throw new BerthError('account.sign-in-failed', 'E-mail or password is wrong.');
    }
    if (person.codes !== undefined && code === null)
      throw new BerthError('account.second-factor-needed', 'Type the code of your authenticator app.');
    if (person.codes !== undefined && code !== null && !person.codes.delete(code)) {
      person.wrongTries += 1;
      throw new BerthError('account.sign-in-failed', 'E-mail or password is wrong.');
    }
    person.wrongTries = 0;
    return person.id;
  }

  async signInWithProvider(identity: ProviderIdentity, origin: RequestOrigin): Promise<UserId> {
    this.origins.push(origin);
    const key = `${identity.issuer} ${identity.subject}`;
    const known = this.#identities.get(key);
    if (known !== undefined) return known;
    if (!this.makesProviderUsers)
      throw new BerthError('account.provider-refused', 'Nobody here knows this identity.');
    const name = identity.name ?? identity.subject;
    const person = this.#add({ email: identity.email, name, role: 'member', isVerified: true });
    this.#identities.set(key, person.id);
    return person.id;
  }

  async openSession(userId: UserId, kind: 'browser' | 'token'): Promise<OpenedSession> {
    const token = newToken();
    const session: HeldSession = {
      id: `sess_${idBody()}`,
      userId,
      kind,
      tokenHash: hashOf(token),
      usedHashes: new Set(),
      endsAtMs: this.#nowMs() + sessionLifeMs,
    };
    this.#sessions.set(session.id, session);
    return { id: session.id, userId, token, endsAtMs: session.endsAtMs };
  }

  #callerOf(userId: UserId, access: Access, scopes?: readonly Scope[]): Caller | undefined {
    const person = this.#people.get(userId);
    if (person === undefined || person.isDisabled) return undefined;
    const own = scopesOfRole[person.role];
    return {
      userId,
      userName: person.name,
      mode: 'served',
      scopes: new Set(scopes === undefined ? own : scopes.filter((scope) => own.has(scope))),
      access,
    };
  }

  #live(session: HeldSession | undefined): HeldSession | undefined {
    if (session === undefined || session.endsAtMs > this.#nowMs()) return session;
    this.#end(session.id);
    return undefined;
  }

  sessionOf(cookieValue: string, address: string | null = null) {
    const hash = hashOf(cookieValue);
    const found = [...this.#sessions.values()].find(
      (one) => one.kind === 'browser' && one.tokenHash === hash,
    );
    const session = this.#live(found);
    if (session === undefined) return undefined;
    const caller = this.#callerOf(session.userId, { by: 'browser', sessionId: session.id, address });
    return caller === undefined ? undefined : { id: session.id, caller };
  }

  async refresh(refreshToken: string): Promise<OpenedSession> {
    const hash = hashOf(refreshToken);
    const replayed = [...this.#sessions.values()].find((one) => one.usedHashes.has(hash));
    if (replayed !== undefined) this.#end(replayed.id);
    const session = this.#live(
      [...this.#sessions.values()].find((one) => one.kind === 'token' && one.tokenHash === hash),
    );
    if (session === undefined) throw new BerthError('not-signed-in', 'Sign in again.');
    const token = newToken();
    session.usedHashes.add(hash);
    session.tokenHash = hashOf(token);
    return { id: session.id, userId: session.userId, token, endsAtMs: session.endsAtMs };
  }

  callerOfSession(id: SessionId, address: string | null): Caller | undefined {
    const session = this.#live(this.#sessions.get(id));
    if (session === undefined) return undefined;
    return this.#callerOf(session.userId, { by: session.kind, sessionId: id, address });
  }

  callerOfApiKey(key: string, address: string | null): Caller | undefined {
    const held = this.#keys.get(hashOf(key));
    if (held === undefined || held.endsAtMs <= this.#nowMs()) return undefined;
    return this.#callerOf(held.userId, { by: 'api-key', sessionId: null, address }, held.scopes);
  }

  callerOfUser(userId: UserId, address: string | null): Caller | undefined {
    return this.#callerOf(userId, { by: 'token', sessionId: null, address });
  }

  async endSession(id: SessionId): Promise<void> {
    this.#end(id);
  }

  #end(id: SessionId): void {
    if (this.#sessions.delete(id)) for (const listener of this.#endListeners) listener(id);
  }

  onSessionEnd(listener: (id: SessionId) => void): () => void {
    this.#endListeners.add(listener);
    return () => void this.#endListeners.delete(listener);
  }

  onAccessChange(listener: (userId: UserId) => void): () => void {
    this.#accessListeners.add(listener);
    return () => void this.#accessListeners.delete(listener);
  }

  setLinkBase(origin: string): void {
    this.linkBase = origin;
  }

  audit(entry: Parameters<AccountDoor['audit']>[0]): void {
    this.audits.push(entry);
  }
}
