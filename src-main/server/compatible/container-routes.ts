/**
 * `/users/container`, `/users/containers` and `/container/{name}` as the earlier "browser in the cloud" had them: a person's
 * container is a workspace of a project. What takes long is waited for a while; then 202 says where it can be asked about.
 */
import type { Hono } from 'hono';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import type { AuditEntry } from '#contract/users.ts';
import type { ProjectId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { AccessPassword, ImageReference } from '#contract/projects.ts';
import { DisplayName } from '#contract/text.ts';
import { AccessPasswordText, type Workspace } from '#contract/workspaces.ts';
import type { Caller } from '../../control-plane/caller.ts';
import type { Secret } from '../../control-plane/interfaces/secret.ts';
import type { Plane } from '../../control-plane/plane.ts';
import type { ApiEnvironment } from '../rest-routes.ts';
import { containerAnswer, operationAnswer, operationPath } from './answers.ts';
import { DeleteKey } from './delete-key.ts';
import { only, ownWorkspaces, workspacesCalled } from './find-own.ts';
import { type OwnPlane, requireNotFailed } from './own-plane.ts';
import { type ApiContext, Flag, parsed, readFields, WaitSeconds } from './request-fields.ts';

const Wish = z.object({
  image: ImageReference.nullish(),
  name: DisplayName.nullish(),
  password: AccessPasswordText.nullish(),
  password_variable: AccessPassword.shape.variable.default('PASSWORD'),
  password_delivery: AccessPassword.shape.delivery.default('environment'),
  /** An id or a name. */
  project_id: z.string().min(1).max(200).nullish(),
  /** A name or an id. */
  host: z.string().min(1).max(200).nullish(),
  /** Known, and of no effect: see `warnings` in the answer. */
  ports: z.unknown().optional(),
  wait: WaitSeconds,
});
const Removal = z.object({
  name: z.string().min(1).max(300).optional(),
  project_id: z.string().min(1).max(200).optional(),
  volumes: Flag.default(false),
  wait: WaitSeconds,
});
const Key = z.string().min(1).max(1024);

export interface ContainerRoutesDeps {
  readonly planeOf: (context: ApiContext) => OwnPlane;
  /** Null: nobody who is known. */
  readonly callerOf: (context: ApiContext) => Promise<Caller | null>;
  readonly addressOf: (context: ApiContext) => string;
  readonly operator: Plane['operator'];
  readonly deleteKey: Secret | null;
  readonly audit: (entry: Omit<AuditEntry, 'number' | 'at' | 'userName'>) => void;
  readonly planeFor: (caller: Caller, context: ApiContext) => OwnPlane;
}

/** Routes for which a caller is known. */
export function addContainerRoutes(
  app: Hono<ApiEnvironment>,
  { planeOf }: Pick<ContainerRoutesDeps, 'planeOf'>,
): void {
  app.get('/users/containers', async (context) => {
    const plane = planeOf(context);
    const all = await plane.list('workspaces.watch');
    return context.json(all.map((workspace) => containerAnswer(workspace, plane.caller.userId)));
  });

  app.post('/users/container', async (context) => {
    const plane = planeOf(context);
    const wish = parsed(Wish, await readFields(context));
    const { workspace, operation, isNew } = await plane.call('workspaces.ensure', {
      image: wish.image ?? null,
      name: wish.name ?? null,
      projectId: await projectNamed(plane, wish.project_id ?? null),
      hostId: await hostNamed(plane, wish.host ?? null),
      accessPassword:
        wish.password === null || wish.password === undefined
          ? null
          : {
              value: wish.password,
              variable: wish.password_variable,
              delivery: wish.password_delivery,
            },
    });
    const warnings = [
      ...(wish.ports === undefined || wish.ports === null
        ? []
        : ['ports: nothing is opened on the host; ports are reached through Berth.']),
      ...(wish.password && !isNew
        ? ['password: the container was there already and keeps the password that it has.']
        : []),
    ];
    const end = operation === null ? null : await plane.settled(operation, wish.wait * 1000);
    if (end !== null) requireNotFailed(end);
    const isUnderWay = end !== null && end.endedAt === null;
    const now = (await plane.list('workspaces.watch')).find(({ id }) => id === workspace.id) ?? workspace;
    const answer = { ...containerAnswer(now, plane.caller.userId), warnings };
    if (isUnderWay) return accepted(context, end, answer);
    return context.json(answer, isNew ? 201 : 200);
  });

  app.delete('/users/container', async (context) => {
    const plane = planeOf(context);
    const wish = parsed(Removal, context.req.query());
    const projectId = await projectNamed(plane, wish.project_id ?? null);
    const own = (await ownWorkspaces(plane)).filter(
      (one) => projectId === null || one.projectId === projectId,
    );
    const found = wish.name === undefined ? own : await workspacesCalled(plane, wish.name, own);
    return destroy(context, plane, only(found, 'You have several workspaces'), wish);
  });
}

/**
 * The route that also serves an operator without an account. Everything that is not allowed is not there. A key in the
 * address ends in the logs of proxies: the header is the better place, and the address is where the earlier system had it.
 */
export function addContainerRemoval(app: Hono<ApiEnvironment>, deps: ContainerRoutesDeps): void {
  const key = deps.deleteKey === null ? null : new DeleteKey(deps.deleteKey);

  app.delete('/container/:name', async (context) => {
    const word = context.req.param('name').slice(0, 300);
    const { delete_key: inAddress, ...query } = context.req.query();
    const wish = parsed(Removal, query);
    const caller = await deps.callerOf(context);
    if (caller !== null) {
      const plane = deps.planeFor(caller, context);
      const found = await workspacesCalled(plane, word, await ownWorkspaces(plane));
      if (found.length > 0) return destroy(context, plane, only(found, 'Several are called so'), wish);
    }
    const given = Key.safeParse(
      context.req.header('x-delete-key') ?? inAddress ?? (await readFields(context)).delete_key,
    );
    const address = deps.addressOf(context);
    if (key === null || !given.success || !(await key.isRight(given.data, address))) {
      if (key !== null && given.success) tell('not-found');
      throw new BerthError('not-found', 'There is no such container.');
    }
    try {
      const operation = await deps.operator.destroyContainer(
        word,
        AbortSignal.any([context.req.raw.signal, AbortSignal.timeout(wish.wait * 1000)]),
      );
      requireNotFailed(operation);
      tell('done');
      return removed(context, operation, { name: word, volume: 'kept' });
    } catch (error) {
      tell(BerthError.is(error) ? error.code : 'internal');
      throw error;
    }

    function tell(outcome: string): void {
      const subject = word.slice(0, 120);
      deps.audit({ userId: null, by: 'none', action: 'container.delete-key', subject, outcome, address });
    }
  });
}

async function destroy(
  context: ApiContext,
  plane: OwnPlane,
  { id, name, volumeName }: Workspace,
  { volumes, wait }: z.output<typeof Removal>,
): Promise<Response> {
  const begun = await plane.call('workspaces.destroy', { id, keepVolume: !volumes });
  const operation = await plane.settled(begun, wait * 1000);
  requireNotFailed(operation);
  return removed(context, operation, { id, name, volume: volumes ? 'destroyed' : `kept: ${volumeName}` });
}

function removed(context: ApiContext, operation: Operation, answer: object): Response {
  if (operation.endedAt === null) return accepted(context, operation, { ...answer, status: 'removing' });
  return context.json({ ...answer, status: 'removed' });
}

function accepted(context: ApiContext, operation: Operation, answer: object): Response {
  context.header('Location', operationPath(operation.id));
  return context.json({ ...answer, operation: operationAnswer(operation) }, 202);
}

/** @throws BerthError not-found */
export async function projectNamed(plane: OwnPlane, word: string | null): Promise<ProjectId | null> {
  if (word === null) return null;
  const all = await plane.list('projects.watch');
  const found = all.find(({ id }) => id === word) ?? all.find(({ name }) => name === word);
  if (found === undefined) throw new BerthError('not-found', 'There is no such project.');
  return found.id;
}

async function hostNamed(plane: OwnPlane, word: string | null) {
  if (word === null) return null;
  const all = await plane.list('hosts.watch');
  const found = all.find(({ id }) => id === word) ?? all.find(({ name }) => name === word);
  if (found !== undefined) return found.id;
  throw new BerthError('invalid-input', 'Not valid: host: must be the name or id of a host.', {
    details: {
      fields: [
        `host: must be one of ${all
          .map(({ name }) => name)
          .slice(0, 20)
          .join(', ')}`,
      ],
    },
  });
}
