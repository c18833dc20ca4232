/**
 * Machines: servers that Berth rents at a provider, from the wish to the last cent. A machine becomes a host once its engine
 * answers, and stays the same machine when it sleeps and comes back on other hardware. Long, since it is one noun whole.
 */
import { z } from 'zod';
import { ErrorShape } from './berth-error.ts';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import type { ErrorCode } from './error-codes.ts';
import { CloudId, HostId, MachineId, WorkspaceId } from './ids.ts';
import { Operation } from './operations.ts';
import { Bytes, Instant, line } from './text.ts';

const Usd = z.number().nonnegative().max(10_000_000);

/** A host name (RFC 1123) that becomes the machine's own. */
export const MachineName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(63, 'must have at most 63 characters')
  .regex(/^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/, 'must be letters, digits and dashes');
/** Id of a region, size or image, as the provider's offer gives it. */
const OfferId = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}$/, 'must be one of those on offer');
/** What providers allow in a tag. Those that begin with `berth` are Berth's own. */
export const MachineTag = z
  .string()
  .regex(/^[a-zA-Z0-9_:-]{1,128}$/, 'must be letters, digits, dashes, colons and underscores')
  .refine((tag) => !/^berth/i.test(tag), 'must not begin with “berth”');

/** Who may reach its SSH server. `mine`: the address that this Berth comes from, as the machine sees it. */
export const SshAccess = z.discriminatedUnion('from', [
  z.object({ from: z.literal('mine') }),
  z.object({ from: z.literal('anywhere') }),
  z.object({
    from: z.literal('addresses'),
    addresses: z
      .array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]))
      .min(1)
      .max(50),
  }),
]);
export type SshAccess = z.infer<typeof SshAccess>;

/** What happens by itself: at an instant, and after so long without work. Only while some Berth runs. */
export const EndAction = z.enum(['destroy', 'hibernate']);
export type EndAction = z.infer<typeof EndAction>;
export const MachineEnd = z.object({
  at: Instant.nullable(),
  atAction: EndAction,
  idleMinutes: z.number().int().min(10, 'must be at least 10').max(43_200).nullable(),
  idleAction: EndAction,
  /** Put off once: for want of work it ends not before this. */
  idleNotBefore: Instant.optional(),
});
export type MachineEnd = z.infer<typeof MachineEnd>;

/** Where the files of a machine are while it sleeps. */
export const SleepPlace = z.discriminatedUnion('kind', [
  /** The whole disk, as a snapshot at the provider. */
  z.object({ kind: z.literal('machine-snapshot') }),
  /** Its workspaces, as snapshots on another host. */
  z.object({ kind: z.literal('host'), hostId: HostId }),
  /** Its workspaces, as archives in the data folder of the computer that this Berth runs on. */
  z.object({ kind: z.literal('computer') }),
]);
export type SleepPlace = z.infer<typeof SleepPlace>;

export const Gate = z.enum(['action', 'address', 'ssh', 'setup']);
export type Gate = z.infer<typeof Gate>;
export const TroubleChoice = z.enum(['keep-waiting', 'retry', 'keep', 'destroy']);
export type TroubleChoice = z.infer<typeof TroubleChoice>;

/** Why the making of a machine waits for a person. */
export const MachineTrouble = z.object({
  gate: Gate,
  error: ErrorShape,
  choices: z.array(TroubleChoice),
  sinceAt: Instant,
});
export type MachineTrouble = z.infer<typeof MachineTrouble>;

/**
 * What Berth does with a machine by itself, failed, and is tried again by itself. `sleep`: all of it is kept elsewhere, and
 * its hardware could not be destroyed, so that it still costs.
 */
export const MachineRetry = z.object({
  why: z.enum(['expiry', 'idle', 'sleep']),
  action: EndAction,
  error: ErrorShape,
  failedAt: Instant,
  againAt: Instant,
});
export type MachineRetry = z.infer<typeof MachineRetry>;

