/**
 * The REST carrier: a route for each method of the contract. Adds no feature. What a call answers, a GET of a collection
 * or a value, a stream that goes on, bytes down and up: each has a file of its own in rest/; this one joins them, and
 * owns what every route has in common: who asks, wrong methods, and where the documentation is.
 */
import type { Context, Hono } from 'hono';
import type { CallMethod } from '#contract/contract.ts';
import type { Caller } from '../control-plane/caller.ts';
import { type Dispatcher, notFound } from '../control-plane/dispatcher.ts';
import type { Session } from './authenticate.ts';
import type { Identity } from './identify.ts';
import { jsonObjectOf, readBytes } from './read-body.ts';
import { downloadAnswer } from './rest/byte-download.ts';
import { bodySize, takeUpload } from './rest/byte-upload.ts';
import { type Item, pageOf } from './rest/collection-page.ts';
import { contentDisposition } from './rest/content-disposition.ts';
import { formatOf, type StreamTimes, streamAnswer, streamTimes, wantsEvents } from './rest/event-stream.ts';
import { abortWith } from './rest/first-moment.ts';
import {
  createIdempotency,
  type Idempotency,
  idempotencyHeader,
  keyOf,
  replayedHeader,
} from './rest/idempotency.ts';
import { checkPrecondition, jsonAnswer } from './rest/json-answer.ts';
import { HttpRefusal } from './rest/problem.ts';
import { type InputFields, inputFieldsOf, onlyFields, queryInput, withPath } from './rest/rest-input.ts';
import { downloadType, type Route, restRoutes, successOf, uploadType } from './rest/route-table.ts';
import { maxMessageBytes } from './websocket-connection.ts';

/** `session` is there for browsers alone; `identity` says whether the caller may still come in. */
export type ApiEnvironment = { Variables: { session?: Session; caller: Caller; identity: Identity } };
type ApiContext = Context<ApiEnvironment>;
type RouteOf<K extends Route['kind']> = Extract<Route, { kind: K }>;

export interface RestOptions {
  /** Absent: keys are forgotten with the process. */
  readonly idempotency?: Idempotency;
  readonly times?: StreamTimes;
}

/** Adds `GET /`, which says where everything is and nothing of what is here: whoever is not signed in may ask it, too. */
export function addIndexRoute(app: Hono<ApiEnvironment>): void {
  app.get('/', (context) => {
    const base = baseOf(context);
    const links = [
      '</api/openapi.json>; rel="service-desc"; type="application/vnd.oai.openapi+json;version=3.1"',
      '</api/docs>; rel="service-doc"; type="text/html"',
    ];
    const collections = restRoutes().flatMap(({ kind, path }) => (kind === 'page' ? [`${base}${path}`] : []));
    return jsonAnswer(
      context,
      { name: 'Berth', documentation: '/api/docs', description: '/api/openapi.json', collections },
      200,
      { Link: links.join(', ') },
    );
  });
}

