/**
 * What is dragged, in Chromium: a folder of this computer with all that is in it onto a list, and entries from one tab of files
 * to another's, which is another place.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixtureStage } from './fixture/fixture-stage.ts';
import './fixture/fixture-window.ts';

const placeId = 'ws_00000000000000000001';
const otherId = 'ws_00000000000000000002';
const stage = fixtureStage();
const { calls } = stage;
let page: Page;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-drop-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function show(scene = 'files'): Promise<void> {
  page = await stage.show(scene);
  await open(placeId, null);
  await grid().waitFor();
}
const open = (id: string, path: string | null) =>
  page.evaluate((ref) => window.fixture.app.view.actions.open(ref as never), {
    type: 'files',
    placeId: id,
    path,
  });
const grid = () => page.locator('[role=tabpanel]:not([inert])').getByRole('grid').first();
const has = (path: string) => page.evaluate((at) => window.fixture.plane.files.has(at), path);

/** As the desktop hands files over: the browser makes the DataTransfer, with entries that can be gone into. */
async function dropFiles(paths: readonly string[], onto = grid()): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const box = await onto.boundingBox();
  if (box === null) throw new Error('nothing is there to drop onto');
  const at = { x: box.x + box.width / 2, y: box.y + box.height - 10 };
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, ...at, data });
  await session.detach();
}

describe('a folder that is dropped', () => {
  it('comes with folders in folders, empty ones and many files', async () => {
    const many = 250;
    await mkdir(join(folder, 'tree', 'deep', 'er'), { recursive: true });
    await mkdir(join(folder, 'tree', 'nothing in it'));
    await mkdir(join(folder, 'tree', 'many'));
    await writeFile(join(folder, 'tree', 'deep', 'er', 'ä.txt'), 'deep');
    await writeFile(join(folder, 'beside.txt'), 'beside');
    for (let number = 0; number < many; number += 1)
      await writeFile(join(folder, 'tree', 'many', `${number}`), `${number}`);
    await show();
    await dropFiles([join(folder, 'tree'), join(folder, 'beside.txt')]);
    const list = page.getByRole('list', { name: 'List of transfers' });
    await list.getByText(`252 of 252 files`).waitFor();
    await list.getByText('done').waitFor();
    const found = await page.evaluate(() => {
      const { files } = window.fixture.plane;
      const text = (path: string) => new TextDecoder().decode(files.bytes(path));
      return {
        deep: text('/home/dev/tree/deep/er/ä.txt'),
        beside: text('/home/dev/beside.txt'),
        empty: files.entry('/home/dev/tree/nothing in it').kind,
        wrong: Array.from({ length: 250 }, (_, number) => number).filter(
          (number) => text(`/home/dev/tree/many/${number}`) !== `${number}`,
        ),
      };
    });
    expect(found).toEqual({ deep: 'deep', beside: 'beside', empty: 'folder', wrong: [] });
  });

  it('asks once for all the names that are there, and leaves what is skipped as it was', async () => {
    await writeFile(join(folder, 'notes.txt'), 'mine');
    await writeFile(join(folder, 'deploy.sh'), 'mine');
    await writeFile(join(folder, 'new.txt'), 'mine');
    await show();
    const before = await page.evaluate(() =>
      new TextDecoder().decode(window.fixture.plane.files.bytes('/home/dev/notes.txt')),
    );
    await dropFiles(['notes.txt', 'deploy.sh', 'new.txt'].map((name) => join(folder, name)));
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: 'Skip' }).click();
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await page
      .getByRole('list', { name: 'List of transfers' })
      .getByText('1 of 3 files · 2 skipped')
      .waitFor();
    expect(
      await page.evaluate(() =>
        new TextDecoder().decode(window.fixture.plane.files.bytes('/home/dev/notes.txt')),
      ),
    ).toBe(before);
    expect([await has('/home/dev/new.txt'), await has('/home/dev/notes (2).txt')]).toEqual([true, false]);
  });

  it('is cancelled with nothing half left there', async () => {
    await mkdir(join(folder, 'films'));
    await writeFile(join(folder, 'films', 'film.mp4'), Buffer.alloc(3_000_000));
    await show('files-slow');
    await dropFiles([join(folder, 'films')]);
    const list = page.getByRole('list', { name: 'List of transfers' });
    await list.getByRole('button', { name: 'Cancel films' }).click();
    await list.getByText('cancelled').waitFor();
    expect(await page.evaluate(() => window.fixture.plane.files.uploadsHeld)).toBe(0);
    expect(await has('/home/dev/films/film.mp4')).toBe(false);
  });
});

describe('what is dragged from one tab of files to another', () => {
  it('is copied there, with a question for a name that is there', async () => {
    await show();
    await page.evaluate(
      ([id, path]) => {
        const { view } = window.fixture.app;
        view.actions.open({ type: 'files', placeId: id, path } as never, { side: 'right' } as never);
      },
      [otherId, '/home/dev/photos'] as const,
    );
    const [from, to] = [page.getByRole('grid').nth(0), page.getByRole('grid').nth(1)];
    await to.waitFor();
    await from.locator('[data-row="notes.txt"]').dragTo(to, { targetPosition: { x: 60, y: 400 } });
    await page.getByRole('dialog', { name: 'notes.txt is there already' }).waitFor();
    await page.getByRole('dialog').getByRole('radio', { name: 'Keep both' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Go on' }).click();
    await from.locator('[data-row="src"]').dragTo(to, { targetPosition: { x: 60, y: 400 } });
    await to.locator('[data-row="src"]').waitFor();
    expect(await calls('files.copy')).toMatchObject([
      {
        placeId,
        names: ['notes.txt'],
        toId: otherId,
        toPath: '/home/dev/photos',
        onConflict: 'both',
        isMove: false,
      },
      {
        placeId,
        names: ['src'],
        toId: otherId,
        toPath: '/home/dev/photos',
        onConflict: 'fail',
        isMove: false,
      },
    ]);
    // Nothing left where it was dragged from.
    expect([await has('/home/dev/src'), await has('/home/dev/notes.txt')]).toEqual([true, true]);
  });
});
