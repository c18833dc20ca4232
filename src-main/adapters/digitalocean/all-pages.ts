/** Lists in whole, page by page, never away from the one address. */
import type { z } from 'zod';
import type { ApiClient } from './api-client.ts';
import type { ReadRoute } from './api-routes.ts';
import { strangeAnswer } from './digitalocean-error.ts';
import { pageOf } from './shapes.ts';

/** The most that the API gives at once. */
export const PER_PAGE = 200;
/** 20,000 of a kind: more is a list that leads in circles. */
const MAX_PAGES = 100;

export interface ListWish {
  readonly parts?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

/** Throws as `ApiClient.read`; cloud.failed for a next page elsewhere and for a list without end. */
export async function readAllPages<T>(
  api: ApiClient,
  route: ReadRoute,
  key: string,
  item: z.ZodType<T>,
  signal: AbortSignal,
  { parts, query }: ListWish = {},
): Promise<T[]> {
  const shape = pageOf(key, item);
  const first = { ...(parts && { parts }), query: { ...query, per_page: String(PER_PAGE) } };
  let page = await api.read(route, shape, signal, first);
  const items = [...page.items];
  for (let pages = 1; page.next !== undefined; pages += 1) {
    if (pages >= MAX_PAGES) throw strangeAnswer(`its list has more than ${MAX_PAGES} pages`, null);
    page = await api.readAt(route, checkedNext(api, page.next), shape, signal);
    items.push(...page.items);
  }
  return items;
}

/** The token goes there: to no other host, scheme or port. */
function checkedNext(api: ApiClient, next: string): string {
  const url = URL.parse(next, `${api.baseUrl}/`);
  const base = new URL(api.baseUrl);
  if (url === null || url.origin !== base.origin || url.username !== '' || url.password !== '')
    throw strangeAnswer('its next page is at another address', null);
  return url.href;
}
