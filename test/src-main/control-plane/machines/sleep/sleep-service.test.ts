/** Sleep of a machine: nothing is lost, nothing is billed twice, wherever it is interrupted. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { OperationId } from '#contract/ids.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import type { SleepPlace } from '#contract/machines.ts';
import {
  ada,
  bob,
  hostId,
  live,
  machineId,
  type Method,
  otherHostId,
  type SleepLife,
  SleepWorld,
  userId,
} from './sleep-world.ts';

const places: SleepPlace[] = [
  { kind: 'machine-snapshot' },
  { kind: 'host', hostId: otherHostId },
  { kind: 'computer' },
];
const unreachable = () => new BerthError('cloud.unreachable', 'Fake Cloud cannot be reached.');
const signal = new AbortController().signal;
const wakeInput: ParsedInputOf<'machines.wake'> = {
  id: machineId,
  region: null,
  size: null,
  hourlyUsd: 0.01,
  keepsSnapshot: false,
};

async function hibernated(world: SleepWorld, place: SleepPlace, present?: SleepLife) {
  const life = present ?? (await live(world));
  const { id } = await life.service.hibernate(machineId, place, userId);
  return await life.ended(id);
}
async function woken(world: SleepWorld, present?: SleepLife, change: Partial<typeof wakeInput> = {}) {
  const life = present ?? (await live(world));
  const { id } = await life.service.wake({ ...wakeInput, ...change }, userId, signal);
  return await life.ended(id);
}

/** As it was before: one machine, everything on it, what ran runs, nothing kept elsewhere. */
function expectAwake(world: SleepWorld, hint?: string): void {
  const { record } = world;
  expect(record.life, hint).toBe('made');
  expect(record.sleep, hint).toBeNull();
  expect(record.image, hint).toBe('debian-12');
  expect([...world.cloud.machines.keys()], hint).toEqual([record.providerId]);
  expect(world.cloud.machines.get(record.providerId ?? '')?.state, hint).toBe('on');
  expect(world.cloud.snapshots.size, hint).toBe(0);
  expect(world.copies.size, hint).toBe(0);
  expect([...(world.disk?.workspaces ?? [])].toSorted(), hint).toEqual([ada, bob]);
  expect([...(world.disk?.snapshots.values() ?? [])], hint).toEqual([bob]);
  expect([...world.running], hint).toEqual([ada]);
  expect([...world.desired], hint).toEqual([ada]);
}

function expectAsleep(world: SleepWorld, place: SleepPlace, hint?: string): void {
  const { record } = world;
  expect(record.life, hint).toBe('asleep');
  expect(record.providerId, hint).toBeNull();
  expect(record.sleep?.place, hint).toEqual(place);
  expect(record.hostId, hint).toBe(hostId);
  expect(record.hostKey?.fingerprint, hint).toBe('SHA256:x');
  expect(record.image, hint).toBe('debian-12');
  expect(record.region, hint).toBe('ams');
  expect(world.cloud.machines.size, hint).toBe(0);
  expect(world.cloud.snapshots.size, hint).toBe(place.kind === 'machine-snapshot' ? 1 : 0);
  expect(world.copies.size, hint).toBe(place.kind === 'machine-snapshot' ? 0 : 3);
  expect([...world.safe].toSorted(), hint).toEqual([ada, bob]);
  expect(world.running.size, hint).toBe(0);
}

