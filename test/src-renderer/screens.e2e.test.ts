/**
 * The window in Chromium on a fixture plane, under the served app's policy made stricter (no inline style elements):
 * axe finds nothing serious in any scene, light and dark, and everything that matters is done by keyboard alone.
 */
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { seriousFindings } from './fixture/axe.ts';
import { fixtureStage } from './fixture/fixture-stage.ts';
import './fixture/fixture-window.ts';

const stage = fixtureStage();
let page: Page;

async function show(scene: string, look?: { readonly width: number; readonly height: number }) {
  page = await stage.show(scene, look);
}
const open = (ref: object) =>
  page.evaluate((value) => window.fixture.app.view.actions.open(value as never), ref);
const focusedName = () =>
  page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute('aria-label') ?? element?.textContent?.trim() ?? '';
  });
const frontTitle = () =>
  page.evaluate(() => {
    const { view } = window.fixture.app;
    const { activePaneId } = view.getState();
    return document.querySelector(`[data-tabstrip="${activePaneId}"] [role=tab][aria-selected=true]`)
      ?.textContent;
  });

describe('axe, dark and light', () => {
  // The pages about work are looked at with work in them in work-pages.e2e.test.ts.
  const aboutWork = ['home', 'add-host', 'workspaces', 'projects', 'operations', 'credentials'];
  it.each([
    ['empty', [...aboutWork, 'notifications']],
    ['errors', [...aboutWork, 'settings']],
    ['loading', [...aboutWork, 'settings']],
    ['usual', ['home', 'add-host', 'host', 'settings', 'shortcuts', 'help', 'notifications']],
    ['readonly', ['home', 'host', 'settings', 'new-workspace']],
    ['many', ['home', 'workspaces']],
    ['names', ['home', 'host', 'workspaces', 'help']],
  ] as const)('finds nothing serious in the scene "%s"', async (scene, types) => {
    await show(scene);
    for (const type of types) {
      await open(
        type === 'host'
          ? { type, hostId: 'host_00000000000000000001' }
          : type === 'new-workspace'
            ? { type, hostId: null, projectId: null }
            : { type },
      );
      await page
        .getByRole('tabpanel')
        .getByRole('heading', { level: 1 })
        .and(page.locator(':visible'))
        .first()
        .waitFor();
      expect([type, await seriousFindings(page)]).toEqual([type, []]);
    }
  });

  it('finds nothing serious in the palette, a menu, a confirmation, toasts, the lost banner and splits', async () => {
    await show('usual');
    await page.keyboard.press('Control+k');
    await page.getByRole('listbox').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('listbox').waitFor({ state: 'detached' });

    await page.getByRole('menuitem', { name: 'View' }).click();
    await page.getByRole('menuitem', { name: /Close tab/ }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('menu').waitFor({ state: 'detached' });

    await page.evaluate(() => {
      const { app, plane, BerthError } = window.fixture;
      app.notices.show({ title: 'atlas was removed', action: { label: 'Undo', run: () => undefined } });
      app.notices.fail('Could not stop it', new BerthError('engine.failed', 'It said no.'));
      plane.setConnection({ phase: 'lost', retryAtMs: Date.now() + 60_000 });
      app.view.actions.open({ type: 'help' });
      app.view.actions.open({ type: 'settings' }, { side: 'right' });
    });
    await page.getByText('The connection to Berth was lost').waitFor();
    expect(await seriousFindings(page)).toEqual([]);

    await page.evaluate(() => {
      void window.fixture.app.confirmations.ask({
        title: 'Destroy api-server?',
        body: 'Its container is deleted.',
        deletes: ['The volume'],
        keeps: ['The project'],
        action: 'Destroy workspace',
        isDangerous: true,
        typeToConfirm: 'api-server',
      });
    });
    await page.getByRole('alertdialog').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });
});

describe('by keyboard alone', () => {
  it('the palette finds a workspace and opens it; Escape gives the keyboard back', async () => {
    await show('usual');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('scratch');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => page.evaluate(() => window.fixture.app.view.getState().root))
      .toMatchObject({
        tabs: [
          { ref: { type: 'home' } },
          { ref: { type: 'workspace', workspaceId: 'ws_00000000000000000003' } },
        ],
      });
    await page.getByRole('button', { name: 'Colours' }).focus();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => focusedName()).toBe('Colours');
  });

  it('the palette has the keyboard before the next key, however late frames are', async () => {
    await show('usual');
    await page.evaluate(() => {
      window.requestAnimationFrame = (then) => window.setTimeout(() => then(performance.now()), 2_000);
      window.cancelAnimationFrame = (id) => window.clearTimeout(id);
    });
    await page.getByRole('button', { name: 'Colours' }).focus();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('typed at once');
    await expect.poll(() => page.getByRole('combobox').inputValue()).toBe('typed at once');
  });

  it('a question that came out of the palette gives the keyboard back to who had it before the palette', async () => {
    await show('usual');
    await open({ type: 'workspace', workspaceId: 'ws_00000000000000000001' });
    const before = page.getByRole('button', { name: 'Colours' });
    await before.focus();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('destroy workspace');
    await page.keyboard.press('Enter');
    const question = page.getByRole('button', { name: 'Cancel' });
    await question.waitFor();
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    await expect.poll(() => focusedName()).toBe('Colours');
  });

  it('the palette runs a command, and says so when one fails', async () => {
    await show('usual');
    await page.evaluate(() => {
      const { plane, BerthError } = window.fixture;
      plane.failNext('settings.change', new BerthError('store.unwritable', 'The disk is full.'));
    });
    await page.keyboard.press('Control+Shift+p');
    await page.keyboard.type('light colours');
    await page.keyboard.press('Enter');
    await page.getByText('Use light colours: this did not work').waitFor();
    await page.keyboard.press('Control+Shift+p');
    await page.keyboard.type('light colours');
    await page.keyboard.press('Enter');
    await page.locator('html[data-theme=light]').waitFor();
  });

  it('tabs open, step, close, reopen, split and move', async () => {
    await show('usual');
    for (const type of ['settings', 'help', 'shortcuts']) await open({ type });
    await page.keyboard.press('Alt+2');
    await expect.poll(() => frontTitle()).toBe('Settings');
    await page.keyboard.press('Alt+Backquote');
    await expect.poll(() => frontTitle()).toBe('Keyboard shortcuts');
    await page.keyboard.press('Alt+w');
    await expect.poll(() => frontTitle()).toBe('Settings');
    await page.keyboard.press('Alt+Shift+t');
    await expect.poll(() => frontTitle()).toBe('Keyboard shortcuts');
    await page.keyboard.press('Control+\\');
    await expect.poll(() => page.getByRole('tablist').count()).toBe(2);
    await expect.poll(() => frontTitle()).toBe('Keyboard shortcuts');
    await page.keyboard.press('Control+Alt+ArrowLeft');
    await expect.poll(() => frontTitle()).not.toBe('Keyboard shortcuts');
    await page.getByRole('tab', { selected: true }).first().focus();
    await page.keyboard.press('Delete');
    await page.keyboard.press('Home');
    await expect.poll(() => frontTitle()).toMatch(/home/i);
  });

  it('a page keeps what was typed into it when its tab moves to another pane', async () => {
    await show('usual');
    await open({ type: 'help' });
    await open({ type: 'settings' });
    await page.getByRole('searchbox', { name: 'Search settings' }).fill('cursor');
    await page.keyboard.press('Control+\\');
    await expect.poll(() => page.getByRole('tablist').count()).toBe(2);
    await expect
      .poll(() => page.getByRole('searchbox', { name: 'Search settings' }).inputValue())
      .toBe('cursor');
  });

  it('the tree moves, folds, finds by typing, renames and opens', async () => {
    await show('usual');
    const tree = page.getByRole('tree');
    await page.keyboard.press('Control+Shift+e');
    await expect.poll(() => tree.evaluate((element) => element === document.activeElement)).toBe(true);
    const active = () =>
      tree.evaluate((element) => {
        const id = element.getAttribute('aria-activedescendant');
        return id ? document.getElementById(id)?.dataset.row : undefined;
      });
    await page.keyboard.press('Home');
    await expect.poll(() => active()).toBe('host_00000000000000000001');
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => active()).toBe('ws_00000000000000000001');
    await page.keyboard.press('ArrowLeft');
    expect(await page.getByRole('treeitem', { name: /^bash/ }).count()).toBe(0);
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => active()).toBe('host_00000000000000000001');
    await page.keyboard.type('scr');
    await expect.poll(() => active()).toBe('ws_00000000000000000003');
    await page.keyboard.press('F2');
    await page.getByRole('textbox', { name: 'New name of scratch' }).fill('sandbox');
    await page.keyboard.press('Enter');
    await page.getByRole('treeitem', { name: /^sandbox/ }).waitFor();
    expect(await page.evaluate(() => window.fixture.plane.calls.at(-1))).toEqual({
      method: 'workspaces.rename',
      input: { id: 'ws_00000000000000000003', name: 'sandbox' },
    });
    await page.keyboard.press('Enter');
    await expect
      .poll(() => page.getByRole('treeitem', { name: /^sandbox/ }).getAttribute('aria-selected'))
      .toBe('true');
  });

  it('200 hosts: the last is reached at once, and few rows exist', async () => {
    await show('many');
    await page.getByRole('tree').focus();
    await page.keyboard.press('End');
    await page.getByRole('treeitem', { name: /worker-200/ }).waitFor();
    expect(await page.getByRole('treeitem').count()).toBeLessThan(80);
    expect(await page.getByRole('treeitem', { name: /^edge-200/ }).getAttribute('aria-setsize')).toBe('200');
  });

  it('a setting is changed, kept in its bounds, and set back', async () => {
    await show('usual');
    await open({ type: 'settings' });
    const size = page.getByRole('spinbutton', { name: 'Size of text', exact: true });
    await size.fill('99');
    await size.press('Enter');
    await page.getByText('11 to 20').waitFor();
    await size.fill('16');
    await size.press('Enter');
    await expect.poll(() => page.evaluate(() => getComputedStyle(document.body).fontSize)).toBe('16px');
    await page.getByRole('button', { name: 'Set “Size of text” back' }).press('Enter');
    await expect.poll(() => page.evaluate(() => getComputedStyle(document.body).fontSize)).toBe('13px');
  });

  it('a shortcut is recorded and works', async () => {
    await show('usual');
    await open({ type: 'shortcuts' });
    await page.getByRole('button', { name: 'Change the keys of “Open help”' }).press('Enter');
    await page.getByRole('textbox', { name: 'New keys for “Open help”' }).press('Control+j');
    await expect
      .poll(() => page.evaluate(() => window.fixture.plane.calls.at(-1)?.input))
      .toEqual({
        shortcuts: { 'help.open': 'Mod+J' },
      });
    await page.getByRole('button', { name: 'Set the keys of “Open help” back' }).waitFor();
    await page.keyboard.press('Control+j');
    await expect.poll(() => frontTitle()).toBe('Help');
  });

  it('a confirmation refuses until the name is typed, and Escape means no', async () => {
    await show('usual');
    const ask = () =>
      page.evaluate(() => {
        void window.fixture.app.confirmations
          .ask({
            title: 'Destroy it?',
            body: '',
            action: 'Destroy',
            isDangerous: true,
            typeToConfirm: 'atlas',
          })
          .then((answer) => {
            document.title = String(answer);
          });
      });
    await ask();
    // It takes the keyboard a moment after it is there.
    const field = page.getByRole('alertdialog').getByRole('textbox');
    await expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.type('atla');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('alertdialog').count()).toBe(1);
    await page.keyboard.type('s');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.title()).toBe('true');
    await ask();
    await page.getByRole('alertdialog').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.title()).toBe('false');
  });

  it('the focus is always to be seen: every stop of Tab has a ring or is a tree row', async () => {
    await show('usual');
    await open({ type: 'help' });
    for (let stop = 0; stop < 25; stop += 1) {
      await page.keyboard.press('Tab');
      const seen = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return 'body';
        const marked =
          element.getAttribute('role') === 'tree'
            ? document.getElementById(element.getAttribute('aria-activedescendant') ?? '')
            : element;
        if (!marked) return 'nothing';
        const { outlineStyle, outlineWidth, backgroundColor } = getComputedStyle(marked);
        if (element.hasAttribute('data-separator')) return backgroundColor === '' ? 'no colour' : 'ok';
        return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2
          ? 'ok'
          : element.outerHTML.slice(0, 120);
      });
      expect(['ok', 'body']).toContain(seen);
    }
  });
});

