/**
 * Snapshots, volumes and addresses at a provider: which are of machines that Berth has, which were left behind, and which
 * are none of its business. Pure. What is left knows its machine by where it was made or last attached, which the ledger
 * remembers.
 */
import type { FoundKind } from '#contract/clouds.ts';
import type { CloudInventory } from '../interfaces/cloud-provider.ts';
import type { Known } from './known.ts';
import type { Find } from './found.ts';
import type { LedgerItem, LedgerRow } from './ledger-row.ts';
import { berthTag, hasTag, installationTag, type MachineRecord } from './machine.ts';

/** A snapshot, volume or address, whichever: what they have in common. */
interface Thing {
  readonly kind: Exclude<FoundKind, 'machine'>;
  readonly id: string;
  readonly name: string;
  readonly region: string | null;
  readonly createdAt: string | null;
  readonly monthlyUsd: number | null;
  readonly sizeBytes: number | null;
  readonly tags: readonly string[];
  /** The provider's ids of the machines that it is of, as it says itself. */
  readonly machineIds: readonly string[];
  /** Of a snapshot of a volume. */
  readonly volumeId: string | null;
}

/** A machine that is, or was, of this Berth or found. */
interface Owner {
  readonly providerId: string;
  readonly name: string;
  readonly record: MachineRecord | undefined;
  /** The hardware itself is there. */
  readonly isPresent: boolean;
}

type Verdict =
  | { readonly is: 'foreign' }
  | { readonly is: 'kept'; readonly owner: Owner; readonly isSleep: boolean }
  | { readonly is: 'left'; readonly owner: Owner }
  | { readonly is: 'tagged' };

export function compareKept(
  inventory: CloudInventory,
  known: Known,
  /** Machines that are there and that no record names: names by the provider's id. */
  strangers: ReadonlyMap<string, string>,
): { finds: Find[]; items: LedgerItem[] } {
  const owners = ownersOf(known, strangers);
  const remembered = new Map(known.open.map((row) => [`${row.kind}/${row.providerId}`, row]));
  const asleepIn = new Map(
    known.records.flatMap((record) =>
      record.sleep?.snapshotId == null ? [] : [[record.sleep.snapshotId, record] as const],
    ),
  );
  const volumeOwners = new Map<string, Verdict>();
  const finds: Find[] = [];
  const items: LedgerItem[] = [];
  for (const thing of thingsOf(inventory)) {
    const sleeper = thing.kind === 'snapshot' ? asleepIn.get(thing.id) : undefined;
    const verdict: Verdict =
      sleeper === undefined
        ? judge(thing, owners, remembered.get(`${thing.kind}/${thing.id}`), volumeOwners, known)
        : { is: 'kept', owner: sleeperOf(sleeper), isSleep: true };
    if (thing.kind === 'volume') volumeOwners.set(thing.id, verdict);
    if (verdict.is === 'foreign') continue;
    items.push(itemOf(thing, verdict, known));
    if (verdict.is !== 'kept') finds.push(findOf(thing, verdict, known));
  }
  return { finds, items };
}

/** Volumes before the snapshots that may be of them. */
function thingsOf({ addresses, snapshots, volumes }: CloudInventory): Thing[] {
  return [
    ...volumes.map((volume): Thing => ({ ...volume, kind: 'volume', volumeId: null })),
    ...addresses.map(
      ({ id, machineId, monthlyUsd, region }): Thing => ({
        kind: 'address',
        id,
        name: id,
        region,
        createdAt: null,
        monthlyUsd: machineId === null ? monthlyUsd : 0,
        sizeBytes: null,
        tags: [],
        machineIds: machineId === null ? [] : [machineId],
        volumeId: null,
      }),
    ),
    // Backups are part of a machine's own price, and end with it.
    ...snapshots
      .filter(({ kind }) => kind === 'snapshot')
      .map(
        (snapshot): Thing => ({
          ...snapshot,
          kind: snapshot.of === 'machine' ? 'snapshot' : 'volume-snapshot',
          region: snapshot.regions[0] ?? null,
          machineIds: snapshot.of === 'machine' ? [snapshot.sourceId] : [],
          volumeId: snapshot.of === 'volume' ? snapshot.sourceId : null,
        }),
      ),
  ];
}

function ownersOf(known: Known, strangers: ReadonlyMap<string, string>): Map<string, Owner> {
  const records = new Map(known.records.map((record) => [record.id, record]));
  const owners = new Map<string, Owner>();
  for (const [providerId, { machineId, name }] of known.machines)
    owners.set(providerId, {
      providerId,
      name,
      record: machineId === null ? undefined : records.get(machineId),
      isPresent: strangers.has(providerId),
    });
  for (const record of known.records) {
    for (const providerId of record.earlierProviderIds)
      owners.set(providerId, {
        providerId,
        name: record.name,
        record,
        isPresent: strangers.has(providerId),
      });
    if (record.providerId !== null)
      owners.set(record.providerId, {
        providerId: record.providerId,
        name: record.name,
        record,
        isPresent: record.life !== 'vanished',
      });
  }
  for (const [providerId, name] of strangers)
    if (!owners.has(providerId))
      owners.set(providerId, { providerId, name, record: undefined, isPresent: true });
  return owners;
}

