/**
 * A provider in memory, for unit tests of whoever uses one: machines, actions that take some looks, keys, firewalls,
 * snapshots, volumes and addresses, and faults by the method's name. What the real one says and how it fails is the matter of
 * the adapter's own tests.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CloudOffer, CloudPermission, CloudProviderInfo } from '#contract/clouds.ts';
import type { Leftover, MachineSnapshot, SshAccess } from '#contract/machines.ts';
import type {
  CloudAction,
  CloudAddress,
  CloudClient,
  CloudIdentity,
  CloudInventory,
  CloudMachine,
  CloudProvider,
  CloudSnapshot,
  CloudVolume,
  Destruction,
  LeftoverRef,
  MachineOrder,
  MachineWish,
} from '#main/control-plane/interfaces/cloud-provider.ts';
import type { Clock } from '#main/control-plane/interfaces/clock.ts';
import type { Secret } from '#main/control-plane/interfaces/secret.ts';

export const fakeProviderInfo: CloudProviderInfo = {
  id: 'fake-cloud',
  name: 'Fake Cloud',
  machineWord: 'barge',
  machinesWord: 'barges',
  tokenUrl: 'https://cloud.example.org/tokens',
  tokenHelp: 'It begins with fake_.',
  priceNote: 'Prices of snapshots: as published in January 2026.',
  permissions: ['machine:create', 'machine:read'],
};

export const fakeOffer: CloudOffer = {
  readAt: '2026-01-02T03:04:05.000Z',
  regions: [
    { id: 'ams', name: 'Amsterdam', isOpen: true },
    { id: 'fra', name: 'Frankfurt', isOpen: true },
  ],
  sizes: [
    {
      id: 'small',
      family: 'Basic',
      cpus: 1,
      memoryBytes: 2 ** 30,
      diskBytes: 25 * 2 ** 30,
      transferBytes: 2 ** 40,
      hourlyUsd: 0.01,
      monthlyUsd: 6,
      gpu: null,
      regions: ['ams', 'fra'],
    },
    {
      id: 'large',
      family: 'Basic',
      cpus: 4,
      memoryBytes: 8 * 2 ** 30,
      diskBytes: 160 * 2 ** 30,
      transferBytes: 5 * 2 ** 40,
      hourlyUsd: 0.07,
      monthlyUsd: 48,
      gpu: null,
      regions: ['ams'],
    },
  ],
  images: [
    {
      id: 'debian-12',
      name: 'Debian 12',
      kind: 'distribution',
      isSupported: true,
      minDiskBytes: 7 * 2 ** 30,
      regions: ['ams', 'fra'],
    },
  ],
  snapshotUsdPerGibMonth: 0.06,
  backupShare: 0.2,
};

type Method = Exclude<keyof CloudClient, 'clockAheadMs'>;
/** `before`: nothing happened. `after`: it happened, and the answer is lost. */
interface Fault {
  readonly when: 'before' | 'after';
  readonly error: BerthError;
  times: number;
}

