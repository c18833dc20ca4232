import { beforeEach, describe, expect, it } from 'vitest';
import { localOwnerId as me, type ProjectId } from '#contract/ids.ts';
import { projectDefaults, type ProjectDefinition } from '#contract/projects.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import { ImageBuilds } from '#main/control-plane/projects/image-builds.ts';
import { createProjectHandlers } from '#main/control-plane/projects/project-handlers.ts';
import { createProjectService, type ProjectService } from '#main/control-plane/projects/project-service.ts';
import type { OperationStarter } from '#main/control-plane/operations/operation-definition.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';
import { ownershipWith, userIdOf } from '#test/harness/ownership.ts';

let records: MemoryRecordStore;
let clock: ManualClock;
let workspaces: Map<ProjectId, string[]>;
let service: ProjectService;
beforeEach(async () => {
  records = new MemoryRecordStore();
  clock = new ManualClock();
  workspaces = new Map();
  service = await start();
});

function start(): Promise<ProjectService> {
  return createProjectService({
    records,
    clock,
    random: createSystemRandom(),
    workspacesOf: (id) => workspaces.get(id) ?? [],
  });
}
const definition = (name: string): ProjectDefinition => ({
  ...projectDefaults,
  environment: [{ name: 'A', value: '1' }],
  name,
  image: 'debian:12',
});

describe('project service', () => {
  it('keeps projects over a start', async () => {
    const project = await service.create(definition('Web'), me);
    expect(project).toMatchObject({ name: 'Web', createdAt: project.changedAt });
    expect((await start()).require(project.id)).toEqual(project);
  });

  it.each([
    ['Web', 'web'],
    ['Größe', 'grÖßE'],
    ['caf\u00e9', 'CAFE\u0301'],
  ])('takes %s and %s for one name', async (first, second) => {
    const project = await service.create(definition(first), me);
    await expect(service.create(definition(second), me)).rejects.toMatchObject({
      code: 'project.name-taken',
      details: { field: 'name', projectId: project.id },
    });
  });

  it('lets only one of two calls at once have a name', async () => {
    const outcomes = await Promise.allSettled([
      service.create(definition('same'), me),
      service.create(definition('SAME'), me),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('changes what is given, may change the case of its own name, and takes no other name', async () => {
    const web = await service.create(definition('web'), me);
    await service.create(definition('db'), me);
    await clock.advance(1000);
    const edited = await service.edit(web.id, { name: 'WEB', shell: '/bin/zsh', image: undefined });
    expect(edited).toEqual({ ...web, name: 'WEB', shell: '/bin/zsh', changedAt: '2026-01-02T03:04:06.000Z' });
    await expect(service.edit(web.id, { name: 'Db' })).rejects.toMatchObject({ code: 'project.name-taken' });
    expect(service.find(web.id, me)).toEqual(edited);
    expect((await start()).find(web.id, me)).toEqual(edited);
  });

  it('takes back what need not be said, where it is given as nothing', async () => {
    const web = await service.create(
      {
        ...definition('web'),
        ...{ description: 'x', sharedMemoryBytes: 1024 ** 3, recipe: 'browser' },
        accessPassword: { variable: 'PASSWORD', delivery: 'file' },
        shell: '/bin/zsh',
      },
      me,
    );
    const edited = await service.edit(web.id, {
      ...{ description: null, sharedMemoryBytes: null, recipe: null, accessPassword: null },
      shell: null,
    });
    expect(edited).toEqual({
      ...definition('web'),
      id: web.id,
      shell: null,
      createdAt: web.createdAt,
      changedAt: web.changedAt,
    });
    expect((await start()).find(web.id, me)).toEqual(edited);
  });

  it('loses none of two changes at once', async () => {
    const project = await service.create(definition('web'), me);
    await Promise.all([
      service.edit(project.id, { shell: '/bin/zsh' }),
      service.edit(project.id, { image: 'debian:13' }),
    ]);
    expect(service.find(project.id, me)).toMatchObject({ shell: '/bin/zsh', image: 'debian:13' });
  });

  it('keeps a project that workspaces use, and names them', async () => {
    const project = await service.create(definition('web'), me);
    workspaces.set(project.id, ['one', 'two']);
    await expect(service.remove(project.id)).rejects.toMatchObject({
      code: 'project.in-use',
      message: expect.stringContaining('“one”, “two”'),
      details: { workspaces: ['one', 'two'] },
    });
    workspaces.clear();
    await service.remove(project.id);
    expect((await start()).find(project.id, me)).toBeUndefined();
    await expect(service.remove(project.id)).rejects.toMatchObject({ code: 'not-found' });
    await expect(service.edit(project.id, { name: 'x' })).rejects.toMatchObject({ code: 'not-found' });
  });

  describe('of two people', () => {
    const other = userIdOf('b');

    it('may have one name, and each is only its owner’s', async () => {
      const mine = await service.create(definition('web'), me);
      const theirs = await service.create(definition('web'), other);
      expect(service.find(mine.id, me)).toEqual(mine);
      expect(service.find(mine.id, other)).toBeUndefined();
      expect(service.ownerOf(theirs.id)).toBe(other);
      expect(JSON.stringify([mine, theirs])).not.toContain('ownerId');
      await expect(service.edit(theirs.id, { name: 'db' })).resolves.toMatchObject({ name: 'db' });
      expect((await start()).ownerOf(theirs.id)).toBe(other);
    });

    it('are not mixed where a workspace or an archive names somebody else’s', async () => {
      const mine = await service.create(definition('web'), me);
      await expect(service.adopt(mine.id, definition('stolen'), other)).resolves.toBe(false);
      expect(service.find(mine.id, me)).toEqual(mine);
      const unknown = 'proj_0123456789abcdefghjk';
      await expect(service.adopt(unknown, definition('web'), other)).resolves.toBe(true);
      // The name is free there: the other one is not this person's.
      expect(service.find(unknown, other)).toMatchObject({ name: 'web' });
      await expect(service.adopt(unknown, definition('again'), other)).resolves.toBe(true);
      expect(service.find(unknown, other)).toMatchObject({ name: 'web' });
    });
  });

  it('shows watchers each change once it is kept', async () => {
    const end = new AbortController();
    const handlers = createProjectHandlers(
      service,
      new ImageBuilds({
        links: new FakeLinks(),
        operations: { define: () => undefined } as unknown as OperationStarter,
      }),
      ownershipWith({ proj: (id) => service.ownerOf(id) }),
    );
    const context = {
      caller: {
        userId: 'user_00000000000000000000',
        userName: 'me',
        scopes: new Set<never>(),
        mode: 'served',
      },
      signal: end.signal,
    } as const;
    const changes = handlers['projects.watch']({}, context)[Symbol.asyncIterator]();
    expect((await changes.next()).value).toEqual({ type: 'all', revision: 0, items: [] });
    const project = await handlers['projects.create'](definition('web'), context);
    expect((await changes.next()).value).toMatchObject({ type: 'change', upserted: [project] });
    const edited = await handlers['projects.edit']({ id: project.id, name: 'web 2' }, context);
    expect((await changes.next()).value).toMatchObject({ upserted: [edited] });
    expect(await handlers['projects.remove']({ id: project.id }, context)).toEqual({});
    expect((await changes.next()).value).toMatchObject({ removed: [project.id] });
    end.abort();
  });
});
