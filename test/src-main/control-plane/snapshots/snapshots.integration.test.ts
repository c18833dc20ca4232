/** Snapshots on a real engine, through a whole plane: made, looked into, restored, taken back, forked, deleted. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Host } from '#contract/hosts.ts';
import type { SnapshotId } from '#contract/ids.ts';
import type { InputOf } from '#contract/index.ts';
import type { Project } from '#contract/projects.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { runProcess } from '#test/servers/run-process.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

let remote: RemoteHost;
let plane: TestPlane;
let host: Host;
let project: Project;
let imports = 0;

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await busyboxImage());
  plane = await startPlane();
  host = await plane.addHost(remote);
  project = await plane.createProject('berth-busybox:test');
});
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
});

const sh = async (workspace: Workspace, text: string) =>
  await remote.docker('exec', await containerOf(workspace), 'sh', '-c', text);
async function containerOf({ id }: Workspace): Promise<string> {
  const now = await plane.until('workspaces.watch', {}, (all) =>
    all.find((one) => one.id === id && one.containerId !== null),
  );
  return now.containerId ?? '';
}
async function take(
  workspace: Workspace,
  wish: Partial<InputOf<'snapshots.create'>> = {},
): Promise<Snapshot> {
  const { snapshotId, operation } = await plane.client.call('snapshots.create', {
    workspaceId: workspace.id,
    ...wish,
  });
  await plane.succeeded(operation.id);
  return await snapshot(snapshotId);
}
const snapshot = (id: SnapshotId) =>
  plane.until('snapshots.watch', {}, (all) => all.find((one) => one.id === id));

async function failureOf(promise: Promise<unknown>): Promise<BerthError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof BerthError) return error;
  throw new Error(`it should have failed, and gave ${JSON.stringify(error)}`);
}
async function bytesOf(
  method: 'snapshots.read' | 'snapshots.export',
  input: InputOf<'snapshots.read'> | InputOf<'snapshots.export'>,
): Promise<Buffer[]> {
  const stream = plane.client.bytes(method, input as InputOf<'snapshots.read'>);
  const chunks: Buffer[] = [];
  stream.onBytes((bytes, done) => {
    chunks.push(Buffer.from(bytes));
    done();
  });
  await stream.ended;
  return chunks;
}

async function importOf(archive: Buffer, image: string | null = 'berth-busybox:test'): Promise<SnapshotId> {
  imports += 1;
  const id = `snap_${'z'.repeat(19)}${imports}` as SnapshotId;
  const upload = plane.client.bytes('snapshots.import', {
    id,
    hostId: host.id,
    workspaceId: null,
    name: 'stranger',
    sizeBytes: archive.length,
    image,
    mountPoint: null,
  });
  upload.send(archive);
  await upload.ended;
  return id;
}

const labelled = async (kind: 'ps' | 'volume') =>
  (
    await remote.docker(
      ...(kind === 'ps' ? ['ps', '--all'] : ['volume', 'ls']),
      '--quiet',
      '--filter',
      'label=dev.berth.managed',
    )
  )
    .split('\n')
    .filter(Boolean).length;

describe('a snapshot', () => {
  it('is taken of a running workspace that stands still meanwhile, and says so', async () => {
    const workspace = await plane.createWorkspace({ host, project });
    await sh(
      workspace,
      'mkdir -p /home/dev/src && echo one > /home/dev/src/a.txt && ln -s a.txt /home/dev/src/b',
    );
    const made = await take(workspace, { name: 'first "one"', note: "it's $(touch /tmp/x); `id`" });
    expect(made).toMatchObject({
      name: 'first "one"',
      note: "it's $(touch /tmp/x); `id`",
      consistency: 'paused',
      workspaceId: workspace.id,
      entryCount: 4,
      problem: null,
      isHostAway: false,
    });
    expect(made.frozenMs).toBeGreaterThan(0);
    const { entries } = await plane.client.call('snapshots.browse', { id: made.id, path: 'src' });
    expect(entries.map(({ path, kind, sizeBytes }) => [path, kind, sizeBytes])).toEqual([
      ['src/a.txt', 'file', 4],
      ['src/b', 'link', 0],
    ]);
    expect(await sh(workspace, 'cat /home/dev/src/a.txt')).toContain('one');
    await nothingLeft(workspace);
    await destroyAll(workspace);
  }, 120_000);

  it('is looked into: searched, compared with another and with the files of now, and read', async () => {
    const workspace = await plane.createWorkspace({ host, project });
    await sh(
      workspace,
      'cd /home/dev && mkdir d && echo one > d/kept && echo two > d/goes && echo x > d/changes',
    );
    const before = await take(workspace);
    await sh(
      workspace,
      'cd /home/dev && rm d/goes && echo more > d/changes && echo new > d/comes && chmod 600 d/kept',
    );
    const after = await take(workspace);
    const found = await plane.client.call('snapshots.search', { query: 'GOES', workspaceId: workspace.id });
    expect(found.hits.map(({ path, found: where }) => [path, where.map((one) => one.snapshotId)])).toEqual([
      ['d/goes', [before.id]],
    ]);
    const changes = [
      ['d/changes', 'changed', ['content']],
      ['d/comes', 'added', []],
      ['d/goes', 'removed', []],
      ['d/kept', 'changed', ['mode']],
    ];
    for (const otherId of [after.id, null]) {
      const difference = await plane.client.call('snapshots.compare', { id: before.id, otherId });
      expect(difference.isByContent).toBe(otherId !== null);
      expect(difference.changes.map(({ path, change, what }) => [path, change, what])).toEqual(changes);
    }
    expect(Buffer.concat(await bytesOf('snapshots.read', { id: before.id, path: 'd/goes' })).toString()).toBe(
      'two\n',
    );
    const operation = await plane.client.call('snapshots.putBack', {
      id: before.id,
      paths: ['d/goes', 'd/changes'],
    });
    await plane.succeeded(operation.id);
    expect(await sh(workspace, 'cat /home/dev/d/goes /home/dev/d/changes; ls /home/dev/d')).toMatch(
      /^two\nx\nchanges\nchanges\.before-\S+\ncomes\ngoes\nkept\n$/,
    );
    await destroyAll(workspace);
  }, 120_000);

  it('is restored into a new volume after a safety snapshot, and the restore is taken back', async () => {
    const workspace = await plane.createWorkspace({ host, project });
    await sh(workspace, 'echo good > /home/dev/state');
    const good = await take(workspace);
    await sh(workspace, 'echo bad > /home/dev/state');
    const plan = await plane.client.call('snapshots.restorePlan', { id: good.id });
    expect(plan).toMatchObject({ isRunning: true, changesOutside: 0, comparison: { changed: 1 } });
    const restore = await plane.client.call('snapshots.restore', { id: good.id });
    await plane.succeeded(restore.id);
    const restored = await plane.workspaceIn(workspace.id, 'running');
    expect(restored.volumeName).not.toBe(workspace.volumeName);
    expect(await sh(workspace, 'cat /home/dev/state')).toBe('good\n');
    const safety = await plane.until('snapshots.watch', {}, (all) =>
      all.find(({ reason, workspaceId }) => reason === 'safety' && workspaceId === workspace.id),
    );
    expect(Buffer.concat(await bytesOf('snapshots.read', { id: safety.id, path: 'state' })).toString()).toBe(
      'bad\n',
    );
    const undo = await plane.until('snapshots.undos', {}, (all) => all.find(({ id }) => id === workspace.id));
    expect(undo.volumeName).toBe(workspace.volumeName);
    const kept = await plane.client.call('workspaces.keptVolumes', { hostId: host.id });
    expect(kept.volumes.map(({ name }) => name)).not.toContain(workspace.volumeName);

    const back = await plane.client.call('snapshots.undoRestore', { workspaceId: workspace.id });
    await plane.succeeded(back.id);
    expect((await plane.workspaceIn(workspace.id, 'running')).volumeName).toBe(workspace.volumeName);
    expect(await sh(workspace, 'cat /home/dev/state')).toBe('bad\n');
    const end = await plane.client.call('snapshots.endUndo', { workspaceId: workspace.id });
    await plane.succeeded(end.id);
    expect(await labelled('volume')).toBe(1);
    await destroyAll(workspace);
    await nothingLeft();
  }, 120_000);

  it('makes another workspace, goes out as an archive that plain tar opens, and comes in again', async () => {
    const workspace = await plane.createWorkspace({ host, project });
    await sh(workspace, 'echo hello > /home/dev/file');
    const made = await take(workspace);
    const fork = await plane.client.call('workspaces.fork', {
      snapshotId: made.id,
      name: 'a fork',
      hostId: null,
    });
    await plane.succeeded(fork.operation.id);
    const forked = await plane.workspaceIn(fork.workspace.id, 'running');
    expect(await sh(forked, 'cat /home/dev/file; id -u; touch /home/dev/mine')).toMatch(/^hello\n/);
    const archive = Buffer.concat(await bytesOf('snapshots.export', { id: made.id }));
    const listed = await runProcess(['tar', '--zstd', '-t'], { input: archive });
    expect(listed.stdout).toBe('./\n./file\n');
    const id = `snap_${'0123456789'.repeat(2)}` as SnapshotId;
    const upload = plane.client.bytes('snapshots.import', {
      id,
      hostId: host.id,
      workspaceId: workspace.id,
      name: 'came back',
      sizeBytes: archive.length,
      image: null,
      mountPoint: null,
    });
    upload.send(archive);
    await upload.ended;
    const imported = await snapshot(id);
    expect(imported).toMatchObject({ reason: 'import', name: 'came back', entryCount: 2 });
    const own = await importOf(archive, null);
    expect(await snapshot(own)).toMatchObject({ image: 'berth-busybox:test', workspaceName: workspace.name });
    const unknown = await runProcess(['sh', '-c', 'cd /etc && tar -c hostname | zstd -c | base64 -w0']);
    const asked = await failureOf(importOf(Buffer.from(unknown.stdout, 'base64'), null));
    expect(asked).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('image') });
    const hostile = await failureOf(importOf(Buffer.from('no archive at all')));
    expect(hostile.code).toBe('snapshot.unsafe-archive');
    await destroyAll(forked);
    await destroyAll(workspace);
  }, 120_000);

  it('is pinned, named, verified and deleted; damage is told', async () => {
    const workspace = await plane.createWorkspace({ host, project });
    const made = await take(workspace, { name: 'one' });
    const other = await take(workspace);
    const taken = await failureOf(plane.client.call('snapshots.change', { id: other.id, name: 'ONE' }));
    expect(taken.code).toBe('snapshot.name-taken');
    const changed = await plane.client.call('snapshots.change', {
      id: made.id,
      isPinned: true,
      note: 'stays',
    });
    expect(changed).toMatchObject({ isPinned: true, note: 'stays', name: 'one' });
    const refused = await failureOf(plane.client.call('snapshots.destroy', { ids: [made.id, other.id] }));
    expect(refused.code).toBe('snapshot.pinned');
    const good = await plane.client.call('snapshots.verify', { id: made.id });
    await plane.succeeded(good.id);
    const folder = `/var/lib/berth/snapshots/${made.id}`;
    await remote.runChecked([
      'sh',
      '-c',
      `printf X | dd of=${folder}/data.tar.zst bs=1 seek=30 conv=notrunc`,
    ]);
    const bad = await plane.ended((await plane.client.call('snapshots.verify', { id: made.id })).id);
    expect(bad.error?.code).toBe('snapshot.corrupt');
    const damaged = await plane.until('snapshots.watch', {}, (all) =>
      all.find((one) => one.id === made.id && one.problem !== null),
    );
    expect(damaged.problem?.code).toBe('snapshot.corrupt');
    expect((await failureOf(plane.client.call('snapshots.restore', { id: made.id }))).code).toBe(
      'snapshot.corrupt',
    );
    await plane.client.call('snapshots.change', { id: made.id, isPinned: false });
    await plane.succeeded((await plane.client.call('snapshots.destroy', { ids: [made.id, other.id] })).id);
    expect((await remote.runChecked(['ls', '-A', '/var/lib/berth/snapshots'])).split('\n')).not.toContain(
      made.id,
    );
    await destroyAll(workspace);
  }, 120_000);
});

async function destroyAll(workspace: Workspace): Promise<void> {
  const mine = await plane.until('snapshots.watch', {}, (all) =>
    all.filter(({ workspaceId }) => workspaceId === workspace.id),
  );
  if (mine.length > 0) {
    const { id } = await plane.client.call('snapshots.destroy', { ids: mine.map((one) => one.id) });
    await plane.succeeded(id);
  }
  const { id } = await plane.client.call('workspaces.destroy', { id: workspace.id, keepVolume: false });
  await plane.succeeded(id);
}

/** No helper container, and no volume but that of the workspace. */
async function nothingLeft(workspace?: Workspace): Promise<void> {
  const count = workspace === undefined ? 0 : 1;
  const noHelper = async () => (await labelled('ps')) === count;

  await waitUntil(noHelper, { what: 'no helper is left' });
}
