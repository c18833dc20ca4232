/** The lines of a restore's dialog say each thing of the plan once, in the right direction, and nothing that is not so. */
import { describe, expect, it } from 'vitest';
import type { RestorePlan } from '#contract/snapshots.ts';
import {
  changeLines,
  endLines,
  hasNoDifference,
  keepLines,
  lostLines,
  spaceProblem,
  spaceWords,
} from '#renderer/features/snapshots/restore-words.ts';

const nowMs = Date.parse('2026-11-25T10:00:00.000Z');
const comparison = {
  added: 12,
  removed: 1,
  changed: 1234,
  addedBytes: 2048,
  removedBytes: 1024,
  isByContent: false,
  changes: [],
  isTruncated: false,
};
const plan: RestorePlan = {
  workspaceName: 'api-server',
  hostName: 'atlas',
  snapshotLabel: '“before the upgrade”',
  isRunning: true,
  openTerminals: 2,
  comparison,
  changesOutside: 41,
  mountPoint: '/home/dev',
  makesSafetySnapshot: true,
  needsBytes: 4096,
  freeBytes: 1024 ** 3,
  undoUntil: '2026-11-26T10:00:00.000Z',
};
const plain = (lines: readonly { what: string }[]) => lines.map(({ what }) => what.replaceAll('\u00a0', ' '));

describe('what changes', () => {
  it('counts from the files of now to those of the snapshot', () => {
    expect(plain(changeLines(plan))).toEqual([
      '1 file comes back',
      '12 files go: they are not in the snapshot',
      '1,234 files become what they were',
    ]);
    expect(changeLines(plan).map(({ detail }) => detail?.replace('\u00a0', ' '))).toEqual([
      '1.0 KiB',
      '2.0 KiB',
      undefined,
    ]);
  });

  it('leaves out what is none, and says when nothing differs or nothing is known', () => {
    const same = { ...plan, comparison: { ...comparison, added: 0, removed: 0, changed: 0 } };
    expect(changeLines(same)).toEqual([]);
    expect([hasNoDifference(same), hasNoDifference(plan)]).toEqual([true, false]);
    expect(plain(changeLines({ ...plan, comparison: null }))).toEqual(['What differs could not be read']);
    expect(hasNoDifference({ ...plan, comparison: null })).toBe(false);
  });
});

it('says what ends, only where something runs', () => {
  expect(plain(endLines(plan))).toEqual([
    'The programs that run in it',
    '2 open terminals with what runs in them.',
  ]);
  expect(plain(endLines({ ...plan, openTerminals: 0 }))).toEqual(['The programs that run in it']);
  expect(endLines({ ...plan, isRunning: false })).toEqual([]);
});

it('says what is lost outside the mount point, and when that is not known', () => {
  expect(plain(lostLines(plan))).toEqual(['41 files changed outside /home/dev']);
  expect(plain(lostLines({ ...plan, changesOutside: null }))[0]).toContain('not known');
  expect(lostLines({ ...plan, changesOutside: 0 })).toEqual([]);
});

it('says what stays and for how long', () => {
  expect(plain(keepLines(plan, { makesSafetySnapshot: true, nowMs }))).toEqual([
    'All files as they are now, for 24 hours',
    'A safety snapshot of the files as they are now',
  ]);
  expect(plain(keepLines(plan, { makesSafetySnapshot: false, nowMs }))).toHaveLength(1);
});

it('tells a disk that is too small from one that is not known', () => {
  expect(spaceProblem(plan)).toBeNull();
  expect(spaceProblem({ ...plan, freeBytes: null })).toBeNull();
  expect(spaceProblem({ ...plan, freeBytes: 4095 })).toContain('atlas');
  expect(spaceWords({ ...plan, freeBytes: null })).toContain('not known');
});
