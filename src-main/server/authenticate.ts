/**
 * Who a browser is. A one-time link signs in; a session's cookie buys a single-use ticket of a few seconds for the
 * socket. Guarantees: only hashes of tickets and sessions are held or stored; every ticket works once and expires; a
 * guesser is slowed down. Sessions survive a restart through their store, so that an open tab does, too.
 */
import { createHash, randomBytes } from 'node:crypto';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId } from '#contract/ids.ts';
import { scopes } from '#contract/scopes.ts';
import type { Caller } from '../control-plane/caller.ts';

export interface SessionRecord {
  /** SHA-256 of the cookie's value, hex. */
  readonly id: string;
  readonly createdAtMs: number;
  readonly usedAtMs: number;
}

export interface SessionStore {
  load(): Promise<readonly SessionRecord[]>;
  save(records: readonly SessionRecord[]): Promise<void>;
}

export interface Session {
  readonly id: string;
  readonly caller: Caller;
}

export interface AuthenticatorOptions {
  readonly store: SessionStore;
  readonly nowMs?: () => number;
  readonly randomToken?: () => string;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
export const signInTicketLifeMs = 10 * minuteMs;
/** Between asking for the ticket and the socket's first bytes lie two requests on one connection. */
export const socketTicketLifeMs = 10_000;
export const sessionIdleMs = 30 * dayMs;
const sessionLifeMs = 180 * dayMs;
/** A use is written down at most this often: the file is for weeks, not for seconds. */
const touchEveryMs = 60 * minuteMs;
const maxSessions = 50;
const maxOpenTickets = 20;
/** Wrong links per minute after which nobody may try. A ticket has 256 bits: this only keeps the log short. */
const maxWrongPerMinute = 10;

const owner: Caller = { userId: localOwnerId, userName: 'Owner', scopes: new Set(scopes), mode: 'served' };

/** 256 random bits, safe in URLs, cookies and subprotocol names. */
export function defaultRandomToken(): string {
  return randomBytes(32).toString('base64url');
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Single-use tokens under their hashes, each with what it stands for. */
export class TicketBox<T> {
  readonly #lifeMs: number;
  readonly #nowMs: () => number;
  readonly #maxOpen: number;
  readonly #open = new Map<string, { readonly value: T; readonly endsAtMs: number }>();

  constructor(lifeMs: number, nowMs: () => number, maxOpen = maxOpenTickets) {
    this.#lifeMs = lifeMs;
    this.#nowMs = nowMs;
    this.#maxOpen = maxOpen;
  }

  put(token: string, value: T): void {
    const now = this.#nowMs();
    for (const [hash, { endsAtMs }] of this.#open) if (endsAtMs <= now) this.#open.delete(hash);
    for (const hash of this.#open.keys()) {
      if (this.#open.size < this.#maxOpen) break;
      this.#open.delete(hash);
    }
    this.#open.set(hashOf(token), { value, endsAtMs: now + this.#lifeMs });
  }

  take(token: string): T | undefined {
    const hash = hashOf(token);
    const found = this.#open.get(hash);
    this.#open.delete(hash);
    return found !== undefined && found.endsAtMs > this.#nowMs() ? found.value : undefined;
  }
}

export class Authenticator {
  readonly #store: SessionStore;
  readonly #nowMs: () => number;
  readonly #randomToken: () => string;
  readonly #sessions = new Map<string, SessionRecord>();
  readonly #signInTickets: TicketBox<true>;
  readonly #socketTickets: TicketBox<string>;
  readonly #endListeners = new Set<(sessionId: string) => void>();
  #wrongAtMs: number[] = [];
  #saving: Promise<void> = Promise.resolve();

  private constructor(options: AuthenticatorOptions) {
    this.#store = options.store;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#randomToken = options.randomToken ?? defaultRandomToken;
    this.#signInTickets = new TicketBox(signInTicketLifeMs, this.#nowMs);
    this.#socketTickets = new TicketBox(socketTicketLifeMs, this.#nowMs);
  }

  static async open(options: AuthenticatorOptions): Promise<Authenticator> {
    const authenticator = new Authenticator(options);
    for (const record of await options.store.load()) authenticator.#sessions.set(record.id, record);
    return authenticator;
  }

  createSignInTicket(): string {
    const ticket = this.#randomToken();
    this.#signInTickets.put(ticket, true);
    return ticket;
  }

  /** @returns the cookie's value. @throws BerthError too-many, not-signed-in */
  async signIn(ticket: string): Promise<string> {
    const now = this.#nowMs();
    this.#wrongAtMs = this.#wrongAtMs.filter((at) => at > now - minuteMs);
    if (this.#wrongAtMs.length >= maxWrongPerMinute)
      throw new BerthError('too-many', 'Too many wrong sign-in links. Wait a minute and try again.');
    if (this.#signInTickets.take(ticket) === undefined) {
      this.#wrongAtMs.push(now);
      throw new BerthError(
        'not-signed-in',
        'This link was used before or is older than ten minutes. `berth link` prints a new one.',
      );
    }
    const value = this.#randomToken();
    const id = hashOf(value);
    this.#sessions.set(id, { id, createdAtMs: now, usedAtMs: now });
    const byAge = [...this.#sessions.values()].sort((a, b) => a.usedAtMs - b.usedAtMs);
    for (const old of byAge.slice(0, Math.max(0, byAge.length - maxSessions))) this.#end(old.id);
    await this.#save();
    return value;
  }

  /** The session of a cookie's value, while it lasts. */
  sessionOf(cookieValue: string | undefined): Session | undefined {
    return cookieValue === undefined ? undefined : this.#live(hashOf(cookieValue));
  }

  async signOut(session: Session): Promise<void> {
    this.#end(session.id);
    await this.#save();
  }

  createSocketTicket(session: Session): string {
    const ticket = this.#randomToken();
    this.#socketTickets.put(ticket, session.id);
    return ticket;
  }

  redeemSocketTicket(ticket: string): Session | undefined {
    const sessionId = this.#socketTickets.take(ticket);
    return sessionId === undefined ? undefined : this.#live(sessionId);
  }

  /** Told of each session that ends, so that its sockets can be closed. */
  onSessionEnd(listener: (sessionId: string) => void): void {
    this.#endListeners.add(listener);
  }

  /** Resolves when everything is in the store. */
  close(): Promise<void> {
    return this.#saving;
  }

  #live(id: string): Session | undefined {
    const record = this.#sessions.get(id);
    if (record === undefined) return undefined;
    const now = this.#nowMs();
    if (now - record.usedAtMs > sessionIdleMs || now - record.createdAtMs > sessionLifeMs) {
      this.#end(id);
      void this.#save();
      return undefined;
    }
    if (now - record.usedAtMs > touchEveryMs) {
      this.#sessions.set(id, { ...record, usedAtMs: now });
      void this.#save();
    }
    return { id, caller: owner };
  }

  #end(id: string): void {
    if (this.#sessions.delete(id)) for (const listener of this.#endListeners) listener(id);
  }

  /** One write at a time, the newest state last. A store that fails costs a sign-in after the restart, no more. */
  #save(): Promise<void> {
    const write = () => this.#store.save([...this.#sessions.values()]);
    this.#saving = this.#saving.then(write, write).catch(() => undefined);
    return this.#saving;
  }
}
