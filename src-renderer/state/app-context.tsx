/**
 * The hooks through which components reach what the window holds: the mirror, the view state, the commands. One context;
 * stores inside it change, the value never does.
 */
import { type ComponentType, createContext, use, useMemo } from 'react';
import { useStore } from 'zustand';
import type { StoreApi } from 'zustand/vanilla';
import type { Host } from '#contract/hosts.ts';
import type { Scope } from '#contract/scopes.ts';
import { type Settings, settingsDefaults } from '#contract/settings.ts';
import type { ShellBridge } from '#contract/shell.ts';
import type { PlaneClient } from './api.ts';
import {
  type AppState,
  type Command,
  type CommandContext,
  isAllowed,
  isCommandEnabled,
  machineOfHost,
  runRow,
  type Subject,
  subjectOfView,
  withFrontSubject,
} from './commands.ts';
import type { Confirmations } from './confirmations.ts';
import type { HostPartProps, ViewDefinition, WorkspacePartProps } from './feature.ts';
import { buildKeymap, type Keymap } from './keymap.ts';
import type { CollectionState, Mirror, ValueState } from './mirror.ts';
import type { Notices } from './notices.ts';
import * as panes from './panes.ts';
import type { Screens } from './screens.ts';
import type { Platform } from './shortcut.ts';
import type { Unsaved } from './unsaved.ts';
import type { ViewActions, ViewState, ViewStore } from './view-state.ts';

export interface App {
  readonly client: PlaneClient;
  readonly mirror: Mirror;
  readonly view: ViewStore;
  readonly notices: Notices;
  readonly confirmations: Confirmations;
  readonly screens: Screens;
  readonly unsaved: Unsaved;
  readonly commands: ReadonlyMap<string, Command>;
  readonly views: ReadonlyMap<string, ViewDefinition>;
  /** What other features show on a workspace's page. */
  readonly workspaceBands: readonly ComponentType<WorkspacePartProps>[];
  readonly workspaceParts: readonly ComponentType<WorkspacePartProps>[];
  /** What other features show at the head of a host's page. */
  readonly hostBands: readonly ComponentType<HostPartProps>[];
  /** And what they show on it. */
  readonly hostParts: readonly ComponentType<HostPartProps>[];
  readonly homeParts: readonly ComponentType[];
  readonly shell: ShellBridge | null;
  readonly platform: Platform;
  /** See CommandContext. */
  readonly signOut: (() => Promise<void>) | null;
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = use(AppContext);
  if (!app) throw new Error('useApp needs an AppContext above it');
  return app;
}

export function useClient(): PlaneClient {
  return useApp().client;
}

export function useHosts(): CollectionState<Host> {
  return useStore(useApp().mirror.hosts);
}
export function useWorkspaces() {
  return useStore(useApp().mirror.workspaces);
}
export function useForwards() {
  return useStore(useApp().mirror.forwards);
}
export function useWorkspacePorts() {
  return useStore(useApp().mirror.workspacePorts);
}
export function useForwardRules() {
  return useStore(useApp().mirror.forwardRules);
}
export function useTerminals() {
  return useStore(useApp().mirror.terminals);
}
export function useShares() {
  return useStore(useApp().mirror.shares);
}
export function useProjects() {
  return useStore(useApp().mirror.projects);
}
export function useOperations() {
  return useStore(useApp().mirror.operations);
}
export function useCredentials() {
  return useStore(useApp().mirror.credentials);
}
export function useQuestions() {
  return useStore(useApp().mirror.questions);
}
export function useSecretStore() {
  return useStore(useApp().mirror.secretStore);
}
export function useSnapshots() {
  return useStore(useApp().mirror.snapshots);
}
export function useSnapshotHosts() {
  return useStore(useApp().mirror.snapshotHosts);
}
export function useRestoreUndos() {
  return useStore(useApp().mirror.restoreUndos);
}
export function useSnapshotRules() {
  return useStore(useApp().mirror.snapshotRules);
}
export function useRepositories() {
  return useStore(useApp().mirror.repositories);
}
export function useLifecycles() {
  return useStore(useApp().mirror.lifecycles);
}
export function useHostLeases() {
  return useStore(useApp().mirror.hostLeases);
}
export function useClouds() {
  return useStore(useApp().mirror.clouds);
}
export function useMachines() {
  return useStore(useApp().mirror.machines);
}
export function useFound() {
  return useStore(useApp().mirror.found);
}
export function useCosts() {
  return useStore(useApp().mirror.costs);
}
export function useAccount() {
  return useStore(useApp().mirror.account);
}
export function useApiKeys() {
  return useStore(useApp().mirror.apiKeys);
}
export function useUsers() {
  return useStore(useApp().mirror.users);
}
/** Whether whoever looks at this window may do what needs the scope; what they may not is not drawn. */
export function useMay(scope: Scope): boolean {
  return useStore(useApp().mirror.about, (state) => isAllowed(scope, state.value));
}
export function useAbout() {
  return useStore(useApp().mirror.about);
}
export function useConnection() {
  return useStore(useApp().mirror.connection);
}
/** Never waits: before the settings have arrived it gives the defaults. */
export function useSettings(): Settings {
  return useStore(useApp().mirror.settings, (state) => state.value ?? settingsDefaults);
}
export function useSettingsState(): ValueState<Settings> {
  return useStore(useApp().mirror.settings);
}

