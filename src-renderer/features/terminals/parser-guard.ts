/**
 * Keeps hostile output from freezing the window. Some control sequences repeat an effect as often as their parameter
 * says, up to 2^31 times, so that 12 bytes of output hold the parser for minutes (measured with xterm.js 6.0.0: CSI
 * 2147483647 followed by b, I, L, M, S, T, Z or a). A count beyond the cells of the screen cannot have an effect that
 * a smaller one has not, so such a sequence is swallowed.
 * Sources: ECMA-48 §8.3; xterm control sequences (ctlseqs).
 */
import type { IDisposable, IParser } from '@xterm/xterm';

/** CSI sequences whose first parameter is a repetition count. */
const counted: readonly { readonly final: string; readonly intermediates?: string }[] = [
  { final: '@' },
  { final: 'A' },
  { final: 'B' },
  { final: 'C' },
  { final: 'D' },
  { final: 'E' },
  { final: 'F' },
  { final: 'I' },
  { final: 'L' },
  { final: 'M' },
  { final: 'P' },
  { final: 'S' },
  { final: 'T' },
  { final: 'X' },
  { final: 'Z' },
  { final: 'a' },
  { final: 'b' },
  { final: 'e' },
  { intermediates: ' ', final: '@' },
  { intermediates: ' ', final: 'A' },
  { intermediates: "'", final: '}' },
  { intermediates: "'", final: '~' },
];

/** Distinct OSC 8 links kept for one terminal; each costs an object and a marker for as long as it is in the scrollback. */
export const maximumLinks = 5_000;
/** Characters of one OSC 8 target; browsers and shells handle no longer ones reliably. */
export const maximumLinkLength = 2_083;

export interface GuardedTerminal {
  readonly parser: IParser;
  readonly rows: number;
  readonly cols: number;
}

export function guardParser(terminal: GuardedTerminal): IDisposable {
  const handlers: IDisposable[] = counted.map((id) =>
    terminal.parser.registerCsiHandler(id, (parameters) => {
      const count = parameters[0];
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
      if (target.length > maximumLinkLength || !isOpenableLink(target)) return true;
      if (seen.has(data)) return false;
      if (seen.size >= maximumLinks) return true;
      seen.add(data);
      return false;
    }),
  );

  // Window manipulation (CSI t) can report the title back as if typed, resize and move: nothing of it is wanted but
  // the reports of size in characters (18) that some programs need when SIGWINCH is lost.
  handlers.push(terminal.parser.registerCsiHandler({ final: 't' }, (parameters) => parameters[0] !== 18));

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
