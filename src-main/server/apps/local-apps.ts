/**
 * Web apps on the desktop: a server of their own on this computer's loopback, from the moment in which the first is
 * wanted. Its port is kept in the data folder, so that addresses and what browsers keep under them stay the same.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { BerthError } from '#contract/berth-error.ts';
import type { AppCarrier } from '../../control-plane/forwards/app-door.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import { loopbackBase, originOf } from './app-addresses.ts';
import { type AppGateway, createAppGateway } from './app-gateway.ts';
import type { SessionDoor } from './app-sessions.ts';
import { listenOnLoopback, serveApps, serverOptions } from './app-listening.ts';

export interface LocalAppsOptions {
  readonly door: SessionDoor;
  readonly dataFolder: string;
  readonly log: Log;
  readonly nowMs?: () => number;
}

export interface LocalApps {
  readonly carrier: AppCarrier;
  close(): Promise<void>;
}

const portFile = 'apps-port';
/** Below those that systems give to outgoing connections (RFC 6335 leaves them from 49152; Linux takes 32768). */
const firstPort = 20_000;
const endPort = 32_000;
const maxTries = 20;

interface Running {
  readonly gateway: AppGateway;
  readonly port: number;
  readonly servers: readonly Server[];
}

export function createLocalApps({ door, dataFolder, log, nowMs = Date.now }: LocalAppsOptions): LocalApps {
  let running: Promise<Running> | undefined;
  let isClosed = false;
  const path = join(dataFolder, portFile);

  /** One at a time; one that failed is tried again by the next who asks. */
  function start(): Promise<Running> {
    if (isClosed) throw new BerthError('cancelled', 'Berth is ending.');
    running ??= listen().catch((error: unknown) => {
      running = undefined;
      throw error;
    });
    return running;
  }

  async function listen(): Promise<Running> {
    const kept = await keptPort(path);
    const handlers: { gateway?: AppGateway } = {};
    const makeServer = () => serveApps(createServer(serverOptions), () => handlers.gateway);
    const { port, servers } = await listenSomewhere(kept, makeServer);
    if (port !== kept) await keepPort(path, port);
    if (kept !== undefined && port !== kept)
      log.warn('The port of web apps is taken; their addresses have another one from now on', { kept, port });
    handlers.gateway = createAppGateway({
      door,
      base: loopbackBase(port),
      frameOrigins: [],
      hiddenCookies: [],
      isOwnAuthorization: () => false,
      addressOf: ({ socket }) => socket.remoteAddress ?? '',
      log,
      nowMs,
    });
    log.info('Web apps are served', { port });
    return { gateway: handlers.gateway, port, servers };
  }

  return {
    carrier: {
      originOf: async (label) => originOf(loopbackBase((await start()).port), label),
      createLink: async (wish) => (await start()).gateway.createLink(wish),
    },
    async close() {
      isClosed = true;
      const begun = await running?.catch(() => undefined);
      if (begun === undefined) return;
      begun.gateway.close();
      await Promise.all(begun.servers.map(closeServer));
    },
  };
}

async function listenSomewhere(
  kept: number | undefined,
  makeServer: () => Server,
): Promise<{ readonly port: number; readonly servers: readonly Server[] }> {
  const ports = [kept, ...Array.from({ length: maxTries }, () => randomInt(firstPort, endPort))];
  for (const port of ports) {
    const servers = port === undefined ? undefined : await listenOnLoopback(port, makeServer);
    if (port !== undefined && servers !== undefined) return { port, servers };
  }
  throw new BerthError(
    'app.no-address',
    `No port from ${firstPort} to ${endPort} of this computer could be listened on. Close programs that hold many, and start the forward again.`,
  );
}

/** undefined: there is none, or what stands there is none. */
async function keptPort(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const port = Number(text);
  return /^\d{4,5}\s*$/.test(text) && port >= 1024 && port <= 65_535 ? port : undefined;
}

/** In one step: half a number is another number. */
async function keepPort(path: string, port: number): Promise<void> {
  await writeFile(`${path}.new`, `${port}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
