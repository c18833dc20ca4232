/**
 * What is read inside a page: the screen's buffer as xterm.js holds it, and the marks that tell when everything written so
 * far has been parsed. The same instrument looks at Berth's window and at the bare page, so it cannot favour one.
 *
 * Neither page has a door for it: xterm.js hands the terminal to each addon that is loaded, and that is where it looks.
 */
import type { Terminal } from '@xterm/xterm';
import type { Page } from 'playwright';

/** A screen as two pages can be compared: what stands in each cell, how it is drawn, and where the cursor is. */
export interface Picture {
  /** One for each row, without the blanks at its end. */
  readonly text: readonly string[];
  /** Runs of cells drawn alike, one line for each row; empty for a row without any attribute. */
  readonly looks: readonly string[];
  readonly cursor: string;
}

export interface PageInstrument {
  /** The terminals that this page has, in the order in which they were made, without those that were disposed. */
  size(): { cols: number; rows: number; cellWidth: number; cellHeight: number } | undefined;
  picture(): Picture;
  /** Resolves when the newest terminal's title is that. */
  reached(title: string): Promise<void>;
  /** Adds the report of a rectangle's checksum, that xterm.js lacks and that esctest reads the screen with. */
  answerChecksums(): void;
}

/** Runs in the page before everything else: must not refer to anything outside itself. */
export function installInstrument(): void {
  type Core = { coreService: { triggerBinaryEvent(data: string): void } };
  let terminal: (Terminal & { _core: Core }) | undefined;
  let title = '';
  const waiters: { title: string; resolve: () => void }[] = [];
  const answered = new WeakSet<Terminal>();

  const adopt = (made: Terminal) => {
    if (made === terminal || typeof made.onTitleChange !== 'function') return;
    terminal = made as Terminal & { _core: Core };
    title = '';
    made.onTitleChange((now) => {
      title = now;
      for (const waiter of waiters.splice(0))
        if (waiter.title === now) waiter.resolve();
        else waiters.push(waiter);
    });
  };
  const push = Array.prototype.push;
  // biome-ignore lint/suspicious/noExplicitAny: every array of the page comes by.
  Array.prototype.push = function (this: unknown[], ...items: any[]) {
    const item = items.length === 1 ? Object(items[0]) : {};
    const addon = Object.hasOwn(item, 'isDisposed') ? item.instance : undefined;
    if (typeof addon?.activate === 'function') {
      const activate = addon.activate;
      addon.activate = function (this: unknown, made: Terminal) {
        adopt(made);
        return activate.call(this, made);
      };
    }
    return push.apply(this, items);
  };

  const looksOf = (row: number): string => {
    const buffer = terminal?.buffer.active;
    const line = buffer?.getLine(buffer.baseY + row);
    const runs: string[] = [];
    let from = 0;
    let last = '';
    for (let column = 0; column <= (terminal?.cols ?? 0); column += 1) {
      const cell = line?.getCell(column);
      const look =
        cell === undefined
          ? ''
          : [
              cell.isBold() && 'bold',
              cell.isDim() && 'dim',
              cell.isItalic() && 'italic',
              cell.isUnderline() && 'underline',
              cell.isOverline() && 'overline',
              cell.isBlink() && 'blink',
              cell.isInverse() && 'inverse',
              cell.isInvisible() && 'invisible',
              cell.isStrikethrough() && 'strikethrough',
              !cell.isFgDefault() && `fg ${cell.getFgColorMode()} ${cell.getFgColor()}`,
              !cell.isBgDefault() && `bg ${cell.getBgColorMode()} ${cell.getBgColor()}`,
            ]
              .filter(Boolean)
              .join('+');
      if (look === last) continue;
      if (last !== '') push.call(runs, `${from}-${column - 1} ${last}`);
      from = column;
      last = look;
    }
    return runs.join(', ');
  };

  const instrument: PageInstrument = {
    size: () => {
      const screen = terminal?.element?.querySelector('.xterm-screen');
      if (terminal === undefined || !screen) return undefined;
      const { cols, rows } = terminal;
      const { width, height } = screen.getBoundingClientRect();
      return { cols, rows, cellWidth: width / cols, cellHeight: height / rows };
    },
    picture: () => {
      const buffer = terminal?.buffer.active;
      const rows = Array.from({ length: terminal?.rows ?? 0 }, (_, row) => row);
      return {
        text: rows.map(
          (row) =>
            buffer
              ?.getLine(buffer.baseY + row)
              ?.translateToString(true)
              .trimEnd() ?? '',
        ),
        looks: rows.map(looksOf),
        cursor: `${buffer?.cursorX},${buffer?.cursorY} ${buffer?.type}`,
      };
    },
    reached: (wanted) =>
      new Promise((resolve) => {
        if (title === wanted) resolve();
        else push.call(waiters, { title: wanted, resolve });
      }),
    answerChecksums: () => {
      const screen = terminal;
      if (screen === undefined || answered.has(screen)) return;
      answered.add(screen);
      screen.parser.registerCsiHandler({ intermediates: '*', final: 'y' }, (parameters) => {
        const [id = 0, , top, left, bottom, right] = parameters.map(Number);
        const isOrigin = screen.modes.originMode;
        const buffer = screen.buffer.active;
        const region = (screen as unknown as { _core: { buffer: { scrollTop: number } } })._core.buffer;
        const offset = isOrigin ? region.scrollTop : 0;
        let sum = 0;
        for (let row = (top || 1) + offset; row <= (bottom || screen.rows) + (bottom ? offset : 0); row += 1)
          for (let column = left || 1; column <= (right || screen.cols); column += 1) {
            const cell = buffer.getLine(buffer.baseY + row - 1)?.getCell(column - 1);
            // An empty cell counts as a blank, as in xterm from patch 334 on.
            sum += cell?.getChars().codePointAt(0) ?? 32;
          }
        const hex = (sum & 0xffff).toString(16).toUpperCase().padStart(4, '0');
        // As a mouse report goes: the way that answers to queries take is one of the things under test.
        screen._core.coreService.triggerBinaryEvent(`\u001bP${id}!~${hex}\u001b\\`);
        return true;
      });
    },
  };
  (window as unknown as { conformance: PageInstrument }).conformance = instrument;
}

type Reply<K extends keyof PageInstrument> = Awaited<ReturnType<PageInstrument[K]>>;

export function instrument<K extends keyof PageInstrument>(
  page: Page,
  name: K,
  ...args: Parameters<PageInstrument[K]>
): Promise<Reply<K>> {
  return page.evaluate(
    ([name, args]) => {
      const { conformance } = window as unknown as {
        conformance: Record<string, (...args: unknown[]) => unknown>;
      };
      return conformance[name]?.(...args);
    },
    [name, args] as [string, unknown[]],
  ) as Promise<Reply<K>>;
}
