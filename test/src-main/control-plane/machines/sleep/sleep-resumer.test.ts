/** A hibernation that kept everything and could not destroy the hardware comes to its end by itself, also after a start. */
import { afterEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { CloudId } from '#contract/ids.ts';
import { SleepResumer } from '#main/control-plane/machines/sleep/sleep-resumer.ts';
import { live, machineId, type SleepLife, SleepWorld, userId } from './sleep-world.ts';

const minute = 60_000;
const open: SleepResumer[] = [];
afterEach(() => {
  for (const resumer of open.splice(0)) resumer.close();
});

function resumerOf(world: SleepWorld, { directory, runner, service }: SleepLife) {
  const usable = new Set<(id: CloudId) => void>();
  const resumer = new SleepResumer({
    directory,
    clouds: {
      onUsable: (listener) => {
        usable.add(listener);
        return () => void usable.delete(listener);
      },
    },
    operations: runner,
    resume: (id, asUser) => service.resume(id, asUser),
    clock: world.clock,
    log: world.log,
  });
  open.push(resumer);
  resumer.start();
  return { resumer, usable };
}

/** Everything is kept; the provider refuses to destroy the hardware, so many times in all. */
async function halfAsleep(times: number) {
  const world = new SleepWorld();
  world.cloud.fail('destroyMachine', new BerthError('cloud.refused', 'It is locked.'), { times });
  const life = await live(world);
  const { id } = await life.service.hibernate(machineId, { kind: 'computer' }, userId);
  expect(await life.ended(id)).toMatchObject({ state: 'failed', error: { code: 'cloud.refused' } });
  expect(world.record).toMatchObject({ life: 'hibernating', providerId: '1000' });
  return { world, life };
}

async function until(world: SleepWorld, isSo: () => boolean, mostMs: number): Promise<void> {
  for (let wentMs = 0; !isSo() && wentMs < mostMs; wentMs += 1_000) await world.clock.advance(1_000);
  expect(isSo()).toBe(true);
}
const isAsleep = (world: SleepWorld) => world.record.life === 'asleep';
const retryOf = ({ directory }: SleepLife) => directory.view(machineId).retry;

describe('a hibernation that could not destroy the hardware', () => {
  it('is gone on with in the run in which it failed, and nothing is copied twice', async () => {
    const { world, life } = await halfAsleep(1);
    const calls = world.calls.length;
    resumerOf(world, life);
    await until(world, () => isAsleep(world), minute);
    expect(world.calls.slice(calls)).toEqual([]);
    expect(world.cloud.machines.size).toBe(0);
    expect(retryOf(life)).toBeNull();
  });

  it('is gone on with by the Berth that comes next', async () => {
    const { world } = await halfAsleep(1);
    resumerOf(world, await live(world));
    await until(world, () => isAsleep(world), minute);
    expect(world.cloud.machines.size).toBe(0);
  });

  it('is tried less and less often, says why it failed and when it is tried again', async () => {
    const { world, life } = await halfAsleep(4);
    resumerOf(world, life);
    for (const minutes of [5, 15, 30]) {
      const before = retryOf(life)?.failedAt;
      await until(world, () => retryOf(life) !== null && retryOf(life)?.failedAt !== before, 31 * minute);
      const retry = retryOf(life);
      expect(retry).toMatchObject({
        why: 'sleep',
        action: 'hibernate',
        error: { code: 'cloud.refused', message: 'It is locked.' },
      });
      const waitMs = Date.parse(retry?.againAt ?? '') - Date.parse(retry?.failedAt ?? '');
      expect(waitMs).toBe(minutes * minute);
      const orders = world.cloud.calls.filter((name) => name === 'destroyMachine').length;
      await world.clock.advance((minutes - 2) * minute);
      expect(world.cloud.calls.filter((name) => name === 'destroyMachine')).toHaveLength(orders);
    }
    await until(world, () => isAsleep(world), 31 * minute);
    expect(retryOf(life)).toBeNull();
  });

  it('is tried at once when its account can be used again', async () => {
    const { world, life } = await halfAsleep(2);
    const { usable } = resumerOf(world, life);
    await until(world, () => retryOf(life) !== null, minute);
    for (const tell of usable) tell('cloud_00000000000000000009' as CloudId);
    await world.clock.advance(10);
    expect(life.runner.all().every(({ endedAt }) => endedAt !== null)).toBe(true);
    for (const tell of usable) tell(world.record.cloudId);
    await until(world, () => isAsleep(world), minute);
  });

  it('is left to whoever goes on with it meanwhile', async () => {
    const { world, life } = await halfAsleep(1);
    const { id } = await life.service.hibernate(machineId, { kind: 'computer' }, userId);
    resumerOf(world, life);
    expect((await life.ended(id))?.state).toBe('succeeded');
    await world.clock.advance(2 * minute);
    expect(life.runner.all().filter(({ kind }) => kind === 'machine.hibernate')).toHaveLength(2);
  });
});

it('leaves alone a machine that is awake, and one that sleeps', async () => {
  const world = new SleepWorld();
  const life = await live(world);
  resumerOf(world, life);
  await world.clock.advance(2 * minute);
  expect(life.runner.all()).toEqual([]);
  const { id } = await life.service.hibernate(machineId, { kind: 'computer' }, userId);
  await life.ended(id);
  await world.clock.advance(2 * minute);
  expect(life.runner.all()).toHaveLength(1);
});
