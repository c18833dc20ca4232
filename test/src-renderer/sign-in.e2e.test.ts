/**
 * The pages for who is not signed in, in Chromium, with a server's answers given by the test: what they send, what they
 * never keep in the address, how they say that something did not work, and the way back after a sign-in.
 */
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { seriousFindings } from './fixture/axe.ts';
import { fixtureStage } from './fixture/fixture-stage.ts';
import { type Door, openDoor, refusal, usualOptions } from './signed-out-door.ts';

// The browser's own line about a refusal that the test planned.
const stage = fixtureStage({ expected: /status of [45]\d\d/ });
let page: Page;
let door: Door;

/** @param hasClock one that the test moves on. It cannot be taken back, so that the page is one of its own. */
async function show(
  path: string,
  options: Parameters<typeof openDoor>[1] = usualOptions,
  hasClock = false,
): Promise<void> {
  page = await stage.blank({ width: 390, height: 760, isAlone: hasClock });
  door = await openDoor(page, options);
  if (hasClock) await page.clock.install();
  await stage.load(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
}

const asked = (path: string) => door.calls.filter((call) => call.path === path).map(({ input }) => input);
const field = (label: string) => page.getByLabel(label, { exact: true });
const button = (name: string) => page.getByRole('button', { name, exact: true });
const heading = (name: string) => page.getByRole('heading', { level: 1, name });
const focused = () => page.evaluate(() => document.activeElement?.getAttribute('name'));
const inTheWindow = () => page.getByRole('tablist').first().waitFor();
const address = () => new URL(page.url());

async function type(email: string, password: string): Promise<void> {
  await field('E-mail').waitFor();
  await field('E-mail').fill(email);
  await field('Password').fill(password);
}

describe('signing in', () => {
  it('takes an e-mail and a password by keyboard alone, and leads back to where the window was', async () => {
    await show(`sign-in?next=${encodeURIComponent('/?scene=people&window=second')}`);
    await field('E-mail').waitFor();
    await expect.poll(() => focused()).toBe('email');
    await page.keyboard.type('ada@example.org');
    await page.keyboard.press('Tab');
    await page.keyboard.type('a boat of seven clouds');
    await page.keyboard.press('Enter');
    await inTheWindow();
    expect(asked('/session')).toEqual([{ email: 'ada@example.org', password: 'a boat of seven clouds' }]);
    expect(`${address().pathname}${address().search}`).toBe('/?scene=people&window=second');
    // Going back leads to no form that is done with.
    await page.goBack();
    expect(address().pathname).not.toBe('/sign-in');
  });

  it.each(['https://evil.example/', '//evil.example/', '/\\evil.example'])(
    'leads to this Berth whatever the address says: %s',
    async (next) => {
      await show(`sign-in?next=${encodeURIComponent(next)}`);
      await type('ada@example.org', 'a boat of seven clouds');
      await button('Sign in').click();
      await inTheWindow();
      expect(address().origin).toBe(new URL(stage.url()).origin);
    },
  );

  it('says what password managers look for', async () => {
    await show('sign-in');
    await field('E-mail').waitFor();
    expect(await field('E-mail').getAttribute('autocomplete')).toBe('username');
    await expect.poll(() => field('Password').getAttribute('autocomplete')).toBe('current-password');
    await button('Show what is typed').click();
    await expect.poll(() => field('Password').getAttribute('type')).toBe('text');
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('says kindly that something is not right, and lets it be typed over', async () => {
    await show('sign-in');
    door.answerNext('/session', refusal(401, 'account.sign-in-failed', 'No.'));
    await type('ada@example.org', 'not this one');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('is not right').waitFor();
    await expect.poll(() => focused()).toBe('password');
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.type('a boat of seven clouds');
    await page.keyboard.press('Enter');
    await inTheWindow();
    expect(asked('/session').at(-1)).toEqual({
      email: 'ada@example.org',
      password: 'a boat of seven clouds',
    });
  });

  it('sends nothing while it is told to wait, counts down, and then takes the next try', async () => {
    await show('sign-in', usualOptions, true);
    door.answerNext('/session', refusal(429, 'too-many', 'Wait.', { 'Retry-After': '90' }));
    await type('ada@example.org', 'not this one');
    await button('Sign in').click();
    await page.getByText('1:30').waitFor();
    await field('Password').press('Enter');
    await page.clock.runFor(30_000);
    await page.getByText('1:00').waitFor();
    expect(asked('/session')).toHaveLength(1);
    await page.clock.runFor(61_000);
    await page.getByText('You can try again now.').waitFor();
    await button('Sign in').click();
    await inTheWindow();
  });

  it('asks for a code, takes a recovery code in its place, and sends the password with it', async () => {
    await show('sign-in');
    door.answerNext('/session', refusal(401, 'account.second-factor-needed', 'A code is needed.'));
    await type('ada@example.org', 'a boat of seven clouds');
    await page.keyboard.press('Enter');
    await heading('Type the code').waitFor();
    await expect.poll(() => focused()).toBe('code');
    await expect.poll(() => field('Code').getAttribute('autocomplete')).toBe('one-time-code');
    await expect.poll(() => field('Code').getAttribute('inputmode')).toBe('numeric');
    door.answerNext('/session', refusal(401, 'account.sign-in-failed', 'No.'));
    await page.keyboard.type('000000');
    await page.keyboard.press('Enter');
    await page.getByText('This code is not right.').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await button('Use a recovery code').click();
    await expect.poll(() => focused()).toBe('code');
    await page.keyboard.type('k0x2-9fq0-ab0m');
    await page.keyboard.press('Enter');
    await inTheWindow();
    const typed = { email: 'ada@example.org', password: 'a boat of seven clouds' };
    expect(asked('/session')).toEqual([
      typed,
      { ...typed, code: '000000' },
      { ...typed, code: 'k0x2-9fq0-ab0m' },
    ]);
  });

  it('begins again with another address when asked to', async () => {
    await show('sign-in');
    door.answerNext('/session', refusal(401, 'account.second-factor-needed', 'A code is needed.'));
    await type('ada@example.org', 'a boat of seven clouds');
    await page.keyboard.press('Enter');
    await button('Start over').click();
    await heading('Sign in').waitFor();
    await expect.poll(() => field('Password').inputValue()).toBe('');
  });

  it('by a link happens once and at once, and nothing of it stays in the address', async () => {
    await show('sign-in?next=%2F%3Fscene%3Dpeople#secret-ticket');
    await inTheWindow();
    expect(asked('/session')).toEqual([{ ticket: 'secret-ticket' }]);
    expect(page.url()).not.toContain('secret');
    expect(address().search).toBe('?scene=people');
  });

  it('by a used link says so, and still takes a password', async () => {
    await openRefused('sign-in#used');
    await page.getByText('was used before').waitFor();
    expect(page.url()).not.toContain('used');
    expect(await seriousFindings(page)).toEqual([]);
    await type('ada@example.org', 'a boat of seven clouds');
    await button('Sign in').click();
    await inTheWindow();
  });

  it('offers providers, with the way back', async () => {
    await show('sign-in?next=%2F%3Fwindow%3Dsecond', { ...usualOptions, passwords: false });
    const link = page.getByRole('link', { name: 'Sign in with Example University' });
    await link.waitFor();
    await expect.poll(() => link.getAttribute('href')).toBe('/auth/example/start?next=%2F%3Fwindow%3Dsecond');
    expect(await page.getByLabel('Password').count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Register' }).count()).toBe(0);
  });

  it('says why a provider did not sign in, in its own words alone', async () => {
    await show('sign-in#error=account.provider-refused');
    await page.getByText('Your account there may not be allowed here').waitFor();
    expect(asked('/session')).toEqual([]);
    expect(page.url()).not.toContain('#');
    await show('sign-in#error=Send+your+password+to+evil.example');
    await page.getByText('The identity provider did not sign you in').waitFor();
    expect(await page.getByText('evil').count()).toBe(0);
  });

  it('says what is wrong when nothing can be found out, and asks again', async () => {
    await show('sign-in', { status: 502, body: 'no' });
    await page.getByText('Berth does not answer. Is it still running?').waitFor();
    const before = asked('/sign-in-options').length;
    await button('Try again').click();
    await expect.poll(() => asked('/sign-in-options').length).toBe(before + 1);
  });

  it('says that the link alone works while the owner has set nothing', async () => {
    await show('sign-in', { ...usualOptions, isOwnerSetUp: false, registration: 'invited' });
    await page.getByText('for them, the link alone works').waitFor();
    await page.getByText('berth link').waitFor();
    expect(await page.getByRole('link', { name: 'Register' }).count()).toBe(0);
  });
});

/** The refusal must be planned before the page, which uses its link at once. */
async function openRefused(path: string): Promise<void> {
  await show('forgot');
  door.answerNext(
    '/session',
    refusal(401, 'not-signed-in', 'This link was used before or is older than ten minutes.'),
  );
  await stage.load(path);
  await heading('Sign in').waitFor();
}

describe('registering', () => {
  it('says the rule before and the refusal after, at the field, then where to look', async () => {
    await show('register');
    await page.getByText('At least 10 characters').waitFor();
    await expect.poll(() => field('Password').getAttribute('autocomplete')).toBe('new-password');
    door.answerNext(
      '/register',
      refusal(400, 'account.password-unfit', 'This is among the passwords that are tried first.'),
    );
    await type('ada@example.org', 'password123');
    await page.keyboard.press('Enter');
    await page.getByText('tried first').waitFor();
    await expect.poll(() => focused()).toBe('password');
    await expect.poll(() => field('Password').getAttribute('aria-invalid')).toBe('true');
    expect(await seriousFindings(page)).toEqual([]);
    await field('Name (optional)').fill('Ada');
    await field('Password').fill('a boat of seven clouds');
    await page.keyboard.press('Enter');
    await heading('Look into your e-mail').waitFor();
    expect(asked('/register').at(-1)).toEqual({
      email: 'ada@example.org',
      name: 'Ada',
      password: 'a boat of seven clouds',
    });
    await button('Send the link again').click();
    await page.getByText('another one is on its way').waitFor();
    expect(asked('/register/resend')).toEqual([{ email: 'ada@example.org' }]);
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('leaves the keyboard where it is while a refused form is typed into', async () => {
    await show('register');
    door.answerNext('/register', refusal(400, 'account.password-unfit', 'Too well known.'));
    await type('ada@example.org', 'password123');
    await page.keyboard.press('Enter');
    await page.getByText('Too well known.').waitFor();
    await field('E-mail').focus();
    await page.keyboard.type('x');
    await expect.poll(() => focused()).toBe('email');
  });

  it('is not offered where accounts are made by invitation', async () => {
    await show('register', { ...usualOptions, registration: 'invited' });
    await heading('Accounts are made by invitation here').waitFor();
    expect(await page.getByRole('textbox').count()).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('with the owner’s link sets up the owner and signs in', async () => {
    await show('register#owner-ticket', { ...usualOptions, registration: 'invited' });
    await heading('Set up the owner’s account').waitFor();
    expect(page.url()).not.toContain('owner-ticket');
    await type('ada@example.org', 'a boat of seven clouds');
    await page.keyboard.press('Enter');
    await inTheWindow();
    const typed = { email: 'ada@example.org', password: 'a boat of seven clouds' };
    expect(asked('/register')).toEqual([{ ...typed, ticket: 'owner-ticket' }]);
    expect(asked('/session')).toEqual([typed]);
  });
});

describe('the link in an e-mail', () => {
  it('confirms an address when a person presses, and not when a scanner opens the page', async () => {
    await show('verify#mail-token');
    await button('Confirm address').waitFor();
    expect(page.url()).not.toContain('mail-token');
    await page.waitForLoadState('networkidle');
    expect(asked('/verify')).toEqual([]);
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await heading('The address is confirmed').waitFor();
    expect(asked('/verify')).toEqual([{ token: 'mail-token' }]);
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('that expired leads to another one', async () => {
    await show('verify#old');
    door.answerNext('/verify', refusal(410, 'account.link-expired', 'Expired.'));
    await button('Confirm address').click();
    await heading('This link leads nowhere any more').waitFor();
    await field('E-mail').fill('ada@example.org');
    await page.keyboard.press('Enter');
    await page.getByText('another one is on its way').waitFor();
    expect(asked('/register/resend')).toEqual([{ email: 'ada@example.org' }]);
  });

  it('that lost its end says so', async () => {
    await show('verify');
    await heading('This link is not whole').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it.each([
    ['reset', 'Choose a new password', 'Change password', 'The password is changed'],
    ['invite', 'Welcome to this Berth', 'Set password', 'The account is yours'],
  ])('chooses a password: %s', async (path, title, act, done) => {
    await show(`${path}#token`);
    await heading(title).waitFor();
    expect(page.url()).not.toContain('#');
    door.answerNext('/password/reset', refusal(400, 'account.password-unfit', 'Too well known.'));
    await field('New password').fill('password123');
    await button(act).click();
    await page.getByText('Too well known.').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await field('New password').fill('a boat of seven clouds');
    await page.keyboard.press('Enter');
    await heading(done).waitFor();
    expect(asked('/password/reset').at(-1)).toEqual({ token: 'token', password: 'a boat of seven clouds' });
  });

  it('for a new password is sent without telling who is here', async () => {
    await show('forgot');
    await field('E-mail').fill(' ada@example.org ');
    await page.keyboard.press('Enter');
    await page.getByText(/If somebody here has the address/).waitFor();
    expect(asked('/password/forgot')).toEqual([{ email: 'ada@example.org' }]);
    expect(await seriousFindings(page)).toEqual([]);
  });
});
