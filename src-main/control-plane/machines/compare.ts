/**
 * What is at a provider compared with what Berth knows of it: pure. Says which machine is which, what is missing, what is
 * kept and of whom, and what nobody here knows. A list that the token may not see says nothing, and nothing is concluded
 * from it.
 */
import { MachineId, OperationId } from '#contract/ids.ts';
import type { CloudInventory, CloudMachine } from '../interfaces/cloud-provider.ts';
import type { Find } from './found.ts';
import { compareKept } from './compare-kept.ts';
import type { Known } from './known.ts';
import type { LedgerItem } from './ledger-row.ts';
import { hasTag, installationTag, machineTag, operationTag, type MachineRecord } from './machine.ts';

export interface Comparison {
  /** Known and listed. */
  readonly seen: readonly { readonly record: MachineRecord; readonly machine: CloudMachine }[];
  /** Known, and not in the list: which may lag, or the tag was taken off. */
  readonly unlisted: readonly MachineRecord[];
  /** Of a making that ended before it learnt of its machine. */
  readonly claimed: readonly { readonly record: MachineRecord; readonly machine: CloudMachine }[];
  readonly finds: readonly Find[];
  /** Everything that is kept and costs, also what was found. */
  readonly kept: readonly LedgerItem[];
  /** Machines that sleep in a snapshot that is not in the list. */
  readonly sleepless: readonly MachineId[];
}

export function compare(inventory: CloudInventory, known: Known): Comparison {
  const byProvider = new Map(
    known.records.flatMap((record) =>
      record.providerId === null ? [] : [[record.providerId, record] as const],
    ),
  );
  const seen: { record: MachineRecord; machine: CloudMachine }[] = [];
  const claimed: { record: MachineRecord; machine: CloudMachine }[] = [];
  const strangers: CloudMachine[] = [];
  for (const machine of inventory.machines) {
    const record = byProvider.get(machine.id);
    if (record !== undefined) seen.push({ record, machine });
    else {
      const maker = madeBy(machine, known);
      if (maker === 'under way') continue;
      if (maker === 'nobody') strangers.push(machine);
      else claimed.push({ record: maker, machine });
    }
  }
  const listed = new Set(inventory.machines.map(({ id }) => id));
  const seesMachines = !inventory.unseen.includes('machines');
  const unlisted = known.records.filter(
    (record) =>
      seesMachines &&
      record.providerId !== null &&
      record.life !== 'vanished' &&
      !known.isMoving(record) &&
      !listed.has(record.providerId),
  );
  const { finds, items } = compareKept(
    inventory,
    known,
    new Map(strangers.map(({ id, name }) => [id, name])),
  );
  const snapshots = new Set(inventory.snapshots.map(({ id }) => id));
  const sleepless = inventory.unseen.includes('snapshots')
    ? []
    : known.records.filter(
        ({ life, sleep }) =>
          life === 'asleep' && sleep?.snapshotId != null && !snapshots.has(sleep.snapshotId),
      );
  return {
    seen,
    unlisted,
    claimed,
    finds: [...strangers.map((machine) => strangerOf(machine, known)), ...finds],
    kept: items,
    sleepless: sleepless.map(({ id }) => id),
  };
}

/**
 * Who made a machine that no record names: a making that is under way and will learn of it, a record that was left without
 * its machine, or nobody that is still known.
 */
function madeBy(machine: CloudMachine, known: Known): MachineRecord | 'under way' | 'nobody' {
  const operationId = idIn(machine.tags, 'berth:op:', (text) => OperationId.safeParse(text).data);
  if (operationId !== undefined && known.isUnfinished(operationId)) return 'under way';
  const record = known.records.find(
    ({ id, operationId: own, providerId }) =>
      providerId === null &&
      ((own !== null && hasTag(machine.tags, operationTag(own))) || hasTag(machine.tags, machineTag(id))),
  );
  if (record === undefined) return 'nobody';
  if (known.isMoving(record)) return 'under way';
  const isOwn = record.operationId !== null && hasTag(machine.tags, operationTag(record.operationId));
  // The making ended without learning that its wish was granted: it is its machine all the same.
  const isWaiting = record.life === 'incomplete' || record.life === 'creating';
  return isWaiting && isOwn ? record : 'nobody';
}

function strangerOf(machine: CloudMachine, known: Known): Find {
  const isHere = hasTag(machine.tags, installationTag(known.installation));
  const earlier = known.records.find(({ earlierProviderIds }) => earlierProviderIds.includes(machine.id));
  return {
    cloudId: known.cloudId,
    kind: 'machine',
    providerId: machine.id,
    name: machine.name,
    region: machine.region,
    createdAt: machine.createdAt,
    hourlyUsd: machine.hourlyUsd,
    monthlyUsd: machine.monthlyUsd,
    sizeBytes: machine.diskBytes,
    origin: isHere ? 'here' : 'elsewhere',
    detail: whence(isHere, earlier),
    canAdopt: true,
    power: machine.state,
    ofProviderId: null,
    machineId: earlier?.id ?? null,
  };
}

function whence(isHere: boolean, earlier: MachineRecord | undefined): string {
  if (earlier !== undefined)
    return `“${earlier.name}” ran on it before. It should have been destroyed, and costs.`;
  return isHere
    ? 'This Berth made it, and has no record of it any more.'
    : 'Another Berth made it, or this one before its data was lost. Whoever uses that Berth may need it.';
}

/** The id of a machine that its tag names. */
export function machineIdIn(tags: readonly string[]): MachineId | undefined {
  return idIn(tags, 'berth:machine:', (text) => MachineId.safeParse(text).data);
}

function idIn<T>(
  tags: readonly string[],
  prefix: string,
  parse: (text: string) => T | undefined,
): T | undefined {
  for (const tag of tags) {
    const lower = tag.toLowerCase();
    const id = lower.startsWith(prefix) ? parse(lower.slice(prefix.length)) : undefined;
    if (id !== undefined) return id;
  }
  return undefined;
}
