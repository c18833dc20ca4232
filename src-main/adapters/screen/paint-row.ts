/**
 * One line of a screen as bytes that paint it from its first column, on a clean line, with no attribute set before and
 * none after. Reads the cells as numbers (see headless-screen.ts): a full scrollback is a million of them.
 */
import type { Core, CoreAttributes, CoreExtended, CoreLine } from './headless-screen.ts';

// Words of a cell, from xterm.js 6.0.0, common/buffer/Constants.ts.
const hasContent = 0x3fffff;
const isCombined = 0x200000;
const codepointMask = 0x1fffff;
const widthShift = 22;
const colorWithMode = 0x3ffffff;
const modeMask = 0x3000000;
const modeIndexed16 = 0x1000000;
const modeIndexed256 = 0x2000000;
const hasExtended = 0x10000000;
/** Italic, dim, overline, and colour; not the flags that say how it is stored. */
const backgroundMask = 0x4fffffff & ~hasExtended;
const underline = 0x10000000;
const foregroundFlags: readonly (readonly [mask: number, code: number])[] = [
  [0x8000000, 1],
  [0x20000000, 5],
  [0x4000000, 7],
  [0x40000000, 8],
  [0x80000000, 9],
];
const backgroundFlags: readonly (readonly [mask: number, code: number])[] = [
  [0x8000000, 2],
  [0x4000000, 3],
  [0x40000000, 53],
];

export const reset = '\x1b[m';

export interface PaintedRow {
  readonly text: string;
  /** Where the cursor stands after it; the number of columns when the next character would wrap. */
  readonly endColumn: number;
}

export function column(index: number): string {
  return `\x1b[${index + 1}G`;
}

/**
 * The next line can be reached by going on writing: its first character is there, and the last column of this one is
 * full, or empty because a wide character did not fit.
 */
export function wrapsByItself(line: CoreLine, next: CoreLine, cols: number): boolean {
  const first = next._data[0] ?? 0;
  if ((first & hasContent) === 0 || first >>> widthShift > cols) return false;
  if (isFilledAt(line, cols - 1)) return true;
  const background = (line._data[(cols - 1) * 3 + 2] ?? 0) & colorWithMode;
  // The attributes of the wide character are put into the column that it left empty.
  return (
    first >>> widthShift === 2 &&
    isFilledAt(line, cols - 2) &&
    background === ((next._data[2] ?? 0) & colorWithMode)
  );
}

/** A whole character ends in that column. */
function isFilledAt({ _data: data }: CoreLine, x: number): boolean {
  const content = data[x * 3] ?? 0;
  const width = content >>> widthShift;
  if (width === 0) return x > 0 && (data[(x - 1) * 3] ?? 0) >>> widthShift === 2;
  return width === 1 && (content & hasContent) !== 0;
}

/**
 * Draws the last character of the line once more, so that the next one would wrap. Where there is none any more a space
 * is left behind: no sequence brings the cursor there over an empty cell.
 */
export function redrawingEnd(line: CoreLine, cols: number, core: Core): string {
  const at = (line._data[(cols - 1) * 3] ?? 0) >>> widthShift === 0 ? cols - 2 : cols - 1;
  const text = textOf(line, at);
  const background = line._data[at * 3 + 2] ?? 0;
  if (text === '') return `${column(cols - 1)}${styleOf(0, background & colorWithMode, undefined)} ${reset}`;
  const extended = extendedOf(line, at, background);
  const link = extended?.urlId ?? 0;
  const style = styleOf(line._data[at * 3 + 1] ?? 0, background, extended);
  const linked = link === 0 ? text : `${linkTo(link, core)}${text}${linkTo(0, core)}`;
  return `${column(at)}${style}${linked}${reset}`;
}

