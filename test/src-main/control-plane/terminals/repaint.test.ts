/** A captured screen painted into a terminal that showed something else is that screen: text, colours, cursor, modes. */
import { describe, expect, it } from 'vitest';
import type { CapturedScreen } from '#main/control-plane/interfaces/multiplexer.ts';
import { repaint } from '#main/control-plane/terminals/repaint.ts';
import { paintedBy } from '#test/harness/painted-screen.ts';

const size = { cols: 20, rows: 5 };
const bytes = (text: string) => Buffer.from(text, 'utf8');
/** Rows as tmux captures them: all of the screen's, each with its line end. */
const screenOf = (...rows: readonly string[]) =>
  bytes(Array.from({ length: size.rows }, (_, row) => `${rows[row] ?? ''}\n`).join(''));

function captured(more: Partial<CapturedScreen> = {}): CapturedScreen {
  const nothing = new Uint8Array(0);
  return {
    ...{ history: nothing, screen: screenOf(), saved: nothing, recent: nothing, size },
    cursor: { x: 0, y: 0, isShown: true },
    savedCursor: { x: 0, y: 0 },
    isAlternate: false,
    modes: new Map([[7, true]]),
    isInserting: false,
    scrollRegion: { top: 0, bottom: size.rows - 1 },
    title: '',
    ...more,
  };
}

/** What was there before, with everything on that can stay on. */
const before =
  '\x1b[?1049h\x1b[?6h\x1b[2;3r\x1b[4h\x1b[?7l\x1b[?25l\x1b[?2004h\x1b[?1003h\x1b[41;1mold\x1b)0\x0e qqq\x1b]2;half a ti';
const paint = (screen: CapturedScreen, known = '') => paintedBy(size, before, repaint(screen, known));

describe('text', () => {
  it('has what is above the screen, and the screen, and nothing of before', async () => {
    const { rows, historyRows, cursor, isAlternate, title, modes } = await paint(
      captured({
        history: bytes('one\ntwo\n\n'),
        screen: screenOf('three', '', 'four'),
        cursor: { x: 3, y: 2, isShown: true },
      }),
    );
    expect(rows).toEqual(['one', 'two', '', 'three', '', 'four', '', '']);
    expect([historyRows, cursor, isAlternate, title]).toEqual([3, [3, 2], false, '']);
    expect(modes).toMatchObject({
      bracketedPasteMode: false,
      insertMode: false,
      mouseTrackingMode: 'none',
      originMode: false,
      wraparoundMode: true,
    });
  });

  it('wraps joined lines where they were wrapped, and scrolls by nothing for a full last row', async () => {
    const long = 'abcdefghij'.repeat(3);
    const { rows, historyRows } = await paint(
      captured({ history: bytes(`${long}\n`), screen: bytes(`${long}\n\n\n${'x'.repeat(20)}\n`) }),
    );
    expect(rows).toEqual([
      long.slice(0, 20),
      long.slice(20),
      long.slice(0, 20),
      long.slice(20),
      '',
      '',
      'x'.repeat(20),
    ]);
    expect(historyRows).toBe(2);
  });

  it('draws lines where the capture switches to them, and letters after it', async () => {
    const { rows } = await paint(captured({ screen: screenOf('\x0elqk\x0f x', 'plain') }));
    expect(rows.slice(0, 2)).toEqual(['┌─┐ x', 'plain']);
    const after = await paintedBy(size, repaint(captured({ screen: screenOf('\x0eq') })), 'q');
    expect(after.rows[0]).toBe('q');
  });
});

describe('colours', () => {
  const red = '<b1:1>';

  it('of the end of one part do not colour the next one, nor what is printed later', async () => {
    const screen = captured({
      history: bytes('\x1b[31mred to its end\n'),
      screen: screenOf('plain', '\x1b[1;4mloud'),
      cursor: { x: 0, y: 3, isShown: true },
    });
    const { rows } = await paintedBy(size, repaint(screen), 'later');
    expect(rows.slice(0, 5)).toEqual(['<f1:1>red to its end', 'plain', '<boldunder>loud', '', 'later']);
  });

  it('of a line’s background do not run into the lines that scroll in below', async () => {
    const history = '\x1b[41mdir\n\nno colour was said\n'.replace('no', '\x1b[49mno');
    const { rows } = await paint(captured({ history: bytes(history.repeat(4)), screen: screenOf('end') }));
    const once = [`${red}dir`, '', 'no colour was said'];
    expect(rows).toEqual([...once, ...once, ...once, ...once, 'end', '', '', '', '']);
  });

  it.each([
    ['a colour of 8', '44', '<b1:4>'],
    ['a bright one', '105', '<b1:13>'],
    ['one of 256', '48;5;208', '<b2:208>'],
    ['a true one', '48;2;1;2;3', '<b3:66051>'],
    ['one among others', '1;38;5;44;48;5;208;4', '<f2:44b2:208boldunder>'],
    ['a true one with colons', '48:2::1:2:3', '<b3:66051>'],
  ])('of a background go on in the next line where the capture says so: %s', async (_, sgr, look) => {
    const history = `\x1b[${sgr}mone\ntwo\n\x1b[0m${'x\n'.repeat(9)}`;
    const { rows } = await paint(captured({ history: bytes(history) }));
    expect(rows.slice(0, 3)).toEqual([`${look}one`, `${look}two`, 'x']);
  });

  it('a foreground that looks like a background is none', async () => {
    const history = `\x1b[38;5;41mone\n${'\n'.repeat(9)}`;
    const { rows } = await paint(captured({ history: bytes(history) }));
    expect(rows.slice(0, 3)).toEqual(['<f2:41>one', '', '']);
  });
});

