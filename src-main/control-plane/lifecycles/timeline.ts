/**
 * Why workspaces run and why they stopped: what happened to each, kept on the disk (bounded, the oldest dropped first) and
 * told to whoever follows. Guarantees that a follower gets each entry once, the backlog first. Never makes its callers wait,
 * and never fails one: what cannot be kept is logged.
 */
import type { WorkspaceId } from '#contract/ids.ts';
import type { TimelineEntry } from '#contract/lifecycles.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { RowLog } from '../interfaces/record-store.ts';

/** Entries kept of one workspace: months of what happens to it. */
export const KEPT_ENTRIES = 500;

export interface TimelineDeps {
  readonly rows: RowLog<TimelineEntry>;
  readonly clock: Clock;
  readonly log: Log;
}

export type NewEntry = Pick<TimelineEntry, 'event' | 'text'> & Partial<Pick<TimelineEntry, 'at' | 'by'>>;

/** Since when it runs, or is stopped. */
export type Life = Pick<TimelineEntry, 'at'> & { readonly event: 'started' | 'stopped' };

interface Open {
  /** Writes and readings follow each other. */
  tail: Promise<void>;
  /** Null: not read yet. */
  life: Life | undefined | null;
  isEnded: boolean;
  /** Something was added in this run. */
  isBegun: boolean;
  readonly followers: Set<(entry: TimelineEntry | undefined) => void>;
}

export class Timeline {
  readonly #deps: TimelineDeps;
  readonly #open = new Map<WorkspaceId, Open>();

  constructor(deps: TimelineDeps) {
    this.#deps = deps;
  }

  add(id: WorkspaceId, { at, by = null, event, text }: NewEntry): void {
    const { clock, log, rows } = this.#deps;
    const entry: TimelineEntry = {
      at: at ?? instantOf(clock),
      event,
      text: text.slice(0, 500),
      by: by?.slice(0, 200) ?? null,
    };
    const open = this.#opened(id);
    if (open.isEnded) return;
    open.isBegun = true;
    if (event === 'started' || event === 'stopped') open.life = { event, at: entry.at };
    for (const tell of open.followers) tell(entry);
    open.tail = open.tail
      .then(() => (open.isEnded ? undefined : rows.append(id, entry)))
      .catch((cause: unknown) => log.warn('an entry of a timeline was not kept', { workspaceId: id, cause }));
  }

  /** With this, where nothing was ever added: whoever follows it hears something, and does not wait for what never comes. */
  async beginWith(id: WorkspaceId, entry: NewEntry): Promise<void> {
    const open = this.#opened(id);
    if (open.isBegun || (await this.#read(id, open)).length > 0 || open.isBegun) return;
    this.add(id, entry);
  }

  /** The last that is known of whether it runs; undefined: nothing is. */
  async life(id: WorkspaceId): Promise<Life | undefined> {
    const open = this.#opened(id);
    if (open.life !== null) return open.life;
    const entries = await this.#read(id, open);
    // What was added meanwhile is later.
    if (open.life === null)
      open.life = entries.findLast(
        (entry): entry is TimelineEntry & Life => entry.event === 'started' || entry.event === 'stopped',
      );
    return open.life;
  }

  /** What there was, oldest first, then (where it is followed) each as it happens; ends with the workspace, or by `signal`. */
  async *follow(id: WorkspaceId, isFollowed: boolean, signal: AbortSignal): AsyncGenerator<TimelineEntry> {
    const open = this.#opened(id);
    const waiting: (TimelineEntry | undefined)[] = [];
    let wake: () => void = () => {};
    const tell = (entry: TimelineEntry | undefined) => {
      waiting.push(entry);
      wake();
    };
    const stop = () => tell(undefined);
    // In one go: what is added from now on is told, and is not in what is read.
    open.followers.add(tell);
    const backlog = this.#read(id, open);
    signal.addEventListener('abort', stop, { once: true });
    try {
      for (const entry of await backlog) {
        if (signal.aborted) return;
        yield entry;
      }
      while (isFollowed) {
        if (open.isEnded && waiting.length === 0) return;
        if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        for (const entry of waiting.splice(0)) {
          if (entry === undefined || signal.aborted) return;
          yield entry;
        }
      }
    } finally {
      open.followers.delete(tell);
      signal.removeEventListener('abort', stop);
    }
  }

  /** The workspace is gone: its followers are told how and end. */
  async end(id: WorkspaceId, entry: NewEntry): Promise<void> {
    this.add(id, entry);
    const open = this.#opened(id);
    open.isEnded = true;
    for (const tell of open.followers) tell(undefined);
    this.#open.delete(id);
    await open.tail;
    await this.#deps.rows.drop(id);
  }

  /** Resolves when everything is on the disk that can be. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ tail }) => tail));
  }

  #opened(id: WorkspaceId): Open {
    const known = this.#open.get(id);
    if (known !== undefined) return known;
    const open: Open = {
      tail: Promise.resolve(),
      life: null,
      isEnded: false,
      isBegun: false,
      followers: new Set(),
    };
    this.#open.set(id, open);
    return open;
  }

  /** By their times: what was found out later may have happened before. */
  async #read(id: WorkspaceId, open: Open): Promise<TimelineEntry[]> {
    const reading = open.tail.then(() => this.#deps.rows.read(id));
    open.tail = reading.then(
      () => undefined,
      () => undefined,
    );
    const entries = await reading;
    return entries.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  }
}
