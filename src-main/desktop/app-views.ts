/**
 * Web apps over the window: a view for each tab that shows one, sandboxed, without preload and Node, in the session of its
 * app. The page says where and whether a view is drawn; a view stands above everything that the page draws.
 *
 * Owns the views: one closes with its tab, and all of them when the page is loaded anew or its window goes.
 */
import type { BrowserWindow } from 'electron';
import { chordId, chordOfEvent } from '#contract/key-chord.ts';
import type { ShellEvent, ShellInput, ShellOutput, ShellRequestName } from '#contract/shell.ts';
import type { AppSessions } from './app-sessions.ts';
import type { AppPopups } from './app-popups.ts';
import { type AppViewMenuActs, showAppViewMenu } from './app-view-menu.ts';
import {
  type AppViewPage,
  createView,
  isInFront,
  layOut,
  perform,
  pictureOf,
  stateOf,
} from './app-view-page.ts';
import type { PersonQuestions } from './person-questions.ts';

type AppViewRequest = Extract<ShellRequestName, `appView${string}`>;
export type AppViewActions = {
  readonly [N in AppViewRequest]: (input: ShellInput<N>) => Promise<ShellOutput<N>>;
};

export interface AppViews {
  readonly actions: AppViewActions;
  /** Of those whose contents they are. */
  pages(): readonly AppViewPage[];
  /** Closes them one after the other as a person does. False: in one of them the person stays. */
  leaveAll(): Promise<boolean>;
  closeAll(): void;
}

export interface AppViewsOptions {
  readonly window: () => BrowserWindow | undefined;
  readonly sessions: () => AppSessions;
  readonly tell: (event: ShellEvent) => void;
  readonly questions: PersonQuestions;
  readonly popups: Pick<AppPopups, 'closeOf'>;
  /** What can be done with a link of the page besides copying it. */
  readonly linkAct: (page: AppViewPage, url: string) => ReturnType<AppViewMenuActs['linkAct']>;
  readonly isPackaged: boolean;
  readonly nowMs?: () => number;
}

/** Chromium's code for a load that another one took the place of. */
const abortedCode = -3;
/** Milliseconds that a page may take to say whether it wants to be left; one that hangs is not asked for ever. */
const leaveTimeoutMs = 10_000;
/** Milliseconds after a no in which a page does not ask its person again by itself: time to close its tab. */
const quietAfterNoMs = 3_000;
/** Milliseconds in which a page comes to what it was told to do. */
const ledMs = 3_000;
/** Milliseconds between two words about a page; a script can change its title a thousand times as often. */
const reportEveryMs = 50;

