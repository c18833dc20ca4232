/** What the window does with what happens in a terminal: relays to a group, notices, the clipboard's question. */
import type { TerminalId } from '#contract/ids.ts';
import { settingsDefaults } from '#contract/settings.ts';
import type { App } from '../../state/app-context.tsx';
import { terminalTitle } from '../../state/marks.ts';
import { broadcast } from './broadcast.ts';
import { askPauseMs, ClipboardGate, clipboardPreview } from './clipboard-writes.ts';
import type { ShellCommand } from './command-log.ts';
import { commandTime } from './command-marks.ts';
import { copyText } from './copy.ts';
import { terminalSessions } from './terminal-sessions.ts';
import type { WorkEvents } from './terminal-work.ts';

type NoticeApp = Pick<App, 'mirror' | 'notices' | 'confirmations' | 'view'>;

const settingsOf = (app: NoticeApp) => app.mirror.settings.getState().value ?? settingsDefaults;

function titleOf(app: NoticeApp, id: TerminalId): string {
  const terminal = app.mirror.terminals.getState().byId.get(id);
  return terminal === undefined ? 'a terminal' : terminalTitle(terminal);
}

/** One gate for each window's app. */
const gates = new WeakMap<NoticeApp, ClipboardGate>();

function gateOf(app: NoticeApp): ClipboardGate {
  const present = gates.get(app);
  if (present) return present;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  const gate = new ClipboardGate({
    policy: () => settingsOf(app).terminalClipboard,
    ask: (text, from) =>
      app.confirmations.ask({
        title: 'Let a program fill the clipboard?',
        body: `A program in ${from} wants to put this text there. What is in the clipboard now would be gone.`,
        preview: clipboardPreview(text),
        action: 'Fill clipboard',
      }),
    write: (text, from) => {
      navigator.clipboard.writeText(text).catch(() => {
        // The browser wants a person's own act, or the window in front. A program in a loop is told of once.
        if (performance.now() - toldAtMs < askPauseMs) return;
        toldAtMs = performance.now();
        app.notices.show({
          title: `A program in ${from} has text for the clipboard`,
          body: 'This window may not fill the clipboard by itself now.',
          action: { label: 'Copy text', run: () => void copyText({ plain: text }) },
        });
      });
    },
    nowMs: () => performance.now(),
  });
  gates.set(app, gate);
  return gate;
}

export function createWorkEvents(app: NoticeApp, id: TerminalId): WorkEvents {
  const others = () => broadcast.othersOf(id).flatMap((other) => terminalSessions.get(other) ?? []);
  return {
    onTyped: (data) => {
      for (const other of others()) other.typeAsMember(data);
    },
    onPasted: (text) => {
      for (const other of others()) other.pasteAsMember(text);
    },
    doOthersTakePastesWhole: () => others().every((other) => other.takesPastesWhole),
    onClipboardWrite: (text) => void gateOf(app).take(text, titleOf(app, id)),
    onCommandFinished: (command) => announce(app, id, command),
    onPath: (path) => {
      void copyText({ plain: path }).then((isCopied) =>
        app.notices.show(
          isCopied
            ? { level: 'done', title: 'Path copied', body: path }
            : { level: 'warning', title: 'The browser refused to copy', body: path },
        ),
      );
    },
  };
}

/** Tells of a long command that nobody watched. */
function announce(app: NoticeApp, id: TerminalId, command: ShellCommand): void {
  const { durationMs, exitCode, text } = command;
  const afterSeconds = settingsOf(app).announceCommandAfterSeconds;
  if (afterSeconds === 0 || durationMs === null || durationMs < afterSeconds * 1000) return;
  if (terminalSessions.get(id)?.isLookedAt !== false) return;
  const hasFailed = exitCode !== null && exitCode !== 0;
  const name = text || 'A command';
  const title = hasFailed ? `${name} ended with exit status ${exitCode}` : `${name} is finished`;
  const body = `In ${titleOf(app, id)}, after ${commandTime(durationMs)}.`;
  const show = () => app.view.actions.open({ type: 'terminal', terminalId: id });
  app.notices.show({
    level: hasFailed ? 'warning' : 'done',
    title,
    body,
    action: { label: 'Show terminal', run: show },
    isForSystem: true,
  });
}
