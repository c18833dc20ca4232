/** A container's password on a real engine: it is in the container, and in no other place that anybody could look at. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Host } from '#contract/hosts.ts';
import type { InputOf } from '#contract/index.ts';
import type { Project } from '#contract/projects.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';

const canary = 'canary-Zq8!x "$HOME" 4711';
const logLines: string[] = [];
let remote: RemoteHost;
let plane: TestPlane;
let host: Host;
let project: Project;

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await busyboxImage());
  plane = await startPlane({ onLogLine: (line) => logLines.push(line) });
  host = await plane.addHost(remote);
  project = await plane.createProject('berth-busybox:test', {
    environment: [
      { name: 'PASSWORD', value: 'of-the-project' },
      { name: 'OTHER', value: 'stays' },
    ],
  });
});
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
});

type Wish = NonNullable<InputOf<'workspaces.create'>['accessPassword']>;
let count = 0;
async function create(accessPassword: Wish | null, of = project): Promise<Workspace> {
  const { workspace, operation } = await plane.client.call('workspaces.create', {
    name: `with password ${++count}`,
    projectId: of.id,
    hostId: host.id,
    volumeName: null,
    accessPassword,
  });
  await plane.succeeded(operation.id);
  return plane.workspaceIn(workspace.id, 'running');
}
const reveal = (id: Workspace['id']) => plane.client.call('workspaces.revealPassword', { id });
const inside = async (workspace: Workspace, script: string) =>
  (await remote.docker('exec', workspace.containerId ?? '', 'sh', '-c', script)).replace(/\n$/, '');
/** The record goes after the operation has ended. */
const gone = (id: Workspace['id']) =>
  plane.until('workspaces.watch', {}, (all) => (all.some((one) => one.id === id) ? undefined : true));
async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return BerthError.is(error) ? error.code : `no failure: ${String(error)}`;
}

/** Every file of the data folder, as bytes. */
async function dataFiles(): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(plane.folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile())
      files.set(join(entry.parentPath, entry.name), await readFile(join(entry.parentPath, entry.name)));
  return files;
}

async function everythingShown(id: Workspace['id']): Promise<string> {
  const lists = await Promise.all([
    plane.until('workspaces.watch', {}, (all) => all),
    plane.until('projects.watch', {}, (all) => all),
    plane.until('snapshots.watch', {}, (all) => all),
    plane.until('credentials.watch', {}, (all) => all),
    plane.until('operations.watch', {}, (all) => all),
  ]);
  const logs: unknown[] = [];
  for (const operation of lists[4])
    for await (const line of plane.client.stream('operations.log', { id: operation.id })) logs.push(line);
  const plan = await plane.client.call('workspaces.destroyPlan', { id, keepVolume: false });
  return JSON.stringify([lists, logs, plan]);
}

