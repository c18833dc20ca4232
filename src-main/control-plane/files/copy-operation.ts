/**
 * Copying and moving between any two places. What comes is made whole in one hidden folder of the target folder and put in
 * its place by renames when all of it is there. So a cancel or a failure leaves nothing, and after a crash it goes on: what
 * was brought over whole is not sent again. A move that stays on one disk is a rename into that folder and out of it. Of
 * what had to be copied, a move deletes the source last, and only if it is what it was before the copy began.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { PlaceId } from '#contract/files.ts';
import type { FileAccess, TreeProgress } from '../interfaces/file-access.ts';
import { changedError, fileError, missingError } from '../interfaces/file-error.ts';
import type { OperationDefinition, StepContext } from '../operations/operation-definition.ts';
import { pathIn } from './file-service.ts';
import type { OperationPlaces } from './operation-places.ts';
import { namesIn, putInPlace, requireMergeable } from './put-in-place.ts';
import { copyBetween } from './tree-copy.ts';
import { fingerprintsOf } from './tree-fingerprint.ts';
import { joined } from './walk-tree.ts';

const CopyInput = z.object({
  placeId: PlaceId,
  path: z.string(),
  names: z.array(z.string()),
  toId: PlaceId,
  toPath: z.string(),
  onConflict: z.enum(['fail', 'replace', 'skip', 'both']),
  isMove: z.boolean(),
});
export type CopyInput = z.infer<typeof CopyInput>;
type Context = StepContext<CopyInput>;

/** What the first step leaves for the last: of each name that was copied, what its source was. */
const Copied = z.record(z.string(), z.string());

interface Ends {
  readonly from: FileAccess;
  readonly to: FileAccess;
  readonly source: string;
  readonly target: string;
  /** Hidden, in the target folder: what is renamed into it, and what is copied into it. */
  readonly staging: string;
  readonly moved: string;
  readonly copied: string;
  readonly uploadKey: string;
}

export function copyOperation(places: OperationPlaces): OperationDefinition<CopyInput> {
  const within = <T>(context: Context, work: (ends: Ends) => Promise<T>): Promise<T> => {
    const { placeId, path, toId, toPath } = context.input;
    return places.useBoth(context, placeId, toId, async (from, to) => {
      const target = pathIn(to, toPath);
      const uploadKey = context.operationId.slice('op_'.length);
      const staging = joined(target, `.berth-${uploadKey}`);
      return await work({
        from,
        to,
        source: pathIn(from, path),
        target,
        staging,
        moved: joined(staging, 'moved'),
        copied: joined(staging, 'copied'),
        uploadKey,
      });
    });
  };
  return {
    kind: 'files.copy',
    parseInput: (value) => CopyInput.parse(value),
    canCancel: true,
    recover: 'finish',
    commitsAt: 'place',
    steps: [
      {
        id: 'copy',
        title: 'Copying',
        run: (context) => within(context, (ends) => bringOver(context, ends)),
        undo: (context) => within(context, (ends) => takeBack(ends)),
      },
      {
        id: 'place',
        title: 'Putting in place',
        run: (context) => within(context, (ends) => place(context, ends)),
      },
      {
        id: 'remove-source',
        title: 'Removing what was moved',
        run: (context) => within(context, (ends) => removeSource(context, ends)),
      },
    ],
  };
}

async function bringOver(context: Context, ends: Ends): Promise<void> {
  const { input, signal } = context;
  const { from, to, source, target, staging } = ends;
  const names = await wantedNames(input, ends);
  if (names.length === 0) return;
  await to.makeFolder(staging, { mayExist: true, mode: 0o700 });
  await Promise.all([
    to.makeFolder(ends.moved, { mayExist: true }),
    to.makeFolder(ends.copied, { mayExist: true }),
  ]);
  const copied: Record<string, string> = {};
  let before: TreeProgress = { items: 0, bytes: 0, skipped: 0 };
  for (const name of names) {
    signal.throwIfAborted();
    const path = joined(source, name);
    if (input.isMove && from === to && (await isRenamed(ends, path, name))) continue;
    const tree = { access: from, path: source, names: [name] };
    const was = input.isMove ? await fingerprintsOf(tree, signal) : undefined;
    let last = before;
    const work = {
      signal,
      onProgress: (now: TreeProgress) => {
        last = {
          items: before.items + now.items,
          bytes: before.bytes + now.bytes,
          skipped: before.skipped + now.skipped,
          unlinked: (before.unlinked ?? 0) + (now.unlinked ?? 0),
          bare: (before.bare ?? 0) + (now.bare ?? 0),
          isBlind: before.isBlind === true || now.isBlind === true,
        };
        context.progress({ done: last.bytes, total: null, unit: 'bytes', parts: [] });
        context.note(noteOf(last));
      },
    };
    if (from === to) {
      // Half of it may be there from before a crash.
      await to.removeTree(joined(ends.copied, name), { signal, onProgress: () => undefined });
      await from.copyTree(path, joined(ends.copied, name), work);
    } else await copyBetween(tree, { access: to, path: ends.copied, uploadKey: ends.uploadKey }, work);
    before = last;
    if (was === undefined) continue;
    const [now, there] = await Promise.all([
      fingerprintsOf(tree, signal),
      fingerprintsOf({ access: to, path: ends.copied, names: [name] }, signal),
    ]);
    if (now.versions !== was.versions || there.sizes !== was.sizes) throw changedError(joined(target, name));
    copied[name] = was.versions;
  }
  // Before anything of it gets its name, and long before the last of a source is deleted.
  await to.sync(ends.copied);
  context.memory.copied = copied;
  context.memory.lost = lostOf(before);
}

