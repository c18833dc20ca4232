/**
 * Web apps over the window: a view for each tab that shows one, sandboxed, without preload and Node, in the session of its
 * app. The page says where and whether a view is drawn; a view stands above everything that the page draws.
 *
 * Owns the views: one closes with its tab, and all of them when the page is loaded anew or its window goes.
 */
import { type BrowserWindow, type Session, shell, type WebContents, WebContentsView } from 'electron';
import { chordId, chordOfEvent } from '#contract/key-chord.ts';
import {
  type AppViewState,
  ExternalUrl,
  type ShellEvent,
  type ShellInput,
  type ShellOutput,
  type ShellRequestName,
  type ViewBounds,
} from '#contract/shell.ts';
import type { AppSessions } from './app-sessions.ts';

type AppViewRequest = Extract<ShellRequestName, `appView${string}`>;
export type AppViewActions = {
  readonly [N in AppViewRequest]: (input: ShellInput<N>) => Promise<ShellOutput<N>>;
};

export interface AppViews {
  readonly actions: AppViewActions;
  /** A page of an app leads elsewhere: to the person's browser, where somebody is there to have meant it. */
  leave(contents: WebContents, url: string): void;
  closeAll(): void;
}

export interface AppViewsOptions {
  readonly window: () => BrowserWindow | undefined;
  readonly sessions: () => AppSessions;
  readonly tell: (event: ShellEvent) => void;
  readonly isPackaged: boolean;
  readonly nowMs?: () => number;
}

interface Shown {
  readonly tabId: string;
  readonly view: WebContentsView;
  readonly owner: BrowserWindow;
  bounds: ViewBounds;
  isVisible: boolean;
  isFullScreen: boolean;
  failure: string | null;
}

/** Milliseconds between two pages that an app opens in the browser: a person clicks no faster, a script would. */
const leaveEveryMs = 1_000;
/** Milliseconds that a picture may take; a view that is not drawn has none, and nobody waits for it. */
const pictureTimeoutMs = 250;
/** Chromium's code for a load that another one took the place of. */
const abortedCode = -3;

export function createAppViews(options: AppViewsOptions): AppViews {
  const { window, sessions, tell } = options;
  const nowMs = options.nowMs ?? (() => performance.now());
  const views = new Map<string, Shown>();
  let keys: ReadonlyMap<string, string> = new Map();
  let leftAtMs = Number.NEGATIVE_INFINITY;

  const report = (shown: Shown) => {
    const { webContents: contents } = shown.view;
    if (views.get(shown.tabId) !== shown || contents.isDestroyed()) return;
    tell({ type: 'app-view', tabId: shown.tabId, state: stateOf(contents, shown.failure) });
  };

  const open = ({ tabId, forwardId, url, bounds }: ShellInput<'appViewOpen'>): void => {
    const owner = window();
    if (owner === undefined || owner.isDestroyed()) return;
    close(tabId);
    // Before the view is made: making it asks whose session it is in.
    const { session } = sessions().open(forwardId, new URL(url).origin);
    const view = createView(session, options.isPackaged);
    const shown: Shown = {
      ...{ tabId, view, owner, bounds, isVisible: false, isFullScreen: false, failure: null },
    };
    views.set(tabId, shown);
    owner.contentView.addChildView(view);
    view.setVisible(false);
    view.setBounds(bounds);
    follow(shown);
    load(shown, url);
  };

  const load = (shown: Shown, url: string): void => {
    shown.failure = null;
    // A load that fails is told of by its event.
    shown.view.webContents.loadURL(url).catch(() => undefined);
  };

  const follow = (shown: Shown): void => {
    const { view, owner, tabId } = shown;
    const { webContents: contents } = view;
    const changed = () => report(shown);
    contents.on('did-start-loading', () => {
      shown.failure = null;
      changed();
    });
    contents.on('did-stop-loading', changed);
    contents.on('did-navigate', changed);
    contents.on('did-navigate-in-page', changed);
    contents.on('page-title-updated', changed);
    contents.on('did-fail-load', (_event, code, description, _url, isMainFrame) => {
      if (!isMainFrame || code === abortedCode) return;
      shown.failure = description === '' ? `error ${code}` : description;
      changed();
    });
    contents.on('render-process-gone', (_event, { reason }) => {
      shown.failure = reason;
      changed();
    });
    // An app that asks whether one wants to leave would hold its tab without a word: its dialog cannot be shown.
    contents.on('will-prevent-unload', (event) => event.preventDefault());
    contents.on('focus', () => tell({ type: 'app-view-focus', tabId }));
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
    contents.on('enter-html-full-screen', () => {
      shown.isFullScreen = true;
      layOut(shown);
    });
    contents.on('leave-html-full-screen', () => {
      shown.isFullScreen = false;
      layOut(shown);
    });
    const onResize = () => {
      if (shown.isFullScreen) layOut(shown);
    };
    owner.on('resize', onResize);
    contents.once('destroyed', () => owner.removeListener('resize', onResize));
  };

  const show = (shown: Shown, isVisible: boolean): void => {
    shown.isVisible = isVisible;
    shown.view.setVisible(isVisible);
  };

  const close = (tabId: string): void => {
    const shown = views.get(tabId);
    if (shown === undefined) return;
    views.delete(tabId);
    if (!shown.owner.isDestroyed()) shown.owner.contentView.removeChildView(shown.view);
    if (!shown.view.webContents.isDestroyed()) shown.view.webContents.close();
  };

  const actions: AppViewActions = {
    appViewOpen: async (input) => {
      open(input);
      return {};
    },
    appViewMove: async ({ tabId, bounds }) => {
      const shown = views.get(tabId);
      if (shown === undefined) return {};
      shown.bounds = bounds;
      layOut(shown);
      if (!shown.isVisible) show(shown, true);
      return {};
    },
    appViewHide: async ({ tabId }) => {
      const shown = views.get(tabId);
      if (shown !== undefined) show(shown, false);
      return {};
    },
    appViewPicture: async ({ tabId }) => {
      const shown = views.get(tabId);
      return { picture: shown?.isVisible ? await pictureOf(shown.view.webContents) : null };
    },
    appViewAct: async ({ tabId, act }) => {
      const shown = views.get(tabId);
      if (shown !== undefined) perform(shown, act);
      return {};
    },
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
    leave: (contents, url) => {
      const isInFront = [...views.values()].some(
        ({ view, isVisible }) => isVisible && view.webContents === contents,
      );
      const checked = ExternalUrl.safeParse(url);
      if (!isInFront || !checked.success || nowMs() - leftAtMs < leaveEveryMs) return;
      leftAtMs = nowMs();
      // As the parser wrote it, so that what was checked is what is opened.
      void shell.openExternal(new URL(checked.data).href);
    },
    closeAll: () => {
      for (const tabId of [...views.keys()]) close(tabId);
    },
  };
}