export class FakeCloud implements CloudProvider {
  readonly info = fakeProviderInfo;
  readonly billing = { leastSeconds: 60, leastUsd: 0.01 };
  readonly machines = new Map<string, CloudMachine>();
  readonly wishes: MachineWish[] = [];
  readonly orders: { machineId: string; order: MachineOrder }[] = [];
  readonly actions = new Map<
    string,
    CloudAction & { machineId: string; looksLeft: number; onDone: () => void }
  >();
  /** By public key. */
  readonly keys = new Map<string, string>();
  readonly firewalls = new Map<string, { name: string; tag: string; access: SshAccess }>();
  readonly snapshots = new Map<string, CloudSnapshot>();
  readonly volumes = new Map<string, CloudVolume>();
  readonly addresses = new Map<string, CloudAddress>();
  readonly calls: string[] = [];
  identity: CloudIdentity = {
    key: 'account-1',
    owner: 'Team One',
    standing: 'active',
    standingMessage: '',
    machineLimit: 10,
  };
  permissions: CloudPermission[] = [];
  unseen: CloudInventory['unseen'] = [];
  balance: { monthToDateUsd: number; dueUsd: number; generatedAt: string } | null = null;
  offer: CloudOffer = fakeOffer;
  aheadMs = 0;
  /** How many looks an action and a new machine's address take. */
  looks = 1;
  /** Milliseconds for which a new machine is in no list. */
  listingLagMs = 0;
  /** The next machine's public address. */
  nextAddress: (() => string) | undefined;
  /** Ends of destructions that fail so many times. */
  readonly stubborn = new Map<string, number>();
  /** What an action of this type ends as. */
  readonly failing = new Set<string>();
  readonly #clock: Clock;
  readonly #faults = new Map<Method, Fault[]>();
  readonly #tokens = new Set<string>();
  readonly #pending = new Map<string, LeftoverRef[]>();
  #count = 1000;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The next `times` calls of this method fail. */
  fail(method: Method, error: BerthError, { when = 'before' as Fault['when'], times = 1 } = {}): void {
    this.#faults.set(method, [...(this.#faults.get(method) ?? []), { when, error, times }]);
  }

  revoke(token: string): void {
    this.#tokens.add(token);
  }

  open(token: Secret): CloudClient {
    if (!token.reveal().startsWith('fake_'))
      throw BerthError.atField('token', 'This is no token of Fake Cloud: it begins with “fake_”.');
    const client = this.#client();
    const guarded = Object.fromEntries(
      Object.entries(client).map(([name, run]) => [
        name,
        name === 'clockAheadMs'
          ? run
          : async (...args: unknown[]) => {
              this.calls.push(name);
              (args.at(-1) as AbortSignal).throwIfAborted();
              if (this.#tokens.has(token.reveal()))
                throw new BerthError('cloud.token-refused', 'Fake Cloud does not accept the token any more.');
              const fault = this.#faults.get(name as Method)?.find(({ times }) => times > 0);
              if (fault !== undefined) fault.times -= 1;
              if (fault?.when === 'before') throw fault.error;
              const result = await (run as (...all: unknown[]) => Promise<unknown>)(...args);
              if (fault?.when === 'after') throw fault.error;
              return result;
            },
      ]),
    );
    return guarded as unknown as CloudClient;
  }

  /** Puts a machine there that nobody asked Berth for. */
  plant(change: Partial<CloudMachine> = {}): CloudMachine {
    const id = String(this.#count++);
    const machine: CloudMachine = {
      id,
      name: `planted-${id}`,
      state: 'on',
      isBusy: false,
      region: 'ams',
      size: 'small',
      image: 'debian-12',
      cpus: 1,
      memoryBytes: 2 ** 30,
      diskBytes: 25 * 2 ** 30,
      hourlyUsd: 0.01,
      monthlyUsd: 6,
      ipv4: '192.0.2.9',
      ipv6: null,
      privateIpv4: null,
      tags: [],
      hasBackups: false,
      snapshotIds: [],
      createdAt: this.#now(),
      ...change,
    };
    this.machines.set(machine.id, machine);
    return machine;
  }

  #now(): string {
    return new Date(this.#clock.nowMs() - this.aheadMs).toISOString();
  }

  #change(id: string, change: Partial<CloudMachine>): void {
    const machine = this.machines.get(id);
    if (machine !== undefined) this.machines.set(id, { ...machine, ...change });
  }

  #begin(machineId: string, type: string, onDone: () => void): CloudAction {
    const id = String(this.#count++);
    const action = {
      id,
      type,
      state: 'running' as const,
      startedAt: this.#now(),
      endedAt: null,
      machineId,
      looksLeft: this.looks,
      onDone,
    };
    this.actions.set(id, action);
    this.#change(machineId, { isBusy: true });
    return action;
  }

  #look(id: string): CloudAction | undefined {
    const action = this.actions.get(id);
    if (action === undefined || action.state !== 'running') return action;
    if (action.looksLeft > 0) {
      this.actions.set(id, { ...action, looksLeft: action.looksLeft - 1 });
      return action;
    }
    const state = this.failing.has(action.type) ? ('failed' as const) : ('done' as const);
    const ended = { ...action, state, endedAt: this.#now() };
    this.actions.set(id, ended);
    this.#change(action.machineId, { isBusy: false });
    if (state === 'done') action.onDone();
    return ended;
  }

  #leftovers(machineId: string): Leftover[] {
    return [
      ...[...this.snapshots.values()]
        .filter((one) => one.of === 'machine' && one.sourceId === machineId)
        .map(({ id, name, monthlyUsd }) => ({ kind: 'snapshot' as const, id, name, monthlyUsd })),
      ...[...this.volumes.values()]
        .filter((one) => one.machineIds.includes(machineId))
        .map(({ id, name, monthlyUsd }) => ({ kind: 'volume' as const, id, name, monthlyUsd })),
      ...[...this.addresses.values()]
        .filter((one) => one.machineId === machineId)
        .map(({ id, monthlyUsd }) => ({ kind: 'address' as const, id, name: id, monthlyUsd })),
    ];
  }