export const Machine = z.object({
  id: MachineId,
  cloudId: CloudId,
  name: z.string(),
  /** As the provider numbers it; null before it is made and while it sleeps. */
  providerId: z.string().nullable(),
  hostId: HostId.nullable(),
  /**
   * What Berth does with it. `incomplete`: its making was given up and it was kept. `made`: it is there.
   * `vanished`: the provider does not have it any more, and it was not Berth that destroyed it.
   */
  life: z.enum([
    'creating',
    'incomplete',
    'made',
    'hibernating',
    'asleep',
    'waking',
    'destroying',
    'vanished',
  ]),
  /** What the provider last told; null: nothing yet. `isBusy`: it works on the machine. `off` costs as `on` does. */
  power: z
    .object({ state: z.enum(['new', 'on', 'off', 'archived']), isBusy: z.boolean(), readAt: Instant })
    .nullable(),
  /** The gate of its making that it is at. `limitAt`: when Berth asks what to do. */
  gate: z.object({ gate: Gate, sinceAt: Instant, limitAt: Instant }).nullable(),
  trouble: MachineTrouble.nullable(),
  region: z.string(),
  size: z.string(),
  image: z.string(),
  cpus: z.number().int().nullable(),
  memoryBytes: Bytes.nullable(),
  diskBytes: Bytes.nullable(),
  /** With what backups add, as far as the provider has told it. */
  hourlyUsd: Usd,
  monthlyUsd: Usd,
  ipv4: z.string().nullable(),
  ipv6: z.string().nullable(),
  tags: z.array(z.string()),
  hasBackups: z.boolean(),
  /** Null: no firewall of the provider's (one that was adopted). */
  sshAccess: SshAccess.nullable(),
  end: MachineEnd,
  /** When it ends by itself, whatever comes first, as of now; null: not in sight. */
  endsAt: Instant.nullable(),
  retry: MachineRetry.nullable(),
  sleep: z
    .object({
      place: SleepPlace,
      sinceAt: Instant,
      /** What the files cost in a month where they lie; null: nothing at the provider. */
      monthlyUsd: Usd.nullable(),
      sizeBytes: Bytes.nullable(),
      workspaces: z.number().int(),
    })
    .nullable(),
  createdAt: Instant,
});
export type Machine = z.infer<typeof Machine>;

/** Something at the provider that stays, and costs, when the machine goes. */
export const Leftover = z.object({
  kind: z.enum(['address', 'snapshot', 'volume', 'volume-snapshot']),
  id: z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/),
  name: z.string(),
  monthlyUsd: Usd.nullable(),
});
export type Leftover = z.infer<typeof Leftover>;
const LeftoverRef = Leftover.pick({ kind: true, id: true });

export const DestroyPlan = z.object({
  name: z.string(),
  perHourUsd: Usd,
  leftovers: z.array(Leftover),
  /** What the token may not see, as sentences: it may stay behind unseen. */
  blind: z.array(z.string()),
  /** What lies on the machine and goes with it. */
  workspaces: z.array(z.object({ id: WorkspaceId, name: z.string(), isRunning: z.boolean() })),
  /** Of everybody; those of others have no name here. */
  otherWorkspaces: z.number().int(),
  /** Snapshots of workspaces that lie on it and nowhere else. */
  snapshots: z.number().int(),
});
export type DestroyPlan = z.infer<typeof DestroyPlan>;

/** A snapshot or backup of a whole machine, at the provider. */
export const MachineSnapshot = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['snapshot', 'backup']),
  createdAt: Instant,
  sizeBytes: Bytes,
  minDiskBytes: Bytes,
  monthlyUsd: Usd.nullable(),
  regions: z.array(z.string()),
});
export type MachineSnapshot = z.infer<typeof MachineSnapshot>;

export const HibernatePlan = z.object({
  awakeMonthlyUsd: Usd,
  places: z.array(
    z.object({
      place: SleepPlace,
      label: z.string(),
      /** Estimated from what is used now; null: not known. */
      sizeBytes: Bytes.nullable(),
      /** While it sleeps; null: nothing at the provider. */
      monthlyUsd: Usd.nullable(),
      /** Null: can be used. */
      problem: z.string().nullable(),
      /** What is not kept there, as sentences. */
      loses: z.array(z.string()),
    }),
  ),
  workspaces: z.array(z.object({ id: WorkspaceId, name: z.string(), isRunning: z.boolean() })),
  otherWorkspaces: z.number().int(),
  snapshots: z.number().int(),
  /** Those that no registry gives again: they come along to the places for workspaces. Sizes before they are compressed. */
  images: z.array(z.object({ reference: z.string(), sizeBytes: Bytes })),
});
export type HibernatePlan = z.infer<typeof HibernatePlan>;

