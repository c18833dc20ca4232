/**
 * How many SSH handshakes run at a time: sshd drops what exceeds its MaxStartups (10:30:100 by default), and handshakes
 * are the costly part of a thousand hosts. Guarantees first come, first served among those that may start.
 */
import { BerthError } from '#contract/berth-error.ts';

/** Handshakes of this process at a time. Past it 1,000 hosts connect no faster, and the event loop lags. */
const MAX_AT_A_TIME = 16;
/** Handshakes with one server at a time; sshd begins to drop at random from 10 unauthenticated connections. */
const MAX_PER_HOST = 4;

export interface HandshakePermit {
  /** Gives the place back; further calls do nothing. */
  release(): void;
}

interface Waiting {
  readonly key: string;
  readonly start: () => void;
}

export class HandshakeLimiter {
  readonly #maxAtATime: number;
  readonly #maxPerHost: number;
  readonly #running = new Map<string, number>();
  #count = 0;
  #waiting: Waiting[] = [];

  constructor(limits: { maxAtATime?: number; maxPerHost?: number } = {}) {
    this.#maxAtATime = limits.maxAtATime ?? MAX_AT_A_TIME;
    this.#maxPerHost = limits.maxPerHost ?? MAX_PER_HOST;
  }

  /** Waits for a place. `key` names the server. @throws cancelled */
  acquire(key: string, signal: AbortSignal): Promise<HandshakePermit> {
    return new Promise((resolve, reject) => {
      const cancelled = () => new BerthError('cancelled', 'Connecting was cancelled.');
      if (signal.aborted) return reject(cancelled());
      const onAbort = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(cancelled());
      };
      const waiting: Waiting = {
        key,
        start: () => {
          signal.removeEventListener('abort', onAbort);
          resolve(this.#permit(key));
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiting);
      this.#startNext();
    });
  }

  #permit(key: string): HandshakePermit {
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#count -= 1;
        const left = (this.#running.get(key) ?? 1) - 1;
        if (left === 0) this.#running.delete(key);
        else this.#running.set(key, left);
        this.#startNext();
      },
    };
  }

  #startNext(): void {
    for (const waiting of [...this.#waiting]) {
      if (this.#count >= this.#maxAtATime) return;
      const running = this.#running.get(waiting.key) ?? 0;
      if (running >= this.#maxPerHost) continue;
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      this.#count += 1;
      this.#running.set(waiting.key, running + 1);
      waiting.start();
    }
  }
}