const find = <T,>(state: CollectionState<T>, id: string | null | undefined) =>
  id == null ? undefined : state.byId.get(id);

/** One item; renders again only when that item changed. Undefined: not loaded yet, or gone. */
export function useHost(id: string | null | undefined) {
  return useStore(useApp().mirror.hosts, (state) => find(state, id));
}
export function useCloud(id: string | null | undefined) {
  return useStore(useApp().mirror.clouds, (state) => find(state, id));
}
export function useMachine(id: string | null | undefined) {
  return useStore(useApp().mirror.machines, (state) => find(state, id));
}
/** The machine that a host is, if it is one. */
export function useMachineOfHost(hostId: string | undefined) {
  return useStore(useApp().mirror.machines, (state) => machineOfHost(state.byId, hostId));
}
export function useWorkspace(id: string | null | undefined) {
  return useStore(useApp().mirror.workspaces, (state) => find(state, id));
}
/** When a workspace ends by itself, by the workspace's id. */
export function useLifecycle(id: string | null | undefined) {
  return useStore(useApp().mirror.lifecycles, (state) => find(state, id));
}
export function useTerminal(id: string | null | undefined) {
  return useStore(useApp().mirror.terminals, (state) => find(state, id));
}
export function useForward(id: string | null | undefined) {
  return useStore(useApp().mirror.forwards, (state) => find(state, id));
}
export function useProject(id: string | null | undefined) {
  return useStore(useApp().mirror.projects, (state) => find(state, id));
}
export function useOperation(id: string | null | undefined) {
  return useStore(useApp().mirror.operations, (state) => find(state, id));
}

export function useSnapshot(id: string | null | undefined) {
  return useStore(useApp().mirror.snapshots, (state) => find(state, id));
}

export function useViewState<T>(select: (state: ViewState) => T): T {
  return useStore(useApp().view as StoreApi<ViewState>, select);
}
export function useViewActions(): ViewActions {
  return useApp().view.actions;
}
export function useNotices(): Notices {
  return useApp().notices;
}
export function useConfirm(): Confirmations['ask'] {
  return useApp().confirmations.ask;
}

/** The state that commands are judged by, now. */
export function readAppState(app: App): AppState {
  return withFrontSubject({
    about: app.mirror.about.getState().value,
    connection: app.mirror.connection.getState(),
    settings: app.mirror.settings.getState().value ?? settingsDefaults,
    hosts: app.mirror.hosts.getState().byId,
    machines: app.mirror.machines.getState().byId,
    projects: app.mirror.projects.getState().byId,
    workspaces: app.mirror.workspaces.getState().byId,
    terminals: app.mirror.terminals.getState().byId,
    forwards: app.mirror.forwards.getState().byId,
    snapshots: app.mirror.snapshots.getState().byId,
    restoreUndos: app.mirror.restoreUndos.getState().byId,
    hostLeases: app.mirror.hostLeases.getState().byId,
    lifecycles: app.mirror.lifecycles.getState().byId,
    operations: app.mirror.operations.getState().byId,
    view: app.view.getState(),
  });
}

