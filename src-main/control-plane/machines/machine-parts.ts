/**
 * The services of clouds and machines, built in dependency order. Guarantees: nothing here runs before `start`, and all of
 * it ends with `close`. Everything that they need of the other nouns comes in through `MachinePartsDeps`.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { MethodName } from '#contract/index.ts';
import type { CredentialService } from '../credentials/credential-service.ts';
import type { HandlersOf } from '../handler.ts';
import type { HostService } from '../hosts/host-service.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { CloudProvider } from '../interfaces/cloud-provider.ts';
import type { HostConnector } from '../interfaces/host-connector.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordStore } from '../interfaces/record-store.ts';
import type { SecretStore } from '../interfaces/secret-store.ts';
import type { OperationRunner } from '../operations/operation-runner.ts';
import type { SettingsService } from '../settings/settings-service.ts';
import type { SnapshotService } from '../snapshots/snapshot-service.ts';
import type { TerminalService } from '../terminals/terminal-service.ts';
import type { WorkspaceService } from '../workspaces/workspace-service.ts';
import { MachineDirectory } from './machine-directory.ts';

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
  readonly settings: SettingsService;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface MachineParts {
  readonly directory: MachineDirectory;
  readonly handlers: HandlersOf<'clouds'> & HandlersOf<'machines'>;
  /** Reads records and defines operations: before operations recover. */
  load(): Promise<void>;
  start(): void;
  close(): Promise<void>;
}

export function createMachineParts(deps: MachinePartsDeps): MachineParts {
  const directory = new MachineDirectory({ store: deps.store });
  const missing = (name: MethodName) => () => {
    throw new BerthError('internal', `${name} is not there yet`);
  };
  const handlers = {
    // accounts
    'clouds.providers': missing('clouds.providers'),
    'clouds.watch': missing('clouds.watch'),
    'clouds.connect': missing('clouds.connect'),
    'clouds.replaceToken': missing('clouds.replaceToken'),
    'clouds.edit': missing('clouds.edit'),
    'clouds.check': missing('clouds.check'),
    'clouds.disconnect': missing('clouds.disconnect'),
    'clouds.offer': missing('clouds.offer'),
    // money and what was found
    'clouds.costs': missing('clouds.costs'),
    'clouds.found': missing('clouds.found'),
    'clouds.adoptFound': missing('clouds.adoptFound'),
    'clouds.destroyFound': missing('clouds.destroyFound'),
    'clouds.dismissFound': missing('clouds.dismissFound'),
    // making
    'machines.watch': (_input: unknown, { signal }: { signal: AbortSignal }) =>
      directory.collection.watch(signal),
    'machines.create': missing('machines.create'),
    'machines.decide': missing('machines.decide'),
    'machines.finish': missing('machines.finish'),
    // life
    'machines.setEnd': missing('machines.setEnd'),
    'machines.power': missing('machines.power'),
    'machines.resize': missing('machines.resize'),
    'machines.rebuild': missing('machines.rebuild'),
    'machines.rename': missing('machines.rename'),
    'machines.setBackups': missing('machines.setBackups'),
    'machines.setSshAccess': missing('machines.setSshAccess'),
    'machines.snapshots': missing('machines.snapshots'),
    'machines.takeSnapshot': missing('machines.takeSnapshot'),
    'machines.restoreSnapshot': missing('machines.restoreSnapshot'),
    'machines.destroySnapshot': missing('machines.destroySnapshot'),
    'machines.destroyPlan': missing('machines.destroyPlan'),
    'machines.destroy': missing('machines.destroy'),
    'machines.forget': missing('machines.forget'),
    // sleep
    'machines.hibernatePlan': missing('machines.hibernatePlan'),
    'machines.hibernate': missing('machines.hibernate'),
    'machines.wake': missing('machines.wake'),
  };
  return {
    directory,
    handlers,
    async load() {
      await directory.load();
    },
    start() {},
    async close() {},
  };
}
