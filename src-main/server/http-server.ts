/**
 * The HTTP carrier as one value: its parts, put together in the order in which a request is judged: Host and Origin, then
 * who is calling, then the routes; files of the window last. Decides nothing itself and listens nowhere
 * (start-http-server.ts).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { Connection } from '#contract/frame.ts';
import type { AccountDoor } from '../control-plane/account-door.ts';
import type { Caller, GuestDoor } from '../control-plane/caller.ts';
import type { Dispatcher } from '../control-plane/dispatcher.ts';
import type { Log } from '../control-plane/interfaces/log.ts';
import type { Plane } from '../control-plane/plane.ts';
import type { ServedConfig } from '../config.ts';
import { type AccessWatch, createAccessWatch } from './access-watch.ts';
import type { AccessTokens } from './access-tokens.ts';
import { addAccountRoutes } from './account-routes.ts';
import { apiDocs } from './api-docs.ts';
import { signInRoutes } from './openapi-sign-in.ts';
import type { Authenticator } from './authenticate.ts';
import { browserCookies } from './browser-cookies.ts';
import type { ClientAddress } from './client-address.ts';
import { compatibleExtras } from './compatible/compatible-paths.ts';
import { compatibleApp, terminalUpgrade } from './compatible/join.ts';
import { answerCors } from './cors.ts';
import { duplexSockets } from './duplex-sockets.ts';
import { endStreams } from './end-streams.ts';
import { failureAnswer } from './failure-answer.ts';
import { createGuestEntry } from './guest-entry.ts';
import { createIdentifier, type Identifier } from './identify.ts';
import type { Provider } from './oidc/provider.ts';
import { addProviderRoutes, namesOf } from './oidc/provider-routes.ts';
import { ProviderSignIn } from './oidc/provider-sign-in.ts';
import { createProviderTokens } from './oidc/provider-tokens.ts';
import { planeSocket } from './plane-socket.ts';
import type { RateLimits } from './rate-limits.ts';
import type { RefreshTokens } from './refresh-tokens.ts';
import { type Allowed, factsOf, refusalOf } from './request-guard.ts';
import type { Idempotency } from './rest/idempotency.ts';
import { newRequestId, notFoundAnswer, requestIdHeader } from './rest/problem.ts';
import { addIndexRoute, addRestRoutes, type ApiEnvironment } from './rest-routes.ts';
import { addBrowserSignIn, addSessionRoutes } from './session-routes.ts';
import { createSignInGate } from './sign-in-gate.ts';
import { endSlowRequest, type SlowLimits, slowLimits } from './slow-requests.ts';
import { securityHeaders, staticUi } from './static-ui.ts';
import { addTokenRoutes } from './token-routes.ts';
import { createUpgradeRouter, type UpgradeRoute } from './upgrades.ts';

export interface HttpServerOptions {
  readonly dispatcher: Dispatcher;
  readonly serve: (connection: Connection, caller: Caller) => void;
  readonly accounts: AccountDoor;
  readonly authenticator: Authenticator;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly providers: readonly Provider[];
  readonly limits: RateLimits;
  readonly clientAddress: ClientAddress;
  /** For who is not known: how the plane is, and an operator's way in. */
  readonly doors: Pick<Plane, 'health' | 'operator'>;
  readonly served: Pick<ServedConfig, 'firstWorkspace' | 'deleteKey'>;
  /** Absent where nothing is ever shared. */
  readonly guests?: GuestDoor;
  /** Remembers answers to requests with a key; absent: with the process alone. */
  readonly idempotency?: Idempotency;
  readonly log: Log;
  readonly uiFolder: string;
  readonly version: string;
  readonly origin: string;
  readonly allowed: Allowed;
  /** What the window may show in a frame. */
  readonly frameSources: readonly string[];
  /** Name of the session's cookie; `__Host-` names need `isSecure`. */
  readonly cookieName: string;
  readonly isSecure: boolean;
  readonly nowMs: () => number;
  readonly timing?: CarrierTiming;
}

/** For tests: other lengths of time than those with reasons. Milliseconds. */
export interface CarrierTiming {
  readonly signInBodyMs?: number;
  readonly recheckMs?: number;
  readonly slow?: SlowLimits;
}

