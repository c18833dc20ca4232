/**
 * Where a window begins. With no host: three doors, and what this computer already knows. Later: the workspaces and
 * hosts that there are, and what runs now.
 */
import { ArrowRight, Container, Plus, Server, SquareTerminal } from 'lucide-react';
import type { Host } from '#contract/hosts.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatPercent } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page, Section } from '../../components/page.tsx';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import {
  useCommand,
  useHosts,
  useMachineOfHost,
  useMay,
  useOperations,
  useTerminals,
  useViewActions,
  useWorkspaces,
} from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { hostMark, workspaceMark } from '../../state/marks.ts';
import { isUnderWay, operationPart } from '../../state/operation-progress.ts';
import { FirstRun } from './first-run.tsx';
import { HomeParts } from './home-parts.tsx';
import { LastScreen } from './last-screen.tsx';

const SHOWN_WORKSPACES = 8;

export default function HomePage({ isVisible }: ViewProps<'home'>) {
  const hosts = useHosts();
  const mayAdd = useMay('hosts.write');
  if (hosts.status === 'loading')
    return (
      <Page title="Berth">
        <LoadingRows label="Loading" />
      </Page>
    );
  if (hosts.status === 'error' && hosts.error !== null)
    return (
      <Page title="Berth">
        <ErrorNote
          title="The hosts could not be read"
          error={hosts.error}
          actions={<Button onClick={hosts.retry}>Read again</Button>}
        />
      </Page>
    );
  if (hosts.items.length > 0) return <Overview isVisible={isVisible} />;
  return mayAdd ? <FirstRun isVisible={isVisible} /> : <NoHosts />;
}

/** For who may not add a host: what is missing, and who can help. */
function NoHosts() {
  return (
    <Page title="Home">
      <EmptyState icon={Server} title="There is no host yet">
        A host is a machine with Docker that workspaces run on. An owner of this Berth adds the first one.
      </EmptyState>
    </Page>
  );
}

function Overview({ isVisible }: { isVisible: boolean }) {
  const hosts = useHosts().items;
  const addHost = useCommand('host.add');
  const newWorkspace = useCommand('workspace.new');
  return (
    <Page
      title="Home"
      actions={
        <>
          {addHost.isShown && (
            <Button icon={Server} onClick={addHost.run}>
              Add host
            </Button>
          )}
          {newWorkspace.isShown && (
            <Button variant="primary" icon={Plus} onClick={newWorkspace.run}>
              New workspace
            </Button>
          )}
        </>
      }
    >
      <HomeParts />
      <RunningNow />
      <Workspaces isVisible={isVisible} />
      <Section title="Hosts">
        <div className="grid grid-cols-[repeat(auto-fill,minmax(240px,1fr))] gap-3">
          {hosts.map((host) => (
            <HostCard key={host.id} host={host} />
          ))}
        </div>
      </Section>
    </Page>
  );
}

function RunningNow() {
  const operations = useOperations().items.filter(isUnderWay);
  const view = useViewActions();
  if (operations.length === 0) return null;
  return (
    <Section title="Running now">
      <Card>
        <ul aria-label="Running now" className="m-0 list-none divide-y divide-line p-0">
          {operations.map((operation) => {
            const part = operationPart(operation);
            return (
              <li key={operation.id}>
                <button
                  type="button"
                  onClick={() => view.open({ type: 'operation', operationId: operation.id })}
                  className="focus-inset flex w-full items-center gap-4 px-3 py-2 text-left transition-colors hover:bg-hover"
                >
                  <span className="min-w-0 flex-1 truncate" dir="auto">
                    {operation.title}
                  </span>
                  <ProgressBar label={operation.title} value={part} isThin className="w-32" />
                  <span className="w-10 text-right text-meta text-muted tabular">
                    {part === null ? '' : formatPercent(part)}
                  </span>
                </button>
              </li>
            );
          })}
        </ul>
      </Card>
    </Section>
  );
}

/** Running ones first, then the newest. */
function byUse(a: Workspace, b: Workspace): number {
  const running = Number(b.state === 'running') - Number(a.state === 'running');
  return running !== 0 ? running : b.createdAt.localeCompare(a.createdAt);
}

