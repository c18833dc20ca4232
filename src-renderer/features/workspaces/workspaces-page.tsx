/** All workspaces, by host. */
import { Container, Plus } from 'lucide-react';
import { useState } from 'react';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { TextField } from '../../components/text-field.tsx';
import {
  useCommand,
  useHosts,
  useMachineOfHost,
  useViewActions,
  useWorkspaces,
} from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { hostMark, workspaceMark } from '../../state/marks.ts';
import { groupedWorkspaces, type HostGroup } from './workspaces-list.ts';

/** From so many on a person searches. */
const searchFrom = 8;
/** Rows at first and with each "Show more". */
const rowsAtOnce = 150;

export default function WorkspacesPage(_props: ViewProps<'workspaces'>) {
  const workspaces = useWorkspaces();
  const hosts = useHosts();
  const make = useCommand('workspace.new', null);
  const [text, setText] = useState('');
  const [limit, setLimit] = useState(rowsAtOnce);
  const groups = groupedWorkspaces(workspaces.items, hosts.byId, text);
  const count = groups.reduce((sum, group) => sum + group.workspaces.length, 0);
  return (
    <Page
      title="Workspaces"
      actions={
        make.isShown && (
          <Button variant="primary" icon={Plus} onClick={make.run}>
            New workspace
          </Button>
        )
      }
    >
      {workspaces.status === 'loading' && <LoadingRows label="Loading the workspaces" />}
      {workspaces.status === 'error' && workspaces.error !== null && (
        <ErrorNote
          title="The workspaces could not be read"
          error={workspaces.error}
          actions={<Button onClick={workspaces.retry}>Read again</Button>}
        />
      )}
      {workspaces.status === 'ready' && workspaces.items.length === 0 && (
        <EmptyState
          icon={Container}
          title="No workspaces yet"
          actions={make.isShown && <Button onClick={make.run}>New workspace</Button>}
        >
          A workspace is a container with files that last, on a host of yours. Terminals open in it.
        </EmptyState>
      )}
      {workspaces.items.length >= searchFrom && (
        <TextField
          label="Find workspaces"
          isLabelHidden
          placeholder="Find by name, image, host or state"
          value={text}
          onChange={setText}
          className="max-w-sm"
        />
      )}
      {text.trim() !== '' && (
        <p role="status" className="-mt-4 text-meta text-muted">
          {count === 0 ? 'No workspace fits.' : `${count} of ${workspaces.items.length}`}
        </p>
      )}
      {limited(groups, limit).map((group) => (
        <Group key={group.hostId} group={group} />
      ))}
      {count > limit && (
        <Button variant="quiet" onClick={() => setLimit(limit + rowsAtOnce)} className="self-start">
          Show {Math.min(rowsAtOnce, count - limit)} more
        </Button>
      )}
    </Page>
  );
}

/** The groups with at most so many workspaces in all. */
function limited(groups: readonly HostGroup[], limit: number): HostGroup[] {
  let left = limit;
  return groups.flatMap((group) => {
    if (left <= 0) return [];
    const workspaces = group.workspaces.slice(0, left);
    left -= workspaces.length;
    return [{ ...group, workspaces }];
  });
}

function Group({ group }: { group: HostGroup }) {
  const view = useViewActions();
  const { host } = group;
  const machine = useMachineOfHost(host?.id);
  const mark = host && hostMark(host, machine);
  return (
    <section className="flex flex-col gap-2">
      <h2 className="flex items-center gap-2">
        {host ? (
          <>
            <button
              type="button"
              onClick={() => view.open({ type: 'host', hostId: host.id })}
              className="min-w-0 truncate rounded-sm font-semibold hover:text-accent"
              dir="auto"
            >
              {host.name}
            </button>
            {mark && <StateMark signal={mark.signal} word={mark.word} className="text-meta" />}
          </>
        ) : (
          <span className="font-semibold text-muted">A removed host</span>
        )}
      </h2>
      <Card>
        <ul
          aria-label={`Workspaces on ${host?.name ?? 'a removed host'}`}
          className="m-0 list-none divide-y divide-line p-0"
        >
          {group.workspaces.map((workspace) => (
            <Row key={workspace.id} workspace={workspace} />
          ))}
        </ul>
      </Card>
    </section>
  );
}

function Row({ workspace }: { workspace: Workspace }) {
  const view = useViewActions();
  const mark = workspaceMark(workspace, useMachineOfHost(workspace.hostId));
  return (
    <li>
      <button
        type="button"
        onClick={() => view.open({ type: 'workspace', workspaceId: workspace.id })}
        className="focus-inset grid w-full grid-cols-[1fr_100px_140px] items-center gap-4 px-3 py-2 text-left transition-colors hover:bg-hover max-sm:grid-cols-[1fr_auto]"
      >
        <span className="flex min-w-0 flex-col">
          <span className="truncate font-medium" dir="auto">
            {workspace.name}
          </span>
          <span className="truncate font-code text-meta text-muted">{workspace.image}</span>
        </span>
        <StateMark signal={mark.signal} word={mark.word} />
        <span className="text-right text-meta text-muted max-sm:hidden">
          {workspace.state === 'running' && workspace.startedAt !== null && (
            <>
              started <RelativeTime at={workspace.startedAt} />
            </>
          )}
        </span>
      </button>
    </li>
  );
}
