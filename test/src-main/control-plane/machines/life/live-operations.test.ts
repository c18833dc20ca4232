import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId } from '#contract/ids.ts';
import type { MachineOrder } from '#main/control-plane/interfaces/cloud-provider.ts';
import { Life } from '../../operations/crash-world.ts';
import { BerthLife, hostId, machineId, MachineWorld, workspaceId } from '../machine-world.ts';

const signal = new AbortController().signal;
const lost = () => new BerthError('cloud.unreachable', 'The connection broke.');

async function berthWith(change: Parameters<MachineWorld['put']>[0] = {}, machine = {}) {
  const world = new MachineWorld(machine);
  world.put(change);
  return { world, berth: await BerthLife.begin(world) };
}

describe('power', () => {
  it('off: stops workspaces first, leaves the host, shuts down, and wants the workspaces back later', async () => {
    const { berth, world } = await berthWith();
    const operation = await berth.living.power({ id: machineId, action: 'off' }, localOwnerId);
    await berth.succeed(operation);
    expect(world.done).toEqual(['workspace.stop atlas', 'disconnect']);
    expect(world.orders).toEqual(['shutdown']);
    expect(berth.record?.power?.state).toBe('off');
    expect(world.host?.desired).toBe('disconnected');
    expect(world.workspace(workspaceId).desired).toBe('running');
    const on = await berth.living.power({ id: machineId, action: 'on' }, localOwnerId);
    await berth.succeed(on);
    expect(world.orders).toEqual(['shutdown', 'power-on']);
    expect(world.host?.desired).toBe('connected');
    expect(berth.links.current(hostId)).toBeDefined();
    expect(berth.record?.power?.state).toBe('on');
  });

  it('off: pulls the cord after two minutes, and not before', async () => {
    const { berth, world } = await berthWith();
    world.cloud.looks = 1_000;
    const began = world.clock.monotonicMs();
    const operation = await berth.living.power({ id: machineId, action: 'off' }, localOwnerId);
    while (!world.orders.includes('power-off')) {
      await world.clock.advance(1_000);
      if (world.orders.length > 0) world.cloud.looks = 1;
      // It is free for another order once the provider gave up the first.
      if (world.clock.monotonicMs() - began > 130_000) free(world);
    }
    expect(world.clock.monotonicMs() - began).toBeGreaterThanOrEqual(120_000);
    expect(world.clock.monotonicMs() - began).toBeLessThan(150_000);
    await berth.succeed(operation);
    expect(world.orders).toEqual(['shutdown', 'power-off']);
    expect(world.now?.state).toBe('off');
  });

  it('off: pulls the cord at once where the provider says that the shutdown failed', async () => {
    const { berth, world } = await berthWith();
    world.cloud.failing.add('shutdown');
    await berth.succeed(await berth.living.power({ id: machineId, action: 'off' }, localOwnerId));
    expect(world.orders).toEqual(['shutdown', 'power-off']);
  });

  it('cut: asks nobody', async () => {
    const { berth, world } = await berthWith();
    await berth.succeed(await berth.living.power({ id: machineId, action: 'cut' }, localOwnerId));
    expect(world.done).toEqual(['disconnect']);
    expect(world.orders).toEqual(['power-off']);
  });

  it('reboot: stops workspaces, and is back when it ends', async () => {
    const { berth, world } = await berthWith();
    await berth.succeed(await berth.living.power({ id: machineId, action: 'reboot' }, localOwnerId));
    expect(world.orders).toEqual(['reboot']);
    expect(world.done).toEqual(['workspace.stop atlas', 'disconnect', 'connect']);
    expect(world.workspace(workspaceId).desired).toBe('running');
  });

  it('says plainly that the provider failed, and everything runs on as before', async () => {
    const { berth, world } = await berthWith();
    world.cloud.failing.add('shutdown');
    world.cloud.failing.add('power-off');
    const ended = await berth.end(
      (await berth.living.power({ id: machineId, action: 'off' }, localOwnerId)).id,
    );
    expect(ended.state).toBe('failed');
    expect(ended.error).toMatchObject({
      code: 'machine.action-failed',
      message: 'The provider could not do it: switch it off.',
    });
    expect(world.host?.desired).toBe('connected');
    await world.clock.advance(1_000);
    expect(world.workspace(workspaceId)).toMatchObject({ desired: 'running', isRunning: true });
  });

  it('is refused while something works on a workspace there', async () => {
    const { berth } = await berthWith();
    const held = berth.living;
    berth.links.lose(hostId);
    // Its host is away: the stop waits, and so does whoever would end under it.
    await berth.stopWorkspace(workspaceId);
    expect(() => held.power({ id: machineId, action: 'off' }, localOwnerId)).toThrow(
      expect.objectContaining({ code: 'conflict' }) as Error,
    );
  });

  it('waits for a machine that the provider works on', async () => {
    const { berth, world } = await berthWith({}, { isBusy: true });
    const operation = await berth.living.power({ id: machineId, action: 'cut' }, localOwnerId);
    await world.clock.advance(60_000);
    expect(world.orders).toEqual([]);
    expect(berth.operations.get(operation.id)?.steps.find(({ id }) => id === 'power')?.note).toMatch(
      /waiting/,
    );
    free(world);
    await berth.succeed(operation);
    expect(world.orders).toEqual(['power-off']);
  });

  it('waits where the provider refuses because it is busy, and gives the order once', async () => {
    const { berth, world } = await berthWith();
    world.cloud.fail('order', new BerthError('cloud.refused', 'Busy.', { details: { isBusy: true } }), {
      times: 2,
    });
    await berth.succeed(await berth.living.power({ id: machineId, action: 'cut' }, localOwnerId));
    expect(world.orders).toEqual(['power-off']);
  });

  it('notes a machine that is gone meanwhile', async () => {
    const { berth, world } = await berthWith();
    world.cloud.machines.clear();
    const ended = await berth.end(
      (await berth.living.power({ id: machineId, action: 'on' }, localOwnerId)).id,
    );
    expect(ended.error?.code).toBe('not-found');
    expect(berth.record).toMatchObject({ life: 'vanished', power: null });
  });
});

