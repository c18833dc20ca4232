/** What the fixture plane answers about forwards: each act changes what the window then shows. */
import type { Forward, ForwardRules } from '#contract/forwards.ts';
import type { FixtureCollection, Replies } from './fixture-plane.ts';
import { forward, unused } from './forward-scenes.ts';

interface Collections {
  readonly forwards: FixtureCollection<Forward>;
  readonly forwardRules: FixtureCollection<ForwardRules>;
}

export function forwardReplies(
  { forwards, forwardRules }: Collections,
  found: <T>(value: T | undefined) => T,
): Replies {
  let count = 500;
  const change = (id: string, to: Partial<Forward>): Forward => {
    const next = { ...found(forwards.items.get(id)), ...to };
    forwards.put(next);
    return next;
  };
  const make = (to: Partial<Forward> & Pick<Forward, 'workspaceId'>): Forward => {
    count += 1;
    const made = { ...forward(count, 1, to), traffic: unused };
    forwards.put(made);
    return made;
  };
  return {
    'forwards.create': ({ workspaceId, kind, port, localPort, protocol, name, path, login, hostHeader }) =>
      make({
        ...{ workspaceId, kind, port: port ?? null, hostHeader: hostHeader ?? 'kept', name: name ?? '' },
        protocol: kind === 'app' ? (protocol ?? 'http') : 'tcp',
        localPort: kind === 'app' ? null : (localPort ?? port ?? 40_123),
        ...(kind === 'app' ? {} : { origin: null }),
        ...{ path: path ?? '/', login: login ?? { how: 'none' } },
      }),
    'forwards.edit': ({ id, name, ...to }) => {
      const named = name === undefined ? {} : { name: name ?? '' };
      return change(id, { ...(JSON.parse(JSON.stringify(to)) as Partial<Forward>), ...named });
    },
    'forwards.start': ({ id }) => change(id, { isWanted: true, state: 'ready', problem: null }),
    'forwards.stop': ({ id }) => change(id, { isWanted: false, state: 'stopped', problem: null }),
    'forwards.restart': ({ id }) => change(id, { state: 'ready', problem: null }),
    'forwards.remove': ({ id }) => {
      forwards.delete(id);
      return {};
    },
    'forwards.open': ({ id }) => ({
      url: `${found(forwards.items.get(id)).origin}/.berth/enter#ticket-${id}`,
      expiresAt: new Date(Date.now() + 60_000).toISOString(),
    }),
    'forwards.openPort': ({ workspaceId, port }) =>
      [...forwards.items.values()].find(
        (each) => each.workspaceId === workspaceId && each.port === port && each.kind === 'app',
      ) ?? make({ workspaceId, port }),
    'forwards.probe': ({ port }) => ({ protocol: port === 9229 ? 'tcp' : 'http' }),
    'forwards.setRules': ({ workspaceId, rules, announces }) => {
      const next = { id: workspaceId, rules, announces };
      forwardRules.put(next);
      return next;
    },
  };
}
