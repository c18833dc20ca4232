/**
 * Where a replay is and what is due: time that runs at a chosen speed through a recording whose long pauses are shortened.
 * Pure; whoever has a clock calls `advance`.
 */
import type { Cast, CastEvent, CastSize } from './asciicast.ts';

/** Seconds of a pause that are kept. */
export const idleLimitSeconds = 2;
export const replaySpeeds = [0.5, 1, 2, 4, 8] as const;

export interface ReplayStep {
  /** Begin from an empty screen of this size. */
  readonly reset: CastSize | null;
  readonly events: readonly CastEvent[];
}

export class Replay {
  readonly cast: Cast;
  readonly durationSeconds: number;
  /** The time of each event with its pauses shortened. */
  readonly #times: Float64Array;
  #next = 0;
  #atSeconds = 0;

  constructor(cast: Cast) {
    this.cast = cast;
    this.#times = new Float64Array(cast.events.length);
    let before = 0;
    let now = 0;
    for (const [index, event] of cast.events.entries()) {
      now += Math.min(idleLimitSeconds, event.atSeconds - before);
      before = event.atSeconds;
      this.#times[index] = now;
    }
    this.durationSeconds = now + Math.min(idleLimitSeconds, cast.durationSeconds - before);
  }

  get atSeconds(): number {
    return this.#atSeconds;
  }
  get isAtEnd(): boolean {
    return this.#next >= this.#times.length && this.#atSeconds >= this.durationSeconds;
  }
  /** Markers with their times in the replay, for the seek bar. */
  get markers(): readonly { readonly atSeconds: number; readonly text: string }[] {
    return this.cast.events.flatMap((event, index) =>
      event.kind === 'marker' ? [{ atSeconds: this.#times[index]!, text: event.text }] : [],
    );
  }

  /** Time goes on; what is due since the last call. */
  advance(bySeconds: number): ReplayStep {
    return { reset: null, events: this.#takeUntil(this.#atSeconds + Math.max(0, bySeconds)) };
  }

  /** Everything that leads to the screen at that time; from the start when it lies behind. */
  seek(toSeconds: number): ReplayStep {
    const to = Math.min(this.durationSeconds, Math.max(0, toSeconds));
    if (to >= this.#atSeconds) return { reset: null, events: this.#takeUntil(to) };
    this.#next = 0;
    this.#atSeconds = 0;
    return { reset: this.cast.size, events: this.#takeUntil(to) };
  }

  #takeUntil(seconds: number): readonly CastEvent[] {
    this.#atSeconds = Math.min(this.durationSeconds, seconds);
    const from = this.#next;
    while (this.#next < this.#times.length && this.#times[this.#next]! <= this.#atSeconds) this.#next += 1;
    return this.cast.events.slice(from, this.#next);
  }
}
