/**
 * Things of the double that take time: done after so many looks (requests of whatever kind), so many milliseconds, and
 * whatever real work goes on meanwhile. Without milliseconds everything is counted, and tests are quick and repeatable.
 */
export interface Slowness {
  /** Requests to the double that pass before it is done. */
  readonly looks: number;
  readonly ms: number;
}

/** What can be given a slowness of its own. */
export type SlowThing = 'create' | 'address' | 'action' | 'delete' | 'destroy' | 'firewall';
export type Speeds = Readonly<Record<SlowThing, Slowness>>;

export const defaultSpeeds: Speeds = {
  create: { looks: 2, ms: 0 },
  address: { looks: 1, ms: 0 },
  action: { looks: 2, ms: 0 },
  delete: { looks: 2, ms: 0 },
  destroy: { looks: 2, ms: 0 },
  firewall: { looks: 1, ms: 0 },
};

interface Pending {
  looksLeft: number;
  readonly readyAt: number;
  isWorkDone: boolean;
  readonly isMet: () => boolean;
  readonly done: () => void;
}

export class Pace {
  readonly #pending = new Set<Pending>();
  readonly #onTrouble: (error: unknown) => void;

  constructor(onTrouble: (error: unknown) => void) {
    this.#onTrouble = onTrouble;
  }

  /** `work` that fails is told to `failed`, and is otherwise the double's own trouble. */
  after(
    { looks, ms }: Slowness,
    done: () => void,
    {
      work,
      failed,
      isMet = () => true,
    }: { work?: Promise<unknown>; failed?: () => void; isMet?: () => boolean } = {},
  ): void {
    const readyAt = performance.now() + ms;
    const pending: Pending = { looksLeft: looks, readyAt, isWorkDone: work === undefined, isMet, done };
    this.#pending.add(pending);
    work?.then(
      () => {
        pending.isWorkDone = true;
      },
      (error: unknown) => {
        this.#pending.delete(pending);
        this.#onTrouble(error);
        failed?.();
      },
    );
  }

  /** Someone looks: called once for each request, before it is answered. */
  look(): void {
    for (const pending of [...this.#pending]) {
      const isDue = pending.looksLeft <= 0 && performance.now() >= pending.readyAt;
      pending.looksLeft--;
      if (!isDue || !pending.isWorkDone || !pending.isMet()) continue;
      this.#pending.delete(pending);
      pending.done();
    }
  }
}
