/**
 * Listens for browsers and scripts on behalf of a plane. Owns the listening socket, the sessions and the
 * local socket beside them; closes them in reverse. Speaks plain HTTP: on loopback, or behind a proxy with TLS.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Plane } from '../control-plane/plane.ts';
import { Authenticator } from './authenticate.ts';
import { createHttpCarrier } from './http-server.ts';
import { serveLocalSocket } from './local-socket.ts';
import { createIdempotency } from './rest/idempotency.ts';
import { allowedFor } from './request-guard.ts';
import { sessionFile } from './session-file.ts';

/** What it needs of the configuration (src-main/config.ts). */
export interface ServerConfig {
  readonly version: string;
  readonly dataFolder: string;
  readonly host: string;
  readonly port: number;
  readonly publicOrigin: string | null;
  readonly uiFolder: string;
}

export interface RunningServer {
  /** As a person types it: `http://127.0.0.1:7474`, or the public origin. */
  readonly origin: string;
  readonly port: number;
  /** A new link that signs one browser in, for ten minutes. */
  createSignInLink(): string;
  close(): Promise<void>;
}

/** Connections at once, sockets included; past it new ones are closed at the door. */
const maxConnections = 512;
/** Milliseconds for a request's headers: a slow sender must not hold a connection for long. */
const headersTimeoutMs = 10_000;

/** @throws what `listen` says, as EADDRINUSE. */
export async function startHttpServer(
  plane: Pick<Plane, 'dispatcher' | 'serve' | 'log'> &
    Partial<Pick<Plane, 'guests' | 'backUp' | 'keptReplies'>>,
  config: ServerConfig,
): Promise<RunningServer> {
  const log = plane.log.child({ part: 'server' });
  const authenticator = await Authenticator.open({ store: sessionFile(config.dataFolder, log) });
  // A body may be a whole archive: how long it may take is decided by whoever reads it, not by one limit for all.
  const http = createServer({ headersTimeout: headersTimeoutMs, requestTimeout: 0 });
  http.maxConnections = maxConnections;
  http.listen(config.port, config.host);
  await once(http, 'listening');
  // From here to the handlers nothing waits: a request that comes at once finds them.
  const address = http.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;

  const carrier = createHttpCarrier({
    dispatcher: plane.dispatcher,
    serve: (connection, caller) => plane.serve(connection, caller),
    authenticator,
    ...(plane.guests === undefined ? {} : { guests: plane.guests }),
    ...(plane.keptReplies === undefined
      ? {}
      : { idempotency: createIdempotency({ store: plane.keptReplies }) }),
    log,
    uiFolder: config.uiFolder,
    version: config.version,
    allowed: allowedFor(port, config.publicOrigin),
    // Cookies know no ports: two planes on one computer must not sign each other out.
    cookieName: config.publicOrigin === null ? `berth-${port}` : '__Host-berth',
    isSecure: config.publicOrigin !== null,
  });
  http.on('request', (request, response) => carrier.request(request, response));
  http.on('upgrade', (request, socket, head) => carrier.upgrade(request, socket, head));

  const origin =
    config.publicOrigin ?? `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  const createSignInLink = () => `${origin}/sign-in#${authenticator.createSignInTicket()}`;
  const local = await serveLocalSocket({
    dataFolder: config.dataFolder,
    mode: 'served',
    serve: (connection, caller) => plane.serve(connection, caller),
    ...(plane.backUp === undefined ? {} : { backUp: plane.backUp }),
    createLink: createSignInLink,
  });
  log.info('Listening', { origin });

  return {
    origin,
    port,
    createSignInLink,
    close: async () => {
      await local.close();
      const closed = once(http, 'close');
      http.close();
      carrier.close();
      http.closeAllConnections();
      await closed;
      await authenticator.close();
    },
  };
}
