/**
 * Files of a workspace and of its host in the window, over the real plane: what is done in the page is looked at beside it, in
 * the container and on the host, and the policy of the served page allows all that the editor needs.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadImage, workspaceImage } from '../servers/images.ts';
import { waitUntil } from '../servers/wait-until.ts';
import { openTerminalWorld, type TerminalWorld } from './terminal-window.ts';

let world: TerminalWorld;
let page: Page;
let container: string;
const complaints: string[] = [];
/** Entries of the big folder. */
const many = 100_000;

beforeAll(async () => {
  const image = await workspaceImage();
  world = await openTerminalWorld('pier', { engine: true });
  page = world.window.page;
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await loadImage(world.host, image);
  const row = await page.getByRole('treeitem', { name: /pier/ }).getAttribute('data-row');
  await page.evaluate(
    async ({ image: reference, hostId }) => {
      // A download is then one of the browser's own, which the test can wait for.
      Object.assign(window, { showSaveFilePicker: undefined, showDirectoryPicker: undefined });
      const send = async (path: string, body: unknown) => {
        const response = await fetch(`/api/v1/${path}`, {
          method: 'POST',
          headers: { 'X-Berth': '1', 'Content-Type': 'application/json' },
          body: JSON.stringify(body),
        });
        if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
        return response.json();
      };
      const project = await send('projects', {
        name: 'Tools',
        image: reference,
        environment: [],
        limits: { cpus: null, memoryBytes: null, pids: 512 },
        mountPoint: '/home/dev',
        profile: 'standard',
        runtime: 'default',
        shell: null,
      });
      await send('workspaces', { name: 'desk', projectId: project.id, hostId, volumeName: null });
    },
    { image: image.reference, hostId: /host_[0-9a-z]+/.exec(row ?? '')?.[0] },
  );
  await page.getByRole('treeitem', { name: /desk.*running/ }).waitFor({ timeout: 60_000 });
  container = (await world.host.docker('ps', '--quiet', '--filter', 'label=dev.berth.workspace')).trim();
  await inside('printf "one\\ntwo\\n" > notes.txt; mkdir src; echo x > src/deep.txt; ln -s notes.txt link');
  await page.getByRole('treeitem', { name: /desk.*running/ }).click();
  await page.getByRole('button', { name: 'Browse files' }).click();
  await row_('notes.txt').waitFor();
}, 240_000);
afterAll(() => world?.[Symbol.asyncDispose]());

/** Runs in the workspace as its own user, at the mount point. */
const inside = (line: string) =>
  world.host.docker('exec', '--workdir', '/home/dev', container, 'sh', '-c', line);
const panel = () => page.locator('[role=tabpanel]:not([inert])');
const row_ = (name: string) => panel().locator(`[data-row=${JSON.stringify(name)}]`);
const grid = () => panel().getByRole('grid');

