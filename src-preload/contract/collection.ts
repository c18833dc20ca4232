/**
 * How a collection is watched: the whole first, then changes, each with the revision that it leads to. A reader that
 * sees a gap opens the stream again; a push with an older revision is dropped.
 */
import { z } from 'zod';

export function collectionItem<T extends z.ZodType>(item: T) {
  return z.discriminatedUnion('type', [
    z.object({ type: z.literal('all'), revision: z.number().int(), items: z.array(item) }),
    z.object({
      type: z.literal('change'),
      revision: z.number().int(),
      upserted: z.array(item),
      removed: z.array(z.string()),
    }),
  ]);
}

export type CollectionItem<T> =
  | { type: 'all'; revision: number; items: T[] }
  | { type: 'change'; revision: number; upserted: T[]; removed: string[] };
