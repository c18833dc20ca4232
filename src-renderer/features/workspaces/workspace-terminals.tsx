/** The terminals in a workspace: those that are open anywhere, and the way to one more. */
import { SquareTerminal, X } from 'lucide-react';
import type { Terminal } from '#contract/terminals.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { Card, Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import {
  useClient,
  useCommand,
  useConfirm,
  useMay,
  useNotices,
  useTerminals,
  useViewActions,
} from '../../state/app-context.tsx';
import { terminalMark, terminalTitle } from '../../state/marks.ts';

export function WorkspaceTerminals({ workspace }: { workspace: Workspace }) {
  const open = useCommand('terminal.new-in-workspace', { kind: 'workspace', id: workspace.id });
  const terminals = useTerminals().items.filter(
    ({ target }) => target.kind === 'workspace' && target.workspaceId === workspace.id,
  );
  if (terminals.length === 0 && workspace.state !== 'running') return null;
  return (
    <Section
      title="Terminals"
      actions={
        open.isShown && (
          <Button
            icon={SquareTerminal}
            onClick={open.run}
            disabled={!open.isEnabled}
            reason="The workspace is not running"
          >
            Open terminal
          </Button>
        )
      }
    >
      {terminals.length === 0 ? (
        <p className="text-muted">None is open. A new one begins in {workspace.mountPoint}.</p>
      ) : (
        <Card>
          <ul aria-label="Terminals" className="m-0 list-none divide-y divide-line p-0">
            {terminals.map((terminal) => (
              <Row key={terminal.id} terminal={terminal} />
            ))}
          </ul>
        </Card>
      )}
    </Section>
  );
}

function Row({ terminal }: { terminal: Terminal }) {
  const client = useClient();
  const view = useViewActions();
  const confirm = useConfirm();
  const notices = useNotices();
  const mayClose = useMay('terminals.write');
  const mark = terminalMark(terminal);
  const title = terminalTitle(terminal);
  const close = async () => {
    if (terminal.state.phase === 'live') {
      const isAgreed = await confirm({
        title: `Close ${title}?`,
        body: 'What runs in it ends.',
        action: 'Close terminal',
      });
      if (!isAgreed) return;
    }
    try {
      await client.call('terminals.close', { id: terminal.id });
    } catch (cause) {
      notices.fail(`${title} was not closed`, cause);
    }
  };
  return (
    <li className="flex items-center gap-1 pr-2 transition-colors hover:bg-hover">
      <button
        type="button"
        onClick={() => view.open({ type: 'terminal', terminalId: terminal.id })}
        className="focus-inset flex min-w-0 flex-1 items-center gap-3 px-3 py-1.5 text-left"
      >
        <SquareTerminal aria-hidden size={15} strokeWidth={1.75} className="shrink-0 text-muted" />
        <span className="min-w-0 flex-1 truncate" dir="auto">
          {title}
        </span>
        <StateMark signal={mark.signal} word={mark.word} className="text-meta" />
        <span className="w-24 shrink-0 text-right text-meta text-muted max-sm:hidden">
          <RelativeTime at={terminal.openedAt} />
        </span>
      </button>
      {mayClose && <IconButton label={`Close ${title}`} icon={X} size="small" onClick={() => void close()} />}
    </li>
  );
}
