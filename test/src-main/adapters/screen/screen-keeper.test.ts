/** A snapshot painted into a fresh terminal is the terminal that saw everything: text, attributes, cursor, modes. */
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Core, type CoreBuffer, createHeadlessScreen } from '#main/adapters/screen/headless-screen.ts';
import { wrapsByItself } from '#main/adapters/screen/paint-row.ts';
import { PendingOutput } from '#main/adapters/screen/pending-output.ts';
import { createScreenKeeper } from '#main/adapters/screen/screen-keeper.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

interface Size {
  cols: number;
  rows: number;
}
const bytesOf = (text: string) => Buffer.from(text, 'utf8');

function start(size: Size = { cols: 20, rows: 6 }, scrollbackLines = 40) {
  const clock = new ManualClock();
  const titles: string[] = [];
  const keeper = createScreenKeeper({
    size,
    scrollbackLines,
    clock,
    onTitle: (payload) => titles.push(Buffer.from(payload).toString()),
  });
  return { keeper, clock, titles };
}
function fresh(size: Size, scrollbackLines = 40) {
  return createHeadlessScreen(size, scrollbackLines);
}

/** A palette colour is its last byte; xterm.js leaves an old true colour's bytes above it. */
function shownOf(word: number): number {
  const mode = word & 0x3000000;
  const color = mode === 0 ? 0 : mode === 0x3000000 ? word & 0xffffff : word & 0xff;
  return (word & 0xfc000000) | mode | color;
}
const shownBackground = (word: number) => shownOf(word & 0x4fffffff & ~0x10000000);
/** The style of an underline counts where there is one; a link brings its own. */
function shownExtended(fg: number, extended: { _ext: number; urlId: number } | undefined): number {
  if ((fg & 0x10000000) === 0) return 0;
  const ext = extended?._ext ?? 0;
  const style = (ext >> 26) & 7 || 1;
  return (shownOf(ext) & 0x3ffffff) | (style << 26);
}

/** A line that goes on where nothing is written any more is painted as one of its own. */
function isShownWrapped(buffer: CoreBuffer, index: number, cols: number): boolean {
  const [line, next] = [buffer.lines.get(index - 1)!, buffer.lines.get(index)!];
  return next.isWrapped && wrapsByItself(line, next, cols);
}
function hasHiddenWraps(buffer: CoreBuffer, cols: number): boolean {
  for (let index = 1; index < buffer.lines.length; index++)
    if (buffer.lines.get(index)!.isWrapped && !isShownWrapped(buffer, index, cols)) return true;
  return buffer.lines.get(0)?.isWrapped === true;
}

/** Attributes as they show; how xterm.js stores them is its own affair. */
function cellsOf(buffer: CoreBuffer, cols: number, core: Core, from = 0): string[] {
  const rows: string[] = [];
  for (let index = from; index < buffer.lines.length; index++) {
    const line = buffer.lines.get(index)!;
    let text = index > from && isShownWrapped(buffer, index, cols) ? '↩' : '';
    for (let x = 0; x < cols; x++) {
      const [content, fg, bg] = line._data.subarray(x * 3, x * 3 + 3) as unknown as [number, number, number];
      const width = content >>> 22;
      // A cursor that would wrap over an empty cell leaves a space there.
      const isSpace = x === cols - 1 && (content & 0x3fffff) === 32 && fg === 0;
      // Half a wide character, cut off when the columns became fewer: no output could put it there.
      const isHalf = x + width > cols;
      const hasText = (content & 0x3fffff) !== 0 && width > 0 && !isSpace && !isHalf;
      // What a second half is; without a first one it is blank.
      const at = x;
      if (width === 2) x += 1;
      const chars =
        (content & 0x200000) !== 0 ? line._combined[at]! : String.fromCodePoint(content & 0x1fffff);
      const extended = (bg & 0x10000000) === 0 ? undefined : line._extendedAttrs[at];
      const link = extended === undefined ? undefined : core._oscLinkService.getLinkData(extended.urlId)?.uri;
      // Blank cells show their background alone.
      text += hasText
        ? `${chars}${width === 2 ? '·' : ''}[${shownOf(fg).toString(16)} ${shownBackground(bg).toString(16)} ${shownExtended(fg, extended).toString(16)} ${link ?? ''}]`
        : `_[${(shownOf(bg) & 0x3ffffff).toString(16)}]`;
    }
    rows.push(text.replaceAll(/(?:_\[0\])+$/g, ''));
  }
  return rows;
}

