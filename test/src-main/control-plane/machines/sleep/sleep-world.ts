/**
 * A machine, a provider, disks and copies that outlive Berth, and lives of Berth that can be killed at any point of touching
 * them. Disks belong to hardware: what is destroyed takes them along, and a snapshot of the provider holds one.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, MachineId, OperationId, SnapshotId, UserId, WorkspaceId } from '#contract/ids.ts';
import { localOwnerId } from '#contract/ids.ts';
import type { SleepPlace } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import { projectDefaults } from '#contract/projects.ts';
import type { CloudClients } from '#main/control-plane/machines/cloud-clients.ts';
import type { CloudClient } from '#main/control-plane/interfaces/cloud-provider.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import {
  berthTag,
  machineTag,
  type MachineRecord,
  operationTag,
} from '#main/control-plane/machines/machine.ts';
import { MachineDirectory } from '#main/control-plane/machines/machine-directory.ts';
import { endHardware } from '#main/control-plane/machines/end-hardware.ts';
import { waitingOf } from '#main/control-plane/machines/sleep/hibernate-operation.ts';
import {
  carriedOf,
  type FilesPlan,
  type KeptSnapshot,
  type SleepFiles,
  type SomeStep,
} from '#main/control-plane/machines/sleep/kept-files.ts';
import { SleepService } from '#main/control-plane/machines/sleep/sleep-service.ts';
import type { WakeInput } from '#main/control-plane/machines/sleep/wake-operation.ts';
import { OperationRunner } from '#main/control-plane/operations/operation-runner.ts';
import type { StepDefinition } from '#main/control-plane/operations/operation-definition.ts';
import { FakeCloud } from '#test/harness/fake-cloud.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { Life, Remains, rowsOf, storeOf } from '../../operations/crash-world.ts';

export const machineId = 'mach_00000000000000000001' as MachineId;
export const hostId = 'host_00000000000000000001' as HostId;
export const otherHostId = 'host_00000000000000000002' as HostId;
export const ada = 'ws_0000000000000000000a' as WorkspaceId;
export const bob = 'ws_0000000000000000000b' as WorkspaceId;
const older = 'snap_0000000000000000000c' as SnapshotId;
export const userId: UserId = localOwnerId;

/** One disk: which workspaces have their files on it, and which snapshots lie there. */
interface Disk {
  readonly workspaces: Set<WorkspaceId>;
  readonly snapshots: Map<SnapshotId, WorkspaceId>;
}
const copyOf = (disk: Disk): Disk => ({
  workspaces: new Set(disk.workspaces),
  snapshots: new Map(disk.snapshots),
});

export type Method = keyof SleepFiles;

export class SleepWorld {
  readonly remains = new Remains();
  readonly clock = new ManualClock();
  readonly cloud = new FakeCloud(this.clock);
  readonly log = new MemoryLog();
  /** By the provider's id of the hardware. */
  readonly disks = new Map<string, Disk>();
  /** By the provider's id of the snapshot. */
  readonly wholes = new Map<string, Disk>();
  /** Where files sleep in the two places for workspaces, by the copy's id. */
  readonly copies = new Map<SnapshotId, WorkspaceId>();
  /** Keys at the provider. */
  readonly parts = new Set(['key-1']);
  readonly running = new Set<WorkspaceId>([ada]);
  readonly desired = new Set<WorkspaceId>([ada]);
  readonly calls: string[] = [];
  /** The next call of this method fails so. */
  readonly faults = new Map<Method, BerthError>();
  hasHost = true;
  /** What a person chooses in the next trouble of the making: the hardware stays as it is. */
  isKept = false;
  /** The most hardware that there ever was at once. */
  mostMachines = 0;
  #ids = 100;

  constructor() {
    const { id } = this.cloud.plant({ name: 'box', tags: [berthTag, machineTag(machineId)] });
    this.disks.set(id, { workspaces: new Set([ada, bob]), snapshots: new Map([[older, bob]]) });
    const record = {
      id: machineId,
      cloudId: 'cloud_00000000000000000001',
      name: 'box',
      providerId: id,
      hostId,
      life: 'made',
      power: { state: 'on', isBusy: false, readAt: '2026-01-02T03:04:05.000Z' },
      gate: null,
      trouble: null,
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
      tags: [],
      hasBackups: false,
      sshAccess: { from: 'mine' },
      end: { at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'destroy' },
      createdAt: '2026-01-02T03:04:05.000Z',
      userId,
      operationId: null,
      keyId: 'key-1',
      firewallId: 'fw-1',
      loginCredentialId: null,
      loginUser: 'berth',
      hostKey: { fingerprint: 'SHA256:x', publicKey: 'ssh-ed25519 x', secretKey: 'k' },
      bootKey: null,
      hasMonitoring: false,
      hasIpv6: false,
      requestedAt: null,
      sshSources: [],
      order: null,
      firstBootKey: null,
      onTrouble: 'ask',
      sleep: null,
      earlierProviderIds: [],
      billedFromAt: '2026-01-02T03:04:05.000Z',
    } satisfies Record<keyof MachineRecord, unknown>;
    this.remains.records.set('machines', new Map([[machineId, JSON.stringify(record)]]));
  }

