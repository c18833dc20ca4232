/**
 * An in-memory plane that speaks the contract, for pictures and flows of the UI without servers. Every reply is parsed
 * by the contract's own schema, so a fixture that lies about a shape fails loudly. It is no stand-in for the real plane
 * in tests of behaviour.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CloudOffer, CostReport } from '#contract/clouds.ts';
import type { CollectionItem } from '#contract/collection.ts';
import { contract, type InputOf, type MethodName } from '#contract/index.ts';
import { scopesOfRole } from '#contract/scopes.ts';
import { Settings, settingsDefaults } from '#contract/settings.ts';
import type { Client } from '#renderer/transport/client.ts';
import type { ConnectionState, PlaneClient } from '#renderer/state/api.ts';
import { cloudReplies, noCosts } from './cloud-replies.ts';
import { FixtureFiles, fileReplies } from './file-replies.ts';
import type { Scene } from './scenes.ts';
import { screenBytes, type ScreenHeard } from './screen-replies.ts';
import { soundPort, toneBytes } from './sound-replies.ts';
import { importBytes, type ReceivedBytes, snapshotWorkReplies } from './snapshot-work-replies.ts';
import { forwardReplies } from './forward-replies.ts';
import { machineReplies } from './machine-replies.ts';
import { userReplies } from './user-replies.ts';
import { ownerAccount } from './user-scenes.ts';
import { lifecycleReplies } from './lifecycle-scenes.ts';
import { snapshotBytes, snapshotReplies } from './snapshot-replies.ts';

type CollectionName =
  | 'hosts'
  | 'questions'
  | 'credentials'
  | 'projects'
  | 'workspaces'
  | 'operations'
  | 'terminals'
  | 'shares'
  | 'snapshots'
  | 'snapshotHosts'
  | 'restoreUndos'
  | 'snapshotRules'
  | 'repositories'
  | 'forwards'
  | 'workspacePorts'
  | 'forwardRules'
  | 'lifecycles'
  | 'hostLeases'
  | 'clouds'
  | 'machines'
  | 'found'
  | 'users'
  | 'apiKeys';

/** Collections whose stream is not called after them. */
const streamNames: Readonly<Record<string, CollectionName>> = {
  'terminals.shares': 'shares',
  'snapshots.hosts': 'snapshotHosts',
  'snapshots.undos': 'restoreUndos',
  'clouds.found': 'found',
  'forwards.ports': 'workspacePorts',
  'forwards.rules': 'forwardRules',
  'lifecycles.leases': 'hostLeases',
};

export class FixtureCollection<T extends { id: string }> {
  readonly items = new Map<string, T>();
  readonly #wakes = new Set<() => void>();
  revision = 1;

  constructor(items: readonly T[]) {
    for (const item of items) this.items.set(item.id, item);
  }

  put(item: T): void {
    this.items.set(item.id, item);
    this.#bump();
  }

  delete(id: string): void {
    this.items.delete(id);
    this.#bump();
  }

  #bump(): void {
    this.revision += 1;
    for (const wake of this.#wakes) wake();
  }

  async *watch(signal: AbortSignal | undefined): AsyncGenerator<CollectionItem<T>> {
    yield { type: 'all', revision: this.revision, items: [...this.items.values()] };
    let seen = this.revision;
    let before = new Set(this.items.keys());
    while (!signal?.aborted) {
      if (seen === this.revision)
        await new Promise<void>((resolve) => {
          const wake = () => {
            this.#wakes.delete(wake);
            resolve();
          };
          this.#wakes.add(wake);
          signal?.addEventListener('abort', wake, { once: true });
        });
      if (signal?.aborted) return;
      seen = this.revision;
      const removed = [...before].filter((id) => !this.items.has(id));
      before = new Set(this.items.keys());
      yield { type: 'change', revision: seen, upserted: [...this.items.values()], removed };
    }
  }
}

/** One value that is watched. */
export class FixtureValue<T> {
  readonly #wakes = new Set<() => void>();
  value: T;

  constructor(value: T) {
    this.value = value;
  }

