/**
 * From a captured screen to bytes that paint it into any terminal, with its scrollback and its modes (xterm's ctlseqs).
 * Pure. What a multiplexer does not know of (bracketed paste, focus reports) comes from the end of what the program wrote.
 */
import type { CapturedScreen } from '../interfaces/multiplexer.ts';
import { cleanTitle } from './program-title.ts';

const ESC = '\x1b';
/** CAN, since something may be open; RIS; and the line-drawing set as G1: captured text switches to it with SO (ECMA-48). */
const begin = `\x18${ESC}c${ESC})0`;
/** Ends colours and line drawing. */
const plain = `${ESC}[0m\x0f`;
/** On after a reset. */
const normallyOn = new Set([7]);
/** Modes that only the program's own output tells of. */
const fromOutput = [1004, 2004];
const originMode = 6;

/** `knownModes`: sequences that restore the modes as they were known before, or an empty string. */
export function repaint(screen: CapturedScreen, knownModes = ''): Uint8Array {
  const { cursor, savedCursor, size, scrollRegion } = screen;
  const main = screen.isAlternate ? screen.saved : screen.screen;
  // Each capture begins as if nothing was set.
  const parts: (string | Uint8Array)[] = [begin, lines(screen.history), plain, lines(opened(main)), plain];
  if (screen.isAlternate)
    parts.push(
      goTo(savedCursor.x, savedCursor.y),
      `${ESC}[?1049h${ESC}[H`,
      lines(opened(screen.screen)),
      plain,
    );
  if (scrollRegion.top > 0 || scrollRegion.bottom < size.rows - 1)
    parts.push(`${ESC}[${scrollRegion.top + 1};${scrollRegion.bottom + 1}r`);
  for (const [mode, isOn] of modesOf(screen, knownModes))
    if (mode !== originMode && isOn !== normallyOn.has(mode))
      parts.push(`${ESC}[?${mode}${isOn ? 'h' : 'l'}`);
  if (screen.isInserting) parts.push(`${ESC}[4h`);
  const isRelative = screen.modes.get(originMode) === true;
  if (isRelative) parts.push(`${ESC}[?6h`);
  parts.push(goTo(cursor.x, isRelative ? Math.max(0, cursor.y - scrollRegion.top) : cursor.y));
  if (!cursor.isShown) parts.push(`${ESC}[?25l`);
  const title = cleanTitle(Buffer.from(screen.title, 'utf8'));
  if (title !== '') parts.push(`${ESC}]2;${title}${ESC}\\`);
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part)));
}

function goTo(x: number, y: number): string {
  return `${ESC}[${y + 1};${x + 1}H`;
}

/** Without the end of its last line, so that nothing scrolls. */
function opened(capture: Uint8Array): Uint8Array {
  return capture.at(-1) === 0x0a ? capture.subarray(0, -1) : capture;
}

/**
 * LF becomes CR LF. A background that goes on past the end of a line is put away meanwhile: a line that scrolls in would
 * have it (xterm's "back color erase").
 */
function lines(capture: Uint8Array): Uint8Array {
  let background = '';
  const painted = Buffer.from(capture)
    .toString('latin1')
    .replace(/\n|\x1b\[([0-9;:]*)m/g, (piece, words?: string) => {
      if (words === undefined) return background === '' ? '\r\n' : `${ESC}[49m\r\n${ESC}[${background}m`;
      background = backgroundAfter(words, background);
      return piece;
    });
  return Buffer.from(painted, 'latin1');
}

/** What of SGR's parameters sets the background (ECMA-48 8.3.117, and the colours of xterm); empty is the default one. */
function backgroundAfter(words: string, before: string): string {
  let background = before;
  const rest = words.split(';');
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const number = Number(word.split(':')[0]);
    if (number === 0 || number === 49) background = '';
    else if ((number >= 40 && number <= 47) || (number >= 100 && number <= 107)) background = word;
    else if (number === 38 || number === 48 || number === 58) {
      const color = word.includes(':') ? [] : rest.splice(0, rest[0] === '2' ? 4 : 2);
      if (number === 48) background = [word, ...color].join(';');
    }
  }
  return background;
}

function modesOf(screen: CapturedScreen, knownModes: string): Map<number, boolean> {
  const modes = new Map(screen.modes);
  // What was known is older than the end of the output, which so has the last word.
  const text = knownModes + Buffer.from(screen.recent).toString('latin1');
  for (const [piece, numbers = '', final] of text.matchAll(/\x1bc|\x1b\[\?([0-9;]{1,64})([hl])/g))
    for (const mode of fromOutput)
      if (piece === `${ESC}c`) modes.delete(mode);
      else if (numbers.split(';').includes(String(mode))) modes.set(mode, final === 'h');
  return modes;
}