describe('files of a workspace', () => {
  it('are sent and lie there as the workspace’s own', async () => {
    await page
      .locator('input[type=file][multiple]')
      .first()
      .setInputFiles([
        { name: 'sent.bin', mimeType: '', buffer: Buffer.alloc(3_000_000, 7) },
        { name: 'ä b.txt', mimeType: '', buffer: Buffer.from('text') },
      ]);
    await row_('sent.bin').waitFor();
    await row_('ä b.txt').waitFor();
    expect(await inside('cat "ä b.txt"; wc -c < sent.bin; stat -c %U:%a sent.bin; id -un')).toMatch(
      /^text3000000\n(\w+):6\d\d\n\1\n$/,
    );
    expect(await inside('ls -a')).not.toContain('.berth-');
  });

  it('are saved as they are', async () => {
    await row_('notes.txt').click({ button: 'right' });
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Download', exact: true }).click();
    expect(await readFile(await (await download).path(), 'utf8')).toBe('one\ntwo\n');
  });

  it('go up and come down over a way that is cut, and are the same', async () => {
    await using scratch = await mkdtempDisposable(join(tmpdir(), 'berth-e2e-files-'));
    const content = randomBytes(96_000_000);
    await writeFile(join(scratch.path, 'large.bin'), content);
    const sum = createHash('sha256').update(content).digest('hex');
    const transfers = page.getByRole('list', { name: 'List of transfers' });
    /** Some of it has moved, and not all. */
    const cutInTheMiddle = async () => {
      await transfers
        .getByText(/[1-9][\d.]*\sMiB of 91\.6\sMiB/)
        .first()
        .waitFor();
      await world.host.killSshSessions('reset');
      await transfers.getByText('waits for the connection').waitFor();
    };
    const parts = () => inside('ls -a | grep -c berth- || true');
    await page.locator('input[type=file][multiple]').first().setInputFiles(join(scratch.path, 'large.bin'));
    await cutInTheMiddle();
    await row_('large.bin').waitFor({ timeout: 60_000 });
    expect([(await inside('sha256sum < large.bin')).split(' ')[0], await parts()]).toEqual([sum, '0\n']);
    await row_('large.bin').click({ button: 'right' });
    const download = page.waitForEvent('download', { timeout: 60_000 });
    await page.getByRole('menuitem', { name: 'Download', exact: true }).click();
    await cutInTheMiddle();
    const got = await readFile(await (await download).path());
    expect(createHash('sha256').update(got).digest('hex')).toBe(sum);
  }, 180_000);

  it('are edited, and never written over what somebody else wrote meanwhile', async () => {
    await row_('notes.txt').dblclick();
    await panel().locator('.cm-line').first().click();
    await page.keyboard.press('Home');
    await page.keyboard.type('zero ');
    await page.keyboard.press('Control+s');
    await waitUntil(async () => (await inside('cat notes.txt')) === 'zero one\ntwo\n', {
      what: 'it is saved',
    });
    await inside('echo theirs > notes.txt');
    await page.keyboard.type('mine ');
    await page.keyboard.press('Control+s');
    await panel().getByRole('heading', { name: 'notes.txt was changed meanwhile' }).waitFor();
    expect(await inside('cat notes.txt')).toBe('theirs\n');
    await panel().getByRole('button', { name: 'Load theirs, and lose mine' }).click();
    await panel().locator('.cm-line').getByText('theirs').waitFor();
    await page.getByRole('tab', { name: /desk/ }).filter({ hasText: 'dev' }).click();
    await grid().waitFor();
  });

  it('get another name, and go for good', async () => {
    await row_('sent.bin').click();
    await page.keyboard.press('F2');
    await page.getByRole('textbox', { name: 'New name of sent.bin' }).fill('kept.bin');
    await page.keyboard.press('Enter');
    await row_('kept.bin').waitFor();
    expect(await inside('ls')).toContain('kept.bin');
    await row_('link').click();
    await page.keyboard.press('Delete');
    await page
      .getByRole('alertdialog')
      .getByRole('button', { name: /Delete/ })
      .click();
    await row_('link').waitFor({ state: 'detached' });
    // A link goes, and not what it leads to.
    expect(await inside('cat notes.txt; ls')).not.toContain('link');
  });

  it('are copied to the host, which streams through Berth', async () => {
    await world.host.writeFile('/root/there.txt', '');
    await row_('src').click();
    await page.keyboard.press('Control+c');
    await page.getByRole('treeitem', { name: /pier/ }).click();
    await panel().getByRole('button', { name: 'Browse files' }).click();
    await row_('there.txt').waitFor();
    await grid().focus();
    await page.keyboard.press('Control+v');
    await row_('src').waitFor();
    expect(await world.host.runChecked(['cat', '/root/src/deep.txt'])).toBe('x\n');
  });

  it(`are quick to look at where they are ${many.toLocaleString('en')}`, async () => {
    await inside(`mkdir big && cd big && seq -f 'entry-%06g.txt' ${many} | xargs touch`);
    await page.getByRole('tab', { name: /desk/ }).filter({ hasText: 'dev' }).click();
    await row_('src').click();
    await page.keyboard.press('F5');
    await row_('big').dblclick();
    const began = performance.now();
    // Whichever the folder has first: they come as it keeps them.
    await panel().locator('[data-row^="entry-"]').first().waitFor();
    const firstMs = performance.now() - began;
    await panel()
      .getByText(/100,000\sentries/)
      .waitFor({ timeout: 60_000 });
    const allMs = performance.now() - began;
    await panel().getByText('entry-000001.txt').waitFor();
    await grid().focus();
    await page.keyboard.press('End');
    await panel().getByText('entry-100000.txt').waitFor();
    // What is drawn is what can be seen of it.
    expect(await panel().getByRole('row').count()).toBeLessThan(120);
    // The first part does not wait for the last.
    expect(firstMs).toBeLessThan(allMs);
    console.log(`first entries after ${firstMs.toFixed(0)} ms, all after ${allMs.toFixed(0)} ms`);
  }, 120_000);

  it('leave the page without a complaint', () => {
    expect(complaints).toEqual([]);
  });
});