describe.each(places)('a machine that sleeps in $kind', (place) => {
  it('is kept, destroyed, and brought back as it was', async () => {
    const world = new SleepWorld();
    const asleep = await hibernated(world, place);
    expect(asleep?.error).toBeNull();
    expectAsleep(world, place);
    expect(world.record.earlierProviderIds).toEqual(['1000']);
    expect(world.record).toMatchObject({ keyId: null, firewallId: null, operationId: null });
    expect(world.parts.size).toBe(0);
    const awake = await woken(world);
    expect(awake?.error).toBeNull();
    expectAwake(world);
    expect(world.mostMachines).toBe(1);
    expect(world.hasHost).toBe(true);
  });

  it('is killed at every point of falling asleep, and sleeps all the same', async () => {
    let kills = 0;
    for (let killAt = 1; ; killAt += 1) {
      const world = new SleepWorld();
      const first = await live(world, killAt);
      void first.service.hibernate(machineId, place, userId).then(
        ({ id }) => first.ended(id).catch(() => {}),
        () => {},
      );
      for (let looks = 0; !first.life.isDead && world.record.life !== 'asleep' && looks < 500; looks += 1)
        await world.clock.advance(1_000);
      if (first.life.isDead) kills += 1;
      expect([...world.safe].toSorted(), `killed at ${killAt}`).toEqual([ada, bob]);
      const second = await live(world);
      if (world.record.life !== 'asleep') await hibernated(world, place, second);
      expectAsleep(world, place, `killed at ${killAt}`);
      expect(world.mostMachines).toBe(1);
      if (!first.life.isDead) break;
    }
    expect(kills).toBeGreaterThan(40);
  });

  it('is killed at every point of waking, and is awake all the same', async () => {
    let kills = 0;
    for (let killAt = 1; ; killAt += 1) {
      const world = new SleepWorld();
      await hibernated(world, place);
      const first = await live(world, killAt);
      void first.service.wake(wakeInput, userId, signal).then(
        ({ id }) => first.ended(id).catch(() => {}),
        () => {},
      );
      const isAwake = () => world.record.life === 'made' && world.record.sleep === null;
      for (let looks = 0; !first.life.isDead && !isAwake() && looks < 500; looks += 1)
        await world.clock.advance(1_000);
      if (first.life.isDead) kills += 1;
      expect([...world.safe].toSorted(), `killed at ${killAt}`).toEqual([ada, bob]);
      const second = await live(world);
      const [unfinished] = second.runner.all().filter(({ endedAt }) => endedAt === null);
      if (unfinished !== undefined) await second.ended(unfinished.id as OperationId);
      else if (!isAwake()) await woken(world, second);
      expectAwake(world, `killed at ${killAt}`);
      expect(world.mostMachines, `killed at ${killAt}`).toBe(1);
      if (!first.life.isDead) break;
    }
    expect(kills).toBeGreaterThan(30);
  });

  it('is cancelled in each step before the hardware goes, and runs again', async () => {
    const steps = ['check', 'stop', 'prepare', 'archive', 'carry', 'flush', 'off', 'snapshot', 'verify'];
    for (const step of [...steps, 'record']) {
      const world = new SleepWorld();
      const life = await live(world);
      const { id } = await life.service.hibernate(machineId, place, userId);
      const inStep = () =>
        life.runner.get(id)?.steps.some((one) => one.id === step && one.state !== 'waiting') === true;
      for (let looks = 0; !inStep() && looks < 2_000; looks += 1) await world.clock.advance(10);
      // The point of no return may have been passed in the same breath.
      const cancelled = await life.runner.cancel(id).then(
        () => true,
        (error: unknown) => !BerthError.is(error, 'conflict', 'operation.finished'),
      );
      const end = await life.ended(id);
      if (cancelled) {
        expect(end?.state, step).toBe('cancelled');
        expect(end?.error, step).toBeNull();
        expectAwake(world, `cancelled in ${step}`);
        expect(world.record.earlierProviderIds).toEqual([]);
      } else expectAsleep(world, place, `too late in ${step}`);
    }
  });

  it('is cancelled while it wakes, and sleeps on', async () => {
    for (const step of ['transfer', 'make', 'reach', 'bring', 'rebuild', 'verify', 'start']) {
      const world = new SleepWorld();
      await hibernated(world, place);
      const life = await live(world);
      const { id } = await life.service.wake(wakeInput, userId, signal);
      const inStep = () =>
        life.runner.get(id)?.steps.some((one) => one.id === step && one.state !== 'waiting') === true;
      for (let looks = 0; !inStep() && looks < 2_000; looks += 1) await world.clock.advance(10);
      const cancelled = await life.runner.cancel(id).then(
        () => true,
        () => false,
      );
      const end = await life.ended(id);
      if (cancelled) {
        expect(end?.state, step).toBe('cancelled');
        expectAsleep(world, place, `cancelled in ${step}`);
      } else expectAwake(world, `too late in ${step}`);
      expect(world.mostMachines).toBe(1);
    }
  });

  it('cannot be cancelled once its destruction was ordered', async () => {
    const world = new SleepWorld();
    world.cloud.fail('destruction', unreachable(), { times: 5 });
    const life = await live(world);
    const { id } = await life.service.hibernate(machineId, place, userId);
    const step = () => life.runner.get(id)?.steps.find((one) => one.state === 'running')?.id;
    for (let looks = 0; step() !== 'destroy' && looks < 2_000; looks += 1) await world.clock.advance(100);
    expect(life.runner.get(id)?.canCancel).toBe(false);
    await expect(life.runner.cancel(id)).rejects.toMatchObject({ code: 'conflict' });
    expect((await life.ended(id))?.state).toBe('succeeded');
    expectAsleep(world, place);
  });

  it('counts as awake while its destruction is not confirmed, and goes on from there', async () => {
    const world = new SleepWorld();
    world.cloud.fail('destroyMachine', new BerthError('cloud.refused', 'Not now.'));
    const first = await hibernated(world, place);
    expect(first).toMatchObject({ state: 'failed', error: { code: 'cloud.refused' } });
    expect(world.record).toMatchObject({ life: 'hibernating', providerId: '1000' });
    expect(world.cloud.machines.size).toBe(1);
    expect(world.record.sleep).not.toBeNull();
    const calls = world.calls.length;
    const again = await hibernated(world, { kind: 'computer' });
    expect(again?.state).toBe('succeeded');
    expectAsleep(world, place);
    // Nothing is read or copied twice for it.
    expect(world.calls.slice(calls)).toEqual([]);
    await woken(world);
    expectAwake(world);
  });

  it('does not sleep where what is kept is not proved, and runs again', async () => {
    const world = new SleepWorld();
    if (place.kind === 'machine-snapshot') {
      const original = world.look.bind(world);
      // The provider keeps an empty one.
      world.look = () => {
        for (const [id, snapshot] of world.cloud.snapshots)
          world.cloud.snapshots.set(id, { ...snapshot, sizeBytes: 0 });
        original();
      };
    } else world.faults.set('check', new BerthError('machine.copy-unverified', 'It is not the same.'));
    const end = await hibernated(world, place);
    expect(end).toMatchObject({ state: 'failed', error: { code: 'machine.copy-unverified' } });
    expectAwake(world);
  });

  it('sleeps on where waking fails, with no hardware left', async () => {
    const faults: Method[] = ['verify', ...(place.kind === 'machine-snapshot' ? [] : (['bring'] as const))];
    for (const method of faults) {
      const world = new SleepWorld();
      await hibernated(world, place);
      world.faults.set(method, new BerthError('snapshot.corrupt', 'It is damaged.'));
      const end = await woken(world);
      expect(end).toMatchObject({ state: 'failed', error: { code: 'snapshot.corrupt' } });
      expectAsleep(world, place, method);
      expect((await woken(world))?.state).toBe('succeeded');
      expectAwake(world);
    }
  });

  it('that a person keeps half-way in waking stays, sleeps on, and is gone on with', async () => {
    const world = new SleepWorld();
    await hibernated(world, place);
    world.isKept = true;
    const end = await woken(world);
    expect(end).toMatchObject({ state: 'failed', error: { code: 'machine.overdue' } });
    expect(world.record.life).toBe('incomplete');
    expect([...world.cloud.machines.keys()]).toEqual([world.record.providerId]);
    expect(world.record.sleep?.place).toEqual(place);
    const there = world.record.providerId;
    expect((await woken(world))?.state).toBe('succeeded');
    expect(world.record.providerId).toBe(there);
    expectAwake(world);
    expect(world.mostMachines).toBe(1);
  });

  it('comes back in another region, its snapshot brought there first', async () => {
    const world = new SleepWorld();
    await hibernated(world, place);
    world.cloud.fail('bringSnapshot', unreachable(), { when: 'after' });
    const end = await woken(world, undefined, { region: 'fra' });
    expect(end?.error).toBeNull();
    expect(world.record.region).toBe('fra');
    expectAwake(world);
  });
});

