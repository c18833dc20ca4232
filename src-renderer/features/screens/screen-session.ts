/**
 * One screen of a workspace for as long as its tab is open: connects, puts the password in, comes back by itself after a
 * loss, waits for a desktop that is still starting, and lets go of a screen that nobody looks at. Nothing on the desktop
 * ends with a connection.
 *
 * The password passes through here on its way from the plane to noVNC and is kept nowhere; only one that a person typed,
 * because Berth has none, stays until the tab closes.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { BerthError } from '#contract/berth-error.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import type { ByteStream } from '../../transport/client.ts';
import { ScreenChannel } from './screen-channel.ts';
import { isPassing, restAfterMs, retryAfterMs, startingForMs, startingRetryMs } from './screen-retries.ts';

export type ScreenStep = 'loading' | 'reaching' | 'signing-in' | 'drawing';

export type ScreenState =
  /** Its workspace, its host or Berth itself is not there: the page says which. */
  | { readonly phase: 'away' }
  /** Let go because nobody looked at it. */
  | { readonly phase: 'resting' }
  | { readonly phase: 'connecting'; readonly step: ScreenStep }
  /** Nothing listens on the port yet; it is tried again until `untilMs` (epoch). */
  | { readonly phase: 'starting'; readonly untilMs: number }
  | { readonly phase: 'connected' }
  /** The screen wants a password and Berth keeps none for the workspace. */
  | { readonly phase: 'asking' }
  /** The screen did not take the password. `reason`: its own words, or empty. */
  | { readonly phase: 'refused'; readonly reason: string }
  | { readonly phase: 'failed'; readonly error: BerthError }
  /** Tried again at `retryAtMs` (epoch). */
  | { readonly phase: 'lost'; readonly retryAtMs: number };

/** `resize`: the remote desktop gets the size of the tab, where its server can; else it is scaled. */
export type ScreenSizing = 'resize' | 'fit' | 'real';
export type ScreenQuality = 'best' | 'balanced' | 'low';

export interface ScreenOptions {
  readonly sizing: ScreenSizing;
  readonly quality: ScreenQuality;
  readonly isViewOnly: boolean;
}

export const screenDefaults: ScreenOptions = { sizing: 'resize', quality: 'balanced', isViewOnly: false };

/** The part of noVNC's RFB that a session uses. */
export interface RemoteScreen extends EventTarget {
  background: string;
  clipViewport: boolean;
  compressionLevel: number;
  qualityLevel: number;
  resizeSession: boolean;
  scaleViewport: boolean;
  viewOnly: boolean;
  approveServer(): void;
  clipboardPasteFrom(text: string): void;
  disconnect(): void;
  focus(options?: FocusOptions): void;
  sendCredentials(credentials: { readonly username?: string; readonly password?: string }): void;
  sendCtrlAltDel(): void;
  sendKey(keysym: number, code: string | null, isDown?: boolean): void;
  toBlob(callback: (blob: Blob | null) => void, type?: string): void;
}

export type RemoteScreenClass = new (
  target: HTMLElement,
  channel: object,
  options: { readonly shared: boolean },
) => RemoteScreen;

export interface ScreenSessionDeps {
  readonly holder: HTMLElement;
  readonly load: () => Promise<RemoteScreenClass>;
  readonly dial: () => ByteStream;
  /** The password that Berth keeps; null: it has none for this workspace. @throws BerthError */
  readonly readPassword: () => Promise<string | null>;
  /** Where the server asks for one. */
  readonly userName: string | null;
  /** A program on the desktop copied something. */
  readonly onClipboard: (text: string) => void;
  readonly options: ScreenOptions;
}

/** From the dialling to the server's first bytes, and from the password to the picture. A slow host takes seconds. */
export const answerWithinMs = 30_000;

const qualities: Readonly<Record<ScreenQuality, { readonly quality: number; readonly compression: number }>> =
  {
    best: { quality: 9, compression: 0 },
    balanced: { quality: 6, compression: 2 },
    low: { quality: 2, compression: 8 },
  };

