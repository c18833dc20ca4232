/**
 * The key of an installation's operator. Guarantees that a guess learns nothing from how long it takes, and that there are
 * few guesses: by address, and altogether.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { BerthError } from '#contract/berth-error.ts';
import type { Secret } from '../../control-plane/interfaces/secret.ts';

/** Wrong keys in a quarter of an hour: a person with the right one mistypes it less often. */
const wrongByAddress = 10;
/** From everywhere together, so that many addresses are no way around. */
const wrongAltogether = 100;
const windowSeconds = 900;

export class DeleteKey {
  readonly #key: Secret;
  readonly #byAddress = new RateLimiterMemory({ points: wrongByAddress, duration: windowSeconds });
  readonly #altogether = new RateLimiterMemory({ points: wrongAltogether, duration: windowSeconds });

  constructor(key: Secret) {
    this.#key = key;
  }

  /** @throws BerthError too-many after too many wrong ones, also for the right one */
  async isRight(given: string, address: string): Promise<boolean> {
    await requireLeft(this.#byAddress, address, wrongByAddress);
    await requireLeft(this.#altogether, 'all', wrongAltogether);
    if (timingSafeEqual(digest(given), digest(this.#key.reveal()))) return true;
    await this.#byAddress.penalty(address);
    await this.#altogether.penalty('all');
    return false;
  }
}

async function requireLeft(limiter: RateLimiterMemory, who: string, points: number): Promise<void> {
  const spent = await limiter.get(who);
  if (spent === null || spent.consumedPoints < points) return;
  throw new BerthError('too-many', 'Too many wrong keys. Wait a quarter of an hour.', {
    details: { retryAfterSeconds: Math.ceil(spent.msBeforeNext / 1000) },
  });
}

/** Of one length, whatever was given. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
