import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId } from '#contract/ids.ts';
import type { SleepPlace } from '#contract/machines.ts';
import { Life } from '../../operations/crash-world.ts';
import {
  BerthLife,
  hostId,
  machineId,
  MachineWorld,
  otherUserId,
  otherWorkspaceId,
  workspaceId,
} from '../machine-world.ts';

const signal = new AbortController().signal;

async function berthWith(change: Parameters<MachineWorld['put']>[0] = {}, life?: Life) {
  const world = new MachineWorld();
  world.put(change);
  return { world, berth: await BerthLife.begin(world, life) };
}

/** A volume, a snapshot and an address that stay. */
function furnish(world: MachineWorld): void {
  const { cloud, providerId } = world;
  cloud.volumes.set('vol-1', {
    id: 'vol-1',
    name: 'data',
    region: 'ams',
    sizeBytes: 10 * 2 ** 30,
    monthlyUsd: 1,
    machineIds: [providerId],
    tags: [],
    createdAt: '2026-01-02T03:00:00Z',
  });
  for (const [id, sourceId] of [
    ['snap-1', providerId],
    ['snap-other', '999'],
  ] as const)
    cloud.snapshots.set(id, {
      id,
      name: id,
      kind: 'snapshot',
      createdAt: '2026-01-02T03:00:00Z',
      sizeBytes: 2 ** 30,
      minDiskBytes: 2 ** 30,
      monthlyUsd: 0.06,
      regions: ['ams'],
      of: 'machine',
      sourceId,
      tags: [],
    });
  cloud.addresses.set('192.0.2.77', {
    id: '192.0.2.77',
    region: 'ams',
    machineId: providerId,
    monthlyUsd: 5,
  });
}

const asleep = (world: MachineWorld, place: SleepPlace) => ({
  providerId: null,
  hostId: null,
  life: 'asleep' as const,
  earlierProviderIds: [world.providerId],
  sleep: {
    place,
    sinceAt: '2026-01-02T03:00:00.000Z',
    snapshotId: place.kind === 'machine-snapshot' ? 'snap-1' : null,
    sizeBytes: null,
    monthlyUsd: 0.06,
    workspaces: [],
    extra: null,
  },
});

const destroy = (
  berth: BerthLife,
  leftovers: { kind: 'volume' | 'snapshot' | 'address'; id: string }[] = [],
) => berth.destroying.destroy({ id: machineId, name: 'atlas-1', leftovers }, localOwnerId, signal);

function nothingLeft(world: MachineWorld): void {
  expect(world.cloud.machines.size).toBe(0);
  expect(world.cloud.firewalls.size).toBe(0);
  expect(world.cloud.keys.size).toBe(0);
  expect(world.record()).toBeUndefined();
  expect(world.host).toBeUndefined();
  expect([...world.secrets, ...world.credentials]).toEqual([]);
}

describe('the plan of a destruction', () => {
  it('names what stays and costs, what is lost, and what belongs to whom', async () => {
    const { berth, world } = await berthWith();
    furnish(world);
    const manifest = (sha256: string) => ({ archive: { sha256, bytes: 1 } }) as never;
    const elsewhere = 'host_00000000000000000009' as const;
    world.snapshots.push(
      { hostId, manifest: manifest('a') },
      { hostId, manifest: manifest('b') },
      { hostId: elsewhere, manifest: manifest('b') },
      { hostId: elsewhere, manifest: manifest('c') },
    );
    expect(await berth.destroying.plan(machineId, localOwnerId, signal)).toEqual({
      name: 'atlas-1',
      perHourUsd: 0.01,
      leftovers: [
        { kind: 'snapshot', id: 'snap-1', name: 'snap-1', monthlyUsd: 0.06 },
        { kind: 'volume', id: 'vol-1', name: 'data', monthlyUsd: 1 },
        { kind: 'address', id: '192.0.2.77', name: '192.0.2.77', monthlyUsd: 5 },
      ],
      blind: [],
      workspaces: [{ id: workspaceId, name: 'atlas', isRunning: true }],
      otherWorkspaces: 1,
      snapshots: 1,
    });
    const other = await berth.destroying.plan(machineId, otherUserId, signal);
    expect(other.workspaces.map(({ id }) => id)).toEqual([otherWorkspaceId]);
    expect(other.otherWorkspaces).toBe(1);
  });

  it('says what the token may not see', async () => {
    const { berth, world } = await berthWith();
    world.cloud.unseen = ['volumes', 'addresses'];
    const { blind } = await berth.destroying.plan(machineId, localOwnerId, signal);
    expect(blind).toEqual([expect.stringMatching(/volumes/), expect.stringMatching(/addresses/)]);
  });

  it('knows snapshots of earlier hardware, and the one that it sleeps in', async () => {
    const { berth, world } = await berthWith({
      providerId: null,
      life: 'asleep',
      earlierProviderIds: ['999'],
      sleep: {
        place: { kind: 'machine-snapshot' },
        sinceAt: '2026-01-02T03:00:00.000Z',
        snapshotId: 'snap-1',
        sizeBytes: null,
        monthlyUsd: 0.06,
        workspaces: [],
        extra: null,
      },
    });
    furnish(world);
    const { leftovers, perHourUsd } = await berth.destroying.plan(machineId, localOwnerId, signal);
    expect(leftovers.map(({ id }) => id)).toEqual(['snap-1', 'snap-other']);
    expect(perHourUsd).toBe(0);
  });
});

