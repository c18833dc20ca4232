/** Asks what a command is about that was run where there is no workspace, or none of its snapshots, in front. */
import { useRef, useState } from 'react';
import type { WorkspaceId } from '#contract/ids.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Select } from '../../components/select.tsx';
import { useAppState, useHosts, useSnapshots, useWorkspaces } from '../../state/app-context.tsx';
import { hostMark, workspaceMark } from '../../state/marks.ts';
import { ChoiceList } from '../../components/choice-list.tsx';
import { workspacesOf, newestFirst } from './snapshot-list.ts';
import { consistencyWords, dayAndTime, reasonWords } from './snapshot-words.ts';
import { whyNoSnapshot } from './snapshot-work-commands.ts';

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export function ChooseWorkspaceDialog(props: {
  readonly title: string;
  readonly onChoose: (workspace: Workspace) => void;
  readonly onClose: () => void;
}) {
  const { title, onChoose, onClose } = props;
  const first = useRef<HTMLElement>(null);
  const workspaces = useWorkspaces();
  const hosts = useHosts();
  const state = useAppState();
  const sorted = [...workspaces.items].sort((a, b) => byName.compare(a.name, b.name));
  const choices = sorted.map((workspace) => {
    const host = hosts.byId.get(workspace.hostId);
    return {
      id: workspace.id,
      title: workspace.name,
      detail: `${workspaceMark(workspace).word}, on ${host?.name ?? 'a removed host'}`,
      words: host?.name ?? '',
      reason: whyNoSnapshot(workspace, state),
    };
  });
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={title}
      initialFocus={first}
      footer={<Button onClick={onClose}>Cancel</Button>}
    >
      {workspaces.status === 'loading' && <LoadingRows label="Loading the workspaces" />}
      {workspaces.status === 'error' && workspaces.error !== null && (
        <ErrorNote
          title="The workspaces could not be read"
          error={workspaces.error}
          actions={<Button onClick={workspaces.retry}>Read again</Button>}
        />
      )}
      {workspaces.status === 'ready' && choices.length === 0 && (
        <p className="text-muted">There is no workspace yet.</p>
      )}
      {choices.length > 0 && (
        <ChoiceList
          label="Workspaces"
          choices={choices}
          first={first}
          onChoose={(id) => {
            const chosen = workspaces.byId.get(id);
            if (chosen) onChoose(chosen);
          }}
        />
      )}
    </Dialog>
  );
}

const everyWorkspace = 'all';

export function ChooseSnapshotDialog(props: {
  readonly workspaceId: WorkspaceId | null;
  readonly onChoose: (id: string) => void;
  readonly onClose: () => void;
}) {
  const { onChoose, onClose } = props;
  const first = useRef<HTMLElement>(null);
  const snapshots = useSnapshots();
  const workspaces = useWorkspaces();
  const hosts = useHosts();
  const present = workspacesOf(snapshots.items, workspaces.byId).filter(({ isGone }) => !isGone);
  const [workspaceId, setWorkspaceId] = useState<string>(props.workspaceId ?? everyWorkspace);
  const own = workspaces.byId.get(workspaceId);
  const names = own === undefined || present.some(({ id }) => id === own.id) ? present : [...present, own];
  const choices = snapshots.items
    .filter((snapshot) =>
      workspaceId === everyWorkspace
        ? workspaces.byId.has(snapshot.workspaceId)
        : snapshot.workspaceId === workspaceId,
    )
    .sort(newestFirst)
    .map((snapshot) => {
      const at = dayAndTime(snapshot.createdAt);
      const host = hosts.byId.get(snapshot.hostId);
      return {
        id: snapshot.id,
        title: snapshot.name === null ? at : `${snapshot.name}, ${at}`,
        detail: [
          ...(workspaceId === everyWorkspace ? [snapshot.workspaceName] : []),
          formatBytes(snapshot.sizeBytes),
          consistencyWords(snapshot).word,
          reasonWords[snapshot.reason],
          ...(snapshot.note === '' ? [] : [snapshot.note]),
        ].join(' · '),
        words: `${snapshot.note} ${snapshot.workspaceName}`,
        reason:
          snapshot.problem !== null
            ? 'It is damaged: its page says how'
            : snapshot.isHostAway
              ? `${host?.name ?? 'Its host'} is ${host === undefined ? 'not in Berth any more' : hostMark(host).word}`
              : null,
      };
    });
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="Restore which snapshot?"
      initialFocus={first}
      description="What would change is shown before anything does."
      footer={<Button onClick={onClose}>Cancel</Button>}
    >
      <div className="flex flex-col gap-3">
        {names.length > 1 && (
          <Select
            label="Workspace"
            value={workspaceId}
            onChange={setWorkspaceId}
            options={[
              { value: everyWorkspace, label: 'Every workspace' },
              ...names.map(({ id, name }) => ({ value: id, label: name })),
            ]}
          />
        )}
        {snapshots.status === 'loading' && <LoadingRows label="Loading the snapshots" />}
        {snapshots.status === 'error' && snapshots.error !== null && (
          <ErrorNote
            title="The snapshots could not be read"
            error={snapshots.error}
            actions={<Button onClick={snapshots.retry}>Read again</Button>}
          />
        )}
        {snapshots.status === 'ready' && choices.length === 0 && (
          <p className="text-muted">
            {own === undefined ? 'There is no snapshot yet.' : `There is no snapshot of ${own.name} yet.`}
          </p>
        )}
        {choices.length > 0 && (
          <ChoiceList label="Snapshots" choices={choices} first={first} onChoose={onChoose} />
        )}
      </div>
    </Dialog>
  );
}
