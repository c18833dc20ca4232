/**
 * `npm start`: builds what is older than its sources, then opens the desktop app; without Electron it says so in one
 * line and serves the same window to the browser. Never dies because a download failed. For developers; not shipped.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale, projectRoot as root } from './build-if-stale.ts';

/** Milliseconds for Electron's download (about 120 MB); behind a closed network it fails at once. */
const installTimeoutMs = 120_000;

async function main(): Promise<number> {
  const argv = process.argv.slice(2);
  const isDevelopment = argv.includes('--dev');
  const args = argv.filter((argument) => argument !== '--dev');
  const buildCode = await buildIfStale({ isDevelopment });
  if (buildCode !== 0) return buildCode;
  const found = await findElectron();
  if (found.program !== undefined) return run(found.program, [root, ...args]);
  console.log(`${found.why} Berth opens in your browser instead.`);
  return run(node, [quietly, join(root, 'out/main/headless.js'), 'serve', '--open', ...args]);
}

const node = process.execPath;
/** docker-modem still calls url.parse, on addresses of its own making; a person can do nothing about it. */
const quietly = '--disable-warning=DEP0169';

function bin(path: string): string {
  return join(root, 'node_modules', path);
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
