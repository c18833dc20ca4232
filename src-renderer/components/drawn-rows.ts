/** Which rows of a virtual list exist: those in sight, and the one that has the keyboard, wherever it is. */
import { defaultRangeExtractor, type Range } from '@tanstack/react-virtual';
import { useCallback } from 'react';

/**
 * For `rangeExtractor`. `aria-activedescendant` must name an element that exists (WAI-ARIA 1.2 § 6.6), also in the moment
 * before the list has scrolled to it, and after somebody scrolled away from it. `index` -1: no row has the keyboard.
 */
export function useDrawnRows(index: number): (range: Range) => number[] {
  return useCallback((range: Range) => drawnRows(range, index), [index]);
}

/** Indices in rising order, each once; those with `overscan` around what is in sight, and `index` if there is such a row. */
export function drawnRows(range: Range, index: number): number[] {
  const inSight = defaultRangeExtractor(range);
  if (index < 0 || index >= range.count || inSight.includes(index)) return inSight;
  const isBefore = index < (inSight[0] ?? 0);
  return isBefore ? [index, ...inSight] : [...inSight, index];
}

/** Into sight, at once; where a menu opens at it by key. */
export function boxInSight(row: HTMLElement | null): DOMRect | undefined {
  row?.scrollIntoView({ block: 'nearest' });
  return row?.getBoundingClientRect();
}
