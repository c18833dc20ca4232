/**
 * Tells watchers what changed. One `Collection` per noun: the plane's current view with one revision number; a watcher
 * gets the whole first, then changes, coalesced while it has no credit, so that a slow reader costs one pending change.
 */
import type { CollectionItem } from '#contract/collection.ts';

export class Collection<T extends { id: string }> {
  readonly #items = new Map<string, T>();
  readonly #watchers = new Set<() => void>();
  readonly #changedAt = new Map<string, number>();
  /** Ids removed, with the revision at which; bounded by forgetting what every watcher has seen. */
  readonly #removedAt = new Map<string, number>();
  #revision = 0;

  get revision(): number {
    return this.#revision;
  }
  get(id: string): T | undefined {
    return this.#items.get(id);
  }
  all(): T[] {
    return [...this.#items.values()];
  }

  put(item: T): void {
    this.#revision += 1;
    this.#items.set(item.id, item);
    this.#changedAt.set(item.id, this.#revision);
    this.#removedAt.delete(item.id);
    this.#wake();
  }

  delete(id: string): void {
    if (!this.#items.delete(id)) return;
    this.#revision += 1;
    this.#changedAt.delete(id);
    this.#removedAt.set(id, this.#revision);
    this.#wake();
  }

  /**
   * The whole, then changes until `signal` aborts. `isVisible` keeps what the caller may not see out of both; an item
   * that stops being visible counts as removed.
   */
  async *watch(
    signal: AbortSignal,
    isVisible: (item: T) => boolean = () => true,
  ): AsyncGenerator<CollectionItem<T>> {
    let wake: () => void = () => {};
    let isDirty = false;
    const onChange = () => {
      isDirty = true;
      wake();
    };
    this.#watchers.add(onChange);
    signal.addEventListener('abort', onChange, { once: true });
    try {
      let seen = this.#revision;
      const shown = new Set<string>();
      const first = this.all().filter(isVisible);
      for (const item of first) shown.add(item.id);
      yield { type: 'all', revision: seen, items: first };
      for (;;) {
        if (!isDirty) await new Promise<void>((resolve) => (wake = resolve));
        if (signal.aborted) return;
        isDirty = false;
        const upserted: T[] = [];
        const removed: string[] = [];
        for (const [id, at] of this.#changedAt) {
          const item = this.#items.get(id);
          if (at <= seen || item === undefined) continue;
          if (isVisible(item)) {
            upserted.push(item);
            shown.add(id);
          } else if (shown.delete(id)) removed.push(id);
        }
        for (const [id, at] of this.#removedAt) if (at > seen && shown.delete(id)) removed.push(id);
        seen = this.#revision;
        if (upserted.length > 0 || removed.length > 0)
          yield { type: 'change', revision: seen, upserted, removed };
      }
    } finally {
      this.#watchers.delete(onChange);
      signal.removeEventListener('abort', onChange);
      if (this.#watchers.size === 0) this.#removedAt.clear();
    }
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** The same collection with each item as somebody may see it. */
export async function* mapped<T, R>(
  items: AsyncIterable<CollectionItem<T>>,
  view: (item: T) => R,
): AsyncGenerator<CollectionItem<R>> {
  for await (const item of items)
    yield item.type === 'all'
      ? { ...item, items: item.items.map(view) }
      : { ...item, upserted: item.upserted.map(view) };
}

/** One value that is watched: the present one first, then each change, coalesced. */
export class Watched<T> {
  #value: T;
  readonly #watchers = new Set<() => void>();
  constructor(value: T) {
    this.#value = value;
  }
  get value(): T {
    return this.#value;
  }
  set(value: T): void {
    this.#value = value;
    for (const watcher of this.#watchers) watcher();
  }
  async *watch(signal: AbortSignal): AsyncGenerator<T> {
    let wake: () => void = () => {};
    let isDirty = true;
    const onChange = () => {
      isDirty = true;
      wake();
    };
    this.#watchers.add(onChange);
    signal.addEventListener('abort', onChange, { once: true });
    try {
      for (;;) {
        if (!isDirty) await new Promise<void>((resolve) => (wake = resolve));
        if (signal.aborted) return;
        isDirty = false;
        yield this.#value;
      }
    } finally {
      this.#watchers.delete(onChange);
      signal.removeEventListener('abort', onChange);
    }
  }
}
