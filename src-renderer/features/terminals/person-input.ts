/**
 * Tells what a person typed or pasted from what the screen answers by itself. xterm.js hands both over as data; but
 * answers to queries, mouse and focus reports all begin with ESC (or a C1 control) and are announced by no key, while a
 * key that sends ESC is announced (`onKey`) in the same turn, right before its data. What an input method writes is
 * announced by nothing and never begins with a control character.
 * So nothing that output can cause ever counts as a person's.
 */

const startsWithControl = /^[\u001b\u0080-\u009f]/;

export class PersonInput {
  #announced: string | undefined;
  #isPasting = false;

  /** From `onKey`: its data comes next. */
  announce(key: string): void {
    this.#announced = key;
    // A key whose data never came must not vouch for a report that looks like it (Shift+F3 and a cursor report).
    queueMicrotask(() => {
      this.#announced = undefined;
    });
  }

  /** What the screen sends while `paste` runs is a paste, and told as such by whoever pastes. */
  pasting(paste: () => void): void {
    this.#isPasting = true;
    try {
      paste();
    } finally {
      this.#isPasting = false;
    }
  }

  isTyped(data: string): boolean {
    if (this.#isPasting) return false;
    const isAnnounced = this.#announced === data;
    this.#announced = undefined;
    return isAnnounced || !startsWithControl.test(data);
  }
}

/** Arrows, Home and End have two forms; each program gets the one that it asked for. */
export function forCursorMode(data: string, isApplicationMode: boolean): string {
  const key = /^\u001b[[O]([A-DFH])$/.exec(data)?.[1];
  if (key === undefined) return data;
  return `\u001b${isApplicationMode ? 'O' : '['}${key}`;
}