/** `isWrapped`: its first character comes right after the last one of the line before. */
export function paintRow(line: CoreLine, cols: number, core: Core, isWrapped: boolean): PaintedRow {
  const data = line._data;
  const end = endOf(line, cols);
  let text = '';
  let cursor = 0;
  let style = '';
  let foreground = 0;
  let background = 0;
  let extended: CoreExtended | undefined;
  let link = 0;
  /** What xterm.js would join the next code point with; 0 for nothing. */
  let joining = 0;
  let last = 0;
  const setStyle = (fg: number, bg: number, ext: CoreExtended | undefined) => {
    const cleanBackground = bg & backgroundMask;
    if (fg === foreground && cleanBackground === background && ext === extended) return;
    foreground = fg;
    background = cleanBackground;
    extended = ext;
    const nextLink = ext?.urlId ?? 0;
    const nextStyle = styleOf(fg, bg, ext);
    if (nextLink === link && nextStyle === style) return;
    if (nextLink !== link) text += linkTo(nextLink, core);
    if (nextStyle !== style) text += nextStyle;
    link = nextLink;
    style = nextStyle;
    joining = 0;
    last = 0;
  };
  // A wrap may fill the new line with the background of its first character: the rest is made clean before going on.
  const cleanRest = () => {
    const isFilled = isWrapped && cursor < cols && (background & colorWithMode) !== 0;
    if (!isFilled) return;
    text += `${reset}\x1b[K`;
    style = '';
    foreground = 0;
    background = 0;
    extended = undefined;
    joining = 0;
    last = 0;
  };
  const moveTo = (index: number) => {
    if (cursor === index) return;
    text += column(index);
    cursor = index;
    joining = 0;
    last = 0;
  };
  for (let x = 0; x < end; ) {
    const content = data[x * 3]!;
    const width = content >>> widthShift;
    if ((content & hasContent) === 0 || width === 0 || x + width > cols) {
      const color = data[x * 3 + 2]! & colorWithMode;
      let next = x + 1;
      while (next < end && isBlank(data, next, cols) && (data[next * 3 + 2]! & colorWithMode) === color)
        next += 1;
      if (color !== 0) {
        moveTo(x);
        setStyle(0, color, undefined);
        text += `\x1b[${next - x}X`;
        joining = 0;
        last = 0;
      }
      x = next;
      continue;
    }
    moveTo(x);
    const bg = data[x * 3 + 2]!;
    setStyle(data[x * 3 + 1]!, bg, extendedOf(line, x, bg));
    const codepoint = content & codepointMask;
    if ((content & isCombined) === 0 && codepoint < 0x7f && joining === 0) {
      text += String.fromCharCode(codepoint);
      last = codepoint;
      cursor += width;
      if (x === 0) cleanRest();
      x += width;
      continue;
    }
    // What was two characters must not become one, nor take another width.
    const cell = textOf(line, x);
    if (joining === 0 && last !== 0) joining = core.unicodeService.charProperties(last, 0);
    let isFirst = true;
    let painted = '';
    let takes = 0;
    for (const character of cell) {
      const code = character.codePointAt(0)!;
      let properties = core.unicodeService.charProperties(code, joining);
      if (isFirst && (properties & 1) !== 0) {
        text += column(x);
        properties = core.unicodeService.charProperties(code, 0);
      }
      if (!isFirst && (properties & 1) === 0) break;
      isFirst = false;
      joining = properties;
      takes = (properties >> 1) & 3;
      painted += character;
    }
    if (takes > 0 && x + takes <= cols) {
      text += painted;
      cursor += takes;
    }
    // Elsewhere than it was: the next one says where it stands.
    if (takes !== width && cursor < cols) cursor = -1;
    if (x === 0) cleanRest();
    x += width;
  }
  if (link !== 0) text += linkTo(0, core);
  if (style !== '') text += reset;
  return { text, endColumn: cursor };
}

/** Attributes as one SGR that needs none before it; '' for none. */
export function styleOf(fg: number, bg: number, extended: CoreExtended | undefined): string {
  let codes = '';
  for (const [mask, code] of foregroundFlags) if ((fg & mask) !== 0) codes += `;${code}`;
  for (const [mask, code] of backgroundFlags) if ((bg & mask) !== 0) codes += `;${code}`;
  codes += colorOf(fg, 30, 90, 38) + colorOf(bg, 40, 100, 48);
  const ext = extended?._ext ?? 0;
  if ((fg & underline) !== 0) codes += `;4:${(ext >> 26) & 7 || 1}`;
  switch (ext & modeMask) {
    case 0:
      break;
    case modeIndexed16:
    case modeIndexed256:
      codes += `;58:5:${ext & 0xff}`;
      break;
    default:
      codes += `;58:2::${(ext >> 16) & 0xff}:${(ext >> 8) & 0xff}:${ext & 0xff}`;
  }
  // A style of nothing still ends the one before.
  return codes === '' ? reset : `\x1b[0${codes}m`;
}

export function currentStyle({ fg, bg, extended }: CoreAttributes): string {
  const style = styleOf(fg, bg, extended);
  return style === reset ? '' : style;
}

export function linkTo(id: number, core: Core): string {
  if (id === 0) return '\x1b]8;;\x1b\\';
  const link = core._oscLinkService.getLinkData(id);
  if (link === undefined) return '\x1b]8;;\x1b\\';
  return `\x1b]8;${link.id === undefined ? '' : `id=${link.id}`};${link.uri}\x1b\\`;
}

function colorOf(word: number, low: number, bright: number, extended: number): string {
  switch (word & modeMask) {
    case 0:
      return '';
    case modeIndexed16: {
      const index = word & 0xff;
      return `;${index < 8 ? low + index : bright + index - 8}`;
    }
    case modeIndexed256:
      return `;${extended};5;${word & 0xff}`;
    default:
      return `;${extended};2;${(word >> 16) & 0xff};${(word >> 8) & 0xff};${word & 0xff}`;
  }
}

function extendedOf(line: CoreLine, x: number, bg: number): CoreExtended | undefined {
  return (bg & hasExtended) === 0 ? undefined : line._extendedAttrs[x];
}

function textOf(line: CoreLine, x: number): string {
  const content = line._data[x * 3] ?? 0;
  if ((content & isCombined) !== 0) return line._combined[x] ?? '';
  const codepoint = content & codepointMask;
  return codepoint === 0 ? '' : String.fromCodePoint(codepoint);
}

function isBlank(data: Uint32Array, x: number, cols: number): boolean {
  const content = data[x * 3]!;
  const width = content >>> widthShift;
  return (content & hasContent) === 0 || width === 0 || x + width > cols;
}

/** After the last cell that shows anything. */
function endOf({ _data: data }: CoreLine, cols: number): number {
  let end = Math.min(cols, data.length / 3);
  while (
    end > 0 &&
    (data[end * 3 - 3]! & hasContent) === 0 &&
    data[end * 3 - 3]! >>> widthShift !== 0 &&
    (data[end * 3 - 1]! & colorWithMode) === 0
  )
    end -= 1;
  return end;
}
