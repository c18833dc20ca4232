/**
 * A Berth that makes machines at a provider in memory, and what is left of it when it dies: its disk, its keychain, what is at
 * the provider, and machines that answer SSH. Each life is cut off from all of that at the act that it is told to die before:
 * from then on nothing of it reaches the world, as after SIGKILL.
 */
import { createHash } from 'node:crypto';
import { BerthError } from '#contract/berth-error.ts';
import { type CloudId, localOwnerId, type MachineId } from '#contract/ids.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import { LogLine, type Operation } from '#contract/operations.ts';
import { createSshKeyMaker } from '#main/adapters/ssh/key-maker.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import { createCredentialService } from '#main/control-plane/credentials/credential-service.ts';
import { HostService } from '#main/control-plane/hosts/host-service.ts';
import { Questions } from '#main/control-plane/hosts/questions.ts';
import type { CloudProvider } from '#main/control-plane/interfaces/cloud-provider.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { CloudAccountDirectory } from '#main/control-plane/machines/cloud-account-directory.ts';
import { MachineDirectory } from '#main/control-plane/machines/machine-directory.ts';
import type { MakingDeps } from '#main/control-plane/machines/making/making-deps.ts';
import { MachineMakingService } from '#main/control-plane/machines/making/making-service.ts';
import { OperationRunner } from '#main/control-plane/operations/operation-runner.ts';
import { FakeCloud } from './fake-cloud.ts';
import { FakeConnector, FakeEngineFactory, type FakeMachine } from './fake-connector.ts';
import { FakeNetwork } from './fake-network.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryLog } from './memory-log.ts';
import { MemoryRecordStore } from './memory-record-store.ts';
import { MemorySecretStore } from './memory-secret-store.ts';

export const cloudId: CloudId = 'cloud_00000000000000000001';
const TOKEN = 'fake_one';

/** What the machine does with its first boot, as far as tests look at it. */
export interface BootedMachine {
  readonly fake: FakeMachine;
  /** As its cloud-config says. */
  readonly bootFingerprint: string;
  /** What `setup-state.sh` prints, but for the mark. */
  state: Record<string, string>;
  mark: string;
}

export class MakingWorld {
  readonly clock = new ManualClock();
  readonly cloud = new FakeCloud(this.clock);
  readonly connector = new FakeConnector();
  readonly store = new MemoryRecordStore();
  readonly secrets = new MemorySecretStore();
  readonly log = new MemoryLog();
  readonly booted: BootedMachine[] = [];
  /** Applied to each machine that boots, before anybody can reach it. */
  onBoot: (machine: BootedMachine) => void = () => {};
  /** Called before each write and request of a life, with its number, from 1. */
  onAct: (act: number) => void = () => {};
  #addresses = 10;

  constructor() {
    this.cloud.nextAddress = () => this.#boot();
  }

  get machineRecord(): Promise<Record<string, unknown> | undefined> {
    return this.store
      .collection('machines', (value) => value as { id: string })
      .all()
      .then(([one]) => one as Record<string, unknown> | undefined);
  }

  /** What cancel must not leave, each with its count. */
  async remains(): Promise<Record<string, number>> {
    const count = async (name: string) =>
      (await this.store.collection(name, (value) => value as { id: string }).all()).length;
    return {
      machines: this.cloud.machines.size,
      keys: this.cloud.keys.size,
      firewalls: this.cloud.firewalls.size,
      records: await count('machines'),
      hosts: await count('hosts'),
      credentials: await count('credentials'),
      // The account's own token apart.
      secrets: [...this.secrets.contents.keys()].filter((key) => key !== 'cred_00000000000000000001').length,
    };
  }

