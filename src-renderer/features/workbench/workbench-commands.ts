/** The window's own rows: palette, tabs, panes, sidebar, pages of the app. */
import type { AppState, Command } from '../../state/commands.ts';
import * as panes from '../../state/panes.ts';
import type { ViewRef } from '../../state/view-ref.ts';
import { activeTab } from '../../state/view-state.ts';

const always = () => true;
const hasTab = (state: AppState) => activeTab(state.view) !== undefined;
const activePane = (state: AppState) => panes.findPane(state.view.root, state.view.activePaneId);
const hasManyTabs = (state: AppState) => (activePane(state)?.tabs.length ?? 0) > 1;
const hasManyPanes = (state: AppState) => panes.allPanes(state.view.root).length > 1;
const tabIndex = (state: AppState) =>
  activePane(state)?.tabs.findIndex((tab) => tab.id === activePane(state)?.activeTabId) ?? -1;

function goTo(id: string, label: string, ref: ViewRef, more: Partial<Command> = {}): Command {
  return {
    id,
    label,
    menu: 'Go',
    group: 2,
    isEnabled: always,
    run: ({ view }) => view.open(ref),
    ...more,
  };
}

function split(side: panes.Side, label: string, shortcut: string): Command {
  return {
    id: `pane.split-${side}`,
    label,
    description: 'Moves the tab into a new half of its pane.',
    menu: 'View',
    group: 3,
    shortcut,
    isEnabled: hasManyTabs,
    run: ({ state, view }) => {
      const tab = activeTab(state.view);
      if (tab) view.split(tab.id, state.view.activePaneId, side);
    },
  };
}

function focusSide(side: panes.Side, name: string, key: string): Command {
  return {
    id: `pane.focus-${side}`,
    label: `Go to the pane ${name}`,
    menu: 'View',
    group: 5,
    shortcut: `Mod+Alt+${key}`,
    isHidden: true,
    isEnabled: hasManyPanes,
    run: ({ view }) => view.focusSide(side),
  };
}

const numbered: Command[] = Array.from({ length: 9 }, (_, index) => ({
  id: `tab.go-${index + 1}`,
  label: index === 8 ? 'Go to the last tab' : `Go to tab ${index + 1}`,
  menu: 'View',
  group: 4,
  shortcut: `Mod+${index + 1}`,
  webShortcut: `Alt+${index + 1}`,
  isHidden: true,
  isEnabled: (state) => (activePane(state)?.tabs.length ?? 0) > (index === 8 ? 0 : index),
  run: ({ state, view }) => {
    const tabs = activePane(state)?.tabs ?? [];
    const tab = index === 8 ? tabs.at(-1) : tabs[index];
    if (tab) view.activate(tab.id);
  },
}));

