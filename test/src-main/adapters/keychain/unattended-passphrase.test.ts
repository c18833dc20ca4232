import { describe, expect, it } from 'vitest';
import { unattendedPassphrase } from '#main/adapters/keychain/unattended-passphrase.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';

describe('the passphrase of an unattended vault', () => {
  it('is the same for the same key, another for another, and tells nothing of it', () => {
    const key = 'q7Zt1pXv9LmN3sKd8RwY5uBh2JcF6gEa4TiOoPxQzWyV';
    const made = unattendedPassphrase(new Secret(key)).reveal();
    expect(unattendedPassphrase(new Secret(key)).reveal()).toBe(made);
    expect(unattendedPassphrase(new Secret(`${key}.`)).reveal()).not.toBe(made);
    expect(Buffer.from(made, 'base64')).toHaveLength(32);
    // Vaults that exist open with it: HKDF-SHA-256 with this key, no salt, "berth/vault", 32 bytes (checked with openssl kdf).
    expect(made).toBe('LEELdi03ZzzVy6li2PZVAgAHtGOnhypP0ac4dDYU/tM=');
  });
});
