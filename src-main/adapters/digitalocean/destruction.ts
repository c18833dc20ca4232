/**
 * Destroys Droplets with what is chosen of the rest, and says how far that is. An address is named by itself here and by
 * a number of its own in the API's lists of what belongs to a Droplet: they are joined by those lists' names.
 */
import { isIP } from 'node:net';
import { BerthError } from '#contract/berth-error.ts';
import type { Leftover } from '#contract/machines.ts';
import type { z } from 'zod';
import type { Destruction, LeftoverRef } from '../../control-plane/interfaces/cloud-provider.ts';
import type { ApiClient } from './api-client.ts';
import type { ReadRoute } from './api-routes.ts';
import { destroyResource } from './destroy-resource.ts';
import { isBusy, isGone } from './digitalocean-error.ts';
import { findMachine } from './droplets.ts';
import {
  type AssociatedKind,
  AssociatedResources,
  associatedKinds,
  DestructionStatus,
  Nothing,
} from './shapes.ts';

const kindOf = {
  reserved_ips: 'address',
  floating_ips: 'address',
  snapshots: 'snapshot',
  volumes: 'volume',
  volume_snapshots: 'volume-snapshot',
} as const satisfies Record<AssociatedKind, Leftover['kind']>;

interface Listed extends Leftover {
  /** As the API's call to destroy a part of them wants it. */
  readonly apiId: string;
}

export async function leftoversOf(
  api: ApiClient,
  machineId: string,
  signal: AbortSignal,
): Promise<Leftover[]> {
  const listed = (await listAssociated(api, machineId, signal)) ?? [];
  return listed.map(({ kind, id, name, monthlyUsd }) => ({ kind, id, name, monthlyUsd }));
}

/** May be sent again. What of `leftovers` belongs to the Droplet no more is destroyed by itself. */
export async function destroyMachine(
  api: ApiClient,
  machineId: string,
  leftovers: readonly LeftoverRef[],
  signal: AbortSignal,
): Promise<void> {
  const listed = leftovers.length === 0 ? [] : await listAssociated(api, machineId, signal);
  const chosen = (listed ?? []).filter((one) => leftovers.some((ref) => isSame(ref, one)));
  if (listed !== undefined) await beginDestruction(api, machineId, chosen, signal);
  for (const ref of leftovers)
    if (!chosen.some((one) => isSame(ref, one))) await destroyResource(api, ref, signal);
}

export async function readDestruction(
  api: ApiClient,
  machineId: string,
  signal: AbortSignal,
): Promise<Destruction> {
  const parts = { droplet: machineId };
  const route = 'GET /v2/droplets/{droplet}/destroy_with_associated_resources/status';
  const [machine, status] = await Promise.all([
    findMachine(api, machineId, signal),
    api.find(route, DestructionStatus, signal, { parts }),
  ]);
  const isMachineGone = machine === undefined;
  // Without a status it was destroyed by itself: there is nothing more to wait for.
  if (status === undefined) return { isDone: true, failures: [], isMachineGone };
  const isDone = typeof status.completed_at === 'string';
  const failures = isDone ? await stillThere(api, failuresOf(status), signal) : [];
  return { isDone, failures, isMachineGone };
}

/** One that runs already is as good. */
export async function retryDestruction(
  api: ApiClient,
  machineId: string,
  signal: AbortSignal,
): Promise<void> {
  const route = 'POST /v2/droplets/{droplet}/destroy_with_associated_resources/retry';
  try {
    await api.change(route, Nothing, signal, { parts: { droplet: machineId } });
  } catch (error) {
    if (!isGone(error) && !isBusy(error)) throw error;
  }
}

