/** What pages of apps want, and what becomes of it: asked, told, refused, or not heard. */
import type { DownloadItem } from 'electron';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ShellEvent } from '#contract/shell.ts';
import { FakeWindow, fakePage } from './fake-window.ts';

const opened: string[] = [];
const asked: { message: string; detail: string; defaultId: number }[] = [];
let answers: { response: number; checkboxChecked: boolean }[] = [];
let holdAnswer: Promise<void> = Promise.resolve();
vi.mock('electron', () => ({
  shell: { openExternal: async (url: string) => void opened.push(url) },
  dialog: {
    showMessageBox: async (_owner: unknown, options: (typeof asked)[number]) => {
      asked.push(options);
      await holdAnswer;
      return answers.shift() ?? { response: 1, checkboxChecked: false };
    },
  },
}));
const { createAppWishes } = await import('#main/desktop/app-wishes.ts');
const { createPersonQuestions } = await import('#main/desktop/person-questions.ts');
const { createAppPermissions } = await import('#main/desktop/app-permissions.ts');

const yes = { response: 0, checkboxChecked: false };
let nowMs = 0;
let told: ShellEvent[] = [];
let window: FakeWindow;
let app: ReturnType<typeof fakePage>;
let isSaving = true;
const permissions = () => createAppPermissions(() => app.page.origin);
let given = permissions;

function door() {
  const own = given();
  return createAppWishes({
    pages: () => [app.page],
    popups: {
      find: () => undefined,
      mayGo: () => false,
      ask: async () => false,
      open: () => ({ action: 'deny' }),
    },
    sessions: () => ({ find: () => ({ permissions: own }) as never }),
    questions: createPersonQuestions(),
    downloads: { begin: () => isSaving },
    tell: (event) => told.push(event),
    nowMs: () => nowMs,
  });
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  opened.length = 0;
  asked.length = 0;
  answers = [];
  holdAnswer = Promise.resolve();
  told = [];
  nowMs = 0;
  isSaving = true;
  given = permissions;
  window = new FakeWindow();
  app = fakePage(window);
});

describe('a link out of an app', () => {
  it('opens in the browser when the person says so, as it was shown to them', async () => {
    answers = [yes];
    door().leave(app.contents, 'https://example.org/a b');
    await settled();
    expect(asked[0]).toMatchObject({
      message: 'Open example.org in your browser?',
      detail: 'Shop (http://shop-3000.localhost:47100) leads there:\nhttps://example.org/a%20b',
    });
    expect(opened).toEqual(['https://example.org/a%20b']);
  });

  it('is asked about each time, but for a site of which the person said always', async () => {
    const wishes = door();
    answers = [{ response: 0, checkboxChecked: true }, yes];
    for (const url of ['https://example.org/1', 'https://example.org/2', 'https://example.com/3']) {
      wishes.leave(app.contents, url);
      await settled();
      nowMs += 1_000;
    }
    expect(asked).toHaveLength(2);
    expect(opened).toHaveLength(3);
  });

  it.each([
    'http://example.org/',
    'mailto:a@example.org',
    'file:///etc/passwd',
    'berth://hosts',
    'smb://server/share',
    'https://bank.example@example.org/',
  ])('is refused with a word when it is %s', async (url) => {
    door().leave(app.contents, url);
    await settled();
    expect([asked, opened]).toEqual([[], []]);
    expect(told).toEqual([{ type: 'app-view-refused', tabId: 'tab-1', what: 'link', url }]);
  });

  it('is not heard twice at once, nor soon after a no, nor while its window is not seen', async () => {
    const wishes = door();
    const go = async () => {
      wishes.leave(app.contents, 'https://example.org/');
      await settled();
    };
    await go();
    nowMs = 2_900;
    await go();
    expect(asked).toHaveLength(1);
    nowMs = 3_000;
    await go();
    expect(asked).toHaveLength(2);
    nowMs = 10_000;
    window.isShown = false;
    await go();
    window.isShown = true;
    app.page.isVisible = false;
    await go();
    expect(asked).toHaveLength(2);
  });

  it('asks one thing at a time, whatever else it wants', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    holdAnswer = promise;
    answers = [yes];
    const wishes = door();
    wishes.leave(app.contents, 'https://example.org/');
    const wish = { keys: ['notifications'], words: 'show notifications' };
    expect(await wishes.ask(app.contents, wish)).toBe(false);
    expect(asked).toHaveLength(1);
    resolve();
    await settled();
    // What was not asked was not refused either.
    answers = [yes];
    expect(await wishes.ask(app.contents, wish)).toBe(true);
  });

  it('opens from the menu of the other button without another question, https alone', async () => {
    const act = (url: string) => door().linkAct(app.page, url);
    act('https://example.org/docs')?.run();
    await settled();
    expect(opened).toEqual(['https://example.org/docs']);
    expect(act('http://example.org/')).toBe(null);
    expect(act('javascript:alert(1)')).toBe(null);
    act(`${app.page.origin}/basket?n=1#x`)?.run();
    expect(told).toEqual([{ type: 'app-view-opened', tabId: 'tab-1', path: '/basket?n=1' }]);
  });
});

