/** What stands where the picture would be while there is none: what is under way, what is wrong, and what can be done. */
import { MonitorOff, MonitorPause } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { Host } from '#contract/hosts.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useNow } from '../../components/now.ts';
import { StepList } from '../../components/step-list.tsx';
import { PasswordField } from '../../components/text-field.tsx';
import { useCommand, useConnection, useHost, useViewActions } from '../../state/app-context.tsx';
import { hostMark, workspaceMark } from '../../state/marks.ts';
import type { ScreenSession, ScreenState } from './screen-session.ts';
import { connectSteps, stepWord } from './screen-words.ts';

export interface ScreenCoverProps {
  readonly session: ScreenSession;
  readonly state: ScreenState;
  readonly workspace: Workspace;
  readonly port: number;
}

export function ScreenCover({ session, state, workspace, port }: ScreenCoverProps) {
  const subject = { kind: 'workspace', id: workspace.id } as const;
  const restart = useCommand('workspace.restart', subject);
  const view = useViewActions();
  const nowMs = useNow(state.phase === 'starting' || state.phase === 'lost' || state.phase === 'connecting');
  const again = <Button onClick={() => session.tryAgain()}>Try again</Button>;
  const restartButton = restart.isEnabled && <Button onClick={restart.run}>Restart workspace</Button>;
  switch (state.phase) {
    case 'connected':
      return null;
    case 'connecting': {
      const at = connectSteps.indexOf(state.step);
      return (
        <Middle>
          <StepList
            label="Connecting"
            nowMs={nowMs}
            steps={connectSteps.map((step, index) => ({
              id: step,
              title: stepWord(step),
              state: index < at ? 'done' : index === at ? 'running' : 'waiting',
              startedAt: null,
              endedAt: null,
              progress: null,
              note: '',
            }))}
          />
        </Middle>
      );
    }
    case 'starting':
      return (
        <EmptyState icon={MonitorPause} title="The desktop is still starting" actions={again}>
          Nothing listens on port {port} yet. Berth tries again by itself for{' '}
          <span className="tabular">{seconds(state.untilMs - nowMs)}</span>.
        </EmptyState>
      );
    case 'lost':
      return (
        <EmptyState icon={MonitorOff} title="The connection was lost" actions={again}>
          The desktop goes on without it. Berth tries again in{' '}
          <span className="tabular">{seconds(state.retryAtMs - nowMs)}</span>.
        </EmptyState>
      );
    case 'resting':
      return (
        <EmptyState icon={MonitorPause} title="Not shown for a while" actions={again}>
          The desktop goes on. Its picture comes back when you look at it.
        </EmptyState>
      );
    case 'asking':
      return <AskPassword session={session} name={workspace.name} />;
    case 'refused':
      return (
        <Middle>
          <ErrorNote
            title="The screen did not take the password"
            error={{
              code: 'vnc.security-failure',
              message:
                'A password that was changed holds from the next restart of the workspace on. After several wrong ones, a VNC server may refuse everybody for a while.',
              details: state.reason === '' ? {} : { answer: state.reason },
            }}
            actions={
              <>
                {restartButton}
                {again}
              </>
            }
          />
        </Middle>
      );
    case 'failed':
      return (
        <Middle>
          <ErrorNote
            title="The screen cannot be shown"
            error={state.error}
            actions={
              <>
                {again}
                {restartButton}
                <Button
                  variant="quiet"
                  onClick={() => view.open({ type: 'workspace', workspaceId: workspace.id })}
                >
                  Show the workspace
                </Button>
              </>
            }
          />
        </Middle>
      );
    case 'away':
      return <Away workspace={workspace} />;
    default:
      return state satisfies never;
  }
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.ceil(ms / 1000))}\u00a0s`;
}

function Middle({ children }: { children: ReactNode }) {
  return <div className="mx-auto w-full max-w-[480px] px-6 py-10">{children}</div>;
}

function Away({ workspace }: { workspace: Workspace }) {
  const host = useHost(workspace.hostId);
  const connection = useConnection();
  const start = useCommand('workspace.start', { kind: 'workspace', id: workspace.id });
  const connect = useCommand('host.connect', { kind: 'host', id: workspace.hostId });
  const { title, text } = awayWords(workspace, host, connection.phase === 'open');
  return (
    <EmptyState
      icon={MonitorOff}
      title={title}
      actions={
        host?.state.phase === 'ready'
          ? start.isEnabled && (
              <Button variant="primary" onClick={start.run}>
                Start workspace
              </Button>
            )
          : connect.isEnabled && <Button onClick={connect.run}>Connect {host?.name}</Button>
      }
    >
      {text}
    </EmptyState>
  );
}

function awayWords(
  workspace: Workspace,
  host: Host | undefined,
  isPlaneThere: boolean,
): { readonly title: string; readonly text: string } {
  const { name } = workspace;
  if (!isPlaneThere)
    return {
      title: 'Berth does not answer',
      text: 'The desktop goes on. Its picture comes back by itself when Berth does.',
    };
  if (host === undefined)
    return { title: 'Its host was removed', text: 'Berth does not know how to reach it any more.' };
  if (host.state.phase !== 'ready')
    return {
      title: `“${host.name}” is ${hostMark(host).word}`,
      text: 'The picture comes back by itself when the host does.',
    };
  if (workspace.state === 'running') return { title: 'One moment', text: '' };
  return {
    title: `“${name}” is ${workspaceMark(workspace).word}`,
    text:
      workspace.state === 'stopped' || workspace.state === 'failed'
        ? 'There is no screen until it runs. Its files are kept.'
        : 'The screen is shown here once it runs.',
  };
}

function AskPassword({ session, name }: { session: ScreenSession; name: string }) {
  const [password, setPassword] = useState('');
  return (
    <Middle>
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (password !== '') session.signInWith(password);
        }}
      >
        <h2 className="text-lead font-semibold">The screen wants a password</h2>
        <p className="text-muted">
          Berth keeps none for “{name}”. Give the workspace one on its page, and it is put in by itself from
          the next restart on.
        </p>
        <PasswordField
          label="Password of the screen"
          help="Kept until this tab is closed, and nowhere else."
          value={password}
          onChange={setPassword}
        />
        <div>
          <Button type="submit" variant="primary" disabled={password === ''} reason="Type it first">
            Connect
          </Button>
        </div>
      </form>
    </Middle>
  );
}
