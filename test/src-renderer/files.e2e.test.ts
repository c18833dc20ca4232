/**
 * Folders, transfers and the editor in Chromium on a fixture plane, under a policy that allows no inline style: axe finds
 * nothing serious, a folder is used by keyboard alone, and a text is edited and saved.
 */
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { seriousFindings } from './fixture/axe.ts';
import { fixtureStage } from './fixture/fixture-stage.ts';
import './fixture/fixture-window.ts';

const placeId = 'ws_00000000000000000001';
const stage = fixtureStage({
  script: () => Object.assign(window, { showSaveFilePicker: undefined, showDirectoryPicker: undefined }),
});
const { calls } = stage;
let page: Page;

async function show(scene: string, ref: object): Promise<void> {
  page = await stage.show(scene);
  await page.evaluate((value) => window.fixture.app.view.actions.open(value as never), ref);
}

const grid = () => page.getByRole('grid', { name: 'Files of api-server' });
async function openFolder(scene = 'files', path: string | null = null): Promise<void> {
  await show(scene, { type: 'files', placeId, path });
  await grid().waitFor();
  await grid().focus();
}
const chosen = () =>
  page
    .getByRole('row', { selected: true })
    .evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset.row));
const row = (name: string) => page.locator(`[data-row=${JSON.stringify(name)}]`);
const textOf = (path: string) =>
  page.evaluate((at) => new TextDecoder().decode(window.fixture.plane.files.bytes(at)), path);
const give = (...files: readonly (readonly [string, string])[]) =>
  page
    .locator('input[type=file][multiple]')
    .setInputFiles(files.map(([name, text]) => ({ name, mimeType: '', buffer: Buffer.from(text) })));

describe('axe, dark and light', () => {
  it('finds nothing serious in folders and their dialogs', async () => {
    await openFolder();
    await page.keyboard.press('Control+a');
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.type('photos');
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'Permissions…' }).click();
    await page.getByRole('dialog').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });
  it('finds nothing serious in an empty folder, a refused one, and an editor', async () => {
    for (const path of ['/home/dev/empty', '/home/dev/secrets']) {
      await show('files', { type: 'files', placeId, path });
      await page
        .getByText(/An empty folder|may not be read/)
        .first()
        .waitFor();
      expect([path, await seriousFindings(page)]).toEqual([path, []]);
    }
    await page.evaluate(
      (at) =>
        window.fixture.app.view.actions.open({
          type: 'file',
          placeId: at as never,
          path: '/home/dev/src/server.ts',
        }),
      placeId,
    );
    await page.locator('.cm-content').getByText('createServer').first().waitFor();
    await page.locator('.cm-content').focus();
    await page.keyboard.press('Control+f');
    await page.getByRole('textbox', { name: 'Find' }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });
});

