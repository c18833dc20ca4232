/** All forwards of all workspaces: state, from and to, traffic, last use. */
import { ArrowRightLeft, Plus } from 'lucide-react';
import { useState } from 'react';
import type { Forward } from '#contract/forwards.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Badge, StateMark } from '../../components/state-mark.tsx';
import { TextField } from '../../components/text-field.tsx';
import { ContextMenu } from '../../components/menu.tsx';
import {
  useApp,
  useCommand,
  useForwards,
  useKeymap,
  useViewActions,
  useWorkspace,
  useWorkspaces,
} from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { subjectEntries } from '../../state/subject-menu.ts';
import { ForwardAddress, ForwardMenu, ForwardProblem, ForwardTrafficWords } from './forward-parts.tsx';
import { computerWords, forwardMark, kindWords, targetWords } from './forward-words.ts';
import { sortedForwards } from './forwards-list.ts';

/** From so many on a person searches. */
const searchFrom = 6;
/** Rows at first and with each "Show more". */
const rowsAtOnce = 150;

export default function ForwardsPage(_props: ViewProps<'ports'>) {
  const forwards = useForwards();
  const workspaces = useWorkspaces();
  const make = useCommand('forward.new', null);
  const [text, setText] = useState('');
  const [limit, setLimit] = useState(rowsAtOnce);
  const fitting = sortedForwards(forwards.items, workspaces.byId, text);
  const button = make.isShown && (
    <Button
      variant="primary"
      icon={Plus}
      onClick={make.run}
      disabled={!make.isEnabled}
      reason="There is no workspace yet"
    >
      Forward a port…
    </Button>
  );
  return (
    <Page
      title="Ports"
      width="wide"
      lead="Ways into workspaces. Each keeps its address through sleep and reconnection, and none is published on a host."
      actions={forwards.items.length > 0 && button}
    >
      {forwards.status === 'loading' && <LoadingRows label="Loading the forwards" />}
      {forwards.status === 'error' && forwards.error !== null && (
        <ErrorNote
          title="The forwards could not be read"
          error={forwards.error}
          actions={<Button onClick={forwards.retry}>Read again</Button>}
        />
      )}
      {forwards.status === 'ready' && forwards.items.length === 0 && (
        <EmptyState icon={ArrowRightLeft} title="Nothing is forwarded yet" actions={button}>
          Open a port on the page of its workspace, or say here which one is wanted: it need not listen yet.
        </EmptyState>
      )}
      {forwards.items.length >= searchFrom && (
        <TextField
          label="Find forwards"
          isLabelHidden
          placeholder="Find by workspace, port, address, kind or state"
          value={text}
          onChange={setText}
          className="max-w-sm"
        />
      )}
      {text.trim() !== '' && (
        <p role="status" className="-mt-4 text-meta text-muted">
          {fitting.length === 0 ? 'No forward fits.' : `${fitting.length} of ${forwards.items.length}`}
        </p>
      )}
      {fitting.length > 0 && (
        <Card className="@container">
          <ul aria-label="Forwards" className="m-0 list-none divide-y divide-line p-0">
            {fitting.slice(0, limit).map((forward) => (
              <Row key={forward.id} forward={forward} />
            ))}
          </ul>
        </Card>
      )}
      {fitting.length > limit && (
        <Button variant="quiet" onClick={() => setLimit(limit + rowsAtOnce)} className="self-start">
          Show {Math.min(rowsAtOnce, fitting.length - limit)} more
        </Button>
      )}
    </Page>
  );
}

function Row({ forward }: { forward: Forward }) {
  const app = useApp();
  const keymap = useKeymap();
  const view = useViewActions();
  const workspace = useWorkspace(forward.workspaceId);
  const open = useCommand('app.open', { kind: 'forward', id: forward.id });
  const mark = forwardMark(forward);
  const names = {
    workspace: workspace?.name ?? 'a removed workspace',
    computer: computerWords(app.shell !== null),
  };
  return (
    <li>
      <ContextMenu entries={subjectEntries(app, keymap, { kind: 'forward', id: forward.id })}>
        <div className="grid grid-cols-[84px_minmax(0,1fr)_minmax(0,1.3fr)_220px_96px] items-center gap-x-4 gap-y-1 px-3 py-2 @max-[880px]:grid-cols-[84px_minmax(0,1fr)_96px]">
          <StateMark signal={mark.signal} word={mark.word} />
          <span className="flex min-w-0 flex-col">
            <span className="flex min-w-0 items-center gap-2">
              <span className="truncate font-medium" dir="auto">
                {forward.name === '' ? targetWords(forward, names) : forward.name}
              </span>
              {forward.isByRule && <Badge>by rule</Badge>}
            </span>
            <span className="flex min-w-0 gap-x-2 text-meta text-muted">
              <span className="shrink-0">
                {kindWords[forward.kind]}
                {forward.name !== '' && forward.port !== null && ` ${forward.port}`}
              </span>
              {workspace !== undefined && (
                <button
                  type="button"
                  onClick={() => view.open({ type: 'workspace', workspaceId: workspace.id })}
                  className="min-w-0 truncate rounded-sm text-left hover:text-accent hover:underline"
                  dir="auto"
                >
                  {workspace.name}
                </button>
              )}
            </span>
          </span>
          <span className="min-w-0 @max-[880px]:order-last @max-[880px]:col-span-2 @max-[880px]:col-start-2">
            <ForwardAddress forward={forward} />
          </span>
          <span className="flex min-w-0 flex-col text-meta text-muted @max-[880px]:order-last @max-[880px]:col-span-2 @max-[880px]:col-start-2">
            <ForwardTrafficWords forward={forward} />
            {forward.traffic.usedAt !== null && (
              <span>
                used <RelativeTime at={forward.traffic.usedAt} />
              </span>
            )}
          </span>
          <span className="flex items-center justify-end gap-1">
            {open.isEnabled && (
              <Button variant="quiet" onClick={open.run} aria-label={`Open ${targetWords(forward, names)}`}>
                Open
              </Button>
            )}
            <ForwardMenu forward={forward} />
          </span>
          {forward.problem !== null && (
            <span className="order-last col-span-full col-start-2">
              <ForwardProblem forward={forward} />
            </span>
          )}
        </div>
      </ContextMenu>
    </li>
  );
}
