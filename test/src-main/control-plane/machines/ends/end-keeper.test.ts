import { afterEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, type MachineId, type UserId } from '#contract/ids.ts';
import type { MachineEnd } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import type { WorkspaceState } from '#contract/workspaces.ts';
import { EndKeeper } from '#main/control-plane/machines/ends/end-keeper.ts';
import { setEnd } from '#main/control-plane/machines/ends/set-end.ts';
import { BerthLife, hostId, machineId, MachineWorld, otherUserId, workspaceId } from '../machine-world.ts';

const never: MachineEnd = { at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'destroy' };
const minute = 60_000;
const open: EndKeeper[] = [];
afterEach(async () => {
  for (const keeper of open.splice(0)) await keeper.close();
});

class EndWorld {
  readonly world = new MachineWorld();
  readonly begun: string[] = [];
  state: WorkspaceState = 'running';
  cpus = 0;
  terminalUsedMs: number | null = null;
  /** What a hibernation fails with. */
  hibernateError: BerthError | undefined;
  berth!: BerthLife;
  keeper!: EndKeeper;

  at(offsetMs: number): string {
    return new Date(this.world.clock.nowMs() + offsetMs).toISOString();
  }
  get endsAt(): string | null {
    return this.berth.directory.view(machineId).endsAt;
  }

