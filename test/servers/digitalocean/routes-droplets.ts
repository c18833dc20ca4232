/** Droplets, their actions, their snapshots, and their end. */
import type { Droplet } from './account.ts';
import type { JsonObject } from './api-document.ts';
import { ApiError, notFound } from './api-error.ts';
import type { Selection } from './destruction.ts';
import type { DropletOrder, DropletWish } from './droplet-life.ts';
import { empty, ok, page, type RouteParts, type RouteRequest, type Routes } from './route.ts';
import { actionView, dropletSnapshotView, dropletView, firewallView } from './views.ts';

/** Beyond `droplet:update`, in the table of the document's words on droplet actions. */
const ACTION_SCOPES: Readonly<Record<string, string>> = {
  restore: 'droplet:admin',
  rebuild: 'droplet:admin',
  password_reset: 'droplet:admin',
  resize: 'droplet:create',
  snapshot: 'image:create',
};

const dropletOf = ({ account, params }: RouteRequest): Droplet => {
  const droplet = account.droplets.get(Number(params.droplet_id));
  if (!droplet) throw notFound();
  return droplet;
};

function listed(request: RouteRequest): Droplet[] {
  const { account, query } = request;
  const tag = query.get('tag_name');
  const name = query.get('name');
  const type = query.get('type');
  if (tag !== null && (name !== null || type !== null))
    throw new ApiError(400, 'bad_request', 'tag_name may not be combined with name or type.');
  // Without `type=gpus` those with GPUs are in no list, whatever their tags.
  const isGpu = ({ size }: Droplet) => size.gpu !== undefined;
  const ofType = [...account.droplets.values()].filter((one) => isGpu(one) === (type === 'gpus'));
  if (tag !== null)
    return ofType.filter(({ tags }) => tags.some((one) => one.toLowerCase() === tag.toLowerCase()));
  return name === null ? ofType : ofType.filter((one) => one.name === name);
}

export function dropletRoutes({ life, destructions }: RouteParts): Routes {
  return {
    'GET /v2/droplets': (request) =>
      page(
        request,
        'droplets',
        listed(request).map((droplet) => dropletView(request.account, droplet)),
      ),
    'POST /v2/droplets': ({ account, body, linksBase }) => {
      const { droplet, action } = life.create(account, body as unknown as DropletWish);
      const link = { id: action.id, rel: 'create', href: `${linksBase}/v2/actions/${action.id}` };
      return {
        status: 202,
        body: { droplet: dropletView(account, droplet), links: { actions: [link] } },
      };
    },
    'GET /v2/droplets/{droplet_id}': (request) =>
      ok({ droplet: dropletView(request.account, dropletOf(request)) }),
    'DELETE /v2/droplets/{droplet_id}': (request) => {
      life.destroy(request.account, dropletOf(request));
      return empty();
    },
    'GET /v2/droplets/{droplet_id}/snapshots': (request) =>
      page(request, 'snapshots', request.account.snapshotsOf(dropletOf(request)).map(dropletSnapshotView)),
    'GET /v2/droplets/{droplet_id}/backups': (request) =>
      page(
        request,
        'backups',
        request.account.snapshotsOf(dropletOf(request), 'backup').map(dropletSnapshotView),
      ),
    'GET /v2/droplets/{droplet_id}/firewalls': (request) => {
      const { id, tags } = dropletOf(request);
      const firewalls = [...request.account.firewalls.values()].filter(
        (firewall) => firewall.dropletIds.includes(id) || firewall.tags.some((tag) => tags.includes(tag)),
      );
      return page(request, 'firewalls', firewalls.map(firewallView));
    },
    'GET /v2/droplets/{droplet_id}/actions': (request) => {
      const { id } = dropletOf(request);
      const own = [...request.account.actions.values()].filter(
        ({ resourceId, resourceType }) => resourceId === id && resourceType === 'droplet',
      );
      return page(request, 'actions', own.reverse().map(actionView));
    },
    'POST /v2/droplets/{droplet_id}/actions': (request) => {
      const droplet = dropletOf(request);
      const order = request.body as unknown as DropletOrder;
      const scope = ACTION_SCOPES[order.type];
      if (scope !== undefined && !request.scopes.has(scope))
        throw new ApiError(403, 'forbidden', 'You are not authorized to perform this operation');
      return { status: 201, body: { action: actionView(life.order(request.account, droplet, order)) } };
    },
    'GET /v2/droplets/{droplet_id}/actions/{action_id}': (request) => {
      const action = request.account.actions.get(Number(request.params.action_id));
      if (!action || action.resourceId !== dropletOf(request).id) throw notFound();
      return ok({ action: actionView(action) });
    },
    'GET /v2/droplets/{droplet_id}/destroy_with_associated_resources': (request) =>
      ok(destructions.associated(request.account, dropletOf(request))),
    'DELETE /v2/droplets/{droplet_id}/destroy_with_associated_resources/selective': (request) => {
      destructions.begin(request.account, dropletOf(request), request.body as unknown as Selection);
      return empty(202);
    },
    'DELETE /v2/droplets/{droplet_id}/destroy_with_associated_resources/dangerous': (request) => {
      destructions.begin(request.account, dropletOf(request), 'everything');
      return empty(202);
    },
    'GET /v2/droplets/{droplet_id}/destroy_with_associated_resources/status': ({ params }) =>
      ok(destructions.status(Number(params.droplet_id))),
    'POST /v2/droplets/{droplet_id}/destroy_with_associated_resources/retry': ({ account, params }) => {
      destructions.retry(account, Number(params.droplet_id));
      return empty(202);
    },
    'GET /v2/actions': (request) =>
      page(request, 'actions', [...request.account.actions.values()].reverse().map(actionView)),
    'GET /v2/actions/{action_id}': ({ account, params }) => {
      const action = account.actions.get(Number(params.action_id));
      if (!action) throw notFound();
      return ok({ action: actionView(action) });
    },
    'GET /v2/droplets/{droplet_id}/backups/policy': (request) => {
      const { id, hasBackups } = dropletOf(request);
      const policy: JsonObject = {
        droplet_id: id,
        backup_enabled: hasBackups,
        ...(hasBackups ? { backup_policy: { plan: 'weekly', weekday: 'SUN', hour: 20 } } : {}),
        next_backup_window: null,
      };
      return ok({ policy });
    },
  };
}
