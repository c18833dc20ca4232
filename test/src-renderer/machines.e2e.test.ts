/**
 * The page of a machine in Chromium on fixtures: each state says what it is and what it costs, and each act asks of the
 * plane exactly what was chosen, never before it was agreed to.
 */
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { seriousFindings } from './fixture/axe.ts';
import { fixtureStage } from './fixture/fixture-stage.ts';
import './fixture/fixture-window.ts';
import { machineId } from './machine-fixtures.ts';

const stage = fixtureStage({ permissions: ['clipboard-read', 'clipboard-write'] });
const { calls, failNext, open } = stage;
let page: Page;

async function show(n: number, scene = 'machines'): Promise<void> {
  page = await stage.show(scene);
  await open({ type: 'machine', machineId: machineId(n) });
}

const run = (id: string, n: number) =>
  page.evaluate(
    ([command, subject]) =>
      window.fixture.runCommand(window.fixture.app, command, { kind: 'machine', id: subject as never }),
    [id, machineId(n)] as const,
  );
const shown = () => page.getByRole('tabpanel').and(page.locator(':visible'));
const button = (name: string) => shown().getByRole('button', { name, exact: true });
const dialog = () => page.getByRole('dialog');
const ask = () => page.getByRole('alertdialog');
const inDialog = (name: string) => dialog().getByRole('button', { name, exact: true });

