/** The services of lifecycles and leases, built in dependency order. Guarantees: nothing ends before `start`. */
import { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { FileParts } from '../files/file-parts.ts';
import type { ForwardParts } from '../forwards/forward-parts.ts';
import { Collection } from '../changes.ts';
import type { HandlersOf } from '../handler.ts';
import type { HostService } from '../hosts/host-service.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordStore, RowLog } from '../interfaces/record-store.ts';
import type { OperationRunner } from '../operations/operation-runner.ts';
import type { Ownership } from '../ownership.ts';
import type { SettingsService } from '../settings/settings-service.ts';
import type { SnapshotService } from '../snapshots/snapshot-service.ts';
import type { TerminalService } from '../terminals/terminal-service.ts';
import type { WorkspaceProcesses } from '../workspaces/workspace-processes.ts';
import type { WorkspaceService } from '../workspaces/workspace-service.ts';

export interface LifecyclePartsDeps {
  readonly store: RecordStore & {
    rowLog<T>(name: string, parse: (value: unknown) => T, maxRows: number): RowLog<T>;
  };
  readonly hosts: HostService;
  readonly workspaces: WorkspaceService;
  readonly snapshots: SnapshotService;
  readonly terminals: TerminalService;
  readonly processes: WorkspaceProcesses;
  readonly operations: OperationRunner;
  readonly settings: SettingsService;
  readonly ownership: Ownership;
  readonly forwards: Pick<ForwardParts, 'connectionsInto'>;
  readonly files: Pick<FileParts, 'transfersOf'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface LifecycleParts {
  readonly handlers: HandlersOf<'lifecycles'>;
  /** For a workspace that is made now: as its person's settings say. */
  begin(id: WorkspaceId): Promise<void>;
  load(): Promise<void>;
  start(): void;
  close(): Promise<void>;
}

export function createLifecycleParts(_deps: LifecyclePartsDeps): LifecycleParts {
  return {
    handlers: {
      'lifecycles.watch': (_input, { signal }) => new Collection<never>().watch(signal),
      'lifecycles.setPolicy': notYet,
      'lifecycles.putOff': notYet,
      'lifecycles.timeline': notYet,
      'lifecycles.leases': (_input, { signal }) => new Collection<never>().watch(signal),
      'lifecycles.installLease': notYet,
      'lifecycles.removeLease': notYet,
    },
    begin: async () => {},
    load: async () => {},
    start: () => {},
    close: async () => {},
  };
}

function notYet(): never {
  throw new BerthError('internal', 'not there yet');
}
