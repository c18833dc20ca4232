/** Rules for a workspace's snapshots: when they are made, how, and which of them stay. */
import { z } from 'zod';
import { ErrorShape } from './berth-error.ts';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import { RepositoryId, SnapshotId, WorkspaceId } from './ids.ts';
import { Operation } from './operations.ts';
import { Consistency, HookCommand } from './snapshots.ts';
import { Bytes, Instant } from './text.ts';

const count = z.number().int().min(0).max(1000);

/** How many stay: the last N whatever their age, and the newest of each of the last N hours, days, weeks and months. */
export const KeepRule = z.object({
  last: count,
  hourly: count,
  daily: count,
  weekly: count,
  monthly: count,
});
export type KeepRule = z.infer<typeof KeepRule>;

const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day as 22:00');

export const SnapshotRules = z.object({
  /** The workspace's. */
  id: WorkspaceId,
  /** Five cron words: minute, hour, day of month, month, day of week. Null: none are made by a clock. */
  schedule: z.string().trim().min(1).max(200).nullable(),
  /** IANA name of the zone in which the schedule and the quiet hours are read. */
  timeZone: z.string().max(80),
  /** Nothing is begun between these; what was due is made when they end. May go over midnight. */
  quietHours: z.object({ from: TimeOfDay, to: TimeOfDay }).nullable(),
  consistency: Consistency,
  /** Run in the workspace before it is frozen or read; its failure stops the snapshot. */
  beforeCommand: HookCommand.nullable(),
  /** Run when it goes on, if the first was run. */
  afterCommand: HookCommand.nullable(),
  /** Where they go. Null: archives on the host. */
  repositoryId: RepositoryId.nullable(),
  /** Null: all stay. Pinned ones always do. */
  keep: KeepRule.nullable(),
  /** When the next one is due, quiet hours counted in. */
  nextAt: Instant.nullable(),
  lastAt: Instant.nullable(),
  /** Why the last one that was due was not made. */
  problem: ErrorShape.nullable(),
});
export type SnapshotRules = z.infer<typeof SnapshotRules>;

export const snapshotRulesDefaults = {
  schedule: null,
  quietHours: null,
  consistency: 'paused',
  beforeCommand: null,
  afterCommand: null,
  repositoryId: null,
  keep: null,
} as const;

export const suggestedKeepRule: KeepRule = { last: 5, hourly: 24, daily: 7, weekly: 4, monthly: 12 };

export const KeepPlan = z.object({
  keeps: z.array(
    z.object({
      id: SnapshotId,
      /** As `last`, `daily 2026-11-25`, `pinned`. */
      reasons: z.array(z.string()),
    }),
  ),
  destroys: z.array(SnapshotId),
  freesBytes: Bytes,
});
export type KeepPlan = z.infer<typeof KeepPlan>;

export const snapshotRuleMethods = {
  'snapshotRules.watch': stream({
    summary: 'The rules of every workspace that has any, then every change',
    scope: 'snapshots.read',
    input: z.object({}),
    item: collectionItem(SnapshotRules),
    errors: [],
    rest: { method: 'GET', path: '/snapshot-rules', shape: 'collection' },
  }),
  'snapshotRules.set': call({
    summary: 'Sets the rules of a workspace; what is left out stays as it is',
    scope: 'snapshots.write',
    input: SnapshotRules.omit({ nextAt: true, lastAt: true, problem: true })
      .partial()
      .extend({ id: WorkspaceId }),
    output: SnapshotRules,
    errors: [],
    rest: { method: 'PATCH', path: '/snapshot-rules/:id' },
  }),
  'snapshotRules.explain': call({
    summary: 'When a schedule would make the next snapshots; invalid-input says what is wrong with it',
    scope: 'snapshots.read',
    input: SnapshotRules.pick({ timeZone: true, quietHours: true }).extend({
      schedule: z.string().trim().min(1).max(200),
    }),
    output: z.object({ next: z.array(Instant) }),
    errors: [],
    rest: { method: 'POST', path: '/snapshot-rules/explain' },
  }),
  'snapshotRules.keepPlan': call({
    summary: 'Which snapshots of a workspace a rule would keep, and why, and which it would destroy',
    scope: 'snapshots.read',
    input: z.object({ workspaceId: WorkspaceId, keep: KeepRule }),
    output: KeepPlan,
    errors: [],
    rest: { method: 'POST', path: '/snapshot-rules/:workspaceId/keep-plan' },
  }),
  'snapshotRules.apply': call({
    summary: 'Destroys what the rule does not keep, if that is still what was shown',
    scope: 'snapshots.write',
    input: z.object({
      workspaceId: WorkspaceId,
      keep: KeepRule,
      /** As `keepPlan` said. Anything else is a conflict. */
      destroys: z.array(SnapshotId).min(1).max(1000),
    }),
    output: Operation,
    errors: ['conflict', 'host.not-connected', 'engine.unreachable'],
    rest: { method: 'POST', path: '/snapshot-rules/:workspaceId/apply' },
  }),
};