function judge(
  thing: Thing,
  owners: ReadonlyMap<string, Owner>,
  row: LedgerRow | undefined,
  volumes: ReadonlyMap<string, Verdict>,
  known: Known,
): Verdict {
  const ofVolume = thing.volumeId === null ? undefined : volumes.get(thing.volumeId);
  if (ofVolume !== undefined && ofVolume.is !== 'foreign') return ofVolume;
  const told = thing.machineIds.flatMap((id) => owners.get(id) ?? []);
  // What is attached to a machine of somebody else is somebody else's, whatever it was before. A snapshot stays whose it is.
  const isElsewhere = thing.kind !== 'snapshot' && thing.machineIds.length > 0 && told.length === 0;
  const before =
    row?.ofProviderId == null ? undefined : (owners.get(row.ofProviderId) ?? lostOwner(row.ofProviderId));
  const owner = told.find(({ isPresent }) => isPresent) ?? told[0] ?? (isElsewhere ? undefined : before);
  if (owner === undefined) return hasTag(thing.tags, berthTag) ? { is: 'tagged' } : { is: 'foreign' };
  const { record } = owner;
  if (owner.isPresent) return { is: 'kept', owner, isSleep: false };
  if (record === undefined || record.life === 'vanished') return { is: 'left', owner };
  // A machine on the way has its own plans for it; what was attached to one that sleeps may be wanted when it wakes.
  const mayBeWanted = record.life === 'asleep' && thing.kind !== 'snapshot';
  if (known.isMoving(record) || mayBeWanted) return { is: 'kept', owner, isSleep: false };
  return { is: 'left', owner };
}

/** The machine is forgotten, and the row of what was of it remembers that there was one. */
function lostOwner(providerId: string): Owner {
  return { providerId, name: providerId, record: undefined, isPresent: false };
}

function sleeperOf(record: MachineRecord): Owner {
  const providerId = record.earlierProviderIds.at(-1) ?? record.providerId ?? '';
  return { providerId, name: record.name, record, isPresent: false };
}

function itemOf(thing: Thing, verdict: Exclude<Verdict, { is: 'foreign' }>, known: Known): LedgerItem {
  const owner = verdict.is === 'tagged' ? undefined : verdict.owner;
  const isSleep = verdict.is === 'kept' && verdict.isSleep;
  return {
    cloudId: known.cloudId,
    kind: thing.kind,
    providerId: thing.id,
    machineId: owner?.record?.id ?? null,
    name: isSleep ? (owner?.name ?? thing.name) : thing.name,
    isSleep,
    ofProviderId: owner?.providerId || null,
    hourlyUsd: 0,
    monthlyUsd: thing.monthlyUsd ?? 0,
    backupShare: 0,
  };
}

function findOf(thing: Thing, verdict: Extract<Verdict, { is: 'left' | 'tagged' }>, known: Known): Find {
  const { createdAt, id, kind, monthlyUsd, name, region, sizeBytes, tags } = thing;
  const isHere = hasTag(tags, installationTag(known.installation));
  return {
    cloudId: known.cloudId,
    kind,
    providerId: id,
    name,
    region,
    createdAt,
    hourlyUsd: null,
    monthlyUsd,
    sizeBytes,
    origin: verdict.is === 'left' ? 'left' : isHere ? 'here' : 'elsewhere',
    detail: verdict.is === 'left' ? leftBy(kind, verdict.owner) : taggedBy(isHere),
    canAdopt: false,
    power: null,
    ofProviderId: verdict.is === 'left' ? verdict.owner.providerId || null : null,
    machineId: verdict.is === 'left' ? (verdict.owner.record?.id ?? null) : null,
  };
}

function leftBy(kind: Thing['kind'], { name, record }: Owner): string {
  const was = kind === 'snapshot' || kind === 'volume-snapshot' ? 'It was taken of' : 'It was attached to';
  if (record === undefined) return `${was} “${name}”, which is gone. It stayed, and costs.`;
  if (record.life === 'vanished')
    return `${was} “${name}”, which is gone at the provider. It stayed, and costs.`;
  if (record.life === 'asleep') return `${was} “${name}”, which sleeps and does not need it to wake.`;
  return `${was} “${name}” before it slept. It is not needed any more, and costs.`;
}

function taggedBy(isHere: boolean): string {
  return isHere
    ? 'This Berth made it, and has no record of it any more.'
    : 'Another Berth made it, or this one before its data was lost.';
}
