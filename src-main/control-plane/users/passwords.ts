/**
 * Passwords: which are good enough (NIST SP 800-63B, 5.1.1.2: long, not common, nothing of the person’s own), and
 * whether one is right. Guarantees: the same password typed on another keyboard is the same (NFKC), and a wrong one costs
 * as long as a right one, also where there is nothing to compare with.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { KnownPasswords } from '../interfaces/known-passwords.ts';
import type { PasswordHasher } from '../interfaces/password-hasher.ts';
import { Secret } from '../interfaces/secret.ts';

export const minPasswordCharacters = 10;
const maxPasswordCharacters = 256;
/** A shorter name, as `jo`, is in too many good passwords. */
const minNameCharacters = 4;

export interface PasswordsDeps {
  readonly hasher: PasswordHasher;
  readonly known: KnownPasswords;
}

export class Passwords {
  readonly #deps: PasswordsDeps;

  constructor(deps: PasswordsDeps) {
    this.#deps = deps;
  }

  /** Throws account.password-unfit. Says nothing of who has an account. */
  async requireFit(password: string, email: string | null): Promise<void> {
    const plain = normalized(password);
    const length = Array.from(plain).length;
    if (length < minPasswordCharacters)
      throw unfit(`A password has at least ${minPasswordCharacters} characters.`);
    if (length > maxPasswordCharacters)
      throw unfit(`A password has at most ${maxPasswordCharacters} characters.`);
    const lower = plain.toLowerCase();
    const name = email?.split('@')[0]?.toLowerCase() ?? '';
    if (name.length >= minNameCharacters && lower.includes(name))
      throw unfit('This password holds your address. Choose one that nobody can tell from it.');
    if (lower.includes('berth')) throw unfit('This password holds the name of this program. Choose another.');
    const withoutDigits = lower.replace(/[\d\p{P}\p{S}]+$/u, '');
    if (/^\d+$/.test(lower)) throw unfit('Digits alone are guessed soon. Put words with them.');
    if (new Set(lower).size < 4 || (await this.#isKnown(lower)) || (await this.#isKnown(withoutDigits)))
      throw unfit('This password is one of those that are guessed first. Choose another; several words do.');
  }

  hash(password: string): Promise<string> {
    return this.#deps.hasher.hash(new Secret(normalized(password)));
  }

  /** `encoded` null: nobody’s; takes as long and is never right. Throws too-many. */
  verify(password: string, encoded: string | null): Promise<{ isRight: boolean; isOutdated: boolean }> {
    return this.#deps.hasher.verify(new Secret(normalized(password)), encoded);
  }

  async #isKnown(lower: string): Promise<boolean> {
    return lower !== '' && (await this.#deps.known.has(lower));
  }
}

function normalized(password: string): string {
  return password.normalize('NFKC');
}

function unfit(message: string): BerthError {
  return new BerthError('account.password-unfit', message, { details: { field: 'password' } });
}