function Workspaces({ isVisible }: { isVisible: boolean }) {
  const workspaces = useWorkspaces().items;
  const view = useViewActions();
  const create = useCommand('workspace.new');
  const shown = workspaces.toSorted(byUse).slice(0, SHOWN_WORKSPACES);
  return (
    <Section
      title="Workspaces"
      actions={
        workspaces.length > SHOWN_WORKSPACES && (
          <Button variant="quiet" onClick={() => view.open({ type: 'workspaces' })}>
            All {workspaces.length}
          </Button>
        )
      }
    >
      {shown.length === 0 ? (
        <Card className="flex flex-wrap items-center justify-between gap-3 p-4">
          <p className="text-muted">None yet. A workspace is a container with files that last.</p>
          {create.isShown && (
            <Button variant="primary" icon={Plus} onClick={create.run}>
              Make the first one
            </Button>
          )}
        </Card>
      ) : (
        <div className="grid grid-cols-[repeat(auto-fill,minmax(280px,1fr))] gap-3">
          {shown.map((workspace) => (
            <WorkspaceCard key={workspace.id} workspace={workspace} isVisible={isVisible} />
          ))}
        </div>
      )}
    </Section>
  );
}

function WorkspaceCard({ workspace, isVisible }: { workspace: Workspace; isVisible: boolean }) {
  const view = useViewActions();
  const host = useHosts().byId.get(workspace.hostId);
  const terminals = useTerminals().items.filter(
    (one) =>
      one.target.kind === 'workspace' &&
      one.target.workspaceId === workspace.id &&
      one.state.phase !== 'ended',
  );
  const open = useCommand('terminal.new-in-workspace', { kind: 'workspace', id: workspace.id });
  // A terminal that can be looked into can be typed into.
  const mayLook = useMay('terminals.write');
  const mark = workspaceMark(workspace, useMachineOfHost(workspace.hostId));
  const first = terminals[0];
  return (
    <Card className="flex flex-col transition-colors hover:border-line-control">
      <button
        type="button"
        onClick={() => view.open({ type: 'workspace', workspaceId: workspace.id })}
        className="focus-inset flex min-w-0 flex-col gap-1 rounded-md px-3 pt-3 pb-2 text-left"
      >
        <span className="flex items-center gap-2">
          <Container aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-muted" />
          <span className="min-w-0 flex-1 truncate font-medium" dir="auto">
            {workspace.name}
          </span>
          <StateMark signal={mark.signal} word={mark.word} />
        </span>
        <span className="truncate text-meta text-muted" dir="auto">
          {host?.name ?? 'a removed host'} · <span className="font-code">{workspace.image}</span>
        </span>
      </button>
      {first !== undefined && <LastScreen terminalId={first.id} isVisible={isVisible} />}
      <div className="mt-auto flex min-h-control items-center justify-between gap-2 pr-1 pb-2 pl-3">
        <span className="text-meta text-muted">
          {workspace.startedAt !== null && workspace.state === 'running' ? (
            <>
              started <RelativeTime at={workspace.startedAt} />
            </>
          ) : (
            <>
              made <RelativeTime at={workspace.createdAt} />
            </>
          )}
        </span>
        {first !== undefined && mayLook ? (
          <Button
            variant="quiet"
            icon={ArrowRight}
            onClick={() => view.open({ type: 'terminal', terminalId: first.id })}
          >
            Go to terminal
          </Button>
        ) : (
          open.isEnabled && (
            <Button variant="quiet" icon={SquareTerminal} onClick={open.run}>
              Open terminal
            </Button>
          )
        )}
      </div>
    </Card>
  );
}

function HostCard({ host }: { host: Host }) {
  const view = useViewActions();
  const mark = hostMark(host, useMachineOfHost(host.id));
  const count = useWorkspaces().items.filter((workspace) => workspace.hostId === host.id).length;
  return (
    <button
      type="button"
      onClick={() => view.open({ type: 'host', hostId: host.id })}
      className="flex min-w-0 flex-col gap-1 rounded-md border border-line bg-panel px-3 py-2.5 text-left transition-colors hover:border-line-control"
    >
      <span className="flex items-center gap-2">
        <Server aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-muted" />
        <span className="min-w-0 flex-1 truncate font-medium" dir="auto">
          {host.name}
        </span>
        <StateMark signal={mark.signal} word={mark.word} />
      </span>
      <span className="truncate text-meta text-muted">
        {count === 0 ? 'No workspaces' : count === 1 ? 'One workspace' : `${count} workspaces`}
        {host.facts?.operatingSystem ? ` · ${host.facts.operatingSystem}` : ''}
      </span>
    </button>
  );
}
