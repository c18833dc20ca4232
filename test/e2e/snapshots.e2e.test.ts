/**
 * Snapshots as a person uses them, in the served window on a real host: taken by a key, looked into, a file saved and put
 * back, the workspace restored and the restore taken back, another workspace made, exported, deleted, imported again.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Download, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addHostFileFor } from '../servers/demo-host.ts';
import { loadImage, workspaceImage } from '../servers/images.ts';
import { type RemoteHost, startRemoteHost } from '../servers/remote-host.ts';
import { runChecked } from '../servers/run-process.ts';
import { seriousInThisTheme } from '../src-renderer/fixture/axe.ts';
import { openWindow, type ServedBerth, startServedBerth, type Window } from './served-berth.ts';

/** Slow, shared machines start containers in seconds. */
const slow = { timeout: 60_000 };

let host: RemoteHost;
let berth: ServedBerth;
let window: Window;
let page: Page;
let pictures = 0;

beforeAll(async () => {
  host = await startRemoteHost({ name: 'atlas' });
  await loadImage(host, await workspaceImage());
  const hostFile = `${host.clientKeyPath}.host.json`;
  await writeFile(hostFile, JSON.stringify(addHostFileFor(host, 'atlas')), { mode: 0o600 });
  berth = await startServedBerth({ args: ['--add-host', hostFile] });
  window = await openWindow(berth);
  page = window.page;
  // The browser's own way to choose a file would need a person; without it a download is what remains.
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'showSaveFilePicker'));
  await page.reload();
});
afterAll(async () => {
  if (process.env.SNAPSHOT_PICTURES !== undefined) console.log(berth.output());
  await window?.close();
  await berth?.stop();
  await host?.stop();
});

/** `SNAPSHOT_PICTURES=folder`: to look at by eye. */
async function picture(name: string): Promise<void> {
  const folder = process.env.SNAPSHOT_PICTURES;
  if (folder === undefined) return;
  pictures += 1;
  await page.screenshot({ path: join(folder, `${String(pictures).padStart(2, '0')}-${name}.png`) });
}

async function expectAccessible(what: string): Promise<void> {
  await picture(what);
  expect(await seriousInThisTheme(page), what).toEqual([]);
}

async function palette(words: string): Promise<void> {
  await page.keyboard.press('Control+K');
  await page.getByRole('combobox').first().waitFor();
  await page.keyboard.type(words);
  await page.keyboard.press('Enter');
}

async function inside(name: string, text: string): Promise<string> {
  const id = (await host.docker('ps', '-q', '--filter', `label=dev.berth.name=${name}`)).trim();
  return host.docker('exec', id, 'sh', '-c', text);
}
const show = (name: RegExp) => page.getByRole('treeitem', { name }).first().click();
const dialog = () => page.getByRole('dialog').or(page.getByRole('alertdialog')).last();
const contentOf = async (download: Download) => readFile(await download.path());

