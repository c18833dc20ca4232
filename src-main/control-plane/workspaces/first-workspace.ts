/**
 * One's own workspace of a project or image: found, else made together with its project, and started. For programs that
 * name a person and a project and expect a container. Acts with the caller's own rights alone: it asks the other nouns'
 * handlers as the caller would. Guarantees that two who ask at once for the same get one, and never guesses between two.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import type { Host } from '#contract/hosts.ts';
import type { HostId, ProjectId, UserId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { type AccessPassword, type Project, projectDefaults } from '#contract/projects.ts';
import type { Scope } from '#contract/scopes.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { HandlerContext, Handlers } from '../handler.ts';
import type { Secret } from '../interfaces/secret.ts';
import { nameKey } from './workspace.ts';

/** What first workspaces are made of where nobody says; see config.ts. */
export interface FirstWorkspaceChoice {
  readonly image: string;
  readonly hostName: string | null;
}

export interface EnsureWish {
  readonly projectId: ProjectId | null;
  readonly image: string | null;
  readonly name: string | null;
  readonly hostId: HostId | null;
  readonly mayCreate: boolean;
  readonly accessPassword: (AccessPassword & { readonly value: Secret | null }) | null;
}

export interface Ensured {
  readonly workspace: Workspace;
  /** Null: it runs. */
  readonly operation: Operation | null;
  readonly isNew: boolean;
}

type Asked = Pick<
  Handlers,
  | 'projects.watch'
  | 'projects.create'
  | 'workspaces.watch'
  | 'workspaces.create'
  | 'workspaces.start'
  | 'operations.watch'
  | 'hosts.watch'
>;

export interface FirstWorkspaceDeps {
  /** Asked late: these handlers are joined with the ones that this service is behind. */
  readonly handlers: () => Asked;
  readonly choice: FirstWorkspaceChoice | null;
}

/** Names tried for what nobody named, before whoever asks has to say one. */
const maxNames = 50;
/** Under way, these lead to a running workspace. */
const leadsToRunning: ReadonlySet<Operation['kind']> = new Set([
  'workspace.create',
  'workspace.start',
  'workspace.restart',
]);

export class FirstWorkspace {
  readonly #deps: FirstWorkspaceDeps;
  /** Of each person who asks just now, the last in line. */
  readonly #lines = new Map<UserId, Promise<unknown>>();

  constructor(deps: FirstWorkspaceDeps) {
    this.#deps = deps;
  }

  /** Resolves when what has to be done is begun. Throws not-found, conflict (with the choices), and what making and starting do. */
  ensure(wish: EnsureWish, context: HandlerContext): Promise<Ensured> {
    const { userId } = context.caller;
    const before = this.#lines.get(userId) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(() => this.#ensure(wish, context));
    this.#lines.set(userId, mine);
    const leave = () => {
      if (this.#lines.get(userId) === mine) this.#lines.delete(userId);
    };
    mine.then(leave, leave);
    return mine;
  }

  async #ensure(wish: EnsureWish, context: HandlerContext): Promise<Ensured> {
    if (wish.projectId !== null && wish.image !== null)
      throw invalid('image: must not be given together with projectId');
    const handlers = this.#deps.handlers();
    const [projects, workspaces] = await Promise.all([
      all(handlers['projects.watch']({}, context)),
      all(handlers['workspaces.watch']({}, context)),
    ]);
    if (wish.projectId !== null && !projects.some(({ id }) => id === wish.projectId))
      throw new BerthError('not-found', 'There is no such project.');
    const found = this.#pick(wish, workspaces.filter(isNoSource), projects);
    if (found !== undefined) return this.#started(found, context);
    if (!wish.mayCreate) throw new BerthError('not-found', 'There is no such workspace.');
    return this.#made(wish, projects, context);
  }

