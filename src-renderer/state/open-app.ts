/** Opens an app of a workspace for a person who clicked: a screen in a tab, a web app where the settings say. */
import type { Forward } from '#contract/forwards.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { AppDefinition } from '#contract/projects.ts';
import type { Settings } from '#contract/settings.ts';
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

type Context = Pick<CommandContext, 'client' | 'view' | 'notices' | 'shell' | 'state'>;

/** @throws BerthError as the plane's calls fail. */
export async function openApp(
  context: Context,
  workspaceId: WorkspaceId,
  { port, protocol, name }: AppDefinition,
): Promise<void> {
  if (protocol === 'vnc') return context.view.open({ type: 'screen', workspaceId, port });
  await openForward(context, () => context.client.call('forwards.openPort', { workspaceId, port }), {
    place: context.state.settings.openAppsIn,
    nameOf: () => name,
  });
}

/**
 * In a tab of this window, or in the browser by a link that lets it in once. `find` is asked once; its forward is what
 * opens. Fails as the plane's calls fail.
 */
export async function openForward(
  { client, view, shell, notices }: Context,
  find: () => Forward | Promise<Forward>,
  how: { readonly place: Settings['openAppsIn']; readonly nameOf: (forward: Forward) => string },
): Promise<void> {
  if (how.place === 'tab') {
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
    const forward = await find();
    const { url } = await client.call('forwards.open', { id: forward.id });
    if (tab !== null) {
      tab.opener = null;
      tab.location.replace(url);
      return;
    }
    notices.show({
      title: `Your browser did not let ${how.nameOf(forward)} open by itself`,
      action: { label: 'Open', run: () => void window.open(url, '_blank', 'noopener,noreferrer') },
    });
  } catch (cause) {
    tab?.close();
    throw cause;
  }
}
