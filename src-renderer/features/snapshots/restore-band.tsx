/** After a restore: what it was restored to, until when the files from before stay, and the two ways on. */
import { History } from 'lucide-react';
import type { RestoreUndo } from '#contract/snapshots.ts';
import { Button } from '../../components/button.tsx';
import { formatBytes } from '../../components/format.ts';
import { RelativeTime } from '../../components/relative-time.tsx';
import {
  useCommand,
  useRestoreUndos,
  useSnapshot,
  useViewActions,
  useWorkspaces,
} from '../../state/app-context.tsx';
import { Band } from './band.tsx';
import { inQuotes } from './restore-words.ts';
import { dayAndTime } from './snapshot-words.ts';

/** `name`: of the workspace, where the page is not its own. */
export function RestoreBand({ undo, name }: { undo: RestoreUndo; name?: string }) {
  const subject = { kind: 'workspace', id: undo.id } as const;
  const back = useCommand('workspace.undo-restore', subject);
  const end = useCommand('workspace.end-undo', subject);
  const view = useViewActions();
  const snapshot = useSnapshot(undo.snapshotId);
  return (
    <Band
      icon={History}
      title={
        // Names stand by themselves: one that is read from the right must not turn the numbers after it around.
        <>
          {name === undefined ? (
            'Restored'
          ) : (
            <>
              <bdi>{name}</bdi> was restored
            </>
          )}{' '}
          to <bdi>{snapshot === undefined ? undo.snapshotLabel : inQuotes(snapshot)}</bdi>{' '}
          <RelativeTime at={undo.restoredAt} />
        </>
      }
      actions={
        <>
          {back.isShown && (
            <Button
              onClick={back.run}
              disabled={!back.isEnabled}
              reason="Its host is away, or something is under way"
            >
              Go back
            </Button>
          )}
          {end.isShown && (
            <Button
              variant="quiet"
              onClick={end.run}
              disabled={!end.isEnabled}
              reason="Its host is away, or something is under way"
            >
              Delete the files from before now…
            </Button>
          )}
          {name !== undefined && (
            <Button variant="quiet" onClick={() => view.open({ type: 'workspace', workspaceId: undo.id })}>
              Show workspace
            </Button>
          )}
        </>
      }
    >
      The files from before{undo.sizeBytes === null ? '' : ` (${formatBytes(undo.sizeBytes)})`} stay until{' '}
      {dayAndTime(undo.until)}.
    </Band>
  );
}

/** Every restore that can be taken back: for the page of all snapshots. Nothing where there is none. */
export function RestoreBands() {
  const undos = useRestoreUndos().items;
  const workspaces = useWorkspaces().byId;
  if (undos.length === 0) return null;
  return (
    <>
      {undos.map((undo) => (
        <RestoreBand key={undo.id} undo={undo} name={workspaces.get(undo.id)?.name ?? 'A workspace'} />
      ))}
    </>
  );
}
