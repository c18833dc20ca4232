/** The format that tmux fills in with the state of a pane (tmux(1), FORMATS), and what it says. Pure. */
import type { CapturedScreen } from '../../control-plane/interfaces/multiplexer.ts';

/** Numbers first, the title last: it may hold anything but a line end. Until a program sets one it is the host's name. */
const numbers = [
  'pane_width',
  'pane_height',
  'cursor_x',
  'cursor_y',
  'cursor_flag',
  'alternate_on',
  'alternate_saved_x',
  'alternate_saved_y',
  'history_size',
  'insert_flag',
  'keypad_cursor_flag',
  'keypad_flag',
  'origin_flag',
  'wrap_flag',
  'mouse_standard_flag',
  'mouse_button_flag',
  'mouse_all_flag',
  'mouse_utf8_flag',
  'mouse_sgr_flag',
  'scroll_region_upper',
  'scroll_region_lower',
] as const;

export const paneFormat = `${numbers.map((name) => `#{${name}}`).join(' ')} #{?#{==:#{pane_title},#{host}},,#{pane_title}}`;

export type PaneState = Omit<CapturedScreen, 'history' | 'screen' | 'saved' | 'recent'> & {
  readonly historyLines: number;
};

export function parsePaneState(line: string): PaneState {
  const words = line.split(' ');
  const value = (name: (typeof numbers)[number]): number => Number(words[numbers.indexOf(name)] ?? 0) || 0;
  const isOn = (name: (typeof numbers)[number]): boolean => value(name) === 1;
  const rows = Math.max(1, value('pane_height'));
  return {
    size: { cols: Math.max(2, value('pane_width')), rows },
    cursor: { x: value('cursor_x'), y: value('cursor_y'), isShown: isOn('cursor_flag') },
    savedCursor: { x: small(value('alternate_saved_x')), y: small(value('alternate_saved_y')) },
    isAlternate: isOn('alternate_on'),
    historyLines: value('history_size'),
    isInserting: isOn('insert_flag'),
    modes: new Map([
      [1, isOn('keypad_cursor_flag')],
      [6, isOn('origin_flag')],
      [7, isOn('wrap_flag')],
      [66, isOn('keypad_flag')],
      [1000, isOn('mouse_standard_flag')],
      [1002, isOn('mouse_button_flag')],
      [1003, isOn('mouse_all_flag')],
      [1005, isOn('mouse_utf8_flag')],
      [1006, isOn('mouse_sgr_flag')],
    ]),
    scrollRegion: { top: value('scroll_region_upper'), bottom: value('scroll_region_lower') || rows - 1 },
    title: words.slice(numbers.length).join(' '),
  };
}

/** tmux says 4294967295 where nothing was saved. */
function small(value: number): number {
  return value > 10_000 ? 0 : value;
}
