/**
 * Builds the services from the interfaces, in dependency order, and starts them: records are read, operations that were
 * cut off go on, then hosts are connected and watched. Knows neither adapters nor carriers. Long, since it is one list:
 * every part once, with what it needs of the others.
 */
import { type CredentialId, localOwnerId, type UserId, type WorkspaceId } from '#contract/ids.ts';
import { LogLine } from '#contract/operations.ts';
import { aboutHandlers, type AboutFacts } from './about.ts';
import { createCredentialHandlers } from './credentials/credential-handlers.ts';
import { secretsUsable } from './credentials/secrets-usable.ts';
import { createCredentialService } from './credentials/credential-service.ts';
import type { DescribeKey } from './credentials/credential.ts';
import type { AccountDoor } from './account-door.ts';
import type { GuestDoor } from './caller.ts';
import type { DispatchedCall } from './dispatcher.ts';
import { createFileParts, type FileParts } from './files/file-parts.ts';
import type { AppDoor } from './forwards/app-door.ts';
import { DialService } from './forwards/dial-service.ts';
import { createForwardParts, type ForwardParts } from './forwards/forward-parts.ts';
import type { GuestHandlers, Handlers } from './handler.ts';
import { joinHandlers } from './handlers.ts';
import { HealthService, type PlaneHealth } from './health.ts';
import { Heirs } from './heirs.ts';
import { hostHandlers } from './hosts/host-handlers.ts';
import { HostService, type HostServiceDeps } from './hosts/host-service.ts';
import type { HostLink } from './hosts/host-links.ts';
import { Questions } from './hosts/questions.ts';
import type { Archiver } from './interfaces/archiver.ts';
import type { ArchiveShelf } from './interfaces/archive-shelf.ts';
import type { Clock } from './interfaces/clock.ts';
import type { CloudProvider } from './interfaces/cloud-provider.ts';
import type { ContainerEngineFactory } from './interfaces/container-engine.ts';
import type { EntryCache } from './interfaces/entry-cache.ts';
import type { HostConnector } from './interfaces/host-connector.ts';
import type { LocalNetwork } from './interfaces/local-network.ts';
import type { Log } from './interfaces/log.ts';
import type { MultiplexerFactory } from './interfaces/multiplexer.ts';
import type { NetworkWatch } from './interfaces/network-watch.ts';
import type { Random } from './interfaces/random.ts';
import type { RecordStore, RowLog } from './interfaces/record-store.ts';
import type { CreateScreenKeeper } from './interfaces/screen-keeper.ts';
import type { Schedules } from './interfaces/schedule.ts';
import type { SecretStore } from './interfaces/secret-store.ts';
import type { SshKeyMaker } from './interfaces/ssh-key-maker.ts';
import { createLifecycleParts, type LifecycleParts } from './lifecycles/lifecycle-parts.ts';
import { createMachineParts, type MachineParts } from './machines/machine-parts.ts';
import { OperationRunner } from './operations/operation-runner.ts';
import { operationsHandlers } from './operations/operations-handlers.ts';
import { Ownership } from './ownership.ts';
import { ImageBuilds } from './projects/image-builds.ts';
import { createProjectHandlers } from './projects/project-handlers.ts';
import { createProjectService, type ProjectService } from './projects/project-service.ts';
import type { QuotaSource } from './quotas/quota-source.ts';
import { QuotaService } from './quotas/quota-service.ts';
import { createPersonsThings } from './quotas/taking-over.ts';
import { VolumeUsage } from './quotas/volume-usage.ts';
import { createSettingsHandlers } from './settings/settings-handlers.ts';
import { createSettingsService } from './settings/settings-service.ts';
import { SnapshotImporter } from './snapshots/snapshot-importer.ts';
import { SnapshotReader } from './snapshots/snapshot-reader.ts';
import { SnapshotService } from './snapshots/snapshot-service.ts';
import { snapshotsHandlers } from './snapshots/snapshots-handlers.ts';
import { endedByBerth } from './terminals/ended-by-berth.ts';
import { HostMultiplexers } from './terminals/host-multiplexers.ts';
import { createHostBackend, createWorkspaceBackend } from './terminals/terminal-backend.ts';
import { TerminalService } from './terminals/terminal-service.ts';
import { guestHandlers, terminalShareHandlers } from './terminals/terminal-share-handlers.ts';
import { TerminalShares } from './terminals/terminal-shares.ts';
import { terminalsHandlers } from './terminals/terminals-handlers.ts';
import { auditEntryOf } from './users/audit-entry.ts';
import { type AccountsDeps, Accounts } from './users/accounts.ts';
import type { PersonsThings } from './users/persons-things.ts';
import { usersHandlers } from './users/users-handlers.ts';
import { FirstWorkspace, type FirstWorkspaceChoice } from './workspaces/first-workspace.ts';
import { createOperatorDoor, type OperatorDoor } from './workspaces/operator-removal.ts';
import { workspaceAccessHandlers } from './workspaces/workspace-access-handlers.ts';
import { WorkspaceProcesses } from './workspaces/workspace-processes.ts';
import { WorkspaceService } from './workspaces/workspace-service.ts';
import { workspacesHandlers } from './workspaces/workspaces-handlers.ts';