/** Adds the contract's routes to an app that is mounted under /v1 and /api/v1 and has put the caller into its context. */
export function addRestRoutes(
  app: Hono<ApiEnvironment>,
  dispatcher: Dispatcher,
  { idempotency = createIdempotency(), times = streamTimes }: RestOptions = {},
): void {
  const routes = restRoutes();
  const serve = { dispatcher, idempotency, times, routes };
  for (const [path, own] of Map.groupBy(routes, (route) => route.path)) {
    for (const route of own) app.on(route.verb, path, handlerOf(route, serve));
    // After its own methods and before a path with a name in this one's place.
    const verbs = own.map(({ verb }) => verb);
    const allow = [...verbs, ...(verbs.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
    app.all(path, (context) => {
      if (context.req.method === 'OPTIONS') return context.body(null, 204, { Allow: allow });
      throw new HttpRefusal(
        405,
        { code: 'invalid-input', message: `This path takes ${allow}.` },
        { Allow: allow },
      );
    });
  }
}

interface Serve extends Required<RestOptions> {
  readonly dispatcher: Dispatcher;
  readonly routes: readonly Route[];
}
type Handle = (context: ApiContext) => Promise<Response> | Response;

function handlerOf(route: Route, serve: Serve): Handle {
  switch (route.kind) {
    case 'call':
      return route.verb === 'POST' ? postHandler(route, serve) : callHandler(route, serve);
    case 'page':
      return pageHandler(route, serve);
    case 'item':
    case 'value':
      return presentHandler(route, serve);
    case 'items': {
      const fields = inputFieldsOf(route.method.input);
      return (context) => {
        const input = withPath(context.req, queryInput(context.req, fields), fields);
        const format = formatOf(context.req.header('accept'));
        return streamAnswer(context, opener(serve, route, input, context), format, serve.times);
      };
    }
    case 'text':
    case 'download':
      return downloadHandler(route, serve);
    case 'upload':
      return uploadHandler(route, serve);
    case 'duplex':
      return () => {
        const message = 'Here is a web socket: ask with an upgrade (RFC 6455).';
        throw new HttpRefusal(
          426,
          { code: 'invalid-input', message },
          { Upgrade: 'websocket', Connection: 'Upgrade' },
        );
      };
    default:
      return route satisfies never;
  }
}

function callHandler(route: RouteOf<'call'>, { dispatcher, routes }: Serve): Handle {
  const fields = inputFieldsOf(route.method.input);
  const hasBody = route.verb === 'PUT' || route.verb === 'PATCH';
  const present = route.verb === 'GET' ? undefined : presentOf(route.path, routes, dispatcher);
  return async (context) => {
    const given = hasBody
      ? jsonObjectOf(await readBytes(context.req, maxMessageBytes), context.req)
      : queryInput(context.req, fields);
    if (hasBody) refuseQuery(context);
    const input = withPath(context.req, given, fields);
    if (route.verb !== 'GET') await checkPrecondition(context, present && (() => present(context)));
    const caller = context.get('caller');
    const output = await dispatcher.call(route.name, input, { caller, signal: context.req.raw.signal });
    return jsonAnswer(context, output, 200);
  };
}

function postHandler(route: RouteOf<'call'>, { dispatcher, idempotency }: Serve): Handle {
  const fields = inputFieldsOf(route.method.input);
  const status = successOf(route.method);
  return async (context) => {
    refuseQuery(context);
    const body = await readBytes(context.req, maxMessageBytes);
    const input = withPath(context.req, jsonObjectOf(body, context.req), fields);
    const caller = context.get('caller');
    const key = keyOf(context.req.header(idempotencyHeader));
    const run = async (signal: AbortSignal) => {
      const output = await dispatcher.call(route.name, input, { caller, signal });
      const location = locationOf(output, route.method);
      const headers: Record<string, string> = location === undefined ? {} : { Location: location };
      return { status, headers, body: JSON.stringify(output ?? null) };
    };
    const { reply, isReplayed } =
      key === undefined
        ? { reply: await run(context.req.raw.signal), isReplayed: false }
        : await idempotency.once(
            {
              key,
              userId: caller.userId,
              method: route.verb,
              path: pathUnderBase(context),
              body,
              isConfidential: route.method.rest.isConfidential === true,
            },
            // With a key it goes on when the client is gone: that is what the key is for.
            () => run(new AbortController().signal),
          );
    const { Location: location, ...headers } = reply.headers;
    return context.body(reply.body, reply.status as 200, {
      ...headers,
      'Content-Type': 'application/json',
      ...(location === undefined ? {} : { Location: baseOf(context) + location }),
      ...(isReplayed ? { [replayedHeader]: 'true' } : {}),
    });
  };
}

/** Under the base: one reply serves both. */
function locationOf(output: unknown, { rest }: CallMethod): string | undefined {
  if (rest.creates !== undefined) return `${rest.path}/${String(valueAt(output, rest.creates.split('.')))}`;
  const id = valueAt(output, ['operation', 'id']) ?? valueAt(output, ['id']);
  return typeof id === 'string' && id.startsWith('op_') ? `/operations/${id}` : undefined;
}

function valueAt(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? valueAt((value as Record<string, unknown>)[name], rest)
    : undefined;
}

function pageHandler(route: RouteOf<'page'>, serve: Serve): Handle {
  return async (context) => {
    if (wantsEvents(context.req.header('accept'))) {
      refuseQuery(context);
      return streamAnswer(context, opener(serve, route, {}, context), 'events', serve.times);
    }
    const fields = onlyFields('limit', 'cursor');
    const query = withPath(context.req, queryInput(context.req, fields), fields);
    const text = (name: string) => (typeof query[name] === 'string' ? query[name] : undefined);
    const page = pageOf(await allOf(route, serve.dispatcher, context), route.name, {
      limit: text('limit'),
      cursor: text('cursor'),
    });
    if (page.next === null) return jsonAnswer(context, page);
    const next = new URLSearchParams({
      limit: text('limit') ?? String(page.items.length),
      cursor: page.next,
    });
    return jsonAnswer(context, page, 200, { Link: `<${baseOf(context)}${route.path}?${next}>; rel="next"` });
  };
}

function presentHandler(route: RouteOf<'item'> | RouteOf<'value'>, serve: Serve): Handle {
  return async (context) => {
    refuseQuery(context);
    if (route.kind === 'value' && wantsEvents(context.req.header('accept')))
      return streamAnswer(context, opener(serve, route, {}, context), 'events', serve.times);
    return jsonAnswer(context, await read(route, serve.dispatcher, context));
  };
}

function downloadHandler(route: RouteOf<'text'> | RouteOf<'download'>, { dispatcher }: Serve): Handle {
  const fields = inputFieldsOf(route.method.input);
  return (context) => {
    const input = withPath(context.req, queryInput(context.req, fields), fields);
    return downloadAnswer(context, {
      begin: (signal) => dispatcher.bytes(route.name, input, { caller: context.get('caller'), signal }),
      headers: route.kind === 'text' ? textHeaders : fileHeaders(route.method.rest.fileName, input),
      isLive: route.kind === 'text',
    });
  };
}

// nginx collects responses into buffers unless it is told not to.
const textHeaders = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Accel-Buffering': 'no' };

function fileHeaders(fileName: string, input: Readonly<Record<string, unknown>>): Record<string, string> {
  const [, field = '', suffix = ''] = /^:([A-Za-z]+)(.*)$/.exec(fileName) ?? [];
  const last = String(input[field]).split('/').at(-1);
  return {
    'Content-Type': downloadType(fileName),
    'Content-Disposition': contentDisposition(`${last === '.' ? 'files' : last}${suffix}`),
  };
}

function uploadHandler(route: RouteOf<'upload'>, { dispatcher }: Serve): Handle {
  const fields = inputFieldsOf(route.method.input);
  const { sizeField } = route.method.rest;
  return async (context) => {
    const given = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
    if (given !== uploadType)
      throw new HttpRefusal(
        415,
        { code: 'invalid-input', message: `The body must be sent as ${uploadType}.` },
        { Accept: uploadType },
      );
    const query = withPath(context.req, queryInput(context.req, fields), fields);
    const sizeBytes = bodySize(context, query[sizeField], sizeField);
    const input = { ...query, [sizeField]: sizeBytes };
    await takeUpload(context, sizeBytes, (signal) =>
      dispatcher.bytes(route.name, input, { caller: context.get('caller'), signal }),
    );
    return context.json({}, 201, { Location: context.req.path });
  };
}

/** What a GET of this path answers now; undefined: there is no such GET, or it answers no one thing. */
function presentOf(path: string, routes: readonly Route[], dispatcher: Dispatcher) {
  const route = routes.find((one) => one.verb === 'GET' && one.path === path);
  if (route?.kind !== 'item' && route?.kind !== 'value') return undefined;
  return (context: ApiContext) => read(route, dispatcher, context);
}

async function read(
  route: RouteOf<'item'> | RouteOf<'value'>,
  dispatcher: Dispatcher,
  context: ApiContext,
): Promise<unknown> {
  if (route.kind === 'value') return firstOf(route, dispatcher, context);
  const id = context.req.param(route.idName);
  const found = (await allOf(route, dispatcher, context)).find((item) => item.id === id);
  if (found === undefined) throw notFound();
  return found;
}

async function allOf(route: Route, dispatcher: Dispatcher, context: ApiContext): Promise<readonly Item[]> {
  const whole = await firstOf(route, dispatcher, context);
  return (whole as { items: readonly Item[] }).items;
}

/** The first item of a stream is the whole: what there is now. */
async function firstOf({ name }: Route, dispatcher: Dispatcher, context: ApiContext): Promise<unknown> {
  const abort = abortWith(context.req.raw.signal);
  try {
    const caller = context.get('caller');
    for await (const first of dispatcher.stream(name, {}, { caller, signal: abort.signal })) return first;
    throw notFound();
  } finally {
    abort.abort();
  }
}

function opener({ dispatcher }: Serve, { name }: Route, input: unknown, context: ApiContext) {
  return (signal: AbortSignal) => dispatcher.stream(name, input, { caller: context.get('caller'), signal });
}

/** For what takes nothing from the query. */
function refuseQuery(context: ApiContext): void {
  const nothing: InputFields = onlyFields();
  const given = queryInput(context.req, nothing);
  if (Object.keys(given).length > 0) withPath(context.req, given, nothing);
}

/** Where the API is mounted that was asked: links lead to the same. */
function baseOf(context: Context): string {
  return context.req.path.startsWith('/api/') ? '/api/v1' : '/v1';
}

function pathUnderBase(context: Context): string {
  return context.req.path.slice(baseOf(context).length);
}
