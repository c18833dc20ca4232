/**
 * The desktop-only bridge: what a page may ask of the window frame around it. In the browser it is absent, and the
 * page does without or uses the web's own means. Every message is checked against these shapes on the main side.
 */
import { z } from 'zod';
import { ForwardId } from './ids.ts';

/** Only these schemes ever reach the operating system. */
export const ExternalUrl = z
  .url()
  .max(8192)
  .refine((value) => /^(https?|mailto):/i.test(value), 'must be http, https or mailto');

/** What the window shows of web apps: their own origins on this computer (RFC 6761 6.3), never the web at large. */
export const AppUrl = z
  .url()
  .max(8192)
  .refine(
    (value) => /^http:\/\/[a-z0-9]([a-z0-9-]*[a-z0-9])?\.localhost:\d{1,5}\//.test(value),
    'must be the address of a web app',
  );

/** Where a tab of an app begins, below its origin: what the app may open beside itself, and nothing else. */
export const AppPath = z
  .string()
  .max(8192)
  .regex(/^\/(?!\/)[^\s#\\]*$/, 'must be a path')
  .refine((path) => !path.startsWith('/.berth/'), 'must be a path of the app');

const tabId = z.string().min(1).max(64);
const downloadId = z.string().regex(/^download-\d{1,9}$/);
const pixels = z.number().int().min(0).max(32_767);
/** A tab's part of the window, in CSS pixels from its upper left corner. */
export const ViewBounds = z.object({ x: pixels, y: pixels, width: pixels, height: pixels });
export type ViewBounds = z.infer<typeof ViewBounds>;

export const UnsavedWork = z.object({
  /** Names of texts that were changed. */
  texts: z.array(z.string().max(4096)).max(50),
  /** How many files are on their way. */
  transferCount: z.number().int().min(0).max(1_000_000),
});
export type UnsavedWork = z.infer<typeof UnsavedWork>;

export const shellRequests = {
  openExternal: { input: z.object({ url: ExternalUrl }), output: z.object({}) },
  chooseFile: {
    input: z.object({ title: z.string().max(200), purpose: z.enum(['private-key', 'any']) }),
    output: z.object({ path: z.string().nullable() }),
  },
  setTheme: { input: z.object({ theme: z.enum(['system', 'light', 'dark']) }), output: z.object({}) },
  setBadge: { input: z.object({ count: z.number().int().min(0).max(999) }), output: z.object({}) },
  /** The command table's rows with their enablement, so that the menu bar shows the same as the palette. */
  setMenu: {
    input: z.object({
      rows: z
        .array(
          z.object({
            id: z.string().max(80),
            label: z.string().max(120),
            menu: z.string().max(40),
            accelerator: z.string().max(60).nullable(),
            isEnabled: z.boolean(),
            /** Whether the icon beside the clock has it, too. Absent: as its menu. */
            inTray: z.boolean().optional(),
          }),
        )
        .max(300),
    }),
    output: z.object({}),
  },
  /** Opens a web app in a page of its own, not shown yet; a tab has one at a time. */
  appViewOpen: {
    input: z.object({
      ...{ tabId, forwardId: ForwardId, url: AppUrl, bounds: ViewBounds },
      /** What the person calls it: what it asks is asked in this name. */
      name: z.string().max(200),
      /** Null: where the app begins. */
      path: AppPath.nullable(),
    }),
    output: z.object({}),
  },
  /** Shows it there, over everything that the window draws. One that is closed is not missed, here and below. */
  appViewMove: { input: z.object({ tabId, bounds: ViewBounds }), output: z.object({}) },
  appViewHide: { input: z.object({ tabId }), output: z.object({}) },
  /** How it looks now, as a data URL, to be shown in its place while something of the window is before it. */
  appViewPicture: { input: z.object({ tabId }), output: z.object({ picture: z.string().nullable() }) },
  appViewAct: {
    input: z.object({
      tabId,
      act: z.enum([
        ...(['back', 'forward', 'reload', 'stop', 'focus', 'zoom-in', 'zoom-out', 'zoom-reset'] as const),
        /** Ends a page that does not answer, and loads it anew. */
        'revive',
      ]),
    }),
    output: z.object({}),
  },
  /** Marks the text and goes to the next or previous one. An empty text ends it. */
  appViewFind: {
    input: z.object({ tabId, text: z.string().max(500), isForward: z.boolean(), isNew: z.boolean() }),
    output: z.object({}),
  },
  /** Closes it as a person does: a page with unsaved work may ask. False: the person stays. */
  appViewLeave: { input: z.object({ tabId }), output: z.object({ isLeft: z.boolean() }) },
  /** The answer to `app-view-login`. Null: none. */
  appViewLogin: {
    input: z.object({
      tabId,
      login: z.object({ username: z.string().max(500), password: z.string().max(4096) }).nullable(),
    }),
    output: z.object({}),
  },
  appViewClose: { input: z.object({ tabId }), output: z.object({}) },
  /** Forgets what the app stored in this window: cookies, files, everything. */
  appViewForget: { input: z.object({ forwardId: ForwardId }), output: z.object({}) },
  /** The chords that stay Berth's own while an app has the keyboard, with the commands that they run. */
  appViewKeys: {
    input: z.object({
      keys: z.array(z.object({ chord: z.string().max(60), commandId: z.string().max(80) })).max(300),
    }),
    output: z.object({}),
  },
  /** Of what an app saves. One that has ended is not missed. */
  downloadCancel: { input: z.object({ id: downloadId }), output: z.object({}) },
  /** Shows where it is, in the system's own window of files. Opens it never. */
  downloadShow: { input: z.object({ id: downloadId }), output: z.object({}) },
  /** Brings the keyboard from an app to Berth's own page. */
  focusPage: { input: z.object({}), output: z.object({}) },
  /** Brings the window before the person, as a click on what the system said of it asks for. */
  showWindow: { input: z.object({}), output: z.object({}) },
  /** What would be lost if the window closed now. Said when it changes; a page that loads anew begins with nothing. */
  setUnsaved: { input: UnsavedWork, output: z.object({}) },
  /** The answer to `save-unsaved`. */
  unsavedSaved: { input: z.object({ isSaved: z.boolean() }), output: z.object({}) },
} as const;
export type ShellRequestName = keyof typeof shellRequests;
export type ShellInput<N extends ShellRequestName> = z.input<(typeof shellRequests)[N]['input']>;
export type ShellOutput<N extends ShellRequestName> = z.output<(typeof shellRequests)[N]['output']>;

/** What the page of a web app says of itself. */
export interface AppViewState {
  readonly title: string;
  /** Origin, path and query. */
  readonly url: string;
  readonly isLoading: boolean;
  readonly canGoBack: boolean;
  readonly canGoForward: boolean;
  /** Why nothing of it is shown, in Chromium's words. */
  readonly failure: string | null;
  /** It does not answer any more, and may again. */
  readonly isStuck: boolean;
  /** 100: as it was made. */
  readonly zoomPercent: number;
  /** How often the text that is looked for is there, and which of them is in front, from 1. Null: nothing is looked for. */
  readonly found: { readonly count: number; readonly current: number } | null;
}

/** Something that an app saves, where the person said. */
export interface AppDownload {
  readonly id: string;
  readonly fileName: string;
  /** The app's name. */
  readonly from: string;
  readonly phase: 'running' | 'done' | 'cancelled' | 'failed';
  readonly receivedBytes: number;
  /** Null: nobody said. */
  readonly totalBytes: number | null;
  /** Where it goes. */
  readonly folder: string;
}

/** What the shell tells the page. A deep link only navigates or pre-fills; it never acts. */
export type ShellEvent =
  | { type: 'command'; id: string }
  | { type: 'deep-link'; path: string; query: Record<string, string> }
  | { type: 'plane-restarted' }
  | { type: 'app-view'; tabId: string; state: AppViewState }
  /** It took the keyboard, as by a click in it. */
  | { type: 'app-view-focus'; tabId: string }
  /** It was closed, and its tab is still there. */
  | { type: 'app-view-gone'; tabId: string }
  /** It opens another page of its own, for which there is another tab. */
  | { type: 'app-view-opened'; tabId: string; path: string }
  /** What it wanted was not done. */
  | { type: 'app-view-refused'; tabId: string; what: 'link' | 'download'; url: string }
  /** Its server asks who this is (RFC 9110 11); waits for `appViewLogin`. */
  | { type: 'app-view-login'; tabId: string; realm: string }
  | { type: 'download'; download: AppDownload }
  /** The window wants to close, and the person wants what is unsaved to be saved; waits for `unsavedSaved`. */
  | { type: 'save-unsaved' };

export interface ShellBridge {
  readonly platform: 'darwin' | 'linux' | 'win32';
  request<N extends ShellRequestName>(name: N, input: ShellInput<N>): Promise<ShellOutput<N>>;
  onEvent(listener: (event: ShellEvent) => void): void;
}
