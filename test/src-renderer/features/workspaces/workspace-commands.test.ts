import { describe, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { AppDefinition } from '#contract/projects.ts';
import type { Workspace, WorkspaceState } from '#contract/workspaces.ts';
import { settingsDefaults } from '#contract/settings.ts';
import { workspaceCommands } from '#renderer/features/workspaces/workspace-commands.ts';
import { groupedWorkspaces } from '#renderer/features/workspaces/workspaces-list.ts';
import { type AppState, commandLabel } from '#renderer/state/commands.ts';
import { openableApps } from '#renderer/state/open-app.ts';
import { initialView } from '#renderer/state/view-state.ts';
import { host, ready, workspace } from '../../scenes.ts';

function stateWith(subject: Workspace, hosts: readonly Host[]): AppState {
  return {
    about: null,
    connection: { phase: 'open' },
    settings: settingsDefaults,
    machines: new Map(),
    hosts: new Map(hosts.map((each) => [each.id as string, each])),
    projects: new Map(),
    workspaces: new Map([[subject.id as string, subject]]),
    terminals: new Map(),
    forwards: new Map(),
    operations: new Map(),
    hostLeases: new Map(),
    lifecycles: new Map(),
    snapshots: new Map(),
    restoreUndos: new Map(),
    view: { ...initialView(), overlay: null, paletteText: '', isDrawerOpen: false, renamingId: null },
    subject: { kind: 'workspace', id: subject.id },
  };
}
const atlas = host(1, 'atlas', ready(1));

function enabled(subject: Workspace, hosts: readonly Host[] = [atlas]): string[] {
  const state = stateWith(subject, hosts);
  return workspaceCommands
    .filter((command) => command.on === 'workspace' && command.isEnabled(state))
    .map((command) => command.id.replace('workspace.', ''))
    .sort();
}

describe('what can be done with a workspace', () => {
  const cases: readonly (readonly [WorkspaceState, readonly string[]])[] = [
    ['running', ['change-password', 'destroy', 'rename', 'restart', 'stop']],
    ['stopped', ['change-password', 'destroy', 'rename', 'start']],
    ['failed', ['change-password', 'destroy', 'rename', 'restart', 'start']],
    ['paused', ['change-password', 'destroy', 'rename', 'restart', 'stop']],
    ['missing', ['destroy', 'forget', 'rename', 'start']],
  ];
  it.each(cases)('%s', (state, expected) => {
    expect(enabled(workspace(1, 'api', 1, state))).toEqual(expected);
  });

  it('its main app is opened while it runs, under the name that fits', () => {
    const apps: AppDefinition[] = [
      { name: 'Lab', port: 8888, protocol: 'http', path: '/', login: { how: 'none' }, isMain: false },
      { name: 'Screen', port: 5900, protocol: 'vnc', path: '/', login: { how: 'none' }, isMain: true },
      { name: 'Database', port: 5432, protocol: 'tcp', path: '/', login: { how: 'none' }, isMain: false },
    ];
    const desktop: Workspace = { ...workspace(1, 'browser', 1, 'running'), kind: 'desktop', apps };
    expect(enabled(desktop)).toContain('open-app');
    expect(enabled({ ...desktop, state: 'stopped' })).not.toContain('open-app');
    expect(enabled({ ...desktop, apps: apps.slice(2) })).not.toContain('open-app');
    const row = workspaceCommands.find(({ id }) => id === 'workspace.open-app')!;
    expect(commandLabel(row, stateWith(desktop, [atlas]))).toBe('Open desktop');
    expect(commandLabel(row, stateWith({ ...desktop, apps: apps.slice(0, 1) }, [atlas]))).toBe('Open Lab');
    expect(openableApps(desktop.apps).map(({ name }) => name)).toEqual(['Screen', 'Lab']);
  });

  it('nothing begins while an operation is under way on it', () => {
    const busy = { ...workspace(1, 'api', 1, 'running'), operationId: `op_${'0'.repeat(20)}` as const };
    expect(enabled(busy)).toEqual(['rename']);
  });
  it('nothing begins while its host is away', () => {
    const away = host(1, 'atlas', { phase: 'disconnected' });
    expect(enabled(workspace(1, 'api', 1, 'unknown'), [away])).toEqual([]);
  });
  it('one whose host was removed can only be forgotten', () => {
    expect(enabled(workspace(1, 'api', 1, 'unknown'), [])).toEqual(['forget']);
  });
});

describe('the list', () => {
  const hosts = new Map([atlas, host(2, 'Zebra', ready(1))].map((each) => [each.id as string, each]));
  const all = [
    workspace(1, 'b2', 2, 'running'),
    workspace(2, 'b10', 1, 'stopped'),
    workspace(3, 'b9', 1, 'running'),
    workspace(4, 'lost', 99, 'unknown'),
  ];
  const names = (text: string) =>
    groupedWorkspaces(all, hosts, text).map((group) => [
      group.host?.name,
      group.workspaces.map((w) => w.name),
    ]);

  it('stands by host, in the order of names and numbers; removed hosts last', () => {
    expect(names('')).toEqual([
      ['atlas', ['b9', 'b10']],
      ['Zebra', ['b2']],
      [undefined, ['lost']],
    ]);
  });
  it('finds by every word: name, image, host and state', () => {
    expect(names('ATLAS running')).toEqual([['atlas', ['b9']]]);
    expect(names('debian zebra')).toEqual([['Zebra', ['b2']]]);
    expect(names('nothing')).toEqual([]);
  });
});
