/** Views of apps against pages that want more than to be looked at: what they are told of, asked, and how they end. */
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ShellEvent } from '#contract/shell.ts';
import { FakeWindow } from './fake-window.ts';

const asked: { message: string }[] = [];
let answer = 1;
class Contents extends EventEmitter {
  isGone = false;
  title = '';
  navigationHistory = { canGoBack: () => false, canGoForward: () => false };
  isDestroyed = () => this.isGone;
  getTitle = () => this.use(this.title);
  getURL = () => this.use('http://shop-3000.localhost:47100/');
  isLoading = () => this.use(false);
  getZoomFactor = () => this.use(1);
  setZoomMode = () => undefined;
  loadURL = async () => undefined;
  reload = () => undefined;
  close = () => this.end();
  /** As Electron, which throws for what is gone. */
  private use<T>(value: T): T {
    if (this.isGone) throw new TypeError('Object has been destroyed');
    return value;
  }
  end(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.emit('destroyed');
  }
}
let last: Contents;
vi.mock('electron', () => ({
  WebContentsView: class {
    readonly webContents = new Contents();
    constructor() {
      last = this.webContents;
    }
    setVisible = () => undefined;
    setBounds = () => undefined;
  },
  dialog: {
    showMessageBoxSync: (_owner: unknown, options: { message: string }) => {
      asked.push(options);
      return answer;
    },
  },
}));
const { createAppViews } = await import('#main/desktop/app-views.ts');
const { createPersonQuestions } = await import('#main/desktop/person-questions.ts');

const bounds = { x: 0, y: 0, width: 10, height: 10 };
const tabId = 'tab-1';

async function world() {
  let nowMs = 0;
  const told: ShellEvent[] = [];
  const closed: unknown[] = [];
  const window = Object.assign(new FakeWindow(), {
    contentView: { addChildView: () => undefined, removeChildView: () => undefined },
  });
  const views = createAppViews({
    ...{ isPackaged: true, linkAct: () => null, questions: createPersonQuestions() },
    window: () => window.asWindow,
    sessions: () =>
      ({ open: () => ({ session: {}, permissions: { forgetRefusals: () => undefined } }) }) as never,
    popups: { closeOf: (page) => closed.push(page) },
    tell: (event) => told.push(event),
    nowMs: () => nowMs,
  });
  const { actions } = views;
  await actions.appViewOpen({
    ...{ tabId, forwardId: 'fwd_00000000000000000001', name: 'Shop', bounds, path: null },
    url: 'http://shop-3000.localhost:47100/#ticket',
  });
  const contents = last;
  return {
    ...{ actions, contents, told, closed, views, window },
    show: () => actions.appViewMove({ tabId, bounds }),
    pass: async (ms: number) => {
      nowMs += ms;
      await vi.advanceTimersByTimeAsync(ms);
    },
    states: () => told.flatMap((event) => (event.type === 'app-view' ? [event.state] : [])),
    /** Whether a page that wants to keep what is in it goes all the same. */
    isLeft: () => {
      let isLeft = false;
      contents.emit('will-prevent-unload', { preventDefault: () => (isLeft = true) });
      return isLeft;
    },
    login: () => {
      const answers: unknown[][] = [];
      const info = { isProxy: false, host: 'shop-3000.localhost', port: 47_100, realm: 'Staff' };
      contents.emit('login', { preventDefault: () => undefined }, {}, info, (...given: unknown[]) =>
        answers.push(given),
      );
      return answers;
    },
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
  answer = 1;
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a page that closes itself', () => {
  it('is told of, can be opened anew, and what is asked of it meanwhile does nothing', async () => {
    const { actions, contents, states, views, closed, show } = await world();
    await show();
    contents.end();
    expect(states().at(-1)).toMatchObject({
      failure: 'it closed itself',
      isLoading: false,
      canGoBack: false,
    });
    expect(views.pages()).toEqual([]);
    expect(closed).toHaveLength(1);
    for (const act of ['reload', 'back', 'focus', 'zoom-in'] as const)
      await expect(actions.appViewAct({ tabId, act })).resolves.toEqual({});
    await expect(show()).resolves.toEqual({});
    await expect(actions.appViewLeave({ tabId })).resolves.toEqual({ isLeft: true });
    await expect(views.leaveAll()).resolves.toBe(true);
  });

  it('is no page that Berth closed', async () => {
    for (const act of ['appViewClose', 'appViewLeave'] as const) {
      const { actions, states, views } = await world();
      await actions[act]({ tabId });
      expect(states()).toEqual([]);
      expect(views.pages()).toEqual([]);
    }
  });
});

