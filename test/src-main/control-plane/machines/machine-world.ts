/**
 * A machine at a provider that lives in memory, with a host and workspaces on it, and a Berth that can be killed at each
 * write and each request. What the provider has, what is on disk and what was asked outlives every Berth.
 */
import { BerthError } from '#contract/berth-error.ts';
import {
  type CloudId,
  type CredentialId,
  type HostId,
  localOwnerId,
  type MachineId,
  type OperationId,
  type UserId,
  type WorkspaceId,
} from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { CloudClient, CloudMachine } from '#main/control-plane/interfaces/cloud-provider.ts';
import type { ContainerEngine } from '#main/control-plane/interfaces/container-engine.ts';
import type { HostConnection } from '#main/control-plane/interfaces/host-connection.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import type { CloudClients } from '#main/control-plane/machines/cloud-clients.ts';
import { DestroyService } from '#main/control-plane/machines/ending/destroy-service.ts';
import { MachineLifeService } from '#main/control-plane/machines/life/machine-life-service.ts';
import type { MachineWorkspaces } from '#main/control-plane/machines/life/machine-work.ts';
import { berthTag, type MachineRecord, machineTag } from '#main/control-plane/machines/machine.ts';
import { MachineDirectory } from '#main/control-plane/machines/machine-directory.ts';
import type { OperationDefinition } from '#main/control-plane/operations/operation-definition.ts';
import { OperationRunner } from '#main/control-plane/operations/operation-runner.ts';
import type { SnapshotRecord } from '#main/control-plane/snapshots/manifest.ts';
import { FakeCloud } from '#test/harness/fake-cloud.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { Life, Remains, rowsOf, storeOf } from '../operations/crash-world.ts';

export const machineId = 'mach_00000000000000000001' as MachineId;
export const cloudId = 'cloud_00000000000000000001' as CloudId;
export const hostId: HostId = 'host_00000000000000000001';
export const workspaceId = 'ws_00000000000000000001' as WorkspaceId;
export const otherWorkspaceId = 'ws_00000000000000000002' as WorkspaceId;
export const credentialId = 'cred_00000000000000000001' as CredentialId;
export const otherUserId = 'user_00000000000000000002' as UserId;

interface FakeWorkspace {
  readonly id: WorkspaceId;
  readonly name: string;
  readonly ownerId: UserId;
  readonly move: null;
  desired: 'running' | 'stopped';
  isRunning: boolean;
}

/** What outlives a Berth: the provider, the disk, the host and its workspaces, and the list of all that was done. */
export class MachineWorld {
  readonly clock = new ManualClock();
  readonly cloud = new FakeCloud(this.clock);
  readonly remains = new Remains();
  readonly log = new MemoryLog();
  readonly workspaces: FakeWorkspace[] = [
    {
      id: workspaceId,
      name: 'atlas',
      ownerId: localOwnerId,
      move: null,
      desired: 'running',
      isRunning: true,
    },
    {
      id: otherWorkspaceId,
      name: 'other',
      ownerId: otherUserId,
      move: null,
      desired: 'stopped',
      isRunning: false,
    },
  ];
  readonly snapshots: Pick<SnapshotRecord, 'hostId' | 'manifest'>[] = [];
  /** What was done here, in order. */
  readonly done: string[] = [];
  readonly secrets = new Set(['key-lasting', 'key-boot']);
  readonly credentials = new Set<string>([credentialId]);
  host: { id: HostId; name: string; desired: 'connected' | 'disconnected' } | undefined = {
    id: hostId,
    name: 'atlas-1',
    desired: 'connected',
  };
  /** The address that the machine's SSH server sees. */
  seenAddress = '198.51.100.7';
  /** Does it answer once it is connected? */
  isReachable = true;
  machine: CloudMachine;

  constructor(change: Partial<CloudMachine> = {}) {
    this.machine = this.cloud.plant({
      name: 'atlas-1',
      tags: [berthTag, machineTag(machineId)],
      ...change,
    });
    this.cloud.keys.set('ssh-ed25519 AAAA', 'key-1');
    this.cloud.firewalls.set('fw-1', {
      name: 'berth-atlas-1',
      tag: machineTag(machineId),
      access: { from: 'addresses', addresses: ['203.0.113.1'] },
    });
  }

  get providerId(): string {
    return this.machine.id;
  }
  /** As the provider has it now. */
  get now(): CloudMachine | undefined {
    return this.cloud.machines.get(this.providerId);
  }
  get orders(): string[] {
    return this.cloud.orders.map(({ order }) => order.type);
  }
  workspace(id: WorkspaceId): FakeWorkspace {
    return this.workspaces.find((one) => one.id === id) as FakeWorkspace;
  }
  /** As it is on disk. */
  record(): MachineRecord | undefined {
    const text = this.remains.records.get('machines')?.get(machineId);
    return text === undefined ? undefined : (JSON.parse(text) as MachineRecord);
  }

  /** On disk before any Berth begins. */
  put(change: Partial<MachineRecord> = {}): void {
    const record = { ...recordOf(this.machine), ...change };
    this.remains.records.set('machines', new Map([[record.id, JSON.stringify(record)]]));
  }
}

