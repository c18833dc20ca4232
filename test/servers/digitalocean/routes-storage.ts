/** Images, snapshots, volumes with theirs, and reserved addresses: what costs without a machine. */
import type { Image, ReservedIp, Volume } from './account.ts';
import { textOf } from './api-document.ts';
import { ApiError, notFound, unprocessable } from './api-error.ts';
import { empty, ok, page, type RouteParts, type RouteRequest, type Routes } from './route.ts';
import {
  actionView,
  imageView,
  reservedIpView,
  snapshotView,
  volumeSnapshotView,
  volumeView,
} from './views.ts';

const imageOf = ({ account, params }: RouteRequest): Image => {
  const image = account.image(params.image_id ?? '');
  if (!image) throw notFound();
  return image;
};
const ownImageOf = (request: RouteRequest): Image => {
  const image = imageOf(request);
  if (image.dropletId === null)
    throw new ApiError(403, 'forbidden', 'You do not have access for the attempted action.');
  return image;
};
const volumeOf = ({ account, params }: RouteRequest): Volume => {
  const volume = account.volumes.get(params.volume_id ?? '');
  if (!volume) throw notFound();
  return volume;
};
const reservedOf = ({ account, params }: RouteRequest): ReservedIp => {
  const reserved = account.reservedIps.get(params.reserved_ip ?? '');
  if (!reserved) throw notFound();
  return reserved;
};

export function storageRoutes({ life, hardware, pace }: RouteParts): Routes {
  const removeImage = (request: RouteRequest, image: Image) => {
    request.account.images.delete(image.id);
    pace.after({ looks: 0, ms: 0 }, () => undefined, { work: hardware.forgetSnapshot(image.id) });
    return empty();
  };
  return {
    'GET /v2/images': (request) => {
      const { account, query } = request;
      const type = query.get('type');
      const tag = query.get('tag_name');
      const found = [...account.images.values()].filter(
        (image) =>
          (type === null || image.kind === type) &&
          (query.get('private') !== 'true' || image.dropletId !== null) &&
          (tag === null || image.tags.includes(tag)),
      );
      return page(request, 'images', found.map(imageView));
    },
    'GET /v2/images/{image_id}': (request) => ok({ image: imageView(imageOf(request)) }),
    'PUT /v2/images/{image_id}': (request) => {
      const image = ownImageOf(request);
      if (typeof request.body.name === 'string') image.name = request.body.name;
      return ok({ image: imageView(image) });
    },
    'DELETE /v2/images/{image_id}': (request) => removeImage(request, ownImageOf(request)),
    'POST /v2/images/{image_id}/actions': (request) => {
      const { type, region } = request.body;
      if (type !== 'transfer') throw unprocessable(`The double does not know the action ${textOf(type)}.`);
      const action = life.transfer(request.account, ownImageOf(request), textOf(region));
      return { status: 201, body: { action: actionView(action) } };
    },
    'GET /v2/images/{image_id}/actions': (request) => {
      const { id } = imageOf(request);
      const own = [...request.account.actions.values()].filter(
        ({ resourceId, resourceType }) => resourceId === id && resourceType === 'image',
      );
      return page(request, 'actions', own.reverse().map(actionView));
    },
    'GET /v2/images/{image_id}/actions/{action_id}': (request) => {
      const action = request.account.actions.get(Number(request.params.action_id));
      if (!action || action.resourceId !== imageOf(request).id) throw notFound();
      return ok({ action: actionView(action) });
    },

    'GET /v2/snapshots': (request) => {
      const { account, query, scopes } = request;
      const type = query.get('resource_type');
      const ofDroplets = [...account.images.values()]
        .filter(({ kind }) => kind === 'snapshot')
        .map(snapshotView);
      // Seen by whoever may read them; the others see a shorter list, and nothing tells them so.
      const ofVolumes = scopes.has('block_storage_snapshot:read')
        ? [...account.volumeSnapshots.values()].map(volumeSnapshotView)
        : [];
      return page(request, 'snapshots', [
        ...(type === 'volume' ? [] : ofDroplets),
        ...(type === 'droplet' ? [] : ofVolumes),
      ]);
    },
    'GET /v2/snapshots/{snapshot_id}': ({ account, params }) => {
      const id = params.snapshot_id ?? '';
      const ofVolume = account.volumeSnapshots.get(id);
      if (ofVolume) return ok({ snapshot: volumeSnapshotView(ofVolume) });
      const image = account.images.get(Number(id));
      if (!image) throw notFound();
      if (image.kind !== 'snapshot') throw new ApiError(400, 'bad_request', 'Image is not a snapshot.');
      return ok({ snapshot: snapshotView(image) });
    },
    'DELETE /v2/snapshots/{snapshot_id}': (request) => {
      const { account, params } = request;
      if (account.volumeSnapshots.delete(params.snapshot_id ?? '')) return empty();
      const image = account.images.get(Number(params.snapshot_id));
      if (!image) throw notFound();
      if (image.kind !== 'snapshot') throw new ApiError(400, 'bad_request', 'Image is not a snapshot.');
      return removeImage(request, image);
    },

    'GET /v2/volumes': (request) => {
      const { account, query } = request;
      const region = query.get('region');
      const name = query.get('name');
      const found = [...account.volumes.values()].filter(
        (volume) =>
          (region ?? volume.region.slug) === volume.region.slug && (name ?? volume.name) === volume.name,
      );
      return page(request, 'volumes', found.map(volumeView));
    },
    'GET /v2/volumes/{volume_id}': (request) => ok({ volume: volumeView(volumeOf(request)) }),
    'DELETE /v2/volumes/{volume_id}': (request) => {
      const volume = volumeOf(request);
      // Also for a while after its droplet was deleted, until that is gone.
      if (volume.dropletId !== null)
        throw new ApiError(409, 'conflict', 'failed to delete volume: Volume is attached to a Droplet');
      request.account.volumes.delete(volume.id);
      return empty();
    },
    'GET /v2/volumes/{volume_id}/snapshots': (request) => {
      const { id } = volumeOf(request);
      const own = [...request.account.volumeSnapshots.values()].filter(({ volumeId }) => volumeId === id);
      return page(request, 'snapshots', own.map(volumeSnapshotView));
    },
    'GET /v2/volumes/snapshots/{snapshot_id}': ({ account, params }) => {
      const snapshot = account.volumeSnapshots.get(params.snapshot_id ?? '');
      if (!snapshot) throw notFound();
      return ok({ snapshot: volumeSnapshotView(snapshot) });
    },
    'DELETE /v2/volumes/snapshots/{snapshot_id}': ({ account, params }) => {
      if (!account.volumeSnapshots.delete(params.snapshot_id ?? '')) throw notFound();
      return empty();
    },

    'GET /v2/reserved_ips': (request) =>
      page(
        request,
        'reserved_ips',
        [...request.account.reservedIps.values()].map((one) => reservedIpView(request.account, one)),
      ),
    'GET /v2/reserved_ips/{reserved_ip}': (request) =>
      ok({ reserved_ip: reservedIpView(request.account, reservedOf(request)) }),
    'DELETE /v2/reserved_ips/{reserved_ip}': (request) => {
      request.account.reservedIps.delete(reservedOf(request).ip);
      return empty();
    },
  };
}