function createView(session: Session, isPackaged: boolean): WebContentsView {
  return new WebContentsView({
    // Written out, never spread from anywhere: each of these is a wall. And there is no preload.
    webPreferences: {
      session,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      // Its questions are its own; but it cannot keep asking.
      safeDialogs: true,
      spellcheck: false,
      devTools: !isPackaged,
    },
  });
}

function stateOf(contents: WebContents, failure: string | null): AppViewState {
  const { navigationHistory } = contents;
  return {
    title: contents.getTitle(),
    url: addressOf(contents.getURL()),
    isLoading: contents.isLoading(),
    canGoBack: navigationHistory.canGoBack(),
    canGoForward: navigationHistory.canGoForward(),
    failure,
  };
}

/** What may be read over a shoulder: no fragment, which is where a ticket would be, and nothing of the way in. */
function addressOf(text: string): string {
  const url = URL.parse(text);
  if (url === null) return '';
  return url.pathname.startsWith('/.berth/') ? `${url.origin}/` : `${url.origin}${url.pathname}${url.search}`;
}

function layOut({ view, owner, bounds, isFullScreen }: Shown): void {
  if (!isFullScreen) {
    view.setBounds(bounds);
    return;
  }
  const [width = bounds.width, height = bounds.height] = owner.getContentSize();
  view.setBounds({ x: 0, y: 0, width, height });
}

function perform({ view, isVisible }: Shown, act: ShellInput<'appViewAct'>['act']): void {
  const { webContents: contents } = view;
  switch (act) {
    case 'back':
      contents.navigationHistory.goBack();
      return;
    case 'forward':
      contents.navigationHistory.goForward();
      return;
    case 'reload':
      contents.reload();
      return;
    case 'stop':
      contents.stop();
      return;
    case 'focus':
      // One that is not drawn would take the keys away unseen.
      if (isVisible) contents.focus();
      return;
    default:
      act satisfies never;
  }
}

async function pictureOf(contents: WebContents): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), pictureTimeoutMs);
  });
  try {
    const image = await Promise.race([contents.capturePage(), late]);
    return image === null || image.isEmpty() ? null : image.toDataURL();
  } catch {
    // It goes just now.
    return null;
  } finally {
    clearTimeout(timer);
  }
}
