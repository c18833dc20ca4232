/**
 * Clouds: accounts at providers that rent machines. What a token may do, what is on offer, what everything costs, and what
 * is there that Berth does not know. Amounts are US dollars.
 */
import { z } from 'zod';
import { ErrorShape } from './berth-error.ts';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import type { ErrorCode } from './error-codes.ts';
import { CloudId, FoundId, HostId, MachineId } from './ids.ts';
import { Machine, MachineName } from './machines.ts';
import { Operation } from './operations.ts';
import { Bytes, DisplayName, Instant } from './text.ts';

/** US dollars. A price per hour has up to five decimals. */
export const Usd = z.number().nonnegative().max(10_000_000);

/** Names one of the providers that this Berth has an adapter for. */
export const ProviderId = z.string().regex(/^[a-z][a-z0-9-]{1,39}$/);

/** A provider as the window speaks of it. */
export const CloudProviderInfo = z.object({
  id: ProviderId,
  /** As it writes itself. */
  name: z.string(),
  /** What it calls its machines, in small letters, one and many. */
  machineWord: z.string(),
  machinesWord: z.string(),
  /** Where a person makes a token. */
  tokenUrl: z.url(),
  /** How a token is recognised, in a sentence. */
  tokenHelp: z.string(),
  /** All that a token needs, ready to be copied, one permission a line. */
  permissions: z.array(z.string()),
  /** Which prices its API does not tell, where they are from, and of when; in a sentence. */
  priceNote: z.string(),
});
export type CloudProviderInfo = z.infer<typeof CloudProviderInfo>;

/** One thing that a token may be allowed to do, as found by trying. */
export const CloudPermission = z.object({
  /** As the provider names it. */
  name: z.string(),
  /** Null: cannot be found out without doing it. */
  isGranted: z.boolean().nullable(),
  /** Without it no machine can be made. */
  isNeeded: z.boolean(),
  /** What Berth cannot do or see without it, as a sentence. */
  without: z.string(),
});
export type CloudPermission = z.infer<typeof CloudPermission>;

export const CloudState = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('checking') }),
  z.object({ phase: z.literal('ready'), checkedAt: Instant }),
  /** The last attempt failed for a reason that passes; the last known is shown. */
  z.object({ phase: z.literal('unreachable'), sinceAt: Instant, error: ErrorShape }),
  /** The token is not accepted any more, or cannot be read: waits for the person. */
  z.object({ phase: z.literal('refused'), sinceAt: Instant, error: ErrorShape }),
]);
export type CloudState = z.infer<typeof CloudState>;

/** A limit for what an account spends in a month, by what Berth counts. */
export const CloudBudget = z.object({
  /** Null: none. */
  monthlyUsd: Usd.nullable(),
  /** Share of it, in percent, from which on it warns. */
  warnAtPercent: z.number().int().min(10).max(100),
});
export type CloudBudget = z.infer<typeof CloudBudget>;

export const Cloud = z.object({
  id: CloudId,
  provider: ProviderId,
  label: DisplayName,
  state: CloudState,
  /** Of the provider: team or person that the token belongs to. */
  owner: z.string().nullable(),
  /** `locked`: nothing can be made. */
  standing: z.enum(['active', 'warning', 'locked']).nullable(),
  /** What the provider says about it; empty where there is nothing. */
  standingMessage: z.string(),
  machineLimit: z.number().int().nullable(),
  /** All machines of the account, whoever made them. */
  machineCount: z.number().int().nullable(),
  /** Null: the token may not see it. `dueUsd` is negative for credit. */
  balance: z.object({ monthToDateUsd: z.number(), dueUsd: z.number(), generatedAt: Instant }).nullable(),
  permissions: z.array(CloudPermission),
  budget: CloudBudget,
  /** When machines, snapshots, volumes and addresses there were last compared with what Berth knows. */
  reconciledAt: Instant.nullable(),
  /** How far this computer's clock is ahead of the provider's, in milliseconds, where it is more than a minute. */
  clockAheadMs: z.number().int().nullable(),
  addedAt: Instant,
});
export type Cloud = z.infer<typeof Cloud>;

