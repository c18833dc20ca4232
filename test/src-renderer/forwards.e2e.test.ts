/**
 * Ports, forwards and web apps in Chromium on fixtures: each row has the one click that it is for, each act asks of the plane
 * exactly what was meant, and an app's view gives way to what is in front of it.
 */
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { seriousFindings } from './fixture/axe.ts';
import { fixtureStage } from './fixture/fixture-stage.ts';
import './fixture/fixture-window.ts';

const stage = fixtureStage({ permissions: ['clipboard-read', 'clipboard-write'] });
const { calls, failNext } = stage;
let page: Page;

const body = (n: number) => String(n).padStart(20, '0');
const workspaceId = (n: number) => `ws_${body(n)}`;
const workspaceRef = (n: number) => ({ type: 'workspace', workspaceId: workspaceId(n) });
const appRef = (n: number) => ({ type: 'app', forwardId: `fwd_${body(n)}` });

async function load(scene = 'ports', isDesktop = false): Promise<void> {
  page = await stage.blank();
  await page
    .context()
    .route('http://*.localhost:47100/**', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<title>Shop</title><h1>Three things</h1>' }),
    );
  await stage.load(`?scene=${scene}${isDesktop ? '&desktop' : ''}`);
  await page.getByRole('tablist').first().waitFor();
}

const open = (ref: object) =>
  page.evaluate((value) => window.fixture.app.view.actions.open(value as never), ref);
const run = (id: string, subject: object | null) =>
  page.evaluate(
    ([command, thing]) => window.fixture.runCommand(window.fixture.app, command as string, thing as never),
    [id, subject] as const,
  );
const called = (method: string) => expect.poll(() => calls(method), { timeout: 10_000 });
const shown = () => page.getByRole('tabpanel').and(page.locator(':visible'));
const row = (port: number) =>
  shown()
    .getByRole('list', { name: 'Ports' })
    .getByRole('listitem')
    .filter({ has: page.getByText(String(port), { exact: true }) });
const dialog = () => page.getByRole('dialog');
const inDialog = (name: string) => dialog().getByRole('button', { name, exact: true });