export interface HttpCarrier {
  request(incoming: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every socket. */
  close(): void;
}

/** What routes of other files are given. */
export interface RouteParts extends HttpServerOptions {
  readonly identifier: Identifier;
  readonly watch: AccessWatch;
}

/** Bytes of a request's headers: two tokens and some cookies. Web apps, which share the server, may have more. */
const maxHeaderBytes = 16 * 1024;

export function createHttpCarrier(options: HttpServerOptions): HttpCarrier {
  const { dispatcher, accounts, log, allowed, cookieName, isSecure, nowMs, timing = {} } = options;
  const { limits, clientAddress, providers, origin, guests } = options;
  const providerTokens = createProviderTokens(providers, { accounts, nowMs });
  const identifier = createIdentifier({ ...options, providerTokens });
  const watch = createAccessWatch(accounts, {
    nowMs,
    ...(timing.recheckMs === undefined ? {} : { everyMs: timing.recheckMs }),
  });
  const guestEntry =
    guests === undefined ? undefined : createGuestEntry({ door: guests, cookieName, isSecure, log });
  const parts: RouteParts = { ...options, identifier, watch };

  const upgrades = createUpgradeRouter({
    identifier,
    watch,
    allowed,
    log,
    routes: upgradeRoutes(parts, guestEntry),
  });

  const cookies = browserCookies(cookieName, isSecure);
  const gate = createSignInGate({
    limits,
    clientAddress,
    ...(timing.signInBodyMs === undefined ? {} : { timeoutMs: timing.signInBodyMs }),
  });
  const session = { ...options, cookies, gate };
  /** For who is not known yet: no cookie is looked at. */
  const open = new Hono<ApiEnvironment>();
  addAccountRoutes(open, { ...session, providers: namesOf(providers) });
  addTokenRoutes(open, session);
  /** For who is known. */
  const known = new Hono<ApiEnvironment>();
  for (const path of ['/user', '/logout', '/logout/everywhere', '/socket-ticket', '/session'])
    known.use(path, identifier.required);
  addSessionRoutes(known, session);

  const api = new Hono<ApiEnvironment>();
  addIndexRoute(api);
  for (const path of ['/session', '/shared', '/shared/*']) api.use(path, identifier.ownPage);
  addBrowserSignIn(api, session);
  guestEntry?.addRoutes(api);
  api.route('/', open);
  api.use('*', identifier.required, endStreams(watch));
  addSessionRoutes(api, session);
  const { idempotency } = options;
  addRestRoutes(api, dispatcher, idempotency === undefined ? {} : { idempotency });

  const app = new Hono<ApiEnvironment>();
  app.route('/api/v1', api);
  app.route('/v1', api);
  const { version, uiFolder } = options;
  const extras = [signInRoutes(), compatibleExtras];
  app.route('/api', apiDocs({ version, cookieName, uiFolder, extras }));
  app.all('/api/*', notFoundAnswer);
  app.all('/v1/*', notFoundAnswer);
  app.route('/', open);
  app.route('/', known);
  const signIn = new ProviderSignIn({ origin, nowMs });
  addProviderRoutes(app, { ...session, providers, signIn });
  const ui = staticUi(options.uiFolder);
  app.route('/', compatibleApp(parts, ui));
  app.get('*', async (context) => {
    const file = await ui(new URL(context.req.url).pathname);
    return context.body(file.body, file.status, { ...file.headers });
  });
  app.notFound(notFoundAnswer);
  app.onError((error, context) => failureAnswer(error, context, log));

  // A policy cannot name an IPv6 address; there 'self' has to do.
  const named = [...allowed.hosts].filter((host) => !host.startsWith('['));
  const socketOrigins = named.map((host) => `${isSecure ? 'wss' : 'ws'}://${host}`);
  const { frameSources } = options;
  const headers = Object.entries(securityHeaders({ socketOrigins, frameSources, isSecure }));
  // In front of the framework, so that nothing of it, not even its own errors, answers without guard and headers.
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    autoCleanupIncoming: false,
  });
  function request(incoming: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of headers) response.setHeader(name, value);
    response.setHeader(requestIdHeader, newRequestId());
    endSlowRequest(incoming, response, timing.slow ?? slowLimits);
    if (headerBytesOf(incoming) > maxHeaderBytes) {
      response.writeHead(431, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
      response.end('Request Header Fields Too Large\n');
      return;
    }
    const facts = factsOf(incoming);
    const refusal = refusalOf(facts, allowed);
    if (refusal === undefined) {
      if (!answerCors(incoming, response, allowed.corsOrigins)) void listener(incoming, response);
      return;
    }
    log.warn('A request was refused', { refusal, method: facts.method });
    response.writeHead(403, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
    response.end('Forbidden\n');
  }

  return {
    request,
    upgrade: (incoming, socket, head) => upgrades.upgrade(incoming, socket, head),
    close: () => {
      watch.close();
      upgrades.close();
    },
  };
}

function headerBytesOf({ rawHeaders, url = '' }: IncomingMessage): number {
  return rawHeaders.reduce((sum, text) => sum + text.length + 2, url.length);
}

/** Every web socket that there is. */
function upgradeRoutes(
  parts: RouteParts,
  entry: ReturnType<typeof createGuestEntry> | undefined,
): UpgradeRoute[] {
  const { serve, guests, dispatcher, log } = parts;
  return [
    terminalUpgrade(parts),
    planeSocket({
      serve,
      guests: guests === undefined || entry === undefined ? undefined : { door: guests, entry },
    }),
    duplexSockets(dispatcher, log),
  ];
}
