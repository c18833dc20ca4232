import { describe, expect, it } from 'vitest';
import { settingsDefaults } from '#contract/settings.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import {
  destroyQuestion,
  firstOther,
  snapshotCommands,
} from '#renderer/features/snapshots/snapshot-commands.ts';
import { type AppState, isCommandEnabled, subjectFor } from '#renderer/state/commands.ts';
import { createViewStore } from '#renderer/state/view-state.ts';
import { host, ready, workspace } from '../../scenes.ts';
import { snapshot } from '../../snapshot-scenes.ts';

const noStorage = { getItem: () => null, setItem: () => undefined };

function stateOf(snapshots: readonly Snapshot[], more: Partial<AppState> = {}): AppState {
  const api = workspace(1, 'api-server', 1, 'running');
  return {
    about: null,
    connection: { phase: 'open' },
    settings: settingsDefaults,
    machines: new Map(),
    hosts: new Map([['host_00000000000000000001', host(1, 'atlas', ready(1))]]),
    projects: new Map(),
    workspaces: new Map([[api.id, api]]),
    terminals: new Map(),
    forwards: new Map(),
    operations: new Map(),
    hostLeases: new Map(),
    lifecycles: new Map(),
    restoreUndos: new Map(),
    snapshots: new Map(snapshots.map((one) => [one.id, one])),
    view: createViewStore({ storage: noStorage, windowId: 'test' }).getState(),
    subject: snapshots[0] ? { kind: 'snapshot', id: snapshots[0].id } : null,
    ...more,
  };
}
const enabled = (state: AppState) =>
  snapshotCommands
    .filter((command) => command.on === 'snapshot' && isCommandEnabled(command, state))
    .map(({ id }) => id.slice('snapshot.'.length));

describe('what can be done with a snapshot', () => {
  const everything = [
    'browse',
    'compare',
    'restore',
    'fork',
    'verify',
    'pin',
    'describe',
    'export',
    'destroy',
  ];
  const without = (...names: string[]) => everything.filter((name) => !names.includes(name));

  it('is everything while its host answers', () => {
    expect(enabled(stateOf([snapshot(1, 1)]))).toEqual(everything);
  });
  it('is not to delete it while it is pinned', () => {
    expect(enabled(stateOf([snapshot(1, 1, { isPinned: true })]))).toEqual(without('destroy'));
  });
  it('is not to restore it where its workspace was destroyed', () => {
    expect(enabled(stateOf([snapshot(1, 1)], { workspaces: new Map() }))).toEqual(without('restore'));
  });
  it('is to look at it while its host is away', () => {
    expect(enabled(stateOf([snapshot(1, 1, { isHostAway: true })]))).toEqual(['browse', 'compare']);
  });
  it('also what works on its workspace and host', () => {
    const state = stateOf([snapshot(1, 1)]);
    expect(subjectFor({ on: 'workspace' }, state)).toEqual({
      kind: 'workspace',
      id: 'ws_00000000000000000001',
    });
    expect(subjectFor({ on: 'host' }, state)).toEqual({ kind: 'host', id: 'host_00000000000000000001' });
    expect(subjectFor({ on: 'workspace' }, { ...state, workspaces: new Map() })).toBeNull();
  });
});

describe('comparing', () => {
  it('begins with the files now, else with the snapshot that was made next', () => {
    const [old, middle, fresh] = [snapshot(3, 9), snapshot(2, 5), snapshot(1, 1)] as const;
    const state = stateOf([old, middle, fresh]);
    expect(firstOther(middle, state)).toBeNull();
    const gone = { ...state, workspaces: new Map() };
    expect([firstOther(old, gone), firstOther(fresh, gone)]).toEqual([middle.id, middle.id]);
    expect(firstOther(fresh, stateOf([fresh], { workspaces: new Map() }))).toBeNull();
  });
});

describe('the question before deleting', () => {
  it('says what goes and what stays, and wants the name', () => {
    const own = snapshot(1, 1, { name: 'before' });
    const question = destroyQuestion(own, stateOf([own, snapshot(2, 2)]));
    expect(question.typeToConfirm).toBe('before');
    expect(question.keeps).toEqual([
      'The workspace api-server and the files that it has now',
      '1\u00a0other snapshot of it',
    ]);
    const last = destroyQuestion(own, stateOf([own], { workspaces: new Map() }));
    expect(last.deletes?.at(-1)).toContain('The last copy of the files');
    expect(last.keeps).toEqual([]);
  });
});