  /** The workspace that is meant. Throws conflict where several fit. */
  #pick(
    wish: EnsureWish,
    workspaces: readonly Workspace[],
    projects: readonly Project[],
  ): Workspace | undefined {
    const { choice } = this.#deps;
    // A workspace of an image that Berth builds has the name of what was built; its project has the one that was asked for.
    const isOf = ({ image, projectId }: Workspace, wanted: string | undefined) =>
      image === wanted || projects.some(({ id, image: named }) => id === projectId && named === wanted);
    const isOpen = wish.projectId === null && wish.image === null;
    const fitting = workspaces.filter(
      (one) =>
        (wish.projectId === null || one.projectId === wish.projectId) &&
        (wish.image === null || isOf(one, wish.image)) &&
        (wish.hostId === null || one.hostId === wish.hostId) &&
        (wish.name === null || nameKey(one.name) === nameKey(wish.name)),
    );
    if (fitting.length <= 1) return fitting[0];
    const first = isOpen ? fitting.filter((one) => isOf(one, choice?.image)) : [];
    if (first.length === 1) return first[0];
    throw new BerthError(
      'conflict',
      `Several of your workspaces fit: ${quoted(fitting.map(({ name }) => name))}. Say which by its name.`,
      { details: { workspaces: fitting.slice(0, 50).map(({ id }) => id) } },
    );
  }

  async #started(workspace: Workspace, context: HandlerContext): Promise<Ensured> {
    const handlers = this.#deps.handlers();
    if (workspace.operationId !== null) {
      const operations = await all(handlers['operations.watch']({}, context));
      const current = operations.find(({ id }) => id === workspace.operationId);
      if (current !== undefined && current.endedAt === null && leadsToRunning.has(current.kind))
        return { workspace, operation: current, isNew: false };
    }
    if (workspace.state === 'running') return { workspace, operation: null, isNew: false };
    const operation = await handlers['workspaces.start']({ id: workspace.id }, context);
    return { workspace, operation, isNew: false };
  }

  async #made(wish: EnsureWish, projects: readonly Project[], context: HandlerContext): Promise<Ensured> {
    const host = await this.#host(wish.hostId, context);
    const project = await this.#project(wish, projects, context);
    const { accessPassword } = wish;
    const made = await withFreeName(wish.name, project.name, 'workspace.name-taken', async (name) =>
      this.#deps.handlers()['workspaces.create'](
        {
          name,
          projectId: project.id,
          hostId: host,
          volumeName: null,
          snapshotId: null,
          accessPassword:
            accessPassword === null
              ? null
              : { ...accessPassword, value: accessPassword.value?.reveal() ?? null },
        },
        context,
      ),
    );
    return { ...made, isNew: true };
  }

  async #project(wish: EnsureWish, projects: readonly Project[], context: HandlerContext): Promise<Project> {
    const image = wish.image ?? this.#deps.choice?.image ?? null;
    const found = projects.find((one) =>
      wish.projectId === null ? one.image === image : one.id === wish.projectId,
    );
    if (found !== undefined) return found;
    if (image === null)
      throw invalid('image: must be given, for no image for first workspaces is configured here');
    requireScope(context, 'projects.write');
    return withFreeName(null, image.slice(0, 70), 'project.name-taken', async (name) =>
      this.#deps.handlers()['projects.create']({ ...projectDefaults, environment: [], name, image }, context),
    );
  }

  async #host(wished: HostId | null, context: HandlerContext): Promise<HostId> {
    if (wished !== null) return wished;
    const hosts = await all(this.#deps.handlers()['hosts.watch']({}, context));
    const hostName = this.#deps.choice?.hostName ?? null;
    if (hostName !== null) {
      const named = hosts.find(({ name }) => name === hostName);
      if (named !== undefined) return named.id;
      throw new BerthError(
        'conflict',
        `First workspaces are to be made on the host “${hostName}”, and there is none of that name. Say another host.`,
      );
    }
    const [only, ...others] = hosts.filter(isUsable);
    if (only === undefined)
      throw new BerthError('host.not-connected', 'No host with a container engine is connected.');
    if (others.length === 0) return only.id;
    throw new BerthError(
      'conflict',
      `Several hosts are connected: ${quoted([only, ...others].map(({ name }) => name))}. Say on which the workspace is to be.`,
      { details: { hosts: [only, ...others].slice(0, 50).map(({ id }) => id) } },
    );
  }
}

/** The first name that nobody has: the given one, or else `base`, `base (2)`, and so on. */
async function withFreeName<T>(
  given: string | null,
  base: string,
  taken: 'workspace.name-taken' | 'project.name-taken',
  make: (name: string) => Promise<T>,
): Promise<T> {
  if (given !== null) return make(given);
  for (let number = 1; ; number++) {
    try {
      return await make(number === 1 ? base : `${base.slice(0, 70)} (${number})`);
    } catch (error) {
      if (!BerthError.is(error, taken) || number === maxNames) throw error;
    }
  }
}

/** A key that may not make projects must not make one by this way either. */
function requireScope({ caller }: HandlerContext, scope: Scope): void {
  if (!caller.scopes.has(scope)) throw new BerthError('not-found', 'There is no project of this image.');
}

async function all<T>(watched: AsyncIterable<CollectionItem<T>>): Promise<T[]> {
  for await (const item of watched) if (item.type === 'all') return item.items;
  throw new BerthError('cancelled', 'It was cancelled.');
}

/** Of the two halves of a move that waits to be confirmed the copy is the workspace. */
function isNoSource({ move }: Workspace): boolean {
  return move?.role !== 'source';
}

function isUsable({ state }: Host): boolean {
  return state.phase === 'ready' && state.engineRoute !== 'none';
}

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => `“${name}”`);
  return names.length > 5 ? `${shown.join(', ')} and ${names.length - 5} more` : shown.join(', ');
}

function invalid(line: string): BerthError {
  return new BerthError('invalid-input', `Not valid: ${line}.`, { details: { fields: [line] } });
}
