/**
 * What the plane told us: one store per collection, filled by its watch stream for as long as the window lives.
 *
 * Guarantees: the first item of a stream replaces everything; a push that is not newer than what is held is dropped; a
 * change before the whole, or a stream that ends, opens the stream again; while the connection is away the last known
 * items stay, marked stale. Revisions may jump: the plane joins changes for a slow reader, and nothing is lost by it.
 *
 * What only some roles may see is opened when it is known that this person may, and is empty for everybody else. What only
 * one page shows is opened when that page is.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { About } from '#contract/about.ts';
import type { Account, ApiKey } from '#contract/account.ts';
import type { BerthError } from '#contract/berth-error.ts';
import type { Cloud, CostReport, FoundResource } from '#contract/clouds.ts';
import type { CollectionItem } from '#contract/collection.ts';
import type { Credential, SecretStoreStatus } from '#contract/credentials.ts';
import type { Forward, ForwardRules, WorkspacePorts } from '#contract/forwards.ts';
import type { Host } from '#contract/hosts.ts';
import { contract, type MethodName } from '#contract/index.ts';
import type { HostLease, Lifecycle } from '#contract/lifecycles.ts';
import type { Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import type { Project } from '#contract/projects.ts';
import type { Question } from '#contract/questions.ts';
import type { Repository } from '#contract/repositories.ts';
import type { Settings } from '#contract/settings.ts';
import type { SnapshotRules } from '#contract/snapshot-rules.ts';
import type { RestoreUndo, Snapshot, SnapshotHost } from '#contract/snapshots.ts';
import type { TerminalShare } from '#contract/terminal-shares.ts';
import type { Terminal } from '#contract/terminals.ts';
import type { User } from '#contract/users.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { ConnectionState, PlaneClient } from './api.ts';
import { follow, type Gate } from './follow-stream.ts';
import { scopeGate } from './scope-gate.ts';

export interface CollectionState<T> {
  readonly status: 'loading' | 'ready' | 'error';
  readonly items: readonly T[];
  readonly byId: ReadonlyMap<string, T>;
  readonly revision: number;
  /** The connection is away: this is the last that was known. */
  readonly isStale: boolean;
  readonly error: BerthError | null;
  readonly retry: () => void;
}

export interface ValueState<T> {
  readonly status: 'loading' | 'ready' | 'error';
  readonly value: T | null;
  readonly isStale: boolean;
  readonly error: BerthError | null;
  readonly retry: () => void;
}

export interface Mirror {
  readonly about: StoreApi<ValueState<About>>;
  readonly settings: StoreApi<ValueState<Settings>>;
  readonly secretStore: StoreApi<ValueState<SecretStoreStatus>>;
  readonly hosts: StoreApi<CollectionState<Host>>;
  readonly questions: StoreApi<CollectionState<Question>>;
  readonly credentials: StoreApi<CollectionState<Credential>>;
  readonly projects: StoreApi<CollectionState<Project>>;
  readonly workspaces: StoreApi<CollectionState<Workspace>>;
  readonly operations: StoreApi<CollectionState<Operation>>;
  readonly terminals: StoreApi<CollectionState<Terminal>>;
  readonly shares: StoreApi<CollectionState<TerminalShare>>;
  readonly snapshots: StoreApi<CollectionState<Snapshot>>;
  /** By the id of the host. */
  readonly snapshotHosts: StoreApi<CollectionState<SnapshotHost>>;
  /** By the id of the workspace. */
  readonly restoreUndos: StoreApi<CollectionState<RestoreUndo>>;
  /** By the id of the workspace. */
  readonly snapshotRules: StoreApi<CollectionState<SnapshotRules>>;
  readonly repositories: StoreApi<CollectionState<Repository>>;
  readonly forwards: StoreApi<CollectionState<Forward>>;
  /** What listens in running workspaces, by the id of the workspace. */
  readonly workspacePorts: StoreApi<CollectionState<WorkspacePorts>>;
  /** By the id of the workspace. */
  readonly forwardRules: StoreApi<CollectionState<ForwardRules>>;
  /** By the id of the workspace. */
  readonly lifecycles: StoreApi<CollectionState<Lifecycle>>;
  /** By the id of the host. */
  readonly hostLeases: StoreApi<CollectionState<HostLease>>;
  /** Empty, as the three below, for who may not see what machines cost. */
  readonly clouds: StoreApi<CollectionState<Cloud>>;
  readonly machines: StoreApi<CollectionState<Machine>>;
  readonly found: StoreApi<CollectionState<FoundResource>>;
  readonly costs: StoreApi<ValueState<CostReport>>;
  /** One's own. Asked for when something first looks at it, as the two below. */
  readonly account: StoreApi<ValueState<Account>>;
  readonly apiKeys: StoreApi<CollectionState<ApiKey>>;
  /** Everybody with an account; empty for who may not see them. */
  readonly users: StoreApi<CollectionState<User>>;
  readonly connection: StoreApi<ConnectionState>;
  close(): void;
}

