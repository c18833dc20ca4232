/** The services of files, built in dependency order. */
import type { PlaceId } from '#contract/files.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { HandlersOf } from '../handler.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { Archiver } from '../interfaces/archiver.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { OperationRunner } from '../operations/operation-runner.ts';
import type { WorkspaceService } from '../workspaces/workspace-service.ts';
import { fileMethodHandlers } from './file-methods.ts';
import { FileOperations } from './file-operations.ts';
import { FilePlaces } from './file-places.ts';
import { FileService } from './file-service.ts';
import { OperationPlaces } from './operation-places.ts';
import { isWorkspace } from './place-opener.ts';
import { Transfers } from './transfers.ts';

export interface FilePartsDeps {
  readonly links: HostLinks;
  readonly workspaces: WorkspaceService;
  readonly operations: OperationRunner;
  readonly archiver: Archiver;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface FileParts {
  readonly handlers: HandlersOf<'files'>;
  /** Bytes that go into or out of the files of a workspace just now: transfers that are open. */
  transfersOf(id: WorkspaceId): number;
  /** Defines operations: before operations recover. */
  load(): Promise<void>;
  close(): Promise<void>;
}

export function createFileParts(deps: FilePartsDeps): FileParts {
  const { directory } = deps.workspaces;
  const transfers = new Transfers();
  const places = new FilePlaces({
    ...deps,
    directory,
    onChange: (listener) => directory.onChange(listener),
  });
  const service = new FileService({ ...deps, places, transfers });
  const hostOf = (id: PlaceId) => (isWorkspace(id) ? directory.require(id).hostId : id);
  const operations = new FileOperations({
    operations: deps.operations,
    places: new OperationPlaces({ places, transfers, hostOf }),
    nameOf: (id) => (isWorkspace(id) ? directory.require(id).name : deps.links.require(id).hostName),
    random: deps.random,
  });
  return {
    handlers: fileMethodHandlers(service, operations),
    transfersOf: (id) => transfers.countOf(id),
    load: async () => operations.define(),
    close: () => places.close(),
  };
}
