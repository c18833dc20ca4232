/**
 * The pages about accounts in Chromium on fixtures: one's own account, people, the audit log, and what is not there for
 * whoever may not. What each act asks of the plane is exactly what was chosen.
 */
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { seriousFindings } from './fixture/axe.ts';
import { fixtureStage } from './fixture/fixture-stage.ts';
import './fixture/fixture-window.ts';
import { rightCode, rightPassword } from './user-replies.ts';

const stage = fixtureStage({ permissions: ['clipboard-read', 'clipboard-write'] });
const { calls, open } = stage;
let page: Page;

async function show(scene: string, ref?: object): Promise<void> {
  page = await stage.show(scene);
  if (ref !== undefined) await open(ref);
}

const button = (name: string) => page.getByRole('button', { name, exact: true });
const dialog = () => page.getByRole('dialog');
const field = (label: string) => dialog().getByLabel(label, { exact: true });

describe('one’s own account', () => {
  it('shows what one has, and lets nothing serious be found', async () => {
    await show('member', { type: 'account' });
    await page.getByRole('list', { name: 'Sessions' }).waitFor();
    await page.getByText('31.0 GiB of 30.0 GiB').waitFor();
    await page.getByText('used up').waitFor();
    await expect
      .poll(() => page.getByRole('progressbar', { name: 'Workspaces' }).getAttribute('aria-valuetext'))
      .toBe('3 of 5');
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('says that the current password is wrong, and why the next is unfit, each at its field', async () => {
    await show('people', { type: 'account' });
    await button('Change password…').click();
    await field('Current password').fill('something else');
    await field('New password').fill('my password here');
    await page.keyboard.press('Enter');
    await dialog().getByText('This password is not right.').waitFor();
    expect(await field('Current password').evaluate((one) => one === document.activeElement)).toBe(true);
    await field('Current password').fill(rightPassword);
    await page.keyboard.press('Enter');
    await dialog().getByText('tried first').waitFor();
    await expect.poll(() => field('New password').getAttribute('aria-invalid')).toBe('true');
    await field('New password').fill('a boat of seven clouds');
    await page.keyboard.press('Enter');
    await page.getByText('The password is changed').first().waitFor();
    expect((await calls('account.changePassword')).at(-1)).toEqual({
      current: rightPassword,
      next: 'a boat of seven clouds',
    });
  });

  it('turns the second factor on by keyboard alone, and tells the recovery codes once', async () => {
    await show('people', { type: 'account' });
    await button('Turn on…').focus();
    await page.keyboard.press('Enter');
    await field('Password').waitFor();
    await page.keyboard.type(rightPassword);
    await page.keyboard.press('Enter');
    const picture = dialog().getByRole('img', { name: /QR code/ });
    await picture.waitFor();
    expect(
      await picture.evaluate((one: HTMLImageElement) => one.decode().then(() => one.naturalWidth)),
    ).toBeGreaterThan(0);
    // What the plane sent is drawn as a picture, and is no part of the page.
    expect(await page.locator('svg[viewBox="0 0 21 21"]').count()).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);
    await field('Code').focus();
    await page.keyboard.type('000000');
    await page.keyboard.press('Enter');
    await dialog().getByText('This code is not right.').waitFor();
    await field('Code').fill(rightCode);
    await page.keyboard.press('Enter');
    await dialog().getByRole('list', { name: 'Recovery codes' }).waitFor();
    await button('Copy codes').click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.split('\n')).toHaveLength(10);
    const download = page.waitForEvent('download');
    await button('Save as file').click();
    expect((await download).suggestedFilename()).toBe('berth-recovery-codes.txt');
    // A press beside it must not lose them.
    await page.mouse.click(5, 5);
    expect(await dialog().isVisible()).toBe(true);
    await button('I have kept them').click();
    await page.getByText('10\u00a0recovery codes are left').waitFor();
  });

  it('ends another session, and goes to the sign-in page with its own', async () => {
    await show('people', { type: 'account' });
    await button('Sign out Safari on iPhone').click();
    await page.getByText('Safari on iPhone').waitFor({ state: 'detached' });
    expect(await calls('account.endSession')).toEqual([{ id: 'sess_00000000000000000002' }]);
    await page.route('**/api/v1/**', (route) => route.abort());
    await button('Sign out here').click();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/sign-in');
    stage.forgive(/ERR_FAILED/);
  });

  it('makes a key of just what was chosen, shows it once, and removes it after asking', async () => {
    await show('member', { type: 'account' });
    await button('New key…').click();
    await field('Name').fill('Nightly');
    await dialog().getByRole('radio', { name: 'Custom' }).click();
    await dialog().getByRole('checkbox', { name: 'Read hosts' }).click();
    await dialog().getByRole('checkbox', { name: 'Read workspaces' }).click();
    // Changing needs reading.
    await dialog().getByRole('checkbox', { name: 'Change workspaces' }).click();
    await expect
      .poll(() => dialog().getByRole('checkbox', { name: 'Read workspaces' }).isChecked())
      .toBe(true);
    expect(
      await dialog()
        .getByRole('checkbox', { name: /credentials|people/ })
        .count(),
    ).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);
    await button('Make key').click();
    await dialog()
      .getByText(/^berth_7q/)
      .waitFor();
    const [made] = (await calls('apiKeys.create')) as { scopes: string[]; expiresInDays: number }[];
    expect(made?.scopes).not.toContain('hosts.read');
    expect(made?.scopes).toEqual(
      expect.arrayContaining(['workspaces.read', 'workspaces.write', 'projects.read']),
    );
    expect(made?.scopes.filter((scope) => scope.endsWith('.write'))).toEqual(['workspaces.write']);
    expect(made?.expiresInDays).toBe(90);
    await button('I have copied it').click();
    expect(await page.getByText(/^berth_7qYx/).count()).toBe(0);
    await button('Remove Nightly').click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove key' }).click();
    await page
      .getByRole('list', { name: 'API keys' })
      .getByText('Nightly', { exact: true })
      .waitFor({ state: 'detached' });
  });

  it('says what could not be read, and where there is nothing', async () => {
    await show('member-empty', { type: 'account' });
    await page.getByText('No keys yet').waitFor();
    await page.evaluate(() =>
      window.fixture.plane.failNext(
        'account.sessions',
        new window.fixture.BerthError('internal', 'The sessions are in the fog.'),
      ),
    );
    await open({ type: 'home' });
    await open({ type: 'account' });
    await page.getByText('The sessions are in the fog.').waitFor();
    await button('Read again').click();
    await page.getByText('The sessions are in the fog.').waitFor({ state: 'detached' });
  });
});