export function createAppViews(options: AppViewsOptions): AppViews {
  const { window, sessions, tell, questions, popups } = options;
  const views = new Map<string, AppViewPage>();
  const nowMs = options.nowMs ?? (() => performance.now());
  let keys: ReadonlyMap<string, string> = new Map();

  const isThere = (shown: AppViewPage) =>
    views.get(shown.tabId) === shown && !shown.view.webContents.isDestroyed();
  const reporting = new WeakMap<AppViewPage, { at: number; timer: NodeJS.Timeout | undefined }>();
  /** At once, and what follows soon after it in one. */
  const report = (shown: AppViewPage) => {
    const last = reporting.get(shown) ?? { at: Number.NEGATIVE_INFINITY, timer: undefined };
    reporting.set(shown, last);
    if (!isThere(shown) || last.timer !== undefined) return;
    const say = () => {
      last.timer = undefined;
      last.at = nowMs();
      if (isThere(shown)) tell({ type: 'app-view', tabId: shown.tabId, state: stateOf(shown) });
    };
    const waitMs = last.at + reportEveryMs - nowMs();
    if (waitMs <= 0) say();
    else last.timer = setTimeout(say, waitMs);
  };
  const lead = (shown: AppViewPage) => {
    shown.ledUntilMs = nowMs() + ledMs;
  };
  const beQuiet = (shown: AppViewPage) => {
    shown.quietUntilMs = nowMs() + quietAfterNoMs;
    shown.ledUntilMs = Number.NEGATIVE_INFINITY;
  };

  const open = ({ tabId, forwardId, name, url, path, bounds }: ShellInput<'appViewOpen'>): void => {
    const owner = window();
    if (owner === undefined || owner.isDestroyed()) return;
    close(tabId);
    const { origin } = new URL(url);
    // Before the view is made: making it asks whose session it is in.
    const { session, permissions } = sessions().open(forwardId, origin);
    permissions.forgetRefusals();
    const view = createView(session, options.isPackaged);
    const shown: AppViewPage = {
      ...{ tabId, forwardId, name, origin, view, owner, bounds, startPath: path },
      ...{ isVisible: false, isFullScreen: false, isStuck: false, isReviving: false },
      ...{ failure: null, found: null, answerLogin: null, onStay: null },
      ...{ quietUntilMs: Number.NEGATIVE_INFINITY, ledUntilMs: Number.NEGATIVE_INFINITY },
    };
    views.set(tabId, shown);
    owner.contentView.addChildView(view);
    view.setVisible(false);
    layOut(shown);
    // By itself Chromium zooms every page of an origin alike, and an app has an origin of its own for each tab's person.
    view.webContents.setZoomMode('isolated');
    followLoads(shown);
    followPerson(shown);
    load(shown, url);
  };

  const load = (shown: AppViewPage, url: string): void => {
    shown.failure = null;
    // A load that fails is told of by its event.
    shown.view.webContents.loadURL(url).catch(() => undefined);
  };

  const followLoads = (shown: AppViewPage): void => {
    const { webContents: contents } = shown.view;
    const changed = () => report(shown);
    contents.on('did-start-loading', () => {
      shown.failure = null;
      shown.isStuck = false;
      changed();
    });
    contents.on('did-stop-loading', changed);
    contents.on('did-navigate', () => {
      shown.found = null;
      goOn(shown);
      changed();
    });
    contents.on('did-navigate-in-page', changed);
    contents.on('page-title-updated', changed);
    contents.on('did-fail-load', (_event, code, description, _url, isMainFrame) => {
      if (!isMainFrame || code === abortedCode) return;
      shown.failure = description === '' ? `error ${code}` : description;
      changed();
    });
    contents.on('render-process-gone', (_event, { reason }) => {
      if (shown.isReviving) {
        shown.isReviving = false;
        return;
      }
      shown.isStuck = false;
      shown.failure = `its process ended (${reason})`;
      changed();
    });
    contents.on('unresponsive', () => {
      shown.isStuck = true;
      changed();
    });
    contents.on('responsive', () => {
      shown.isStuck = false;
      changed();
    });
    contents.once('destroyed', () => {
      // It is closed, or just being left.
      if (views.get(shown.tabId) !== shown || shown.onStay !== null) return;
      // By its own script, as a window that has nothing behind it may.
      close(shown.tabId);
      const nothing = { title: '', url: '', isLoading: false, canGoBack: false, canGoForward: false };
      const state = {
        ...nothing,
        failure: 'it closed itself',
        isStuck: false,
        zoomPercent: 100,
        found: null,
      };
      tell({ type: 'app-view', tabId: shown.tabId, state });
    });
    contents.on('found-in-page', (_event, { matches, activeMatchOrdinal }) => {
      shown.found = { count: matches, current: activeMatchOrdinal };
      changed();
    });
  };

  /** The way in leads to where the app begins; a tab of another page of it goes on from there. */
  const goOn = (shown: AppViewPage): void => {
    const { webContents: contents } = shown.view;
    if (shown.startPath === null || URL.parse(contents.getURL())?.pathname.startsWith('/.berth/') !== false)
      return;
    const path = shown.startPath;
    shown.startPath = null;
    contents.once('did-navigate', () => contents.navigationHistory.clear());
    load(shown, shown.origin + path);
  };

  const followPerson = (shown: AppViewPage): void => {
    const { view, owner, tabId, name } = shown;
    const { webContents: contents } = view;
    contents.on('will-prevent-unload', (event) => {
      const isLed = shown.onStay !== null || nowMs() < shown.ledUntilMs;
      // What it does by itself while nobody looks, or again at once, stops nobody: it stays where it is.
      if (!isLed && (!isInFront(shown) || nowMs() < shown.quietUntilMs)) return;
      if (questions.askToLeave(owner, name)) {
        event.preventDefault();
        return;
      }
      beQuiet(shown);
      shown.onStay?.();
    });
    contents.on('login', (event, _details, { isProxy, host, port, realm }, answer) => {
      event.preventDefault();
      const home = new URL(shown.origin);
      shown.answerLogin?.();
      shown.answerLogin = null;
      // Its own server alone: what a picture from elsewhere asks for is nobody's business here.
      if (isProxy || host !== home.hostname || port !== Number(home.port)) return answer();
      if (nowMs() < shown.quietUntilMs && nowMs() >= shown.ledUntilMs) return answer();
      shown.answerLogin = answer;
      tell({ type: 'app-view-login', tabId, realm: realm.slice(0, 200) });
    });
    contents.on('context-menu', (_event, params) =>
      showAppViewMenu(params, {
        canGoBack: contents.navigationHistory.canGoBack(),
        canGoForward: contents.navigationHistory.canGoForward(),
        isPackaged: options.isPackaged,
        back: () => perform(shown, 'back'),
        forward: () => perform(shown, 'forward'),
        reload: () => perform(shown, 'reload'),
        linkAct: (url) => options.linkAct(shown, url),
        inspect: (x, y) => contents.inspectElement(x, y),
      }),
    );
    contents.on('zoom-changed', (_event, direction) =>
      zoom(shown, direction === 'in' ? 'zoom-in' : 'zoom-out'),
    );
    contents.on('focus', () => {
      // A page that is not shown brings nobody to itself.
      if (shown.isVisible) tell({ type: 'app-view-focus', tabId });
    });
    contents.on('before-input-event', (event, input) => {
      if (input.type !== 'keyDown' || input.isAutoRepeat) return;
      const { key, code, control, meta, alt, shift } = input;
      const chord = chordOfEvent({
        ...{ key, code, ctrlKey: control, metaKey: meta, altKey: alt, shiftKey: shift },
      });
      const commandId = chord === undefined ? undefined : keys.get(chordId(chord));
      if (commandId === undefined) return;
      event.preventDefault();
      // What the command opens is in the page, and so must the keyboard be.
      owner.webContents.focus();
      tell({ type: 'command', id: commandId });
    });
    const fullScreen = (isFullScreen: boolean) => () => {
      shown.isFullScreen = isFullScreen;
      layOut(shown);
    };
    contents.on('enter-html-full-screen', fullScreen(true));
    contents.on('leave-html-full-screen', fullScreen(false));
    const onResize = () => {
      if (shown.isFullScreen) layOut(shown);
    };
    owner.on('resize', onResize);
    contents.once('destroyed', () => owner.removeListener('resize', onResize));
  };

  const zoom = (shown: AppViewPage, act: 'zoom-in' | 'zoom-out') => {
    perform(shown, act);
    report(shown);
  };

  const show = (shown: AppViewPage, isVisible: boolean): void => {
    shown.isVisible = isVisible;
    shown.view.setVisible(isVisible);
  };

  const close = (tabId: string): void => {
    const shown = views.get(tabId);
    if (shown === undefined) return;
    views.delete(tabId);
    shown.answerLogin?.();
    popups.closeOf(shown);
    if (!shown.owner.isDestroyed()) shown.owner.contentView.removeChildView(shown.view);
    if (!shown.view.webContents.isDestroyed()) shown.view.webContents.close();
  };

  const leave = async (shown: AppViewPage): Promise<boolean> => {
    const { webContents: contents } = shown.view;
    // Its person is being asked just now.
    if (shown.onStay !== null) return false;
    if (!contents.isDestroyed() && !shown.isStuck && shown.failure === null) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(true), leaveTimeoutMs);
      const onGone = () => resolve(true);
      shown.onStay = () => resolve(false);
      contents.once('destroyed', onGone);
      contents.once('will-prevent-unload', () => clearTimeout(timer));
      contents.close({ waitForBeforeUnload: true });
      const isLeft = await promise;
      clearTimeout(timer);
      contents.removeListener('destroyed', onGone);
      shown.onStay = null;
      if (!isLeft) return false;
    }
    close(shown.tabId);
    return true;
  };

  /** What is asked of a view that is there; nothing of one that is not. */
  const withView =
    <I extends { readonly tabId: string }>(act: (shown: AppViewPage, input: I) => void) =>
    async (input: I) => {
      const shown = views.get(input.tabId);
      if (shown !== undefined) act(shown, input);
      return {};
    };

  const actions: AppViewActions = {
    appViewOpen: async (input) => {
      open(input);
      return {};
    },
    appViewMove: withView((shown, { bounds }) => {
      shown.bounds = bounds;
      layOut(shown);
      if (!shown.isVisible) show(shown, true);
    }),
    appViewHide: withView((shown) => show(shown, false)),
    appViewPicture: async ({ tabId }) => {
      const shown = views.get(tabId);
      return { picture: shown?.isVisible ? await pictureOf(shown.view.webContents) : null };
    },
    appViewAct: withView((shown, { act }) => {
      lead(shown);
      perform(shown, act);
      report(shown);
    }),
    appViewFind: withView((shown, { text, isForward, isNew }) => {
      const { webContents: contents } = shown.view;
      if (text !== '') {
        contents.findInPage(text, { forward: isForward, findNext: isNew });
        return;
      }
      contents.stopFindInPage('keepSelection');
      shown.found = null;
      report(shown);
    }),
    appViewLeave: async ({ tabId }) => {
      const shown = views.get(tabId);
      return { isLeft: shown === undefined || (await leave(shown)) };
    },
    appViewLogin: withView((shown, { login }) => {
      if (login === null) beQuiet(shown);
      shown.answerLogin?.(...(login === null ? [] : ([login.username, login.password] as const)));
      shown.answerLogin = null;
    }),
    appViewClose: async ({ tabId }) => {
      close(tabId);
      return {};
    },
    appViewForget: async ({ forwardId }) => {
      await sessions().forget(forwardId);
      return {};
    },
    appViewKeys: async (input) => {
      keys = new Map(input.keys.map(({ chord, commandId }) => [chord, commandId]));
      return {};
    },
  };

  return {
    actions,
    pages: () => [...views.values()],
    leaveAll: async () => {
      const left: string[] = [];
      for (const shown of [...views.values()]) {
        if (await leave(shown)) {
          left.push(shown.tabId);
          continue;
        }
        // The window stays, and so do the tabs of those that are gone by now.
        for (const tabId of left) tell({ type: 'app-view-gone', tabId });
        return false;
      }
      return true;
    },
    closeAll: () => {
      for (const tabId of [...views.keys()]) close(tabId);
    },
  };
}
