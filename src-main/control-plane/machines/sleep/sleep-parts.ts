/** Puts sleep together from the other nouns, and answers its lines of the contract. */
import type { HandlersOf } from '../../handler.ts';
import type { HostService } from '../../hosts/host-service.ts';
import type { ArchiveShelf } from '../../interfaces/archive-shelf.ts';
import type { Clock } from '../../interfaces/clock.ts';
import type { Log } from '../../interfaces/log.ts';
import type { Random } from '../../interfaces/random.ts';
import type { OperationRunner } from '../../operations/operation-runner.ts';
import type { SettingsService } from '../../settings/settings-service.ts';
import type { SnapshotService } from '../../snapshots/snapshot-service.ts';
import type { WorkspaceService } from '../../workspaces/workspace-service.ts';
import type { CloudClients } from '../cloud-clients.ts';
import type { MachineDirectory } from '../machine-directory.ts';
import { SleepResumer } from './sleep-resumer.ts';
import { SleepService } from './sleep-service.ts';
import type { WakeDeps } from './wake-operation.ts';
import { WorkspaceFiles, type WorkspaceFilesDeps } from './workspace-files.ts';

export interface SleepPartsDeps {
  readonly directory: MachineDirectory;
  readonly clouds: CloudClients;
  readonly hosts: HostService;
  readonly operations: OperationRunner;
  readonly workspaces: WorkspaceService;
  readonly snapshots: SnapshotService;
  readonly settings: SettingsService;
  readonly shelf: ArchiveShelf;
  readonly hardware: WakeDeps['hardware'];
  readonly removeParts: WakeDeps['removeParts'];
  readonly expectRun: WorkspaceFilesDeps['expectRun'];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export type SleepHandlers = Pick<
  HandlersOf<'machines'>,
  'machines.hibernatePlan' | 'machines.hibernate' | 'machines.wake'
>;

export interface SleepParts {
  readonly service: SleepService;
  readonly handlers: SleepHandlers;
  start(): void;
  close(): void;
}

/** Defines its operations. */
export function createSleepParts(deps: SleepPartsDeps): SleepParts {
  const { hosts, workspaces, snapshots, settings, clock, random } = deps;
  const { links } = hosts;
  const service = new SleepService({
    ...deps,
    links,
    files: new WorkspaceFiles({
      links,
      workspaces: workspaces.directory,
      snapshots: snapshots.directory,
      shelf: deps.shelf,
      access: (id) => snapshots.repositories.access(id),
      contentsOf: (record) => workspaces.contentsOf(record),
      stopGraceSeconds: (userId) => settings.get(userId).stopGraceSeconds,
      isRepositoryOn: (id, hostId) => {
        const repository = snapshots.repositories.collection.get(id);
        return repository?.place?.kind === 'folder' && repository.hostId === hostId;
      },
      volumesBefore: (hostId) => snapshots.undos.volumesOn(hostId),
      underWay: () => deps.operations.all(),
      onSettled: (id) => workspaces.settled(id),
      expectRun: deps.expectRun,
      clock,
      random,
    }),
    readyHosts: () =>
      hosts
        .all()
        .filter(({ id }) => links.current(id)?.engine !== undefined)
        .toSorted((a, b) => a.name.localeCompare(b.name)),
  });
  const resumer = new SleepResumer({
    ...deps,
    resume: (id, userId) => service.resume(id, userId),
    log: deps.log.child({ noun: 'machines' }),
  });
  return {
    service,
    start: () => resumer.start(),
    close: () => resumer.close(),
    handlers: {
      'machines.hibernatePlan': ({ id }, { caller, signal }) =>
        service.hibernatePlan(id, caller.userId, signal),
      'machines.hibernate': ({ id, place }, { caller }) => service.hibernate(id, place, caller.userId),
      'machines.wake': (input, { caller, signal }) => service.wake(input, caller.userId, signal),
    },
  };
}
