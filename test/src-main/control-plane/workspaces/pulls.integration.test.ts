/** Creating a workspace of an image that the host does not have: progress, cancel, and what cannot be pulled. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { Operation } from '#contract/operations.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { writeImageArchive } from '#test/servers/image-archive.ts';
import { busyboxImage, layeredImage, loadImage } from '#test/servers/images.ts';
import { pushImage, type Registry, startRegistry } from '#test/servers/registry.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';

let remote: RemoteHost;
let registry: Registry;
let plane: TestPlane;
let host: Host;
let reference: string;
let folder: string;

beforeAll(async () => {
  remote = await startRemoteHost();
  registry = await startRegistry();
  await loadImage(remote, await busyboxImage());
  reference = await pushImage(registry, remote, await layeredImage({ layers: 5, layerKiB: 1024 }));
  await remote.docker('image', 'prune', '--all', '--force');
  folder = await mkdtemp(join(tmpdir(), 'berth-pulls-'));
  plane = await startPlane();
  host = await plane.addHost(remote);
});
afterAll(async () => {
  await plane?.close();
  await registry?.stop();
  await remote?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function begin(image: string, name: string): Promise<Operation> {
  const project = await plane.createProject(image);
  const wish = { name, projectId: project.id, hostId: host.id, volumeName: null };
  return (await plane.client.call('workspaces.create', wish)).operation;
}
const seen = (id: string, find: (operation: Operation) => boolean) =>
  plane.until('operations.watch', {}, (all) => all.find((one) => one.id === id && find(one)));
/** An empty image for a processor that this machine does not have. */
async function armImage(): Promise<{ reference: string; tarPath: string }> {
  const layer = join(folder, 'layer');
  await mkdir(layer);
  const tarPath = join(folder, 'arm.tar');
  await writeImageArchive({
    reference: 'other:arm',
    layerFolders: [layer],
    config: { Cmd: ['sh'] },
    workFolder: join(folder, 'work'),
    tarPath,
    architecture: 'arm64',
  });
  return { reference: 'other:arm', tarPath };
}
async function remains(): Promise<string> {
  const filter = ['--filter', 'label=dev.berth.managed', '--quiet'];
  const lists = [
    await remote.docker('ps', '--all', ...filter),
    await remote.docker('volume', 'ls', ...filter),
    await remote.docker('network', 'ls', ...filter),
  ];
  return lists.join('').trim();
}

describe('a pull', () => {
  it('can be cancelled in the middle, and leaves nothing', async () => {
    await remote.docker('image', 'rm', '--force', reference).catch(() => '');
    registry.setRate(200_000);
    const operation = await begin(reference, 'cancelled');
    const under = await seen(operation.id, ({ steps }) => (steps[1]?.progress?.done ?? 0) > 100_000);
    expect(under.steps[1]?.progress?.parts.length).toBeGreaterThan(3);
    expect(under.steps[1]?.progress?.unit).toBe('bytes');
    await plane.client.call('operations.cancel', { id: operation.id });
    expect(await plane.ended(operation.id)).toMatchObject({ state: 'cancelled', error: null });
    registry.setRate(undefined);
    await plane.until('workspaces.watch', {}, (all) => (all.length === 0 ? true : undefined));
    expect(await remains()).toBe('');
    expect(await remote.docker('images', '--format', '{{.Repository}}')).not.toContain('layered');
  });

  it('that goes through ends in a running workspace with its digest, and cancels into nothing afterwards too', async () => {
    const operation = await begin(reference, 'pulled');
    await plane.succeeded(operation.id);
    const workspace = await plane.until('workspaces.watch', {}, (all) =>
      all.find(({ name, state }) => name === 'pulled' && state === 'running'),
    );
    expect(workspace.imageDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
    const { id } = await plane.client.call('workspaces.destroy', { id: workspace.id, keepVolume: false });
    await plane.succeeded(id);
    expect(await remains()).toBe('');
  });

  it('takes back container, volume and network when it is cancelled at the very end', async () => {
    const operation = await begin(reference, 'late');
    await seen(operation.id, ({ steps }) => steps.at(-1)?.state === 'running');
    await plane.client.call('operations.cancel', { id: operation.id });
    expect((await plane.ended(operation.id)).state).toBe('cancelled');
    expect(await remains()).toBe('');
  });
});

describe('an image', () => {
  it('that does not exist is named', async () => {
    const [registryAddress] = reference.split('/');
    const operation = await begin(`${registryAddress}/no-such-image:1`, 'none');
    const ended = await plane.ended(operation.id);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'image.not-found' } });
    expect(ended.error?.message).toContain('no-such-image');
    expect(await remains()).toBe('');
  });

  it('by an id that the host does not have is not looked for elsewhere', async () => {
    const operation = await begin(`sha256:${'ab'.repeat(32)}`, 'id');
    expect(await plane.ended(operation.id)).toMatchObject({
      state: 'failed',
      error: { code: 'image.not-found' },
    });
  });

  it('for another processor is named with both', async () => {
    await loadImage(remote, await armImage());
    const operation = await begin('other:arm', 'arm');
    const ended = await plane.ended(operation.id);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'image.wrong-platform' } });
    expect(ended.error?.message).toMatch(/arm64.*amd64/);
    expect(await remains()).toBe('');
  });
});