  #boot(): string {
    const address = `192.0.2.${this.#addresses++}`;
    const { userData } = this.cloud.wishes.at(-1)!;
    const config = JSON.parse(userData.replace('#cloud-config\n', '')) as {
      ssh_keys: { ed25519_public: string };
      runcmd: string[][];
    };
    const fake = this.connector.machine(address);
    fake.fingerprint = fingerprintOf(config.ssh_keys.ed25519_public);
    const machine: BootedMachine = {
      fake,
      bootFingerprint: fake.fingerprint,
      mark: config.runcmd[0]?.at(-1) ?? '',
      state: { client: '198.51.100.7', cloud_init: 'done', step: 'Done', finished: 'yes', docker: '28.2.2' },
    };
    fake.scripts.set('setup-state', ([mark]) => {
      const isOurs = mark === machine.mark;
      const lines = Object.entries({ ...machine.state, ...(isOurs ? {} : { finished: 'no' }), end: 'yes' });
      return { stdout: lines.map(([key, value]) => `${key}=${value}`).join('\n') };
    });
    fake.scripts.set('install-host-key', (_args, input) => {
      fake.fingerprint = fingerprintOf(createSshKeyMaker().publicKeyOf(new Secret(input)));
      return { stdout: 'installed=yes\nreloaded=systemd\nend=yes\n' };
    });
    this.booted.push(machine);
    this.onBoot(machine);
    return address;
  }
}

