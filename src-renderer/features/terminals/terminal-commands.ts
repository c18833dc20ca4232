/** The rows of the command table that work on terminals. Pure predicates; acts go to the plane or to the session. */
import type { TerminalId } from '#contract/ids.ts';
import { settingsDefaults } from '#contract/settings.ts';
import type { Terminal, TerminalTarget } from '#contract/terminals.ts';
import { formatBytes } from '../../components/format.ts';
import { type AppState, type Command, type CommandContext, isAllowed } from '../../state/commands.ts';
import type { OpenOptions } from '../../state/view-state.ts';
import { activeTab } from '../../state/view-state.ts';
import { terminalSessions } from './terminal-sessions.ts';

/** Where a new terminal would open: what is in front, else the only host that is ready. */
export function targetInFront(state: AppState): TerminalTarget | null {
  const { subject } = state;
  if (subject?.kind === 'terminal') return usable(state.terminals.get(subject.id)?.target ?? null, state);
  if (subject?.kind === 'workspace') return usable({ kind: 'workspace', workspaceId: subject.id }, state);
  if (subject?.kind === 'host') return usable({ kind: 'host', hostId: subject.id }, state);
  const ready = [...state.hosts.values()].filter((host) => host.state.phase === 'ready');
  const running = [...state.workspaces.values()].filter((workspace) => workspace.state === 'running');
  if (running.length === 1 && running[0]) return { kind: 'workspace', workspaceId: running[0].id };
  return ready.length === 1 && ready[0] ? usable({ kind: 'host', hostId: ready[0].id }, state) : null;
}

function usable(target: TerminalTarget | null, state: AppState): TerminalTarget | null {
  // A shell on a host itself is for who may change the host.
  if (target?.kind === 'host')
    return isAllowed('hosts.write', state.about) && state.hosts.get(target.hostId)?.state.phase === 'ready'
      ? target
      : null;
  if (target?.kind === 'workspace')
    return state.workspaces.get(target.workspaceId)?.state === 'running' ? target : null;
  return null;
}

/** Opens a shell and its tab. The size is the usual one; the tab corrects it as soon as it is drawn. */
export async function openTerminal(
  context: Pick<CommandContext, 'client' | 'view'>,
  target: TerminalTarget,
  options?: OpenOptions,
): Promise<Terminal> {
  const terminal = await context.client.call('terminals.open', {
    target,
    size: { cols: 80, rows: 24 },
    name: null,
  });
  context.view.open({ type: 'terminal', terminalId: terminal.id }, options);
  return terminal;
}

function terminalOf(state: AppState): Terminal | undefined {
  return state.subject?.kind === 'terminal' ? state.terminals.get(state.subject.id) : undefined;
}
function sessionOf(context: Pick<CommandContext, 'subject'>) {
  return context.subject?.kind === 'terminal' ? terminalSessions.get(context.subject.id) : undefined;
}
const isLive = (state: AppState) => terminalOf(state)?.state.phase === 'live';
const isTerminal = (state: AppState) => terminalOf(state) !== undefined;

async function changeFontSize(context: CommandContext, by: 1 | -1 | 0): Promise<void> {
  const now = context.state.settings.terminalFontSizePx;
  const next = by === 0 ? settingsDefaults.terminalFontSizePx : Math.min(40, Math.max(8, now + by));
  if (next !== now) await context.client.call('settings.change', { terminalFontSizePx: next });
}

/** Reads the clipboard where the page may; says which keys paste where it may not. */
async function pasteFromClipboard(context: CommandContext, id: TerminalId): Promise<void> {
  try {
    terminalSessions.get(id)?.paste(await navigator.clipboard.readText());
  } catch {
    context.notices.show({
      title: 'This window may not read the clipboard by itself',
      body: 'Paste with the keyboard: Ctrl+Shift+V, or ⌘V on a Mac.',
    });
  }
}

