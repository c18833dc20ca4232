/**
 * A whole screen as bytes that paint it into a fresh terminal of the same size: scrollback, screen, the alternate screen
 * over it, saved cursor, tab stops, margins, character sets, modes, attributes, cursor. Written by hand because
 * @xterm/addon-serialize 0.14.0 puts the cursor in the wrong place under origin mode, fills the alternate screen with the
 * background of now, and leaves out margins, tab stops, character sets, mouse encodings, cursor style, underline styles,
 * links and the saved cursor; nor does it ever pause, and a full scrollback takes tens of milliseconds.
 * In a window of another size its text is whole and its cursor in the right line all the same.
 * Not in it: images, palette changes, shell marks, protected cells, the other screen's saved cursor, that a line goes on
 * where it was erased since, and what the next character could be joined with.
 */
import type { Core, CoreBuffer, HeadlessScreen } from './headless-screen.ts';
import { column, currentStyle, linkTo, paintRow, redrawingEnd, reset, wrapsByItself } from './paint-row.ts';

/** Lines between two looks at the watch: well below a millisecond of work. */
const linesAtOnce = 64;

export interface PaintOptions {
  /** Lines of the scrollback, the oldest first, are left out beyond that. */
  readonly maxBytes: number;
  /** Waits where the turn has been long enough. */
  readonly breathe: () => Promise<void> | undefined;
  /** Finds the letter of a character set. */
  readonly charsetLetter: (charset: object) => string | undefined;
}

/** The screen must not change until this resolves. */
export async function paintScreen(screen: HeadlessScreen, options: PaintOptions): Promise<Uint8Array> {
  const { core, size } = screen;
  const { normal, alt, active } = core._bufferService.buffers;
  const { parts, endLine } = await paintLines(normal, screen, options);
  const charset = (set: object | undefined, slot = '(') => {
    const letter = set === undefined ? undefined : options.charsetLetter(set);
    return letter === undefined ? '' : `\x1b${slot}${letter}`;
  };
  const settings = [
    tabStops(normal, size.cols),
    margins(normal, size.rows),
    savedCursor(normal, size, charset(normal.savedCharset)),
  ].join('');
  parts.push(settings);
  if (active === alt) {
    // Where the screen below has its cursor counts when the rows become fewer. 47, not 1049, which would save it again.
    parts.push(
      `\x1b[${normal.y + 1};${Math.min(normal.x, size.cols - 1) + 1}H\x1b[?47h\x1b[H`,
      ...(await paintLines(alt, screen, options)).parts,
    );
    parts.push(tabStops(alt, size.cols), margins(alt, size.rows));
    parts.push(savedCursor(alt, size, charset(alt.savedCharset)));
  }
  const { decPrivateModes: modes, modes: ansiModes, isCursorHidden } = core.coreService;
  // Origin mode sends the cursor home and counts from the margin; drawing the last character again must not wrap,
  // insert or be translated: so the order of what follows counts.
  const top = modes.origin ? active.scrollTop : 0;
  if (modes.origin) parts.push('\x1b[?6h');
  const x = Math.min(active.x, size.cols - 1);
  // Where that is enough it is said from the last line on, which holds in a window of another size too.
  if (settings === '' && active === normal && !modes.origin)
    parts.push(up(endLine - active.ybase - active.y), column(x));
  else parts.push(`\x1b[${Math.max(0, active.y - top) + 1};${x + 1}H`);
  const line = active.lines.get(active.ybase + active.y);
  if (active.x >= size.cols && line !== undefined) parts.push(redrawingEnd(line, size.cols, core));
  if (!modes.wraparound) parts.push('\x1b[?7l');
  if (ansiModes.insertMode) parts.push('\x1b[4h');
  if (core.optionsService.options.convertEol) parts.push('\x1b[20h');
  if (modes.applicationCursorKeys) parts.push('\x1b[?1h');
  if (modes.applicationKeypad) parts.push('\x1b[?66h');
  if (modes.bracketedPasteMode) parts.push('\x1b[?2004h');
  if (modes.reverseWraparound) parts.push('\x1b[?45h');
  if (modes.sendFocus) parts.push('\x1b[?1004h');
  if (core.optionsService.options.cursorBlink) parts.push('\x1b[?12h');
  if (isCursorHidden) parts.push('\x1b[?25l');
  parts.push(mouse(core), cursorStyle(core));
  for (const [index, set] of core._charsetService._charsets.entries())
    parts.push(charset(set, '()*+'[index]));
  parts.push(['', '\x0e', '\x1bn', '\x1bo'][core._charsetService.glevel] ?? '');
  const { _curAttrData: attributes } = core._inputHandler;
  parts.push(currentStyle(attributes));
  if (attributes.extended.urlId !== 0) parts.push(linkTo(attributes.extended.urlId, core));
  return Buffer.from(parts.join(''), 'utf8');
}

