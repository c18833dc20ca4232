import { describe, expect, it } from 'vitest';
import { describeConfig } from '#main/config.ts';
import { goodKey, readServed } from '#test/harness/read-served.ts';

describe('the configuration, described', () => {
  it('shows what would hold and who said it, and of a secret only that it is there', () => {
    const { config } = readServed(
      {
        SECRET_KEY: goodKey,
        DB_URL: 'postgresql://berth:canary@127.0.0.1/berth',
        SMTP_URL: 'smtps://me:canary@smtp.example.org',
        SMTP_FROM: 'berth@example.org',
        OIDC_X_ISSUER: 'https://login.example.org',
        OIDC_X_CLIENT_ID: 'berth',
        OIDC_X_CLIENT_SECRET: 'canary',
        QUOTA_MEMORY: '1GiB',
      },
      { argv: ['--port', '0'] },
    );
    if (config === undefined) throw new Error('it was refused');
    const text = describeConfig(config);
    for (const words of [
      /Records +PostgreSQL/,
      /Listens on +127\.0\.0\.1, port \(any free one\), plain HTTP/,
      /E-mail +smtp\.example\.org:465, tls, from berth@example\.org/,
      /Provider x +https:\/\/login\.example\.org, for existing accounts/,
      /Limits +memoryBytes 1073741824/,
      /PORT=0 {2}from --port/,
      /SECRET_KEY=\(secret\) {2}from SECRET_KEY/,
    ])
      expect(text).toMatch(words);
    expect(text).not.toMatch(/canary/);
    expect(text).not.toContain(goodKey);
  });
});