describe('a password', () => {
  /** Delivered in each way; both go on to what happens to workspaces later. */
  const made: { environment?: Workspace; file?: Workspace } = {};
  /** As it is now, or one that stands for it where its own test failed. */
  async function withPassword(delivery: 'environment' | 'file'): Promise<Workspace> {
    const one = made[delivery] ?? (await create({ value: canary, delivery }));
    made[delivery] = one;
    return plane.workspaceIn(one.id, 'running');
  }

  it('cannot be kept without a keychain or vault, and then nothing is made', async () => {
    const before = await plane.until('workspaces.watch', {}, (all) => all.length + 1);
    expect(await codeOf(create({ value: canary }))).toBe('credential.keychain-unavailable');
    expect(await plane.until('workspaces.watch', {}, (all) => all.length + 1)).toBe(before);
    await plane.client.call('credentials.createVault', { passphrase: 'a passphrase of this test' });
  });

  it('is in the environment, in place of the project’s variable, and nowhere that Berth writes or shows', async () => {
    const workspace = await create({ value: canary });
    made.environment = workspace;
    expect(workspace.accessPassword).toEqual({ variable: 'PASSWORD', delivery: 'environment' });
    expect(await inside(workspace, 'printf %s "$PASSWORD"')).toBe(canary);
    expect(await inside(workspace, 'printf %s "$OTHER"')).toBe('stays');
    expect(await reveal(workspace.id)).toEqual({
      variable: 'PASSWORD',
      delivery: 'environment',
      password: canary,
    });
    // The engine shows the environment of a container to whoever may ask it: that is what `file` is for.
    const inspected = await remote.docker('inspect', workspace.containerId ?? '');
    expect(inspected).toContain('canary-Zq8!x');
    const labels = await remote.docker(
      'inspect',
      '--format',
      '{{json .Config.Labels}}',
      workspace.containerId ?? '',
    );
    expect(labels).not.toContain('canary-Zq8');
    const files = await dataFiles();
    expect(files.size).toBeGreaterThan(2);
    for (const [path, bytes] of files) expect([path, bytes.includes('canary-Zq8')]).toEqual([path, false]);
    expect(logLines.length).toBeGreaterThan(0);
    expect(logLines.filter((line) => line.includes('canary-Zq8'))).toEqual([]);
    expect(await everythingShown(workspace.id)).not.toContain('canary-Zq8');
    expect(await remote.docker('logs', workspace.containerId ?? '')).not.toContain('canary-Zq8');
  });

  it('is a file for the user’s eyes alone, which docker inspect does not show', async () => {
    const workspace = await create({ value: canary, variable: 'VNC_PW', delivery: 'file' });
    expect(await inside(workspace, 'cat /run/secrets/VNC_PW')).toBe(canary);
    expect(await inside(workspace, 'stat -c "%a %u:%g" /run/secrets/VNC_PW')).toMatch(/^400 1000:/);
    expect(await inside(workspace, 'echo $VNC_PW_FILE $FILE__VNC_PW')).toBe(
      '/run/secrets/VNC_PW /run/secrets/VNC_PW',
    );
    expect(await inside(workspace, 'printf %s "$PASSWORD"')).toBe('of-the-project');
    expect(await remote.docker('inspect', workspace.containerId ?? '')).not.toContain('canary-Zq8');
    for (const [path, bytes] of await dataFiles())
      expect([path, bytes.includes('canary-Zq8')]).toEqual([path, false]);
    await remote.docker('restart', '--time', '1', workspace.containerId ?? '');
    expect(await inside(workspace, 'cat /run/secrets/VNC_PW')).toBe(canary);
    await remote.docker('rm', '-f', workspace.containerId ?? '');
    await plane.workspaceIn(workspace.id, 'missing');
    await plane.succeeded((await plane.client.call('workspaces.start', { id: workspace.id })).id);
    const again = await plane.workspaceIn(workspace.id, 'running');
    expect(await inside(again, 'cat /run/secrets/VNC_PW')).toBe(canary);
  });

  it('is made where the project says so, and is what a workspace wishes for itself where it does', async () => {
    const asking = await plane.createProject('berth-busybox:test', {
      accessPassword: { variable: 'VNC_PW', delivery: 'file' },
    });
    const made = await create(null, asking);
    expect(made.accessPassword).toEqual({ variable: 'VNC_PW', delivery: 'file' });
    const { password } = await reveal(made.id);
    expect(password).toMatch(/^[A-Za-z0-9_-]{20}$/);
    expect(await inside(made, 'cat "$VNC_PW_FILE"')).toBe(password);
    const wished = await create({ value: canary }, asking);
    expect(wished.accessPassword).toEqual({ variable: 'PASSWORD', delivery: 'environment' });
    expect((await reveal(wished.id)).password).toBe(canary);
  });

  it('is refused as a file where the root is read-only, and works there in the environment', async () => {
    const locked = await plane.createProject('berth-busybox:test', { profile: 'locked' });
    const failure = create({ value: canary, delivery: 'file' }, locked);
    await expect(failure).rejects.toMatchObject({ code: 'invalid-input', message: /locked/ });
    const workspace = await create({ value: canary }, locked);
    expect(await inside(workspace, 'printf %s "$PASSWORD"')).toBe(canary);
  });

  it('is another one after a change and a restart; until then the old one holds; files stay', async () => {
    const workspace = await create({ value: null, delivery: 'file' });
    const first = (await reveal(workspace.id)).password;
    expect(first).toMatch(/^[\w-]{20}$/);
    expect(await inside(workspace, 'echo kept > /home/dev/file; cat /run/secrets/PASSWORD')).toBe(first);
    await plane.client.call('workspaces.changePassword', { id: workspace.id, value: 'another one' });
    expect(await inside(workspace, 'cat /run/secrets/PASSWORD')).toBe(first);
    await plane.succeeded((await plane.client.call('workspaces.restart', { id: workspace.id })).id);
    const changed = await plane.until('workspaces.watch', {}, (all) =>
      all.find(
        (one) =>
          one.id === workspace.id &&
          one.state === 'running' &&
          one.operationId === null &&
          one.containerId !== workspace.containerId,
      ),
    );
    expect(await inside(changed, 'cat /run/secrets/PASSWORD; cat /home/dev/file')).toBe('another onekept');
    // Once is enough: the container that has it stays.
    await plane.succeeded((await plane.client.call('workspaces.restart', { id: workspace.id })).id);
    const same = await plane.until('workspaces.watch', {}, (all) =>
      all.find((one) => one.id === workspace.id && one.state === 'running' && one.operationId === null),
    );
    expect(same.containerId).toBe(changed.containerId);
    expect(await codeOf(reveal(`ws_${'0'.repeat(20)}`))).toBe('not-found');
  });

  it('survives a restore; a fork gets its own; the snapshot holds none', async () => {
    const workspace = await withPassword('file');
    const { snapshotId, operation } = await plane.client.call('snapshots.create', {
      workspaceId: workspace.id,
    });
    await plane.succeeded(operation.id);
    expect(
      await plane.until('snapshots.watch', {}, (all) => all.find(({ id }) => id === snapshotId)),
    ).toBeDefined();
    const restoring = await plane.client.call('snapshots.restore', {
      id: snapshotId,
      makesSafetySnapshot: false,
    });
    await plane.succeeded(restoring.id, 90_000);
    const restored = await plane.until('workspaces.watch', {}, (all) =>
      all.find((one) => one.id === workspace.id && one.state === 'running' && one.operationId === null),
    );
    expect(await inside(restored, 'cat /run/secrets/PASSWORD')).toBe(canary);
    const fork = await plane.client.call('workspaces.fork', { snapshotId, name: 'a fork' });
    await plane.succeeded(fork.operation.id, 90_000);
    const forked = await plane.workspaceIn(fork.workspace.id, 'running');
    const { password } = await reveal(forked.id);
    expect(password).toMatch(/^[\w-]{20}$/);
    expect(await inside(forked, 'cat /run/secrets/PASSWORD')).toBe(password);
    const folder = await plane.until(
      'snapshots.hosts',
      {},
      (all) => all.find(({ id }) => id === host.id)?.folder,
    );
    const search = await remote.run(['grep', '-r', '-l', 'canary-Zq8', folder ?? '/nowhere']);
    expect(search.stdout).toBe('');
    expect(search.exitCode).toBe(1);
  }, 180_000);

  it('moves with its workspace, and is still there when the move is taken back', async () => {
    const workspace = await withPassword('file');
    const there = await startRemoteHost();
    try {
      await loadImage(there, await busyboxImage());
      const other = await plane.addHost(there, 'the other one');
      const move = () => plane.client.call('workspaces.move', { id: workspace.id, hostId: other.id });
      const copy = () =>
        plane.until('workspaces.watch', {}, (all) =>
          all.find((one) => one.move?.otherId === workspace.id && one.state === 'running'),
        );
      const atOther = async (moved: Workspace) =>
        there.docker('exec', moved.containerId ?? '', 'cat', '/run/secrets/PASSWORD');
      await plane.succeeded((await move()).id, 90_000);
      const first = await copy();
      expect(await atOther(first)).toBe(canary);
      await plane.succeeded((await plane.client.call('workspaces.cancelMove', { id: workspace.id })).id);
      const back = await plane.workspaceIn(workspace.id, 'running');
      expect(await inside(back, 'cat /run/secrets/PASSWORD')).toBe(canary);
      expect((await reveal(workspace.id)).password).toBe(canary);
      await plane.succeeded((await move()).id, 90_000);
      const { id } = await copy();
      await plane.succeeded((await plane.client.call('workspaces.confirmMove', { id })).id);
      await gone(workspace.id);
      expect((await reveal(id)).password).toBe(canary);
    } finally {
      await there.stop();
    }
  }, 240_000);

  it('goes with its workspace', async () => {
    const workspace = await withPassword('environment');
    const { id } = await plane.client.call('workspaces.destroy', { id: workspace.id, keepVolume: false });
    await plane.succeeded(id);
    await gone(workspace.id);
    expect(await codeOf(reveal(workspace.id))).toBe('not-found');
  });
});
