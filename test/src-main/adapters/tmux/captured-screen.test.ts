/** The state of a pane as tmux says it. */
import { describe, expect, it } from 'vitest';
import { paneFormat, parsePaneState } from '#main/adapters/tmux/captured-screen.ts';

/** As tmux fills the format in. */
function line(values: Record<string, number>, title = ''): string {
  return paneFormat
    .replace(/#\{([a-z_]+)\}/g, (_, name: string) => String(values[name] ?? 0))
    .replace(/#\{\?.*$/, title);
}
const plain = { pane_width: 80, pane_height: 24, cursor_flag: 1, wrap_flag: 1, scroll_region_lower: 23 };

describe('parsePaneState', () => {
  it('reads a shell at its prompt', () => {
    const state = parsePaneState(line({ ...plain, cursor_x: 7, cursor_y: 3, history_size: 120 }));
    expect(state).toMatchObject({
      size: { cols: 80, rows: 24 },
      cursor: { x: 7, y: 3, isShown: true },
      isAlternate: false,
      historyLines: 120,
      isInserting: false,
      scrollRegion: { top: 0, bottom: 23 },
      title: '',
    });
    expect([...state.modes].filter(([, isOn]) => isOn).map(([mode]) => mode)).toEqual([7]);
  });

  it('reads a program that takes the whole screen', () => {
    const state = parsePaneState(
      line(
        {
          ...{ ...plain, cursor_flag: 0, alternate_on: 1, alternate_saved_x: 5, alternate_saved_y: 9 },
          ...{ insert_flag: 1, keypad_cursor_flag: 1, keypad_flag: 1, origin_flag: 1, wrap_flag: 0 },
          ...{ mouse_button_flag: 1, mouse_sgr_flag: 1, scroll_region_upper: 2, scroll_region_lower: 20 },
        },
        'vim  ~/a b',
      ),
    );
    expect(state).toMatchObject({
      cursor: { isShown: false },
      savedCursor: { x: 5, y: 9 },
      isAlternate: true,
      isInserting: true,
      scrollRegion: { top: 2, bottom: 20 },
      title: 'vim  ~/a b',
    });
    expect([...state.modes].filter(([, isOn]) => isOn).map(([mode]) => mode)).toEqual([1, 6, 66, 1002, 1006]);
  });

  it('takes no number for a saved cursor that there is none of', () => {
    const state = parsePaneState(
      line({ ...plain, alternate_saved_x: 4_294_967_295, alternate_saved_y: 4_294_967_295 }),
    );
    expect(state.savedCursor).toEqual({ x: 0, y: 0 });
  });

  it('makes a screen of nothing, too', () => {
    expect(parsePaneState('')).toMatchObject({
      size: { cols: 2, rows: 1 },
      cursor: { x: 0, y: 0, isShown: false },
      scrollRegion: { top: 0, bottom: 0 },
    });
  });
});
