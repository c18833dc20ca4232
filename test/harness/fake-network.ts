/** A computer's network that a test plugs in and out. */
import type { NetworkChange, NetworkWatch } from '#main/control-plane/interfaces/network-watch.ts';

export class FakeNetwork implements NetworkWatch {
  isOnline = true;
  readonly #listeners = new Set<(change: NetworkChange) => void>();

  onChange(listener: (change: NetworkChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
  unplug(): void {
    this.isOnline = false;
    this.#tell('went');
  }
  plug(): void {
    this.isOnline = true;
    this.#tell('came');
  }
  move(): void {
    this.#tell('moved');
  }
  #tell(change: NetworkChange['change']): void {
    for (const listener of [...this.#listeners]) listener({ change, isOnline: this.isOnline });
  }
}
