/**
 * A canary password on its whole way: typed into a real window, kept in a real Secret Service, used against a real SSH
 * server, used again after a restart without asking. Afterwards it is looked for everywhere where it must not be.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RemoteHost, startRemoteHost } from '../servers/remote-host.ts';
import { type SecretService, startSecretService } from '../servers/secret-service.ts';
import { openWindow, type ServedBerth, startServedBerth, type Window } from './served-berth.ts';

const canary = 'canary-7c1f-Zq!93 "with\' signs';

let host: RemoteHost;
let secrets: SecretService;
let berth: ServedBerth;
let window: Window;
const urls: string[] = [];

beforeAll(async () => {
  [host, secrets] = await Promise.all([startRemoteHost({ name: 'canary' }), startSecretService()]);
  await host.addUser({ name: 'dev', password: canary, groups: ['docker'] });
  berth = await startServedBerth({ env: secrets.env });
  window = await openWindow(berth);
  window.page.on('request', (request) => urls.push(request.url()));
});

afterAll(async () => {
  await window?.close();
  await berth?.stop();
  await secrets?.stop();
  await host?.stop();
});

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Every string that the page holds, as the developer tools' heap snapshot has them. */
async function heapOf(page: import('playwright').Page): Promise<string> {
  const session = await page.context().newCDPSession(page);
  const chunks: string[] = [];
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk));
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await session.detach();
  return chunks.join('');
}

describe('a password', () => {
  it('is asked for, tried, kept in the keychain and works', async () => {
    const { page } = window;
    await page.keyboard.press('Control+k');
    await page.keyboard.type('add host');
    await page.keyboard.press('Enter');
    await page.getByLabel('Server').fill(`dev@${host.address}`);
    await page.keyboard.press('Enter');
    await page.getByLabel('Name', { exact: true }).fill('canary host');
    await page.getByRole('combobox', { name: 'Sign in with' }).click();
    await page.getByRole('option', { name: 'Password' }).click();
    await page.getByRole('button', { name: 'Connect' }).click();
    await page.getByRole('button', { name: 'Trust this key' }).click();
    const dialog = page.getByRole('dialog');
    const password = dialog.getByLabel('Password', { exact: true });
    await password.fill('not the password');
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.getByText('The password was wrong. Try again.').waitFor();
    await dialog.getByRole('checkbox', { name: 'Remember it in the keychain' }).click();
    await password.fill(canary);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Add host' }).click({ timeout: 30_000 });
    // What was answered for the trial serves the host that came of it: nobody is asked twice.
    await page.getByRole('button', { name: 'Open terminal' }).waitFor({ timeout: 30_000 });
    expect(await dialog.count()).toBe(0);
    // What is to be remembered holds nobody up: the host knows its credential a moment after it is ready.
    await expect
      .poll(async () => {
        const files = await Promise.all((await filesBelow(berth.dataFolder)).map((file) => readFile(file)));
        return files.some((content) => content.includes('"credentialId":"cred_'));
      })
      .toBe(true);
  });

  it('comes from the keychain after a restart, without a question', async () => {
    await berth.kill();
    await berth.restart();
    await window.page.reload();
    await window.page.getByRole('treeitem', { name: /canary host/ }).click();
    await window.page.getByRole('button', { name: 'Open terminal' }).waitFor({ timeout: 30_000 });
    expect(await window.page.getByRole('dialog').count()).toBe(0);
  });

  it('is nowhere in the data folder: database, log, sealed secrets, known hosts', async () => {
    const files = await filesBelow(berth.dataFolder);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) expect((await readFile(file)).includes(canary), file).toBe(false);
    expect(berth.output().includes(canary)).toBe(false);
  });

  it('is in no command line and no environment of a process', async () => {
    for (const pid of (await readdir('/proc')).filter(
      (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
    )) {
      for (const name of ['cmdline', 'environ']) {
        const text = await readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '');
        expect(text.includes(canary), `/proc/${pid}/${name}`).toBe(false);
      }
    }
  });

  it('is in no URL, and not in the memory of the page that shows its host', async () => {
    expect(urls.length).toBeGreaterThan(0);
    for (const url of urls) expect(decodeURIComponent(url).includes('canary-7c1f')).toBe(false);
    const heap = await heapOf(window.page);
    expect(heap.includes('canary host')).toBe(true);
    expect(heap.includes('canary-7c1f')).toBe(false);
  });
});
