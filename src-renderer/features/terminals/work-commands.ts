/** The rows of the command table for work in terminals: marks of commands, groups, recordings, notifications. */
import type { TerminalId } from '#contract/ids.ts';
import { terminalTitle } from '../../state/marks.ts';
import type { AppState, Command, CommandContext } from '../../state/commands.ts';
import { broadcast } from './broadcast.ts';
import { openRecordingFile, startRecording, stopRecording } from './recording-acts.ts';
import { recordings } from './recordings.ts';
import { terminalSessions } from './terminal-sessions.ts';

function terminalOf(state: AppState) {
  return state.subject?.kind === 'terminal' ? state.terminals.get(state.subject.id) : undefined;
}
const isTerminal = (state: AppState) => terminalOf(state) !== undefined;
const isLive = (state: AppState) => terminalOf(state)?.state.phase === 'live';
/** Also asks what only this window knows; menus and the palette ask each time they open. */
const isRecorded = (state: AppState) => {
  const terminal = terminalOf(state);
  return terminal !== undefined && recordings.recorderOf(terminal.id) !== undefined;
};

const idOf = (context: CommandContext): TerminalId | undefined =>
  context.subject?.kind === 'terminal' ? context.subject.id : undefined;
const sessionOf = (context: CommandContext) => {
  const id = idOf(context);
  return id === undefined ? undefined : terminalSessions.get(id);
};

function goToCommand(direction: 'previous' | 'next') {
  return (context: CommandContext) => {
    const session = sessionOf(context);
    if (session === undefined || session.work.marks.go(direction)) return;
    if (direction === 'next') session.scrollToBottom();
    else if (session.work.marks.log.commands.length === 0)
      context.notices.show({
        title: 'This shell has not told of any prompt',
        body: 'The help page (F1) says how zsh and fish do; bash does by itself.',
      });
  };
}

export const workCommands: readonly Command[] = [
  {
    id: 'terminal.copy-html',
    label: 'Copy selection as HTML',
    description: 'Copies with colours and styles, for documents and mail; as plain text for everything else.',
    menu: 'Terminal',
    group: 3,
    on: 'terminal',
    keywords: 'colours rich text',
    isEnabled: isTerminal,
    run: (context) => {
      sessionOf(context)?.copySelectionAsHtml();
    },
  },
  {
    id: 'terminal.copy-output',
    label: 'Copy last command’s output',
    description: 'Copies what the last command that has ended printed, where the shell tells of it.',
    menu: 'Terminal',
    group: 3,
    on: 'terminal',
    keywords: 'shell integration',
    isEnabled: isTerminal,
    run: (context) => {
      const session = sessionOf(context);
      if (session !== undefined && !session.copyLastOutput())
        context.notices.show({
          title: 'There is no output to copy',
          body: 'No command has ended here that printed something, as far as the shell tells.',
        });
    },
  },
  {
    id: 'terminal.previous-command',
    label: 'Previous command',
    description: 'Scrolls to the prompt above, where the shell tells of its prompts.',
    menu: 'Terminal',
    group: 4,
    on: 'terminal',
    keywords: 'scroll prompt',
    shortcut: 'Mod+Up',
    isEnabled: isTerminal,
    run: goToCommand('previous'),
  },
  {
    id: 'terminal.next-command',
    label: 'Next command',
    description: 'Scrolls to the prompt below.',
    menu: 'Terminal',
    group: 4,
    on: 'terminal',
    keywords: 'scroll prompt',
    shortcut: 'Mod+Down',
    isEnabled: isTerminal,
    run: goToCommand('next'),
  },
  {
    id: 'terminal.broadcast',
    scope: 'terminals.write',
    label: 'Type into several terminals…',
    description: 'What is typed or pasted in one of them goes to all, until it is stopped.',
    menu: 'Terminal',
    group: 6,
    on: 'terminal',
    keywords: 'broadcast synchronize input group',
    isEnabled: isLive,
    run: (context) => {
      const id = idOf(context);
      if (id !== undefined) broadcast.choose(id);
    },
  },
  {
    id: 'terminal.broadcast-stop',
    label: 'Stop typing into several terminals',
    menu: 'Terminal',
    group: 6,
    keywords: 'broadcast',
    isEnabled: () => broadcast.store.getState().members.length > 0,
    run: () => broadcast.stop(),
  },
  {
    id: 'terminal.record',
    label: 'Start recording',
    description: 'Records what this terminal shows, not what is typed, as an asciicast file.',
    menu: 'Terminal',
    group: 7,
    on: 'terminal',
    keywords: 'asciicast asciinema cast',
    isEnabled: (state) => isLive(state) && !isRecorded(state),
    run: async (context) => {
      const terminal = terminalOf(context.state);
      if (terminal) await startRecording(context, terminal.id, terminalTitle(terminal));
    },
  },
  {
    id: 'terminal.record-stop',
    label: 'Stop recording',
    description: 'Ends the recording and saves its file.',
    menu: 'Terminal',
    group: 7,
    on: 'terminal',
    keywords: 'asciicast asciinema cast',
    isEnabled: isRecorded,
    run: async (context) => {
      const id = idOf(context);
      if (id !== undefined) await stopRecording(context, id);
    },
  },
  {
    id: 'terminal.replay',
    label: 'Replay recording…',
    description: 'Opens an asciicast file in a tab of its own.',
    menu: 'Terminal',
    group: 7,
    keywords: 'asciicast asciinema cast play',
    isEnabled: () => true,
    run: (context) => openRecordingFile(context),
  },
  {
    id: 'terminal.allow-notifications',
    label: 'Allow notifications',
    description: 'Lets the system tell of long commands that finished while nobody looked.',
    menu: 'Terminal',
    group: 8,
    keywords: 'system desktop command finished',
    isEnabled: () => typeof Notification !== 'undefined' && Notification.permission !== 'granted',
    run: async (context) => {
      const answer = await Notification.requestPermission();
      context.notices.show(
        answer === 'granted'
          ? { level: 'done', title: 'The system tells of finished commands' }
          : {
              title: 'Notifications are not allowed',
              body: 'The browser’s settings for this page can change that. Berth’s own notices stay.',
            },
      );
    },
  },
];
