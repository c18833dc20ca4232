/** The rows of the command table that work on files. */
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import type { AppState, Command } from '../../state/commands.ts';
import { activeTab } from '../../state/view-state.ts';
import { openDocuments } from './open-documents.ts';

function documentInFront(state: AppState) {
  const ref = activeTab(state.view)?.ref;
  return ref?.type === 'file' ? openDocuments.get(ref) : undefined;
}

function isReachable(state: AppState, hostId: string | undefined): boolean {
  return hostId !== undefined && state.hosts.get(hostId)?.state.phase === 'ready';
}

export const fileCommands: readonly Command[] = [
  {
    id: 'files.open',
    label: 'Browse files',
    description: 'Shows the files of the workspace: upload, download, edit.',
    menu: 'Workspace',
    group: 1,
    on: 'workspace',
    keywords: 'folder upload download explorer sftp',
    isEnabled: (state) =>
      state.subject?.kind === 'workspace' &&
      isReachable(state, state.workspaces.get(state.subject.id)?.hostId),
    run: ({ subject, view }) => {
      if (subject?.kind === 'workspace') openFiles(view, subject.id);
    },
  },
  {
    id: 'files.open-host',
    scope: 'hosts.write',
    label: 'Browse files of the host',
    description: 'Shows the files of the host as Berth’s login there sees them.',
    menu: 'Host',
    group: 1,
    on: 'host',
    keywords: 'folder upload download explorer sftp',
    isEnabled: (state) => state.subject?.kind === 'host' && isReachable(state, state.subject.id),
    run: ({ subject, view }) => {
      if (subject?.kind === 'host') openFiles(view, subject.id);
    },
  },
  {
    id: 'file.save',
    label: 'Save file',
    description: 'Saves the text in front.',
    menu: 'View',
    group: 6,
    shortcut: 'Mod+S',
    isEnabled: (state) => documentInFront(state) !== undefined,
    run: async ({ state }) => {
      await documentInFront(state)?.save();
    },
  },
];

function openFiles(
  view: { open: (ref: { type: 'files'; placeId: HostId | WorkspaceId; path: null }) => void },
  placeId: HostId | WorkspaceId,
) {
  view.open({ type: 'files', placeId, path: null });
}