describe('a folder', () => {
  it('is used by keyboard alone', async () => {
    await openFolder();
    await page.keyboard.press('Home');
    await expect.poll(() => chosen()).toEqual(['current']);
    await page.keyboard.press('Shift+ArrowDown');
    await expect.poll(() => chosen()).toEqual(['current', 'empty']);
    await page.keyboard.press('Escape');
    await page.keyboard.type('sr');
    await expect.poll(() => chosen()).toEqual(['src']);
    await page.keyboard.press('Enter');
    await row('server.ts').waitFor();
    await page.keyboard.press('Backspace');
    // Up again, where one came from is chosen.
    await row('src').waitFor();
    await expect.poll(chosen).toEqual(['src']);
    await page.keyboard.press('Home');
    await page.keyboard.type('notes');
    await page.keyboard.press('F2');
    await page.getByRole('textbox', { name: 'New name of notes.txt' }).waitFor();
    // What comes after the dot stays.
    await page.keyboard.type('words');
    await page.keyboard.press('Enter');
    await row('words.txt').waitFor();
    await expect.poll(chosen).toEqual(['words.txt']);
    await page.keyboard.press('Control+c');
    await page.keyboard.press('Alt+ArrowUp');
    await expect.poll(chosen).toEqual(['dev']);
  });

  it('stays under the pointer when a row is pressed that is half in sight', async () => {
    await openFolder();
    const size = page.viewportSize()!;
    await page.setViewportSize({ width: size.width, height: 360 });
    try {
      const box = (await grid().boundingBox())!;
      // The edge goes through the middle of a row.
      const name = await grid().evaluate((list) => {
        const edge = list.getBoundingClientRect().bottom;
        const rows = [...list.querySelectorAll<HTMLElement>('[data-row]')];
        const last = rows.findLast((one) => one.getBoundingClientRect().top < edge);
        const box = last!.getBoundingClientRect();
        list.scrollTop += box.top + box.height / 2 - edge;
        if (list.scrollTop === 0) list.scrollTop = box.height;
        return rows.find(
          (one) => one.getBoundingClientRect().bottom > list.getBoundingClientRect().bottom + 4,
        )?.dataset.row;
      });
      expect(name).toBeDefined();
      const top = () => row(name!).evaluate((one) => one.getBoundingClientRect().top);
      const before = await top();
      await page.mouse.click(box.x + 60, box.y + box.height - 2);
      expect([await chosen(), await top()]).toEqual([[name], before]);
      // By a key it comes into sight.
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('ArrowDown');
      await expect.poll(top).toBeLessThan(before);
    } finally {
      await page.setViewportSize(size);
    }
  });

  it('asks before it deletes, and wants the name of a folder that holds something', async () => {
    await openFolder();
    await page.keyboard.type('photos');
    await page.keyboard.press('Delete');
    const dialog = page.getByRole('alertdialog');
    await dialog.getByRole('textbox', { name: /photos/ }).fill('photo');
    await page.keyboard.press('Enter');
    expect(await calls('files.remove')).toEqual([]);
    await dialog.getByRole('textbox', { name: /photos/ }).fill('photos');
    await page.keyboard.press('Enter');
    await row('photos').waitFor({ state: 'detached' });
    expect(await calls('files.remove')).toEqual([{ placeId, path: '/home/dev', names: ['photos'] }]);
  });

  it('moves what is dragged onto a folder, and takes what is pasted with a question for names that are there', async () => {
    await openFolder();
    await row('part 2.log').dragTo(row('empty'));
    await row('part 2.log').waitFor({ state: 'detached' });
    expect(await calls('files.copy')).toMatchObject([
      {
        path: '/home/dev',
        names: ['part 2.log'],
        toPath: '/home/dev/empty',
        isMove: true,
        onConflict: 'fail',
      },
    ]);
    await row('notes.txt').click();
    await page.keyboard.press('Control+c');
    await row('photos').dblclick();
    await row('harbour.png').waitFor();
    await grid().focus();
    await page.keyboard.press('Control+v');
    const dialog = page.getByRole('dialog', { name: 'notes.txt is there already' });
    await dialog.getByRole('radio', { name: 'Replace' }).click();
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await expect.poll(() => textOf('/home/dev/photos/notes.txt')).toContain('First line');
  });
});

describe('transfers', () => {
  it('bring files up, ask about names that are there, and save one as it is', async () => {
    await openFolder();
    await give(['notes.txt', 'from here'], ['fresh.txt', 'fresh']);
    const dialog = page.getByRole('dialog', { name: 'notes.txt is there already' });
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await row('notes (2).txt').waitFor();
    await row('fresh.txt').waitFor();
    expect([await textOf('/home/dev/notes (2).txt'), await textOf('/home/dev/fresh.txt')]).toEqual([
      'from here',
      'fresh',
    ]);
    await row('fresh.txt').click({ button: 'right' });
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Download', exact: true }).click();
    const file = await download;
    expect([file.suggestedFilename(), await readFile(await file.path(), 'utf8')]).toEqual([
      'fresh.txt',
      'fresh',
    ]);
  });

  it('say once what went wrong with something that was begun', async () => {
    await openFolder('files-failing');
    await page.keyboard.type('notes');
    await page.keyboard.press('Delete');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('region', { name: 'Transfers' }).getByText('this did not work').waitFor();
    expect(await page.getByText('notes.txt could not be deleted').count()).toBe(0);
  });

  it('of a copy that could not keep all stay in sight until they are put away', async () => {
    await openFolder('files-lost');
    await page.keyboard.type('src');
    await page.keyboard.press('Control+c');
    await page.keyboard.press('Control+v');
    const tray = page.getByRole('region', { name: 'Transfers' });
    await tray.getByText('3 became files of their own, hard links before').waitFor();
    await tray.getByText('nothing under way').waitFor();
    // A new notice stands on it, and not before its buttons; without it at the window's foot.
    await page.evaluate(() => window.fixture.app.notices.show({ level: 'error', title: 'Something else' }));
    const notices = page.getByRole('region', { name: 'New notifications' });
    await notices.getByText('Something else').waitFor();
    const foot = async (area: Locator) => {
      const box = await area.boundingBox();
      return Math.round((box?.y ?? 0) + (box?.height ?? 0));
    };
    await expect.poll(async () => (await foot(notices)) < ((await tray.boundingBox())?.y ?? 0)).toBe(true);
    await tray.getByRole('button', { name: 'Put away' }).click();
    await tray.waitFor({ state: 'detached' });
    await expect.poll(() => foot(notices)).toBe((page.viewportSize()?.height ?? 0) - 36);
  });

  it('hold the window while something is on its way, and not after it', async () => {
    await openFolder('files-slow');
    const isHeld = () =>
      page.evaluate(() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true })));
    expect(await isHeld()).toBe(false);
    await give(['film.mp4', 'x'.repeat(3_000_000)]);
    const list = page.getByRole('list', { name: 'List of transfers' });
    await list.getByText('film.mp4').waitFor();
    expect(await isHeld()).toBe(true);
    await list.getByRole('button', { name: 'Cancel film.mp4' }).click();
    await list.getByText('cancelled').waitFor();
    expect([await isHeld(), await page.evaluate(() => window.fixture.plane.files.uploadsHeld)]).toEqual([
      false,
      0,
    ]);
  });
});