export function recordOf(machine: CloudMachine): MachineRecord {
  return {
    id: machineId,
    cloudId,
    name: 'atlas-1',
    providerId: machine.id,
    hostId,
    life: 'made',
    power: { state: 'on', isBusy: false, readAt: '2026-01-02T03:04:05.000Z' },
    gate: null,
    trouble: null,
    region: machine.region,
    size: machine.size,
    image: machine.image ?? 'debian-12',
    cpus: machine.cpus,
    memoryBytes: machine.memoryBytes,
    diskBytes: machine.diskBytes,
    hourlyUsd: machine.hourlyUsd,
    monthlyUsd: machine.monthlyUsd,
    ipv4: machine.ipv4,
    ipv6: null,
    tags: [],
    hasBackups: false,
    sshAccess: { from: 'mine' },
    end: { at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'destroy' },
    createdAt: '2026-01-02T03:00:00.000Z',
    userId: localOwnerId,
    operationId: null,
    keyId: 'key-1',
    firewallId: 'fw-1',
    loginCredentialId: credentialId,
    loginUser: 'berth',
    hostKey: { fingerprint: 'SHA256:lasting', publicKey: 'ssh-ed25519 L', secretKey: 'key-lasting' },
    bootKey: { fingerprint: 'SHA256:boot', publicKey: 'ssh-ed25519 B', secretKey: 'key-boot' },
    hasMonitoring: false,
    onTrouble: 'ask',
    sleep: null,
    earlierProviderIds: [],
    billedFromAt: '2026-01-02T03:00:00.000Z',
  };
}

let idCount = 0;

/** One Berth in that world. */
export class BerthLife {
  readonly world: MachineWorld;
  readonly life: Life;
  readonly links = new FakeLinks();
  readonly directory: MachineDirectory;
  readonly operations: OperationRunner;
  readonly clouds: CloudClients;
  readonly living: MachineLifeService;
  readonly destroying: DestroyService;
  /** Steps of a first boot that were taken. */
  readonly firstBoots: string[] = [];

  private constructor(world: MachineWorld, life: Life) {
    this.world = world;
    this.life = life;
    const { clock, log, remains } = world;
    const store = storeOf(remains, life);
    this.directory = new MachineDirectory({ store });
    this.operations = new OperationRunner({
      store,
      rows: rowsOf(remains, life),
      links: this.links,
      secretsUsable: async () => undefined,
      clock,
      random: {
        id: (prefix) => `${prefix}_${String(idCount++).padStart(20, '0')}` as never,
        bytes: (length) => new Uint8Array(length),
        fraction: () => 0.5,
      },
      log,
    });
    this.clouds = cloudsOf(world, life);
    const deps = {
      directory: this.directory,
      clouds: this.clouds,
      hosts: this.#hosts(),
      links: this.links,
      workspaces: this.#workspaces(),
      operations: this.operations,
      clock,
      log,
    };
    this.living = new MachineLifeService({
      ...deps,
      trustFirstBoot: async () => {
        await life.point();
        this.firstBoots.push('trusted');
      },
      firstBoot: [
        {
          id: 'first-boot',
          title: 'First boot',
          run: async ({ input: { machineId: id } }) => {
            await life.point();
            this.firstBoots.push('booted');
            await this.directory.change(id, { life: 'made' });
          },
        },
      ],
      giveUp: async (id) => {
        if (this.record?.life === 'creating') await this.directory.change(id, { life: 'incomplete' });
      },
      requireFreeHostName: (name) => {
        if (name === 'taken') throw new BerthError('host.name-taken', 'There is one.');
      },
    });
    this.destroying = new DestroyService({
      ...deps,
      snapshots: () => world.snapshots,
      removeProviderParts: async ({ signal }, { firewallId, keyId }) => {
        const client = await this.clouds.client(cloudId);
        if (firewallId !== null) await client.removeFirewall(firewallId, signal);
        await this.directory.change(machineId, { firewallId: null });
        if (keyId !== null) await client.removeKey(keyId, signal);
        await this.directory.change(machineId, { keyId: null });
      },
      removeHost: async (id) => {
        await life.point();
        if (world.host === undefined) return;
        world.host = undefined;
        world.done.push('host removed');
        this.links.remove(id);
        await life.point();
      },
      dropKeys: async ({ hostKey, bootKey, loginCredentialId }) => {
        for (const key of [hostKey, bootKey]) if (key !== null) world.secrets.delete(key.secretKey);
        await life.point();
        if (loginCredentialId !== null) world.credentials.delete(loginCredentialId);
        await this.directory.change(machineId, { hostKey: null, bootKey: null, loginCredentialId: null });
      },
      discardSleep: async (_context, id) => {
        await life.point();
        world.done.push('sleep discarded');
        await this.directory.change(id, { sleep: null });
      },
    });
  }

  /** Reads the disk and goes on with what was unfinished. */
  static async begin(world: MachineWorld, life = new Life()): Promise<BerthLife> {
    const berth = new BerthLife(world, life);
    berth.defineWorkspaceKinds();
    await berth.directory.load();
    if (world.host !== undefined) {
      berth.links.add(hostId);
      if (world.host.desired === 'connected' && world.now?.state === 'on') berth.connected();
    }
    await berth.operations.recover();
    return berth;
  }

