/**
 * Listens for browsers and scripts on behalf of a plane. Owns the listening socket, with TLS where a certificate is given,
 * and the local socket beside it; closes them in reverse.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { OidcConfig, ServedConfig } from '../config.ts';
import type { Plane } from '../control-plane/plane.ts';
import { createAccessTokens } from './access-tokens.ts';
import { maxHeaderSize } from './apps/app-listening.ts';
import { createServedApps, type ServedApps } from './apps/served-apps.ts';
import { Authenticator } from './authenticate.ts';
import { createClientAddress } from './client-address.ts';
import { type CarrierTiming, createHttpCarrier } from './http-server.ts';
import { serveLocalSocket } from './local-socket.ts';
import { Provider, type ProviderOptions } from './oidc/provider.ts';
import { createRateLimits, type LimitRules, limitRulesFor } from './rate-limits.ts';
import { createRefreshTokens } from './refresh-tokens.ts';
import { allowedFor, inUrl } from './request-guard.ts';
import { namesOfCookies } from './browser-cookies.ts';
import { createIdempotency } from './rest/idempotency.ts';
import { createTlsServer, type TlsServer } from './tls-files.ts';

/** What it needs of the configuration (src-main/config.ts). */
export interface ServerConfig {
  readonly version: string;
  readonly dataFolder: string;
  readonly host: string;
  readonly port: number;
  readonly publicOrigin: string | null;
  readonly uiFolder: string;
  readonly served: ServedConfig;
}

/** For tests: another clock, other limits. */
export interface StartOptions {
  readonly nowMs?: () => number;
  readonly limits?: LimitRules;
  readonly timing?: CarrierTiming;
  readonly provider?: Omit<ProviderOptions, 'nowMs'>;
}

export type ServedPlane = Pick<
  Plane,
  'dispatcher' | 'serve' | 'log' | 'accounts' | 'deriveKey' | 'health' | 'operator'
> &
  Partial<Pick<Plane, 'apps' | 'guests' | 'keptReplies' | 'backUp'>>;

export interface RunningServer {
  /** As a person types it: `http://127.0.0.1:7474`, or the public origin. */
  readonly origin: string;
  readonly port: number;
  /** A new link that signs one browser in as the local owner, for ten minutes. */
  createSignInLink(): string;
  /** Looks now whether the certificate was renewed. */
  renewCertificate(): void;
  close(): Promise<void>;
}

/** Connections at once, sockets included; past it new ones are closed at the door. */
const maxConnections = 512;
/** Milliseconds for a request's headers: a slow sender must not hold a connection for long. */
const headersTimeoutMs = 10_000;

