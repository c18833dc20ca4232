/** Working hours as they stop and start a workspace: days of it, on a clock that moves by hand. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { lifecycleWorlds, minute, stopped, otherUserId } from './lifecycle-world.ts';

const world = lifecycleWorlds();

describe('working hours', () => {
  const hours = { timeZone: 'UTC', days: [1, 2, 3, 4, 5], from: '09:00', to: '17:00', starts: true };
  it('stop it at their end, and start it once at their beginning', async () => {
    const it = await world('2026-01-07T16:00:00.000Z').begin({ hours });
    await it.clock.advance(61.5 * minute);
    expect(it.begun).toEqual(stopped);
    await it.clock.advance(5 * minute);
    it.clock.sleep(14 * 60 * minute);
    await it.clock.advance(30 * minute);
    expect(it.begun).toEqual(stopped);
    await it.clock.advance(90 * minute);
    expect(it.begun).toEqual([...stopped, `start as ${otherUserId}`]);
    // Whoever stops it has it stopped.
    it.set({ state: 'stopped', desired: 'stopped', startedAt: null });
    await it.clock.advance(3 * 60 * minute);
    expect(it.begun).toHaveLength(2);
  });

  it('give an hour to whoever starts it outside of them', async () => {
    const it = await world('2026-01-10T12:00:00.000Z').begin({ hours });
    await it.clock.advance(58 * minute);
    expect(it.begun).toEqual([]);
    await it.clock.advance(4 * minute);
    expect(it.begun).toEqual(stopped);
  });

  it('do not start it by being set', async () => {
    const it = await world('2026-01-07T12:00:00.000Z').begin();
    it.set({ state: 'stopped', desired: 'stopped', startedAt: null });
    await it.setPolicy({ hours });
    await it.clock.advance(2 * 60 * minute);
    expect(it.begun).toEqual([]);
  });

  it('start it late where its host was away', async () => {
    const it = world('2026-01-07T06:00:00.000Z');
    it.isHostThere = false;
    await it.begin({ hours });
    it.set({ state: 'stopped', desired: 'stopped', startedAt: null });
    await it.clock.advance(4 * 60 * minute);
    expect(it.begun).toEqual([]);
    it.isHostThere = true;
    await it.clock.advance(minute);
    expect(it.begun).toEqual([`start as ${otherUserId}`]);
  });

  it('say once for each beginning why it could not be started, and it is tried again', async () => {
    const it = world('2026-01-07T08:00:00.000Z');
    await it.begin({ hours });
    it.set({ state: 'stopped', desired: 'stopped', startedAt: null });
    it.startError = new BerthError('quota.exceeded', 'You have as many workspaces as you may.');
    await it.clock.advance(90 * minute);
    expect(it.begun.length).toBeGreaterThan(1);
    expect(await it.told()).toEqual([
      'failed: Its hours began, and it could not be started: You have as many workspaces as you may. It is tried again',
    ]);
    it.startError = undefined;
    await it.clock.advance(minute);
    expect(it.workspace.state).toBe('running');
  });

  it.each([
    ['to summer time', '2026-03-29T03:15:00.000Z', '2026-03-29T04:00:00.000Z'],
    ['from summer time', '2026-10-25T04:15:00.000Z', '2026-10-25T05:00:00.000Z'],
  ])('of a night in which the clocks change %s end by the clocks on the wall', async (_, start, end) => {
    const night = { timeZone: 'Europe/Berlin', days: [6], from: '22:00', to: '06:00', starts: false };
    const it = await world(start).begin({ hours: night });
    await it.clock.advance(Date.parse(end) - Date.parse(start) - minute);
    expect(it.begun).toEqual([]);
    expect(it.lifecycle.next).toMatchObject({ why: 'hours', at: end, isWarned: true });
    await it.clock.advance(2 * minute);
    expect(it.begun).toEqual(stopped);
  });

  it('in a time zone that is not known here any more do not count, which is said once', async () => {
    const it = await world().begin({ hours: { ...hours, timeZone: 'Mars/Olympus' }, endAfterMinutes: 30 });
    await it.clock.advance(5 * minute);
    expect(it.lifecycle.next).toMatchObject({ why: 'uptime' });
    it.set({ state: 'stopped', desired: 'stopped', startedAt: null });
    await it.clock.advance(60 * minute);
    expect(it.begun).toEqual([]);
    expect(await it.told()).toEqual([
      'failed: Its hours do not count: the time zone Mars/Olympus is not known here. Choose another one',
    ]);
  });
});
