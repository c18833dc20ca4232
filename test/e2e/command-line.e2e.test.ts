/**
 * The command line against a served Berth and a real host, and alone: shells, commands, files and ports of a workspace, and
 * snapshots as a script makes, lists, restores, saves and deletes them.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn as spawnPty } from '@lydell/node-pty';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addHostFileFor } from '../servers/demo-host.ts';
import { busyboxImage, loadImage } from '../servers/images.ts';
import { type RemoteHost, startRemoteHost } from '../servers/remote-host.ts';
import { runChecked } from '../servers/run-process.ts';
import { waitUntil } from '../servers/wait-until.ts';
import { startPlane } from '../harness/start-plane.ts';
import { program } from './launch-served.ts';
import { type ServedBerth, startServedBerth } from './served-berth.ts';

let host: RemoteHost;
let berth: ServedBerth;

beforeAll(async () => {
  host = await startRemoteHost({ name: 'atlas' });
  await loadImage(host, await busyboxImage());
  const hostFile = `${host.clientKeyPath}.host.json`;
  await writeFile(hostFile, JSON.stringify(addHostFileFor(host, 'atlas')), { mode: 0o600 });
  berth = await startServedBerth({ args: ['--add-host', hostFile] });
  // A workspace is made by a window; a plane of its own on the same data stands for one.
  await berth.kill();
  const plane = await startPlane({ folder: berth.dataFolder });
  const added = await plane.until('hosts.watch', {}, (hosts) => hosts.find(({ name }) => name === 'atlas'));
  await plane.hostReady(added.id);
  const project = await plane.createProject('berth-busybox:test');
  await plane.createWorkspace({ host: added, project, name: 'alpha' });
  await plane.close();
  await berth.restart();
}, 120_000);
afterAll(async () => {
  await berth?.stop();
  await host?.stop();
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}
/** What follows -- is another program's. */
function withFolder(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  const at = end === -1 ? args.length : end;
  return [...args.slice(0, at), '--data-dir', berth.dataFolder, ...args.slice(at)];
}
function run(...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=DEP0169', program, ...withFolder(args)], {
      env: { ...process.env, HOME: berth.homeFolder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output, errors }));
  });
}
async function done(...args: string[]): Promise<string> {
  const { code, output, errors } = await run(...args);
  if (code !== 0) throw new Error(`berth ${args.join(' ')}: exit code ${code}\n${output}${errors}`);
  return output;
}
const inside = (text: string) =>
  host
    .docker('ps', '-q', '--filter', 'label=dev.berth.name=alpha')
    .then((id) => host.docker('exec', id.trim(), 'sh', '-c', text));

/** The command line in a terminal of its own. */
function atTerminal(...args: string[]) {
  const terminal = spawnPty(process.execPath, ['--disable-warning=DEP0169', program, ...withFolder(args)], {
    cols: 100,
    rows: 30,
    env: { ...process.env, HOME: berth.homeFolder } as Record<string, string>,
  });
  let text = '';
  terminal.onData((chunk) => (text += chunk));
  const ended = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  const shows = (words: string | RegExp) =>
    waitUntil(() => (typeof words === 'string' ? text.includes(words) : words.test(text)), {
      what: `it shows ${words}`,
    });
  return { terminal, ended, shows, type: (keys: string) => terminal.write(keys), text: () => text };
}

