/** Files of a running workspace, of a stopped one, of a host over SFTP and of this computer, as a client of the plane has them. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlaceId } from '#contract/files.ts';
import type { Host } from '#contract/hosts.ts';
import type { InputOf } from '#contract/index.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { loadImage, workspaceImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { runChecked } from '#test/servers/run-process.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import { FileClient, keyOf } from './file-client.ts';

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

  it('goes on with an upload that broke off, and replaces only what it was told to', async () => {
    const { files, folder, sh } = placeOf(name);
    const path = `${folder}/upload`;
    const content = randomBytes(3_000_000);
    const { placeId } = files;
    const uploadKey = keyOf('upload');
    const uploaded = () => plane.client.call('files.uploaded', { placeId, path, uploadKey });
    const cut = files.beginWrite(path, content.length);
    await cut.send(content.subarray(0, 1_000_000));
    await waitUntil(async () => (await uploaded()).bytes === 1_000_000, { what: 'the first part is there' });
    cut.stream.close();
    expect(await files.names(folder)).not.toContain('upload');
    expect(await sh(`stat -c %a ${folder}/.upload.berth-${uploadKey}`)).toBe('600\n');
    await expect(files.write(path, content, { offset: 2_000_000 })).rejects.toMatchObject({
      code: 'file.changed',
    });
    await files.write(path, content, { offset: 1_000_000 });
    expect((await files.read(path)).equals(content)).toBe(true);
    expect(await files.names(folder)).toEqual(expect.not.arrayContaining([`.upload.berth-${uploadKey}`]));

    await expect(files.write(path, 'second')).rejects.toMatchObject({ code: 'file.exists' });
    const { version } = await files.look(path);
    await sh(`chmod 600 ${path} && printf changed-by-another > ${path}`);
    await expect(files.write(path, 'third', { replaces: version })).rejects.toMatchObject({
      code: 'file.changed',
    });
    expect((await files.read(path)).toString()).toBe('changed-by-another');
    await files.write(path, 'fourth', { replaces: (await files.look(path)).version });
    expect(await files.look(path)).toMatchObject({ sizeBytes: 6, mode: 0o600 });
    await expect(files.read(path, { ifVersion: version })).rejects.toMatchObject({ code: 'file.changed' });
    await plane.client.call('files.discardUpload', { placeId, path, uploadKey });
    expect(await sh(`ls -A ${folder} | grep -c berth- || true`)).toBe('0\n');
  });

  it('edits text, makes folders, renames', async () => {
    const { files, folder, sh } = placeOf(name);
    const { placeId } = files;
    const { client } = plane;
    await sh(
      `cd ${folder} && printf '\\357\\273\\277text' > t && ln -s t tl && printf 'a\\0b' > binary && printf '\\377' > latin && head -c 1100000 /dev/zero | tr '\\0' a > large`,
    );
    const read = (path: string) => client.call('files.readText', { placeId, path: `${folder}/${path}` });
    const { text, entry, isWritable } = await read('tl');
    expect({ text, isWritable }).toEqual({ text: '\ufefftext', isWritable: true });
    for (const [path, code] of [
      ['binary', 'file.not-text'],
      ['latin', 'file.not-text'],
      ['large', 'file.too-large'],
      ['none', 'not-found'],
    ] as const)
      await expect(read(path)).rejects.toMatchObject({ code });
    const save = { placeId, path: `${folder}/tl`, text: '\ufeffedited', replaces: entry.version };
    await client.call('files.writeText', save);
    expect(await sh(`cat ${folder}/t; readlink ${folder}/tl`)).toBe('\ufeffeditedt\n');
    await expect(client.call('files.writeText', save)).rejects.toMatchObject({ code: 'file.changed' });

    const at = (path: string) => ({ placeId, path: `${folder}/${path}` });
    expect(await client.call('files.makeFolder', at('x/y/z'))).toMatchObject({ name: 'z', kind: 'folder' });
    await expect(client.call('files.makeFolder', at('x/y/z'))).rejects.toMatchObject({ code: 'file.exists' });
    await client.call('files.makeFolder', { ...at('x/y/z'), mayExist: true });
    const rename = { ...at('t'), toPath: `${folder}/binary` };
    await expect(client.call('files.rename', rename)).rejects.toMatchObject({ code: 'file.exists' });
    await client.call('files.rename', { ...rename, mayReplace: true });
    expect(await sh(`cat ${folder}/binary`)).toBe('\ufeffedited');
    await expect(client.call('files.rename', { ...at('x/y'), toPath: `${folder}/a` })).rejects.toMatchObject({
      code: 'file.exists',
    });
  });

  it('gives a folder as tar and as zip', async () => {
    const { files, folder, sh } = placeOf(name);
    await sh(
      `cd ${folder} && mkdir -p arc/deep/empty && cd arc && printf one > 'ä ö' && head -c 700000 /dev/urandom > deep/big && ln -s ../x deep/l && mkfifo p && chmod 640 'ä ö' && i=0; while [ $i -lt 40 ]; do echo $i > deep/$i; i=$((i+1)); done; L=$(printf 'long%.0s' $(seq 40)) && mkdir -p $L/in && echo x > $L/in/f`,
    );
    const scratch = await mkdtemp(join(tmpdir(), 'berth-archive-'));
    try {
      await writeFile(join(scratch, 'a.tar'), await files.archive(`${folder}/arc`, { format: 'tar' }));
      await writeFile(join(scratch, 'a.zip'), await files.archive(`${folder}/arc`, { format: 'zip' }));
      const script = `
import os, stat, sys, tarfile, zipfile
zipped = zipfile.ZipFile('a.zip')
assert zipped.testzip() is None
def of_zip(info):
    mode = info.external_attr >> 16
    kind = 'l' if stat.S_ISLNK(mode) else 'd' if info.is_dir() else 'f'
    return info.filename.rstrip('/'), kind, oct(stat.S_IMODE(mode)), b'' if kind == 'd' else zipped.read(info)
with tarfile.open('a.tar') as tar:
    def of_tar(info):
        kind = 'l' if info.issym() else 'd' if info.isdir() else 'f'
        content = info.linkname.encode() if kind == 'l' else tar.extractfile(info).read() if kind == 'f' else b''
        return info.name, kind, oct(info.mode), content
    one, two = sorted(map(of_zip, zipped.infolist())), sorted(map(of_tar, tar.getmembers()))
assert one == two, (one, two)
print(len(one), [x for x in one if x[0] in ('ä ö', 'deep/l', 'deep/empty')])
`;
      const said = await runChecked(['python3', '-c', script], { cwd: scratch });
      expect(said).toBe(
        "48 [('deep/empty', 'd', '0o755', b''), ('deep/l', 'l', '0o777', b'../x'), ('ä ö', 'f', '0o640', b'one')]\n",
      );
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });

  it('deletes and changes permissions with all that is within, and follows no link out', async () => {
    const { files, folder, sh } = placeOf(name);
    const { placeId } = files;
    await sh(
      `cd ${folder} && mkdir -p keep tree/a/b && echo 1 > keep/k && chmod 600 keep/k && echo 2 > tree/a/b/f && ln -s ../../keep tree/a/out && ln -s ../keep/k tree/l && chmod 700 tree/a`,
    );
    const change = await plane.client.call('files.setPermissions', {
      placeId,
      path: folder,
      names: ['tree'],
      mode: 0o644,
      isRecursive: true,
    });
    await plane.succeeded(change.id);
    expect(await sh(`cd ${folder} && stat -c %a tree tree/a tree/a/b tree/a/b/f keep/k`)).toBe(
      '755\n755\n755\n644\n600\n',
    );
    const removal = await plane.client.call('files.remove', {
      placeId,
      path: folder,
      names: ['tree', 'none'],
    });
    await plane.succeeded(removal.id);
    expect(await sh(`cd ${folder} && ls -d tree 2>/dev/null; cat keep/k`)).toBe('1\n');
  });
});

describe('copies', () => {
  const copy = async (
    from: string,
    to: string,
    over: Partial<InputOf<'files.copy'>> & { names: string[] },
  ) => {
    const operation = await plane.client.call('files.copy', {
      placeId: placeOf(from).files.placeId,
      path: `${placeOf(from).folder}/src`,
      toId: placeOf(to).files.placeId,
      toPath: `${placeOf(to).folder}/dst`,
      ...over,
    });
    return await plane.ended(operation.id);
  };
  const prepare = async (from: string, to: string) => {
    await placeOf(from).sh(
      `cd ${placeOf(from).folder} && { chmod -R u+rwX src 2>/dev/null; rm -rf src; } && mkdir -p src/tree/sub src/tree/ro && cd src && echo f > file && head -c 3000000 /dev/zero > tree/sub/big && ln -s sub/big tree/l && echo r > tree/ro/f && chmod 755 tree/sub/big && touch -d @1500000000 tree/sub/big tree/sub && chmod 555 tree/ro && i=0; while [ $i -lt 60 ]; do echo $i > tree/sub/$i; i=$((i+1)); done; touch -d @1500000000 tree/sub`,
    );
    await placeOf(to).sh(
      `cd ${placeOf(to).folder} && chmod -R u+rwX dst 2>/dev/null; rm -rf dst && mkdir dst`,
    );
  };
  /** Times of links are left out: SFTP cannot set them. */
  const shown = (name: string, folder: string) =>
    placeOf(name).sh(
      `cd ${placeOf(name).folder}/${folder} && find . -printf '%p %y %m %s %l %T@\n' | sed 's/\\.[0-9]*$//' | grep -v '^\\. \\|/ro d\\|/tree d' | awk '$2=="d"{$4=""} $2=="l"{$NF=""} 1' | LC_ALL=C sort`,
    );

  it.each([
    ['a workspace', 'a host'],
    ['a host', 'a workspace'],
    ['this computer', 'a workspace'],
    ['a workspace', 'a workspace'],
    ['a host', 'a host'],
  ])('from %s to %s, then moved back over', async (from, to) => {
    await prepare(from, to);
    expect(await copy(from, to, { names: ['tree', 'file'] })).toMatchObject({ state: 'succeeded' });
    expect(await shown(to, 'dst')).toBe(await shown(from, 'src'));
    expect(await copy(from, to, { names: ['file'] })).toMatchObject({ error: { code: 'file.exists' } });
    expect(await copy(from, to, { names: ['file'], onConflict: 'both' })).toMatchObject({
      state: 'succeeded',
    });
    expect(await copy(from, to, { names: ['file', 'tree'], onConflict: 'skip' })).toMatchObject({
      state: 'succeeded',
    });
    await placeOf(from).sh(
      `cd ${placeOf(from).folder}/src && echo changed > tree/sub/1 && chmod 755 tree/ro`,
    );
    await placeOf(to).sh(`cd ${placeOf(to).folder}/dst && chmod 755 tree/ro && echo mine > tree/own`);
    const moved = await copy(from, to, { names: ['tree', 'file'], onConflict: 'replace', isMove: true });
    expect(moved).toMatchObject({ state: 'succeeded' });
    expect(await placeOf(from).sh(`ls -A ${placeOf(from).folder}/src`)).toBe('');
    expect(
      await placeOf(to).sh(`cd ${placeOf(to).folder}/dst && ls -A && cat tree/sub/1 tree/own 'file (2)'`),
    ).toBe('file\nfile (2)\ntree\nchanged\nmine\nf\n');
  });

  it('leaves nothing of a copy that fails', async () => {
    await prepare('a host', 'a workspace');
    const { folder, sh } = placeOf('a host');
    await sh(`cd ${folder}/src && mkfifo pipe && mkdir folder && echo x > folder/f`);
    await placeOf('a workspace').sh(`cd ${placeOf('a workspace').folder}/dst && echo f > folder`);
    const mixed = await copy('a host', 'a workspace', { names: ['tree', 'folder'], onConflict: 'replace' });
    expect(mixed).toMatchObject({ state: 'failed', error: { code: 'file.wrong-kind' } });
    const into = await copy('a host', 'a host', { names: ['tree'], toPath: `${folder}/src/tree/sub` });
    expect(into).toMatchObject({ state: 'failed', error: { code: 'conflict' } });
    expect(await placeOf('a workspace').sh(`ls -A ${placeOf('a workspace').folder}/dst`)).toBe('folder\n');
    expect(await sh(`ls -A ${folder}/src/tree/sub | grep -c berth || true`)).toBe('0\n');
  });
});

