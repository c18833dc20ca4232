/** Opens an app of a workspace for a person who clicked: a screen in a tab, a web app where the settings say. */
import type { WorkspaceId } from '#contract/ids.ts';
import type { AppDefinition } from '#contract/projects.ts';
import type { CommandContext } from './commands.ts';

/** What can be opened, the main one first. */
export function openableApps(apps: readonly AppDefinition[] | undefined): readonly AppDefinition[] {
  const own = (apps ?? []).filter(({ protocol }) => protocol !== 'tcp');
  return [...own.filter(({ isMain }) => isMain), ...own.filter(({ isMain }) => !isMain)];
}

/** "Open desktop", or by the name that the project gives it. */
export function openLabel(app: AppDefinition): string {
  return app.protocol === 'vnc' && app.isMain ? 'Open desktop' : `Open ${app.name}`;
}

/** @throws BerthError as the plane's calls fail. */
export async function openApp(
  context: Pick<CommandContext, 'client' | 'view' | 'notices' | 'shell' | 'state'>,
  workspaceId: WorkspaceId,
  { port, protocol, name }: AppDefinition,
): Promise<void> {
  const { client, view, shell, notices } = context;
  if (protocol === 'vnc') return view.open({ type: 'screen', workspaceId, port });
  const find = () => client.call('forwards.openPort', { workspaceId, port });
  if (context.state.settings.openAppsIn === 'tab') {
    view.open({ type: 'app', forwardId: (await find()).id });
    return;
  }
  if (shell !== null) {
    const { url } = await client.call('forwards.open', { id: (await find()).id });
    await shell.request('openExternal', { url });
    return;
  }
  // At once, in the click itself: a browser refuses a window that comes later.
  const tab = window.open('about:blank', '_blank');
  try {
    const { url } = await client.call('forwards.open', { id: (await find()).id });
    if (tab === null)
      notices.show({
        title: `Your browser did not let ${name} open by itself`,
        action: { label: 'Open', run: () => void window.open(url, '_blank', 'noopener,noreferrer') },
      });
    else {
      tab.opener = null;
      tab.location.replace(url);
    }
  } catch (cause) {
    tab?.close();
    throw cause;
  }
}
