/**
 * A provider that rents machines. Everything that is special about one stays behind this: its words, its address, its
 * errors, its paging and its limits. Amounts are US dollars, sizes bytes, times ISO strings in UTC by the provider's clock.
 *
 * Every method throws cloud.* (token-refused, permission-missing with `details.permission`, unreachable, rate-limited with
 * `details.retryAfterMs`, not-offered, limit-reached, refused, failed), or cancelled. `cloud.unreachable` and `cloud.failed`
 * leave open whether the provider did it: whoever made something looks for its tag before it tries again. Reads are tried
 * again by the adapter for a while; what changes something is sent once.
 */
import type { CloudOffer, CloudPermission, CloudProviderInfo } from '#contract/clouds.ts';
import type { Leftover, MachineSnapshot, SshAccess } from '#contract/machines.ts';
import type { Secret } from './secret.ts';

/** The least that a machine costs, however short it was there: whichever of the two is more. */
export interface BillingRule {
  readonly leastSeconds: number;
  readonly leastUsd: number;
}

export interface CloudProvider {
  readonly info: CloudProviderInfo;
  /** Absent: a machine costs what it ran, to the second. */
  readonly billing?: BillingRule;
  /** Throws invalid-input (field `token`) where a text cannot be a token. Asks nothing yet. */
  open(token: Secret): CloudClient;
}

export interface CloudIdentity {
  /** The same for every token of the account. */
  readonly key: string;
  /** Team or person, as a person knows it. */
  readonly owner: string;
  readonly standing: 'active' | 'warning' | 'locked';
  readonly standingMessage: string;
  readonly machineLimit: number | null;
}

export interface CloudMachine {
  readonly id: string;
  readonly name: string;
  readonly state: 'new' | 'on' | 'off' | 'archived';
  /** It works on the machine, and takes no other order meanwhile. */
  readonly isBusy: boolean;
  readonly region: string;
  readonly size: string;
  /** Id of the image that it was made of, where it is told. */
  readonly image: string | null;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly hourlyUsd: number;
  readonly monthlyUsd: number;
  readonly ipv4: string | null;
  readonly ipv6: string | null;
  readonly privateIpv4: string | null;
  readonly tags: readonly string[];
  readonly hasBackups: boolean;
  readonly snapshotIds: readonly string[];
  readonly createdAt: string;
}

export interface CloudAction {
  readonly id: string;
  /** As the order's (MachineOrder); `create` for the making of a machine; else the provider's own word. */
  readonly type: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly startedAt: string;
  readonly endedAt: string | null;
}

export interface MachineWish {
  readonly name: string;
  readonly region: string;
  readonly size: string;
  readonly image: string;
  /** Ids from `ensureKey`. */
  readonly keyIds: readonly string[];
  /** For cloud-init. Whatever runs on the machine may read it: never a secret that lasts. */
  readonly userData: string;
  readonly tags: readonly string[];
  readonly hasIpv6: boolean;
  readonly hasBackups: boolean;
  readonly hasMonitoring: boolean;
}

export type MachineOrder =
  | { readonly type: 'power-on' | 'power-off' | 'shutdown' | 'reboot' | 'power-cycle' }
  | { readonly type: 'resize'; readonly size: string; readonly growsDisk: boolean }
  | { readonly type: 'rebuild' | 'restore'; readonly image: string }
  | { readonly type: 'snapshot' | 'rename'; readonly name: string }
  | { readonly type: 'backups'; readonly isOn: boolean };

export type LeftoverRef = Pick<Leftover, 'kind' | 'id'>;

export interface CloudSnapshot extends MachineSnapshot {
  readonly of: 'machine' | 'volume';
  /** Id of the machine or volume that it was made of. */
  readonly sourceId: string;
  readonly tags: readonly string[];
}
export interface CloudVolume {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly sizeBytes: number;
  readonly monthlyUsd: number;
  readonly machineIds: readonly string[];
  readonly tags: readonly string[];
  readonly createdAt: string;
}
export interface CloudAddress {
  /** The address itself. */
  readonly id: string;
  readonly region: string;
  readonly machineId: string | null;
  /** While it belongs to no machine. */
  readonly monthlyUsd: number;
}

