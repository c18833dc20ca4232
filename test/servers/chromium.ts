/** Debian's Chromium for Playwright: where it is and how tests start it. A fresh profile each time, and no calls home. */
import type { LaunchOptions } from 'playwright';
import { chromiumProgram, ensureRequirements } from './requirements.ts';

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
    executablePath: await chromiumPath(),
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
