import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { WrongValue } from '#main/config/config-error.ts';
import { assertStrong } from '#main/config/secret-strength.ts';
import { variables } from '#main/config/variables.ts';

describe('a key', () => {
  it('of random bytes passes, however it is written', () => {
    for (let round = 0; round < 500; round += 1) {
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        expect(() => assertStrong(randomBytes(32).toString(encoding), 32)).not.toThrow();
      expect(() => assertStrong(randomBytes(16).toString('hex'), 32)).not.toThrow();
      expect(() => assertStrong(randomBytes(12).toString('base64url'), 16)).not.toThrow();
    }
    expect(() => assertStrong('winter-orchid-42-lantern-quietly-hums-below', 32)).not.toThrow();
  });

  it.each([
    'changeme',
    'secret',
    'your-secret-key',
    'YOUR_SECRET_KEY',
    'changeme-changeme-changeme-changeme-changeme',
    'please-change-me-before-production-use-1234',
    'django-insecure-4k)2x9!abc7t3q#v8z$w1m5n6p0',
    'a'.repeat(64),
    'ab'.repeat(32),
    'k3#'.repeat(20),
    'q7Zt1pXv'.repeat(6),
    '0123456789abcdef0123456789abcdef',
    'abcdefghijklmnopqrstuvwxyz0123456789',
    '11111111111111112222222222222222',
    'q7Zt1pXv9LmN3sKd8RwY5uBh2JcF6gE',
    '',
    ...variables.flatMap((row) => ('isSecret' in row && row.name.endsWith('_KEY') ? [row.example] : [])),
  ])('is refused: %s', (key) => {
    expect(() => assertStrong(key, 32)).toThrow(WrongValue);
  });

  it('is told why, with a remedy, and never repeated', () => {
    for (const key of [
      'hunter2hunter2hunter2hunter2hunter2',
      'tooshort-Zq8',
      'changeme-and-more-of-it-that-is-long',
    ]) {
      const refused = () => assertStrong(key, 32);
      expect(refused).toThrow(/openssl rand/);
      expect(refused).toThrow(expect.objectContaining({ message: expect.not.stringContaining(key) }));
    }
  });
});
