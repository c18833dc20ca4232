/** What is counted, from when on, and who is told. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { SnapshotId, UserId } from '#contract/ids.ts';
import { noQuota, type Quota } from '#contract/users.ts';
import { Collection } from '#main/control-plane/changes.ts';
import { QuotaService } from '#main/control-plane/quotas/quota-service.ts';
import type { WorkspaceRecord } from '#main/control-plane/workspaces/workspace.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { userIdOf } from '#test/harness/ownership.ts';

const [a, b] = [userIdOf('a'), userIdOf('b')];
const snap = (letter: string) => `snap_${letter.repeat(20)}` as SnapshotId;

let clock: ManualClock;
let workspaces: WorkspaceRecord[];
let snapshots: { id: SnapshotId; ownerId: UserId; diskBytes: number }[];
let unfinished: { userId: UserId; input: unknown }[];
let quotas: Map<UserId, Quota>;
let volumeBytes: Map<UserId, number | null>;
let changes: Collection<{ id: string }>;
let measured: () => void;
let service: QuotaService;

function workspace(id: string, ownerId: UserId, more: Partial<WorkspaceRecord> = {}): WorkspaceRecord {
  return {
    id: `ws_${id.repeat(20)}`,
    ownerId,
    move: null,
    definition: { limits: { cpus: 1.5, memoryBytes: 1000, pids: 10 } },
    ...more,
  } as WorkspaceRecord;
}

beforeEach(() => {
  clock = new ManualClock();
  [workspaces, snapshots, unfinished] = [[], [], []];
  [quotas, volumeBytes, changes] = [new Map(), new Map(), new Collection()];
  measured = () => undefined;
  service = new QuotaService({
    source: { quotaOf: (id) => quotas.get(id) ?? noQuota },
    workspaces: () => workspaces,
    snapshots: () => snapshots,
    unfinished: () => unfinished,
    volumes: {
      bytesOf: (id) => volumeBytes.get(id) ?? null,
      sizeOf: () => undefined,
      onMeasured: (listener) => {
        measured = listener;
        return () => undefined;
      },
    },
    watches: [(signal) => changes.watch(signal)],
    clock,
    log: new MemoryLog(),
  });
});

describe('what somebody has', () => {
  it('is the sum over their own workspaces and snapshots', () => {
    workspaces = [workspace('1', a), workspace('2', a), workspace('3', b)];
    snapshots = [
      { id: snap('1'), ownerId: a, diskBytes: 10 },
      { id: snap('2'), ownerId: b, diskBytes: 500 },
    ];
    volumeBytes.set(a, 7);
    expect(service.usageOf(a)).toEqual({
      workspaces: 2,
      cpus: 3,
      memoryBytes: 2000,
      diskBytes: 17,
      snapshots: 1,
    });
    expect(service.usageOf(b)).toMatchObject({ workspaces: 1, snapshots: 1, diskBytes: null });
    expect(service.usageOf(userIdOf('c'))).toMatchObject({ workspaces: 0, cpus: 0, snapshots: 0 });
  });

  it('has one workspace where a move has two, and one where the other’s record is gone', () => {
    const [source, copy] = [workspace('1', a), workspace('2', a)];
    const move = { otherHostId: 'host_x', movedAt: '' } as unknown as NonNullable<WorkspaceRecord['move']>;
    workspaces = [
      { ...source, move: { ...move, role: 'source', otherId: copy.id } },
      { ...copy, move: { ...move, role: 'copy', otherId: source.id } },
    ];
    expect(service.usageOf(a)).toMatchObject({ workspaces: 1, cpus: 1.5 });
    workspaces = workspaces.slice(1);
    expect(service.usageOf(a)).toMatchObject({ workspaces: 1, cpus: 1.5 });
  });

  it('counts snapshots that operations are about to make, once', () => {
    const made = (input: unknown) => {
      unfinished = [{ userId: a, input }];
      return service.usageOf(a).snapshots;
    };
    expect(made({ snapshotId: snap('1'), workspaceId: 'ws' })).toBe(1);
    expect(made({ id: snap('9'), workspaceId: 'ws', safetyId: snap('1') })).toBe(1);
    expect(made({ id: snap('9'), workspaceId: 'ws', safetyId: null })).toBe(0);
    expect(made({ id: 'ws', copyId: 'ws', snapshotId: snap('1'), copySnapshotId: snap('2') })).toBe(2);
    // A workspace of a snapshot makes no other, unless that one is copied here first.
    expect(made({ id: 'ws', snapshotId: snap('1'), copySnapshotId: null })).toBe(0);
    expect(made({ id: 'ws', snapshotId: snap('1'), copySnapshotId: snap('2') })).toBe(1);
    expect(made(null)).toBe(0);
    snapshots = [{ id: snap('1'), ownerId: a, diskBytes: 1 }];
    expect(made({ snapshotId: snap('1'), workspaceId: 'ws' })).toBe(1);
    expect(service.usageOf(b).snapshots).toBe(0);
  });

  it('counts an import until it has ended, and what it brings', () => {
    volumeBytes.set(a, 0);
    quotas.set(a, { ...noQuota, snapshots: 1 });
    service.require(a, { snapshots: 1 });
    const release = service.hold(a, { snapshotId: snap('1'), diskBytes: 50 });
    expect(service.usageOf(a)).toMatchObject({ snapshots: 1, diskBytes: 50 });
    expect(service.isHolding(a)).toBe(true);
    expect(() => service.require(a, { snapshots: 1 })).toThrow(/1 of the 1 snapshots/);
    snapshots = [{ id: snap('1'), ownerId: a, diskBytes: 60 }];
    expect(service.usageOf(a)).toMatchObject({ snapshots: 1, diskBytes: 60 });
    release();
    expect(service.isHolding(a)).toBe(false);
    expect(service.usageOf(a)).toMatchObject({ snapshots: 1, diskBytes: 60 });
  });

  it('is held against a disk’s share as far as it is known: snapshots always are', () => {
    quotas.set(a, { ...noQuota, diskBytes: 100 });
    snapshots = [{ id: snap('1'), ownerId: a, diskBytes: 100 }];
    expect(service.usageOf(a).diskBytes).toBeNull();
    expect(() => service.require(a, { snapshots: 1 })).toThrow(/volumes and snapshots/);
  });
});

describe('whoever follows', () => {
  it('is told of each person whose usage changed, and of nobody else', async () => {
    const told: UserId[] = [];
    const stop = service.onUsageChange((id) => told.push(id));
    service.start();
    workspaces = [workspace('1', a), workspace('2', b)];
    changes.put({ id: 'x' });
    await clock.advance(1000);
    expect(told.sort()).toEqual([a, b]);
    told.length = 0;
    changes.put({ id: 'x' });
    await clock.advance(1000);
    expect(told).toEqual([]);
    volumeBytes.set(b, 5);
    measured();
    await clock.advance(1000);
    expect(told).toEqual([b]);
    // The last of somebody's things is a change, too.
    workspaces = workspaces.slice(1);
    changes.put({ id: 'x' });
    await clock.advance(1000);
    expect(told).toEqual([b, a]);
    stop();
    await service.close();
  });
});
