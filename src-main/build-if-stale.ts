/** Builds out/ when it is missing or older than its sources. For `npm start` and for tests that need the built app. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = fileURLToPath(new URL('..', import.meta.url));

const sources = ['src-main', 'src-preload', 'src-renderer', 'electron.vite.config.ts', 'package-lock.json'];
const outputs = [
  'out/main/index.js',
  'out/main/headless.js',
  'out/main/plane-process.js',
  'out/preload/index.cjs',
  'out/renderer/index.html',
];

export interface BuildOptions {
  /** Readable, with source maps, and always anew. */
  readonly isDevelopment?: boolean;
  readonly isQuiet?: boolean;
}

/** Resolves with the builder's exit code, or 0 when there was nothing to do. */
export async function buildIfStale({
  isDevelopment = false,
  isQuiet = false,
}: BuildOptions = {}): Promise<number> {
  if (!isDevelopment && !(await isStale())) return 0;
  const builder = join(projectRoot, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js');
  const mode = isDevelopment ? ['--mode', 'development', '--sourcemap'] : [];
  const child = spawn(process.execPath, [builder, 'build', '--logLevel', 'warn', ...mode], {
    cwd: projectRoot,
    stdio: isQuiet ? ['ignore', 'ignore', 'inherit'] : 'inherit',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** True when something was never built, or a source is newer than the oldest of what was built. */
async function isStale(): Promise<boolean> {
  const built = await Promise.all(outputs.map((path) => changedAtMs(join(projectRoot, path))));
  const newest = await Promise.all(sources.map((path) => newestMs(join(projectRoot, path))));
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
