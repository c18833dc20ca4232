/**
 * One terminal as this window shows it: an xterm.js screen, its byte stream and the way between them. It outlives the
 * component that shows it, so that a tab can be dragged to another pane without losing its screen.
 * Guarantees: bytes go from the stream into `write` unconverted, and their credit goes back in its callback, so a flood
 * grows no memory; keystrokes never wait behind output; nothing the output says is typed, opened or run.
 * Must not: touch React, or keep output anywhere but in the screen's own scrollback. Long because a screen's parts (bytes,
 * size, search, look, end) share one life.
 */
import { FitAddon } from '@xterm/addon-fit';
import { type ISearchOptions, SearchAddon } from '@xterm/addon-search';
import { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { type ITheme, Terminal as Screen } from '@xterm/xterm';
import type { TerminalId } from '#contract/ids.ts';
import type { Settings } from '#contract/settings.ts';
import type { TerminalSize } from '#contract/terminals.ts';
import type { ByteStream, Client } from '../../transport/client.ts';
import { CursorBlink } from './cursor-blink.ts';
import { FloodMeter, floodBytes } from './flood-meter.ts';
import { mayLeaveTerminal } from './outgoing-filter.ts';
import { guardParser, isOpenableLink } from './parser-guard.ts';
import { cleanPaste, needsPasteWarning, type PasteText } from './paste.ts';
import { isHardwareRenderer, readRendererName } from './renderer-choice.ts';

/** Milliseconds between the last change of size and the word to the program; a drag makes dozens. */
const resizeSettleMs = 60;

export interface SessionEvents {
  /** A paste that would run by itself; `confirm` pastes it. */
  onPasteWarning(paste: PasteText, confirm: () => void): void;
  onOpenLink(url: string): void;
  onBell(): void;
  onSearchResult(result: { index: number; count: number }): void;
  /** The stream ended: the terminal has ended, or the way to the plane is cut. */
  onDetached(error: unknown): void;
  onDropped(bytes: number): void;
  onCopied(): void;
}

export type TerminalAppearance = Pick<
  Settings,
  | 'terminalFontFamily'
  | 'terminalFontSizePx'
  | 'terminalLineHeight'
  | 'terminalCursor'
  | 'terminalCursorBlinks'
  | 'terminalScrollbackLines'
  | 'terminalBell'
  | 'terminalRenderer'
  | 'copyOnSelection'
  | 'warnOnMultiLinePaste'
>;

export interface SessionOptions {
  readonly id: TerminalId;
  readonly client: Client;
  readonly size: TerminalSize;
  readonly appearance: TerminalAppearance;
  readonly theme: ITheme;
  /** True for a key that belongs to the app, not to the program. */
  readonly isAppKey: (event: KeyboardEvent) => boolean;
  readonly events: SessionEvents;
}

const encoder = new TextEncoder();

export class TerminalSession {
  readonly id: TerminalId;
  readonly element: HTMLDivElement;
  readonly #screen: Screen;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon({ highlightLimit: 2_000 });
  readonly #blink: CursorBlink;
  readonly #client: Client;
  readonly #events: SessionEvents;
  #appearance: TerminalAppearance;
  #stream: ByteStream | undefined;
  #isOpened = false;
  #isDisposed = false;
  #wasTypedInto = false;
  #unparsedBytes = 0;
  readonly #flood = new FloodMeter();
  #isWebglWanted = false;
  #webgl: { dispose(): void } | undefined;
  #observer: ResizeObserver | undefined;
  #resizeTimer: ReturnType<typeof setTimeout> | undefined;
  #toldSize: TerminalSize;
  #searchKind = '';

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.#client = options.client;
    this.#events = options.events;
    this.#appearance = options.appearance;
    this.#toldSize = options.size;
    this.element = document.createElement('div');
    this.element.className = 'terminal-screen';
    this.#blink = new CursorBlink((isShown) => {
      this.element.dataset.cursor = isShown ? 'shown' : 'hidden';
    });
    this.element.addEventListener('focusin', () => this.#blink.start());
    this.element.addEventListener('focusout', () => this.#blink.stop());
    this.element.addEventListener('keydown', () => this.#blink.typed(), { capture: true });
    this.#screen = new Screen({
      cols: options.size.cols,
      rows: options.size.rows,
      allowProposedApi: true,
      macOptionClickForcesSelection: true,
      rightClickSelectsWord: false,
      // Programs choose colours without knowing the background; this keeps their text readable on ours.
      minimumContrastRatio: 4.5,
      // The one report about its window that programs need (resize(1), after a lost SIGWINCH); the others stay off.
      windowOptions: { getWinSizeChars: true },
      theme: options.theme,
      linkHandler: {
        activate: (_event, url) => this.#openLink(url),
        // The target is shown by the view's own hint; a title text of the output's choosing is not.
        hover: (_event, url) => this.element.setAttribute('title', shortened(url)),
        leave: () => this.element.removeAttribute('title'),
        allowNonHttpProtocols: true,
      },
      ...screenOptions(options.appearance),
    });
    guardParser(this.#screen);
    this.#screen.loadAddon(this.#fit);
    this.#screen.loadAddon(this.#search);
    this.#screen.loadAddon(new UnicodeGraphemesAddon());
    this.#screen.loadAddon(
      new WebLinksAddon((_event, url) => this.#openLink(url), {
        hover: (_event, url) => this.element.setAttribute('title', shortened(url)),
        leave: () => this.element.removeAttribute('title'),
      }),
    );
    this.#screen.onData((data) => {
      if (mayLeaveTerminal(data)) this.#type(encoder.encode(data), data);
    });
    // Old mouse reports are single bytes above 127, handed over as Latin-1.
    this.#screen.onBinary((data) => this.#type(Uint8Array.from(data, (char) => char.charCodeAt(0) & 255)));
    this.#screen.onBell(() => this.#events.onBell());
    this.#screen.onSelectionChange(() => {
      if (this.#appearance.copyOnSelection && this.#screen.hasSelection()) this.copySelection();
    });
    this.#search.onDidChangeResults(({ resultIndex, resultCount }) =>
      this.#events.onSearchResult({ index: resultIndex, count: resultCount }),
    );
    this.#screen.attachCustomKeyEventHandler((event) => {
      if (isCopyKey(event)) {
        // Only on the way down, or one press copies twice.
        if (event.type === 'keydown' && this.copySelection()) event.preventDefault();
        return false;
      }
      // Left to the browser, whose paste event comes back through `#onPaste`.
      return !isPasteKey(event) && !options.isAppKey(event);
    });
    // Before xterm.js: its own handler would paste what the clipboard holds as it is.
    this.element.addEventListener('paste', (event) => this.#onPaste(event), { capture: true });
  }

  /** Puts the screen into a visible element and keeps its size that element's. */
  mount(parent: HTMLElement): void {
    if (this.#isDisposed) return;
    parent.append(this.element);
    if (!this.#isOpened) {
      this.#isOpened = true;
      this.#screen.open(this.element);
    }
    this.#observer?.disconnect();
    this.#observer = new ResizeObserver(() => this.fit());
    this.#observer.observe(parent);
    this.fit();
    this.#isWebglWanted = true;
    void this.#chooseRenderer();
  }

  /** Takes the screen out of the page; it goes on receiving. Frees its GPU context, of which a page has few. */
  unmount(): void {
    this.#observer?.disconnect();
    this.#observer = undefined;
    this.#isWebglWanted = false;
    this.#webgl?.dispose();
    this.#webgl = undefined;
    this.#blink.stop();
    this.element.remove();
  }

  /** Joins the terminal's stream; what the plane still holds of its output is painted first. */
  attach(): void {
    if (this.#isDisposed) return;
    this.#stream?.close();
    // A second attachment starts over: the plane sends what it holds, and the old screen would double it.
    this.#screen.reset();
    this.#unparsedBytes = 0;
    const stream = this.#client.bytes('terminals.attach', { id: this.id });
    this.#stream = stream;
    stream.onBytes((bytes, done) => {
      if (this.#stream !== stream || this.#isDisposed) return done();
      this.#unparsedBytes += bytes.byteLength;
      this.#flood.count(bytes.byteLength, performance.now());
      this.#screen.write(bytes, () => {
        this.#unparsedBytes -= bytes.byteLength;
        done();
      });
    });
    stream.ended.then(
      () => this.#detach(stream, undefined),
      (error: unknown) => this.#detach(stream, error),
    );
  }

  /** Somebody typed into it from this window: closing it may end work. */
  get wasTypedInto(): boolean {
    return this.#wasTypedInto;
  }

  get isAttached(): boolean {
    return this.#stream !== undefined;
  }

  focus(): void {
    this.#screen.focus();
  }

  /** Measures and, once it has settled, tells the program. */
  fit(): void {
    if (!this.#isOpened || this.#isDisposed || this.element.clientWidth === 0) return;
    const proposed = this.#fit.proposeDimensions();
    if (proposed === undefined || !Number.isFinite(proposed.cols) || !Number.isFinite(proposed.rows)) return;
    const size = {
      cols: Math.min(1000, Math.max(2, proposed.cols)),
      rows: Math.min(500, Math.max(1, proposed.rows)),
    };
    if (size.cols !== this.#screen.cols || size.rows !== this.#screen.rows) {
      this.#screen.resize(size.cols, size.rows);
      // xterm.js 6.0.0 draws the selection of before again, though it was taken back: once more without one.
      if (!this.#screen.hasSelection()) this.#screen.clearSelection();
    }
    clearTimeout(this.#resizeTimer);
    if (size.cols === this.#toldSize.cols && size.rows === this.#toldSize.rows) return;
    this.#resizeTimer = setTimeout(() => {
      this.#toldSize = size;
      // A terminal that has just ended has no size to change.
      this.#client.call('terminals.resize', { id: this.id, size }).catch(() => undefined);
    }, resizeSettleMs);
  }

  setAppearance(appearance: TerminalAppearance, theme: ITheme): void {
    this.#appearance = appearance;
    this.#screen.options = { ...screenOptions(appearance), theme };
    this.fit();
    void this.#chooseRenderer();
  }

  hasSelection(): boolean {
    return this.#screen.hasSelection();
  }

  /** Works within a gesture and needs no permission: the page answers its own copy event. */
  copySelection(): boolean {
    const text = this.#screen.getSelection();
    if (text === '') return false;
    const onCopy = (event: ClipboardEvent) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      event.clipboardData?.setData('text/plain', text);
    };
    document.addEventListener('copy', onCopy, { capture: true, once: true });
    const isCopied = document.execCommand('copy');
    document.removeEventListener('copy', onCopy, { capture: true });
    if (isCopied) this.#events.onCopied();
    else
      void navigator.clipboard?.writeText(text).then(
        () => this.#events.onCopied(),
        () => undefined,
      );
    return true;
  }

  paste(clipboard: string): void {
    const paste = cleanPaste(clipboard);
    if (paste.text === '') return;
    const confirm = () => {
      this.#screen.paste(paste.text);
      this.focus();
    };
    const isBracketed = this.#screen.modes.bracketedPasteMode;
    if (this.#appearance.warnOnMultiLinePaste && needsPasteWarning(paste, isBracketed))
      this.#events.onPasteWarning(paste, confirm);
    else confirm();
  }

  selectAll(): void {
    this.#screen.selectAll();
  }
  clearScrollback(): void {
    this.#screen.clear();
  }
  scrollToBottom(): void {
    this.#screen.scrollToBottom();
  }

  findNext(text: string, options: ISearchOptions): boolean {
    this.#forgetOtherSearch(options);
    return this.#search.findNext(text, options);
  }
  findPrevious(text: string, options: ISearchOptions): boolean {
    this.#forgetOtherSearch(options);
    return this.#search.findPrevious(text, options);
  }
  clearSearch(): void {
    this.#search.clearDecorations();
    this.#screen.clearSelection();
  }

  /** The addon (0.16.0) compares new options with themselves, so that it would go on to count what the old ones found. */
  #forgetOtherSearch({ caseSensitive, regex }: ISearchOptions): void {
    const kind = `${caseSensitive} ${regex}`;
    if (kind !== this.#searchKind) this.#search.clearDecorations();
    this.#searchKind = kind;
  }

  /** The last lines on the screen as text: for a picture of what was there, and for readers of the screen. */
  lastLines(count: number): string[] {
    const buffer = this.#screen.buffer.active;
    const lines: string[] = [];
    for (let row = buffer.length - 1; row >= 0 && lines.length < count; row -= 1) {
      const text = buffer.getLine(row)?.translateToString(true) ?? '';
      if (text !== '' || lines.length > 0) lines.unshift(text);
    }
    return lines;
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    clearTimeout(this.#resizeTimer);
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.close();
    this.unmount();
    this.#screen.dispose();
  }

  #type(bytes: Uint8Array, text?: string): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    stream.send(bytes);
    // A Return is what starts something; keys without one, and answers to queries, do not.
    if (text?.includes('\r')) this.#wasTypedInto = true;
    const isFlooded = this.#unparsedBytes >= floodBytes || this.#flood.isFlooding(performance.now());
    if (text !== '\u0003' || !isFlooded) return;
    // An interrupt under a flood: what the plane still holds back is of no use to anybody.
    this.#client.call('terminals.dropBacklog', { id: this.id }).then(
      ({ droppedBytes }) => {
        if (droppedBytes > 0) this.#events.onDropped(droppedBytes);
      },
      () => undefined,
    );
  }

  #onPaste(event: ClipboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
    this.paste(event.clipboardData?.getData('text/plain') ?? '');
  }

  #openLink(url: string): void {
    if (isOpenableLink(url)) this.#events.onOpenLink(url);
  }

  #detach(stream: ByteStream, error: unknown): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.#events.onDetached(error);
  }

  async #chooseRenderer(): Promise<void> {
    const choice = this.#appearance.terminalRenderer;
    const isWanted =
      this.#isWebglWanted &&
      (choice === 'gpu' || (choice === 'automatic' && isHardwareRenderer(rendererName())));
    if (!isWanted) {
      this.#webgl?.dispose();
      this.#webgl = undefined;
      return;
    }
    if (this.#webgl !== undefined) return;
    const { WebglAddon } = await import('@xterm/addon-webgl');
    if (!this.#isWebglWanted || this.#webgl !== undefined || this.#isDisposed) return;
    try {
      const addon = new WebglAddon();
      // The browser takes contexts away when there are too many: the DOM renderer draws on.
      addon.onContextLoss(() => {
        addon.dispose();
        if (this.#webgl === addon) this.#webgl = undefined;
      });
      this.#screen.loadAddon(addon);
      this.#webgl = addon;
    } catch {
      // No WebGL 2 here after all; the DOM renderer is already drawing.
      this.#webgl = undefined;
    }
  }
}

const rendererName = (() => {
  let name: string | null | undefined;
  return () => {
    name ??= readRendererName(() => document.createElement('canvas'));
    return name;
  };
})();

/** Ctrl+Shift+C, where Ctrl+C is the terminal's own; ⌘C is the browser's copy event, which xterm.js answers. */
function isCopyKey(event: KeyboardEvent): boolean {
  return event.ctrlKey && event.shiftKey && !event.altKey && !event.metaKey && event.code === 'KeyC';
}
function isPasteKey(event: KeyboardEvent): boolean {
  if (event.altKey || event.metaKey) return false;
  return event.shiftKey && ((event.ctrlKey && event.code === 'KeyV') || event.key === 'Insert');
}

function shortened(url: string): string {
  return url.length > 300 ? `${url.slice(0, 300)}…` : url;
}

function screenOptions(appearance: TerminalAppearance) {
  return {
    fontFamily: appearance.terminalFontFamily,
    fontSize: appearance.terminalFontSizePx,
    lineHeight: appearance.terminalLineHeight,
    cursorStyle: appearance.terminalCursor,
    cursorBlink: appearance.terminalCursorBlinks,
    scrollback: appearance.terminalScrollbackLines,
  } as const;
}
