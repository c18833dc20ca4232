/** One's own workspace, found or made: which is meant, on which host, and that two who ask at once get one. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Host } from '#contract/hosts.ts';
import { type HostId, localOwnerId, type ProjectId, type UserId, type WorkspaceId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { type Project, projectDefaults } from '#contract/projects.ts';
import { type Scope, scopes } from '#contract/scopes.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Collection } from '#main/control-plane/changes.ts';
import type { HandlerContext } from '#main/control-plane/handler.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import {
  type EnsureWish,
  FirstWorkspace,
  type FirstWorkspaceChoice,
} from '#main/control-plane/workspaces/first-workspace.ts';

const at = '2026-01-02T03:04:05.000Z';
const idOf = <P extends string>(prefix: P, number: number) =>
  `${prefix}_${String(number).padStart(20, '0')}` as const;
const other: UserId = 'user_11111111111111111111';

/** The other nouns' handlers, with each person's things apart, as the plane keeps them. */
class World {
  readonly projects = new Collection<Project>();
  readonly workspaces = new Collection<Workspace & { owner: UserId }>();
  readonly operations = new Collection<Operation>();
  readonly hosts = new Collection<Host>();
  readonly made: unknown[] = [];
  readonly started: WorkspaceId[] = [];
  /** Holds each creation back. */
  gate: Promise<void> = Promise.resolve();
  readonly first: FirstWorkspace;
  #count = 0;

  constructor(choice: FirstWorkspaceChoice | null = null) {
    this.first = new FirstWorkspace({
      choice,
      handlers: () => ({
        'projects.watch': (_input, { signal }) => this.projects.watch(signal),
        'hosts.watch': (_input, { signal }) => this.hosts.watch(signal),
        'operations.watch': (_input, { signal }) => this.operations.watch(signal),
        'workspaces.watch': (_input, { caller, signal }) =>
          this.workspaces.watch(signal, ({ owner }) => owner === caller.userId),
        'projects.create': (definition) => {
          if (this.projects.all().some(({ name }) => name === definition.name))
            throw new BerthError('project.name-taken', 'Taken.');
          return this.project(definition.name, definition.image);
        },
        'workspaces.create': async (wish, { caller }) => {
          this.made.push(wish);
          await this.gate;
          if (this.workspaces.all().some(({ name }) => name === wish.name))
            throw new BerthError('workspace.name-taken', 'Taken.');
          const project = this.projects.get(wish.projectId);
          const workspace = this.workspace(
            { name: wish.name, projectId: wish.projectId, hostId: wish.hostId, state: 'creating' },
            caller.userId,
            project?.image,
          );
          const operation = this.operation('workspace.create', workspace.id);
          this.workspaces.put({ ...workspace, operationId: operation.id });
          return { workspace, operation };
        },
        'workspaces.start': ({ id }) => {
          this.started.push(id);
          return this.operation('workspace.start', id);
        },
      }),
    });
  }