function stateOf({ core, size }: ReturnType<typeof fresh>) {
  const { normal, alt, active } = core._bufferService.buffers;
  const bufferState = (buffer: CoreBuffer) => ({
    // The alternate screen has no scrollback, but for what xterm.js leaves there after a resize.
    cells: cellsOf(buffer, size.cols, core, buffer === alt ? alt.ybase : 0),
    ybase: buffer === alt ? 0 : buffer.ybase,
    margins: [buffer.scrollTop, buffer.scrollBottom],
    tabs: Object.keys(buffer.tabs).filter((key) => buffer.tabs[Number(key)] && Number(key) < size.cols),
  });
  const { wraparound, ...modes } = core.coreService.decPrivateModes;
  const style = core._inputHandler._curAttrData;
  return {
    isAlternate: active === alt,
    normal: bufferState(normal),
    alternate: active === alt ? bufferState(alt) : undefined,
    cursor: [active.x, active.y],
    saved: [
      Math.min(active.savedX, size.cols - 1),
      Math.min(Math.max(0, active.savedY - active.ybase), size.rows - 1),
      shownOf(active.savedCurAttrData.fg),
      shownBackground(active.savedCurAttrData.bg),
    ],
    modes: { ...modes, wraparound, synchronizedOutput: false },
    insert: core.coreService.modes.insertMode,
    newline: core.optionsService.options.convertEol,
    isCursorHidden: core.coreService.isCursorHidden,
    mouse: [core.coreMouseService.activeProtocol, core.coreMouseService.activeEncoding],
    charsets: [0, 1, 2, 3].map((index) => core._charsetService._charsets[index]),
    shift: core._charsetService.glevel,
    style: [
      shownOf(style.fg),
      shownBackground(style.bg),
      shownExtended(style.fg, style.extended),
      shownOf(style.extended._ext) & 0x3ffffff,
    ],
  };
}

async function restored(keeper: ReturnType<typeof start>['keeper'], size: Size, scrollbackLines = 40) {
  const screen = fresh(size, scrollbackLines);
  screen.parse(await keeper.snapshot());
  return stateOf(screen);
}
async function settle(clock: ManualClock): Promise<void> {
  await clock.advance(400);
  for (let turn = 0; turn < 20; turn++) await setImmediate();
}