const asks = [
  'cloud.token-refused',
  'cloud.permission-missing',
  'cloud.unreachable',
  'cloud.rate-limited',
  'cloud.refused',
  'cloud.failed',
  'cloud.not-offered',
  'credential.keychain-unavailable',
  'credential.vault-locked',
  'credential.missing',
] as const satisfies readonly ErrorCode[];
const begins = ['conflict', ...asks] as const satisfies readonly ErrorCode[];
const byId = z.object({ id: MachineId });
const started = z.object({ machine: Machine, operation: Operation });

export const machineMethods = {
  'machines.watch': stream({
    summary: 'All machines, then every change',
    scope: 'machines.read',
    input: z.object({}),
    item: collectionItem(Machine),
    errors: [],
    rest: { method: 'GET', path: '/machines', shape: 'collection' },
  }),
  'machines.create': call({
    summary: 'Rents a machine, waits until its engine answers, and makes it a host',
    scope: 'machines.write',
    input: z.object({
      cloudId: CloudId,
      name: MachineName,
      region: OfferId,
      size: OfferId,
      image: OfferId,
      tags: z.array(MachineTag).max(20).default([]),
      hasIpv6: z.boolean().default(false),
      hasBackups: z.boolean().default(false),
      hasMonitoring: z.boolean().default(false),
      sshAccess: SshAccess.default({ from: 'mine' }),
      end: MachineEnd.default({ at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'destroy' }),
      /** At a gate that is not passed in time, or fails. `ask`: waits for `machines.decide`. */
      onTrouble: z.enum(['ask', 'keep', 'destroy']).default('ask'),
      /** What the person saw. A higher price now is refused. */
      hourlyUsd: Usd,
    }),
    output: started,
    errors: [
      ...begins,
      'machine.name-taken',
      'cloud.limit-reached',
      'cloud.price-changed',
      'host.name-taken',
    ],
    rest: { method: 'POST', path: '/machines', creates: 'machine.id' },
  }),
  'machines.decide': call({
    summary: 'Answers a trouble in the making of a machine',
    scope: 'machines.write',
    input: byId.extend({ choice: TroubleChoice }),
    output: Machine,
    errors: ['conflict'],
    rest: { method: 'POST', path: '/machines/:id/decision' },
  }),
  'machines.finish': call({
    summary: 'Goes on with the making of a machine that was kept unfinished',
    scope: 'machines.write',
    input: byId,
    output: Operation,
    errors: begins,
    rest: { method: 'POST', path: '/machines/:id/finish' },
  }),
  'machines.setEnd': call({
    summary: 'Changes when it ends by itself',
    scope: 'machines.write',
    input: byId.extend({ end: MachineEnd }),
    output: Machine,
    errors: ['conflict'],
    rest: { method: 'PUT', path: '/machines/:id/end' },
  }),
  'machines.power': call({
    summary: 'Switches it on or off, or starts it again. Off still costs',
    scope: 'machines.write',
    input: byId.extend({
      /** `off` asks the system to shut down, and pulls the cord after two minutes. */
      action: z.enum(['on', 'off', 'reboot', 'cut']),
    }),
    output: Operation,
    errors: begins,
    rest: { method: 'POST', path: '/machines/:id/power' },
  }),
  'machines.resize': call({
    summary: 'Gives it another size; a disk that grew cannot shrink again. Switches it off for that',
    scope: 'machines.write',
    input: byId.extend({ size: OfferId, growsDisk: z.boolean(), hourlyUsd: Usd }),
    output: Operation,
    errors: [...begins, 'cloud.price-changed'],
    rest: { method: 'POST', path: '/machines/:id/resize' },
  }),
  'machines.rebuild': call({
    summary: 'Replaces its disk with a fresh image: everything on it is gone. Name, address and price stay',
    scope: 'machines.write',
    /** `name`: as the machine's, so that nothing is rebuilt by a slip. */
    input: byId.extend({ image: OfferId, name: z.string().max(63) }),
    output: Operation,
    errors: begins,
    rest: { method: 'POST', path: '/machines/:id/rebuild' },
  }),
  'machines.rename': call({
    summary: 'Renames it at the provider, and its host',
    scope: 'machines.write',
    input: byId.extend({ name: MachineName }),
    output: Operation,
    errors: [...begins, 'machine.name-taken', 'host.name-taken'],
    rest: { method: 'POST', path: '/machines/:id/rename' },
  }),
  'machines.setBackups': call({
    summary: 'Turns the provider’s backups on or off',
    scope: 'machines.write',
    input: byId.extend({ isOn: z.boolean() }),
    output: Operation,
    errors: begins,
    rest: { method: 'PUT', path: '/machines/:id/backups' },
  }),
  'machines.setSshAccess': call({
    summary: 'Changes who may reach its SSH server',
    scope: 'machines.write',
    input: byId.extend({ sshAccess: SshAccess }),
    output: Operation,
    errors: begins,
    rest: { method: 'PUT', path: '/machines/:id/ssh-access' },
  }),
  'machines.snapshots': call({
    summary: 'Snapshots and backups of the whole machine at the provider',
    scope: 'machines.read',
    input: byId,
    output: z.object({ snapshots: z.array(MachineSnapshot) }),
    errors: asks,
    rest: { method: 'GET', path: '/machines/:id/snapshots' },
  }),
  'machines.takeSnapshot': call({
    summary: 'Takes a snapshot of the whole machine at the provider, switched off for that if wished',
    scope: 'machines.write',
    input: byId.extend({ name: line(200), isOff: z.boolean().default(true) }),
    output: Operation,
    errors: begins,
    rest: { method: 'POST', path: '/machines/:id/snapshots' },
  }),
  'machines.restoreSnapshot': call({
    summary: 'Puts the whole machine back to a snapshot or backup: what came after is gone',
    scope: 'machines.write',
    input: byId.extend({ snapshot: OfferId, name: z.string().max(63) }),
    output: Operation,
    errors: begins,
    rest: { method: 'POST', path: '/machines/:id/restore' },
  }),
  'machines.destroySnapshot': call({
    summary: 'Destroys a snapshot of the whole machine at the provider',
    scope: 'machines.write',
    input: byId.extend({ snapshot: OfferId }),
    output: Operation,
    errors: begins,
    rest: { method: 'POST', path: '/machines/:id/snapshots/:snapshot/destroy' },
  }),
  'machines.destroyPlan': call({
    summary: 'What goes with the machine, and what stays behind at the provider and costs',
    scope: 'machines.read',
    input: byId,
    output: DestroyPlan,
    errors: asks,
    rest: { method: 'GET', path: '/machines/:id/destroy-plan' },
  }),
  'machines.destroy': call({
    summary: 'Destroys the machine and what is chosen of the rest, and follows it until it is gone',
    scope: 'machines.write',
    input: byId.extend({ name: z.string().max(63), leftovers: z.array(LeftoverRef).max(500).default([]) }),
    output: Operation,
    errors: begins,
    rest: { method: 'POST', path: '/machines/:id/destroy' },
  }),
  'machines.forget': call({
    summary: 'Berth forgets a machine that the provider does not have any more, and its host',
    scope: 'machines.write',
    input: byId,
    output: z.object({}),
    errors: ['conflict', 'credential.keychain-unavailable', 'credential.vault-locked'],
    rest: { method: 'DELETE', path: '/machines/:id' },
  }),
  'machines.hibernatePlan': call({
    summary: 'Where its files could sleep, and what that costs',
    scope: 'machines.read',
    input: byId,
    output: HibernatePlan,
    errors: [...asks, 'conflict'],
    rest: { method: 'GET', path: '/machines/:id/hibernate-plan' },
  }),
  'machines.hibernate': call({
    summary:
      'Keeps its files elsewhere, checks them, and destroys the machine; `machines.wake` brings it back',
    scope: 'machines.write',
    input: byId.extend({ place: SleepPlace }),
    output: Operation,
    errors: [...begins, 'host.not-connected'],
    rest: { method: 'POST', path: '/machines/:id/hibernate' },
  }),
  'machines.wake': call({
    summary: 'Rents a machine again and brings everything back under the same names, keys and ids',
    scope: 'machines.write',
    input: byId.extend({
      /** Default: as before. */
      region: OfferId.nullable().default(null),
      size: OfferId.nullable().default(null),
      hourlyUsd: Usd,
      /** The snapshot of the whole machine that it slept in stays, and costs. */
      keepsSnapshot: z.boolean().default(false),
    }),
    output: Operation,
    errors: [...begins, 'host.not-connected', 'cloud.limit-reached', 'cloud.price-changed'],
    rest: { method: 'POST', path: '/machines/:id/wake' },
  }),
};
