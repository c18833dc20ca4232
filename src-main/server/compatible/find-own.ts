/**
 * Which of one's own things a word means: a workspace by id, name, `host/name` or the name of its container; oneself by id,
 * e-mail or `me`; a snapshot by id, name or `latest`. Never guesses between two.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { OwnPlane } from './own-plane.ts';

export interface Addressed {
  readonly id: WorkspaceId;
  readonly name: string;
}

/** Whether a word means whoever asks. */
export async function isSelf(plane: OwnPlane, word: string): Promise<boolean> {
  const { userId } = plane.caller;
  if (word === 'me' || word === userId) return true;
  if (!word.includes('@')) return false;
  const email = await ownEmail(plane);
  return email !== null && email === word.trim().toLowerCase();
}

async function ownEmail(plane: OwnPlane): Promise<string | null> {
  try {
    return (await plane.first('account.watch')).email;
  } catch (error) {
    // A key without account.read, or a plane without accounts: then an address means nobody.
    if (BerthError.is(error, 'not-found')) return null;
    throw error;
  }
}

/** Of the two halves of a move that waits to be confirmed the copy is the workspace. */
export async function ownWorkspaces(plane: OwnPlane): Promise<Workspace[]> {
  return (await plane.list('workspaces.watch')).filter(({ move }) => move?.role !== 'source');
}

/** As `docker ps` shows a workspace's container: `berth-` and the beginning of the id, behind a dot a later name. */
function isContainerOf(word: string, { id }: Workspace): boolean {
  const short = /^berth-([0-9a-z]{12})(\.|$)/.exec(word)?.[1];
  return short !== undefined && id.startsWith(`ws_${short}`);
}

/** The workspaces that a word means, most exact meaning first. */
export async function workspacesCalled(
  plane: OwnPlane,
  word: string,
  among: readonly Workspace[],
): Promise<Workspace[]> {
  const exact = among.filter(
    (one) => one.id === word || one.containerId === word || isContainerOf(word, one),
  );
  if (exact.length > 0) return exact;
  const named = among.filter(({ name }) => name === word);
  if (named.length > 0 || !word.includes('/')) return named;
  const hosts = new Map((await plane.list('hosts.watch')).map(({ id, name }) => [id, name]));
  return among.filter(({ hostId, name }) => word === `${hosts.get(hostId) ?? hostId}/${name}`);
}

/**
 * `workspace` names one; `user` is oneself, whose only one is meant. A workspace that was destroyed is found by its
 * snapshots. @throws BerthError not-found, conflict (with the choices)
 */
export async function addressed(
  plane: OwnPlane,
  { workspace, user }: { workspace?: string | undefined; user?: string | undefined },
): Promise<Addressed> {
  const among = await ownWorkspaces(plane);
  if (user !== undefined && !(await isSelf(plane, user)) && user !== plane.caller.userName)
    throw new BerthError('not-found', 'There is no such workspace.');
  if (workspace === undefined) return only(among, 'You have several workspaces');
  const found = await workspacesCalled(plane, workspace, among);
  if (found.length > 0) return only(found, 'Several workspaces are called so');
  const gone = new Map<WorkspaceId, Addressed>();
  for (const { workspaceId, workspaceName } of await plane.list('snapshots.watch'))
    if (workspaceId === workspace || workspaceName === workspace)
      gone.set(workspaceId, { id: workspaceId, name: workspaceName });
  return only([...gone.values()], 'Several workspaces were called so');
}

export function only<T extends Addressed>(found: readonly T[], several: string): T {
  const [first, ...others] = found;
  if (first === undefined) throw new BerthError('not-found', 'There is no such workspace.');
  if (others.length === 0) return first;
  const choices = found.slice(0, 8).map(({ name, id }) => `“${name}” (${id})`);
  throw new BerthError('conflict', `${several}: ${choices.join(', ')}. Say which.`, {
    details: { workspaces: found.slice(0, 50).map(({ id }) => id) },
  });
}

/** @throws BerthError not-found, conflict */
export function snapshotCalled(word: string, of: readonly Snapshot[]): Snapshot {
  const byId = of.find(({ id }) => id === word);
  if (byId !== undefined) return byId;
  const named = of.filter(({ name }) => name === word);
  const newest = of
    .filter(({ reason }) => reason !== 'safety')
    .toSorted((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? 1 : -1))[0];
  const candidates = new Set(word === 'latest' && newest !== undefined ? [...named, newest] : named);
  const [found, ...others] = [...candidates];
  if (found === undefined) throw new BerthError('not-found', 'There is no such snapshot.');
  if (others.length === 0) return found;
  throw new BerthError(
    'conflict',
    `Several snapshots are meant by “${word.slice(0, 80)}”. Say which by its id.`,
    {
      details: { snapshots: [...candidates].slice(0, 50).map(({ id }) => id) },
    },
  );
}
