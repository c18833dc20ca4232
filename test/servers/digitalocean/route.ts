/** How an operation of the API is answered: what it is given, what it gives, and paging. */
import type { Account } from './account.ts';
import type { Json, JsonObject } from './api-document.ts';
import type { Destructions } from './destruction.ts';
import type { DropletLife, DropletLifeParts } from './droplet-life.ts';

export interface RouteRequest {
  readonly account: Account;
  readonly scopes: ReadonlySet<string>;
  /** By the names of the path; as written. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
  /** What links begin with. */
  readonly linksBase: string;
  readonly pathname: string;
}

export interface RouteAnswer {
  readonly status: number;
  readonly body?: Json;
}

export interface RouteParts extends DropletLifeParts {
  readonly life: DropletLife;
  readonly destructions: Destructions;
}

export type Route = (request: RouteRequest) => RouteAnswer;
export type Routes = Readonly<Record<string, Route>>;

export const ok = (body: Json): RouteAnswer => ({ status: 200, body });
export const empty = (status = 204): RouteAnswer => ({ status });

/** One page under `name`, with links to the others as the API words them. */
export function page(request: RouteRequest, name: string, all: readonly Json[]): RouteAnswer {
  const number = Number(request.query.get('page') ?? 1);
  const size = Number(request.query.get('per_page') ?? 20);
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = (to: number) => {
    const query = new URLSearchParams(request.query);
    query.set('page', String(to));
    query.set('per_page', String(size));
    return `${request.linksBase}${request.pathname}?${query.toString()}`;
  };
  const pages: JsonObject = {
    ...(number > 1 ? { first: link(1), prev: link(number - 1) } : {}),
    ...(number < last ? { next: link(number + 1), last: link(last) } : {}),
  };
  return ok({
    [name]: all.slice((number - 1) * size, number * size),
    links: Object.keys(pages).length > 0 ? { pages } : {},
    meta: { total: all.length },
  });
}
