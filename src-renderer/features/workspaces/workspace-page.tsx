/** One workspace: its state in words, what is under way, terminals, resources, log, details. */
import { Ellipsis, Play, Square, SquareTerminal } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Host } from '#contract/hosts.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatDuration } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { LogView } from '../../components/log-view.tsx';
import { Menu } from '../../components/menu.tsx';
import { useNow } from '../../components/now.ts';
import { Page } from '../../components/page.tsx';
import { Badge, StateMark } from '../../components/state-mark.tsx';
import { Tabs } from '../../components/tabs.tsx';
import {
  useApp,
  useAppState,
  useCommand,
  useHost,
  useKeymap,
  useMachineOfHost,
  useOperation,
  useViewActions,
  useWorkspace,
  useWorkspaces,
} from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { workspaceMark } from '../../state/marks.ts';
import { isUnderWay } from '../../state/operation-progress.ts';
import { subjectEntries } from '../../state/subject-menu.ts';
import { useWorkspaceLog } from './use-workspace-log.ts';
import { OpenButtons } from './workspace-apps.tsx';
import { WorkspaceDetails } from './workspace-details.tsx';
import { WorkspaceNotes } from './workspace-notes.tsx';
import { WorkspaceOperation } from './workspace-operation.tsx';
import { WorkspacePassword } from './workspace-password.tsx';
import { WorkspaceResources } from './workspace-resources.tsx';
import { WorkspaceTerminals } from './workspace-terminals.tsx';

export default function WorkspacePage({ view, tabId, isVisible }: ViewProps<'workspace'>) {
  const workspace = useWorkspace(view.workspaceId);
  const { status, error, retry } = useWorkspaces();
  if (workspace !== undefined) return <Loaded workspace={workspace} tabId={tabId} isVisible={isVisible} />;
  return (
    <Page title="Workspace">
      {status === 'error' && error !== null ? (
        <ErrorNote
          title="The workspace could not be read"
          error={error}
          actions={<Button onClick={retry}>Read again</Button>}
        />
      ) : (
        <LoadingRows label="Loading the workspace" />
      )}
    </Page>
  );
}

type Part = 'overview' | 'log' | 'details';

/** Why the overview has no terminals and no readings, where it has none. */
function NothingToShow({ workspace }: { workspace: Workspace }) {
  const text = overviewWords(workspace);
  return text === null ? null : <p className="text-muted">{text}</p>;
}

function overviewWords({ state, mountPoint }: Workspace): string | null {
  switch (state) {
    case 'running':
      return null;
    case 'stopped':
    case 'failed':
      return `Nothing runs. The files in ${mountPoint} are kept on the host.`;
    case 'paused':
      return 'No terminal can be opened, and nothing is measured, while it is paused.';
    case 'missing':
    case 'unknown':
    case 'creating':
    case 'starting':
      return 'Terminals and resources are shown here once it runs.';
    case 'stopping':
    case 'destroying':
      return 'What runs in it is being ended.';
    default:
      return state satisfies never;
  }
}

function Loaded(props: { workspace: Workspace; tabId: string; isVisible: boolean }) {
  const { workspace, tabId, isVisible } = props;
  const view = useViewActions();
  const host = useHost(workspace.hostId);
  const operation = useOperation(workspace.operationId);
  const [part, setPart] = useState<Part>('overview');
  const { workspaceBands, workspaceParts } = useApp();
  const isRunning = operation !== undefined && isUnderWay(operation);
  // Frozen for a snapshot: Berth paused it and lets it go on.
  const isSnapshot = isRunning && operation.kind === 'snapshot.create';

  // A workspace whose making fails is taken back whole: the operation is what there is to look at then.
  const isTakenBack = operation?.kind === 'workspace.create' && operation.state === 'undoing';
  const operationId = operation?.id;
  useEffect(() => {
    if (isTakenBack && operationId !== undefined) view.replace(tabId, { type: 'operation', operationId });
  }, [isTakenBack, operationId, tabId, view]);

  return (
    <Page
      title={workspace.name}
      lead={<Lead workspace={workspace} host={host} isFrozen={isSnapshot} isVisible={isVisible} />}
      actions={<Verbs workspace={workspace} />}
    >
      <WorkspaceNotes workspace={workspace} host={host} isFrozen={isSnapshot} />
      {workspaceBands.map((Band) => (
        <Band key={Band.name} workspace={workspace} isVisible={isVisible} />
      ))}
      {isRunning && !isSnapshot && <WorkspaceOperation operation={operation} isVisible={isVisible} />}
      <Tabs
        label="Parts of the workspace"
        value={part}
        onChange={setPart}
        items={[
          {
            value: 'overview',
            label: 'Overview',
            content: (
              <div className="flex flex-col gap-6">
                <WorkspaceTerminals workspace={workspace} />
                {workspaceParts.map((Part) => (
                  <Part key={Part.name} workspace={workspace} isVisible={isVisible && part === 'overview'} />
                ))}
                <WorkspacePassword workspace={workspace} isOn={isVisible && part === 'overview'} />
                <WorkspaceResources workspace={workspace} isOn={isVisible && part === 'overview'} />
                <NothingToShow workspace={workspace} />
              </div>
            ),
          },
          {
            value: 'log',
            label: 'Log',
            content: <Log workspace={workspace} isOn={isVisible && part === 'log'} />,
          },
          { value: 'details', label: 'Details', content: <WorkspaceDetails workspace={workspace} /> },
        ]}
      />
    </Page>
  );
}

