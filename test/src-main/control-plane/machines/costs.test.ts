import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { CostReport } from '#contract/clouds.ts';
import { FakeCloud } from '#test/harness/fake-cloud.ts';
import { Life } from '../operations/crash-world.ts';
import {
  type Berth,
  cloudId,
  hours,
  machineIdOf,
  minutes,
  MoneyWorld,
  otherCloudId,
  ownTags,
  recordOf,
} from './money-world.ts';

let world: MoneyWorld;
let berth: Berth;
beforeEach(async () => {
  world = new MoneyWorld('2026-01-10T00:00:00.000Z');
  berth = await world.begin();
});
afterEach(() => world.end());

/** Without the seconds that the first look takes. */
async function hour(count: number): Promise<void> {
  await world.clock.advance(hours(count));
}
function hostOf(report: CostReport, number = 1) {
  return report.hosts.find(({ machineId }) => machineId === machineIdOf(number));
}

describe('what a machine costs', () => {
  it('is counted from when the provider began to bill it, on or off, without any look', async () => {
    await world.add(berth, 1);
    await hour(5);
    expect(hostOf(await berth.costs())).toMatchObject({
      name: 'm-1',
      state: 'on',
      perHourUsd: 0.01,
      monthUsd: 0.05,
    });
    await berth.directory.change(machineIdOf(1), {
      power: { state: 'off', isBusy: false, readAt: new Date(world.clock.nowMs()).toISOString() },
    });
    expect(hostOf(await berth.costs())).toMatchObject({ state: 'off', perHourUsd: 0.01 });
    await hour(5);
    const report = await berth.costs();
    expect(hostOf(report)?.monthUsd).toBeCloseTo(0.1, 6);
    expect(report).toMatchObject({ perHourUsd: 0.01, monthBeganAt: '2026-01-01T00:00:00.000Z' });
    expect(report.monthUsd).toBeCloseTo(0.1, 6);
  });

  it('begins anew with each month while it runs', async () => {
    await world.add(berth, 1);
    await hour(22 * 24);
    const report = await berth.costs();
    expect(report.monthBeganAt).toBe('2026-02-01T00:00:00.000Z');
    expect(report.monthUsd).toBe(0);
    await hour(3);
    expect((await berth.costs()).monthUsd).toBeCloseTo(0.03, 6);
  });

  it('follows its price when it gets another size, and its backups', async () => {
    const { providerId } = await world.add(berth, 1);
    await hour(10);
    await berth.directory.change(machineIdOf(1), { size: 'large', hourlyUsd: 0.07, monthlyUsd: 48 });
    world.cloud.plant({
      ...world.cloud.machines.get(providerId!)!,
      size: 'large',
      hourlyUsd: 0.07,
      monthlyUsd: 48,
    });
    await hour(10);
    expect((await berth.costs()).monthUsd).toBeCloseTo(0.1 + 0.7, 5);
    world.cloud.plant({ ...world.cloud.machines.get(providerId!)!, hasBackups: true });
    await berth.look();
    expect((await berth.costs()).perHourUsd).toBeCloseTo(0.084, 6);
    await hour(10);
    expect((await berth.costs()).monthUsd).toBeCloseTo(0.1 + 0.7 + 0.84, 5);
  });

  it('is its whole price from the first moment where it is made with backups, and in its own line, too', async () => {
    await berth.look();
    await world.add(berth, 1, { hasBackups: true });
    expect((await berth.costs()).perHourUsd).toBeCloseTo(0.012, 6);
    expect(berth.directory.view(machineIdOf(1))).toMatchObject({ hourlyUsd: 0.012, monthlyUsd: 7.2 });
    // What is kept is of the size: offers are compared with that.
    expect(berth.directory.require(machineIdOf(1))).toMatchObject({ hourlyUsd: 0.01, monthlyUsd: 6 });
    await berth.end();
    berth = await world.begin();
    expect(berth.directory.view(machineIdOf(1)).hourlyUsd).toBe(0.012);
    await berth.directory.change(machineIdOf(1), { hasBackups: false });
    expect(berth.directory.view(machineIdOf(1)).hourlyUsd).toBe(0.01);
  });

  it('goes on being compared where prices cannot be read and nothing has backups', async () => {
    world.cloud.fail('offer', new BerthError('cloud.failed', 'The provider failed.'));
    await world.add(berth, 1);
    await berth.look();
    expect((await berth.costs()).blind).toEqual([]);
    // Asked for again with the next look, until it is told.
    await berth.look();
    await berth.directory.change(machineIdOf(1), { hasBackups: true });
    expect((await berth.costs()).perHourUsd).toBeCloseTo(0.012, 6);
  });

  it('goes on being shown in the month in which it was destroyed', async () => {
    const { id, providerId } = await world.add(berth, 1);
    await hour(10);
    world.cloud.machines.delete(providerId!);
    await berth.directory.remove(id);
    await hour(10);
    expect(hostOf(await berth.costs())).toMatchObject({
      name: 'm-1',
      state: 'destroyed',
      perHourUsd: 0,
      monthUsd: 0.1,
    });
    await hour(24 * 30);
    expect(await berth.costs()).toMatchObject({ hosts: [], monthUsd: 0 });
  });

  it('is two lines for two machines of one name, one after the other', async () => {
    const { id, providerId } = await world.add(berth, 1);
    await hour(1);
    world.cloud.machines.delete(providerId!);
    await berth.directory.remove(id);
    await world.add(berth, 2, { name: 'm-1' });
    await hour(2);
    const report = await berth.costs();
    const { hosts } = report;
    expect(hosts).toHaveLength(2);
    expect(hostOf(report, 1)).toMatchObject({ name: 'm-1', state: 'destroyed', monthUsd: 0.01 });
    expect(hostOf(report, 2)).toMatchObject({ name: 'm-1', state: 'on', monthUsd: 0.02 });
  });

  it('is its least however short it was there', async () => {
    const { id, providerId } = await world.add(berth, 1);
    await world.clock.advance(1_000);
    world.cloud.machines.delete(providerId!);
    await berth.directory.remove(id);
    expect((await berth.costs()).monthUsd).toBe(0.01);
  });

  it('ends at the last look where Berth died between the end of a machine and its row', async () => {
    const { id } = await world.add(berth, 1);
    await hour(10);
    await world.end();
    const life = new Life();
    const dying = await world.begin(life);
    // The record is gone from the disk; the ledger is not told any more.
    const removed = dying.directory.remove(id);
    await removed.then(() => life.kill());
    world.remains.records.get('machines')?.clear();
    const texts = world.remains.records.get('cloud-ledger')!;
    for (const [key, text] of texts) texts.set(key, JSON.stringify({ ...JSON.parse(text), to: null }));
    await hour(24 * 3);
    berth = await world.begin();
    const { hosts, perHourUsd } = await berth.costs();
    expect(perHourUsd).toBe(0);
    expect(hosts[0]?.monthUsd).toBeGreaterThan(0.098);
    expect(hosts[0]?.monthUsd).toBeLessThan(0.102);
  });
});