describe('the ports of a workspace', () => {
  it('each have the one click that they are for', async () => {
    await load();
    await open(workspaceRef(1));
    await row(3000).getByRole('button', { name: 'Open port 3000' }).click();
    await page.frameLocator('iframe').getByText('Three things').waitFor();
    await called('forwards.openPort').toEqual([{ workspaceId: workspaceId(1), port: 3000 }]);

    await open(workspaceRef(1));
    await row(11_211).getByRole('button', { name: 'Forward', exact: true }).click();
    await called('forwards.create').toEqual([{ workspaceId: workspaceId(1), port: 11_211, kind: 'tcp' }]);
    await page.getByText('Port 11211 is reached at 127.0.0.1:11211').waitFor();

    await row(5432).getByRole('button', { name: 'Copy address', exact: true }).click();
    await page.getByText('127.0.0.1:5432 is in the clipboard').waitFor();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('127.0.0.1:5432');

    await row(5900).getByRole('button', { name: 'Open screen' }).click();
    await expect
      .poll(() => page.evaluate(() => JSON.stringify(window.fixture.app.view.getState().root)))
      .toContain('"type":"screen"');
  });

  it('are asked what they speak where nobody knows, and a database is no page', async () => {
    await load();
    await open(workspaceRef(1));
    await row(9229).getByRole('button', { name: 'Open port 9229' }).click();
    await page.getByText('Port 9229 did not answer in HTTP').waitFor();
    await called('forwards.probe').toEqual([{ workspaceId: workspaceId(1), port: 9229 }]);
    expect(await calls('forwards.openPort')).toEqual([]);
    await page.getByRole('button', { name: 'Forward it' }).click();
    await called('forwards.create').toEqual([{ workspaceId: workspaceId(1), port: 9229, kind: 'tcp' }]);
  });

  it('open in the browser through a link that lets in once, by the setting or the other way', async () => {
    await load('ports-browser');
    await open(workspaceRef(1));
    const opened = page.context().waitForEvent('page');
    await row(3000).getByRole('button', { name: 'Open port 3000' }).click();
    const app = await opened;
    await app.getByText('Three things').waitFor();
    expect(app.url()).toMatch(/^http:\/\/api-server-3000\.localhost:47100\/\.berth\/enter#ticket-/);
    expect(await app.evaluate(() => window.opener === null)).toBe(true);
    expect(await calls('forwards.open')).toEqual([{ id: `fwd_${body(1)}` }]);
    await row(3000)
      .getByRole('button', { name: 'Open port 3000' })
      .click({ modifiers: ['Control'] });
    await page.frameLocator('iframe').getByText('Three things').waitFor();
  });

  it('say what to do where there are none, and why where they cannot be seen', async () => {
    await load();
    await open(workspaceRef(4));
    await shown()
      .getByText(/Start a server in a terminal/)
      .waitFor();
    await page.evaluate((id) => {
      window.fixture.plane.put('workspacePorts', {
        ...{ id, ports: [] },
        problem: { code: 'snapshot.tools-missing', message: 'atlas has no python3.', details: {} },
      } as never);
    }, workspaceId(4));
    await shown().getByText('atlas has no python3.').first().waitFor();
  });

  it('have nothing serious for axe, in either theme', async () => {
    await load();
    await open(workspaceRef(1));
    await row(3000).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });
});

describe('a forward', () => {
  it('is stopped, started, restarted and removed from its menu, and removal can be undone', async () => {
    await load();
    await open({ type: 'ports' });
    const act = async (name: string, what: string) => {
      await shown()
        .getByRole('button', { name: `Acts on ${name}`, exact: true })
        .click();
      await page.getByRole('menuitem', { name: what, exact: true }).click();
    };
    await act('Shop', 'Stop forward');
    await called('forwards.stop').toEqual([{ id: `fwd_${body(1)}` }]);
    await act('Shop', 'Start forward');
    await called('forwards.start').toEqual([{ id: `fwd_${body(1)}` }]);
    await act('port 6379', 'Restart forward');
    await called('forwards.restart').toEqual([{ id: `fwd_${body(7)}` }]);
    await act('port 5432', 'Remove forward');
    await called('forwards.remove').toEqual([{ id: `fwd_${body(2)}` }]);
    await page.getByRole('button', { name: 'Undo' }).click();
    await called('forwards.create').toEqual([
      {
        ...{ workspaceId: workspaceId(1), kind: 'tcp', name: null, port: 5432, protocol: 'tcp' },
        localPort: 5432,
      },
    ]);
  });

  it('is counted in the status bar, with a mark for those that wait, and leads to the list', async () => {
    await load();
    const item = page.getByRole('button', { name: /forwards/ }).filter({ hasText: '5' });
    await item.click();
    await shown().getByRole('heading', { level: 1, name: 'Ports' }).waitFor();
    await expect.poll(() => item.getAttribute('title')).toContain('waiting or failed: 3');
  });

  it('is found among many by its words', async () => {
    await load();
    await open({ type: 'ports' });
    await shown().getByLabel('Find forwards').fill('notebook waiting');
    await shown().getByText('1 of 9').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('is chosen first where a command is run with none in front', async () => {
    await load();
    await run('forward.restart', null);
    await dialog()
      .getByRole('button', { name: /Debugger of api-server/ })
      .click();
    await called('forwards.restart').toEqual([{ id: `fwd_${body(4)}` }]);
  });
});

describe('the dialog of a new forward', () => {
  it('says in plain words what it makes, and what is known of its ports', async () => {
    await load('ports', true);
    await run('forward.new', { kind: 'workspace', id: workspaceId(1) });
    await dialog()
      .getByRole('radio', { name: /TCP port/ })
      .click();
    await dialog().getByLabel('Port in api-server').fill('11211');
    await dialog().getByText('memcached listens on 11211.').waitFor();
    await dialog()
      .getByText('Programs on this computer reach port 11211 of api-server at 127.0.0.1:11211, or at another')
      .waitFor();
    await dialog()
      .getByLabel(/Local port/)
      .fill('5432');
    await dialog()
      .getByText(/used by the forward to port 5432/)
      .waitFor();
    await inDialog('Forward').click();
    expect(await calls('forwards.create')).toEqual([]);
    expect(await seriousFindings(page)).toEqual([]);
    await dialog()
      .getByLabel(/Local port/)
      .fill('21211');
    await failNext('forwards.create', 'forward.port-taken', 'Another program listens on 127.0.0.1:21211.');
    await inDialog('Forward').click();
    await dialog().getByText('Another program listens on 127.0.0.1:21211.').waitFor();
    await dialog()
      .getByLabel(/Local port/)
      .and(page.locator(':focus'))
      .waitFor();
    await dialog()
      .getByLabel(/Local port/)
      .fill('21212');
    await inDialog('Forward').click();
    await dialog().waitFor({ state: 'detached' });
    expect((await calls('forwards.create')).at(-1)).toMatchObject({
      ...{ workspaceId: workspaceId(1), kind: 'tcp', port: 11_211, localPort: 21_212 },
    });
  });

  it('changes only what was changed', async () => {
    await load();
    await open({ type: 'ports' });
    await run('forward.edit', { kind: 'forward', id: `fwd_${body(6)}` });
    await dialog().getByLabel(/^Name/).fill('Notebook');
    await inDialog('Save').click();
    await called('forwards.edit').toEqual([{ id: `fwd_${body(6)}`, name: 'Notebook' }]);
    await shown().getByText('Notebook', { exact: true }).waitFor();
  });

  it('of rules keeps what is there, and refuses what is none', async () => {
    await load();
    await run('forward.rules', { kind: 'workspace', id: workspaceId(1) });
    await inDialog('Add rule').click();
    await dialog().getByLabel('First port of rule 2').fill('5000');
    await dialog().getByLabel('Last port of rule 2').fill('4000');
    await inDialog('Save rules').click();
    await dialog()
      .getByText('Must not be below the first')
      .or(dialog().getByText('must not be below the first'))
      .first()
      .waitFor();
    await dialog().getByLabel('Last port of rule 2').fill('');
    await dialog().getByText('Port 5000 is forwarded by itself, as a web app.').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await dialog().getByRole('switch').click();
    await inDialog('Save rules').click();
    await called('forwards.setRules').toEqual([
      {
        workspaceId: workspaceId(1),
        rules: [
          { fromPort: 8000, toPort: 8999, kind: 'app' },
          { fromPort: 5000, toPort: 5000, kind: 'app' },
        ],
        announces: false,
      },
    ]);
  });
});

describe('a port that appears', () => {
  const appear = (n: number, port: number) =>
    page.evaluate(
      ([id, number]) => {
        const listening = { reach: 'network', program: 'node', protocol: null, name: '' };
        window.fixture.plane.put('workspacePorts', {
          id,
          ports: [{ ...listening, port: number, sinceAt: new Date().toISOString() }],
          problem: null,
        } as never);
      },
      [workspaceId(n), port] as const,
    );

  it('is announced once, with what can be done, and never again where nobody wants it', async () => {
    await load();
    await appear(4, 3000);
    const note = page.getByText('empty listens on 3000');
    await note.waitFor();
    await page.getByRole('button', { name: 'Stop announcing' }).click();
    await called('forwards.setRules').toEqual([{ workspaceId: workspaceId(4), rules: [], announces: false }]);
    await page.getByText('New ports of empty are not announced any more').waitFor();
    await appear(4, 3001);
    await open(workspaceRef(4));
    await row(3001).waitFor();
    expect(await page.getByText('empty listens on 3001').count()).toBe(0);
  });

  it('is no news when the window has just come to see the workspace', async () => {
    await load();
    await appear(2, 3000);
    await appear(4, 4000);
    await page.getByText('empty listens on 4000').waitFor();
    expect(await page.getByText('notebook listens on 3000').count()).toBe(0);
  });
});

describe('the tab of an app', () => {
  it('says that its workspace does not run, starts it, and comes back by itself', async () => {
    await load();
    await open(appRef(6));
    await shown().getByText('notebook does not run').waitFor();
    expect(await page.locator('iframe').count()).toBe(0);
    await shown().getByRole('button', { name: 'Start workspace' }).waitFor();
    await page.evaluate((id) => {
      const { plane, app } = window.fixture;
      const { byId } = app.mirror.workspaces.getState();
      plane.put('workspaces', { ...byId.get(id), state: 'running', desired: 'running' } as never);
    }, workspaceId(2));
    await page.frameLocator('iframe').getByText('Three things').waitFor();
    await called('forwards.open').toEqual([{ id: `fwd_${body(6)}`, shownIn: 'frame' }]);
  });

  it('holds the app in a frame that cannot lead the window away', async () => {
    await load();
    await open(appRef(1));
    const frame = page.locator('iframe');
    await frame.waitFor();
    const sandbox = (await frame.getAttribute('sandbox'))?.split(' ') ?? [];
    expect(sandbox).toContain('allow-scripts');
    expect(sandbox.filter((word) => word.includes('top-navigation'))).toEqual([]);
    await page
      .frameLocator('iframe')
      .locator('h1')
      .evaluate(() => {
        try {
          window.top!.location.href = 'https://example.org/';
        } catch {
          // As it should be.
        }
      });
    expect(page.url()).toContain(stage.url());
    // The browser says so in its console, which is all that comes of it.
    stage.forgive(/sandboxed|navigate/i);
  });

  it('says what to do where the app has no address, and tries again', async () => {
    await load();
    await failNext('forwards.open', 'app.no-address', 'Give Berth a domain for apps.');
    await open(appRef(1));
    await shown().getByText('Give Berth a domain for apps.').waitFor();
    await shown().getByRole('button', { name: 'Open in a new tab' }).first().waitFor();
    await shown().getByRole('button', { name: 'Try again' }).click();
    await page.frameLocator('iframe').getByText('Three things').waitFor();
  });

  it('closes when its forward is removed', async () => {
    await load();
    await open(appRef(1));
    await page.locator('iframe').waitFor();
    await page.evaluate((id) => window.fixture.plane.delete('forwards', id), `fwd_${body(1)}`);
    await page.locator('iframe').waitFor({ state: 'detached' });
  });
});

describe('the view of an app in the desktop', () => {
  const requests = (name: string) =>
    page.evaluate(
      (wanted) =>
        window.fixture.shell!.requests.filter((each) => each.name === wanted).map((each) => each.input),
      name,
    );
  const asked = (name: string) => expect.poll(() => requests(name), { timeout: 10_000 });
  const tell = (state: object) =>
    page.evaluate((value) => {
      const [opened] = window.fixture.shell!.requests.filter(({ name }) => name === 'appViewOpen');
      const { tabId } = opened!.input as { tabId: string };
      window.fixture.shell!.tell({ type: 'app-view', tabId, state: value as never });
    }, state);
  const page1 = {
    ...{ title: 'Shop', isLoading: false, canGoBack: true, canGoForward: false, failure: null },
    ...{ isStuck: false, zoomPercent: 100, found: null, url: '' },
  };
  /** Something that the shell says of the first app's tab. */
  const say = (event: object) =>
    page.evaluate((value) => {
      const [opened] = window.fixture.shell!.requests.filter(({ name }) => name === 'appViewOpen');
      const { tabId } = opened!.input as { tabId: string };
      window.fixture.shell!.tell({ ...value, tabId } as never);
    }, event);

  async function show(): Promise<void> {
    await load('ports', true);
    await open(appRef(1));
    await asked('appViewOpen').toHaveLength(1);
  }

  it('opens another page of the app beside it, which begins there again after a restart', async () => {
    await show();
    await say({ type: 'app-view-opened', path: '/print?id=7' });
    await asked('appViewOpen').toHaveLength(2);
    const [, beside] = (await requests('appViewOpen')) as { path: string; name: string; forwardId: string }[];
    expect(beside).toMatchObject({ path: '/print?id=7', forwardId: `fwd_${body(1)}`, name: 'Shop' });
    expect(await page.getByRole('tab', { name: /Shop/ }).count()).toBe(2);
  });

  it('is closed as a person closes it: its page may ask to stay', async () => {
    await show();
    const tab = page.getByRole('tab', { name: /Shop/ });
    await page.evaluate(() => window.fixture.shell!.answerWith('appViewLeave', { isLeft: false }));
    await page.keyboard.press('Control+w');
    await asked('appViewLeave').toHaveLength(1);
    expect(await tab.count()).toBe(1);
    await page.evaluate(() => window.fixture.shell!.answerWith('appViewLeave', { isLeft: true }));
    await page.keyboard.press('Control+w');
    await tab.waitFor({ state: 'detached' });
    await asked('appViewClose').toHaveLength(1);
  });

  it('is searched from a bar below its own, and gets the keyboard back after that', async () => {
    await show();
    await say({ type: 'app-view', state: page1 });
    await run('app.find', null);
    const field = page.getByRole('textbox', { name: 'Find in page' });
    await field.fill('basket');
    await asked('focusPage').toHaveLength(1);
    await say({ type: 'app-view', state: { ...page1, found: { count: 7, current: 1 } } });
    await page.getByText('1 of 7').waitFor();
    const ring = () => field.evaluate((element) => getComputedStyle(element).outlineStyle);
    expect(await ring()).toBe('solid');
    await field.press('Enter');
    await field.press('Shift+Enter');
    // Asked for again from the app, whose keys do not come here: the field has the keyboard, and what is in it is written over.
    await field.blur();
    expect(await ring()).toBe('none');
    await run('app.find', null);
    await asked('focusPage').toHaveLength(2);
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Find in page');
    expect(await page.evaluate(() => String(getSelection()))).toBe('basket');
    expect(await ring()).toBe('solid');
    await field.press('Escape');
    await field.waitFor({ state: 'detached' });
    const finds = (await requests('appViewFind')) as { text: string; isForward: boolean; isNew: boolean }[];
    expect(finds.map(({ text, isForward, isNew }) => [text, isForward, isNew])).toEqual([
      ['basket', true, true],
      ['basket', true, false],
      ['basket', false, false],
      ['', true, true],
    ]);
    expect(await requests('appViewAct')).toContainEqual(expect.objectContaining({ act: 'focus' }));
  });

  it('says how far it is zoomed, and is as it was made by one click', async () => {
    await show();
    await say({ type: 'app-view', state: { ...page1, zoomPercent: 125 } });
    await page.getByRole('button', { name: /Zoomed to 125/ }).click();
    expect(await requests('appViewAct')).toContainEqual(expect.objectContaining({ act: 'zoom-reset' }));
  });

  it('says that it does not answer, and is begun anew by one click', async () => {
    await show();
    await say({ type: 'app-view', state: { ...page1, isStuck: true } });
    await page.getByText(/does not answer/).waitFor();
    await page.getByRole('button', { name: 'Reload it' }).click();
    expect(await requests('appViewAct')).toContainEqual(expect.objectContaining({ act: 'revive' }));
    await say({ type: 'app-view', state: page1 });
    await page.getByText(/does not answer/).waitFor({ state: 'detached' });
  });

  it('is opened anew where it was closed while its tab stayed', async () => {
    await show();
    await say({ type: 'app-view-gone' });
    await asked('appViewOpen').toHaveLength(2);
  });

  it('asks for the name and password that its server wants, which go to the shell alone', async () => {
    await show();
    await say({ type: 'app-view-login', realm: 'Staff' });
    await dialog().getByText('“Staff”').waitFor();
    await dialog().getByLabel('Name').fill('dev');
    await dialog().getByLabel('Password', { exact: true }).fill('harbour');
    expect(await seriousFindings(page)).toEqual([]);
    await inDialog('Sign in').click();
    await asked('appViewLogin').toEqual([
      expect.objectContaining({ login: { username: 'dev', password: 'harbour' } }),
    ]);
    expect(await page.evaluate(() => JSON.stringify(window.fixture.plane.calls))).not.toContain('harbour');
    await say({ type: 'app-view-login', realm: '' });
    await inDialog('Cancel').click();
    await asked('appViewLogin').toHaveLength(2);
    expect((await requests('appViewLogin'))[1]).toMatchObject({ login: null });
  });

  it('tells how far a file is that it saves, and then where it is', async () => {
    await show();
    const download = {
      ...{ id: 'download-1', fileName: 'plan.pdf', from: 'Shop', folder: '/home/dev/Downloads' },
      ...{ phase: 'running', receivedBytes: 1_048_576, totalBytes: 4_194_304 },
    };
    const notices = page.locator('[data-notices]');
    await say({ type: 'download', download });
    await notices.getByText('From Shop: 1.0 MiB of 4.0 MiB').waitFor();
    await notices.getByRole('button', { name: 'Cancel' }).click();
    await asked('downloadCancel').toEqual([{ id: 'download-1' }]);
    await say({ type: 'download', download: { ...download, phase: 'done' } });
    await notices.getByText('plan.pdf is saved').waitFor();
    await notices.getByRole('button', { name: 'Show in folder' }).click();
    await asked('downloadShow').toEqual([{ id: 'download-1' }]);
    await say({ type: 'download', download: { ...download, id: 'download-2', phase: 'failed' } });
    await notices.getByText(/broke off after/).waitFor();
  });

  it('says which link was not opened, and gives its address', async () => {
    await show();
    await say({ type: 'app-view-refused', what: 'link', url: 'http://example.org/plain' });
    await page.getByText('A link of Shop was not opened').waitFor();
    await page.getByRole('button', { name: 'Copy address' }).last().click();
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toBe('http://example.org/plain');
  });

  it('stands exactly over its part of the window, and follows it', async () => {
    await show();
    const [opened] = (await requests('appViewOpen')) as { url: string; bounds: object }[];
    expect(opened?.url).toContain('#ticket-');
    const box = await page.locator('[data-app-view]').boundingBox();
    expect(opened?.bounds).toEqual({
      ...{ x: Math.ceil(box!.x), y: Math.ceil(box!.y) },
      ...{ width: Math.floor(box!.width), height: Math.floor(box!.height) },
    });
    const before = (await requests('appViewMove')).length;
    await page.setViewportSize({ width: 900, height: 700 });
    await expect.poll(async () => (await requests('appViewMove')).length).toBeGreaterThan(before);
  });

  it('gives way to the palette with a picture in its place, and comes back', async () => {
    await show();
    await page.keyboard.press('Control+k');
    await asked('appViewHide').toHaveLength(1);
    await page.locator('[data-app-view] img').waitFor();
    const moves = (await requests('appViewMove')).length;
    await page.keyboard.press('Escape');
    await expect.poll(async () => (await requests('appViewMove')).length).toBeGreaterThan(moves);
    await page.locator('[data-app-view] img').waitFor({ state: 'detached' });
  });

  it('gives way to its own menu, and is only made shorter for a notice', async () => {
    await show();
    await page.evaluate(() => window.fixture.app.notices.show({ title: 'Something is done' }));
    const height = async () =>
      ((await requests('appViewMove')) as { bounds: { height: number } }[]).at(-1)?.bounds.height ?? 0;
    const whole = ((await requests('appViewOpen')) as { bounds: { height: number } }[])[0]!.bounds.height;
    await expect.poll(height, { timeout: 10_000 }).toBeLessThan(whole);
    expect(await requests('appViewHide')).toEqual([]);
    await shown().getByRole('button', { name: 'Acts on Shop' }).click();
    await asked('appViewHide').toHaveLength(1);
  });

  it('hides with its tab, and closes with it', async () => {
    await show();
    await open({ type: 'settings' });
    await asked('appViewHide').toHaveLength(1);
    expect(await requests('appViewPicture')).toEqual([]);
    expect(await requests('appViewClose')).toEqual([]);
    await open(appRef(1));
    await page.keyboard.press('Control+w');
    await asked('appViewClose').toHaveLength(1);
  });

  it('has its address and its ways in the bar', async () => {
    await show();
    await tell({ ...page1, url: 'http://api-server-3000.localhost:47100/basket?n=3' });
    await shown().getByText('http://api-server-3000.localhost:47100/basket?n=3').waitFor();
    await shown().getByRole('button', { name: 'Back', exact: true }).click();
    await shown().getByRole('button', { name: 'Reload', exact: true }).click();
    const acts = (await requests('appViewAct')) as { act: string }[];
    expect(acts.map(({ act }) => act).filter((act) => act !== 'focus')).toEqual(['back', 'reload']);
    expect(
      await shown().getByRole('button', { name: 'Forward', exact: true }).getAttribute('aria-disabled'),
    ).toBe('true');
    await shown().getByRole('button', { name: 'Open in the browser' }).click();
    await asked('openExternal').toHaveLength(1);
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('tells why its page did not load, and is opened anew by one click', async () => {
    await show();
    await tell({ ...page1, url: '', failure: 'ERR_CONNECTION_REFUSED' });
    await shown()
      .getByText(/ERR_CONNECTION_REFUSED/)
      .waitFor();
    await asked('appViewHide').toHaveLength(1);
    await shown().getByRole('button', { name: 'Try again' }).click();
    await asked('appViewOpen').toHaveLength(2);
    await asked('appViewClose').toHaveLength(1);
  });

  it('leaves the window the keys of commands that can run, and makes its pane the one in front', async () => {
    await show();
    const sent = (await requests('appViewKeys')) as { keys: { chord: string; commandId: string }[] }[];
    const keys = new Map(sent.at(-1)!.keys.map(({ chord, commandId }) => [chord, commandId]));
    expect(keys.get('Ctrl+Shift+K')).toBe('go.palette');
    expect(keys.has('Ctrl+K')).toBe(false);
    await open({ type: 'settings' });
    await page.evaluate(() => {
      const [opened] = window.fixture.shell!.requests.filter(({ name }) => name === 'appViewOpen');
      const { tabId } = opened!.input as { tabId: string };
      window.fixture.shell!.tell({ type: 'app-view-focus', tabId });
    });
    await page.locator('[data-app-view]').waitFor();
  });

  it('has what its app stored forgotten when the forward is removed', async () => {
    await show();
    await page.evaluate((id) => window.fixture.plane.delete('forwards', id), `fwd_${body(1)}`);
    await asked('appViewForget').toEqual([{ forwardId: `fwd_${body(1)}` }]);
  });
});
