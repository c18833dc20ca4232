import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { operationTag } from '#main/control-plane/machines/machine.ts';
import type { CloudSnapshot } from '#main/control-plane/interfaces/cloud-provider.ts';
import { type Berth, cloudId, machineIdOf, minutes, MoneyWorld, ownTags, recordOf } from './money-world.ts';

let world: MoneyWorld;
let berth: Berth;
beforeEach(async () => {
  world = new MoneyWorld();
  berth = await world.begin();
});
afterEach(() => world.end());

function inventories(): number {
  return world.cloud.calls.filter((call) => call === 'inventory').length;
}

function snapshotOf(sourceId: string, change: Partial<CloudSnapshot> = {}): CloudSnapshot {
  const snapshot: CloudSnapshot = {
    id: `snap-of-${sourceId}`,
    name: 'before the update',
    kind: 'snapshot',
    createdAt: '2026-01-02T03:04:05.000Z',
    sizeBytes: 2 ** 31,
    minDiskBytes: 25 * 2 ** 30,
    monthlyUsd: 0.12,
    regions: ['ams'],
    of: 'machine',
    sourceId,
    tags: [],
    ...change,
  };
  world.cloud.snapshots.set(snapshot.id, snapshot);
  return snapshot;
}

function volumeOf(machineIds: string[], change: { id?: string; tags?: string[] } = {}) {
  const id = change.id ?? 'vol-1';
  world.cloud.volumes.set(id, {
    id,
    name: `data-${id}`,
    region: 'ams',
    sizeBytes: 10 * 2 ** 30,
    monthlyUsd: 1,
    machineIds,
    tags: change.tags ?? [],
    createdAt: '2026-01-02T03:04:05.000Z',
  });
}

/** An operation that works on a machine until it is let go. */
async function workOn(number: number): Promise<() => Promise<void>> {
  const id = machineIdOf(number);
  const gate = Promise.withResolvers<void>();
  const definition = {
    kind: 'machine.power' as const,
    parseInput: () => ({}),
    recover: 'finish' as const,
    canCancel: false,
    steps: [{ id: 'work', title: 'Work', run: () => gate.promise }],
  };
  berth.operations.define(definition);
  const operation = await berth.operations.start(definition, {
    title: 'Work',
    subject: { kind: 'machine', id, name: id },
    hostId: null,
    userId: 'user_00000000000000000000',
    input: {},
  });
  return async () => {
    gate.resolve();
    await berth.operations.ended(operation.id);
  };
}

describe('when accounts are compared', () => {
  it('looks soon after the start, then every few minutes, and says when it did', async () => {
    await world.clock.advance(minutes(0.1));
    expect(berth.accounts.reconciled).toEqual([cloudId]);
    await world.clock.advance(minutes(30));
    expect(berth.accounts.reconciled.length).toBeGreaterThanOrEqual(6);
    expect(berth.accounts.reconciled.length).toBeLessThanOrEqual(9);
  });

  it('looks when an account becomes usable; who asks before the provider was asked has the same look', async () => {
    berth.accounts.usable(cloudId);
    await Promise.all([berth.look(), berth.look()]);
    // What backups cost is asked once for all.
    expect(world.cloud.calls).toEqual(['inventory', 'offer']);
  });

  it('looks once more for all who ask while a look is under way: it may be older than their wish', async () => {
    const answer = Promise.withResolvers<void>();
    berth.accounts.held = answer.promise;
    const first = berth.look();
    await expect.poll(() => inventories()).toBe(1);
    const later = [berth.look(), berth.look()];
    answer.resolve();
    await Promise.all([first, ...later]);
    expect(inventories()).toBe(2);
  });

  it('tries again sooner after a failure that passes, tells who asked, and shows it as blind', async () => {
    world.cloud.fail('inventory', new BerthError('cloud.unreachable', 'No answer.'));
    await expect(berth.look()).rejects.toMatchObject({ code: 'cloud.unreachable' });
    expect(berth.accounts.failures).toHaveLength(1);
    expect((await berth.costs()).blind).toEqual([expect.stringContaining('No answer.')]);
    await world.clock.advance(minutes(1));
    expect(berth.accounts.reconciled).toEqual([cloudId]);
    expect((await berth.costs()).blind).toEqual([]);
  });

  it('ends with Berth: no look is begun afterwards', async () => {
    await world.end();
    world.cloud.calls.length = 0;
    await world.clock.advance(minutes(60));
    expect(world.cloud.calls).toEqual([]);
    expect(world.clock.pendingTimers).toBe(0);
  });
});

