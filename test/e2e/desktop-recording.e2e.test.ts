/** A recording made in the desktop's window is saved there as a file: the built app, a real host, a real shell. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Desktop, launchDesktop } from '#test/electron/launch-desktop.ts';
import { addHostFileFor } from '#test/servers/demo-host.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { TerminalScreen } from './terminal-window.ts';

let host: RemoteHost;
let desktop: Desktop;
let folder: string;

beforeAll(async () => {
  host = await startRemoteHost({ name: 'quay', engine: false });
  await host.writeFile('/root/.profile', "PS1='$ '\n");
  folder = await mkdtemp(join(tmpdir(), 'berth-recording-'));
  const hostFile = join(folder, 'host.json');
  await writeFile(hostFile, JSON.stringify(addHostFileFor(host, 'quay')), { mode: 0o600 });
  desktop = await launchDesktop('--add-host', hostFile);
});
afterAll(async () => {
  await desktop?.close();
  await host?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

describe('a recording in the desktop’s window', () => {
  it('is saved when it stops, under its terminal’s name', async () => {
    const { page } = desktop;
    const screen = new TerminalScreen(page, host);
    await page.getByRole('treeitem', { name: /quay.*no engine/ }).waitFor({ timeout: 30_000 });
    await screen.open();
    await screen.command('Start recording');
    await page.getByRole('button', { name: 'Stop and save' }).waitFor();
    await screen.hasKeyboard();
    await screen.run('echo in"-"it');
    await screen.sees('in-it');
    const from = desktop.entries.length;
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Stop and save' }).click(),
    ]);
    expect(await readFile(await download.path(), 'utf8')).toContain('in-it');
    const saved = await desktop.entry('download', undefined, from);
    expect(saved).toMatchObject({ isAllowed: true, fileName: expect.stringMatching(/\.cast$/) });
    await page.getByText(new RegExp(`, as ${saved.fileName.replaceAll('.', '\\.')}\\.$`)).waitFor();
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.locator('.replay-holder .xterm-rows').waitFor();
  });
});
