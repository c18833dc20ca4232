import { describe, expect, it } from 'vitest';
import { localOwnerId } from '#contract/ids.ts';
import { settingsDefaults } from '#contract/settings.ts';
import { parseSettingsRecord, settingsOf, withChange } from '#main/control-plane/settings/settings.ts';

const record = (changed: Record<string, unknown>) => parseSettingsRecord({ id: localOwnerId, changed });

describe('settings', () => {
  it('are the defaults but for what was changed', () => {
    expect(settingsOf(record({}))).toEqual(settingsDefaults);
    expect(settingsOf(record({ theme: 'dark', hostShell: null }))).toEqual({
      ...settingsDefaults,
      theme: 'dark',
    });
  });

  it('drop what is unknown or out of bounds, and keep the rest', () => {
    const parsed = record({
      theme: 'purple',
      terminalFontSizePx: 4000,
      copyOnSelection: false,
      old: 1,
      toString: 2,
    });
    expect(parsed.changed).toEqual({ copyOnSelection: false });
  });

  it('change only what is given', () => {
    const changed = withChange(record({ theme: 'dark' }), { theme: undefined, terminalCursor: 'bar' });
    expect(changed.changed).toEqual({ theme: 'dark', terminalCursor: 'bar' });
  });
});