describe('destroying', () => {
  it('asks for the name', async () => {
    const { berth, world } = await berthWith();
    await expect(
      berth.destroying.destroy({ id: machineId, name: 'Atlas-1', leftovers: [] }, localOwnerId, signal),
    ).rejects.toMatchObject({
      code: 'invalid-input',
      details: { fields: [expect.stringMatching(/^name: /)] },
    });
    expect(world.cloud.machines.size).toBe(1);
  });

  it('takes the machine and what is chosen, keeps the rest, and forgets it last', async () => {
    const { berth, world } = await berthWith();
    furnish(world);
    const lives: (string | undefined)[] = [];
    berth.directory.onChange(() => lives.push(berth.record?.life));
    await berth.succeed(await destroy(berth, [{ kind: 'volume', id: 'vol-1' }]));
    nothingLeft(world);
    expect(world.cloud.volumes.size).toBe(0);
    expect([...world.cloud.snapshots.keys()]).toEqual(['snap-1', 'snap-other']);
    expect([...world.cloud.addresses.keys()]).toEqual(['192.0.2.77']);
    expect(world.done).toEqual(['disconnect', 'host removed']);
    expect(lives[0]).toBe('destroying');
    expect(lives.at(-1)).toBeUndefined();
  });

  it('destroys nothing that is not of this machine', async () => {
    const { berth, world } = await berthWith();
    furnish(world);
    await expect(destroy(berth, [{ kind: 'snapshot', id: 'snap-other' }])).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(world.cloud.snapshots.has('snap-other')).toBe(true);
    expect(world.cloud.machines.size).toBe(1);
  });

  it('also takes what a lost reply once left behind', async () => {
    const { berth, world } = await berthWith();
    world.cloud.plant({ tags: world.machine.tags });
    await berth.succeed(await destroy(berth));
    nothingLeft(world);
  });

  it('tries again what failed', async () => {
    const { berth, world } = await berthWith();
    furnish(world);
    world.cloud.stubborn.set('vol-1', 3);
    await berth.succeed(await destroy(berth, [{ kind: 'volume', id: 'vol-1' }]));
    nothingLeft(world);
    expect(world.cloud.volumes.size).toBe(0);
    expect(world.cloud.calls.filter((name) => name === 'retryDestruction')).toHaveLength(3);
  });

  it('says what stays where it cannot be destroyed, and the machine is gone all the same', async () => {
    const { berth, world } = await berthWith();
    furnish(world);
    world.cloud.stubborn.set('vol-1', 100);
    const ended = await berth.end((await destroy(berth, [{ kind: 'volume', id: 'vol-1' }])).id);
    expect(ended.state).toBe('failed');
    expect(ended.error?.message).toMatch(/machine is gone.*volume vol-1.*among what was found/);
    nothingLeft(world);
    expect([...world.cloud.volumes.keys()]).toEqual(['vol-1']);
  });

  it('outlives an outage, and a reply that is lost', async () => {
    const { berth, world } = await berthWith();
    world.cloud.fail('destroyMachine', new BerthError('cloud.unreachable', 'Broken.'), { when: 'after' });
    world.cloud.fail('destruction', new BerthError('cloud.failed', 'It failed (status 503).'), { times: 5 });
    await berth.succeed(await destroy(berth));
    nothingLeft(world);
  });

  it('of a machine that is gone meanwhile is no error', async () => {
    const { berth, world } = await berthWith();
    world.cloud.machines.clear();
    await berth.succeed(await destroy(berth));
    nothingLeft(world);
  });

  it('that the token may not do leaves the machine as it was, and can be asked again', async () => {
    const { berth, world } = await berthWith();
    world.cloud.fail(
      'destroyMachine',
      new BerthError('cloud.permission-missing', 'It lacks machine:delete.'),
    );
    const ended = await berth.end((await destroy(berth)).id);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'cloud.permission-missing' } });
    expect(berth.record).toMatchObject({ life: 'made', providerId: world.providerId });
    expect(world.host?.desired).toBe('connected');
    await berth.succeed(await destroy(berth));
    nothingLeft(world);
  });

  it('says so where the hardware is gone and the rest is not, and ends it when asked again', async () => {
    const { berth, world } = await berthWith();
    world.cloud.fail('removeFirewall', new BerthError('cloud.not-offered', 'No.'));
    const ended = await berth.end((await destroy(berth)).id);
    expect(ended.state).toBe('failed');
    expect(berth.record).toMatchObject({ life: 'vanished', providerId: null });
    await berth.succeed(await destroy(berth));
    nothingLeft(world);
  });

  it('is refused while something works on a workspace there, and cannot be stopped once it is under way', async () => {
    const { berth, world } = await berthWith();
    berth.links.lose(hostId);
    const stop = await berth.stopWorkspace(workspaceId);
    await expect(destroy(berth)).rejects.toMatchObject({
      code: 'conflict',
      details: { operationId: stop.id },
    });
    expect(world.cloud.machines.size).toBe(1);
    berth.connected();
    await berth.end(stop.id);
    const operation = await destroy(berth);
    expect(operation.canCancel).toBe(false);
    await expect(berth.operations.cancel(operation.id)).rejects.toMatchObject({ code: 'conflict' });
    await berth.succeed(operation);
  });

  it('is refused while the files of another machine sleep on it', async () => {
    const { berth, world } = await berthWith();
    await berth.directory.add({
      ...berth.directory.require(machineId),
      id: 'mach_00000000000000000077',
      name: 'barge-2',
      hostId: null,
      providerId: null,
      life: 'asleep',
      sleep: {
        place: { kind: 'host', hostId },
        sinceAt: '2026-01-02T03:04:05.000Z',
        snapshotId: null,
        sizeBytes: null,
        monthlyUsd: null,
        workspaces: [],
        extra: null,
      },
    });
    await expect(destroy(berth)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('“barge-2”') as unknown,
    });
    expect(world.cloud.machines.size).toBe(1);
  });

  it('is refused while something else is done with the machine', async () => {
    const { berth, world } = await berthWith();
    const other = await berth.living.setBackups({ id: machineId, isOn: true }, localOwnerId);
    await expect(destroy(berth)).rejects.toMatchObject({
      code: 'conflict',
      details: { operationId: other.id },
    });
    await berth.succeed(other);
    expect(world.now).toBeDefined();
  });

  it('comes to one that was left half-way to its sleep', async () => {
    const { berth, world } = await berthWith({ life: 'hibernating' });
    await berth.succeed(await destroy(berth));
    nothingLeft(world);
  });

  it('of a sleeping one takes the snapshot that it sleeps in, where that is chosen', async () => {
    const { world } = await berthWith();
    world.cloud.machines.clear();
    world.put(asleep(world, { kind: 'machine-snapshot' }));
    furnish(world);
    const berth = await BerthLife.begin(world);
    await berth.succeed(await destroy(berth, [{ kind: 'snapshot', id: 'snap-1' }]));
    expect([...world.cloud.snapshots.keys()]).toEqual(['snap-other']);
    expect(world.done).not.toContain('sleep discarded');
    expect(world.record()).toBeUndefined();
  });

  it('of one whose files sleep elsewhere takes these, too', async () => {
    const { world } = await berthWith();
    world.cloud.machines.clear();
    world.put(asleep(world, { kind: 'computer' }));
    const berth = await BerthLife.begin(world);
    await berth.succeed(await destroy(berth));
    expect(world.done).toContain('sleep discarded');
    expect(world.record()).toBeUndefined();
  });

  it('finds hardware of a request whose answer was lost, also where the list is late', async () => {
    const { world } = await berthWith();
    const operationId = 'op_00000000000000000077' as const;
    const late = world.machine;
    world.cloud.machines.clear();
    world.put({ providerId: null, life: 'incomplete', operationId, requestedAt: '2026-01-02T03:04:00.000Z' });
    const berth = await BerthLife.begin(world);
    const operation = await destroy(berth);
    await world.clock.advance(5_000);
    world.cloud.machines.set(late.id, { ...late, tags: [...late.tags, `berth:op:${operationId}`] });
    await berth.succeed(operation);
    nothingLeft(world);
  });

  it('killed anywhere, is finished: nothing stays at the provider, on disk or in the keychain', async () => {
    const counted = await berthWith();
    furnish(counted.world);
    const chosen = [
      { kind: 'volume' as const, id: 'vol-1' },
      { kind: 'snapshot' as const, id: 'snap-other' },
    ];
    counted.berth.directory.onChange(() => {});
    await counted.berth.directory.change(machineId, { earlierProviderIds: ['999'] });
    const before = counted.berth.life.points;
    await counted.berth.succeed(await destroy(counted.berth, chosen));
    const points = counted.berth.life.points - before;
    expect(points).toBeGreaterThan(40);
    for (let killAt = 1; killAt <= points; killAt += 1) {
      const world = new MachineWorld();
      furnish(world);
      world.put({ earlierProviderIds: ['999'] });
      const first = await BerthLife.begin(world, new Life(killAt));
      const begun = await Promise.race([destroy(first, chosen), first.life.died]);
      if (begun !== undefined) await first.end(begun.id);
      expect(first.life.isDead).toBe(true);
      const second = await BerthLife.begin(world);
      const unfinished = second.unfinished();
      if (unfinished !== undefined) await second.succeed(unfinished);
      else if (second.record !== undefined) {
        // Killed before its intent was on disk: then nothing was done either.
        expect(world.now).toBeDefined();
        expect(second.record.life).toBe('made');
        continue;
      }
      nothingLeft(world);
      expect(world.cloud.volumes.size).toBe(0);
      expect([...world.cloud.snapshots.keys()]).toEqual(['snap-1']);
      expect(world.done.filter((one) => one === 'host removed')).toHaveLength(1);
    }
  }, 60_000);
});

