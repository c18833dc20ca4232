/**
 * A selection as HTML with its colours and styles, for documents and mail. Our own, for the serialize addon (0.14.0)
 * copies whole lines where the selection ends within one, and every cell's style without joining equal ones.
 * Everything from the screen is text: only the tags written here are tags.
 */
import type { IBuffer, IBufferCell, ITheme } from '@xterm/xterm';

export interface SelectionRange {
  readonly start: { readonly x: number; readonly y: number };
  readonly end: { readonly x: number; readonly y: number };
}

export interface HtmlLook {
  readonly theme: ITheme;
  readonly fontFamily: string;
  readonly fontSizePx: number;
}

export function selectionHtml(
  buffer: Pick<IBuffer, 'getLine' | 'getNullCell'>,
  { start, end }: SelectionRange,
  look: HtmlLook,
): string {
  let body = '';
  let cell = buffer.getNullCell();
  for (let row = start.y; row <= end.y; row += 1) {
    const line = buffer.getLine(row);
    if (line === undefined) break;
    const from = row === start.y ? start.x : 0;
    const isContinued = row < end.y && buffer.getLine(row + 1)?.isWrapped === true;
    const runs: { style: string; text: string }[] = [];
    for (
      let column = from;
      column < (row === end.y ? Math.min(end.x, line.length) : line.length);
      column += 1
    ) {
      cell = line.getCell(column, cell) ?? cell;
      // The right half of a wide letter.
      if (cell.getWidth() === 0) continue;
      const style = styleOf(cell, look.theme);
      const last = runs.at(-1);
      const text = cell.getChars() || ' ';
      if (last?.style === style) last.text += text;
      else runs.push({ style, text });
    }
    if (!isContinued) {
      const last = runs.at(-1);
      if (last && !last.style.includes('background')) last.text = last.text.trimEnd();
    }
    for (const { style, text } of runs)
      body += style === '' ? escaped(text) : `<span style="${style}">${escaped(text)}</span>`;
    if (row < end.y && !isContinued) body += '\n';
  }
  const frame = [
    `color:${look.theme.foreground ?? '#000000'}`,
    `background:${look.theme.background ?? '#ffffff'}`,
    `font-family:${look.fontFamily}`,
    `font-size:${look.fontSizePx}px`,
    'padding:8px',
  ].join(';');
  return `<pre style="${escaped(frame)}">${body}</pre>`;
}

function styleOf(cell: IBufferCell, theme: ITheme): string {
  const isInverse = cell.isInverse() !== 0;
  let front = colour(cell.isFgPalette(), cell.isFgRGB(), cell.getFgColor(), theme);
  let back = colour(cell.isBgPalette(), cell.isBgRGB(), cell.getBgColor(), theme);
  if (isInverse)
    [front, back] = [back ?? theme.background ?? '#ffffff', front ?? theme.foreground ?? '#000000'];
  const lines = [cell.isUnderline() && 'underline', cell.isStrikethrough() && 'line-through'].filter(Boolean);
  return [
    front && `color:${front}`,
    back && `background:${back}`,
    cell.isBold() && 'font-weight:bold',
    cell.isItalic() && 'font-style:italic',
    cell.isDim() && 'opacity:.6',
    cell.isInvisible() && 'visibility:hidden',
    lines.length > 0 && `text-decoration:${lines.join(' ')}`,
  ]
    .filter(Boolean)
    .join(';');
}

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;
const brightNames = [
  'brightBlack',
  'brightRed',
  'brightGreen',
  'brightYellow',
  'brightBlue',
  'brightMagenta',
  'brightCyan',
  'brightWhite',
] as const;
/** Steps of the 6 × 6 × 6 cube of xterm's 256 colours. */
const cube = [0, 95, 135, 175, 215, 255] as const;

function colour(isPalette: boolean, isRgb: boolean, value: number, theme: ITheme): string | undefined {
  if (isRgb) return hex(value >> 16, (value >> 8) & 255, value & 255);
  if (!isPalette) return undefined;
  if (value < 16) return theme[value < 8 ? names[value]! : brightNames[value - 8]!];
  if (value < 232) {
    const step = value - 16;
    return hex(cube[Math.floor(step / 36)]!, cube[Math.floor(step / 6) % 6]!, cube[step % 6]!);
  }
  const grey = 8 + (value - 232) * 10;
  return hex(grey, grey, grey);
}

function hex(red: number, green: number, blue: number): string {
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => entities[sign]!);
}
