import { describe, expect, it } from 'vitest';
import { Findings } from '#main/config/config-error.ts';
import { slipsBetween, warnOfStrangeNames } from '#main/config/strange-names.ts';

function warningsOf(...names: string[]): readonly string[] {
  const findings = new Findings();
  warnOfStrangeNames(Object.fromEntries(names.map((name) => [name, 'x'])), undefined, findings);
  expect(findings.errors).toEqual([]);
  return findings.warnings;
}

describe('names that are no settings', () => {
  it.each([
    ['SMPT_HOST', 'SMTP_HOST'],
    ['BERTH_PROT', 'BERTH_PORT'],
    ['SECRETKEY', 'SECRET_KEY'],
    ['SECRET_KEY_FIEL', 'SECRET_KEY_FILE'],
    ['PUBLIC_URI', 'PUBLIC_URL'],
    ['REGISTRATON', 'REGISTRATION'],
    ['QUOTA_WORKSPACE', 'QUOTA_WORKSPACES'],
    ['TRUSTED_PROXYS', 'TRUSTED_PROXIES'],
    ['BERTH_OIDC_CLIENTID', 'BERTH_OIDC_CLIENT_ID'],
  ])('%s is told of, as %s', (name, meant) => {
    expect(warningsOf(name)).toEqual([
      `${name} is no setting of Berth and was passed over. Is ${meant} meant?`,
    ]);
  });

  it.each(['BERTH_FROBNICATE', 'SMTP_TIMEOUT', 'QUOTA_NETWORK'])('%s is told of, without a guess', (name) => {
    expect(warningsOf(name)).toEqual([`${name} is no setting of Berth and was passed over.`]);
  });

  it("knows other programs' words, and takes them for ours in our own file, after BERTH_ and after SMTP_", () => {
    expect(warningsOf('DATABASE_URL', 'JWT_SECRET', 'TRUST_PROXY')).toEqual([]);
    expect(warningsOf('BERTH_DATABASE_URL', 'SMTP_PASS')).toEqual([
      expect.stringMatching(/Is BERTH_DB_URL meant\?$/),
      expect.stringMatching(/Is SMTP_PASSWORD meant\?$/),
    ]);
    const findings = new Findings();
    const values = { DATABASE_URL: 'x', POSTGRES_USER: 'x' };
    warnOfStrangeNames(
      {},
      { path: '/srv/.env', values, lineOf: { DATABASE_URL: 1, POSTGRES_USER: 2 } },
      findings,
    );
    expect(findings.warnings).toEqual([
      'DATABASE_URL (line 1 of /srv/.env) is no setting of Berth and was passed over. Is DB_URL meant?',
    ]);
  });

  it("leaves alone what is a setting, what is another program's, and Berth's own marks", () => {
    const names = [
      ...['PORT', 'BERTH_PORT', 'SECRET_KEY_FILE', 'BERTH_DB_URL_FILE', 'OIDC_KEYCLOAK_CLIENT_SECRET_FILE'],
      ...['OIDC_MY_IDP_ISSUER', 'BERTH_PUBLIC_ORIGIN', 'BERTH_TERMINAL_ID', 'BERTH_TEST_CHROMIUM'],
      ...[
        'PATH',
        'HOME',
        'HOSTNAME',
        'PORTS',
        'HOSTS',
        'DATA',
        'DB_HOST',
        'XDG_DATA_HOME',
        'POSTGRES_PASSWORD',
      ],
    ];
    expect(warningsOf(...names)).toEqual([]);
  });

  it('counts slips', () => {
    expect(slipsBetween('SMPT_HOST', 'SMTP_HOST')).toBe(1);
    expect(slipsBetween('', 'ABC')).toBe(3);
    expect(slipsBetween('PORT', 'PORT')).toBe(0);
    expect(slipsBetween('KITTEN', 'SITTING')).toBe(3);
  });
});