  get record(): MachineRecord | undefined {
    return this.directory.record(machineId);
  }

  /** Moves the clock until the operation has ended, or Berth was killed. */
  async end(id: OperationId, withinMs = 8 * 3_600_000): Promise<Operation> {
    const { clock } = this.world;
    const startMs = clock.monotonicMs();
    while (clock.monotonicMs() - startMs <= withinMs) {
      const operation = this.operations.get(id);
      if (operation === undefined) throw new Error('there is no such operation');
      if (this.life.isDead) return operation;
      if (operation.endedAt !== null) return await this.operations.ended(id);
      await clock.advance(1_000);
    }
    throw new Error(`it has not ended: ${JSON.stringify(this.operations.get(id)?.steps)}`);
  }

  /** As `end`; anything but success is an error with the operation's own words. */
  async succeed(operation: Operation): Promise<Operation> {
    const ended = await this.end(operation.id);
    if (ended.state !== 'succeeded') throw new Error(`${ended.state}: ${JSON.stringify(ended.error)}`);
    return ended;
  }

  unfinished(): Operation | undefined {
    return this.operations
      .all()
      .find(({ endedAt, subject }) => endedAt === null && subject.kind === 'machine');
  }

  connected(): void {
    const { world } = this;
    this.links.ready(hostId, {
      engine: {} as ContainerEngine,
      connection: {
        kind: 'ssh',
        exec: async () => ({
          stdout: `${world.seenAddress} 50222 192.0.2.9 22\n`,
          stderr: '',
          exitCode: 0,
          isTruncated: false,
        }),
      } as unknown as HostConnection,
    });
  }

  /** As a person asks for it. */
  stopWorkspace(id: WorkspaceId): Promise<Operation> {
    return this.#workspaces().stop(id, localOwnerId);
  }

  #hosts() {
    const { world } = this;
    return {
      get: () => world.host,
      connect: async () => {
        await this.life.point();
        if (world.host === undefined) throw new BerthError('not-found', 'There is no such host.');
        world.host.desired = 'connected';
        world.done.push('connect');
        if (world.now?.state === 'on' && world.isReachable && this.links.current(hostId) === undefined)
          this.connected();
      },
      disconnect: async () => {
        await this.life.point();
        if (world.host !== undefined) world.host.desired = 'disconnected';
        world.done.push('disconnect');
        this.links.lose(hostId);
      },
      rename: async (_id: HostId, name: string) => {
        await this.life.point();
        if (world.host !== undefined) world.host.name = name;
      },
    };
  }

  #workspaces(): MachineWorkspaces {
    const { world } = this;
    const begin = (verb: 'stop' | 'start', id: WorkspaceId, userId: UserId) =>
      this.operations.start(this.#kinds[verb], {
        title: `${verb} ${id}`,
        subject: { kind: 'workspace', id, name: id },
        hostId,
        userId,
        input: { id },
      });
    return {
      onHost: () => (world.host === undefined ? [] : world.workspaces),
      runningContainer: (id) => (world.workspace(id).isRunning ? `container-${id}` : undefined),
      change: async (id, { desired }) => {
        await this.life.point();
        world.workspace(id).desired = desired;
      },
      stop: (id, userId) => begin('stop', id, userId),
      start: (id, userId) => begin('start', id, userId),
    };
  }

  readonly #kinds = {
    stop: this.#kind('workspace.stop', false),
    start: this.#kind('workspace.start', true),
  };
  defineWorkspaceKinds(): void {
    for (const kind of Object.values(this.#kinds)) this.operations.define(kind);
  }
  #kind(
    kind: 'workspace.stop' | 'workspace.start',
    isRunning: boolean,
  ): OperationDefinition<{ id: WorkspaceId }> {
    return {
      kind,
      parseInput: (value) => value as { id: WorkspaceId },
      steps: [
        {
          id: 'do',
          title: 'Do it',
          run: async (context) => {
            await this.life.point();
            context.link();
            const workspace = this.world.workspace(context.input.id);
            workspace.desired = isRunning ? 'running' : 'stopped';
            workspace.isRunning = isRunning;
            this.world.done.push(`${kind} ${workspace.name}`);
          },
        },
      ],
      recover: 'finish',
      canCancel: false,
    };
  }
}

/** Each request can be the last thing that a Berth does: before it leaves, and before its answer is read. */
function cloudsOf({ cloud }: MachineWorld, life: Life): CloudClients {
  const client = cloud.open(new Secret('fake_token'));
  const mortal = new Proxy(client, {
    get(target, name) {
      const member = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      if (name === 'clockAheadMs' || typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        await life.point();
        const answer = await Reflect.apply(member, target, args);
        await life.point();
        return answer;
      };
    },
  }) as CloudClient;
  return {
    client: async () => mortal,
    ids: () => [cloudId],
    labelOf: () => 'Team One',
    noteFailure: () => {},
    noteSuccess: () => {},
    onUsable: () => () => {},
    onRemoved: () => () => {},
  };
}
