/** On the page of a workspace that is about to end by itself: a clock, and what puts the end off. */
import { Band } from '../../components/band.tsx';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useNow } from '../../components/now.ts';
import { useClient, useCommand, useLifecycle, useMay } from '../../state/app-context.tsx';
import type { WorkspacePartProps } from '../../state/feature.ts';
import { useAct } from '../../state/use-act.ts';
import { reasonWords, warningTitle } from './lifecycle-words.ts';

export function LifecycleBand({ workspace, isVisible }: WorkspacePartProps) {
  const client = useClient();
  const mayChange = useMay('workspaces.write');
  const next = useLifecycle(workspace.id)?.next ?? null;
  const isWarned = next?.isWarned === true;
  const nowMs = useNow(isVisible && isWarned);
  const change = useCommand('workspace.policy', { kind: 'workspace', id: workspace.id });
  const act = useAct();
  if (next === null || !isWarned) return null;
  return (
    <Band
      tone="attention"
      title={
        <span className="tabular" role="timer">
          {warningTitle(workspace.name, next, nowMs)}
        </span>
      }
      actions={
        mayChange && (
          <>
            <Button
              variant="primary"
              isBusy={act.isBusy}
              onClick={() =>
                void act.run(async () => {
                  await client.call('lifecycles.putOff', { workspaceId: workspace.id, minutes: 60 });
                })
              }
            >
              One more hour
            </Button>
            <Button onClick={change.run}>Change…</Button>
          </>
        )
      }
    >
      <p>
        {next.action === 'stop' ? 'It stops' : 'It is destroyed, after a snapshot of its files,'}{' '}
        {reasonWords(next.why)}.{next.why === 'idle' && ' Work puts the end off, too.'}
        {next.action === 'stop' && ' Its files are kept.'}
      </p>
      {act.error !== null && <ErrorNote title="The end was not put off" error={act.error} />}
    </Band>
  );
}
