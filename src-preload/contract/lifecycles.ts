/**
 * When workspaces stop by themselves, and why they run or stopped. Each workspace has one lifecycle, under its own id: what
 * its person wants, what is seen of its work, and what comes next. A lease lets a host hold to it while no Berth is there.
 */
import { z } from 'zod';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import { hostErrorCodes } from './error-codes.ts';
import { PortNumber } from './hosts.ts';
import { HostId, WorkspaceId } from './ids.ts';
import { Instant } from './text.ts';

const Minutes = (least: number) =>
  z.number().int().min(least, `must be at least ${least}`).max(43_200, 'must be at most 43,200 (30 days)');
const TimeOfDay = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'must be a time as 08:30');

/** What counts as work whatever else is seen. */
export const KeepAwake = z.discriminatedUnion('kind', [
  /** While a process of this name runs in it, as `cargo`. */
  z.object({
    kind: z.literal('process'),
    name: z.string().regex(/^[^\s/\0]{1,64}$/, 'must be the name of a program'),
  }),
  /** While a connection through a forward is open: of this port, or of any. */
  z.object({ kind: z.literal('connection'), port: PortNumber.nullable() }),
  /** While a terminal in it is shown in some window. */
  z.object({ kind: z.literal('shown-terminal') }),
]);
export type KeepAwake = z.infer<typeof KeepAwake>;

export const LifecyclePolicy = z.object({
  /** Stops after so long without work; null: never for that. */
  idleMinutes: Minutes(5).nullable(),
  keepAwake: z.array(KeepAwake).max(32),
  /** At an instant, or after it has run so long, whatever it does. */
  endAt: Instant.nullable(),
  endAfterMinutes: Minutes(1).nullable(),
  /**
   * A snapshot is taken before it is destroyed; its files stay as a kept volume then, too. At `endAt` also one that was stopped
   * before is destroyed.
   */
  endAction: z.enum(['stop', 'destroy']),
  /** Runs in these hours alone: stops at their end (`starts`: and starts at their beginning). Null: any time. */
  hours: z
    .object({
      /** IANA name, as Europe/Berlin. */
      timeZone: z.string().max(64),
      /** ISO 8601: 1 is Monday. */
      days: z.array(z.number().int().min(1).max(7)).min(1).max(7),
      from: TimeOfDay,
      /** Before or at `from`: on the day after. */
      to: TimeOfDay,
      starts: z.boolean(),
    })
    .nullable(),
  /** Also holds while no Berth is there, where the host keeps leases: it stops so long after the last Berth was. */
  leaseMinutes: Minutes(10).nullable(),
});
export type LifecyclePolicy = z.infer<typeof LifecyclePolicy>;

export const noPolicy: LifecyclePolicy = {
  idleMinutes: null,
  keepAwake: [],
  endAt: null,
  endAfterMinutes: null,
  endAction: 'stop',
  hours: null,
  leaseMinutes: null,
};

export const WorkSignal = z.enum([
  'keys',
  'output',
  'cpu',
  'network',
  'disk',
  'connection',
  'process',
  'operation',
  'command',
  'transfer',
  'shown-terminal',
]);
export type WorkSignal = z.infer<typeof WorkSignal>;

/** Something that was seen at the last look. Together from 1 on they count as work; below it, as little ones. */
export const WorkSeen = z.object({
  signal: WorkSignal,
  /** From 0 to 1. */
  weight: z.number().min(0).max(1),
  /** As "cargo runs", "2 connections on 3000", "0.4 processors". */
  detail: z.string().max(200),
});
export type WorkSeen = z.infer<typeof WorkSeen>;

export const EndReason = z.enum(['idle', 'time', 'uptime', 'hours', 'lease']);
export type EndReason = z.infer<typeof EndReason>;

export const Lifecycle = z.object({
  /** Of the workspace. */
  id: WorkspaceId,
  policy: LifecyclePolicy,
  /** `unknown`: its host is away or nothing could be measured: that is never taken for idle. */
  judgement: z.enum(['busy', 'quiet', 'unknown', 'off']),
  seen: z.array(WorkSeen).max(32),
  /** Since when nothing was seen that counts; null: it is not quiet. */
  quietSinceAt: Instant.nullable(),
  /** What comes first of all that would end it, as of now. */
  next: z
    .object({
      why: EndReason,
      action: z.enum(['stop', 'destroy']),
      at: Instant,
      /** It is near enough that every window says so. */
      isWarned: z.boolean(),
    })
    .nullable(),
  /** A person said so: nothing ends it before. */
  putOffUntil: Instant.nullable(),
  /** Null: no lease is wanted, or its host keeps none. */
  leaseUntil: Instant.nullable(),
});
export type Lifecycle = z.infer<typeof Lifecycle>;