describe('into a workspace', () => {
  it('makes one, tells how it is, and destroys it', async () => {
    await done(
      'workspace',
      'create',
      'beta',
      '--image',
      'berth-busybox:test',
      '--host',
      'atlas',
      '--pids',
      '64',
      '-e',
      'A=b c',
    );
    expect(await done('workspace', 'status', 'beta')).toContain('running');
    expect(await done('exec', 'beta', '--', 'sh', '-c', 'echo "$A"')).toBe('b c\n');
    expect(await done('container', 'status', 'beta')).toBe('running\n');
    await done('workspace', 'rm', 'beta', '--yes', '--delete-files');
    await done('project', 'rm', 'beta', '--yes');
    expect((await run('doctor', '--all')).output).toContain('One runs and answers.');
  }, 180_000);

  it('runs a command as if it ran here: bytes, outputs, words and exit code', async () => {
    const bytes = randomBytes(10_000_000);
    const child = spawn(
      process.execPath,
      [program, 'exec', 'alpha', '-i', '--data-dir', berth.dataFolder, '--', 'cat'],
      {
        env: { ...process.env, HOME: berth.homeFolder },
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    const hash = createHash('sha256');
    child.stdout.on('data', (chunk: Buffer) => hash.update(chunk));
    child.stdin.end(bytes);
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    const odd = `a "b' $(id) \n`;
    expect(
      await run('exec', 'alpha', '--', 'sh', '-c', 'printf %s "$1"; echo oh >&2; exit 42', 'sh', odd),
    ).toEqual({
      code: 42,
      output: odd,
      errors: 'oh\n',
    });
    expect(await done('exec', 'alpha', '--', 'printf', '[%s]', '', '--json')).toBe('[][--json]');
  }, 60_000);

  it('passes Ctrl+C on, and ends the command with itself', async () => {
    const shell = ['sh', '-c', 'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.1; done'];
    const at = atTerminal('exec', 'alpha', '--', ...shell);
    await at.shows('ready');
    at.type('\u0003');
    expect(await at.ended).toBe(9);
    expect(at.text()).toContain('caught');
    const killed = atTerminal('exec', 'alpha', '--', 'sleep', '4321');
    await waitUntil(async () => (await inside('ps')).includes('sleep 4321'), { what: 'it runs' });
    killed.terminal.kill('SIGKILL');
    await waitUntil(async () => !(await inside('ps')).includes('sleep 4321'), { what: 'it ended' });
  }, 60_000);

  it('gives a real terminal: size and its changes, the exit code, and the tty as it was', async () => {
    const at = atTerminal('shell', 'alpha');
    await at.shows('leaves');
    at.type('stty size; echo $((6*7))\r');
    await at.shows('30 100');
    at.terminal.resize(77, 22);
    await waitUntil(
      () => {
        at.type('stty size\r');
        return at.text().includes('22 77');
      },
      { what: 'the new size', intervalMs: 300 },
    );
    at.type('exit 7\r');
    expect(await at.ended).toBe(7);
    expect(at.text()).toContain('42');
  }, 60_000);

  it('leaves a shell that runs on under tmux, joins it again, and restores the tty when it is ended', async () => {
    const first = atTerminal('shell', 'alpha');
    await first.shows('runs on');
    first.type('MARK=still-here; echo set-$MARK\r');
    await first.shows('set-still-here');
    first.type('\u001d');
    expect(await first.ended).toBe(0);
    const [open] = JSON.parse(await done('shell', '--list', '--json')) as { id: string }[];
    // In a shell of ours, which tells whether the terminal is as it was.
    const outer = spawnPty('/bin/bash', ['--norc', '--noprofile'], {
      cols: 100,
      rows: 30,
      env: { ...process.env, HOME: berth.homeFolder, PS1: '$ ' } as Record<string, string>,
    });
    let text = '';
    outer.onData((chunk) => (text += chunk));
    const shows = (words: RegExp) => waitUntil(() => words.test(text), { what: `${words} is shown` });
    outer.write(`stty -a | grep -o -- '-\\?icanon' | sed s/^/before:/\r`);
    await shows(/before:icanon/);
    const words = [process.execPath, program, 'shell', '--attach', open?.id ?? ''];
    outer.write(
      `sh -c 'echo "pid:$$:"; exec "$@"' sh ${words.join(' ')} --data-dir ${berth.dataFolder}; stty -a | grep -o -- '-\\?icanon' | sed s/^/after:/\r`,
    );
    await shows(/leaves/);
    await waitUntil(
      () => {
        outer.write('echo joined-$MARK\r');
        return text.includes('joined-still-here');
      },
      { what: 'the shell is joined', intervalMs: 300 },
    );
    process.kill(Number(/pid:(\d+):/.exec(text)?.[1]), 'SIGTERM');
    await shows(/after:icanon/);
    outer.kill();
    const again = atTerminal('shell', '--attach', open?.id ?? '');
    await again.shows('leaves');
    again.type('exit\r');
    expect(await again.ended).toBe(0);
  }, 90_000);

  it('waits out a lost connection to the host, and goes on in the same shell', async () => {
    const at = atTerminal('shell', 'alpha');
    await at.shows('runs on');
    at.type('MARK=survived; echo set-$MARK\r');
    await at.shows('set-survived');
    await host.killSshSessions();
    await at.shows('The connection to the host was lost');
    await at.shows('The connection is back');
    at.type('echo it-$MARK\r');
    await at.shows('it-survived');
    at.type('exit\r');
    expect(await at.ended).toBe(0);
  }, 60_000);

  it('types a pipe into a shell', async () => {
    const child = spawn(process.execPath, [program, 'shell', 'alpha', '--data-dir', berth.dataFolder], {
      env: { ...process.env, HOME: berth.homeFolder },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stdin.end('echo piped-$((40+2))\nfalse\n');
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
    expect(output).toContain('piped-42');
  }, 60_000);

  it('copies a nasty tree in and out unchanged', async () => {
    const tree = join(berth.homeFolder, 'tree');
    const far = join(tree, 'deep', 'x'.repeat(120), 'y'.repeat(120));
    await mkdir(far, { recursive: true });
    await writeFile(join(far, 'far'), 'far');
    await writeFile(join(tree, `a b$(id)"'`), 'one');
    await link(join(tree, `a b$(id)"'`), join(tree, 'hard'));
    await symlink('../../etc/passwd', join(tree, 'soft'));
    await writeFile(join(tree, 'big'), randomBytes(3_000_000), { mode: 0o751 });
    await utimes(join(tree, 'big'), 981_173_106, 981_173_106);
    await writeFile(Buffer.concat([Buffer.from(`${tree}/bad-`), Buffer.from([0xff])]), '');
    await runChecked(['mkfifo', join(tree, 'pipe')]);
    const into = await run('cp', tree, 'alpha:copied');
    expect(into).toMatchObject({ code: 0, errors: '' });
    const back = join(berth.homeFolder, 'back');
    const out = await run('cp', 'alpha:copied', back);
    expect(out).toMatchObject({ code: 0, errors: expect.stringContaining('pipe') });
    // BusyBox sets no times of links, and of folders before it fills them.
    const differences = await runChecked([
      'rsync',
      '-rlptH',
      '--omit-dir-times',
      '--omit-link-times',
      '--checksum',
      '--dry-run',
      '--itemize-changes',
      '--delete',
      '--exclude=/pipe',
      `${tree}/`,
      `${back}/`,
    ]);
    expect(differences).toBe('');
    // In a folder that is there it comes to lie under its own name; through a pipe it is an archive.
    await done('cp', `${tree}/big`, 'alpha:.');
    expect(await inside('wc -c < /home/dev/big')).toBe('3000000\n');
    const archive = join(berth.homeFolder, 'big.tar');
    await runChecked([
      'sh',
      '-c',
      '"$0" "$1" cp alpha:big - --data-dir "$2" > "$3"',
      process.execPath,
      program,
      berth.dataFolder,
      archive,
    ]);
    expect(await runChecked(['tar', '-tf', archive])).toBe('big\n');
    expect(await run('cp', 'alpha:none', back)).toMatchObject({
      code: 1,
      errors: expect.stringContaining('none'),
    });
  }, 60_000);

  it('forwards ports to servers on the loopback, many connections at once, and ends cleanly', async () => {
    const folder = randomBytes(4).toString('hex');
    await inside(`mkdir -p /home/dev/${folder} && head -c 200000 /dev/urandom > /home/dev/${folder}/page`);
    const server = spawn(
      process.execPath,
      [
        program,
        'exec',
        'alpha',
        '--data-dir',
        berth.dataFolder,
        '--',
        'httpd',
        '-f',
        '-p',
        '127.0.0.1:8080',
        '-h',
        `/home/dev/${folder}`,
      ],
      { env: { ...process.env, HOME: berth.homeFolder }, stdio: 'ignore' },
    );
    await waitUntil(async () => (await inside('cat /proc/net/tcp')).includes(':1F90 '), {
      what: 'it listens',
    });
    const forward = spawn(
      process.execPath,
      [program, 'forward', 'alpha', '0:8080', '0:9', '--json', '--data-dir', berth.dataFolder],
      {
        env: { ...process.env, HOME: berth.homeFolder },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let [lines, errors] = ['', ''];
    forward.stdout.on('data', (chunk: Buffer) => (lines += chunk.toString()));
    forward.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    await waitUntil(() => lines.split('\n').length === 3, { what: 'both ports listen' });
    const [page, nobody] = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { localAddress: string; localPort: number });
    expect(page?.localAddress).toBe('127.0.0.1');
    const sum = (await inside(`sha256sum /home/dev/${folder}/page`)).slice(0, 64);
    const sums = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const response = await fetch(`http://127.0.0.1:${page?.localPort}/page`);
        return createHash('sha256')
          .update(Buffer.from(await response.arrayBuffer()))
          .digest('hex');
      }),
    );
    expect(new Set(sums)).toEqual(new Set([sum]));
    await expect(fetch(`http://127.0.0.1:${nobody?.localPort}/`)).rejects.toThrow();
    await waitUntil(() => errors.includes('port 9'), { what: 'it says that nobody listens' });
    forward.kill('SIGINT');
    expect(await new Promise((resolve) => forward.once('close', resolve))).toBe(0);
    server.kill('SIGKILL');
  }, 60_000);
});

describe('berth snapshot', () => {
  it('makes, lists, compares, restores and takes back, as a script calls it', async () => {
    await inside('echo one > /home/dev/file');
    await done('snapshot', 'create', 'alpha', `odd "name"; $(touch /tmp/pwned)`, '--note', 'a\tnote');
    await inside('echo two > /home/dev/file');
    const list = JSON.parse(await done('snapshot', 'list', 'alpha', '--json')) as { name: string }[];
    expect(list.map(({ name }) => name)).toEqual([`odd "name"; $(touch /tmp/pwned)`]);
    expect(await done('snapshot', 'compare', 'alpha', 'latest')).toContain('file');
    expect(await done('snapshot', 'ls', 'alpha', 'latest')).toContain('file');
    expect(await done('snapshot', 'get', 'alpha', 'latest', 'file', '-o', '-')).toBe('one\n');
    const asked = await run('snapshot', 'restore', 'alpha');
    expect(asked.code).toBe(2);
    expect(asked.errors).toContain('--yes');
    await done('snapshot', 'restore', 'alpha', '--yes');
    expect(await inside('cat /home/dev/file')).toBe('one\n');
    await done('snapshot', 'undo', 'alpha');
    expect(await inside('cat /home/dev/file')).toBe('two\n');
  }, 180_000);

  it('exports what plain tar opens, and imports it', async () => {
    const archive = join(berth.homeFolder, 'alpha.tar.zst');
    const name = `odd "name"; $(touch /tmp/pwned)`;
    await done('snapshot', 'export', 'alpha', name, '-o', archive);
    expect(await runChecked(['tar', '--zstd', '-xOf', archive, './file'])).toBe('one\n');
    await done('snapshot', 'import', archive, '--host', 'atlas', '--name', 'back');
    expect((await readFile(archive)).length).toBeGreaterThan(0);
    expect(await done('snapshot', 'list')).toContain('back');
  }, 120_000);

  it('keeps to rules, and says what it would delete before it does', async () => {
    await done('snapshot', 'rules', 'alpha', '--schedule', '0 3 * * *', '--keep', 'last=1');
    const dry = await done('snapshot', 'prune', 'alpha', '--dry-run');
    expect(dry).toMatch(/odd/);
    await done('snapshot', 'prune', 'alpha', '--yes');
    const left = JSON.parse(await done('snapshot', 'list', 'alpha', '--json')) as { reason: string }[];
    expect(left.map(({ reason }) => reason)).toEqual(['safety']);
  }, 120_000);

  it('works alone where no Berth runs, and says what is wrong where something is', async () => {
    await berth.kill();
    await done('snapshot', 'create', 'alpha', 'alone');
    expect(await done('snapshot', 'list', 'alpha')).toContain('alone');
    const unknown = await run('snapshot', 'create', 'beta');
    expect(unknown.code).toBe(1);
    expect(unknown.errors).toContain('beta');
    expect((await run('snapshot', 'explode')).code).toBe(2);
    await berth.restart();
    expect(await done('snapshot', 'list', 'alpha')).toContain('alone');
  }, 120_000);
});
