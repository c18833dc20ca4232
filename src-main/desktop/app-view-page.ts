/** One page of a web app in a view over the window: how it is made, what it says of itself, what can be done with it. */
import {
  type BrowserWindow,
  type Session,
  type WebContents,
  WebContentsView,
  type WebPreferences,
} from 'electron';
import type { ForwardId } from '#contract/ids.ts';
import type { AppViewState, ShellInput, ViewBounds } from '#contract/shell.ts';

export interface AppViewPage {
  readonly tabId: string;
  readonly forwardId: ForwardId;
  readonly name: string;
  readonly origin: string;
  readonly view: WebContentsView;
  readonly owner: BrowserWindow;
  /** In CSS pixels of the window's page. */
  bounds: ViewBounds;
  isVisible: boolean;
  isFullScreen: boolean;
  failure: string | null;
  isStuck: boolean;
  /** Its process is ended by us, to begin anew. */
  isReviving: boolean;
  found: AppViewState['found'];
  /** Where to go once it has let us in; null: it is there, or begins where it begins. */
  startPath: string | null;
  /** Its server waits for a name and a password. */
  answerLogin: ((username?: string, password?: string) => void) | null;
  /** It is being closed as by a person, and its own person stays. */
  onStay: (() => void) | null;
  /** Milliseconds of the desktop's clock until which it asks its person nothing of its own accord: they have just said no. */
  quietUntilMs: number;
  /** Until which what it does is what its person has just wanted of it, wherever they look meanwhile. */
  ledUntilMs: number;
}

/** Milliseconds that a picture may take; a view that is not drawn has none, and nobody waits for it. */
const pictureTimeoutMs = 250;
/** As in Chromium (components/zoom). */
const zoomPercents = [25, 33, 50, 67, 75, 80, 90, 100, 110, 125, 150, 175, 200, 250, 300, 400, 500] as const;

/** Written out, never spread from anywhere: each of these is a wall. And there is no preload. */
function preferences(session: Session, isPackaged: boolean): WebPreferences {
  return {
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
    // A PDF is saved, not shown: the viewer is an extension, and extensions would be a hole in the wall of schemes.
    plugins: false,
    // Its questions are its own; but it cannot keep asking.
    safeDialogs: true,
    spellcheck: false,
    devTools: !isPackaged,
  };
}

/** Of a window that an app opens: whatever site it shows could ask there in words that look like the system's or ours. */
export function popupPreferences(session: Session, isPackaged: boolean): WebPreferences {
  return { ...preferences(session, isPackaged), javascript: true, disableDialogs: true };
}

export function createView(session: Session, isPackaged: boolean): WebContentsView {
  return new WebContentsView({ webPreferences: preferences(session, isPackaged) });
}

/** Around contents that Chromium made for a page that opened a window. */
export function createPopupView(
  session: Session,
  isPackaged: boolean,
  contents: WebContents,
): WebContentsView {
  return new WebContentsView({
    webPreferences: popupPreferences(session, isPackaged),
    webContents: contents,
  });
}

/** Somebody sees it: what it asks for then, a person may have meant. */
export function isInFront({ isVisible, owner }: AppViewPage): boolean {
  return isVisible && !owner.isDestroyed() && owner.isVisible() && !owner.isMinimized();
}

export function stateOf({ view, failure, isStuck, found }: AppViewPage): AppViewState {
  const { webContents: contents } = view;
  const { navigationHistory } = contents;
  return {
    title: contents.getTitle(),
    url: addressOf(contents.getURL()),
    isLoading: contents.isLoading(),
    canGoBack: navigationHistory.canGoBack(),
    canGoForward: navigationHistory.canGoForward(),
    ...{ failure, isStuck, found },
    zoomPercent: zoomOf(contents),
  };
}

/** What may be read over a shoulder: no fragment, which is where a ticket would be, and nothing of the way in. */
function addressOf(text: string): string {
  const url = URL.parse(text);
  if (url === null) return '';
  return url.pathname.startsWith('/.berth/') ? `${url.origin}/` : `${url.origin}${url.pathname}${url.search}`;
}

/** The window's own page may be zoomed, and then its pixels are others than the window's. */
export function layOut({ view, owner, bounds, isFullScreen }: AppViewPage): void {
  const [width = bounds.width, height = bounds.height] = owner.getContentSize();
  if (isFullScreen) {
    view.setBounds({ x: 0, y: 0, width, height });
    return;
  }
  const factor = owner.webContents.getZoomFactor();
  const scaled = (pixels: number) => Math.round(pixels * factor);
  view.setBounds({
    ...{ x: scaled(bounds.x), y: scaled(bounds.y) },
    ...{ width: scaled(bounds.width), height: scaled(bounds.height) },
  });
}

export function perform(page: AppViewPage, act: ShellInput<'appViewAct'>['act']): void {
  const { webContents: contents } = page.view;
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
      if (page.isVisible) contents.focus();
      return;
    case 'zoom-in':
    case 'zoom-out':
    case 'zoom-reset':
      contents.setZoomFactor(nextZoom(zoomOf(contents), act) / 100);
      return;
    case 'revive':
      // As Electron says for a page that does not answer: it cannot be loaded anew before its process has ended.
      page.isReviving = true;
      page.isStuck = false;
      contents.forcefullyCrashRenderer();
      contents.reload();
      return;
    default:
      act satisfies never;
  }
}

function zoomOf(contents: WebContents): number {
  return Math.round(contents.getZoomFactor() * 100);
}

export function nextZoom(percent: number, act: 'zoom-in' | 'zoom-out' | 'zoom-reset'): number {
  if (act === 'zoom-reset') return 100;
  const next =
    act === 'zoom-in'
      ? zoomPercents.find((step) => step > percent)
      : zoomPercents.findLast((step) => step < percent);
  return next ?? percent;
}

export async function pictureOf(contents: WebContents): Promise<string | null> {
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
