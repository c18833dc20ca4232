/** What the stand-in tells the test that started it, and what the test may ask of it: over Node's own process channel. */

export type JournalEntry =
  | { readonly what: 'browser'; readonly cdp: string }
  | { readonly what: 'web-preferences'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly what: 'before-ready'; readonly name: string }
  | { readonly what: 'window-open-denied'; readonly url: string }
  | { readonly what: 'navigation-prevented'; readonly url: string }
  | { readonly what: 'request-cancelled'; readonly url: string }
  | { readonly what: 'request-escaped'; readonly url: string }
  | { readonly what: 'open-external'; readonly url: string }
  | { readonly what: 'menu'; readonly labels: readonly string[]; readonly items: readonly MenuEntry[] }
  /** `labels` of its menu; a separator is a dash. */
  | {
      readonly what: 'tray';
      readonly labels: readonly string[];
      readonly icon: string;
      readonly toolTip: string;
    }
  | { readonly what: 'error-box'; readonly title: string; readonly text: string }
  | { readonly what: 'badge'; readonly count: number }
  | { readonly what: 'theme'; readonly theme: string }
  | { readonly what: 'focused' }
  | { readonly what: 'plane-started' }
  | { readonly what: 'plane-ended'; readonly code: number }
  | { readonly what: 'permission'; readonly name: string; readonly url: string; readonly answer: boolean }
  | {
      readonly what: 'download';
      readonly url: string;
      readonly fileName: string;
      readonly isAllowed: boolean;
    }
  /** A view of a web app was made; the numbers count them. */
  | {
      readonly what: 'app-view';
      readonly view: number;
      readonly partition: string;
      readonly preferences: Readonly<Record<string, unknown>>;
    }
  | {
      readonly what: 'app-view-bounds';
      readonly view: number;
      readonly bounds: {
        readonly x: number;
        readonly y: number;
        readonly width: number;
        readonly height: number;
      };
    }
  | { readonly what: 'app-view-visible'; readonly view: number; readonly isVisible: boolean }
  | { readonly what: 'app-view-focused'; readonly view: number }
  | { readonly what: 'app-view-closed'; readonly view: number }
  /** A window that an app opened; the numbers count them. */
  | {
      readonly what: 'popup';
      readonly window: number;
      readonly title: string;
      readonly frame: boolean;
      readonly fullscreenable: boolean;
      readonly hasParent: boolean;
    }
  | { readonly what: 'popup-title'; readonly window: number; readonly title: string }
  | { readonly what: 'popup-shown'; readonly window: number }
  | { readonly what: 'popup-closed'; readonly window: number }
  | { readonly what: 'app-browser'; readonly partition: string; readonly cdp: string }
  | { readonly what: 'data-cleared'; readonly partition: string }
  | { readonly what: 'page-focused' }
  /** `isInMenu`: neither Berth nor the app wanted it, and the menu bar did. */
  | { readonly what: 'app-key'; readonly isPrevented: boolean; readonly isInMenu: boolean }
  | { readonly what: 'app-found'; readonly text: string }
  | { readonly what: 'popup-menu'; readonly labels: readonly string[] }
  | { readonly what: 'copied'; readonly text: string }
  | { readonly what: 'show-in-folder'; readonly path: string }
  | { readonly what: 'window-close'; readonly isPrevented: boolean }
  /** The system's own dialog. */
  | {
      readonly what: 'question';
      readonly message: string;
      readonly detail: string;
      readonly buttons: readonly string[];
      readonly checkbox: string | null;
    }
  | { readonly what: 'webview-prevented'; readonly value: boolean };

export interface MenuEntry {
  readonly id: string;
  readonly label: string;
  readonly isEnabled: boolean;
  readonly accelerator: string | null;
}

export type Command =
  | { readonly do: 'click-menu'; readonly id: string }
  /** Without an id the icon itself is clicked. */
  | { readonly do: 'click-tray'; readonly id?: string }
  | { readonly do: 'kill-plane' }
  | {
      readonly do: 'ask-permission';
      readonly name: string;
      readonly url: string;
      readonly isMainFrame: boolean;
      /** Of a web app; absent: the window's own session. */
      readonly partition?: string;
    }
  /** A key in the view of a web app that was opened last. */
  | { readonly do: 'press-in-app'; readonly input: KeyInput }
  /** An event of that view, with what comes after Electron's event object. */
  | { readonly do: 'emit-in-app'; readonly event: string; readonly details: unknown }
  | { readonly do: 'save-in-app'; readonly download: DownloadAsk }
  /** In the menu that was popped up last. */
  | { readonly do: 'choose-in-popup'; readonly label: string }
  /** To the question that is open. */
  | { readonly do: 'answer'; readonly label: string; readonly isChecked?: boolean }
  /** To questions for which everything waits. */
  | { readonly do: 'answer-before'; readonly label: string }
  | { readonly do: 'close-window' }
  | { readonly do: 'minimize' }
  /** The window that an app opened last. */
  | { readonly do: 'close-popup' }
  | { readonly do: 'start-download'; readonly download: DownloadAsk }
  | { readonly do: 'attach-webview' }
  | { readonly do: 'choose-file'; readonly path: string | null }
  /** An event of the power monitor, as `resume`. */
  | { readonly do: 'power'; readonly event: string }
  | { readonly do: 'quit' };

/** A press as Electron tells of it before the page hears it. */
export interface KeyInput {
  readonly type: 'keyDown' | 'keyUp';
  readonly key: string;
  readonly code: string;
  readonly isAutoRepeat: boolean;
  readonly control: boolean;
  readonly meta: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
}

/** A download as the app hears of it. */
export interface DownloadAsk {
  readonly url: string;
  readonly fileName: string;
  /** The origin that started it. */
  readonly initiator: string;
  /** Null: it is gone. */
  readonly frame: { readonly url: string; readonly isMain: boolean } | null;
}

export function journal(entry: JournalEntry): void {
  process.send?.(entry);
}
