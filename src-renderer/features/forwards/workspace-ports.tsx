/** The ports of a workspace on its page: what listens in it, one click for each, and the forwards that lead there. */
import { ListChecks, Plus } from 'lucide-react';
import type { Forward } from '#contract/forwards.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Section } from '../../components/page.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { useApp, useCommand, useForwards, useWorkspacePorts } from '../../state/app-context.tsx';
import type { WorkspacePartProps } from '../../state/feature.ts';
import { ForwardAddress, ForwardMenu, ForwardProblem, ForwardTrafficWords } from './forward-parts.tsx';
import { computerWords, forwardMark, kindWords, targetWords } from './forward-words.ts';
import { PortRowView } from './port-row.tsx';
import { portRows } from './port-rows.ts';

export function WorkspacePortsPart({ workspace }: WorkspacePartProps) {
  const ports = useWorkspacePorts();
  const forwards = useForwards().items.filter(({ workspaceId }) => workspaceId === workspace.id);
  const subject = { kind: 'workspace', id: workspace.id } as const;
  const make = useCommand('forward.new', subject);
  const rules = useCommand('forward.rules', subject);
  const isRunning = workspace.state === 'running';
  const entry = ports.byId.get(workspace.id);
  const { rows, others } = portRows({
    listening: isRunning ? (entry?.ports ?? []) : [],
    apps: workspace.apps ?? [],
    forwards,
  });
  const isEmpty = rows.length === 0 && others.length === 0;
  if (isEmpty && !isRunning) return null;
  return (
    <Section
      title="Ports"
      actions={
        <>
          {rules.isShown && (
            <Button variant="quiet" icon={ListChecks} onClick={rules.run}>
              Rules…
            </Button>
          )}
          {make.isShown && (
            <Button icon={Plus} onClick={make.run}>
              Forward a port…
            </Button>
          )}
        </>
      }
    >
      {ports.status === 'error' && ports.error !== null && (
        <ErrorNote
          title="The ports could not be read"
          error={ports.error}
          actions={<Button onClick={ports.retry}>Read again</Button>}
        />
      )}
      {entry?.problem != null && isRunning && (
        <ErrorNote title="What listens cannot be seen now" error={entry.problem} />
      )}
      {isEmpty &&
        isRunning &&
        ports.status !== 'error' &&
        (entry === undefined ? (
          <LoadingRows label="Looking what listens" rows={1} />
        ) : (
          <p className="text-muted">
            Nothing listens in it. Start a server in a terminal, and its port is offered here. Nothing is ever
            published on the host.
          </p>
        ))}
      {!isEmpty && (
        <Card>
          <ul aria-label="Ports" className="m-0 list-none divide-y divide-line p-0">
            {rows.map((row) => (
              <li key={row.port} className="px-3 py-2">
                <PortRowView workspace={workspace} row={row} />
              </li>
            ))}
            {others.map((forward) => (
              <li key={forward.id} className="px-3 py-2">
                <OtherForward forward={forward} workspaceName={workspace.name} />
              </li>
            ))}
          </ul>
        </Card>
      )}
    </Section>
  );
}

/** A proxy, or a port that leads out of the workspace. */
function OtherForward({ forward, workspaceName }: { forward: Forward; workspaceName: string }) {
  const mark = forwardMark(forward);
  const computer = computerWords(useApp().shell !== null);
  return (
    <div className="flex min-w-0 items-center gap-3">
      <div className="flex min-w-0 flex-1 flex-col gap-0.5">
        <span className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-0.5">
          <span className="font-medium" dir="auto">
            {forward.name === '' ? kindWords[forward.kind] : forward.name}
          </span>
          <span className="text-meta text-muted">
            {targetWords(forward, { workspace: workspaceName, computer })}
          </span>
        </span>
        <span className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-0.5 text-meta text-muted">
          <StateMark signal={mark.signal} word={mark.word} />
          <ForwardAddress forward={forward} />
          <ForwardTrafficWords forward={forward} />
        </span>
        <ForwardProblem forward={forward} />
      </div>
      <ForwardMenu forward={forward} />
    </div>
  );
}