function free(world: MachineWorld): void {
  const { now } = world;
  if (now !== undefined) world.cloud.machines.set(now.id, { ...now, isBusy: false });
}

type Begin = (berth: BerthLife) => Promise<{ id: `op_${string}` }>;
const orders: readonly [MachineOrder['type'], Begin][] = [
  ['shutdown', (berth) => berth.living.power({ id: machineId, action: 'off' }, localOwnerId)],
  ['power-off', (berth) => berth.living.power({ id: machineId, action: 'cut' }, localOwnerId)],
  ['reboot', (berth) => berth.living.power({ id: machineId, action: 'reboot' }, localOwnerId)],
  ['rename', (berth) => berth.living.rename({ id: machineId, name: 'atlas-2' }, localOwnerId)],
  ['backups', (berth) => berth.living.setBackups({ id: machineId, isOn: true }, localOwnerId)],
  [
    'snapshot',
    (berth) => berth.living.takeSnapshot({ id: machineId, name: 'before', isOff: false }, localOwnerId),
  ],
  [
    'rebuild',
    (berth) =>
      berth.living.rebuild({ id: machineId, image: 'debian-12', name: 'atlas-1' }, localOwnerId, signal),
  ],
];

describe('a reply that is lost', () => {
  it.each(orders)('is found among the actions: %s is not ordered twice', async (type, begin) => {
    const { berth, world } = await berthWith();
    world.cloud.fail('order', lost(), { when: 'after' });
    await berth.succeed((await begin(berth)) as never);
    expect(world.orders.filter((one) => one === type)).toEqual([type]);
  });

  it.each(orders)('of a request that never arrived leads to one order: %s', async (type, begin) => {
    const { berth, world } = await berthWith();
    world.cloud.fail('order', lost());
    await berth.succeed((await begin(berth)) as never);
    expect(world.orders.filter((one) => one === type)).toEqual([type]);
  });

  it('is not taken for an older action of the same kind, whatever this computer’s clock says', async () => {
    const { berth, world } = await berthWith();
    const first = await berth.living.takeSnapshot(
      { id: machineId, name: 'first', isOff: false },
      localOwnerId,
    );
    await berth.succeed(first);
    world.cloud.aheadMs = 7 * 60_000;
    world.cloud.fail('order', lost());
    await berth.succeed(
      await berth.living.takeSnapshot({ id: machineId, name: 'second', isOff: false }, localOwnerId),
    );
    expect([...world.cloud.snapshots.values()].map(({ name }) => name)).toEqual(['first', 'second']);
  });

  it('with a clock that is wrong by an hour still finds the order', async () => {
    const { berth, world } = await berthWith();
    world.cloud.aheadMs = 3_600_000;
    world.cloud.fail('order', lost(), { when: 'after' });
    await berth.succeed(
      await berth.living.takeSnapshot({ id: machineId, name: 'one', isOff: false }, localOwnerId),
    );
    expect(world.cloud.snapshots.size).toBe(1);
  });
});

