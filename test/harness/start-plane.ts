/**
 * A whole plane in one line: composed as the product composes it (real database, real adapters), served over an
 * in-process connection to the product's own typed client. Owns its data folder until `close`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { CollectionItem } from '#contract/collection.ts';
import type { Host } from '#contract/hosts.ts';
import type { OperationId, TerminalId, UserId, WorkspaceId } from '#contract/ids.ts';
import { localOwnerId } from '#contract/ids.ts';
import type { InputOf, ItemOf, StreamName } from '#contract/index.ts';
import type { Operation } from '#contract/operations.ts';
import { type Project, projectDefaults } from '#contract/projects.ts';
import { type Role, scopes, scopesOfRole } from '#contract/scopes.ts';
import { noQuota, type Quota } from '#contract/users.ts';
import type { Workspace, WorkspaceState } from '#contract/workspaces.ts';
import { compose } from '#main/compose.ts';
import { type ServedConfig, servedDefaults } from '#main/config.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import type { Clock } from '#main/control-plane/interfaces/clock.ts';
import type { CloudProvider } from '#main/control-plane/interfaces/cloud-provider.ts';
import type { Plane } from '#main/control-plane/plane.ts';
import { type ByteStream, type ConnectedClient, createClient } from '#renderer/transport/client.ts';
import { FakeNetwork } from './fake-network.ts';
import { carriers } from '#test/transports/carriers.ts';
import type { RemoteHost } from '#test/servers/remote-host.ts';

export interface StartPlaneOptions {
  /** Told of each line of the log. */
  readonly onLogLine?: (line: string) => void;
  /** As `--add-host` takes it. */
  readonly addHostFile?: string;
  /** Follows the real network of this machine, on which other tests plug and unplug. Default false. */
  readonly isRoaming?: boolean;
  /** See ServedConfig. */
  readonly idleTimeoutMs?: number;
  /** A data folder to use again, as after a restart; it is then left in place. */
  readonly folder?: string;
  /** In the place of api.digitalocean.com: a double's address. */
  readonly digitalOceanApiUrl?: string;
  /** What first workspaces are made of. */
  readonly firstWorkspace?: ServedConfig['firstWorkspace'];
  /** The clock by which workspaces and terminals end by themselves. Default: the real one. */
  readonly lifecycleClock?: Clock;
  /** Default: those of the product, with nothing to ask. */
  readonly cloudProviders?: readonly CloudProvider[];
}

const root = new URL('../..', import.meta.url).pathname;

export async function startPlane(options: StartPlaneOptions = {}): Promise<TestPlane> {
  const quotas = new Map<UserId, Quota>();
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'berth-plane-')));
  const plane = await compose(
    {
      version: '0.0.0-test',
      dataFolder: folder,
      remoteScriptsFolder: join(root, 'resources', 'remote'),
      addHostFile: options.addHostFile ?? null,
      digitalOceanApiUrl: options.digitalOceanApiUrl ?? null,
      mode: 'served',
      served: {
        ...servedDefaults,
        idleTimeoutMs: options.idleTimeoutMs ?? null,
        firstWorkspace: options.firstWorkspace ?? null,
      },
    },
    {
      isOutputChecked: true,
      // Whoever comes is somebody with an account.
      people: { isPerson: () => true, quotaOf: (userId) => quotas.get(userId) ?? noQuota },
      ...(options.isRoaming ? {} : { network: new FakeNetwork() }),
      ...(options.cloudProviders === undefined ? {} : { cloudProviders: options.cloudProviders }),
      ...(options.onLogLine === undefined ? {} : { onLogLine: options.onLogLine }),
      ...(options.lifecycleClock === undefined ? {} : { lifecycleClock: options.lifecycleClock }),
      // No agent, no keychain, no configuration of the person who runs the tests.
      computer: { platform: 'linux', homeFolder: folder, env: {} },
    },
  );
  const client = await connect(plane, {
    userId: localOwnerId,
    userName: 'tester',
    scopes: new Set(scopes),
    mode: 'desktop',
  });
  return new TestPlane({ plane, client, folder, quotas, ownsFolder: options.folder === undefined });
}