/** As `readAppState`, live. Only for the few parts that judge many commands (menus, palette, tabs). */
export function useAppState(): AppState {
  const { mirror } = useApp();
  const about = useStore(mirror.about, (state) => state.value);
  const connection = useStore(mirror.connection);
  const settings = useSettings();
  const hosts = useStore(mirror.hosts, (state) => state.byId);
  const machines = useStore(mirror.machines, (state) => state.byId);
  const projects = useStore(mirror.projects, (state) => state.byId);
  const workspaces = useStore(mirror.workspaces, (state) => state.byId);
  const terminals = useStore(mirror.terminals, (state) => state.byId);
  const forwards = useStore(mirror.forwards, (state) => state.byId);
  const operations = useStore(mirror.operations, (state) => state.byId);
  const snapshots = useStore(mirror.snapshots, (state) => state.byId);
  const restoreUndos = useStore(mirror.restoreUndos, (state) => state.byId);
  const hostLeases = useStore(mirror.hostLeases, (state) => state.byId);
  const lifecycles = useStore(mirror.lifecycles, (state) => state.byId);
  const view = useViewState((state) => state);
  return useMemo(
    () =>
      withFrontSubject({
        about,
        connection,
        settings,
        hosts,
        machines,
        projects,
        workspaces,
        terminals,
        forwards,
        operations,
        snapshots,
        restoreUndos,
        hostLeases,
        lifecycles,
        view,
      }),
    [
      about,
      connection,
      settings,
      hosts,
      machines,
      projects,
      workspaces,
      terminals,
      forwards,
      operations,
      snapshots,
      restoreUndos,
      hostLeases,
      lifecycles,
      view,
    ],
  );
}

export function commandContext(app: App, subject?: Subject | null): CommandContext {
  const state = readAppState(app);
  const own = subject === undefined ? state : { ...state, subject };
  const context: CommandContext = {
    state: own,
    subject: own.subject,
    client: app.client,
    view: app.view.actions,
    notices: app.notices,
    confirm: app.confirmations.ask,
    shell: app.shell,
    signOut: app.signOut,
    runCommand: (id, other) => runCommand(app, id, other),
    closeTab: async (tabId) => {
      const tab = panes.findTab(app.view.getState().root, tabId);
      if (!tab) return;
      const definition = app.views.get(tab.ref.type);
      const closing = definition?.beforeClose?.(tab.ref, commandContext(app, subjectOfView(tab.ref)));
      if (closing !== undefined && !(await closing)) return;
      app.view.actions.close(tabId);
    },
  };
  return context;
}

/** Runs a row of the table; its failure becomes a notice. */
export function runCommand(app: App, id: string, subject?: Subject | null): void {
  const command = app.commands.get(id);
  if (!command) throw new Error(`No command has the id ${id}`);
  void runRow(command, commandContext(app, subject));
}

export interface CommandHandle {
  readonly command: Command;
  /** False: this person may not do it at all, so that no button should stand for it. */
  readonly isShown: boolean;
  readonly isEnabled: boolean;
  readonly run: () => void;
}

/** A row for a button: whether it can run now, on this subject, and what runs it. */
export function useCommand(id: string, subject?: Subject | null): CommandHandle {
  const app = useApp();
  const state = useAppState();
  const command = app.commands.get(id);
  if (!command) throw new Error(`No command has the id ${id}`);
  const own = subject === undefined ? state : { ...state, subject };
  return {
    command,
    isShown: isAllowed(command.scope, state.about),
    isEnabled: isCommandEnabled(command, own),
    run: () => runCommand(app, id, subject),
  };
}

export function useKeymap(): Keymap {
  const app = useApp();
  const changed = useSettings().shortcuts;
  return useMemo(
    () =>
      buildKeymap(app.commands.values(), {
        platform: app.platform,
        isBrowser: app.shell === null,
        changed,
      }),
    [app, changed],
  );
}
