/** The documentation's page in a real Chromium, as the build ships it: whole without a session, and without a word to anywhere else. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servedDefaults } from '#main/config.ts';
import { type RunningServer, startHttpServer } from '#main/server/start-http-server.ts';
import { MemoryAccounts } from '#test/harness/memory-accounts.ts';
import { testKey } from '#test/harness/start-server.ts';
import { chromiumLaunchOptions } from '#test/servers/chromium.ts';
import { dispatcherWith, planeDoors, recordingLog } from '#test/transports/plane-double.ts';

const built = new URL('../../../out/renderer', import.meta.url).pathname;
let folder: string;
let server: RunningServer;
let browser: Browser;
/** One for all: what it has loaded and compiled stays, and the page keeps nothing else. */
let context: BrowserContext;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-docs-'));
  const log = recordingLog();
  server = await startHttpServer(
    {
      ...planeDoors,
      dispatcher: dispatcherWith({}, log),
      log,
      accounts: new MemoryAccounts(),
      deriveKey: testKey,
      serve: () => undefined,
    },
    {
      version: '1',
      dataFolder: folder,
      host: '127.0.0.1',
      port: 0,
      publicOrigin: null,
      uiFolder: built,
      served: servedDefaults,
    },
  );
  browser = await chromium.launch(await chromiumLaunchOptions());
  context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

async function openDocs(hash = ''): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(server.origin) && !url.startsWith('data:')) complaints.push(`asks ${url}`);
  });
  await page.goto(`${server.origin}/api/docs${hash}`);
  await page.locator('.opblock-tag').first().waitFor();
  return { page, complaints };
}

/** Of 255, of the page's title and of what lies under it. */
const lightnesses = (page: Page) =>
  page.evaluate(() => {
    const title = document.querySelector('.swagger-ui .info .title');
    const lightness = (color: string) => Math.max(...(color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number));
    return [
      lightness(getComputedStyle(title ?? document.body).color),
      lightness(getComputedStyle(document.body).backgroundColor),
    ] as const;
  });

// To open it takes seconds, nearly all of them Swagger's: so each page is opened once.
describe('the documentation', () => {
  it('shows every noun and an operation, light and dark, breaks no policy and asks nobody else', async () => {
    const { page, complaints } = await openDocs();
    for (const noun of ['hosts', 'workspaces', 'snapshots', 'terminals'])
      await page.locator(`#operations-tag-${noun}`).waitFor();
    await page.locator('#operations-tag-workspaces').click();
    await page.locator('.opblock-post .opblock-summary-control').first().click();
    await page.locator('.opblock-body .responses-table').first().waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      // The page's colours pass from one to the other.
      const contrast = async () => {
        const [text, ground] = await lightnesses(page);
        return colorScheme === 'dark' ? text - ground : ground - text;
      };
      await expect.poll(contrast).toBeGreaterThan(120);
    }
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('leads from the type of a problem to the line of its code', async () => {
    const { page } = await openDocs('#code-host.key-changed');
    const line = page.locator('tr.is-wanted');
    await expect.poll(() => line.textContent()).toContain('host.key-changed');
    const isInView = () =>
      line.evaluate((row) => {
        const { top, bottom } = row.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
      });
    await expect.poll(isInView).toBe(true);
    await page.close();
  });
});
