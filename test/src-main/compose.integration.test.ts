/** The whole plane on a real host: sshd, Docker engine, database. From "add host" to "destroyed: nothing is left". */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { Project } from '#contract/projects.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { addHostFileFor } from '#test/servers/demo-host.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

let remote: RemoteHost;
let plane: TestPlane;
let host: Host;
let project: Project;

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

async function remains(): Promise<string[]> {
  const filter = ['--filter', 'label=dev.berth.managed', '--format', '{{.Names}}'];
  const names = async (...args: string[]) =>
    (await remote.docker(...args)).split('\n').filter((line) => line !== '');
  return [
    ...(await names('ps', '-a', ...filter)),
    ...(await names('volume', 'ls', '--filter', 'label=dev.berth.managed', '--format', '{{.Name}}')),
    ...(await names('network', 'ls', '--filter', 'label=dev.berth.managed', '--format', '{{.Name}}')),
  ];
}

describe('the main job', () => {
  it('creates a workspace, opens a terminal in it, stops and destroys it, and leaves nothing', async () => {
    const workspace = await plane.createWorkspace({ host, project, name: `It's "the" ../first` });
    expect(workspace).toMatchObject({
      state: 'running',
      desired: 'running',
      problem: null,
      isAdopted: false,
    });

    const terminal = await plane.client.call('terminals.open', {
      target: { kind: 'workspace', workspaceId: workspace.id },
      size: { cols: 80, rows: 24 },
      name: null,
    });
    const shell = plane.attach(terminal.id);
    shell.type('echo marker-$((40+2)); pwd\n');
    await shell.shows('marker-42');
    await shell.shows('/home/dev');

    const stop = await plane.client.call('workspaces.stop', { id: workspace.id });
    await plane.succeeded(stop.id);
    await plane.workspaceIn(workspace.id, 'stopped');
    await shell.stream.ended;

    const destroy = await plane.client.call('workspaces.destroy', { id: workspace.id, keepVolume: false });
    await plane.succeeded(destroy.id);
    expect(await remains()).toEqual([]);
  });
});

describe('the network rules', () => {
  it('go from a connected host when the setting is turned off, and come back with it', async () => {
    const rules = () => remote.runChecked(['nft', 'list', 'ruleset']);
    expect(await rules()).toContain('berth_guard');
    await plane.client.call('settings.change', { closeHostToWorkspaces: false });
    await waitUntil(async () => !(await rules()).includes('berth_guard'), { what: 'the rules go' });
    await plane.client.call('settings.change', { closeHostToWorkspaces: true });
    await waitUntil(async () => (await rules()).includes('berth_guard'), { what: 'the rules come back' });
  });
});

describe('the composition', () => {
  it('lets one Berth at a time use a data folder, and the next one after it', async () => {
    await expect(startPlane({ folder: plane.folder })).rejects.toMatchObject({ code: 'store.in-use' });
    const folder = await mkdtemp(join(tmpdir(), 'berth-compose-'));
    const first = await startPlane({ folder });
    await first.createProject('debian:12');
    await first.close();
    const second = await startPlane({ folder });
    const [kept] = await second.until('projects.watch', {}, (all) => (all.length === 1 ? all : undefined));
    expect(kept?.image).toBe('debian:12');
    await second.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('adds the host of --add-host once, and trusts the key in the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-compose-'));
    const addHostFile = join(folder, 'host.json');
    await writeFile(addHostFile, JSON.stringify(addHostFileFor(remote, 'from a file')));
    for (const _start of ['first', 'second']) {
      await using started = await startPlane({ folder: join(folder, 'data'), addHostFile });
      const hosts = await started.until('hosts.watch', {}, (all) =>
        all.every(({ state }) => state.phase === 'ready') ? all : undefined,
      );
      expect(hosts.map(({ name }) => name)).toEqual(['from a file']);
    }
    await writeFile(addHostFile, '{"name":""}');
    await expect(startPlane({ folder: join(folder, 'data'), addHostFile })).rejects.toMatchObject({
      code: 'invalid-input',
      details: { fields: ['name', 'definition'] },
    });
    await rm(folder, { recursive: true, force: true });
  });

  it('says who asks and which Berth this is', async () => {
    const about = await plane.client.call('about.get', {});
    expect(about).toMatchObject({ mode: 'desktop', isReadOnly: false, dataFolder: plane.folder });
    expect(about.scopes).toContain('workspaces.write');
  });
});
