/** Sealed texts open with their key at their place, and not otherwise. */
import { describe, expect, it } from 'vitest';
import { createSealer } from '#main/adapters/accounts/sealed-texts.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';

const key = new Uint8Array(32).fill(7);
const sealer = createSealer(key);
const plain = new Secret('JBSWY3DPEHPK3PXP ünïcode');

describe('a sealed text', () => {
  it('opens again, differs each time, and shows nothing', () => {
    const [one, two] = [sealer.seal(plain, 'place'), sealer.seal(plain, 'place')];
    expect(one).not.toBe(two);
    expect(one).toMatch(/^v1(\.[\w-]+){3}$/);
    expect(Buffer.from(one.split('.')[3]!, 'base64url').toString()).not.toContain('JBSWY');
    expect(createSealer(key).open(one, 'place')?.reveal()).toBe(plain.reveal());
  });

  it('opens with no other key, at no other place, and not when a bit is wrong', () => {
    const sealed = sealer.seal(plain, 'place');
    expect(createSealer(new Uint8Array(32).fill(8)).open(sealed, 'place')).toBeUndefined();
    expect(sealer.open(sealed, 'another')).toBeUndefined();
    for (let part = 1; part <= 3; part++) {
      const parts = sealed.split('.');
      const bytes = Buffer.from(parts[part]!, 'base64url');
      bytes[0]! ^= 1;
      parts[part] = bytes.toString('base64url');
      expect(sealer.open(parts.join('.'), 'place')).toBeUndefined();
    }
    for (const odd of ['', 'v1', 'v1...', sealed.replace('v1', 'v2'), sealed.slice(0, -8)])
      expect(sealer.open(odd, 'place')).toBeUndefined();
  });
});
