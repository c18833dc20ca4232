/**
 * Berth's own image, built by a real engine from resources/Dockerfile, and run: who it is inside, what it refuses, that a
 * person signs in by the printed link, that a restart loses nothing, and that it ends when it is told to.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIfStale, projectRoot } from '#main/build-if-stale.ts';
import { withExclusive } from '#test/servers/exclusive.ts';
import { loadImage, nodeImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { type ProcessResult, runChecked, runProcess } from '#test/servers/run-process.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const image = 'berth:test';
const secretKey = 'q7Zt1pXv9LmN3sKd8RwY5uBh2JcF6gEa4TiOoPxQzWyV';
let host: RemoteHost;
let folder: string;

const docker = (...args: string[]): Promise<ProcessResult> =>
  runProcess(['docker', '-H', `unix://${host.engineSocketPathOnThisMachine}`, ...args], {
    timeoutMs: 300_000,
  });
const dockerChecked = async (...args: string[]): Promise<string> =>
  (
    await runChecked(['docker', '-H', `unix://${host.engineSocketPathOnThisMachine}`, ...args], {
      timeoutMs: 300_000,
    })
  ).trim();

/** What the image's first stage would make, without a registry: the built program and its packages. */
async function prebuiltContext(target: string): Promise<void> {
  const code = await withExclusive('build', () => buildIfStale({ isQuiet: true }));
  if (code !== 0) throw new Error(`the build ended with ${code}`);
  for (const name of ['package.json', 'package-lock.json', '.npmrc', 'LICENSE', 'out', 'resources'])
    await cp(join(projectRoot, name), join(target, name), { recursive: true });
  for (const name of await productionPackages())
    await cp(join(projectRoot, name), join(target, name), { recursive: true });
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly dependencies?: object; readonly optionalDependencies?: object }>
  >;
}

