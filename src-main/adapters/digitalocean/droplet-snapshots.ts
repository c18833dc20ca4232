/** Snapshots and backups of whole Droplets. */
import type { MachineSnapshot } from '#contract/machines.ts';
import type { CloudAction } from '../../control-plane/interfaces/cloud-provider.ts';
import { readAllPages } from './all-pages.ts';
import type { ApiClient } from './api-client.ts';
import { isGone } from './digitalocean-error.ts';
import { toAction } from './droplet-actions.ts';
import { monthlyUsdOf, SNAPSHOT_USD_PER_GIB_MONTH } from './prices.ts';
import { Action, DropletSnapshot, FramedAction, gib, pageOf, Snapshot } from './shapes.ts';
import { z } from 'zod';

const Framed = z.object({ snapshot: Snapshot });

/** None where the Droplet is gone: what is left of it is in the inventory. */
export async function snapshotsOf(
  api: ApiClient,
  machineId: string,
  signal: AbortSignal,
): Promise<MachineSnapshot[]> {
  const list = (
    route: 'GET /v2/droplets/{droplet}/snapshots' | 'GET /v2/droplets/{droplet}/backups',
    key: string,
  ) =>
    readAllPages(api, route, key, DropletSnapshot, signal, { parts: { droplet: machineId } }).catch(
      (error: unknown) => {
        if (isGone(error)) return [];
        throw error;
      },
    );
  const [snapshots, backups] = await Promise.all([
    list('GET /v2/droplets/{droplet}/snapshots', 'snapshots'),
    list('GET /v2/droplets/{droplet}/backups', 'backups'),
  ]);
  return [
    ...snapshots.map((snapshot) => toSnapshot(snapshot, 'snapshot')),
    ...backups.map((backup) => toSnapshot(backup, 'backup')),
  ];
}

/** The id of the action that brings it there, also of one that runs already; undefined: it is there. */
export async function bringSnapshot(
  api: ApiClient,
  snapshotId: string,
  region: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { snapshot } = await api.read('GET /v2/snapshots/{snapshot}', Framed, signal, {
    parts: { snapshot: snapshotId },
  });
  if (snapshot.regions.includes(region)) return undefined;
  const parts = { image: snapshotId };
  const route = 'GET /v2/images/{image}/actions';
  const running = await api.find(route, pageOf('actions', Action), signal, { parts });
  const same = running?.items.find(
    ({ type, status, region_slug: to }) => type === 'transfer' && status === 'in-progress' && to === region,
  );
  if (same !== undefined) return same.id;
  const body = { type: 'transfer', region };
  return (await api.change('POST /v2/images/{image}/actions', FramedAction, signal, { parts, body })).id;
}

export async function findImageAction(
  api: ApiClient,
  snapshotId: string,
  actionId: string,
  signal: AbortSignal,
): Promise<CloudAction | undefined> {
  const parts = { image: snapshotId, action: actionId };
  const action = await api.find('GET /v2/images/{image}/actions/{action}', FramedAction, signal, { parts });
  return action && toAction(action);
}

/** Backups are paid for with the Droplet. */
export function toSnapshot(
  snapshot: z.output<typeof DropletSnapshot>,
  kind: MachineSnapshot['kind'],
): MachineSnapshot {
  return {
    id: snapshot.id,
    name: snapshot.name,
    kind,
    createdAt: snapshot.created_at,
    sizeBytes: Math.round(snapshot.size_gigabytes * gib),
    minDiskBytes: snapshot.min_disk_size * gib,
    monthlyUsd: kind === 'backup' ? null : monthlyUsdOf(snapshot.size_gigabytes, SNAPSHOT_USD_PER_GIB_MONTH),
    regions: snapshot.regions,
  };
}
