/**
 * The pages about work in Chromium on a fixture plane: axe finds nothing serious in any of them, and the two flows that
 * must not go wrong, making and destroying, ask the plane for exactly what was chosen.
 */
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { seriousFindings } from './fixture/axe.ts';
import { fixtureStage } from './fixture/fixture-stage.ts';
import './fixture/fixture-window.ts';

const stage = fixtureStage();
const { calls, open } = stage;
let page: Page;

async function show(scene: string) {
  page = await stage.show(scene);
}

const workspaceRef = (n: number) => ({ type: 'workspace', workspaceId: `ws_${String(n).padStart(20, '0')}` });

describe('axe, dark and light', () => {
  it('finds nothing serious on any page about work', async () => {
    await show('work');
    const refs = [
      ...['home', 'workspaces', 'projects', 'operations', 'credentials'].map((type) => ({ type })),
      { type: 'new-workspace', hostId: null, projectId: null },
      { type: 'project', projectId: 'proj_00000000000000000001' },
      { type: 'project', projectId: null },
      { type: 'operation', operationId: 'op_00000000000000000001' },
      { type: 'operation', operationId: 'op_00000000000000000002' },
      ...[1, 2, 4, 5, 6, 7, 8, 9].map(workspaceRef),
    ];
    for (const ref of refs) {
      await open(ref);
      expect([ref, await seriousFindings(page)]).toEqual([ref, []]);
    }
  });

  it('finds nothing serious in a log, details, the dialogs and the vault', async () => {
    await show('work');
    await open(workspaceRef(1));
    await page.getByRole('tab', { name: 'Log', exact: true }).click();
    await page.getByText(/request 159/).waitFor();
    await page.getByRole('textbox', { name: 'Find in log' }).fill('request 15');
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('tab', { name: 'Details' }).click();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'More acts' }).click();
    await page.getByRole('menuitem', { name: 'Destroy workspace' }).click();
    await page.getByRole('switch').click();
    expect(await seriousFindings(page)).toEqual([]);
    await show('vault-missing');
    await open({ type: 'credentials' });
    expect(await seriousFindings(page)).toEqual([]);
  });
});

describe('making a workspace', () => {
  it('says which field is wrong beside it, then makes the project once and the workspace of it', async () => {
    await show('work');
    await open({ type: 'new-workspace', hostId: null, projectId: null });
    await page.getByRole('combobox', { name: 'Project' }).click();
    await page.getByRole('option', { name: /A new project/ }).click();
    await page.getByLabel('Image').fill('Not An Image');
    await page.getByLabel('Memory').fill('512');
    await page.getByRole('button', { name: 'Create workspace' }).click();
    await page.getByText('must look like debian:12').waitFor();
    await page.getByText('must be a size with its unit').waitFor();
    expect(await calls('projects.create')).toEqual([]);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('placeholder'))).toBe('debian:12');

    await page.getByLabel('Image').fill('alpine:3.22');
    await page.getByLabel('Memory').fill('512 MiB');
    await page.evaluate(() =>
      window.fixture.plane.failNext(
        'workspaces.create',
        new window.fixture.BerthError('workspace.name-taken', 'atlas has a workspace of this name.'),
      ),
    );
    await page.getByRole('button', { name: 'Create workspace' }).click();
    await page.getByText('atlas has a workspace of this name.').waitFor();
    await page.getByLabel('Workspace name').fill('mine');
    // A password that Berth makes has no place to be kept in: the way there, and back to what was filled in.
    await page.evaluate(() =>
      window.fixture.plane.failNext(
        'workspaces.create',
        new window.fixture.BerthError('credential.keychain-unavailable', 'No keychain can be reached.'),
      ),
    );
    await page.getByRole('button', { name: 'Create workspace' }).click();
    await page.getByRole('button', { name: 'Open credentials' }).click();
    await page.getByRole('heading', { level: 1, name: 'Credentials' }).waitFor();
    await page.getByRole('tab', { name: 'New workspace' }).click();
    await page.getByRole('button', { name: 'Create workspace' }).click();
    await page.getByRole('heading', { level: 1, name: 'mine' }).waitFor();
    expect(await calls('projects.create')).toMatchObject([
      { name: 'Alpine', image: 'alpine:3.22', limits: { memoryBytes: 512 * 1024 ** 2 } },
    ]);
    expect(await calls('workspaces.create')).toMatchObject([
      { name: 'alpine', volumeName: null },
      { name: 'mine', volumeName: null },
      { name: 'mine', volumeName: null },
    ]);
  });
});

describe('destroying a workspace', () => {
  it('keeps the files unless asked, and then wants the name', async () => {
    await show('work');
    await open(workspaceRef(1));
    await page.getByRole('button', { name: 'More acts' }).click();
    await page.getByRole('menuitem', { name: 'Destroy workspace' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('region', { name: 'Kept' }).getByText('Volume berth-1').waitFor();
    await dialog.getByRole('switch').click();
    await dialog.getByRole('region', { name: 'Deleted for good' }).getByText('Volume berth-1').waitFor();
    const destroy = dialog.getByRole('button', { name: 'Destroy workspace and files' });
    await expect.poll(() => destroy.getAttribute('aria-disabled')).toBe('true');
    await dialog.getByRole('textbox').fill('api-serve');
    await dialog.getByRole('textbox').press('Enter');
    expect(await calls('workspaces.destroy')).toEqual([]);
    await dialog.getByRole('textbox').fill('api-server');
    await destroy.click();
    await dialog.waitFor({ state: 'hidden' });
    expect(await calls('workspaces.destroy')).toEqual([
      { id: workspaceRef(1).workspaceId, keepVolume: false },
    ]);
  });
});

describe('tabs of things', () => {
  it('stay while the thing is too new to be known, and close when it is gone', async () => {
    await show('work');
    const fresh = workspaceRef(70);
    await page.evaluate((ref) => {
      window.fixture.app.view.actions.open(ref as never);
      const { plane, app } = window.fixture;
      plane.put('workspaces', { ...app.mirror.workspaces.getState().items[0]! });
    }, fresh);
    await open(workspaceRef(3));
    await page.evaluate((id) => window.fixture.plane.delete('workspaces', id), workspaceRef(3).workspaceId);
    await page.getByRole('tab', { name: /^scratch/ }).waitFor({ state: 'detached' });
    await page.getByRole('tab', { name: /^Workspace/ }).waitFor();
  });
});
