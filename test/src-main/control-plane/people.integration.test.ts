/**
 * Two people and an owner on one real engine: each works as if alone, and none sees, names, reaches or disturbs what is
 * another's, on Berth's side and on the host's.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Host } from '#contract/hosts.ts';
import type { SnapshotId } from '#contract/ids.ts';
import type { Project } from '#contract/projects.ts';
import { noQuota } from '#contract/users.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { label } from '#main/control-plane/workspaces/labels.ts';
import { userIdOf } from '#test/harness/ownership.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const [aId, bId] = [userIdOf('a'), userIdOf('b')];
let remote: RemoteHost;
let owner: TestPlane;
let a: TestPlane;
let b: TestPlane;
let host: Host;
let projectOfA: Project;
let projectOfB: Project;
let ofA: Workspace;
let ofB: Workspace;

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await busyboxImage());
  owner = await startPlane();
  host = await owner.addHost(remote);
  a = await owner.connectAs(aId, 'member');
  b = await owner.connectAs(bId, 'member');
  // Names as alike as can be.
  projectOfA = await a.createProject('berth-busybox:test', { name: 'shop' });
  projectOfB = await b.createProject('berth-busybox:test', { name: 'shop' });
  ofA = await a.createWorkspace({ host, project: projectOfA, name: 'web' });
  ofB = await b.createWorkspace({ host, project: projectOfB, name: 'web' });
}, 180_000);
afterAll(async () => {
  await a?.close();
  await b?.close();
  await owner?.close();
  await remote?.stop();
});

async function failureOf(promise: Promise<unknown>): Promise<BerthError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof BerthError) return error;
  throw new Error(`it should have failed, and gave ${JSON.stringify(error)}`);
}
const shapeOf = async (promise: Promise<unknown>) => (await failureOf(promise)).toShape();

type Watched =
  | 'workspaces.watch'
  | 'projects.watch'
  | 'operations.watch'
  | 'terminals.watch'
  | 'snapshots.watch'
  | 'snapshots.hosts';
function all(who: TestPlane, method: Watched): Promise<string> {
  return who.until(method, {}, (items) => JSON.stringify(items));
}
const volumesOf = async (who: TestPlane) =>
  (await who.client.call('workspaces.keptVolumes', { hostId: host.id })).volumes.map(({ name }) => name);
const inside = (workspace: Workspace, ...argv: string[]) =>
  remote.docker('exec', workspace.containerId ?? '', ...argv);

describe('workspaces', () => {
  it('of the same name live beside each other, and everybody sees their own', async () => {
    for (const [who, own, other] of [
      [a, ofA, ofB],
      [b, ofB, ofA],
    ] as const) {
      const seen = await all(who, 'workspaces.watch');
      expect(seen).toContain(own.id);
      expect(seen).not.toContain(other.id);
    }
    for (const stream of ['workspaces.watch', 'projects.watch', 'operations.watch'] as const)
      expect(await all(owner, stream)).toBe('[]');
  });

  it('have nothing on the host in common, and say there whose they are', async () => {
    expect(ofA.containerId).not.toBe(ofB.containerId);
    expect(ofA.volumeName).not.toBe(ofB.volumeName);
    for (const [{ id, containerId, volumeName }, userId] of [
      [ofA, aId],
      [ofB, bId],
    ] as const) {
      const labelled = `label=${label.owner}=${userId}`;
      const listed = async (...argv: string[]) => (await remote.docker(...argv)).trim().split('\n');
      expect(await listed('ps', '--no-trunc', '--quiet', '--filter', labelled)).toEqual([containerId]);
      expect(await listed('volume', 'ls', '--quiet', '--filter', labelled)).toEqual([volumeName]);
      const networks = await listed('network', 'ls', '--filter', labelled, '--format', '{{.Name}}');
      expect(networks).toHaveLength(1);
      const used = await remote.docker(
        'inspect',
        '--format',
        '{{range $name, $one := .NetworkSettings.Networks}}{{$name}} {{end}}',
        containerId ?? '',
      );
      expect(used.trim()).toBe(networks[0]);
      expect(volumeName).toContain(id.slice('ws_'.length, 'ws_'.length + 12));
    }
  });

  it('cannot reach each other over the network', async () => {
    const address = (
      await remote.docker(
        'inspect',
        '--format',
        '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
        ofB.containerId ?? '',
      )
    ).trim();
    await inside(ofB, 'sh', '-c', 'echo hello > /tmp/index.html && httpd -p 8080 -h /tmp');
    // nc, for wget of a static BusyBox crashes in the resolver.
    const ask = async ({ containerId }: Workspace) => {
      const command = `printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${address} 8080`;
      return (await remote.run(['docker', 'exec', containerId ?? '', 'sh', '-c', command])).stdout;
    };
    // It answers itself: what follows is no matter of a server that is not there.
    await waitUntil(async () => (await ask(ofB)).includes('hello'), {
      what: 'an answer of the server to itself',
    });
    expect(await ask(ofA)).toBe('');
  });

  it('answer to nobody else, and nothing happens to them', async () => {
    const nothing = await shapeOf(b.client.call('workspaces.stop', { id: `ws_${'0'.repeat(20)}` }));
    for (const who of [b, owner]) {
      expect(await shapeOf(who.client.call('workspaces.stop', { id: ofA.id }))).toEqual(nothing);
      expect(await shapeOf(who.client.call('workspaces.destroy', { id: ofA.id, keepVolume: false }))).toEqual(
        nothing,
      );
      const logs = who.client.bytes('workspaces.logs', { id: ofA.id });
      expect(await shapeOf(logs.ended)).toEqual(nothing);
    }
    await a.workspaceIn(ofA.id, 'running');
    expect(await inside(ofA, 'echo', 'alive')).toContain('alive');
  });
});

describe('terminals', () => {
  it('are one person’s; shells on hosts are for those who may change hosts', async () => {
    const size = { cols: 80, rows: 24 };
    const target = { kind: 'workspace', workspaceId: ofA.id } as const;
    const nothing = await shapeOf(b.client.call('workspaces.stop', { id: `ws_${'0'.repeat(20)}` }));
    for (const who of [b, owner])
      expect(await shapeOf(who.client.call('terminals.open', { target, size, name: null }))).toEqual(nothing);
    const mine = await a.client.call('terminals.open', { target, size, name: 'canary-shell' });
    const screen = a.attach(mine.id);
    screen.type('echo se$((1))cret\n');
    await screen.shows('se1cret');
    for (const who of [b, owner]) {
      expect(await all(who, 'terminals.watch')).not.toContain('canary-shell');
      const { stream } = who.attach(mine.id);
      expect(await shapeOf(stream.ended)).toEqual(nothing);
      expect(await shapeOf(who.client.call('terminals.close', { id: mine.id }))).toEqual(nothing);
    }
    const onHost = { target: { kind: 'host', hostId: host.id } as const, size, name: 'canary-host' };
    expect(await shapeOf(a.client.call('terminals.open', onHost))).toEqual(nothing);
    const ownersShell = await owner.client.call('terminals.open', onHost);
    expect(await all(a, 'terminals.watch')).not.toContain('canary-host');
    expect(await shapeOf(a.attach(ownersShell.id).stream.ended)).toEqual(nothing);
    await owner.client.call('terminals.close', { id: ownersShell.id });
    await a.client.call('terminals.close', { id: mine.id });
  });
});

async function snapshotOf(who: TestPlane, workspace: Workspace, name: string): Promise<SnapshotId> {
  const { snapshotId, operation } = await who.client.call('snapshots.create', {
    workspaceId: workspace.id,
    name,
  });
  await who.succeeded(operation.id);
  return snapshotId;
}

describe('snapshots', () => {
  it('are one person’s, also read anew from the host, and found by nobody else', async () => {
    await inside(ofA, 'sh', '-c', 'echo x > /home/dev/canary-file');
    const id = await snapshotOf(a, ofA, 'canary-snapshot');
    const nothing = await shapeOf(b.client.call('snapshots.verify', { id: `snap_${'0'.repeat(20)}` }));
    await owner.client.call('hosts.disconnect', { id: host.id });
    await owner.client.call('hosts.connect', { id: host.id });
    await owner.hostReady(host.id);
    await a.until('snapshots.hosts', {}, (hosts) => hosts.find(({ state }) => state === 'ready'));
    expect(await all(a, 'snapshots.watch')).toContain('canary-snapshot');
    for (const who of [b, owner]) {
      expect(await all(who, 'snapshots.watch')).not.toContain('canary-snapshot');
      expect(await all(who, 'snapshots.hosts')).not.toContain('canary');
      const { hits } = await who.client.call('snapshots.search', { query: 'canary-file' });
      expect(hits).toEqual([]);
      for (const one of [
        who.client.call('snapshots.browse', { id, path: '.' }),
        who.client.call('snapshots.destroy', { ids: [id] }),
        who.client.call('workspaces.fork', { snapshotId: id, name: 'stolen' }),
        who.client.bytes('snapshots.export', { id }).ended,
      ])
        expect(await shapeOf(one)).toEqual(nothing);
    }
    const { hits } = await a.client.call('snapshots.search', { query: 'canary-file' });
    expect(hits).toHaveLength(1);
    // An import under an id that somebody else's snapshot has does not make it one's own.
    const taking = b.client.bytes('snapshots.import', {
      id,
      hostId: host.id,
      workspaceId: null,
      name: 'mine now',
      sizeBytes: 10,
      image: 'berth-busybox:test',
      mountPoint: null,
    });
    expect(await shapeOf(taking.ended)).toEqual(nothing);
    expect(await all(b, 'snapshots.watch')).toBe('[]');
  }, 120_000);
});

describe('kept volumes', () => {
  it('are one person’s to see, to use again and to destroy', async () => {
    const gone = await a.createWorkspace({ host, project: projectOfA, name: 'gone' });
    const { id } = await a.client.call('workspaces.destroy', { id: gone.id, keepVolume: true });
    await a.succeeded(id);
    const name = gone.volumeName;
    expect(await volumesOf(a)).toEqual([name]);
    for (const who of [b, owner]) {
      expect(await volumesOf(who)).toEqual([]);
      for (const wish of [name, ofA.volumeName]) {
        const absent = 'berth-no-such';
        expect(
          await shapeOf(who.client.call('workspaces.destroyVolume', { hostId: host.id, name: wish })),
        ).toEqual(
          await shapeOf(who.client.call('workspaces.destroyVolume', { hostId: host.id, name: absent })),
        );
      }
    }
    const take = (volumeName: string) =>
      b.client.call('workspaces.create', {
        name: 'x',
        projectId: projectOfB.id,
        hostId: host.id,
        volumeName,
      });
    const refused = await shapeOf(take('berth-no-such'));
    expect(refused.code).toBe('invalid-input');
    expect(await shapeOf(take(name))).toEqual(refused);
    expect(await shapeOf(take(ofA.volumeName))).toEqual(refused);
    const again = await a.createWorkspace({ host, project: projectOfA, name: 'again', volumeName: name });
    expect(await volumesOf(a)).toEqual([]);
    const ended = await a.client.call('workspaces.destroy', { id: again.id, keepVolume: false });
    await a.succeeded(ended.id);
  }, 120_000);
});

describe('a share of the host', () => {
  it('goes to one of two who come at once for the last place, and says what is used up', async () => {
    owner.quotas.set(aId, { ...noQuota, workspaces: 2 });
    const create = (name: string, project = projectOfA) =>
      a.client.call('workspaces.create', { name, projectId: project.id, hostId: host.id, volumeName: null });
    const outcomes = await Promise.allSettled([create('one'), create('two')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    const [first, second] = outcomes as [PromiseFulfilledResult<Awaited<ReturnType<typeof create>>>, never];
    expect((second as PromiseRejectedResult).reason).toMatchObject({
      code: 'quota.exceeded',
      message: expect.stringContaining('You have 2 of the 2 workspaces'),
      details: { quota: 'workspaces', used: 2, allowed: 2 },
    });
    await a.succeeded(first.value.operation.id);
    // Stopped ones count, too.
    await a.succeeded((await a.client.call('workspaces.stop', { id: first.value.workspace.id })).id);
    expect((await failureOf(create('three'))).code).toBe('quota.exceeded');
    const destroyed = await a.client.call('workspaces.destroy', {
      id: first.value.workspace.id,
      keepVolume: false,
    });
    await a.succeeded(destroyed.id);

    owner.quotas.set(aId, { ...noQuota, cpus: 1.5 });
    expect((await failureOf(create('four'))).details).toMatchObject({ quota: 'cpus', used: 1, allowed: 1.5 });
    const free = await a.createProject('berth-busybox:test', {
      name: 'no limits',
      limits: { cpus: null, memoryBytes: null, pids: 64 },
    });
    expect((await failureOf(create('five', free))).message).toContain('sets no limit');
    // What others have is not counted.
    const own = await b.createWorkspace({ host, project: projectOfB, name: 'more of b' });
    await b.succeeded((await b.client.call('workspaces.destroy', { id: own.id, keepVolume: false })).id);
    owner.quotas.delete(aId);
  }, 180_000);

  it('bounds snapshots: those by hand, those under way, and the one before a restore', async () => {
    const id = await snapshotOf(b, ofB, 'first');
    owner.quotas.set(bId, { ...noQuota, snapshots: 2 });
    const take = () => b.client.call('snapshots.create', { workspaceId: ofB.id });
    const { operation } = await take();
    // Not made yet, and its place is taken.
    expect((await failureOf(b.client.call('snapshots.restore', { id }))).code).toBe('quota.exceeded');
    await b.succeeded(operation.id);
    expect(await shapeOf(take())).toMatchObject({
      code: 'quota.exceeded',
      details: { quota: 'snapshots', used: 2, allowed: 2 },
    });
    const restored = await b.client.call('snapshots.restore', { id, makesSafetySnapshot: false });
    await b.succeeded(restored.id);
    owner.quotas.delete(bId);
    await b.workspaceIn(ofB.id, 'running');
  }, 120_000);

  it('bounds what volumes and snapshots take on disks, once that was measured', async () => {
    ofB = await b.workspaceIn(ofB.id, 'running');
    await inside(ofB, 'sh', '-c', 'dd if=/dev/zero of=/home/dev/large bs=1M count=20 2>/dev/null');
    owner.quotas.set(bId, { ...noQuota, diskBytes: 10 * 1024 ** 2 });
    // Nothing waits for a measurement: one comes when the host does.
    await owner.client.call('hosts.disconnect', { id: host.id });
    await owner.client.call('hosts.connect', { id: host.id });
    await owner.hostReady(host.id);
    await b.workspaceIn(ofB.id, 'running');
    let failure: BerthError | undefined;
    await waitUntil(
      async () => {
        const made = await b.client
          .call('snapshots.create', { workspaceId: ofB.id })
          .catch((error: unknown) => error as BerthError);
        if (made instanceof BerthError) failure = made;
        else await b.ended(made.operation.id);
        return failure !== undefined;
      },
      { what: 'a refusal for want of disk' },
    );
    expect(failure).toMatchObject({
      code: 'quota.exceeded',
      details: { quota: 'diskBytes', allowed: 10 * 1024 ** 2 },
    });
    expect(failure?.details.used).toBeGreaterThan(20 * 1024 ** 2);
    owner.quotas.delete(bId);
  }, 120_000);
});

describe('after the database was lost', () => {
  it('what the host has goes back to whose its labels say', async () => {
    await using anew = await startPlane();
    await anew.addHost(remote, 'anew');
    const aAnew = await anew.connectAs(aId, 'member');
    const bAnew = await anew.connectAs(bId, 'member');
    await aAnew.workspaceIn(ofA.id, 'running');
    await bAnew.workspaceIn(ofB.id, 'running');
    await aAnew.until('snapshots.watch', {}, (items) => items.find(({ name }) => name === 'canary-snapshot'));
    expect(await all(bAnew, 'workspaces.watch')).not.toContain(ofA.id);
    expect(await all(bAnew, 'snapshots.watch')).not.toContain('canary');
    expect(await all(anew, 'workspaces.watch')).toBe('[]');
    expect(await all(aAnew, 'projects.watch')).toContain(projectOfA.id);
    await aAnew.close();
    await bAnew.close();
  }, 120_000);
});