describe('forgetting', () => {
  it('is for one that the provider does not have', async () => {
    const { berth, world } = await berthWith({ life: 'vanished' });
    world.cloud.machines.clear();
    await berth.destroying.forget(machineId);
    nothingLeft(world);
  });

  it('is for one that was never made', async () => {
    const { berth, world } = await berthWith({ life: 'incomplete', providerId: null, hostId: null });
    await berth.destroying.forget(machineId);
    expect(world.record()).toBeUndefined();
  });

  it.each([
    {},
    { life: 'incomplete' as const },
    { life: 'asleep' as const, providerId: null },
    { life: 'incomplete' as const, providerId: null, requestedAt: '2026-01-02T03:04:00.000Z' },
  ])('is refused for what may cost: %j', async (change) => {
    const { berth, world } = await berthWith(change);
    await expect(berth.destroying.forget(machineId)).rejects.toMatchObject({ code: 'conflict' });
    expect(world.record()).toBeDefined();
  });

  it('forgets also where the provider cannot be reached', async () => {
    const { berth, world } = await berthWith({ life: 'vanished' });
    world.cloud.fail('removeFirewall', new BerthError('cloud.refused', 'No.'));
    world.cloud.fail('removeKey', new BerthError('cloud.permission-missing', 'No.'));
    await berth.destroying.forget(machineId);
    expect(world.record()).toBeUndefined();
  });
});