describe('the pointer', () => {
  it('drags a tab to the edge of a pane, which splits it; Escape takes a drag back', async () => {
    await show('usual');
    await open({ type: 'help' });
    await open({ type: 'settings' });
    const drag = async (isDropped: boolean) => {
      const tab = (await page.getByRole('tab', { name: 'Settings' }).boundingBox())!;
      const body = (await page.locator('[data-panebody]').first().boundingBox())!;
      await page.mouse.move(tab.x + 20, tab.y + 10);
      await page.mouse.down();
      await page.mouse.move(body.x + body.width - 30, body.y + body.height / 2, { steps: 5 });
      if (!isDropped) await page.keyboard.press('Escape');
      await page.mouse.up();
    };
    await drag(false);
    expect(await page.getByRole('tablist').count()).toBe(1);
    await drag(true);
    await expect.poll(() => page.getByRole('tablist').count()).toBe(2);
    await expect.poll(() => frontTitle()).toBe('Settings');
  });
});

describe('small and broken', () => {
  it.each([
    [1024, 700],
    [480, 900],
  ])('nothing runs out of the window at %i by %i', async (width, height) => {
    for (const scene of ['usual', 'names', 'errors']) {
      await show(scene, { width, height });
      for (const type of ['settings', 'shortcuts', 'help', 'notifications']) {
        await open({ type });
        expect(
          await page.evaluate(() => {
            const panel = document.querySelector('[role=tabpanel]:not([inert]) > div');
            return (panel?.scrollWidth ?? 0) - (panel?.clientWidth ?? 0);
          }),
        ).toBe(0);
      }
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    }
  });

  it('at 480 pixels the sidebar is a drawer that closes when something is opened', async () => {
    await show('usual', { width: 480, height: 900 });
    await page.getByRole('button', { name: 'Show the sidebar' }).click();
    await page.getByRole('treeitem', { name: /^scratch/ }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => window.fixture.app.view.getState().isDrawerOpen)).toBe(false);
  });

  it('tabs and splits are there again after a reload', async () => {
    await show('usual');
    await open({ type: 'help' });
    await page.evaluate(() => window.fixture.app.view.actions.open({ type: 'settings' }, { side: 'right' }));
    await stage.load('?scene=usual&keep');
    await page.getByRole('tablist').first().waitFor();
    expect(await page.getByRole('tablist').count()).toBe(2);
    await expect.poll(() => frontTitle()).toBe('Settings');
  });

  it('a lost connection is said, and tried again by a button', async () => {
    await show('usual');
    await page.evaluate(() =>
      window.fixture.plane.setConnection({ phase: 'lost', retryAtMs: Date.now() + 60_000 }),
    );
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByText('The connection to Berth was lost').waitFor({ state: 'detached' });
  });

  it('names of others are text: markup in them stays markup', async () => {
    await show('names');
    await page.getByRole('treeitem', { name: /<b>bold<\/b>/ }).waitFor();
    expect(await page.locator('[role=treeitem] b').count()).toBe(0);
  });
});
