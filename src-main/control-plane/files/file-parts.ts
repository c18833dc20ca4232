/** The services of files, built in dependency order. */
import { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { HandlersOf } from '../handler.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { OperationRunner } from '../operations/operation-runner.ts';
import type { WorkspaceService } from '../workspaces/workspace-service.ts';

export interface FilePartsDeps {
  readonly links: HostLinks;
  readonly workspaces: WorkspaceService;
  readonly operations: OperationRunner;
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

export function createFileParts(_deps: FilePartsDeps): FileParts {
  return {
    handlers: {
      'files.start': notYet,
      'files.list': notYet,
      'files.look': notYet,
      'files.read': notYet,
      'files.readFolder': notYet,
      'files.uploaded': notYet,
      'files.write': notYet,
      'files.discardUpload': notYet,
      'files.readText': notYet,
      'files.writeText': notYet,
      'files.makeFolder': notYet,
      'files.rename': notYet,
      'files.remove': notYet,
      'files.setPermissions': notYet,
      'files.copy': notYet,
    },
    transfersOf: () => 0,
    load: async () => {},
    close: async () => {},
  };
}

function notYet(): never {
  throw new BerthError('internal', 'not there yet');
}
