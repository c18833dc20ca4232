/** The desktop app's ways in without its window: the icon beside the clock, and the command line of the same person. */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ShellBridge, ShellEvent } from '#contract/shell.ts';
import { projectRoot } from '#main/build-if-stale.ts';
import { type Desktop, launchDesktop } from '#test/electron/launch-desktop.ts';

/** Runs in the page. */
declare const berthShell: ShellBridge;
interface PageGlobals {
  shellEvents: ShellEvent[];
}
const berth = (desktop: Desktop, ...words: string[]) =>
  promisify(execFile)(process.execPath, [
    join(projectRoot, 'out', 'main', 'headless.js'),
    ...words,
    '--data-dir',
    desktop.dataFolder,
  ]);

describe('the desktop app', () => {
  let desktop: Desktop;
  beforeAll(async () => {
    desktop = await launchDesktop();
  });
  afterAll(async () => {
    await desktop?.close();
  });

  it('has an icon with its own picture, that shows the window and quits', async () => {
    const first = await desktop.entry('tray');
    expect(first).toMatchObject({ labels: ['Open Berth', '-', 'Quit'], toolTip: 'Berth' });
    expect((await stat(first.icon)).size).toBeGreaterThan(0);
    for (const click of [{ do: 'click-tray' as const }, { do: 'click-tray' as const, id: 'tray.open' }]) {
      const from = desktop.entries.length;
      desktop.tell(click);
      await desktop.entry('focused', undefined, from);
    }
    // So does a click on what the system said for the window.
    const from = desktop.entries.length;
    await desktop.page.evaluate(() => berthShell.request('showWindow', {}));
    await desktop.entry('focused', undefined, from);
  });

  it('offers what the page says, in the page’s words, and tells the page what was clicked', async () => {
    await desktop.page.waitForFunction(() => (document.body.innerText ?? '').length > 20);
    await desktop.page.evaluate(() => {
      const events: ShellEvent[] = [];
      (window as unknown as PageGlobals).shellEvents = events;
      berthShell.onEvent((event) => events.push(event));
    });
    const from = desktop.entries.length;
    await desktop.page.evaluate(() =>
      berthShell.request('setMenu', {
        rows: [
          { id: 'x.other', label: 'Other', menu: 'Workspace', accelerator: null, isEnabled: true },
          {
            id: 'snapshot.create',
            label: 'Take snapshot of alpha',
            menu: 'Workspace',
            accelerator: null,
            isEnabled: true,
            inTray: true,
          },
        ],
      }),
    );
    const tray = await desktop.entry('tray', ({ labels }) => labels.length > 3, from);
    expect(tray.labels).toEqual(['Open Berth', '-', 'Take snapshot of alpha', '-', 'Quit']);
    desktop.tell({ do: 'click-tray', id: 'snapshot.create' });
    await desktop.page.waitForFunction(() =>
      (window as unknown as PageGlobals).shellEvents.some(
        (event) => event.type === 'command' && event.id === 'snapshot.create',
      ),
    );
  });

  it('answers the command line, and gives it no link', async () => {
    expect((await berth(desktop, 'workspace', 'list', '--json')).stdout).toBe('[]\n');
    await expect(berth(desktop, 'link')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('desktop app'),
    });
    expect((await stat(join(desktop.dataFolder, 'control.sock'))).mode & 0o777).toBe(0o600);
  });

  it('quits from there in good order', async () => {
    const from = desktop.entries.length;
    desktop.tell({ do: 'click-tray', id: 'tray.quit' });
    await desktop.entry('plane-ended', ({ code }) => code === 0, from);
    await expect(stat(join(desktop.dataFolder, 'control.sock'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('where there is no place for an icon', () => {
  let desktop: Desktop;
  beforeAll(async () => {
    desktop = await launchDesktop('--no-tray');
  });
  afterAll(async () => {
    await desktop?.close();
  });

  it('the app is there without it', async () => {
    await desktop.page.waitForFunction(() => (document.body.innerText ?? '').length > 20);
    await desktop.page.evaluate(() => berthShell.request('setMenu', { rows: [] }));
    expect(desktop.entries.filter(({ what }) => what === 'tray')).toEqual([]);
    expect(await desktop.quit()).toBe(0);
  });
});
