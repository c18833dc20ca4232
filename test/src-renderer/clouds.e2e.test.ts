/**
 * Accounts, costs, what was found and the form of a machine in Chromium on fixtures. What each act asks of the plane is
 * exactly what was chosen, and what it does not ask for is not asked.
 */
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { rightToken, unansweredName } from './cloud-replies.ts';
import { cloudScenes, offer } from './cloud-scenes.ts';
import { cloudId, machineId } from './machine-fixtures.ts';
import { seriousFindings } from './fixture/axe.ts';
import { fixtureStage } from './fixture/fixture-stage.ts';
import './fixture/fixture-window.ts';

const stage = fixtureStage();
const { calls, failNext, open } = stage;
let page: Page;

async function show(scene: string, ref?: object): Promise<void> {
  page = await stage.show(scene);
  if (ref !== undefined) await open(ref);
}

const frontView = () =>
  page.evaluate(() => {
    const { root } = window.fixture.app.view.getState();
    return root.kind === 'pane' ? root.tabs.find((tab) => tab.id === root.activeTabId)?.ref : undefined;
  });
const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });
const dialog = () => page.getByRole('dialog');
const putCloud = (cloud: unknown) =>
  page.evaluate((next) => window.fixture.plane.put('clouds', next as never), cloud);
/** What becomes of the machine that the provider has not answered for yet. */
const answerMaking = (answer: 'failed' | 'rented') =>
  page.evaluate(
    ([name, end]) => {
      const { app, plane } = window.fixture;
      const machine = app.mirror.machines.getState().items.find((one) => one.name === name);
      const operation = app.mirror.operations
        .getState()
        .items.find(({ subject, state }) => subject.name === name && state === 'running');
      if (!machine || !operation) throw new Error('nothing is being made');
      if (end === 'rented') return plane.put('machines', { ...machine, providerId: '48199999' } as never);
      plane.delete('machines', machine.id);
      plane.put('operations', {
        ...operation,
        ...{ state: 'failed', endedAt: new Date().toISOString() },
        error: { code: 'cloud.not-offered', message: 'It is sold out.', details: { field: 'size' } },
      } as never);
    },
    [unansweredName, answer] as const,
  );
const createButton = () => page.getByRole('button', { name: /^Create for/ });
const cloudsRef = { type: 'clouds' };
const createRef = { type: 'create-machine', cloudId: null };

describe('the page', () => {
  it('says what is rented and what it costs, and lets nothing serious be found', async () => {
    await show('clouds', cloudsRef);
    await page.getByRole('table', { name: 'This month by host' }).waitFor();
    const text = (await page.getByRole('tabpanel').innerText()).replaceAll('\u00a0', ' ');
    expect(text).toContain('$0.18571');
    expect(text).toContain('switched off, still costs $0.03571 an hour');
    expect(text).toContain('84 % of the budget of DigitalOcean is used');
    expect(text).toContain(
      'A droplet that costs $0.02083 an hour and that this Berth made and lost sight of',
    );
    expect(text).toContain('7 of 25 droplets');
    expect(text).toContain('3 of 4: waits for SSH with the right key');
    expect(text).toContain('$1.26 a month asleep, $96.00 a month awake');
    // What was destroyed costs nothing any more, and leads nowhere.
    expect(await button('load-test').count()).toBe(0);
    await button(/^Left by you/).click();
    expect(await seriousFindings(page)).toEqual([]);
    await page
      .getByRole('list', { name: 'Machines' })
      .getByRole('button', { name: /^trial/ })
      .click();
    await expect.poll(() => frontView()).toEqual({ type: 'machine', machineId: machineId(6) });
  });

  it('says what is wrong with an account, and replaces a token that is refused', async () => {
    await show('clouds-trouble', cloudsRef);
    await page.getByText('Contact support about invoice').waitFor();
    expect(await page.getByText('6 min 52 s behind').count()).toBe(1);
    await page.getByText('may not do what is needed').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await button('Replace token…').first().click();
    await dialog().getByLabel('Token', { exact: true }).fill('nothing like it');
    await page.keyboard.press('Enter');
    await dialog().getByText('Must begin with').waitFor();
    await dialog().getByLabel('Token', { exact: true }).fill('ocean_v1_old');
    await page.keyboard.press('Enter');
    await dialog().getByText('does not accept this token').waitFor();
    await dialog().getByLabel('Token', { exact: true }).fill(rightToken);
    await page.keyboard.press('Enter');
    await dialog().waitFor({ state: 'detached' });
    expect((await calls('clouds.replaceToken')).at(-1)).toEqual({ id: cloudId(1), token: rightToken });
  });

  it('has words for nothing, for what could not be read, and for what is on its way', async () => {
    await show('clouds-errors', cloudsRef);
    await page.getByText('The accounts could not be read').waitFor();
    await show('loading', cloudsRef);
    await page.getByRole('status', { name: 'Loading the accounts' }).waitFor();
    await show('clouds-empty', cloudsRef);
    await page.getByText('No droplets yet').waitFor();
    await page.getByText('Nothing has cost anything this month').waitFor();
  });

  it('is not there for who may not see what machines cost', async () => {
    await show('member');
    await button(/^Machines and costs/).waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await page.keyboard.type('machines and costs');
    await page.getByText('Nothing has “machines and costs” in its name').waitFor();
    expect(await calls('clouds.providers')).toEqual([]);
  });
});

