/**
 * The plane as one caller may use it: every question goes through the dispatcher with that caller's own rights, so that
 * ownership, scopes and the audit hold here as everywhere. Adds to a call only waiting: for an operation, with a bound.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import type { CallName, InputOf, ItemOf, OutputOf, StreamName } from '#contract/index.ts';
import type { Operation } from '#contract/operations.ts';
import type { Caller } from '../../control-plane/caller.ts';
import type { Dispatcher } from '../../control-plane/dispatcher.ts';
import type { HandlerContext } from '../../control-plane/handler.ts';

/** Streams of which the present whole comes first. */
export type CollectionName = {
  [M in StreamName]: ItemOf<M> extends { type: 'all' | 'change' } ? M : never;
}[StreamName];
export type ItemIn<M extends CollectionName> =
  Extract<ItemOf<M>, { type: 'all' }> extends { items: (infer T)[] } ? T & { readonly id: string } : never;

export class OwnPlane {
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly #dispatcher: Dispatcher;

  constructor(dispatcher: Dispatcher, caller: Caller, signal: AbortSignal) {
    this.#dispatcher = dispatcher;
    this.caller = caller;
    this.signal = signal;
  }

  get context(): HandlerContext {
    return { caller: this.caller, signal: this.signal };
  }

  async call<M extends CallName>(name: M, input: InputOf<M>): Promise<OutputOf<M>> {
    return (await this.#dispatcher.call(name, input, this.context)) as OutputOf<M>;
  }

  /** What a stream begins with. */
  async first<M extends StreamName>(name: M): Promise<ItemOf<M>> {
    const limit = new AbortController();
    const signal = AbortSignal.any([this.signal, limit.signal]);
    try {
      for await (const item of this.#dispatcher.stream(name, {}, { caller: this.caller, signal }))
        return item as ItemOf<M>;
    } finally {
      limit.abort();
    }
    throw new BerthError('cancelled', 'It was cancelled.');
  }

  async list<M extends CollectionName>(name: M): Promise<ItemIn<M>[]> {
    return this.until(name, (items) => items);
  }

  /**
   * Watches a collection until `find` returns something; undefined when `waitMs` have passed.
   * @throws BerthError cancelled when the caller's signal aborts
   */
  async until<M extends CollectionName, R>(name: M, find: (items: ItemIn<M>[]) => R | undefined): Promise<R>;
  async until<M extends CollectionName, R>(
    name: M,
    find: (items: ItemIn<M>[]) => R | undefined,
    waitMs: number,
  ): Promise<R | undefined>;
  async until<M extends CollectionName, R>(
    name: M,
    find: (items: ItemIn<M>[]) => R | undefined,
    waitMs?: number,
  ): Promise<R | undefined> {
    const limit = new AbortController();
    const timer = waitMs === undefined ? undefined : setTimeout(() => limit.abort(), waitMs);
    const signal = AbortSignal.any([this.signal, limit.signal]);
    const items = new Map<string, ItemIn<M>>();
    try {
      const stream = this.#dispatcher.stream(name, {}, { caller: this.caller, signal });
      for await (const item of stream) {
        const change = item as CollectionItem<ItemIn<M>>;
        if (change.type === 'all') items.clear();
        else for (const id of change.removed) items.delete(id);
        for (const one of change.type === 'all' ? change.items : change.upserted) items.set(one.id, one);
        const found = find([...items.values()]);
        if (found !== undefined) return found;
      }
    } catch (error) {
      if (!limit.signal.aborted || this.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
      limit.abort();
    }
    if (this.signal.aborted) throw new BerthError('cancelled', 'It was cancelled.');
    return undefined;
  }

  /** The operation as it is when it has ended, or when `waitMs` have passed. */
  async settled(operation: Operation, waitMs: number): Promise<Operation> {
    let last = operation;
    if (operation.endedAt !== null) return last;
    await this.until(
      'operations.watch',
      (all) => {
        last = all.find(({ id }) => id === operation.id) ?? last;
        return last.endedAt === null ? undefined : last;
      },
      waitMs,
    );
    return last;
  }
}

/** Throws what an operation failed with; one that is under way or went well passes. */
export function requireNotFailed({ state, error, title }: Operation): void {
  if (state !== 'failed' && state !== 'cancelled') return;
  if (error === null) throw new BerthError('cancelled', `“${title}” was cancelled.`);
  throw new BerthError(error.code, error.message, { details: error.details });
}
