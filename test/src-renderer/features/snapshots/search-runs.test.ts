import { describe, expect, it } from 'vitest';
import { foundRuns } from '#renderer/features/snapshots/search-runs.ts';
import { entry, snapshot } from '../../snapshot-scenes.ts';

const snapshots = [
  snapshot(1, 1),
  snapshot(2, 2),
  snapshot(3, 3),
  snapshot(4, 4),
  snapshot(5, 2.5, { workspaceId: 'ws_00000000000000000009', workspaceName: 'other' }),
];
const byId = new Map(snapshots.map((one) => [one.id as string, one]));
const found = (n: number, sha256: string | null, more: object = {}) => ({
  snapshotId: snapshots[n - 1]!.id,
  entry: entry('notes.txt', { sha256, ...more }),
});
const told = (groups: ReturnType<typeof foundRuns>) =>
  groups.map(({ workspaceName, runs }) => [
    workspaceName,
    ...runs.map((run) => `${run.snapshot.id.at(-1)}-${run.since.id.at(-1)} ×${run.count}`),
  ]);

describe('the snapshots that have a file', () => {
  it('are joined while its content is equal, apart for each workspace', () => {
    const hit = {
      path: 'notes.txt',
      found: [found(1, 'a'), found(2, 'a'), found(5, 'a'), found(3, 'b'), found(4, 'a')],
    };
    expect(told(foundRuns(hit, byId))).toEqual([
      ['api-server', '1-2 ×2', '3-3 ×1', '4-4 ×1'],
      ['other', '5-5 ×1'],
    ]);
  });

  it('are joined by size and time where nobody knows the content', () => {
    const hit = { path: 'x', found: [found(1, null), found(2, null), found(3, null, { sizeBytes: 1 })] };
    expect(told(foundRuns(hit, byId))).toEqual([['api-server', '1-2 ×2', '3-3 ×1']]);
  });

  it('leave out what was deleted meanwhile', () => {
    expect(foundRuns({ path: 'x', found: [found(1, 'a')] }, new Map())).toEqual([]);
  });
});