describe('an account', () => {
  it('is connected by keyboard alone; its token is in nothing that is kept', async () => {
    await show('clouds-none', cloudsRef);
    await button('Connect an account').focus();
    await page.keyboard.press('Enter');
    await dialog().getByLabel('Token', { exact: true }).waitFor();
    await expect
      .poll(() => dialog().getByLabel('Token', { exact: true }).getAttribute('type'))
      .toBe('password');
    await page.keyboard.type(rightToken);
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await dialog().getByText('Volumes are not seen').waitFor();
    expect(await calls('clouds.connect')).toEqual([
      { provider: 'ocean', label: 'DigitalOcean', token: rightToken },
    ]);
    const kept = await page.evaluate(() => [
      JSON.stringify(window.fixture.app.view.getState()),
      JSON.stringify(Object.entries(window.localStorage)),
      document.documentElement.outerHTML,
    ]);
    expect(kept.filter((text) => text.includes(rightToken))).toEqual([]);
    await button('Create a droplet').last().click();
    await expect.poll(() => frontView()).toMatchObject({ type: 'create-machine' });
  });

  it('has a label and a budget that can be changed', async () => {
    await show('clouds', cloudsRef);
    await button('Label and budget of DigitalOcean…').click();
    await dialog().getByLabel('Budget for a month').fill('a lot');
    await page.keyboard.press('Enter');
    await dialog().getByText('Must be an amount').waitFor();
    expect(await calls('clouds.edit')).toEqual([]);
    await dialog().getByLabel('Budget for a month').fill('120');
    await dialog().getByLabel('Warn from').fill('90');
    await page.keyboard.press('Enter');
    await dialog().waitFor({ state: 'detached' });
    expect(await calls('clouds.edit')).toEqual([
      { id: cloudId(1), label: 'DigitalOcean', budget: { monthlyUsd: 120, warnAtPercent: 90 } },
    ]);
  });

  it('is disconnected only when it was said that its machines go on and cost', async () => {
    await show('clouds', cloudsRef);
    await button('Disconnect DigitalOcean…').click();
    await dialog().getByText('data-lab sleeps: its files would be lost to you.').waitFor();
    expect(await dialog().getByRole('checkbox').count()).toBe(0);
    await page.evaluate((id) => window.fixture.plane.delete('machines', id), machineId(5));
    await dialog().getByText('6 droplets there go on').waitFor();
    await expect.poll(() => button('Disconnect').getAttribute('aria-disabled')).toBe('true');
    await dialog().getByRole('checkbox').click();
    expect(await seriousFindings(page)).toEqual([]);
    await button('Disconnect').click();
    await page.getByText('No account yet').waitFor();
    expect(await calls('clouds.disconnect')).toEqual([{ id: cloudId(1), leavesMachines: true }]);
  });
});

