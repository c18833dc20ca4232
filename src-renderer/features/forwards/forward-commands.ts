/** The rows of the command table about forwards and web apps. */
import type { Forward } from '#contract/forwards.ts';
import { type AppState, type Command, type CommandContext, isAllowed } from '../../state/commands.ts';
import { forwardAddress, forwardName } from './forward-words.ts';
import { forwardDialogs } from './forward-dialogs.ts';
import { openApp, otherPlace } from './open-app.ts';

function forwardOf(state: AppState): Forward | undefined {
  return state.subject?.kind === 'forward' ? state.forwards.get(state.subject.id) : undefined;
}

/** What listens on the computer that Berth runs on, or leads there, is for who owns it. */
function mayChange(forward: Forward, state: AppState): boolean {
  return forward.kind === 'app' || isAllowed('hosts.write', state.about);
}

const onForward =
  (fits: (forward: Forward, state: AppState) => boolean): Command['isEnabled'] =>
  (state) => {
    const forward = forwardOf(state);
    return forward !== undefined && fits(forward, state);
  };

/** With none in front the row asks which, where there is one to choose. */
const chosen =
  (fits: (forward: Forward, state: AppState) => boolean): Command['isEnabled'] =>
  (state) => {
    const forward = forwardOf(state);
    if (forward !== undefined) return fits(forward, state);
    return [...state.forwards.values()].some((each) => fits(each, state));
  };

export const canRestart = (forward: Forward, state: AppState): boolean =>
  forward.isWanted && mayChange(forward, state);
export const canOpen = (forward: Forward): boolean => forward.kind === 'app';

const workspaceId = ({ subject }: Pick<CommandContext, 'subject'>) =>
  subject?.kind === 'workspace' ? subject.id : null;

