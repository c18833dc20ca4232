/**
 * The paths of three earlier systems (a web terminal's backend, a snapshot service, a browser in the cloud) on this plane,
 * so that programs written for them go on working. Joins the groups of routes; each has a file of its own. Everything acts
 * through the dispatcher with the caller's own rights. Must not know how a caller is recognised.
 */
import type { MiddlewareHandler } from 'hono';
import { Hono } from 'hono';
import { BerthError } from '#contract/berth-error.ts';
import type { AccountDoor } from '../../control-plane/account-door.ts';
import type { Caller } from '../../control-plane/caller.ts';
import type { Dispatcher } from '../../control-plane/dispatcher.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import type { Plane } from '../../control-plane/plane.ts';
import type { ServedConfig } from '../../config.ts';
import type { ApiEnvironment } from '../rest-routes.ts';
import { failure } from './answers.ts';
import { addContainerRemoval, addContainerRoutes } from './container-routes.ts';
import { addHealthRoutes } from './health-routes.ts';
import { OwnPlane } from './own-plane.ts';
import { addProjectRoutes } from './project-routes.ts';
import { type ApiContext, isNavigation } from './request-fields.ts';
import { addSnapshotRoutes } from './snapshot-routes.ts';

export interface CompatibleDeps {
  readonly dispatcher: Dispatcher;
  readonly plane: Pick<Plane, 'health' | 'operator'>;
  readonly served: Pick<ServedConfig, 'firstWorkspace' | 'deleteKey'>;
  readonly version: string;
  /** Puts the caller into the context, or throws not-signed-in. */
  readonly required: MiddlewareHandler<ApiEnvironment>;
  /** Of the client, for limits. */
  readonly addressOf: (context: ApiContext) => string;
  readonly audit: AccountDoor['audit'];
  /** The window's page, for a person who comes here with a browser. */
  readonly window: (context: ApiContext) => Promise<Response>;
  readonly log: Log;
}

/** Small, on every registry mirror, and with a shell: for a project of which nobody said what it is made of. */
export const defaultImage = 'debian:12';

const guarded = ['/projects', '/projects/*', '/users/container', '/users/containers', '/snapshot/*'];

/** An app for the root of the server; what is not its own it leaves to whoever comes after it. */
export function compatibleRoutes(deps: CompatibleDeps): Hono<ApiEnvironment> {
  const { dispatcher, plane, served, required, window } = deps;
  const app = new Hono<ApiEnvironment>();
  app.onError((error, context) => failure(context, error, deps.log));

  const planeFor = (caller: Caller, context: ApiContext) =>
    new OwnPlane(dispatcher, caller, context.req.raw.signal);
  const planeOf = (context: ApiContext) => planeFor(context.get('caller'), context);

  app.get('/', (context) =>
    isNavigation(context)
      ? window(context)
      : Promise.resolve(context.json({ name: 'berth', version: deps.version, docs: '/api/docs' })),
  );
  addHealthRoutes(app, () => plane.health());

  for (const path of guarded) {
    app.get(path, (context, next) => (isNavigation(context) ? window(context) : next()));
    app.use(path, required);
  }
  addProjectRoutes(app, { planeOf, defaultImage: served.firstWorkspace?.image ?? defaultImage });
  addContainerRoutes(app, { planeOf });
  addSnapshotRoutes(app, { planeOf });
  addContainerRemoval(app, {
    planeOf,
    planeFor,
    callerOf: async (context) => {
      try {
        await required(context, () => Promise.resolve());
        return context.get('caller');
      } catch (error) {
        if (BerthError.is(error, 'not-signed-in')) return null;
        throw error;
      }
    },
    addressOf: deps.addressOf,
    operator: plane.operator,
    deleteKey: served.deleteKey,
    audit: deps.audit,
  });
  return app;
}
