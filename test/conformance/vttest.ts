/**
 * Drives vttest's menus in both terminals, key by key in step, and takes a picture of each screen at which it waits. The
 * menu says what is a menu; whatever else it shows waits for Return.
 */
import { explainedScreens } from './explained.ts';
import type { Picture } from './instrument.ts';
import type { Side } from './side.ts';

export interface Screen {
  /** The way there through the menus and the number of the screen: `2, screen 3`. */
  readonly name: string;
  readonly berth: Picture;
  readonly bare: Picture;
}

const all = (...menus: readonly number[]) => ({
  of: (...choices: readonly number[]) => choices.map((choice) => [...menus, choice]),
});

/** A choice for each menu on the way. Without the keyboard's, which ask a person to press keys. */
export const vttestPaths: readonly (readonly number[])[] = [
  // Cursor movements; screen features; character sets; double-sized characters; VT52 mode; insert and delete.
  ...all().of(1, 2, 3, 4, 7, 8),
  // Reports: answerback, new line mode, status, attributes of three kinds, parameters.
  ...all(6).of(1, 2, 3, 4, 5, 6, 7),
  // Known bugs.
  ...all(9).of(1, 2, 3, 4, 5, 6, 7, 8, 9),
  // Reset: hard, soft.
  ...all(10).of(1, 3),
  // VT220: echo, cursor, erased and protected characters, soft reset.
  ...all(11, 1, 2).of(1, 2, 3, 4),
  ...all(11, 1).of(6),
  // VT420: index by columns, margins; requests of modes and settings.
  ...all(11, 3, 2).of(7, 8, 9, 10),
  ...all(11, 3, 7, 2).of(2, 3),
  // ISO 6429: cursor movement, colours, protected areas, repeat and scrolling in four directions.
  ...all(11, 5).of(1, 2, 3, 4, 5, 6, 7, 8, 9),
  ...all(11, 6).of(2, 3, 4, 5, 6, 8, 9),
  ...all(11, 6, 7).of(2),
  ...all(11, 7).of(1, 2, 3, 4, 5, 6),
  // xterm: three kinds of alternate screen, reports about its window.
  ...all(11, 8, 7).of(3, 4, 5),
  ...all(11, 8).of(9),
];

/** Nothing that vttest shows between two menus is longer. */
const screensInPath = 60;
/** For an answer of the terminal to reach the program, where one side has it and the other has not. */
const answerTimeoutMs = 5_000;
const menuPattern = /Enter choice number \(0 - \d+\):/;

export async function* runVttest(
  sides: { readonly berth: Side; readonly bare: Side },
  paths = vttestPaths,
): AsyncGenerator<Screen> {
  const both = <T>(act: (side: Side) => Promise<T>) => Promise.all([act(sides.berth), act(sides.bare)]);
  const look = async (name: string): Promise<Screen> => {
    const deadlineMs = performance.now() + answerTimeoutMs;
    for (;;) {
      await both((side) => side.settle());
      const [berth, bare] = await both((side) => side.picture());
      const screen = { name, berth, bare };
      // The one that has no prompt yet may wait for the terminal's answer to a query.
      const isDone = (hasPrompt(berth) && hasPrompt(bare)) || mayDiffer(name);
      if (isDone || differences(screen).length === 0 || performance.now() > deadlineMs) return screen;
    }
  };
  const isMenu = ({ bare }: Screen) => menuPattern.test(bare.text.join('\n'));

  // 80 columns are all there are: in a wider screen's test the rest would be guesswork.
  await both((side) => side.start('vttest 24x80.80'));
  yield await look('main menu');
  for (const path of paths) {
    const name = path.join('.');
    let depth = 0;
    let screen: Screen | undefined;
    for (const choice of path) {
      if (screen !== undefined) {
        if (!isMenu(screen)) throw new Error(`vttest ${name}: no menu to choose ${choice} from`);
        yield screen;
      }
      await both((side) => side.line(String(choice)));
      depth += 1;
      screen = await look(depth < path.length ? `${name}, menu` : `${name}, screen 1`);
    }
    for (let number = 2; screen !== undefined && !isMenu(screen); number += 1) {
      if (number > screensInPath) throw new Error(`vttest ${name}: no way back to a menu`);
      yield screen;
      await both((side) => side.line(''));
      screen = await look(`${name}, screen ${number}`);
    }
    for (; depth > 1; depth -= 1) {
      await both((side) => side.line('0'));
      await both((side) => side.settle());
    }
  }
  await both((side) => side.line('0'));
}

/** Where one side answers and the other does not, there is nothing to wait for. */
function mayDiffer(name: string): boolean {
  return explainedScreens.some(({ where }) => where.test(name));
}

/** vttest stands behind a word that asks for a key. */
function hasPrompt({ text, cursor }: Picture): boolean {
  const [column = 0, row = 0] = cursor.split(/[ ,]/).map(Number);
  return /(Push <RETURN>|:)$/.test((text[row] ?? '').slice(0, column).trimEnd());
}

/** What differs, in words; empty when a person and a program would see the same. */
export function differences({ berth, bare }: Pick<Screen, 'berth' | 'bare'>): string[] {
  const found: string[] = [];
  for (const [row, text] of bare.text.entries()) {
    if (text !== berth.text[row]) found.push(`row ${row + 1}: “${berth.text[row]}” where bare has “${text}”`);
    if (bare.looks[row] !== berth.looks[row])
      found.push(`row ${row + 1} is drawn “${berth.looks[row]}” where bare has “${bare.looks[row]}”`);
  }
  if (bare.cursor !== berth.cursor) found.push(`cursor at ${berth.cursor} where bare has ${bare.cursor}`);
  return found;
}