async function connect(plane: Plane, caller: Caller): Promise<ConnectedClient> {
  const carrier = carriers.find(({ name }) => name === 'in process');
  if (carrier === undefined) throw new Error('there is no in-process carrier');
  const pair = await carrier.open();
  plane.serve(pair.server, caller);
  return createClient(pair.client);
}

interface TestPlaneParts {
  readonly plane: Plane;
  readonly client: ConnectedClient;
  readonly folder: string;
  readonly quotas: Map<UserId, Quota>;
  readonly ownsFolder: boolean;
  /** Came to a plane that another one closes. */
  readonly isGuest?: boolean;
}

export class TestPlane implements AsyncDisposable {
  readonly plane: Plane;
  readonly client: ConnectedClient;
  readonly folder: string;
  /** May be changed at any time. */
  readonly quotas: Map<UserId, Quota>;
  readonly #ownsFolder: boolean;
  readonly #ownsPlane: boolean;

  constructor(parts: TestPlaneParts) {
    this.plane = parts.plane;
    this.client = parts.client;
    this.folder = parts.folder;
    this.quotas = parts.quotas;
    this.#ownsFolder = parts.ownsFolder;
    this.#ownsPlane = parts.isGuest !== true;
  }

  /** The same plane as somebody else sees it. Closing that ends the connection alone. */
  async connectAs(userId: UserId, role: Role): Promise<TestPlane> {
    const client = await connect(this.plane, {
      userId,
      userName: `${role} ${userId.slice(-1)}`,
      scopes: scopesOfRole[role],
      mode: 'served',
    });
    const { plane, folder, quotas } = this;
    return new TestPlane({ plane, client, folder, quotas, ownsFolder: false, isGuest: true });
  }

  /** Adds a real host and answers the one question that it asks: its key, which must be the right one. */
  async addHost(remote: RemoteHost, name = remote.name): Promise<Host> {
    const { id } = await this.client.call('hosts.add', {
      name,
      definition: {
        kind: 'ssh',
        configName: null,
        address: remote.address,
        port: remote.port,
        user: remote.user,
        auth: { method: 'key', source: { kind: 'file', path: remote.clientKeyPath }, passphraseId: null },
        jumps: [],
        engineSocket: null,
      },
    });
    const question = await this.until('questions.watch', {}, (questions) =>
      questions.find((candidate) => candidate.hostId === id),
    );
    if (question.kind !== 'host-key' || question.fingerprint !== remote.hostKeyFingerprint)
      throw new Error(`the host was expected to show its key and asked ${JSON.stringify(question)}`);
    await this.client.call('questions.answer', {
      id: question.id,
      answer: { kind: 'host-key', isTrusted: true },
    });
    return await this.hostReady(id);
  }

  hostReady(id: Host['id']): Promise<Host> {
    return this.until('hosts.watch', {}, (hosts) => {
      const host = hosts.find((candidate) => candidate.id === id);
      if (host?.state.phase === 'failed') throw new Error(`the host failed: ${host.state.error.message}`);
      return host?.state.phase === 'ready' && host.state.engineRoute !== 'none' ? host : undefined;
    });
  }

  createProject(image: string, over: Partial<InputOf<'projects.create'>> = {}): Promise<Project> {
    return this.client.call('projects.create', {
      name: `project ${Math.random().toString(36).slice(2, 10)}`,
      ...projectDefaults,
      environment: [],
      limits: { cpus: 1, memoryBytes: 128 * 1024 * 1024, pids: 64 },
      image,
      ...over,
    });
  }

  /** Resolves with the operation's end, whichever it is. */
  ended(id: OperationId, timeoutMs?: number): Promise<Operation> {
    return this.until(
      'operations.watch',
      {},
      (operations) => operations.find((operation) => operation.id === id && operation.endedAt !== null),
      timeoutMs,
    );
  }

  /** As `ended`; anything but success is an error with the operation's own words. */
  async succeeded(id: OperationId, timeoutMs?: number): Promise<Operation> {
    const operation = await this.ended(id, timeoutMs);
    if (operation.state === 'succeeded') return operation;
    const log: string[] = [];
    for await (const line of this.client.stream('operations.log', { id }))
      log.push(`${line.step}: ${line.text}`);
    throw new Error(
      `${operation.title}: ${operation.state}: ${JSON.stringify(operation.error)}\n${log.join('\n')}`,
    );
  }

