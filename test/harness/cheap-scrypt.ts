/**
 * For tests on what is around a passphrase, in the place of `node:crypto`: scrypt as it is, at a part of the cost that is
 * asked for. What is written, bounded and covered by a tag is still the cost that was asked for.
 */
type Crypto = typeof import('node:crypto');

export function cheapScrypt(crypto: Crypto, divisor: () => number = () => 128): Crypto {
  const scrypt = (...[password, salt, keyLength, options, callback]: Parameters<Crypto['scrypt']>) =>
    crypto.scrypt(password, salt, keyLength, { ...options, N: (options.N ?? 2 ** 14) / divisor() }, callback);
  return { ...crypto, scrypt: scrypt as Crypto['scrypt'] };
}
