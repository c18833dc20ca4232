/**
 * What browsers have for a page, for the app in front. In the desktop alone: a page around a frame has no say in it, and a
 * browser has its own. Their keys are the menu bar's (src-main/desktop/menu.ts), for the app hears them first.
 */
import type { ShellInput } from '#contract/shell.ts';
import type { AppState, Command, CommandContext } from '../../state/commands.ts';
import { activeTab } from '../../state/view-state.ts';
import { appViewStates } from './app-view-states.ts';

function appTab({ view }: Pick<AppState, 'view'>): string | undefined {
  const tab = activeTab(view);
  return tab?.ref.type === 'app' ? tab.id : undefined;
}

const row = (
  own: Pick<Command, 'id' | 'label' | 'description' | 'keywords'>,
  run: (tabId: string, context: CommandContext) => void | Promise<void>,
): Command => ({
  ...{ keywords: '', menu: 'View', group: 8, isDesktopOnly: true, ...own },
  isEnabled: (state) => appTab(state) !== undefined,
  run: (context) => {
    const tabId = appTab(context.state);
    if (tabId !== undefined) return run(tabId, context);
  },
});

const act =
  (what: ShellInput<'appViewAct'>['act']) =>
  async (tabId: string, { shell }: CommandContext): Promise<void> => {
    await shell?.request('appViewAct', { tabId, act: what });
  };

export const appPageCommands: readonly Command[] = [
  row({ id: 'app.back', label: 'Go back in the app', description: 'To the page before.' }, act('back')),
  row(
    { id: 'app.forward', label: 'Go forward in the app', description: 'To the page after.' },
    act('forward'),
  ),
  row(
    { id: 'app.reload', label: 'Reload the app', description: 'Loads its page anew.', keywords: 'refresh' },
    act('reload'),
  ),
  row(
    {
      ...{ id: 'app.find', label: 'Find in the app', keywords: 'search page' },
      description: 'Marks a text in its page, and goes from one to the next.',
    },
    (tabId) => appViewStates.find(tabId),
  ),
  row(
    {
      id: 'app.zoom-in',
      label: 'Zoom the app in',
      description: 'Makes its page larger.',
      keywords: 'bigger',
    },
    act('zoom-in'),
  ),
  row(
    {
      ...{ id: 'app.zoom-out', label: 'Zoom the app out', keywords: 'smaller' },
      description: 'Makes its page smaller.',
    },
    act('zoom-out'),
  ),
  row(
    {
      id: 'app.zoom-reset',
      label: 'Show the app at 100 %',
      description: 'As it was made.',
      keywords: 'zoom',
    },
    act('zoom-reset'),
  ),
];