  set(value: T): T {
    this.value = value;
    for (const wake of [...this.#wakes]) wake();
    return value;
  }

  async *watch(signal: AbortSignal | undefined): AsyncGenerator<T> {
    let told = this.value;
    yield told;
    while (!signal?.aborted) {
      if (told === this.value)
        await new Promise<void>((resolve) => {
          const wake = () => {
            this.#wakes.delete(wake);
            resolve();
          };
          this.#wakes.add(wake);
          signal?.addEventListener('abort', wake, { once: true });
        });
      if (signal?.aborted) return;
      told = this.value;
      yield told;
    }
  }
}

export interface FixturePlane extends PlaneClient {
  setConnection(state: ConnectionState): void;
  /** What was called, in order. */
  readonly calls: readonly { readonly method: MethodName; readonly input: unknown }[];
  readonly files: FixtureFiles;
  /** Of the last import. */
  readonly received: ReceivedBytes;
  /** What was typed and pasted on screens. */
  readonly screen: ScreenHeard;
  put(collection: CollectionName, item: { id: string }): void;
  delete(collection: CollectionName, id: string): void;
  setCosts(report: CostReport): void;
  /** What accounts have on offer from now on. */
  setOffer(next: CloudOffer): void;
  /** The next call of a method fails so. */
  failNext(method: MethodName, error: BerthError): void;
}

const keyring = {
  backend: 'keychain',
  name: 'Secret Service (GNOME Keyring)',
  state: 'ready',
  detail: '',
  vaultExists: false,
} as const;
const pullLine = {
  at: '2026-11-20T17:00:02.000Z',
  step: 'pull',
  level: 'command',
  text: 'docker pull debian:12',
} as const;

export type Replies = { [M in MethodName]?: (input: InputOf<M>) => unknown };

export function createFixturePlane(scene: Scene): FixturePlane {
  let connection: ConnectionState = scene.connection ?? { phase: 'open' };
  const listeners = new Set<(state: ConnectionState) => void>();
  const calls: { method: MethodName; input: unknown }[] = [];
  const failures = new Map<MethodName, BerthError>();
  const received: ReceivedBytes = { bytes: 0, sum: 0 };
  const screen: ScreenHeard = { keys: [], pasted: [] };
  const settings = new FixtureValue<Settings>({ ...settingsDefaults, ...scene.settings });
  const files = new FixtureFiles(scene.fileWork ?? { files: () => new Map() });
  let offer = scene.offer;
  const costs = new FixtureValue<CostReport>(scene.costs ?? noCosts);
  const account = new FixtureValue(scene.account ?? ownerAccount);
  const collections = {
    hosts: new FixtureCollection(scene.hosts ?? []),
    questions: new FixtureCollection(scene.questions ?? []),
    credentials: new FixtureCollection(scene.credentials ?? []),
    projects: new FixtureCollection(scene.projects ?? []),
    workspaces: new FixtureCollection(scene.workspaces ?? []),
    operations: new FixtureCollection(scene.operations ?? []),
    terminals: new FixtureCollection(scene.terminals ?? []),
    shares: new FixtureCollection(scene.shares ?? []),
    snapshots: new FixtureCollection(scene.snapshots ?? []),
    snapshotHosts: new FixtureCollection(scene.snapshotHosts ?? []),
    restoreUndos: new FixtureCollection(scene.restoreUndos ?? []),
    snapshotRules: new FixtureCollection(scene.snapshotRules ?? []),
    repositories: new FixtureCollection(scene.repositories ?? []),
    forwards: new FixtureCollection(scene.forwards ?? []),
    workspacePorts: new FixtureCollection(scene.workspacePorts ?? []),
    forwardRules: new FixtureCollection(scene.forwardRules ?? []),
    lifecycles: new FixtureCollection(scene.lifecycles ?? []),
    hostLeases: new FixtureCollection(scene.hostLeases ?? []),
    clouds: new FixtureCollection(scene.clouds ?? []),
    machines: new FixtureCollection(scene.machines ?? []),
    found: new FixtureCollection(scene.found ?? []),
    users: new FixtureCollection(scene.users ?? []),
    apiKeys: new FixtureCollection(scene.apiKeys ?? []),
  };
  const missing = () => new BerthError('not-found', 'It is not here any more.');
  const found = <T>(value: T | undefined): T => {
    if (value === undefined) throw missing();
    return value;
  };

  const replies: Replies = {
    ...snapshotReplies(scene, collections, found),
    ...fileReplies(scene, files, collections),
    ...lifecycleReplies(collections),
    ...userReplies(scene, { ...collections, account }, found),
    ...machineReplies(scene.machineWork ?? {}, collections, found),
    ...forwardReplies(collections, found),
    ...cloudReplies(() => offer, collections, found),
    ...snapshotWorkReplies(scene.snapshotWork ?? {}, collections, found),
    'about.get': () => ({
      version: '0.1.0',
      mode: 'served',
      user: { id: account.value.id, name: account.value.name },
      scopes: [...scopesOfRole[account.value.role]],
      platform: 'linux x64',
      dataFolder: '/home/dev/.local/share/berth',
      isReadOnly: scene.isReadOnly ?? false,
    }),
    'settings.change': (change) => settings.set(Settings.parse({ ...settings.value, ...change })),
    'hosts.edit': ({ id, name }) => {
      const host = { ...found(collections.hosts.items.get(id)), ...(name === undefined ? {} : { name }) };
      collections.hosts.put(host);
      return host;
    },
    'hosts.remove': ({ id }) => {
      collections.hosts.delete(id);
      return {};
    },
    'hosts.candidates': () => scene.candidates ?? { candidates: [], agent: null, warnings: [] },
    'hosts.images': () => ({
      images: (scene.images ?? []).map((reference, index) => ({
        id: `sha256:${String(index).padStart(64, '0')}`,
        references: [reference],
        sizeBytes: 120_000_000,
        createdAt: null,
      })),
    }),
    'workspaces.rename': ({ id, name }) => {
      const workspace = { ...found(collections.workspaces.items.get(id)), name };
      collections.workspaces.put(workspace);
      return workspace;
    },
    'workspaces.keptVolumes': ({ hostId }) => ({
      volumes: (scene.keptVolumes ?? []).filter((volume) => volume.hostId === hostId),
    }),
    'workspaces.destroyPlan': ({ id, keepVolume }) => {
      const { name, volumeName, mountPoint } = found(collections.workspaces.items.get(id));
      const volume = { what: `Volume ${volumeName}`, detail: `Everything in ${mountPoint}: 1,400 MiB.` };
      const deletes = [{ what: 'Container berth-api', detail: 'Programs that run in it end.' }];
      return keepVolume
        ? { workspaceName: name, deletes, keeps: [volume] }
        : { workspaceName: name, deletes: [...deletes, volume], keeps: [] };
    },
    'projects.templates': () => ({ templates: scene.templates ?? [] }),
    'workspaces.revealPassword': ({ id }) => ({
      ...found(found(collections.workspaces.items.get(id)).accessPassword),
      password: found(scene.password),
    }),
    'workspaces.changePassword': ({ id, variable = 'PASSWORD', delivery = 'environment' }) => {
      const workspace = {
        ...found(collections.workspaces.items.get(id)),
        accessPassword: { variable, delivery },
      };
      collections.workspaces.put(workspace);
      return workspace;
    },
    'projects.create': (definition) => {
      const at = new Date().toISOString();
      const id = `proj_${String(collections.projects.items.size + 50).padStart(20, '0')}` as const;
      const project = { ...definition, id, createdAt: at, changedAt: at };
      collections.projects.put(project);
      return project;
    },
    'projects.edit': ({ id, ...change }) => {
      const before = found(collections.projects.items.get(id));
      const project = { ...before, ...change, changedAt: new Date().toISOString() } as typeof before;
      collections.projects.put(project);
      return project;
    },
    'workspaces.create': ({ name, projectId, hostId }) => {
      const project = found(collections.projects.items.get(projectId));
      const model = found([...collections.workspaces.items.values()][0]);
      const operation = found([...collections.operations.items.values()][0]);
      const id = `ws_${String(collections.workspaces.items.size + 50).padStart(20, '0')}` as const;
      const workspace = {
        ...model,
        ...{ id, name, hostId, projectId, projectName: project.name, image: project.image },
        ...{ state: 'creating' as const, operationId: operation.id },
      };
      collections.workspaces.put(workspace);
      return { workspace, operation };
    },
    'workspaces.destroy': () => found([...collections.operations.items.values()][0]),
    'terminals.rename': ({ id, name }) => {
      const terminal = { ...found(collections.terminals.items.get(id)), name };
      collections.terminals.put(terminal);
      return terminal;
    },
    'terminals.close': ({ id }) => {
      collections.terminals.delete(id);
      return {};
    },
    'terminals.resize': () => ({}),
    'terminals.measure': ({ id }) => {
      const measure = scene.measures?.[id];
      return measure === 'never'
        ? new Promise(() => undefined)
        : (measure ?? { hostMs: 11, streamMs: 12, behindBytes: 0 });
    },
    'terminals.share': ({ id, access, expiresInMinutes }) => {
      const share = {
        id: `share_${String(collections.shares.items.size + 50).padStart(20, '0')}`,
        ...{ terminalId: id, access, viewerCount: 0, createdAt: new Date().toISOString() },
        expiresAt: new Date(Date.now() + expiresInMinutes * 60_000).toISOString(),
      } as const;
      collections.shares.put(share);
      return { share, path: `/shared#${'Yx3k9QzL0aB7'.repeat(4).slice(0, 43)}` };
    },
    'terminals.unshare': ({ shareId }) => {
      collections.shares.delete(shareId);
      return {};
    },
  };

  async function* each<T>(values: readonly T[], signal: AbortSignal | undefined) {
    yield* values;
    await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
  }
  async function* once<T>(value: T, signal: AbortSignal | undefined) {
    yield value;
    await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
  }

  const streamOf = (method: string, signal: AbortSignal | undefined): AsyncIterable<unknown> => {
    const error = scene.streamErrors?.[method as MethodName];
    if (error)
      return {
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }),
      };
    if (scene.isLoading)
      return {
        [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<unknown>>(() => undefined) }),
      };
    const named = streamNames[method];
    if (named) return collections[named].watch(signal);
    if (method === 'settings.watch') return settings.watch(signal);
    if (method === 'clouds.costs') return costs.watch(signal);
    if (method === 'account.watch') return account.watch(signal);
    if (method === 'credentials.store') return once(scene.secretStore ?? keyring, signal);
    if (method === 'operations.log') return each(scene.operationLog ?? [pullLine], signal);
    if (method === 'lifecycles.timeline') return each(scene.timeline ?? [], signal);
    if (method === 'workspaces.stats') return each(scene.readings ?? [], signal);
    const name = method.split('.')[0] as CollectionName;
    if (method.endsWith('.watch') && name in collections) return collections[name].watch(signal);
    return once({}, signal);
  };

  const textBytes: Client['bytes'] = (method, input) => ({
    onBytes: (listener) => {
      const text =
        method === 'workspaces.logs' ? (scene.output ?? '') : (scene.screen ?? 'dev@api-server:~$ ');
      listener(new TextEncoder().encode(text), () => undefined);
      // Zero bytes draw nothing: a picture of a flood stands still.
      if ('id' in input && scene.flooding?.some((id) => id === input.id))
        setInterval(() => listener(new Uint8Array(32_768), () => undefined), 50);
    },
    send: () => undefined,
    waitingBytes: 0,
    whenSent: () => Promise.resolve(),
    opened: Promise.resolve(),
    ended: new Promise(() => undefined),
    close: () => undefined,
  });

  const client: FixturePlane = {
    calls,
    files,
    received,
    screen,
    get connectionState() {
      return connection;
    },
    roundTripMs: 3,
    onConnectionState: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reconnect: () => client.setConnection({ phase: 'open' }),
    setConnection: (state) => {
      connection = state;
      for (const listener of [...listeners]) listener(state);
    },
    call: (async (method: MethodName, input: unknown) => {
      calls.push({ method, input });
      const failure = failures.get(method);
      failures.delete(method);
      if (failure) throw failure;
      const declared = contract[method];
      const reply = replies[method] as ((value: unknown) => unknown) | undefined;
      if (!reply || declared.kind !== 'call')
        throw new BerthError('internal', `The fixture has no answer for ${method}.`);
      return declared.output.parse(await reply(declared.input.parse(input)));
    }) as Client['call'],
    stream: ((method: string, input: unknown, options?: { signal?: AbortSignal }) =>
      method === 'files.list' && !scene.isLoading
        ? files.list((input as { path: string }).path, options?.signal)
        : streamOf(method, options?.signal)) as Client['stream'],
    bytes: (method, input) => {
      calls.push({ method, input });
      if (method === 'snapshots.import') {
        const failure = failures.get(method);
        failures.delete(method);
        return importBytes(scene.snapshotWork ?? {}, input as { sizeBytes: number }, { received, failure });
      }
      if (method === 'files.write')
        return files.write(input as InputOf<'files.write'> & { offset: number; replaces: string });
      if (method === 'files.read') {
        const { path, offset = 0 } = input as InputOf<'files.read'>;
        return files.read(path, offset);
      }
      if (method === 'files.readFolder') {
        const { path, names = [] } = input as InputOf<'files.readFolder'>;
        return files.archive(path, names);
      }
      if (method === 'snapshots.read' || method === 'snapshots.export')
        return snapshotBytes(scene, method === 'snapshots.read' ? (input as { path: string }).path : '.');
      if (method === 'workspaces.dial' && (input as { port: number }).port === soundPort) return toneBytes();
      if (method === 'workspaces.dial')
        return screenBytes(scene.screens?.get((input as { id: string }).id) ?? 'open', screen);
      return textBytes(method, input);
    },
    put: (name, item) => (collections[name] as FixtureCollection<{ id: string }>).put(item),
    setCosts: (report) => void costs.set(report),
    setOffer: (next) => {
      offer = next;
    },
    delete: (name, id) => collections[name].delete(id),
    failNext: (method, error) => failures.set(method, error),
  };
  return client;
}
