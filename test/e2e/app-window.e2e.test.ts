/**
 * A web app of a real workspace in the desktop's window, from the port that appears to the tab that comes back: plane,
 * gateway, window and an app's own view, under the stand-in.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Forward } from '#contract/forwards.ts';
import type { CallName, InputOf, OutputOf } from '#contract/index.ts';
import { type Desktop, launchDesktop } from '#test/electron/launch-desktop.ts';
import { addHostFileFor } from '#test/servers/demo-host.ts';
import { loadImage, nodeImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';

/** Slow, shared machines start containers in seconds. */
const slow = { timeout: 60_000 };
const program = `require('node:http').createServer((request, response) => {
  response.setHeader('content-type', 'text/html');
  response.end('<title>The shop</title><h1>Hello from the workspace</h1><a href="/basket">basket</a>');
}).listen(3000, '127.0.0.1')`;

const stack = new AsyncDisposableStack();
let host: RemoteHost;
let desktop: Desktop;
let page: Page;
let workspaceId = '';
let forward: Forward;

/** A connection of the test's own, asked for as the window asks: one call, one answer. */
function call<M extends CallName>(method: M, input: InputOf<M>): Promise<OutputOf<M>> {
  return page.evaluate(
    ([name, value]) =>
      new Promise<OutputOf<M>>((resolve, reject) => {
        const onMessage = ({ data, ports }: MessageEvent<unknown>) => {
          const [port] = ports;
          if (data !== 'berth:port' || port === undefined) return;
          window.removeEventListener('message', onMessage);
          port.onmessage = ({
            data: answer,
          }: MessageEvent<{ output?: unknown; error?: { message: string } }>) => {
            port.close();
            if (answer.error === undefined) resolve(answer.output as OutputOf<M>);
            else reject(new Error(answer.error.message));
          };
          port.postMessage({ t: 'call', id: 1, method: name, input: value });
        };
        window.addEventListener('message', onMessage);
        window.postMessage('berth:want-port', window.location.origin);
      }),
    [method, input] as const,
  );
}

async function startApp(): Promise<void> {
  const filter = `label=dev.berth.workspace=${workspaceId}`;
  const container = (await host.docker('ps', '-q', '--filter', filter)).trim();
  await host.docker('exec', '-d', container, 'node', '-e', program);
}

beforeAll(async () => {
  host = stack.use(await startRemoteHost({ name: 'appwindow' }));
  await loadImage(host, await nodeImage());
  const folder = await mkdtemp(join(tmpdir(), 'berth-app-window-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const hostFile = join(folder, 'host.json');
  await writeFile(hostFile, JSON.stringify(addHostFileFor(host, 'quay')), { mode: 0o600 });
  desktop = stack.adopt(await launchDesktop('--add-host', hostFile), (one) => one.close());
  page = desktop.page;
  const ready = page.getByRole('treeitem', { name: /quay.*ready/ });
  await ready.waitFor(slow);
  await ready.click();
  const project = await call('projects.create', {
    ...{ name: 'apps', image: 'berth-node:test', environment: [], mountPoint: '/home/dev' },
    limits: { cpus: null, memoryBytes: null, pids: 256 },
    ...{ profile: 'standard', runtime: 'default', shell: null },
  });
  const hostId = await page.evaluate(() => {
    const saved = Object.values(window.localStorage).find((text) => text.includes('hostId')) ?? '';
    return /host_[0-9A-Za-z]+/.exec(saved)?.[0] ?? '';
  });
  const made = await call('workspaces.create', {
    ...{ name: 'shop', projectId: project.id, volumeName: null },
    hostId: hostId as `host_${string}`,
  });
  workspaceId = made.workspace.id;
  const item = page.getByRole('treeitem', { name: /shop.*running/ });
  await item.waitFor(slow);
  await item.click();
});
afterAll(() => stack.disposeAsync());

describe('a web app in the desktop', () => {
  const shown = () => page.getByRole('tabpanel').and(page.locator(':visible'));

  it('is offered when its port appears, and opens in a view of its own by one click', async () => {
    await shown()
      .getByText(/Start a server in a terminal/)
      .waitFor(slow);
    await startApp();
    await page.getByText('shop listens on 3000').waitFor(slow);
    await shown().getByRole('button', { name: 'Open port 3000' }).click();
    const made = await desktop.entry('app-view');
    expect(made.partition).toMatch(/^persist:app-fwd_/);
    const app = await desktop.appPage(made.partition);
    await app.getByText('Hello from the workspace').waitFor(slow);
    await shown()
      .getByText(/^http:\/\/shop-3000\.localhost:\d+\/$/)
      .waitFor(slow);
    forward = await call('forwards.openPort', { workspaceId: workspaceId as `ws_${string}`, port: 3000 });
    expect(made.partition).toBe(`persist:app-${forward.id}`);
    await app.getByText('basket').click();
    await shown()
      .getByText(/localhost:\d+\/basket$/)
      .waitFor(slow);
  });

  it('says that its workspace was stopped, and is back by itself after it was started', async () => {
    await call('workspaces.stop', { id: workspaceId as `ws_${string}` });
    await shown().getByText('shop does not run').waitFor(slow);
    await desktop.entry('app-view-closed');
    const from = desktop.entries.length;
    await shown().getByRole('button', { name: 'Start workspace' }).click(slow);
    await desktop.entry('app-view', undefined, from);
    // The same address, the same partition; the program itself is its owner's to start.
    await startApp();
    const app = await desktop.appPage(`persist:app-${forward.id}`);
    await app.getByText('Hello from the workspace').waitFor(slow);
  });

  it('is listed with what went through it, and forgotten with its forward', async () => {
    await page.getByRole('button', { name: 'Ports', exact: true }).click();
    const row = shown().getByRole('list', { name: 'Forwards' }).getByRole('listitem');
    await row.getByText(/B\sin/).waitFor(slow);
    await row.getByRole('button', { name: 'Acts on port 3000' }).click();
    await page.getByRole('menuitem', { name: 'Remove forward' }).click();
    const cleared = await desktop.entry('data-cleared');
    expect(cleared.partition).toBe(`persist:app-${forward.id}`);
    await shown().getByText('Nothing is forwarded yet').waitFor();
  });
});
