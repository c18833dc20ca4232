/** Files of a running workspace, of a stopped one, of a host over SFTP and of this computer, as a client of the plane has them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlaceId } from '#contract/files.ts';
import type { Host } from '#contract/hosts.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { loadImage, workspaceImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { runChecked } from '#test/servers/run-process.ts';
import { FileClient } from './file-client.ts';

let remote: RemoteHost;
let plane: TestPlane;
let host: Host;
let local: Host;
let workspace: Workspace;
let container: string;
let localFolder: string;

/** A place, a folder of its own in it, and a shell there as the one whose files they are. */
interface Place {
  readonly files: FileClient;
  readonly folder: string;
  readonly sh: (script: string) => Promise<string>;
}
const places = new Map<string, Place>();
const placeOf = (name: string) => places.get(name)!;

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await workspaceImage());
  plane = await startPlane();
  host = await plane.addHost(remote);
  const { id } = await plane.client.call('hosts.add', {
    name: 'here',
    definition: { kind: 'local', socketPath: remote.engineSocketPathOnThisMachine },
  });
  local = await plane.until('hosts.watch', {}, (hosts) =>
    hosts.find((one) => one.id === id && one.state.phase === 'ready'),
  );
  const project = await plane.createProject('berth-workspace:test');
  workspace = await plane.createWorkspace({ host, project, name: 'dev' });
  container = (
    await remote.docker('ps', '-q', '--filter', `label=dev.berth.workspace=${workspace.id}`)
  ).trim();
  localFolder = await mkdtemp(join(tmpdir(), 'berth-files-'));
  await remote.run(['mkdir', '-p', '/srv/files']);
  const mount = workspace.mountPoint;
  const add = (name: string, placeId: PlaceId, folder: string, sh: Place['sh']) =>
    places.set(name, { files: new FileClient(plane, placeId), folder, sh });
  add('a workspace', workspace.id, mount, (script) => remote.docker('exec', container, 'sh', '-c', script));
  add('a host', host.id, '/srv/files', async (script) => (await remote.run(['sh', '-c', script])).stdout);
  add('this computer', local.id, localFolder, (script) => runChecked(['sh', '-c', script]));
}, 120_000);
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
  if (localFolder !== undefined) await rm(localFolder, { recursive: true, force: true });
});

describe.each(['a workspace', 'a host', 'this computer'])('%s', (name) => {
  it('lists, looks, reads and writes', async () => {
    const { files, folder, sh } = placeOf(name);
    await sh(
      `cd ${folder} && mkdir -p a/b && printf hello > a/f && ln -s f a/l && ln -s nowhere a/gone && mkfifo a/p`,
    );
    const [part] = await files.parts(`${folder}/a`);
    expect(part).toMatchObject({ path: `${folder}/a`, isWritable: true });
    const entries = await files.list(`${folder}/a`);
    expect([...entries.keys()].sort()).toEqual(['b', 'f', 'gone', 'l', 'p']);
    expect(entries.get('f')).toMatchObject({ kind: 'file', sizeBytes: 5, mode: 0o644 });
    expect(entries.get('b')).toMatchObject({ kind: 'folder' });
    expect(entries.get('l')).toMatchObject({ kind: 'link', target: 'f', targetKind: 'file' });
    expect(entries.get('gone')).toMatchObject({ kind: 'link', target: 'nowhere', targetKind: null });
    expect(entries.get('p')).toMatchObject({ kind: 'other' });
    expect((await files.look(`${folder}/a/f`)).version).toBe(entries.get('f')?.version);
    expect((await files.read(`${folder}/a/f`)).toString()).toBe('hello');
    expect((await files.read(`${folder}/a/l`, { offset: 3 })).toString()).toBe('lo');
    await expect(files.read(`${folder}/a/p`)).rejects.toMatchObject({ code: 'file.wrong-kind' });
    await expect(files.read(`${folder}/a/b`)).rejects.toMatchObject({ code: 'file.wrong-kind' });
    await expect(files.read(`${folder}/a/none`)).rejects.toMatchObject({ code: 'not-found' });
    await expect(files.look(`${folder}/a/none`)).rejects.toMatchObject({ code: 'not-found' });
    await files.write(`${folder}/a/new`, 'new file', { mode: 0o640, modifiedAt: '2020-02-03T04:05:06Z' });
    expect(await files.look(`${folder}/a/new`)).toMatchObject({
      sizeBytes: 8,
      mode: 0o640,
      modifiedAt: '2020-02-03T04:05:06.000Z',
    });
    expect(await sh(`cat ${folder}/a/new`)).toBe('new file');
    expect(await files.names(`${folder}/a`)).toEqual(['b', 'f', 'gone', 'l', 'new', 'p']);
  });
});