describe('a machine that is made', () => {
  it('says what it is and costs, and leads to its host and to a first workspace', async () => {
    await show(1);
    await shown().getByText('Droplet in Frankfurt 1').waitFor();
    await shown().getByText('$0.03571 an\u00a0hour, $24.00 a\u00a0month').first().waitFor();
    await shown().getByText('Together at least $2.42').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await button('Copy IPv4 address').click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('203.0.113.1');
    await button('do-fra1').click();
    await shown().getByText('A rented machine').waitFor();
    await button('Open machine').click();
    await button('Create a workspace').click();
    await page.getByRole('heading', { level: 1, name: 'New workspace' }).waitFor();
    expect(await shown().getByRole('combobox', { name: 'Host' }).textContent()).toContain('do-fra1');
  });

  it('is switched off, cut and given backups only after it was said what that means', async () => {
    await show(1);
    await run('machine.power-off', 1);
    await ask()
      .getByText(/Switched off it costs the same: \$0\.03571/)
      .waitFor();
    await ask().getByRole('button', { name: 'Cancel' }).click();
    await run('machine.cut', 1);
    await ask().getByText('What was not written to its disk yet').waitFor();
    await ask()
      .getByText(/It stays off until it is switched on, and costs the same: \$0\.03571/)
      .waitFor();
    expect(await calls('machines.power')).toEqual([]);
    await ask().getByRole('button', { name: 'Cut the power' }).click();
    await shown().getByText('Ask the provider').waitFor();
    expect(await calls('machines.power')).toEqual([{ id: machineId(1), action: 'cut' }]);
    // Nothing else begins while that works on it.
    expect(await button('Resize…').getAttribute('aria-disabled')).toBe('true');
  });

  it('with backups says what they add, and that they go with it', async () => {
    await show(5);
    await button('Resize…').click();
    await dialog().getByText('$0.08572 an\u00a0hour, $57.60 a\u00a0month, with backups').waitFor();
    await page.keyboard.press('Escape');
    for (const id of ['machine.hibernate', 'machine.destroy']) {
      await run(id, 5);
      await dialog().getByText('The provider’s backups of it').waitFor();
      await page.keyboard.press('Escape');
      await dialog().waitFor({ state: 'detached' });
    }
    // One without has none to lose.
    await run('machine.destroy', 1);
    await dialog().getByText('The machine, with its disk and address').waitFor();
    expect(await dialog().getByText('The provider’s backups').count()).toBe(0);
  });

  it('is resized at the price that was seen; its disk grows only where the box is ticked', async () => {
    await show(1);
    await button('Resize…').click();
    await expect.poll(() => inDialog('Resize machine').getAttribute('aria-disabled')).toBe('true');
    await dialog()
      .getByRole('radio', { name: /4.CPUs/ })
      .click();
    await dialog()
      .getByText(/This cannot be undone/)
      .waitFor();
    await failNext('machines.resize', 'cloud.price-changed', 'It costs $0.08 an hour now.');
    await inDialog('Resize machine').click();
    await dialog().getByText('It costs $0.08 an hour now.').waitFor();
    await inDialog('Read the prices again').click();
    await dialog().getByRole('checkbox').click();
    await inDialog('Resize machine').click();
    await dialog().waitFor({ state: 'detached' });
    const wish = { id: machineId(1), size: 's-4vcpu-8gb', hourlyUsd: 0.07143 };
    expect(await calls('machines.resize')).toEqual([
      { ...wish, growsDisk: false },
      { ...wish, growsDisk: true },
    ]);
    expect((await calls('clouds.offer')).length).toBeGreaterThan(2);
  });

  it('is rebuilt and put back to a snapshot only when its name is typed', async () => {
    await show(1);
    await button('Rebuild…').click();
    await dialog().getByText('The workspace api-server, with its files').waitFor();
    await dialog().getByRole('textbox').fill('do-fra');
    await page.keyboard.press('Enter');
    expect(await calls('machines.rebuild')).toEqual([]);
    await dialog().getByRole('combobox', { name: 'System' }).click();
    await page.getByRole('option', { name: /Ubuntu/ }).click();
    await dialog().getByRole('textbox').fill('do-fra1');
    await page.keyboard.press('Enter');
    await dialog().waitFor({ state: 'detached' });
    expect(await calls('machines.rebuild')).toEqual([
      { id: machineId(1), image: 'ubuntu-24-04-x64', name: 'do-fra1' },
    ]);
    await open({ type: 'machine', machineId: machineId(5) });
    await button('Restore do-fra1 weekly').click();
    await dialog()
      .getByText(/Everything that came onto its disk after/)
      .waitFor();
    await page.keyboard.press('Enter');
    expect(await calls('machines.restoreSnapshot')).toEqual([]);
    await dialog().getByRole('textbox').fill('switched-off');
    await page.keyboard.press('Enter');
    await dialog().waitFor({ state: 'detached' });
    expect(await calls('machines.restoreSnapshot')).toEqual([
      { id: machineId(5), snapshot: '180003', name: 'switched-off' },
    ]);
  });

  it('is renamed, reached over SSH and ended as chosen; what is wrong stands at its field', async () => {
    await show(1);
    await button('Rename…').click();
    await dialog().getByLabel('Name').fill('in-trouble');
    await page.keyboard.press('Enter');
    await dialog().getByText('Another machine is called in-trouble.').waitFor();
    await page.keyboard.press('Escape');
    await button('Change SSH access').click();
    await dialog().getByRole('radio', { name: 'From these addresses' }).click();
    await dialog().getByRole('textbox', { name: 'Addresses' }).fill('not an address');
    await page.evaluate(() => {
      const { plane, BerthError } = window.fixture;
      plane.failNext(
        'machines.setSshAccess',
        BerthError.atField('sshAccess.addresses.0', 'must be an address'),
      );
    });
    await inDialog('Change access').click();
    await dialog()
      .getByText(/must be addresses or networks/i)
      .waitFor();
    await page.keyboard.press('Escape');
    await button('Change when it ends').click();
    await dialog().getByRole('switch', { name: 'At a time' }).click();
    await dialog().getByLabel('Day and time').fill('2020-01-01T10:00');
    await expect.poll(() => inDialog('Save').getAttribute('aria-disabled')).toBe('true');
    await dialog().getByLabel('Day and time').fill('2031-01-01T10:00');
    await dialog().getByRole('combobox', { name: 'Then' }).click();
    await page.getByRole('option', { name: /Put it to sleep/ }).click();
    expect(await seriousFindings(page)).toEqual([]);
    await inDialog('Save').click();
    await dialog().waitFor({ state: 'detached' });
    const at = await page.evaluate(() => new Date('2031-01-01T10:00').toISOString());
    expect(await calls('machines.setEnd')).toEqual([
      {
        id: machineId(1),
        end: { at, atAction: 'hibernate', idleMinutes: null, idleAction: 'destroy' },
      },
    ]);
    await shown()
      .getByText(/put it to sleep\./)
      .waitFor();
  });
});

