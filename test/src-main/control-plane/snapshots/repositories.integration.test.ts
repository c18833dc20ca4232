/** Snapshots in a repository of restic, through a whole plane on a real engine: every verb, and where the key is. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { SnapshotId } from '#contract/ids.ts';
import type { InputOf } from '#contract/index.ts';
import type { Project } from '#contract/projects.ts';
import type { Repository } from '#contract/repositories.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { ensureRequirements } from '#test/servers/requirements.ts';
import { runProcess } from '#test/servers/run-process.ts';

let remote: RemoteHost;
let plane: TestPlane;
let host: Host;
let project: Project;
let workspace: Workspace;
const logLines: string[] = [];

const STORE = '/var/lib/berth/snapshots';
const FOLDER = '/srv/repository';

beforeAll(async () => {
  await ensureRequirements(['snapshots']);
  remote = await startRemoteHost();
  await loadImage(remote, await busyboxImage());
  plane = await startVaultPlane();
  host = await plane.addHost(remote);
  project = await plane.createProject('berth-busybox:test');
  workspace = await plane.createWorkspace({ host, project });
});
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
});

async function startVaultPlane(): Promise<TestPlane> {
  const started = await startPlane({ onLogLine: (line) => logLines.push(line) });
  await started.client.call('credentials.createVault', { passphrase: 'a passphrase of a test' });
  return started;
}

const sh = async (text: string) => {
  const { containerId } = await plane.workspaceIn(workspace.id, 'running');
  return await remote.docker('exec', containerId ?? '', 'sh', '-c', text);
};
const snapshot = (id: SnapshotId) =>
  plane.until('snapshots.watch', {}, (all) => all.find((one) => one.id === id));

async function take(
  repository: Repository,
  wish: Partial<InputOf<'snapshots.create'>> = {},
): Promise<Snapshot> {
  const { snapshotId, operation } = await plane.client.call('snapshots.create', {
    workspaceId: workspace.id,
    repositoryId: repository.id,
    ...wish,
  });
  await plane.succeeded(operation.id);
  return await snapshot(snapshotId);
}

async function bytesOf(
  method: 'snapshots.read' | 'snapshots.export',
  input: InputOf<'snapshots.read'> | InputOf<'snapshots.export'>,
): Promise<Buffer> {
  const stream = plane.client.bytes(method, input as InputOf<'snapshots.read'>);
  const chunks: Buffer[] = [];
  stream.onBytes((bytes, done) => {
    chunks.push(Buffer.from(bytes));
    done();
  });
  await stream.ended;
  return Buffer.concat(chunks);
}

/** Names of files below a folder that hold these bytes. */
function holding(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile() && readFileSync(path).includes(text));
}

