/** Keeps each person's settings. Changes that come at once are all kept; watchers see what is on the disk. */
import type { UserId } from '#contract/ids.ts';
import type { Settings } from '#contract/settings.ts';
import { Watched } from '../changes.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import {
  parseSettingsRecord,
  type SettingsChange,
  type SettingsRecord,
  settingsOf,
  withChange,
} from './settings.ts';

export interface SettingsServiceDeps {
  readonly records: RecordStore;
}

export async function createSettingsService(deps: SettingsServiceDeps): Promise<SettingsService> {
  const records = deps.records.collection('settings', parseSettingsRecord);
  return new SettingsService(deps, records, await records.all());
}

export class SettingsService {
  readonly #deps: SettingsServiceDeps;
  readonly #records: RecordCollection<SettingsRecord>;
  readonly #listeners = new Set<(userId: UserId, before: Settings, after: Settings) => void>();
  /** A person's value lives as long as the plane: one small object for each who ever changed or watched. */
  readonly #byUser = new Map<UserId, Watched<Settings>>();

  constructor(
    deps: SettingsServiceDeps,
    records: RecordCollection<SettingsRecord>,
    known: readonly SettingsRecord[],
  ) {
    this.#deps = deps;
    this.#records = records;
    for (const record of known) this.#byUser.set(record.id, new Watched(settingsOf(record)));
  }

  get(userId: UserId): Settings {
    return this.#watchedOf(userId).value;
  }

  /** Milliseconds after which a terminal of theirs that nobody uses is closed; null: they set none. */
  closeIdleTerminalsMs(userId: UserId): number | null {
    const minutes = this.get(userId).closeIdleTerminalsMinutes;
    return minutes === null ? null : minutes * 60_000;
  }

  watch(userId: UserId, signal: AbortSignal): AsyncGenerator<Settings> {
    return this.#watchedOf(userId).watch(signal);
  }

  /** Told of each change once it is on the disk, with what was and what is. */
  onChange(listener: (userId: UserId, before: Settings, after: Settings) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async change(userId: UserId, change: SettingsChange): Promise<Settings> {
    const record = await this.#deps.records.transaction(async () => {
      const before = (await this.#records.get(userId)) ?? { id: userId, changed: {} };
      const after = withChange(before, change);
      await this.#records.put(after);
      return after;
    });
    const settings = settingsOf(record);
    const watched = this.#watchedOf(userId);
    const before = watched.value;
    watched.set(settings);
    for (const listener of this.#listeners) listener(userId, before, settings);
    return settings;
  }

  #watchedOf(userId: UserId): Watched<Settings> {
    const known = this.#byUser.get(userId);
    if (known) return known;
    const fresh = new Watched(settingsOf({ id: userId, changed: {} }));
    this.#byUser.set(userId, fresh);
    return fresh;
  }
}
