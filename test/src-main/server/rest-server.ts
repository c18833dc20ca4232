/** The REST routes alone on a real port: the real contract, handlers that a test gives, and one caller for every request. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { localOwnerId, type UserId } from '#contract/ids.ts';
import { type Scope, scopes } from '#contract/scopes.ts';
import type { Handlers } from '#main/control-plane/handler.ts';
import {
  addIndexRoute,
  addRestRoutes,
  type ApiEnvironment,
  type RestOptions,
} from '#main/server/rest-routes.ts';
import { errorAnswer, notFoundAnswer } from '#main/server/rest/problem.ts';
import { callerWith, dispatcherWith, recordingLog } from '#test/transports/plane-double.ts';
import { type Answer, type Ask, ask } from './http-client.ts';

export interface RestServer extends AsyncDisposable {
  readonly port: number;
  readonly log: ReturnType<typeof recordingLog>;
  /** Who asks from now on. */
  as(caller: { userId?: UserId; scopes?: readonly Scope[] }): void;
  ask(wish: Ask): Promise<Answer>;
  send(method: string, path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export async function startRest(handlers: Partial<Handlers>, options: RestOptions = {}): Promise<RestServer> {
  const log = recordingLog();
  let caller = callerWith();
  const api = new Hono<ApiEnvironment>();
  addIndexRoute(api);
  api.use('*', async (context, next) => {
    context.set('caller', caller);
    await next();
  });
  addRestRoutes(api, dispatcherWith(handlers, log), options);
  const app = new Hono();
  app.route('/api/v1', api);
  app.route('/v1', api);
  app.notFound(notFoundAnswer);
  app.onError((error, context) => errorAnswer(context, error));
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    log,
    as: (who) => {
      caller = { ...callerWith(who.scopes ?? scopes), userId: who.userId ?? localOwnerId };
    },
    ask: (wish) => ask(port, wish),
    send: (method, path, body, headers = {}) =>
      ask(port, {
        method,
        path,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