describe('by the provider’s clock', () => {
  it('counts right although this computer’s is two days ahead, also at a month’s end', async () => {
    // By the provider it is 23:00 on the last day of January.
    await world.end();
    world = new MoneyWorld('2026-02-02T23:00:00.000Z');
    world.cloud.aheadMs = hours(48);
    berth = await world.begin();
    await berth.look();
    const { id, billedFromAt, providerId } = await world.add(berth, 1);
    expect(billedFromAt).toBe('2026-01-31T23:00:00.000Z');
    await world.clock.advance(minutes(30));
    expect(await berth.costs()).toMatchObject({
      at: '2026-01-31T23:30:00.000Z',
      monthBeganAt: '2026-01-01T00:00:00.000Z',
      monthUsd: 0.01,
    });
    await hour(2);
    expect(await berth.costs()).toMatchObject({ monthBeganAt: '2026-02-01T00:00:00.000Z' });
    expect((await berth.costs()).monthUsd).toBeCloseTo(0.015, 6);
    // Also for what ends before the provider was asked anything by the next Berth.
    await world.end();
    berth = await world.begin();
    world.cloud.machines.delete(providerId!);
    await berth.directory.remove(id);
    expect((await berth.costs()).monthUsd).toBeCloseTo(0.015, 6);
  });
});

