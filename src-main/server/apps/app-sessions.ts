/**
 * Who is in which app: one-time tickets, and the sessions that they become. Guarantees: a ticket works once, within a
 * minute, for its own app alone; only hashes are held; a session is judged anew at every request, and what goes on in its
 * name (downloads, web sockets) ends as soon as it would not be let in any more. Sessions outlast the process, as addresses do;
 * tickets do not.
 */
import { hash as digest } from 'node:crypto';
import {
  type AppAdmission,
  admissionIdleMs,
  type AppDoor,
  type AppTarget,
  type AppVisitor,
} from '../../control-plane/forwards/app-door.ts';
import { defaultRandomToken, TicketBox } from '../authenticate.ts';

export type ShownIn = 'browser' | 'frame';

export interface LinkWish {
  readonly label: string;
  readonly path: string;
  readonly visitor: AppVisitor;
  readonly shownIn: ShownIn;
}

/** The same one for each request of it: told by its `id`. */
export type AppSession = Omit<AppAdmission, 'usedAtMs'>;

export type SessionDoor = Pick<AppDoor, 'find' | 'onChange' | 'admissions' | 'isStillThere'>;

export interface AppSessionsOptions {
  readonly door: SessionDoor;
  readonly nowMs: () => number;
  /** Default: twice a minute. Milliseconds. */
  readonly recheckMs?: number;
}

const ticketLifeMs = 60_000;
/** Open at once; a flood pushes out the oldest. */
const maxTickets = 500;
const recheckEveryMs = 30_000;

interface Held {
  readonly session: AppSession;
  readonly end: () => void;
}

export class AppSessions {
  readonly #door: SessionDoor;
  readonly #nowMs: () => number;
  readonly #tickets: TicketBox<LinkWish>;
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
    this.#keep({ id: hashOf(cookieValue), label, visitor, shownIn });
    return { ...wish, cookieValue };
  }

  /** The session of a cookie, and the app as it is now; undefined where it is not let in, or not any more. */
  find(
    label: string,
    cookieValue: string,
    shownIn: ShownIn,
  ): { readonly session: AppSession; readonly target: AppTarget } | undefined {
    const { admissions } = this.#door;
    const id = hashOf(cookieValue);
    const kept = admissions.find(id);
    if (kept === undefined || kept.label !== label || kept.shownIn !== shownIn) return undefined;
    const { usedAtMs, ...session } = kept;
    const target = this.#targetOf(session);
    if (target === undefined || usedAtMs + admissionIdleMs <= this.#nowMs()) {
      admissions.drop(id);
      return undefined;
    }
    this.#keep(session);
    return { session, target };
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
  }

  #targetOf({ label, visitor }: Pick<AppSession, 'label' | 'visitor'>): AppTarget | undefined {
    const target = this.#door.find(label);
    return target?.ownerId === visitor.userId && this.#door.isStillThere(visitor) ? target : undefined;
  }

  #keep(session: AppSession): void {
    this.#door.admissions.keep({ ...session, usedAtMs: this.#nowMs() });
  }
}

function hashOf(text: string): string {
  return digest('sha256', text, 'hex');
}