describe('the offer to set an e-mail and password', () => {
  it('is made to who came by a link, goes away when put away, and stays in the account', async () => {
    await show('people-alone', { type: 'home' });
    await page.getByText(/Set an e-mail and password to sign in/).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await button('Not now').click();
    await stage.load('?scene=people-alone&keep');
    await open({ type: 'account' });
    await button('Set an e-mail and password…').click();
    expect(await page.getByText(/to sign in from anywhere\. Until/).count()).toBe(0);
    await field('E-mail').fill('Ada@Example.org');
    await field('Password').fill('a boat of seven clouds');
    await page.keyboard.press('Enter');
    await page.getByText('You can sign in as ada@example.org now').first().waitFor();
    await page
      .getByText(/^ada@example\.org/)
      .first()
      .waitFor();
  });

  it('is made to nobody else', async () => {
    await show('people', { type: 'home' });
    await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
    await page.waitForFunction(() => window.fixture.app.mirror.account.getState().status === 'ready');
    expect(await page.getByText(/Set an e-mail and password/).count()).toBe(0);
  });
});

const personMenu = async (name: string, item: string) => {
  await button(`More acts on ${name}`).click();
  await page
    .getByRole('menuitem', { name: item, exact: true })
    .or(page.getByRole('menuitemcheckbox', { name: item, exact: true }))
    .click();
};
const ask = () => page.getByRole('alertdialog');

