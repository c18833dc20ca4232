/**
 * The rhythm of a blinking cursor: two changes a second, and none while somebody types. xterm.js leaves it to a CSS
 * animation, which keeps the page drawing frames; Chromium then holds back what answers a key until the next of them,
 * and every echo comes up to 16 ms late. Owns its timer alone; what the cursor looks like is the style sheet's affair.
 */

/** Half a period; xterm.js's own animation takes 1 s, too. */
export const blinkMs = 500;
/** A key shows the cursor again, but only when its echo had time to arrive: a change at once would delay that. */
const showAfterKeyMs = 40;

export class CursorBlink {
  readonly #show: (isShown: boolean) => void;
  #isShown = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(show: (isShown: boolean) => void) {
    this.#show = show;
  }

  start(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(!this.#isShown), blinkMs);
  }

  /** The cursor stays until the next half period after the last key. */
  typed(): void {
    if (this.#timer === undefined) return;
    if (this.#isShown) {
      this.start();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(true), showAfterKeyMs);
  }

  /** Leaves the cursor shown. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isShown) this.#set(true);
  }

  #turn(isShown: boolean): void {
    this.#set(isShown);
    this.start();
  }

  #set(isShown: boolean): void {
    this.#isShown = isShown;
    this.#show(isShown);
  }
}