export const CloudRegion = z.object({ id: z.string(), name: z.string(), isOpen: z.boolean() });
export type CloudRegion = z.infer<typeof CloudRegion>;
export const CloudSize = z.object({
  id: z.string(),
  /** Class, as "Basic" or "CPU-Optimized". */
  family: z.string(),
  cpus: z.number().int(),
  memoryBytes: Bytes,
  diskBytes: Bytes,
  transferBytes: Bytes.nullable(),
  hourlyUsd: Usd,
  monthlyUsd: Usd,
  gpu: z.string().nullable(),
  /** Regions in which it can be had now. */
  regions: z.array(z.string()),
});
export type CloudSize = z.infer<typeof CloudSize>;
export const CloudImage = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['distribution', 'snapshot', 'backup']),
  /** Berth's set-up is known to work on it. */
  isSupported: z.boolean(),
  minDiskBytes: Bytes,
  regions: z.array(z.string()),
});
export type CloudImage = z.infer<typeof CloudImage>;
export const CloudOffer = z.object({
  readAt: Instant,
  regions: z.array(CloudRegion),
  sizes: z.array(CloudSize),
  images: z.array(CloudImage),
  /** What a snapshot costs for each GiB and month. */
  snapshotUsdPerGibMonth: Usd,
  /** What backups add, as a share of the machine's price. */
  backupShare: z.number().min(0).max(1),
});
export type CloudOffer = z.infer<typeof CloudOffer>;

/** In dollars; the provider bills by the hour, up to the month's. */
export interface Price {
  readonly hourlyUsd: number;
  readonly monthlyUsd: number;
}

/**
 * A price with what backups add, `backupShare` of it: to the hundred-thousandth of a dollar for an hour, to the cent for a
 * month.
 */
export function withBackups({ hourlyUsd, monthlyUsd }: Price, backupShare: number): Price {
  const factor = 1 + backupShare;
  return {
    hourlyUsd: Math.round(hourlyUsd * factor * 1e5) / 1e5,
    monthlyUsd: Math.round(monthlyUsd * factor * 100) / 100,
  };
}

export const FoundKind = z.enum(['machine', 'snapshot', 'volume', 'volume-snapshot', 'address']);
export type FoundKind = z.infer<typeof FoundKind>;

/** Something at a provider that costs and that Berth does not know as its own. */
export const FoundResource = z.object({
  id: FoundId,
  cloudId: CloudId,
  kind: FoundKind,
  providerId: z.string(),
  name: z.string(),
  region: z.string().nullable(),
  createdAt: Instant.nullable(),
  hourlyUsd: Usd.nullable(),
  monthlyUsd: Usd.nullable(),
  sizeBytes: Bytes.nullable(),
  /**
   * `here`: this Berth made it and lost sight of it. `elsewhere`: another Berth made it. `left`: it was of a machine that
   * Berth destroyed or lost.
   */
  origin: z.enum(['here', 'elsewhere', 'left']),
  /** In a sentence: where it comes from, as far as can be told. */
  detail: z.string(),
  canAdopt: z.boolean(),
  /** The person said that it is all right. */
  isDismissed: z.boolean(),
  foundAt: Instant,
});
export type FoundResource = z.infer<typeof FoundResource>;

export const HostCost = z.object({
  machineId: MachineId.nullable(),
  hostId: HostId.nullable(),
  cloudId: CloudId,
  name: z.string(),
  state: z.enum(['on', 'off', 'asleep', 'destroyed', 'unknown']),
  perHourUsd: Usd,
  /** This calendar month (UTC) until now. */
  monthUsd: Usd,
});
export const StoredCost = z.object({
  cloudId: CloudId,
  kind: FoundKind,
  name: z.string(),
  monthlyUsd: Usd,
  /** Of which machine, where it is known. */
  machineId: MachineId.nullable(),
});
export const BudgetState = z.object({
  cloudId: CloudId,
  monthlyUsd: Usd.nullable(),
  spentUsd: Usd,
  /** By the end of the month if everything stays as it is. */
  forecastUsd: Usd,
  level: z.enum(['none', 'within', 'near', 'over']),
});
/** Counted by Berth from prices and times; the provider's bill is what counts. */
export const CostReport = z.object({
  at: Instant,
  monthBeganAt: Instant,
  perHourUsd: Usd,
  monthUsd: Usd,
  hosts: z.array(HostCost),
  stored: z.array(StoredCost),
  budgets: z.array(BudgetState),
  /** What could not be counted, as sentences (a token that may not see volumes; an account that cannot be reached). */
  blind: z.array(z.string()),
});
export type CostReport = z.infer<typeof CostReport>;

/** Failures of whatever asks a provider. */
export const cloudErrors = [
  'cloud.token-refused',
  'cloud.permission-missing',
  'cloud.unreachable',
  'cloud.rate-limited',
  'cloud.refused',
  'cloud.failed',
  'credential.keychain-unavailable',
  'credential.vault-locked',
  'credential.missing',
] as const satisfies readonly ErrorCode[];

