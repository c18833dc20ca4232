/**
 * A plane without a host: handlers over a small store in memory, behind the real local socket in a
 * data folder, for the real command line. Operations run when the test says so. Owns the folder until `close`.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { Cloud, FoundResource } from '#contract/clouds.ts';
import type { CollectionItem } from '#contract/collection.ts';
import type { ApiKey } from '#contract/account.ts';
import type { Host } from '#contract/hosts.ts';
import {
  type HostId,
  localOwnerId,
  type OperationId,
  type SnapshotId,
  type WorkspaceId,
} from '#contract/ids.ts';
import type { Forward, WorkspacePorts } from '#contract/forwards.ts';
import type { HostLease, Lifecycle } from '#contract/lifecycles.ts';
import type { Machine } from '#contract/machines.ts';
import type { Operation, OperationKind } from '#contract/operations.ts';
import { type Project, projectDefaults } from '#contract/projects.ts';
import type { Question } from '#contract/questions.ts';
import { scopes } from '#contract/scopes.ts';
import type { SnapshotRules } from '#contract/snapshot-rules.ts';
import type { Snapshot, SnapshotEntry, SnapshotHost } from '#contract/snapshots.ts';
import type { Terminal } from '#contract/terminals.ts';
import { noQuota, type User } from '#contract/users.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { runCommandLine } from '#main/cli/command-line.ts';
import { createInterrupts, type Interrupts } from '#main/cli/interrupts.ts';
import type { Handlers } from '#main/control-plane/handler.ts';
import { connectLocalSocket, serveLocalSocket } from '#main/server/local-socket.ts';
import { serveConnection } from '#main/server/serve-connection.ts';
import { createClient } from '#renderer/transport/client.ts';
import { dispatcherWith, recordingLog } from '#test/transports/plane-double.ts';
import { endWithThisProcess } from '#test/servers/stop-process.ts';

const pad = (n: number) => String(n).padStart(20, '0');
export const hostId = (n: number): HostId => `host_${pad(n)}`;
export const workspaceId = (n: number): WorkspaceId => `ws_${pad(n)}`;
export const snapshotId = (n: number): SnapshotId => `snap_${pad(n)}`;

export function hostOf(n: number, over: Partial<Host> = {}): Host {
  return {
    id: hostId(n),
    name: `host ${n}`,
    definition: {
      kind: 'ssh',
      configName: null,
      address: '192.0.2.1',
      port: 22,
      user: 'dev',
      auth: { method: 'automatic' },
      jumps: [],
      engineSocket: null,
    },
    desired: 'connected',
    state: {
      phase: 'ready',
      sinceAt: '2026-01-01T00:00:00.000Z',
      roundTripMs: 1,
      engineRoute: 'stream-forward',
      engineError: null,
    },
    facts: null,
    addedAt: '2026-01-01T00:00:00.000Z',
    lastReadyAt: null,
    ...over,
  };
}

export function workspaceOf(n: number, over: Partial<Workspace> = {}): Workspace {
  return {
    id: workspaceId(n),
    name: `ws${n}`,
    projectId: null,
    projectName: 'p',
    hostId: hostId(1),
    image: 'busybox:1.37',
    imageDigest: null,
    mountPoint: '/data',
    profile: 'standard',
    runtime: 'runc',
    limits: { cpus: 1, memoryBytes: 128 * 1024 * 1024, pids: 64 },
    desired: 'running',
    state: 'running',
    lastKnown: null,
    problem: null,
    containerId: null,
    volumeName: 'v',
    startedAt: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    isAdopted: false,
    operationId: null,
    move: null,
    ...over,
  };
}

export function snapshotOf(n: number, over: Partial<Snapshot> = {}): Snapshot {
  return {
    id: snapshotId(n),
    name: `s${n}`,
    note: '',
    isPinned: false,
    hostId: hostId(1),
    workspaceId: workspaceId(1),
    workspaceName: 'ws1',
    createdAt: `2026-01-0${n}T00:00:00.000Z`,
    reason: 'person',
    consistency: 'paused',
    frozenMs: 12,
    hadHooks: false,
    isChangedWhileRead: false,
    image: 'busybox:1.37',
    imageDigest: null,
    mountPoint: '/data',
    sizeBytes: 1_572_864,
    contentBytes: 5_000_000,
    entryCount: 10,
    archiveSha256: '0'.repeat(64),
    storage: 'archive',
    repositoryId: null,
    verifiedAt: null,
    problem: null,
    isHostAway: false,
    ...over,
  };
}

export function projectOf(n: number, over: Partial<Project> = {}): Project {
  return {
    ...projectDefaults,
    environment: [],
    id: `proj_${pad(n)}`,
    name: `p${n}`,
    image: 'busybox:1.37',
    createdAt: '2026-01-01T00:00:00.000Z',
    changedAt: '2026-01-01T00:00:00.000Z',
    ...over,
  };
}

export function userOf(n: number, over: Partial<User> = {}): User {
  return {
    id: `user_${pad(n)}`,
    email: `user${n}@example.org`,
    name: `User ${n}`,
    role: 'member',
    source: 'password',
    state: 'active',
    hasSecondFactor: false,
    quota: noQuota,
    usage: { workspaces: n, cpus: 1, memoryBytes: 1024, diskBytes: null, snapshots: 0 },
    createdAt: '2026-01-01T00:00:00.000Z',
    lastSeenAt: null,
    ...over,
  };
}

export function cloudOf(n: number, over: Partial<Cloud> = {}): Cloud {
  return {
    id: `cloud_${pad(n)}`,
    provider: 'fake-cloud',
    label: `account ${n}`,
    state: { phase: 'ready', checkedAt: '2026-01-01T00:00:00.000Z' },
    owner: 'Team One',
    standing: 'active',
    standingMessage: '',
    machineLimit: 10,
    machineCount: 2,
    balance: null,
    permissions: [],
    budget: { monthlyUsd: null, warnAtPercent: 80 },
    reconciledAt: null,
    clockAheadMs: null,
    addedAt: '2026-01-01T00:00:00.000Z',
    ...over,
  };
}

export function machineOf(n: number, over: Partial<Machine> = {}): Machine {
  return {
    id: `mach_${pad(n)}`,
    cloudId: `cloud_${pad(1)}`,
    name: `box${n}`,
    providerId: `${1000 + n}`,
    hostId: null,
    life: 'made',
    power: { state: 'on', isBusy: false, readAt: '2026-01-01T00:00:00.000Z' },
    gate: null,
    trouble: null,
    region: 'ams',
    size: 'small',
    image: 'debian-12',
    cpus: 1,
    memoryBytes: 2 ** 30,
    diskBytes: 25 * 2 ** 30,
    hourlyUsd: 0.00893,
    monthlyUsd: 6,
    ipv4: '192.0.2.9',
    ipv6: null,
    tags: [],
    hasBackups: false,
    sshAccess: { from: 'mine' },
    end: { at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'destroy' },
    endsAt: null,
    retry: null,
    sleep: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...over,
  };
}

export function foundOf(n: number, over: Partial<FoundResource> = {}): FoundResource {
  return {
    id: `found_${pad(n)}`,
    cloudId: `cloud_${pad(1)}`,
    kind: 'machine',
    providerId: `${2000 + n}`,
    name: `stray${n}`,
    region: 'ams',
    createdAt: '2026-01-01T00:00:00.000Z',
    hourlyUsd: 0.02,
    monthlyUsd: 14,
    sizeBytes: null,
    origin: 'here',
    detail: 'This Berth made it and lost sight of it.',
    canAdopt: true,
    isDismissed: false,
    foundAt: '2026-01-01T00:00:00.000Z',
    ...over,
  };
}

export function entryOf(path: string, over: Partial<SnapshotEntry> = {}): SnapshotEntry {
  return {
    path,
    kind: 'file',
    mode: 0o644,
    uid: 1000,
    gid: 1000,
    sizeBytes: 5,
    modifiedAtMs: Date.parse('2026-01-01T00:00:00Z'),
    sha256: null,
    target: null,
    hasAttributes: false,
    ...over,
  };
}

/** A collection that watchers follow. */
class Shelf<T extends { readonly id: string }> {
  readonly items = new Map<string, T>();
  #revision = 0;
  readonly #watchers = new Set<(item: CollectionItem<T>) => void>();