/** All lines, from the cursor's home in a fresh screen on. Leaves no attribute set, and the cursor in line `endLine`. */
async function paintLines(
  buffer: CoreBuffer,
  { core, size: { cols, rows } }: HeadlessScreen,
  { maxBytes, breathe }: PaintOptions,
): Promise<{ parts: string[]; endLine: number }> {
  const count = buffer.lines.length;
  const parts: string[] = [];
  let isWrapped = false;
  for (let index = 0; index < count; index += 1) {
    if (index % linesAtOnce === linesAtOnce - 1) await breathe();
    const line = buffer.lines.get(index);
    if (line === undefined) continue;
    // The list goes round: past its end is its beginning.
    const next = index + 1 < count ? buffer.lines.get(index + 1) : undefined;
    const { text, endColumn } = paintRow(line, cols, core, isWrapped);
    isWrapped =
      next?.isWrapped === true &&
      wrapsByItself(line, next, cols) &&
      (endColumn === cols || endColumn === cols - 1);
    // Between two lines of one a word without meaning, so that the two characters are not joined.
    parts.push(next === undefined ? text : `${text}${isWrapped ? reset : '\r\n'}`);
  }
  // Blank lines under the last one are there already, unless something scrolled.
  while (count <= rows && (parts.at(-1) === '' || parts.at(-1) === '\r\n')) parts.pop();
  const endLine = parts.at(-1)?.endsWith('\n') === true ? parts.length : Math.max(0, parts.length - 1);
  let size = 0;
  let first = parts.length;
  while (first > 0 && (size <= maxBytes || parts.length - first < rows)) {
    first -= 1;
    size += parts[first]!.length;
  }
  return { parts: parts.slice(first), endLine };
}

function up(lines: number): string {
  if (lines === 0) return '';
  return lines > 0 ? `\x1b[${lines}A` : `\x1b[${-lines}B`;
}

function tabStops({ tabs }: CoreBuffer, cols: number): string {
  let isUsual = true;
  let stops = '\x1b[3g';
  for (let index = 0; index < cols; index += 1) {
    const isStop = tabs[index] === true;
    if (isStop !== (index % 8 === 0)) isUsual = false;
    if (isStop) stops += `${column(index)}\x1bH`;
  }
  return isUsual ? '' : stops;
}

function margins({ scrollTop, scrollBottom }: CoreBuffer, rows: number): string {
  return scrollTop === 0 && scrollBottom === rows - 1 ? '' : `\x1b[${scrollTop + 1};${scrollBottom + 1}r`;
}

function savedCursor(
  buffer: CoreBuffer,
  { cols, rows }: { cols: number; rows: number },
  charset: string,
): string {
  const x = Math.min(buffer.savedX, cols - 1);
  const y = Math.min(Math.max(0, buffer.savedY - buffer.ybase), rows - 1);
  const { fg, bg } = buffer.savedCurAttrData;
  // What it says of underlines is of another time: only the words are saved.
  const style = currentStyle({ fg, bg, extended: { _ext: 0, urlId: 0 } });
  if (x === 0 && y === 0 && style === '' && charset === '') return '';
  return `\x1b[${y + 1};${x + 1}H${style}${charset}\x1b7\x1b(B\x1b[m`;
}

function mouse({ coreMouseService: { activeProtocol, activeEncoding } }: Core): string {
  const protocol = { X10: '9', VT200: '1000', DRAG: '1002', ANY: '1003' }[activeProtocol];
  const encoding = { SGR: '1006', SGR_PIXELS: '1016' }[activeEncoding];
  return [protocol, encoding].map((mode) => (mode === undefined ? '' : `\x1b[?${mode}h`)).join('');
}

function cursorStyle({ coreService: { decPrivateModes } }: Core): string {
  const { cursorStyle: style, cursorBlink } = decPrivateModes;
  if (style === undefined) return '';
  return `\x1b[${{ block: 1, underline: 3, bar: 5 }[style] + (cursorBlink === true ? 0 : 1)} q`;
}
