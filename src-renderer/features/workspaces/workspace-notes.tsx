/** States that need a word: what happened, what stays, and what can be done about it. */
import { Info } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Host } from '#contract/hosts.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code-block.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { useCommand, useMachineOfHost } from '../../state/app-context.tsx';
import { hostMark, machineRest, workspaceMark } from '../../state/marks.ts';

export function WorkspaceNotes(props: {
  workspace: Workspace;
  host: Host | undefined;
  /** Berth itself paused it for a moment. */
  isFrozen: boolean;
}) {
  const { workspace, host, isFrozen } = props;
  const machine = useMachineOfHost(host?.id);
  // The machine’s own band says it, and what brings it back.
  const isResting = host !== undefined && machineRest(host, machine) !== null;
  const subject = { kind: 'workspace', id: workspace.id } as const;
  const start = useCommand('workspace.start', subject);
  const restart = useCommand('workspace.restart', subject);
  const forget = useCommand('workspace.forget', subject);
  const connect = useCommand('host.connect', { kind: 'host', id: workspace.hostId });
  const startButton = start.isEnabled && (
    <Button onClick={start.run}>{workspace.state === 'missing' ? 'Make it again' : 'Start again'}</Button>
  );
  const forgetButton = forget.isEnabled && <Button onClick={forget.run}>Forget</Button>;
  return (
    <>
      {workspace.problem !== null && (
        <ErrorNote
          title={
            workspace.state === 'failed'
              ? 'It ended by itself, and Berth does not start it again by itself'
              : 'It had trouble'
          }
          error={workspace.problem}
          actions={workspace.state === 'failed' && startButton}
        />
      )}
      {workspace.state === 'failed' && workspace.problem === null && (
        <Note title="It ended by itself" actions={startButton}>
          Berth does not start it again by itself. Its files are kept; the log may say why it ended.
        </Note>
      )}
      {workspace.state === 'paused' && !isFrozen && (
        <Note
          title="It is paused"
          actions={restart.isEnabled && <Button onClick={restart.run}>Restart workspace</Button>}
        >
          <p>
            It was paused on its host, outside Berth: programs stand still and keep their memory. Restarting
            ends them; this on the host lets them go on.
          </p>
          {workspace.containerId !== null && (
            <CodeBlock label="Command" text={`docker unpause ${workspace.containerId.slice(0, 12)}`} />
          )}
        </Note>
      )}
      {workspace.state === 'missing' && (
        <Note
          title={`It is not on ${host?.name ?? 'its host'} any more`}
          actions={
            <>
              {startButton}
              {forgetButton}
            </>
          }
        >
          <p>
            Its container was removed there, outside Berth. It can be made again on its volume{' '}
            <span className="font-code text-[0.96em] wrap-anywhere">{workspace.volumeName}</span>, with its
            files if that volume is still there.
          </p>
        </Note>
      )}
      {host === undefined && workspace.state !== 'missing' && (
        <Note title="Its host was removed from Berth" actions={forgetButton}>
          Nothing on it was touched. Adding the host again finds this workspace by its labels.
        </Note>
      )}
      {host !== undefined && !isResting && workspace.state === 'unknown' && (
        <Note
          title={`${host.name}: ${hostMark(host).word}`}
          actions={connect.isEnabled && <Button onClick={connect.run}>Connect {host.name}</Button>}
        >
          {host.state.phase === 'ready' ? (
            'Berth is reading what is there.'
          ) : workspace.lastKnown === null ? (
            'What it does cannot be known until its host is back. It goes on there by itself.'
          ) : (
            <p>
              When its host was last heard, <RelativeTime at={workspace.lastKnown.at} />, it was{' '}
              {workspaceMark(workspace.lastKnown).word}. It goes on there by itself.
            </p>
          )}
        </Note>
      )}
      {workspace.note !== undefined && <Note title={workspace.note} />}
    </>
  );
}

function Note(props: { title: string; children?: ReactNode; actions?: ReactNode }) {
  return (
    <section className="flex gap-2.5 rounded-md border border-line bg-raised px-3 py-2.5">
      <Info aria-hidden size={16} className="mt-0.5 shrink-0 text-attention" />
      <div className="flex min-w-0 flex-1 flex-col gap-1.5">
        <h2 className="font-semibold wrap-anywhere">{props.title}</h2>
        {props.children && <div className="flex flex-col gap-2 text-muted">{props.children}</div>}
        {props.actions && <div className="flex flex-wrap gap-2 pt-0.5">{props.actions}</div>}
      </div>
    </section>
  );
}
