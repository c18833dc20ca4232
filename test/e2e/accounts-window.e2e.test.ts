/**
 * Accounts in the window against the built `berth serve`: from the one-time link to a second person who signs in, with
 * the real pages, cookies and rules of the content security policy.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOTP } from 'otpauth';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunchOptions } from '#test/servers/chromium.ts';
import { launchServed, type Served } from './launch-served.ts';

const email = 'ada@example.org';
const password = 'a boat of seven clouds';
const newPassword = 'a lake of nine quiet owls';

let browser: Browser;
let folder: string;
let served: Served;
const complaints: string[] = [];

beforeAll(async () => {
  browser = await chromium.launch(await chromiumLaunchOptions());
  folder = await mkdtemp(join(tmpdir(), 'berth-accounts-'));
  served = await launchServed('--port', '0', '--data-dir', join(folder, 'data'));
});
afterAll(async () => {
  await browser.close();
  await served.end();
  await rm(folder, { recursive: true, force: true });
});

async function newBrowser(): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { context, page };
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const inWindow = (page: Page) => page.getByRole('tablist').first().waitFor();
const place = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name, exact: true });

async function typeSignIn(page: Page, address: string, secret: string): Promise<void> {
  await page.getByLabel('E-mail', { exact: true }).fill(address);
  await page.getByLabel('Password', { exact: true }).fill(secret);
  await page.keyboard.press('Enter');
}

/** Each step goes on from the one before, as a person does on the first day. */
describe('the first day of a served Berth', () => {
  let owner: Page;
  let ownerContext: BrowserContext;
  let secondFactor: TOTP;

  it('the owner comes by the link, sets an e-mail and password, signs out, and in again with them', async () => {
    ({ context: ownerContext, page: owner } = await newBrowser());
    await owner.goto(served.link);
    await inWindow(owner);
    await button(owner, 'Set them…').click();
    await owner.getByLabel('E-mail', { exact: true }).fill(email);
    await owner.getByLabel('Password', { exact: true }).fill('password1234');
    await button(owner, 'Set').click();
    const field = owner.getByLabel('Password', { exact: true });
    await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true');
    await field.fill(password);
    await button(owner, 'Set').click();
    await owner.getByText(`You can sign in as ${email} now`).first().waitFor();
    await owner.getByText(/Set an e-mail and password to sign in/).waitFor({ state: 'detached' });

    await place(owner, 'Account').click();
    await button(owner, 'Sign out').click();
    await expect.poll(() => new URL(owner.url()).pathname).toBe('/sign-in');
    expect((await ownerContext.cookies()).filter(({ value }) => value !== '')).toEqual([]);
    await typeSignIn(owner, email, 'not this one at all');
    await owner.getByText('is not right').waitFor();
    await typeSignIn(owner, email, password);
    await inWindow(owner);
  });

  it('turns the second factor on, and from then on a code is asked for', async () => {
    await place(owner, 'Account').click();
    await button(owner, 'Turn on…').click();
    await owner.getByLabel('Password', { exact: true }).fill(password);
    await button(owner, 'Continue').click();
    const picture = owner.getByRole('img', { name: /QR code/ });
    await picture.waitFor();
    expect(
      await picture.evaluate((one: HTMLImageElement) => one.decode().then(() => one.naturalWidth)),
    ).toBeGreaterThan(0);
    const secret = await owner
      .locator('[data-selectable]')
      .filter({ hasText: /^[A-Z2-7 ]{16,}$/ })
      .innerText();
    secondFactor = new TOTP({ secret: secret.replaceAll(/\s/g, '') });
    await owner.getByLabel('Code', { exact: true }).fill(secondFactor.generate());
    await button(owner, 'Turn on').click();
    const list = owner.getByRole('list', { name: 'Recovery codes' });
    await list.waitFor();
    const codes = await list.getByRole('listitem').allInnerTexts();
    expect(codes.length).toBeGreaterThan(5);
    await button(owner, 'I have kept them').click();
    await button(owner, 'Sign out').click();

    // Both the sign-out and the closed connection lead there: one of the two navigations may be cut off by the other.
    await expect.poll(() => new URL(owner.url()).pathname).toBe('/sign-in');
    await typeSignIn(owner, email, password);
    await owner.getByRole('heading', { name: 'Type the code' }).waitFor();
    await button(owner, 'Use a recovery code').click();
    await owner.getByLabel('Recovery code').fill(codes[0] ?? '');
    await owner.keyboard.press('Enter');
    await inWindow(owner);
  });

  it('invites somebody, whose link chooses a password once, and who sees neither credentials nor people', async () => {
    await place(owner, 'People').click();
    await owner.getByText('Nobody but you yet').waitFor();
    await button(owner, 'Invite…').click();
    await owner.getByLabel('E-mail', { exact: true }).fill('grace@example.org');
    await button(owner, 'Invite').click();
    const shown = await owner.getByRole('region', { name: 'Link' }).locator('pre').innerText();
    const link = new URL(shown.trim());
    expect(link.origin).toBe(served.origin);
    await button(owner, 'I have copied it').click();
    await owner.getByText('invited').first().waitFor();

    const { context, page } = await newBrowser();
    await page.goto(link.href);
    await page.getByLabel('New password').fill(newPassword);
    expect(page.url()).not.toContain('#');
    await button(page, 'Set password').click();
    await page.getByRole('link', { name: 'Sign in' }).click();
    await typeSignIn(page, 'grace@example.org', newPassword);
    await inWindow(page);
    await place(page, 'Account').waitFor();
    await expect.poll(() => place(page, 'Credentials').count()).toBe(0);
    expect(await place(page, 'People').count()).toBe(0);
    await place(page, 'Account').click();
    await page.getByRole('list', { name: 'Sessions' }).getByText('this one').waitFor();

    const again = await newBrowser();
    await again.page.goto(link.href);
    await again.page.getByLabel('New password').fill(`${newPassword} again`);
    await button(again.page, 'Set password').click();
    await again.page.getByRole('heading', { name: 'This link leads nowhere any more' }).waitFor();
    await again.context.close();

    // Disabled while the window is open: it shows the sign-in page by itself.
    await owner.getByText('invited').waitFor({ state: 'detached' });
    await owner.getByRole('button', { name: /More acts on grace/i }).click();
    await owner.getByRole('menuitem', { name: 'Disable account…' }).click();
    await owner.getByRole('alertdialog').getByRole('button', { name: 'Disable account' }).click();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/sign-in');
    await typeSignIn(page, 'grace@example.org', newPassword);
    await page.getByText('is not right').waitFor();
    await context.close();
  });

  it('makes a key that programs can use, and reads in the log what was done', async () => {
    await place(owner, 'Account').click();
    await button(owner, 'New key…').click();
    await owner.getByRole('dialog').getByLabel('Name').fill('Nightly');
    await button(owner, 'Make key').click();
    const key = (await owner.getByRole('region', { name: 'Key' }).locator('pre').innerText()).trim();
    await button(owner, 'I have copied it').click();
    const answer = await fetch(`${served.origin}/api/v1/about`, {
      headers: { Authorization: `Bearer ${key}` },
    });
    expect(answer.status).toBe(200);
    const refused = await fetch(`${served.origin}/api/v1/projects`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: '{}',
    });
    expect([403, 404]).toContain(refused.status);

    await place(owner, 'People').click();
    await button(owner, 'Audit log').click();
    const log = owner.getByRole('list', { name: 'Audit log' });
    for (const words of ['made an API key', 'invited somebody', 'turned the second factor on', 'signed in'])
      await log.getByText(words).first().waitFor();
    await log.getByText('did not work: e-mail or password is wrong').first().waitFor();
    const text = await log.innerText();
    for (const secret of [password, newPassword, key]) expect(text).not.toContain(secret);
  });

  it('broke none of its own rules on the way', () => {
    expect(complaints).toEqual([]);
  });
});