describe('destroying', () => {
  it('shows what goes and what stays, and takes what was ticked, by keyboard alone', async () => {
    await show(1);
    await button('More acts').focus();
    await page.keyboard.press('Enter');
    const highlighted = page.locator('[role=menuitem]:focus');
    await highlighted.filter({ hasText: 'Open machine' }).waitFor();
    await page.keyboard.press('End');
    await highlighted.filter({ hasText: 'Destroy machine' }).waitFor();
    await page.keyboard.press('Enter');
    await dialog().getByText('3\u00a0workspaces of other people, with files').waitFor();
    await dialog().getByText('What stays costs at least $15.56 a\u00a0month.').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await dialog()
      .getByRole('checkbox', { name: /198\.51\.100\.7/ })
      .focus();
    await page.keyboard.press('Space');
    await dialog().getByText('What stays costs at least $10.56 a\u00a0month.').waitFor();
    await dialog().getByRole('textbox').focus();
    await page.keyboard.type('do-fra');
    await page.keyboard.press('Enter');
    expect(await calls('machines.destroy')).toEqual([]);
    await page.keyboard.type('1');
    await page.keyboard.press('Enter');
    await dialog().waitFor({ state: 'detached' });
    expect(await calls('machines.destroy')).toEqual([
      { id: machineId(1), name: 'do-fra1', leftovers: [{ kind: 'address', id: '198.51.100.7' }] },
    ]);
    await shown().getByText('Destroy “do-fra1”').first().waitFor();
  });

  it('that failed says so until it is put away, and is tried again with a fresh look', async () => {
    await show(8);
    await shown()
      .getByText(/resource is locked/)
      .waitFor();
    await shown().getByText('not destroyed', { exact: true }).waitFor();
    await button('Try again').click();
    await dialog().getByText('Gone for good').waitFor();
    expect(await calls('machines.destroyPlan')).toEqual([{ id: machineId(8) }]);
    await page.keyboard.press('Escape');
    await button('Put away').click();
    await shown().getByText('It is not destroyed yet').waitFor();
    expect(await calls('operations.clear')).toHaveLength(1);
  });
});