/** The next state of a collection for one item of its stream; null asks for the stream to be opened again. */
export function applyItem<T extends { id: string }>(
  state: CollectionState<T>,
  item: CollectionItem<T>,
  hasWhole: boolean,
): CollectionState<T> | null {
  if (item.type === 'all') {
    const byId = new Map(item.items.map((value) => [value.id, value]));
    return {
      ...state,
      status: 'ready',
      items: [...byId.values()],
      byId,
      revision: item.revision,
      isStale: false,
      error: null,
    };
  }
  if (!hasWhole) return null;
  if (item.revision <= state.revision) return state;
  const byId = new Map(state.byId);
  for (const id of item.removed) byId.delete(id);
  for (const value of item.upserted) byId.set(value.id, value);
  return { ...state, items: [...byId.values()], byId, revision: item.revision };
}

interface MirrorOptions<I> {
  readonly client: PlaneClient;
  readonly signal: AbortSignal;
  readonly open: (signal: AbortSignal) => AsyncIterable<I>;
  /** `onRefused`: this person may not see it, so it is empty. */
  readonly gateFor: (onRefused: () => void) => Gate | null;
}

function mirrorCollection<T extends { id: string }>({
  client,
  signal,
  open,
  gateFor,
}: MirrorOptions<CollectionItem<T>>): StoreApi<CollectionState<T>> {
  const store = createStore<CollectionState<T>>(() => ({
    status: 'loading',
    items: [],
    byId: new Map(),
    revision: -1,
    isStale: false,
    error: null,
    retry: () => wake(),
  }));
  const wake = follow(client, signal, {
    gate: gateFor(() =>
      store.setState({ status: 'ready', items: [], byId: new Map(), isStale: false, error: null }),
    ),
    open,
    onItem: (item, isFirst) => {
      const next = applyItem(store.getState(), item, !isFirst);
      if (!next) return false;
      store.setState(next);
      return true;
    },
    onAway: () => store.setState((state) => ({ isStale: state.status === 'ready' })),
    onError: (error) =>
      store.setState((state) =>
        state.status === 'ready' ? { isStale: true, error } : { status: 'error', error },
      ),
  });
  return store;
}

function mirrorValue<T>({ client, signal, open, gateFor }: MirrorOptions<T>): StoreApi<ValueState<T>> {
  const store = createStore<ValueState<T>>(() => ({
    status: 'loading',
    value: null,
    isStale: false,
    error: null,
    retry: () => wake(),
  }));
  const wake = follow(client, signal, {
    gate: gateFor(() => store.setState({ status: 'ready', value: null, isStale: false, error: null })),
    open,
    onItem: (value) => {
      store.setState({ status: 'ready', value, isStale: false, error: null });
      return true;
    },
    onAway: () => store.setState((state) => ({ isStale: state.status === 'ready' })),
    onError: (error) =>
      store.setState((state) =>
        state.status === 'ready' ? { isStale: true, error } : { status: 'error', error },
      ),
  });
  return store;
}

/** Begins to be filled when something first looks at it, and then stays. */
function lazily<S>(make: (whenWanted: Promise<void>) => StoreApi<S>): StoreApi<S> {
  const wanted = Promise.withResolvers<void>();
  const store = make(wanted.promise);
  return {
    ...store,
    subscribe: (listener) => {
      wanted.resolve();
      return store.subscribe(listener);
    },
  };
}