/** Text after one of each, compared; what it sets must not leak into what was painted before. */
const single: readonly (readonly [string, string])[] = [
  ['plain lines', 'one\r\ntwo\r\n\r\nthree'],
  ['more lines than the screen', Array.from({ length: 30 }, (_, index) => `line ${index}`).join('\r\n')],
  ['more lines than the scrollback', Array.from({ length: 90 }, (_, index) => `line ${index}`).join('\r\n')],
  ['a wrapped line', 'abcdefghij'.repeat(7)],
  ['a line that ends at the edge', 'abcdefghij'.repeat(2)],
  ['a line that ends at the edge, and the next', `${'abcdefghij'.repeat(2)}\r\nnext`],
  ['a wrapped line whose end was erased', `${'abcdefghij'.repeat(3)}\x1b[A\x1b[10G\x1b[K`],
  ['a wrapped line whose continuation was erased', `${'abcdefghij'.repeat(3)}\x1b[5G\x1b[1K`],
  ['wide characters', '漢字かな漢字かな漢字かな漢字かな'],
  ['a wide character that wraps', `${'a'.repeat(19)}漢字`],
  ['a wide character at the edge', `${'a'.repeat(18)}漢`],
  ['half a wide character overwritten', '漢字漢字\x1b[2Gx\x1b[6Gy'],
  ['combining marks and emoji', 'e\u0301a 👨‍👩‍👧 🇩🇪🇫🇷 👍🏽 ❤️ x'],
  ['a mark of its own', 'e\x1b[m\u0301x\x1b[3;3H\u0301y'],
  ['flags that must not join', '🇩\x1b[3G🇪'],
  ['an Arabic number sign before a letter', '\u0600\x1b[2Gab'],
  ['sixteen colours', '\x1b[31mr\x1b[92mg\x1b[44mb\x1b[101mB\x1b[0mn'],
  ['palette and true colour', '\x1b[38;5;3ma\x1b[48;5;200mb\x1b[38;2;1;2;3mc\x1b[48;2;4;5;6md'],
  [
    'every attribute',
    '\x1b[1ma\x1b[2mb\x1b[3mc\x1b[4md\x1b[5me\x1b[7mf\x1b[8mg\x1b[9mh\x1b[53mi\x1b[22mj\x1b[24;27mk',
  ],
  [
    'underline styles and colours',
    '\x1b[4:2ma\x1b[4:3;58;5;9mb\x1b[58;2;1;2;3mc\x1b[4:5md\x1b[59me\x1b[24mf',
  ],
  ['a background to the end of the line', '\x1b[44mx\x1b[K\r\n\x1b[42mab\x1b[3;4H\x1b[41m\x1b[1K'],
  ['a background under a scroll', `\x1b[44m${'x\r\n'.repeat(12)}`],
  ['a background under a wrap', `\x1b[45m${'x'.repeat(130)}`],
  ['an erased screen with a background', 'text\x1b[46m\x1b[2J\x1b[3;3Hy'],
  ['links', 'a\x1b]8;;https://a.example/\x1b\\link\x1b]8;;\x1b\\ b \x1b]8;id=7;https://b.example/\x07two'],
  ['the alternate screen', 'shell\r\n$ vim\x1b[?1049h\x1b[2J\x1b[1;1Hfile\x1b[6;1Hstatus\x1b[2;5H'],
  ['the alternate screen under a background', 'shell\x1b[41m\x1b[?1049h\x1b[44mx'],
  ['the alternate screen and back', 'shell\x1b[5;5H\x1b[?1049hfile\x1b[?1049lafter'],
  ['the old alternate screen', 'shell\x1b[?47hfile'],
  ['a full alternate screen', `\x1b[?1049h${'x'.repeat(120)}`],
  ['an edge in the last line', `\x1b[6;1H${'z'.repeat(20)}`],
  ['margins', 'a\x1b[2;4r\x1b[3;3Hb'],
  ['margins and origin mode', 'a\x1b[2;4r\x1b[?6h\x1b[2;3Hb'],
  ['origin mode alone', '\x1b[?6h\x1b[4;4Hb'],
  ['no wrap', `\x1b[?7l${'x'.repeat(30)}y`],
  ['insert mode', 'abc\x1b[2G\x1b[4hX'],
  ['insert mode at the edge', `\x1b[4h${'x'.repeat(20)}`],
  ['new line mode', '\x1b[20ha\nb'],
  ['keyboard modes', '\x1b[?1h\x1b=\x1b[?2004h\x1b[?1004h\x1b[?45h'],
  ['mouse modes', '\x1b[?1000h\x1b[?1002h\x1b[?1003h\x1b[?1006h'],
  ['mouse mode of pixels', '\x1b[?9h\x1b[?1016h'],
  ['a hidden cursor', 'a\x1b[?25l'],
  ['cursor styles', '\x1b[5 q'],
  ['a steady cursor', '\x1b[2 q'],
  ['line drawing', '\x1b(0lqqk\x1b(B x \x1b)0\x0eqq'],
  ['line drawing at the edge', `\x1b(0${'q'.repeat(20)}`],
  ['letters of another country', '\x1b(K[]\x1b*A'],
  ['tab stops', '\x1b[3g\x1b[5G\x1bH\x1b[11G\x1bH\r\tx'],
  ['a saved cursor', '\x1b[2;3H\x1b[1;31m\x1b7\x1b[m\x1b[5;5Hx'],
  ['a saved cursor under scrolling', `\x1b[6;3H\x1b7${'x\r\n'.repeat(3)}`],
  ['colours that go on', 'a\x1b[1;4:3;58:5:9;38;5;200;48;2;1;2;3m'],
  ['a reset', 'text\x1b[31m\x1b[?25l\x1b[2;4r\x1bcnew'],
  ['a soft reset', 'text\x1b[31m\x1b[?25l\x1b[?2004h\x1b[2;4r\x1b[!pnew'],
  ['a scroll up within margins', '1\r\n2\r\n3\r\n4\x1b[2;4r\x1b[4;1H\n\nx'],
  ['lines inserted and deleted', `${'abcdefghij'.repeat(5)}\r\nend\x1b[2;1H\x1b[L\x1b[4;1H\x1b[M`],
  ['what a cleared scrollback left', `${'x\r\n'.repeat(30)}\x1b[3J$ `],
];

