/** Which snapshot of a workspace is meant: a name, an id, or `latest`. */
import type { Snapshot } from '#contract/snapshots.ts';
import { formatInstant } from './amounts.ts';
import { readAll } from './collections.ts';
import type { Context } from './command.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import type { Subject } from './find-workspace.ts';

export const latest = 'latest';

/** The newest first; equal instants in the order of their ids, so that the answer never changes by itself. */
export function newestFirst(snapshots: readonly Snapshot[]): Snapshot[] {
  return snapshots.toSorted(
    (a, b) => b.createdAt.localeCompare(a.createdAt) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0),
  );
}

/**
 * The newest that somebody wanted: what a restore put aside for safety would otherwise be what the next restore goes back
 * to. @throws CommandFailure
 */
function newest(snapshots: readonly Snapshot[], subject: Subject): Snapshot {
  const all = newestFirst(snapshots);
  const found = all.find(({ reason }) => reason !== 'safety') ?? all[0];
  if (found !== undefined) return found;
  throw new CommandFailure(
    `The workspace "${subject.name}" has no snapshot yet. Make one: berth snapshot create ${subject.id}`,
  );
}

/** `of`: the snapshots of this workspace alone. @throws CommandFailure */
export function pickSnapshot(word: string, of: readonly Snapshot[], subject: Subject): Snapshot {
  const byId = of.find(({ id }) => id === word);
  if (byId !== undefined) return byId;
  const [first, ...others] = of.filter(({ name }) => name === word);
  if (word === latest) {
    const found = newest(of, subject);
    if (first === undefined || first.id === found.id) return found;
    throw new CommandFailure(
      `The newest snapshot and one that is called "${latest}" are not the same. Say which: ${found.id} (${formatInstant(found.createdAt)}) or ${first.id} (${formatInstant(first.createdAt)})`,
    );
  }
  if (first === undefined)
    throw new CommandFailure(
      `The workspace "${subject.name}" has no snapshot "${word}". These are there: berth snapshot list ${subject.id}`,
    );
  if (others.length === 0) return first;
  const lines = [first, ...others].map(({ id, createdAt }) => `  ${id}  (${formatInstant(createdAt)})`);
  throw new CommandFailure([`Several snapshots are called "${word}". Say which:`, ...lines].join('\n'));
}

export async function findSnapshots(
  { client }: Context,
  subject: Subject,
  words: readonly string[],
): Promise<Snapshot[]> {
  const all = await readAll(client, 'snapshots.watch');
  const ours = all.filter(({ workspaceId }) => workspaceId === subject.id);
  const found = words.map((word) => pickSnapshot(word, ours, subject));
  return [...new Map(found.map((snapshot) => [snapshot.id, snapshot])).values()];
}

export async function findSnapshot(context: Context, subject: Subject, word: string): Promise<Snapshot> {
  const [snapshot] = await findSnapshots(context, subject, [word]);
  if (snapshot === undefined) throw new TypedWrong('Name a snapshot.');
  return snapshot;
}

/** What it is called in a sentence. */
export function labelOf({ name, id, createdAt }: Snapshot): string {
  return `${name === null ? id : `"${name}"`} (${formatInstant(createdAt)})`;
}