describe('snapshots', () => {
  it('are none at first, and the page says what one is', async () => {
    await page.getByRole('treeitem', { name: /atlas/ }).first().waitFor(slow);
    await palette('show snapshots');
    await page.getByRole('heading', { name: 'Snapshots', level: 1 }).waitFor();
    await expectAccessible('no snapshots');
  });

  it('are taken by a key, without a question', async () => {
    await show(/atlas/);
    await page.getByRole('button', { name: 'New workspace' }).first().click(slow);
    await page.getByLabel('Image', { exact: true }).fill('berth-workspace:test');
    await page.getByLabel('Workspace name').fill('api-server');
    await page.getByRole('button', { name: 'Create workspace' }).click();
    await page.getByRole('heading', { name: 'api-server', exact: true }).waitFor(slow);
    await page.getByRole('button', { name: 'Open terminal' }).first().waitFor(slow);
    await inside(
      'api-server',
      'mkdir -p ~/src && echo first > ~/src/notes.txt && echo same > ~/src/same.txt',
    );
    await page.keyboard.press('Alt+Shift+S');
    await page.getByText('Took a snapshot of api-server').waitFor(slow);
    await expectAccessible('workspace with a snapshot');
  });

  it('are looked into, and a file is saved and put back', async () => {
    await inside('api-server', 'echo second > ~/src/notes.txt; rm -f ~/src/same.txt');
    await palette('show snapshots');
    await page.locator('button[data-snapshot]:visible').first().click();
    const files = page.getByRole('tabpanel').getByRole('treeitem');
    await files.filter({ hasText: 'src' }).first().click(slow);
    await page.keyboard.press('ArrowRight');
    await files.filter({ hasText: 'notes.txt' }).click(slow);
    await expectAccessible('a snapshot with a file chosen');
    const download = page.waitForEvent('download', slow);
    await page.getByRole('button', { name: /Save a copy/ }).click();
    expect((await contentOf(await download)).toString()).toBe('first\n');
    await files.filter({ hasText: 'same.txt' }).click();
    await page.getByRole('button', { name: /Put back/ }).click();
    await picture('put back');
    await dialog()
      .getByRole('button', { name: /Put back/ })
      .click();
    await vi.waitFor(
      async () => expect(await inside('api-server', 'cat ~/src/same.txt')).toBe('same\n'),
      slow,
    );
  });

  it('bring the whole workspace back, after saying what would change', async () => {
    await page.getByRole('button', { name: 'Restore…' }).first().click();
    await dialog().getByText('Changes in /home/dev').waitFor(slow);
    await expectAccessible('the plan of a restore');
    await dialog().getByRole('button', { name: 'Restore workspace' }).click();
    await vi.waitFor(
      async () => expect(await inside('api-server', 'cat ~/src/notes.txt')).toBe('first\n'),
      slow,
    );
    await show(/api-server/);
    await page.getByRole('button', { name: /Go back/ }).waitFor(slow);
    await expectAccessible('a restored workspace');
  });

  it('and take that back with two clicks', async () => {
    await page.getByRole('button', { name: /Go back/ }).click();
    await expectAccessible('going back');
    await dialog()
      .getByRole('button', { name: /Go back/ })
      .click();
    await vi.waitFor(
      async () => expect(await inside('api-server', 'cat ~/src/notes.txt')).toBe('second\n'),
      slow,
    );
  });

  it('become another workspace', async () => {
    await palette('show snapshots');
    await page.locator('button[data-snapshot]:visible').last().click();
    await page.getByRole('button', { name: 'New workspace…' }).click();
    await dialog().getByRole('textbox', { name: 'Name' }).fill('a fork');
    await expectAccessible('a fork');
    await page.keyboard.press('Enter');
    await page.getByRole('treeitem', { name: /a fork/ }).waitFor(slow);
    await vi.waitFor(async () => expect(await inside('a fork', 'cat ~/src/notes.txt')).toBe('first\n'), slow);
  });

  it('go out as an archive that plain tar opens, and come in again', async () => {
    await palette('show snapshots');
    await page.locator('button[data-snapshot]:visible').last().click();
    await page.getByRole('button', { name: 'Export…' }).click();
    await expectAccessible('an export');
    const download = page.waitForEvent('download', slow);
    await dialog()
      .getByRole('button', { name: /^(Export|Save)/ })
      .click();
    const archive = join(berth.homeFolder, 'exported.tar.zst');
    await writeFile(archive, await contentOf(await download));
    expect(await runChecked(['tar', '--zstd', '-tf', archive])).toContain('./src/notes.txt\n');
    await palette('import a snapshot');
    await page.locator('input[type=file]').setInputFiles(archive);
    await dialog().getByRole('textbox', { name: 'Name' }).fill('came back');
    await expectAccessible('an import');
    await dialog()
      .getByRole('button', { name: /^Import/ })
      .click();
    await vi.waitFor(async () => expect(await page.getByRole('dialog').count()).toBe(0), slow);
    await palette('show snapshots');
    await page.locator('button[data-snapshot]:visible').filter({ hasText: 'came back' }).waitFor(slow);
    await expectAccessible('the timeline');
  });

  it('complained of nothing on its way', () => {
    expect(window.complaints).toEqual([]);
  });
});
