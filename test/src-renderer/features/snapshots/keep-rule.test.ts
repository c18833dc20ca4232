/** The five numbers as they are typed, and the reasons in words. */
import { expect, it } from 'vitest';
import { suggestedKeepRule } from '#contract/snapshot-rules.ts';
import { keepDraft, keepReasonWords, keepWords, readKeep } from '#renderer/features/snapshots/keep-rule.ts';

it('reads what it wrote', () => {
  expect(readKeep(keepDraft(suggestedKeepRule))).toEqual({ keep: suggestedKeepRule });
});

it('counts an empty field as none, and names the field that is no number', () => {
  const draft = keepDraft(suggestedKeepRule);
  expect(readKeep({ ...draft, monthly: ' ' })).toEqual({ keep: { ...suggestedKeepRule, monthly: 0 } });
  expect(readKeep({ ...draft, daily: '-1', weekly: '1001', hourly: '1.5' })).toEqual({
    errors: { daily: '0 to 1000', weekly: '0 to 1000', hourly: '0 to 1000' },
  });
});

it('refuses a rule that keeps nothing', () => {
  expect(readKeep({ last: '0', hourly: '', daily: '0', weekly: '', monthly: '' })).toMatchObject({
    errors: { last: expect.any(String) as string },
  });
});

it('says why a snapshot stays', () => {
  expect(
    ['last', 'pinned', 'daily 2026-11-25', 'hourly', 'import', 'something new'].map(keepReasonWords),
  ).toEqual([
    'one of the last',
    'pinned',
    'newest of its day, 2026-11-25',
    'newest of its hour',
    'imported',
    'something new',
  ]);
  expect(keepWords(null)).toBe('all stay');
  expect(keepWords({ ...suggestedKeepRule, weekly: 0 })).toBe('5 last, 24 hourly, 7 daily, 12 monthly stay');
});
