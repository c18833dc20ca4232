/** Byte streams both ways under the API's paths, as upgrades: who asks is known by a token, a ticket or our own page. */
import type { Dispatcher } from '../control-plane/dispatcher.ts';
import type { Log } from '../control-plane/interfaces/log.ts';
import { isDuplexPath, openDuplex } from './rest/duplex-routes.ts';
import type { UpgradeRoute } from './upgrades.ts';

/** Where the API is mounted, as http-server.ts does it. */
const mounts = ['/api/v1', '/v1'];
/** Bytes of one message from the client: a paste; what is larger comes in several. */
const maxMessageBytes = 1024 * 1024;

export function duplexSockets(dispatcher: Dispatcher, log: Log): UpgradeRoute {
  const innerOf = (path: string) => {
    const mount = mounts.find((one) => path.startsWith(`${one}/`));
    return mount === undefined ? '' : path.slice(mount.length);
  };
  return {
    match: (path) => isDuplexPath(innerOf(path)),
    ways: ['bearer', 'protocol-ticket', 'query-ticket', 'cookie'],
    protocol: null,
    hasQuery: true,
    maxMessageBytes,
    open({ identity: { caller }, url }) {
      return openDuplex(innerOf(url.pathname), { dispatcher, caller, query: url.searchParams, log }) ?? 404;
    },
  };
}
