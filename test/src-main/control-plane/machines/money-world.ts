/**
 * Accounts at fake providers and a disk that outlive Berth, and the parts that keep it from losing a machine. A Berth here
 * can be ended, killed at any point of touching disk or provider, and begun anew.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Cloud, CostReport, FoundResource } from '#contract/clouds.ts';
import type { Host } from '#contract/hosts.ts';
import { type CloudId, type FoundId, localOwnerId, type MachineId } from '#contract/ids.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import { Collection } from '#main/control-plane/changes.ts';
import type { CloudClient } from '#main/control-plane/interfaces/cloud-provider.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { adoptedRecord } from '#main/control-plane/machines/adopted.ts';
import { installationTag, type MachineRecord, machineTag } from '#main/control-plane/machines/machine.ts';
import type { KeptKeys } from '#main/control-plane/machines/kept-keys.ts';
import { MachineDirectory } from '#main/control-plane/machines/machine-directory.ts';
import { createMoneyParts, type MoneyParts } from '#main/control-plane/machines/money-parts.ts';
import { OperationRunner } from '#main/control-plane/operations/operation-runner.ts';
import { FakeCloud } from '#test/harness/fake-cloud.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { Life, Remains, rowsOf, storeOf } from '../operations/crash-world.ts';

export const cloudId: CloudId = 'cloud_00000000000000000001';
export const otherCloudId: CloudId = 'cloud_00000000000000000002';
export const installation = 'here';
/** What carries these was made by this Berth. */
export const ownTags = ['berth', installationTag(installation)];

export function machineIdOf(number: number): MachineId {
  return `mach_${String(number).padStart(20, '0')}`;
}

/** Of the account at `cloudId`, unless told otherwise. */
export function recordOf(machine: Parameters<typeof adoptedRecord>[0]['machine'], number = 1): MachineRecord {
  return adoptedRecord({
    id: machineIdOf(number),
    cloudId,
    machine,
    name: null,
    userId: localOwnerId,
    at: machine.createdAt,
  });
}

export const bareHost: Omit<Host, 'id' | 'name' | 'definition'> = {
  desired: 'connected',
  state: { phase: 'disconnected' },
  facts: null,
  addedAt: '2026-01-02T03:04:05.000Z',
  lastReadyAt: null,
};

export const minutes = (count: number): number => count * 60_000;
export const hours = (count: number): number => count * 3_600_000;

export class MoneyWorld {
  readonly clock: ManualClock;
  readonly remains = new Remains();
  readonly clouds = new Map<CloudId, FakeCloud>();
  readonly #living: Berth[] = [];
  /** Above the numbers that tests give. */
  #count = 100_000;

  constructor(start?: string) {
    this.clock = new ManualClock(start);
    this.clouds.set(cloudId, new FakeCloud(this.clock));
  }

  get cloud(): FakeCloud {
    return this.clouds.get(cloudId)!;
  }

  /** Plants a machine as this Berth makes them, with its record in `berth`. */
  async add(berth: Berth, number = 1, change: Partial<MachineRecord> = {}): Promise<MachineRecord> {
    const machine = this.cloud.plant({
      name: `m-${number}`,
      tags: [...ownTags, machineTag(machineIdOf(number))],
    });
    const record = { ...recordOf(machine, number), ...change };
    await berth.directory.add(record);
    return record;
  }