describe('the editor', () => {
  async function openText(path: string): Promise<void> {
    await show('files', { type: 'file', placeId, path });
    await page.locator('.cm-content').waitFor();
    await page.getByText(/^Line 1, column 1$/).waitFor();
  }

  it('edits and saves with the line ends that were there, and asks before its tab closes', async () => {
    await openText('/home/dev/notes.txt');
    await page.locator('.cm-line').first().click();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.type('between');
    await page.getByRole('img', { name: 'not saved' }).waitFor();
    await page.keyboard.press('Control+s');
    await page.getByRole('img', { name: 'not saved' }).waitFor({ state: 'detached' });
    expect(await textOf('/home/dev/notes.txt')).toBe('First line\r\nbetween\r\nSecond line\r\n');
    await page.keyboard.type('!');
    await page.evaluate(() => {
      const { app } = window.fixture;
      window.fixture.runCommand(app, 'tab.close');
    });
    const dialog = page.getByRole('alertdialog', { name: 'Close notes.txt without saving?' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.cm-content').waitFor();
  });

  it('gives what is pasted the line ends of the text, whichever it came with', async () => {
    const paste = (text: string) =>
      page.locator('.cm-content').evaluate((content, given) => {
        const clipboardData = new DataTransfer();
        clipboardData.setData('text/plain', given);
        content.dispatchEvent(
          new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
        );
      }, text);
    for (const [path, expected] of [
      ['/home/dev/notes.txt', 'a\r\nb\r\nc\r\nFirst line\r\nSecond line\r\n'],
      ['/home/dev/deploy.sh', 'a\nb\nc\n#!/bin/sh\nset -eu\n'],
    ] as const) {
      await openText(path);
      await page.locator('.cm-line').first().click();
      await page.keyboard.press('Control+Home');
      await paste('a\nb\r\nc\n');
      await page.getByRole('img', { name: 'not saved' }).waitFor();
      await page.keyboard.press('Control+s');
      await page.getByRole('img', { name: 'not saved' }).waitFor({ state: 'detached' });
      expect([path, await textOf(path)]).toEqual([path, expected]);
    }
  });

  it('writes over nobody', async () => {
    await openText('/home/dev/notes.txt');
    await page.locator('.cm-line').first().click();
    await page.keyboard.type('mine ');
    await page.evaluate(() => void window.fixture.plane.files.put('/home/dev/notes.txt', { text: 'theirs' }));
    await page.keyboard.press('Control+s');
    await page.getByRole('heading', { name: 'notes.txt was changed meanwhile' }).waitFor();
    expect(await textOf('/home/dev/notes.txt')).toBe('theirs');
    await page.getByRole('button', { name: 'Load theirs, and lose mine' }).click();
    await page.locator('.cm-line').getByText('theirs').waitFor();
  });
});
