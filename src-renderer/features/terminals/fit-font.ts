/**
 * Draws a grid of a given size as large as a box allows: makes the text smaller until it fits. Measures what is drawn,
 * since the width of a character is no fixed part of its size.
 */
import type { Terminal as Screen } from '@xterm/xterm';

/** Pixels. Below it nobody reads anything: then the box scrolls. */
export const smallestFontPx = 5;
/** Pixels that the scroll bar takes, as the fit addon counts it. */
const scrollBarPx = 14;
const stepPx = 0.25;

export interface FontBounds {
  readonly largestPx: number;
  readonly smallestPx: number;
}

/** @returns whether the box, at `largestPx`, would have another grid than this. */
export function fitFont(screen: Screen, box: HTMLElement, { largestPx, smallestPx }: FontBounds): boolean {
  const drawn = box.querySelector<HTMLElement>('.xterm-screen');
  if (drawn === null) return false;
  const widthPx = box.clientWidth - scrollBarPx;
  const heightPx = box.clientHeight;
  screen.options.fontSize = largestPx;
  const cellWidthPx = drawn.offsetWidth / screen.cols;
  const cellHeightPx = drawn.offsetHeight / screen.rows;
  const isOther =
    Math.floor(widthPx / cellWidthPx) !== screen.cols || Math.floor(heightPx / cellHeightPx) !== screen.rows;
  const part = Math.min(1, widthPx / drawn.offsetWidth, heightPx / drawn.offsetHeight);
  let sizePx = Math.max(smallestPx, Math.floor((largestPx * part) / stepPx) * stepPx);
  screen.options.fontSize = sizePx;
  const isTooLarge = () => drawn.offsetWidth > widthPx || drawn.offsetHeight > heightPx;
  while (isTooLarge() && sizePx > smallestPx) {
    sizePx -= stepPx;
    screen.options.fontSize = sizePx;
  }
  return isOther;
}
