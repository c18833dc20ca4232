/** Which machine goes on costing for nothing. */
import { expect, it } from 'vitest';
import type { Machine } from '#contract/machines.ts';
import type { WorkspaceState } from '#contract/workspaces.ts';
import { goingCostWords, idleMachine } from '#renderer/features/lifecycles/going-cost.ts';
import { machine } from '../../machine-fixtures.ts';

const [hostId, otherId] = ['host_00000000000000000001', 'host_00000000000000000002'] as const;
const atlas = machine(1, 'atlas', { hostId });
const found = (of: Partial<Machine>, ...states: WorkspaceState[]) =>
  idleMachine({ ...atlas, ...of }, [
    ...states.map((state) => ({ hostId, state })),
    { hostId: otherId, state: 'running' },
  ])?.name;

it.each<[Partial<Machine>, WorkspaceState[], string | undefined]>([
  [{}, ['stopped', 'failed', 'missing'], 'atlas'],
  [{}, [], 'atlas'],
  [{}, ['stopped', 'running'], undefined],
  [{}, ['stopped', 'paused'], undefined],
  [{}, ['starting'], undefined],
  [{}, ['unknown'], undefined],
  [{ life: 'asleep' }, ['stopped'], undefined],
  [{ end: { ...atlas.end, idleMinutes: 60 } }, ['stopped'], undefined],
  [{ end: { ...atlas.end, at: '2030-01-01T00:00:00.000Z' } }, ['stopped'], undefined],
])('%j with workspaces %j: %s', (of, states, expected) => expect(found(of, ...states)).toBe(expected));

it('is said with its price', () => {
  expect(goingCostWords({ name: 'atlas', hourlyUsd: 0.0179 })).toMatch(
    /^Its machine atlas goes on costing \$0\.018?.* and nothing ends that by itself\.$/,
  );
});