/** Lines kept of one operation's log. */
const keptLogLines = 2_000;

export interface ControlPlaneDeps {
  readonly about: AboutFacts;
  readonly store: RecordStore & {
    rowLog<T>(name: string, parse: (value: unknown) => T, maxRows: number): RowLog<T>;
  };
  readonly secrets: SecretStore;
  readonly connector: HostConnector;
  readonly cloudProviders: readonly CloudProvider[];
  readonly engines: ContainerEngineFactory;
  readonly multiplexers: MultiplexerFactory;
  readonly entryCache: EntryCache;
  readonly archiveShelf: ArchiveShelf;
  readonly archiver: Archiver;
  readonly schedules: Schedules;
  readonly describeKey: DescribeKey;
  readonly keyMaker: SshKeyMaker;
  readonly cloudSetupScript: string;
  readonly createScreenKeeper: CreateScreenKeeper;
  readonly network: NetworkWatch;
  readonly localNetwork: LocalNetwork;
  readonly mayGuard: HostServiceDeps['mayGuard'];
  readonly accounts: Omit<AccountsDeps, 'store' | 'things' | 'clock' | 'random' | 'log'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** See TerminalServiceDeps. */
  readonly terminalTag: string;
  /** Null: a workspace that nobody said the image of is not made. */
  readonly firstWorkspace: FirstWorkspaceChoice | null;
  readonly idleTimeoutMs: number | null;
  /** Where several people share hosts: what each one's volumes take is measured. */
  readonly measuresVolumes: boolean;
  /** Text of resources/remote/lease.sh. */
  readonly leaseScript: string;
  /** For tests: the clock by which workspaces and terminals end by themselves. Default: the same as for all. */
  readonly lifecycleClock?: Clock;
  /** For tests: who is a person and what each may have. Default: the accounts. */
  readonly people?: QuotaSource;
}

export interface ControlPlane {
  readonly handlers: Handlers;
  readonly guestHandlers: GuestHandlers;
  readonly guests: GuestDoor;
  readonly apps: AppDoor;
  readonly accounts: AccountDoor;
  /** Writes a call into the audit log, where it is worth it. Never waits, never throws. */
  onDispatched(call: DispatchedCall): void;
  readonly hosts: HostService;
  readonly operator: OperatorDoor;
  /** Never throws. */
  health(): Promise<PlaneHealth>;
  readonly ownership: Ownership;
  readonly personsThings: PersonsThings;
  /** Ends what runs, in reverse order of the start. Operations that are under way go on at the next start. */
  close(): Promise<void>;
}

