/**
 * The size of one screen: its element's while this window sets the terminal's size, else the terminal's own, drawn as
 * large as the element allows. Owns the grid and the size of the text; tells the plane once a drag has settled.
 */
import { FitAddon } from '@xterm/addon-fit';
import type { Terminal as Screen } from '@xterm/xterm';
import type { TerminalSize } from '#contract/terminals.ts';
import { fitFont, smallestFontPx } from './fit-font.ts';
import { echoMs, isSame, SizeLead } from './size-lead.ts';

/** Milliseconds between the last change of size and the word to the program; a drag makes dozens. */
const resizeSettleMs = 60;

export interface ScreenSizeOptions {
  readonly screen: Screen;
  readonly element: HTMLElement;
  readonly size: TerminalSize;
  /** False for a window that always follows. */
  readonly mayLead: boolean;
  /** The text's size where it need not be smaller, in pixels. */
  readonly fontPx: () => number;
  /** True while the element is in a page and has a size. */
  readonly isShown: () => boolean;
  readonly tell: (size: TerminalSize) => void;
}

export class ScreenSize {
  readonly #options: ScreenSizeOptions;
  readonly #lead: SizeLead;
  readonly #fit = new FitAddon();
  readonly #listeners = new Set<() => void>();
  #settleTimer: ReturnType<typeof setTimeout> | undefined;
  #echoTimer: ReturnType<typeof setTimeout> | undefined;
  #isSetElsewhere = false;
  #smallestPx = smallestFontPx;

  constructor(options: ScreenSizeOptions) {
    this.#options = options;
    this.#lead = new SizeLead(options.size, options.mayLead);
    options.screen.loadAddon(this.#fit);
    // Typed in, pasted into, looked at: this window is the one that counts.
    for (const act of ['focusin', 'keydown', 'paste'])
      options.element.addEventListener(act, () => this.take(), { capture: true });
    document.fonts.addEventListener('loadingdone', this.#measureAgain);
  }

  /** Another window has set a size that is not this one's own. */
  get isSetElsewhere(): boolean {
    return this.#isSetElsewhere;
  }
  /** Told whenever the size that is drawn may be another. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The terminal's size as the plane tells it. */
  hear(size: TerminalSize): void {
    const what = this.#lead.hear(size, performance.now());
    clearTimeout(this.#echoTimer);
    if (what === 'wait') this.#echoTimer = setTimeout(() => this.hear(size), echoMs);
    if (what === 'follow') this.fit();
  }

  /** From now on this window sets the size. */
  take(): void {
    if (!this.#lead.take()) return;
    this.#options.screen.options.fontSize = this.#options.fontPx();
    this.#setElsewhere(false);
    this.fit();
  }

  /** Of a screen that follows: below it the text is not made smaller, and the screen is larger than its element. */
  setSmallestFont(px: number): void {
    this.#smallestPx = px;
    this.fit();
  }
  isFontBelow(px: number): boolean {
    return (this.#options.screen.options.fontSize ?? px) < px;
  }

  fit(): void {
    if (!this.#options.isShown()) return;
    clearTimeout(this.#settleTimer);
    if (this.#lead.isLeading) this.#set();
    else this.#follow();
  }

  dispose(): void {
    document.fonts.removeEventListener('loadingdone', this.#measureAgain);
    clearTimeout(this.#settleTimer);
    clearTimeout(this.#echoTimer);
  }

  /** Characters of the font that has just come are not as wide and high as those that stood in for it. */
  readonly #measureAgain = (): void => {
    if (!this.#options.isShown()) return;
    const { options } = this.#options.screen;
    const sizePx = options.fontSize ?? this.#options.fontPx();
    // xterm.js measures when the size changes, and only then.
    options.fontSize = sizePx + 1;
    options.fontSize = sizePx;
    this.fit();
  };

  #set(): void {
    const { tell } = this.#options;
    const proposed = this.#fit.proposeDimensions();
    if (proposed === undefined || !Number.isFinite(proposed.cols) || !Number.isFinite(proposed.rows)) return;
    const size = {
      cols: Math.min(1000, Math.max(2, proposed.cols)),
      rows: Math.min(500, Math.max(1, proposed.rows)),
    };
    this.#draw(size);
    if (isSame(size, this.#lead.wished)) return;
    this.#settleTimer = setTimeout(() => {
      this.#lead.tell(size, performance.now());
      tell(size);
    }, resizeSettleMs);
  }

  #follow(): void {
    const { screen, element, fontPx } = this.#options;
    this.#draw(this.#lead.shared);
    const isOther = fitFont(screen, element, { largestPx: fontPx(), smallestPx: this.#smallestPx });
    this.#setElsewhere(isOther);
  }

  #draw({ cols, rows }: TerminalSize): void {
    const { screen } = this.#options;
    if (cols === screen.cols && rows === screen.rows) return;
    screen.resize(cols, rows);
    // xterm.js 6.0.0 draws the selection of before again, though it was taken back: once more without one.
    if (!screen.hasSelection()) screen.clearSelection();
  }

  #setElsewhere(is: boolean): void {
    this.#options.element.dataset.sizedElsewhere = String(is);
    this.#isSetElsewhere = is;
    for (const listener of this.#listeners) listener();
  }
}