  host(name: string, phase: 'ready' | 'lost' = 'ready'): Host {
    const state =
      phase === 'ready'
        ? { phase, sinceAt: at, roundTripMs: 1, engineRoute: 'stream-forward', engineError: null }
        : { phase };
    const host = { id: idOf('host', ++this.#count), name, state } as unknown as Host;
    this.hosts.put(host);
    return host;
  }
  project(name: string, image = 'debian:12'): Project {
    const id = idOf('proj', ++this.#count) as ProjectId;
    const project = { ...projectDefaults, environment: [], id, name, image, createdAt: at, changedAt: at };
    this.projects.put(project);
    return project;
  }
  workspace(over: Partial<Workspace>, owner: UserId = localOwnerId, image = 'debian:12') {
    const id = idOf('ws', ++this.#count) as WorkspaceId;
    const workspace = {
      id,
      name: `w${this.#count}`,
      projectId: null,
      hostId: idOf('host', 0),
      image,
      state: 'running',
      operationId: null,
      move: null,
      owner,
      ...over,
    } as unknown as Workspace & { owner: UserId };
    this.workspaces.put(workspace);
    return workspace;
  }
  operation(kind: Operation['kind'], id: WorkspaceId): Operation {
    const operation = {
      id: idOf('op', ++this.#count),
      kind,
      endedAt: null,
      state: 'running',
      subject: { kind: 'workspace', id, name: '' },
    } as unknown as Operation;
    this.operations.put(operation);
    return operation;
  }

  ensure(wish: Partial<EnsureWish> = {}, userId = localOwnerId, granted: readonly Scope[] = scopes) {
    const context: HandlerContext = {
      caller: { userId, userName: 'x', scopes: new Set(granted), mode: 'served' },
      signal: new AbortController().signal,
    };
    return this.first.ensure(
      {
        projectId: null,
        image: null,
        name: null,
        hostId: null,
        mayCreate: true,
        accessPassword: null,
        ...wish,
      },
      context,
    );
  }
}

const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no failure',
    (error: BerthError) => error.code,
  );

describe('what is there', () => {
  it('is found by project, image or name, and left alone while it runs', async () => {
    const world = new World();
    const project = world.project('p');
    const workspace = world.workspace({ projectId: project.id });
    for (const wish of [{}, { projectId: project.id }, { image: 'debian:12' }, { name: 'W2' }]) {
      const found = await world.ensure(wish);
      expect([found.workspace.id, found.operation, found.isNew]).toEqual([workspace.id, null, false]);
    }
    expect(world.made).toEqual([]);
  });

  it('is started where it does not run, and joined where it is on the way', async () => {
    const world = new World();
    const stopped = world.workspace({ state: 'stopped', name: 'stopped' });
    const found = await world.ensure({ name: 'stopped' });
    expect(world.started).toEqual([stopped.id]);
    expect(found.operation?.kind).toBe('workspace.start');
    const starting = world.workspace({ state: 'starting', name: 'starting' });
    const operation = world.operation('workspace.restart', starting.id);
    world.workspaces.put({ ...starting, operationId: operation.id });
    expect((await world.ensure({ name: 'starting' })).operation).toEqual(operation);
    expect(world.started).toEqual([stopped.id]);
  });

  it('is never guessed between two, but for the image of first workspaces', async () => {
    const world = new World({ image: 'first:1', hostName: null });
    const project = world.project('p');
    world.workspace({ name: 'one', projectId: project.id });
    world.workspace({ name: 'two', projectId: project.id });
    await expect(world.ensure({ projectId: project.id })).rejects.toMatchObject({
      code: 'conflict',
      message: /“one”, “two”/,
    });
    const third = world.workspace({ name: 'three' }, localOwnerId, 'first:1');
    expect((await world.ensure()).workspace.id).toBe(third.id);
  });

  it('is the copy of a move, not its source', async () => {
    const world = new World();
    const move = { otherId: idOf('ws', 9) as WorkspaceId, otherHostId: idOf('host', 9), movedAt: at };
    world.workspace({ name: 'w', move: { ...move, role: 'source' } });
    const copy = world.workspace({ name: 'w', move: { ...move, role: 'copy' } });
    expect((await world.ensure({ name: 'w' })).workspace.id).toBe(copy.id);
  });

  it('is never another person’s', async () => {
    const world = new World();
    world.host('h');
    const project = world.project('p');
    const theirs = world.workspace({ projectId: project.id, name: 'p' }, other);
    expect(await rejection(world.ensure({ projectId: project.id, mayCreate: false }))).toBe('not-found');
    const mine = await world.ensure({ projectId: project.id });
    expect(mine.isNew).toBe(true);
    expect(mine.workspace.id).not.toBe(theirs.id);
    // Its name is taken, which must not be a reason to refuse.
    expect(mine.workspace.name).toBe('p (2)');
  });
});

describe('what is not there', () => {
  it('is made with a project of the image, on the only host that is connected', async () => {
    const world = new World({ image: 'first:1', hostName: null });
    world.host('away', 'lost');
    const host = world.host('here');
    world.project('first:1', 'another:1');
    const { workspace, operation, isNew } = await world.ensure();
    expect([isNew, operation?.kind, workspace.hostId]).toEqual([true, 'workspace.create', host.id]);
    expect(world.projects.all().map(({ name, image }) => [name, image])).toEqual([
      ['first:1', 'another:1'],
      ['first:1 (2)', 'first:1'],
    ]);
  });

  it('is one for two who ask at once, and one for each person', async () => {
    const world = new World();
    world.host('h');
    const open = Promise.withResolvers<void>();
    world.gate = open.promise;
    const asked = [
      world.ensure({ image: 'a:1' }),
      world.ensure({ image: 'a:1' }),
      world.ensure({ image: 'a:1' }, other),
    ];
    open.resolve();
    const [first, second, third] = await Promise.all(asked);
    expect(second?.workspace.id).toBe(first?.workspace.id);
    expect([first?.isNew, second?.isNew, third?.isNew]).toEqual([true, false, true]);
    expect(second?.operation).toEqual(first?.operation);
    expect(world.workspaces.all()).toHaveLength(2);
  });

  it('does not keep others waiting for somebody whose making failed', async () => {
    const world = new World();
    expect(await rejection(world.ensure({ image: 'a:1' }))).toBe('host.not-connected');
    world.host('h');
    expect((await world.ensure({ image: 'a:1' })).isNew).toBe(true);
  });

  it('is made on the configured host, on the one that is said, or nowhere where several would do', async () => {
    const world = new World();
    const [a, b] = [world.host('alpha'), world.host('beta')];
    await expect(world.ensure({ image: 'a:1' })).rejects.toMatchObject({
      code: 'conflict',
      message: /“alpha”, “beta”/,
    });
    expect((await world.ensure({ image: 'a:1', hostId: b.id })).workspace.hostId).toBe(b.id);
    const configured = new World({ image: 'a:1', hostName: 'alpha' });
    configured.hosts.put(a);
    configured.hosts.put(b);
    expect((await configured.ensure()).workspace.hostId).toBe(a.id satisfies HostId);
    const wrong = new World({ image: 'a:1', hostName: 'gamma' });
    wrong.host('alpha');
    await expect(wrong.ensure()).rejects.toMatchObject({ code: 'conflict', message: /gamma/ });
  });

  it('is refused where nobody said of what, where it may not be made, and where the rights are too few', async () => {
    const world = new World();
    world.host('h');
    expect(await rejection(world.ensure())).toBe('invalid-input');
    expect(await rejection(world.ensure({ image: 'a:1', mayCreate: false }))).toBe('not-found');
    const few: Scope[] = ['workspaces.read', 'workspaces.write', 'projects.read', 'hosts.read'];
    expect(await rejection(world.ensure({ image: 'a:1' }, localOwnerId, few))).toBe('not-found');
    expect(world.projects.all()).toEqual([]);
    const { id } = world.project('p');
    expect(await rejection(world.ensure({ projectId: id, image: 'a:1' }))).toBe('invalid-input');
    expect(await rejection(world.ensure({ projectId: idOf('proj', 99) as ProjectId }))).toBe('not-found');
    expect((await world.ensure({ projectId: id }, localOwnerId, few)).isNew).toBe(true);
  });

  it('gets the password that was given', async () => {
    const world = new World();
    world.host('h');
    const accessPassword = { variable: 'PW', delivery: 'file', value: new Secret('s3cret') } as const;
    await world.ensure({ image: 'a:1', accessPassword });
    expect(world.made).toMatchObject([
      { accessPassword: { variable: 'PW', delivery: 'file', value: 's3cret' } },
    ]);
  });
});
