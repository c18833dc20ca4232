/**
 * A line that waits to be typed into a new terminal: once, when its shell has shown something and then was quiet, so that
 * it stands behind the prompt. Never ends it with Return; whoever reads it decides.
 */
import type { Clock } from '../interfaces/clock.ts';

/** Longer than the gaps in what a login prints, shorter than a person waits for. */
const quietMs = 200;

export class TypedLine {
  readonly #clock: Clock;
  readonly #type: () => void;
  #stop: (() => void) | undefined;
  #isDone = false;

  constructor(clock: Clock, type: () => void) {
    this.#clock = clock;
    this.#type = type;
  }

  /** Its terminal has printed something. */
  onOutput(): void {
    if (this.#isDone) return;
    this.#stop?.();
    this.#stop = this.#clock.after(quietMs, () => {
      this.#isDone = true;
      this.#type();
    });
  }

  /** It is not wanted any more. */
  cancel(): void {
    this.#isDone = true;
    this.#stop?.();
  }
}
