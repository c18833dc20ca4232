/** Terminals in workspaces, of a large image and a tiny one, and what a terminal says when its way to the host is cut. */
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage, loadImage, workspaceImage } from '../servers/images.ts';
import { waitUntil } from '../servers/wait-until.ts';
import { openTerminalWorld, type TerminalScreen, type TerminalWorld } from './terminal-window.ts';

let world: TerminalWorld;
let screen: TerminalScreen;
let page: Page;

beforeAll(async () => {
  world = await openTerminalWorld('quay', { engine: true });
  screen = world.screen;
  page = world.window.page;
  for (const image of [await workspaceImage(), await busyboxImage()]) await loadImage(world.host, image);
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => screen?.closeAll());

/** As the forms do, over the same routes; forms have tests of their own. */
async function makeWorkspace(name: string, image: string): Promise<void> {
  await page.getByRole('treeitem', { name: /quay.*ready/ }).waitFor({ timeout: 30_000 });
  const made = await page.evaluate(
    async ({ name, image, hostId }) => {
      const send = async (method: string, path: string, body?: unknown) => {
        const response = await fetch(`/api/v1/${path}`, {
          method,
          headers: { 'X-Berth': '1', 'Content-Type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
        return response.json();
      };
      const project = await send('POST', 'projects', {
        name: `${name} project`,
        image,
        environment: [],
        limits: { cpus: null, memoryBytes: null, pids: 256 },
        mountPoint: '/home/dev',
        profile: 'standard',
        runtime: 'default',
        shell: null,
      });
      return send('POST', 'workspaces', { name, projectId: project.id, hostId, volumeName: null });
    },
    { name, image, hostId: await hostId() },
  );
  expect(made).toBeTruthy();
  await page.getByRole('treeitem', { name: new RegExp(`${name}.*running`) }).waitFor({ timeout: 60_000 });
}

/** The tree knows its rows by the ids of what they show. */
async function hostId(): Promise<string> {
  const row = await page.getByRole('treeitem', { name: /quay/ }).getAttribute('data-row');
  const id = /host_[0-9a-z]+/.exec(row ?? '')?.[0];
  if (id === undefined) throw new Error(`${row} names no host`);
  return id;
}

describe.each([
  { kind: 'debian', image: 'berth-workspace:test', shell: 'bash' },
  { kind: 'busybox', image: 'berth-busybox:test', shell: 'sh' },
])('a terminal in a workspace of $kind', ({ kind, image, shell }) => {
  it('runs as its user in its own files, says its exit code, and ends what it started', async () => {
    await makeWorkspace(kind, image);
    const openIn = async () => {
      await page.getByRole('treeitem', { name: new RegExp(`${kind}.*running`) }).click();
      await page.getByRole('tab', { name: kind, selected: true }).waitFor();
      await screen.open('Open terminal in workspace');
    };
    await openIn();
    expect(await screen.ask('id -u; pwd; echo $TERM; echo $0')).toMatch(
      new RegExp(`^1000\\n/home/dev\\nxterm-256color\\n.*${shell}$`),
    );
    await screen.run('exit 5');
    await page.getByText('Ended with exit code 5').waitFor();
    await page.getByRole('button', { name: 'Open again' }).click();
    await screen.hasPrompt();
    await screen.run('sleep 87651 &');
    await screen.run(`sh -c 'trap "" HUP TERM; sleep 87652; sleep 87653'`);
    await waitUntil(async () => (await screen.processes('sleep 8765[12]')).length >= 2, {
      what: 'both sleep',
    });
    await screen.command('Close tab');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Close terminal' }).click();
    await waitUntil(async () => (await screen.processes('sleep 8765[123]')).length === 0, {
      what: 'nothing of it runs',
      timeoutMs: 40_000,
    });
  });
});

describe('a lost connection of a plain terminal', () => {
  it('is said in the terminal, and it opens again once the host is back', async () => {
    await screen.settings({ keepTerminals: false });
    await page.getByRole('treeitem', { name: /quay/ }).click();
    await page.getByRole('tab', { name: 'quay', selected: true }).waitFor();
    await screen.open('Open terminal on host');
    await page.getByRole('button', { name: 'Ends with the connection' }).waitFor();
    await screen.run('clear; echo last"-"words');
    await screen.sees('last-words');
    await world.host.killSshSessions();
    const said = page.getByRole('status').filter({ hasText: 'Open again' });
    await said.getByText('Connection lost').waitFor();
    await said.getByText(/^The connection to \S+ was lost/).waitFor();
    // What was on the screen stays to be read.
    await screen.sees('last-words');
    const again = page.getByRole('button', { name: 'Open again' });
    await waitUntil(async () => (await again.getAttribute('aria-disabled')) !== 'true', {
      what: 'it can be opened again',
      timeoutMs: 40_000,
    });
    await again.click();
    await screen.hasPrompt();
    expect(await screen.ask('echo back')).toBe('back');
  });
});