describe('a machine that Berth knows', () => {
  it('is refreshed with what the provider tells', async () => {
    const { id, providerId } = await world.add(berth);
    const tags = [...ownTags, 'mine'];
    world.cloud.plant({
      ...world.cloud.machines.get(providerId!)!,
      state: 'off',
      isBusy: true,
      size: 'large',
      hourlyUsd: 0.07,
      monthlyUsd: 48,
      ipv4: '192.0.2.77',
      hasBackups: true,
      tags,
    });
    await berth.look();
    expect(berth.directory.record(id)).toMatchObject({
      power: { state: 'off', isBusy: true, readAt: new Date(world.clock.nowMs()).toISOString() },
      size: 'large',
      hourlyUsd: 0.07,
      monthlyUsd: 48,
      ipv4: '192.0.2.77',
      hasBackups: true,
      tags,
      life: 'made',
    });
    expect(berth.finds()).toEqual([]);
  });

  it('is left alone while an operation works on it', async () => {
    const { id, providerId } = await world.add(berth);
    const letGo = await workOn(1);
    const before = berth.directory.record(id);
    world.cloud.plant({ ...world.cloud.machines.get(providerId!)!, state: 'off', hourlyUsd: 0.5 });
    await berth.look();
    world.cloud.machines.delete(providerId!);
    await berth.look();
    expect(berth.directory.record(id)).toBe(before);
    await letGo();
    await berth.look();
    expect(berth.directory.record(id)?.life).toBe('vanished');
  });

  it('keeps what was changed while the provider was asked: the answer is older', async () => {
    const { id } = await world.add(berth);
    const answer = Promise.withResolvers<void>();
    berth.accounts.held = answer.promise;
    const look = berth.look();
    await expect.poll(() => world.cloud.calls).toContain('inventory');
    await berth.directory.change(id, { ipv4: '198.51.100.1' });
    answer.resolve();
    await look;
    berth.accounts.held = undefined;
    expect(berth.directory.record(id)?.ipv4).toBe('198.51.100.1');
    await berth.look();
    expect(berth.directory.record(id)?.ipv4).toBe('192.0.2.9');
  });

  it('is not gone because a list lags or its tag was taken off', async () => {
    const { id, providerId } = await world.add(berth);
    world.cloud.plant({ ...world.cloud.machines.get(providerId!)!, tags: [], state: 'off' });
    await berth.look();
    expect(berth.directory.record(id)).toMatchObject({ life: 'made', power: { state: 'off' } });
  });

  it('vanishes when the provider does not have it, keeps its host, and is back when it is there again', async () => {
    const host = 'host_00000000000000000001';
    const { id, providerId } = await world.add(berth, 1, { hostId: host });
    await berth.look();
    const machine = world.cloud.machines.get(providerId!)!;
    world.cloud.machines.delete(providerId!);
    await world.clock.advance(minutes(10));
    expect(berth.directory.record(id)).toMatchObject({ life: 'vanished', hostId: host, power: null });
    const whileGone = await berth.costs();
    expect(whileGone.hosts).toMatchObject([{ state: 'destroyed', perHourUsd: 0 }]);
    world.cloud.plant(machine);
    await world.clock.advance(minutes(20));
    expect(berth.directory.record(id)).toMatchObject({ life: 'made', power: { state: 'on' } });
    expect(berth.finds()).toEqual([]);
    // It was there all along, and has cost all along.
    await world.clock.advance(minutes(60) - (world.clock.monotonicMs() % minutes(60)));
    expect((await berth.costs()).hosts[0]?.monthUsd).toBeCloseTo(0.01, 6);
  });

  it('does not vanish because the token may not list machines', async () => {
    const { id, providerId } = await world.add(berth);
    world.cloud.unseen = ['machines'];
    world.cloud.machines.delete(providerId!);
    await berth.look();
    expect(berth.directory.record(id)?.life).toBe('made');
  });
});

