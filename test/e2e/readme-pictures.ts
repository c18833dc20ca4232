/**
 * The README's pictures, from a real run: a throw-away server, the served Berth on it, a workspace with something going
 * on in it, in Chromium. Nothing in them is drawn by hand.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { addHostFileFor } from '../servers/demo-host.ts';
import { loadImage, workspaceImage } from '../servers/images.ts';
import { startRemoteHost } from '../servers/remote-host.ts';
import { openWindow, startServedBerth } from './served-berth.ts';

/** Puts something worth looking at on the screen; nothing in it depends on the machine's speed. */
const tour = [
  'printf "\\033[1mWelcome to %s\\033[0m\\n\\n" "$(hostname)"',
  'for c in 31 32 33 34 35 36; do printf "\\033[%sm████ " $c; done; printf "\\033[0m\\n"',
  'mkdir -p ~/src && cd ~/src && printf "%s\\n" "package main" > main.go && ls -la --color=always',
  'ps -o pid,user,args | head -5',
];

export async function takeReadmePictures(folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  await using host = await startRemoteHost({ name: 'atlas' });
  await loadImage(host, await workspaceImage());
  const hostFile = join(folder, '.add-host.json');
  await writeFile(hostFile, JSON.stringify(addHostFileFor(host, 'atlas')));
  await using berth = await startServedBerth({ args: ['--add-host', hostFile] });
  const complaints: string[] = [];
  let isFirst = true;
  for (const theme of ['dark', 'light'] as const) {
    const window = await openWindow(berth, { theme, width: 1440, height: 900 });
    const { page } = window;
    const picture = async (name: string) => {
      // Nothing moves in a picture: the pointer rests where it hovers nothing.
      await page.mouse.move(720, 880);
      await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
    };
    await page.getByRole('treeitem', { name: /atlas/ }).first().waitFor({ timeout: 60_000 });
    if (isFirst) await makeWorkspace(page);
    else await page.getByRole('treeitem', { name: /^api-server/ }).click();
    await page.getByRole('button', { name: 'Open terminal' }).first().click({ timeout: 60_000 });
    const rows = page.locator('.xterm-rows').last();
    await rows.waitFor();
    await page.waitForFunction(() =>
      /[$#] *$/m.test(document.querySelector('.xterm-rows')?.textContent ?? ''),
    );
    for (const [index, line] of tour.entries()) {
      await page.keyboard.type(`${line} # ${index}\n`);
      await promptAfter(page, `# ${index}`);
    }
    await picture('terminal');
    await page.getByRole('treeitem', { name: /^api-server/ }).click();
    await page.getByRole('figure').first().waitFor({ timeout: 60_000 });
    // Charts need a few readings to be charts.
    await page.waitForFunction(
      () => (document.querySelector('figure table tbody')?.childElementCount ?? 0) >= 10,
    );
    await picture('workspace');
    // A snapshot, then work that goes on, and what differs.
    await page.keyboard.press('Alt+Shift+S');
    await page.getByText('Took a snapshot of api-server').first().waitFor({ timeout: 60_000 });
    await page
      .getByRole('tab', { name: /api-server/ })
      .first()
      .click();
    await page.keyboard.press('Control+K');
    await page.keyboard.type('show snapshots');
    await page.keyboard.press('Enter');
    await page.locator('button[data-snapshot]:visible').first().click({ timeout: 60_000 });
    const files = page.getByRole('tabpanel').getByRole('treeitem');
    await files.filter({ hasText: 'src' }).first().click({ timeout: 60_000 });
    await page.keyboard.press('ArrowRight');
    await files.filter({ hasText: 'main.go' }).click({ timeout: 60_000 });
    for (const close of await page.getByRole('button', { name: /^(Dismiss|Close)/ }).all())
      if (await close.isVisible()) await close.click();
    await picture('snapshot');
    await page.getByRole('treeitem', { name: /atlas/ }).first().click();
    await page.getByRole('button', { name: 'Run doctor' }).click();
    await page.getByText(/checks? (is|are) fine/).waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Run again' }).waitFor({ timeout: 60_000 });
    await picture('doctor');
    complaints.push(...window.complaints);
    await window.close();
    isFirst = false;
  }
  return complaints;
}

/** Until the command that was typed has run: its end is on the screen, and a prompt after it. */
async function promptAfter(page: Page, end: string): Promise<void> {
  await page.waitForFunction((text) => {
    const shown = document.querySelector('.xterm-rows')?.textContent ?? '';
    const at = shown.lastIndexOf(text);
    return at >= 0 && /\$\s*$/.test(shown.slice(at + text.length));
  }, end);
}

async function makeWorkspace(page: Page): Promise<void> {
  await page.getByRole('treeitem', { name: /atlas/ }).first().click();
  await page.getByRole('button', { name: 'New workspace' }).first().click({ timeout: 60_000 });
  await page.getByLabel('Image', { exact: true }).fill('berth-workspace:test');
  await page.getByLabel('Workspace name').fill('api-server');
  await page.getByRole('button', { name: 'Create workspace' }).click();
}