export const forwardCommands: readonly Command[] = [
  {
    id: 'go.ports',
    label: 'Show ports',
    description: 'All forwards and web apps, of every workspace.',
    menu: 'Go',
    group: 2,
    keywords: 'forwards web apps tunnels socks',
    isEnabled: () => true,
    run: ({ view }) => view.open({ type: 'ports' }),
  },
  {
    id: 'forward.new',
    scope: 'workspaces.write',
    label: 'Forward a port…',
    description: 'A web app, a TCP port, a SOCKS proxy, or a port of this computer for a workspace.',
    menu: 'Workspace',
    group: 5,
    on: 'workspace',
    isSubjectOptional: true,
    keywords: 'new forward tunnel expose tcp socks remote app',
    isEnabled: (state) => state.workspaces.size > 0,
    run: (context) =>
      forwardDialogs.open({
        kind: 'new',
        workspaceId: workspaceId(context),
        forwardKind: null,
        port: null,
      }),
  },
  {
    id: 'forward.rules',
    scope: 'workspaces.write',
    label: 'Port rules…',
    description: 'Which ports are forwarded by themselves, and whether new ones are announced.',
    menu: 'Workspace',
    group: 5,
    on: 'workspace',
    keywords: 'automatic forward announce',
    isEnabled: ({ subject, workspaces }) => subject?.kind === 'workspace' && workspaces.has(subject.id),
    run: ({ subject }) => {
      if (subject?.kind === 'workspace') forwardDialogs.open({ kind: 'rules', workspaceId: subject.id });
    },
  },
  {
    id: 'app.open',
    scope: 'workspaces.write',
    label: (state) => (forwardOf(state) === undefined ? 'Open app…' : 'Open app'),
    description: 'Shows a web app of a workspace, where the settings say.',
    menu: 'Workspace',
    group: 5,
    on: 'forward',
    isSubjectOptional: true,
    keywords: 'web browser http page',
    isEnabled: chosen(canOpen),
    run: (context) => {
      const forward = forwardOf(context.state);
      if (forward === undefined) return forwardDialogs.open({ kind: 'choose', act: 'open' });
      return openApp(context, () => forward);
    },
  },
  {
    id: 'app.open-elsewhere',
    scope: 'workspaces.write',
    label: ({ settings }) => (settings.openAppsIn === 'tab' ? 'Open in the browser' : 'Open in a tab'),
    description: 'Shows the web app where the settings do not say: in the browser, or in a tab.',
    menu: 'Workspace',
    group: 5,
    on: 'forward',
    keywords: 'web app external',
    isEnabled: onForward(canOpen),
    run: (context) => {
      const forward = forwardOf(context.state);
      if (forward) return openApp(context, () => forward, otherPlace(context.state.settings.openAppsIn));
    },
  },
  {
    id: 'forward.copy-address',
    label: 'Copy address',
    description: 'Of the forward: what a browser, a program or a proxy setting takes.',
    menu: 'Workspace',
    group: 6,
    on: 'forward',
    isEnabled: onForward((forward) => forwardAddress(forward) !== null),
    run: async ({ state }) => {
      const forward = forwardOf(state);
      const address = forward === undefined ? null : forwardAddress(forward);
      if (address !== null) await navigator.clipboard.writeText(address);
    },
  },
  {
    id: 'forward.restart',
    scope: 'workspaces.write',
    label: (state) => (forwardOf(state) === undefined ? 'Restart forward…' : 'Restart forward'),
    description: 'Begins it anew, its way into the workspace included. No other forward is touched.',
    menu: 'Workspace',
    group: 6,
    on: 'forward',
    isSubjectOptional: true,
    keywords: 'reconnect tunnel',
    isEnabled: chosen(canRestart),
    run: async ({ state, client }) => {
      const forward = forwardOf(state);
      if (forward === undefined) forwardDialogs.open({ kind: 'choose', act: 'restart' });
      else await client.call('forwards.restart', { id: forward.id });
    },
  },
  {
    id: 'forward.start',
    scope: 'workspaces.write',
    label: 'Start forward',
    description: 'Listens again at the same address.',
    menu: 'Workspace',
    group: 6,
    on: 'forward',
    isEnabled: onForward((forward, state) => !forward.isWanted && mayChange(forward, state)),
    run: async ({ state, client }) => {
      const forward = forwardOf(state);
      if (forward) await client.call('forwards.start', { id: forward.id });
    },
  },
  {
    id: 'forward.stop',
    scope: 'workspaces.write',
    label: 'Stop forward',
    description: 'Cuts what goes through it. It keeps its address for when it is started.',
    menu: 'Workspace',
    group: 6,
    on: 'forward',
    isEnabled: onForward((forward, state) => forward.isWanted && mayChange(forward, state)),
    run: async ({ state, client }) => {
      const forward = forwardOf(state);
      if (forward) await client.call('forwards.stop', { id: forward.id });
    },
  },
  {
    id: 'forward.edit',
    scope: 'workspaces.write',
    label: 'Edit forward…',
    description: 'Its name, its address, and how an app is asked.',
    menu: 'Workspace',
    group: 7,
    on: 'forward',
    isEnabled: onForward(mayChange),
    run: ({ subject }) => {
      if (subject?.kind === 'forward') forwardDialogs.open({ kind: 'edit', forwardId: subject.id });
    },
  },
  {
    id: 'forward.remove',
    scope: 'workspaces.write',
    label: 'Remove forward',
    description: 'Cuts what goes through it and forgets it.',
    menu: 'Workspace',
    group: 7,
    on: 'forward',
    isDangerous: true,
    keywords: 'delete',
    isEnabled: onForward(mayChange),
    run: async ({ state, client, notices }) => {
      const forward = forwardOf(state);
      if (forward === undefined) return;
      await client.call('forwards.remove', { id: forward.id });
      notices.show({
        title: `${forwardName(forward)} is not forwarded any more`,
        // One by rule comes again by its rule; what is made by hand is made again by hand.
        ...(forward.isByRule
          ? {}
          : { action: { label: 'Undo', run: () => void makeAgain(forward, { client, notices }) } }),
      });
    },
  },
];

/** At the same local address, as long as nobody else took it. */
async function makeAgain(
  forward: Forward,
  { client, notices }: Pick<CommandContext, 'client' | 'notices'>,
): Promise<void> {
  const { workspaceId: id, kind, name, port, protocol, localPort, path, login, hostHeader } = forward;
  try {
    await client.call('forwards.create', {
      ...{ workspaceId: id, kind, name: name === '' ? null : name, port, protocol, localPort },
      ...(kind === 'app' ? { path, login, hostHeader } : {}),
    });
  } catch (cause) {
    notices.fail(`${forwardName(forward)} was not made again`, cause);
  }
}
