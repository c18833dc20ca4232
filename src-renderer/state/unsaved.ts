/**
 * What would be lost if this window closed now: each feature that has such work adds where it is read and how it is saved.
 * Nothing is copied or kept here; whoever closes the window looks (use-close-guard.ts).
 */
import type { UnsavedWork } from '#contract/shell.ts';

export interface UnsavedSource {
  /** Names of texts that were changed and not saved. */
  texts(): readonly string[];
  /** Files that are on their way. */
  transferCount(): number;
  /** Saves every text. False: one could not be saved, and its page says why. */
  save(): Promise<boolean>;
  /** Calls when any of it may have changed. Returns what ends it. */
  subscribe(onChange: () => void): () => void;
}

export interface Unsaved {
  /** Returns what takes it away again. */
  add(source: UnsavedSource): () => void;
  read(): UnsavedWork;
  /** False: something was not saved. */
  save(): Promise<boolean>;
  /** Calls at once, and when any of it may have changed. */
  subscribe(onChange: () => void): () => void;
}

/** Names that the contract takes; more are only counted. */
const toldTexts = 50;

export function createUnsaved(): Unsaved {
  const sources = new Map<UnsavedSource, () => void>();
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  return {
    add: (source) => {
      sources.set(source, source.subscribe(changed));
      changed();
      return () => {
        sources.get(source)?.();
        sources.delete(source);
        changed();
      };
    },
    read: () => ({
      texts: [...sources.keys()].flatMap((source) => source.texts()).slice(0, toldTexts),
      transferCount: [...sources.keys()].reduce((count, source) => count + source.transferCount(), 0),
    }),
    save: async () => {
      for (const source of sources.keys()) if (!(await source.save())) return false;
      return true;
    },
    subscribe: (onChange) => {
      listeners.add(onChange);
      onChange();
      return () => listeners.delete(onChange);
    },
  };
}
