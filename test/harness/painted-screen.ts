/** What a screen shows after some bytes, by the public interface of xterm.js alone: rows with their colours, cursor, modes. */
import { type IBuffer, Terminal } from '@xterm/headless';

export interface Painted {
  /** All rows, oldest first, each with its colours where they are not the usual ones. */
  readonly rows: readonly string[];
  /** Rows above the screen. */
  readonly historyRows: number;
  readonly cursor: readonly [number, number];
  readonly modes: Terminal['modes'];
  readonly isAlternate: boolean;
  readonly title: string;
  /** Rows of the main screen, also behind the alternate one. */
  readonly mainRows: readonly string[];
}

export function paintedBy(
  size: { cols: number; rows: number },
  ...pieces: readonly (string | Uint8Array)[]
): Promise<Painted> {
  const terminal = new Terminal({ ...size, scrollback: 1_000, allowProposedApi: true });
  let title = '';
  terminal.onTitleChange((text) => (title = text));
  for (const piece of pieces) terminal.write(piece);
  return new Promise((resolve) =>
    terminal.write('', () => {
      const { active, normal } = terminal.buffer;
      resolve({
        rows: rowsOf(active, size.cols),
        historyRows: active.baseY,
        cursor: [active.cursorX, active.cursorY],
        modes: terminal.modes,
        isAlternate: active.type === 'alternate',
        title,
        mainRows: rowsOf(normal, size.cols),
      });
      terminal.dispose();
    }),
  );
}

function rowsOf(buffer: IBuffer, cols: number): string[] {
  return Array.from({ length: buffer.length }, (_, row) => {
    let text = '';
    let before = '';
    for (let x = 0; x < cols; x++) {
      const cell = buffer.getLine(row)?.getCell(x);
      if (cell === undefined || cell.getWidth() === 0) continue;
      const look = [
        cell.isFgDefault() ? '' : `f${cell.getFgColorMode() >> 24}:${cell.getFgColor()}`,
        cell.isBgDefault() ? '' : `b${cell.getBgColorMode() >> 24}:${cell.getBgColor()}`,
        cell.isBold() ? 'bold' : '',
        cell.isUnderline() ? 'under' : '',
        cell.isInverse() ? 'inverse' : '',
      ].join('');
      text += (look === before ? '' : `<${look}>`) + (cell.getChars() || ' ');
      before = look;
    }
    return text.replace(/(<>)? *$/, '');
  });
}
