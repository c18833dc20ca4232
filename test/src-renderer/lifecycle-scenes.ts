/** Scenes about workspaces that end by themselves, and what the fixture plane answers about them. */
import { type HostLease, type Lifecycle, noPolicy, type TimelineEntry } from '#contract/lifecycles.ts';
import type { FixtureCollection, Replies } from './fixture-plane.ts';
import { machine, machineCloud } from './machine-fixtures.ts';
import { type Scene, scenes, workspace } from './scenes.ts';

const body = (n: number) => String(n).padStart(20, '0');
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const soon = (minutes: number) => ago(-minutes);

function lifecycle(n: number, more: Partial<Lifecycle> = {}): Lifecycle {
  return {
    id: `ws_${body(n)}`,
    policy: noPolicy,
    judgement: 'busy',
    seen: [],
    ...{ quietSinceAt: null, next: null, putOffUntil: null, leaseUntil: null },
    ...more,
  };
}

const idle: Lifecycle['policy'] = {
  ...noPolicy,
  idleMinutes: 60,
  keepAwake: [
    { kind: 'process', name: 'cargo' },
    { kind: 'connection', port: null },
  ],
};
const much: Lifecycle['policy'] = {
  ...idle,
  endAfterMinutes: 720,
  hours: { timeZone: 'Europe/Berlin', days: [1, 2, 3, 4, 5], from: '08:00', to: '19:00', starts: true },
  leaseMinutes: 120,
};

const entry = (minutes: number, event: TimelineEntry['event'], text: string, by: string | null = null) => ({
  at: ago(minutes),
  ...{ event, text, by },
});
/** Of every workspace. */
const timeline: readonly TimelineEntry[] = [
  entry(3100, 'created', 'Made from the project “api”', 'Ada Lovelace'),
  entry(3099, 'started', 'Started', 'Ada Lovelace'),
  entry(2890, 'stopped', 'Stopped: no work for 1 h'),
  entry(1500, 'started', 'Started: its hours began'),
  entry(1320, 'away', 'Its host was lost: nothing was measured'),
  entry(1310, 'back', 'Its host is back'),
  entry(900, 'failed', 'Ran out of memory and ended (limit 2.0\u00a0GiB)'),
  entry(899, 'started', 'Started', 'Ada Lovelace'),
  entry(240, 'busy', 'Kept awake by work (cargo runs)'),
  entry(120, 'policy', 'Stops after 1 h without work', 'Ada Lovelace'),
  entry(70, 'quiet', 'Quiet since then'),
  entry(10, 'warned', 'Stops in 10 min for want of work'),
];

const lease = (n: number, more: Partial<HostLease> = {}): HostLease => ({
  id: `host_${body(n)}`,
  state: 'absent',
  how: null,
  limits: ['It ends containers, not what a rented machine costs.'],
  ...more,
});