export class ScreenSession {
  readonly store: StoreApi<{ readonly state: ScreenState; readonly options: ScreenOptions }>;
  readonly #deps: ScreenSessionDeps;
  #screen: RemoteScreen | null = null;
  #channel: ScreenChannel | null = null;
  /** Counts attempts, so that what an earlier one brings late is dropped. */
  #attempt = 0;
  #isReachable = false;
  #isLookedAt = false;
  #isClosed = false;
  #refusedSinceMs: number | null = null;
  #lostTimes = 0;
  #typedPassword: string | null = null;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #restTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(deps: ScreenSessionDeps) {
    this.#deps = deps;
    this.store = createStore(() => ({ state: { phase: 'away' } as ScreenState, options: deps.options }));
  }

  /** The live screen; null while there is none. */
  get screen(): RemoteScreen | null {
    return this.#state.phase === 'connected' ? this.#screen : null;
  }

  /** Whether Berth, the host and the workspace are all there. */
  setReachable(isReachable: boolean): void {
    if (this.#isReachable === isReachable) return;
    this.#isReachable = isReachable;
    if (isReachable) this.tryAgain();
    else {
      this.#letGo();
      this.#set({ phase: 'away' });
    }
  }

  /** Whether the tab is in front of a person. */
  setLookedAt(isLookedAt: boolean): void {
    if (this.#isLookedAt === isLookedAt) return;
    this.#isLookedAt = isLookedAt;
    clearTimeout(this.#restTimer);
    if (isLookedAt) {
      if (this.#state.phase === 'resting') this.tryAgain();
    } else this.#restTimer = setTimeout(() => this.#rest(), restAfterMs);
  }

  setOptions(change: Partial<ScreenOptions>): void {
    this.store.setState(({ options }) => ({ options: { ...options, ...change } }));
    if (this.#screen !== null) this.#apply(this.#screen);
  }

  /** For this tab only, where Berth keeps none. */
  signInWith(password: string): void {
    this.#typedPassword = password;
    this.tryAgain();
  }

  /** Begins anew, whatever is under way. */
  tryAgain(): void {
    this.#refusedSinceMs = null;
    this.#lostTimes = 0;
    void this.#connect();
  }

  close(): void {
    this.#isClosed = true;
    this.#typedPassword = null;
    clearTimeout(this.#restTimer);
    this.#letGo();
  }

  get #state(): ScreenState {
    return this.store.getState().state;
  }

  #set(state: ScreenState): void {
    this.store.setState({ state });
  }

  #rest(): void {
    if (this.#state.phase === 'away') return;
    this.#letGo();
    this.#set({ phase: 'resting' });
  }

  /** Ends what is there without a word. */
  #letGo(): void {
    this.#attempt += 1;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#watchdog);
    const screen = this.#screen;
    const channel = this.#channel;
    this.#screen = null;
    this.#channel = null;
    screen?.disconnect();
    channel?.close();
  }

  async #connect(): Promise<void> {
    this.#letGo();
    if (!this.#isReachable || this.#isClosed) return;
    const attempt = this.#attempt;
    const isStale = () => attempt !== this.#attempt;
    // While it waits for a desktop that starts, each try must not look like a new beginning.
    if (this.#refusedSinceMs === null) this.#set({ phase: 'connecting', step: 'loading' });
    try {
      const Screen = await this.#deps.load();
      if (isStale()) return;
      if (this.#refusedSinceMs === null) this.#set({ phase: 'connecting', step: 'reaching' });
      const channel = new ScreenChannel(this.#deps.dial());
      this.#channel = channel;
      this.#watch('The port is open, and what listens there says nothing. A VNC server speaks first.');
      await channel.opened;
      if (isStale()) return;
      this.#set({ phase: 'connecting', step: 'signing-in' });
      const screen = new Screen(this.#deps.holder, channel, { shared: true });
      this.#screen = screen;
      this.#listen(screen, channel, isStale);
      this.#apply(screen);
      channel.flow();
    } catch (cause) {
      if (!isStale()) this.#fail(toBerthError(cause));
    }
  }

  #listen(screen: RemoteScreen, channel: ScreenChannel, isStale: () => boolean): void {
    let refusal: string | null = null;
    let wasConnected = false;
    const on = (name: string, act: (detail: Readonly<Record<string, unknown>>) => void) =>
      screen.addEventListener(name, (event) => {
        if (!isStale())
          act(((event as CustomEvent).detail as Readonly<Record<string, unknown>> | null) ?? {});
      });
    on('credentialsrequired', ({ types }) => {
      clearTimeout(this.#watchdog);
      void this.#signIn(screen, Array.isArray(types) && types.includes('username'), isStale);
    });
    // The bytes come through SSH from the very container: no key of the server's own says more.
    on('serververification', () => screen.approveServer());
    on('securityfailure', ({ reason }) => {
      refusal = typeof reason === 'string' ? reason : '';
    });
    on('connect', () => {
      wasConnected = true;
      clearTimeout(this.#watchdog);
      this.#refusedSinceMs = null;
      this.#lostTimes = 0;
      this.#set({ phase: 'connected' });
    });
    on('clipboard', ({ text }) => {
      if (typeof text === 'string') this.#deps.onClipboard(text);
    });
    on('disconnect', () => {
      this.#screen = null;
      this.#letGo();
      if (refusal !== null) {
        this.#typedPassword = null;
        this.#set({ phase: 'refused', reason: refusal });
      } else if (wasConnected) this.#lose();
      else
        this.#fail(
          channel.failure ??
            new BerthError(
              'conflict',
              'What answers on this port does not speak VNC in a way that Berth knows. Is it the port of the screen?',
            ),
        );
    });
  }

  async #signIn(screen: RemoteScreen, isUserAsked: boolean, isStale: () => boolean): Promise<void> {
    try {
      const password = this.#typedPassword ?? (await this.#deps.readPassword());
      if (isStale()) return;
      if (password === null) {
        this.#letGo();
        return this.#set({ phase: 'asking' });
      }
      this.#set({ phase: 'connecting', step: 'drawing' });
      this.#watch('The screen took the password and then said nothing more.');
      screen.sendCredentials({ password, ...(isUserAsked ? { username: this.#deps.userName ?? '' } : {}) });
    } catch (cause) {
      if (!isStale()) this.#fail(toBerthError(cause));
    }
  }

  #watch(message: string): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#fail(new BerthError('conflict', message)), answerWithinMs);
  }

  #fail(error: BerthError): void {
    this.#letGo();
    if (error.code === 'workspace.port-refused') {
      this.#refusedSinceMs ??= Date.now();
      const untilMs = this.#refusedSinceMs + startingForMs;
      if (Date.now() < untilMs) {
        this.#set({ phase: 'starting', untilMs });
        this.#retryTimer = setTimeout(() => void this.#connect(), startingRetryMs);
        return;
      }
    } else if (isPassing(error)) {
      this.#lose();
      return;
    }
    this.#set({ phase: 'failed', error });
  }

  #lose(): void {
    const waitMs = retryAfterMs(this.#lostTimes);
    this.#lostTimes += 1;
    this.#set({ phase: 'lost', retryAtMs: Date.now() + waitMs });
    this.#retryTimer = setTimeout(() => void this.#connect(), waitMs);
  }

  #apply(screen: RemoteScreen): void {
    const { sizing, quality, isViewOnly } = this.store.getState().options;
    screen.viewOnly = isViewOnly;
    screen.background = 'transparent';
    screen.qualityLevel = qualities[quality].quality;
    screen.compressionLevel = qualities[quality].compression;
    screen.clipViewport = false;
    // Scaled until the server has taken the new size; if it never does, the whole desktop is still seen.
    screen.scaleViewport = sizing !== 'real';
    screen.resizeSession = sizing === 'resize';
  }
}
