/**
 * Ports and forwards as the plane composes them, over a clock that moves by hand: a host that comes and goes at a test's word,
 * a workspace whose network is the test, and a loopback that no other program knows.
 */
import { duplexPair } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { BerthError } from '#contract/berth-error.ts';
import type { Forward } from '#contract/forwards.ts';
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import { projectDefaults } from '#contract/projects.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import type { DialService } from '#main/control-plane/forwards/dial-service.ts';
import {
  createForwardParts,
  type ForwardParts,
  type ForwardPartsDeps,
} from '#main/control-plane/forwards/forward-parts.ts';
import type { RelayedConnection, RelayTarget } from '#main/control-plane/forwards/port-relay.ts';
import type { EngineInfo } from '#main/control-plane/interfaces/container-engine.ts';
import type { HostConnection } from '#main/control-plane/interfaces/host-connection.ts';
import type {
  LocalConnection,
  LocalListener,
  LocalNetwork,
} from '#main/control-plane/interfaces/local-network.ts';
import { newRecord, parseWorkspaceRecord } from '#main/control-plane/workspaces/workspace.ts';
import { WorkspaceDirectory } from '#main/control-plane/workspaces/workspace-directory.ts';
import { FakeLinks } from './fake-links.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryLog } from './memory-log.ts';
import { MemoryRecordStore } from './memory-record-store.ts';
import { ownershipWith, userIdOf } from './ownership.ts';

export const forwardHostId = `host_${'h'.repeat(20)}` as HostId;
export const workspaceIdOf = (letter: string) => `ws_${letter.repeat(20)}` as WorkspaceId;

/** Ports of this computer that other programs have are `taken`. */
export class FakeLoopback implements LocalNetwork {
  readonly taken = new Set<number>();
  readonly #listeners = new Map<number, (connection: LocalConnection) => void>();
  #nextPort = 40_000;

  get ports(): number[] {
    return [...this.#listeners.keys()];
  }
  async listen(
    port: number | null,
    onConnection: (connection: LocalConnection) => void,
  ): Promise<LocalListener> {
    const bound = port ?? this.#nextPort++;
    if (this.taken.has(bound) || this.#listeners.has(bound))
      throw new BerthError('forward.port-taken', `Port ${bound} is taken.`, { details: { port: bound } });
    const open = new Set<LocalConnection>();
    this.#listeners.set(bound, (connection) => {
      open.add(connection);
      onConnection(connection);
    });
    return {
      port: bound,
      close: async () => {
        this.#listeners.delete(bound);
        for (const connection of open) connection.resetAndDestroy();
      },
    };
  }
  connect(): Promise<never> {
    return Promise.reject(new BerthError('workspace.port-refused', 'Nothing listens here.'));
  }
  /** A client of this computer. `wasReset` where it was broken off. */
  client(port: number) {
    const [near, far] = duplexPair();
    const client = { stream: near, wasReset: false, text: '' };
    near.on('data', (bytes: Buffer) => (client.text += bytes.toString()));
    near.on('error', () => undefined);
    const connection = Object.assign(far, {
      resetAndDestroy() {
        client.wasReset = true;
        far.destroy();
        return far;
      },
    });
    const take = this.#listeners.get(port);
    if (take === undefined) throw new Error(`nothing listens on ${port}`);
    take(connection);
    return client;
  }
}

/** The far end of a connection into the workspace. */
export class FakeRelayed implements RelayedConnection {
  text = '';
  hasEnded = false;
  wasReset = false;
  readonly #closing = Promise.withResolvers<void>();
  #onData: (bytes: Uint8Array) => Promise<void> = async () => {};
  #onEnd: () => void = () => {};
  readonly closed = this.#closing.promise;

  constructor() {
    this.closed.catch(() => undefined);
  }
  async send(bytes: Uint8Array): Promise<void> {
    this.text += Buffer.from(bytes).toString();
  }
  end(): void {
    this.hasEnded = true;
  }
  reset(): void {
    this.wasReset = true;
    this.#closing.resolve();
  }
  onData(listener: (bytes: Uint8Array) => Promise<void>): void {
    this.#onData = listener;
  }
  onEnd(listener: () => void): void {
    this.#onEnd = listener;
  }
  say(text: string): Promise<void> {
    return this.#onData(Buffer.from(text));
  }
  sayEnd(): void {
    this.#onEnd();
  }
  close(): void {
    this.#closing.resolve();
  }
  lose(): void {
    this.#closing.reject(new BerthError('connection-lost', 'It was lost.'));
  }
}

export interface ForwardWorld {
  readonly clock: ManualClock;
  readonly store: MemoryRecordStore;
  readonly links: FakeLinks;
  readonly loopback: FakeLoopback;
  readonly directory: WorkspaceDirectory;
  readonly parts: ForwardParts;
  readonly caller: Caller;
  /** Ports that something in the workspace listens on, as listening-ports.sh tells them; undefined: it cannot be read. */
  listening: number[] | undefined;
  /** As the relay tells them. */
  relayed: number[];
  /** Argument lists of each look at the host. */
  readonly looks: (readonly string[])[];
  /** What was opened into the workspace. */
  readonly opened: { readonly target: RelayTarget; readonly connection: FakeRelayed }[];
  /** Why the next connections cannot be opened. */
  refusal: BerthError | undefined;
  /** The host comes, and the workspace runs on it. */
  run(letter?: string): void;
  stop(letter?: string): void;
  /** The host is away. */
  lose(): void;
  call<M extends keyof ForwardParts['handlers']>(
    method: M,
    input: unknown,
  ): Promise<Awaited<ReturnType<ForwardParts['handlers'][M]>>>;
  forwards(): Promise<Forward[]>;
  /** A TCP forward to port 3000 of workspace a, but for what is given. */
  make(over?: object): Promise<Forward>;
  theForward(): Promise<Forward | undefined>;
  /** What was begun has had its turns. */
  settle(): Promise<void>;
}

