/**
 * Settings: only what a person changed is kept, so that a better default reaches everybody who did not. Pure.
 */
import { z } from 'zod';
import { UserId } from '#contract/ids.ts';
import { Settings, settingsDefaults } from '#contract/settings.ts';

export type SettingsChange = { readonly [S in keyof Settings]?: Settings[S] | undefined };

/** One person's changes, under their id. */
export interface SettingsRecord {
  readonly id: UserId;
  readonly changed: SettingsChange;
}

const Stored = z.object({ id: UserId, changed: z.record(z.string(), z.unknown()) });

/** A setting that no longer exists or is out of its bounds goes back to its default; the others stay. */
export function parseSettingsRecord(value: unknown): SettingsRecord {
  const { id, changed } = Stored.parse(value);
  const kept = Object.entries(Settings.shape).flatMap(([name, schema]) => {
    const result = Object.hasOwn(changed, name) ? schema.safeParse(changed[name]) : undefined;
    return result?.success ? [[name, result.data]] : [];
  });
  return { id, changed: Object.fromEntries(kept) };
}

export function withChange(record: SettingsRecord, change: SettingsChange): SettingsRecord {
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  return { id: record.id, changed: { ...record.changed, ...given } };
}

export function settingsOf(record: SettingsRecord): Settings {
  return { ...settingsDefaults, ...withChange(record, {}).changed } as Settings;
}
