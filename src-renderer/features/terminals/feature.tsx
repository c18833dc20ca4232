/** What terminals give to the window: their page, their commands, and the keeper of their sessions. */
import { FileVideo, SquareTerminal } from 'lucide-react';
import { lazy, useEffect } from 'react';
import type { TerminalId } from '#contract/ids.ts';
import { useApp, useViewState } from '../../state/app-context.tsx';
import { isAllowed } from '../../state/commands.ts';
import { defineView, type Feature } from '../../state/feature.ts';
import { terminalTitle } from '../../state/marks.ts';
import { allTabs } from '../../state/panes.ts';
import { attachCommands } from './attach-command.ts';
import { BroadcastDialog } from './broadcast-dialog.tsx';
import { recordings } from './recordings.ts';
import { shareCommands } from './share-commands.ts';
import { ShareDialogs } from './share-dialog.tsx';
import { ShareStatus } from './share-mark.tsx';
import { terminalCommands } from './terminal-commands.ts';
import { BroadcastStatus, RecordingStatus, TerminalTabMark, WorkKeeper } from './terminal-marks.tsx';
import { FoundAnnouncer } from './found-announcer.tsx';
import { terminalHealths } from './terminal-health.ts';
import { TerminalStatus } from './terminal-status.tsx';
import { wayText } from './terminal-truth.ts';
import { terminalPlace } from './terminal-place.ts';
import { terminalSessions } from './terminal-sessions.ts';
import { workCommands } from './work-commands.ts';

const TerminalView = lazy(() => import('./terminal-view.tsx'));
const ReplayView = lazy(() => import('./replay-view.tsx'));

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

/** Where its shell is, and where the time of a round trip goes. */
function hintOf(id: TerminalId): string | null {
  const { way } = terminalHealths.get(id);
  const parts = [terminalSessions.get(id)?.work.marks.log.directory, way === null ? null : wayText(way)];
  return parts.filter(Boolean).join('\n') || null;
}

/** Terminals whose person is being asked whether to close them. */
const asked = new Set<TerminalId>();

export const terminalsFeature: Feature = {
  name: 'terminals',
  commands: [...terminalCommands, ...attachCommands, ...workCommands, ...shareCommands],
  overlays: [SessionKeeper, WorkKeeper, BroadcastDialog, FoundAnnouncer, ShareDialogs],
  statusItems: [TerminalStatus, ShareStatus, BroadcastStatus, RecordingStatus],
  views: [
    defineView({
      type: 'terminal',
      component: TerminalView,
      isFullBleed: true,
      tabMark: TerminalTabMark,
      readHint: ({ terminalId }) => hintOf(terminalId),
      describe: (ref, state) => {
        const terminal = state.terminals.get(ref.terminalId);
        if (terminal === undefined) return { title: 'Terminal', icon: SquareTerminal };
        return {
          title: terminalTitle(terminal),
          icon: SquareTerminal,
          hint: `${terminalTitle(terminal)} — ${terminalPlace(terminal, state)}`,
        };
      },
      beforeClose: async (ref, context) => {
        const terminal = context.state.terminals.get(ref.terminalId);
        // Whoever may not end it takes away the tab alone.
        if (terminal === undefined || !isAllowed('terminals.write', context.state.about)) return true;
        const mayRun =
          (terminal.state.phase === 'live' || terminal.state.phase === 'lost') &&
          (terminalSessions.get(terminal.id)?.wasTypedInto ?? true);
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
    defineView({
      type: 'recording',
      component: ReplayView,
      isFullBleed: true,
      describe: (ref) => ({
        title: recordings.opened(ref.recordingId)?.name || 'Recording',
        icon: FileVideo,
      }),
    }),
  ],
};
