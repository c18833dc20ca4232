/**
 * A droplet as a new user rents one: from the first page and a pasted token, through one form and the gates that can be
 * watched, to a shell in a workspace; put to sleep and woken; and back to nothing, at the provider too. The provider is the
 * double, its machines are real.
 */
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type DigitalOceanDouble, startDigitalOceanDouble } from '../servers/digitalocean/double.ts';
import { loadImage, nodeImage } from '../servers/images.ts';
import { seriousInThisTheme } from '../src-renderer/fixture/axe.ts';
import { openWindow, type ServedBerth, startServedBerth, type Window } from './served-berth.ts';

/** Machines boot, and cloud-init runs in them, on slow and shared processors. */
const slow = { timeout: 120_000 };

let double: DigitalOceanDouble;
let berth: ServedBerth;
let window: Window;
let page: Page;
let token: string;

beforeAll(async () => {
  double = await startDigitalOceanDouble({ machines: 'real' });
  token = double.addToken();
  berth = await startServedBerth({
    env: {
      BERTH_DIGITALOCEAN_API_URL: double.baseUrl,
      // Opens the vault: there is no keychain here.
      BERTH_SECRET_KEY: 'S1mple.Words-For=The_vault+of/this~test',
    },
  });
  window = await openWindow(berth);
  page = window.page;
});

afterAll(async () => {
  await window?.close();
  await berth?.stop();
  await double?.close();
});

function screen(): Locator {
  return page.locator('.xterm-rows').last();
}
const dialog = () => page.getByRole('dialog');
const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });

async function palette(words: string): Promise<void> {
  const isInTerminal = await page.evaluate(
    () => document.activeElement?.closest('[data-keys=terminal]') != null,
  );
  await page.keyboard.press(isInTerminal ? 'Control+Shift+K' : 'Control+K');
  await dialog().getByRole('combobox').fill(words);
  await page.getByRole('option', { name: words }).first().click();
}

/** The only workspace's web app, through the engine of whatever hardware it is on now, as somebody's own terminal would. */
async function startApp(): Promise<void> {
  const [id] = double.account.droplets.keys();
  const host = double.hostOf(id ?? 0);
  // Berth’s own helpers there have other images.
  const filter = ['--filter', 'ancestor=berth-node:test'];
  const inContainer = ['exec', '-i', (await host.docker('ps', '--quiet', ...filter)).trim()];
  const program = await readFile(new URL('web-app.cjs', import.meta.url));
  await host.runChecked(['docker', ...inContainer, 'sh', '-c', 'cat > /tmp/web-app.cjs'], { input: program });
  await host.docker('exec', '--detach', ...inContainer.slice(2), 'node', '/tmp/web-app.cjs', 'api');
}

const tabs = () => page.getByRole('tablist').first().getByRole('tab').allInnerTexts();
/** Without their marks. */
const tabNames = async () => (await tabs()).map((text) => text.split('\n')[0]);
const appFrame = () =>
  page.frameLocator('[role=tabpanel]:not([inert]) iframe').getByRole('heading', { name: 'api' });
const appUrl = () =>
  page
    .frames()
    .find((frame) => frame.url().includes('//api-3000.'))
    ?.url();

async function expectAccessible(what: string): Promise<void> {
  expect(await seriousInThisTheme(page), what).toEqual([]);
}

