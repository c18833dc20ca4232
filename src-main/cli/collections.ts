/** Reads and watches the plane's collections, whole items at a time. */
import type { CollectionItem } from '#contract/collection.ts';
import type { ItemOf, StreamName } from '#contract/index.ts';
import type { Client } from '#renderer/transport/client.ts';

export type CollectionName = {
  [M in StreamName]: ItemOf<M> extends { type: 'all' | 'change' } ? M : never;
}[StreamName];
export type MemberOf<M extends CollectionName> =
  Extract<ItemOf<M>, { type: 'all' }> extends { items: (infer T)[] } ? T : never;

/**
 * Looks at the collection and at each change of it until `find` returns something. Resolves with undefined when `signal`
 * ends it. What `find` throws ends it, too.
 */
export async function watchUntil<M extends CollectionName, R>(
  client: Client,
  method: M,
  find: (members: MemberOf<M>[]) => R | undefined,
  signal?: AbortSignal,
): Promise<R | undefined> {
  const members = new Map<string, MemberOf<M>>();
  const items = client.stream(method, {} as never, signal === undefined ? {} : { signal });
  for await (const item of items) {
    const change = item as CollectionItem<MemberOf<M> & { id: string }>;
    if (change.type === 'all') members.clear();
    else for (const id of change.removed) members.delete(id);
    for (const one of change.type === 'all' ? change.items : change.upserted) members.set(one.id, one);
    const found = find([...members.values()]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** As it is now. */
export async function readAll<M extends CollectionName>(client: Client, method: M): Promise<MemberOf<M>[]> {
  return (await watchUntil(client, method, (members) => members)) ?? [];
}
