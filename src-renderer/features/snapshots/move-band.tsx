/** After a move, on both workspaces: which of the two this is, and the two ways on. */
import { Truck } from 'lucide-react';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { useCommand, useHost, useViewActions } from '../../state/app-context.tsx';
import { Band } from './band.tsx';

export function MoveBand({ workspace }: { workspace: Workspace }) {
  return workspace.move === null ? null : <Moved workspace={workspace} move={workspace.move} />;
}

function Moved({ workspace, move }: { workspace: Workspace; move: NonNullable<Workspace['move']> }) {
  const subject = { kind: 'workspace', id: workspace.id } as const;
  const confirm = useCommand('workspace.confirm-move', subject);
  const cancel = useCommand('workspace.cancel-move', subject);
  const view = useViewActions();
  const other = useHost(move.otherHostId)?.name ?? 'a removed host';
  const isSource = move.role === 'source';
  const reason = 'One of the two hosts is away, or something is under way';
  return (
    <Band
      icon={Truck}
      title={
        <>
          {isSource ? 'Moved to' : 'Moved here from'} <bdi>{other}</bdi> <RelativeTime at={move.movedAt} />
        </>
      }
      actions={
        <>
          {confirm.isShown && (
            <Button onClick={confirm.run} disabled={!confirm.isEnabled} reason={reason}>
              Confirm: destroy the source…
            </Button>
          )}
          {cancel.isShown && (
            <Button onClick={cancel.run} disabled={!cancel.isEnabled} reason={reason}>
              Take the move back…
            </Button>
          )}
          <Button variant="quiet" onClick={() => view.open({ type: 'workspace', workspaceId: move.otherId })}>
            {isSource ? 'Show the copy' : 'Show the source'}
          </Button>
        </>
      }
    >
      {isSource
        ? `This one is the source: it stays stopped and keeps its files until you confirm. The copy on ${other} is the one to work in.`
        : `This one is the copy. The source on ${other} stays stopped and keeps its files until you confirm.`}
    </Band>
  );
}
