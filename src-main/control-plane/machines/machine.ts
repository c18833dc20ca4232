/**
 * A machine as Berth keeps it, and the view that people see: pure. The record outlives the hardware: it is written before
 * anything is asked of a provider, and says which operation made what, so that nothing can be lost or made twice.
 */
import { z } from 'zod';
import { CredentialId, type MachineId, OperationId, UserId, WorkspaceId } from '#contract/ids.ts';
import { Machine, SleepPlace } from '#contract/machines.ts';

/** All that carries it was made by some Berth. */
export const berthTag = 'berth';
/** On what one operation made: by it a lost reply is looked up. */
export function operationTag(id: OperationId): string {
  return `berth:op:${id}`;
}
/** Of which machine, over all of its hardware. */
export function machineTag(id: MachineId): string {
  return `berth:machine:${id}`;
}
/** Which Berth; `installation` is made once per data folder. */
export function installationTag(installation: string): string {
  return `berth:install:${installation}`;
}

/** Providers keep a tag as it was first written, by whomever: capitals say nothing. */
export function hasTag(tags: readonly string[], tag: string): boolean {
  const wanted = tag.toLowerCase();
  return tags.some((each) => each.toLowerCase() === wanted);
}

/** A host key that the machine may show. Its private half is in the secret store under `secretKey`. */
const PinnedKey = z.object({
  /** `SHA256:…`. */
  fingerprint: z.string(),
  /** Type and base64, one line. */
  publicKey: z.string(),
  secretKey: z.string(),
});
export type PinnedKey = z.infer<typeof PinnedKey>;

/**
 * The last order that was given to the provider, written before it is sent: with it a reply that was lost, or that Berth did
 * not live to read, is found again, and nothing is ordered twice.
 */
const GivenOrder = z.object({
  operationId: OperationId,
  /** Which of the operation's orders. */
  key: z.string(),
  /** By the provider's clock. */
  askedAt: z.string(),
  /** Ids of the actions that were there before. */
  before: z.array(z.string()),
  /** Null: no reply yet. */
  actionId: z.string().nullable(),
});
export type GivenOrder = z.infer<typeof GivenOrder>;

/** A workspace as it went to sleep: what is needed to bring it back. */
export const SleepingWorkspace = z.object({
  id: WorkspaceId,
  wasRunning: z.boolean(),
  /** Where its files are; null for those of a snapshot of the whole machine. JSON of whoever put it to sleep. */
  archive: z.unknown().nullable(),
});
export type SleepingWorkspace = z.infer<typeof SleepingWorkspace>;

/** `hourlyUsd` and `monthlyUsd` are of the size alone, as offers and bills list it: what backups add is the view's to say. */
const Stored = Machine.omit({ endsAt: true, power: true, retry: true, sleep: true }).extend({
  /** The person that made it, in whose name it ends by itself. */
  userId: UserId,
  power: Machine.shape.power.default(null),
  /** The operation whose tag is on the present hardware. */
  operationId: OperationId.nullable(),
  /** What Berth made at the provider for it. */
  keyId: z.string().nullable(),
  firewallId: z.string().nullable(),
  /** Private key for its login. */
  loginCredentialId: CredentialId.nullable(),
  loginUser: z.string(),
  /** The key that it has for good, installed over a verified connection; it comes back with the machine. */
  hostKey: PinnedKey.nullable(),
  /** The key of its first boot, which its metadata shows to whatever runs on it: trusted until `hostKey` is installed. */
  bootKey: PinnedKey.nullable(),
  hasMonitoring: z.boolean(),
  onTrouble: z.enum(['ask', 'keep', 'destroy']),
  sleep: z
    .object({
      place: SleepPlace,
      sinceAt: z.string(),
      /** Of the machine snapshot. */
      snapshotId: z.string().nullable(),
      sizeBytes: z.number().nullable(),
      monthlyUsd: z.number().nullable(),
      workspaces: z.array(SleepingWorkspace),
      /** Terminals and whatever else is to come back; JSON of whoever put it to sleep. */
      extra: z.unknown(),
    })
    .nullable(),
  /** Providers' ids that the machine has had before: what was made of them is its own. */
  earlierProviderIds: z.array(z.string()),
  /** When the provider began to bill the present hardware, by its own clock. */
  billedFromAt: z.string().nullable(),
  order: GivenOrder.nullable().optional(),
  /** What a fresh disk of the present hardware would show again at its first boot: public halves of the last `bootKey`. */
  firstBootKey: PinnedKey.omit({ secretKey: true }).nullable().optional(),
  hasIpv6: z.boolean().optional(),
  /** Since when a request that makes its hardware may be out whose answer is not known. */
  requestedAt: z.string().nullable().optional(),
  /** What the firewall lets in where `sshAccess` does not say it: our own address as it was found. */
  sshSources: z.array(z.string()).optional(),
});
export type MachineRecord = z.infer<typeof Stored>;

export function parseMachineRecord(value: unknown): MachineRecord {
  return Stored.parse(value);
}

/** What is only ever known to this run of Berth, by whoever watches the machine. */
export type Watching = Pick<Machine, 'endsAt' | 'retry'>;

/** `backupShare`: what backups add to a price at its account, as a share of it. */
export function toMachine(record: MachineRecord, watching: Watching, backupShare: number): Machine {
  const { hasBackups, hourlyUsd, monthlyUsd, sleep } = record;
  const factor = hasBackups ? 1 + backupShare : 1;
  return Machine.parse({
    ...record,
    ...watching,
    hourlyUsd: fiveDecimals(hourlyUsd * factor),
    monthlyUsd: fiveDecimals(monthlyUsd * factor),
    sleep:
      sleep === null
        ? null
        : {
            place: sleep.place,
            sinceAt: sleep.sinceAt,
            monthlyUsd: sleep.monthlyUsd,
            sizeBytes: sleep.sizeBytes,
            workspaces: sleep.workspaces.length,
          },
  });
}

/** As prices are written. */
function fiveDecimals(usd: number): number {
  return Math.round(usd * 1e5) / 1e5;
}

/** Whether the provider bills hardware for it now, as far as is known. */
export function isBilled(record: Pick<MachineRecord, 'providerId' | 'life'>): boolean {
  return record.providerId !== null && record.life !== 'vanished';
}