function Lead(props: {
  workspace: Workspace;
  host: Host | undefined;
  isFrozen: boolean;
  isVisible: boolean;
}) {
  const { workspace, host, isFrozen, isVisible } = props;
  const view = useViewActions();
  const machine = useMachineOfHost(workspace.hostId);
  const mark =
    isFrozen && workspace.state === 'paused'
      ? ({ signal: 'busy', word: 'stands still for a snapshot' } as const)
      : workspaceMark(workspace, machine);
  const isUp = workspace.state === 'running' && workspace.startedAt !== null;
  const nowMs = useNow(isUp && isVisible);
  return (
    <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
      <StateMark signal={mark.signal} word={mark.word} />
      <span className="font-code text-[0.96em] wrap-anywhere">{workspace.image}</span>
      {host === undefined ? (
        <span>on a removed host</span>
      ) : (
        <span className="min-w-0">
          on{' '}
          <button
            type="button"
            onClick={() => view.open({ type: 'host', hostId: host.id })}
            className="rounded-sm text-accent wrap-anywhere hover:underline"
            dir="auto"
          >
            {host.name}
          </button>
        </span>
      )}
      {isUp && workspace.startedAt !== null && (
        <span className="tabular" title={`Since ${new Date(workspace.startedAt).toLocaleString()}`}>
          up {formatDuration(nowMs - Date.parse(workspace.startedAt))}
        </span>
      )}
      {workspace.isAdopted && <Badge>found on its host</Badge>}
    </span>
  );
}

/** The verbs that matter in its state; the rest is in the menu. */
function Verbs({ workspace }: { workspace: Workspace }) {
  const app = useApp();
  const keymap = useKeymap();
  // The menu's rows are judged anew when anything changes that they look at.
  useAppState();
  const subject = { kind: 'workspace', id: workspace.id } as const;
  const terminal = useCommand('terminal.new-in-workspace', subject);
  const start = useCommand('workspace.start', subject);
  const stop = useCommand('workspace.stop', subject);
  const hasApps = useCommand('workspace.open-app', subject).isEnabled;
  return (
    <>
      {stop.isEnabled && (
        <Button icon={Square} onClick={stop.run}>
          Stop
        </Button>
      )}
      {start.isEnabled && workspace.state === 'stopped' && (
        <Button variant="primary" icon={Play} onClick={start.run}>
          Start
        </Button>
      )}
      {terminal.isEnabled && (
        <Button variant={hasApps ? 'secondary' : 'primary'} icon={SquareTerminal} onClick={terminal.run}>
          Open terminal
        </Button>
      )}
      <OpenButtons workspace={workspace} />
      <Menu
        align="end"
        trigger={<IconButton label="More acts" icon={Ellipsis} />}
        entries={subjectEntries(app, keymap, subject)}
      />
    </>
  );
}

function Log({ workspace, isOn }: { workspace: Workspace; isOn: boolean }) {
  const log = useWorkspaceLog(workspace.id, isOn, `${workspace.containerId} ${workspace.startedAt}`);
  return (
    <div className="flex flex-col gap-3">
      {log.error !== null && <ErrorNote title="The log could not be read" error={log.error} />}
      <LogView
        label="Log"
        lines={log.lines}
        droppedLines={log.droppedLines}
        emptyText={
          log.phase === 'reading'
            ? 'Its first process has written nothing. What runs in terminals is not in this log.'
            : 'Nothing was written.'
        }
      />
      {log.phase === 'ended' && <p className="text-meta text-muted">The log ends here.</p>}
    </div>
  );
}