describe('the making', () => {
  it('shows its gates, the time that each may take, and its log, and stops only when agreed', async () => {
    await show(2);
    const steps = shown().getByRole('list', { name: 'Steps' });
    const now = steps.locator('[aria-current=step]');
    expect(await now.textContent()).toMatch(/It answers with the right host key.*\d:\d\d of 5:00/);
    await button('Log').click();
    await shown().getByText('Connection refused; this is usual for a minute').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await button('Cancel…').click();
    await ask().getByText('The droplet and all that was made for it at the provider').waitFor();
    expect(await calls('operations.cancel')).toEqual([]);
    await ask().getByRole('button', { name: 'Stop and destroy' }).click();
    await ask().waitFor({ state: 'detached' });
    expect(await calls('operations.cancel')).toHaveLength(1);
    // Its page goes with it; that nothing costs any more is said all the same.
    await page.evaluate((id) => {
      const { app, plane } = window.fixture;
      const operation = app.mirror.operations.getState().items.find(({ subject }) => subject.id === id);
      plane.delete('machines', id);
      plane.put('operations', {
        ...operation,
        ...{ id: operation?.id ?? '', state: 'cancelled', endedAt: new Date().toISOString() },
      } as never);
    }, machineId(2));
    await page.getByText('in-the-making is not made: what there was of it is destroyed').first().waitFor();
  });

  it('in trouble says so on the page of its operation, and leads to the choice', async () => {
    await show(3);
    const operationId = await page.evaluate((id) => {
      const { items } = window.fixture.app.mirror.operations.getState();
      return items.find(({ subject }) => subject.id === id)?.id;
    }, machineId(3));
    await open({ type: 'operation', operationId });
    await shown().getByRole('heading', { name: 'It waits for you' }).waitFor();
    await shown()
      .getByText(/Docker’s packages could not be fetched/)
      .first()
      .waitFor();
    await button('Choose what to do').click();
    await button('Keep waiting').waitFor();
  });

  it('in trouble offers what the plane offers, with what it costs, and sends the answer', async () => {
    await show(3);
    await shown()
      .getByText(/Docker’s packages could not be fetched/)
      .waitFor();
    await shown()
      .getByText(/It costs \$0\.03571 an\u00a0hour meanwhile/)
      .waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.evaluate((id) => {
      const { plane, app } = window.fixture;
      const machine = app.mirror.machines.getState().byId.get(id);
      if (machine?.trouble)
        plane.put('machines', {
          ...machine,
          trouble: { ...machine.trouble, choices: ['destroy', 'keep-waiting'] },
        } as never);
    }, machineId(3));
    await button('Try again').waitFor({ state: 'detached' });
    expect(await button('Keep it').count()).toBe(0);
    await button('Destroy it').click();
    await ask().getByRole('button', { name: 'Cancel' }).click();
    expect(await calls('machines.decide')).toEqual([]);
    await button('Keep waiting').click();
    await button('Keep waiting').waitFor({ state: 'detached' });
    expect(await calls('machines.decide')).toEqual([{ id: machineId(3), choice: 'keep-waiting' }]);
    await open({ type: 'machine', machineId: machineId(4) });
    await shown()
      .getByText(/costs \$0\.03571 an\u00a0hour, but it is no host yet/)
      .waitFor();
    await shown().getByText('Nothing answered on port 22 for ten minutes.').waitFor();
    expect(await button('Keep waiting').count()).toBe(0);
    await button('Finish setting up').click();
    await shown().getByText('Finish “unfinished”').waitFor();
    expect(await calls('machines.finish')).toEqual([{ id: machineId(4) }]);
  });
});