it('takes, looks into, restores, puts back, verifies, exports and destroys', async () => {
  const { repository, key } = await plane.client.call('repositories.add', {
    name: 'cellar',
    hostId: host.id,
    place: { kind: 'folder', path: FOLDER },
    key: null,
    secret: null,
  });
  expect(repository).toMatchObject({ name: 'cellar', problem: null });
  await sh('mkdir d && echo one > d/kept && echo two > d/goes && echo x > d/changes');
  const before = await take(repository, { name: 'first' });
  expect(before).toMatchObject({
    storage: 'repository',
    repositoryId: repository.id,
    entryCount: 5,
    consistency: 'paused',
    problem: null,
  });
  expect(before.frozenMs).toBeGreaterThan(0);
  expect((await remote.runChecked(['ls', `${STORE}/${before.id}`])).split('\n')).not.toContain(
    'data.tar.zst',
  );
  await sh('rm d/goes && echo more > d/changes');
  const after = await take(repository);

  const { entries } = await plane.client.call('snapshots.browse', { id: before.id, path: 'd' });
  expect(entries.map(({ path }) => path)).toEqual(['d/changes', 'd/goes', 'd/kept']);
  for (const otherId of [after.id, null]) {
    const { changes } = await plane.client.call('snapshots.compare', { id: before.id, otherId });
    expect(changes.map(({ path, change }) => [path, change])).toEqual([
      ['d/changes', 'changed'],
      ['d/goes', 'removed'],
    ]);
  }
  expect((await bytesOf('snapshots.read', { id: before.id, path: 'd/goes' })).toString()).toBe('two\n');
  const exported = await bytesOf('snapshots.export', { id: before.id });
  const listed = await runProcess(['tar', '--zstd', '-xO', './d/kept'], { input: exported });
  expect([listed.exitCode, listed.stdout]).toEqual([0, 'one\n']);

  const back = await plane.client.call('snapshots.putBack', { id: before.id, paths: ['d/goes'] });
  await plane.succeeded(back.id);
  expect(await sh('cat d/goes')).toBe('two\n');
  await plane.succeeded((await plane.client.call('snapshots.verify', { id: before.id })).id);
  await plane.succeeded((await plane.client.call('snapshots.restore', { id: before.id })).id);
  expect(await sh('cat d/changes')).toBe('x\n');

  // The key is where secrets are, and in no other file.
  expect(holding(plane.folder, key)).toEqual([]);
  expect(logLines.filter((line) => line.includes(key))).toEqual([]);
  expect(await remote.runChecked(['sh', '-c', `grep -rlF -- '${key}' ${STORE} ${FOLDER} /tmp || true`])).toBe(
    '',
  );
  const credential = await plane.until('credentials.watch', {}, (all) =>
    all.find(({ label }) => label.includes('cellar')),
  );
  await expect(plane.client.call('credentials.remove', { id: credential.id })).rejects.toMatchObject({
    code: 'credential.in-use',
  });
  await expect(plane.client.call('repositories.remove', { id: repository.id })).rejects.toMatchObject({
    code: 'conflict',
  });
  expect(await plane.client.call('repositories.check', { id: repository.id })).toMatchObject({
    problem: null,
  });

  const all = await plane.until('snapshots.watch', {}, (those) => those.map(({ id }) => id));
  await plane.succeeded((await plane.client.call('snapshots.destroy', { ids: all })).id);
  expect(await remote.runChecked(['find', `${FOLDER}/snapshots`, '-type', 'f'])).toBe('');
  await plane.client.call('repositories.remove', { id: repository.id });
  await plane.until('credentials.watch', {}, (those) => (those.length === 0 ? true : undefined));
  await expect(
    plane.client.call('repositories.add', {
      name: 'again',
      hostId: host.id,
      place: { kind: 'folder', path: FOLDER },
      key: 'not the key of it',
      secret: null,
    }),
  ).rejects.toMatchObject({ code: 'repository.wrong-key' });
}, 300_000);

it('goes to a server over SFTP by the clock, and a second plane opens it with its key and sees it', async () => {
  const place = {
    kind: 'sftp' as const,
    user: 'root',
    host: remote.address,
    port: 22,
    path: '/srv/over-sftp',
    hostKey: `${remote.address} ${remote.hostKeyPublic}`,
  };
  const secret = readFileSync(remote.clientKeyPath, 'utf8');
  const made = await plane.client.call('repositories.add', {
    name: 'far',
    hostId: host.id,
    place,
    key: null,
    secret,
  });
  await sh('echo precious > file');
  await plane.client.call('snapshotRules.set', {
    id: workspace.id,
    schedule: '* * * * *',
    repositoryId: made.repository.id,
  });
  const kept = await plane.until(
    'snapshots.watch',
    {},
    (all) =>
      all.find(({ reason, repositoryId }) => reason === 'schedule' && repositoryId === made.repository.id),
    150_000,
  );
  await plane.client.call('snapshotRules.set', { id: workspace.id, schedule: null });
  await plane.until('operations.watch', {}, (all) =>
    all.every(({ endedAt }) => endedAt !== null) ? true : undefined,
  );
  expect(holding(plane.folder, made.key)).toEqual([]);

  // Another computer, and a host whose disk was lost.
  await plane.close();
  await remote.runChecked(['rm', '-rf', STORE]);
  plane = await startVaultPlane();
  host = await plane.addHost(remote);
  const opened = await plane.client.call('repositories.add', {
    name: 'found again',
    hostId: host.id,
    place,
    key: made.key,
    secret,
  });
  expect(opened.key).toBe(made.key);
  const found = await plane.until('snapshots.watch', {}, (all) => all.find(({ id }) => id === kept.id));
  expect(found).toMatchObject({ repositoryId: opened.repository.id, workspaceName: workspace.name });
  expect((await bytesOf('snapshots.read', { id: found.id, path: 'file' })).toString()).toBe('precious\n');
  const fork = await plane.client.call('workspaces.fork', {
    snapshotId: found.id,
    name: 'back',
    hostId: null,
  });
  await plane.succeeded(fork.operation.id);
  workspace = await plane.workspaceIn(fork.workspace.id, 'running');
  expect(await sh('cat file')).toBe('precious\n');
}, 400_000);
