/** When a cursor is shown: blinking by itself, still while keys come, shown when it stops. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { blinkMs, CursorBlink } from '#renderer/features/terminals/cursor-blink.ts';

let shown: boolean[];
let blink: CursorBlink;

beforeEach(() => {
  vi.useFakeTimers();
  shown = [];
  blink = new CursorBlink((isShown) => shown.push(isShown));
});
afterEach(() => vi.useRealTimers());

it('hides and shows the cursor by turns', () => {
  blink.start();
  expect(shown).toEqual([]);
  vi.advanceTimersByTime(4 * blinkMs);
  expect(shown).toEqual([false, true, false, true]);
});

it('changes nothing while keys come faster than it blinks', () => {
  blink.start();
  for (let key = 0; key < 20; key += 1) {
    vi.advanceTimersByTime(blinkMs - 1);
    blink.typed();
  }
  expect(shown).toEqual([]);
  vi.advanceTimersByTime(blinkMs);
  expect(shown).toEqual([false]);
});

it('shows a hidden cursor after a key, not in the turn of the key', () => {
  blink.start();
  vi.advanceTimersByTime(blinkMs);
  expect(shown).toEqual([false]);
  blink.typed();
  expect(shown).toEqual([false]);
  vi.advanceTimersByTime(100);
  expect(shown).toEqual([false, true]);
  vi.advanceTimersByTime(blinkMs - 61);
  expect(shown).toEqual([false, true]);
});

it('leaves the cursor shown when it stops, and keys then start nothing', () => {
  blink.start();
  vi.advanceTimersByTime(blinkMs);
  blink.stop();
  expect(shown).toEqual([false, true]);
  blink.typed();
  vi.advanceTimersByTime(10 * blinkMs);
  expect(shown).toEqual([false, true]);
});
