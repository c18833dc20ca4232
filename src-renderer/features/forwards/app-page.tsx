/** The tab of a web app: a bar, and the app below it, or why it is not there and the one click that brings it back. */
import { Globe, Play, RotateCw } from 'lucide-react';
import { useCallback, useState } from 'react';
import { useStore } from 'zustand';
import type { Forward } from '#contract/forwards.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import {
  commandContext,
  useApp,
  useCommand,
  useForward,
  useForwards,
  useHost,
  useMachineOfHost,
  useWorkspace,
} from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { machineRest } from '../../state/marks.ts';
import { AppBar } from './app-bar.tsx';
import { AppFindBar } from './app-find-bar.tsx';
import { AppFrame } from './app-frame.tsx';
import { appShow } from './app-show.ts';
import { AppView } from './app-view.tsx';
import { appViewStates } from './app-view-states.ts';
import { forwardName } from './forward-words.ts';
import { openApp } from './open-app.ts';

export default function AppPage(props: ViewProps<'app'>) {
  const forward = useForward(props.view.forwardId);
  const { status, error, retry } = useForwards();
  if (forward !== undefined) return <Loaded {...props} forward={forward} />;
  return (
    <div className="p-6">
      {status === 'error' && error !== null ? (
        <ErrorNote
          title="The forward of this app could not be read"
          error={error}
          actions={<Button onClick={retry}>Read again</Button>}
        />
      ) : (
        <LoadingRows label="Loading the app" />
      )}
    </div>
  );
}

function Loaded({ view, forward, tabId, isVisible, isActive }: ViewProps<'app'> & { forward: Forward }) {
  const app = useApp();
  const { shell, notices } = app;
  const workspace = useWorkspace(forward.workspaceId);
  const state = useStore(appViewStates.store, ({ byTab }) => byTab.get(tabId) ?? null);
  // Another number is another visit: with a new link, from the beginning.
  const [visit, setVisit] = useState(0);
  const again = useCallback(() => setVisit((before) => before + 1), []);
  const findAsked = useStore(appViewStates.store, ({ finding }) => finding.get(tabId) ?? 0);
  const path = view.path ?? null;
  const show = appShow(forward, workspace);

  const openInBrowser = () => {
    openApp(commandContext(app), () => forward, 'browser').catch((cause: unknown) =>
      notices.fail(`${forwardName(forward)} did not open`, cause),
    );
  };
  const act = (what: 'back' | 'forward' | 'stop' | 'reload' | 'revive' | 'zoom-reset') =>
    void shell?.request('appViewAct', { tabId, act: what });

  return (
    <div className="absolute inset-0 flex flex-col">
      <AppBar
        forward={forward}
        state={show.kind === 'app' ? state : null}
        onAct={shell === null ? null : act}
        onReload={() =>
          shell === null || state === null || state.failure !== null ? again() : act('reload')
        }
        onOpenInBrowser={openInBrowser}
        isDesktop={shell !== null}
      />
      {show.kind === 'app' && shell !== null && findAsked > 0 && (
        <AppFindBar
          {...{ shell, tabId }}
          asked={findAsked}
          found={state?.found ?? null}
          onClose={() => {
            appViewStates.endFind(tabId);
            void shell.request('appViewAct', { tabId, act: 'focus' });
          }}
        />
      )}
      {show.kind === 'app' && show.isCut && <CutBand forward={forward} hostId={workspace?.hostId} />}
      {show.kind === 'app' && state?.isStuck === true && (
        <StuckBand name={forwardName(forward)} onReload={() => act('revive')} />
      )}
      {show.kind !== 'app' && <NotThere forward={forward} workspace={workspace} show={show} />}
      {show.kind === 'app' && shell !== null && (
        <AppView key={visit} {...{ shell, forward, tabId, path, isVisible, isActive }} onRetry={again} />
      )}
      {show.kind === 'app' && shell === null && (
        <AppFrame key={visit} forward={forward} onRetry={again} onOpenInBrowser={openInBrowser} />
      )}
    </div>
  );
}

function CutBand({ forward, hostId }: { forward: Forward; hostId: string | undefined }) {
  const restart = useCommand('forward.restart', { kind: 'forward', id: forward.id });
  const host = useHost(hostId);
  const machine = useMachineOfHost(hostId);
  const rest = host === undefined ? null : machineRest(host, machine);
  if (machine !== undefined && rest !== null)
    return (
      <div role="status" className="border-b border-line bg-attention-soft px-3 py-1.5 wrap-anywhere">
        Its machine, {machine.name}: {rest.word}. The app comes back here once both run.
      </div>
    );
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-attention-soft px-3 py-1.5"
    >
      <span className="min-w-0 flex-1 wrap-anywhere">
        The way to it is cut. {forward.problem?.message ?? ''} It comes back by itself.
      </span>
      {restart.isEnabled && (
        <Button variant="quiet" icon={RotateCw} onClick={restart.run}>
          Restart forward
        </Button>
      )}
    </div>
  );
}

/** It may come back by itself; what was typed into it is lost when it is loaded anew. */
function StuckBand({ name, onReload }: { name: string; onReload: () => void }) {
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-attention-soft px-3 py-1.5"
    >
      <span className="min-w-0 flex-1 wrap-anywhere">{name} does not answer. It may again, if you wait.</span>
      <Button variant="quiet" icon={RotateCw} onClick={onReload}>
        Reload it
      </Button>
    </div>
  );
}

interface NotThereProps {
  readonly forward: Forward;
  readonly workspace: Workspace | undefined;
  readonly show: Exclude<ReturnType<typeof appShow>, { readonly kind: 'app' }>;
}

function NotThere({ forward, workspace, show }: NotThereProps) {
  const start = useCommand('workspace.start', workspace ? { kind: 'workspace', id: workspace.id } : null);
  const subject = { kind: 'forward', id: forward.id } as const;
  const startForward = useCommand('forward.start', subject);
  const restart = useCommand('forward.restart', subject);
  if (show.kind === 'failed')
    return (
      <div className="mx-auto w-full max-w-[560px] p-6">
        <ErrorNote
          title={`The forward of ${forwardName(forward)} failed`}
          error={forward.problem ?? { code: 'internal', message: 'It does not say why.', details: {} }}
          actions={
            restart.isShown && (
              <Button variant="primary" icon={RotateCw} onClick={restart.run} disabled={!restart.isEnabled}>
                Restart forward
              </Button>
            )
          }
        />
      </div>
    );
  if (show.kind === 'stopped')
    return (
      <EmptyState
        icon={Globe}
        title="This app’s forward is stopped"
        actions={
          startForward.isShown && (
            <Button
              variant="primary"
              icon={Play}
              onClick={startForward.run}
              disabled={!startForward.isEnabled}
            >
              Start forward
            </Button>
          )
        }
      >
        It keeps its address, and is here again when it is started.
      </EmptyState>
    );
  return (
    <EmptyState
      icon={Globe}
      title={show.words}
      actions={
        show.canStart &&
        start.isShown && (
          <Button
            variant="primary"
            icon={Play}
            onClick={start.run}
            disabled={!start.isEnabled}
            reason="Its host is away, or something is under way"
          >
            Start workspace
          </Button>
        )
      }
    >
      {forwardName(forward)} comes here by itself once it runs.
    </EmptyState>
  );
}
