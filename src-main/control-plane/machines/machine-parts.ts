/**
 * The services of clouds and machines, built in dependency order. Guarantees: nothing here runs before `start`, and all of
 * it ends with `close`. Everything that they need of the other nouns comes in through `MachinePartsDeps`.
 */
import type { CredentialId, HostId, WorkspaceId } from '#contract/ids.ts';
import type { CredentialService } from '../credentials/credential-service.ts';
import type { HandlersOf } from '../handler.ts';
import type { HostService } from '../hosts/host-service.ts';
import type { MachineOfHost } from '../hosts/machine-of-host.ts';
import type { ArchiveShelf } from '../interfaces/archive-shelf.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { CloudProvider } from '../interfaces/cloud-provider.ts';
import type { HostConnector } from '../interfaces/host-connector.ts';
import type { Log } from '../interfaces/log.ts';
import type { NetworkWatch } from '../interfaces/network-watch.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordStore } from '../interfaces/record-store.ts';
import type { SecretStore } from '../interfaces/secret-store.ts';
import type { SshKeyMaker } from '../interfaces/ssh-key-maker.ts';
import type { OperationRunner } from '../operations/operation-runner.ts';
import type { SettingsService } from '../settings/settings-service.ts';
import type { SnapshotService } from '../snapshots/snapshot-service.ts';
import type { TerminalService } from '../terminals/terminal-service.ts';
import type { WorkspaceService } from '../workspaces/workspace-service.ts';
import { CloudAccountDirectory } from './cloud-account-directory.ts';
import { CloudAccountService } from './cloud-account-service.ts';
import { keptKeysOf } from './kept-keys.ts';
import { createLifeParts } from './life-parts.ts';
import { MachineDirectory } from './machine-directory.ts';
import { createHardwareSteps } from './making/hardware-steps.ts';
import { createHostStep } from './making/host-step.ts';
import type { MakingDeps } from './making/making-deps.ts';
import { removeProviderParts } from './making/provider-parts.ts';
import { MachineMakingService } from './making/making-service.ts';
import { createMoneyParts, type MoneyParts } from './money-parts.ts';
import { watchRented } from './rented-watch.ts';
import { createSleepParts, type SleepPartsDeps } from './sleep/sleep-parts.ts';
import type { WakeInput } from './sleep/wake-operation.ts';

