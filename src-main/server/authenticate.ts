/**
 * Proofs that work once: the link that signs in the local owner, and the tickets of a few seconds that open sockets.
 * Guarantees: only hashes are held; each proof works once and expires; a flood of them pushes out the oldest, no more.
 * Sessions are not here: they live with the accounts.
 */
import { createHash, randomBytes } from 'node:crypto';
import { BerthError } from '#contract/berth-error.ts';
import type { SessionId } from '#contract/ids.ts';
import type { Caller } from '../control-plane/caller.ts';
import type { Identity } from './identify.ts';

/** A browser that is signed in. */
export interface Session {
  readonly id: SessionId;
  readonly caller: Caller;
}

export interface AuthenticatorOptions {
  readonly nowMs?: () => number;
  readonly randomToken?: () => string;
}

const minuteMs = 60_000;
export const signInTicketLifeMs = 10 * minuteMs;
/** Between asking for the ticket and the socket's first bytes lie two requests on one connection. */
export const socketTicketLifeMs = 10_000;
const maxOpenTickets = 20;
/** Of all people together: what a few hundred windows ask for when the server comes back, and some. */
const maxOpenSocketTickets = 4_000;

/** 256 random bits, safe in URLs, cookies and subprotocol names. */
export function defaultRandomToken(): string {
  return randomBytes(32).toString('base64url');
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

interface Ticket<T> {
  readonly value: T;
  readonly endsAtMs: number;
}

/** Single-use tokens under their hashes, each with what it stands for. */
export class TicketBox<T> {
  readonly #lifeMs: number;
  readonly #nowMs: () => number;
  readonly #maxOpen: number;
  readonly #open = new Map<string, Ticket<T>>();

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

  /** What it stands for; it stays good. */
  peek(token: string): T | undefined {
    const found = this.#open.get(hashOf(token));
    return found !== undefined && found.endsAtMs > this.#nowMs() ? found.value : undefined;
  }

  take(token: string): T | undefined {
    const value = this.peek(token);
    this.#open.delete(hashOf(token));
    return value;
  }

  /** Takes it for a piece of work; it is good again, for as long as it was, when the work fails. */
  async use<R>(token: string, work: (value: T) => Promise<R>): Promise<R | undefined> {
    const hash = hashOf(token);
    const ticket = this.#open.get(hash);
    const value = this.take(token);
    if (ticket === undefined || value === undefined) return undefined;
    try {
      return await work(value);
    } catch (error) {
      this.#open.set(hash, ticket);
      throw error;
    }
  }
}

export class Authenticator {
  readonly #randomToken: () => string;
  readonly #signInTickets: TicketBox<true>;
  readonly #socketTickets: TicketBox<Identity>;

  constructor({ nowMs = Date.now, randomToken = defaultRandomToken }: AuthenticatorOptions = {}) {
    this.#randomToken = randomToken;
    this.#signInTickets = new TicketBox(signInTicketLifeMs, nowMs);
    this.#socketTickets = new TicketBox(socketTicketLifeMs, nowMs, maxOpenSocketTickets);
  }

  createSignInTicket(): string {
    const ticket = this.#randomToken();
    this.#signInTickets.put(ticket, true);
    return ticket;
  }

  /** Does the work for a good link, which is then used up; it is not when the work fails. @throws BerthError not-signed-in */
  async withSignInTicket<R>(ticket: string, work: () => Promise<R>): Promise<R> {
    const done = await this.#signInTickets.use(ticket, async () => ({ result: await work() }));
    if (done !== undefined) return done.result;
    throw new BerthError(
      'not-signed-in',
      'This link was used before or is older than ten minutes. `berth link` prints a new one.',
    );
  }

  createSocketTicket(identity: Identity): string {
    const ticket = this.#randomToken();
    this.#socketTickets.put(ticket, identity);
    return ticket;
  }

  /** Whose ticket it is; it stays good. */
  ownerOfSocketTicket(ticket: string): Identity | undefined {
    return this.#socketTickets.peek(ticket);
  }

  redeemSocketTicket(ticket: string): Identity | undefined {
    return this.#socketTickets.take(ticket);
  }
}
