/** The rows of the command table that work on snapshots, and those that make them of a workspace. */
import type { SnapshotId } from '#contract/ids.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import { formatBytes, formatCount } from '../../components/format.ts';
import type { AppState, Command, CommandContext } from '../../state/commands.ts';
import type { Confirmation } from '../../state/confirmations.ts';
import {
  openDescribe,
  openExport,
  openFork,
  openImport,
  openRestore,
  openRules,
} from './snapshot-dialogs.ts';
import { newestFirst } from './snapshot-list.ts';
import { dayAndTime, snapshotInWords, snapshotLabel } from './snapshot-words.ts';

function snapshotOf(state: AppState): Snapshot | undefined {
  return state.subject?.kind === 'snapshot' ? state.snapshots.get(state.subject.id) : undefined;
}

const isThere = (state: AppState) => snapshotOf(state) !== undefined;
/** What reads or writes it needs its host. */
const isReachable = (state: AppState) => snapshotOf(state)?.isHostAway === false;

/** A row that works on one snapshot. */
function onSnapshot(
  row: Omit<Command, 'menu' | 'on' | 'isEnabled' | 'run'> & {
    readonly isEnabled?: Command['isEnabled'];
    readonly act: (snapshot: Snapshot, context: CommandContext) => void | Promise<void>;
  },
): Command {
  const { act, isEnabled = isReachable, ...rest } = row;
  return {
    ...rest,
    menu: 'Snapshot',
    on: 'snapshot',
    isEnabled,
    run: (context) => {
      const snapshot = snapshotOf(context.state);
      return snapshot === undefined ? undefined : act(snapshot, context);
    },
  };
}

/** With what a snapshot is compared at first: the present files where there are any, else the one made next. */
export function firstOther(
  snapshot: Snapshot,
  state: Pick<AppState, 'snapshots' | 'workspaces'>,
): SnapshotId | null {
  if (state.workspaces.has(snapshot.workspaceId)) return null;
  const siblings = [...state.snapshots.values()]
    .filter(({ workspaceId, id }) => workspaceId === snapshot.workspaceId && id !== snapshot.id)
    .sort(newestFirst);
  const newer = siblings.findLast(({ createdAt }) => createdAt > snapshot.createdAt);
  return (newer ?? siblings[0])?.id ?? null;
}

/** What the question before deleting says: what goes for good, and what stays. */
export function destroyQuestion(snapshot: Snapshot, state: AppState): Confirmation {
  const others = [...state.snapshots.values()].filter(
    ({ workspaceId, id }) => workspaceId === snapshot.workspaceId && id !== snapshot.id,
  ).length;
  const workspace = state.workspaces.get(snapshot.workspaceId);
  return {
    title: `Delete the snapshot ${snapshot.name === null ? 'of ' : ''}${snapshotLabel(snapshot)}?`,
    body: `It was made of ${snapshot.workspaceName} on ${dayAndTime(snapshot.createdAt)}. This cannot be taken back.`,
    deletes: [
      `${formatCount(snapshot.entryCount, 'file or folder', 'files and folders')} as they were then: ${formatBytes(snapshot.contentBytes)}`,
      ...(snapshot.storage === 'archive'
        ? [`Its archive of ${formatBytes(snapshot.sizeBytes)} on the host`]
        : []),
      ...(workspace === undefined && others === 0
        ? [`The last copy of the files of ${snapshot.workspaceName}, which was destroyed`]
        : []),
    ],
    keeps: [
      ...(workspace === undefined ? [] : [`The workspace ${workspace.name} and the files that it has now`]),
      ...(others === 0 ? [] : [formatCount(others, 'other snapshot of it', 'other snapshots of it')]),
    ],
    action: 'Delete snapshot',
    isDangerous: true,
    typeToConfirm: snapshot.name ?? snapshot.workspaceName,
  };
}

/** Shows where the work that was begun can be looked at. */
function tellBegun(title: string, operationId: string, { notices, view, state }: CommandContext): void {
  notices.show({
    title,
    action: {
      label: 'Show',
      run: () => {
        const operation = state.operations.get(operationId);
        view.open(operation ? { type: 'operation', operationId: operation.id } : { type: 'operations' });
      },
    },
  });
}

