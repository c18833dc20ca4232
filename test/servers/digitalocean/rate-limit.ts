/** The API's limits by token, counted over rolling windows: each request counts until it is as old as the window. */

export interface RateLimits {
  readonly perHour: number;
  readonly perMinute: number;
  /** Of `GET /v2/account/keys` alone. */
  readonly keyListsPerMinute: number;
}

/** https://docs.digitalocean.com/reference/api/reference/#section/Introduction/Rate-Limit */
export const documentedLimits: RateLimits = { perHour: 5000, perMinute: 250, keyListsPerMinute: 10 };

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export interface RateState {
  readonly headers: Record<string, string>;
  readonly isOver: boolean;
}

export class RateLimit {
  readonly #limits: RateLimits;
  #all: number[] = [];
  #keyLists: number[] = [];

  constructor(limits: RateLimits) {
    this.#limits = limits;
  }

  /** Counts one request at `nowMs`. */
  count(operation: string, nowMs: number): RateState {
    const isKeyList = operation === 'GET /v2/account/keys';
    this.#all = this.#all.filter((at) => at > nowMs - HOUR_MS);
    this.#keyLists = this.#keyLists.filter((at) => at > nowMs - MINUTE_MS);
    const inMinute = this.#all.filter((at) => at > nowMs - MINUTE_MS);
    const { perHour, perMinute, keyListsPerMinute } = this.#limits;
    const waits = [
      this.#all.length >= perHour ? (this.#all[0] ?? nowMs) + HOUR_MS - nowMs : 0,
      inMinute.length >= perMinute ? (inMinute[0] ?? nowMs) + MINUTE_MS - nowMs : 0,
      isKeyList && this.#keyLists.length >= keyListsPerMinute
        ? (this.#keyLists[0] ?? nowMs) + MINUTE_MS - nowMs
        : 0,
    ];
    const waitMs = Math.max(...waits);
    if (waitMs === 0) {
      this.#all.push(nowMs);
      if (isKeyList) this.#keyLists.push(nowMs);
    }
    const headers = {
      'ratelimit-limit': String(perHour),
      'ratelimit-remaining': String(Math.max(0, perHour - this.#all.length)),
      'ratelimit-reset': String(Math.ceil(((this.#all[0] ?? nowMs) + HOUR_MS) / 1000)),
      ...(waitMs > 0 ? { 'retry-after': String(Math.ceil(waitMs / 1000)) } : {}),
    };
    return { headers, isOver: waitMs > 0 };
  }
}