export function fingerprintOf(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

export interface MakingLife {
  readonly deps: MakingDeps;
  readonly making: MachineMakingService;
  readonly operations: OperationRunner;
  readonly directory: MachineDirectory;
  readonly clouds: CloudAccountDirectory;
  readonly hosts: HostService;
  readonly isDead: () => boolean;
  create(
    change?: Partial<ParsedInputOf<'machines.create'>>,
  ): Promise<{ id: MachineId; operation: Operation }>;
  /** Moves the clock until it holds, or this life is over. */
  until(holds: () => boolean, withinMs?: number): Promise<void>;
  ended(id: Operation['id'], withinMs?: number): Promise<Operation>;
  linesOf(id: Operation['id']): Promise<string[]>;
  close(): Promise<void>;
}

/** `dieAt`: the act before which it dies; acts are writes and requests, counted from 1. */
export async function live(world: MakingWorld, dieAt = Number.POSITIVE_INFINITY): Promise<MakingLife> {
  const { clock, cloud, log } = world;
  let acts = 0;
  let isDead = false;
  let isBegun = false;
  const death = Promise.withResolvers<void>();
  const mayAct = (): boolean => {
    if (!isBegun || isDead) return !isDead;
    acts += 1;
    if (acts >= dieAt) {
      isDead = true;
      death.resolve();
    } else world.onAct(acts);
    return !isDead;
  };
  /** What belongs to a dead life waits for ever. */
  const cutOff = <T extends object>(target: T, isFactory: (name: string) => boolean = () => false): T =>
    new Proxy(target, {
      get(of, name) {
        const member: unknown = Reflect.get(of, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          if (isFactory(String(name))) return cutOff(Reflect.apply(member, of, args) as object);
          if (isSync.has(String(name))) return Reflect.apply(member, of, args);
          if (!mayAct()) return new Promise(() => {});
          const result: unknown = Reflect.apply(member, of, args);
          if (!(result instanceof Promise)) return result;
          return result.then(
            (value: unknown) => (isDead ? new Promise(() => {}) : value),
            (error: unknown) => (isDead ? new Promise(() => {}) : Promise.reject(error as Error)),
          );
        };
      },
    });
  const store = cutOff(world.store, (name) => name === 'collection' || name === 'rowLog');
  const secrets = cutOff(world.secrets);
  const connector = cutOff(world.connector);
  const provider: CloudProvider = cutOff(cloud, (name) => name === 'open');
  const random = createSystemRandom();
  const directory = new MachineDirectory({ store });
  const credentials = await createCredentialService({
    records: store,
    secrets,
    clock,
    random,
    log,
    describeKey: () => ({ type: 'ssh-ed25519', fingerprint: 'SHA256:x', isEncrypted: false }),
    isCredentialUsed: () => [],
  });
  const hosts = new HostService({
    connector,
    engines: new FakeEngineFactory(),
    questions: new Questions({ clock, random }),
    clock,
    random,
    log,
    network: new FakeNetwork(),
    store,
    secrets: {
      secretOf: (id) => credentials.secretOf(id),
      exists: (id) => credentials.get(id) !== undefined,
      remember: () => Promise.reject(new Error('nobody is asked')),
      onUsable: () => () => {},
    },
    mayGuard: () => false,
    isGuardWanted: () => false,
    machineOf: () => undefined,
    sleepersOn: () => [],
  });
  const clouds = new CloudAccountDirectory({
    providers: [provider],
    store,
    secretOf: (id) => credentials.secretOf(id),
    clock,
    log,
  });
  const operations = new OperationRunner({
    store,
    rows: store.rowLog('operations', (value) => LogLine.parse(value), 2000),
    links: hosts.links,
    secretsUsable: async () => undefined,
    clock,
    random,
    log,
  });
  const deps: MakingDeps = {
    directory,
    clouds,
    credentials,
    secrets,
    keyMaker: createSshKeyMaker(),
    connector,
    hosts,
    installation: 'here',
    setupScript: '#!/bin/sh\nexit 0\n',
    clock,
    random,
  };
  const making = new MachineMakingService({ ...deps, operations, log });
  if (!(await store.collection('clouds', (value) => value as { id: string }).get(cloudId)))
    await seedAccount(world);
  await hosts.load();
  await clouds.load();
  await directory.load();
  isBegun = true;
  await Promise.race([operations.recover(), death.promise]);
  if (!isDead) hosts.start();
  if (!isDead) await Promise.race([making.tidy(), death.promise]);
  const until = async (holds: () => boolean, withinMs = 3_600_000) => {
    for (let passedMs = 0; !isDead && !holds(); passedMs += 1_000) {
      if (passedMs > withinMs)
        throw new Error(
          `it does not come about: ${JSON.stringify([operations.all(), directory.records()], null, 1)}`,
        );
      await clock.advance(1_000);
    }
  };
  return {
    deps,
    making,
    operations,
    directory,
    clouds,
    hosts,
    isDead: () => isDead,
    async create(change = {}) {
      const started = making.create(
        {
          cloudId,
          name: 'barge-1',
          region: 'ams',
          size: 'small',
          image: 'debian-12',
          tags: ['blue'],
          hasIpv6: false,
          hasBackups: false,
          hasMonitoring: false,
          sshAccess: { from: 'mine' },
          end: { at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'destroy' },
          onTrouble: 'ask',
          hourlyUsd: 0.01,
          ...change,
        },
        localOwnerId,
        new AbortController().signal,
      );
      started.catch(() => undefined);
      await Promise.race([started, death.promise]);
      if (isDead) throw new Error('it died while it was asked');
      const { machine, operation } = await started;
      return { id: machine.id, operation };
    },
    until,
    async ended(id, withinMs) {
      await until(() => operations.get(id)?.endedAt != null, withinMs);
      if (isDead) throw new Error('it died');
      return await operations.ended(id);
    },
    async linesOf(id) {
      const lines: string[] = [];
      for await (const line of operations.log(id, new AbortController().signal)) lines.push(line.text);
      return lines;
    },
    async close() {
      if (isDead) return;
      let isClosed = false;
      void Promise.all([operations.close(), hosts.close()]).finally(() => {
        isClosed = true;
      });
      await until(() => isClosed, 60_000);
      isDead = true;
    },
  };
}

const isSync = new Set(['onStatusChange', 'clockAheadMs']);

async function seedAccount({ clock, secrets, store }: MakingWorld): Promise<void> {
  const at = new Date(clock.nowMs()).toISOString();
  await secrets.put('cred_00000000000000000001', new Secret(TOKEN));
  await store
    .collection('clouds', (value) => value as { id: string })
    .put({
      id: cloudId,
      provider: 'fake-cloud',
      label: 'Work',
      owner: 'Team One',
      standing: 'active',
      standingMessage: '',
      machineLimit: 10,
      machineCount: 0,
      balance: null,
      permissions: [],
      budget: { monthlyUsd: null, warnAtPercent: 80 },
      reconciledAt: null,
      addedAt: at,
      accountKey: 'account-1',
      tokenId: 'cred_00000000000000000001',
    } as { id: string });
}

export function unreachable(): BerthError {
  return new BerthError('cloud.unreachable', 'Fake Cloud cannot be reached.');
}
