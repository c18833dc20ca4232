/** What is done with entries of a folder, beyond transfers: copied, moved, deleted, given permissions. */
import { BerthError } from '#contract/berth-error.ts';
import type { Operation } from '#contract/operations.ts';
import type { PlaneClient } from '../../state/api.ts';
import type { FilesWork, FolderAt, Held } from './files-work.ts';
import { isWithin, joinPath } from './path-words.ts';

/** Names in one call, as the contract says. */
const namesAtOnce = 1_000;

/** Names that are asked for one by one; more, and the folder is read once. */
const lookedAtOnce = 20;

interface Deps {
  readonly client: Pick<PlaneClient, 'call' | 'stream'>;
  readonly work: FilesWork;
}

/**
 * Begins with the first thousand, and goes on when they are done: one such work goes on at a time in a place. Resolves false
 * where one of them did not end well, which is shown by itself.
 */
async function inParts(
  { work }: Deps,
  names: readonly string[],
  { touches, begin }: { touches: readonly FolderAt[]; begin: (names: string[]) => Promise<Operation> },
): Promise<boolean> {
  for (let from = 0; from < names.length; from += namesAtOnce)
    if (!(await work.follow(await begin(names.slice(from, from + namesAtOnce)), touches))) return false;
  return true;
}

export function removeEntries(deps: Deps, { placeId, folder, names }: Held): Promise<boolean> {
  return inParts(deps, names, {
    touches: [{ placeId, folder }],
    begin: (part) => deps.client.call('files.remove', { placeId, path: folder, names: part }),
  });
}

export interface NewMode {
  readonly mode: number;
  readonly isRecursive: boolean;
}

export function setPermissions(
  deps: Deps,
  { placeId, folder, names }: Held,
  { mode, isRecursive }: NewMode,
): Promise<boolean> {
  return inParts(deps, names, {
    touches: [{ placeId, folder }],
    begin: (part) =>
      deps.client.call('files.setPermissions', { placeId, path: folder, names: part, mode, isRecursive }),
  });
}

/** Which of the names a folder has already. */
export async function takenNames(
  client: Deps['client'],
  { placeId, folder }: FolderAt,
  names: readonly string[],
): Promise<string[]> {
  if (names.length > lookedAtOnce) {
    const wanted = new Set(names);
    const taken: string[] = [];
    for await (const { entries } of client.stream('files.list', { placeId, path: folder }))
      for (const { name } of entries) if (wanted.has(name)) taken.push(name);
    return taken;
  }
  const looked = await Promise.all(
    names.map((name) =>
      client.call('files.look', { placeId, path: joinPath(folder, name) }).then(
        () => [name],
        (cause: unknown) => {
          if (BerthError.is(cause) && cause.code === 'not-found') return [];
          throw cause;
        },
      ),
    ),
  );
  return looked.flat();
}

/**
 * Copies or moves, and asks once about names that are there. Resolves false when the person wanted none of it, there was
 * nothing to do, or it did not end well.
 */
export async function copyEntries(
  deps: Deps,
  from: Held,
  { to, isMove }: { readonly to: FolderAt; readonly isMove: boolean },
): Promise<boolean> {
  const isSame = from.placeId === to.placeId && from.folder === to.folder;
  if (isSame && isMove) return false;
  const inItself = from.names.find(
    (name) => from.placeId === to.placeId && isWithin(joinPath(from.folder, name), to.folder),
  );
  if (inItself !== undefined)
    throw new BerthError('invalid-input', `${inItself} cannot go into itself. Choose a folder outside it.`);
  let onConflict: 'fail' | 'replace' | 'skip' | 'both' = isSame ? 'both' : 'fail';
  if (!isSame) {
    const taken = await takenNames(deps.client, to, from.names);
    if (taken.length > 0) {
      const answer = await deps.work.askName(taken[0] ?? '', taken.length - 1);
      if (answer === null) return false;
      onConflict = answer.choice;
    }
  }
  const begin = (names: string[]) =>
    deps.client.call('files.copy', {
      ...{ placeId: from.placeId, path: from.folder, names, toId: to.placeId, toPath: to.folder },
      ...{ onConflict, isMove },
    });
  const touches = isMove ? [{ placeId: from.placeId, folder: from.folder }, to] : [to];
  return await inParts(deps, from.names, { touches, begin });
}
