/**
 * Debian's Chromium for Playwright: where it is and how tests start it. A fresh profile each time, no calls home, and deaf to
 * the cables that other tests put in and pull out meanwhile.
 */
import { fileURLToPath } from 'node:url';
import type { LaunchOptions } from 'playwright';
import { chromiumProgram, ensureRequirements } from './requirements.ts';

/** Starts a program in such a way; its header says why. */
const deafToCables = fileURLToPath(new URL('deaf-to-cables.pl', import.meta.url));

/** @throws Error when there is none and none can be installed; BERTH_TEST_CHROMIUM names another one. */
export async function chromiumPath(): Promise<string> {
  await ensureRequirements(['chromium']);
  const path = await chromiumProgram();
  if (path === undefined) throw new Error('no Chromium on this machine');
  return path;
}

export interface ChromiumOptions {
  /** More command-line switches, such as --host-resolver-rules. */
  readonly args?: readonly string[];
}

/** For `chromium.launch(await chromiumLaunchOptions())`. Playwright makes the fresh profile and removes it. */
export async function chromiumLaunchOptions({ args = [] }: ChromiumOptions = {}): Promise<LaunchOptions> {
  const asRoot = process.getuid?.() === 0;
  return {
    executablePath: deafToCables,
    env: { ...process.env, BERTH_DEAF_PROGRAM: await chromiumPath() },
    headless: true,
    args: [
      // The sandbox refuses to run as root, and only then is it off.
      ...(asRoot ? ['--no-sandbox'] : []),
      // Containers often have a tiny /dev/shm.
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--no-proxy-server',
      '--force-color-profile=srgb',
      ...args,
    ],
  };
}
