/** Contract line → service call. */
import type { HandlersOf } from '../handler.ts';
import type { FileOperations } from './file-operations.ts';
import type { FileService } from './file-service.ts';

export function fileMethodHandlers(files: FileService, operations: FileOperations): HandlersOf<'files'> {
  return {
    'files.start': ({ placeId }) => files.start(placeId),
    'files.list': (at, { signal }) => files.list(at, signal),
    'files.look': (at) => files.look(at),
    'files.read': (wish, channel, { signal }) => files.read(wish, channel, signal),
    'files.readFolder': (wish, channel, { signal }) => files.readFolder(wish, channel, signal),
    'files.uploaded': (at) => files.uploaded(at),
    'files.write': (wish, channel, { signal }) => files.write(wish, channel, signal),
    'files.discardUpload': async (at) => {
      await files.discardUpload(at);
      return {};
    },
    'files.readText': (at) => files.readText(at),
    'files.writeText': (wish) => files.writeText(wish),
    'files.makeFolder': (wish) => files.makeFolder(wish),
    'files.rename': (wish) => files.rename(wish),
    'files.remove': (wish, { caller }) => operations.remove(wish, caller.userId),
    'files.setPermissions': (wish, { caller }) => operations.setPermissions(wish, caller.userId),
    'files.copy': (wish, { caller }) => operations.copy(wish, caller.userId),
  };
}
