import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { redact, redactText } from '#main/adapters/system/redaction.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';

const canary = 'c4n4ry-0f-b3rth';
const logged = (value: unknown) => JSON.stringify(redact(value));

describe('redaction', () => {
  it.each([
    ['a Secret', { value: new Secret(canary) }],
    ['a Secret in a list', [[new Secret(canary)]]],
    ['a password', { password: canary }],
    ['a name in another style', { user_Pass_Word: canary, 'api-key': canary, privateKey: canary }],
    ['a header', { headers: { Authorization: `Bearer ${canary}`, cookie: `sid=${canary}` } }],
    ['a header in text', `GET / Authorization: Bearer ${canary}`],
    ['a URL', `https://me:${canary}@registry.example/v2`],
    ['a URL object', new URL(`https://me:${canary}@registry.example/v2?token=${canary}`)],
    ['a query', `wss://host/socket?token=${canary}&x=1`],
    ['a private key', `-----BEGIN OPENSSH PRIVATE KEY-----\n${canary}\n-----END OPENSSH PRIVATE KEY-----`],
    ['a cut private key', `x -----BEGIN RSA PRIVATE KEY-----\n${canary}`],
    ['a PuTTY key', `PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n${canary}`],
    ['a secret under a list', { passwords: [canary, { deeper: canary }] }],
    ['a map', new Map([['token', canary]])],
    [
      'a cause below a cause',
      new BerthError('internal', 'no', {
        cause: new Error('a', {
          cause: Object.assign(new Error(`password=${canary}`), { passphrase: canary }),
        }),
      }),
    ],
    ['an aggregate', new AggregateError([Object.assign(new Error('x'), { secret: canary })], 'all failed')],
    ['bytes', { key: Buffer.from(canary) }],
  ])('hides %s', (_what, value) => {
    expect(logged(value)).not.toContain(canary);
  });

  it('hides a token that says what it is, wherever it stands', () => {
    const token = `dop_v1_${'0123456789abcdef'.repeat(4)}`;
    expect(redactText(`the answer repeats “${token}”, and ${token}.`)).toBe(
      'the answer repeats “[secret]”, and [secret].',
    );
    expect(redactText('berth_v2_api and sha256_v1 stay')).toBe('berth_v2_api and sha256_v1 stay');
  });

  it('keeps what is no secret', () => {
    expect(redact({ hostId: 'host_1', credentialId: 'cred_1', isPassword: true, port: 22 })).toEqual({
      hostId: 'host_1',
      credentialId: 'cred_1',
      isPassword: true,
      port: 22,
    });
    expect(redactText('ssh://me@host:22 says: wrong password for me')).toBe(
      'ssh://me@host:22 says: wrong password for me',
    );
  });

  it('keeps the code, the message and the causes of an error', () => {
    const error = new BerthError('timed-out', 'No answer.', {
      cause: Object.assign(new Error('ETIMEDOUT'), { errno: -110 }),
    });
    expect(redact(error)).toMatchObject({
      code: 'timed-out',
      message: 'No answer.',
      cause: { message: 'ETIMEDOUT', errno: -110 },
    });
  });

  it('survives cycles, getters that throw and odd values', () => {
    const cycle: Record<string, unknown> = { name: 'x' };
    cycle.self = cycle;
    expect(redact(cycle)).toEqual({ name: 'x', self: '[circular]' });
    const trap = Object.defineProperty({}, 'x', {
      enumerable: true,
      get() {
        throw new Error('trap');
      },
    });
    expect(redact({ trap })).toEqual({ trap: '[unreadable]' });
    expect(redact({ n: Number.NaN, b: 10n, d: new Date(Number.NaN) })).toEqual({
      n: 'NaN',
      b: '10',
      d: 'Invalid Date',
    });
  });

  it('makes JSON of bounded size of anything', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }),
        (value) => {
          JSON.parse(logged(value));
        },
      ),
      { numRuns: 300 },
    );
    expect(logged('x'.repeat(1_000_000)).length).toBeLessThan(20_000);
  });
});
