/** What a move and a fork ask before anything is begun: whose project it is, and whether there is room. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, SnapshotId, WorkspaceId } from '#contract/ids.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import type { Addition } from '#main/control-plane/quotas/usage.ts';
import { defineMoveOperations, type MoveDeps } from '#main/control-plane/snapshots/move-operations.ts';
import { type MovesServiceDeps, MovesService } from '#main/control-plane/snapshots/moves-service.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';
import { userIdOf } from '#test/harness/ownership.ts';

const [from, to] = ['f', 't'].map((letter) => `host_${letter.repeat(20)}` as HostId) as [HostId, HostId];
const id = `ws_${'w'.repeat(20)}` as WorkspaceId;
const [a, b] = [userIdOf('a'), userIdOf('b')];
const projectId = `proj_${'p'.repeat(20)}`;

function world({ refusal, ownerOfProject }: { refusal?: BerthError; ownerOfProject?: string } = {}) {
  const links = new FakeLinks();
  for (const hostId of [from, to]) links.ready(hostId, { engine: {} as never, engineInfo: {} as never });
  const asked: Addition[] = [];
  const begun: string[] = [];
  const names: unknown[] = [];
  const made: unknown[] = [];
  const service = new MovesService({
    snapshots: {
      require: () => ({ hostId: from, manifest: { about: { projectId, definition: { name: 'web' } } } }),
    },
    workspaces: {
      directory: {
        require: () => ({ id, hostId: from, ownerId: a, name: 'web', move: null, volumeName: 'v' }),
        requireFreeName: (place: object) => names.push(place),
      },
      createFrom: async (wish: object) => {
        made.push(wish);
        return {};
      },
    },
    projects: { adopt: async (_id: string, _definition: object, owner: string) => owner === ownerOfProject },
    links,
    random: createSystemRandom(),
    quotas: {
      require: (_userId: string, more: Addition) => {
        asked.push(more);
        if (refusal !== undefined) throw refusal;
      },
      volumeBytes: () => 777,
    },
    begin: async (kind: { kind: string }) => {
      begun.push(kind.kind);
      return {};
    },
    operations: {},
  } as unknown as MovesServiceDeps);
  return { service, asked, begun, names, made };
}

describe('a move', () => {
  it('needs room for two snapshots and for its files once more, and a name among its owner’s there', async () => {
    const { service, asked, begun, names } = world();
    await service.move(id, to, a);
    expect(asked).toEqual([{ snapshots: 2, diskBytes: 777 }]);
    expect(names).toEqual([expect.objectContaining({ hostId: to, ownerId: a })]);
    expect(begun).toEqual(['workspace.move']);
  });

  it('that does not fit is not begun', async () => {
    const { service, begun } = world({ refusal: new BerthError('quota.exceeded', 'No room.') });
    await expect(service.move(id, to, a)).rejects.toMatchObject({ code: 'quota.exceeded' });
    expect(begun).toEqual([]);
  });
});

describe('a fork', () => {
  const snapshotId = `snap_${'s'.repeat(20)}` as SnapshotId;
  it('is of the project that its snapshot names, where that is one’s own', async () => {
    const { service, made } = world({ ownerOfProject: a });
    await service.fork(snapshotId, { name: 'n', hostId: null }, a);
    expect(made).toEqual([expect.objectContaining({ projectId, hostId: from })]);
  });

  it('is of no project where that is somebody else’s, whose environment it would read', async () => {
    const { service, made } = world({ ownerOfProject: b });
    await service.fork(snapshotId, { name: 'n', hostId: to }, a);
    expect(made).toEqual([expect.objectContaining({ projectId: null, hostId: to })]);
  });
});

describe('the other host’s disk', () => {
  const full = { exitCode: 0, stdout: 'Filesystem\n/dev/sda1 1000 1000 0 100% /var\n' };
  it.each(['network', 'container'])(
    'is told as full where its engine does not say why, in step %s',
    async (id) => {
      const definition = { environment: [], apps: [], name: 'web', image: 'debian:12', runtime: 'default' };
      const record = { id: to.replace('host', 'ws'), name: 'web', ownerId: a, projectId, definition };
      const refuse = async () => {
        throw new BerthError('engine.failed', 'The engine says: unexpected fault address.');
      };
      const { move } = defineMoveOperations({
        workspaces: { require: () => record },
        contentsOf: refuse,
      } as unknown as MoveDeps);
      const link = {
        connection: { exec: async () => full },
        engine: { ensureNetwork: refuse },
        engineInfo: { rootFolder: '/var/lib/docker' },
        hostName: 'atlas',
      };
      const context = {
        input: { copyId: record.id, toHostId: to, userId: a },
        link: () => link,
        log: () => undefined,
        signal: new AbortController().signal,
        operationId: `op_${'o'.repeat(20)}`,
      };
      const step = move.steps.find((one) => one.id === id);
      await expect(step?.run(context as never)).rejects.toMatchObject({
        code: 'host.disk-full',
        message: expect.stringContaining('unexpected fault address'),
      });
    },
  );
});