describe('a page that changes all the time', () => {
  it('is told of at once, then now and then, and at last as it is', async () => {
    const { contents, states, pass } = await world();
    for (let n = 1; n <= 1_000; n += 1) {
      contents.title = `Mail (${n})`;
      contents.emit('page-title-updated');
    }
    expect(states().map(({ title }) => title)).toEqual(['Mail (1)']);
    await pass(50);
    expect(states().map(({ title }) => title)).toEqual(['Mail (1)', 'Mail (1000)']);
    await pass(1_000);
    expect(states()).toHaveLength(2);
    contents.emit('page-title-updated');
    expect(states()).toHaveLength(3);
  });

  it('is not told of when it is gone by then', async () => {
    const { actions, contents, states, pass } = await world();
    contents.emit('page-title-updated');
    contents.emit('page-title-updated');
    await actions.appViewClose({ tabId });
    await pass(50);
    expect(states()).toHaveLength(1);
  });
});

describe('a page that will not be left', () => {
  it('asks while it is looked at, and not again at once by itself', async () => {
    const { isLeft, pass, show } = await world();
    await show();
    expect(isLeft()).toBe(false);
    expect(asked.map(({ message }) => message)).toEqual(['Leave Shop?']);
    for (let n = 0; n < 1_000; n += 1) expect(isLeft()).toBe(false);
    expect(asked).toHaveLength(1);
    await pass(3_000);
    answer = 0;
    expect(isLeft()).toBe(true);
    expect(asked).toHaveLength(2);
  });

  it('stops nobody who is at something else', async () => {
    const { actions, isLeft, show, window } = await world();
    expect(isLeft()).toBe(false);
    await show();
    window.isShown = false;
    expect(isLeft()).toBe(false);
    window.isShown = true;
    await actions.appViewHide({ tabId });
    expect(isLeft()).toBe(false);
    expect(asked).toEqual([]);
  });

  it('is asked of when its person wants it gone or loaded anew, wherever they look', async () => {
    const { actions, contents, isLeft, pass } = await world();
    expect(isLeft()).toBe(false);
    await actions.appViewAct({ tabId, act: 'reload' });
    expect(isLeft()).toBe(false);
    expect(asked).toHaveLength(1);
    // Once.
    expect(isLeft()).toBe(false);
    expect(asked).toHaveLength(1);
    await pass(1_000);
    contents.close = () => void isLeft();
    await expect(actions.appViewLeave({ tabId })).resolves.toEqual({ isLeft: false });
    expect(asked).toHaveLength(2);
  });
});

describe('a page whose server asks who is there', () => {
  it('is heard, but not again at once when its person gave nothing', async () => {
    const { actions, login, pass, told } = await world();
    const logins = () => told.filter(({ type }) => type === 'app-view-login').length;
    const first = login();
    expect([first, logins()]).toEqual([[], 1]);
    await actions.appViewLogin({ tabId, login: { username: 'dev', password: 'wrong' } });
    expect(first).toEqual([['dev', 'wrong']]);
    // What was typed was wrong: the next try.
    const second = login();
    expect(logins()).toBe(2);
    await actions.appViewLogin({ tabId, login: null });
    expect(second).toEqual([[]]);
    for (let n = 0; n < 100; n += 1) expect(login()).toEqual([[]]);
    expect(logins()).toBe(2);
    await actions.appViewAct({ tabId, act: 'reload' });
    login();
    await pass(3_000);
    login();
    expect(logins()).toBe(4);
  });
});

describe('a page that wants the keyboard', () => {
  it('does not bring its tab to the front', async () => {
    const { contents, told, show } = await world();
    const focused = () => told.filter(({ type }) => type === 'app-view-focus').length;
    contents.emit('focus');
    expect(focused()).toBe(0);
    await show();
    contents.emit('focus');
    expect(focused()).toBe(1);
  });
});
