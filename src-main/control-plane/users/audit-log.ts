/**
 * Who did what. Guarantees: writing it never makes a call wait and never fails one; it is bounded, and what strangers do
 * (wrong sign-ins) cannot push out what people did; the same failure again and again is one entry a minute; no value that
 * was typed is in it. Kept in pages of a hundred, of which one is in memory: reading costs what is read.
 */
import type { ParsedInputOf, OutputOf } from '#contract/index.ts';
import type { AuditEntry } from '#contract/users.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { RecordStore } from '../interfaces/record-store.ts';
import { AuditShelf } from './audit-shelf.ts';

/** Pages of 100: 15,000 entries of people, 5,000 of nobody who is known. */
const peoplesPages = 150;
const strangersPages = 50;
/** Milliseconds in which the same failure, and the same terminal opened again, is not written a second time. */
const repeatFailureMs = 60_000;
const repeatAttachMs = 10 * 60_000;
const maxRemembered = 2_000;

export type AuditFacts = Omit<AuditEntry, 'number' | 'at'>;

export interface AuditLogDeps {
  readonly store: RecordStore;
  readonly clock: Clock;
  readonly log: Log;
}

export class AuditLog {
  readonly #deps: AuditLogDeps;
  readonly #people: AuditShelf;
  readonly #strangers: AuditShelf;
  readonly #recentMs = new Map<string, number>();
  #lastNumber = 0;

  constructor(deps: AuditLogDeps) {
    this.#deps = deps;
    const log = deps.log.child({ noun: 'audit' });
    this.#people = new AuditShelf({ ...deps, log, name: 'people', maxPages: peoplesPages });
    this.#strangers = new AuditShelf({ ...deps, log, name: 'strangers', maxPages: strangersPages });
  }

  async load(): Promise<void> {
    await this.#people.load();
    await this.#strangers.load();
    this.#lastNumber = Math.max(this.#people.lastNumber, this.#strangers.lastNumber);
  }

  /** Resolves when everything is on the disk that can be. */
  async close(): Promise<void> {
    await this.#people.settled();
    await this.#strangers.settled();
  }

  write(facts: AuditFacts): void {
    if (this.#isRepeated(facts)) return;
    this.#lastNumber += 1;
    const entry: AuditEntry = { ...facts, number: this.#lastNumber, at: instantOf(this.#deps.clock) };
    (facts.userId === null ? this.#strangers : this.#people).add(entry);
  }

  async list(wish: ParsedInputOf<'audit.list'>): Promise<OutputOf<'audit.list'>> {
    const fits = (entry: AuditEntry) =>
      (wish.userId === null || entry.userId === wish.userId) &&
      (wish.action === null || entry.action.startsWith(wish.action));
    const entries: AuditEntry[] = [];
    for await (const entry of newestFirst(
      this.#people.read(wish.before),
      this.#strangers.read(wish.before),
    )) {
      if (!fits(entry)) continue;
      if (entries.length === wish.limit) return { entries, hasMore: true };
      entries.push(entry);
    }
    return { entries, hasMore: false };
  }

  #isRepeated({ userId, action, subject, outcome, address }: AuditFacts): boolean {
    const quietMs =
      outcome !== 'done' ? repeatFailureMs : action === 'terminals.attach' ? repeatAttachMs : null;
    if (quietMs === null) return false;
    const key = JSON.stringify([userId, action, subject, outcome, address]);
    const nowMs = this.#deps.clock.monotonicMs();
    const before = this.#recentMs.get(key);
    if (before !== undefined && nowMs - before < quietMs) return true;
    this.#recentMs.delete(key);
    this.#recentMs.set(key, nowMs);
    for (const oldest of this.#recentMs.keys()) {
      if (this.#recentMs.size <= maxRemembered) break;
      this.#recentMs.delete(oldest);
    }
    return false;
  }
}

/** Two lists that fall by number, as one. */
async function* newestFirst(
  one: AsyncGenerator<AuditEntry>,
  other: AsyncGenerator<AuditEntry>,
): AsyncGenerator<AuditEntry> {
  let [a, b] = [await one.next(), await other.next()];
  while (!a.done || !b.done) {
    if (!a.done && (b.done || a.value.number > b.value.number)) {
      yield a.value;
      a = await one.next();
    } else if (!b.done) {
      yield b.value;
      b = await other.next();
    }
  }
}