  get record(): MachineRecord {
    return this.remains.record('machines', machineId) as unknown as MachineRecord;
  }
  /** The disk of the hardware that there is now. */
  get disk(): Disk | undefined {
    const [machine] = this.cloud.machines.values();
    return machine === undefined ? undefined : this.disks.get(machine.id);
  }
  /** Workspaces whose files are somewhere. */
  get safe(): Set<WorkspaceId> {
    const places = [
      ...[...this.cloud.machines.keys()].map((id) => this.disks.get(id)),
      ...[...this.cloud.snapshots.keys()].map((id) => this.wholes.get(id)),
    ].filter((disk) => disk !== undefined);
    return new Set([
      ...places.flatMap((disk) => [...disk.workspaces, ...disk.snapshots.values()]),
      ...this.copies.values(),
    ]);
  }
  nextId(prefix: string): string {
    return `${prefix}_${String(this.#ids++).padStart(20, '0')}`;
  }
  look(): void {
    for (const id of this.cloud.snapshots.keys()) {
      const source = this.cloud.snapshots.get(id)?.sourceId ?? '';
      const disk = this.disks.get(source);
      if (disk !== undefined && !this.wholes.has(id)) this.wholes.set(id, copyOf(disk));
    }
    this.mostMachines = Math.max(this.mostMachines, this.cloud.machines.size);
  }
}

export interface SleepLife {
  readonly life: Life;
  readonly service: SleepService;
  readonly runner: OperationRunner;
  readonly directory: MachineDirectory;
  readonly links: FakeLinks;
  /** Moves the clock until it has ended, or this life has. */
  ended(id: OperationId): Promise<Operation | undefined>;
}

/** A new life of Berth on what remains: records are read, and what was unfinished goes on. */
export async function live(world: SleepWorld, killAt = Number.POSITIVE_INFINITY): Promise<SleepLife> {
  const life = new Life(killAt);
  const { clock, cloud } = world;
  const links = new FakeLinks();
  const engine = {} as never;
  links.ready(otherHostId, { engine, engineInfo: engine });
  const connect = () => {
    const [machine] = cloud.machines.values();
    if (machine?.state === 'on') links.ready(hostId, { engine, engineInfo: engine });
  };
  if (world.hasHost) connect();
  const store = storeOf(world.remains, life);
  const directory = new MachineDirectory({ store });
  const runner = new OperationRunner({
    store,
    rows: rowsOf(world.remains, life),
    secretsUsable: async () => undefined,
    links,
    clock,
    random: {
      id: (prefix) => world.nextId(prefix) as never,
      bytes: (length) => new Uint8Array(length),
      fraction: () => 0.5,
    },
    log: world.log,
  });
  const client = pointed(world, life);
  const clouds: CloudClients = {
    client: async () => client,
    ids: () => [],
    labelOf: () => 'Fake',
    noteFailure: () => {},
    noteSuccess: () => {},
    onUsable: () => () => {},
    onRemoved: () => () => {},
  };
  const hosts = {
    async connect() {
      await life.point();
      world.hasHost = true;
      connect();
    },
    async disconnect() {
      await life.point();
      world.hasHost = false;
      links.lose(hostId);
    },
    get: () => ({ name: 'box' }),
  };
  const service = new SleepService({
    directory,
    clouds,
    files: filesOf(world, life),
    hosts,
    clock,
    links,
    operations: runner,
    readyHosts: () => [{ id: otherHostId, name: 'other' }],
    async removeParts(_waiting, record) {
      await life.point();
      world.parts.delete(record.keyId ?? '');
      await directory.change(record.id, { keyId: null, firewallId: null });
    },
    hardware: [makeHardware(directory, clouds, world, () => links.lose(hostId))],
  });
  await directory.load();
  await runner.recover();
  return {
    life,
    service,
    runner,
    directory,
    links,
    async ended(id) {
      const end = runner.ended(id);
      let isOver = false;
      void Promise.race([end, life.died]).then(() => (isOver = true));
      for (let looks = 0; !isOver && looks < 4_000; looks += 1) await clock.advance(1_000);
      if (!isOver) throw new Error('it does not end');
      return life.isDead ? undefined : await end;
    },
  };
}