export const terminalCommands: readonly Command[] = [
  {
    id: 'terminal.new',
    scope: 'terminals.write',
    label: 'New terminal',
    description: 'Opens a shell in the workspace or on the host in front.',
    menu: 'Terminal',
    group: 1,
    keywords: 'shell console bash',
    shortcut: 'Mod+T',
    webShortcut: 'Alt+Shift+T',
    isEnabled: (state) => targetInFront(state) !== null,
    run: async (context) => {
      const target = targetInFront(context.state);
      if (target !== null) await openTerminal(context, target);
    },
  },
  {
    id: 'terminal.new-in-workspace',
    scope: 'terminals.write',
    label: 'Open terminal in workspace',
    menu: 'Workspace',
    group: 1,
    keywords: 'shell console bash',
    on: 'workspace',
    isEnabled: (state) =>
      state.subject?.kind === 'workspace' && state.workspaces.get(state.subject.id)?.state === 'running',
    run: async (context) => {
      if (context.subject?.kind === 'workspace')
        await openTerminal(context, { kind: 'workspace', workspaceId: context.subject.id });
    },
  },
  {
    id: 'terminal.new-on-host',
    scope: 'hosts.write',
    label: 'Open terminal on host',
    menu: 'Host',
    group: 1,
    keywords: 'shell console bash ssh',
    on: 'host',
    isEnabled: (state) =>
      state.subject?.kind === 'host' && state.hosts.get(state.subject.id)?.state.phase === 'ready',
    run: async (context) => {
      if (context.subject?.kind === 'host')
        await openTerminal(context, { kind: 'host', hostId: context.subject.id });
    },
  },
  {
    id: 'terminal.split-right',
    scope: 'terminals.write',
    label: 'Split terminal to the right',
    description: 'Opens another shell of the same place beside this one.',
    menu: 'Terminal',
    group: 1,
    on: 'terminal',
    shortcut: 'Mod+D',
    isEnabled: (state) => targetInFront(state) !== null,
    run: (context) => splitTerminal(context, 'right'),
  },
  {
    id: 'terminal.split-down',
    scope: 'terminals.write',
    label: 'Split terminal downwards',
    description: 'Opens another shell of the same place below this one.',
    menu: 'Terminal',
    group: 1,
    on: 'terminal',
    shortcut: 'Mod+Shift+D',
    isEnabled: (state) => targetInFront(state) !== null,
    run: (context) => splitTerminal(context, 'down'),
  },
  {
    id: 'terminal.rename',
    scope: 'terminals.write',
    label: 'Rename terminal',
    menu: 'Terminal',
    group: 2,
    on: 'terminal',
    isEnabled: isTerminal,
    run: (context) => {
      if (context.subject !== null) context.view.setRenaming(context.subject.id);
    },
  },
  {
    id: 'terminal.open-again',
    scope: 'terminals.write',
    label: 'Open again',
    description: 'Opens a new shell where this one was.',
    menu: 'Terminal',
    group: 2,
    on: 'terminal',
    isEnabled: (state) =>
      terminalOf(state)?.state.phase === 'ended' && usable(terminalOf(state)?.target ?? null, state) !== null,
    run: (context) => {
      const terminal = terminalOf(context.state);
      return terminal === undefined ? undefined : openAgain(context, terminal);
    },
  },
  {
    id: 'terminal.copy',
    label: 'Copy selection',
    menu: 'Terminal',
    group: 3,
    on: 'terminal',
    isEnabled: isTerminal,
    run: (context) => {
      sessionOf(context)?.copySelection();
    },
  },
  {
    id: 'terminal.paste',
    scope: 'terminals.write',
    label: 'Paste',
    description: 'Pastes without control characters; asks before several lines would run.',
    menu: 'Terminal',
    group: 3,
    on: 'terminal',
    isEnabled: isLive,
    run: (context) =>
      context.subject?.kind === 'terminal' ? pasteFromClipboard(context, context.subject.id) : undefined,
  },
  {
    id: 'terminal.select-all',
    label: 'Select all',
    menu: 'Terminal',
    group: 3,
    on: 'terminal',
    isEnabled: isTerminal,
    run: (context) => sessionOf(context)?.selectAll(),
  },
  {
    id: 'terminal.find',
    label: 'Find in terminal',
    menu: 'Terminal',
    group: 4,
    on: 'terminal',
    keywords: 'search',
    shortcut: 'Mod+F',
    isEnabled: isTerminal,
    run: (context) => {
      if (context.subject?.kind === 'terminal') terminalSessions.requestFind(context.subject.id);
    },
  },
  {
    id: 'terminal.clear',
    label: 'Clear scrollback',
    menu: 'Terminal',
    group: 4,
    on: 'terminal',
    isEnabled: isTerminal,
    run: (context) => sessionOf(context)?.clearScrollback(),
  },
  {
    id: 'terminal.drop-backlog',
    scope: 'terminals.write',
    label: 'Skip to the end of the output',
    description: 'Throws away what was printed and is not on the screen yet.',
    menu: 'Terminal',
    group: 4,
    on: 'terminal',
    keywords: 'drop backlog flood behind catch up',
    isEnabled: isLive,
    run: async (context) => {
      if (context.subject?.kind !== 'terminal') return;
      const { droppedBytes } = await context.client.call('terminals.dropBacklog', { id: context.subject.id });
      context.notices.show({ title: `Skipped ${formatBytes(droppedBytes)} of output` });
    },
  },
  {
    id: 'terminal.larger',
    label: 'Larger text',
    menu: 'Terminal',
    group: 5,
    keywords: 'zoom in font size',
    shortcut: 'Mod+=',
    isEnabled: (state) => state.settings.terminalFontSizePx < 40,
    run: (context) => changeFontSize(context, 1),
  },
  {
    id: 'terminal.smaller',
    label: 'Smaller text',
    menu: 'Terminal',
    group: 5,
    keywords: 'zoom out font size',
    shortcut: 'Mod+-',
    isEnabled: (state) => state.settings.terminalFontSizePx > 8,
    run: (context) => changeFontSize(context, -1),
  },
  {
    id: 'terminal.usual-size',
    label: 'Usual text size',
    menu: 'Terminal',
    group: 5,
    keywords: 'zoom reset font size',
    shortcut: 'Mod+0',
    isEnabled: () => true,
    run: (context) => changeFontSize(context, 0),
  },
];

async function splitTerminal(context: CommandContext, side: 'right' | 'down'): Promise<void> {
  const target = targetInFront(context.state);
  if (target !== null) await openTerminal(context, target, { paneId: context.state.view.activePaneId, side });
}

/** A new shell of the same place, in the tab of the one that ended; the old one is forgotten. */
export async function openAgain(
  context: Pick<CommandContext, 'client' | 'view' | 'state'>,
  ended: Terminal,
): Promise<void> {
  const terminal = await context.client.call('terminals.open', {
    target: ended.target,
    size: ended.size,
    name: ended.name,
  });
  const tab = activeTab(context.state.view);
  const ref = { type: 'terminal', terminalId: terminal.id } as const;
  if (tab?.ref.type === 'terminal' && tab.ref.terminalId === ended.id) context.view.replace(tab.id, ref);
  else context.view.open(ref);
  await context.client.call('terminals.close', { id: ended.id });
}
