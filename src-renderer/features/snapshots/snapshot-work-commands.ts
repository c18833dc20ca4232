/** The rows of the command table that make snapshots, take workspaces back to them, and move workspaces. */
import type { Workspace, WorkspaceState } from '#contract/workspaces.ts';
import { type AppState, type Command, subjectFor } from '../../state/commands.ts';
import { hostMark } from '../../state/marks.ts';
import { activeTab } from '../../state/view-state.ts';
import { openCreate, openRestore } from './snapshot-dialogs.ts';
import { newestFirst } from './snapshot-list.ts';
import { dayAndTime } from './snapshot-words.ts';
import { snapshotUnderWay } from './snapshot-progress.ts';
import { workDialogs } from './snapshot-work-dialogs.ts';
import { beginSnapshot } from './take-snapshot.ts';

function workspaceOf(state: AppState): Workspace | undefined {
  const subject = subjectFor({ on: 'workspace' }, state);
  return subject?.kind === 'workspace' ? state.workspaces.get(subject.id) : undefined;
}

const readable: readonly WorkspaceState[] = ['running', 'paused', 'stopped', 'failed'];

/** Why no snapshot of it can be taken now; null: one can. */
export function whyNoSnapshot(
  workspace: Workspace,
  state: Pick<AppState, 'hosts' | 'operations'>,
): string | null {
  const host = state.hosts.get(workspace.hostId);
  if (host === undefined) return 'Its host was removed from Berth';
  if (host.state.phase !== 'ready') return `${host.name}: ${hostMark(host).word}`;
  if (workspace.operationId !== null) return 'Something else is under way on it';
  if (snapshotUnderWay([...state.operations.values()], workspace)) return 'A snapshot of it is being taken';
  return readable.includes(workspace.state) ? null : `It is ${workspace.state}`;
}

/** Without a workspace in front they ask which; with one they need that it can be read. */
function canTake(state: AppState): boolean {
  const workspace = workspaceOf(state);
  if (workspace !== undefined) return whyNoSnapshot(workspace, state) === null;
  return [...state.workspaces.values()].some((each) => whyNoSnapshot(each, state) === null);
}

function isReady(state: AppState, hostId: string): boolean {
  return state.hosts.get(hostId)?.state.phase === 'ready';
}

function isFree(workspace: Workspace, state: AppState): boolean {
  return workspace.operationId === null && isReady(state, workspace.hostId);
}

const movable: readonly WorkspaceState[] = ['running', 'paused', 'stopped'];

/** Both workspaces of a move, from either; the source is named first. */
function moveOf(state: AppState) {
  const workspace = workspaceOf(state);
  if (workspace === undefined || workspace.move === null) return undefined;
  const { move } = workspace;
  const isSource = move.role === 'source';
  return {
    sourceId: isSource ? workspace.id : move.otherId,
    sourceHost: state.hosts.get(isSource ? workspace.hostId : move.otherHostId)?.name ?? 'a removed host',
    copyHost: state.hosts.get(isSource ? move.otherHostId : workspace.hostId)?.name ?? 'a removed host',
    workspace,
    movedAt: move.movedAt,
    isFree: isFree(workspace, state) && isReady(state, move.otherHostId),
  };
}