describe('what was found', () => {
  it('is left and taken back, adopted under a name, and destroyed by its name', async () => {
    await show('clouds', cloudsRef);
    await button('Leave it: api-server before 2.0').click();
    await button('Left by you: 2').waitFor();
    await button('Undo').click();
    await button('Left by you: 1').waitFor();

    await button('Destroy api-server before 2.0…').click();
    const destroy = dialog().getByRole('button', { name: 'Destroy snapshot' });
    await dialog().getByRole('textbox').fill('api-server');
    await expect.poll(() => destroy.getAttribute('aria-disabled')).toBe('true');
    await dialog().getByRole('textbox').fill('api-server before 2.0');
    await destroy.click();
    await dialog().waitFor({ state: 'detached' });
    expect(await calls('clouds.destroyFound')).toMatchObject([{ name: 'api-server before 2.0' }]);

    await button('Adopt berth-fra1-7…').click();
    await failNext('clouds.adoptFound', 'machine.name-taken', 'Another machine is called so.');
    await dialog().locator('input:focus').waitFor();
    await page.keyboard.press('Enter');
    await dialog().getByText('Another machine is called so.').waitFor();
    await dialog().getByLabel('Name').fill('found-again');
    await page.keyboard.press('Enter');
    await dialog().waitFor({ state: 'detached' });
    expect((await calls('clouds.adoptFound')).at(-1)).toMatchObject({ name: 'found-again' });
    await expect.poll(() => frontView()).toMatchObject({ type: 'machine' });
  });

  it('and a budget that comes near are said once, and marked where they can be seen from anywhere', async () => {
    await show('clouds');
    const budget = page.getByText('84\u00a0% of the budget of DigitalOcean is used').first();
    await budget.waitFor();
    await page.getByText('2 things cost and are not known to this Berth').first().waitFor();
    await button('Machines and costs, a machine needs you').waitFor();
    await page.getByTitle(/Rented machines: .0\.18571 an.hour: a machine needs you/).click();
    await expect.poll(() => frontView()).toEqual(cloudsRef);
    // On the page itself no toast says it again.
    await button('Look').first().waitFor({ state: 'detached' });
    const count = () => page.evaluate(() => window.fixture.app.notices.store.getState().notices.length);
    expect(await count()).toBe(2);
    await open({ type: 'home' });
    const { costs } = cloudScenes.clouds;
    await page.evaluate((report) => window.fixture.plane.setCosts(structuredClone(report)), costs as never);
    await page.evaluate(
      (report) => window.fixture.plane.setCosts(report),
      cloudScenes['clouds-over'].costs as never,
    );
    await page.waitForFunction(() => window.fixture.app.notices.store.getState().notices.length === 3);
    const [last] = await page.evaluate(() =>
      window.fixture.app.notices.store.getState().notices.map(({ title }) => title),
    );
    expect(last).toBe('The budget of DigitalOcean is used up');
  });
});