/** @throws what `listen` says, as EADDRINUSE, and what a certificate that cannot be used says. */
export async function startHttpServer(
  plane: ServedPlane,
  config: ServerConfig,
  options: StartOptions = {},
): Promise<RunningServer> {
  const { served, publicOrigin, host } = config;
  const { nowMs = Date.now } = options;
  const log = plane.log.child({ part: 'server' });
  const clientAddress = createClientAddress(served.trustedProxies);
  const { http, tls } = makeServer(served, log);
  http.maxConnections = maxConnections;
  http.listen(config.port, host);
  await once(http, 'listening');
  // From here to the handlers nothing waits: a request that comes at once finds them.
  const address = http.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;

  const isTls = tls !== undefined;
  // A public address may be http on loopback: a container whose port is published there.
  const isSecure = isTls || publicOrigin?.startsWith('https:') === true;
  const origin = publicOrigin ?? new URL(`${isTls ? 'https' : 'http'}://${inUrl(host)}:${port}`).origin;
  const authenticator = new Authenticator({ nowMs });
  const cookieName = cookieNameFor(port, publicOrigin, isTls);
  const allowed = allowedFor({ port, host, publicOrigin, isTls, corsOrigins: served.corsOrigins });
  const accessTokenKey = plane.deriveKey('access-token');
  const apps =
    plane.apps === undefined
      ? undefined
      : createServedApps({
          door: plane.apps,
          accounts: plane.accounts,
          origin,
          ownOrigins: [...allowed.origins],
          appsOrigin: served.appsOrigin,
          listening: {
            address: typeof address === 'object' && address !== null ? address.address : host,
            port,
          },
          cookieNames: Object.values(namesOfCookies(cookieName)),
          accessTokenKey,
          addressOf: clientAddress,
          log,
          nowMs,
        });
  const carrier = createHttpCarrier({
    dispatcher: plane.dispatcher,
    serve: (connection, caller) => plane.serve(connection, caller),
    accounts: plane.accounts,
    authenticator,
    accessTokens: createAccessTokens({
      key: accessTokenKey,
      issuer: publicOrigin ?? 'berth',
      nowMs,
    }),
    refreshTokens: createRefreshTokens(plane.deriveKey('refresh-token')),
    providers: served.oidc.map((one: OidcConfig) => new Provider(one, { nowMs, ...options.provider })),
    limits: createRateLimits(options.limits ?? limitRulesFor(served.callsPerMinute)),
    clientAddress,
    doors: plane,
    served,
    ...(plane.guests === undefined ? {} : { guests: plane.guests }),
    ...(plane.keptReplies === undefined
      ? {}
      : { idempotency: createIdempotency({ store: plane.keptReplies }) }),
    log,
    uiFolder: config.uiFolder,
    version: config.version,
    origin,
    allowed,
    frameSources: apps?.frameSources ?? [],
    cookieName,
    isSecure,
    nowMs,
    ...(options.timing === undefined ? {} : { timing: options.timing }),
  });
  const appsOf = appsIn(apps);
  http.on('request', (request, response) => (appsOf(request) ?? carrier).request(request, response));
  http.on('upgrade', (request, socket, head) => (appsOf(request) ?? carrier).upgrade(request, socket, head));
  http.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // What an app waits for, it says itself.
    if (appsOf(request) === undefined) response.writeContinue();
    http.emit('request', request, response);
  });

  plane.accounts.setLinkBase(origin);
  const createSignInLink = () => `${origin}/sign-in#${authenticator.createSignInTicket()}`;
  const closeHttp = async () => {
    const closed = once(http, 'close');
    http.close();
    await apps?.close();
    carrier.close();
    tls?.close();
    http.closeAllConnections();
    await closed;
  };
  const local = await serveLocalSocket({
    dataFolder: config.dataFolder,
    mode: 'served',
    serve: (connection, caller) => plane.serve(connection, caller),
    ...(plane.backUp === undefined ? {} : { backUp: plane.backUp }),
    createLink: createSignInLink,
  }).catch(async (error: unknown) => {
    await closeHttp();
    throw error;
  });
  log.info('Listening', { origin });
  if (publicOrigin?.startsWith('https:') === true && !isTls && served.trustedProxies.length === 0)
    log.warn(
      'No proxy is trusted: limits count everybody behind the proxy as one. Name its address as a trusted proxy.',
    );

  return {
    origin,
    port,
    createSignInLink,
    renewCertificate: () => tls?.renew(),
    close: async () => {
      await local.close();
      await closeHttp();
    },
  };
}

/** Before anything else of a request counts: an app's name is never Berth's, and Berth's never an app's. */
function appsIn(apps: ServedApps | undefined) {
  const gateway = apps?.gateway;
  return (request: IncomingMessage) => (gateway?.isFor(request) === true ? gateway : undefined);
}

function makeServer(
  { tls: files }: ServedConfig,
  log: Plane['log'],
): { readonly http: Server; readonly tls: TlsServer | undefined } {
  // A whole request may take as long as its body keeps coming: see slow-requests.ts.
  const options = { headersTimeout: headersTimeoutMs, requestTimeout: 0, maxHeaderSize };
  if (files === null) return { http: createServer(options), tls: undefined };
  const tls = createTlsServer(files, options, log);
  return { http: tls.server, tls };
}

/** Cookies know no ports: two planes on one computer must not sign each other out. `__Host-` needs https. */
function cookieNameFor(port: number, publicOrigin: string | null, isTls: boolean): string {
  if (publicOrigin?.startsWith('https:')) return '__Host-berth';
  return isTls ? `__Host-berth-${port}` : `berth-${port}`;
}