describe('a provider that fails for a while', () => {
  it.each(['machine', 'action', 'actionsOf', 'order'] as const)('5xx of %s is outlived', async (method) => {
    const { berth, world } = await berthWith();
    world.cloud.fail(method, new BerthError('cloud.failed', 'It failed (status 503).'), { times: 3 });
    await berth.succeed(await berth.living.power({ id: machineId, action: 'cut' }, localOwnerId));
    expect(world.orders).toEqual(['power-off']);
  });

  it('asks to wait: the order goes out once it may', async () => {
    const { berth, world } = await berthWith();
    const limited = new BerthError('cloud.rate-limited', 'Wait.', { details: { retryAfterMs: 90_000 } });
    world.cloud.fail('order', limited);
    const began = world.clock.monotonicMs();
    await berth.succeed(await berth.living.power({ id: machineId, action: 'cut' }, localOwnerId));
    expect(world.clock.monotonicMs() - began).toBeGreaterThanOrEqual(90_000);
    expect(world.orders).toEqual(['power-off']);
  });
});

describe('resize', () => {
  const wish = { id: machineId, size: 'large', growsDisk: false, hourlyUsd: 0.07 };

  it('switches off, resizes, and brings everything back', async () => {
    const { berth, world } = await berthWith();
    await berth.succeed(await berth.living.resize(wish, localOwnerId, signal));
    expect(world.orders).toEqual(['shutdown', 'resize', 'power-on']);
    expect(world.done).toEqual(['workspace.stop atlas', 'disconnect', 'connect']);
    expect(berth.record).toMatchObject({
      size: 'large',
      cpus: 4,
      hourlyUsd: 0.07,
      monthlyUsd: 48,
      diskBytes: 25 * 2 ** 30,
    });
    expect(world.cloud.orders[1]?.order).toMatchObject({ growsDisk: false });
    expect(world.workspace(workspaceId).desired).toBe('running');
  });

  it('leaves a machine off that was off', async () => {
    const { berth, world } = await berthWith({}, { state: 'off' });
    await berth.succeed(await berth.living.resize({ ...wish, growsDisk: true }, localOwnerId, signal));
    expect(world.orders).toEqual(['resize']);
    expect(world.now?.state).toBe('off');
    expect(berth.record?.diskBytes).toBe(160 * 2 ** 30);
  });

  it('of one that is destroyed meanwhile ends, and notes that it is gone', async () => {
    const { berth, world } = await berthWith();
    const operation = await berth.living.resize(wish, localOwnerId, signal);
    while (!world.orders.includes('resize')) await world.clock.advance(1_000);
    world.cloud.machines.clear();
    const ended = await berth.end(operation.id);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'not-found' } });
    expect(berth.record).toMatchObject({ life: 'vanished', power: null });
    expect(world.orders).toEqual(['shutdown', 'resize']);
  });

  it('that the provider gives up switches the machine on again', async () => {
    const { berth, world } = await berthWith();
    world.cloud.failing.add('resize');
    const ended = await berth.end((await berth.living.resize(wish, localOwnerId, signal)).id);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'machine.action-failed' } });
    expect(world.orders).toEqual(['shutdown', 'resize', 'power-on']);
    expect(world.now?.state).toBe('on');
    expect(world.host?.desired).toBe('connected');
    await world.clock.advance(1_000);
    expect(world.workspace(workspaceId)).toMatchObject({ desired: 'running', isRunning: true });
    expect(berth.record?.size).toBe('small');
  });

  it.each([
    ['cloud.price-changed', { ...wish, hourlyUsd: 0.06 }, {}],
    ['cloud.not-offered', { ...wish, size: 'huge' }, {}],
    ['cloud.not-offered', wish, { region: 'fra' }],
    ['cloud.not-offered', wish, { diskBytes: 200 * 2 ** 30 }],
    ['conflict', { ...wish, size: 'small' }, {}],
    ['conflict', wish, { life: 'asleep' as const }],
  ])('refuses with %s before anything is done', async (code, input, record) => {
    const { berth, world } = await berthWith(record);
    await expect(berth.living.resize(input, localOwnerId, signal)).rejects.toMatchObject({ code });
    expect(world.orders).toEqual([]);
  });

  it('killed anywhere, is finished with one order of each kind', async () => {
    const points = await countPoints();
    expect(points).toBeGreaterThan(30);
    for (let killAt = 1; killAt <= points; killAt += 1) {
      const world = new MachineWorld();
      world.put();
      const first = await BerthLife.begin(world, new Life(killAt));
      const started = first.living.resize(wish, localOwnerId, signal);
      const begun = await Promise.race([started, first.life.died]);
      if (begun !== undefined) await first.end(begun.id);
      expect(first.life.isDead).toBe(true);
      const second = await BerthLife.begin(world);
      const unfinished = second.unfinished();
      // Killed before its intent was on disk: then nothing was done either.
      if (unfinished === undefined && world.orders.length === 0) continue;
      if (unfinished !== undefined) await second.succeed(unfinished);
      expect({ killAt, orders: world.orders }).toEqual({
        killAt,
        orders: ['shutdown', 'resize', 'power-on'],
      });
      expect(world.now).toMatchObject({ size: 'large', state: 'on' });
      expect(second.record).toMatchObject({ size: 'large', life: 'made' });
      expect(world.host?.desired).toBe('connected');
      expect(world.workspace(workspaceId).desired).toBe('running');
    }
  }, 60_000);

  async function countPoints(): Promise<number> {
    const { berth } = await berthWith();
    await berth.succeed(await berth.living.resize(wish, localOwnerId, signal));
    return berth.life.points;
  }
});