export async function createControlPlane(deps: ControlPlaneDeps): Promise<ControlPlane> {
  const { store, clock, random, log, connector, engines } = deps;

  // Accounts count what people have, and what people may have is asked of accounts: only ever later.
  const people: QuotaSource = deps.people ?? {
    quotaOf: (id) => accounts.people.quotaOf(id),
    isPerson: (id) => accounts.people.isPerson(id),
  };
  const heirs = new Heirs({ store, isPerson: people.isPerson });
  // Each noun says whose its things are; asked only once all of them are there.
  const ownership = new Ownership({
    proj: (id) => projects.ownerOf(id),
    ws: (id) => workspaces.directory.ownerOf(id),
    snap: (id) => snapshots.directory.ownerOf(id),
    term: (id) => terminals.owners.belongingOf(id),
    share: (id) => {
      const share = shares.find(id);
      // A link to a shell on a host is power over the host, as the shell is.
      return share && { ownerId: share.userId, scope: terminals.owners.belongingOf(share.terminalId)?.scope };
    },
    op: (id) => operations.ownerOf(id),
    fwd: (id) => forwards.belongingOf(id),
  });
  const questions = new Questions({ clock, random });
  // Hosts use credentials, and credentials ask hosts whether they are used: the second is only ever called later.
  const hostsUsing = (id: CredentialId) => [
    ...hosts.usersOf(id).map(({ name }) => name),
    ...snapshots.repositories.usersOf(id),
    ...machines.credentialUsers(id),
  ];
  const credentials = await createCredentialService({
    records: store,
    secrets: deps.secrets,
    clock,
    random,
    log,
    describeKey: deps.describeKey,
    isCredentialUsed: hostsUsing,
  });
  const settings = await createSettingsService({ records: store });
  const hosts = new HostService({
    connector,
    engines,
    questions,
    store,
    clock,
    random,
    log,
    network: deps.network,
    mayGuard: deps.mayGuard,
    machineOf: (id) => machines.machineOf(id),
    sleepersOn: (id) => machines.sleepersOn(id),
    isGuardWanted: () => settings.get(localOwnerId).closeHostToWorkspaces,
    secrets: {
      secretOf: (id) => credentials.secretOf(id),
      exists: (id) => credentials.get(id) !== undefined,
      async remember({ label, kind, secret, replaces }) {
        const isThere = replaces !== null && credentials.get(replaces)?.kind === kind;
        const { id } = isThere
          ? await credentials.replace(replaces, secret)
          : await credentials.add({ label, kind, secret });
        return id;
      },
      onUsable: (listener) =>
        deps.secrets.onStatusChange((status) => {
          if (status.state === 'ready') listener();
        }),
    },
  });
  const { links } = hosts;
  settings.onChange((userId, before, after) => {
    if (userId === localOwnerId && before.closeHostToWorkspaces !== after.closeHostToWorkspaces)
      void hosts.settleGuards();
  });
  const projects: ProjectService = await createProjectService({
    records: store,
    clock,
    random,
    workspacesOf: (id) => workspaces.namesOf(id),
  });
  const operations = new OperationRunner({
    store,
    rows: store.rowLog('operations', (value) => LogLine.parse(value), keptLogLines),
    links,
    secretsUsable: (signal) => secretsUsable(deps.secrets, signal),
    clock,
    random,
    log,
  });
  const imageBuilds = new ImageBuilds({ links, operations });
  const volumeUsage = new VolumeUsage({
    links,
    watchOperations: (signal) => operations.watch(signal),
    workspaces: () => workspaces.directory.records(),
    volumesBefore: () => snapshots.undos.all(),
    heirs,
    clock,
    log,
  });
  const quotas = new QuotaService({
    source: people,
    workspaces: () => workspaces.directory.records(),
    snapshots: () => snapshots.directory.records(),
    unfinished: () => operations.unfinished(),
    volumes: volumeUsage,
    watches: [
      (signal) => workspaces.directory.collection.watch(signal),
      (signal) => snapshots.directory.collection.watch(signal),
      (signal) => operations.watch(signal),
    ],
    clock,
    log,
  });
  const workspaces: WorkspaceService = new WorkspaceService({
    store,
    links,
    operations,
    projects,
    stopGraceSeconds: (userId) => settings.get(userId).stopGraceSeconds,
    secrets: deps.secrets,
    // Snapshots use workspaces, and workspaces ask snapshots for files and volumes: only ever later.
    snapshots: {
      fill: (context, record) => snapshots.forWorkspaces.fill(context, record),
      undo: (context) => snapshots.forWorkspaces.undo(context),
      volumesOf: (id) => snapshots.forWorkspaces.volumesOf(id),
      volumesOn: (hostId) => snapshots.forWorkspaces.volumesOn(hostId),
      countOf: (id) => snapshots.forWorkspaces.countOf(id),
      needsOf: (id, hostId) => snapshots.forWorkspaces.needsOf(id, hostId),
      onDestroyed: (id) => snapshots.forWorkspaces.onDestroyed(id),
    },
    quotas,
    ownerOfLabel: (told) => heirs.ownerOf(told),
    clock,
    random,
    log,
  });
  const snapshots: SnapshotService = new SnapshotService({
    store,
    links,
    operations,
    workspaces,
    projects,
    settings: (userId) => settings.get(userId),
    quotas,
    ownerOfLabel: (told) => heirs.ownerOf(told),
    entryCache: deps.entryCache,
    repositorySecrets: {
      async add({ label, secret }) {
        return (await credentials.add({ label, kind: 'passphrase', secret })).id;
      },
      secretOf: (id) => credentials.secretOf(id),
      remove: (id) => credentials.remove(id),
    },
    schedules: deps.schedules,
    clock,
    random,
    log,
  });
  const snapshotReader = new SnapshotReader({
    directory: snapshots.directory,
    workspaces: workspaces.directory,
    entries: snapshots.entries,
    access: (id) => snapshots.repositories.access(id),
    links,
    openTerminals: ({ id }) => terminals.countIn(id),
    undoHours: (userId) => settings.get(userId).restoreUndoHours,
    clock,
    random,
  });
  const snapshotImporter = new SnapshotImporter({
    directory: snapshots.directory,
    workspaces: workspaces.directory,
    quotas,
    links,
    random,
  });
  const multiplexers = new HostMultiplexers({
    factory: deps.multiplexers,
    clock,
    log,
    onLost: (link) => terminals.multiplexerLost(link),
    onSlow: ({ hostId }) => links.suspect(hostId),
  });
  const shells = {
    links,
    choices: (userId: UserId) => settings.get(userId),
    multiplexer: (link: HostLink) => multiplexers.of(link),
  };
  const terminals: TerminalService = new TerminalService({
    store,
    links,
    backends: {
      workspace: createWorkspaceBackend({
        ...shells,
        recordOf: (id) => workspaces.directory.require(id),
        findRecord: (id) => workspaces.directory.record(id),
        runningContainer: (id) => workspaces.directory.runningContainer(id),
      }),
      host: createHostBackend(shells),
    },
    multiplexers,
    createScreenKeeper: deps.createScreenKeeper,
    clock,
    useClock: deps.lifecycleClock,
    random,
    log,
    workspaceOwner: (id) => workspaces.directory.ownerOf(id),
    endedByBerth: (target) => endedByBerth(target, workspaces.directory, (id) => machines.machineOf(id)),
    idleTimeoutMs: deps.idleTimeoutMs,
    ownIdleTimeoutMs: (userId) => settings.closeIdleTerminalsMs(userId),
    tag: deps.terminalTag,
  });

  workspaces.directory.onChange(({ id }) => terminals.owners.workspaceKnown(id));

  const ownTerminals = terminalsHandlers(terminals, ownership);
  const shares: TerminalShares = new TerminalShares({
    store,
    watchTerminals: (signal) => terminals.watch(signal),
    attach: ownTerminals['terminals.attach'],
    clock,
    random,
    log,
  });

  const machines: MachineParts = createMachineParts({
    ...deps,
    providers: deps.cloudProviders,
    installation: deps.terminalTag,
    setupScript: deps.cloudSetupScript,
    isAtWork: (id) => lifecycles.isAtWork(id),
    expectRun: (id, event, text) => lifecycles.expect(id, event, text),
    credentials,
    hosts,
    operations,
    workspaces,
    snapshots,
    terminals,
    settings,
  });

  const first = new FirstWorkspace({ handlers: () => handlers, choice: deps.firstWorkspace });
  const personsThings = createPersonsThings({
    heirs,
    operations,
    projects,
    workspaces: workspaces.directory,
    snapshots: snapshots.directory,
    terminals: terminals.owners,
    shares,
    forwards: {
      beforeHandingOver: (from) => forwards.beforeHandingOver(from),
      afterHandingOver: () => forwards.afterHandingOver(),
    },
    quotas,
  });
  const accounts: Accounts = new Accounts({
    ...deps.accounts,
    store,
    things: personsThings,
    clock,
    random,
    log,
  });
  const running = {
    links,
    recordOf: (id: WorkspaceId) => workspaces.directory.require(id),
    runningContainer: (id: WorkspaceId) => workspaces.directory.runningContainer(id),
  };
  const processes = new WorkspaceProcesses({
    ...running,
    workspacesOn: (hostId) => workspaces.directory.onHost(hostId),
    tag: deps.terminalTag,
    clock,
    log,
  });
  const dials = new DialService({
    ...running,
    onChange: (listener) => workspaces.directory.onChange(listener),
    clock,
    random,
  });

  const forwards: ForwardParts = createForwardParts({
    ...deps,
    links,
    workspaces,
    dials,
    ownership,
    accounts,
  });
  // While its machine falls asleep or wakes nothing leads into it, though its link stands.
  machines.directory.onChange((id) => forwards.hostChanged(machines.directory.record(id)?.hostId ?? null));
  const files: FileParts = createFileParts({ ...deps, links, workspaces, operations });
  const lifecycles: LifecycleParts = createLifecycleParts({
    ...deps,
    hosts,
    workspaces,
    snapshots,
    terminals,
    processes,
    operations,
    settings,
    ownership,
    forwards,
    files,
    endlessMachineOn(hostId) {
      const { end, life, name } = machines.directory.ofHost(hostId) ?? {};
      return life === 'made' && end?.at === null && end.idleMinutes === null ? name : undefined;
    },
    nameOf: (userId) => accounts.people.get(userId as UserId)?.name ?? null,
    tag: deps.terminalTag,
    clock: deps.lifecycleClock ?? clock,
  });

  // Links to terminals are as good as being there: they end with the rights of whoever gave them.
  accounts.onAccessChange((userId) => {
    const rights = accounts.callerOfUser(userId, null)?.scopes ?? new Set();
    shares
      .endOf(userId, (terminalId) => {
        const needed = terminals.owners.belongingOf(terminalId)?.scope ?? 'terminals.write';
        return !rights.has('terminals.write') || !rights.has(needed);
      })
      .catch((cause: unknown) => log.warn('links to terminals could not be ended', { userId, cause }));
  });

  const handlers: Handlers = joinHandlers(
    aboutHandlers(deps.about),
    hostHandlers(hosts, questions),
    createCredentialHandlers(credentials),
    createProjectHandlers(projects, imageBuilds, ownership),
    {
      ...workspacesHandlers(workspaces, { moves: snapshots.moves, first }, ownership),
      ...workspaceAccessHandlers(processes, dials),
    },
    snapshotsHandlers(snapshots, { reader: snapshotReader, importer: snapshotImporter }, ownership),
    operationsHandlers(operations, ownership),
    { ...ownTerminals, ...terminalShareHandlers(shares, ownership) },
    createSettingsHandlers(settings),
    usersHandlers(accounts),
    machines.handlers,
    { ...forwards.handlers, ...files.handlers, ...lifecycles.handlers },
  );

  const health = new HealthService({
    store,
    hosts: () => hosts.all(),
    operations: () => operations.all(),
    clock,
    log,
  });

  await accounts.load();
  await heirs.load();
  await hosts.load();
  await workspaces.load();
  await snapshots.load();
  await machines.load();
  await forwards.load();
  await files.load();
  await lifecycles.load();
  if (store.isReadOnly) {
    // Data of a newer Berth: everything can be looked at, and nothing is begun that would have to be written down.
    log.warn('the data is from a newer Berth: it is shown, and no host is connected');
  } else {
    await terminals.load();
    await shares.load();
    await personsThings.finish();
    await operations.recover();
    await workspaces.start();
    snapshots.start();
    terminals.start();
    quotas.start();
    // The desktop has no shares to measure for: its hosts' disks are left alone.
    if (deps.measuresVolumes) volumeUsage.start();
    hosts.start();
    machines.start();
    forwards.start();
    lifecycles.start();
  }

  return {
    handlers,
    guestHandlers: guestHandlers(shares),
    guests: shares,
    apps: forwards.apps,
    accounts,
    onDispatched(call) {
      const facts = auditEntryOf(call);
      if (facts !== undefined) accounts.auditLog.write(facts);
    },
    hosts,
    operator: createOperatorDoor({
      records: () => workspaces.directory.records(),
      ownerOf: ({ ownerId }) => ownerId,
      destroy: (id, keepVolume, userId) => workspaces.destroyWorkspace(id, keepVolume, userId),
      ended: (id) => operations.ended(id),
    }),
    health: () => health.look(),
    ownership,
    personsThings,
    async close() {
      health.close();
      // Each is told, although the one before failed: a shell left behind is worse than an error in the log.
      for (const part of [
        quotas,
        volumeUsage,
        shares,
        lifecycles,
        terminals,
        forwards,
        files,
        dials,
        processes,
        operations,
        machines,
        snapshots,
        workspaces,
        hosts,
        accounts,
      ])
        await part
          .close()
          .catch((cause: unknown) => log.error('a part of the plane did not end well', { cause }));
    },
  };
}