export interface MachinePartsDeps {
  readonly providers: readonly CloudProvider[];
  /** Made once per data folder: which Berth a machine is of. */
  readonly installation: string;
  readonly store: RecordStore;
  readonly secrets: SecretStore;
  readonly credentials: CredentialService;
  readonly connector: HostConnector;
  readonly hosts: HostService;
  readonly operations: OperationRunner;
  readonly workspaces: WorkspaceService;
  readonly snapshots: SnapshotService;
  readonly terminals: TerminalService;
  readonly expectRun: SleepPartsDeps['expectRun'];
  readonly settings: SettingsService;
  readonly keyMaker: SshKeyMaker;
  /** Text of resources/cloud/setup.sh. */
  readonly setupScript: string;
  readonly archiveShelf: ArchiveShelf;
  readonly network: NetworkWatch;
  /** Something works in it, or a rule keeps it awake, by what it says of its own end. */
  readonly isAtWork: (id: WorkspaceId) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface MachineParts {
  readonly directory: MachineDirectory;
  readonly clouds: CloudAccountDirectory;
  /** Labels of the accounts and names of the machines that use it. */
  credentialUsers(id: CredentialId): string[];
  machineOf(hostId: HostId): MachineOfHost | undefined;
  /** Names of machines whose files sleep on this host. */
  sleepersOn(hostId: HostId): readonly string[];
  readonly handlers: HandlersOf<'clouds'> & HandlersOf<'machines'>;
  /** Reads records and defines operations: before operations recover. */
  load(): Promise<void>;
  start(): void;
  close(): Promise<void>;
}

export function createMachineParts(deps: MachinePartsDeps): MachineParts {
  const directory = new MachineDirectory({ store: deps.store });
  const clouds = new CloudAccountDirectory({
    providers: deps.providers,
    store: deps.store,
    secretOf: (id) => deps.credentials.secretOf(id),
    clock: deps.clock,
    log: deps.log,
  });
  const accounts = new CloudAccountService({
    directory: clouds,
    providers: deps.providers,
    secrets: deps.secrets,
    credentials: deps.credentials,
    network: deps.network,
    clock: deps.clock,
    random: deps.random,
    log: deps.log,
    machinesOf: (id) => ({
      names: directory
        .ofCloud(id)
        .filter((record) => record.life !== 'vanished')
        .map(({ name }) => name),
      asleep: directory
        .ofCloud(id)
        .filter(({ sleep }) => sleep !== null)
        .map(({ name }) => name),
      isUnderWay: directory
        .ofCloud(id)
        .some((record) => deps.operations.current({ kind: 'machine', id: record.id }) !== undefined),
    }),
    forgetMachines: async (id) => {
      for (const record of directory.ofCloud(id)) await directory.remove(record.id);
    },
    onCheck: (id, signal) => money.check(id, signal),
  });
  const money: MoneyParts = createMoneyParts({
    accounts: clouds,
    providers: deps.providers,
    installation: deps.installation,
    store: deps.store,
    directory,
    operations: deps.operations,
    hosts: deps.hosts,
    keptKeys: (id, name) => keptKeysOf(deps, id, name),
    clock: deps.clock,
    random: deps.random,
    log: deps.log,
  });
  const makingDeps: MakingDeps = {
    directory,
    clouds,
    credentials: deps.credentials,
    secrets: deps.secrets,
    keyMaker: deps.keyMaker,
    connector: deps.connector,
    hosts: deps.hosts,
    installation: deps.installation,
    setupScript: deps.setupScript,
    clock: deps.clock,
    random: deps.random,
  };
  const making = new MachineMakingService({ ...makingDeps, operations: deps.operations, log: deps.log });
  let tidied: Promise<void> = Promise.resolve();
  let stopWatching = () => {};
  const sleep = createSleepParts({
    directory,
    clouds,
    hosts: deps.hosts,
    operations: deps.operations,
    workspaces: deps.workspaces,
    snapshots: deps.snapshots,
    settings: deps.settings,
    shelf: deps.archiveShelf,
    hardware: [...createHardwareSteps<WakeInput>(makingDeps), createHostStep<WakeInput>(makingDeps)],
    removeParts: (waiting, record) => removeProviderParts(makingDeps, waiting, record),
    expectRun: deps.expectRun,
    clock: deps.clock,
    random: deps.random,
    log: deps.log,
  });
  const life = createLifeParts({
    directory,
    clouds,
    making: makingDeps,
    hosts: deps.hosts,
    operations: deps.operations,
    workspaces: deps.workspaces,
    snapshots: deps.snapshots,
    terminals: deps.terminals,
    isAtWork: deps.isAtWork,
    discardSleep: (context, id) => sleep.service.discard(context, id),
    // The whole disk: nobody is asked, and nothing of it is lost.
    hibernate: (id, userId) => sleep.service.hibernate(id, { kind: 'machine-snapshot' }, userId),
    clock: deps.clock,
    log: deps.log,
  });
  const handlers: MachineParts['handlers'] = {
    // accounts
    'clouds.providers': () => ({ providers: accounts.providers() }),
    'clouds.watch': (_input, { signal }) => clouds.collection.watch(signal),
    'clouds.connect': (input, { signal }) => accounts.connect(input, signal),
    'clouds.replaceToken': (input, { signal }) => accounts.replaceToken(input, signal),
    'clouds.edit': (input) => accounts.edit(input),
    'clouds.check': ({ id }, { signal }) => accounts.check(id, signal),
    'clouds.disconnect': async (input) => {
      await accounts.disconnect(input);
      return {};
    },
    'clouds.offer': ({ id }, { signal }) => accounts.offer(id, signal),
    // money and what was found
    ...money.handlers,
    // making
    'machines.watch': (_input, { signal }) => directory.collection.watch(signal),
    'machines.create': (input, { caller, signal }) => making.create(input, caller.userId, signal),
    'machines.decide': (input) => making.decide(input),
    'machines.finish': ({ id }, { caller }) => making.finish(id, caller.userId),
    // life and end
    ...life.handlers,
    // sleep
    ...sleep.handlers,
  };
  return {
    directory,
    handlers,
    clouds,
    machineOf(hostId) {
      const record = directory.ofHost(hostId);
      if (record === undefined) return undefined;
      const isOff = record.life === 'made' && record.power?.state === 'off';
      const turning = { hibernating: 'asleep', waking: 'awake' } as const;
      return {
        name: record.name,
        away: record.life === 'asleep' ? 'asleep' : isOff ? 'off' : null,
        turning: record.life === 'hibernating' || record.life === 'waking' ? turning[record.life] : null,
      };
    },
    sleepersOn: (hostId) => directory.sleepersOn(hostId),
    credentialUsers: (id) => [
      ...accounts.usersOf(id),
      ...directory
        .records()
        .filter(({ loginCredentialId }) => loginCredentialId === id)
        .map(({ name }) => name),
    ],
    async load() {
      await clouds.load();
      await directory.load();
      await money.load();
    },
    start() {
      money.start();
      accounts.start();
      stopWatching = watchRented(directory, (id) => accounts.countsAnew(id));
      tidied = making
        .tidy()
        .catch((cause: unknown) => deps.log.error('half-made machines were not tidied', { cause }));
      life.start();
      sleep.start();
    },
    async close() {
      stopWatching();
      sleep.close();
      await life.close();
      await money.close();
      await Promise.all([accounts.close(), tidied]);
    },
  };
}
