/** An account's state, limit and clock in words: the gravest thing is said, and nothing is said that is not known. */
import { describe, expect, it } from 'vitest';
import {
  cannotMake,
  clockText,
  cloudMark,
  isFull,
  lacking,
  limitText,
} from '#renderer/features/clouds/cloud-words.ts';
import { cloud } from '../../machine-fixtures.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const words = { machineWord: 'droplet', machinesWord: 'droplets' };
const at = '2026-11-20T09:00:00.000Z';
const error = { code: 'cloud.token-refused', message: 'No.', details: {} } as const;
const mayNot = (name: string, isNeeded: boolean) => ({
  ...{ name, isNeeded, isGranted: false },
  without: 'Something is missing.',
});

describe('its mark', () => {
  it.each([
    ['ready', cloud(1, 'a'), 'running'],
    ['checking', cloud(1, 'a', { state: { phase: 'checking' } }), 'busy'],
    ['token refused', cloud(1, 'a', { state: { phase: 'refused', sinceAt: at, error } }), 'failed'],
    ['not reachable', cloud(1, 'a', { state: { phase: 'unreachable', sinceAt: at, error } }), 'attention'],
    ['locked', cloud(1, 'a', { standing: 'locked' }), 'failed'],
    ['has a warning', cloud(1, 'a', { standing: 'warning' }), 'attention'],
    ['may not do enough', cloud(1, 'a', { permissions: [mayNot('droplet:create', true)] }), 'attention'],
  ])('is “%s”', (word, one, signal) => {
    expect(cloudMark(one)).toEqual({ signal, word });
  });

  it('is that of its token where it is locked as well', () => {
    const both = cloud(1, 'a', { standing: 'locked', state: { phase: 'refused', sinceAt: at, error } });
    expect(cloudMark(both).word).toBe('token refused');
  });
});

it('tells what is needed from what is only not seen, and leaves out what cannot be known', () => {
  const unknown = { name: 'x', isGranted: null, isNeeded: true, without: '' };
  const permissions = [mayNot('droplet:create', true), mayNot('block_storage:read', false), unknown];
  const { needed, others } = lacking({ permissions });
  expect(needed.map(({ name }) => name)).toEqual(['droplet:create']);
  expect(others.map(({ name }) => name)).toEqual(['block_storage:read']);
});

it.each([
  [3, 25, '3 of 25 droplets'],
  [0, 1, '0 of 1 droplet'],
  [null, 25, 'at most 25 droplets'],
  [1, null, '1 droplet'],
  [null, null, null],
])('of %j machines and a limit of %j it says %j', (machineCount, machineLimit, text) => {
  expect(limitText({ machineCount, machineLimit }, words)).toBe(text);
});

it('is full at its limit, and not where one of both is not known', () => {
  expect(isFull({ machineCount: 25, machineLimit: 25 })).toBe(true);
  expect(isFull({ machineCount: 24, machineLimit: 25 })).toBe(false);
  expect(isFull({ machineCount: 24, machineLimit: null })).toBe(false);
});

it('says why nothing can be made, and nothing where it can, also while the account cannot be reached', () => {
  expect(cannotMake(cloud(1, 'a'))).toBeNull();
  expect(cannotMake(cloud(1, 'a', { state: { phase: 'unreachable', sinceAt: at, error } }))).toBeNull();
  expect(cannotMake(cloud(1, 'a', { standing: 'locked' }))).toMatch(/locked/);
  expect(cannotMake(cloud(1, 'a', { state: { phase: 'refused', sinceAt: at, error } }))).toMatch(/token/);
  expect(
    cannotMake(cloud(1, 'a', { permissions: [mayNot('droplet:create', true), mayNot('tag:read', true)] })),
  ).toMatch(/it lacks droplet:create and tag:read\./);
});

it('says how far the clock is off, and which way', () => {
  expect(plain(clockText(432_000, 'Ocean'))).toMatch(/is 7 min 12 s ahead of that of Ocean/);
  expect(plain(clockText(-60_000, 'Ocean'))).toMatch(/is 1 min behind that of Ocean/);
});