/** Each call is two points: Berth may die before it is sent, and after it was done. */
function pointed(world: SleepWorld, life: Life): CloudClient {
  const client = world.cloud.open(new Secret('fake_token')) as unknown as Record<
    string,
    (...args: unknown[]) => Promise<unknown>
  >;
  const run = async (name: string, args: unknown[]) => {
    await life.point();
    world.look();
    const result = await client[name]?.(...args);
    world.look();
    await life.point();
    return result;
  };
  return Object.fromEntries(
    Object.keys(client).map((name) => [name, (...args: unknown[]) => run(name, args)]),
  ) as unknown as CloudClient;
}

/** As the making of machines does it: looked for by its tag before it is made, and written down. */
function makeHardware(
  directory: MachineDirectory,
  clouds: CloudClients,
  world: SleepWorld,
  lost: () => void,
): StepDefinition<WakeInput> {
  return {
    id: 'make',
    title: 'Make it',
    async run(context) {
      const record = directory.require(context.input.machineId);
      const client = await clouds.client(record.cloudId);
      const tag = operationTag(context.operationId);
      let [machine] = await client.machinesTagged(
        record.providerId === null ? tag : machineTag(record.id),
        context.signal,
      );
      if (machine === undefined) {
        const wish = {
          name: record.name,
          region: record.region,
          size: record.size,
          image: record.image,
          keyIds: [],
          userData: '',
          tags: [berthTag, machineTag(record.id), tag],
          hasIpv6: false,
          hasBackups: false,
          hasMonitoring: false,
        };
        ({ machine } = await client.createMachine(wish, context.signal));
      }
      const { id } = machine;
      const whole = world.wholes.get(record.image);
      if (!world.disks.has(id))
        world.disks.set(
          id,
          whole === undefined ? { workspaces: new Set(), snapshots: new Map() } : copyOf(whole),
        );
      world.cloud.machines.set(id, { ...machine, state: 'on', isBusy: false, ipv4: '192.0.2.10' });
      await directory.change(record.id, {
        providerId: id,
        operationId: context.operationId,
        ipv4: '192.0.2.10',
      });
      if (!world.isKept) return;
      world.isKept = false;
      await directory.change(record.id, { life: 'incomplete' });
      throw new BerthError('machine.overdue', 'It does not answer.');
    },
    async undo(context) {
      lost();
      const record = directory.require(context.input.machineId);
      if (record.providerId === null || record.life === 'incomplete') return;
      const client = await clouds.client(record.cloudId);
      await endHardware({
        ...waitingOf(world.clock, context),
        client,
        providerId: record.providerId,
        leftovers: [],
      });
      await directory.change(record.id, { providerId: null });
    },
  };
}

