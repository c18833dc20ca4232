/**
 * File names in output, as links: absolute ones, `./` and `../` ones, and plain relative ones that have a line number
 * (as compilers print them), each with an optional `:line:column`. What is relative needs the folder that the shell
 * told of. Pure but for the provider, which only reads the screen; nothing is opened.
 */
import type { IBuffer, IDisposable, ILink, Terminal as Screen } from '@xterm/xterm';

export interface FoundPath {
  /** Where it stands in the text. */
  readonly from: number;
  readonly to: number;
  /** Without line and column. */
  readonly path: string;
  readonly line: number | null;
  readonly column: number | null;
}

/** Characters of one logical line that are searched; a longer one holds no file name that anybody looks for. */
const maximumLineLength = 4_096;
const part = String.raw`[\w.@%+=,~-]+`;
const place = String.raw`(?::(\d{1,7})(?::(\d{1,5}))?)?`;
const pattern = new RegExp(
  // Not within a URL or a longer word.
  String.raw`(?<![\w/:.~@%+=-])(?:((?:\.{1,2}(?=/))?(?:/${part})+/?)${place}|(${part}(?:/${part})*):(\d{1,7})(?::(\d{1,5}))?)(?![\w/])`,
  'g',
);

export function findPaths(text: string): FoundPath[] {
  if (text.length > maximumLineLength) return [];
  const found: FoundPath[] = [];
  for (const match of text.matchAll(pattern)) {
    const [whole, dotted, line, column, plain, plainLine, plainColumn] = match;
    let path = dotted ?? plain ?? '';
    // "localhost:8080" and "12:30" are no files; a file that is named without folder has an extension.
    if (dotted === undefined && !/^[^/]*[A-Za-z_][^/]*\/|\.[A-Za-z]\w*$/.test(path)) continue;
    if (path === '/' || path.includes('//')) continue;
    const hasPlace = (line ?? plainLine) !== undefined;
    // A full stop or comma at the end belongs to the sentence.
    const trimmed = hasPlace ? path : path.replace(/[.,=]+$/, '');
    if (trimmed === '' || trimmed === '/') continue;
    const to = match.index + whole.length - (path.length - trimmed.length);
    path = trimmed;
    found.push({
      from: match.index,
      to,
      path,
      line: numberOf(line ?? plainLine),
      column: numberOf(column ?? plainColumn),
    });
  }
  return found;
}

function numberOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

/** An absolute path without `.` and `..`; null: it is relative, and to what is not known. */
export function resolvePath(path: string, directory: string | null): string | null {
  if (!path.startsWith('/') && directory === null) return null;
  const parts: string[] = [];
  for (const name of (path.startsWith('/') ? path : `${directory}/${path}`).split('/')) {
    if (name === '..') parts.pop();
    else if (name !== '' && name !== '.') parts.push(name);
  }
  return `/${parts.join('/')}`;
}

export function provideFileLinks(
  screen: Screen,
  options: { readonly directory: () => string | null; readonly onPath: (path: string) => void },
): IDisposable {
  return screen.registerLinkProvider({
    provideLinks: (row, give) => {
      const { text, places } = logicalLine(screen.buffer.active, row - 1);
      const links = findPaths(text).flatMap((found): ILink[] => {
        const path = resolvePath(found.path, options.directory());
        const start = places[found.from];
        const end = places[found.to - 1];
        if (path === null || start === undefined || end === undefined) return [];
        return [
          {
            range: { start: { x: start.x + 1, y: start.y + 1 }, end: { x: end.x + 1, y: end.y + 1 } },
            text: text.slice(found.from, found.to),
            activate: () => options.onPath(path),
          },
        ];
      });
      give(links.length === 0 ? undefined : links);
    },
  });
}

/** A line with those that it was wrapped onto, and the cell of each of its characters. */
function logicalLine(buffer: IBuffer, row: number) {
  let first = row;
  while (first > 0 && row - first < 20 && buffer.getLine(first)?.isWrapped === true) first -= 1;
  let text = '';
  const places: { x: number; y: number }[] = [];
  for (let y = first; text.length <= maximumLineLength; y += 1) {
    const line = buffer.getLine(y);
    if (line === undefined || (y > first && !line.isWrapped)) break;
    for (let x = 0; x < line.length; x += 1) {
      const cell = line.getCell(x);
      if (cell === undefined || cell.getWidth() === 0) continue;
      const chars = cell.getChars() || ' ';
      for (let index = 0; index < chars.length; index += 1) places.push({ x, y });
      text += chars;
    }
  }
  return { text, places };
}