/** Those that are to be brought over. Throws file.exists, file.wrong-kind, not-found before anything is done. */
async function wantedNames(input: CopyInput, ends: Ends): Promise<string[]> {
  const { from, to, source, target } = ends;
  const folder = await to.resolve(target);
  const wanted: string[] = [];
  for (const name of input.names) {
    const path = joined(source, name);
    const [own, there] = await Promise.all([from.look(path), to.look(joined(target, name))]);
    if (own === undefined) {
      // Renamed already, before a crash.
      if ((await to.look(joined(ends.moved, name))) !== undefined) continue;
      throw missingError(path);
    }
    if (from === to && own.kind === 'folder' && isWithin(folder, await from.resolve(path)))
      throw new BerthError('conflict', `“${path}” cannot be copied into itself. Choose another folder.`);
    const isItself = from === to && there !== undefined && folder === (await from.resolve(source));
    if (there !== undefined && (input.onConflict === 'fail' || (isItself && input.onConflict === 'replace')))
      throw fileError('EEXIST', joined(target, name));
    if (there !== undefined && input.onConflict === 'skip') continue;
    if (there !== undefined && input.onConflict === 'replace')
      requireMergeable(own, there, joined(target, name));
    wanted.push(name);
  }
  return wanted;
}

/** False: it lies on another disk, and is to be copied. */
async function isRenamed({ from, moved }: Ends, path: string, name: string): Promise<boolean> {
  try {
    await from.rename(path, joined(moved, name), false);
    return true;
  } catch (error) {
    if (BerthError.is(error, 'file.failed')) return false;
    throw error;
  }
}

async function place(context: Context, ends: Ends): Promise<void> {
  const { to, target, staging } = ends;
  for (const folder of [ends.moved, ends.copied])
    for (const name of await namesIn(to, folder))
      try {
        await putInPlace(to, { path: joined(folder, name), folder: target, name }, context.input.onConflict);
      } catch (error) {
        if (!BerthError.is(error, 'connection-lost', 'host.not-connected', 'timed-out')) await takeBack(ends);
        throw error;
      }
  await to.removeTree(staging, { signal: context.signal, onProgress: () => undefined });
  // Whoever shows the operation keeps it in sight for that, though it has succeeded.
  context.note(z.string().parse(context.memory.lost ?? ''));
}

/** What was renamed goes back to where it was; what was copied goes. */
async function takeBack({ from, to, source, staging, moved }: Ends): Promise<void> {
  if (from === to)
    for (const name of await namesIn(to, moved))
      await from.rename(joined(moved, name), joined(source, name), false);
  await to.removeTree(staging, { signal: new AbortController().signal, onProgress: () => undefined });
}

async function removeSource(context: Context, { from, source }: Ends): Promise<void> {
  if (!context.input.isMove) return;
  const copied = Copied.parse(context.memory.copied ?? {});
  for (const [name, versions] of Object.entries(copied)) {
    const path = joined(source, name);
    // Deleted already, before a crash.
    if ((await from.look(path)) === undefined) continue;
    const now = await fingerprintsOf({ access: from, path: source, names: [name] }, context.signal);
    if (now.versions !== versions)
      throw new BerthError(
        'file.changed',
        `“${path}” was changed while it was moved. The copy is in its place, and the source was kept.`,
        { details: { path } },
      );
    await from.removeTree(path, { signal: context.signal, onProgress: () => undefined });
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

export function noteOf(progress: TreeProgress): string {
  const done = `${progress.items} ${progress.items === 1 ? 'item' : 'items'}`;
  const blind = progress.isBlind === true ? 'hard links and attributes could not be looked for' : '';
  return [done, lostOf(progress), blind].filter((part) => part !== '').join('; ');
}

/** What the copy has not of its source, in words. Empty: nothing is known to be lost. */
function lostOf({ skipped, unlinked = 0, bare = 0 }: TreeProgress): string {
  const lost: string[] = [];
  if (skipped > 0) lost.push(`${skipped} left out that are no files, folders or links`);
  if (unlinked > 0) lost.push(`${unlinked} became files of their own, hard links before`);
  if (bare > 0) lost.push(`attributes or access lists of ${bare} were not kept`);
  return lost.join('; ');
}