export const snapshotCommands: readonly Command[] = [
  {
    id: 'go.snapshots',
    label: 'Show snapshots',
    menu: 'Go',
    group: 2,
    keywords: 'timeline backups archives',
    isEnabled: () => true,
    run: ({ view }) => view.open({ type: 'snapshots' }),
  },
  {
    id: 'snapshot.rules',
    scope: 'snapshots.write',
    label: 'Change snapshot rules',
    description: 'When snapshots of a workspace are made by themselves, and which of them stay.',
    menu: 'Workspace',
    group: 3,
    on: 'workspace',
    keywords: 'schedule keep retention cron',
    isEnabled: (state) => state.subject?.kind === 'workspace' && state.workspaces.has(state.subject.id),
    run: ({ subject }) => {
      if (subject?.kind === 'workspace') openRules(subject.id);
    },
  },
  {
    id: 'snapshot.import',
    scope: 'snapshots.write',
    label: 'Import a snapshot',
    description: 'Takes a .tar.zst from this computer to a host.',
    menu: 'Snapshot',
    group: 5,
    keywords: 'upload archive tar',
    isEnabled: (state) => [...state.hosts.values()].some((host) => host.state.phase === 'ready'),
    run: ({ state }) => openImport(state.subject?.kind === 'host' ? state.subject.id : null),
  },
  onSnapshot({
    id: 'snapshot.browse',
    label: 'Browse files',
    description: 'Shows the files and folders of a snapshot.',
    group: 1,
    isEnabled: isThere,
    act: ({ id }, { view }) => view.open({ type: 'snapshot', snapshotId: id }),
  }),
  onSnapshot({
    id: 'snapshot.compare',
    label: 'Compare…',
    description: 'Shows what differs from another snapshot, or from the files that the workspace has now.',
    group: 1,
    keywords: 'diff difference changes',
    isEnabled: isThere,
    act: (snapshot, { view, state }) =>
      view.open({
        type: 'snapshot-compare',
        snapshotId: snapshot.id,
        otherId: firstOther(snapshot, state),
      }),
  }),
  onSnapshot({
    id: 'snapshot.restore',
    scope: 'snapshots.write',
    label: 'Restore…',
    description: 'Gives the workspace the files of a snapshot. Says first what will change.',
    group: 2,
    keywords: 'go back rollback undo',
    isEnabled: (state) => isReachable(state) && state.workspaces.has(snapshotOf(state)?.workspaceId ?? ''),
    act: ({ id }) => openRestore(id),
  }),
  onSnapshot({
    id: 'snapshot.fork',
    scope: 'workspaces.write',
    label: 'New workspace from it…',
    description: 'Makes another workspace with the files of a snapshot.',
    group: 2,
    keywords: 'fork clone copy',
    act: ({ id }) => openFork(id),
  }),
  onSnapshot({
    id: 'snapshot.verify',
    scope: 'snapshots.write',
    label: 'Verify',
    description: 'Reads every byte of a snapshot and compares it with what was written.',
    group: 3,
    keywords: 'check damaged',
    act: async (snapshot, context) => {
      const operation = await context.client.call('snapshots.verify', { id: snapshot.id });
      tellBegun(`Verifying ${snapshotInWords(snapshot)}`, operation.id, context);
    },
  }),
  onSnapshot({
    id: 'snapshot.pin',
    scope: 'snapshots.write',
    label: (state) => (snapshotOf(state)?.isPinned ? 'Unpin' : 'Pin'),
    description: 'A pinned snapshot is never deleted by a rule.',
    group: 3,
    keywords: 'keep protect',
    act: async ({ id, isPinned }, { client }) => {
      await client.call('snapshots.change', { id, isPinned: !isPinned });
    },
  }),
  onSnapshot({
    id: 'snapshot.describe',
    scope: 'snapshots.write',
    label: 'Edit name and note',
    group: 3,
    keywords: 'rename comment',
    act: ({ id }) => openDescribe(id),
  }),
  onSnapshot({
    id: 'snapshot.export',
    label: 'Export…',
    description: 'Saves a whole snapshot as a .tar.zst on this computer.',
    group: 4,
    keywords: 'download archive tar',
    act: ({ id }) => openExport(id),
  }),
  onSnapshot({
    id: 'snapshot.destroy',
    scope: 'snapshots.write',
    label: (state) => (snapshotOf(state)?.isPinned ? 'Delete… (unpin it first)' : 'Delete…'),
    description: 'Deletes a snapshot for good.',
    group: 6,
    keywords: 'remove destroy',
    isDangerous: true,
    isEnabled: (state) => isReachable(state) && snapshotOf(state)?.isPinned === false,
    act: async (snapshot, { state, client, confirm }) => {
      if (await confirm(destroyQuestion(snapshot, state)))
        await client.call('snapshots.destroy', { ids: [snapshot.id] });
    },
  }),
];