describe('the alternate screen', () => {
  it('is drawn over the main one, which is there again with its cursor when a program leaves it', async () => {
    const screen = captured({
      history: bytes('above\n'),
      saved: screenOf('$ vim', 'x'),
      savedCursor: { x: 5, y: 0 },
      screen: screenOf('~', '~', '', '', '-- INSERT --'),
      isAlternate: true,
      cursor: { x: 1, y: 1, isShown: false },
    });
    const inside = await paint(screen);
    expect(inside.rows).toEqual(['~', '~', '', '', '-- INSERT --']);
    expect([inside.isAlternate, inside.cursor]).toEqual([true, [1, 1]]);
    const outside = await paintedBy(size, before, repaint(screen), '\x1b[?1049lhere');
    expect(outside.rows).toEqual(['above', '$ vimhere', 'x', '', '', '']);
    expect(outside.isAlternate).toBe(false);
  });
});

describe('modes', () => {
  it('are those that the multiplexer knows', async () => {
    const { modes } = await paint(
      captured({
        modes: new Map([
          [1, true],
          [7, false],
          [66, true],
          [1002, true],
          [1006, true],
        ]),
        isInserting: true,
      }),
    );
    expect(modes).toMatchObject({
      applicationCursorKeysMode: true,
      applicationKeypadMode: true,
      insertMode: true,
      mouseTrackingMode: 'drag',
      wraparoundMode: false,
    });
  });

  it('a scroll region scrolls alone', async () => {
    const screen = captured({
      screen: screenOf('top', 'a', 'b', 'c', 'bottom'),
      scrollRegion: { top: 1, bottom: 3 },
      cursor: { x: 0, y: 3, isShown: true },
    });
    const { rows } = await paintedBy(size, repaint(screen), '\nd');
    expect(rows).toEqual(['top', 'b', 'c', 'd', 'bottom']);
  });

  it('in origin mode the cursor is where it was, and rows count from the region', async () => {
    const screen = captured({
      modes: new Map([
        [6, true],
        [7, true],
      ]),
      scrollRegion: { top: 2, bottom: 4 },
      cursor: { x: 4, y: 3, isShown: true },
    });
    const { cursor, modes } = await paint(screen);
    expect([cursor, modes.originMode]).toEqual([[4, 3], true]);
    expect((await paintedBy(size, repaint(screen), '\x1b[1;1H')).cursor).toEqual([0, 2]);
  });

  it.each([
    ['output has the last word', '\x1b[?2004h', 'x\x1b[?2004l', [false, false]],
    ['what was known stays', '\x1b[?2004h\x1b[?1004h', 'nothing of it', [true, true]],
    ['several in one', '', '\x1b[?1004;2004h', [true, true]],
    ['a reset', '\x1b[?2004h', '\x1bc\x1b[?1004h', [false, true]],
    ['others are not ours', '', '\x1b[?12004h\x1b[?20041h\x1b[2004h', [false, false]],
  ])('that no multiplexer tells come from before: %s', async (_, known, recent, [paste, focus]) => {
    const { modes } = await paint(captured({ recent: bytes(recent) }), known);
    expect([modes.bracketedPasteMode, modes.sendFocusMode]).toEqual([paste, focus]);
  });
});

describe('the title', () => {
  it('is set', async () => {
    expect((await paint(captured({ title: 'vim ~/ünï' }))).title).toBe('vim ~/ünï');
  });

  it('does nothing but be one, whatever it holds', async () => {
    const { title, rows } = await paint(
      captured({ title: 'a\x07b\x1b\\c\x9cd\x1b[2Je\u202ef', screen: screenOf('kept') }),
    );
    expect(title).toBe('a b \\c d [2Je f');
    expect(rows[0]).toBe('kept');
  });
});
