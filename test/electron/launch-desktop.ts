/** Starts the built desktop app under the stand-in, and holds what it says and its page. Ends it with `close`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright';
import { buildIfStale, projectRoot } from '#main/build-if-stale.ts';
import { withExclusive } from '#test/servers/exclusive.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import type { Command, JournalEntry } from './journal.ts';

export interface Desktop {
  readonly dataFolder: string;
  readonly page: Page;
  readonly entries: readonly JournalEntry[];
  tell(command: Command): void;
  /** The first entry of this kind at or after `from` that fits. */
  entry<W extends JournalEntry['what']>(
    what: W,
    fits?: (entry: Extract<JournalEntry, { what: W }>) => boolean,
    from?: number,
  ): Promise<Extract<JournalEntry, { what: W }>>;
  /** The page of a web app that is open in this partition. */
  appPage(partition: string): Promise<Page>;
  /** Starts the app once more on the same folder; resolves with its exit code. */
  startAgain(...args: string[]): Promise<number | null>;
  /** Resolves with the exit code after a quit from the menu. */
  quit(): Promise<number | null>;
  signal(name: 'SIGTERM'): void;
  close(): Promise<void>;
}

const register = fileURLToPath(new URL('./register.ts', import.meta.url));
const entryPoint = join(projectRoot, 'out', 'main', 'index.js');

function start(dataFolder: string, args: readonly string[]): ChildProcess {
  const argv = ['--import', register, entryPoint, '--data-dir', dataFolder, ...args];
  return spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

export async function launchDesktop(...args: string[]): Promise<Desktop> {
  const code = await withExclusive('build', () => buildIfStale({ isQuiet: true }));
  if (code !== 0) throw new Error(`the build ended with ${code}`);
  const dataFolder = await mkdtemp(join(tmpdir(), 'berth-desktop-'));
  const child = start(dataFolder, args);
  const exited = once(child, 'exit').then(([exitCode]) => exitCode as number | null);
  // Its last words may come after its end.
  const disconnected = once(child, 'disconnect');
  const entries: JournalEntry[] = [];
  child.on('message', (entry: JournalEntry) => entries.push(entry));

  const entry: Desktop['entry'] = (what, fits = () => true, from = 0) =>
    waitUntil(
      () => {
        if (child.exitCode !== null) throw new Error(`the app ended with ${child.exitCode}`);
        const isIt = (one: JournalEntry) => one.what === what && fits(one as Parameters<typeof fits>[0]);
        return entries.slice(from).find(isIt) as Parameters<typeof fits>[0] | undefined;
      },
      { what: `the app says ${what}`, timeoutMs: 30_000 },
    );

  let browser: Browser | undefined;
  const appBrowsers = new Map<string, Promise<Browser>>();
  const appBrowser = ({ partition, cdp }: { partition: string; cdp: string }) => {
    const known = appBrowsers.get(partition) ?? chromium.connectOverCDP(cdp);
    appBrowsers.set(partition, known);
    return known;
  };
  const close = async () => {
    await browser?.close().catch(() => undefined);
    for (const one of entries)
      if (one.what === 'app-browser') await (await appBrowser(one).catch(() => undefined))?.close();
    if (child.exitCode === null) child.kill('SIGKILL');
    await exited;
    await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const { cdp } = await entry('browser');
    browser = await chromium.connectOverCDP(cdp);
    const page = browser.contexts()[0]?.pages()[0];
    if (page === undefined) throw new Error('the window has no page');
    return {
      dataFolder,
      page,
      entries,
      entry,
      appPage: async (partition) => {
        const opened = await appBrowser(await entry('app-browser', (one) => one.partition === partition));
        return waitUntil(
          () =>
            opened
              .contexts()[0]
              ?.pages()
              .find((one) => one.url().startsWith('http')),
          {
            what: `a page in ${partition}`,
            timeoutMs: 30_000,
          },
        );
      },
      tell: (command) => void child.send(command),
      startAgain: async (...more) => {
        const [exitCode] = (await once(start(dataFolder, more), 'exit')) as [number | null];
        return exitCode;
      },
      signal: (name) => void child.kill(name),
      quit: async () => {
        child.send({ do: 'quit' } satisfies Command);
        await disconnected;
        return exited;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