describe('people', () => {
  it('are shown with long and right-to-left names, without anything serious', async () => {
    await show('people', { type: 'people' });
    await page.getByText('address not confirmed').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    const overflow = await page
      .getByRole('list', { name: 'People' })
      .evaluate((list) => list.scrollWidth - list.clientWidth);
    expect(overflow).toBe(0);
    await button('More acts on Grace').click();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('become owners after a question, and other roles at once', async () => {
    await show('people', { type: 'people' });
    await personMenu('Grace', 'Viewer');
    await personMenu('Grace', 'Owner');
    await ask()
      .getByText(/manages people, you too/)
      .waitFor();
    await page.keyboard.press('Escape');
    await personMenu('Grace', 'Owner');
    await ask().getByRole('button', { name: 'Make owner' }).click();
    await ask().waitFor({ state: 'detached' });
    expect(await calls('users.change')).toEqual([
      { id: 'user_00000000000000000002', role: 'viewer' },
      { id: 'user_00000000000000000002', role: 'owner' },
    ]);
  });

  it('get limits: only what changed is sent, and nonsense is said at its field', async () => {
    await show('people', { type: 'people' });
    await personMenu('Grace', 'Change limits…');
    await field('Workspaces').fill('many');
    await page.keyboard.press('Enter');
    await dialog()
      .getByText('Must be a number, or empty for no limit')
      .or(dialog().getByText('must be a number, or empty for no limit'))
      .first()
      .waitFor();
    expect(await calls('users.change')).toEqual([]);
    await field('Workspaces').fill('');
    await field('Disk in GiB').fill('64');
    await page.keyboard.press('Enter');
    await dialog().waitFor({ state: 'detached' });
    expect(await calls('users.change')).toEqual([
      { id: 'user_00000000000000000002', quota: { workspaces: null, diskBytes: 64 * 1024 ** 3 } },
    ]);
  });

  it('are disabled and removed after questions; removing wants the name, and says what passes over', async () => {
    await show('people', { type: 'people' });
    await personMenu('Grace', 'Disable account…');
    await ask().getByRole('button', { name: 'Disable account' }).click();
    await personMenu('Grace', 'Enable account');
    await personMenu('Grace', 'Remove account…');
    await ask()
      .getByText(/3\u00a0workspaces with files.*become yours/)
      .waitFor();
    await ask().getByRole('textbox').fill('Grac');
    await page.keyboard.press('Enter');
    expect(await calls('users.remove')).toEqual([]);
    await ask().getByRole('textbox').fill('Grace');
    await page.keyboard.press('Enter');
    await page
      .getByText(/3\u00a0workspaces, and 12\u00a0snapshots are yours now/)
      .first()
      .waitFor();
    expect(await page.getByRole('list', { name: 'People' }).getByText('Grace', { exact: true }).count()).toBe(
      0,
    );
    expect(await calls('users.change')).toEqual([
      { id: 'user_00000000000000000002', isDisabled: true },
      { id: 'user_00000000000000000002', isDisabled: false },
    ]);
  });

  it('cannot disable or remove themselves', async () => {
    await show('people', { type: 'people' });
    await button('More acts on Ada').click();
    await page.getByRole('menuitem', { name: 'Change limits…' }).waitFor();
    expect(await page.getByRole('menuitem', { name: /Disable|Remove/ }).count()).toBe(0);
  });

  it('are invited: the link is shown once where no e-mail can be sent', async () => {
    await show('people-no-mail', { type: 'people' });
    await button('Invite…').click();
    await field('E-mail').fill('grace@example.org');
    await page.keyboard.press('Enter');
    await dialog().getByText('has an account here already').waitFor();
    await field('E-mail').fill('new@example.org');
    await dialog().getByRole('radio', { name: 'Viewer' }).click();
    await button('Invite').click();
    await dialog()
      .getByText(/\/invite#/)
      .waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await button('I have copied it').click();
    await page.getByText('new@example.org').first().waitFor();
    expect((await calls('users.invite')).at(-1)).toEqual({
      email: 'new@example.org',
      name: null,
      role: 'viewer',
    });
  });

  it('are explained where there is nobody', async () => {
    await show('people-alone', { type: 'people' });
    await page.getByText('Nobody but you yet').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });
});

describe('the audit log', () => {
  it('says what was done in plain words, is filtered, and reads on', async () => {
    await show('people', { type: 'audit' });
    const list = page.getByRole('list', { name: 'Audit log' });
    await list.getByText('did not work: e-mail or password is wrong').waitFor();
    expect(await list.getByRole('listitem').count()).toBe(100);
    await expect.poll(() => list.locator('time').first().getAttribute('title')).toMatch(/\d{4}/);
    await button('Load more').click();
    await button('Load more').click();
    await button('Load more').waitFor({ state: 'detached' });
    expect(await list.getByRole('listitem').count()).toBe(230);
    await page.getByRole('combobox', { name: 'Kind' }).click();
    await page.getByRole('option', { name: 'Snapshots', exact: true }).click();
    await list.getByText('made a workspace').first().waitFor({ state: 'detached' });
    expect((await calls('audit.list')).at(-1)).toMatchObject({
      action: 'snapshots.',
      before: null,
      userId: null,
    });
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('combobox', { name: 'Person' }).click();
    await page.getByRole('option', { name: 'Konrad' }).click();
    await page.getByText('No line fits what you chose.').waitFor();
  });
});

describe('what is not there', () => {
  const paletteRows = async (text: string) => {
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').fill(text);
    const found = page.getByRole('listbox', { name: 'Found' });
    const rows = await found.getByRole('option').allInnerTexts();
    await page.keyboard.press('Escape');
    return rows.map((row) => row.split('\n')[0]);
  };

  it('for a viewer is whatever changes something', async () => {
    await show('viewer', { type: 'home' });
    await page.waitForFunction(() => window.fixture.app.mirror.about.getState().status === 'ready');
    const rail = page.getByRole('navigation', { name: 'Places' });
    await rail.getByRole('button', { name: 'Account' }).waitFor();
    expect(await rail.getByRole('button', { name: /Credentials|People/ }).count()).toBe(0);
    for (const type of ['home', 'workspaces', 'projects', 'snapshots', 'repositories', 'operations']) {
      await open({ type });
      expect([
        type,
        await page
          .getByRole('button', { name: /^(New|Add|Make|Take|Import)/ })
          .and(page.locator(':visible'))
          .allInnerTexts(),
      ]).toEqual([type, []]);
    }
    for (const ref of [
      { type: 'host', hostId: 'host_00000000000000000001' },
      { type: 'workspace', workspaceId: 'ws_00000000000000000001' },
    ]) {
      await open(ref);
      expect([
        ref.type,
        await page
          .getByRole('button', {
            name: /^(Edit|Stop|Start|Open terminal|Disconnect|Connect|New|Take snapshot|Rules|Close|Restore)/,
          })
          .and(page.locator('[role=tabpanel] *:visible'))
          .allInnerTexts(),
      ]).toEqual([ref.type, []]);
    }
    expect(await paletteRows('>destroy')).toEqual([]);
    expect(await paletteRows('>new')).toEqual([]);
    await page.evaluate(() =>
      window.fixture.app.view.actions.open({
        type: 'terminal',
        terminalId: 'term_00000000000000000001',
      }),
    );
    await page.getByText('Terminals are not for viewers').waitFor();
    expect(await calls('terminals.attach')).toEqual([]);
  });

  it('for a member are hosts’ changes, credentials and people; pages that were left open close', async () => {
    await show('member');
    await page.waitForFunction(() => window.fixture.app.mirror.about.getState().status === 'ready');
    expect(await button('Add a host').count()).toBe(0);
    expect(await paletteRows('>add host')).toEqual([]);
    expect(await paletteRows('>credentials')).toEqual([]);
    expect(await paletteRows('>new workspace')).toContain('New workspace');
    await show('people', { type: 'people' });
    await stage.load('?scene=member&keep');
    await page.getByRole('tab', { name: 'Home' }).waitFor();
    await page.getByRole('tab', { name: 'People' }).waitFor({ state: 'detached' });
  });

  it('for a member in an empty house is said by whom it is made', async () => {
    await show('member-empty', { type: 'home' });
    await page.getByText('There is no host yet').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });
});

describe('a share that is used up', () => {
  it('is said at the form that would have gone beyond it', async () => {
    await show('work', { type: 'new-workspace', hostId: null, projectId: null });
    await page.evaluate(() =>
      window.fixture.plane.failNext(
        'workspaces.create',
        new window.fixture.BerthError(
          'quota.exceeded',
          'You have 5 of 5 workspaces. Destroy one, or ask an owner.',
        ),
      ),
    );
    await button('Create workspace').click();
    await page.getByText('You have 5 of 5 workspaces. Destroy one, or ask an owner.').waitFor();
    await button('Create workspace').waitFor();
  });
});
