/**
 * Sockets for web apps on loopback. A browser takes `name.localhost` to ::1 or to 127.0.0.1, as it likes: both must be
 * Berth's, or another program of this computer would get requests that are for an app.
 */
import { once } from 'node:events';
import type { Server, ServerOptions } from 'node:http';
import type { AppGateway } from './app-gateway.ts';

/** Milliseconds for a request's headers. */
const headersTimeoutMs = 10_000;
/** Bytes of them: apps are generous with cookies. */
export const maxHeaderSize = 64 * 1024;

/** A request's body may take as long as it likes. */
export const serverOptions: ServerOptions = {
  headersTimeout: headersTimeoutMs,
  requestTimeout: 0,
  maxHeaderSize,
};

/** Hands all that comes to a gateway; until there is one, nobody is served. */
export function serveApps(server: Server, gateway: () => AppGateway | undefined): Server {
  server.on('request', (request, response) => {
    const found = gateway();
    if (found === undefined) response.destroy();
    else found.request(request, response);
  });
  // What is to come after "100 Continue" is for the app to say.
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  server.on('upgrade', (request, socket, head) => {
    const found = gateway();
    if (found === undefined) socket.destroy();
    else found.upgrade(request, socket, head);
  });
  return server;
}

/** On 127.0.0.1 and, on a computer that has it, ::1; undefined: one of the two is somebody else's. */
export async function listenOnLoopback(
  port: number,
  makeServer: () => Server,
): Promise<readonly Server[] | undefined> {
  const servers: Server[] = [];
  for (const address of ['127.0.0.1', '::1']) {
    const server = makeServer();
    const outcome = await listenAt(server, port, address);
    if (outcome === 'listens') servers.push(server);
    if (outcome !== 'taken') continue;
    for (const one of servers) one.close();
    return undefined;
  }
  return servers.length === 0 ? undefined : servers;
}

/** `absent`: this computer has no such address. Throws what else `listen` says. */
export async function listenAt(
  server: Server,
  port: number,
  address: string,
): Promise<'listens' | 'taken' | 'absent'> {
  server.listen({ port, host: address, ipv6Only: true });
  try {
    await once(server, 'listening');
    return 'listens';
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') return 'taken';
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return 'absent';
    throw error;
  }
}