export function createMirror(client: PlaneClient): Mirror {
  const closing = new AbortController();
  const { signal } = closing;
  const connection = createStore<ConnectionState>(() => client.connectionState);
  const stopConnection = client.onConnectionState((state) => connection.setState(state, true));

  // Asked once for each connection, and then held open: a plane that restarts may be another version.
  const about = mirrorValue<About>({
    client,
    signal,
    gateFor: () => null,
    open: async function* (streamSignal) {
      yield await client.call('about.get', {}, { signal: streamSignal });
      await new Promise<void>((resolve) => {
        const stop = client.onConnectionState((state) => {
          if (state.phase === 'open') return;
          stop();
          resolve();
        });
        streamSignal.addEventListener(
          'abort',
          () => {
            stop();
            resolve();
          },
          { once: true },
        );
      });
    },
  });

  /** What a stream of the contract needs, and when it is opened. */
  const way = (method: MethodName, whenWanted?: Promise<void>) => ({
    client,
    signal,
    gateFor: (onRefused: () => void): Gate | null => {
      const allowed = scopeGate(about, contract[method].scope, onRefused);
      if (whenWanted === undefined) return allowed;
      return async (gateSignal) => {
        await whenWanted;
        await allowed?.(gateSignal);
      };
    },
  });
  const collection = <T extends { id: string }>(
    method: MethodName,
    open: (options: { signal: AbortSignal }) => AsyncIterable<CollectionItem<T>>,
    whenWanted?: Promise<void>,
  ) =>
    mirrorCollection<T>({
      ...way(method, whenWanted),
      open: (streamSignal) => open({ signal: streamSignal }),
    });

  return {
    about,
    settings: mirrorValue<Settings>({
      ...way('settings.watch'),
      open: (streamSignal) => client.stream('settings.watch', {}, { signal: streamSignal }),
    }),
    secretStore: mirrorValue<SecretStoreStatus>({
      ...way('credentials.store'),
      open: (streamSignal) => client.stream('credentials.store', {}, { signal: streamSignal }),
    }),
    hosts: collection<Host>('hosts.watch', (options) => client.stream('hosts.watch', {}, options)),
    questions: collection<Question>('questions.watch', (options) =>
      client.stream('questions.watch', {}, options),
    ),
    credentials: collection<Credential>('credentials.watch', (options) =>
      client.stream('credentials.watch', {}, options),
    ),
    projects: collection<Project>('projects.watch', (options) =>
      client.stream('projects.watch', {}, options),
    ),
    workspaces: collection<Workspace>('workspaces.watch', (options) =>
      client.stream('workspaces.watch', {}, options),
    ),
    operations: collection<Operation>('operations.watch', (options) =>
      client.stream('operations.watch', {}, options),
    ),
    terminals: collection<Terminal>('terminals.watch', (options) =>
      client.stream('terminals.watch', {}, options),
    ),
    shares: collection<TerminalShare>('terminals.shares', (options) =>
      client.stream('terminals.shares', {}, options),
    ),
    snapshots: collection<Snapshot>('snapshots.watch', (options) =>
      client.stream('snapshots.watch', {}, options),
    ),
    snapshotHosts: collection<SnapshotHost>('snapshots.hosts', (options) =>
      client.stream('snapshots.hosts', {}, options),
    ),
    restoreUndos: collection<RestoreUndo>('snapshots.undos', (options) =>
      client.stream('snapshots.undos', {}, options),
    ),
    snapshotRules: collection<SnapshotRules>('snapshotRules.watch', (options) =>
      client.stream('snapshotRules.watch', {}, options),
    ),
    repositories: collection<Repository>('repositories.watch', (options) =>
      client.stream('repositories.watch', {}, options),
    ),
    forwards: collection<Forward>('forwards.watch', (options) =>
      client.stream('forwards.watch', {}, options),
    ),
    workspacePorts: collection<WorkspacePorts>('forwards.ports', (options) =>
      client.stream('forwards.ports', {}, options),
    ),
    forwardRules: collection<ForwardRules>('forwards.rules', (options) =>
      client.stream('forwards.rules', {}, options),
    ),
    lifecycles: collection<Lifecycle>('lifecycles.watch', (options) =>
      client.stream('lifecycles.watch', {}, options),
    ),
    hostLeases: collection<HostLease>('lifecycles.leases', (options) =>
      client.stream('lifecycles.leases', {}, options),
    ),
    clouds: collection<Cloud>('clouds.watch', (options) => client.stream('clouds.watch', {}, options)),
    machines: collection<Machine>('machines.watch', (options) =>
      client.stream('machines.watch', {}, options),
    ),
    found: collection<FoundResource>('clouds.found', (options) => client.stream('clouds.found', {}, options)),
    costs: mirrorValue<CostReport>({
      ...way('clouds.costs'),
      open: (streamSignal) => client.stream('clouds.costs', {}, { signal: streamSignal }),
    }),
    account: lazily((whenWanted) =>
      mirrorValue<Account>({
        ...way('account.watch', whenWanted),
        open: (streamSignal) => client.stream('account.watch', {}, { signal: streamSignal }),
      }),
    ),
    apiKeys: lazily((whenWanted) =>
      collection<ApiKey>(
        'apiKeys.watch',
        (options) => client.stream('apiKeys.watch', {}, options),
        whenWanted,
      ),
    ),
    users: lazily((whenWanted) =>
      collection<User>('users.watch', (options) => client.stream('users.watch', {}, options), whenWanted),
    ),
    connection,
    close: () => {
      stopConnection();
      closing.abort();
    },
  };
}
