/**
 * What people use instead of Berth in a browser: how each is installed outside the checkout, started, and ended. Exact
 * versions, loopback only. What cannot be had on this machine says why and is left out.
 */
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findProgram } from '#test/servers/requirements.ts';
import { runChecked, runProcess } from '#test/servers/run-process.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import type { BenchWorld } from './bench-world.ts';

export interface RivalServer extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  /** In VS Code a terminal must be asked for. */
  readonly kind: 'terminal' | 'editor';
}

export interface Rival {
  /** With the way its bytes go, since that is part of what is compared. */
  readonly name: string;
  /** Rejects with the reason when it is not to be had here. */
  readonly install: () => Promise<void>;
  readonly start: (world: BenchWorld, folder: string, port: number) => Promise<RivalStart>;
}

interface RivalStart {
  readonly argv: readonly string[];
  readonly path?: string;
  readonly kind: RivalServer['kind'];
}

const versions = { wetty: '3.2.0', 'code-server': '4.139.1' } as const;
/** Kept between runs: an installation takes longer than the measure. */
const cacheFolder = join(tmpdir(), 'berth-bench-rivals');
const installTimeoutMs = 300_000;
/** Code's server loads for a while on two busy cores. */
const startTimeoutMs = 60_000;

export const rivals: readonly Rival[] = [
  {
    name: `code-server ${versions['code-server']}, ssh in its terminal`,
    install: installCodeServer,
    start: async ({ ssh }, folder, port) => {
      const [path, ...args] = [...ssh, '-tt', 'bench'];
      const settings = {
        'terminal.integrated.defaultProfile.linux': 'ssh',
        'terminal.integrated.profiles.linux': { ssh: { path, args } },
        'security.workspace.trust.enabled': false,
        'chat.disableAIFeatures': true,
        'workbench.secondarySideBar.defaultVisibility': 'hidden',
        'workbench.startupEditor': 'none',
        'telemetry.telemetryLevel': 'off',
      };
      await mkdir(join(folder, 'User'), { recursive: true });
      await mkdir(join(folder, 'extensions'));
      await writeFile(join(folder, 'User', 'settings.json'), JSON.stringify(settings));
      await writeFile(join(folder, 'config.yaml'), 'auth: none\n');
      const flags = ['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, '--user-data-dir', folder];
      const quiet = ['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'];
      const kept = ['--extensions-dir', join(folder, 'extensions'), '--config', join(folder, 'config.yaml')];
      const program = join(packageFolder('code-server'), 'out', 'node', 'entry.js');
      return { argv: [process.execPath, program, ...flags, ...quiet, ...kept], kind: 'editor' };
    },
  },
  {
    name: `WeTTY ${versions.wetty}, over ssh`,
    install: async () => {
      await installPackage('wetty');
      await buildModule(cacheFolder, 'node-pty', join('build', 'Release', 'pty.node'));
    },
    start: async ({ remote, env }, _folder, port) => {
      const place = ['--host', '127.0.0.1', '--port', String(port), '--base', '/'];
      const known = join(env.HOME ?? '', 'known_hosts');
      const key = ['--ssh-auth', 'publickey', '--ssh-key', remote.clientKeyPath, '--known-hosts', known];
      const target = ['--force-ssh', '--ssh-host', 'bench', '--ssh-user', remote.user, '--command', ''];
      const program = join(packageFolder('wetty'), 'build', 'main.js');
      return { argv: [process.execPath, program, ...place, ...key, ...target], kind: 'terminal' };
    },
  },
  {
    name: 'ttyd, over ssh',
    install: async () => {
      if ((await findProgram('ttyd')) !== undefined) return;
      const known = await runProcess(['apt-cache', 'show', 'ttyd']).catch(() => ({ stdout: '' }));
      // Its exit code is 0 also for a name that other packages only mention.
      if (!known.stdout.includes('Package: ttyd'))
        throw new Error('no package of this machine’s release brings it');
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      const argv = ['apt-get', '-q', '-y', '--no-install-recommends', 'install', 'ttyd'];
      await runChecked(argv, { env, timeoutMs: installTimeoutMs });
    },
    start: async ({ ssh }, _folder, port) => ({
      argv: [
        (await findProgram('ttyd')) ?? 'ttyd',
        ...['-i', '127.0.0.1', '-p', String(port), '-W'],
        ...ssh,
        '-tt',
        'bench',
      ],
      kind: 'terminal',
    }),
  },
];

function packageFolder(name: string): string {
  return join(cacheFolder, 'node_modules', name);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** npm of the Node that runs us: a program beside it, or the one in PATH. Runs no script of what it installs. */
async function npm(cwd: string, ...args: string[]): Promise<void> {
  await mkdir(cwd, { recursive: true });
  const flags = ['--no-audit', '--no-fund', '--loglevel=error'];
  // What is built is built with the headers that come with this Node: none are downloaded.
  const env = {
    ...process.env,
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
    npm_config_nodedir: join(dirname(process.execPath), '..'),
  };
  await runChecked(['npm', ...args, ...flags], { cwd, env, timeoutMs: installTimeoutMs });
}

async function installPackage(name: keyof typeof versions): Promise<void> {
  const manifest = await readFile(join(packageFolder(name), 'package.json'), 'utf8').catch(() => '{}');
  if ((JSON.parse(manifest) as { version?: string }).version === versions[name]) return;
  await mkdir(cacheFolder, { recursive: true });
  const own = join(cacheFolder, 'package.json');
  if (!(await isThere(own))) await writeFile(own, '{"name":"rivals","private":true}\n');
  await npm(cacheFolder, 'install', '--ignore-scripts', `${name}@${versions[name]}`);
}

/** Its own build, and no other package's. */
async function buildModule(folder: string, name: string, result: string): Promise<void> {
  if (await isThere(join(folder, 'node_modules', name, result))) return;
  await npm(folder, 'rebuild', name);
}

async function installCodeServer(): Promise<void> {
  await installPackage('code-server');
  const vscode = join(packageFolder('code-server'), 'lib', 'vscode');
  if (!(await isThere(join(vscode, 'node_modules'))))
    await npm(vscode, 'install', '--ignore-scripts', '--omit=dev');
  await buildModule(vscode, '@vscode/spdlog', join('build', 'Release', 'spdlog.node'));
  await buildModule(vscode, '@vscode/native-watchdog', join('build', 'Release', 'watchdog.node'));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves when it answers. Ends with all that it started. */
export async function startRival(world: BenchWorld, rival: Rival): Promise<RivalServer> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-rival-'));
  const port = await freePort();
  const { argv, path = '/', kind } = await rival.start(world, folder, port);
  const child = world.start(argv);
  let said = '';
  const listen = (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2_000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const pid = child.pid ?? -1;
  const url = `http://127.0.0.1:${port}${path}`;
  const stop = async () => {
    const all = await processTree(pid);
    for (const one of all)
      try {
        process.kill(one, 'SIGKILL');
      } catch {
        // Ended together with the one before it.
      }
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await waitUntil(
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
        return (await fetch(url)).ok;
      },
      { what: rival.name, timeoutMs: startTimeoutMs, intervalMs: 50 },
    );
  } catch (error) {
    await stop();
    throw new Error(`${rival.name} does not start: ${said}`, { cause: error });
  }
  return { name: rival.name, pid, url, kind, [Symbol.asyncDispose]: stop };
}

/** A process and all that descend from it, the first one first. */
export async function processTree(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    // The name may hold blanks and brackets; the parent stands second behind it (proc(5)).
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    if (Number.isFinite(parent)) parents.set(Number(entry), parent);
  }
  const tree = [root];
  for (const one of tree) for (const [pid, parent] of parents) if (parent === one) tree.push(pid);
  return tree;
}
