/**
 * The utility process that holds the desktop's control plane. Receives message ports from the desktop and serves each to
 * its one local owner, the local socket to the owner's command line, and web apps on loopback to the owner's browsers. A crash here takes no window down; a crash of a window takes nothing of this down.
 */
import { userInfo } from 'node:os';
import { localOwnerId } from '#contract/ids.ts';
import { scopes } from '#contract/scopes.ts';
import { compose } from './compose.ts';
import { readConfig } from './config.ts';
import type { Caller } from './control-plane/caller.ts';
import type { PlaneMessage, PlaneOrder } from './desktop/plane-host.ts';
import { createLocalApps } from './server/apps/local-apps.ts';
import { type LocalSocket, serveLocalSocket } from './server/local-socket.ts';
import { type MessagePortLike, messagePortConnection } from './server/message-port-connection.ts';

/** Electron's `process.parentPort`, as far as it is used; importing electron here would tie the plane to it. */
interface ParentPort {
  on(event: 'message', listener: (event: { data: unknown; ports: MessagePortLike[] }) => void): unknown;
  postMessage(message: PlaneMessage): void;
}

const { parentPort } = process as unknown as { readonly parentPort: ParentPort };
const owner: Caller = {
  userId: localOwnerId,
  userName: userInfo().username,
  scopes: new Set(scopes),
  mode: 'desktop',
};

const config = readConfig({ mode: 'desktop', argv: process.argv.slice(2), env: process.env });
const starting = compose(config);
const serving = starting.then((plane) => {
  const apps = createLocalApps({ door: plane.apps, dataFolder: config.dataFolder, log: plane.log });
  plane.apps.setCarrier(apps.carrier);
  return apps;
});
serving.catch(() => undefined);
/** For the command line of the same person. The window does without it, so that its failure is only written down. */
const listening: Promise<LocalSocket | undefined> = starting.then((plane) =>
  serveLocalSocket({
    dataFolder: config.dataFolder,
    mode: 'desktop',
    serve: (connection, caller) => plane.serve(connection, caller),
    backUp: () => plane.backUp(),
  }).catch((cause: unknown) => {
    plane.log.warn('The command line cannot reach this Berth', { cause });
    return undefined;
  }),
);
listening.catch(() => undefined);
// Listening from the first turn: ports that come while the plane starts keep their messages until it serves them.
parentPort.on('message', ({ data, ports }) => {
  void obey(data as PlaneOrder, ports[0]);
});
starting.then(
  () => parentPort.postMessage({ t: 'ready' }),
  (error: unknown) => {
    parentPort.postMessage({ t: 'failed', message: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
    // The message leaves first.
    setImmediate(() => process.exit());
  },
);

async function obey(order: PlaneOrder, port: MessagePortLike | undefined): Promise<void> {
  const plane = await starting.catch(() => undefined);
  if (order.t === 'connect' && port !== undefined)
    plane?.serve(messagePortConnection(port, { isElectron: true }), owner);
  if (order.t === 'wake') plane?.wake(order.reason);
  if (order.t !== 'close') return;
  const socket = await listening.catch(() => undefined);
  await socket?.close();
  const apps = await serving.catch(() => undefined);
  await apps?.close();
  await plane?.close();
  process.exit(0);
}