/** With the workspaces of these letters, each its own person's. */
export async function forwardWorld({
  letters = ['a'],
  store = new MemoryRecordStore(),
  accounts = {
    callerOfSession: () => undefined,
    callerOfUser: () => undefined,
  } as ForwardPartsDeps['accounts'],
} = {}): Promise<ForwardWorld> {
  const clock = new ManualClock();
  const links = new FakeLinks();
  const loopback = new FakeLoopback();
  const log = new MemoryLog();
  const directory = new WorkspaceDirectory({
    records: store.collection('workspaces', parseWorkspaceRecord),
    operations: { current: () => undefined },
    projectName: () => undefined,
    clock,
    log,
  });
  await directory.load();
  for (const letter of letters)
    if (directory.record(workspaceIdOf(letter)) === undefined)
      await directory.add({
        ...newRecord({
          id: workspaceIdOf(letter),
          name: 'API Server',
          hostId: forwardHostId,
          ownerId: userIdOf(letter),
          projectId: null,
          definition: { ...projectDefaults, environment: [], name: 'p', image: 'debian:12' },
          volumeName: null,
          accessPassword: null,
          createdAt: '2026-01-01T00:00:00.000Z',
        }),
        isMade: true,
      });
  links.add(forwardHostId);

  const lineOf = (port: number) =>
    `   0: 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A 0:0 00:0 0 1000 0 ${port}0 1\n`;
  const connection = {
    kind: 'ssh',
    runScript: async (_script: string, args: readonly string[]) => {
      world.looks.push(args);
      const containers = args.slice(1).filter((_arg, index) => index % 2 === 1);
      const told = world.listening?.map(lineOf).join('') ?? 'unreadable\n';
      const stdout =
        args[0] === 'ports'
          ? containers.map((id) => `container=${id}\n${told}`).join('')
          : (world.listening ?? []).map((port) => `program=${port}0 node\n`).join('');
      return { stdout: `${stdout}end=yes\n`, stderr: '', exitCode: 0, isTruncated: false };
    },
  } as unknown as HostConnection;
  const engine = {
    inspectContainer: async (id: string) => ({ id, state: 'running', pid: 42, startedAt: null }),
  } as never;
  const observe = (letter: string, state: 'running' | 'exited') =>
    directory.observe(workspaceIdOf(letter), {
      id: `container-${letter}`,
      state,
      startedAt: '2026-01-01T00:00:00.000Z',
      exitCode: 0,
      isOutOfMemory: false,
      error: '',
    });
  const dials = {
    connectionsInto: () => [],
    renew: async () => undefined,
    look: async () => world.relayed.map(lineOf).join(''),
    listen: () => Promise.reject(new BerthError('connection-lost', 'Not here.')),
    async open(_id: WorkspaceId, target: RelayTarget, options: { meter?: { opened(): void } } = {}) {
      if (world.refusal !== undefined) throw world.refusal;
      options.meter?.opened();
      const relayed = new FakeRelayed();
      world.opened.push({ target, connection: relayed });
      return relayed;
    },
  } as unknown as DialService;
  const parts = createForwardParts({
    store,
    links,
    workspaces: { directory, passwords: {} } as unknown as ForwardPartsDeps['workspaces'],
    dials,
    ownership: ownershipWith({
      ws: (id) => directory.ownerOf(id),
      fwd: (id) => parts.belongingOf(id),
    }),
    accounts,
    localNetwork: loopback,
    clock,
    random: createSystemRandom(),
    log,
  });
  const caller: Caller = {
    userId: userIdOf('a'),
    userName: 'a',
    scopes: new Set(['workspaces.read', 'workspaces.write', 'hosts.write']),
    mode: 'desktop',
  };
  const context = { caller, signal: new AbortController().signal };
  const world: ForwardWorld = {
    clock,
    store,
    links,
    loopback,
    directory,
    parts,
    caller,
    listening: [],
    relayed: [],
    looks: [],
    opened: [],
    refusal: undefined,
    run(letter = 'a') {
      if (links.current(forwardHostId) === undefined)
        links.ready(forwardHostId, { connection, engine, engineInfo: {} as EngineInfo });
      observe(letter, 'running');
    },
    stop(letter = 'a') {
      observe(letter, 'exited');
    },
    lose() {
      links.lose(forwardHostId);
      for (const { id } of directory.records()) directory.observe(id, undefined);
    },
    call: async (method, input) =>
      (await (parts.handlers[method] as (input: unknown, context: unknown) => unknown)(
        input,
        context,
      )) as never,
    make: (over = {}) =>
      world.call('forwards.create', {
        workspaceId: workspaceIdOf('a'),
        kind: 'tcp',
        name: null,
        port: 3000,
        protocol: null,
        localPort: null,
        path: null,
        login: null,
        hostHeader: 'kept',
        ...over,
      }),
    theForward: async () => (await world.forwards())[0],
    async settle() {
      for (let index = 0; index < 10; index++) await turn();
    },
    async forwards() {
      const end = new AbortController();
      for await (const item of parts.handlers['forwards.watch']({}, { caller, signal: end.signal })) {
        end.abort();
        return item.type === 'all' ? item.items : [];
      }
      return [];
    },
  };
  await parts.load();
  parts.start();
  return world;
}