describe('the provider’s snapshot', () => {
  it.each(['order', 'actionsOf', 'snapshotsOf', 'machine', 'destroyMachine', 'action'] as const)(
    'is taken once where answers of %s are lost',
    async (method) => {
      for (const when of ['before', 'after'] as const)
        for (const nth of [0, 1, 2, 3]) {
          const world = new SleepWorld();
          // An answer that comes and one that is lost, in turn, so that each of the first calls is met.
          for (let skip = 0; skip < nth; skip += 1)
            world.cloud.fail(method, unreachable(), { when, times: 0 });
          let calls = 0;
          const life = await live(world);
          const open = world.cloud.calls.push.bind(world.cloud.calls);
          world.cloud.calls.push = (name) => {
            if (name === method && calls++ === nth) world.cloud.fail(method, unreachable(), { when });
            return open(name);
          };
          const end = await hibernated(world, places[0] as SleepPlace, life);
          expect(end?.error, `${method} ${when} ${nth}`).toBeNull();
          expectAsleep(world, places[0] as SleepPlace, `${method} ${when} ${nth}`);
          const taken = world.cloud.orders.filter(({ order }) => order.type === 'snapshot');
          expect(taken, `${method} ${when} ${nth}`).toHaveLength(1);
        }
    },
  );

  it('is of a disk at rest: the machine is shut down, and its cord pulled where it does not', async () => {
    const world = new SleepWorld();
    world.cloud.failing.add('shutdown');
    await hibernated(world, places[0] as SleepPlace);
    expect(world.cloud.orders.map(({ order }) => order.type)).toEqual(['shutdown', 'power-off', 'snapshot']);
    expectAsleep(world, places[0] as SleepPlace);
  });

  it('fails at the provider: the machine is on again and runs', async () => {
    const world = new SleepWorld();
    world.cloud.failing.add('snapshot');
    const end = await hibernated(world, places[0] as SleepPlace);
    expect(end?.error?.code).toBe('machine.action-failed');
    expectAwake(world);
  });

  it('is taken of a machine that is off without asking its system', async () => {
    const world = new SleepWorld();
    const id = world.record.providerId ?? '';
    const machine = world.cloud.machines.get(id);
    if (machine !== undefined) world.cloud.machines.set(id, { ...machine, state: 'off' });
    world.hasHost = false;
    const life = await live(world);
    await life.directory.change(machineId, {
      power: { state: 'off', isBusy: false, readAt: '2026-01-02T03:04:05.000Z' },
    });
    expect((await hibernated(world, places[0] as SleepPlace, life))?.error).toBeNull();
    expect(world.calls).toEqual(['requirePlace']);
    expect(world.record.life).toBe('asleep');
    expect(world.cloud.machines.size).toBe(0);
    await woken(world);
    expectAwake(world);
  });

  it('stays where that is wished', async () => {
    const world = new SleepWorld();
    await hibernated(world, places[0] as SleepPlace);
    await woken(world, undefined, { keepsSnapshot: true });
    expect(world.cloud.snapshots.size).toBe(1);
    expect(world.record).toMatchObject({ life: 'made', sleep: null });
  });

  it('that cannot be removed afterwards keeps nobody from working', async () => {
    const world = new SleepWorld();
    await hibernated(world, places[0] as SleepPlace);
    world.cloud.fail('destroyResource', new BerthError('cloud.refused', 'It is in use.'));
    const end = await woken(world);
    expect(end?.state).toBe('succeeded');
    expect(end?.steps.at(-1)?.note).toContain('could not be removed');
    expect(world.record).toMatchObject({ life: 'made', sleep: null });
  });
});