/** Files as sets: what is on which disk, and which copies there are. */
function filesOf(world: SleepWorld, life: Life): SleepFiles {
  const disk = (): Disk => {
    const { disk: found } = world;
    if (found === undefined) throw new BerthError('internal', 'there is no disk');
    return found;
  };
  const kept = (id: SnapshotId, copyId: SnapshotId, workspaceId: WorkspaceId): KeptSnapshot => ({
    id,
    copyId,
    ownerId: userId,
    manifest: manifestOf(id, workspaceId),
    marks: {},
  });
  const effects: Partial<SleepFiles> = {
    async stop(_context, _hostId, planned) {
      for (const { id } of planned) {
        world.desired.delete(id);
        world.running.delete(id);
      }
    },
    resume: async (context, host, planned) => await effects.start?.(context, host, planned),
    async flush() {},
    async prepare() {},
    async archive(_context, _hostId, plan) {
      for (const { id, snapshotId } of plan.workspaces) disk().snapshots.set(snapshotId, id);
    },
    async undoArchive(_context, _hostId, plan) {
      for (const { snapshotId } of plan.workspaces) disk().snapshots.delete(snapshotId);
    },
    async carry(_context, _hostId, plan) {
      for (const { id, copyId } of carriedOf(plan)) {
        const workspaceId = disk().snapshots.get(id);
        if (workspaceId === undefined) throw new BerthError('internal', 'there is no such snapshot');
        world.copies.set(copyId, workspaceId);
      }
    },
    async check(_context, _hostId, plan: FilesPlan) {
      return carriedOf(plan).map(({ id, copyId }) => {
        const workspaceId = world.copies.get(copyId);
        if (workspaceId === undefined) throw new BerthError('machine.copy-unverified', 'It is not there.');
        return kept(id, copyId, workspaceId);
      });
    },
    async drop(_context, copyIds) {
      for (const id of copyIds) world.copies.delete(id);
    },
    async bring(_context, _hostId, snapshots) {
      for (const { id, copyId } of snapshots) {
        const workspaceId = world.copies.get(copyId);
        if (workspaceId === undefined) throw new BerthError('internal', 'the copy is gone');
        disk().snapshots.set(id, workspaceId);
      }
    },
    async remember() {},
    async unpack() {},
    async images() {},
    async rebuild(_context, _hostId, planned) {
      for (const { id, snapshotId } of planned) {
        if (disk().snapshots.get(snapshotId) !== id) throw new BerthError('internal', 'not its files');
        disk().workspaces.add(id);
      }
    },
    async start(_context, _hostId, planned) {
      for (const { id, wasRunning } of planned) {
        if (!wasRunning) continue;
        if (!disk().workspaces.has(id)) throw new BerthError('internal', 'it has no files');
        world.desired.add(id);
        world.running.add(id);
      }
    },
    async rest(ids) {
      for (const id of ids) {
        world.desired.delete(id);
        world.running.delete(id);
      }
    },
    async verify(_context, _hostId, ids) {
      for (const id of ids)
        if (!disk().workspaces.has(id)) throw new BerthError('machine.copy-unverified', 'It is not whole.');
    },
    async dropArchives(_context, _hostId, ids) {
      for (const id of ids) disk().snapshots.delete(id);
    },
    async requirePlace() {},
  };
  const guarded = Object.fromEntries(
    Object.entries(effects).map(([name, run]) => [
      name,
      async (...args: unknown[]) => {
        await life.point();
        world.calls.push(name);
        const fault = world.faults.get(name as Method);
        world.faults.delete(name as Method);
        if (fault !== undefined) throw fault;
        const context = args[0] as SomeStep | undefined;
        context?.signal?.throwIfAborted();
        const result = await (run as (...all: unknown[]) => Promise<unknown>)(...args);
        await life.point();
        return result;
      },
    ]),
  );
  return {
    ...(guarded as unknown as SleepFiles),
    requireIdle: () => {},
    plan: async () => ({
      sides: [],
      workspaces: [...disk().workspaces].map((id) => ({
        id,
        wasRunning: world.desired.has(id),
        snapshotId: world.nextId('snap') as SnapshotId,
        copyId: world.nextId('snap') as SnapshotId,
      })),
      snapshots: [...disk().snapshots.keys()].map((id) => ({
        id,
        copyId: world.nextId('snap') as SnapshotId,
      })),
    }),
    summary: async () => ({
      workspaces: [
        { id: ada, ownerId: userId, name: 'ada', isRunning: world.running.has(ada) },
        { id: bob, ownerId: 'user_0000000000000000000b', name: 'bob', isRunning: false },
      ],
      snapshots: 1,
      images: [{ reference: 'own:1', sizeBytes: 2 ** 30 }],
      loses: ['Images.'],
      problem: null,
      archiveBytes: 3 * 2 ** 30,
      diskBytes: 10 * 2 ** 30,
    }),
    freeBytes: async (place: SleepPlace) => (place.kind === 'computer' ? 2 ** 30 : 2 ** 40),
    settled: () => {},
  };
}

function manifestOf(id: SnapshotId, workspaceId: WorkspaceId): KeptSnapshot['manifest'] {
  const sha256 = '0'.repeat(64);
  return {
    format: 1,
    id,
    about: {
      workspaceId,
      workspaceName: workspaceId,
      ownerId: userId,
      projectId: null,
      definition: { ...projectDefaults, environment: [], name: 'p', image: 'busybox' },
      imageDigest: null,
      name: null,
      note: '',
      reason: 'move',
      consistency: 'stopped',
      hadHooks: false,
      repositoryId: null,
    },
    createdAt: '2026-01-02T03:04:05.000Z',
    archive: { sha256, bytes: 1000 },
    entries: { count: 1, files: 1, sha256, contentBytes: 1000 },
    tarBytes: 1000,
    allocatedBytes: 1000,
    isChangedWhileRead: false,
    socketsIgnored: 0,
    freeze: null,
  };
}