  /** Reads the disk and begins, but for the first looks: they come with time. */
  async begin(life = new Life()): Promise<Berth> {
    const berth = new Berth(this, life, () => this.#count++);
    this.#living.push(berth);
    await Promise.race([berth.begin(), life.died]);
    return berth;
  }

  async end(): Promise<void> {
    for (const berth of this.#living.splice(0)) await berth.end();
  }
}

export class Berth {
  readonly life: Life;
  readonly log = new MemoryLog();
  readonly accounts: FakeAccounts;
  readonly directory: MachineDirectory;
  readonly operations: OperationRunner;
  readonly parts: MoneyParts;
  readonly hosts = new Collection<Host>();
  /** Fingerprints that a host's key must have. */
  readonly pins = new Map<string, readonly string[]>();
  /** By id and name of a machine. */
  readonly keptKeys = new Map<string, KeptKeys>();
  readonly #clock: ManualClock;

  constructor(world: MoneyWorld, life: Life, count: () => number) {
    this.life = life;
    this.#clock = world.clock;
    const store = storeOf(world.remains, life);
    const random = {
      id: (prefix: string) => `${prefix}_${String(count()).padStart(20, '0')}` as never,
      bytes: (length: number) => new Uint8Array(length),
      fraction: () => 0.5,
    };
    const { clock } = world;
    this.accounts = new FakeAccounts(world.clouds, life);
    this.directory = new MachineDirectory({ store });
    this.operations = new OperationRunner({
      store,
      rows: rowsOf(world.remains, life),
      secretsUsable: async () => undefined,
      links: new FakeLinks(),
      clock,
      random,
      log: this.log,
    });
    this.parts = createMoneyParts({
      accounts: this.accounts,
      providers: [...world.clouds.values()].slice(0, 1),
      installation,
      store,
      directory: this.directory,
      operations: this.operations,
      hosts: {
        all: () => this.hosts.all(),
        watch: (signal) => this.hosts.watch(signal),
        addForMachine: async ({ definition, id, name, pinnedFingerprints }) => {
          if (this.hosts.all().some((host) => host.name === name))
            throw new BerthError('host.name-taken', 'There is a host of this name already.');
          this.pins.set(id, pinnedFingerprints);
          this.hosts.put({ ...bareHost, id, name, definition });
          return this.hosts.get(id)!;
        },
      },
      keptKeys: async (id, name) => this.keptKeys.get(`${id} ${name}`),
      clock,
      random,
      log: this.log,
    });
  }

  async begin(): Promise<void> {
    await this.directory.load();
    await this.parts.load();
    await this.operations.recover();
    this.parts.start();
  }

  async end(): Promise<void> {
    if (this.life.isDead) return;
    await this.operations.close();
    await this.parts.close();
  }

  /** A look that begins now. */
  async look(id = cloudId): Promise<void> {
    await this.parts.check(id, new AbortController().signal);
  }

  finds(): FoundResource[] {
    return this.parts.finds.collection.all();
  }

  find(providerId: string): FoundResource {
    const found = this.finds().find((each) => each.providerId === providerId);
    if (found === undefined) throw new Error(`${providerId} was not found`);
    return found;
  }

  async costs(): Promise<CostReport> {
    const stop = new AbortController();
    for await (const report of this.parts.handlers['clouds.costs']({}, this.#context(stop.signal))) {
      stop.abort();
      return report;
    }
    throw new Error('no report');
  }

  adopt(id: FoundId, name?: string) {
    return this.parts.handlers['clouds.adoptFound'](
      name === undefined ? { id } : { id, name },
      this.#context(),
    );
  }
  async destroy(id: FoundId, name: string) {
    return await this.parts.handlers['clouds.destroyFound']({ id, name }, this.#context());
  }
  async dismiss(id: FoundId, isDismissed = true) {
    return await this.parts.handlers['clouds.dismissFound']({ id, isDismissed }, this.#context());
  }

  /** Moves the clock until an operation has ended. */
  async ended(id: Parameters<OperationRunner['ended']>[0]) {
    for (let tries = 0; tries < 1_000; tries += 1) {
      const operation = this.operations.get(id);
      if (operation === undefined || operation.endedAt !== null) break;
      await this.#clock.advance(1_000);
    }
    return await this.operations.ended(id);
  }

  #context(signal = new AbortController().signal) {
    const caller: Caller = {
      userId: localOwnerId,
      userName: 'Owner',
      scopes: new Set(),
      mode: 'desktop',
    };
    return { caller, signal };
  }
}

/** Accounts as the plane has them, each at its own fake provider. A Berth that was killed asks nothing any more. */
export class FakeAccounts {
  readonly reconciled: CloudId[] = [];
  readonly failures: unknown[] = [];
  /** While set, answers to `inventory` are on their way until it resolves. */
  held: Promise<void> | undefined;
  readonly #clouds: ReadonlyMap<CloudId, FakeCloud>;
  readonly #life: Life;
  readonly collection = new Collection<Pick<Cloud, 'id' | 'label' | 'provider' | 'budget'>>();
  readonly #usable = new Set<(id: CloudId) => void>();
  readonly #removed = new Set<(id: CloudId) => void>();

  constructor(clouds: ReadonlyMap<CloudId, FakeCloud>, life: Life) {
    this.#clouds = clouds;
    this.#life = life;
    for (const [index, id] of [...clouds.keys()].entries())
      this.collection.put({
        id,
        label: `Account ${index + 1}`,
        provider: 'fake-cloud',
        budget: { monthlyUsd: null, warnAtPercent: 80 },
      });
  }

  ids(): CloudId[] {
    return this.collection.all().map(({ id }) => id);
  }
  labelOf(id: CloudId): string {
    return this.collection.get(id)?.label ?? id;
  }
  setBudget(monthlyUsd: number | null, id = cloudId): void {
    this.collection.put({ ...this.collection.get(id)!, budget: { monthlyUsd, warnAtPercent: 80 } });
  }
  remove(id: CloudId): void {
    this.collection.delete(id);
    for (const listener of this.#removed) listener(id);
  }
  usable(id: CloudId): void {
    for (const listener of this.#usable) listener(id);
  }

  async client(id: CloudId): Promise<CloudClient> {
    const client = this.#clouds.get(id)!.open(new Secret('fake_token'));
    const life = this.#life;
    const held = (name: string | symbol) => (name === 'inventory' ? this.held : undefined);
    return new Proxy(client, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function' || name === 'clockAheadMs') return member;
        return async (...args: unknown[]): Promise<unknown> => {
          await life.point();
          const result: unknown = await Reflect.apply(member, target, args);
          await held(name);
          await life.point();
          return result;
        };
      },
    });
  }
  noteFailure(_id: CloudId, error: unknown): void {
    this.failures.push(error);
  }
  noteSuccess(): void {}
  async noteReconciled(id: CloudId): Promise<void> {
    this.reconciled.push(id);
  }
  onUsable(listener: (id: CloudId) => void): () => void {
    this.#usable.add(listener);
    return () => void this.#usable.delete(listener);
  }
  onRemoved(listener: (id: CloudId) => void): () => void {
    this.#removed.add(listener);
    return () => void this.#removed.delete(listener);
  }
}
