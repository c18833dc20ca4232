/**
 * The pages about snapshots in Chromium on a fixture plane: axe finds nothing serious in any of them, the tree is used by
 * keyboard alone, a saved file is what was sent, and long lists and folders are drawn at once.
 */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { seriousFindings } from './fixture/axe.ts';
import { fixtureStage } from './fixture/fixture-stage.ts';
import './fixture/fixture-window.ts';
import { contentOf } from './snapshot-replies.ts';

const stage = fixtureStage();
const { calls, open } = stage;
let page: Page;

interface Look {
  readonly width?: number;
  /** As in Firefox and Safari: files can only be saved as downloads. */
  readonly hasNoPickers?: boolean;
}

async function show(scene: string, { width = 1024, hasNoPickers = false }: Look = {}) {
  page = await stage.blank({ width, isAlone: hasNoPickers });
  if (hasNoPickers)
    await page.addInitScript(() => {
      Object.assign(window, { showSaveFilePicker: undefined, showDirectoryPicker: undefined });
    });
  await stage.load(`?scene=${scene}`);
  await page.getByRole('tablist').first().waitFor();
}

const body = (n: number) => String(n).padStart(20, '0');
const list = { type: 'snapshots' };
const snapshotRef = (n: number) => ({ type: 'snapshot', snapshotId: `snap_${body(n)}` });
const compareRef = (n: number, other: number | null) => ({
  type: 'snapshot-compare',
  snapshotId: `snap_${body(n)}`,
  otherId: other === null ? null : `snap_${body(other)}`,
});

const tree = () => page.getByRole('tree', { name: /^Files of/ });
async function openTree(n: number): Promise<void> {
  await open(snapshotRef(n));
  await tree().waitFor();
  await tree().focus();
}
/** The row that has the keyboard, as a screen reader would name it. */
const currentRow = () =>
  page.evaluate(() => {
    const id = document.activeElement?.getAttribute('aria-activedescendant');
    return document.getElementById(id ?? '')?.textContent?.trim() ?? '';
  });

