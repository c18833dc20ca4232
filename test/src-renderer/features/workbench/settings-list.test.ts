/** Every setting of the contract is on the page, with a sentence, and its control cannot leave the contract's bounds. */
import { expect, it } from 'vitest';
import { Settings, settingsDefaults } from '#contract/settings.ts';
import { findSettings, settingRows } from '#renderer/features/workbench/settings-list.ts';

it('shows each setting once', () => {
  const expected = Object.keys(settingsDefaults).filter((key) => key !== 'shortcuts');
  expect(settingRows.map((row) => row.key).sort()).toEqual(expected.sort());
  for (const row of settingRows) expect(row.sentence).toMatch(/^[A-Z0-9].*\.$/s);
});

it('offers only what the contract accepts, and the edges of it', () => {
  const accepts = (key: string, value: unknown) => Settings.partial().safeParse({ [key]: value }).success;
  for (const { key, control } of settingRows) {
    if (control.kind === 'choice')
      for (const option of control.options) expect(accepts(key, option.value)).toBe(true);
    if (control.kind === 'number') {
      expect(accepts(key, control.min)).toBe(true);
      expect(accepts(key, control.max)).toBe(true);
      expect(accepts(key, control.min - 1)).toBe(false);
      expect(accepts(key, control.max + 1)).toBe(false);
    }
    if (control.kind === 'text' && control.emptyMeansNull) expect(accepts(key, null)).toBe(true);
    if (control.kind === 'switch') expect(accepts(key, true)).toBe(true);
  }
});

it('finds by words that are not in the label', () => {
  expect(findSettings('dark').map((row) => row.key)).toEqual(['theme']);
  expect(findSettings('gpu').map((row) => row.key)).toEqual(['terminalRenderer']);
  expect(findSettings('')).toHaveLength(settingRows.length);
});
