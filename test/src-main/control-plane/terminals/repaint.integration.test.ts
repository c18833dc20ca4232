/** What a real tmux captured, painted again, is what a terminal shows that saw everything. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { paneFormat, parsePaneState } from '#main/adapters/tmux/captured-screen.ts';
import { repaint } from '#main/control-plane/terminals/repaint.ts';
import { paintedBy } from '#test/harness/painted-screen.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-repaint-'));
const env = { ...process.env, TMUX_TMPDIR: folder, LC_ALL: 'C' };
const size = { cols: 30, rows: 6 };
afterAll(() => {
  execFileSync('tmux', ['-L', 'paint', 'kill-server'], { env, stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
});
const tmux = (...args: string[]) =>
  execFileSync('tmux', ['-u', '-L', 'paint', '-f', '/dev/null', ...args], { env });

let count = 0;
/** A program writes it in a pane of its own, then waits. */
function capturedOf(output: string) {
  count += 1;
  const file = join(folder, `output${count}`);
  const name = `p${count}`;
  writeFileSync(file, output);
  const shape = ['-x', String(size.cols), '-y', String(size.rows)];
  const script = 'stty -opost; cat "$1"; tmux -L paint wait-for -S "$2"; exec tail -f /dev/null';
  tmux('new-session', '-d', '-s', name, ...shape, '/bin/sh', '-c', script, 'berth', file, name);
  tmux('wait-for', name);
  // What the program wrote before it said so is behind the pane's own reading.
  for (let tries = 0, before = ''; tries < 50; tries++) {
    const now = tmux('display-message', '-p', '-t', name, `${paneFormat} #{history_bytes}`).toString();
    if (now === before) break;
    before = now;
  }
  const { historyLines, ...state } = parsePaneState(
    tmux('display-message', '-p', '-t', name, paneFormat).toString().trimEnd(),
  );
  const capture = (...args: string[]) => tmux('capture-pane', '-p', '-e', '-J', ...args, '-t', name);
  const nothing = new Uint8Array(0);
  return {
    ...state,
    recent: Buffer.from(output),
    history: historyLines > 0 ? capture('-S', '-', '-E', '-1') : nothing,
    screen: capture('-S', '0'),
    saved: state.isAlternate ? capture('-a', '-q') : nothing,
  };
}

const lines = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join('\r\n');

describe('a screen that tmux kept', () => {
  it.each([
    ['a prompt', '$ ls\r\na b c\r\n$ '],
    ['more than a screen', lines(40, (index) => `line ${index}`)],
    [
      'a listing with backgrounds',
      lines(12, (n) => `\x1b[30;4${n % 8}mdir${n}\x1b[0m${n % 3 ? '' : '\r\n'}`),
    ],
    // The blank rest of a line in a background of its own is what tmux does not tell.
    ['the same background, line by line', `${lines(12, () => '\x1b[44ma\x1b[49m')}\r\n\r\nend`],
    ['256 and true colours', lines(9, (n) => `\x1b[48;5;${n + 200}mx\x1b[38;2;1;2;${n}my\x1b[0m`)],
    ['wrapped lines', lines(6, (n) => `${n}`.repeat(70))],
    ['lines as wide as the screen', lines(9, (n) => `${n}`.repeat(30))],
    ['wide characters at the edge', lines(4, () => `${'a'.repeat(29)}漢字かな`)],
    ['line drawing', '\x1b(0lqqk\x1b(B plain\r\n\x1b(0x\x1b(B'],
    ['bold and underlined', lines(9, (n) => `\x1b[${n % 2 ? 1 : 4}m${n}\x1b[22;24m rest`)],
    ['a pager', `${lines(9, (n) => `$ ${n}`)}\x1b[?1049h\x1b[H~\r\n~\x1b[6;1H\x1b[7mEND\x1b[0m\x1b[3;4H`],
    ['modes', '\x1b[?1h\x1b=\x1b[?1002h\x1b[?1006h\x1b[?2004h\x1b[?1004h\x1b[4h'],
    ['a scroll region', `${lines(6, (n) => `${n}`)}\x1b[2;4r\x1b[3;2H`],
    ['origin mode', `${lines(6, (n) => `${n}`)}\x1b[2;5r\x1b[?6h\x1b[2;3H`],
    ['a title', '\x1b]2;vim “a” #{x} $(b)\x1b\\'],
    ['no wraparound', `\x1b[?7l${'x'.repeat(40)}`],
  ])('is painted again: %s', async (_, output) => {
    const captured = capturedOf(output);
    const expected = await paintedBy(size, output);
    const painted = await paintedBy(size, '\x1b[41;1mold\x1b[?1003h\x1b[4h', repaint(captured));
    // A terminal that left its last cell filled waits to wrap, which is no place to go to.
    const cursor = [Math.min(expected.cursor[0], size.cols - 1), expected.cursor[1]];
    expect(painted).toEqual({ ...expected, cursor });
  });
});
