/**
 * Pages of a collection, in the order of ids: that order never changes, so a cursor stays good whatever is added or removed
 * between two pages. Nothing is held between them.
 */
import { BerthError } from '#contract/berth-error.ts';

export const pageLimits = { least: 1, most: 500, usual: 100 } as const;

export interface Page {
  readonly items: readonly Item[];
  /** For the query of the next page; null: this is the last. */
  readonly next: string | null;
}
export interface Item {
  readonly id: string;
}

/** @throws BerthError invalid-input for a limit or a cursor that cannot be used */
export function pageOf(
  all: readonly Item[],
  method: string,
  { limit, cursor }: { limit: string | undefined; cursor: string | undefined },
): Page {
  const size = limitOf(limit);
  const after = cursor === undefined ? '' : idOf(cursor, method);
  const rest = all.filter(({ id }) => id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
  const items = rest.slice(0, size);
  const last = items.at(-1);
  return {
    items,
    next: last === undefined || rest.length <= size ? null : cursorOf(last.id, method),
  };
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return pageLimits.usual;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= pageLimits.least && limit <= pageLimits.most) return limit;
  throw BerthError.atField(
    'limit',
    `It must be a whole number from ${pageLimits.least} to ${pageLimits.most}.`,
  );
}

/** Opaque to clients. Holds the method's name, so that the cursor of one collection is none of another. */
function cursorOf(id: string, method: string): string {
  return Buffer.from(JSON.stringify([method, id])).toString('base64url');
}

function idOf(cursor: string, method: string): string {
  const wrong = BerthError.atField('cursor', 'It must be the `next` of a page of this very collection.');
  if (cursor.length > 400 || !/^[\w-]+$/.test(cursor)) throw wrong;
  try {
    const [of, id, ...more]: unknown[] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (of === method && typeof id === 'string' && more.length === 0) return id;
  } catch {
    // Not one of ours.
  }
  throw wrong;
}