describe('snapshots of a machine', () => {
  it('are taken switched off, and everything is back afterwards', async () => {
    const { berth, world } = await berthWith();
    await berth.succeed(
      await berth.living.takeSnapshot({ id: machineId, name: 'before', isOff: true }, localOwnerId),
    );
    expect(world.orders).toEqual(['shutdown', 'snapshot', 'power-on']);
    expect(await berth.living.snapshots(machineId, signal)).toMatchObject([{ name: 'before' }]);
  });

  it('are destroyed, and only those of this machine', async () => {
    const { berth, world } = await berthWith();
    await berth.succeed(
      await berth.living.takeSnapshot({ id: machineId, name: 'one', isOff: false }, localOwnerId),
    );
    const [own] = await berth.living.snapshots(machineId, signal);
    const other = world.cloud.plant();
    world.cloud.snapshots.set('77', {
      ...[...world.cloud.snapshots.values()][0]!,
      id: '77',
      sourceId: other.id,
    });
    await expect(
      berth.living.destroySnapshot({ id: machineId, snapshot: '77' }, localOwnerId, signal),
    ).rejects.toMatchObject({ code: 'conflict' });
    await berth.succeed(
      await berth.living.destroySnapshot({ id: machineId, snapshot: own!.id }, localOwnerId, signal),
    );
    expect([...world.cloud.snapshots.keys()]).toEqual(['77']);
  });

  it('are restored: snapshots are written as images, backups are restored', async () => {
    const { berth, world } = await berthWith();
    await berth.succeed(
      await berth.living.takeSnapshot({ id: machineId, name: 'one', isOff: false }, localOwnerId),
    );
    const [own] = await berth.living.snapshots(machineId, signal);
    await expect(
      berth.living.restoreSnapshot({ id: machineId, snapshot: own!.id, name: 'atlas' }, localOwnerId, signal),
    ).rejects.toMatchObject({
      code: 'invalid-input',
      details: { fields: [expect.stringMatching(/^name: /)] },
    });
    const restore = (snapshot: string) =>
      berth.living.restoreSnapshot({ id: machineId, snapshot, name: 'atlas-1' }, localOwnerId, signal);
    await berth.succeed(await restore(own!.id));
    world.cloud.snapshots.set('88', { ...world.cloud.snapshots.get(own!.id)!, id: '88', kind: 'backup' });
    await berth.succeed(await restore('88'));
    expect(world.cloud.orders.slice(1).map(({ order }) => order)).toEqual([
      { type: 'rebuild', image: own!.id },
      { type: 'restore', image: '88' },
    ]);
    expect(world.host?.desired).toBe('connected');
    expect(berth.firstBoots).toEqual([]);
  });
});