describe('the form of a machine', () => {
  it('is filled in by keyboard alone, and asks for exactly what it shows', async () => {
    await show('clouds-two', createRef);
    await page.getByRole('table', { name: 'Sizes' }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByLabel('Name', { exact: true }).focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('api-2');
    await page.keyboard.press('Tab');
    // Region: down to the next one.
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: /New York 3/ }).waitFor();
    await page.keyboard.type('New');
    await page.keyboard.press('Enter');
    await page.getByRole('option').first().waitFor({ state: 'detached' });
    // Past image and class to the sizes, which the arrow keys choose.
    for (let step = 0; step < 3; step += 1) await page.keyboard.press('Tab');
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).type)).toBe('radio');
    await page.keyboard.press('ArrowDown');
    await createButton().getByText('$0.02679').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.getByText('with backups', { exact: false }).last().waitFor();
    expect((await createButton().innerText()).replaceAll('\u00a0', ' ')).toBe('Create for $0.03215 an hour');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.type('team:api trial');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() =>
      window.fixture.plane.calls.some(({ method }) => method === 'machines.create'),
    );
    expect(await calls('machines.create')).toEqual([
      {
        cloudId: cloudId(1),
        ...{ name: 'api-2', region: 'nyc3', size: 's-2vcpu-2gb', image: 'debian-13-x64' },
        tags: ['team:api', 'trial'],
        ...{ hasIpv6: false, hasBackups: true, hasMonitoring: false },
        sshAccess: { from: 'mine' },
        end: { at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'destroy' },
        onTrouble: 'ask',
        // Of the size: what backups add follows from it.
        hourlyUsd: 0.02679,
      },
    ]);
    await page.waitForFunction(() => window.fixture.app.view.getState().root.kind === 'pane');
    await expect.poll(() => frontView()).toMatchObject({ type: 'machine' });
  });

  it('says each broken rule at its field, and asks nothing before they are kept', async () => {
    await show('clouds', createRef);
    await page.getByRole('radio', { name: 'From these addresses only' }).click();
    await page.getByRole('checkbox', { name: 'At a time' }).click();
    await page.getByLabel('Tags').fill('berth:mine');
    await createButton().click();
    await page.getByText('Must not begin with “berth”').waitFor();
    await page.getByText('Must be addresses or ranges').waitFor();
    await page.getByText('Must be a day and a time').waitFor();
    expect(await page.getByLabel('Tags').evaluate((one) => one === document.activeElement)).toBe(true);
    expect(await seriousFindings(page)).toEqual([]);
    expect(await calls('machines.create')).toEqual([]);
    await page.getByLabel('Tags').fill('');
    await page.getByRole('textbox', { name: 'Addresses' }).fill('203.0.113.0/24');
    await page.getByLabel('Day and time').fill('2099-01-01T10:00');
    await failNext('machines.create', 'machine.name-taken', 'Another machine is called “berth-fra1”.');
    await createButton().click();
    await page.getByText('Another machine is called').waitFor();
    await expect
      .poll(() => page.getByLabel('Name', { exact: true }).getAttribute('aria-invalid'))
      .toBe('true');
  });

  it('shows a new price before it is asked again, and never pays it unseen', async () => {
    await show('clouds', createRef);
    await createButton().waitFor();
    await page.evaluate((next) => window.fixture.plane.setOffer(next), {
      ...offer,
      sizes: offer.sizes.map((size) =>
        size.id === 's-1vcpu-2gb' ? { ...size, hourlyUsd: 0.01986, monthlyUsd: 13.35 } : size,
      ),
    } as never);
    await failNext('machines.create', 'cloud.price-changed', 'It costs $0.01986 an hour now.');
    await createButton().click();
    await page.getByText(/You saw .0\.01786.an.hour; now it is .0\.01986/).waitFor();
    expect(await calls('machines.create')).toMatchObject([{ hourlyUsd: 0.01786 }]);
    await createButton().getByText('$0.01986').click();
    await page.waitForFunction(
      () => window.fixture.plane.calls.filter(({ method }) => method === 'machines.create').length === 2,
    );
    expect((await calls('machines.create')).at(-1)).toMatchObject({ hourlyUsd: 0.01986 });
  });

  it('offers what comes near where the size cannot be had, and greys out the rest with the reason', async () => {
    await show('clouds', createRef);
    await createButton().waitFor();
    const away = page.getByRole('radio', { name: /60.0.GiB disk.*not on offer in Frankfurt 1/ });
    expect(await away.isDisabled()).toBe(true);
    await failNext('machines.create', 'cloud.not-offered', 'It is sold out.', { field: 'size' });
    await createButton().click();
    await button('The same in Amsterdam 3').click();
    await page.getByRole('combobox', { name: 'Region' }).getByText('Amsterdam 3').waitFor();
    await createButton().click();
    await page.waitForFunction(
      () => window.fixture.plane.calls.filter(({ method }) => method === 'machines.create').length === 2,
    );
    expect((await calls('machines.create')).at(-1)).toMatchObject({ region: 'ams3', size: 's-1vcpu-2gb' });
  });

  it('keeps what was typed until the provider has said yes: a refusal stands where it can be mended', async () => {
    await show('clouds', createRef);
    await page.getByLabel('Name', { exact: true }).fill(unansweredName);
    await page.getByLabel('Tags').fill('kept');
    const notices = () =>
      page.evaluate(() => window.fixture.app.notices.store.getState().notices.map(({ title }) => title));
    const before = (await notices()).length;
    await createButton().click();
    await page.getByText('Ask for the machine…').waitFor();
    await expect.poll(() => createButton().getAttribute('aria-busy')).toBe('true');
    await expect.poll(() => frontView()).toMatchObject({ type: 'create-machine' });
    expect(await seriousFindings(page)).toEqual([]);
    await answerMaking('failed');
    await page.getByText('It is sold out.').first().waitFor();
    await expect.poll(() => page.getByLabel('Tags').inputValue()).toBe('kept');
    // Said once, where it can be mended: no toast says it, too.
    expect((await notices()).slice(0, -before)).toEqual([]);
    await button('The same in Amsterdam 3').click();
    await createButton().click();
    await page.getByText('Ask for the machine…').waitFor();
    expect((await calls('machines.create')).at(-1)).toMatchObject({ region: 'ams3', tags: ['kept'] });
    // Where the token is refused meanwhile, the form makes room for that; what is under way is still said.
    const [usual] = cloudScenes.clouds.clouds ?? [];
    await putCloud({ ...usual, state: cloudScenes['clouds-trouble'].clouds[0]?.state });
    await page.getByText('Nothing can be made with DigitalOcean now').waitFor();
    await page.getByText('Ask for the machine…').waitFor();
    await putCloud(usual);
    await expect.poll(() => page.getByLabel('Tags').inputValue()).toBe('kept');
    // Told elsewhere to who looks elsewhere, and there all the same.
    await open({ type: 'home' });
    await answerMaking('failed');
    await page.getByText(`Make “${unansweredName}”: this failed`).first().waitFor();
    await open(createRef);
    await page.getByText('It is sold out.').first().waitFor();
    await page.getByLabel('Tags').press('Enter');
    await page.getByText('Ask for the machine…').waitFor();
    await answerMaking('rented');
    await page.getByRole('heading', { level: 1, name: unansweredName }).waitFor();
    await expect.poll(() => frontView()).toMatchObject({ type: 'machine' });
  });

  it('changes the account with what was typed kept, and says where one is full or cannot make anything', async () => {
    await show('clouds-two', createRef);
    await page.getByLabel('Tags').fill('kept');
    await page.getByRole('combobox', { name: 'Account' }).click();
    await page.getByRole('option', { name: /A customer/ }).click();
    await page.getByText(/The account is at its limit, 3 of 3 droplets/).waitFor();
    await createButton().waitFor();
    await expect.poll(() => page.getByLabel('Tags').inputValue()).toBe('kept');
    await show('clouds-trouble', { type: 'create-machine', cloudId: cloudId(1) });
    await page.getByText('Nothing can be made with Revoked now').waitFor();
    expect(await createButton().count()).toBe(0);
    await failNext('clouds.offer', 'cloud.unreachable', 'No answer in 30 seconds.');
    await page.getByRole('combobox', { name: 'Account' }).click();
    await page.getByRole('option', { name: /Away/ }).click();
    await page.getByText('No answer in 30 seconds.').waitFor();
    await button('Ask again').click();
    await createButton().waitFor();
  });
});

describe('the third door', () => {
  it('is named after the provider and leads to the form, which asks for an account first', async () => {
    await show('empty');
    await button(/^A DigitalOcean droplet/).click();
    await page.getByText('Connect an account first').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await show('clouds-first-run');
    await button(/^A DigitalOcean droplet.*About two minutes$/).click();
    await createButton().waitFor();
  });

  it('stands in the page that adds a host, too', async () => {
    await show('empty', { type: 'add-host' });
    await button('Create one at a provider').click();
    await expect.poll(() => frontView()).toEqual(createRef);
  });
});
