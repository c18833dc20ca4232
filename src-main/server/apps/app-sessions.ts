/**
 * Who is in which app: one-time tickets, and the sessions that they become. Guarantees: a ticket works once, within a
 * minute, for its own app alone; only hashes are held; a session is judged anew at every request, and what goes on in its
 * name (downloads, web sockets) ends as soon as it would not be let in any more. Ends with the process: a link is cheap.
 */
import { hash as digest } from 'node:crypto';
import type { AppDoor, AppTarget, AppVisitor } from '../../control-plane/forwards/app-door.ts';
import { defaultRandomToken, TicketBox } from '../authenticate.ts';

export type ShownIn = 'browser' | 'frame';

export interface LinkWish {
  readonly label: string;
  readonly path: string;
  readonly visitor: AppVisitor;
  readonly shownIn: ShownIn;
}

export interface AppSession {
  readonly label: string;
  readonly visitor: AppVisitor;
  readonly shownIn: ShownIn;
}

export interface AppSessionsOptions {
  readonly door: Pick<AppDoor, 'find' | 'onChange'>;
  readonly nowMs: () => number;
  /** Default: twice a minute. Milliseconds. */
  readonly recheckMs?: number;
}

const ticketLifeMs = 60_000;
/** Open at once; a flood pushes out the oldest. */
const maxTickets = 500;
const maxSessions = 2_000;
/** Milliseconds after which a session that nobody used is forgotten. */
const idleMs = 7 * 24 * 3_600_000;
const recheckEveryMs = 30_000;

interface Held {
  readonly session: AppSession;
  readonly end: () => void;
}

export class AppSessions {
  readonly #door: AppSessionsOptions['door'];
  readonly #nowMs: () => number;
  readonly #tickets: TicketBox<LinkWish>;
  /** By the hash of the cookie's value; the one used last is last. */
  readonly #sessions = new Map<string, { readonly session: AppSession; readonly usedAtMs: number }>();
  readonly #held = new Set<Held>();
  readonly #stopListening: () => void;
  readonly #timer: NodeJS.Timeout;

  constructor({ door, nowMs, recheckMs = recheckEveryMs }: AppSessionsOptions) {
    this.#door = door;
    this.#nowMs = nowMs;
    this.#tickets = new TicketBox(ticketLifeMs, nowMs, maxTickets);
    this.#stopListening = door.onChange((label) => this.recheck(label));
    this.#timer = setInterval(() => this.recheck(), recheckMs);
    this.#timer.unref();
  }

  createTicket(wish: LinkWish): { readonly ticket: string; readonly expiresAtMs: number } {
    const ticket = defaultRandomToken();
    this.#tickets.put(ticket, wish);
    return { ticket, expiresAtMs: this.#nowMs() + ticketLifeMs };
  }

  /** A new session's cookie value. Whatever the answer, the ticket is used up. */
  redeem(label: string, ticket: string): (LinkWish & { readonly cookieValue: string }) | undefined {
    const wish = this.#tickets.take(ticket);
    if (wish === undefined || wish.label !== label || this.#targetOf(wish) === undefined) return undefined;
    const cookieValue = defaultRandomToken();
    const { visitor, shownIn } = wish;
    this.#keep(hashOf(cookieValue), { label, visitor, shownIn });
    return { ...wish, cookieValue };
  }

  /** The session of a cookie, and the app as it is now; undefined where it is not let in, or not any more. */
  find(
    label: string,
    cookieValue: string,
    shownIn: ShownIn,
  ): { readonly session: AppSession; readonly target: AppTarget } | undefined {
    const hash = hashOf(cookieValue);
    const kept = this.#sessions.get(hash);
    if (kept === undefined || kept.session.label !== label || kept.session.shownIn !== shownIn)
      return undefined;
    const target = this.#targetOf(kept.session);
    this.#sessions.delete(hash);
    if (target === undefined || kept.usedAtMs + idleMs <= this.#nowMs()) return undefined;
    this.#keep(hash, kept.session);
    return { session: kept.session, target };
  }

  /** `end` is called at most once. Returns what is to be called when it ended by itself. */
  hold(session: AppSession, end: () => void): () => void {
    const held = { session, end };
    this.#held.add(held);
    return () => void this.#held.delete(held);
  }

  /** Ends what goes on without a right to. @param label of one app; all where it is left out */
  recheck(label?: string): void {
    for (const held of this.#held) {
      if (label !== undefined && held.session.label !== label) continue;
      if (this.#targetOf(held.session)?.isWanted === true) continue;
      this.#held.delete(held);
      held.end();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#stopListening();
    for (const { end } of this.#held) end();
    this.#held.clear();
    this.#sessions.clear();
  }

  #targetOf({ label, visitor }: Pick<AppSession, 'label' | 'visitor'>): AppTarget | undefined {
    const target = this.#door.find(label);
    return target?.ownerId === visitor.userId && visitor.isStillThere() ? target : undefined;
  }

  #keep(hash: string, session: AppSession): void {
    this.#sessions.set(hash, { session, usedAtMs: this.#nowMs() });
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > maxSessions && oldest !== undefined) this.#sessions.delete(oldest);
  }
}

function hashOf(text: string): string {
  return digest('sha256', text, 'hex');
}
