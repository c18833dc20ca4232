/** Randomness from the operating system's generator. */
import { randomBytes } from 'node:crypto';
import type { IdPrefix } from '#contract/ids.ts';
import type { Random } from '../../control-plane/interfaces/random.ts';

/** Crockford's base 32 in lower case: no i, l, o, u. 32 divides 256, so a byte's low five bits are evenly spread. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_CHARACTERS = 20;

export function createSystemRandom(): Random {
  return {
    id<P extends IdPrefix>(prefix: P): `${P}_${string}` {
      let body = '';
      for (const byte of randomBytes(ID_CHARACTERS)) body += alphabet[byte & 31];
      return `${prefix}_${body}`;
    },
    bytes: (length) => new Uint8Array(randomBytes(length)),
    fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  };
}