describe('a machine that was made and lost', () => {
  const operationId = 'op_00000000000000000777';

  it('belongs to its making for as long as that is under way', async () => {
    const letGo = await workOn(1);
    const { operations } = berth;
    const [operation] = operations.all();
    const machine = world.cloud.plant({ tags: [...ownTags, operationTag(operation!.id)] });
    await berth.look();
    expect(berth.finds()).toEqual([]);
    await letGo();
    await berth.look();
    expect(berth.find(machine.id)).toMatchObject({ origin: 'here', canAdopt: true });
  });

  it('is given back to a record that was kept without it', async () => {
    const machine = world.cloud.plant({ tags: [...ownTags, operationTag(operationId)] });
    await berth.directory.add({
      ...recordOf(machine),
      providerId: null,
      billedFromAt: null,
      life: 'incomplete',
      operationId,
    });
    await berth.look();
    expect(berth.directory.record(machineIdOf(1))).toMatchObject({
      providerId: machine.id,
      billedFromAt: machine.createdAt,
      life: 'incomplete',
    });
    expect(berth.finds()).toEqual([]);
    expect((await berth.costs()).perHourUsd).toBe(0.01);
  });

  it('is found where neither record nor operation is left', async () => {
    const machine = world.cloud.plant({ tags: [...ownTags, operationTag(operationId)] });
    await berth.look();
    expect(berth.find(machine.id)).toMatchObject({
      kind: 'machine',
      origin: 'here',
      hourlyUsd: 0.01,
      monthlyUsd: 6,
      isDismissed: false,
      canAdopt: true,
    });
  });
});

describe('what Berth does not know', () => {
  it('is of another Berth where its tag says so, GPU machines too', async () => {
    const gpu = world.cloud.plant({
      name: 'trainer',
      tags: ['Berth', 'berth:install:elsewhere'].map((tag) => tag.toLowerCase()),
      hourlyUsd: 3.4,
      monthlyUsd: 2500,
      size: 'gpu-h100',
    });
    await berth.look();
    expect(berth.find(gpu.id)).toMatchObject({ origin: 'elsewhere', hourlyUsd: 3.4, name: 'trainer' });
    expect((await berth.costs()).hosts).toMatchObject([
      { name: 'trainer', machineId: null, hostId: null, state: 'on', perHourUsd: 3.4 },
    ]);
  });

  it('stays dismissed over a restart and over looks, and goes when it is gone', async () => {
    const machine = world.cloud.plant({ tags: ['berth'] });
    await berth.look();
    await berth.dismiss(berth.find(machine.id).id);
    await berth.look();
    await world.end();
    berth = await world.begin();
    await berth.look();
    expect(berth.find(machine.id).isDismissed).toBe(true);
    await berth.dismiss(berth.find(machine.id).id, false);
    expect(berth.find(machine.id).isDismissed).toBe(false);
    world.cloud.machines.delete(machine.id);
    await berth.look();
    expect(berth.finds()).toEqual([]);
  });

  it('is not cleared by a list that the token may not see, which is said', async () => {
    const machine = world.cloud.plant({ tags: ['berth'] });
    volumeOf([], { tags: ['berth'] });
    await berth.look();
    expect(berth.finds()).toHaveLength(2);
    world.cloud.unseen = ['machines', 'volumes', 'snapshots', 'addresses'];
    world.cloud.machines.delete(machine.id);
    world.cloud.volumes.clear();
    await berth.look();
    expect(berth.finds()).toHaveLength(2);
    const { blind, perHourUsd } = await berth.costs();
    expect(blind).toHaveLength(4);
    expect(blind.join(' ')).toContain('may not see volumes');
    expect(perHourUsd).toBeGreaterThan(0.01);
  });

  it('is the other Berth’s for each of two on one account, and nobody’s find once it is known', async () => {
    await world.add(berth, 1);
    const other = world.cloud.plant({ name: 'theirs', tags: ['berth', 'berth:install:other'] });
    await berth.look();
    expect(berth.finds()).toMatchObject([{ providerId: other.id, origin: 'elsewhere' }]);
  });

  it('is hardware of a machine that should have been destroyed before', async () => {
    const old = world.cloud.plant({ tags: ownTags });
    await world.add(berth, 1, { earlierProviderIds: [old.id] });
    await berth.look();
    expect(berth.find(old.id)).toMatchObject({
      origin: 'here',
      detail: expect.stringContaining('m-1') as string,
    });
  });

  it('is forgotten with its account, also what a look still brings', async () => {
    world.cloud.plant({ tags: ['berth'] });
    await berth.look();
    world.cloud.plant({ tags: ['berth'] });
    const answer = Promise.withResolvers<void>();
    berth.accounts.held = answer.promise;
    const looking = berth.look();
    await expect.poll(() => inventories()).toBe(2);
    berth.accounts.remove(cloudId);
    answer.resolve();
    await looking;
    await world.clock.advance(minutes(10));
    expect(berth.finds()).toEqual([]);
    expect(await berth.costs()).toMatchObject({
      perHourUsd: 0,
      monthUsd: 0,
      hosts: [],
      budgets: [],
      blind: [],
    });
  });
});

