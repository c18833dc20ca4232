/** Each state of a machine says what it waits for and what it costs. */
import { expect, it } from 'vitest';
import type { Machine } from '#contract/machines.ts';
import {
  endWord,
  isBilled,
  perHourOf,
  sortedMachines,
  stateDetail,
} from '#renderer/features/clouds/machine-lines.ts';
import { noCosts } from '../../cloud-replies.ts';
import { cloudId, machine, machineId } from '../../machine-fixtures.ts';

const at = '2026-11-20T09:00:00.000Z';
const plain = (text: string | null) => text?.replaceAll('\u00a0', ' ') ?? null;
const off = { state: 'off', isBusy: false, readAt: at } as const;
const sleep = {
  place: { kind: 'computer' },
  ...{ sinceAt: at, monthlyUsd: null, sizeBytes: null, workspaces: 2 },
} as const;

it.each<[Partial<Machine>, string | null]>([
  [{}, null],
  [{ power: off }, 'Still costs $0.03571 an hour'],
  [
    { life: 'creating', gate: { gate: 'ssh', sinceAt: at, limitAt: at } },
    '3 of 4: waits for SSH with the right key',
  ],
  [{ life: 'creating' }, null],
  [
    {
      life: 'creating',
      trouble: {
        ...{ gate: 'setup', choices: ['keep'], sinceAt: at },
        error: { code: 'machine.overdue', message: 'It takes too long.', details: {} },
      },
    },
    'It takes too long.',
  ],
  [{ life: 'asleep', sleep }, 'Costs nothing at the provider, $24.00 a month awake'],
  [{ life: 'asleep', sleep: { ...sleep, monthlyUsd: 1.26 } }, '$1.26 a month asleep, $24.00 a month awake'],
  [{ life: 'incomplete' }, 'It costs as long as it is there'],
  [{ life: 'incomplete', providerId: null }, null],
  [{ life: 'vanished' }, 'The provider does not have it any more'],
])('%j says %j', (more, text) => {
  const one = machine(1, 'a', more);
  expect(plain(stateDetail(one, perHourOf(one, null)))).toBe(text);
});

it('counts backups where the costs do, and its own price where they say nothing', () => {
  const one = machine(1, 'a');
  const hosts = [
    {
      ...{ machineId: machineId(1), hostId: null, cloudId: cloudId(1), name: 'a' },
      ...{ perHourUsd: 0.04286, monthUsd: 1 },
      state: 'on' as const,
    },
  ];
  expect(perHourOf(one, { ...noCosts, hosts })).toBe(0.04286);
  expect(perHourOf(one, noCosts)).toBe(0.03571);
  expect(perHourOf({ ...one, life: 'asleep' }, { ...noCosts, hosts })).toBeNull();
});

it('costs as long as there is hardware', () => {
  expect(isBilled({ life: 'made', providerId: '1' })).toBe(true);
  expect(isBilled({ life: 'destroying', providerId: '1' })).toBe(true);
  expect(isBilled({ life: 'creating', providerId: null })).toBe(false);
  expect(isBilled({ life: 'asleep', providerId: null })).toBe(false);
  expect(isBilled({ life: 'vanished', providerId: '1' })).toBe(false);
});

it('says what the nearer of both ends does', () => {
  const end = { at, atAction: 'destroy', idleMinutes: 60, idleAction: 'hibernate' } as const;
  expect(endWord({ endsAt: at, end })).toBe('destroyed');
  expect(endWord({ endsAt: '2026-11-20T08:00:00.000Z', end })).toBe('goes to sleep');
  expect(endWord({ endsAt: at, end: { ...end, at: null } })).toBe('goes to sleep');
});

it('puts what waits for the person first, then names with their numbers in order', () => {
  const list = [machine(1, 'web-10'), machine(2, 'web-2'), machine(3, 'zoo', { life: 'vanished' })];
  expect(sortedMachines(list).map(({ name }) => name)).toEqual(['zoo', 'web-2', 'web-10']);
});
