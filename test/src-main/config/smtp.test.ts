import { describe, expect, it } from 'vitest';
import { readServed } from '#test/harness/read-served.ts';

const from = { SMTP_FROM: 'Berth <berth@example.org>' };
const login = { SMTP_USER: 'berth@example.org', SMTP_PASSWORD: 'p4ss-canary' };

function smtpOf(env: Record<string, string>) {
  const { config, errors, warnings } = readServed(env);
  const smtp = config?.served.smtp;
  return { ...smtp, password: smtp?.password?.reveal() ?? null, errors, warnings };
}

describe('the mail server', () => {
  it('is none where nothing is said', () => {
    expect(readServed({}).config?.served.smtp).toBeNull();
  });

  it.each([
    [
      { SMTP_HOST: 'smtp.example.org', ...from },
      { host: 'smtp.example.org', port: 587, security: 'starttls', user: null },
    ],
    [
      { SMTP_HOST: 'smtp.example.org', SMTP_PORT: '465', ...from },
      { port: 465, security: 'tls' },
    ],
    [
      { SMTP_HOST: 'smtp.example.org', SMTP_PORT: '2525', ...from },
      { port: 2525, security: 'starttls' },
    ],
    [
      { SMTP_HOST: 'smtp.example.org', SMTP_SECURITY: 'tls', ...from },
      { port: 465, security: 'tls' },
    ],
    [
      { SMTP_HOST: '127.0.0.1', SMTP_PORT: '1025', ...from },
      { port: 1025, security: 'none' },
    ],
    [
      { SMTP_HOST: 'localhost', ...from, ...login },
      { port: 25, security: 'none', password: 'p4ss-canary' },
    ],
    [
      { SMTP_HOST: 'smtp.example.org', ...login },
      { from: 'berth@example.org', user: 'berth@example.org', password: 'p4ss-canary' },
    ],
    [
      { SMTP_URL: 'smtps://me%40example.org:p%40ss@smtp.example.org' },
      {
        host: 'smtp.example.org',
        port: 465,
        security: 'tls',
        user: 'me@example.org',
        password: 'p@ss',
        from: 'me@example.org',
      },
    ],
    [
      { SMTP_URL: 'smtp://smtp.example.org:2587', ...from },
      { port: 2587, security: 'starttls', password: null },
    ],
  ])('is read from %o', (env, expected) => {
    expect(smtpOf(env as unknown as Record<string, string>)).toMatchObject({
      errors: [],
      warnings: [],
      ...expected,
    });
  });

  it.each([
    [
      { SMTP_HOST: 'mail', SMTP_SECURITY: 'none', ...from, ...login },
      /^SMTP_SECURITY is none, so the password would go over the network/,
    ],
    [{ SMTP_HOST: 'mail', SMTP_SECURITY: 'ssl', ...from }, /^SMTP_SECURITY must be tls or starttls or none/],
    [{ SMTP_HOST: 'mail', SMTP_PORT: '0', ...from }, /^SMTP_PORT must be/],
    [{ SMTP_HOST: 'mail', SMTP_FROM: 'Berth' }, /^SMTP_FROM must be an address/],
    [{ SMTP_HOST: 'mail', SMTP_FROM: 'a@b.example\r\nBcc: c@d.example' }, /^SMTP_FROM must be one line/],
    [{ SMTP_HOST: 'mail' }, /^SMTP_FROM is missing/],
    [{ SMTP_HOST: 'mail', SMTP_USER: 'a', ...from }, /^SMTP_USER is given without SMTP_PASSWORD/],
    [{ SMTP_HOST: 'mail', SMTP_PASSWORD: 'a', ...from }, /^SMTP_PASSWORD is given without SMTP_USER/],
    [{ SMTP_PORT: '25' }, /^SMTP_PORT is given without SMTP_HOST/],
    [{ ...from }, /^SMTP_FROM is given without SMTP_HOST/],
    [{ SMTP_URL: 'smtp://mail', SMTP_HOST: 'mail', ...from }, /^SMTP_HOST is given beside SMTP_URL/],
    [{ SMTP_URL: 'smtps://mail', SMTP_SECURITY: 'none', ...from }, /^SMTP_SECURITY contradicts SMTP_URL/],
    [{ SMTP_URL: 'http://mail', ...from }, /^SMTP_URL must look like/],
    [{ SMTP_URL: 'smtp://me:p%zzcanary@mail', ...from }, /^SMTP_URL has a % that is not/],
    [{ SMTP_URL: 'smtp://me:canary@mail/path', ...from }, /^SMTP_URL must look like/],
  ])('is refused as %o', (env, words) => {
    const { errors } = readServed(env);
    expect(errors).toEqual([expect.stringMatching(words)]);
    expect(errors.join()).not.toContain('canary');
  });

  it('without encryption and without a password is told of', () => {
    expect(smtpOf({ SMTP_HOST: 'mail', SMTP_SECURITY: 'none', ...from })).toMatchObject({
      port: 25,
      warnings: [expect.stringMatching(/links that open accounts, go over the network unencrypted/)],
    });
  });
});
