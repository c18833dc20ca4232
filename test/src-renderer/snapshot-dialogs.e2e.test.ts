/**
 * Making, restoring, scheduling, forking, moving, exporting and importing in Chromium on a fixture plane: each flow by
 * keyboard asks the plane for exactly what was chosen, once, errors stand at their fields, and axe finds nothing serious.
 */
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { seriousFindings } from './fixture/axe.ts';
import { fixtureStage } from './fixture/fixture-stage.ts';
import './fixture/fixture-window.ts';
import { run, snapshotWorkShots, workspaceRef } from './fixture/snapshot-work-shots.ts';

const stage = fixtureStage();
const { calls, failNext, open } = stage;
let page: Page;

async function show(scene = 'snapshot-work') {
  page = await stage.show(scene);
}

const body = (n: number) => String(n).padStart(20, '0');
const wsId = (n: number) => `ws_${body(n)}`;
const snapId = (n: number) => `snap_${body(n)}`;
const hostId = (n: number) => `host_${body(n)}`;
const ws = (n: number) => ({ kind: 'workspace', id: wsId(n) });
const snap = (n: number) => ({ kind: 'snapshot', id: snapId(n) });
const dialog = () => page.getByRole('dialog');
const alertDialog = () => page.getByRole('alertdialog');
const press = async (...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key);
};
const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
/** Moves the keyboard on until it is on the button or field with this name. */
async function tabTo(name: string | RegExp, role: 'button' | 'textbox' | 'switch' | 'radio' | 'combobox') {
  const wanted = page.getByRole(role, { name });
  for (let n = 0; n < 40; n += 1) {
    if (await wanted.evaluateAll((all) => all.some((one) => one === document.activeElement))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to ${String(name)}`);
}

describe('axe, dark and light', () => {
  it.each(snapshotWorkShots)('finds nothing serious in $name', async ({ scene, act }) => {
    await show(scene);
    await act(page);
    expect(await seriousFindings(page)).toEqual([]);
  });
});

describe('taking a snapshot', () => {
  it('takes one at once by its key, once however often it is pressed, and adds a note when it is made', async () => {
    await show();
    await open(workspaceRef(1));
    await press('Alt+Shift+S', 'Alt+Shift+S');
    await page.getByText('Taking a snapshot of api-server').waitFor();
    expect(await calls('snapshots.create')).toEqual([{ workspaceId: wsId(1) }]);
    await page.getByText('0 % — estimating…').first().waitFor();
    await page.getByRole('button', { name: 'Add a note' }).click();
    await dialog().getByText('as soon as it is made').waitFor();
    await page.keyboard.type('Before the upgrade');
    await tabTo('Add note', 'button');
    await press('Enter');
    await dialog().waitFor({ state: 'hidden' });
    expect(await calls('snapshots.change')).toEqual([]);
    await page.evaluate((own) => {
      const { plane, app } = window.fixture;
      const operation = app.mirror.operations
        .getState()
        .items.find(({ kind, subject }) => kind === 'snapshot.create' && subject.id === own);
      const model = app.mirror.snapshots.getState().items[0];
      if (!operation || !model) throw new Error('There is no operation or no snapshot');
      plane.put('snapshots', { ...model, id: `snap_${operation.id.slice(3)}`, note: '' } as never);
      plane.put('operations', {
        ...operation,
        state: 'succeeded',
        canCancel: false,
        endedAt: new Date().toISOString(),
      } as never);
    }, wsId(1));
    await page.getByText('Took a snapshot of api-server').waitFor();
    await expect.poll(() => calls('snapshots.change')).toMatchObject([{ note: 'Before the upgrade' }]);
  });

  it('asks which one where there is no workspace in front', async () => {
    await show();
    await press('Alt+Shift+S');
    await dialog().getByText('Take a snapshot of which workspace?').waitFor();
    await expect.poll(focused).toContain('api-server');
    await press('ArrowDown', 'ArrowDown', 'ArrowUp', 'ArrowUp', 'Enter');
    await page.getByText('Taking a snapshot of api-server').waitFor();
    expect(await calls('snapshots.create')).toEqual([{ workspaceId: wsId(1) }]);
  });

  it('takes one with name and note, says which field is wrong beside it, and asks once for two presses', async () => {
    await show();
    await open(workspaceRef(1));
    await run(page, 'snapshot.create', ws(1));
    await dialog().waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('INPUT');
    await page.keyboard.type(' before ');
    await press('Tab');
    await page.keyboard.type('why');
    await press('Tab', 'ArrowDown', 'ArrowDown');
    await expect
      .poll(() => dialog().getByRole('radio', { name: 'Goes on' }).getAttribute('aria-checked'))
      .toBe('true');
    await dialog()
      .getByRole('textbox', { name: /Command before/ })
      .fill('');
    await failNext('snapshots.create', 'snapshot.name-taken', 'Another snapshot has this name.');
    await dialog().getByRole('button', { name: 'Take snapshot' }).click();
    await page.getByText('Another snapshot has this name.').waitFor();
    await expect
      .poll(() => dialog().getByRole('textbox', { name: 'Name' }).getAttribute('aria-invalid'))
      .toBe('true');
    await dialog().getByRole('textbox', { name: 'Name' }).fill('after');
    await dialog().getByRole('switch', { name: 'Look for repeats far apart' }).press('Space');
    await dialog().getByRole('button', { name: 'Take snapshot' }).dblclick();
    await dialog().waitFor({ state: 'hidden' });
    const common = {
      ...{ workspaceId: wsId(1), note: 'why', consistency: 'live' },
      ...{ beforeCommand: null, afterCommand: null, repositoryId: null },
    };
    expect(await calls('snapshots.create')).toEqual([
      { ...common, name: 'before', longMatching: false },
      { ...common, name: 'after', longMatching: true },
    ]);
  });

  it('sends a failure of the host below the fields, and a wrong command to its field', async () => {
    await show();
    await open(workspaceRef(3));
    await run(page, 'snapshot.create', ws(3));
    await dialog().getByText('It is not running').waitFor();
    await failNext('snapshots.create', 'host.disk-full', 'The disk of This computer is full.');
    await press('Enter');
    await dialog().getByText('No snapshot was taken').waitFor();
    await dialog().getByText('The disk of This computer is full.').waitFor();
    await press('Escape');
    await dialog().waitFor({ state: 'hidden' });
    await run(page, 'snapshot.create', ws(1));
    await failNext('snapshots.create', 'invalid-input', 'Something is wrong.', {
      fields: ['beforeCommand: must not contain a zero byte'],
    });
    await dialog().getByRole('textbox', { name: 'Name' }).press('Enter');
    await dialog().getByText('must not contain a zero byte').waitFor();
    expect(await dialog().getByText('No snapshot was taken').count()).toBe(0);
  });
});

describe('restoring', () => {
  it('shows what changes, ends, goes and stays, and restores once', async () => {
    await show();
    await open(workspaceRef(1));
    await press('Alt+Shift+R');
    await dialog().getByText('Restore which snapshot?').waitFor();
    await page.keyboard.type('upgrade');
    await press('ArrowDown', 'Enter');
    await dialog().getByText('214 files go: they are not in the snapshot').waitFor();
    const region = (name: string) => dialog().getByRole('region', { name });
    await region('Ends').getByText('2 open terminals').waitFor();
    await region('Goes for good').getByText('37 files changed outside /home/dev').waitFor();
    await region('Kept').getByText('for 24 hours').waitFor();
    await region('Kept').getByText('A safety snapshot').waitFor();
    await tabTo('Which files', 'button');
    await press('Enter');
    await dialog().getByText('api/migrations/0016_drop_column.sql').waitFor();
    await tabTo('Take a safety snapshot first', 'switch');
    await press('Space');
    expect(await region('Kept').getByText('A safety snapshot').count()).toBe(0);
    await tabTo('Restore workspace', 'button');
    await dialog().getByRole('button', { name: 'Restore workspace' }).dblclick();
    await dialog().waitFor({ state: 'hidden' });
    expect(await calls('snapshots.restorePlan')).toEqual([{ id: snapId(2) }]);
    expect(await calls('snapshots.restore')).toEqual([{ id: snapId(2), makesSafetySnapshot: false }]);
  });

  it('cannot be begun while the plan is unknown, or where the disk is too small', async () => {
    for (const scene of ['restore-waits', 'restore-full', 'restore-fails']) {
      await show(scene);
      await run(page, 'snapshot.restore', snap(2));
      const button = dialog().getByRole('button', { name: 'Restore workspace' });
      if (scene === 'restore-full') await dialog().getByText('717 MiB free').waitFor();
      if (scene === 'restore-fails') await dialog().getByText('could not be found out').waitFor();
      await expect.poll(() => button.getAttribute('aria-disabled')).toBe('true');
      await button.click({ force: true });
      expect(await calls('snapshots.restore')).toEqual([]);
    }
    await show('restore-fails');
    await run(page, 'snapshot.restore', snap(2));
    await dialog().getByRole('button', { name: 'Ask again' }).click();
    await expect.poll(() => calls('snapshots.restorePlan')).toHaveLength(2);
  });

  it('is taken back after a question, and its old files are deleted only by name', async () => {
    await show();
    await open(workspaceRef(1));
    await page.getByRole('button', { name: 'Delete the files from before now…' }).press('Enter');
    await alertDialog().getByText('berth-1-before').waitFor();
    await page.keyboard.type('api');
    await press('Enter');
    expect(await calls('snapshots.endUndo')).toEqual([]);
    await press('Escape');
    await page.getByRole('button', { name: 'Go back', exact: true }).press('Enter');
    await alertDialog().getByText('Everything that changed in /home/dev since then').waitFor();
    // The first focus means no.
    await press('Enter');
    await alertDialog().waitFor({ state: 'hidden' });
    expect(await calls('snapshots.undoRestore')).toEqual([]);
    await page.getByRole('button', { name: 'Go back', exact: true }).press('Enter');
    await alertDialog().locator('button:focus').waitFor();
    await press('Tab', 'Enter');
    await expect.poll(() => calls('snapshots.undoRestore')).toEqual([{ workspaceId: wsId(1) }]);
    await page.getByText(/Restored to “before the upgrade”/).waitFor({ state: 'hidden' });
  });
});

describe('rules', () => {
  it('shows the next times live, errors at their fields, and saves exactly what was chosen, once', async () => {
    await show();
    await open(workspaceRef(1));
    await run(page, 'snapshot.rules', ws(1));
    await dialog()
      .getByText(/^Next:/)
      .waitFor();
    await dialog().getByRole('radio', { name: 'By cron words' }).press('Space');
    const cron = dialog().getByRole('textbox', { name: 'Cron words' });
    await expect.poll(() => cron.inputValue()).toBe('0 */6 * * *');
    await cron.fill('0 2 * *');
    await dialog().getByText('must be five words', { exact: false }).waitFor();
    await cron.fill('0 noon * * *');
    await dialog().getByText('must hold numbers, *, /, - and commas').waitFor();
    await dialog().getByRole('button', { name: 'Save rules' }).click();
    expect(await calls('snapshotRules.set')).toEqual([]);
    await expect.poll(() => cron.evaluate((one) => one === document.activeElement)).toBe(true);
    await dialog().getByRole('radio', { name: 'Weekly' }).press('Space');
    await dialog().getByRole('textbox', { name: 'At', exact: true }).fill('7:30');
    await dialog().getByRole('textbox', { name: 'From' }).fill('late');
    await dialog().getByText('must be a time of day as 22:00').waitFor();
    await dialog().getByRole('switch', { name: 'Quiet hours' }).press('Space');
    await dialog()
      .getByText(/^Next:/)
      .waitFor();
    const weekly = dialog().getByRole('textbox', { name: 'Weekly' });
    await weekly.fill('x');
    await dialog().getByText('0 to 1000').waitFor();
    await weekly.fill('');
    await dialog().getByRole('textbox', { name: 'Last' }).fill('3');
    await dialog().getByText('Now 4 snapshots stay').waitFor();
    await dialog().getByRole('button', { name: 'Save rules' }).dblclick();
    await dialog().waitFor({ state: 'hidden' });
    expect(await calls('snapshotRules.set')).toEqual([
      {
        ...{ id: wsId(1), schedule: '30 7 * * 1', timeZone: 'Europe/Berlin', quietHours: null },
        ...{ consistency: 'paused', beforeCommand: 'pg_dump app > ~/app.sql', afterCommand: null },
        ...{ repositoryId: null, keep: { last: 3, hourly: 0, daily: 7, weekly: 0, monthly: 12 } },
      },
    ]);
  });

  it('destroys only by its own button, by name, and only what was shown', async () => {
    await show();
    await open(workspaceRef(1));
    await run(page, 'snapshot.rules', ws(1));
    const destroy = dialog().getByRole('button', { name: /^Destroy 8/ });
    await destroy.press('Enter');
    await alertDialog().getByText('8 snapshots, 5.0 GiB').waitFor();
    await press('Enter');
    expect(await calls('snapshotRules.apply')).toEqual([]);
    await page.keyboard.type('api-server');
    await failNext('snapshotRules.apply', 'conflict', 'Another snapshot was made meanwhile.');
    await press('Enter');
    await dialog().getByText('Nothing was destroyed').waitFor();
    await expect.poll(async () => (await calls('snapshotRules.keepPlan')).length).toBeGreaterThan(1);
    await dialog().getByText(/^Now/).waitFor();
    await destroy.press('Enter');
    await alertDialog().locator('input:focus').waitFor();
    await page.keyboard.type('api-server');
    await press('Enter');
    await dialog().getByText('none would be destroyed').waitFor();
    const keep = { last: 5, hourly: 0, daily: 7, weekly: 4, monthly: 12 };
    const destroys = Array.from({ length: 8 }, (_, index) => snapId(6 + index));
    expect(await calls('snapshotRules.apply')).toEqual([
      { workspaceId: wsId(1), keep, destroys },
      { workspaceId: wsId(1), keep, destroys },
    ]);
    expect(await calls('snapshotRules.set')).toEqual([]);
  });
});

describe('forking and moving', () => {
  it('makes another workspace of a snapshot under a free name, once', async () => {
    await show();
    await run(page, 'snapshot.fork', snap(2));
    await failNext('workspaces.fork', 'workspace.name-taken', 'atlas has a workspace of this name.');
    const name = dialog().getByRole('textbox', { name: 'Name' });
    await name.press('Enter');
    await dialog().getByText('atlas has a workspace of this name.').waitFor();
    await name.fill('trial');
    await tabTo('Host', 'combobox');
    await press('Enter');
    await page.getByRole('option', { name: /do-fra1/ }).click();
    await dialog().getByRole('button', { name: 'Create workspace' }).dblclick();
    await page.getByRole('heading', { level: 1, name: 'trial' }).waitFor();
    expect(await calls('workspaces.fork')).toEqual([
      { snapshotId: snapId(2), name: 'api-server 2', hostId: null },
      { snapshotId: snapId(2), name: 'trial', hostId: hostId(2) },
    ]);
  });

  it('moves to the host that was chosen, once, and says what does not come along', async () => {
    await show();
    await open(workspaceRef(1));
    await run(page, 'workspace.move', ws(1));
    await dialog().getByText('2 open terminals').waitFor();
    await dialog().getByText('do-fra1 has 7.0 GiB free', { exact: false }).waitFor();
    await dialog().getByRole('button', { name: 'Move workspace' }).dblclick();
    await dialog().waitFor({ state: 'hidden' });
    expect(await calls('workspaces.move')).toEqual([{ id: wsId(1), hostId: hostId(2) }]);
  });

  it('confirms a move, or takes it back, from either side, by name', async () => {
    await show();
    await open(workspaceRef(5));
    await page.getByRole('button', { name: 'Take the move back…' }).press('Enter');
    await alertDialog().getByText('Everything that was changed in the copy').waitFor();
    await page.keyboard.type('crawler');
    await press('Enter');
    await expect.poll(() => calls('workspaces.cancelMove')).toEqual([{ id: wsId(4) }]);
    await page.getByRole('button', { name: 'Show the source' }).press('Enter');
    await page.getByRole('button', { name: 'Confirm: destroy the source…' }).last().press('Enter');
    await alertDialog().getByText('The container and the volume on atlas').waitFor();
    await page.keyboard.type('crawler');
    await press('Enter');
    await expect.poll(() => calls('workspaces.confirmMove')).toEqual([{ id: wsId(4) }]);
  });

  it('does not start the source of a move', async () => {
    await show();
    await open(workspaceRef(4));
    await page.getByText('This one is the source').waitFor();
    expect(await page.getByRole('button', { name: 'Start', exact: true }).count()).toBe(0);
  });
});

const content = Buffer.from(Uint8Array.from({ length: 1_300_000 }, (_, index) => (index * 7) % 251));
const sumOf = (bytes: Uint8Array) =>
  bytes.reduce((sum, byte, index) => (sum + byte * (index % 65_521)) % 2 ** 40, 0);

describe('importing', () => {
  async function choose(name = 'api-server 2026-11-25 14-05.tar.zst', scene = 'snapshot-work') {
    await show(scene);
    await open(workspaceRef(1));
    await run(page, 'snapshot.import', null);
    await dialog()
      .locator('input[type=file]')
      .setInputFiles({ name, mimeType: 'application/zstd', buffer: content });
  }

  it('sends every byte of the file up and tells when it is a snapshot', async () => {
    await choose();
    await tabTo('Workspace', 'combobox');
    await press('Enter');
    await page.getByRole('option', { name: 'api-server' }).click();
    await dialog().getByRole('button', { name: 'Import snapshot' }).dblclick();
    await page.getByText('Imported api-server 2026-11-25 14-05').waitFor();
    await dialog().waitFor({ state: 'hidden' });
    expect(await calls('snapshots.import')).toEqual([
      {
        id: expect.stringMatching(/^snap_[0-9a-z]{20}$/) as string,
        ...{ hostId: hostId(1), workspaceId: wsId(1), name: 'api-server 2026-11-25 14-05' },
        ...{ sizeBytes: content.byteLength, image: null, mountPoint: null },
      },
    ]);
    expect(await page.evaluate(() => window.fixture.plane.received)).toEqual({
      bytes: content.byteLength,
      sum: sumOf(content),
    });
  });

  it('names the member of an unsafe archive, and the fields that an archive of others lacks', async () => {
    await choose('from-a-stranger.tar.zst');
    await failNext('snapshots.import', 'snapshot.unsafe-archive', 'A name leads out of the folder.', {
      member: '../../etc/passwd',
    });
    await press('Tab', 'Enter');
    await dialog().getByText('../../etc/passwd').first().waitFor();
    await failNext('snapshots.import', 'invalid-input', 'It was not made by Berth.', {
      fields: ['image: must be given for an archive that Berth did not make'],
    });
    await dialog().getByRole('button', { name: 'Import snapshot' }).click();
    await dialog().getByText('must be given for an archive').waitFor();
    await dialog().getByRole('textbox', { name: 'Image' }).fill('debian:12');
    await dialog().getByRole('textbox', { name: 'Its files belong in' }).fill('home');
    await dialog().getByRole('button', { name: 'Import snapshot' }).click();
    await dialog().getByText('must be an absolute path as /home/dev').waitFor();
    expect(await calls('snapshots.import')).toHaveLength(2);
    await dialog().getByRole('textbox', { name: 'Its files belong in' }).fill('/home/dev');
    await dialog().getByRole('button', { name: 'Import snapshot' }).click();
    await page.getByText('Imported from-a-stranger').waitFor();
    expect((await calls('snapshots.import')).at(-1)).toMatchObject({
      image: 'debian:12',
      mountPoint: '/home/dev',
    });
  });

  it('sends again under the same id what the connection cut off', async () => {
    await choose();
    await failNext('snapshots.import', 'connection-lost', 'The connection was lost.');
    await dialog().getByRole('button', { name: 'Import snapshot' }).click();
    await dialog().getByText('The file is still chosen').waitFor();
    await dialog().getByRole('button', { name: 'Send again' }).click();
    await page.getByText('Imported api-server').waitFor();
    const ids = ((await calls('snapshots.import')) as { id: string }[]).map(({ id }) => id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('is cancelled, and asks before a window with work in it closes', async () => {
    await choose('a.tar.zst', 'import-stalls');
    await dialog()
      .locator('input[type=file]')
      .setInputFiles({ name: 'b.tar.zst', mimeType: 'application/zstd', buffer: Buffer.alloc(3_000_000, 1) });
    await dialog().getByRole('button', { name: 'Import snapshot' }).click();
    await dialog()
      .getByText(/1\.0\sMiB of 2\.9\sMiB sent/)
      .first()
      .waitFor();
    await press('Escape');
    await alertDialog().getByText('Stop the import?').waitFor();
    await press('Escape');
    await alertDialog().waitFor({ state: 'hidden' });
    await dialog().getByRole('button', { name: 'Cancel import' }).click();
    await dialog().getByText('The import was stopped').waitFor();
    expect(await page.getByText('Imported').count()).toBe(0);
  });
});

describe('exporting', () => {
  it('saves the stream of the snapshot as a file', async () => {
    await show();
    await page.evaluate(() => {
      // Without a picker of files, as in Firefox: the file comes as a download.
      Reflect.deleteProperty(window, 'showSaveFilePicker');
      Reflect.deleteProperty(Window.prototype, 'showSaveFilePicker');
    });
    await run(page, 'snapshot.export', snap(2));
    const download = page.waitForEvent('download');
    await dialog().getByRole('button', { name: 'Export snapshot' }).dblclick();
    expect((await download).suggestedFilename()).toMatch(/^api-server \d{4}-\d\d-\d\d \d\d-\d\d\.tar\.zst$/);
    expect(await calls('snapshots.export')).toEqual([{ id: snapId(2) }]);
  });
});

describe('repositories', () => {
  it('says which field is wrong, adds one, and shows its key once', async () => {
    await show();
    await open({ type: 'repositories' });
    await page.getByRole('button', { name: 'Add repository' }).press('Enter');
    await press('Enter');
    await dialog().getByText('must not be empty').waitFor();
    await dialog().getByText('must be an absolute path on the host').waitFor();
    expect(await calls('repositories.add')).toEqual([]);
    await dialog().getByRole('textbox', { name: 'Name' }).fill('Spaces');
    await dialog().getByRole('radio', { name: 'Object storage (S3)' }).press('Space');
    await dialog().getByRole('textbox', { name: 'Endpoint' }).fill('https://fra1.example');
    await dialog().getByRole('textbox', { name: 'Bucket' }).fill('berth');
    await dialog().getByRole('textbox', { name: 'Access key', exact: true }).fill('AK');
    await dialog().getByLabel('Secret access key').fill('very secret');
    await failNext('repositories.add', 'repository.name-taken', 'Another repository is called so.');
    await dialog().getByRole('button', { name: 'Make repository' }).click();
    await dialog().getByText('Another repository is called so.').waitFor();
    await dialog().getByRole('textbox', { name: 'Name' }).fill('Spaces 2');
    await dialog().getByRole('button', { name: 'Make repository' }).dblclick();
    await dialog().getByText('Rk4T-9wQm').waitFor();
    const input = {
      hostId: hostId(1),
      place: {
        ...{ kind: 's3', endpoint: 'https://fra1.example', bucket: 'berth', prefix: '', region: '' },
        accessKeyId: 'AK',
      },
      ...{ key: null, secret: 'very secret' },
    };
    expect(await calls('repositories.add')).toEqual([
      { ...input, name: 'Spaces' },
      { ...input, name: 'Spaces 2' },
    ]);
    await press('Escape');
    await alertDialog().getByText('Close without keeping the key?').waitFor();
    await press('Escape');
    await dialog().getByRole('checkbox', { name: 'I have kept the key' }).press('Space');
    await dialog().getByRole('button', { name: 'Done' }).press('Enter');
    await dialog().waitFor({ state: 'hidden' });
    await page.getByRole('heading', { name: 'Spaces 2' }).waitFor();
  });

  it('checks one, and forgets one by name', async () => {
    await show();
    await open({ type: 'repositories' });
    const row = page.getByRole('listitem').filter({ hasText: 'NAS in the cellar' });
    await row.getByRole('button', { name: 'Check' }).dblclick();
    await row.getByText('good').waitFor();
    await row.getByRole('button', { name: 'Remove…' }).press('Enter');
    await alertDialog().getByText('All data in sftp://backup@nas.example:2222/berth').waitFor();
    await page.keyboard.type('NAS in the cellar');
    await press('Enter');
    await row.waitFor({ state: 'hidden' });
    expect(await calls('repositories.remove')).toEqual([{ id: `repo_${body(2)}` }]);
    expect((await calls('repositories.check'))[0]).toEqual({ id: `repo_${body(2)}` });
  });
});

describe('the status bar', () => {
  it('says how far a snapshot is, that a workspace stands still, and which disk fills', async () => {
    await show();
    const bar = page.locator('footer').last();
    await bar.getByText(/snapshot 62\s% — 0:1\d left/).waitFor();
    await bar.getByText('stands still').waitFor();
    await bar.getByText('disk 91 % full').waitFor();
    await page.evaluate(() => {
      void window.fixture.plane.call('settings.change', { snapshotDiskWarningPercent: 95 });
    });
    await bar.getByText('disk 91 % full').waitFor({ state: 'hidden' });
  });
});
