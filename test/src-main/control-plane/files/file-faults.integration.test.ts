/**
 * What can happen to files, on real parts: Berth is killed, or what serves files on the host is, in the middle of everything;
 * a disk is full; something is swapped, refused or strangely named. Old content or new content is there, whole, and nothing
 * else is left.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlaceId } from '#contract/files.ts';
import type { Host } from '#contract/hosts.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { FilesErrand } from '#test/harness/files-plane-child.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { loadImage, workspaceImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { runChecked } from '#test/servers/run-process.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import { FileClient, keyOf } from './file-client.ts';

const child = new URL('../../../harness/files-plane-child.ts', import.meta.url).pathname;
const hostFolder = '/srv/faults';

let remote: RemoteHost;
let plane: TestPlane;
let dataFolder: string;
let localFolder: string;
let host: Host;
let workspace: Workspace;
/** Where the workspace's files lie on the host, for tools that its image has not. */
let volumeFolder: string;

/** A place, a folder of its own in it, and root's shell where these files lie, in that folder. */
interface Place {
  readonly files: FileClient;
  readonly folder: string;
  readonly sh: (script: string) => Promise<string>;
}
const places = new Map<string, Place>();
const placeOf = (name: string) => places.get(name)!;
const remotes = ['a workspace', 'a host'] as const;
const everywhere = [...remotes, 'this computer'] as const;

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await workspaceImage());
  dataFolder = await mkdtemp(join(tmpdir(), 'berth-faults-'));
  localFolder = await mkdtemp(join(tmpdir(), 'berth-files-'));
  plane = await startPlane({ folder: dataFolder });
  host = await plane.addHost(remote);
  const project = await plane.createProject('berth-workspace:test');
  workspace = await plane.createWorkspace({ host, project, name: 'dev' });
  const volume = (await remote.docker('volume', 'ls', '-q')).trim();
  volumeFolder = (await remote.docker('volume', 'inspect', '-f', '{{.Mountpoint}}', volume)).trim();
  const onHost = (folder: string) => (script: string) =>
    remote.runChecked(['sh', '-c', `cd ${folder} && { ${script}; }`]);
  const { id } = await plane.client.call('hosts.add', {
    name: 'here',
    definition: { kind: 'local', socketPath: remote.engineSocketPathOnThisMachine },
  });
  await plane.hostReady(id);
  await remote.run(['mkdir', '-p', hostFolder]);
  const add = (name: string, placeId: PlaceId, folder: string, sh: Place['sh']) =>
    places.set(name, { files: new FileClient(plane, placeId), folder, sh });
  add('a workspace', workspace.id, workspace.mountPoint, onHost(volumeFolder));
  add('a host', host.id, hostFolder, onHost(hostFolder));
  add('this computer', id, localFolder, (script) =>
    runChecked(['sh', '-c', `cd ${localFolder} && { ${script}; }`]),
  );
}, 120_000);
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
  for (const folder of [dataFolder, localFolder])
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** The plane after it was another one's turn with its data. */
async function reopen(): Promise<void> {
  plane = await startPlane({ folder: dataFolder });
  await plane.hostReady(host.id);
  await plane.workspaceIn(workspace.id, 'running');
  for (const [name, { files, ...rest }] of [...places])
    places.set(name, { ...rest, files: new FileClient(plane, files.placeId) });
}

const sum = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');
const litter = ({ sh }: Place) => sh('find . -name "*berth-*" | sort');