/** What a person pastes. Its form is checked by the provider's adapter. */
const Token = z.string().trim().min(1, 'must not be empty').max(1024);
const byId = z.object({ id: CloudId });
const byFound = z.object({ id: FoundId });

export const cloudMethods = {
  'clouds.providers': call({
    summary: 'Providers whose machines this Berth can make',
    scope: 'machines.read',
    input: z.object({}),
    output: z.object({ providers: z.array(CloudProviderInfo) }),
    errors: [],
    rest: { method: 'GET', path: '/cloud-providers' },
  }),
  'clouds.watch': stream({
    summary: 'All accounts at providers, then every change',
    scope: 'machines.read',
    input: z.object({}),
    item: collectionItem(Cloud),
    errors: [],
    rest: { method: 'GET', path: '/clouds', shape: 'collection' },
  }),
  'clouds.connect': call({
    summary: 'Checks a token, keeps it in the keychain, and says what it may do',
    scope: 'machines.write',
    input: z.object({ provider: ProviderId, label: DisplayName, token: Token }),
    output: Cloud,
    errors: [...cloudErrors, 'cloud.account-known', 'credential.write-unverified'],
    rest: { method: 'POST', path: '/clouds', creates: 'id', isConfidential: true },
  }),
  'clouds.replaceToken': call({
    summary: 'Puts a new token of the same account in the place of the old one',
    scope: 'machines.write',
    input: z.object({ id: CloudId, token: Token }),
    output: Cloud,
    errors: [...cloudErrors, 'cloud.other-account', 'credential.write-unverified'],
    rest: { method: 'PUT', path: '/clouds/:id/token', isConfidential: true },
  }),
  'clouds.edit': call({
    summary: 'Changes label or budget',
    scope: 'machines.write',
    input: z.object({ id: CloudId, label: DisplayName.optional(), budget: CloudBudget.optional() }),
    output: Cloud,
    errors: [],
    rest: { method: 'PATCH', path: '/clouds/:id' },
  }),
  'clouds.check': call({
    summary: 'Looks at account and permissions anew, and compares everything there with what Berth knows',
    scope: 'machines.write',
    input: byId,
    output: Cloud,
    errors: cloudErrors,
    rest: { method: 'POST', path: '/clouds/:id/check' },
  }),
  'clouds.disconnect': call({
    summary:
      'Forgets the account and its token. Machines there go on and go on costing: `leavesMachines` says so',
    scope: 'machines.write',
    input: z.object({ id: CloudId, leavesMachines: z.boolean().default(false) }),
    output: z.object({}),
    errors: ['conflict', 'credential.keychain-unavailable', 'credential.vault-locked'],
    rest: { method: 'DELETE', path: '/clouds/:id' },
  }),
  'clouds.offer': call({
    summary: 'Regions, sizes with prices, and images of an account',
    scope: 'machines.read',
    input: byId,
    output: CloudOffer,
    errors: cloudErrors,
    rest: { method: 'GET', path: '/clouds/:id/offer' },
  }),
  'clouds.costs': stream({
    summary: 'What runs costs now, what this month has cost by host, and the budgets; then every change',
    scope: 'machines.read',
    input: z.object({}),
    item: CostReport,
    errors: [],
    rest: { method: 'GET', path: '/cloud-costs', shape: 'value' },
  }),
  'clouds.found': stream({
    summary: 'What costs at the providers and is not known to this Berth, then every change',
    scope: 'machines.read',
    input: z.object({}),
    item: collectionItem(FoundResource),
    errors: [],
    rest: { method: 'GET', path: '/cloud-finds', shape: 'collection' },
  }),
  'clouds.adoptFound': call({
    summary:
      'Makes a machine that was found one of this Berth’s; as a host, too, where its key is still there',
    scope: 'machines.write',
    input: z.object({ id: FoundId, name: MachineName.optional() }),
    output: Machine,
    errors: [...cloudErrors, 'conflict', 'machine.name-taken'],
    rest: { method: 'POST', path: '/cloud-finds/:id/adopt' },
  }),
  'clouds.destroyFound': call({
    summary: 'Destroys what was found at the provider; its name must be given as shown',
    scope: 'machines.write',
    input: byFound.extend({ name: z.string().max(255) }),
    output: Operation,
    errors: [...cloudErrors, 'conflict'],
    rest: { method: 'POST', path: '/cloud-finds/:id/destroy' },
  }),
  'clouds.dismissFound': call({
    summary: 'Says that what was found is all right, or takes that back',
    scope: 'machines.write',
    input: byFound.extend({ isDismissed: z.boolean() }),
    output: FoundResource,
    errors: [],
    rest: { method: 'POST', path: '/cloud-finds/:id/dismiss' },
  }),
};
