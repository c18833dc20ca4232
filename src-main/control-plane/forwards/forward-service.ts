/**
 * What can be done with forwards. Guarantees: what somebody wants is on disk before it is done; one thing at a time is done
 * to a forward; forwards go where their workspace goes, and end with it. Opens nothing before `start`. Long because there
 * are many verbs, each of a few lines.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Forward, ForwardKind } from '#contract/forwards.ts';
import type { ForwardId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import type { AppDefinition, PortProtocol } from '#contract/projects.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Random } from '../interfaces/random.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import { freeLabel } from './app-label.ts';
import type { Apps } from './apps.ts';
import type { DialService } from './dial-service.ts';
import { type ForwardRecord, needsLocalPower, titleOf } from './forward.ts';
import type { ForwardDirectory } from './forward-directory.ts';
import type { LocalForwards } from './local-forwards.ts';
import type { RemoteForwards } from './remote-forwards.ts';
import type { Ways } from './ways.ts';
import type { FollowsWorkspaces } from './workspace-follower.ts';

/** Of one workspace: a listener costs little, and a list of more is read by nobody. */
const maxForwards = 256;

export type ForwardWish = ParsedInputOf<'forwards.create'>;
type ForwardEdit = ParsedInputOf<'forwards.edit'>;

export interface ForwardServiceDeps {
  readonly directory: ForwardDirectory;
  readonly workspaces: Pick<
    WorkspaceDirectory,
    'record' | 'require' | 'records' | 'ownerOf' | 'onChange' | 'onRemove'
  >;
  readonly apps: Apps;
  readonly locals: LocalForwards;
  readonly remotes: RemoteForwards;
  readonly dials: Pick<DialService, 'renew'>;
  readonly ways: Pick<Ways, 'onChange' | 'isOpen'>;
  /** What the port speaks; throws where it cannot be asked. */
  readonly probe: (id: WorkspaceId, port: number) => Promise<PortProtocol>;
  readonly clock: Clock;
  readonly random: Pick<Random, 'id' | 'bytes'>;
}

export class ForwardService implements FollowsWorkspaces {
  readonly #deps: ForwardServiceDeps;
  readonly #last = new Map<ForwardId, Promise<unknown>>();
  readonly #stopListening: () => void;
  #isStarted = false;

  constructor(deps: ForwardServiceDeps) {
    this.#deps = deps;
    this.#stopListening = deps.ways.onChange((id) => deps.directory.refreshWorkspace(id));
  }

  /** After the workspaces' records. What no workspace has any more is forgotten. */
  async load(isReadOnly: boolean): Promise<void> {
    const { directory, workspaces } = this.#deps;
    await directory.load();
    if (isReadOnly) return;
    for (const { id, workspaceId } of directory.all())
      if (workspaces.record(workspaceId) === undefined) await directory.remove(id);
  }

  start(): void {
    this.#isStarted = true;
    // Why one does not listen is its own problem, and is shown there.
    for (const record of this.#deps.directory.all())
      if (record.isWanted) this.#inOrder(record.id, () => this.#open(record.id)).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#isStarted = false;
    this.#stopListening();
    await Promise.allSettled(this.#last.values());
    this.#deps.remotes.close();
    await this.#deps.locals.close();
    this.#deps.directory.close();
  }

  /** Throws forward.exists, forward.port-taken, too-many, not-found. */
  async create(wish: ForwardWish, { isByRule } = { isByRule: false }): Promise<Forward> {
    const { directory, workspaces, clock, random } = this.#deps;
    const workspace = workspaces.require(wish.workspaceId);
    const app = workspace.definition.apps?.find(({ port }) => port === wish.port);
    const id = random.id('fwd') as ForwardId;
    const { protocol, isProtocolKnown } = await this.#protocolOf(wish, app);
    // Nothing is awaited from here until the directory knows it: what two ask for at once is made once.
    this.#requireNew(wish);
    const localPort = this.#localPortOf(wish);
    const record: ForwardRecord = {
      id,
      workspaceId: wish.workspaceId,
      kind: wish.kind,
      name: wish.name ?? app?.name ?? '',
      port: wish.port,
      protocol,
      isProtocolKnown,
      localPort,
      path: wish.path ?? app?.path ?? '/',
      login: wish.login ?? app?.login ?? { how: 'none' },
      hostHeader: wish.hostHeader,
      isByRule,
      isWanted: true,
      createdAt: instantOf(clock),
      label: wish.kind === 'app' ? this.#labelOf(workspace, wish.port ?? 0) : null,
    };
    await directory.add(record);
    return await this.#inOrder(id, async () => {
      try {
        if (isLocal(wish.kind)) await this.#claim(record, wish.localPort);
        else await this.#open(id);
      } catch (error) {
        await directory.remove(id);
        throw error;
      }
      return directory.view(id);
    });
  }