describe('rebuild', () => {
  it('asks for the name, and goes through the gates of a first boot', async () => {
    const { berth, world } = await berthWith();
    const rebuild = (name: string) =>
      berth.living.rebuild({ id: machineId, image: 'debian-12', name }, localOwnerId, signal);
    await expect(rebuild('atlas')).rejects.toMatchObject({ code: 'invalid-input' });
    await berth.succeed(await rebuild('atlas-1'));
    expect(world.orders).toEqual(['rebuild']);
    expect(berth.firstBoots).toEqual(['trusted', 'booted']);
    expect(world.done[0]).toBe('disconnect');
    expect(berth.record?.life).toBe('made');
  });

  it('that the provider gives up changes nothing', async () => {
    const { berth, world } = await berthWith();
    world.cloud.failing.add('rebuild');
    const wish = { id: machineId, image: 'debian-12', name: 'atlas-1' };
    const ended = await berth.end((await berth.living.rebuild(wish, localOwnerId, signal)).id);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'machine.action-failed' } });
    expect(berth.firstBoots).toEqual([]);
    expect(berth.record?.life).toBe('made');
    expect(world.host?.desired).toBe('connected');
  });

  it('is refused where nobody knows which key a fresh disk would show', async () => {
    const { berth, world } = await berthWith({ bootKey: null, firstBootKey: null });
    const wish = { id: machineId, image: 'debian-12', name: 'atlas-1' };
    await expect(berth.living.rebuild(wish, localOwnerId, signal)).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(world.orders).toEqual([]);
  });

  it('takes an image that is on offer, and no other', async () => {
    const { berth } = await berthWith();
    await expect(
      berth.living.rebuild({ id: machineId, image: 'plan9', name: 'atlas-1' }, localOwnerId, signal),
    ).rejects.toMatchObject({ code: 'cloud.not-offered' });
  });
});

describe('name and backups', () => {
  it('renames machine, host and record', async () => {
    const { berth, world } = await berthWith();
    await berth.succeed(await berth.living.rename({ id: machineId, name: 'atlas-2' }, localOwnerId));
    expect(world.now?.name).toBe('atlas-2');
    expect(world.host?.name).toBe('atlas-2');
    expect(berth.record?.name).toBe('atlas-2');
    expect(() => berth.living.rename({ id: machineId, name: 'taken' }, localOwnerId)).toThrow(
      expect.objectContaining({ code: 'host.name-taken' }) as Error,
    );
  });

  it('turns backups on, once', async () => {
    const { berth, world } = await berthWith();
    await berth.succeed(await berth.living.setBackups({ id: machineId, isOn: true }, localOwnerId));
    await berth.succeed(await berth.living.setBackups({ id: machineId, isOn: true }, localOwnerId));
    expect(world.orders).toEqual(['backups']);
    expect(berth.record?.hasBackups).toBe(true);
  });
});