describe('snapshots, volumes and addresses', () => {
  it('of a machine that is there are what it costs, no finds', async () => {
    const { id, providerId } = await world.add(berth);
    snapshotOf(providerId!);
    volumeOf([providerId!]);
    world.cloud.addresses.set('203.0.113.7', {
      id: '203.0.113.7',
      region: 'ams',
      machineId: providerId,
      monthlyUsd: 4,
    });
    await berth.look();
    expect(berth.finds()).toEqual([]);
    const { stored } = await berth.costs();
    expect(stored).toEqual(
      expect.arrayContaining([
        { cloudId, kind: 'snapshot', name: 'before the update', monthlyUsd: 0.12, machineId: id },
        { cloudId, kind: 'volume', name: 'data-vol-1', monthlyUsd: 1, machineId: id },
      ]),
    );
    expect(stored).toHaveLength(2);
  });

  it('are left when their machine goes: what is detached by then is remembered', async () => {
    const { id, providerId } = await world.add(berth);
    snapshotOf(providerId!);
    volumeOf([providerId!]);
    const address = { id: '203.0.113.7', region: 'ams', machineId: providerId, monthlyUsd: 4 };
    world.cloud.addresses.set(address.id, address);
    await berth.look();
    await world.end();
    berth = await world.begin();
    await berth.directory.remove(id);
    world.cloud.machines.delete(providerId!);
    volumeOf([]);
    world.cloud.addresses.set(address.id, { ...address, machineId: null });
    snapshotOf('vol-1', { id: 'vsnap-1', of: 'volume', name: 'of the volume' });
    await berth.look();
    const left = berth.finds().map(({ kind, monthlyUsd, origin }) => `${kind} ${origin} ${monthlyUsd}`);
    expect(left.sort()).toEqual([
      'address left 4',
      'snapshot left 0.12',
      'volume left 1',
      'volume-snapshot left 0.12',
    ]);
    expect(berth.finds().every(({ canAdopt, detail }) => !canAdopt && detail.includes('m-1'))).toBe(true);
    const { stored } = await berth.costs();
    expect(stored.map(({ kind }) => kind).sort()).toEqual([
      'address',
      'snapshot',
      'volume',
      'volume-snapshot',
    ]);
  });

  it('of others are none of Berth’s business', async () => {
    snapshotOf('999');
    volumeOf(['999']);
    volumeOf([], { id: 'vol-2' });
    world.cloud.addresses.set('203.0.113.8', {
      id: '203.0.113.8',
      region: 'ams',
      machineId: null,
      monthlyUsd: 4,
    });
    await berth.look();
    expect(berth.finds()).toEqual([]);
    expect((await berth.costs()).stored).toEqual([]);
  });

  it('that went to a machine of somebody else are theirs', async () => {
    const { providerId } = await world.add(berth);
    volumeOf([providerId!]);
    await berth.look();
    volumeOf(['999']);
    await berth.look();
    expect((await berth.costs()).stored).toEqual([]);
    volumeOf([]);
    await berth.look();
    expect(berth.finds()).toEqual([]);
  });

  it('that carry the tag are found wherever they come from', async () => {
    volumeOf([], { tags: ownTags });
    snapshotOf('999', { tags: ['berth', 'berth:install:other'] });
    await berth.look();
    expect(berth.find('vol-1').origin).toBe('here');
    expect(berth.find('snap-of-999').origin).toBe('elsewhere');
  });

  it('that are backups are part of a machine’s price', async () => {
    const { providerId } = await world.add(berth);
    snapshotOf(providerId!, { kind: 'backup' });
    await berth.look();
    expect(await berth.costs()).toMatchObject({ stored: [] });
  });
});

