/** What stays at the provider, and costs, when a machine goes: what the provider names, and what Berth itself keeps of it. */
import { BerthError } from '#contract/berth-error.ts';
import type { Leftover } from '#contract/machines.ts';
import type { CloudClient, CloudInventory, LeftoverRef } from '../../interfaces/cloud-provider.ts';
import { berthTag, type MachineRecord } from '../machine.ts';

export interface KnownLeftovers {
  /** Of the hardware that it has now: these can go with it in one order. */
  readonly attached: readonly Leftover[];
  /** Of earlier hardware, and what it sleeps in: destroyed one by one. */
  readonly kept: readonly Leftover[];
  readonly unseen: CloudInventory['unseen'];
}

/** Throws cloud.*. */
export async function findLeftovers(
  client: CloudClient,
  { earlierProviderIds, providerId, sleep }: MachineRecord,
  signal: AbortSignal,
): Promise<KnownLeftovers> {
  const inventory = await client.inventory(berthTag, signal);
  const isThere = providerId !== null && (await client.machine(providerId, signal)) !== undefined;
  const attached = isThere ? await client.leftoversOf(providerId, signal) : [];
  const gone = new Set([...earlierProviderIds, ...(isThere || providerId === null ? [] : [providerId])]);
  const kept = inventory.snapshots
    .filter(({ id, of, sourceId }) => id === sleep?.snapshotId || (of === 'machine' && gone.has(sourceId)))
    .map(({ id, name, monthlyUsd }) => ({ kind: 'snapshot' as const, id, name, monthlyUsd }));
  return {
    attached,
    kept: kept.filter((one) => !attached.some((other) => isSame(one, other))),
    unseen: inventory.unseen,
  };
}

/** Throws conflict where one is chosen that is none of this machine's: nothing else shall be destroyed by a wrong id. */
export function chooseLeftovers(
  { attached, kept }: Pick<KnownLeftovers, 'attached' | 'kept'>,
  chosen: readonly LeftoverRef[],
): { attached: LeftoverRef[]; kept: LeftoverRef[] } {
  const stranger = chosen.find((ref) => ![...attached, ...kept].some((one) => isSame(one, ref)));
  if (stranger !== undefined)
    throw new BerthError(
      'conflict',
      `${stranger.kind} ${stranger.id} does not belong to this machine (any more). Look at the plan again.`,
    );
  const refs = (known: readonly Leftover[]) =>
    known
      .filter((one) => chosen.some((ref) => isSame(one, ref)))
      .map(({ kind, id }): LeftoverRef => ({ kind, id }));
  return { attached: refs(attached), kept: refs(kept) };
}

function isSame(one: LeftoverRef, other: LeftoverRef): boolean {
  return one.kind === other.kind && one.id === other.id;
}
