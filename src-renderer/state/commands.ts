/**
 * The command table's shape and its one runner. Every act that a person can start is a row: menus, the palette, buttons,
 * context menus and shortcuts read the same row. A feature exports an array of rows in its `feature.ts`; nothing
 * registers itself.
 *
 * A row that needs a scope is not there for who lacks it: a viewer sees no act that must fail.
 * `isEnabled` is pure over `AppState`; `run` does the act and may fail: the runner shows the failure.
 */
import type { About } from '#contract/about.ts';
import type { Forward } from '#contract/forwards.ts';
import type { Host } from '#contract/hosts.ts';
import type {
  ForwardId,
  HostId,
  MachineId,
  OperationId,
  ProjectId,
  SnapshotId,
  TerminalId,
  WorkspaceId,
} from '#contract/ids.ts';
import type { HostLease, Lifecycle } from '#contract/lifecycles.ts';
import type { Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import type { Project } from '#contract/projects.ts';
import type { Scope } from '#contract/scopes.ts';
import type { Settings } from '#contract/settings.ts';
import type { ShellBridge } from '#contract/shell.ts';
import type { RestoreUndo, Snapshot } from '#contract/snapshots.ts';
import type { Terminal } from '#contract/terminals.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { ConnectionState, PlaneClient } from './api.ts';
import type { Confirmations } from './confirmations.ts';
import type { Notices } from './notices.ts';
import type { ViewRef } from './view-ref.ts';
import { activeTab, type ViewActions, type ViewState } from './view-state.ts';

/** What a command works on: the row of a context menu, else the page in front. */
export type Subject =
  | { readonly kind: 'host'; readonly id: HostId }
  | { readonly kind: 'machine'; readonly id: MachineId }
  | { readonly kind: 'project'; readonly id: ProjectId }
  | { readonly kind: 'workspace'; readonly id: WorkspaceId }
  | { readonly kind: 'terminal'; readonly id: TerminalId }
  | { readonly kind: 'snapshot'; readonly id: SnapshotId }
  | { readonly kind: 'forward'; readonly id: ForwardId }
  | { readonly kind: 'operation'; readonly id: OperationId };

/** Everything that a command's predicate may look at. */
export interface AppState {
  readonly about: About | null;
  readonly connection: ConnectionState;
  readonly settings: Settings;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly projects: ReadonlyMap<string, Project>;
  readonly workspaces: ReadonlyMap<string, Workspace>;
  readonly terminals: ReadonlyMap<string, Terminal>;
  readonly forwards: ReadonlyMap<string, Forward>;
  readonly hostLeases: ReadonlyMap<string, HostLease>;
  /** By the id of the workspace. */
  readonly lifecycles: ReadonlyMap<string, Lifecycle>;
  readonly operations: ReadonlyMap<string, Operation>;
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  /** By the id of the workspace. */
  readonly restoreUndos: ReadonlyMap<string, RestoreUndo>;
  readonly view: ViewState;
  readonly subject: Subject | null;
}

/** The menus in their order. A menu without rows is not drawn. */
export const menuNames = [
  'Berth',
  'Host',
  'Machine',
  'Workspace',
  'Snapshot',
  'Terminal',
  'View',
  'Go',
  'Help',
] as const;
export type MenuName = (typeof menuNames)[number];

export interface CommandContext {
  /** As it is when the command runs, with the subject that it was run on. */
  readonly state: AppState;
  readonly subject: Subject | null;
  readonly client: PlaneClient;
  readonly view: ViewActions;
  readonly notices: Notices;
  readonly confirm: Confirmations['ask'];
  /** Ends this window's session and shows the sign-in page. Null in the desktop: nobody is signed in. */
  readonly signOut: (() => Promise<void>) | null;
  /** Asks the page's own `beforeClose`, then closes the tab. */
  readonly closeTab: (tabId: string) => Promise<void>;
  readonly runCommand: (id: string, subject?: Subject | null) => void;
  readonly shell: ShellBridge | null;
}

export interface Command {
  /** `noun.verb`, for ever: saved shortcuts name it. */
  readonly id: string;
  /** Sentence case, begins with a verb: "Stop workspace". */
  readonly label: string | ((state: AppState) => string);
  /** One sentence for the shortcuts page and the help. */
  readonly description?: string;
  readonly menu: MenuName;
  /** Rows with another group are set apart by a line. */
  readonly group: number;
  /** Other words by which the palette finds it. */
  readonly keywords?: string;
  readonly shortcut?: string;
  /** In the browser, where the first is the browser's own (Ctrl+T, Ctrl+W, Ctrl+Tab …). */
  readonly webShortcut?: string;
  /** What whoever runs it must be allowed to do; absent: everybody may. */
  readonly scope?: Scope;
  /** Works on one thing of this kind; its context menu shows the row. */
  readonly on?: Subject['kind'];
  /** For a row on machines: in the context menu of the host that the machine is, too. */
  readonly inHostMenu?: boolean;
  /** Works without one as well: it asks which, then. */
  readonly isSubjectOptional?: boolean;
  readonly isDangerous?: boolean;
  readonly isChecked?: (state: AppState) => boolean;
  /** Not in the desktop: it needs an address that others can open. */
  readonly isServedOnly?: boolean;
  /** Not in a browser: it is about what only the desktop's window can do. */
  readonly isDesktopOnly?: boolean;
  /** In the menu of the desktop's icon beside the clock, too. */
  readonly inTray?: boolean;
  /** True: neither the palette nor the menus show it; shortcuts and buttons do. */
  readonly isHidden?: boolean;
  readonly isEnabled: (state: AppState) => boolean;
  readonly run: (context: CommandContext) => void | Promise<void>;
}

export function commandLabel(command: Command, state: AppState): string {
  return typeof command.label === 'function' ? command.label(state) : command.label;
}

/** The machine that a host is, if it is one. */
export function machineOfHost(
  machines: ReadonlyMap<string, Machine>,
  hostId: string | undefined,
): Machine | undefined {
  if (hostId === undefined) return undefined;
  for (const machine of machines.values()) if (machine.hostId === hostId) return machine;
  return undefined;
}

/** The thing that a page shows, if a command can work on it. */
export function subjectOfView(ref: ViewRef | undefined): Subject | null {
  if (!ref) return null;
  if (ref.type === 'host') return { kind: 'host', id: ref.hostId };
  if (ref.type === 'machine') return { kind: 'machine', id: ref.machineId };
  if (ref.type === 'workspace' || ref.type === 'screen') return { kind: 'workspace', id: ref.workspaceId };
  if (ref.type === 'terminal') return { kind: 'terminal', id: ref.terminalId };
  if (ref.type === 'snapshot' || ref.type === 'snapshot-compare')
    return { kind: 'snapshot', id: ref.snapshotId };
  if (ref.type === 'app') return { kind: 'forward', id: ref.forwardId };
  if (ref.type === 'operation') return { kind: 'operation', id: ref.operationId };
  if (ref.type === 'files' || ref.type === 'file') return subjectOfPlace(ref.placeId);
  if (ref.type === 'project' && ref.projectId !== null) return { kind: 'project', id: ref.projectId };
  return null;
}

function subjectOfPlace(placeId: HostId | WorkspaceId): Subject {
  return isHostId(placeId) ? { kind: 'host', id: placeId } : { kind: 'workspace', id: placeId };
}

function isHostId(id: HostId | WorkspaceId): id is HostId {
  return id.startsWith('host_');
}

/**
 * The subject that a command takes: a command on workspaces also works from a terminal in one, from a snapshot of one or
 * from a forward to one, and a command on hosts from a workspace, a snapshot or a terminal there. A host that is a machine, and the machine, stand
 * for each other. Null: there is none.
 */
export function subjectFor(command: Pick<Command, 'on'>, state: AppState): Subject | null {
  const { subject } = state;
  if (command.on === undefined || subject === null) return null;
  if (subject.kind === command.on) return subject;
  if (command.on === 'machine') {
    // From a terminal or a workspace nobody means the machine below it.
    const machine = subject.kind === 'host' ? machineOfHost(state.machines, subject.id) : undefined;
    return machine === undefined ? null : { kind: 'machine', id: machine.id };
  }
  if (subject.kind === 'machine') {
    const hostId = state.machines.get(subject.id)?.hostId ?? null;
    return command.on === 'host' && hostId !== null && state.hosts.has(hostId)
      ? { kind: 'host', id: hostId }
      : null;
  }
  if (subject.kind === 'terminal') {
    const target = state.terminals.get(subject.id)?.target;
    if (!target) return null;
    if (target.kind === 'workspace') {
      if (command.on === 'workspace') return { kind: 'workspace', id: target.workspaceId };
      return subjectFor(command, { ...state, subject: { kind: 'workspace', id: target.workspaceId } });
    }
    return command.on === 'host' ? { kind: 'host', id: target.hostId } : null;
  }
  if (subject.kind === 'forward') {
    const workspaceId = state.forwards.get(subject.id)?.workspaceId;
    if (workspaceId === undefined || !state.workspaces.has(workspaceId)) return null;
    return subjectFor(command, { ...state, subject: { kind: 'workspace', id: workspaceId } });
  }
  if (subject.kind === 'snapshot') {
    const snapshot = state.snapshots.get(subject.id);
    if (!snapshot) return null;
    if (command.on === 'host') return { kind: 'host', id: snapshot.hostId };
    return command.on === 'workspace' && state.workspaces.has(snapshot.workspaceId)
      ? { kind: 'workspace', id: snapshot.workspaceId }
      : null;
  }
  if (subject.kind === 'workspace' && command.on === 'host') {
    const hostId = state.workspaces.get(subject.id)?.hostId;
    return hostId ? { kind: 'host', id: hostId } : null;
  }
  return null;
}

/** The state as the command sees it: with its own kind of subject. */
function stateFor(command: Command, state: AppState): AppState {
  return { ...state, subject: subjectFor(command, state) };
}

/** Until it is known who this is, everything is there: it is known a round trip after the window opened. */
export function isAllowed(scope: Scope | undefined, about: About | null): boolean {
  return scope === undefined || about === null || about.scopes.includes(scope);
}

/** Whether menus, the palette and pages show the row at all. */
export function isCommandShown(command: Command, state: Pick<AppState, 'about'>): boolean {
  return !command.isHidden && isAllowed(command.scope, state.about);
}

export function isCommandEnabled(command: Command, state: AppState): boolean {
  if (!isAllowed(command.scope, state.about)) return false;
  const own = stateFor(command, state);
  if (command.on !== undefined && own.subject === null && !command.isSubjectOptional) return false;
  return command.isEnabled(own);
}

/** State for a window's own use: the subject is the page in front. */
export function withFrontSubject(state: Omit<AppState, 'subject'>): AppState {
  return { ...state, subject: subjectOfView(activeTab(state.view)?.ref) };
}

/** Joins the features' arrays; two rows with one id are a mistake of ours, found at start. */
export function joinCommands(arrays: readonly (readonly Command[])[]): ReadonlyMap<string, Command> {
  const table = new Map<string, Command>();
  for (const command of arrays.flat()) {
    if (table.has(command.id)) throw new Error(`Two commands have the id ${command.id}`);
    table.set(command.id, command);
  }
  return table;
}

/** Runs a row if it is enabled; shows its failure. Resolves when the act has ended, either way. */
export async function runRow(command: Command, context: CommandContext): Promise<void> {
  const state = stateFor(command, context.state);
  if (!isCommandEnabled(command, context.state)) return;
  const label = commandLabel(command, state);
  try {
    await command.run({ ...context, state, subject: state.subject });
  } catch (cause) {
    context.notices.fail(`${label}: this did not work`, cause);
  }
}