describe('axe, dark and light', () => {
  it('finds nothing serious in the timeline and its states', async () => {
    for (const scene of ['snapshots', 'snapshots-none', 'snapshots-error', 'loading']) {
      await show(scene);
      await open(list);
      expect([scene, await seriousFindings(page)]).toEqual([scene, []]);
    }
  });

  it.each([1440, 480])('finds nothing serious in snapshots and comparisons, %d wide', async (width) => {
    await show('snapshots', { width });
    for (const ref of [snapshotRef(1), snapshotRef(6), snapshotRef(8), snapshotRef(9)]) {
      await open(ref);
      await tree().and(page.locator(':visible')).waitFor();
      expect([ref, await seriousFindings(page)]).toEqual([ref, []]);
    }
    for (const ref of [compareRef(1, null), compareRef(1, 15), compareRef(1, 5)]) {
      await open(ref);
      await page
        .getByRole('tree', { name: 'Changes' })
        .or(page.getByText('They are identical'))
        .and(page.locator(':visible'))
        .waitFor();
      expect([ref, await seriousFindings(page)]).toEqual([ref, []]);
    }
  });

  it('finds nothing serious in chosen entries, found files, menus and dialogs', async () => {
    await show('snapshots');
    await openTree(1);
    await page.keyboard.type('notes.');
    await page.getByText('SHA-256', { exact: true }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('textbox', { name: /Find a file/ }).fill('notes');
    await page.getByRole('list', { name: 'Found files' }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await open(list);
    await page
      .getByRole('button', { name: /^Acts on/ })
      .nth(1)
      .click();
    await page.getByRole('menuitem', { name: 'Delete…' }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    await page.getByRole('alertdialog').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    await open(compareRef(1, null));
    await page.getByRole('tree', { name: 'Changes' }).focus();
    await page.keyboard.type('package');
    await page.getByRole('table').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });
});

describe('the tree of files', () => {
  it('is used by keyboard alone', async () => {
    await show('snapshots');
    await openTree(1);
    await expect.poll(() => currentRow()).toContain('.cache');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => currentRow()).toContain('.config');
    await page.keyboard.type('ap');
    await expect.poll(() => currentRow()).toMatch(/^api/);
    await page.keyboard.press('ArrowRight');
    await page.getByRole('treeitem', { name: /package\.json/ }).waitFor();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => currentRow()).toMatch(/^src/);
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => currentRow()).toMatch(/^api/);
    await page.keyboard.press('End');
    await expect.poll(() => currentRow()).toContain('تقرير.txt');
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    // Letters are one word for 800 ms; only time ends it without moving.
    await page.waitForTimeout(900);
    await page.keyboard.type('notes.');
    await page.waitForTimeout(900);
    await page.keyboard.press('Space');
    await page.getByText(/2\sentries chosen/).waitFor();
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'Put back…' }).press('Enter');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Put back' }).press('Enter');
    await page.getByText(/Putting .* back/).waitFor();
    expect(await calls('snapshots.putBack')).toEqual([
      { id: `snap_${body(1)}`, paths: ['.cache', 'notes.txt'] },
    ]);
  });

  it('shows 20,000 entries at once, and finds one that was never read by typing its name', async () => {
    await show('snapshots');
    await openTree(1);
    await page.keyboard.type('data');
    await page.evaluate(() => {
      const marks = { beganMs: performance.now(), drawnMs: 0 };
      Object.assign(window, { marks });
      const look = () => {
        const isDrawn = [...document.querySelectorAll('[role=treeitem]')].some((row) =>
          row.textContent?.includes('part-00000'),
        );
        if (isDrawn) marks.drawnMs = performance.now();
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    await page.keyboard.press('ArrowRight');
    await page.getByRole('treeitem', { name: /part-00000/ }).waitFor();
    const marks = await page.evaluate(
      () => (window as unknown as { marks: { beganMs: number; drawnMs: number } }).marks,
    );
    const firstMs = Math.round(marks.drawnMs - marks.beganMs);
    process.stdout.write(`A folder of 20,000 entries: first rows after ${firstMs} ms\n`);
    expect(firstMs).toBeLessThan(1000);
    expect(await page.getByRole('treeitem').count()).toBeLessThan(80);

    await page.keyboard.press('ArrowRight');
    // As above: what was typed before is forgotten.
    await page.waitForTimeout(900);
    await page.keyboard.type('part-19876');
    await expect.poll(currentRow).toContain('part-19876.json');
    await page.getByRole('treeitem', { name: /part-19876/ }).waitFor();
    await page.keyboard.press('PageDown');
    const after = await currentRow();
    expect(after).toMatch(/part-198(8|9)\d/);

    // Somebody scrolls away from it: it is what the keyboard is on, still, and its menu opens where it is.
    await page.getByRole('tree', { name: /^Files of/ }).evaluate((tree) => tree.scrollTo(0, 0));
    await page.getByRole('treeitem', { name: /part-00000/ }).waitFor();
    await expect.poll(() => currentRow()).toBe(after);
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'Put back…' }).waitFor();
    const name = /part-\d+\.json/.exec(after)?.[0] ?? '';
    expect(await page.locator('[role=treeitem]', { hasText: name }).isVisible()).toBe(true);
    const box = await page.locator('[role=treeitem]', { hasText: name }).boundingBox();
    expect(box?.y).toBeGreaterThan(0);
    expect(box?.y).toBeLessThan(900);
  });
});

describe('the timeline', () => {
  it('draws 1,000 snapshots at once, and goes from one to the next by arrow keys', async () => {
    await show('snapshots-many');
    const beganMs = Date.now();
    await open(list);
    const row = page.locator('[data-snapshot]').first();
    await row.waitFor();
    process.stdout.write(`A timeline of 1,000 snapshots: drawn after ${Date.now() - beganMs} ms\n`);
    expect(await page.locator('[data-snapshot]').count()).toBeLessThan(60);
    await row.focus();
    for (let step = 0; step < 30; step += 1) await page.keyboard.press('ArrowDown', { delay: 20 });
    const place = () =>
      page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.snapshot?.slice(-4));
    await expect.poll(place).toBe('0031');
    await page.keyboard.press('Enter');
    await tree().waitFor();
  });

  it('is narrowed by words, workspace and host, and says how many fit', async () => {
    await show('snapshots');
    await open(list);
    const status = page.getByRole('status').filter({ hasText: /of 40/ });
    await page.getByRole('textbox', { name: 'Find snapshots' }).fill('upgrade');
    await status.getByText('2 of 40').waitFor();
    await page.getByRole('textbox', { name: 'Find snapshots' }).fill('');
    await page.getByRole('combobox', { name: 'Workspace' }).click();
    await page.getByRole('option', { name: /old-api/ }).click();
    await status.getByText('1 of 40').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByRole('button', { name: 'Show its snapshots' }).click();
    await status.getByText('2 of 40').waitFor();
  });

  it('deletes a snapshot only when its name was typed', async () => {
    await show('snapshots');
    await open(list);
    await page.locator(`[data-snapshot="snap_${body(5)}"]`).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByRole('textbox').fill('api');
    await dialog.getByRole('textbox').press('Enter');
    expect(await calls('snapshots.destroy')).toEqual([]);
    await dialog.getByRole('textbox').fill('api-server');
    await dialog.getByRole('button', { name: 'Delete snapshot' }).click();
    await page.getByText(/^39\ssnapshots$/).waitFor();
    expect(await calls('snapshots.destroy')).toEqual([{ ids: [`snap_${body(5)}`] }]);
  });
});