describe('a machine that sleeps and wakes', () => {
  it('is one line: its hardware before, its snapshot while it sleeps, its hardware after', async () => {
    const first = await world.add(berth, 1);
    await hour(10);
    world.cloud.machines.delete(first.providerId!);
    world.cloud.snapshots.set('snap-1', {
      id: 'snap-1',
      name: 'asleep',
      kind: 'snapshot',
      createdAt: new Date(world.clock.nowMs()).toISOString(),
      sizeBytes: 2 ** 31,
      minDiskBytes: 2 ** 31,
      monthlyUsd: 7.44,
      regions: ['ams'],
      of: 'machine',
      sourceId: first.providerId!,
      tags: [],
    });
    await berth.directory.change(first.id, {
      life: 'asleep',
      providerId: null,
      billedFromAt: null,
      earlierProviderIds: [first.providerId!],
      sleep: {
        place: { kind: 'machine-snapshot' },
        sinceAt: new Date(world.clock.nowMs()).toISOString(),
        snapshotId: 'snap-1',
        sizeBytes: 2 ** 31,
        monthlyUsd: 7.44,
        workspaces: [],
        extra: null,
      },
    });
    await hour(10);
    const asleep = await berth.costs();
    expect(asleep.hosts).toHaveLength(1);
    expect(hostOf(asleep)).toMatchObject({ state: 'asleep', perHourUsd: 0.01 });
    expect(hostOf(asleep)?.monthUsd).toBeCloseTo(0.2, 5);
    expect(asleep.stored).toEqual([]);
    const second = world.cloud.plant({ tags: ownTags, name: 'm-1' });
    await berth.directory.change(first.id, {
      life: 'made',
      providerId: second.id,
      billedFromAt: second.createdAt,
      power: { state: 'on', isBusy: false, readAt: second.createdAt },
      sleep: null,
    });
    world.cloud.snapshots.delete('snap-1');
    await hour(10);
    const awake = await berth.costs();
    expect(awake.hosts).toHaveLength(1);
    expect(hostOf(awake)).toMatchObject({ state: 'on', perHourUsd: 0.01 });
    expect(hostOf(awake)?.monthUsd).toBeCloseTo(0.3, 5);
    expect(awake.monthUsd).toBeCloseTo(0.3, 5);
  });

  it('costs nothing at the provider while its files lie elsewhere', async () => {
    const machine = world.cloud.plant();
    world.cloud.machines.delete(machine.id);
    await berth.directory.add({
      ...recordOf(machine),
      life: 'asleep',
      providerId: null,
      power: null,
      sleep: {
        place: { kind: 'computer' },
        sinceAt: machine.createdAt,
        snapshotId: null,
        sizeBytes: 5,
        monthlyUsd: null,
        workspaces: [],
        extra: null,
      },
    });
    await hour(1);
    expect(await berth.costs()).toMatchObject({ perHourUsd: 0, monthUsd: 0, hosts: [{ state: 'asleep' }] });
  });
});

describe('several accounts', () => {
  it('have budgets of their own and one sum', async () => {
    await world.end();
    world.clouds.set(otherCloudId, new FakeCloud(world.clock));
    berth = await world.begin();
    berth.accounts.setBudget(1);
    await world.add(berth, 1);
    const machine = world.clouds.get(otherCloudId)!.plant({ hourlyUsd: 0.07, monthlyUsd: 48, tags: ownTags });
    await berth.directory.add({ ...recordOf(machine, 2), cloudId: otherCloudId });
    await hour(10);
    const report = await berth.costs();
    expect(report.perHourUsd).toBeCloseTo(0.08, 6);
    expect(report.monthUsd).toBeCloseTo(0.8, 5);
    expect(report.budgets).toMatchObject([
      { cloudId, monthlyUsd: 1, spentUsd: expect.closeTo(0.1, 5), level: 'within' },
      { cloudId: otherCloudId, monthlyUsd: null, spentUsd: expect.closeTo(0.7, 5), level: 'none' },
    ]);
  });
});

describe('a budget', () => {
  it('is near, then over, as the month goes on: seen by who watches, and once each in the log', async () => {
    const seen: string[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      const context = {
        signal: stop.signal,
        caller: { userId: 'user_1', userName: '', scopes: new Set(), mode: 'desktop' },
      };
      for await (const { budgets } of berth.parts.handlers['clouds.costs']({}, context as never)) {
        const level = budgets[0]!.level;
        if (seen.at(-1) !== level) seen.push(level);
      }
    })();
    await world.clock.advance(0);
    berth.accounts.setBudget(0.1);
    await world.add(berth, 1);
    for (let minute = 0; minute < 12 * 60; minute += 5) await world.clock.advance(minutes(5));
    expect(seen).toEqual(['none', 'within', 'near', 'over']);
    expect(berth.log.messages('warn')).toEqual(['a budget is nearly used up', 'a budget is used up']);
    stop.abort();
    await watching;
  });

  it('tells what the month will have cost, up to each monthly price', async () => {
    await world.add(berth, 1);
    const [budget] = (await berth.costs()).budgets;
    // 22 days of 24 hours are left of January.
    expect(budget?.forecastUsd).toBeCloseTo(22 * 24 * 0.01, 5);
    await hour(22 * 24 + 1);
    expect((await berth.costs()).budgets[0]?.forecastUsd).toBe(6);
  });

  it('is counted anew at once when it is changed', async () => {
    await world.add(berth, 1);
    await hour(5);
    berth.accounts.setBudget(0.01);
    await world.clock.advance(1_000);
    expect(berth.log.messages('warn')).toEqual(['a budget is used up']);
  });
});
