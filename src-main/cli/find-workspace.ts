/**
 * Which workspace is meant. A name, an id or `host/name`; for scripts that name a person, the person who has exactly one.
 * A workspace that was destroyed is found by its snapshots, for they are still there. Never guesses between two.
 */
import type { About } from '#contract/about.ts';
import type { Host } from '#contract/hosts.ts';
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { readAll } from './collections.ts';
import type { Context } from './command.ts';
import { CommandFailure } from './failure.ts';

export interface Subject {
  readonly id: WorkspaceId;
  readonly name: string;
  readonly hostId: HostId;
  readonly hostName: string;
  /** Null: it was destroyed, and snapshots of it are left. */
  readonly workspace: Workspace | null;
}

export interface Known {
  readonly workspaces: readonly Workspace[];
  readonly hosts: readonly Host[];
  /** Only looked at where no workspace fits. */
  readonly snapshots: readonly Snapshot[];
  /** Who asks. `email` where they have an account with one. */
  readonly user: About['user'] & { readonly email?: string | null };
}

const idForm = /^ws_[0-9a-z]{20}$/;

/** @throws CommandFailure that lists the choices, or says that there is none. */
export function pickWorkspace(word: string, known: Known): Subject {
  const hostNames = new Map(known.hosts.map(({ id, name }) => [id, name]));
  const present = known.workspaces.map((workspace) => subjectOf(workspace, workspace, hostNames));
  const isPresent = new Set(present.map(({ id }) => id));
  const gone = new Map<string, Subject>();
  for (const { workspaceId, workspaceName, hostId } of known.snapshots)
    if (!isPresent.has(workspaceId))
      gone.set(workspaceId, subjectOf({ id: workspaceId, name: workspaceName, hostId }, null, hostNames));

  for (const subjects of [present, [...gone.values()]]) {
    const fitting = candidates(word, subjects);
    const [first, ...others] = fitting.length > 1 ? withoutMoveSources(fitting) : fitting;
    if (first === undefined) continue;
    if (others.length > 0) throw severalFit(word, [first, ...others]);
    return first;
  }
  const { user } = known;
  if (word === user.name || word === user.id || (user.email != null && word.toLowerCase() === user.email)) {
    const [only, ...others] = withoutMoveSources(present);
    if (only !== undefined && others.length === 0) return only;
    throw new CommandFailure(
      only === undefined
        ? `${word} has no workspace yet.`
        : [`${word} has several workspaces. Name one of them:`, ...choices([only, ...others])].join('\n'),
    );
  }
  throw new CommandFailure(`There is no workspace "${word}". These are there: berth workspace list`, {
    code: 'not-found',
    message: '',
    details: {},
  });
}

function subjectOf(
  { id, name, hostId }: { id: WorkspaceId; name: string; hostId: HostId },
  workspace: Workspace | null,
  hostNames: ReadonlyMap<string, string>,
): Subject {
  return { id, name, hostId, hostName: hostNames.get(hostId) ?? hostId, workspace };
}

/** Whole names come before `host/name`, since a name may have slashes. */
function candidates(word: string, subjects: readonly Subject[]): readonly Subject[] {
  if (idForm.test(word)) {
    const byId = subjects.filter(({ id }) => id === word);
    if (byId.length > 0) return byId;
  }
  const byName = subjects.filter(({ name }) => name === word);
  if (byName.length > 0) return byName;
  return subjects.filter(
    ({ name, hostName, hostId }) => word === `${hostName}/${name}` || word === `${hostId}/${name}`,
  );
}

/** Of the two halves of a move that waits to be confirmed the copy runs: it is the one that is meant by their name. */
function withoutMoveSources(subjects: readonly Subject[]): readonly Subject[] {
  const ids = new Set(subjects.map(({ id }) => id));
  return subjects.filter(({ workspace }) => {
    const move = workspace?.move ?? null;
    return move === null || move.role === 'copy' || !ids.has(move.otherId);
  });
}

function severalFit(word: string, subjects: readonly Subject[]): CommandFailure {
  const lines = [`Several workspaces are called "${word}". Say which:`, ...choices(subjects)];
  return new CommandFailure(lines.join('\n'), { code: 'conflict', message: '', details: {} });
}

function choices(subjects: readonly Subject[]): string[] {
  return subjects.map(({ hostName, name, id }) => `  ${hostName}/${name}  (${id})`);
}

export async function findWorkspace({ client }: Context, word: string): Promise<Subject> {
  const [workspaces, hosts, { user }] = await Promise.all([
    readAll(client, 'workspaces.watch'),
    readAll(client, 'hosts.watch'),
    client.call('about.get', {}),
  ]);
  const known = { workspaces, hosts, user };
  try {
    return pickWorkspace(word, { ...known, snapshots: [] });
  } catch (error) {
    if (!(error instanceof CommandFailure) || error.shape?.code !== 'not-found') throw error;
    const email = word.includes('@') ? await ownEmail(client) : null;
    const snapshots = await readAll(client, 'snapshots.watch');
    return pickWorkspace(word, { ...known, user: { ...user, email }, snapshots });
  }
}

/** Null where there are no accounts. */
async function ownEmail(client: Context['client']): Promise<string | null> {
  try {
    for await (const { email } of client.stream('account.watch', {})) return email;
  } catch {
    // A key that may not see the account it belongs to: the word is then no workspace.
  }
  return null;
}

/** @throws CommandFailure when it was destroyed. */
export function presentWorkspace(subject: Subject): Workspace {
  if (subject.workspace !== null) return subject.workspace;
  throw new CommandFailure(
    `The workspace "${subject.name}" was destroyed; its snapshots are still there. Make a workspace of one: berth workspace fork ${subject.id} <snapshot> <new name>`,
  );
}

/** A host by its name or id. @throws CommandFailure */
export function pickHost(word: string, hosts: readonly Host[]): Host {
  const host = hosts.find(({ id }) => id === word) ?? hosts.find(({ name }) => name === word);
  if (host !== undefined) return host;
  const names = hosts.map(({ name }) => `  ${name}`);
  throw new CommandFailure(
    names.length === 0
      ? `There is no host "${word}", nor any other. Add one: berth host add <address>`
      : [`There is no host "${word}". These are there:`, ...names].join('\n'),
  );
}