  put(...items: T[]): void {
    for (const item of items) this.items.set(item.id, item);
    this.#tell(items, []);
  }
  drop(id: string): void {
    this.items.delete(id);
    this.#tell([], [id]);
  }
  #tell(upserted: T[], removed: string[]): void {
    this.#revision += 1;
    for (const tell of this.#watchers) tell({ type: 'change', revision: this.#revision, upserted, removed });
  }
  watch = async function* (this: Shelf<T>, _input: unknown, { signal }: { signal: AbortSignal }) {
    const waiting: CollectionItem<T>[] = [
      { type: 'all', revision: this.#revision, items: [...this.items.values()] },
    ];
    let wake: () => void = () => {};
    const tell = (item: CollectionItem<T>) => {
      waiting.push(item);
      wake();
    };
    this.#watchers.add(tell);
    signal.addEventListener('abort', () => wake());
    try {
      while (!signal.aborted) {
        const item = waiting.shift();
        if (item === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else yield item;
      }
    } finally {
      this.#watchers.delete(tell);
    }
  }.bind(this);
}

export interface Ran {
  readonly code: number | null;
  readonly output: Buffer;
  readonly text: string;
  readonly error: string;
}

export class CommandPlane {
  readonly hosts = new Shelf<Host>();
  readonly workspaces = new Shelf<Workspace>();
  readonly snapshots = new Shelf<Snapshot>();
  readonly snapshotHosts = new Shelf<SnapshotHost>();
  readonly operations = new Shelf<Operation>();
  readonly rules = new Shelf<SnapshotRules>();
  readonly projects = new Shelf<Project>();
  readonly questions = new Shelf<Question>();
  readonly terminals = new Shelf<Terminal>();
  readonly users = new Shelf<User>();
  readonly clouds = new Shelf<Cloud>();
  readonly machines = new Shelf<Machine>();
  readonly found = new Shelf<FoundResource>();
  readonly forwards = new Shelf<Forward>();
  readonly ports = new Shelf<WorkspacePorts>();
  readonly lifecycles = new Shelf<Lifecycle>();
  readonly leases = new Shelf<HostLease>();
  readonly apiKeys = new Shelf<ApiKey>();
  /** Every call that changes something, as it came in. */
  readonly asked: { readonly method: string; readonly input: unknown }[] = [];
  readonly folder: string;
  /** How the next operation ends. `never`: only by being cancelled. */
  nextEnd: 'succeeded' | 'failed' | 'never' = 'succeeded';
  #close: () => Promise<void> = async () => undefined;
  #operations = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(
    handlers: (plane: CommandPlane) => Partial<Handlers> = () => ({}),
  ): Promise<CommandPlane> {
    const plane = new CommandPlane(await mkdtemp(join(tmpdir(), 'berth-command-')));
    const log = recordingLog();
    const dispatcher = dispatcherWith({ ...plane.#handlers(), ...handlers(plane) }, log);
    const ends = new Set<(reason: BerthError) => void>();
    const socket = await serveLocalSocket({
      dataFolder: plane.folder,
      mode: 'served',
      serve: (connection, caller) => ends.add(serveConnection({ connection, dispatcher, caller, log })),
    });
    plane.#close = async () => {
      for (const end of ends) end(new BerthError('connection-lost', 'Berth is ending.'));
      await socket.close();
      await rm(plane.folder, { recursive: true, force: true });
    };
    return plane;
  }

  close(): Promise<void> {
    return this.#close();
  }

  note(method: string, input: unknown): void {
    this.asked.push({ method, input });
  }

  /** Begins an operation and, a moment later, moves it on and ends it. */
  begin(kind: OperationKind, title: string, onDone: () => void = () => {}): Operation {
    this.#operations += 1;
    const end = this.nextEnd;
    this.nextEnd = 'succeeded';
    const id: OperationId = `op_${pad(this.#operations)}`;
    const step = (done: number) => ({
      id: 'work',
      title: 'Reading files',
      state: 'running' as const,
      startedAt: '2026-01-01T00:00:00.000Z',
      endedAt: null,
      progress: { done, total: 4_194_304, unit: 'bytes' as const, parts: [] },
      note: '',
    });
    const begun: Operation = {
      id,
      kind,
      title,
      subject: { kind: 'workspace', id: 'x', name: 'x' },
      hostId: null,
      state: 'running',
      steps: [step(0)],
      error: null,
      canCancel: true,
      startedAt: '2026-01-01T00:00:00.000Z',
      endedAt: null,
    };
    this.operations.put(begun);
    if (end === 'never') return begun;
    setTimeout(() => {
      this.operations.put({ ...begun, steps: [step(2_097_152)] });
      if (end === 'succeeded') onDone();
      this.operations.put({
        ...begun,
        state: end,
        steps: [{ ...step(4_194_304), state: 'done' }],
        error:
          end === 'failed' ? { code: 'host.disk-full', message: 'The disk is full.', details: {} } : null,
        endedAt: '2026-01-01T00:01:00.000Z',
      });
    }, 20);
    return begun;
  }

  #handlers(): Partial<Handlers> {
    return {
      'about.get': () => ({
        version: '1',
        mode: 'served',
        user: { id: localOwnerId, name: 'ada' },
        scopes: [...scopes],
        platform: 'linux',
        dataFolder: this.folder,
        isReadOnly: false,
      }),
      'hosts.watch': this.hosts.watch,
      'workspaces.watch': this.workspaces.watch,
      'snapshots.watch': this.snapshots.watch,
      'snapshots.hosts': this.snapshotHosts.watch,
      'operations.watch': this.operations.watch,
      'snapshotRules.watch': this.rules.watch,
      'projects.watch': this.projects.watch,
      'questions.watch': this.questions.watch,
      'terminals.watch': this.terminals.watch,
      'users.watch': this.users.watch,
      'clouds.watch': this.clouds.watch,
      'clouds.found': this.found.watch,
      'machines.watch': this.machines.watch,
      'forwards.watch': this.forwards.watch,
      'forwards.ports': this.ports.watch,
      'lifecycles.watch': this.lifecycles.watch,
      'lifecycles.leases': this.leases.watch,
      'apiKeys.watch': this.apiKeys.watch,
      'operations.cancel': ({ id }) => {
        this.note('operations.cancel', { id });
        const operation = this.operations.items.get(id);
        if (operation === undefined) throw new BerthError('not-found', 'no such operation');
        const ended: Operation = { ...operation, state: 'cancelled', endedAt: '2026-01-01T00:01:00.000Z' };
        this.operations.put(ended);
        return ended;
      },
    };
  }

  /** The real command line in this process, through the real socket: for what no process of its own is needed. */
  async call(
    words: readonly string[],
    given: { input?: Readable; interrupts?: Interrupts } = {},
  ): Promise<Ran> {
    const chunks: Record<'output' | 'error', Buffer[]> = { output: [], error: [] };
    const into = (name: 'output' | 'error') => {
      const stream = new PassThrough();
      stream.on('data', (chunk: Buffer) => chunks[name].push(chunk));
      return stream;
    };
    const code = await runCommandLine({
      argv: words,
      streams: { input: given.input ?? Readable.from([]), output: into('output'), error: into('error') },
      interrupts: given.interrupts ?? createInterrupts(() => undefined),
      placeOf: () => ({ dataFolder: this.folder, server: undefined }),
      openPlane: async () => {
        const connection = await connectLocalSocket(this.folder);
        if (connection === undefined) throw new Error('the plane is not there');
        const client = createClient(connection);
        return { client, isOwnPlane: false, close: async () => client.close() };
      },
    });
    const output = Buffer.concat(chunks.output);
    return { code, output, text: output.toString(), error: Buffer.concat(chunks.error).toString() };
  }

  /** The real command line, in a process of its own. */
  run(...words: string[]): Promise<Ran> {
    return this.begun(words).ended;
  }

  begun(words: readonly string[]) {
    const child = spawn(
      process.execPath,
      [join(root, 'src-main/headless.ts'), ...words, '--data-dir', this.folder],
      {
        cwd: this.folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env.PATH,
          NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
          HOME: this.folder,
          TZ: 'UTC',
        },
      },
    );
    endWithThisProcess(child);
    const output: Buffer[] = [];
    let error = '';
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      error += chunk.toString();
    });
    const ended = new Promise<Ran>((resolve) => {
      child.once('close', (code) => {
        const whole = Buffer.concat(output);
        resolve({ code, output: whole, text: whole.toString(), error });
      });
    });
    return { child, ended, error: () => error };
  }
}

const root = new URL('../..', import.meta.url).pathname;