describe('what cannot be is said at once', () => {
  it('where the machine sleeps already, or does not', async () => {
    const world = new SleepWorld();
    const life = await live(world);
    await expect(life.service.wake(wakeInput, userId, signal)).rejects.toMatchObject({ code: 'conflict' });
    await hibernated(world, { kind: 'computer' }, life);
    await expect(life.service.hibernate(machineId, { kind: 'computer' }, userId)).rejects.toMatchObject({
      code: 'conflict',
    });
    await expect(life.service.hibernatePlan(machineId, userId, signal)).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  it('where its host, or the other one, is away; and on itself', async () => {
    const world = new SleepWorld();
    const life = await live(world);
    const on = (place: SleepPlace) => life.service.hibernate(machineId, place, userId);
    await expect(on({ kind: 'host', hostId })).rejects.toMatchObject({ code: 'conflict' });
    life.links.lose(otherHostId);
    await expect(on({ kind: 'host', hostId: otherHostId })).rejects.toMatchObject({
      code: 'host.not-connected',
    });
    life.links.lose(hostId);
    for (const place of [{ kind: 'computer' }, { kind: 'machine-snapshot' }] as const)
      await expect(on(place)).rejects.toMatchObject({ code: 'host.not-connected' });
  });

  it('where another machine sleeps on it, or what it sleeps on is away', async () => {
    const world = new SleepWorld();
    await hibernated(world, { kind: 'host', hostId: otherHostId });
    const life = await live(world);
    life.links.lose(otherHostId);
    await expect(life.service.wake(wakeInput, userId, signal)).rejects.toMatchObject({
      code: 'host.not-connected',
    });
    // The same seen from the other side: as if it were the machine that the files of another one sleep on.
    const { sleep, ...rest } = world.record;
    const elsewhere = { ...rest, id: 'mach_00000000000000000002' as typeof machineId, name: 'box2' };
    await life.directory.add({ ...elsewhere, life: 'made', hostId: otherHostId, sleep: null });
    await expect(
      life.service.hibernate(elsewhere.id, { kind: 'machine-snapshot' }, userId),
    ).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('“box” sleep on “box2”') });
    expect(sleep).not.toBeNull();
  });

  it('where the size is gone, its disk too small, or its price higher', async () => {
    const world = new SleepWorld();
    await hibernated(world, { kind: 'machine-snapshot' });
    const life = await live(world);
    const wake = (change: object) => life.service.wake({ ...wakeInput, ...change }, userId, signal);
    await expect(wake({ size: 'tiny' })).rejects.toMatchObject({ code: 'cloud.not-offered' });
    await expect(wake({ region: 'fra', size: 'large' })).rejects.toMatchObject({ code: 'cloud.not-offered' });
    await expect(wake({ hourlyUsd: 0.005 })).rejects.toMatchObject({ code: 'cloud.price-changed' });
    const [small] = world.cloud.offer.sizes;
    if (small === undefined) throw new Error('there is a size');
    world.cloud.offer = { ...world.cloud.offer, sizes: [{ ...small, diskBytes: 20 * 2 ** 30 }] };
    await expect(wake({})).rejects.toMatchObject({
      code: 'cloud.not-offered',
      message: expect.stringContaining('25.0 GiB'),
    });
    expectAsleep(world, { kind: 'machine-snapshot' });
  });
});

describe('the plan', () => {
  it('names each place with its price, what it loses and why it cannot be', async () => {
    const world = new SleepWorld();
    const life = await live(world);
    const plan = await life.service.hibernatePlan(machineId, userId, signal);
    expect(plan).toMatchObject({
      awakeMonthlyUsd: 6,
      workspaces: [{ id: ada, name: 'ada', isRunning: true }],
      otherWorkspaces: 1,
      snapshots: 1,
    });
    expect(
      plan.places.map(({ place, monthlyUsd, problem }) => ({ kind: place.kind, monthlyUsd, problem })),
    ).toEqual([
      { kind: 'machine-snapshot', monthlyUsd: 0.6, problem: null },
      { kind: 'host', monthlyUsd: null, problem: null },
      { kind: 'computer', monthlyUsd: null, problem: 'It has 1.0 GiB free, and up to 3.0 GiB are needed.' },
    ]);
    expect(plan.places[1]?.loses).toContain('Images.');
    expect(plan.places[0]?.loses).not.toContain('Images.');
  });
});