describe('sleep', () => {
  it('is chosen with what it costs and loses; a place that cannot be used says why', async () => {
    await show(1);
    await button('Hibernate…').click();
    await dialog().getByText('about $0.74 a month').waitFor();
    expect(await dialog().getByRole('radio', { name: 'Archives on this computer' }).isDisabled()).toBe(true);
    await dialog()
      .getByText(/2\.1 GiB free on this computer/)
      .waitFor();
    await dialog()
      .getByRole('radio', { name: /on atlas/ })
      .click();
    await dialog().getByText('Everything on its disk outside of workspaces').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await inDialog('Hibernate machine').click();
    await dialog().waitFor({ state: 'detached' });
    expect(await calls('machines.hibernate')).toEqual([
      { id: machineId(1), place: { kind: 'host', hostId: 'host_00000000000000000012' } },
    ]);
  });

  it('that did not come to its end is gone on with where the files are kept already', async () => {
    await show(12);
    await shown().getByText('It is not asleep yet').waitFor();
    await shown().getByText('Berth goes on with it by itself.').waitFor();
    await button('Try now').click();
    await shown().getByText('Hibernate “half-asleep”').waitFor();
    expect(await calls('machines.hibernate')).toEqual([
      { id: machineId(12), place: { kind: 'machine-snapshot' } },
    ]);
  });

  it('that is tried again by itself says why it failed and when it is tried, there and to who looks elsewhere', async () => {
    await show(14, 'machines-retry');
    await page.getByText('did-not-end could not be put to sleep by itself, and costs').waitFor();
    await shown().getByText('DigitalOcean has locked it: write to them.').waitFor();
    await shown().getByText('and again by itself').waitFor();
    await open({ type: 'machine', machineId: machineId(13) });
    await shown().getByText('It did not end by itself').waitFor();
    // In the band and with the facts below it: both open the same.
    await button('Change when it ends').first().click();
    await dialog().waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('shows what it costs asleep and awake, on host and workspace too, without an error; waking says the price', async () => {
    await show(6);
    await shown().getByText('as a snapshot of the whole disk at DigitalOcean').waitFor();
    await open({ type: 'workspace', workspaceId: 'ws_00000000000000000003' });
    await shown().getByText('Its machine: asleep').waitFor();
    await open({ type: 'host', hostId: 'host_00000000000000000006' });
    await shown().getByText('$0.74 a\u00a0month asleep').waitFor();
    expect(await shown().getByRole('alert').count()).toBe(0);
    expect(
      await shown()
        .getByRole('button', { name: /Connect|Try again/ })
        .count(),
    ).toBe(0);
    await page
      .getByRole('treeitem', { name: /sleeper/ })
      .getByText('asleep', { exact: true })
      .waitFor({ state: 'attached' });
    expect(await seriousFindings(page)).toEqual([]);
    await button('Wake…').click();
    await dialog()
      .getByText(/Awake it costs \$0\.03571/)
      .waitFor();
    await dialog().getByRole('combobox', { name: 'Region' }).click();
    await page.getByRole('option', { name: 'New York 3' }).click();
    await dialog().getByText('A snapshot of the whole disk is brought there first').waitFor();
    await dialog().getByRole('combobox', { name: 'Size' }).click();
    await page.getByRole('option', { name: /16\.0 GiB memory/ }).click();
    await dialog().getByRole('checkbox', { name: 'Keep the snapshot that it slept in' }).click();
    await inDialog('Wake machine').click();
    await dialog().waitFor({ state: 'detached' });
    expect(await calls('machines.wake')).toEqual([
      { id: machineId(6), region: 'nyc3', size: 's-8vcpu-16gb', hourlyUsd: 0.14286, keepsSnapshot: true },
    ]);
  });

  it('of which this computer keeps the files wakes in any region at once: no snapshot is brought or kept', async () => {
    await show(15, 'machines-retry');
    await button('Wake…').click();
    await dialog().getByRole('combobox', { name: 'Region' }).click();
    await page.getByRole('option', { name: 'New York 3' }).click();
    await dialog()
      .getByText(/Awake it costs/)
      .waitFor();
    expect(await dialog().textContent()).not.toMatch(/snapshot of the whole disk|Keep the snapshot/);
  });
});

it('warns before a machine ends, also who looks elsewhere, and puts the end off', async () => {
  await show(9, 'machines-ending');
  await page.getByText('ending-soon is about to end').first().waitFor();
  await shown()
    .getByText(/In 1[34]:\d\d ending-soon is destroyed/)
    .waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await button('One more hour').click();
  await button('One more hour').waitFor({ state: 'detached' });
  const [put] = (await calls('machines.setEnd')) as { end: { at: string; idleMinutes: number } }[];
  expect(Date.parse(put!.end.at) - Date.now()).toBeGreaterThan(70 * 60_000);
  expect(put!.end.idleMinutes).toBe(120);
});

it('says what vanished means, forgets it when agreed, and says what could not be read', async () => {
  await show(7);
  await shown()
    .getByText(/It was destroyed there, and not by Berth/)
    .waitFor();
  await button('Forget…').click();
  await ask().getByRole('button', { name: 'Forget machine' }).click();
  await ask().waitFor({ state: 'detached' });
  expect(await calls('machines.forget')).toEqual([{ id: machineId(7) }]);
  await failNext('machines.snapshots', 'cloud.unreachable', 'DigitalOcean does not answer.');
  await open({ type: 'machine', machineId: machineId(10) });
  await shown().getByText('DigitalOcean does not answer.').waitFor();
  await button('Read again').click();
  await shown().getByText('DigitalOcean does not answer.').waitFor({ state: 'detached' });
  // A name of 63 letters and tags of 128 leave the page as wide as it is.
  const overflow = await shown().evaluate((panel) => panel.scrollWidth - panel.clientWidth);
  expect(overflow).toBe(0);
});
