/**
 * The command line against a served Berth and a real host, and alone: snapshots as a script makes, lists, restores, saves and
 * deletes them.
 */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addHostFileFor } from '../servers/demo-host.ts';
import { busyboxImage, loadImage } from '../servers/images.ts';
import { type RemoteHost, startRemoteHost } from '../servers/remote-host.ts';
import { runChecked } from '../servers/run-process.ts';
import { startPlane } from '../harness/start-plane.ts';
import { type ServedBerth, startServedBerth } from './served-berth.ts';

const headless = fileURLToPath(new URL('../../src-main/headless.ts', import.meta.url));

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
function run(...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--disable-warning=DEP0169', headless, ...args, '--data-dir', berth.dataFolder],
      {
        env: { ...process.env, HOME: berth.homeFolder },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
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
