/**
 * The screen of a replay: draws steps in their order and is never ahead of what is drawn. Output of a recording is a
 * stranger's: the same guard as for live terminals, nothing typed back, no clipboard, links opened by a click alone.
 */
import { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { type ITheme, Terminal as Screen } from '@xterm/xterm';
import type { CastEvent, CastSize } from './asciicast.ts';
import { guardParser, isOpenableLink } from '#contract/parser-guard.ts';
import type { ReplayStep } from './replay.ts';
import { screenOptions, type TerminalAppearance } from './terminal-appearance.ts';

/** Characters given to the screen in one piece; between two the page can answer. */
const pieceLength = 262_144;
/** Pixels; below nobody reads it, and the screen scrolls instead. */
const smallestFontPx = 6;

export interface ReplayScreenOptions {
  readonly size: CastSize;
  readonly appearance: TerminalAppearance;
  readonly theme: ITheme;
  readonly onOpenLink: (url: string) => void;
}

export class ReplayScreen {
  readonly #screen: Screen;
  #appearance: TerminalAppearance;
  #holder: HTMLElement | undefined;
  #observer: ResizeObserver | undefined;
  #isDisposed = false;

  constructor(options: ReplayScreenOptions) {
    this.#appearance = options.appearance;
    const open = (_event: MouseEvent, url: string) => {
      if (isOpenableLink(url)) options.onOpenLink(url);
    };
    this.#screen = new Screen({
      ...options.size,
      allowProposedApi: true,
      disableStdin: true,
      theme: options.theme,
      linkHandler: { activate: open, allowNonHttpProtocols: true },
      ...screenOptions(options.appearance),
      cursorBlink: false,
    });
    guardParser(this.#screen);
    this.#screen.loadAddon(new UnicodeGraphemesAddon());
    this.#screen.loadAddon(new WebLinksAddon(open));
  }

  mount(holder: HTMLElement): void {
    this.#holder = holder;
    this.#screen.open(holder);
    this.#observer = new ResizeObserver(() => this.#fit());
    this.#observer.observe(holder);
    this.#fit();
  }

  setLook(appearance: TerminalAppearance, theme: ITheme): void {
    this.#appearance = appearance;
    this.#screen.options = { ...screenOptions(appearance), theme, cursorBlink: false };
    this.#fit();
  }

  /** Resolves when all of it is drawn. One at a time. */
  async draw({ reset, events }: ReplayStep): Promise<void> {
    if (reset !== null) {
      await this.#write('');
      this.#screen.reset();
      this.#resize(reset);
    }
    let text = '';
    for (const event of events) {
      if (this.#isDisposed) return;
      if (event.kind === 'output') {
        text += event.text;
        if (text.length >= pieceLength) {
          await this.#write(text);
          text = '';
        }
      } else if (event.kind === 'resize') {
        await this.#write(text);
        text = '';
        this.#resize((event as Extract<CastEvent, { kind: 'resize' }>).size);
      }
    }
    if (text !== '') await this.#write(text);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#observer?.disconnect();
    this.#screen.dispose();
  }

  #write(text: string): Promise<void> {
    if (this.#isDisposed) return Promise.resolve();
    return new Promise((resolve) => this.#screen.write(text, resolve));
  }

  #resize(size: CastSize): void {
    if (this.#isDisposed || (size.cols === this.#screen.cols && size.rows === this.#screen.rows)) return;
    this.#screen.resize(size.cols, size.rows);
    this.#fit();
  }

  /** Letters as small as the recorded size needs, and no larger than the settings say. */
  #fit(): void {
    const holder = this.#holder;
    const drawn = this.#screen.element?.querySelector('.xterm-screen')?.getBoundingClientRect();
    const fontSize = this.#screen.options.fontSize ?? 0;
    if (this.#isDisposed || !holder || !drawn || drawn.width === 0 || fontSize === 0) return;
    const style = getComputedStyle(holder);
    const room = {
      width: holder.clientWidth - Number.parseFloat(style.paddingLeft) - 14,
      height:
        holder.clientHeight - Number.parseFloat(style.paddingTop) - Number.parseFloat(style.paddingBottom),
    };
    if (room.width <= 0 || room.height <= 0) return;
    const fits = fontSize * Math.min(room.width / drawn.width, room.height / drawn.height);
    // Half pixels: what is measured changes with the size in steps, and must not swing between two.
    const next = Math.max(
      smallestFontPx,
      Math.min(this.#appearance.terminalFontSizePx, Math.floor(fits * 2) / 2),
    );
    if (Math.abs(next - fontSize) >= 0.5) this.#screen.options.fontSize = next;
  }
}
