/** Why a shell has ended, where Berth stopped what it was in: with its machine, with its workspace, or not at all. */
import { expect, it } from 'vitest';
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import { endedByBerth } from '#main/control-plane/terminals/ended-by-berth.ts';

const hostId = `host_${'h'.repeat(20)}` as HostId;
const workspaceId = `ws_${'w'.repeat(20)}` as WorkspaceId;
const machine = { name: 'anvil', away: null, turning: null };
const slept = '“anvil” went to sleep.';

it.each([
  ['a machine that falls asleep', { ...machine, turning: 'asleep' }, 'running', slept, slept],
  ['a machine that sleeps', { ...machine, away: 'asleep' }, 'stopped', slept, slept],
  ['a machine that wakes', { ...machine, turning: 'awake' }, 'stopped', slept, slept],
  ['a machine that is off', { ...machine, away: 'off' }, 'running', null, null],
  ['a machine at work', machine, 'stopped', '“api” was stopped.', null],
  ['no machine', undefined, 'stopped', '“api” was stopped.', null],
  ['no machine, and it is to run', undefined, 'running', null, null],
] as const)('on %s', (_, present, desired, inWorkspace, onHost) => {
  const workspaces = { record: () => ({ hostId, name: 'api', desired }) };
  const why = (target: Parameters<typeof endedByBerth>[0]) => endedByBerth(target, workspaces, () => present);
  expect(why({ kind: 'workspace', workspaceId })).toBe(inWorkspace);
  expect(why({ kind: 'host', hostId })).toBe(onHost);
  expect(
    endedByBerth({ kind: 'workspace', workspaceId }, { record: () => undefined }, () => present),
  ).toBeNull();
});
