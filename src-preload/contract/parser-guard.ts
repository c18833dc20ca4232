/**
 * Keeps hostile output from freezing whoever parses it: the window, and the plane's own screen of a terminal. On the wall
 * because both must come to the same screen from the same bytes. Some control sequences repeat an effect as often as their parameter
 * says, up to 2^31 times, so that 12 bytes of output hold the parser for minutes (xterm.js 6.0.0: CSI 2147483647 followed
 * by b, I, L, M, S, T or Z). Counts that the screen's size bounds are bounded to it, and have the effect that they would
 * have had; the others (cursor movement, CSI 9999 C, and insertion in a line) xterm.js bounds by itself.
 * Sources: ECMA-48 §8.3; xterm control sequences (ctlseqs).
 */
/** CSI sequences that do something as often as their first parameter says, and past which count nothing more changes. */
const repeated: readonly { readonly final: string; readonly bound: 'rows' | 'cols' }[] = [
  // Tabs, forward and backward.
  { final: 'I', bound: 'cols' },
  { final: 'Z', bound: 'cols' },
  // Lines inserted, deleted, scrolled up and down.
  { final: 'L', bound: 'rows' },
  { final: 'M', bound: 'rows' },
  { final: 'S', bound: 'rows' },
  { final: 'T', bound: 'rows' },
];

/** Distinct OSC 8 links kept for one terminal; each costs an object and a marker for as long as it is in the scrollback. */
export const maximumLinks = 5_000;
/** Characters of one OSC 8 target; browsers and shells handle no longer ones reliably. */
export const maximumLinkLength = 2_083;

interface Disposable {
  dispose(): void;
}
/** As much of an xterm.js terminal as is needed, of the window's package or of the headless one. */
export interface GuardedTerminal {
  readonly parser: {
    registerCsiHandler(
      id: { readonly final: string; readonly intermediates?: string },
      handler: (parameters: (number | number[])[]) => boolean,
    ): Disposable;
    registerOscHandler(id: number, handler: (data: string) => boolean): Disposable;
  };
  readonly buffer: { readonly active: { readonly cursorX: number; readonly cursorY: number } };
  readonly rows: number;
  readonly cols: number;
}

/** What the library itself calls for CSI J. */
interface Eraser {
  eraseInDisplay?(parameters: { readonly length: number; readonly params: readonly number[] }): boolean;
}

/**
 * What `parser` is in front of. Its handlers are given the parameters themselves, where the public ones are given a copy:
 * the only place where a count can be made smaller for the handler that comes after.
 */
interface InnerParser {
  registerCsiHandler(
    id: { readonly final: string },
    handler: (parameters: { readonly params: Int32Array; readonly length: number }) => boolean,
  ): Disposable;
}

function innerParser({ parser }: GuardedTerminal): InnerParser {
  const inner = (parser as unknown as { _core?: InnerParser })._core;
  if (typeof inner?.registerCsiHandler !== 'function')
    throw new TypeError('xterm.js keeps its parser elsewhere: counts would be unbounded');
  return inner;
}

export function guardParser(terminal: GuardedTerminal): Disposable {
  const inner = innerParser(terminal);
  const handlers: Disposable[] = repeated.map(({ final, bound }) =>
    inner.registerCsiHandler({ final }, ({ params, length }) => {
      const [count = 0] = params;
      if (length > 0 && count > terminal[bound]) params[0] = terminal[bound];
      return false;
    }),
  );
  // A character repeated beyond the screen only fills the scrollback: swallowed.
  handlers.push(
    terminal.parser.registerCsiHandler({ final: 'b' }, (parameters) => {
      const [count] = parameters;
      return typeof count === 'number' && count > terminal.rows * terminal.cols;
    }),
  );

  // 200,000 distinct links held the parser for 23 s: past the bound the text is printed without its link.
  const seen = new Set<string>();
  handlers.push(
    terminal.parser.registerOscHandler(8, (data) => {
      const separator = data.indexOf(';');
      const target = separator < 0 ? '' : data.slice(separator + 1);
      if (target === '') return false;
      if (seen.has(data)) return false;
      // First what costs least: all of a flood of links comes this way.
      if (seen.size >= maximumLinks || target.length > maximumLinkLength || !isOpenableLink(target))
        return true;
      seen.add(data);
      return false;
    }),
  );

  // Window manipulation (CSI t) can report the title back as if typed, resize and move: nothing of it is wanted but
  // the reports of size in characters (18) that some programs need when SIGWINCH is lost.
  handlers.push(terminal.parser.registerCsiHandler({ final: 't' }, (parameters) => parameters[0] !== 18));

  // CSI 1 J in the last cell throws in xterm.js 6.0.0 (it looks for a line under the last one), and a screen whose parser
  // threw never parses again. From the first cell to the last is all of it: CSI 2 J.
  handlers.push(
    terminal.parser.registerCsiHandler({ final: 'J' }, (parameters) => {
      const { cursorX, cursorY } = terminal.buffer.active;
      if (parameters[0] !== 1 || cursorY < terminal.rows - 1 || cursorX < terminal.cols - 1) return false;
      const { _core: core } = terminal as { readonly _core?: { readonly _inputHandler?: Eraser } };
      core?._inputHandler?.eraseInDisplay?.({ length: 1, params: [2] });
      return true;
    }),
  );

  return {
    dispose() {
      for (const handler of handlers) handler.dispose();
    },
  };
}

/** Only these schemes are ever opened, and only after a click. RFC 3986 §3.1: schemes are case-insensitive. */
export function isOpenableLink(target: string): boolean {
  if (/[\u0000-\u0020\u007f-\u009f]/.test(target)) return false;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(target)?.[1]?.toLowerCase();
  if (scheme === 'mailto') return true;
  if (scheme !== 'http' && scheme !== 'https') return false;
  return URL.canParse(target) && new URL(target).hostname !== '';
}