  /** Another Berth in the same world. */
  async begin(change: Parameters<MachineWorld['put']>[0] = {}, isKept = false): Promise<this> {
    const { world } = this;
    if (!isKept) world.put(change);
    this.berth = await BerthLife.begin(world);
    const { berth } = this;
    this.keeper = new EndKeeper({
      directory: berth.directory,
      clouds: berth.clouds,
      links: berth.links,
      operations: berth.operations,
      workspacesOn: () => [{ id: workspaceId, state: this.state }],
      terminalUsedMs: () => this.terminalUsedMs,
      stats: (_id, signal) => this.#stats(signal),
      destroy: (id, userId) =>
        this.#note('destroy', id, userId, () => berth.destroying.destroyByItself(id, userId)),
      hibernate: (id, userId) =>
        this.#note('hibernate', id, userId, async () => {
          throw this.hibernateError ?? new BerthError('conflict', 'Not now.');
        }),
      clock: world.clock,
      log: world.log,
    });
    open.push(this.keeper);
    this.keeper.start();
    await world.clock.advance(0);
    return this;
  }

  setEnd(end: Partial<MachineEnd>) {
    const { berth, keeper, world } = this;
    const deps = { directory: berth.directory, keeper, clock: world.clock };
    return setEnd(deps, { id: machineId, end: { ...never, ...end } });
  }

  async #note(
    what: string,
    id: MachineId,
    userId: UserId,
    begin: () => Promise<Operation>,
  ): Promise<Operation> {
    this.begun.push(`${what} ${id === machineId ? 'it' : id} as ${userId}`);
    return await begin();
  }

  async *#stats(signal: AbortSignal) {
    const { clock } = this.world;
    while (!signal.aborted) {
      yield {
        cpus: this.cpus,
        networkInBytesPerSecond: 10,
        networkOutBytesPerSecond: 10,
        diskReadBytesPerSecond: 0,
        diskWriteBytesPerSecond: 0,
      };
      await new Promise<void>((resolve) => {
        clock.after(5_000, resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }
}

describe('an end at an instant', () => {
  it('is shown from the beginning, and comes when its time comes', async () => {
    const it = await new EndWorld().begin({ end: { ...never, at: '2026-01-02T05:00:00.000Z' } });
    expect(it.endsAt).toBe('2026-01-02T05:00:00.000Z');
    await it.world.clock.advance(115 * minute);
    expect(it.begun).toEqual([]);
    await it.world.clock.advance(2 * minute);
    expect(it.begun).toEqual([`destroy it as ${localOwnerId}`]);
    expect(it.world.cloud.machines.size).toBe(0);
    expect(it.world.record()).toBeUndefined();
  });

  it('is in the name of the person who made the machine', async () => {
    const it = await new EndWorld().begin({ userId: otherUserId });
    await it.setEnd({ at: it.at(minute) });
    await it.world.clock.advance(2 * minute);
    expect(it.begun).toEqual([`destroy it as ${otherUserId}`]);
  });

  it('keeps at the provider whatever a person would be asked about', async () => {
    const it = await new EndWorld().begin();
    it.world.cloud.addresses.set('a', {
      id: 'a',
      region: 'ams',
      machineId: it.world.providerId,
      monthlyUsd: 5,
    });
    await it.setEnd({ at: it.at(minute) });
    await it.world.clock.advance(2 * minute);
    expect(it.world.cloud.addresses.size).toBe(1);
    expect(it.world.cloud.machines.size).toBe(0);
  });

  it('can be pushed away', async () => {
    const it = await new EndWorld().begin({ end: { ...never, at: '2026-01-02T04:00:00.000Z' } });
    await it.world.clock.advance(50 * minute);
    await it.setEnd({ at: '2026-01-02T06:00:00.000Z' });
    expect(it.endsAt).toBe('2026-01-02T06:00:00.000Z');
    await it.world.clock.advance(30 * minute);
    expect(it.begun).toEqual([]);
    await it.setEnd({});
    expect(it.endsAt).toBeNull();
    await it.world.clock.advance(2 * 60 * minute);
    expect(it.begun).toEqual([]);
  });

  it('that passed while no Berth ran is shown for ten minutes first', async () => {
    const it = await new EndWorld().begin({ end: { ...never, at: '2026-01-01T00:00:00.000Z' } });
    expect(it.endsAt).toBe(it.at(10 * minute));
    await it.world.clock.advance(9.4 * minute);
    expect(it.begun).toEqual([]);
    await it.world.clock.advance(1.5 * minute);
    expect(it.begun).toHaveLength(1);
  });

  it('that passed while the computer slept is shown for ten minutes first', async () => {
    const it = await new EndWorld().begin({ end: { ...never, at: '2026-01-02T04:00:00.000Z' } });
    it.world.clock.sleep(8 * 60 * minute);
    await it.world.clock.advance(minute);
    expect(it.begun).toEqual([]);
    await it.world.clock.advance(8 * minute);
    expect(it.begun).toEqual([]);
    await it.world.clock.advance(2 * minute);
    expect(it.begun).toHaveLength(1);
  });

  it('goes by the provider’s clock', async () => {
    const it = await new EndWorld().begin();
    it.world.cloud.aheadMs = 3_600_000;
    await it.setEnd({ at: it.at(minute) });
    await it.world.clock.advance(30 * minute);
    expect(it.begun).toEqual([]);
    await it.world.clock.advance(32 * minute);
    expect(it.begun).toHaveLength(1);
  });

  it('asks the provider what time it is before it does what cannot be undone', async () => {
    const it = await new EndWorld().begin({ end: { ...never, at: '2026-01-02T09:00:00.000Z' } });
    // Somebody sets the clock of this computer; the last answer of the provider's is from before.
    it.world.clock.setWallClock(24 * 3_600_000);
    await it.world.clock.advance(5 * minute);
    it.world.cloud.aheadMs = 24 * 3_600_000;
    await it.world.clock.advance(60 * minute);
    expect(it.begun).toEqual([]);
    expect(it.world.cloud.machines.size).toBe(1);
  });

  it('waits for work that is under way', async () => {
    const it = await new EndWorld().begin();
    await it.setEnd({ at: it.at(minute) });
    it.berth.links.lose(hostId);
    const stop = await it.berth.stopWorkspace(workspaceId);
    await it.world.clock.advance(20 * minute);
    expect(it.begun).toEqual([]);
    it.berth.connected();
    await it.berth.end(stop.id);
    await it.world.clock.advance(minute);
    expect(it.begun).toHaveLength(1);
  });

  it.each([
    { life: 'creating' as const },
    { life: 'waking' as const },
    { life: 'hibernating' as const },
    { life: 'asleep' as const, providerId: null },
    { life: 'vanished' as const },
    {
      trouble: {
        gate: 'setup' as const,
        error: new BerthError('machine.setup-failed', 'It failed.').toShape(),
        choices: ['destroy' as const],
        sinceAt: '2026-01-02T03:04:05.000Z',
      },
    },
  ])('does not come to one that is %j', async (change) => {
    const it = await new EndWorld().begin({ ...change, end: { ...never, at: '2026-01-01T00:00:00.000Z' } });
    expect(it.endsAt).toBeNull();
    await it.world.clock.advance(60 * minute);
    expect(it.begun).toEqual([]);
  });

  it('comes to one that was kept unfinished', async () => {
    const it = await new EndWorld().begin({
      life: 'incomplete',
      hostId: null,
      end: { ...never, at: '2026-01-02T04:00:00.000Z', idleMinutes: 10 },
    });
    await it.world.clock.advance(50 * minute);
    expect(it.begun).toEqual([]);
    await it.world.clock.advance(10 * minute);
    expect(it.begun).toHaveLength(1);
  });

  it('that fails is tried again later, says so, and shows when', async () => {
    const it = await new EndWorld().begin();
    await it.setEnd({ at: it.at(minute), atAction: 'hibernate' });
    await it.world.clock.advance(1.6 * minute);
    expect(it.begun).toEqual([`hibernate it as ${localOwnerId}`]);
    const [first] = it.world.log.lines.filter(({ message }) => /could not end by itself/.test(message));
    expect(first?.level).toBe('warn');
    const { retry } = it.berth.directory.view(machineId);
    expect(retry).toMatchObject({
      why: 'expiry',
      action: 'hibernate',
      error: { code: 'conflict', message: 'Not now.' },
      againAt: it.endsAt,
    });
    const again = Date.parse(it.endsAt ?? '') - it.world.clock.nowMs();
    expect(again).toBeGreaterThan(4 * minute);
    await it.world.clock.advance(4 * minute);
    expect(it.begun).toHaveLength(1);
    await it.world.clock.advance(2 * minute);
    expect(it.begun).toHaveLength(2);
    await it.world.clock.advance(10 * minute);
    expect(it.begun).toHaveLength(2);
    await it.world.clock.advance(6 * minute);
    expect(it.begun).toHaveLength(3);
    expect(it.world.cloud.machines.size).toBe(1);
    await it.setEnd({});
    expect(it.berth.directory.view(machineId).retry).toBeNull();
  });

  it('of a machine that is gone already only says so', async () => {
    const it = await new EndWorld().begin();
    await it.setEnd({ at: it.at(minute) });
    it.world.cloud.machines.clear();
    await it.world.clock.advance(5 * minute);
    expect(it.begun).toEqual([]);
    expect(it.berth.record?.life).toBe('vanished');
  });

  it('cannot be set to what is over', async () => {
    const it = await new EndWorld().begin();
    await expect(it.setEnd({ at: it.at(-minute) })).rejects.toMatchObject({
      code: 'invalid-input',
      details: { fields: [expect.stringMatching(/^end\.at: /)] },
    });
  });
});

describe('an end for want of work', () => {
  it('is shown a quarter of an hour before it comes', async () => {
    const it = await new EndWorld().begin({ end: { ...never, idleMinutes: 60 } });
    await it.world.clock.advance(44 * minute);
    expect(it.endsAt).toBeNull();
    await it.world.clock.advance(3 * minute);
    expect(it.endsAt).not.toBeNull();
    const leftMs = Date.parse(it.endsAt ?? '') - it.world.clock.nowMs();
    expect(leftMs).toBeGreaterThan(12 * minute);
    expect(leftMs).toBeLessThan(16 * minute);
    await it.world.clock.advance(10 * minute);
    expect(it.begun).toEqual([]);
    await it.world.clock.advance(6 * minute);
    expect(it.begun).toEqual([`destroy it as ${localOwnerId}`]);
  });

  it('stays shown at the same second', async () => {
    const it = await new EndWorld().begin({ end: { ...never, idleMinutes: 10 } });
    await it.world.clock.advance(2 * minute);
    const shown = it.endsAt;
    await it.world.clock.advance(2 * minute);
    expect(it.endsAt).toBe(shown);
  });

  it('begins anew with work of a workspace', async () => {
    const it = await new EndWorld().begin({ end: { ...never, idleMinutes: 20 } });
    await it.world.clock.advance(18 * minute);
    expect(it.endsAt).not.toBeNull();
    it.cpus = 0.5;
    await it.world.clock.advance(minute);
    expect(it.endsAt).toBeNull();
    it.cpus = 0;
    await it.world.clock.advance(18 * minute);
    expect(it.begun).toEqual([]);
    await it.world.clock.advance(4 * minute);
    expect(it.begun).toHaveLength(1);
  });

  it('begins anew with a key that is pressed in a terminal', async () => {
    const it = await new EndWorld().begin({ end: { ...never, idleMinutes: 10 } });
    await it.world.clock.advance(8 * minute);
    it.terminalUsedMs = it.world.clock.monotonicMs();
    await it.world.clock.advance(9 * minute);
    expect(it.begun).toEqual([]);
    await it.world.clock.advance(3 * minute);
    expect(it.begun).toHaveLength(1);
  });

  it('begins anew with a word of a person’s', async () => {
    const it = await new EndWorld().begin({ end: { ...never, idleMinutes: 10 } });
    await it.world.clock.advance(8 * minute);
    expect(it.endsAt).not.toBeNull();
    await it.setEnd({ idleMinutes: 10 });
    expect(it.endsAt).toBeNull();
    await it.world.clock.advance(9 * minute);
    expect(it.begun).toEqual([]);
  });

  it('is put off by an hour, once', async () => {
    const it = await new EndWorld().begin({ end: { ...never, idleMinutes: 10 } });
    await it.world.clock.advance(8 * minute);
    await it.setEnd({ idleMinutes: 10, idleNotBefore: it.at(60 * minute) });
    await it.world.clock.advance(40 * minute);
    expect(it.endsAt).toBeNull();
    await it.world.clock.advance(19 * minute);
    expect(it.endsAt).not.toBeNull();
    expect(it.begun).toEqual([]);
    await it.world.clock.advance(3 * minute);
    expect(it.begun).toHaveLength(1);
  });

  it('does not count what cannot be seen', async () => {
    const it = await new EndWorld().begin({ end: { ...never, idleMinutes: 10 } });
    it.berth.links.lose(hostId);
    await it.world.clock.advance(2 * 60 * minute);
    expect(it.endsAt).toBeNull();
    expect(it.begun).toEqual([]);
  });

  it('comes to one that is switched off: it costs as before', async () => {
    const it = new EndWorld();
    it.world.cloud.machines.set(it.world.providerId, { ...it.world.machine, state: 'off' });
    await it.begin({
      end: { ...never, idleMinutes: 10 },
      power: { state: 'off', isBusy: false, readAt: '2026-01-02T03:04:05.000Z' },
    });
    await it.world.clock.advance(12 * minute);
    expect(it.begun).toHaveLength(1);
  });

  it('does not come at once to one that was idle before the computer slept', async () => {
    const it = await new EndWorld().begin({ end: { ...never, idleMinutes: 20 } });
    await it.world.clock.advance(18 * minute);
    it.world.clock.sleep(3 * 60 * minute);
    await it.world.clock.advance(8 * minute);
    expect(it.begun).toEqual([]);
    await it.world.clock.advance(5 * minute);
    expect(it.begun).toHaveLength(1);
  });

  it('counts from the start of Berth, not from before', async () => {
    const it = await new EndWorld().begin({ end: { ...never, idleMinutes: 20 } });
    await it.world.clock.advance(18 * minute);
    await it.keeper.close();
    await it.begin({}, true);
    await it.world.clock.advance(18 * minute);
    expect(it.begun).toEqual([]);
    await it.world.clock.advance(4 * minute);
    expect(it.begun).toHaveLength(1);
  });
});