  workspaceIn(id: WorkspaceId, ...states: WorkspaceState[]): Promise<Workspace> {
    return this.until('workspaces.watch', {}, (workspaces) =>
      workspaces.find((workspace) => workspace.id === id && states.includes(workspace.state)),
    );
  }

  /** A running workspace. */
  async createWorkspace(wish: {
    host: Host;
    project: Project;
    name?: string;
    volumeName?: string | null;
  }): Promise<Workspace> {
    const { workspace, operation } = await this.client.call('workspaces.create', {
      name: wish.name ?? `ws ${Math.random().toString(36).slice(2, 8)}`,
      projectId: wish.project.id,
      hostId: wish.host.id,
      volumeName: wish.volumeName ?? null,
    });
    await this.succeeded(operation.id);
    return await this.workspaceIn(workspace.id, 'running');
  }

  attach(id: TerminalId): AttachedTerminal {
    return new AttachedTerminal(this.client.bytes('terminals.attach', { id }));
  }

  /** Watches a collection until `find` returns something; rejects after `timeoutMs` with what there was. */
  async until<M extends CollectionStream, R>(
    method: M,
    input: InputOf<M>,
    find: (items: ItemsOf<M>[]) => R | undefined,
    timeoutMs = 45_000,
  ): Promise<R> {
    const items = new Map<string, ItemsOf<M>>();
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    try {
      for await (const item of this.client.stream(method, input, { signal: abort.signal })) {
        const change = item as CollectionItem<ItemsOf<M> & { id: string }>;
        if (change.type === 'all') items.clear();
        else for (const id of change.removed) items.delete(id);
        for (const one of change.type === 'all' ? change.items : change.upserted) items.set(one.id, one);
        const found = find([...items.values()]);
        if (found !== undefined) return found;
      }
      throw new Error(
        `${method}: not within ${timeoutMs} ms; there is ${JSON.stringify([...items.values()], undefined, 1)}`,
      );
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
  }

  /** Ends the plane as a person quits the app. The folder stays for another start when it was given. */
  async close(): Promise<void> {
    this.client.close();
    if (!this.#ownsPlane) return;
    await this.plane.close();
    if (this.#ownsFolder) await rm(this.folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

type CollectionStream = {
  [M in StreamName]: ItemOf<M> extends { type: 'all' | 'change' } ? M : never;
}[StreamName];
type ItemsOf<M extends CollectionStream> =
  Extract<ItemOf<M>, { type: 'all' }> extends { items: (infer T)[] } ? T & { id: string } : never;

/** A terminal as a window has it, without the window: what it printed, and a keyboard. */
export class AttachedTerminal {
  readonly stream: ByteStream;
  /** Held back credit: the window does not draw. */
  isStalled = false;
  #text = '';
  #bytes = 0;
  readonly #held: (() => void)[] = [];

  constructor(stream: ByteStream) {
    this.stream = stream;
    stream.ended.catch(() => {});
    stream.onBytes((bytes, done) => {
      this.#bytes += bytes.length;
      this.#text = (this.#text + Buffer.from(bytes).toString('latin1')).slice(-1_000_000);
      if (this.isStalled) this.#held.push(done);
      else done();
    });
  }
  get text(): string {
    return Buffer.from(this.#text, 'latin1').toString();
  }
  get receivedBytes(): number {
    return this.#bytes;
  }
  type(text: string): void {
    this.stream.send(Buffer.from(text));
  }
  goOn(): void {
    this.isStalled = false;
    for (const done of this.#held.splice(0)) done();
  }
  /** Resolves when the output holds `expected`, looking only at what came after `from` characters. */
  async shows(expected: string | RegExp, { from = 0, timeoutMs = 20_000 } = {}): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    const isThere = () =>
      typeof expected === 'string'
        ? this.text.indexOf(expected, from) >= 0
        : expected.test(this.text.slice(from));
    while (!isThere()) {
      if (performance.now() > deadline)
        throw new Error(
          `the terminal does not show ${expected}; it shows ${JSON.stringify(this.text.slice(-2_000))}`,
        );
      await pause(10);
    }
  }
}