async function beginDestruction(
  api: ApiClient,
  machineId: string,
  chosen: readonly Listed[],
  signal: AbortSignal,
): Promise<void> {
  const parts = { droplet: machineId };
  const ids = (kind: Leftover['kind']) => chosen.filter((one) => one.kind === kind).map((one) => one.apiId);
  try {
    if (chosen.length === 0) await api.change('DELETE /v2/droplets/{droplet}', Nothing, signal, { parts });
    else
      await api.change(
        'DELETE /v2/droplets/{droplet}/destroy_with_associated_resources/selective',
        Nothing,
        signal,
        {
          parts,
          body: {
            reserved_ips: ids('address'),
            snapshots: ids('snapshot'),
            volumes: ids('volume'),
            volume_snapshots: ids('volume-snapshot'),
          },
        },
      );
  } catch (error) {
    // Gone, or on its way: both are what was asked for, and `readDestruction` says which.
    if (!isGone(error) && !isBusy(error)) throw error;
  }
}

/** Undefined: the Droplet is gone. */
async function listAssociated(
  api: ApiClient,
  machineId: string,
  signal: AbortSignal,
): Promise<Listed[] | undefined> {
  const parts = { droplet: machineId };
  const route = 'GET /v2/droplets/{droplet}/destroy_with_associated_resources';
  const found = await api.find(route, AssociatedResources, signal, { parts });
  if (found === undefined) return undefined;
  const all = associatedKinds.flatMap((key) =>
    (found[key] ?? []).map((one): Listed => {
      const kind = kindOf[key];
      const name = one.name ?? one.id;
      return { kind, id: idOf(kind, one), name, monthlyUsd: one.cost ?? null, apiId: one.id };
    }),
  );
  // Reserved addresses are listed twice, under their old name too.
  return all.filter((one, index) => all.findIndex((other) => isSame(one, other)) === index);
}

function failuresOf({ resources }: z.output<typeof DestructionStatus>): Destruction['failures'] {
  const all = associatedKinds.flatMap((key) =>
    (resources?.[key] ?? [])
      .filter(({ destroyed_at: at }) => typeof at !== 'string' || at.trim() === '')
      .map((one) => ({
        kind: kindOf[key],
        id: idOf(kindOf[key], one),
        reason: one.error_message?.trim() || 'DigitalOcean gives no reason',
      })),
  );
  return all.filter((one, index) => all.findIndex((other) => isSame(one, other)) === index);
}

/** A status is kept as it was: what went since, by itself or by our hand, has not failed. */
async function stillThere(
  api: ApiClient,
  failures: Destruction['failures'],
  signal: AbortSignal,
): Promise<Destruction['failures']> {
  const found = await Promise.all(failures.map((failure) => exists(api, failure, signal)));
  return failures.filter((_failure, index) => found[index]);
}

const lookups = {
  address: { route: 'GET /v2/reserved_ips/{address}', part: 'address' },
  snapshot: { route: 'GET /v2/snapshots/{snapshot}', part: 'snapshot' },
  volume: { route: 'GET /v2/volumes/{volume}', part: 'volume' },
  'volume-snapshot': { route: 'GET /v2/volumes/snapshots/{snapshot}', part: 'snapshot' },
} as const satisfies Record<Leftover['kind'], { route: ReadRoute; part: string }>;

/** Where the token may not see it, it is believed to be there. */
async function exists(api: ApiClient, { kind, id }: LeftoverRef, signal: AbortSignal): Promise<boolean> {
  const { part, route } = lookups[kind];
  try {
    return (await api.find(route, Nothing, signal, { parts: { [part]: id } })) !== undefined;
  } catch (error) {
    if (BerthError.is(error, 'cloud.permission-missing')) return true;
    throw error;
  }
}

function idOf(
  kind: Leftover['kind'],
  one: { readonly id: string; readonly name?: string | undefined },
): string {
  return kind === 'address' && one.name !== undefined && isIP(one.name) !== 0 ? one.name : one.id;
}

function isSame(a: LeftoverRef, b: LeftoverRef): boolean {
  return a.kind === b.kind && a.id === b.id;
}
