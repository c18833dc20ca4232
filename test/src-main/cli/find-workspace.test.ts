import { describe, expect, it } from 'vitest';
import { localOwnerId } from '#contract/ids.ts';
import { CommandFailure } from '#main/cli/failure.ts';
import { type Known, pickHost, pickWorkspace } from '#main/cli/find-workspace.ts';
import { hostId, hostOf, snapshotOf, workspaceId, workspaceOf } from '#test/harness/command-plane.ts';

const hosts = [hostOf(1, { name: 'atlas' }), hostOf(2, { name: 'borg' })];
const known = (over: Partial<Known> = {}): Known => ({
  workspaces: [
    workspaceOf(1, { name: 'alpha' }),
    workspaceOf(2, { name: 'alpha', hostId: hostId(2) }),
    workspaceOf(3, { name: 'atlas/odd' }),
    workspaceOf(4, { name: workspaceId(1) }),
    workspaceOf(5, { name: "it's; $(rm -rf) `x`\n" }),
  ],
  hosts,
  snapshots: [snapshotOf(1, { workspaceId: workspaceId(9), workspaceName: 'gone' })],
  user: { id: localOwnerId, name: 'ada' },
  ...over,
});
const failure = (word: string, over?: Partial<Known>): string => {
  try {
    return pickWorkspace(word, known(over)).id;
  } catch (error) {
    expect(error).toBeInstanceOf(CommandFailure);
    return (error as Error).message;
  }
};

describe('which workspace is meant', () => {
  it.each([
    [workspaceId(2), 2],
    // An id is an id, whatever another one is called.
    [workspaceId(1), 1],
    ['atlas/alpha', 1],
    ['borg/alpha', 2],
    [`${hostId(2)}/alpha`, 2],
    // Slashes are welcome in names.
    ['atlas/odd', 3],
    ['atlas/atlas/odd', 3],
    ["it's; $(rm -rf) `x`\n", 5],
  ])('%j', (word, n) => {
    expect(pickWorkspace(word, known()).id).toBe(workspaceId(n));
  });

  it('lists the choices when there are several', () => {
    expect(failure('alpha')).toBe(
      [
        'Several workspaces are called "alpha". Say which:',
        `  atlas/alpha  (${workspaceId(1)})`,
        `  borg/alpha  (${workspaceId(2)})`,
      ].join('\n'),
    );
  });

  it('says where to look when there is none, and guesses nothing from a part of a name', () => {
    for (const word of ['alph', 'ALPHA', 'borg/odd', '', '*', workspaceId(8)])
      expect(failure(word)).toContain('berth workspace list');
  });

  it('takes a person who has exactly one, by name or id', () => {
    const one = { workspaces: [workspaceOf(1, { name: 'alpha' })] };
    expect(failure('ada', one)).toBe(workspaceId(1));
    expect(failure(localOwnerId, one)).toBe(workspaceId(1));
    expect(failure('ada')).toContain('ada has several workspaces. Name one of them:');
    expect(failure('ada', { workspaces: [] })).toBe('ada has no workspace yet.');
    // A workspace of that name comes first.
    expect(failure('ada', { workspaces: [workspaceOf(1), workspaceOf(2, { name: 'ada' })] })).toBe(
      workspaceId(2),
    );
  });

  it('means the copy of a move that waits, and its source only when that is named', () => {
    const movedAt = '2026-01-01T00:00:00.000Z';
    const source = { role: 'source' as const, otherId: workspaceId(2), otherHostId: hostId(2), movedAt };
    const copy = { role: 'copy' as const, otherId: workspaceId(1), otherHostId: hostId(1), movedAt };
    const workspaces = [
      workspaceOf(1, { name: 'alpha', move: source }),
      workspaceOf(2, { name: 'alpha', hostId: hostId(2), move: copy }),
    ];
    expect(failure('alpha', { workspaces })).toBe(workspaceId(2));
    expect(failure('ada', { workspaces })).toBe(workspaceId(2));
    expect(failure('atlas/alpha', { workspaces })).toBe(workspaceId(1));
    expect(failure('alpha', { workspaces: workspaces.slice(0, 1) })).toBe(workspaceId(1));
  });

  it('finds one that was destroyed by its snapshots', () => {
    expect(pickWorkspace('gone', known())).toMatchObject({ id: workspaceId(9), workspace: null });
    expect(pickWorkspace('atlas/gone', known()).id).toBe(workspaceId(9));
    const present = [workspaceOf(7, { name: 'gone' })];
    expect(failure('gone', { workspaces: present })).toBe(workspaceId(7));
  });

  it('finds hosts by name and id, and lists them otherwise', () => {
    expect(pickHost('borg', hosts).id).toBe(hostId(2));
    expect(pickHost(hostId(1), hosts).name).toBe('atlas');
    expect(() => pickHost('nope', hosts)).toThrow('These are there:\n  atlas\n  borg');
    expect(() => pickHost('nope', [])).toThrow('Add one');
  });
});
