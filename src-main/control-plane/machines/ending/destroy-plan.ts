/** What goes with a machine, and what stays behind and costs, in words that a person can decide by. Pure. */
import type { UserId } from '#contract/ids.ts';
import type { DestroyPlan, Leftover } from '#contract/machines.ts';
import type { CloudInventory } from '../../interfaces/cloud-provider.ts';
import type { SnapshotRecord } from '../../snapshots/manifest.ts';
import type { WorkspaceRecord } from '../../workspaces/workspace.ts';
import { isBilled, type MachineRecord } from '../machine.ts';

export interface DestroyFacts {
  readonly record: MachineRecord;
  /** Of its hardware, with all that is paid for it. */
  readonly hourlyUsd: number;
  readonly leftovers: readonly Leftover[];
  readonly unseen: CloudInventory['unseen'];
  readonly workspaces: readonly (Pick<WorkspaceRecord, 'id' | 'name' | 'ownerId'> & { isRunning: boolean })[];
  /** All that Berth knows, on whichever host. */
  readonly snapshots: readonly Pick<SnapshotRecord, 'hostId' | 'manifest'>[];
  /** Who asks: others' workspaces are a number to them. */
  readonly userId: UserId;
}

export function planDestruction(facts: DestroyFacts): DestroyPlan {
  const { hourlyUsd, record, leftovers, unseen, userId, workspaces } = facts;
  const own = workspaces.filter(({ ownerId }) => ownerId === userId);
  return {
    name: record.name,
    perHourUsd: isBilled(record) ? hourlyUsd : 0,
    leftovers: [...leftovers],
    blind: unseen.flatMap((kind) => blindWords[kind] ?? []),
    workspaces: own.map(({ id, name, isRunning }) => ({ id, name, isRunning })),
    otherWorkspaces: workspaces.length - own.length,
    snapshots: onlyThere(facts),
  };
}

const blindWords: Readonly<Partial<Record<CloudInventory['unseen'][number], string>>> = {
  snapshots: 'The token may not see snapshots: those of this machine stay behind unseen, and cost.',
  volumes: 'The token may not see volumes: one that is attached stays behind unseen, and costs.',
  addresses: 'The token may not see reserved addresses: one that it has stays behind unseen, and costs.',
};

/** A snapshot that was copied is the same archive on another host. */
function onlyThere({ record, snapshots }: DestroyFacts): number {
  const { hostId } = record;
  if (hostId === null) return 0;
  const elsewhere = new Set(
    snapshots.filter((one) => one.hostId !== hostId).map(({ manifest }) => manifest.archive.sha256),
  );
  return snapshots.filter((one) => one.hostId === hostId && !elsewhere.has(one.manifest.archive.sha256))
    .length;
}