describe('Berth is killed in the middle of an upload, a save, a copy and a deletion', () => {
  const upload = { bytes: 3_000_000, fill: 7 };
  const savedLetters = 900_000;

  it('and whatever it was, there is the old or the new, whole', { timeout: 240_000 }, async () => {
    for (const name of remotes)
      await placeOf(name).sh(
        'mkdir -p tree doomed arrived && head -c 3000000 /dev/urandom > tree/1 && for i in $(seq 2 12); do cp tree/1 tree/$i; done && (cd tree && sha256sum * > ../sums) && for i in $(seq 1000); do echo whole > doomed/$i; done && chown -R 1000:1000 .',
      );
    await plane.close();
    const errand: FilesErrand = {
      ...{ dataFolder, hostId: host.id, workspaceId: workspace.id, upload, savedLetters },
      places: remotes.map((name) => ({ id: placeOf(name).files.placeId, folder: placeOf(name).folder })),
      copy: { from: 0, to: 1 },
    };
    const run = spawn(process.execPath, [child, JSON.stringify(errand)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [code, signal] = (await once(run, 'exit')) as [number | null, string | null];
    expect([code, signal]).toEqual([null, 'SIGKILL']);
    await reopen();
    for (const name of remotes) {
      const { sh, files, folder } = placeOf(name);
      const saved = await sh('cat saved.txt');
      expect([saved.length, new Set(saved).size, 'ab'.includes(saved[0] ?? '-')]).toEqual([
        savedLetters,
        1,
        true,
      ]);
      // The upload goes on where it stopped.
      const path = `${folder}/upload.bin`;
      await expect(files.look(path)).rejects.toMatchObject({ code: 'not-found' });
      const asked = { placeId: files.placeId, path, uploadKey: keyOf('upload.bin') };
      const { bytes: offset } = await plane.client.call('files.uploaded', asked);
      expect(offset).toBe(upload.bytes / 2);
      const content = Buffer.alloc(upload.bytes, upload.fill);
      await files.write(path, content, { offset });
      expect((await sh('sha256sum < upload.bin')).split(' ')[0]).toBe(sum(content));
      // What is left of the folder is whole, and goes with another press.
      expect(await sh('[ ! -d doomed ] || cat doomed/* 2>/dev/null | sort -u')).toMatch(/^(whole\n)?$/);
      const removal = { placeId: files.placeId, path: folder, names: ['doomed'] };
      await plane.succeeded((await plane.client.call('files.remove', removal)).id);
      expect(await sh('ls -d doomed 2>/dev/null || echo gone')).toBe('gone\n');
    }
    const copies = await plane.until('operations.watch', {}, (all) => {
      const found = all.filter(({ kind }) => kind === 'files.copy');
      return found.every(({ endedAt }) => endedAt !== null) ? found : undefined;
    });
    expect(copies).toMatchObject([{ state: 'succeeded' }]);
    const sums = await placeOf('a workspace').sh('cat sums');
    expect(await placeOf('a host').sh('cd arrived/tree && sha256sum *')).toBe(sums);
    // The agent takes its half of a save along; SFTP has nobody there who could, and the next save sweeps it up in an hour.
    expect(await litter(placeOf('a workspace'))).toBe('');
    expect(await litter(placeOf('a host'))).toMatch(/^(\.\/\.saved\.txt\.berth-edit\w{16}\n)?$/);
    await placeOf('a host').sh('rm -f .saved.txt.berth-*');
  });
});

describe.each(everywhere)('what broke off long ago in %s', (name) => {
  it('is swept up by the next write there, of an upload after a week', async () => {
    const { files, folder, sh } = placeOf(name);
    await sh(
      'mkdir -p swept && cd swept && touch -d "8 days ago" .a.berth-0123456789abcdefghij && touch -d "2 days ago" .b.berth-0123456789abcdefghij && touch -d "2 hours ago" .c.berth-edit0123456789abcdef && touch .d.berth-edit0123456789abcdef .berth-none && chmod 777 .',
    );
    await files.write(`${folder}/swept/new`, 'x');
    // By its user's clock all of them are new (ctime), so that the agent, which looks at that too, keeps them.
    const kept = name === 'a workspace' ? 6 : 4;
    await waitUntil(async () => (await files.names(`${folder}/swept`)).length === kept, {
      what: 'only what may still be wanted is left',
    });
    expect(await files.names(`${folder}/swept`)).toEqual(
      expect.arrayContaining([
        '.b.berth-0123456789abcdefghij',
        '.d.berth-edit0123456789abcdef',
        '.berth-none',
        'new',
      ]),
    );
    await sh('rm -r swept');
  });
});

describe.each([
  ['a workspace', 'file-agent.py'],
  ['a host', 'sftp-server'],
] as const)('the program that serves files of %s is killed', (name, program) => {
  const kill = async () => {
    const pids = (await remote.runChecked(['pgrep', '-f', program])).trim().split('\n');
    await remote.run(['kill', '-KILL', ...pids]);
    await waitUntil(
      async () => {
        const { stdout } = await remote.run(['pgrep', '-f', program]);
        return !pids.some((pid) => stdout.split('\n').includes(pid));
      },
      { what: `${program} is gone` },
    );
  };

  it('and an upload goes on with another one', async () => {
    const { files, folder, sh } = placeOf(name);
    const path = `${folder}/served.bin`;
    const content = Buffer.alloc(2_000_000, 9);
    const cut = files.beginWrite(path, content.length);
    await cut.send(content.subarray(0, 500_000));
    const asked = { placeId: files.placeId, path, uploadKey: keyOf('served.bin') };
    const uploaded = async () => (await plane.client.call('files.uploaded', asked)).bytes;
    await waitUntil(async () => (await uploaded()) === 500_000, { what: 'the first part is there' });
    await kill();
    const rest = cut.send(content.subarray(500_000)).then(() => cut.end());
    await expect(rest).rejects.toMatchObject({ code: 'connection-lost' });
    expect(await uploaded()).toBe(500_000);
    await files.write(path, content, { offset: 500_000 });
    expect((await sh('sha256sum < served.bin')).split(' ')[0]).toBe(sum(content));
    // Nobody asks it when it dies: whoever asks next does not hear of it.
    await kill();
    expect((await files.look(path)).sizeBytes).toBe(content.length);
    await kill();
    expect(await files.names(folder)).toContain('served.bin');
    expect(await litter(placeOf(name))).toBe('');
  });

  it('and a copy from there ends whole, or leaves nothing', async () => {
    const to = placeOf(name === 'a host' ? 'a workspace' : 'a host');
    const { files, folder, sh } = placeOf(name);
    await to.sh('rm -rf arrived; mkdir arrived && chown 1000:1000 arrived');
    const copy = await plane.client.call('files.copy', {
      ...{ placeId: files.placeId, path: folder, names: ['tree'] },
      ...{ toId: to.files.placeId, toPath: `${to.folder}/arrived` },
    });
    await plane.until('operations.watch', {}, (all) =>
      all.find(({ id, steps }) => id === copy.id && (steps[0]?.progress?.done ?? 0) > 0),
    );
    await kill();
    const { state } = await plane.ended(copy.id);
    const there = await to.sh('ls -A arrived');
    if (state === 'succeeded')
      expect(await to.sh('cd arrived/tree && sha256sum *')).toBe(await sh('cat sums'));
    else expect([state, there]).toEqual(['failed', '']);
    expect(await litter(to)).toBe('');
  });
});

describe('a full disk', () => {
  it('takes nothing that was there, and what it did not take is named and gone', {
    timeout: 90_000,
  }, async () => {
    for (const name of remotes)
      await placeOf(name).sh(
        'printf before > kept.txt && rm -rf tree2 arrived && mkdir arrived && chown -R 1000:1000 .',
      );
    await remote.fillDisk();
    try {
      for (const name of remotes) {
        const { files, folder, sh } = placeOf(name);
        const { placeId } = files;
        const refused = { code: 'file.no-space', details: { path: `${folder}/kept.txt` } };
        const content = Buffer.alloc(2_000_000, 5);
        for (const replaces of ['anything', (await files.look(`${folder}/kept.txt`)).version])
          await expect(files.write(`${folder}/kept.txt`, content, { replaces })).rejects.toMatchObject(
            refused,
          );
        const save = { placeId, path: `${folder}/kept.txt`, text: 'x'.repeat(900_000), replaces: 'anything' };
        await expect(plane.client.call('files.writeText', save)).rejects.toMatchObject({
          ...refused,
          message: expect.stringMatching(/no space left for “.*kept\.txt”\. Delete something there first\./),
        });
        expect(await sh('cat kept.txt')).toBe('before');
        const copy = await plane.client.call('files.copy', {
          ...{ placeId, path: folder, names: ['tree'], toId: placeId, toPath: `${folder}/arrived` },
        });
        expect(await plane.ended(copy.id)).toMatchObject({
          state: 'failed',
          error: { code: 'file.no-space' },
        });
        expect(await sh('ls -A arrived')).toBe('');
        expect(await litter(placeOf(name))).toBe('');
      }
      const [from, to] = [placeOf('a host'), placeOf('a workspace')];
      const over = await plane.client.call('files.copy', {
        ...{ placeId: from.files.placeId, path: from.folder, names: ['served.bin'], isMove: true },
        ...{ toId: to.files.placeId, toPath: `${to.folder}/arrived` },
      });
      expect(await plane.ended(over.id)).toMatchObject({ state: 'failed', error: { code: 'file.no-space' } });
      expect(await to.sh('ls -A arrived')).toBe('');
      expect(await from.sh('stat -c %s served.bin')).toBe('2000000\n');
    } finally {
      await remote.freeDisk();
    }
    for (const name of remotes) {
      const { files, folder, sh } = placeOf(name);
      await files.write(`${folder}/kept.txt`, 'after', { replaces: 'anything' });
      expect(await sh('cat kept.txt')).toBe('after');
    }
  });
});

describe.each(everywhere)('%s', (name) => {
  it('keeps owner, mode, attributes and access lists of what is edited; its other names keep the old', async () => {
    const { files, folder, sh } = placeOf(name);
    const { placeId } = files;
    await sh(
      'printf old > one && ln one two && chown 1000:1000 one && chmod 4750 one && setfattr -n user.berth -v mark one && setfacl -m u:1234:r one',
    );
    const about =
      'stat -c "%u:%g %a %h" one && getfattr --only-values -n user.berth one && getfacl -cn one | grep 1234';
    const before = await sh(about);
    const { entry } = await plane.client.call('files.readText', { placeId, path: `${folder}/one` });
    const save = { placeId, path: `${folder}/one`, text: 'new', replaces: entry.version };
    await plane.client.call('files.writeText', save);
    expect(await sh('cat one two')).toBe('newold');
    expect(before).toContain(' 4750 2\n');
    expect(await sh(about)).toBe(before.replace(' 2\n', ' 1\n'));
  });

  it('has every name that a file may have', async () => {
    const { files, folder, sh } = placeOf(name);
    const { placeId } = files;
    const names = [
      'new\nline',
      `"quo'tes"`,
      '-rf',
      ' ',
      'a\\b',
      'é'.repeat(127),
      'x'.repeat(255),
      'really \ufffd',
      '$(id)*?',
    ];
    await plane.client.call('files.makeFolder', { placeId, path: `${folder}/names` });
    for (const one of names) {
      const path = `${folder}/names/${one}`;
      await files.write(path, 'sent');
      const { entry } = await plane.client.call('files.readText', { placeId, path });
      await plane.client.call('files.writeText', { placeId, path, text: one, replaces: entry.version });
      expect((await files.read(path)).toString()).toBe(one);
    }
    expect(await files.names(`${folder}/names`)).toEqual(names.toSorted());
    const long = files.write(`${folder}/names/${'é'.repeat(128)}`, 'x');
    await expect(long).rejects.toMatchObject({ code: expect.stringMatching(/file\.(failed|wrong-kind)/) });
    const other = placeOf(name === 'a host' ? 'a workspace' : 'a host');
    await other.sh('rm -rf arrived && mkdir arrived && chown 1000:1000 arrived');
    const move = await plane.client.call('files.copy', {
      ...{ placeId, path: folder, names: ['names'], isMove: true },
      ...{ toId: other.files.placeId, toPath: `${other.folder}/arrived` },
    });
    await plane.succeeded(move.id);
    for (const one of names)
      expect((await other.files.read(`${other.folder}/arrived/names/${one}`)).toString()).toBe(one);
    const removal = { placeId: other.files.placeId, path: `${other.folder}/arrived/names`, names };
    await plane.succeeded((await plane.client.call('files.remove', removal)).id);
    expect(await other.sh('ls -A arrived/names')).toBe('');
    expect(await sh('ls -d names 2>/dev/null || echo moved')).toBe('moved\n');
  });

  it('says of names that are no UTF-8 what to do, and loses none of them', async () => {
    const { files, folder, sh } = placeOf(name);
    const { placeId } = files;
    await sh(
      'mkdir -p odd/in && d="odd/in/$(printf "bad\\377")" && mkdir "$d" && echo precious > "$d/file" && chown -R 1000:1000 odd',
    );
    await expect(files.look(`${folder}/odd/in/bad\ufffd`)).rejects.toMatchObject({
      code: 'file.failed',
      message: expect.stringContaining('Rename it in a terminal'),
    });
    await expect(files.archive(`${folder}/odd`)).rejects.toMatchObject({ code: 'file.failed' });
    const other = placeOf(name === 'a host' ? 'a workspace' : 'a host');
    await other.sh('rm -rf arrived && mkdir arrived && chown 1000:1000 arrived');
    const move = await plane.client.call('files.copy', {
      ...{ placeId, path: folder, names: ['odd'], isMove: true },
      ...{ toId: other.files.placeId, toPath: `${other.folder}/arrived` },
    });
    expect(await plane.ended(move.id)).toMatchObject({
      state: 'failed',
      error: { code: 'file.failed', message: expect.stringContaining('no UTF-8') },
    });
    expect([await sh('cat odd/in/*/file'), await other.sh('ls -A arrived')]).toEqual(['precious\n', '']);
    const asked = { placeId, path: `${folder}/odd/in`, names: ['bad\ufffd'] };
    expect(await plane.ended((await plane.client.call('files.remove', asked)).id)).toMatchObject({
      error: { code: 'file.failed' },
    });
    // The place itself has no trouble with them.
    const removal = { placeId, path: folder, names: ['odd'] };
    await plane.succeeded((await plane.client.call('files.remove', removal)).id);
    expect(await sh('ls -d odd 2>/dev/null || echo gone')).toBe('gone\n');
  });

  it('puts nothing in place but what was sent, whatever is swapped meanwhile', async () => {
    const { files, folder, sh } = placeOf(name);
    const path = `${folder}/swapped`;
    const partial = `.swapped.berth-${keyOf('swapped')}`;
    await sh('printf precious > victim && chown 1000:1000 victim');
    const write = files.beginWrite(path, 10);
    await write.send(Buffer.from('01234'));
    await waitUntil(async () => (await sh(`stat -c %s ${partial}`)) === '5\n', {
      what: 'the first half is there',
    });
    await sh(`rm ${partial} && ln -s victim ${partial}`);
    await write.send(Buffer.from('56789'));
    await expect(write.end()).rejects.toMatchObject({ code: 'file.changed', details: { path } });
    await expect(files.look(path)).rejects.toMatchObject({ code: 'not-found' });
    // Nor is such a link gone on with.
    await expect(files.write(path, '0123456789', { offset: 5 })).rejects.toMatchObject({
      code: 'file.changed',
    });
    expect(await sh('cat victim')).toBe('precious');
    await files.write(path, '0123456789');
    expect(await sh(`cat swapped; ls -A ${partial} 2>/dev/null`.concat(' || true'))).toBe('0123456789');
  });

  it('reads and goes on beyond four GiB', async () => {
    const { files, folder, sh } = placeOf(name);
    const size = 5 * 1024 ** 3;
    const path = `${folder}/large`;
    await sh(`truncate -s ${size} .large.berth-${keyOf('large')} && chown 1000:1000 .large.berth-*`);
    const asked = { placeId: files.placeId, path, uploadKey: keyOf('large') };
    expect(await plane.client.call('files.uploaded', asked)).toEqual({ bytes: size });
    const write = files.beginWrite(path, size + 4, { offset: size });
    await write.send(Buffer.from('tail'));
    await write.end();
    expect(await sh('tail -c 5 large | od -An -c')).toBe('  \\0   t   a   i   l\n');
    expect(await files.look(path)).toMatchObject({ sizeBytes: size + 4 });
    expect((await files.read(path, { offset: size - 1 })).toString()).toBe('\0tail');
    await sh('rm large');
  });
});

describe('what no listing tells', () => {
  /** Three names of one file, two of them in closed folders; attributes of files and folders; an access list. */
  const make =
    'rm -rf told && mkdir -p told/in/closed && cd told && head -c 300000 /dev/urandom > in/first && ln in/first in/closed/second && ln in/first "third ü" && printf x > in/other && ln in/other ../outside-$$ && setfattr -n user.mark -v "first ä" in/first && setfattr -n user.bytes -v 0x00ff10 in/other && setfattr -n user.folder -v closed in/closed && setfattr -n user.long -v "$(head -c 300 /dev/zero | tr "\\0" a)" in/other && setfattr -h -n trusted.berth -v no in/other && chmod 444 in/first in/other && chmod 555 in/closed && chown -R 1000:1000 . && cd .. && rm -f outside-*';
  const facts =
    'cd told && stat -c "%n %h %a %s" in/first in/closed/second "third ü" in/other && getfattr -d -e hex -m "^user" in/first in/closed in/other && [ in/first -ef "third ü" ] && [ in/first -ef in/closed/second ] && sha256sum in/first';
  const copied = async (from: string, to: string, over: { toPath?: string; isMove?: boolean } = {}) => {
    const target = placeOf(to);
    const { id } = await plane.client.call('files.copy', {
      ...{ placeId: placeOf(from).files.placeId, path: placeOf(from).folder, names: ['told'] },
      ...{ toId: target.files.placeId, toPath: `${target.folder}/arrived`, ...over },
    });
    const { state, steps, error } = await plane.ended(id);
    expect([error, state]).toEqual([null, 'succeeded']);
    return steps.find((step) => step.id === 'place')?.note;
  };
  const empty = (name: string) =>
    placeOf(name).sh(
      '{ chmod -R u+rwX arrived 2>/dev/null; rm -rf arrived; } && mkdir arrived && chown 1000:1000 arrived',
    );

  it.each([
    ['a workspace', 'a workspace'],
    ['a workspace', 'a host'],
    ['a workspace', 'this computer'],
    ['a host', 'a workspace'],
    ['a host', 'a host'],
    ['this computer', 'a workspace'],
  ])('comes along from %s to %s', async (from, to) => {
    await placeOf(from).sh(make);
    await empty(to);
    const before = await placeOf(from).sh(facts);
    expect(before).toMatch(/^in\/first 3 444 300000\nin\/closed\/second 3 444[\s\S]*user\.mark=0x6669727374/);
    expect(await copied(from, to)).toBe('');
    expect(await placeOf(to).sh(`cd arrived && { ${facts}; }`)).toBe(before);
  });

  it('is said to be lost where it cannot be kept, by a move too', async () => {
    await placeOf('a workspace').sh(`${make} && setfacl -m u:1234:r told/in/other`);
    await placeOf('a host').sh(make);
    const lost = 'attributes or access lists of 1 were not kept';
    await empty('a host');
    expect(await copied('a workspace', 'a host')).toBe(lost);
    await empty('a workspace');
    // Within a place everything is.
    expect(await copied('a workspace', 'a workspace')).toBe('');
    expect(await placeOf('a workspace').sh('getfacl -cn arrived/told/in/other | grep 1234')).toBe(
      'user:1234:r--\n',
    );
    // A file system without attributes, which has links.
    const { folder, sh } = placeOf('a host');
    await sh('mkdir bare && mount -t ramfs none bare');
    try {
      const bare = 'attributes or access lists of 3 were not kept';
      expect(await copied('a host', 'a host', { toPath: `${folder}/bare` })).toBe(bare);
      await sh('rm -rf bare/told');
      await placeOf('a workspace').sh('chmod 755 told/in/closed');
      expect(await copied('a workspace', 'a host', { toPath: `${folder}/bare`, isMove: true })).toBe(bare);
      expect(await sh('stat -c %h bare/told/in/first')).toBe('3\n');
    } finally {
      await sh('umount bare && rmdir bare');
    }
    expect(await placeOf('a workspace').sh('ls -d told 2>/dev/null || echo moved')).toBe('moved\n');
  });

  it('is looked for by whoever may look, and what cannot be opened holds nobody up', async () => {
    const from = placeOf('a workspace');
    await from.sh(
      'rm -rf told && mkdir told && cd told && mkfifo pipe && printf x > one && ln one two && ln -s /etc/shadow shadow && chown -hR 1000:1000 .',
    );
    await empty('a host');
    expect(await copied('a workspace', 'a host')).toBe('1 left out that are no files, folders or links');
    expect(await placeOf('a host').sh('cd arrived/told && stat -c "%n %h" one two && readlink shadow')).toBe(
      'one 2\ntwo 2\n/etc/shadow\n',
    );
  });
});

describe('what may not be written to', () => {
  it('is named, with why, and nothing of it is left', async () => {
    const { files, folder, sh } = placeOf('a workspace');
    await sh('mkdir closed && printf kept > closed/f && chown -R 1000:1000 closed && chmod 555 closed');
    const { placeId } = files;
    const path = `${folder}/closed/f`;
    const refused = {
      code: 'file.permission-denied',
      message: expect.stringContaining('closed/f”, or of its folder, do not allow it'),
    };
    await expect(files.write(path, 'x', { replaces: 'anything' })).rejects.toMatchObject(refused);
    const save = { placeId, path, text: 'x', replaces: 'anything' };
    await expect(plane.client.call('files.writeText', save)).rejects.toMatchObject(refused);
    expect(await sh('ls -A closed && cat closed/f && chmod 755 closed')).toBe('f\nkept');
  });

  it('is told from the disk that it lies on, by SFTP too', async () => {
    const { files, folder, sh } = placeOf('a host');
    await sh(
      'mkdir fixed && mount -t tmpfs none fixed && printf kept > fixed/f && mount -o remount,ro fixed',
    );
    try {
      const refused = {
        code: 'file.permission-denied',
        message: expect.stringMatching(/faults\/fixed\/\w+” is on a disk that cannot be written to/),
      };
      for (const one of ['f', 'other'])
        await expect(
          files.write(`${folder}/fixed/${one}`, 'x', { replaces: 'anything' }),
        ).rejects.toMatchObject(refused);
      const made = plane.client.call('files.makeFolder', {
        placeId: files.placeId,
        path: `${folder}/fixed/sub`,
      });
      await expect(made).rejects.toMatchObject(refused);
      expect(await sh('ls -A fixed')).toBe('f\n');
    } finally {
      await sh('umount fixed');
    }
  });
});
