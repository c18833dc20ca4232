/**
 * The HTTP carrier as one value: guard, session, REST, sockets' upgrade, and the window's files. Owns the order in
 * which a request is judged: host and origin, then session, then everything else. Listens nowhere (start-http-server.ts).
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import { WebSocketServer, type WebSocket } from 'ws';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import type { Connection } from '#contract/frame.ts';
import type { ShareId } from '#contract/ids.ts';
import type { Caller, GuestDoor } from '../control-plane/caller.ts';
import type { Dispatcher } from '../control-plane/dispatcher.ts';
import type { Log } from '../control-plane/interfaces/log.ts';
import type { Authenticator, Session } from './authenticate.ts';
import { sessionIdleMs } from './authenticate.ts';
import { createGuestEntry } from './guest-entry.ts';
import { type Allowed, factsOf, refusalOf, upgradeRefusalOf } from './request-guard.ts';
import { readJsonObject } from './read-body.ts';
import { apiDocs } from './api-docs.ts';
import type { Idempotency } from './rest/idempotency.ts';
import {
  errorAnswer,
  HttpRefusal,
  newRequestId,
  notFoundAnswer,
  requestIdHeader,
  requestIdOf,
} from './rest/problem.ts';
import { addIndexRoute, addRestRoutes, type ApiEnvironment } from './rest-routes.ts';
import { securityHeaders, staticUi } from './static-ui.ts';
import { maxMessageBytes, webSocketConnection } from './websocket-connection.ts';

export interface HttpServerOptions {
  readonly dispatcher: Dispatcher;
  readonly serve: (connection: Connection, caller: Caller) => void;
  readonly authenticator: Authenticator;
  /** Absent where nothing is ever shared. */
  readonly guests?: GuestDoor;
  /** Remembers answers to requests with a key; absent: with the process alone. */
  readonly idempotency?: Idempotency;
  readonly log: Log;
  readonly uiFolder: string;
  readonly version: string;
  readonly allowed: Allowed;
  /** Name of the session's cookie; `__Host-` names need `isSecure`. */
  readonly cookieName: string;
  readonly isSecure: boolean;
}

