/**
 * One terminal as this window shows it: an xterm.js screen, its byte stream and the way between them. It outlives the
 * component that shows it, so that a tab can be dragged to another pane without losing its screen.
 * Guarantees: bytes go from the stream into `write` unconverted, and their credit goes back in its callback, so a flood
 * grows no memory; keystrokes never wait behind output; nothing the output says is typed, opened or run.
 * Must not: touch React, or keep output anywhere but in the screen's own scrollback. Long because a screen's parts (bytes,
 * size, look, end) share one life; what is there to work with (marks, pictures, recording) is in terminal-work.ts.
 */
import { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { type ITheme, Terminal as Screen } from '@xterm/xterm';
import type { TerminalId } from '#contract/ids.ts';
import { guardParser, isOpenableLink } from '#contract/parser-guard.ts';
import type { TerminalSize } from '#contract/terminals.ts';
import type { ByteStream, Client } from '../../transport/client.ts';
import { leaveAnswersToHost } from './answered-elsewhere.ts';
import { copyText } from './copy.ts';
import { CursorBlink } from './cursor-blink.ts';
import { FloodMeter, floodBytes } from './flood-meter.ts';
import { GpuDrawing } from './gpu-drawing.ts';
import { isAnswer, mayLeaveTerminal } from './outgoing-filter.ts';
import { forCursorMode } from './person-input.ts';
import { cleanPaste, needsPasteWarning, type PasteText } from './paste.ts';
import { selectionHtml } from './selection-html.ts';
import { ScreenSearch } from './screen-search.ts';
import { ScreenSize } from './screen-size.ts';
import { screenOptions, type TerminalAppearance } from './terminal-appearance.ts';
import type { Measured } from './terminal-health.ts';
import { TerminalWork, type WorkEvents } from './terminal-work.ts';
import { writeInPieces } from './write-in-pieces.ts';

export interface SessionEvents extends WorkEvents {
  /** A paste that would run by itself; `confirm` pastes it. */
  onPasteWarning(paste: PasteText, confirm: () => void): void;
  onOpenLink(url: string): void;
  onBell(): void;
  onSearchResult(result: { index: number; count: number }): void;
  /** The stream ended: the terminal has ended, or the way to the plane is cut. */
  onDetached(error: unknown): void;
  onDropped(bytes: number): void;
  /** What was typed went nowhere: the terminal is away, or this window is. */
  onRefused(): void;
  onAttached(): void;
  onCopied(): void;
}

export interface SessionOptions {
  readonly id: TerminalId;
  readonly client: Client;
  readonly size: TerminalSize;
  readonly appearance: TerminalAppearance;
  readonly theme: ITheme;
  /** It runs under a multiplexer, which answers most of what programs ask a terminal. */
  readonly isAnsweredOnHost: boolean;
  /** True for a key that belongs to the app, not to the program. */
  readonly isAppKey: (event: KeyboardEvent) => boolean;
  readonly events: SessionEvents;
  /** A guest's window: it never sets the terminal's size, answers no query, and types only if it may. Default: an owner's. */
  readonly guest?: { readonly mayType: boolean };
}

const encoder = new TextEncoder();

export class TerminalSession {
  readonly id: TerminalId;
  readonly element: HTMLDivElement;
  /** One terminal has one size, in however many windows it is shown. */
  readonly size: ScreenSize;
  readonly #screen: Screen;
  readonly #blink: CursorBlink;
  readonly #gpu: GpuDrawing;
  readonly search: ScreenSearch;
  /** Marks, links, pictures, recording: what is there to work with. */
  readonly work: TerminalWork;
  readonly #client: Client;
  readonly #events: SessionEvents;
  #appearance: TerminalAppearance;
  #stream: ByteStream | undefined;
  #wasAttached = false;
  #isOpened = false;
  #isDisposed = false;
  #wasTypedInto = false;
  #unparsedBytes = 0;
  /** Milliseconds to draw a piece of output, lately. */
  #drawMs = 0;
  /** The terminal is there to take what is typed. */
  #takesKeys = true;
  readonly #flood = new FloodMeter();
  #observer: ResizeObserver | undefined;

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.#client = options.client;
    this.#events = options.events;
    this.#appearance = options.appearance;
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
      disableStdin: options.guest?.mayType === false,
      macOptionClickForcesSelection: true,
      rightClickSelectsWord: false,
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
    if (options.isAnsweredOnHost) leaveAnswersToHost(this.#screen);
    this.#gpu = new GpuDrawing(this.#screen);
    this.work = new TerminalWork(this.#screen, options.appearance, options.events);
    this.size = new ScreenSize({
      screen: this.#screen,
      element: this.element,
      size: options.size,
      mayLead: options.guest === undefined,
      fontPx: () => this.#appearance.terminalFontSizePx,
      isShown: () => this.#isOpened && !this.#isDisposed && this.element.clientWidth > 0,
      // A terminal that has just ended has no size to change.
      tell: (size) =>
        void this.#client.call('terminals.resize', { id: this.id, size }).catch(() => undefined),
    });
    this.search = new ScreenSearch(this.#screen, (result) => this.#events.onSearchResult(result));
    this.#screen.loadAddon(new UnicodeGraphemesAddon());
    this.#screen.loadAddon(
      new WebLinksAddon((_event, url) => this.#openLink(url), {
        hover: (_event, url) => this.element.setAttribute('title', shortened(url)),
        leave: () => this.element.removeAttribute('title'),
      }),
    );
    this.#screen.onData((data) => {
      if (!mayLeaveTerminal(data) || (options.guest !== undefined && isAnswer(data))) return;
      const isTyped = this.work.person.isTyped(data);
      if (isTyped && this.#refuses()) return;
      this.#type(encoder.encode(data), data);
      if (isTyped) this.#events.onTyped(data);
    });
    // Old mouse reports are single bytes above 127, handed over as Latin-1.
    this.#screen.onBinary((data) => this.#type(Uint8Array.from(data, (char) => char.charCodeAt(0) & 255)));
    this.#screen.onBell(() => this.#events.onBell());
    this.#screen.onSelectionChange(() => {
      if (this.#appearance.copyOnSelection && this.#screen.hasSelection()) this.copySelection();
    });
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
      this.work.setAppearance(this.#appearance);
    }
    this.#observer?.disconnect();
    this.#observer = new ResizeObserver(() => this.fit());
    this.#observer.observe(parent);
    this.fit();
    void this.#gpu.choose(true, this.#appearance.terminalRenderer);
  }

  /** Takes the screen out of the page; it goes on receiving. Frees its GPU context, of which a page has few. */
  unmount(): void {
    this.#observer?.disconnect();
    this.#observer = undefined;
    void this.#gpu.choose(false, this.#appearance.terminalRenderer);
    this.#blink.stop();
    this.element.remove();
  }

  /** Joins the terminal's stream; what the plane still holds of its output is painted first. */
  attach(): void {
    if (this.#isDisposed) return;
    this.#stream?.close();
    // A second attachment starts over: the plane sends what it holds, and the old screen would double it.
    this.#screen.reset();
    this.work.reset();
    this.#unparsedBytes = 0;
    const stream = this.#client.bytes('terminals.attach', { id: this.id });
    this.#stream = stream;
    this.#wasAttached = true;
    stream.onBytes((bytes, done) => {
      if (this.#stream !== stream || this.#isDisposed) return done();
      this.#unparsedBytes += bytes.byteLength;
      this.#flood.count(bytes.byteLength, performance.now());
      this.work.output(bytes);
      const cameAtMs = performance.now();
      writeInPieces(this.#screen, bytes, () => {
        this.#unparsedBytes -= bytes.byteLength;
        this.#drawMs += (performance.now() - cameAtMs - this.#drawMs) / 8;
        done();
      });
    });
    this.#events.onAttached();
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
  /** It has what the plane held of the output, as far as that came. */
  get wasAttached(): boolean {
    return this.#wasAttached;
  }

  /** Whether the terminal is there; while it is not, what is typed is refused with a mark. */
  setTakesKeys(takesKeys: boolean): void {
    this.#takesKeys = takesKeys;
  }

  /** How it does, without asking anybody. */
  measured(): Measured {
    const isFlooding = this.#flood.isFlooding(performance.now());
    return { unparsedBytes: this.#unparsedBytes, isFlooding, drawMs: this.#drawMs };
  }

  focus(): void {
    this.#screen.focus();
  }

  /** Measures, and draws or tells what follows from it. */
  fit(): void {
    this.size.fit();
  }

  setAppearance(appearance: TerminalAppearance, theme: ITheme): void {
    this.#appearance = appearance;
    this.#screen.options = { ...screenOptions(appearance), theme };
    this.work.setAppearance(appearance);
    this.fit();
    void this.#gpu.choose(this.element.isConnected, appearance.terminalRenderer);
  }

  hasSelection(): boolean {
    return this.#screen.hasSelection();
  }

  /** False: nothing is selected. */
  copySelection(): boolean {
    return this.#copy({ plain: this.#screen.getSelection() });
  }

  /** With colours, for documents; what takes no HTML gets the text. */
  copySelectionAsHtml(): boolean {
    const range = this.#screen.getSelectionPosition();
    if (range === undefined) return false;
    const { theme, fontFamily, fontSize } = this.#screen.options;
    const html = selectionHtml(this.#screen.buffer.active, range, {
      theme: theme ?? {},
      fontFamily: fontFamily ?? 'monospace',
      fontSizePx: fontSize ?? 13,
    });
    return this.#copy({ plain: this.#screen.getSelection(), html });
  }

  /** False: no command has ended here, as far as its shell told. */
  copyLastOutput(): boolean {
    return this.#copy({ plain: this.work.marks.log.lastOutput() ?? '' });
  }

  paste(clipboard: string): void {
    const paste = cleanPaste(clipboard);
    if (paste.text === '' || this.#refuses()) return;
    const confirm = () => {
      this.pasteAsMember(paste.text);
      this.#events.onPasted(paste.text);
      this.focus();
    };
    const isBracketed = this.takesPastesWhole && this.#events.doOthersTakePastesWhole();
    if (this.#appearance.warnOnMultiLinePaste && needsPasteWarning(paste, isBracketed))
      this.#events.onPasteWarning(paste, confirm);
    else confirm();
  }

  /** The program asked for bracketed paste: several lines do not run by themselves. */
  get takesPastesWhole(): boolean {
    return this.#screen.modes.bracketedPasteMode;
  }

  /** What a person typed or pasted into another terminal of the group; goes on to nobody. */
  typeAsMember(data: string): void {
    const own = forCursorMode(data, this.#screen.modes.applicationCursorKeysMode);
    this.#type(encoder.encode(own), own);
  }
  pasteAsMember(text: string): void {
    this.work.person.pasting(() => this.#screen.paste(text));
  }

  /** A person can see it now. */
  get isLookedAt(): boolean {
    return this.element.clientWidth > 0 && document.visibilityState === 'visible' && document.hasFocus();
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
    this.size.dispose();
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.close();
    this.unmount();
    this.work.dispose();
    this.#screen.dispose();
  }

  #refuses(): boolean {
    if (this.#takesKeys && this.#stream !== undefined) return false;
    this.#events.onRefused();
    return true;
  }

  #type(bytes: Uint8Array, text?: string): void {
    const stream = this.#stream;
    // Answers of the screen, to what it drew before, would come to nobody as well.
    if (stream === undefined || !this.#takesKeys) return;
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

  #copy(text: { plain: string; html?: string }): boolean {
    if (text.plain === '') return false;
    void copyText(text).then((isCopied) => {
      if (isCopied) this.#events.onCopied();
    });
    return true;
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
}

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
