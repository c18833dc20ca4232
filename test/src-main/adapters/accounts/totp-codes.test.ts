/** One-time codes against the RFC's own examples, and what an app is told. */
import { describe, expect, it } from 'vitest';
import { createTotpCodes } from '#main/adapters/accounts/totp-codes.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';

const codes = createTotpCodes();
/** RFC 6238, appendix B: the ASCII text 12345678901234567890, here in base 32; codes cut to six digits. */
const secret = new Secret('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');

describe('a one-time code', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
  ])('of second %d is %s', (seconds, code) => {
    expect(codes.stepOf(secret, code, seconds * 1000)).toBe(Math.floor(seconds / 30));
  });

  it('is good a step before and after its own, and names its own step', () => {
    const step = Math.floor(1_234_567_890 / 30);
    const at = (steps: number) => codes.stepOf(secret, '005924', (step + steps) * 30_000);
    expect([-2, -1, 0, 1, 2].map(at)).toEqual([null, step, step, step, null]);
  });

  it.each(['', '5924', '0059240', ' 005924', '00592a', '٠٠٥٩٢٤'])('is six digits and not %j', (odd) => {
    expect(codes.stepOf(secret, odd, 1_234_567_890_000)).toBeNull();
  });

  it('has a secret of 160 bits, other each time, that an app can read', () => {
    const [one, two] = [codes.newSecret(), codes.newSecret()];
    expect(one.reveal()).toMatch(/^[A-Z2-7]{32}$/);
    expect(one.reveal()).not.toBe(two.reveal());
    const { uri, image } = codes.enrolment(one, 'ada&x=1@example.org');
    expect(Object.fromEntries(new URL(uri).searchParams)).toEqual({
      issuer: 'Berth',
      secret: one.reveal(),
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
    expect(image).toMatch(/^<svg [\s\S]+<\/svg>$/);
    expect(image).not.toMatch(/script|href|ada/);
  });
});