export const workbenchCommands: readonly Command[] = [
  {
    id: 'go.palette',
    label: 'Search or run a command',
    description: 'Finds every command, host, workspace and terminal.',
    menu: 'Go',
    group: 1,
    shortcut: 'Mod+K',
    isEnabled: always,
    run: ({ view }) => view.showPalette(),
  },
  {
    id: 'go.commands',
    label: 'Run a command',
    menu: 'Go',
    group: 1,
    shortcut: 'Mod+Shift+P',
    isEnabled: always,
    run: ({ view }) => view.showPalette('>'),
  },
  goTo('go.home', 'Go home', { type: 'home' }),
  goTo('go.workspaces', 'Show workspaces', { type: 'workspaces' }),
  goTo('go.projects', 'Show projects', { type: 'projects' }),
  goTo('go.operations', 'Show operations', { type: 'operations' }, { keywords: 'progress log running' }),
  goTo(
    'go.credentials',
    'Show credentials',
    { type: 'credentials' },
    { keywords: 'keys passwords vault keychain', scope: 'credentials.read' },
  ),
  goTo(
    'go.clouds',
    'Show machines and costs',
    { type: 'clouds' },
    {
      keywords: 'clouds providers accounts droplets servers rented budget money prices',
      scope: 'machines.read',
    },
  ),
  goTo('go.notifications', 'Show notifications', { type: 'notifications' }, { keywords: 'messages toasts' }),
  goTo(
    'go.settings',
    'Open settings',
    { type: 'settings' },
    {
      menu: 'Berth',
      group: 1,
      shortcut: 'Mod+,',
      keywords: 'preferences options theme font',
    },
  ),
  goTo(
    'go.shortcuts',
    'Open keyboard shortcuts',
    { type: 'shortcuts' },
    {
      menu: 'Berth',
      group: 1,
      keywords: 'keys rebind',
    },
  ),
  goTo('help.open', 'Open help', { type: 'help' }, { menu: 'Help', group: 1, shortcut: 'F1' }),
  {
    id: 'tab.close',
    label: 'Close tab',
    menu: 'View',
    group: 4,
    shortcut: 'Mod+W',
    webShortcut: 'Alt+W',
    isEnabled: hasTab,
    run: async ({ state, closeTab }) => {
      const tab = activeTab(state.view);
      if (tab) await closeTab(tab.id);
    },
  },
  {
    id: 'tab.close-others',
    label: 'Close other tabs',
    menu: 'View',
    group: 4,
    isEnabled: hasManyTabs,
    run: async ({ state, closeTab }) => {
      const pane = activePane(state);
      for (const tab of pane?.tabs ?? []) if (tab.id !== pane?.activeTabId) await closeTab(tab.id);
    },
  },
  {
    id: 'tab.reopen',
    label: 'Reopen closed tab',
    menu: 'View',
    group: 4,
    shortcut: 'Mod+Shift+T',
    webShortcut: 'Alt+Shift+T',
    isEnabled: (state) => state.view.closedTabs.length > 0,
    run: ({ view }) => view.reopen(),
  },
  {
    id: 'tab.last-used',
    label: 'Go to the tab used last',
    menu: 'View',
    group: 4,
    shortcut: 'Ctrl+Tab',
    webShortcut: 'Alt+`',
    isEnabled: hasManyTabs,
    run: ({ view }) => view.lastUsed(),
  },
  {
    id: 'tab.next',
    label: 'Go to the next tab',
    menu: 'View',
    group: 4,
    shortcut: 'Mod+Alt+PageDown',
    isHidden: true,
    isEnabled: hasManyTabs,
    run: ({ view }) => view.step(1),
  },
  {
    id: 'tab.previous',
    label: 'Go to the previous tab',
    menu: 'View',
    group: 4,
    shortcut: 'Mod+Alt+PageUp',
    isHidden: true,
    isEnabled: hasManyTabs,
    run: ({ view }) => view.step(-1),
  },
  {
    id: 'tab.move-left',
    label: 'Move tab left',
    menu: 'View',
    group: 4,
    shortcut: 'Mod+Shift+PageUp',
    isEnabled: (state) => tabIndex(state) > 0,
    run: ({ state, view }) => {
      const tab = activeTab(state.view);
      if (tab) view.move(tab.id, state.view.activePaneId, tabIndex(state) - 1);
    },
  },
  {
    id: 'tab.move-right',
    label: 'Move tab right',
    menu: 'View',
    group: 4,
    shortcut: 'Mod+Shift+PageDown',
    isEnabled: (state) => tabIndex(state) >= 0 && tabIndex(state) < (activePane(state)?.tabs.length ?? 0) - 1,
    run: ({ state, view }) => {
      const tab = activeTab(state.view);
      if (tab) view.move(tab.id, state.view.activePaneId, tabIndex(state) + 2);
    },
  },
  {
    id: 'tab.move-to-next-pane',
    label: 'Move tab to the next pane',
    menu: 'View',
    group: 4,
    isEnabled: (state) => hasManyPanes(state) && hasTab(state),
    run: ({ state, view }) => {
      const all = panes.allPanes(state.view.root);
      const index = all.findIndex((pane) => pane.id === state.view.activePaneId);
      const next = all[(index + 1) % all.length];
      const tab = activeTab(state.view);
      if (next && tab) view.move(tab.id, next.id, next.tabs.length);
    },
  },
  ...numbered,
  split('right', 'Split right', 'Mod+\\'),
  split('down', 'Split down', 'Mod+Alt+\\'),
  focusSide('left', 'on the left', 'Left'),
  focusSide('right', 'on the right', 'Right'),
  focusSide('up', 'above', 'Up'),
  focusSide('down', 'below', 'Down'),
  {
    id: 'view.toggle-sidebar',
    label: 'Show the sidebar',
    menu: 'View',
    group: 1,
    shortcut: 'Mod+B',
    isEnabled: always,
    isChecked: (state) => state.view.isSidebarOpen,
    run: ({ state, view }) => {
      // A narrow window has a drawer in the sidebar's place.
      if (window.matchMedia('(max-width: 700px)').matches) view.setDrawer(!state.view.isDrawerOpen);
      else view.setSidebar({ isOpen: !state.view.isSidebarOpen });
    },
  },
  {
    id: 'view.focus-sidebar',
    label: 'Go to the sidebar',
    menu: 'View',
    group: 1,
    shortcut: 'Mod+Shift+E',
    isEnabled: always,
    run: ({ view }) => {
      if (window.matchMedia('(max-width: 700px)').matches) view.setDrawer(true);
      else view.setSidebar({ isOpen: true });
      requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-sidebar] [role=tree]')?.focus());
    },
  },
  ...(['system', 'light', 'dark'] as const).map(
    (theme): Command => ({
      id: `view.theme-${theme}`,
      label: { system: 'Follow the system’s colours', light: 'Use light colours', dark: 'Use dark colours' }[
        theme
      ],
      menu: 'View',
      group: 2,
      keywords: 'theme appearance mode',
      isEnabled: (state) => state.connection.phase === 'open',
      isChecked: (state) => state.settings.theme === theme,
      run: async ({ client }) => {
        await client.call('settings.change', { theme });
      },
    }),
  ),
  {
    id: 'app.reconnect',
    label: 'Connect to Berth again',
    menu: 'Berth',
    group: 2,
    isEnabled: (state) => state.connection.phase === 'lost',
    run: ({ client }) => client.reconnect(),
  },
];
