/** What terminals give to the window: their page, their commands, and the keeper of their sessions. */
import { SquareTerminal } from 'lucide-react';
import { lazy, useEffect } from 'react';
import type { TerminalId } from '#contract/ids.ts';
import type { Terminal } from '#contract/terminals.ts';
import { useApp, useViewState } from '../../state/app-context.tsx';
import type { AppState } from '../../state/commands.ts';
import { defineView, type Feature } from '../../state/feature.ts';
import { terminalMark, terminalTitle } from '../../state/marks.ts';
import { allTabs } from '../../state/panes.ts';
import { shareCommands } from './share-commands.ts';
import { ShareDialogs } from './share-dialog.tsx';
import { ShareBadge, ShareStatus } from './share-mark.tsx';
import { terminalCommands } from './terminal-commands.ts';
import { terminalSessions } from './terminal-sessions.ts';

const TerminalView = lazy(() => import('./terminal-view.tsx'));

/** Where a terminal is, as "api-server on atlas". */
export function terminalPlace(terminal: Terminal, state: Pick<AppState, 'hosts' | 'workspaces'>): string {
  if (terminal.target.kind === 'host')
    return state.hosts.get(terminal.target.hostId)?.name ?? 'a removed host';
  const workspace = state.workspaces.get(terminal.target.workspaceId);
  if (workspace === undefined) return 'a destroyed workspace';
  const host = state.hosts.get(workspace.hostId);
  return host === undefined ? workspace.name : `${workspace.name} on ${host.name}`;
}

/** Frees the screens of terminals that no tab shows any more, and lets others read what the rest show. */
function SessionKeeper() {
  const app = useApp();
  const root = useViewState((state) => state.root);
  useEffect(
    () => app.screens.setReader((id, count) => terminalSessions.get(id)?.lastLines(count) ?? null),
    [app],
  );
  useEffect(() => {
    const shown = new Set<string>(
      allTabs(root).flatMap((tab) => (tab.ref.type === 'terminal' ? [tab.ref.terminalId] : [])),
    );
    terminalSessions.keepOnly((id) => shown.has(id));
  }, [root]);
  return null;
}

/** Terminals whose person is being asked whether to close them. */
const asked = new Set<TerminalId>();

export const terminalsFeature: Feature = {
  name: 'terminals',
  commands: [...terminalCommands, ...shareCommands],
  overlays: [SessionKeeper, ShareDialogs],
  statusItems: [ShareStatus],
  views: [
    defineView({
      type: 'terminal',
      component: TerminalView,
      badge: ShareBadge,
      isFullBleed: true,
      describe: (ref, state) => {
        const terminal = state.terminals.get(ref.terminalId);
        if (terminal === undefined) return { title: 'Terminal', icon: SquareTerminal };
        return {
          title: terminalTitle(terminal),
          icon: SquareTerminal,
          mark: terminalMark(terminal),
          hint: `${terminalTitle(terminal)} — ${terminalPlace(terminal, state)}`,
        };
      },
      beforeClose: async (ref, context) => {
        const terminal = context.state.terminals.get(ref.terminalId);
        if (terminal === undefined) return true;
        const mayRun =
          terminal.state.phase === 'live' && (terminalSessions.get(terminal.id)?.wasTypedInto ?? true);
        if (mayRun && context.state.settings.confirmCloseOfRunningTerminal) {
          // A second press of the close key, while the question is there, must not ask a second time.
          if (asked.has(terminal.id)) return false;
          asked.add(terminal.id);
          const isAgreed = await context
            .confirm({
              title: `Close ${terminalTitle(terminal)}?`,
              body: 'What runs in it ends.',
              action: 'Close terminal',
            })
            .finally(() => asked.delete(terminal.id));
          if (!isAgreed) return false;
        }
        // Not awaited: what ignores every polite request takes seconds to end. Until it has, the tree shows the terminal,
        // and it stays there if it cannot be ended.
        context.client
          .call('terminals.close', { id: ref.terminalId })
          .catch((cause: unknown) =>
            context.notices.fail(`${terminalTitle(terminal)} could not be closed`, cause),
          );
        return true;
      },
    }),
  ],
};
