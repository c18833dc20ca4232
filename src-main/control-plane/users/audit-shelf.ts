/**
 * Audit entries in pages, the oldest page thrown away when there are too many. Only the newest page is in memory. One
 * write at a time: what comes meanwhile goes with the next one.
 */
import { z } from 'zod';
import { AuditEntry } from '#contract/users.ts';
import type { Log } from '../interfaces/log.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';

export const entriesPerPage = 100;

const Page = z.object({ id: z.string(), entries: z.array(AuditEntry) });
type Page = z.infer<typeof Page>;
const Index = z.object({
  id: z.string(),
  first: z.number().int(),
  /** Number of the first entry of each page, from `first` on: what is newer than a cursor is not read at all. */
  starts: z.array(z.number().int()),
  lastNumber: z.number().int(),
});
type Index = z.infer<typeof Index>;

export interface AuditShelfDeps {
  readonly store: RecordStore;
  readonly log: Log;
  readonly name: string;
  readonly maxPages: number;
}

export class AuditShelf {
  readonly #deps: AuditShelfDeps;
  readonly #pages: RecordCollection<Page>;
  readonly #indexes: RecordCollection<Index>;
  #first = 1;
  /** Of the pages from `#first` on; the last one is the newest page's. */
  #starts: number[] = [];
  #lastNumber = 0;
  #newest: AuditEntry[] = [];
  /** Full, and not on the disk yet. */
  readonly #full = new Map<number, AuditEntry[]>();
  #isDirty = false;
  #writing: Promise<void> | undefined;

  constructor(deps: AuditShelfDeps) {
    this.#deps = deps;
    this.#pages = deps.store.collection('audit-pages', (value) => Page.parse(value));
    this.#indexes = deps.store.collection('audit-index', (value) => Index.parse(value));
  }

  async load(): Promise<void> {
    const index = await this.#indexes.get(this.#deps.name);
    if (index === undefined) return;
    this.#first = index.first;
    this.#starts = index.starts;
    this.#lastNumber = index.lastNumber;
    this.#newest = (await this.#pages.get(this.#idOf(this.#last)))?.entries ?? [];
  }

  /** Of the newest entry; 0: there is none. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  add(entry: AuditEntry): void {
    if (this.#newest.length >= entriesPerPage) {
      this.#full.set(this.#last, this.#newest);
      this.#newest = [];
    }
    if (this.#newest.length === 0) this.#starts.push(entry.number);
    this.#newest.push(entry);
    this.#lastNumber = entry.number;
    this.#isDirty = true;
    this.#dropUnwritten();
    if (!this.#deps.store.isReadOnly) this.#writing ??= this.#write();
  }

  /** The newest first; those with a smaller number than `before`. */
  async *read(before: number | null): AsyncGenerator<AuditEntry> {
    for (let page = this.#last; page >= this.#first; page--) {
      if (before !== null && (this.#starts[page - this.#first] ?? 0) >= before) continue;
      const entries =
        page === this.#last
          ? this.#newest
          : (this.#full.get(page) ?? (await this.#pages.get(this.#idOf(page)))?.entries ?? []);
      for (const entry of [...entries].reverse()) if (before === null || entry.number < before) yield entry;
    }
  }

  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #write(): Promise<void> {
    // After this turn: what is done together is written together.
    await Promise.resolve();
    try {
      while (this.#isDirty) {
        this.#isDirty = false;
        await this.#writeOnce();
      }
    } catch (cause) {
      // Tried again with the next entry.
      this.#isDirty = true;
      this.#deps.log.warn('the audit log could not be written', { cause });
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeOnce(): Promise<void> {
    const { store, name, maxPages } = this.#deps;
    const pages: [number, AuditEntry[]][] = [...this.#full, [this.#last, [...this.#newest]]];
    const last = this.#last;
    const first = Math.max(this.#first, last - maxPages + 1);
    const starts = this.#starts.slice(first - this.#first, last - this.#first + 1);
    const lastNumber = this.#lastNumber;
    await store.transaction(async () => {
      for (const [page, entries] of pages)
        if (page >= first) await this.#pages.put({ id: this.#idOf(page), entries });
      for (let page = this.#first; page < first; page++) await this.#pages.delete(this.#idOf(page));
      await this.#indexes.put({ id: name, first, starts, lastNumber });
    });
    this.#starts.splice(0, first - this.#first);
    this.#first = first;
    for (const [page] of pages) if (page !== last) this.#full.delete(page);
    if (this.#last !== last) this.#isDirty = true;
  }

  get #last(): number {
    return this.#first + Math.max(0, this.#starts.length - 1);
  }

  /** A disk that stays full must not fill the memory. */
  #dropUnwritten(): void {
    for (const page of this.#full.keys()) {
      if (this.#full.size <= this.#deps.maxPages) return;
      this.#full.delete(page);
    }
  }

  #idOf(page: number): string {
    return `${this.#deps.name}-${page}`;
  }
}