export interface HttpCarrier {
  request(incoming: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every socket. */
  close(): void;
}

const socketPath = '/api/v1/socket';
export const socketProtocol = 'berth.v1';
/** A session has a window or two per browser, not hundreds. */
const maxSocketsPerSession = 32;
const maxSignInBytes = 4096;
/** Bytes of one message of a guest: what the flow control lets it send at once, and some. */
const maxGuestMessageBytes = 512 * 1024;
/** Milliseconds in which a guest may still be told why it is let go. */
const farewellMs = 500;

const SignIn = z.object({ ticket: z.string().min(1).max(200) });

export function createHttpCarrier(options: HttpServerOptions): HttpCarrier {
  const { dispatcher, serve, authenticator, log, allowed, cookieName, isSecure } = options;
  // A policy cannot name an IPv6 address; there 'self' has to do.
  const named = [...allowed.hosts].filter((host) => !host.startsWith('['));
  const socketOrigins = named.map((host) => `${isSecure ? 'wss' : 'ws'}://${host}`);
  const headers = Object.entries(securityHeaders(socketOrigins));
  const sockets = new Map<string, Set<WebSocket>>();
  const upgrader = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols: () => socketProtocol,
  });
  const guestUpgrader = new WebSocketServer({
    noServer: true,
    maxPayload: maxGuestMessageBytes,
    perMessageDeflate: false,
    handleProtocols: () => socketProtocol,
  });
  const guestSockets = new Set<WebSocket>();
  const guestEntry =
    options.guests === undefined
      ? undefined
      : createGuestEntry({ door: options.guests, cookieName, isSecure, log });

  function cookie(value: string, maxAgeSeconds: number): string {
    const secure = isSecure ? '; Secure' : '';
    return `${cookieName}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`;
  }

  const api = new Hono<ApiEnvironment>();
  addIndexRoute(api);
  api.post('/session', async (context) => {
    const parsed = SignIn.safeParse(await readJsonObject(context.req, maxSignInBytes));
    if (!parsed.success) throw new BerthError('invalid-input', 'A sign-in holds one ticket.');
    const value = await authenticator.signIn(parsed.data.ticket);
    log.info('A browser signed in');
    context.header('Set-Cookie', cookie(value, Math.floor(sessionIdleMs / 1000)));
    return context.json({});
  });
  guestEntry?.addRoutes(api);
  api.use('*', async (context, next) => {
    const session = authenticator.sessionOf(getCookie(context, cookieName));
    if (session === undefined) throw new BerthError('not-signed-in', 'Sign in first.');
    context.set('session', session);
    context.set('caller', session.caller);
    await next();
  });
  api.delete('/session', async (context) => {
    await authenticator.signOut(context.get('session'));
    context.header('Set-Cookie', cookie('', 0));
    return context.json({});
  });
  api.post('/socket-ticket', (context) =>
    context.json({ ticket: authenticator.createSocketTicket(context.get('session')) }),
  );
  addRestRoutes(
    api,
    dispatcher,
    options.idempotency === undefined ? {} : { idempotency: options.idempotency },
  );

  const app = new Hono();
  app.route('/api/v1', api);
  app.route('/v1', api);
  app.route('/api', apiDocs({ version: options.version, cookieName, uiFolder: options.uiFolder }));
  app.all('/api/*', notFoundAnswer);
  app.all('/v1/*', notFoundAnswer);
  const ui = staticUi(options.uiFolder);
  app.get('*', async (context) => {
    const file = await ui(new URL(context.req.url).pathname);
    return context.body(file.body, file.status, { ...file.headers });
  });
  app.notFound(notFoundAnswer);
  app.onError((error, context) => {
    if (!BerthError.is(error) && !(error instanceof HttpRefusal))
      log.error('A request failed', {
        method: context.req.method,
        request: requestIdOf(context),
        cause: error,
      });
    return errorAnswer(context, error);
  });

  authenticator.onSessionEnd((sessionId) => {
    for (const socket of sockets.get(sessionId) ?? []) socket.close(1008, 'signed out');
  });

  function accept(session: Session, socket: WebSocket): void {
    const open = sockets.get(session.id) ?? new Set();
    sockets.set(session.id, open);
    open.add(socket);
    socket.on('close', () => {
      open.delete(socket);
      if (open.size === 0) sockets.delete(session.id);
    });
    serve(webSocketConnection(socket), session.caller);
  }

  function acceptGuest(shareId: ShareId, socket: WebSocket): void {
    try {
      // Its streams end by themselves; the socket follows when their last words are out.
      const onEnd = () => void setTimeout(() => socket.close(1008, 'ended'), farewellMs).unref();
      const entered = options.guests?.admit(shareId, onEnd);
      if (entered === undefined) throw new TypeError('a share without a door');
      guestSockets.add(socket);
      socket.on('close', () => {
        guestSockets.delete(socket);
        entered.leave();
      });
      serve(webSocketConnection(socket), entered.caller);
    } catch {
      // It ended, or the last place was taken, between the ticket and here.
      socket.close(1008);
    }
  }

  /** The session or the share that may open a socket, or the status that refuses it. Takes the ticket of a good request only. */
  function admit(request: IncomingMessage): Session | ShareId | number {
    const facts = factsOf(request.method ?? '', request.url ?? '', request.headers);
    const refusal = upgradeRefusalOf({ ...facts, header: upgradeHeader(facts.header) }, allowed);
    if (refusal !== undefined) {
      log.warn('An upgrade was refused', { refusal });
      return 403;
    }
    if (request.url !== socketPath) return 404;
    const protocols = (facts.header('sec-websocket-protocol') ?? '').split(',').map((one) => one.trim());
    const ticket = protocols.find((one) => one.startsWith('ticket.'))?.slice('ticket.'.length);
    if (!protocols.includes(socketProtocol) || ticket === undefined) return 401;
    const session = authenticator.redeemSocketTicket(ticket);
    if (session === undefined) return guestEntry?.redeemSocketTicket(ticket) ?? 401;
    return (sockets.get(session.id)?.size ?? 0) >= maxSocketsPerSession ? 429 : session;
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const admitted = admit(request);
    if (typeof admitted === 'number') refuse(socket, admitted);
    else if (typeof admitted === 'string')
      guestUpgrader.handleUpgrade(request, socket, head, (opened) => acceptGuest(admitted, opened));
    else upgrader.handleUpgrade(request, socket, head, (opened) => accept(admitted, opened));
  }

  // In front of the framework, so that nothing of it, not even its own errors, answers without guard and headers.
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  function request(incoming: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of headers) response.setHeader(name, value);
    response.setHeader(requestIdHeader, newRequestId());
    const facts = factsOf(incoming.method ?? '', incoming.url ?? '', incoming.headers);
    const refusal = refusalOf(facts, allowed);
    if (refusal === undefined) {
      void listener(incoming, response);
      return;
    }
    log.warn('A request was refused', { refusal, method: facts.method });
    response.writeHead(403, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
    response.end('Forbidden\n');
  }

  return {
    request,
    upgrade,
    close: () => {
      const open = [...[...sockets.values()].flatMap((own) => [...own]), ...guestSockets];
      for (const socket of open) socket.close(1001, 'closing');
      for (const socket of open) socket.terminate();
      upgrader.close();
      guestUpgrader.close();
    },
  };
}

/** A browser's handshake is a GET and cannot carry X-Berth; the ticket proves what that header would. */
function upgradeHeader(header: (name: string) => string | undefined) {
  return (name: string) => (name === 'x-berth' ? '1' : header(name));
}

function refuse(socket: Duplex, status: number): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    () => socket.destroy(),
  );
}