describe('a snapshot', () => {
  it.each(single)('has %s', async (_name, text) => {
    const size = { cols: 20, rows: 6 };
    const { keeper } = start(size);
    const all = fresh(size);
    keeper.append(bytesOf(text));
    all.parse(bytesOf(text));
    expect(await restored(keeper, size)).toEqual(stateOf(all));
    // Made again from what it was laid down as.
    keeper.rest();
    keeper.append(bytesOf('+'));
    all.parse(bytesOf('+'));
    const state = stateOf(all);
    const again = await restored(keeper, size);
    expect(again.normal.cells.at(-1)).toEqual(state.normal.cells.at(-1));
    expect(again.cursor).toEqual(state.cursor);
  });

  const piece = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.string({
        unit: fc.constantFrom(...'a b c X Y Z 0 1 9'.split(' '), ' '),
        minLength: 1,
        maxLength: 30,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom('漢字', 'é', 'e\u0301', '👍🏽', '👨‍👩‍👧', '🇩🇪', '─│┌', '\u0301'),
    },
    { weight: 4, arbitrary: fc.constantFrom('\r\n', '\n', '\r', '\b', '\t', '\x1bM', '\x1bD', '\x1bE') },
    {
      weight: 5,
      arbitrary: fc
        .array(fc.constantFrom(0, 1, 2, 3, 4, 7, 9, 22, 24, 27, 31, 39, 42, 49, 53, 95, 104), {
          maxLength: 3,
        })
        .map((codes) => `\x1b[${codes.join(';')}m`),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom('\x1b[38;5;120m', '\x1b[48;2;9;8;7m', '\x1b[4:3m', '\x1b[58:5:4m'),
    },
    {
      weight: 6,
      arbitrary: fc
        .tuple(
          fc.integer({ min: 0, max: 14 }),
          fc.constantFrom(...'A B C D E F G d L M P S T X @ I Z b J K'.split(' ')),
        )
        .map(([count, final]) => `\x1b[${'JK'.includes(final) ? count % 3 : count}${final}`),
    },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 24 }))
        .map(([row, col]) => `\x1b[${row};${col}H`),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(
          fc.constantFrom(
            '?1',
            '?6',
            '?25',
            '?45',
            '?47',
            '?66',
            '?1000',
            '?1002',
            '?1003',
            '?1004',
            '?1006',
            '?1049',
            '?2004',
            '4',
          ),
          fc.constantFrom('h', 'l'),
        )
        .map(([mode, letter]) => `\x1b[${mode}${letter}`),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        '\x1b7',
        '\x1b8',
        '\x1b[2;4r',
        '\x1b[r',
        '\x1b(0',
        '\x1b(B',
        '\x1b)0',
        '\x0e',
        '\x0f',
        '\x1bH',
        '\x1b[3g',
        '\x1b[4 q',
        '\x1b[!p',
        '\x1b]2;t\x07',
        '\x1b]8;;https://a.example/\x07',
        '\x1b]8;;\x07',
      ),
    },
  );
  const action = fc.oneof(
    { weight: 12, arbitrary: piece },
    {
      weight: 1,
      arbitrary: fc.record({ cols: fc.integer({ min: 2, max: 24 }), rows: fc.integer({ min: 2, max: 8 }) }),
    },
    { weight: 1, arbitrary: fc.constantFrom('wait', 'snapshot', 'rest').map((what) => ({ what })) },
  );

  it('is the terminal that saw everything, whatever came', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 50 }),
        async (actions, chunk) => {
          let size = { cols: 20, rows: 6 };
          const { keeper, clock } = start(size);
          const all = fresh(size);
          // Before that nothing is parsed for having waited.
          let isSeen = chunk % 2 === 0;
          if (isSeen) keeper.takeUnseen();
          for (const step of actions) {
            if (typeof step === 'string') {
              const bytes = bytesOf(step);
              for (let at = 0; at < bytes.length; at += chunk) keeper.append(bytes.subarray(at, at + chunk));
              all.resize(size);
              all.parse(bytes);
            } else if ('cols' in step) {
              size = step;
              // Of two without a byte between them only the last counts.
              keeper.resize(size);
            } else {
              isSeen ||= step.what !== 'wait';
              if (isSeen) all.resize(size);
              // The alternate screen keeps columns that a resize has hidden, and only as long as it lives.
              const { active, alt } = all.core._bufferService.buffers;
              const isExact = active !== alt && !hasHiddenWraps(active, size.cols);
              if (!isExact && step.what === 'rest') {
                await keeper.snapshot();
                continue;
              }
              // A cluster, and a repetition, do not reach back over it. No mode of that number; it ends what could be joined.
              if (step.what === 'rest') all.parse(bytesOf('\x1b[?9999h'));
              if (step.what === 'snapshot') await keeper.snapshot();
              else if (step.what === 'rest') keeper.rest();
              await settle(clock);
            }
          }
          all.resize(size);
          const [got, wanted] = [await restored(keeper, size), stateOf(all)];
          // Tab stops beyond the columns, and a saved cursor above the screen, depend on every size that there ever was.
          if (actions.some((step) => typeof step !== 'string' && 'cols' in step))
            for (const state of [got, wanted]) {
              state.saved = [];
              for (const buffer of [state.normal, state.alternate]) if (buffer) buffer.tabs = [];
            }
          expect(got).toEqual(wanted);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is of the moment in which it was asked for', async () => {
    const { keeper } = start();
    keeper.append(bytesOf('before'));
    const asked = keeper.snapshot();
    keeper.append(bytesOf(' after'));
    const screen = fresh({ cols: 20, rows: 6 });
    screen.parse(await asked);
    expect(stateOf(screen).normal.cells.join('')).not.toContain('f[0 0  ]t');
    screen.parse(bytesOf(' after'));
    expect(stateOf(screen)).toEqual(await restored(keeper, { cols: 20, rows: 6 }));
  });

  it('begins what is open at its end, so that the rest is not text', async () => {
    for (const [first, rest] of [
      ['a\x1b[3', '1mb'],
      ['a\x1b]2;ti', 'tle\x07b'],
      ['a\xf0\x9f', '\x98\x80b'],
    ] as const) {
      const { keeper } = start();
      const all = fresh({ cols: 20, rows: 6 });
      keeper.append(Buffer.from(first, 'latin1'));
      all.parse(Buffer.from(first + rest, 'latin1'));
      const screen = fresh({ cols: 20, rows: 6 });
      screen.parse(await keeper.snapshot());
      screen.parse(Buffer.from(rest, 'latin1'));
      expect(stateOf(screen)).toEqual(stateOf(all));
    }
  });

  it.each([
    { cols: 33, rows: 9 },
    { cols: 20, rows: 4 },
    { cols: 40, rows: 40 },
  ])(
    'is readable in a window of $cols × $rows too, with the cursor where it was in the text',
    async (other) => {
      const { keeper } = start();
      const lines = Array.from({ length: 12 }, (_, index) => `line ${index}`);
      keeper.append(bytesOf(`${lines.join('\r\n')}\r\n\x1b[44m${'z'.repeat(30)}\x1b[m\r\n$ typed\x1b[3D`));
      const screen = fresh(other);
      screen.parse(await keeper.snapshot());
      screen.parse(bytesOf('!'));
      const text = stateOf(screen)
        .normal.cells.join('\n')
        .replaceAll(/\[[^\]]*\]|_/g, '');
      const wrapped = other.cols === 20 ? `${'z'.repeat(20)}\n↩${'z'.repeat(10)}` : 'z'.repeat(30);
      expect(text.trim()).toBe(`${lines.join('\n')}\n${wrapped}\n$ ty!ed`);
    },
  );

  it('tells the title, and asks nothing', async () => {
    const { keeper, titles } = start();
    keeper.append(bytesOf('\x1b]0;vim: ä\x07\x1b[c\x1b[6n\x1b]11;?\x07\x1b[?2004$p\x07text'));
    const paint = Buffer.from(await keeper.snapshot()).toString();
    expect(titles).toEqual(['vim: ä']);
    expect(paint).toContain('\x1b]2;vim: ä\x1b\\');
    expect(paint).not.toMatch(/\x1b\[c|\x1b\[6n|\]11|\$p|\x07/);
  });

  it('is asked for by many at once', async () => {
    const { keeper } = start();
    keeper.append(bytesOf('text'));
    const paints = await Promise.all([keeper.snapshot(), keeper.snapshot(), keeper.snapshot()]);
    expect(paints[1]).toEqual(paints[0]);
    expect(paints[2]).toEqual(paints[0]);
  });

  it('leaves out the oldest lines rather than be without bound', async () => {
    const { keeper, clock } = start({ cols: 200, rows: 50 }, 5_000);
    keeper.takeUnseen();
    const cell = (color: number) => `\x1b[38;2;${color % 256};${color % 251};${color % 241}m\x1b[4:3mx`;
    const line = () => Array.from({ length: 100 }, (_, color) => cell(color)).join('');
    for (let block = 0; block < 16; block++) {
      keeper.append(bytesOf(Array.from({ length: 100 }, () => `${line()}\r\n`).join('')));
      await settle(clock);
    }
    keeper.append(bytesOf('end'));
    const paint = await keeper.snapshot();
    expect(paint.length).toBeLessThan(5_000_000);
    expect(paint.length).toBeGreaterThan(3_000_000);
    keeper.rest();
    const resting = await keeper.snapshot();
    expect(resting.length).toBeLessThan(600_000);
    const screen = fresh({ cols: 200, rows: 50 });
    screen.parse(resting);
    expect(stateOf(screen).normal.cells.at(-1)).toMatch(/^e\[.*n\[.*d\[/);
  });
});

describe('ScreenKeeper', () => {
  it('gives the first who asks the bytes as they came, once, and parses nothing before', async () => {
    const { keeper, clock } = start();
    keeper.append(bytesOf('$ \x1b[6n'));
    await settle(clock);
    expect(Buffer.from(keeper.takeUnseen()!).toString()).toBe('$ \x1b[6n');
    expect(keeper.takeUnseen()).toBeUndefined();
    const screen = fresh({ cols: 20, rows: 6 });
    screen.parse(await keeper.snapshot());
    expect(stateOf(screen).normal.cells[0]).toMatch(/^\$/);
  });

  it('gives them as they came to nobody once it had to drop some', () => {
    const { keeper } = start();
    for (let index = 0; index < 100; index++) keeper.append(bytesOf('y\r\n'.repeat(4_000)));
    expect(keeper.takeUnseen()).toBeUndefined();
  });

  it('begins anew from a paint, at the size of then', async () => {
    const { keeper, titles } = start();
    keeper.append(bytesOf('old\x1b[?2004h'));
    keeper.resize({ cols: 30, rows: 8 });
    keeper.replace(bytesOf('new\x1b[?1h\x1b]2;of new\x07'));
    expect(keeper.restoringSequences).toBe('\x1b[?1h');
    expect(titles).toEqual(['of new']);
    keeper.append(bytesOf(`\r\n${'z'.repeat(30)}`));
    const all = fresh({ cols: 30, rows: 8 });
    all.parse(bytesOf(`new\x1b[?1h\r\n${'z'.repeat(30)}`));
    expect(await restored(keeper, { cols: 30, rows: 8 })).toEqual(stateOf(all));
  });

  it('answers who waits for a snapshot when it is cleared or begins anew', async () => {
    const { keeper } = start();
    keeper.append(bytesOf('y\r\n'.repeat(100_000)));
    const cleared = keeper.snapshot();
    keeper.clear();
    expect((await cleared).length).toBeLessThan(100);
    keeper.append(bytesOf('y\r\n'.repeat(100_000)));
    const replaced = keeper.snapshot();
    keeper.replace(bytesOf('new'));
    expect(Buffer.from(await replaced).toString()).toContain('new');
  });

  it('ends a flood in the right state, in bounded time and memory', async () => {
    const size = { cols: 80, rows: 24 };
    const { keeper, clock } = start(size, 1_000);
    keeper.append(bytesOf('\x1b[?2004h\x1b[?1049h\x1b[?1000hfull screen\r\n'));
    await settle(clock);
    keeper.append(bytesOf('\x1b[?1049l\x1b[?25l'));
    const lines = Array.from(
      { length: 1_000 },
      (_, index) => `\x1b[3${index % 8}m${index} some output\x1b[m\r\n`,
    );
    const block = bytesOf(lines.join(''));
    const before = process.memoryUsage();
    for (let sent = 0; sent < 50_000_000; sent += block.length) {
      keeper.append(block);
      if (sent % 10 === 0) await clock.advance(10);
    }
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(4_000_000);
    keeper.append(bytesOf('\x1b[?1000l$ '));
    const all = fresh(size, 1_000);
    all.parse(bytesOf(`\x1b[?2004h\x1b[?25l${lines.join('').repeat(10)}$ `));
    const startedAt = performance.now();
    expect(await restored(keeper, size, 1_000)).toEqual({ ...stateOf(all), saved: expect.anything() });
    // Half a mebibyte is parsed, not fifty.
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it('survives a sequence without end, and hostile counts', async () => {
    const { keeper } = start();
    keeper.append(bytesOf(`a\x1bPq${'#'.repeat(2_000_000)}`));
    const screen = fresh({ cols: 20, rows: 6 });
    screen.parse(await keeper.snapshot());
    screen.parse(bytesOf('###\x1b\\b'));
    expect(stateOf(screen).normal.cells.join('')).not.toContain('#');
    const startedAt = performance.now();
    keeper.append(bytesOf('\x1b\\'));
    for (const final of ['@', 'I', 'L', 'M', 'P', 'S', 'T', 'X', 'Z', 'a', 'b', ' @', "'}"])
      keeper.append(bytesOf(`x\x1b[2147483647${final}`));
    for (let index = 0; index < 20_000; index++) keeper.append(bytesOf(`\x1b]8;;https://e.x/${index}\x07l`));
    await keeper.snapshot();
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it('costs its caller little more than a copy', () => {
    const { keeper } = start();
    const block = bytesOf('y\r\n'.repeat(20_000));
    const timeOf = (run: () => void) => {
      const startedAt = performance.now();
      for (let index = 0; index < 100; index++) run();
      return performance.now() - startedAt;
    };
    const pending = new PendingOutput(() => {});
    const once = () => {
      const plain = timeOf(() => pending.append(block));
      return timeOf(() => keeper.append(block)) / plain;
    };
    // The best of some: another process may take the core meanwhile.
    expect(Math.min(...Array.from({ length: 8 }, once))).toBeLessThan(1.5);
  });

  it('lays a screen down that nobody uses, and makes it again', async () => {
    const size = { cols: 20, rows: 6 };
    const { keeper, clock } = start(size);
    keeper.append(bytesOf('\x1b[31mtext\x1b[2;2r\r\nmore'));
    keeper.takeUnseen();
    await settle(clock);
    await clock.advance(600_000);
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    keeper.resize({ cols: 10, rows: 4 });
    keeper.append(bytesOf('\r\nand more than the columns'));
    const all = fresh(size);
    all.parse(bytesOf('\x1b[31mtext\x1b[2;2r\r\nmore'));
    all.resize({ cols: 10, rows: 4 });
    all.parse(bytesOf('\r\nand more than the columns'));
    expect(await restored(keeper, { cols: 10, rows: 4 })).toEqual(stateOf(all));
  });
});