export interface Destruction {
  readonly isDone: boolean;
  /** What could not be destroyed, with the provider's reason. */
  readonly failures: readonly (LeftoverRef & { readonly reason: string })[];
  readonly isMachineGone: boolean;
}

/** What is listed in whole, with what the token may not see. */
export interface CloudInventory {
  readonly machines: readonly CloudMachine[];
  readonly snapshots: readonly CloudSnapshot[];
  readonly volumes: readonly CloudVolume[];
  readonly addresses: readonly CloudAddress[];
  /** Lists that the token may not see, as the noun of `permissions`; the list is empty then, and says nothing. */
  readonly unseen: readonly ('machines' | 'snapshots' | 'volumes' | 'addresses')[];
}

/** One account. Pauses all of its requests together when the provider asks to wait. */
export interface CloudClient {
  /** Milliseconds that this computer's clock is ahead of the provider's, by the last answer; null before the first. */
  clockAheadMs(): number | null;

  identity(signal: AbortSignal): Promise<CloudIdentity>;
  /** Tries what can be tried without changing anything. */
  permissions(signal: AbortSignal): Promise<CloudPermission[]>;
  /** Null: not allowed. */
  balance(
    signal: AbortSignal,
  ): Promise<{ monthToDateUsd: number; dueUsd: number; generatedAt: string } | null>;
  /** Kept for some minutes. */
  offer(signal: AbortSignal): Promise<CloudOffer>;

  /** Finds the key by its content, or makes it. `publicKey`: type and base64, one line. */
  ensureKey(key: { name: string; publicKey: string }, signal: AbortSignal): Promise<{ keyId: string }>;
  /** It is no error where it is gone. */
  removeKey(keyId: string, signal: AbortSignal): Promise<void>;

  /** A firewall for whatever carries `tag`, from before the machine is there. Finds it by name. */
  ensureFirewall(
    wish: { name: string; tag: string; access: SshAccess },
    signal: AbortSignal,
  ): Promise<{ firewallId: string }>;
  changeFirewall(firewallId: string, access: SshAccess, signal: AbortSignal): Promise<void>;
  removeFirewall(firewallId: string, signal: AbortSignal): Promise<void>;

  /** Sent once: see above. `actionId` null: the provider names no action to follow. */
  createMachine(
    wish: MachineWish,
    signal: AbortSignal,
  ): Promise<{ machine: CloudMachine; actionId: string | null }>;
  machinesTagged(tag: string, signal: AbortSignal): Promise<CloudMachine[]>;
  /** Undefined: not there (any more). */
  machine(id: string, signal: AbortSignal): Promise<CloudMachine | undefined>;
  /** Those of every kind (GPU, too) with the tag; everything else that costs; and what is blind. */
  inventory(tag: string, signal: AbortSignal): Promise<CloudInventory>;
  machineCount(signal: AbortSignal): Promise<number>;

  /** Sent once. */
  order(machineId: string, order: MachineOrder, signal: AbortSignal): Promise<CloudAction>;
  action(machineId: string, actionId: string, signal: AbortSignal): Promise<CloudAction | undefined>;
  /** Newest first, at most the last 20: where a reply was lost, the order may be among them. */
  actionsOf(machineId: string, signal: AbortSignal): Promise<CloudAction[]>;

  snapshotsOf(machineId: string, signal: AbortSignal): Promise<MachineSnapshot[]>;
  /** Makes a snapshot usable in a region; undefined: it is there already. */
  bringSnapshot(snapshotId: string, region: string, signal: AbortSignal): Promise<string | undefined>;
  /** Of `bringSnapshot`. */
  imageAction(snapshotId: string, actionId: string, signal: AbortSignal): Promise<CloudAction | undefined>;

  /** What stays behind and costs, with prices; only what the token may see. */
  leftoversOf(machineId: string, signal: AbortSignal): Promise<Leftover[]>;
  /** Begins the destruction of the machine and of these. May be sent again: what is gone is no error. */
  destroyMachine(machineId: string, leftovers: readonly LeftoverRef[], signal: AbortSignal): Promise<void>;
  destruction(machineId: string, signal: AbortSignal): Promise<Destruction>;
  /** Tries again what failed. */
  retryDestruction(machineId: string, signal: AbortSignal): Promise<void>;
  /** It is no error where it is gone. */
  destroyResource(ref: LeftoverRef, signal: AbortSignal): Promise<void>;
}
