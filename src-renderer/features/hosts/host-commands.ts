/** The rows of the command table that work on hosts. */
import type { HostId } from '#contract/ids.ts';
import type { AppState, Command } from '../../state/commands.ts';

function hostOf(state: AppState) {
  return state.subject?.kind === 'host' ? state.hosts.get(state.subject.id) : undefined;
}

export const hostCommands: readonly Command[] = [
  {
    id: 'host.add',
    scope: 'hosts.write',
    label: 'Add host',
    description: 'A server over SSH, or this computer.',
    menu: 'Host',
    group: 0,
    keywords: 'server ssh connect new machine',
    isEnabled: () => true,
    run: ({ view }) => view.open({ type: 'add-host' }),
  },
  {
    id: 'host.connect',
    scope: 'hosts.write',
    label: 'Connect',
    description: 'Keeps the host connected from now on; tries at once.',
    menu: 'Host',
    group: 2,
    on: 'host',
    keywords: 'reconnect retry',
    isEnabled: (state) => {
      const phase = hostOf(state)?.state.phase;
      return phase === 'disconnected' || phase === 'failed' || phase === 'lost';
    },
    run: async ({ subject, client }) => {
      if (subject?.kind === 'host') await client.call('hosts.connect', { id: subject.id });
    },
  },
  {
    id: 'host.disconnect',
    scope: 'hosts.write',
    label: 'Disconnect',
    description: 'Closes the connection and leaves it closed. What runs on the host goes on.',
    menu: 'Host',
    group: 2,
    on: 'host',
    isEnabled: (state) => {
      const host = hostOf(state);
      return host !== undefined && host.desired === 'connected';
    },
    run: async ({ subject, client }) => {
      if (subject?.kind === 'host') await client.call('hosts.disconnect', { id: subject.id });
    },
  },
  {
    id: 'host.rename',
    scope: 'hosts.write',
    label: 'Rename host',
    menu: 'Host',
    group: 3,
    on: 'host',
    isEnabled: (state) => hostOf(state) !== undefined,
    run: ({ subject, view }) => {
      if (subject !== null) view.setRenaming(subject.id);
    },
  },
  {
    id: 'host.new-workspace',
    scope: 'workspaces.write',
    label: 'New workspace on this host',
    menu: 'Host',
    group: 1,
    on: 'host',
    isEnabled: (state) => hostOf(state) !== undefined,
    run: ({ subject, view }) => {
      if (subject?.kind === 'host') view.open({ type: 'new-workspace', hostId: subject.id, projectId: null });
    },
  },
  {
    id: 'host.remove',
    scope: 'hosts.write',
    label: 'Remove host',
    description: 'Berth forgets it. Nothing on the host is touched.',
    menu: 'Host',
    group: 4,
    on: 'host',
    isDangerous: true,
    isEnabled: (state) => hostOf(state) !== undefined,
    run: async ({ state, subject, client, confirm, notices }) => {
      const host = hostOf(state);
      if (host === undefined || subject?.kind !== 'host') return;
      const workspaces = [...state.workspaces.values()].filter((each) => each.hostId === host.id);
      const isAgreed = await confirm({
        title: `Remove ${host.name}?`,
        body: `Berth forgets this host. Adding it again finds its workspaces by their labels.${hasLeaseTimer(state, host.id) ? leaseStays : ''}`,
        deletes: ['This host in Berth, with its terminals’ tabs'],
        keeps: [
          workspaces.length === 0
            ? 'Everything on the host'
            : `Everything on the host, ${workspaces.length === 1 ? 'its workspace' : `its ${workspaces.length} workspaces`} too`,
        ],
        action: 'Remove host',
        isDangerous: true,
      });
      if (!isAgreed) return;
      await client.call('hosts.remove', { id: host.id });
      notices.show({ level: 'done', title: `${host.name} was removed`, body: 'Nothing on it was touched.' });
    },
  },
];

const leaseStays =
  ' Its lease timer stays there and, with no Berth to renew them, stops the workspaces that have a lease. Take it off first, on the host’s page.';

function hasLeaseTimer({ hostLeases }: AppState, id: HostId): boolean {
  const lease = hostLeases.get(id)?.state;
  return lease === 'installed' || lease === 'outdated';
}