describe('finding a file', () => {
  it('tells which snapshots have it, and shows it in one of them', async () => {
    await show('snapshots');
    await open(list);
    await page.getByRole('tab', { name: 'Find a file' }).click();
    await page.getByRole('textbox', { name: /Find a file/ }).fill('routes things');
    await page
      .getByText(/unchanged since/)
      .first()
      .waitFor();
    await page
      .getByRole('button', { name: /^before the upgrade/ })
      .first()
      .click();
    await tree().waitFor();
    const row = page.getByRole('treeitem', { name: /things\.ts/ });
    await row.waitFor();
    await expect.poll(() => row.getAttribute('aria-selected')).toBe('true');
  });
});

describe('comparing', () => {
  it('lists, narrows, shows before and after, and changes its sides', async () => {
    await show('snapshots');
    await open(compareRef(1, null));
    await page.getByText(/41\sadded/).waitFor();
    await page.getByText(/Compared by kind, size, time/).waitFor();
    await page.getByRole('combobox', { name: 'Which changes' }).click();
    await page.getByRole('option', { name: 'Removed' }).click();
    await page.getByText('2 of 49').waitFor();
    await page.getByRole('treeitem', { name: /users\.ts/ }).click();
    await page.getByRole('table').getByRole('row', { name: /^Size/ }).waitFor();
    await page.getByRole('combobox', { name: 'After' }).click();
    await page.getByRole('option').nth(4).click();
    await expect.poll(async () => (await calls('snapshots.compare')).length).toBe(2);
    await page.getByRole('button', { name: 'Exchange the two' }).click();
    await expect.poll(async () => (await calls('snapshots.compare')).length).toBe(3);
    const [, second, third] = (await calls('snapshots.compare')) as { id: string; otherId: string }[];
    expect([third?.id, third?.otherId]).toEqual([second?.otherId, second?.id]);
  });
});

describe('saving', () => {
  it('gives the bytes of a file as they were sent, as a download where there are no file pickers', async () => {
    await show('snapshots', { hasNoPickers: true });
    await openTree(1);
    await page.keyboard.type('two');
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save a copy…' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe('two MiB.bin');
    const saved = await readFile(await download.path());
    expect(saved.equals(contentOf('two MiB.bin', 2 * 1024 ** 2 + 321))).toBe(true);
    await page.getByText('Saved two MiB.bin').waitFor();
  });

  it('writes to the chosen file part by part, and names a folder as an archive', async () => {
    await show('snapshots');
    await openTree(1);
    // The picker itself cannot be driven: it gives a file of the page's own, private file system.
    await page.evaluate(() => {
      const names: string[] = [];
      Object.assign(window, {
        names,
        showSaveFilePicker: async ({ suggestedName }: { suggestedName: string }) => {
          names.push(suggestedName);
          const root = await navigator.storage.getDirectory();
          return root.getFileHandle('picked', { create: true });
        },
      });
    });
    await page.keyboard.type('two');
    await page.getByRole('button', { name: 'Save a copy…' }).click();
    await page.getByText('Saved two MiB.bin').waitFor();
    const sizeBytes = await page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      return (await (await root.getFileHandle('picked')).getFile()).size;
    });
    expect(sizeBytes).toBe(2 * 1024 ** 2 + 321);
    await tree().focus();
    await page.keyboard.type('photos');
    await page.getByRole('button', { name: 'Save a copy…' }).click();
    await page.getByText('Saved photos.tar').waitFor();
    expect(await page.evaluate(() => (window as unknown as { names: string[] }).names)).toEqual([
      'two MiB.bin',
      'photos.tar',
    ]);
  });
});

describe('commands', () => {
  it('of the snapshot in front are in the palette, and the rail leads to all of them', async () => {
    await show('snapshots');
    await page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: 'Snapshots' }).click();
    await page.getByRole('heading', { level: 1, name: 'Snapshots' }).waitFor();
    await openTree(1);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('>unpin');
    await page.getByRole('option', { name: /Unpin/ }).waitFor();
    await page.keyboard.press('Enter');
    await expect.poll(() => calls('snapshots.change')).toEqual([{ id: `snap_${body(1)}`, isPinned: false }]);
  });
});
