import { describe, expect, it } from 'vitest';
import { drawnRows } from '../../../src-renderer/components/drawn-rows.ts';

const range = { startIndex: 50, endIndex: 53, overscan: 1, count: 100, lanes: 1 };
const inSight = [49, 50, 51, 52, 53, 54];

describe('the rows of a virtual list that exist', () => {
  it.each([
    ['above what is in sight', 3, [3, ...inSight]],
    ['below it', 99, [...inSight, 99]],
    ['in it', 51, inSight],
    ['among what is drawn around it', 54, inSight],
    ['nowhere', -1, inSight],
    ['at a row that is gone', 100, inSight],
  ])('hold the one that has the keyboard, %s', (_, index, drawn) => {
    expect(drawnRows(range, index)).toEqual(drawn);
  });

  it('are none where there are none', () => {
    expect(drawnRows({ startIndex: 0, endIndex: 0, overscan: 1, count: 0, lanes: 1 }, 0)).toEqual([]);
  });
});
