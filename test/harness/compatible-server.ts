/**
 * The compatible routes and sockets on a real port, in front of a dispatcher that a test gives. Who asks is said by
 * `Authorization: Bearer <name>` of a table of callers: how a caller is recognised is not what is tested with it.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { WebSocketServer } from 'ws';
import { BerthError } from '#contract/berth-error.ts';
import type { AuditEntry } from '#contract/users.ts';
import type { ServedConfig } from '#main/config.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import type { Dispatcher } from '#main/control-plane/dispatcher.ts';
import type { Plane } from '#main/control-plane/plane.ts';
import { compatibleRoutes } from '#main/server/compatible/compatible-routes.ts';
import { createTerminalSockets, maxTerminalMessageBytes } from '#main/server/compatible/terminal-socket.ts';
import type { ApiEnvironment } from '#main/server/rest-routes.ts';
import { recordingLog } from '#test/transports/plane-double.ts';

export interface CompatibleServerOptions {
  readonly dispatcher: Dispatcher;
  readonly plane: Pick<Plane, 'health' | 'operator'>;
  readonly callers: Readonly<Record<string, Caller>>;
  readonly served?: Partial<Pick<ServedConfig, 'firstWorkspace' | 'deleteKey'>>;
}

export async function startCompatibleServer(options: CompatibleServerOptions): Promise<CompatibleServer> {
  const { dispatcher, plane, callers } = options;
  const served = { firstWorkspace: null, deleteKey: null, ...options.served };
  const log = recordingLog();
  const audited: Omit<AuditEntry, 'number' | 'at' | 'userName'>[] = [];
  const callerOf = (header: string | undefined) => callers[header?.replace(/^Bearer /, '') ?? ''];
  const app = new Hono<ApiEnvironment>();
  app.route(
    '/',
    compatibleRoutes({
      dispatcher,
      plane,
      served,
      version: '1.2.3',
      required: async (context, next) => {
        const caller = callerOf(context.req.header('authorization'));
        if (caller === undefined) throw new BerthError('not-signed-in', 'Sign in first.');
        context.set('caller', caller);
        await next();
      },
      addressOf: (context) => context.req.header('x-test-address') ?? '192.0.2.1',
      audit: (entry) => audited.push(entry),
      window: (context) => Promise.resolve(context.html('<!doctype html>the window')),
      log,
    }),
  );
  app.get('*', (context) => context.text('after it', 404));
  const http = createServer();
  http.on('request', (request, response) => {
    void getRequestListener(app.fetch, { overrideGlobalObjects: false })(request, response);
  });
  const sockets = createTerminalSockets({ dispatcher, mayCreate: served.firstWorkspace !== null, log });
  const upgrader = new WebSocketServer({ noServer: true, maxPayload: maxTerminalMessageBytes });
  http.on('upgrade', (request: IncomingMessage, socket, head) => {
    const url = request.url ?? '';
    const caller = callerOf(request.headers.authorization);
    const isOurs = sockets.isPath(url.split('?')[0] ?? '');
    if (caller === undefined || !isOurs) {
      socket.end(`HTTP/1.1 ${isOurs ? '401 Unauthorized' : '404 Not Found'}\r\nConnection: close\r\n\r\n`);
      return;
    }
    upgrader.handleUpgrade(request, socket, head, (opened) => sockets.accept(opened, url, caller));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    log,
    audited,
    socketCount: () => upgrader.clients.size,
    async close() {
      for (const client of upgrader.clients) client.terminate();
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}

export interface CompatibleServer {
  readonly port: number;
  readonly origin: string;
  readonly log: ReturnType<typeof recordingLog>;
  readonly audited: readonly Omit<AuditEntry, 'number' | 'at' | 'userName'>[];
  socketCount(): number;
  close(): Promise<void>;
}
