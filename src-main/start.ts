/**
 * `npm start`: builds what is older than its sources, then opens the desktop app; without Electron it says so in one
 * line and serves the same window to the browser. Never dies because a download failed. For developers; not shipped.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = ['src-main', 'src-preload', 'src-renderer', 'electron.vite.config.ts', 'package-lock.json'];
/** Milliseconds for Electron's download (about 120 MB); behind a closed network it fails at once. */
const installTimeoutMs = 120_000;
const outputs = [
  'out/main/index.js',
  'out/main/headless.js',
  'out/main/plane-process.js',
  'out/preload/index.cjs',
  'out/renderer/index.html',
];

async function main(): Promise<number> {
  const argv = process.argv.slice(2);
  const isDevelopment = argv.includes('--dev');
  const args = argv.filter((argument) => argument !== '--dev');
  if (isDevelopment || (await isStale())) {
    const mode = isDevelopment ? ['--mode', 'development'] : [];
    const code = await run(node, [bin('electron-vite/bin/electron-vite.js'), 'build', ...mode]);
    if (code !== 0) return code;
  }
  const found = await findElectron();
  if (found.program !== undefined) return run(found.program, [root, ...args]);
  console.log(`${found.why} Berth opens in your browser instead.`);
  return run(node, [join(root, 'out/main/headless.js'), 'serve', '--open', ...args]);
}

const node = process.execPath;

function bin(path: string): string {
  return join(root, 'node_modules', path);
}

/** True when something was never built, or a source is newer than the oldest of what was built. */
async function isStale(): Promise<boolean> {
  const built = await Promise.all(outputs.map((path) => changedAtMs(join(root, path))));
  const newest = await Promise.all(sources.map((path) => newestMs(join(root, path))));
  return Math.min(...built) < Math.max(...newest);
}

async function changedAtMs(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}

async function newestMs(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Math.max(await changedAtMs(path), ...(await Promise.all(files.map(changedAtMs))));
}

interface Found {
  readonly program?: string;
  /** One sentence, when there is none. */
  readonly why: string;
}

async function findElectron(): Promise<Found> {
  if (process.platform === 'linux' && process.getuid?.() === 0)
    return { why: 'Electron does not run its sandbox as root.' };
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
    return { why: 'There is no display here.' };
  const installed = electronProgram();
  if (installed !== undefined) return { program: installed, why: '' };
  console.log('Fetching Electron, once …');
  await run(node, [bin('electron/install.js')], { timeoutMs: installTimeoutMs, isQuiet: true });
  const fetched = electronProgram();
  return fetched === undefined ? { why: 'Electron could not be downloaded.' } : { program: fetched, why: '' };
}

/** As the electron package finds it, without its own attempt to download. */
function electronProgram(): string | undefined {
  const pathFile = bin('electron/path.txt');
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8').trim() : 'electron';
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? bin('electron/dist');
  const program = join(folder, name);
  return existsSync(program) ? program : undefined;
}

/** Runs to the end, in front; signals that reach this process reach the other one too. Resolves with its exit code. */
async function run(
  program: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number; readonly isQuiet?: boolean } = {},
): Promise<number> {
  const child = spawn(program, args, {
    cwd: root,
    stdio: options.isQuiet ? 'ignore' : 'inherit',
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  });
  // The terminal sends Ctrl+C to both; this one waits until the other has closed in good order.
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  const wait = () => undefined;
  process.on('SIGTERM', pass).on('SIGHUP', pass).on('SIGINT', wait);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  } catch {
    return 1;
  } finally {
    process.off('SIGTERM', pass).off('SIGHUP', pass).off('SIGINT', wait);
  }
}

process.exitCode = await main();
