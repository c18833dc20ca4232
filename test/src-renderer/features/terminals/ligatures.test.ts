import { describe, expect, it } from 'vitest';
import { ligatureRanges } from '#renderer/features/terminals/ligatures.ts';

const found = (text: string) => ligatureRanges(text).map(([from, to]) => text.slice(from, to));

describe('ligatureRanges', () => {
  it('takes the longest sign, from the left', () => {
    expect(found('a => b !== c --> d :: e')).toEqual(['=>', '!==', '-->', '::']);
    expect(found('<=> ===')).toEqual(['<=>', '===']);
    expect(found('plain text, 1 + 2')).toEqual([]);
  });
});
