import { describe, expect, it } from 'vitest';
import { labelOf, newestFirst, pickSnapshot } from '#main/cli/find-snapshot.ts';
import { hostId, snapshotId, snapshotOf, workspaceId } from '#test/harness/command-plane.ts';

const subject = { id: workspaceId(1), name: 'alpha', hostId: hostId(1), hostName: 'atlas', workspace: null };
const pick = (word: string, ...of: ReturnType<typeof snapshotOf>[]) => pickSnapshot(word, of, subject).id;

describe('which snapshot is meant', () => {
  it('goes by id, by name, and by being the newest', () => {
    const all = [snapshotOf(1), snapshotOf(3, { name: null }), snapshotOf(2)];
    expect(pick(snapshotId(3), ...all)).toBe(snapshotId(3));
    expect(pick('s2', ...all)).toBe(snapshotId(2));
    expect(pick('latest', ...all)).toBe(snapshotId(3));
    expect(() => pick('nope', ...all)).toThrow('has no snapshot "nope"');
    expect(() => pick('latest')).toThrow('has no snapshot yet');
  });

  it('does not take what a restore put aside for the newest, unless there is nothing else', () => {
    const safety = snapshotOf(5, { reason: 'safety' });
    expect(pick('latest', snapshotOf(1), safety)).toBe(snapshotId(1));
    expect(pick('latest', safety)).toBe(snapshotId(5));
    expect(pick('latest', snapshotOf(1), snapshotOf(4, { reason: 'schedule' }))).toBe(snapshotId(4));
  });

  it('never guesses between the newest and one that is called so', () => {
    const named = snapshotOf(1, { name: 'latest' });
    expect(() => pick('latest', named, snapshotOf(2))).toThrow('Say which');
    expect(pick('latest', named)).toBe(snapshotId(1));
  });

  it('lists those of one name', () => {
    expect(() => pick('x', snapshotOf(1, { name: 'x' }), snapshotOf(2, { name: 'x' }))).toThrow(
      /Several snapshots are called "x"[\s\S]*snap_0+1[\s\S]*snap_0+2/,
    );
  });

  it('orders equal instants always the same way', () => {
    const createdAt = '2026-01-01T00:00:00.000Z';
    const [a, b] = [snapshotOf(1, { createdAt }), snapshotOf(2, { createdAt })];
    expect(newestFirst([a, b])).toEqual(newestFirst([b, a]));
    expect(labelOf(snapshotOf(1, { name: null }))).toContain(snapshotId(1));
  });
});