export const lifecycleScenes = {
  lifecycles: {
    ...scenes.usual,
    lifecycles: [
      lifecycle(1, {
        policy: much,
        seen: [
          { signal: 'process', weight: 1, detail: 'cargo runs' },
          { signal: 'cpu', weight: 0.7, detail: '1.8 processors' },
          { signal: 'connection', weight: 0.3, detail: '2 connections on 3000' },
        ],
        next: { why: 'hours', action: 'stop', at: soon(134), isWarned: false },
        leaseUntil: soon(118),
      }),
      lifecycle(2, { policy: idle, judgement: 'off' }),
    ],
    hostLeases: [
      lease(1, { state: 'installed', how: 'system' }),
      lease(2, { limits: ['Nothing there outlasts Berth’s login: lingering is off (loginctl).'] }),
    ],
    timeline,
  },
  /** As it is when nobody has said anything yet. */
  'lifecycles-none': {
    ...scenes.usual,
    lifecycles: [lifecycle(1, { judgement: 'unknown' })],
    hostLeases: [lease(1, { state: 'unknown', limits: [] })],
    timeline: [entry(3100, 'created', 'Made')],
  },
  'lifecycles-much': {
    ...scenes.usual,
    workspaces: [workspace(1, 'a-workspace-with-a-name-as-long-as-they-get-0123456789', 1, 'running')],
    lifecycles: [
      lifecycle(1, {
        policy: {
          ...much,
          keepAwake: [
            ...idle.keepAwake,
            ...Array.from({ length: 8 }, (_, n) => ({
              kind: 'process' as const,
              name: `a-program-with-a-long-name-${n}`,
            })),
          ],
          endAt: soon(3 * 1440),
          endAction: 'destroy',
        },
        judgement: 'quiet',
        quietSinceAt: ago(95),
        seen: Array.from({ length: 6 }, (_, n) => ({
          signal: 'connection' as const,
          weight: 0.1,
          detail: `${n + 2} connections on ${30_000 + n}`,
        })),
        next: { why: 'uptime', action: 'destroy', at: soon(-0.5), isWarned: true },
        putOffUntil: soon(2 * 1440),
        leaseUntil: soon(1500),
      }),
    ],
    hostLeases: [
      lease(1, {
        state: 'outdated',
        how: 'user',
        limits: [
          'It stops workspaces. It cannot end what a rented machine costs: that goes on until the machine is destroyed.',
          'It runs for the login deploy, and only while that login may linger (loginctl enable-linger deploy).',
          'Its timer does not run at present: take it off, and install it again.',
        ],
      }),
    ],
    timeline: [
      ...timeline,
      entry(
        3,
        'failed',
        `It could not be destroyed: The snapshot could not be written to the repository ${'s3:backups/'.repeat(12)}: no space is left. Tried again in 5 minutes.`,
        'Somebody With A Rather Long Name Who Works Here',
      ),
    ],
  },
  'lifecycles-ending': {
    ...scenes.usual,
    lifecycles: [
      lifecycle(1, {
        policy: idle,
        judgement: 'quiet',
        seen: [{ signal: 'output', weight: 0.1, detail: 'a little output' }],
        quietSinceAt: ago(51),
        next: { why: 'idle', action: 'stop', at: soon(8.7), isWarned: true },
      }),
    ],
    hostLeases: [lease(1)],
    timeline,
  },
  /** Stopped, and to be destroyed at a time. */
  'lifecycles-last': {
    ...scenes.usual,
    workspaces: [workspace(1, 'api-server', 1, 'stopped')],
    lifecycles: [
      lifecycle(1, {
        policy: { ...noPolicy, endAt: soon(8), endAction: 'destroy' },
        judgement: 'off',
        next: { why: 'time', action: 'destroy', at: soon(8), isWarned: true },
      }),
    ],
    timeline,
  },
  'lifecycles-costing': {
    ...scenes.usual,
    machines: [machine(1, 'atlas', { hostId: `host_${body(1)}` })],
    clouds: [machineCloud],
    workspaces: [workspace(1, 'api-server', 1, 'stopped'), workspace(3, 'scratch', 3, 'running')],
    lifecycles: [lifecycle(1, { policy: idle, judgement: 'off' })],
    timeline: [
      ...timeline,
      entry(
        1,
        'stopped',
        'Stopped: no work for 1 h. Its machine “atlas” goes on costing, and nothing ends that by itself',
      ),
    ],
  },
  'lifecycles-stopping': {
    ...scenes.usual,
    machines: [machine(1, 'atlas', { hostId: `host_${body(1)}` })],
    clouds: [machineCloud],
    workspaces: [workspace(1, 'api-server', 1, 'running'), workspace(3, 'scratch', 3, 'running')],
    lifecycles: [
      lifecycle(1, {
        policy: idle,
        judgement: 'quiet',
        next: { why: 'idle', action: 'stop', at: soon(0.1), isWarned: true },
      }),
    ],
    timeline,
  },
} satisfies Record<string, Scene>;

interface Collections {
  readonly lifecycles: FixtureCollection<Lifecycle>;
  readonly hostLeases: FixtureCollection<HostLease>;
}

export function lifecycleReplies({ lifecycles, hostLeases }: Collections): Replies {
  const change = (id: Lifecycle['id'], to: Partial<Lifecycle>): Lifecycle => {
    const next = { ...(lifecycles.items.get(id) ?? lifecycle(1, { id })), ...to };
    lifecycles.put(next);
    return next;
  };
  const changeLease = (id: HostLease['id'], to: Partial<HostLease>): HostLease => {
    const next = { ...lease(1), ...hostLeases.items.get(id), ...to, id };
    hostLeases.put(next);
    return next;
  };
  return {
    'lifecycles.setPolicy': ({ workspaceId, policy }) => change(workspaceId, { policy, next: null }),
    'lifecycles.putOff': ({ workspaceId, minutes = 60 }) =>
      change(workspaceId, { next: null, putOffUntil: soon(minutes) }),
    'lifecycles.installLease': ({ hostId }) => changeLease(hostId, { state: 'installed', how: 'system' }),
    'lifecycles.removeLease': ({ hostId }) => changeLease(hostId, { state: 'absent', how: null }),
  };
}
