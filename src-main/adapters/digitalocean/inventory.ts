/** Everything of an account that costs, and what the token may not see of it. */
import { BerthError } from '#contract/berth-error.ts';
import type { z } from 'zod';
import type {
  CloudAddress,
  CloudInventory,
  CloudSnapshot,
  CloudVolume,
} from '../../control-plane/interfaces/cloud-provider.ts';
import { readAllPages } from './all-pages.ts';
import type { ApiClient } from './api-client.ts';
import { toSnapshot } from './droplet-snapshots.ts';
import { machinesTagged } from './droplets.ts';
import { IDLE_ADDRESS_USD_PER_MONTH, monthlyUsdOf, VOLUME_USD_PER_GIB_MONTH } from './prices.ts';
import { gib, ReservedIp, Snapshot, Volume } from './shapes.ts';

type Noun = CloudInventory['unseen'][number];

export async function readInventory(
  api: ApiClient,
  tag: string,
  signal: AbortSignal,
): Promise<CloudInventory> {
  const unseen: Noun[] = [];
  const unless403 = async <T>(noun: Noun, list: Promise<T[]>): Promise<T[]> => {
    try {
      return await list;
    } catch (error) {
      if (!BerthError.is(error, 'cloud.permission-missing')) throw error;
      unseen.push(noun);
      return [];
    }
  };
  const [machines, snapshots, volumes, addresses] = await Promise.all([
    unless403('machines', machinesTagged(api, tag, signal)),
    unless403('snapshots', readAllPages(api, 'GET /v2/snapshots', 'snapshots', Snapshot, signal)),
    unless403('volumes', readAllPages(api, 'GET /v2/volumes', 'volumes', Volume, signal)),
    unless403('addresses', readAllPages(api, 'GET /v2/reserved_ips', 'reserved_ips', ReservedIp, signal)),
  ]);
  return {
    machines,
    snapshots: snapshots.map(toCloudSnapshot),
    volumes: volumes.map(toVolume),
    addresses: addresses.map(toAddress),
    unseen: unseen.sort(),
  };
}

function toCloudSnapshot(snapshot: z.output<typeof Snapshot>): CloudSnapshot {
  return {
    ...toSnapshot(snapshot, 'snapshot'),
    of: snapshot.resource_type === 'volume' ? 'volume' : 'machine',
    sourceId: snapshot.resource_id,
    tags: snapshot.tags,
  };
}

function toVolume(volume: z.output<typeof Volume>): CloudVolume {
  return {
    id: volume.id,
    name: volume.name,
    region: volume.region.slug,
    sizeBytes: volume.size_gigabytes * gib,
    monthlyUsd: monthlyUsdOf(volume.size_gigabytes, VOLUME_USD_PER_GIB_MONTH),
    machineIds: volume.droplet_ids ?? [],
    tags: volume.tags,
    createdAt: volume.created_at,
  };
}

function toAddress({ droplet, ip, region }: z.output<typeof ReservedIp>): CloudAddress {
  return {
    id: ip,
    region: region.slug,
    machineId: droplet?.id ?? null,
    monthlyUsd: IDLE_ADDRESS_USD_PER_MONTH,
  };
}
