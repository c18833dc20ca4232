/** The recordings of this window: those that run, by terminal, and those that were opened to be replayed, by a name of ours. */
import { createStore } from 'zustand/vanilla';
import type { TerminalId } from '#contract/ids.ts';
import type { Cast } from './asciicast.ts';
import type { Recorder } from './recorder.ts';

/** Recordings kept for replay; a tab of one that went says so. */
const keptCasts = 20;

export interface OpenedCast {
  readonly name: string;
  readonly cast: Cast;
}

export class Recordings {
  readonly store = createStore<{ readonly running: ReadonlyMap<TerminalId, Recorder> }>(() => ({
    running: new Map(),
  }));
  readonly #opened = new Map<string, OpenedCast>();

  recorderOf(id: TerminalId): Recorder | undefined {
    return this.store.getState().running.get(id);
  }
  begin(id: TerminalId, recorder: Recorder): void {
    this.store.setState(({ running }) => ({ running: new Map(running).set(id, recorder) }));
  }
  end(id: TerminalId): void {
    this.store.setState(({ running }) => ({
      running: new Map([...running].filter(([other]) => other !== id)),
    }));
  }

  opened(recordingId: string): OpenedCast | undefined {
    return this.#opened.get(recordingId);
  }
  keep(opened: OpenedCast): string {
    const id = crypto.randomUUID();
    this.#opened.set(id, opened);
    for (const [oldest] of this.#opened) {
      if (this.#opened.size <= keptCasts) break;
      this.#opened.delete(oldest);
    }
    return id;
  }
}

export const recordings = new Recordings();
