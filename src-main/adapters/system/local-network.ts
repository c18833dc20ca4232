/** The loopback of this computer, for forwards (net: nodejs.org/api/net.html). */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { BerthError } from '#contract/berth-error.ts';
import type { LocalListener, LocalNetwork } from '../../control-plane/interfaces/local-network.ts';

export function createLocalNetwork(): LocalNetwork {
  return {
    async listen(port, onConnection): Promise<LocalListener> {
      const open = new Set<Socket>();
      const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
        open.add(socket);
        socket.on('close', () => open.delete(socket));
        socket.on('error', () => socket.destroy());
        onConnection(socket);
      });
      server.listen({ port: port ?? 0, host: '127.0.0.1', exclusive: true });
      try {
        await once(server, 'listening');
      } catch (cause) {
        throw taken(port, cause);
      }
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : (port ?? 0);
      return {
        port: bound,
        close: async () => {
          const closed = once(server, 'close');
          server.close();
          for (const socket of open) socket.destroy();
          await closed;
        },
      };
    },
    async isFree(port) {
      try {
        await (await this.listen(port, (socket) => socket.destroy())).close();
        return true;
      } catch {
        return false;
      }
    },
    async connect(port, signal) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true, ...(signal ? { signal } : {}) });
      try {
        await once(socket, 'connect');
      } catch (cause) {
        signal?.throwIfAborted();
        throw new BerthError('workspace.port-refused', `Nothing listens on port ${port} of this computer.`, {
          cause,
          details: { port },
        });
      }
      return socket;
    },
  };
}

function taken(port: number | null, cause: unknown): BerthError {
  return new BerthError(
    'forward.port-taken',
    `Port ${port} of this computer is taken by another program, or needs more rights. Choose another local port, or end that program.`,
    { cause, details: { port: port ?? 0 } },
  );
}