  /** The app on this port, made where there is none, and started where it was stopped. */
  async openPort(workspaceId: WorkspaceId, port: number): Promise<Forward> {
    const { directory } = this.#deps;
    const before = directory.findPort(workspaceId, 'app', port);
    if (before === undefined)
      return await this.create({
        workspaceId,
        kind: 'app',
        name: null,
        port,
        protocol: null,
        localPort: null,
        path: null,
        login: null,
        hostHeader: 'kept',
      });
    if (!before.isWanted) return await this.startForward(before.id);
    await this.learnProtocol(before.id);
    return directory.view(before.id);
  }

  /** Throws forward.port-taken; it then goes on trying. */
  startForward(id: ForwardId): Promise<Forward> {
    return this.#inOrder(id, async () => {
      const { directory } = this.#deps;
      const { isWanted } = directory.require(id);
      await directory.change(id, { isWanted: true });
      if (!isWanted || directory.view(id).problem !== null) await this.#open(id);
      return directory.view(id);
    });
  }

  stopForward(id: ForwardId): Promise<Forward> {
    return this.#inOrder(id, async () => {
      const { directory } = this.#deps;
      directory.require(id);
      await directory.change(id, { isWanted: false });
      await this.#shut(id);
      return directory.view(id);
    });
  }

  /** Throws forward.port-taken; it then goes on trying. */
  restartForward(id: ForwardId): Promise<Forward> {
    return this.#inOrder(id, async () => {
      const { directory, dials } = this.#deps;
      const { workspaceId } = directory.require(id);
      await directory.change(id, { isWanted: true });
      await this.#shut(id);
      await dials.renew(workspaceId);
      await this.#open(id);
      return directory.view(id);
    });
  }

  remove(id: ForwardId): Promise<void> {
    return this.#inOrder(id, async () => {
      const record = this.#deps.directory.require(id);
      await this.#shut(id);
      await this.#deps.directory.remove(id);
      this.#deps.apps.changed(record);
    });
  }

  /** Throws forward.port-taken, forward.exists, invalid-input. */
  edit({ id, localPort, ...wish }: ForwardEdit): Promise<Forward> {
    return this.#inOrder(id, async () => {
      const { directory, locals, apps } = this.#deps;
      const record = directory.require(id);
      if (wish.protocol !== undefined) requireFit(record.kind, wish.protocol);
      if (localPort !== undefined && record.kind === 'app')
        throw BerthError.atField('localPort', 'A web app has no local port of its own.');
      if (localPort !== undefined && localPort !== record.localPort) {
        if (isLocal(record.kind)) {
          this.#requireUnused(localPort, id);
          if (record.isWanted) await locals.claim(record, [localPort]);
          directory.setProblem(id, null);
        }
        await directory.change(id, { localPort });
      }
      await directory.change(id, {
        ...(wish.name === undefined ? {} : { name: wish.name ?? '' }),
        ...(wish.protocol === undefined ? {} : { protocol: wish.protocol, isProtocolKnown: true }),
        ...(wish.path === undefined ? {} : { path: wish.path }),
        ...(wish.login === undefined ? {} : { login: wish.login }),
        ...(wish.hostHeader === undefined ? {} : { hostHeader: wish.hostHeader }),
      });
      apps.changed(record);
      return directory.view(id);
    });
  }

  /** Of an app of which nobody said it: asks the port. Where it cannot be asked, nothing changes. */
  async learnProtocol(id: ForwardId): Promise<void> {
    const { directory, apps } = this.#deps;
    const record = directory.require(id);
    if (record.kind !== 'app' || record.isProtocolKnown || record.port === null) return;
    const protocol = await this.#ask(record.workspaceId, record.port);
    if (protocol === undefined) return;
    await directory.change(id, { protocol, isProtocolKnown: true });
    apps.changed(record);
  }

  /** What listens on this computer is stopped: whoever takes a person's workspaces over may not be allowed to. */
  async beforeHandingOver(from: UserId): Promise<void> {
    const { directory, workspaces } = this.#deps;
    for (const record of directory.all())
      if (needsLocalPower(record) && workspaces.ownerOf(record.workspaceId) === from)
        await this.stopForward(record.id);
  }

  /** Forwards are whose their workspaces are: other eyes are to see them. */
  afterHandingOver(): void {
    const { directory, apps } = this.#deps;
    directory.showAnew();
    apps.allChanged();
  }

  /** A workspace was moved, or its move taken back: what led to the one leads to the other. */
  async bring(from: WorkspaceId, to: WorkspaceId): Promise<void> {
    const { directory, apps } = this.#deps;
    await Promise.all(
      directory.ofWorkspace(from).map(({ id }) =>
        this.#inOrder(id, async () => {
          await directory.change(id, { workspaceId: to });
          const record = directory.require(id);
          apps.changed(record);
          // Its listener stands in the network of the other one.
          if (record.kind === 'remote' && record.isWanted) await this.#open(id);
        }),
      ),
    );
  }

  async removeAll(workspaceId: WorkspaceId): Promise<void> {
    await Promise.all(this.#deps.directory.ofWorkspace(workspaceId).map(({ id }) => this.remove(id)));
  }

  // --- private ------------------------------------------------------------------------------------------------------

  async #open(id: ForwardId): Promise<void> {
    const { directory, locals, remotes, apps } = this.#deps;
    const record = directory.find(id);
    if (!this.#isStarted || record === undefined || !record.isWanted) return;
    if (isLocal(record.kind)) await locals.start(record);
    else if (record.kind === 'remote') await remotes.start(record);
    else {
      await apps.settle(id);
      apps.changed(record);
    }
  }

  /** What goes through it is cut. */
  async #shut(id: ForwardId): Promise<void> {
    const { directory, locals, remotes, apps } = this.#deps;
    const record = directory.find(id);
    if (record === undefined) return;
    if (isLocal(record.kind)) await locals.stop(id);
    else if (record.kind === 'remote') remotes.stop(id);
    else apps.changed(record);
    directory.setProblem(id, null);
  }

  /** `wanted` null: as in the workspace where that is free, else any. */
  async #claim(record: ForwardRecord, wanted: number | null): Promise<void> {
    const { directory, locals } = this.#deps;
    const same = record.localPort;
    const ports = wanted !== null ? [wanted] : same === null ? [null] : [same, null];
    const localPort = await locals.claim(record, ports);
    await directory.change(record.id, { localPort });
  }

  #localPortOf({ kind, port, localPort }: ForwardWish): number | null {
    if (kind === 'app') {
      if (localPort !== null)
        throw BerthError.atField('localPort', 'A web app has no local port of its own.');
      return null;
    }
    if (kind === 'remote') return localPort ?? port;
    if (localPort !== null) this.#requireUnused(localPort, undefined);
    const wish = localPort ?? port;
    return wish === null || this.#userOf(wish, undefined) !== undefined ? null : wish;
  }

  #userOf(localPort: number, except: ForwardId | undefined): ForwardRecord | undefined {
    return this.#deps.directory
      .all()
      .find((record) => isLocal(record.kind) && record.localPort === localPort && record.id !== except);
  }

  #requireUnused(localPort: number, except: ForwardId | undefined): void {
    const other = this.#userOf(localPort, except);
    if (other === undefined) return;
    throw new BerthError(
      'forward.exists',
      `Port ${localPort} of this computer is that of another forward. Choose another one, or remove that.`,
      { details: { field: 'localPort', port: localPort } },
    );
  }

  #requireNew({ workspaceId, kind, port }: ForwardWish): void {
    const { directory } = this.#deps;
    const others = directory.ofWorkspace(workspaceId);
    if (others.length >= maxForwards)
      throw new BerthError(
        'too-many',
        `This workspace has ${maxForwards} forwards, and that is the limit. Remove some first.`,
      );
    const same = kind === 'tcp' ? undefined : directory.findPort(workspaceId, kind, port);
    if (same === undefined) return;
    throw new BerthError('forward.exists', `“${titleOf(same)}” is such a forward already.`, {
      details: { forwardId: same.id },
    });
  }

  #labelOf({ name }: WorkspaceRecord, port: number): string {
    const { directory, random } = this.#deps;
    const isTaken = (label: string) => directory.byLabel(label) !== undefined;
    return freeLabel({ workspaceName: name, port }, isTaken, random);
  }

  async #protocolOf(
    { kind, port, protocol, workspaceId }: ForwardWish,
    app: AppDefinition | undefined,
  ): Promise<{ protocol: PortProtocol; isProtocolKnown: boolean }> {
    if (protocol !== null) {
      requireFit(kind, protocol);
      return { protocol, isProtocolKnown: true };
    }
    const said = app?.protocol;
    if (kind !== 'app') return { protocol: said ?? 'tcp', isProtocolKnown: said !== undefined };
    if (said !== undefined && said !== 'tcp') return { protocol: said, isProtocolKnown: true };
    const answered = port === null ? undefined : await this.#ask(workspaceId, port);
    return { protocol: answered ?? 'http', isProtocolKnown: answered !== undefined };
  }

  /** What a browser or a screen could be shown; undefined where nobody knows. */
  async #ask(id: WorkspaceId, port: number): Promise<PortProtocol | undefined> {
    if (!this.#deps.ways.isOpen(id)) return undefined;
    const protocol = await this.#deps.probe(id, port).catch(() => undefined);
    return protocol === 'tcp' ? undefined : protocol;
  }

  #inOrder<T>(id: ForwardId, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id) ?? Promise.resolve();
    const result = before.then(work, work);
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(id, settled);
    void settled.then(() => {
      if (this.#last.get(id) === settled) this.#last.delete(id);
    });
    return result;
  }
}

function isLocal(kind: ForwardKind): boolean {
  return kind === 'tcp' || kind === 'socks';
}

function requireFit(kind: ForwardKind, protocol: PortProtocol): void {
  if (kind === 'app' && protocol === 'tcp')
    throw BerthError.atField('protocol', 'A web app speaks http, https or vnc.');
}
