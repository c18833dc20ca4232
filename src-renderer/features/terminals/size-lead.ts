/**
 * Which window's size a terminal has. A terminal has one size; the window that was typed in or looked at last sets it,
 * and the others follow what the plane says. Owns that decision for one window, and nothing that is drawn.
 */
import type { TerminalSize } from '#contract/terminals.ts';

/** Milliseconds in which a size that this window has set may still come back as news. */
export const echoMs = 2_000;

export class SizeLead {
  readonly #mayLead: boolean;
  #isLeading: boolean;
  #shared: TerminalSize;
  #told: { readonly size: TerminalSize; readonly atMs: number }[] = [];

  /** `mayLead` false: a window that always follows. */
  constructor(size: TerminalSize, mayLead: boolean) {
    this.#shared = size;
    this.#mayLead = mayLead;
    this.#isLeading = mayLead;
  }

  get isLeading(): boolean {
    return this.#isLeading;
  }
  /** As the plane told it last. */
  get shared(): TerminalSize {
    return this.#shared;
  }

  /** What this window wished last, else what there is. */
  get wished(): TerminalSize {
    return this.#told.at(-1)?.size ?? this.#shared;
  }

  /** This window sets the size from now on. False: it did already, or may not. */
  take(): boolean {
    if (this.#isLeading || !this.#mayLead) return false;
    this.#isLeading = true;
    this.#told = [];
    return true;
  }

  /** This window has told the plane a size. */
  tell(size: TerminalSize, nowMs: number): void {
    this.#told = [...this.#told.filter(({ atMs }) => atMs > nowMs - echoMs), { size, atMs: nowMs }];
  }

  /**
   * The plane says a size. `follow`: another window has set it. `wait`: it may be an older one of ours on its way; ask
   * again after `echoMs`.
   */
  hear(size: TerminalSize, nowMs: number): 'nothing' | 'wait' | 'follow' {
    const isNews = !isSame(size, this.#shared);
    this.#shared = size;
    if (!this.#isLeading) return isNews ? 'follow' : 'nothing';
    const last = this.#told.at(-1);
    if (last === undefined ? !isNews : isSame(last.size, size)) return 'nothing';
    if (this.#told.some((one) => one.atMs > nowMs - echoMs && isSame(one.size, size))) return 'wait';
    // Told and not heard of yet: the news is older than our wish, unless another one comes after it.
    if (last !== undefined && !isNews && last.atMs > nowMs - echoMs) return 'wait';
    this.#isLeading = false;
    return 'follow';
  }
}

export function isSame(one: TerminalSize, other: TerminalSize): boolean {
  return one.cols === other.cols && one.rows === other.rows;
}
