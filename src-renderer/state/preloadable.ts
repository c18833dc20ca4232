/**
 * A part of the page that is fetched before it is needed. `lazy` shows a placeholder for at least 300 ms, also where the part
 * has arrived: unless what it waits for answers at once.
 */
export interface Preloadable<T> {
  /** Begins to fetch it; again does nothing. */
  preload(): void;
  /** For `lazy`. */
  take(this: void): Promise<T>;
}

export function preloadable<T>(load: () => Promise<T>): Preloadable<T> {
  const kept: { value?: T; loading?: Promise<T> } = {};
  const fetch = () =>
    (kept.loading ??= load().then(
      (value) => (kept.value = value),
      (error: unknown) => {
        // Asked again, it is tried again: the network may be back.
        delete kept.loading;
        throw error;
      },
    ));
  return {
    preload() {
      fetch().catch(() => undefined);
    },
    take() {
      const { value } = kept;
      return value === undefined ? fetch() : (answering(value) as Promise<T>);
    },
  };
}

function answering<T>(value: T): PromiseLike<T> {
  return {
    // biome-ignore lint/suspicious/noThenProperty: a promise would answer a moment later, and `lazy` would suspend for it
    then<R>(onFulfilled?: ((value: T) => R | PromiseLike<R>) | null): PromiseLike<R> {
      return onFulfilled?.(value) as PromiseLike<R>;
    },
  } as PromiseLike<T>;
}