describe('a workspace', () => {
  it('is seen by its own user in its own root, whatever is put into it', async () => {
    const { files, folder, sh } = placeOf('a workspace');
    const own = await sh('id -un; cat /etc/hostname');
    expect(`${(await files.look(folder)).owner}\n${(await files.read('/etc/hostname')).toString()}`).toBe(
      own,
    );
    await sh(
      `cd ${folder} && ln -s /etc/shadow shadow && ln -s /proc/self/root/etc/hostname root && ln -s /proc/1/root/../../../etc/hostname dots && ln -s /dev/zero zero && ln -s loop loop && printf x > "$(printf 'new\nline')" && printf x > "$(printf 'bad\\377')"`,
    );
    await expect(files.read(`${folder}/shadow`)).rejects.toMatchObject({ code: 'file.permission-denied' });
    const hostname = await sh('cat /etc/hostname');
    expect((await files.read(`${folder}/root`)).toString()).toBe(hostname);
    expect((await files.read(`${folder}/dots`)).toString()).toBe(hostname);
    expect((await files.read('/../../proc/self/root/../etc/hostname')).toString()).toBe(hostname);
    await expect(files.read(`${folder}/zero`)).rejects.toMatchObject({ code: 'file.wrong-kind' });
    await expect(files.read(`${folder}/loop`)).rejects.toMatchObject({ code: 'file.wrong-kind' });
    expect(await files.names(folder)).toEqual(expect.arrayContaining(['new\nline', 'bad\ufffd']));
    for (const path of ['/berth/file-agent.py', '/files'])
      await expect(files.look(path)).rejects.toMatchObject({ code: 'not-found' });
    // The agent itself gives nothing away and can do nothing.
    const status = (await files.read('/proc/self/status')).toString();
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^CapPrm:\s+0+$/m);
    expect(status).toMatch(/^Uid:\s+1000\s+1000\s+1000\s+1000$/m);
    await expect(files.write('/etc/berth', 'x')).rejects.toMatchObject({ code: 'file.permission-denied' });
    const pid = /^Pid:\s+(\d+)$/m.exec(status)?.[1];
    expect(await sh(`ls /proc/${pid}/fd /proc/${pid}/root/ 2>&1 | grep -c denied`)).toBe('2\n');
  });

  it('shows the first of 30,000 entries long before the last', async () => {
    const { files, folder, sh } = placeOf('a workspace');
    await sh(`mkdir ${folder}/many && cd ${folder}/many && seq 30000 | xargs touch`);
    await files.list(folder);
    const startedAtMs = performance.now();
    let firstMs: number | undefined;
    let count = 0;
    const { placeId } = files;
    for await (const { entries } of plane.client.stream('files.list', { placeId, path: `${folder}/many` })) {
      firstMs ??= performance.now() - startedAtMs;
      count += entries.length;
    }
    expect(count).toBe(30_000);
    // A machine that does other things too stretches both.
    expect(firstMs).toBeLessThan((performance.now() - startedAtMs) / 1.5);
  });

  it('never deletes through a folder that becomes a link meanwhile', async () => {
    const { files, folder, sh } = placeOf('a workspace');
    await sh(
      `cd ${folder} && mkdir -p precious swap && seq 300 | sed 's#^#precious/#' | xargs touch && for i in $(seq 150); do mkdir -p swap/$i/d; done`,
    );
    const swapping = sh(
      `cd ${folder}/swap && for r in 1 2 3; do for i in $(seq 150); do mv $i/d $i/e 2>/dev/null && ln -s ../../precious $i/d 2>/dev/null; done; done; true`,
    );
    const removal = await plane.client.call('files.remove', {
      placeId: files.placeId,
      path: folder,
      names: ['swap'],
    });
    await Promise.all([swapping, plane.ended(removal.id)]);
    expect(await sh(`ls ${folder}/precious | wc -l`)).toBe('300\n');
  });

  it('deletes folders deeper than a path can say', async () => {
    const { files, folder, sh } = placeOf('a workspace');
    await sh(
      `mkdir ${folder}/deep && cd ${folder}/deep && i=0; while [ $i -lt 420 ]; do mkdir abcdefghijkl && cd -P abcdefghijkl || break; i=$((i+1)); done`,
    );
    const removal = await plane.client.call('files.remove', {
      placeId: files.placeId,
      path: folder,
      names: ['deep'],
    });
    await plane.succeeded(removal.id);
    expect(await sh(`ls -d ${folder}/deep 2>/dev/null || echo gone`)).toBe('gone\n');
  });

  it('shows its lasting files when it is stopped, and all of them again when it runs', async () => {
    const { files, folder } = placeOf('a workspace');
    await files.write(`${folder}/lasting`, 'lasting');
    await plane.succeeded((await plane.client.call('workspaces.stop', { id: workspace.id })).id);
    await plane.workspaceIn(workspace.id, 'stopped');
    const { placeId } = files;
    expect(await plane.client.call('files.start', { placeId })).toEqual({ path: folder, only: folder });
    expect((await files.read('lasting')).toString()).toBe('lasting');
    await files.write(`${folder}/while-stopped`, 'x');
    await expect(files.look('/etc/passwd')).rejects.toMatchObject({ code: 'not-found' });
    await plane.succeeded((await plane.client.call('workspaces.start', { id: workspace.id })).id);
    await plane.workspaceIn(workspace.id, 'running');
    expect(await plane.client.call('files.start', { placeId })).toEqual({ path: folder, only: null });
    expect(await placeOf('a workspace').sh(`stat -c %U ${folder}/while-stopped`)).toBe('dev\n');
    await waitUntil(
      async () =>
        (await remote.docker('ps', '-q', '--filter', 'label=dev.berth.helper-files')).trim().split('\n')
          .length === 1,
      { what: 'one agent is left' },
    );
  });
});