  #drop({ kind, id }: LeftoverRef): void {
    if (kind === 'volume') this.volumes.delete(id);
    else if (kind === 'address') this.addresses.delete(id);
    else this.snapshots.delete(id);
  }

  #addSnapshot(machineId: string, name: string): string {
    const id = String(this.#count++);
    this.snapshots.set(id, {
      id,
      name,
      kind: 'snapshot',
      createdAt: this.#now(),
      sizeBytes: 2 * 2 ** 30,
      minDiskBytes: 25 * 2 ** 30,
      monthlyUsd: 0.12,
      regions: [this.machines.get(machineId)?.region ?? 'ams'],
      of: 'machine',
      sourceId: machineId,
      tags: [],
    });
    this.#change(machineId, { snapshotIds: [...(this.machines.get(machineId)?.snapshotIds ?? []), id] });
    return id;
  }

  #apply(machineId: string, order: MachineOrder): void {
    switch (order.type) {
      case 'power-on':
      case 'reboot':
      case 'power-cycle':
        this.#change(machineId, { state: 'on' });
        return;
      case 'power-off':
      case 'shutdown':
        this.#change(machineId, { state: 'off' });
        return;
      case 'resize': {
        const size = this.offer.sizes.find(({ id }) => id === order.size);
        this.#change(machineId, {
          size: order.size,
          ...(size && {
            cpus: size.cpus,
            memoryBytes: size.memoryBytes,
            hourlyUsd: size.hourlyUsd,
            monthlyUsd: size.monthlyUsd,
            ...(order.growsDisk ? { diskBytes: size.diskBytes } : {}),
          }),
        });
        return;
      }
      case 'rebuild':
      case 'restore':
        this.#change(machineId, { image: order.image, state: 'on' });
        return;
      case 'snapshot':
        this.#addSnapshot(machineId, order.name);
        return;
      case 'rename':
        this.#change(machineId, { name: order.name });
        return;
      case 'backups':
        this.#change(machineId, { hasBackups: order.isOn });
        return;
      default:
        order satisfies never;
    }
  }

  #client(): CloudClient {
    return {
      clockAheadMs: () => this.aheadMs,
      identity: async () => this.identity,
      permissions: async () => this.permissions,
      balance: async () => this.balance,
      offer: async () => this.offer,
      ensureKey: async ({ publicKey }) => {
        const keyId = this.keys.get(publicKey) ?? `key-${this.#count++}`;
        this.keys.set(publicKey, keyId);
        return { keyId };
      },
      removeKey: async (keyId) => {
        for (const [content, id] of this.keys) if (id === keyId) this.keys.delete(content);
      },
      ensureFirewall: async (wish) => {
        const known = [...this.firewalls].find(([, { name }]) => name === wish.name);
        const firewallId = known?.[0] ?? `fw-${this.#count++}`;
        this.firewalls.set(firewallId, wish);
        return { firewallId };
      },
      changeFirewall: async (id, access) => {
        const known = this.firewalls.get(id);
        if (known === undefined) throw new BerthError('cloud.refused', 'There is no such firewall.');
        this.firewalls.set(id, { ...known, access });
      },
      removeFirewall: async (id) => void this.firewalls.delete(id),
      createMachine: async (wish) => {
        const size = this.offer.sizes.find(({ id }) => id === wish.size);
        if (size === undefined) throw new BerthError('cloud.not-offered', 'This size is not on offer.');
        this.wishes.push(wish);
        const machine = this.plant({
          name: wish.name,
          region: wish.region,
          size: wish.size,
          image: wish.image,
          cpus: size.cpus,
          memoryBytes: size.memoryBytes,
          diskBytes: size.diskBytes,
          hourlyUsd: size.hourlyUsd,
          monthlyUsd: size.monthlyUsd,
          tags: wish.tags,
          hasBackups: wish.hasBackups,
          state: 'new',
          ipv4: null,
        });
        const address = this.nextAddress?.() ?? '192.0.2.10';
        const action = this.#begin(machine.id, 'create', () =>
          this.#change(machine.id, { state: 'on', ipv4: address }),
        );
        return { machine, actionId: action.id };
      },
      machinesTagged: async (tag) =>
        [...this.machines.values()].filter(
          ({ createdAt, tags }) =>
            tags.includes(tag) && Date.parse(this.#now()) - Date.parse(createdAt) >= this.listingLagMs,
        ),
      machine: async (id) => this.machines.get(id),
      inventory: async (tag) => ({
        machines: [...this.machines.values()].filter(({ tags }) => tags.includes(tag)),
        snapshots: [...this.snapshots.values()],
        volumes: [...this.volumes.values()],
        addresses: [...this.addresses.values()],
        unseen: this.unseen,
      }),
      machineCount: async () => this.machines.size,
      order: async (machineId, order) => {
        if (!this.machines.has(machineId)) throw new BerthError('cloud.refused', 'There is no such machine.');
        this.orders.push({ machineId, order });
        return this.#begin(machineId, order.type, () => this.#apply(machineId, order));
      },
      action: async (_machineId, actionId) => this.#look(actionId),
      actionsOf: async (machineId) =>
        [...this.actions.values()].filter((action) => action.machineId === machineId).reverse(),
      snapshotsOf: async (machineId): Promise<MachineSnapshot[]> =>
        [...this.snapshots.values()].filter(({ sourceId }) => sourceId === machineId),
      bringSnapshot: async (snapshotId, region) => {
        const snapshot = this.snapshots.get(snapshotId);
        if (snapshot === undefined) throw new BerthError('cloud.refused', 'There is no such snapshot.');
        if (snapshot.regions.includes(region)) return undefined;
        return this.#begin(snapshotId, 'transfer', () =>
          this.snapshots.set(snapshotId, { ...snapshot, regions: [...snapshot.regions, region] }),
        ).id;
      },
      imageAction: async (_snapshotId, actionId) => this.#look(actionId),
      leftoversOf: async (machineId) => this.#leftovers(machineId),
      destroyMachine: async (machineId, leftovers) => {
        this.machines.delete(machineId);
        const stay = leftovers.filter((ref) => (this.stubborn.get(ref.id) ?? 0) > 0);
        for (const ref of leftovers) if (!stay.includes(ref)) this.#drop(ref);
        this.#pending.set(machineId, stay);
      },
      destruction: async (machineId): Promise<Destruction> => ({
        isDone: true,
        isMachineGone: !this.machines.has(machineId),
        failures: (this.#pending.get(machineId) ?? []).map((ref) => ({ ...ref, reason: 'still attached' })),
      }),
      retryDestruction: async (machineId) => {
        const stay = (this.#pending.get(machineId) ?? []).filter((ref) => {
          const left = (this.stubborn.get(ref.id) ?? 0) - 1;
          this.stubborn.set(ref.id, left);
          if (left <= 0) this.#drop(ref);
          return left > 0;
        });
        this.#pending.set(machineId, stay);
      },
      destroyResource: async (ref) => this.#drop(ref),
    };
  }
}
