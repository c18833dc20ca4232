/**
 * The tab of a screen in Chromium, on noVNC itself and a VNC server as small as that needs: what is typed, pasted and
 * dropped arrives; each state says what it is and what can be done; axe finds nothing serious.
 */
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { seriousFindings } from './fixture/axe.ts';
import { fixtureStage } from './fixture/fixture-stage.ts';
import './fixture/fixture-window.ts';

// noVNC tells of a refused password there, too.
const stage = fixtureStage({ expected: /Security negotiation failed/ });
const { calls } = stage;
let page: Page;

async function show(look?: { isAlone: boolean }): Promise<void> {
  page = await stage.show('screens', look);
}
const open = (ref: object) =>
  page.evaluate((value) => window.fixture.app.view.actions.open(value as never), ref);
const workspaceId = (n: number) => `ws_${String(n).padStart(20, '0')}`;
const openScreen = (n: number) => open({ type: 'screen', workspaceId: workspaceId(n), port: 5900 });
const live = () => page.locator('[role=tabpanel]:not([inert]) .screen-holder[data-live] canvas').waitFor();
const heard = () => page.evaluate(() => window.fixture.plane.screen);

describe('a live screen', () => {
  it('has the keyboard at once, hears what is typed, and its password is asked for once and is nowhere', async () => {
    await show();
    await openScreen(1);
    await live();
    await page.waitForFunction(() => document.activeElement instanceof HTMLCanvasElement);
    await page.keyboard.type('hi');
    await expect.poll(async () => (await heard()).keys).toEqual([0x68, -0x68, 0x69, -0x69]);
    expect(await calls('workspaces.revealPassword')).toEqual([{ id: workspaceId(1) }]);
    expect(await page.content()).not.toContain('kR7-Qm2p');
    expect(await page.evaluate(() => JSON.stringify(Object.entries(localStorage)))).not.toContain('kR7-Qm2p');
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('lets go of a key whose chord is Berth’s, and gives a chord back that Berth has no use for', async () => {
    await show();
    await openScreen(1);
    await live();
    await page.locator('.screen-holder canvas').click();
    await page.keyboard.press('Control+Shift+K');
    await page.getByRole('dialog').waitFor();
    const control = 0xffe3;
    const shift = 0xffe1;
    await expect.poll(async () => (await heard()).keys).toEqual([control, shift, -control, -shift]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.locator('.screen-holder canvas').click();
    // Copies in a terminal, and there is none in front.
    await page.keyboard.press('Control+Shift+C');
    await expect.poll(async () => (await heard()).keys).toContain(0x43);
  });

  it('takes a paste along without a permission, before its keys', async () => {
    await show();
    await page.context().grantPermissions(['clipboard-write']);
    await openScreen(1);
    await live();
    await page.evaluate(() => navigator.clipboard.writeText('from here'));
    await page.locator('.screen-holder canvas').click();
    await page.keyboard.press('Control+v');
    await expect.poll(async () => (await heard()).pasted).toEqual(['from here']);
    await expect.poll(async () => (await heard()).keys).toContain(0x76);
  });

  it('is sent keys and text from the panels, holds what is held, and lets it go with the panel', async () => {
    await show();
    await openScreen(1);
    await live();
    await page.getByRole('button', { name: 'Keys', exact: true }).click();
    await page.getByRole('button', { name: 'Super' }).click();
    await page.getByPlaceholder('Type on the desktop').pressSequentially('é');
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Keys', exact: true }).click();
    await expect.poll(async () => (await heard()).keys).toEqual([0xffeb, 0xe9, -0xe9, -0xffeb]);
    await page.getByRole('button', { name: 'Clipboard', exact: true }).click();
    await page.getByLabel('Clipboard of the desktop').fill('by hand');
    await page.getByRole('button', { name: 'Send to the desktop' }).click();
    await expect.poll(async () => (await heard()).pasted).toEqual(['by hand']);
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('takes nothing while it is only viewed', async () => {
    await show();
    await openScreen(1);
    await live();
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitemcheckbox', { name: 'View only' }).click();
    await page.locator('.screen-holder canvas').click();
    await page.keyboard.type('x');
    await page.getByText('view only').waitFor();
    expect((await heard()).keys).toEqual([]);
  });

  it('connects again when the way to Berth is back', async () => {
    await show();
    await openScreen(1);
    await live();
    await page.getByRole('button', { name: 'Keys', exact: true }).click();
    const held = page.getByRole('button', { name: 'Super' });
    await held.click();
    await expect.poll(() => held.getAttribute('aria-pressed')).toBe('true');
    await page.evaluate(() => window.fixture.plane.setConnection({ phase: 'lost', retryAtMs: null }));
    await page.getByText('Berth does not answer').first().waitFor();
    // What is typed into nothing is not taken, and the next connection knows of no key that is down.
    const field = page.getByLabel('Type on the desktop');
    expect(await field.isEditable()).toBe(false);
    await page.evaluate(() => window.fixture.plane.setConnection({ phase: 'open' }));
    await live();
    expect(await calls('workspaces.dial')).toHaveLength(2);
    await expect.poll(() => held.getAttribute('aria-pressed')).toBe('false');
    const { keys } = await heard();
    await field.pressSequentially('a');
    await expect.poll(async () => (await heard()).keys).toEqual([...keys, 0x61, -0x61]);
  });
});

describe('the sound of a screen', () => {
  it('is off at first, is heard when wanted, comes back with the way, and ends when it is not wanted', async () => {
    await show();
    await openScreen(1);
    await live();
    const dials = async () =>
      (await calls('workspaces.dial')).filter((input) => (input as { port: number }).port === 4711).length;
    expect(await dials()).toBe(0);
    await page.getByRole('button', { name: /^Sound: off/ }).click();
    // Its own script runs in the audio thread, under the page's policy, and hears the tone there.
    await page.getByRole('button', { name: /^Sound: playing/ }).waitFor();
    await page.getByLabel('Volume').fill('30');
    expect(await seriousFindings(page)).toEqual([]);
    // Another tab in front: what is heard goes on.
    await openScreen(6);
    await openScreen(1);
    await page.getByRole('button', { name: /^Sound: playing/ }).waitFor();
    await page.evaluate(() => window.fixture.plane.setConnection({ phase: 'lost', retryAtMs: null }));
    await page.getByRole('button', { name: /^Sound: waits/ }).waitFor();
    await page.evaluate(() => window.fixture.plane.setConnection({ phase: 'open' }));
    await page.getByRole('button', { name: /^Sound: playing/ }).waitFor();
    await page.getByRole('button', { name: /^Sound: playing/ }).click();
    await page.getByRole('button', { name: /^Sound: off/ }).waitFor();
    expect(await dials()).toBe(2);
    expect(await page.getByLabel('Volume').count()).toBe(0);
  });
});

describe('a screen that is not there', () => {
  it('says why and what can be done, in every state', async () => {
    await show();
    const states: readonly (readonly [number, RegExp, string])[] = [
      [2, /did not take the password/, 'Restart workspace'],
      [3, /still starting/, 'Try again'],
      [4, /connection was lost/, 'Try again'],
      [6, /is stopped/, 'Start workspace'],
      [7, /do-fra1” is/, 'Connect do-fra1'],
    ];
    for (const [n, words, button] of states) {
      await openScreen(n);
      await page.getByText(words).and(page.locator(':visible')).first().waitFor();
      await page.getByRole('button', { name: button }).first().waitFor();
      expect([n, await seriousFindings(page)]).toEqual([n, []]);
    }
  });
});

describe('the password of a workspace', () => {
  it('is shown when asked, leaves by itself, and is changed', async () => {
    await show({ isAlone: true });
    await page.clock.install();
    await open({ type: 'workspace', workspaceId: workspaceId(1) });
    await page.getByRole('button', { name: 'Reveal' }).click();
    await page.getByText('kR7-Qm2p-x9Zt-w4Ls').waitFor();
    await page.clock.fastForward(30_000);
    await page.getByText('kR7-Qm2p-x9Zt-w4Ls').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Change…' }).click();
    expect(await seriousFindings(page)).toEqual([]);
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Variable').fill('PASSWORD');
    await dialog.getByRole('button', { name: 'Change password' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await calls('workspaces.changePassword')).toEqual([
      { id: workspaceId(1), value: null, variable: 'PASSWORD', delivery: 'file' },
    ]);
  });
});

describe('a template', () => {
  it('fills the form of a project, which is made as the template says', async () => {
    await show();
    await open({ type: 'project', projectId: null });
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Webtop' }).click();
    await page.getByText('It needs root inside the container.').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Create project' }).click();
    await page.getByRole('heading', { level: 1, name: 'Webtop' }).waitFor();
    expect(await calls('projects.create')).toMatchObject([
      {
        name: 'Webtop',
        kind: 'desktop',
        start: 'image',
        sharedMemoryBytes: 1024 ** 3,
        apps: [{ port: 3000, login: { how: 'basic', user: 'abc' }, isMain: true }],
        accessPassword: { variable: 'PASSWORD', delivery: 'file' },
      },
    ]);
  });
});