describe('a droplet', () => {
  it('begins with a token that is pasted once', async () => {
    await page
      .getByRole('main')
      .getByRole('button', { name: /A DigitalOcean droplet/ })
      .click();
    await button('Connect an account').last().click();
    await dialog().getByLabel('Token', { exact: true }).fill(token);
    await page.keyboard.press('Enter');
    await dialog().getByText('The account of Team main').waitFor(slow);
    await dialog()
      .getByRole('button', { name: /Create a droplet|Done/ })
      .last()
      .click();
    expect(await page.content()).not.toContain(token);
  });

  it('is rented by one form with one button that says the price', slow, async () => {
    await page.getByLabel('Name', { exact: true }).fill('anvil');
    await page
      .getByRole('radio', { name: /\$0\.00893/ })
      .first()
      .check({ force: true });
    await expectAccessible('the form');
    await button(/^Create for \$0\.00893/).click();
    await page.getByRole('heading', { name: 'anvil', exact: true }).waitFor(slow);
    await page.getByRole('list', { name: 'Steps' }).waitFor(slow);
    await expectAccessible('the gates');
    await button('Create a workspace').waitFor(slow);
    expect(double.account.droplets.size).toBe(1);
  });

  it('has a workspace with a shell in it', slow, async () => {
    const [id] = double.account.droplets.keys();
    await loadImage(double.hostOf(id ?? 0), await nodeImage());
    await button('Create a workspace').click();
    await page.getByLabel('Image', { exact: true }).fill('berth-node:test');
    await page.getByLabel('Workspace name').fill('api');
    await button('Create workspace').click();
    await page.getByRole('heading', { name: 'api', exact: true }).waitFor(slow);
    await button('Open terminal').first().click(slow);
    await screen().waitFor(slow);
    await vi.waitFor(async () => expect(await screen().innerText()).toMatch(/[$#]/), slow);
    await page.keyboard.type('echo "marker-$((6*7))"; echo kept > ~/file; sync\n');
    await vi.waitFor(async () => expect(await screen().innerText()).toContain('marker-42'), slow);
  });

  it('shows what it costs', async () => {
    await palette('Machines and costs');
    const costs = page.getByRole('table', { name: 'This month by host' });
    await costs.getByText('anvil').waitFor(slow);
    expect((await page.getByRole('main').innerText()).replaceAll('\u00a0', ' ')).toContain('$0.00893');
    // As the provider counts: the account is looked at again once it has one more.
    await page.getByText('1 of 25 droplets').waitFor(slow);
    await expectAccessible('the page of costs');
  });

  it('warns when its account’s budget comes to its end, on the page and anywhere else', slow, async () => {
    const setBudget = async (dollars: string) => {
      await button(/^Label and budget of/).click();
      await dialog().getByLabel('Budget for a month').fill(dollars);
      await dialog().getByRole('button', { name: 'Save' }).click();
      await dialog().waitFor({ state: 'detached' });
    };
    const warning = /budget of .* is used/;
    // An hour of the smallest machine, or a cent, is the least that is billed.
    await setBudget('0.01');
    await page.getByRole('main').getByText(warning).first().waitFor(slow);
    await page.getByRole('tab', { name: /^api/ }).first().click();
    await page.reload();
    const notices = page.getByRole('region', { name: 'New notifications' });
    await notices.getByText(warning).first().waitFor(slow);
    await notices.getByRole('button', { name: 'Look' }).click();
    await setBudget('');
    await page.getByRole('main').getByText(warning).first().waitFor({ state: 'detached' });
    await notices.getByText(warning).first().waitFor({ state: 'detached' });
  });

  it('shows a web app of it in a tab', slow, async () => {
    await startApp();
    await page.getByRole('treeitem', { name: /^api/ }).click();
    await button(/^Open port 3000/).click(slow);
    await appFrame().waitFor(slow);
    expect(appUrl()).toMatch(/^http:\/\/api-3000\.localhost:\d+\/$/);
  });

  it('sleeps and comes back with its files, and each tab where it was', { timeout: 300_000 }, async () => {
    await page.getByRole('tab', { name: /^Machines and costs/ }).click();
    await page
      .getByRole('list', { name: 'Machines' })
      .getByRole('button', { name: /^anvil/ })
      .click();
    const before = await tabNames();
    const url = appUrl();
    expect(before).toEqual(expect.arrayContaining(['api', 'api 3000', 'dev@api: ~']));
    await button('Hibernate…').click();
    await dialog().getByRole('radio').first().waitFor(slow);
    await expectAccessible('where it sleeps');
    await dialog().getByRole('button', { name: 'Hibernate machine' }).click();
    await button(/^Wake/).first().waitFor(slow);
    expect(double.account.droplets.size).toBe(0);
    expect(await tabNames()).toEqual(before);
    await page.getByRole('tab', { name: /^api 3000/ }).click();
    await page.getByText('Its machine, anvil: asleep.').waitFor();
    await page.getByRole('tab', { name: /^anvil/ }).click();
    await button(/^Wake/).first().click();
    await dialog().getByRole('button', { name: 'Wake machine' }).click(slow);
    await vi.waitFor(() => expect(double.account.droplets.size).toBe(1), slow);
    await button('Create a workspace').waitFor(slow);
    expect(await tabNames()).toEqual(before);
    // What ran in it ended with the machine: its last screen is there, why, and a shell in its place for one press.
    await page.getByRole('tab', { name: /^dev@api/ }).click();
    await vi.waitFor(async () => expect(await screen().innerText()).toContain('marker-42'), slow);
    await page.reload();
    await vi.waitFor(async () => expect(await screen().innerText()).toContain('marker-42'), slow);
    expect(await tabNames()).toEqual(before);
    await page.getByText('“anvil” went to sleep.').waitFor();
    await button('Open again').click(slow);
    await vi.waitFor(async () => expect(await screen().innerText()).not.toContain('marker-42'), slow);
    await vi.waitFor(async () => expect(await screen().innerText()).toMatch(/[$#]/), slow);
    await page.keyboard.type('cat ~/file\n');
    await vi.waitFor(async () => expect(await screen().innerText()).toMatch(/^kept\s*$/m), slow);
    expect(await tabNames()).toEqual(before);
    // Its program is started by whoever started it before; the address is the same, and shows it by itself.
    await startApp();
    await page.getByRole('tab', { name: /^api 3000/ }).click();
    await appFrame().waitFor(slow);
    expect(appUrl()).toBe(url);
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('is destroyed with what it left, and nothing stays that costs', slow, async () => {
    await palette('Machines and costs');
    await page
      .getByRole('list', { name: 'Machines' })
      .getByRole('button', { name: /^anvil/ })
      .click();
    await button('More acts').last().click();
    await page.getByRole('menuitem', { name: /^Destroy/ }).click();
    await dialog().getByText('Gone for good').waitFor(slow);
    await dialog().getByText('api').waitFor();
    await expectAccessible('the end');
    await dialog().getByRole('textbox').fill('anvil');
    await dialog()
      .getByRole('button', { name: /^Destroy/ })
      .click();
    await page.getByText('No droplets yet').waitFor(slow);
    expect(double.account.droplets.size).toBe(0);
    expect(double.account.firewalls.size).toBe(0);
    expect(double.account.keys.size).toBe(0);
    expect(double.violations).toEqual([]);
    expect(berth.output()).not.toContain(token);
  });
});
