/**
 * Opens web apps and ports for a person who clicked: in a tab of this window, or in the browser by a link that lets it in
 * once. Where the setting says one, the other is a modifier or a menu row away.
 */
import type { Forward } from '#contract/forwards.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { PortProtocol } from '#contract/projects.ts';
import type { Settings } from '#contract/settings.ts';
import type { CommandContext } from '../../state/commands.ts';
import { openForward } from '../../state/open-app.ts';
import { forwardAddress, forwardName } from './forward-words.ts';

export type AppPlace = Settings['openAppsIn'];
type Context = Pick<CommandContext, 'client' | 'view' | 'notices' | 'shell' | 'state'>;

export const otherPlace = (place: AppPlace): AppPlace => (place === 'tab' ? 'browser' : 'tab');

/** The keys that mean "the other way" on a click, as in browsers: Ctrl, or ⌘. */
export function placeOfClick(
  event: Pick<MouseEvent, 'ctrlKey' | 'metaKey'>,
  { openAppsIn }: Pick<Settings, 'openAppsIn'>,
): AppPlace {
  return event.ctrlKey || event.metaKey ? otherPlace(openAppsIn) : openAppsIn;
}

/** `find` is asked once; its forward is what opens. Fails as the plane's calls fail. */
export function openApp(
  context: Context,
  find: () => Forward | Promise<Forward>,
  place: AppPlace = context.state.settings.openAppsIn,
): Promise<void> {
  return openForward(context, find, { place, nameOf: forwardName });
}

export function openPort(
  context: Context,
  input: { readonly workspaceId: WorkspaceId; readonly port: number },
  place?: AppPlace,
): Promise<void> {
  return openApp(context, () => context.client.call('forwards.openPort', input), place);
}

/** As `openPort`, for a port of which nobody knows what it speaks: it is asked. */
export async function askPort(
  context: Context,
  input: { readonly workspaceId: WorkspaceId; readonly port: number },
  place: AppPlace,
  mayListen: boolean,
): Promise<void> {
  const { protocol } = await context.client.call('forwards.probe', input);
  await openSpoken(context, input, { protocol, place, mayListen });
}

async function openSpoken(
  context: Context,
  input: { readonly workspaceId: WorkspaceId; readonly port: number },
  how: { readonly protocol: PortProtocol; readonly place: AppPlace; readonly mayListen: boolean },
): Promise<void> {
  switch (how.protocol) {
    case 'http':
    case 'https':
      return openPort(context, input, how.place);
    case 'vnc':
      return context.view.open({ type: 'screen', ...input });
    case 'tcp':
      context.notices.show({
        title: `Port ${input.port} did not answer in HTTP`,
        body: how.mayListen
          ? 'A program of its own kind can reach it through a forward. A web server may still be starting.'
          : 'A browser has no use for it, unless it is a web server that is still starting.',
        ...(how.mayListen
          ? { action: { label: 'Forward it', run: () => void forwardPort(context, input) } }
          : {}),
        otherActions: [
          {
            label: 'Open all the same',
            run: () =>
              void openPort(context, input, how.place).catch((cause: unknown) =>
                context.notices.fail(`Port ${input.port} did not open`, cause),
              ),
          },
        ],
      });
      return;
    default:
      how.protocol satisfies never;
  }
}

/** A local port that leads to this one, and word of its address. Failures become a notice. */
export async function forwardPort(
  { client, notices }: Pick<Context, 'client' | 'notices'>,
  input: { readonly workspaceId: WorkspaceId; readonly port: number },
): Promise<void> {
  try {
    const forward = await client.call('forwards.create', { ...input, kind: 'tcp' });
    const address = forwardAddress(forward);
    if (address === null) return;
    notices.show({
      level: 'done',
      title: `Port ${input.port} is reached at ${address}`,
      body: 'The address stays the same until the forward is removed.',
      action: { label: 'Copy address', run: () => void navigator.clipboard.writeText(address) },
    });
  } catch (cause) {
    notices.fail(`Port ${input.port} was not forwarded`, cause);
  }
}
