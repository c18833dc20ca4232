import { beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { type HostId, localOwnerId, type SnapshotId, type WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import { createSchedules } from '#main/adapters/schedule/cron-schedules.ts';
import type { ContainerEngine } from '#main/control-plane/interfaces/container-engine.ts';
import { RulesRecord, RulesService } from '#main/control-plane/snapshots/rules-service.ts';
import type { WorkspaceDirectory } from '#main/control-plane/workspaces/workspace-directory.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';

const hostId = `host_${'h'.repeat(20)}` as HostId;
const id = `ws_${'w'.repeat(20)}` as WorkspaceId;
const hour = 3_600_000;

let clock: ManualClock;
let links: FakeLinks;
let store: MemoryRecordStore;
let made: string[];
let destroyed: SnapshotId[];
let snapshots: Snapshot[];
let failure: BerthError | undefined;
let isBusy: boolean;
let tries: number;

function service(): RulesService {
  return new RulesService({
    records: store.collection('snapshot-rules', (value) => RulesRecord.parse(value)),
    workspaces: {
      record: (one: WorkspaceId) => (one === id ? { id, hostId } : undefined),
      require: () => ({ id, hostId }),
      ownerOf: () => localOwnerId,
      operation: () => (isBusy ? {} : undefined),
    } as unknown as WorkspaceDirectory,
    links,
    schedules: createSchedules(),
    snapshotsOf: () => snapshots,
    create: () => {
      tries += 1;
      if (failure !== undefined) return Promise.reject(failure);
      made.push(new Date(clock.nowMs()).toISOString().slice(0, 16));
      return Promise.resolve({} as Operation);
    },
    destroy: (ids) => {
      destroyed.push(...ids);
      return Promise.resolve({} as Operation);
    },
    clock,
    log: new MemoryLog(),
  });
}

beforeEach(() => {
  clock = new ManualClock('2026-01-01T12:10:00.000Z');
  links = new FakeLinks();
  links.ready(hostId, { engine: {} as ContainerEngine });
  store = new MemoryRecordStore();
  [made, destroyed, snapshots, failure, isBusy, tries] = [[], [], [], undefined, false, 0];
});

const hourly = { schedule: '0 * * * *', timeZone: 'UTC' };

describe('a schedule', () => {
  it('makes one each time it is due', async () => {
    const rules = service();
    rules.start();
    expect((await rules.set(id, hourly)).nextAt).toBe('2026-01-01T13:00:00.000Z');
    await clock.advance(3 * hour);
    expect(made).toEqual(['2026-01-01T13:00', '2026-01-01T14:00', '2026-01-01T15:00']);
    rules.close();
    await clock.advance(3 * hour);
    expect(made).toHaveLength(3);
  });

  it('makes up once for all that was missed while the host was away, and says why it waits', async () => {
    const rules = service();
    rules.start();
    await rules.set(id, hourly);
    links.lose(hostId);
    await clock.advance(5 * hour);
    expect(made).toEqual([]);
    expect(rules.collection.get(id)?.problem?.code).toBe('host.not-connected');
    links.ready(hostId, { engine: {} as ContainerEngine });
    await clock.advance(1);
    expect(made).toEqual(['2026-01-01T17:10']);
    expect(rules.collection.get(id)?.problem).toBeNull();
    await clock.advance(hour);
    expect(made).toHaveLength(2);
  });

  it('makes up once for what was missed while Berth was not running', async () => {
    const first = service();
    await first.set(id, hourly);
    first.close();
    await clock.advance(10 * hour);
    const second = service();
    await second.load();
    second.start();
    await clock.advance(1_000);
    expect(made).toEqual(['2026-01-01T22:10']);
  });

  it('waits for the end of quiet hours', async () => {
    const rules = service();
    rules.start();
    await rules.set(id, { ...hourly, quietHours: { from: '12:30', to: '14:20' } });
    expect(rules.collection.get(id)?.nextAt).toBe('2026-01-01T14:20:00.000Z');
    await clock.advance(3 * hour);
    expect(made).toEqual(['2026-01-01T14:20', '2026-01-01T15:00']);
  });

  it('comes again while something else is under way on the workspace', async () => {
    const rules = service();
    rules.start();
    await rules.set(id, hourly);
    isBusy = true;
    await clock.advance(hour);
    expect(made).toEqual([]);
    isBusy = false;
    await clock.advance(60_000);
    expect(made).toHaveLength(1);
  });

  it.each(['snapshot.tools-missing', 'quota.exceeded'] as const)(
    'keeps the reason of one that could not be begun (%s), and tries the next time',
    async (code) => {
      const rules = service();
      rules.start();
      await rules.set(id, hourly);
      failure = new BerthError(code, 'Make room, or install zstd.');
      await clock.advance(hour);
      expect(rules.collection.get(id)?.problem?.code).toBe(code);
      // Once, and not again and again until then.
      expect(tries).toBe(1);
      failure = undefined;
      await clock.advance(hour);
      expect(made).toEqual(['2026-01-01T14:00']);
      expect(rules.collection.get(id)?.problem).toBeNull();
    },
  );

  it('that is turned off makes none', async () => {
    const rules = service();
    rules.start();
    await rules.set(id, hourly);
    await rules.set(id, { schedule: null });
    await clock.advance(5 * hour);
    expect(made).toEqual([]);
  });

  it('that makes no sense is refused, and what was there stays', async () => {
    const rules = service();
    await rules.set(id, hourly);
    await expect(rules.set(id, { schedule: 'now and then' })).rejects.toMatchObject({
      code: 'invalid-input',
    });
    expect(rules.of(id)?.schedule).toBe('0 * * * *');
  });
});

describe('what a rule no longer keeps', () => {
  const snapshot = (number: number) =>
    ({
      id: `snap_${String(number).padStart(20, '0')}`,
      createdAt: `2026-01-01T0${number}:00:00.000Z`,
      isPinned: false,
      sizeBytes: 1,
      reason: 'schedule',
    }) as Snapshot;
  const keep = { last: 1, hourly: 0, daily: 0, weekly: 0, monthly: 0 };

  it('goes when a scheduled one was made, and not when it failed', async () => {
    const rules = service();
    await rules.set(id, { ...hourly, keep });
    snapshots = [snapshot(1), snapshot(2)];
    await rules.ended(id, { state: 'failed', error: null } as Operation);
    expect(destroyed).toEqual([]);
    await rules.ended(id, { state: 'succeeded' } as Operation);
    expect(destroyed).toEqual([snapshot(1).id]);
  });

  it('is only deleted by hand as it was shown', async () => {
    const rules = service();
    snapshots = [snapshot(1), snapshot(2)];
    const { destroys } = rules.keepPlan(id, keep);
    snapshots.push(snapshot(3));
    await expect(rules.apply(id, keep, destroys, localOwnerId)).rejects.toMatchObject({ code: 'conflict' });
    await rules.apply(id, keep, rules.keepPlan(id, keep).destroys, localOwnerId);
    expect(destroyed).toEqual([snapshot(2).id, snapshot(1).id]);
  });

  it('follows a workspace that was moved', async () => {
    const rules = service();
    await rules.set(id, { ...hourly, keep });
    const copy = `ws_${'c'.repeat(20)}` as WorkspaceId;
    await rules.handOver(id, copy);
    expect(rules.of(id)).toBeUndefined();
    expect(rules.of(copy)).toMatchObject({ id: copy, schedule: '0 * * * *', keep });
  });
});