/** What `npm prune --omit=dev` leaves, without the packaged app's own Node. */
async function productionPackages(): Promise<string[]> {
  const manifest = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as {
    dependencies: object;
  };
  const { packages } = JSON.parse(await readFile(join(projectRoot, 'package-lock.json'), 'utf8')) as Lock;
  const wanted = new Set<string>();
  const queue = Object.keys(manifest.dependencies);
  for (const name of queue) {
    const path = `node_modules/${name}`;
    const entry = packages[path];
    if (wanted.has(path) || entry === undefined) continue;
    wanted.add(path);
    queue.push(...Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }));
  }
  // Those for other systems were not installed.
  return [...wanted].filter((path) => existsSync(join(projectRoot, path)));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-image-'));
  host = await startRemoteHost({ name: 'image', diskMiB: 8192 });
  await loadImage(host, await nodeImage());
  const context = join(folder, 'context');
  await mkdir(context);
  await prebuiltContext(context);
  await dockerChecked(
    'build',
    '--file',
    join(context, 'resources', 'Dockerfile'),
    '--build-arg',
    'BASE=berth-node:test',
    '--build-arg',
    'PREBUILT=yes',
    '--tag',
    image,
    context,
  );
}, 900_000);
afterAll(async () => {
  await host?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly cookie: string | undefined;
  readonly body: string;
}

interface Question {
  readonly method?: string;
  readonly path: string;
  readonly hostHeader?: string;
  readonly cookie?: string;
  readonly body?: object;
}

/** As a browser on the machine would ask `http://localhost:7474`; the test stands at the other end of a cable. */
function ask({
  method = 'GET',
  path,
  hostHeader = 'localhost:7474',
  cookie,
  body,
}: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = {
      host: hostHeader,
      'x-berth': '1',
      origin: `http://${hostHeader}`,
    };
    if (cookie !== undefined) headers.cookie = cookie;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const asked = request({ host: host.address, port: 7474, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const [cookieLine] = response.headers['set-cookie'] ?? [];
        resolve({ status: response.statusCode ?? 0, cookie: cookieLine, body: text });
      });
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const run = (...args: string[]) =>
  dockerChecked(
    'run',
    '--detach',
    '--hostname=berth',
    '--init',
    '--read-only',
    '--tmpfs=/tmp',
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges',
    '--volume=berth:/data',
    '--publish=7474:7474',
    '--volume=/run/docker.sock:/var/run/docker.sock',
    ...args,
    image,
  );

/** The newest link that the container printed. */
const printedLink = (name: string) =>
  waitUntil(
    async () => {
      const { stdout, stderr } = await docker('logs', name);
      const state = await dockerChecked('inspect', '--format={{.State.Status}}', name);
      if (state === 'exited') throw new Error(`it ended: ${stdout}${stderr}`);
      return stdout.match(/\bhttp:\S+\/sign-in#\S+/g)?.at(-1);
    },
    { what: 'the container prints its link', timeoutMs: 60_000 },
  );

async function signIn(link: string): Promise<string> {
  const { status, cookie, body } = await ask({
    method: 'POST',
    path: '/api/v1/session',
    body: { ticket: new URL(link).hash.slice(1) },
  });
  expect([status, body]).toEqual([200, expect.any(String)]);
  expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
  // Over http a browser would not keep a Secure one on every system.
  expect(cookie).not.toMatch(/Secure/);
  return cookie?.split(';')[0] ?? '';
}

async function stop(name: string): Promise<number> {
  const startedAtMs = performance.now();
  await dockerChecked('stop', '--time=20', name);
  return performance.now() - startedAtMs;
}

describe("Berth's image", () => {
  it('holds nothing of the build, and belongs to root', async () => {
    const list = await dockerChecked(
      'run',
      '--rm',
      '--entrypoint=ls',
      image,
      '/opt/berth',
      '/opt/berth/node_modules',
    );
    expect(list.split('\n')).toEqual(expect.arrayContaining(['LICENSE', 'out', 'keytar', 'ssh2']));
    expect(list).not.toMatch(/src-|test|electron|node-linux|package-lock|\.env/);
    const writable = await dockerChecked(
      'run',
      '--rm',
      '--entrypoint=find',
      image,
      ...[
        '/opt/berth',
        '/usr/local/bin',
        '(',
        '-writable',
        '-o',
        '!',
        '-user',
        'root',
        ')',
        '!',
        '-type',
        'l',
      ],
    );
    expect(writable).toBe('');
  });

  it('serves on loopback names alone, as nobody special, and loses nothing by a restart', async () => {
    const group = await host.runChecked(['stat', '--format=%g', '/run/docker.sock']);
    const settings = [`--env=BERTH_SECRET_KEY=${secretKey}`, `--group-add=${group.trim()}`];
    await run('--name=first', ...settings);
    const link = await printedLink('first');
    expect(new URL(link).origin).toBe('http://localhost:7474');
    expect((await docker('logs', 'first')).stderr).toContain('-p 127.0.0.1:7474:7474');

    // By its network name it is not there.
    for (const hostHeader of [`${host.address}:7474`, 'berth.example.org'])
      expect((await ask({ path: '/', hostHeader })).status).toBe(403);

    const cookie = await signIn(link);
    const changed = await ask({
      method: 'PATCH',
      path: '/api/v1/settings',
      cookie,
      body: { stopGraceSeconds: 17 },
    });
    expect(changed.status).toBe(200);

    expect(await dockerChecked('exec', 'first', 'id', '-u')).toBe('7474');
    expect(await dockerChecked('exec', 'first', 'stat', '--format=%a', '/data')).toBe('700');
    expect(await dockerChecked('exec', 'first', 'berth', 'health')).toBe('Berth is well.');
    await waitUntil(
      async () =>
        (await dockerChecked('inspect', '--format={{.State.Health.Status}}', 'first')) === 'healthy',
      { what: 'the engine finds it healthy', timeoutMs: 90_000 },
    );
    const ping = `require('http').get({socketPath:'/var/run/docker.sock',path:'/_ping'},r=>r.pipe(process.stdout))`;
    expect(await dockerChecked('exec', 'first', 'node', '--eval', ping)).toBe('OK');
    // A command in the container finds the same Berth.
    const another = await dockerChecked('exec', 'first', 'berth', 'link');
    expect(another).toMatch(/^http:\/\/localhost:7474\/sign-in#/);
    expect(await signIn(another)).toMatch(/^berth-7474=/);

    expect(await stop('first')).toBeLessThan(10_000);
    expect(await dockerChecked('inspect', '--format={{.State.ExitCode}}', 'first')).toBe('0');
    await dockerChecked('rm', 'first');

    // Another container, as after an upgrade.
    await run('--name=second', ...settings);
    await printedLink('second');
    const kept = await ask({ method: 'PATCH', path: '/api/v1/settings', cookie, body: {} });
    expect([kept.status, JSON.parse(kept.body)]).toEqual([
      200,
      expect.objectContaining({ stopGraceSeconds: 17 }),
    ]);
    const log = await dockerChecked('exec', 'second', 'cat', '/data/berth.log');
    expect(log).toContain('A vault was made.');
    expect(log).toContain('The vault was opened with the secret key.');
    expect(log).not.toContain(secretKey);
    expect(
      await dockerChecked('exec', 'second', 'grep', '-rlF', secretKey, '/data').catch(() => 'nowhere'),
    ).toBe('nowhere');
    expect(await stop('second')).toBeLessThan(10_000);
  }, 240_000);

  it.each([
    [
      'a public name without TLS',
      ['--env=PUBLIC_URL=http://berth.example.org'],
      /PUBLIC_URL must begin with https/,
    ],
    ['no name at all', ['--env=PUBLIC_URL='], /HOST is not loopback/],
    [
      'a key out of an example',
      ['--env=SECRET_KEY=changeme-changeme-changeme-changeme'],
      /SECRET_KEY must not/,
    ],
  ])('does not start with %s', async (_name, args, words) => {
    const { exitCode, stderr } = await docker('run', '--rm', ...args, image);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(words)]);
  });

  it('does not take a folder that belongs to somebody else', async () => {
    await host.runChecked(['install', '-d', '-m', '0755', '/srv/others']);
    await host.runChecked(['touch', '/srv/others/theirs']);
    const { exitCode, stderr } = await docker('run', '--rm', '--volume=/srv/others:/data', image);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/belongs to another user/)]);
  });
});
