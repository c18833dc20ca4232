/** When a snapshot can be taken, a workspace restored, moved, and a move decided: the rows' own predicates. */
import { describe, expect, it } from 'vitest';
import type { Operation } from '#contract/operations.ts';
import { settingsDefaults } from '#contract/settings.ts';
import type { RestoreUndo } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { features } from '#renderer/app.tsx';
import { snapshotWorkCommands, whyNoSnapshot } from '#renderer/features/snapshots/snapshot-work-commands.ts';
import { type AppState, isCommandEnabled, type Subject } from '#renderer/state/commands.ts';
import { buildKeymap } from '#renderer/state/keymap.ts';
import { createViewStore } from '#renderer/state/view-state.ts';
import { host, ready, workspace } from '../../scenes.ts';
import { workSnapshot } from '../../snapshot-work-scenes.ts';

const noStorage = { getItem: () => null, setItem: () => undefined };
const api = workspace(1, 'api-server', 1, 'running');

function stateOf(own: Workspace | null, more: Partial<AppState> = {}): AppState {
  const subject: Subject | null = own === null ? null : { kind: 'workspace', id: own.id };
  const known = own ?? api;
  return {
    about: null,
    connection: { phase: 'open' },
    settings: settingsDefaults,
    machines: new Map(),
    hosts: new Map([host(1, 'atlas', ready(1)), host(2, 'do-fra1', ready(1))].map((one) => [one.id, one])),
    projects: new Map(),
    workspaces: new Map([[known.id, known]]),
    terminals: new Map(),
    forwards: new Map(),
    operations: new Map(),
    hostLeases: new Map(),
    lifecycles: new Map(),
    snapshots: new Map(),
    restoreUndos: new Map(),
    view: createViewStore({ storage: noStorage, windowId: 'test' }).getState(),
    subject,
    ...more,
  };
}
const can = (id: string, state: AppState) => {
  const command = snapshotWorkCommands.find((row) => row.id === id);
  if (!command) throw new Error(`There is no row ${id}`);
  return isCommandEnabled(command, state);
};
const away = new Map([['host_00000000000000000001', host(1, 'atlas', { phase: 'disconnected' })]]);
const taking = {
  id: 'op_00000000000000000009',
  kind: 'snapshot.create',
  state: 'running',
  subject: { kind: 'workspace', id: api.id, name: 'api-server' },
} as unknown as Operation;

describe('taking a snapshot', () => {
  it('needs a workspace that can be read, and none that is being read', () => {
    expect(can('snapshot.take', stateOf(api))).toBe(true);
    expect(can('snapshot.take', stateOf({ ...api, state: 'stopped' }))).toBe(true);
    expect(can('snapshot.take', stateOf({ ...api, state: 'creating' }))).toBe(false);
    expect(can('snapshot.take', stateOf({ ...api, operationId: taking.id }))).toBe(false);
    expect(can('snapshot.take', stateOf(api, { operations: new Map([[taking.id, taking]]) }))).toBe(false);
    expect(can('snapshot.take', stateOf(api, { hosts: away }))).toBe(false);
  });

  it('can be begun without a workspace in front where there is one to choose', () => {
    expect(can('snapshot.take', stateOf(null))).toBe(true);
    expect(can('snapshot.create', stateOf(null))).toBe(true);
    expect(can('snapshot.take', stateOf(null, { workspaces: new Map() }))).toBe(false);
  });

  it('says why it cannot', () => {
    expect(whyNoSnapshot(api, stateOf(api, { hosts: new Map() }))).toBe('Its host was removed from Berth');
    expect(whyNoSnapshot(api, stateOf(api, { hosts: away }))).toBe('atlas: not connected');
    expect(whyNoSnapshot(api, stateOf(api))).toBeNull();
  });
});

it('restores where there is a snapshot of it, and goes back where a restore can be taken back', () => {
  const snapshots = new Map([['snap_1', workSnapshot(1, 60)]]);
  const undo = { id: api.id } as RestoreUndo;
  expect(can('workspace.restore', stateOf(api))).toBe(false);
  expect(can('workspace.restore', stateOf(api, { snapshots }))).toBe(true);
  expect(can('workspace.restore', stateOf(null, { snapshots }))).toBe(true);
  expect(can('workspace.undo-restore', stateOf(api))).toBe(false);
  const undos = { restoreUndos: new Map([[api.id as string, undo]]) };
  expect(can('workspace.undo-restore', stateOf(api, undos))).toBe(true);
  expect(can('workspace.end-undo', stateOf(api, { ...undos, hosts: away }))).toBe(false);
});

it('moves where there is another host, and decides a move only while both hosts answer', () => {
  expect(can('workspace.move', stateOf(api))).toBe(true);
  const one = new Map([['host_00000000000000000001', host(1, 'atlas', ready(1))]]);
  expect(can('workspace.move', stateOf(api, { hosts: one }))).toBe(false);
  const moved: Workspace = {
    ...api,
    move: {
      role: 'copy',
      otherId: 'ws_00000000000000000002',
      otherHostId: 'host_00000000000000000002',
      movedAt: '2026-11-25T10:00:00.000Z',
    },
  };
  expect(can('workspace.move', stateOf(moved))).toBe(false);
  for (const id of ['workspace.confirm-move', 'workspace.cancel-move']) {
    expect(can(id, stateOf(api))).toBe(false);
    expect(can(id, stateOf(moved))).toBe(true);
    expect(can(id, stateOf(moved, { hosts: one }))).toBe(false);
  }
});

it.each([
  ['darwin', false, 'Meta+Shift+S', 'Meta+Shift+S'],
  ['linux', false, 'Ctrl+Shift+S', 'Ctrl+Alt+Shift+S'],
  ['linux', true, 'Alt+Shift+S', null],
] as const)(
  'has its key on %s (browser: %s), and another in a terminal',
  (platform, isBrowser, plain, inTerminal) => {
    const rows = features.flatMap(({ commands = [] }) => commands);
    const keymap = buildKeymap(rows, { platform, isBrowser, changed: {} });
    expect(keymap.plain.get(plain)).toBe('snapshot.take');
    expect(keymap.plain.get(plain.replace(/S$/, 'R'))).toBe('workspace.restore');
    if (inTerminal === null) expect([...keymap.inTerminal.values()]).not.toContain('snapshot.take');
    else expect(keymap.inTerminal.get(inTerminal)).toBe('snapshot.take');
    const own = new Set(snapshotWorkCommands.map(({ id }) => id));
    expect(keymap.conflicts.flatMap(({ ids }) => ids).filter((id) => own.has(id))).toEqual([]);
  },
);
