/**
 * The whole path, as a new user goes it: a window with nothing in it, a real server, a workspace, terminals that show
 * what was typed, a restart after SIGKILL that finds everything again, and an end that leaves nothing on the server.
 */
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadImage, workspaceImage } from '../servers/images.ts';
import { type RemoteHost, startRemoteHost } from '../servers/remote-host.ts';
import { seriousInThisTheme } from '../src-renderer/fixture/axe.ts';
import { openWindow, type ServedBerth, startServedBerth, type Window } from './served-berth.ts';

/** Slow, shared machines start containers in seconds. */
const slow = { timeout: 60_000 };

let host: RemoteHost;
let berth: ServedBerth;
let window: Window;
let page: Page;

beforeAll(async () => {
  host = await startRemoteHost({ name: 'mainpath' });
  await loadImage(host, await workspaceImage());
  berth = await startServedBerth();
  window = await openWindow(berth);
  page = window.page;
});

afterAll(async () => {
  await window?.close();
  await berth?.stop();
  await host?.stop();
});

/** What the terminal in front shows, as text. */
function screen(): Locator {
  return page.locator('.xterm-rows').last();
}

async function palette(words: string): Promise<void> {
  await page.keyboard.press('Control+Shift+K');
  const input = page.getByRole('combobox').first();
  if (!(await input.isVisible().catch(() => false))) await page.keyboard.press('Control+K');
  await page.keyboard.type(words);
  await page.keyboard.press('Enter');
}

async function remains(): Promise<string> {
  const [containers, volumes, networks] = await Promise.all([
    host.docker('ps', '-aq'),
    host.docker('volume', 'ls', '-q'),
    host.docker('network', 'ls', '--format', '{{.Name}}'),
  ]);
  const own = networks.split('\n').filter((name) => !['bridge', 'host', 'none', ''].includes(name));
  return `${containers}${volumes}${own.join('\n')}`.trim();
}

async function expectAccessible(what: string): Promise<void> {
  expect(await seriousInThisTheme(page), what).toEqual([]);
}

describe('the main path', () => {
  it('says at the beginning what to do next', async () => {
    await page.getByRole('heading', { name: 'Where do you want to work?' }).waitFor();
    await expectAccessible('home, first run');
  });

  it('adds a server after showing its fingerprint', async () => {
    await page
      .getByRole('main')
      .getByRole('button', { name: /A server over SSH/ })
      .click();
    await page.getByLabel('Server').fill(`root@${host.address}`);
    await page.keyboard.press('Enter');
    await page.getByLabel('Name', { exact: true }).fill('atlas');
    await page.getByRole('combobox', { name: 'Sign in with' }).click();
    await page.getByRole('option', { name: 'Private key' }).click();
    await page.getByLabel('Path').fill(host.clientKeyPath);
    await page.getByRole('button', { name: 'Connect' }).click();
    const question = page.getByRole('dialog');
    await question.getByRole('img', { name: host.hostKeyFingerprint }).waitFor(slow);
    await expectAccessible('the question of the host key');
    await question.getByRole('button', { name: 'Trust this key' }).click();
    await page.getByRole('button', { name: 'Add host' }).click(slow);
    await page.getByRole('heading', { name: 'atlas' }).waitFor();
    await page.getByRole('button', { name: 'New workspace' }).first().waitFor(slow);
  });

  it('runs the doctor', async () => {
    await page.getByRole('button', { name: 'Run doctor' }).click();
    await page.getByText(/checks? (is|are) fine/).waitFor(slow);
    await expectAccessible('the host with findings');
  });

  it('makes a workspace, with its steps shown', async () => {
    await page.getByRole('button', { name: 'New workspace' }).first().click();
    await page.getByLabel('Image', { exact: true }).fill('berth-workspace:test');
    await page.getByLabel('Workspace name').fill(`api "server" ../one`);
    await expectAccessible('the form of a new workspace');
    await page.getByRole('button', { name: 'Create workspace' }).click();
    await page.getByRole('heading', { name: 'api "server" ../one', exact: true }).waitFor(slow);
    await page.getByRole('button', { name: 'Open terminal' }).first().waitFor(slow);
    await expectAccessible('the page of a workspace');
  });

  it('shows what is typed in its terminal, and keeps what is written', async () => {
    await page.getByRole('button', { name: 'Open terminal' }).first().click();
    await screen().waitFor(slow);
    await vi.waitFor(async () => expect(await screen().innerText()).toMatch(/[$#]/), slow);
    await page.keyboard.type('echo "marker-$((6*7))"; echo kept > ~/file; id -u\n');
    await vi.waitFor(async () => expect(await screen().innerText()).toContain('marker-42'), slow);
    await vi.waitFor(async () => expect(await screen().innerText()).toMatch(/^1000\s*$/m), slow);
  });

  it('finds everything again after it was killed', async () => {
    await berth.kill();
    await berth.restart();
    await page.reload();
    await page.getByRole('treeitem', { name: /atlas/ }).first().waitFor(slow);
    await page.getByRole('treeitem', { name: /api "server"/ }).click();
    await page.getByRole('button', { name: 'Open terminal' }).first().click(slow);
    await vi.waitFor(async () => expect(await screen().innerText()).toMatch(/[$#]/), slow);
    await page.keyboard.type('cat ~/file\n');
    await vi.waitFor(async () => expect(await screen().innerText()).toMatch(/^kept/m), slow);
  });

  it('stops it and starts it', async () => {
    await page.getByRole('treeitem', { name: /api "server"/ }).click();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByRole('button', { name: 'Start', exact: true }).click(slow);
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor(slow);
    expect((await host.docker('ps', '-q')).trim().split('\n')).toHaveLength(1);
  });

  it('destroys it: the server has no container, no volume and no network left', async () => {
    await palette('destroy workspace');
    const dialog = page.getByRole('dialog').or(page.getByRole('alertdialog')).first();
    await dialog.getByText('Deleted for good').waitFor(slow);
    await dialog
      .getByRole('switch', { name: /Also delete the files/ })
      .or(dialog.getByRole('checkbox', { name: /Also delete the files/ }))
      .click();
    await dialog.getByRole('textbox').fill('api "server" ../one');
    await expectAccessible('the dialog that destroys');
    await dialog.getByRole('button', { name: /Destroy/ }).click();
    await vi.waitFor(async () => expect(await remains()).toBe(''), slow);
    await vi.waitFor(
      async () => expect(await page.getByRole('treeitem', { name: /api "server"/ }).count()).toBe(0),
      slow,
    );
  });

  it('listed what it did', async () => {
    await palette('show operations');
    await page
      .getByText(/Destroy/)
      .first()
      .waitFor(slow);
    await expectAccessible('the operations');
  });

  it('complained of nothing on its way', () => {
    // The cut connection of the restart is the browser's own message.
    const rest = window.complaints.filter(
      (text) => !/WebSocket|ERR_CONNECTION|Failed to load resource/.test(text),
    );
    expect(rest).toEqual([]);
  });
});
