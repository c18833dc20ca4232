/** When volumes are measured, whose they are, and that nothing waits for it or breaks by it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { type HostId, localOwnerId, type UserId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { Collection } from '#main/control-plane/changes.ts';
import type { ContainerEngine } from '#main/control-plane/interfaces/container-engine.ts';
import { VolumeUsage, type VolumeUsageDeps } from '#main/control-plane/quotas/volume-usage.ts';
import { label } from '#main/control-plane/workspaces/labels.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { userIdOf } from '#test/harness/ownership.ts';

const [a, b] = [userIdOf('a'), userIdOf('b')];
const hostId = `host_${'h'.repeat(20)}` as HostId;
const hourMs = 3_600_000;

let clock: ManualClock;
let links: FakeLinks;
let log: MemoryLog;
let operations: Collection<Operation>;
let volumes: Map<string, { owner: string | undefined; bytes: number }>;
let failure: BerthError | undefined;
let asked: number;
let answer: Promise<void>;
let workspaces: { id: string; hostId: HostId; volumeName: string; ownerId: UserId }[];
let before: { hostId: HostId; volumeName: string; workspaceId: string }[];
let usage: VolumeUsage;

const engine = {
  listVolumes: async () =>
    [...volumes].map(([name, { owner }]) => ({
      name,
      labels: owner === undefined ? {} : { [label.owner]: owner },
    })),
  volumeSizes: async (names: readonly string[]) => {
    asked += 1;
    await answer;
    if (failure !== undefined) throw failure;
    return new Map(names.map((name) => [name, volumes.get(name)?.bytes ?? 0]));
  },
} as unknown as ContainerEngine;

beforeEach(() => {
  clock = new ManualClock();
  links = new FakeLinks();
  log = new MemoryLog();
  operations = new Collection();
  volumes = new Map();
  [failure, asked, answer, workspaces, before] = [undefined, 0, Promise.resolve(), [], []];
  usage = new VolumeUsage({
    links,
    watchOperations: (signal) => operations.watch(signal),
    workspaces: () => workspaces as unknown as ReturnType<VolumeUsageDeps['workspaces']>,
    volumesBefore: () => before,
    heirs: { ownerOf: (told) => (told === a || told === b ? told : localOwnerId) },
    clock,
    log,
  });
  usage.start();
});

async function ended(kind: Operation['kind'], endedAt: string | null = 'now'): Promise<void> {
  operations.put({ id: 'op', kind, hostId, endedAt } as unknown as Operation);
  await clock.advance(1);
}

describe('volumes', () => {
  it('are measured when their host comes, after what changes them, and every hour', async () => {
    volumes.set('v', { owner: a, bytes: 1 });
    links.ready(hostId, { engine });
    await clock.advance(1);
    expect(asked).toBe(1);
    await ended('workspace.create', null);
    await ended('workspace.stop');
    expect(asked).toBe(1);
    volumes.set('v', { owner: a, bytes: 2 });
    await ended('workspace.create');
    expect(asked).toBe(2);
    expect(usage.bytesOf(a)).toBe(2);
    await clock.advance(hourMs);
    await clock.advance(hourMs);
    expect(asked).toBe(4);
    await usage.close();
    await clock.advance(hourMs);
    expect(asked).toBe(4);
  });

  it('are whose workspace has them, else whose their label says, and nobody’s are the local owner’s', async () => {
    workspaces = [{ id: 'ws_1', hostId, volumeName: 'taken-over', ownerId: b }];
    before = [{ hostId, volumeName: 'before-a-restore', workspaceId: 'ws_1' }];
    volumes = new Map([
      ['taken-over', { owner: a, bytes: 1 }],
      ['before-a-restore', { owner: a, bytes: 20 }],
      ['kept', { owner: a, bytes: 300 }],
      ['unlabelled', { owner: undefined, bytes: 4_000 }],
      ['of a stranger', { owner: 'user_gone', bytes: 50_000 }],
    ]);
    links.ready(hostId, { engine });
    await clock.advance(1);
    expect([usage.bytesOf(a), usage.bytesOf(b), usage.bytesOf(localOwnerId)]).toEqual([300, 21, 54_000]);
    expect(usage.sizeOf(hostId, 'kept')).toBe(300);
    expect(usage.sizeOf(hostId, 'none')).toBeUndefined();
    links.remove(hostId);
    expect(usage.bytesOf(localOwnerId)).toBe(0);
    await usage.close();
  });

  it('are not known for whoever has one on a host that was never measured, and kept while it is away', async () => {
    workspaces = [{ id: 'ws_1', hostId, volumeName: 'v', ownerId: a }];
    volumes.set('v', { owner: a, bytes: 7 });
    expect(usage.bytesOf(a)).toBeNull();
    expect(usage.bytesOf(b)).toBe(0);
    links.ready(hostId, { engine });
    await clock.advance(1);
    links.lose(hostId);
    expect(usage.bytesOf(a)).toBe(7);
    await usage.close();
  });

  it('that could not be measured keep what was known, are told in the log, and are tried again', async () => {
    volumes.set('v', { owner: a, bytes: 7 });
    links.ready(hostId, { engine });
    await clock.advance(1);
    failure = new BerthError('timed-out', 'Too many files.');
    await ended('volume.destroy');
    expect(usage.bytesOf(a)).toBe(7);
    expect(log.lines.map(({ level }) => level)).toContain('warn');
    failure = undefined;
    volumes.set('v', { owner: a, bytes: 8 });
    await clock.advance(hourMs);
    expect(usage.bytesOf(a)).toBe(8);
    await usage.close();
  });

  it('are measured once more, not twice at a time, when more comes meanwhile', async () => {
    volumes.set('v', { owner: a, bytes: 7 });
    const { promise, resolve } = Promise.withResolvers<void>();
    answer = promise;
    links.ready(hostId, { engine });
    await clock.advance(1);
    await ended('workspace.create');
    await ended('workspace.destroy');
    expect(asked).toBe(1);
    resolve();
    await clock.advance(1);
    expect(asked).toBe(2);
    await usage.close();
  });
});
