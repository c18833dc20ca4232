/**
 * The served Berth as a person gets it: the command line in a process of its own, on a data folder of its own, and a
 * Chromium window signed in through the printed link.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { projectRoot } from '#main/build-if-stale.ts';
import { chromiumLaunchOptions } from '../servers/chromium.ts';
import { endWithThisProcess, stopProcess } from '../servers/stop-process.ts';
import { ensureBuilt, program } from './launch-served.ts';

export interface ServedBerth {
  readonly dataFolder: string;
  readonly homeFolder: string;
  readonly origin: string;
  /** Everything that it printed so far. */
  output(): string;
  readonly pid: number;
  /** A new one-time link, as `berth link` prints it. */
  link(): Promise<string>;
  /** SIGKILL: no chance to tidy up. */
  kill(): Promise<void>;
  /** Starts it again on the same data folder and the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ServeOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** Without a session bus: the secret store of these runs is a vault or nothing, unless `env` brings a bus. */
function environment(homeFolder: string, extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { DBUS_SESSION_BUS_ADDRESS: _bus, SSH_AUTH_SOCK: _agent, DISPLAY: _display, ...rest } = process.env;
  return { ...rest, HOME: homeFolder, XDG_RUNTIME_DIR: join(homeFolder, 'run'), ...extra };
}

export async function startServedBerth(options: ServeOptions = {}): Promise<ServedBerth> {
  await ensureBuilt();
  const homeFolder = await mkdtemp(join(tmpdir(), 'berth-e2e-'));
  const dataFolder = join(homeFolder, 'data');
  const env = environment(homeFolder, options.env ?? {});
  let child: ChildProcess;
  let printed = '';
  let firstLink = '';
  let origin = '';

  const start = async (port: string) => {
    const before = printed.length;
    child = spawn(
      process.execPath,
      [program, 'serve', '--data-dir', dataFolder, '--port', port, ...(options.args ?? [])],
      { cwd: projectRoot, env, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    endWithThisProcess(child);
    const ready = Promise.withResolvers<void>();
    const onOutput = (chunk: Buffer) => {
      printed += chunk.toString();
      const link = /Sign in once.*?: (\S+)/.exec(printed.slice(before));
      if (link?.[1] === undefined) return;
      firstLink = link[1];
      origin = new URL(firstLink).origin;
      ready.resolve();
    };
    child.stdout?.on('data', onOutput);
    child.stderr?.on('data', onOutput);
    child.once('exit', (code) => ready.reject(new Error(`berth serve ended with ${code}:\n${printed}`)));
    await ready.promise;
  };
  await start('0');

  const berth: ServedBerth = {
    dataFolder,
    homeFolder,
    get origin() {
      return origin;
    },
    output: () => printed,
    get pid() {
      return child.pid ?? -1;
    },
    link: async () => {
      const asked = spawn(process.execPath, [program, 'link', '--data-dir', dataFolder], {
        cwd: projectRoot,
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      asked.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      await new Promise((resolve) => asked.once('close', resolve));
      return text.trim();
    },
    kill: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
    restart: () => start(new URL(origin).port),
    stop: async () => {
      await stopProcess(child, 10_000);
      await rm(homeFolder, { recursive: true, force: true });
    },
    [Symbol.asyncDispose]: () => berth.stop(),
  };
  return berth;
}

export interface Window {
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page logged as an error, and what it threw. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export interface WindowOptions {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
  readonly args?: readonly string[];
}

/** A browser window signed in to it. */
export async function openWindow(berth: ServedBerth, options: WindowOptions = {}): Promise<Window> {
  const browser = await chromium.launch(
    await chromiumLaunchOptions(options.args === undefined ? {} : { args: options.args }),
  );
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
    colorScheme: options.theme ?? 'dark',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(await berth.link());
  await page.getByRole('tablist').first().waitFor({ timeout: 60_000 });
  return { browser, context, page, complaints, close: () => browser.close() };
}