export const snapshotWorkCommands: readonly Command[] = [
  {
    id: 'snapshot.take',
    scope: 'snapshots.write',
    label: 'Take a snapshot',
    description:
      'Keeps the files of a workspace as they are now, by its rules. Asks which, if none is in front.',
    menu: 'Snapshot',
    group: 0,
    on: 'workspace',
    isSubjectOptional: true,
    keywords: 'backup save now make create',
    inTray: true,
    shortcut: 'Mod+Shift+S',
    webShortcut: 'Alt+Shift+S',
    isEnabled: canTake,
    run: async ({ state, client }) => {
      const workspace = workspaceOf(state);
      if (workspace === undefined) workDialogs.open({ kind: 'choose-workspace', for: 'now' });
      else await beginSnapshot(workspace, client);
    },
  },
  {
    id: 'snapshot.create',
    scope: 'snapshots.write',
    label: 'Take a snapshot with a note…',
    description: 'With a name, a note, and another way of reading than the rules say.',
    menu: 'Snapshot',
    group: 0,
    on: 'workspace',
    isSubjectOptional: true,
    keywords: 'backup save make create name pause live stop repository',
    isEnabled: canTake,
    run: ({ state }) => {
      const workspace = workspaceOf(state);
      if (workspace === undefined) workDialogs.open({ kind: 'choose-workspace', for: 'note' });
      else openCreate(workspace.id);
    },
  },
  {
    id: 'workspace.restore',
    scope: 'snapshots.write',
    label: 'Restore a snapshot…',
    description: 'Takes a workspace back to a snapshot. Says first what changes.',
    menu: 'Snapshot',
    group: 0,
    on: 'workspace',
    isSubjectOptional: true,
    keywords: 'go back rollback undo',
    shortcut: 'Mod+Shift+R',
    webShortcut: 'Alt+Shift+R',
    isEnabled: (state) => {
      const id = subjectFor({ on: 'workspace' }, state)?.id;
      return [...state.snapshots.values()].some(({ workspaceId }) =>
        id === undefined ? state.workspaces.has(workspaceId) : workspaceId === id,
      );
    },
    run: ({ state }) => {
      const front = activeTab(state.view)?.ref;
      const shown = front?.type === 'snapshot' ? state.snapshots.get(front.snapshotId) : undefined;
      const workspace = workspaceOf(state);
      if (shown !== undefined && shown.workspaceId === workspace?.id) return openRestore(shown.id);
      workDialogs.open({ kind: 'choose-snapshot', workspaceId: workspace?.id ?? null });
    },
  },
  {
    id: 'workspace.undo-restore',
    scope: 'snapshots.write',
    label: 'Go back to before the restore…',
    description: 'Gives the workspace the files that it had before it was restored.',
    menu: 'Snapshot',
    group: 1,
    on: 'workspace',
    keywords: 'undo restore',
    isEnabled: (state) => {
      const workspace = workspaceOf(state);
      return workspace !== undefined && state.restoreUndos.has(workspace.id) && isFree(workspace, state);
    },
    run: async ({ state, client, confirm }) => {
      const workspace = workspaceOf(state);
      const undo = state.restoreUndos.get(workspace?.id ?? '');
      if (workspace === undefined || undo === undefined) return;
      const isAgreed = await confirm({
        title: `Take ${workspace.name} back to before the restore?`,
        body: `It was restored to ${undo.snapshotLabel} on ${dayAndTime(undo.restoredAt)}. It is stopped and started again: what runs in it ends.`,
        deletes: [
          `Everything that changed in ${workspace.mountPoint} since then`,
          `What was installed outside ${workspace.mountPoint} since then`,
        ],
        keeps: ['The files as they were before the restore', 'Every snapshot'],
        action: 'Go back',
        isDangerous: true,
      });
      if (isAgreed) await client.call('snapshots.undoRestore', { workspaceId: workspace.id });
    },
  },
  {
    id: 'workspace.end-undo',
    scope: 'snapshots.write',
    label: 'Delete the files from before the restore…',
    description: 'Frees their space now. The restore cannot be taken back then.',
    menu: 'Snapshot',
    group: 1,
    on: 'workspace',
    isDangerous: true,
    isEnabled: (state) => {
      const workspace = workspaceOf(state);
      return workspace !== undefined && state.restoreUndos.has(workspace.id) && isFree(workspace, state);
    },
    run: async ({ state, client, confirm }) => {
      const workspace = workspaceOf(state);
      const undo = state.restoreUndos.get(workspace?.id ?? '');
      if (workspace === undefined || undo === undefined) return;
      const safety = [...state.snapshots.values()]
        .filter(({ workspaceId, reason }) => workspaceId === workspace.id && reason === 'safety')
        .sort(newestFirst)[0];
      const isAgreed = await confirm({
        title: `Delete the files of ${workspace.name} from before the restore?`,
        body: 'The restore cannot be taken back then.',
        deletes: [`The volume ${undo.volumeName} with the files from before ${dayAndTime(undo.restoredAt)}`],
        keeps: [
          'The files that the workspace has now',
          ...(safety === undefined ? [] : [`The safety snapshot of ${dayAndTime(safety.createdAt)}`]),
        ],
        action: 'Delete files',
        isDangerous: true,
        typeToConfirm: workspace.name,
      });
      if (isAgreed) await client.call('snapshots.endUndo', { workspaceId: workspace.id });
    },
  },
  {
    id: 'workspace.move',
    scope: 'workspaces.write',
    label: 'Move to another host…',
    description: 'Copies its files to another host and starts it there. Here it stays until you confirm.',
    menu: 'Workspace',
    group: 3,
    on: 'workspace',
    keywords: 'migrate transfer copy',
    isEnabled: (state) => {
      const workspace = workspaceOf(state);
      if (workspace === undefined || workspace.move !== null) return false;
      return state.hosts.size > 1 && movable.includes(workspace.state) && isFree(workspace, state);
    },
    run: ({ state }) => {
      const workspace = workspaceOf(state);
      if (workspace !== undefined) workDialogs.open({ kind: 'move', workspaceId: workspace.id });
    },
  },
  {
    id: 'workspace.confirm-move',
    scope: 'workspaces.write',
    label: 'Confirm the move: destroy the source…',
    description: 'Destroys what is left of a moved workspace on the host where it was.',
    menu: 'Workspace',
    group: 3,
    on: 'workspace',
    isDangerous: true,
    isEnabled: (state) => moveOf(state)?.isFree === true,
    run: async ({ state, client, confirm }) => {
      const move = moveOf(state);
      if (move === undefined) return;
      const { workspace, sourceId, sourceHost, copyHost } = move;
      const isAgreed = await confirm({
        title: `Destroy the source of ${workspace.name} on ${sourceHost}?`,
        body: `Its files were copied to ${copyHost} and checked on ${dayAndTime(move.movedAt)}. Look at the copy first: the move cannot be taken back then.`,
        deletes: [
          `The container and the volume on ${sourceHost}`,
          `What was changed outside ${workspace.mountPoint} there`,
        ],
        keeps: [`The workspace on ${copyHost}`, `Its snapshots on ${sourceHost}`],
        action: 'Destroy the source',
        isDangerous: true,
        typeToConfirm: workspace.name,
      });
      if (isAgreed) await client.call('workspaces.confirmMove', { id: sourceId });
    },
  },
  {
    id: 'workspace.cancel-move',
    scope: 'workspaces.write',
    label: 'Take the move back…',
    description: 'Destroys the copy of a moved workspace; the source goes on where it was.',
    menu: 'Workspace',
    group: 3,
    on: 'workspace',
    isDangerous: true,
    isEnabled: (state) => moveOf(state)?.isFree === true,
    run: async ({ state, client, confirm }) => {
      const move = moveOf(state);
      if (move === undefined) return;
      const { workspace, sourceId, sourceHost, copyHost } = move;
      const isAgreed = await confirm({
        title: `Take the move of ${workspace.name} back?`,
        body: `It goes on on ${sourceHost} with the files that it had when it was moved, on ${dayAndTime(move.movedAt)}.`,
        deletes: [
          `The copy on ${copyHost}: its container and its volume`,
          'Everything that was changed in the copy since the move',
        ],
        keeps: [`The workspace on ${sourceHost} with its files`, 'Every snapshot'],
        action: 'Take the move back',
        isDangerous: true,
        typeToConfirm: workspace.name,
      });
      if (isAgreed) await client.call('workspaces.cancelMove', { id: sourceId });
    },
  },
  {
    id: 'go.repositories',
    label: 'Show repositories',
    menu: 'Go',
    group: 2,
    keywords: 'restic backup s3 sftp snapshots places',
    isEnabled: () => true,
    run: ({ view }) => view.open({ type: 'repositories' }),
  },
  {
    id: 'repository.add',
    scope: 'snapshots.write',
    label: 'Add a repository…',
    description: 'A place for snapshots that outgrow one disk.',
    menu: 'Snapshot',
    group: 6,
    keywords: 'restic backup s3 sftp rest folder',
    isEnabled: (state) => state.hosts.size > 0,
    run: ({ state }) => {
      const host = subjectFor({ on: 'host' }, state);
      workDialogs.open({ kind: 'add-repository', hostId: host?.kind === 'host' ? host.id : null });
    },
  },
];
