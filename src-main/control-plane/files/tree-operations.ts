/**
 * Deleting and changing permissions with all that is within. A deletion that Berth's end cut off is not taken up again by
 * itself: what has the name by then may be something else. Permissions are, since they come out the same.
 */
import { z } from 'zod';
import { PlaceId } from '#contract/files.ts';
import type { TreeProgress } from '../interfaces/file-access.ts';
import { missingError } from '../interfaces/file-error.ts';
import type { OperationDefinition, StepContext } from '../operations/operation-definition.ts';
import { noteOf } from './copy-operation.ts';
import { pathIn } from './file-service.ts';
import type { OperationPlaces } from './operation-places.ts';
import { joined } from './walk-tree.ts';

const RemoveInput = z.object({ placeId: PlaceId, path: z.string(), names: z.array(z.string()) });
export type RemoveInput = z.infer<typeof RemoveInput>;
const PermissionsInput = RemoveInput.extend({ mode: z.number(), isRecursive: z.boolean() });
export type PermissionsInput = z.infer<typeof PermissionsInput>;

export function removeOperation(places: OperationPlaces): OperationDefinition<RemoveInput> {
  return {
    kind: 'files.remove',
    parseInput: (value) => RemoveInput.parse(value),
    canCancel: true,
    recover: 'undo',
    onFailure: 'keep',
    steps: [
      {
        id: 'remove',
        title: 'Deleting',
        run: (context) =>
          places.use(context, context.input.placeId, async (access) => {
            const { signal } = context;
            await eachName(context, pathIn(access, context.input.path), async (path, onProgress) => {
              // What is not there is deleted already; what cannot be asked for is not.
              if (path.includes('\ufffd') && (await access.look(path)) === undefined)
                throw missingError(path);
              await access.removeTree(path, { signal, onProgress });
            });
          }),
      },
    ],
  };
}

export function permissionsOperation(places: OperationPlaces): OperationDefinition<PermissionsInput> {
  return {
    kind: 'files.permissions',
    parseInput: (value) => PermissionsInput.parse(value),
    canCancel: true,
    recover: 'finish',
    onFailure: 'keep',
    steps: [
      {
        id: 'change',
        title: 'Changing permissions',
        run: (context) =>
          places.use(context, context.input.placeId, async (access) => {
            const { signal, input } = context;
            await eachName(context, pathIn(access, input.path), async (path, onProgress) => {
              if (input.isRecursive) await access.setModeTree(path, input.mode, { signal, onProgress });
              else await access.setMode(path, input.mode);
            });
          }),
      },
    ],
  };
}

async function eachName(
  context: StepContext<RemoveInput>,
  folder: string,
  work: (path: string, onProgress: (progress: TreeProgress) => void) => Promise<void>,
): Promise<void> {
  let items = 0;
  for (const name of context.input.names) {
    context.signal.throwIfAborted();
    let own = 1;
    await work(joined(folder, name), (progress) => {
      own = progress.items;
      context.progress({ done: items + own, total: null, unit: 'items', parts: [] });
      context.note(noteOf({ ...progress, items: items + own }));
    });
    items += own;
  }
}
