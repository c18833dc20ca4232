/** What is being read from and written to places just now. Counted for the limit, and for whoever asks whether one is idle. */
import { BerthError } from '#contract/berth-error.ts';
import type { PlaceId } from '#contract/files.ts';

/** Of one place at once: more would only take turns on one connection, and each holds some megabytes. */
const mostAtOnce = 64;

export class Transfers {
  readonly #open = new Map<PlaceId, number>();

  countOf(id: PlaceId): number {
    return this.#open.get(id) ?? 0;
  }

  /** Returns how to end it. Throws too-many. */
  begin(id: PlaceId): () => void {
    const count = this.countOf(id);
    if (count >= mostAtOnce)
      throw new BerthError(
        'too-many',
        `${mostAtOnce} files are being read and written there already. Wait for some of them to end.`,
        { details: { limit: mostAtOnce } },
      );
    this.#open.set(id, count + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = this.countOf(id) - 1;
      if (left === 0) this.#open.delete(id);
      else this.#open.set(id, left);
    };
  }
}