describe('a machine that sleeps', () => {
  const asleep = {
    life: 'asleep' as const,
    providerId: null,
    billedFromAt: null,
    power: null,
    earlierProviderIds: ['500'],
    sleep: {
      place: { kind: 'machine-snapshot' as const },
      sinceAt: '2026-01-02T03:04:05.000Z',
      snapshotId: 'snap-of-500',
      sizeBytes: 2 ** 31,
      monthlyUsd: 0.1,
      workspaces: [],
      extra: null,
    },
  };
  const addAsleep = async () => {
    const machine = world.cloud.plant();
    world.cloud.machines.delete(machine.id);
    await berth.directory.add({ ...recordOf(machine), ...asleep });
  };

  it('needs its snapshot, and none of the others that were made before', async () => {
    await addAsleep();
    snapshotOf('500');
    snapshotOf('500', { id: 'older' });
    volumeOf([]);
    await berth.look();
    expect(berth.finds().map(({ providerId }) => providerId)).toEqual(['older']);
    const { hosts, stored } = await berth.costs();
    expect(hosts).toMatchObject([{ state: 'asleep', machineId: machineIdOf(1) }]);
    expect(hosts[0]?.perHourUsd).toBeCloseTo(0.12 / 744, 6);
    expect(stored.map(({ name }) => name)).toEqual(['before the update']);
  });

  it('raises an alarm when its snapshot is gone for two looks, until it is there again', async () => {
    await addAsleep();
    await berth.look();
    expect(berth.directory.record(machineIdOf(1))?.trouble).toBeNull();
    await berth.look();
    expect(berth.directory.view(machineIdOf(1)).trouble).toMatchObject({
      error: { code: 'machine.copy-unverified' },
      choices: [],
    });
    expect((await berth.costs()).blind).toEqual([expect.stringContaining('cannot be brought back')]);
    await world.end();
    berth = await world.begin();
    snapshotOf('500');
    await berth.look();
    expect(berth.directory.record(machineIdOf(1))?.trouble).toBeNull();
    expect((await berth.costs()).blind).toEqual([]);
  });

  it('raises none where the token may not see snapshots', async () => {
    await addAsleep();
    world.cloud.unseen = ['snapshots'];
    await berth.look();
    await berth.look();
    expect(berth.directory.record(machineIdOf(1))?.trouble).toBeNull();
  });
});

it('stays quick with 450 machines that are known and 450 that are not', async () => {
  for (let number = 1; number <= 450; number += 1) await world.add(berth, number);
  for (let number = 1; number <= 450; number += 1)
    world.cloud.plant({ tags: ['berth'], name: `s-${number}` });
  const beganMs = performance.now();
  await berth.look();
  const lookMs = performance.now() - beganMs;
  const countedMs = performance.now();
  const { hosts, perHourUsd } = await berth.costs();
  const countMs = performance.now() - countedMs;
  expect(hosts).toHaveLength(900);
  expect(perHourUsd).toBeCloseTo(9, 6);
  // Loose enough for a busy machine; what grows with the square of the number takes minutes.
  expect(lookMs).toBeLessThan(10_000);
  expect(countMs).toBeLessThan(1_000);
  // One request for the whole of them, and one for what backups cost.
  expect(world.cloud.calls).toEqual(['inventory', 'offer']);
});
