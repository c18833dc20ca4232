/**
 * Where an app's view may be drawn. It stands above everything of the page, so it gives way to what is in front: menus,
 * dialogs, the palette, what is dragged. Notices are narrow and stay for a while; for them the app is only made shorter.
 * Pure.
 */
import type { ViewBounds } from '#contract/shell.ts';

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Cover extends Box {
  readonly isNotice: boolean;
}

export type ViewPlace =
  | { readonly kind: 'shown'; readonly bounds: ViewBounds }
  /** `isCovered`: only for a moment, so that a picture of it may stand there. */
  | { readonly kind: 'hidden'; readonly isCovered: boolean };

/** Parts of its height that an app keeps beside notices. With less it gives way. */
const leastPart = 0.5;

export function viewPlace(box: Box, covers: readonly Cover[], isDragging: boolean): ViewPlace {
  if (box.right - box.left < 1 || box.bottom - box.top < 1) return { kind: 'hidden', isCovered: false };
  const inFront = covers.filter((cover) => overlaps(box, cover));
  if (isDragging || inFront.some(({ isNotice }) => !isNotice)) return { kind: 'hidden', isCovered: true };
  const bottom = Math.min(box.bottom, ...inFront.map(({ top }) => top));
  if (bottom - box.top < (box.bottom - box.top) * leastPart) return { kind: 'hidden', isCovered: true };
  return { kind: 'shown', bounds: boundsOf({ left: box.left, top: box.top, right: box.right, bottom }) };
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/** Whole pixels, never beyond the box: a view that stands over a line hides it. */
function boundsOf({ left, top, right, bottom }: Box): ViewBounds {
  const x = Math.max(0, Math.ceil(left));
  const y = Math.max(0, Math.ceil(top));
  return { x, y, width: Math.max(0, Math.floor(right) - x), height: Math.max(0, Math.floor(bottom) - y) };
}
