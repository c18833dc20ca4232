/**
 * Every route of the API, made of the contract: calls, and what a stream and a byte stream are in HTTP. Knows no request.
 * The routes, the answers to wrong methods and the OpenAPI document all come from this table.
 */
import { z } from 'zod';
import type {
  BytesMethod,
  BytesRoute,
  CallMethod,
  Method,
  RestRoute,
  StreamMethod,
} from '#contract/contract.ts';
import { contract } from '#contract/index.ts';
import { Operation } from '#contract/operations.ts';

interface RouteBase {
  readonly verb: RestRoute['method'];
  /** Under `/v1`, with `:name`. */
  readonly path: string;
  /** The method of the contract. */
  readonly name: string;
}
type BytesOf<S extends BytesRoute['shape']> = BytesMethod & {
  readonly rest: Extract<BytesRoute, { shape: S }>;
};

export type Route =
  | (RouteBase & { readonly kind: 'call'; readonly method: CallMethod })
  /** `item`: the schema of one thing of the collection. */
  | (RouteBase & { readonly kind: 'page'; readonly method: StreamMethod; readonly item: z.ZodType })
  | (RouteBase & {
      readonly kind: 'item';
      readonly method: StreamMethod;
      readonly item: z.ZodType;
      /** The path's name for the id. */
      readonly idName: string;
    })
  | (RouteBase & { readonly kind: 'value'; readonly method: StreamMethod })
  | (RouteBase & { readonly kind: 'items'; readonly method: StreamMethod })
  | (RouteBase & { readonly kind: 'text'; readonly method: BytesOf<'text'> })
  | (RouteBase & { readonly kind: 'download'; readonly method: BytesOf<'download'> })
  | (RouteBase & { readonly kind: 'upload'; readonly method: BytesOf<'upload'> })
  | (RouteBase & { readonly kind: 'duplex'; readonly method: BytesOf<'duplex'> });

/** The more words a path has in place of names, the earlier: `/hosts/candidates` before `/hosts/:id`. */
export function restRoutes(): Route[] {
  const all: [string, Method][] = Object.entries(contract);
  const ownPaths = all.map(([, method]) => method.rest.path);
  return all
    .flatMap(([name, method]) => routesOf(name, method, ownPaths))
    .sort((a, b) => (sortKey(a.path) < sortKey(b.path) ? -1 : 1));
}

/** As the framework looks: segment by segment, words first. */
function sortKey(path: string): string {
  return path
    .split('/')
    .map((part) => (part.startsWith(':') ? '~' : part))
    .join('/');
}

function routesOf(name: string, method: Method, ownPaths: readonly string[]): Route[] {
  const { method: verb, path } = method.rest;
  const base = { verb, path, name };
  if (method.kind === 'call') return [{ ...base, kind: 'call', method }];
  if (method.kind === 'bytes') {
    // The compiler does not follow a union through a member of a member.
    const { shape } = method.rest;
    return [{ ...base, kind: shape, method } as Route];
  }
  if (method.rest.shape !== 'collection') return [{ ...base, kind: method.rest.shape, method }];
  const item = itemOf(method);
  // One path has one spelling of its names, whichever methods it has.
  const sibling = ownPaths.find(
    (own) => own.startsWith(`${path}/:`) && !own.slice(path.length + 2).includes('/'),
  );
  const idName = sibling?.slice(path.length + 2) ?? 'id';
  return [
    { ...base, kind: 'page', method, item },
    { ...base, path: `${path}/:${idName}`, kind: 'item', method, item, idName },
  ];
}

/** Of what `collectionItem` makes. */
function itemOf(method: StreamMethod): z.ZodType {
  const [whole] = method.item instanceof z.ZodDiscriminatedUnion ? method.item.options : [];
  const items = whole instanceof z.ZodObject ? whole.shape.items : undefined;
  if (items instanceof z.ZodArray && items.element instanceof z.ZodType) return items.element;
  throw new TypeError(`${method.rest.path} is declared as a collection and streams something else`);
}

export function namesOf(path: string): string[] {
  return [...path.matchAll(/:([A-Za-z]+)/g)].map(([, name = '']) => name);
}

/** What a download is, by the name that it is saved as. */
export function downloadType(fileName: string): string {
  return fileName.endsWith('.zst') ? 'application/zstd' : uploadType;
}
/** RFC 2046 §4.5.1: bytes, of which nothing more is said. */
export const uploadType = 'application/octet-stream';

/** What a call that went well answers with. */
export function successOf({ output, rest }: CallMethod): 200 | 201 | 202 {
  if (rest.creates !== undefined) return 201;
  return output === Operation || (output instanceof z.ZodObject && output.shape.operation === Operation)
    ? 202
    : 200;
}
