/** The loopback of this computer, for forwards (net: nodejs.org/api/net.html). Never listens on any other address. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { BerthError } from '#contract/berth-error.ts';
import type {
  LocalConnection,
  LocalListener,
  LocalNetwork,
} from '../../control-plane/interfaces/local-network.ts';
import { holderOfPort } from './port-holder.ts';

/** Two addresses want the same port: any that is free on the one may be taken on the other. */
const triesForAny = 16;
/** There is no IPv6 here (bind(2), socket(2)). */
const noIpv6 = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']);

export function createLocalNetwork(): LocalNetwork {
  return {
    async listen(port, onConnection): Promise<LocalListener> {
      const open = new Set<Socket>();
      const take = (socket: Socket) => {
        open.add(socket);
        socket.on('close', () => open.delete(socket));
        // What broke is destroyed by Node itself; without a listener the error would end the program.
        socket.on('error', () => undefined);
        onConnection(socket);
      };
      const { servers, bound } = await bindBoth(port, take);
      return {
        port: bound,
        async close() {
          const closed = servers.map((server) => once(server, 'close'));
          for (const server of servers) server.close();
          for (const socket of open) socket.resetAndDestroy();
          await Promise.all(closed);
        },
      };
    },
    async connect(port, signal): Promise<LocalConnection> {
      let first: unknown;
      for (const host of ['127.0.0.1', '::1']) {
        const socket = connect({ port, host, noDelay: true, allowHalfOpen: true });
        // It is heard of below, or by whoever has the socket then.
        socket.on('error', () => undefined);
        try {
          // The wish ends with the connecting: who has the connection ends it in their own way, which may be a reset.
          await once(socket, 'connect', signal === undefined ? {} : { signal });
          return socket;
        } catch (cause) {
          socket.destroy();
          signal?.throwIfAborted();
          first ??= cause;
        }
      }
      throw new BerthError('workspace.port-refused', `Nothing listens on port ${port} of this computer.`, {
        cause: first,
        details: { port },
      });
    },
  };
}

async function bindBoth(
  port: number | null,
  take: (socket: Socket) => void,
): Promise<{ servers: Server[]; bound: number }> {
  for (let tries = 1; ; tries++) {
    const four = await bind(port ?? 0, '127.0.0.1', take).catch(async (cause: unknown) => {
      throw await taken(port, cause);
    });
    const bound = portOf(four);
    try {
      return { servers: [four, await bind(bound, '::1', take)], bound };
    } catch (cause) {
      if (noIpv6.has(codeOf(cause))) return { servers: [four], bound };
      four.close();
      // A name like localhost means both: whoever has the one would get half of what comes.
      if (port !== null || tries === triesForAny) throw await taken(port ?? bound, cause);
    }
  }
}

async function bind(port: number, host: string, take: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, take);
  server.listen({ port, host, exclusive: true });
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new BerthError('internal', 'A listener has no port.');
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}

async function taken(port: number | null, cause: unknown): Promise<BerthError> {
  if (codeOf(cause) === 'EACCES')
    return new BerthError(
      'forward.port-taken',
      `Port ${port} of this computer is for the system's own programs alone. Choose a local port from 1024 on.`,
      { cause, details: { port: port ?? 0 } },
    );
  const program = port === null ? null : await holderOfPort(port);
  return new BerthError(
    'forward.port-taken',
    `Port ${port} of this computer is taken by ${program === null ? 'another program' : `“${program}”`}. Choose another local port, or end that program.`,
    { cause, details: { port: port ?? 0, ...(program === null ? {} : { program }) } },
  );
}
