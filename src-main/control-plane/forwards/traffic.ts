/** What went through one forward since this Berth started. Told of at most once a second, and only when it changed. */
import type { ForwardTraffic } from '#contract/forwards.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { ConnectionMeter } from './metered-connection.ts';

const tellEveryMs = 1_000;

export class TrafficCount implements ConnectionMeter {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #now: ForwardTraffic = {
    sentBytes: 0,
    receivedBytes: 0,
    connections: 0,
    allConnections: 0,
    usedAt: null,
  };
  #stop: (() => void) | undefined;

  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get value(): ForwardTraffic {
    return this.#now;
  }

  opened(): void {
    const { connections, allConnections } = this.#now;
    this.#change({ connections: connections + 1, allConnections: allConnections + 1 });
  }
  sent(byteCount: number): void {
    this.#change({ sentBytes: this.#now.sentBytes + byteCount });
  }
  received(byteCount: number): void {
    this.#change({ receivedBytes: this.#now.receivedBytes + byteCount });
  }
  closed(): void {
    this.#change({ connections: this.#now.connections - 1 });
  }
  close(): void {
    this.#stop?.();
  }

  #change(change: Partial<ForwardTraffic>): void {
    this.#now = { ...this.#now, ...change };
    this.#stop ??= this.#clock.after(tellEveryMs, () => {
      this.#stop = undefined;
      this.#now = { ...this.#now, usedAt: instantOf(this.#clock) };
      this.#onChange();
    });
  }
}
