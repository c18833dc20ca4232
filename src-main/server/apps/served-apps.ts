/**
 * Web apps of a served Berth: the same server answers for their host names, and tells them from its own before anything
 * else is looked at. Their address is a domain that the operator gives them, or the names below `localhost` where Berth
 * itself is reached on its own computer; otherwise there is none, and whoever asks is told what to do.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { isIP } from 'node:net';
import { BerthError } from '#contract/berth-error.ts';
import type { AccountDoor } from '../../control-plane/account-door.ts';
import type { AppCarrier, AppDoor } from '../../control-plane/forwards/app-door.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import {
  type AppBase,
  baseOfPattern,
  frameSourceOf,
  isLoopbackOrigin,
  loopbackBase,
  originOf,
} from './app-addresses.ts';
import { type AppGateway, createAppGateway } from './app-gateway.ts';
import { listenAt, serveApps, serverOptions } from './app-listening.ts';

export interface ServedAppsOptions {
  readonly door: AppDoor;
  readonly accounts: Pick<AccountDoor, 'onSessionEnd' | 'onAccessChange'>;
  /** Of Berth itself, in the browser. */
  readonly origin: string;
  /** All of them, as a browser may know it by. */
  readonly ownOrigins: readonly string[];
  /** `https://*.apps.example.org`; null: none is given. */
  readonly appsOrigin: string | null;
  /** What the server listens on. */
  readonly listening: { readonly address: string; readonly port: number };
  readonly cookieNames: readonly string[];
  /** What access tokens are signed with. */
  readonly accessTokenKey: Uint8Array;
  readonly addressOf: (request: IncomingMessage) => string;
  readonly log: Log;
  readonly nowMs: () => number;
}

export interface ServedApps {
  /** undefined: apps have no address here. */
  readonly gateway: AppGateway | undefined;
  /** What Berth's page may show in a frame. */
  readonly frameSources: readonly string[];
  close(): Promise<void>;
}

export function createServedApps(options: ServedAppsOptions): ServedApps {
  const { door, accounts, log, nowMs, addressOf } = options;
  const base = baseFor(options);
  if (base === undefined) {
    door.setCarrier({ originOf: noAddress, createLink: noAddress });
    return { gateway: undefined, frameSources: [], close: () => Promise.resolve() };
  }
  const gateway = createAppGateway({
    door,
    base,
    // A policy cannot name an IPv6 address.
    frameOrigins: options.ownOrigins.filter((one) => !one.includes('[')),
    hiddenCookies: options.cookieNames,
    isOwnAuthorization: (value) => isOwnToken(value, options.accessTokenKey),
    addressOf,
    log,
    nowMs,
  });
  const stops = [
    accounts.onSessionEnd(() => gateway.recheck()),
    accounts.onAccessChange(() => gateway.recheck()),
  ];
  const others = options.appsOrigin === null ? otherLoopback(options, gateway) : undefined;
  const carrier: AppCarrier = {
    originOf: async (label) => {
      await others?.claim();
      return originOf(base, label);
    },
    createLink: async (wish) => {
      await others?.claim();
      return gateway.createLink(wish);
    },
  };
  door.setCarrier(carrier);
  return {
    gateway,
    frameSources: [frameSourceOf(base)],
    close: async () => {
      for (const stop of stops) stop();
      gateway.close();
      await others?.close();
    },
  };
}

function baseFor({ appsOrigin, origin }: ServedAppsOptions): AppBase | undefined {
  if (appsOrigin !== null) return baseOfPattern(appsOrigin);
  return isLoopbackOrigin(origin) ? loopbackBase(Number(new URL(origin).port || 80)) : undefined;
}

function noAddress(): Promise<never> {
  return Promise.reject(
    new BerthError(
      'app.no-address',
      'Web apps have no address here. Whoever runs this Berth gives them a domain: APPS_ORIGIN=https://*.apps.example.org, with DNS and a certificate for *.apps.example.org. Until then: berth forward, on your own computer.',
    ),
  );
}

/** The loopback addresses that the server itself does not listen on: see app-listening.ts. */
function otherLoopback({ listening }: ServedAppsOptions, gateway: AppGateway) {
  const { address, port } = listening;
  const isV6 = isIP(address) === 6;
  // `::` takes both, `0.0.0.0` those of IPv4.
  const wanted = ['127.0.0.1', '::1'].filter((one) => {
    if (address === '::' || address === one) return false;
    return address !== '0.0.0.0' || isV6 || one === '::1';
  });
  let claiming: Promise<readonly Server[]> | undefined;

  async function listen(): Promise<readonly Server[]> {
    const servers: Server[] = [];
    for (const one of wanted) {
      const server = serveApps(createServer(serverOptions), () => gateway);
      const outcome = await listenAt(server, port, one);
      if (outcome === 'listens') servers.push(server);
      if (outcome !== 'taken') continue;
      for (const begun of servers) begun.close();
      throw new BerthError(
        'app.no-address',
        `Another program of this computer listens at ${one} on port ${port}, where browsers look for web apps, too. End it, or start Berth on another port.`,
      );
    }
    return servers;
  }

  return {
    async claim(): Promise<void> {
      claiming ??= listen().catch((error: unknown) => {
        claiming = undefined;
        throw error;
      });
      await claiming;
    },
    async close(): Promise<void> {
      const servers = (await claiming?.catch(() => [])) ?? [];
      for (const server of servers) {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      }
    },
  };
}

/** An API key, or an access token that was signed here, also an old one. */
function isOwnToken(authorization: string, key: Uint8Array): boolean {
  const [, token = ''] = /^bearer\s+(\S+)\s*$/i.exec(authorization) ?? [];
  if (token.startsWith('berth_')) return true;
  const [head, payload, signature, ...more] = token.split('.');
  if (signature === undefined || more.length > 0) return false;
  const right = createHmac('sha256', key).update(`${head}.${payload}`).digest();
  const given = Buffer.from(signature, 'base64url');
  return given.length === right.length && timingSafeEqual(given, right);
}
