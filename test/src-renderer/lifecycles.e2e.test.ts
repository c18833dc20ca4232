/** Lifecycles in Chromium on fixtures: the warning, the policy, the timeline and leases ask of the plane what was chosen. */
import type { Page } from 'playwright';
import { expect, it } from 'vitest';
import { seriousFindings } from './fixture/axe.ts';
import { fixtureStage } from './fixture/fixture-stage.ts';
import './fixture/fixture-window.ts';

const stage = fixtureStage();
const { calls } = stage;
let page: Page;

const workspaceId = 'ws_00000000000000000001';
const hostId = 'host_00000000000000000001';

async function show(scene: string, ref: object, colorScheme: 'dark' | 'light'): Promise<void> {
  page = await stage.show(scene, { colorScheme });
  await stage.open(ref);
}

const shown = () => page.getByRole('tabpanel').and(page.locator(':visible'));
const button = (name: string) => shown().getByRole('button', { name, exact: true });

it('warns with a clock, and one click puts the end off', async () => {
  await show('lifecycles-ending', { type: 'workspace', workspaceId }, 'light');
  const clock = shown().getByRole('timer');
  await clock.getByText(/^api-server stops in 8:\d\d$/).waitFor();
  await page.getByRole('button', { name: /^idle stop in 8:/ }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await button('One more hour').first().click();
  await clock.waitFor({ state: 'detached' });
  expect(await calls('lifecycles.putOff')).toEqual([{ workspaceId, minutes: 60 }]);
  await shown()
    .getByText(/^Put off: nothing ends it by itself before/)
    .waitFor();
});

it('says of one that is stopped that it is destroyed soon, and puts that off', async () => {
  await show('lifecycles-last', { type: 'workspace', workspaceId }, 'dark');
  const clock = shown().getByRole('timer');
  await clock.getByText(/^api-server is destroyed in [78]:\d\d$/).waitFor();
  await shown()
    .getByText(/^Is destroyed in .* at the time that was set\.$/)
    .waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await button('Stops by itself…').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('At that time it is destroyed also when it was stopped before.').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.keyboard.press('ControlOrMeta+k');
  await page.keyboard.type('keep for another');
  await page.getByRole('option', { name: /^Keep for another hour/ }).click();
  await clock.waitFor({ state: 'detached' });
  expect(await calls('lifecycles.putOff')).toEqual([{ workspaceId, minutes: 60 }]);
});

it('says why it runs, what happened, and takes another policy', async () => {
  await show('lifecycles', { type: 'workspace', workspaceId }, 'dark');
  await shown().getByText('cargo runs · 1.8 processors · 2 connections on 3000').waitFor();
  await shown().getByText('Runs Mon–Fri from 08:00 to 19:00 (Europe/Berlin), and starts by itself').waitFor();
  expect(await shown().getByText('Made from the project “api”').count()).toBe(0);
  await shown()
    .getByRole('button', { name: /^Show \d earlier/ })
    .click();
  await shown().getByText('Made from the project “api”').waitFor();
  expect(await seriousFindings(page)).toEqual([]);

  await button('Stops by itself…').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('But not while these run').fill('cargo npm');
  await dialog.getByRole('switch', { name: 'Outside its hours' }).click();
  await dialog.getByRole('switch', { name: 'When it has run for long' }).click();
  expect(await seriousFindings(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(await calls('lifecycles.setPolicy')).toEqual([
    {
      workspaceId,
      policy: {
        idleMinutes: 60,
        keepAwake: [
          { kind: 'process', name: 'cargo' },
          { kind: 'process', name: 'npm' },
          { kind: 'connection', port: null },
        ],
        endAt: null,
        endAfterMinutes: null,
        endAction: 'stop',
        hours: null,
        leaseMinutes: 120,
      },
    },
  ]);
});

it('installs the lease timer on a click, and takes it off after asking', async () => {
  await show('lifecycles-ending', { type: 'host', hostId }, 'dark');
  await button('Install the lease timer').click();
  // It outlasts the host's record here, and acts on what has a lease.
  await page.getByRole('treeitem').first().click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Remove host' }).click();
  const removing = page.getByRole('alertdialog');
  await removing.getByText(/Its lease timer stays there/).waitFor();
  await removing.getByRole('button', { name: 'Cancel' }).click();
  await button('Take it off…').click();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('alertdialog').getByRole('button', { name: 'Take it off' }).click();
  await button('Install the lease timer').waitFor();
  expect(await calls('lifecycles.installLease')).toEqual([{ hostId }]);
  expect(await calls('lifecycles.removeLease')).toEqual([{ hostId }]);
});

it('says after a stop by itself what goes on costing, and offers the end of that', async () => {
  await show('lifecycles-stopping', { type: 'workspace', workspaceId }, 'dark');
  await page.evaluate((id) => {
    const { app, plane } = window.fixture;
    const lifecycle = app.mirror.lifecycles.getState().byId.get(id);
    const workspace = app.mirror.workspaces.getState().byId.get(id);
    plane.put('lifecycles', { ...lifecycle, judgement: 'off', next: null } as never);
    plane.put('workspaces', { ...workspace, state: 'stopped', startedAt: null } as never);
  }, workspaceId);
  const notice = page.getByLabel('New notifications');
  await notice.getByText('api-server stopped by itself').waitFor();
  await notice.getByText(/^Its machine atlas goes on costing \$/).waitFor();
  await shown()
    .getByText(/^Its machine atlas goes on costing \$/)
    .waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await notice.getByRole('button', { name: 'End it when idle…' }).click();
  await page.getByRole('dialog').getByText(/atlas/).first().waitFor();
});