export const TimelineEntry = z.object({
  at: Instant,
  event: z.enum([
    'created',
    'started',
    'stopped',
    'failed',
    'destroyed',
    'busy',
    'quiet',
    'warned',
    'put-off',
    'policy',
    'snapshot',
    'away',
    'back',
  ]),
  /** A sentence: "Stopped: no work for 30 minutes", "Kept awake by cargo until 14:02". */
  text: z.string().max(500),
  /** Who did it; null: Berth, by the policy; or nobody that Berth knows of. */
  by: z.string().max(200).nullable(),
});
export type TimelineEntry = z.infer<typeof TimelineEntry>;

/** Of a host: whether it ends workspaces whose lease ran out. */
export const HostLease = z.object({
  id: HostId,
  state: z.enum(['absent', 'installed', 'outdated', 'unknown']),
  /** `system`: a timer of the system. `user`: one of Berth's login there, which needs lingering to outlast it. Null: none. */
  how: z.enum(['system', 'user']).nullable(),
  /** What it cannot do there, a sentence each. */
  limits: z.array(z.string().max(300)).max(8),
});
export type HostLease = z.infer<typeof HostLease>;

const byHost = z.object({ hostId: HostId });

export const lifecycleMethods = {
  'lifecycles.watch': stream({
    summary: 'When one’s own workspaces end by themselves, and what is seen of their work, then every change',
    scope: 'workspaces.read',
    input: z.object({}),
    item: collectionItem(Lifecycle),
    errors: [],
    rest: { method: 'GET', path: '/lifecycles', shape: 'collection' },
  }),
  'lifecycles.setPolicy': call({
    summary: 'Says when a workspace ends by itself; the count begins anew',
    scope: 'workspaces.write',
    input: z.object({ workspaceId: WorkspaceId, policy: LifecyclePolicy }),
    output: Lifecycle,
    errors: [],
    rest: { method: 'PUT', path: '/workspaces/:workspaceId/policy' },
  }),
  'lifecycles.putOff': call({
    summary: 'Nothing ends it by itself for so many minutes from now on',
    scope: 'workspaces.write',
    input: z.object({ workspaceId: WorkspaceId, minutes: Minutes(1).default(60) }),
    output: Lifecycle,
    errors: ['workspace.not-running'],
    rest: { method: 'POST', path: '/workspaces/:workspaceId/put-off' },
  }),
  'lifecycles.timeline': stream({
    summary:
      'Why a workspace runs and why it stopped: what there was, oldest first, then each thing as it happens',
    scope: 'workspaces.read',
    input: z.object({
      workspaceId: WorkspaceId,
      /** False: ends with what there was until now. */
      isFollowed: z.boolean().default(true),
    }),
    item: TimelineEntry,
    errors: [],
    rest: { method: 'GET', path: '/workspaces/:workspaceId/timeline', shape: 'items' },
  }),
  'lifecycles.leases': stream({
    summary: 'Which hosts keep leases, then every change',
    scope: 'hosts.read',
    input: z.object({}),
    item: collectionItem(HostLease),
    errors: [],
    rest: { method: 'GET', path: '/host-leases', shape: 'collection' },
  }),
  'lifecycles.installLease': call({
    summary: 'Puts a script and a timer on a host, which stop containers whose lease ran out',
    scope: 'hosts.write',
    input: byHost,
    output: HostLease,
    errors: [...hostErrorCodes, 'lease.not-possible'],
    rest: { method: 'POST', path: '/hosts/:hostId/lease' },
  }),
  'lifecycles.removeLease': call({
    summary: 'Takes the script, the timer and all leases off a host again',
    scope: 'hosts.write',
    input: byHost,
    output: HostLease,
    errors: [...hostErrorCodes, 'lease.not-possible'],
    rest: { method: 'DELETE', path: '/hosts/:hostId/lease' },
  }),
};