describe('a window that an app wants', () => {
  const home = 'http://shop-3000.localhost:47100';

  it('is a tab beside, of its own pages', () => {
    const wishes = door();
    wishes.openBeside(app.contents, { url: `${home}/print?id=7#top` });
    // At once afterwards, as only a script does it.
    wishes.openBeside(app.contents, { url: `${home}/again` });
    expect(told).toEqual([{ type: 'app-view-opened', tabId: 'tab-1', path: '/print?id=7' }]);
    nowMs = 1_000;
    wishes.openBeside(app.contents, { url: `${home}/.berth/enter` });
    expect(told).toHaveLength(1);
  });

  it('takes what is posted where it is, and reads no file for it', () => {
    const wishes = door();
    const post = (data: object[]) => ({
      url: `${home}/pay`,
      postBody: { contentType: 'multipart/form-data', boundary: 'b', data } as never,
    });
    const parts = [{ type: 'rawData', bytes: Buffer.from('n=1') }];
    wishes.openBeside(app.contents, post(parts));
    const how = { postData: parts, extraHeaders: 'content-type: multipart/form-data; boundary=b' };
    expect(app.loads).toEqual([{ url: `${home}/pay`, how }]);
    nowMs = 1_000;
    wishes.openBeside(app.contents, post([{ type: 'file', filePath: '/etc/passwd' }]));
    expect(app.loads).toHaveLength(1);
    expect(told).toEqual([]);
  });
});

describe('a permission that an app wants', () => {
  it('is asked for in its name, Enter refuses, and the answer is kept', async () => {
    const own = permissions();
    given = () => own;
    const wishes = door();
    const details = { requestingUrl: app.page.origin, isMainFrame: true };
    const wish = own.request('clipboard-read', details);
    if (typeof wish === 'boolean') throw new Error('nobody is asked');
    answers = [yes];
    expect(await wishes.ask(app.contents, wish)).toBe(true);
    expect(asked[0]).toMatchObject({
      message: 'Allow Shop to read what is in your clipboard?',
      defaultId: 1,
    });
    expect(own.request('clipboard-read', details)).toBe(true);
  });

  it('is not asked for by a page that nobody sees', async () => {
    app.page.isVisible = false;
    expect(await door().ask(app.contents, { keys: ['notifications'], words: 'show notifications' })).toBe(
      false,
    );
    expect(asked).toEqual([]);
  });
});

describe('a file that an app saves', () => {
  it('is refused with a word where its page is not in front, or too many are under way', () => {
    const wishes = door();
    const item = {} as DownloadItem;
    expect(wishes.download(app.contents, item)).toBe(true);
    isSaving = false;
    expect(wishes.download(app.contents, item)).toBe(false);
    expect(told).toHaveLength(1);
    isSaving = true;
    app.page.isVisible = false;
    expect(wishes.download(app.contents, item)).toBe(false);
    // A word a second is enough.
    expect(told).toHaveLength(1);
    expect(wishes.download({} as never, item)).toBe(false);
  });
});
