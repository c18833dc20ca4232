import { describe, expect, it } from 'vitest';
import { readServed } from '#test/harness/read-served.ts';

const one = { OIDC_ISSUER: 'https://login.example.org/realms/berth', OIDC_CLIENT_ID: 'berth' };

describe('identity providers', () => {
  it('are none where nothing is said, and one has careful defaults', () => {
    expect(readServed({}).config?.served.oidc).toEqual([]);
    expect(readServed(one).config?.served.oidc).toEqual([
      {
        id: 'oidc',
        name: 'login.example.org',
        issuer: 'https://login.example.org/realms/berth',
        clientId: 'berth',
        clientSecret: null,
        audiences: ['berth'],
        algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
        userClaim: 'sub',
        scopes: ['openid', 'profile', 'email'],
        makesUsers: false,
      },
    ]);
  });

  it('take everything that can be said, each for itself', () => {
    const { config, warnings } = readServed({
      ...one,
      OIDC_CLIENT_SECRET: 's3cret',
      OIDC_MY_IDP_ISSUER: 'http://localhost:8080/realm',
      OIDC_MY_IDP_CLIENT_ID: 'b',
      OIDC_MY_IDP_AUDIENCE: 'api, other',
      OIDC_MY_IDP_ALGORITHMS: 'es256',
      OIDC_MY_IDP_SCOPES: 'openid groups',
      OIDC_MY_IDP_NAME: 'My login',
      OIDC_MY_IDP_USER_CLAIM: 'email',
      BERTH_OIDC_MY_IDP_MAKE_USERS: 'true',
    });
    expect(config?.served.oidc.map(({ id }) => id)).toEqual(['oidc', 'my-idp']);
    expect(config?.served.oidc[0]?.clientSecret?.reveal()).toBe('s3cret');
    expect(config?.served.oidc[1]).toMatchObject({
      name: 'My login',
      audiences: ['api', 'other'],
      algorithms: ['ES256'],
      userClaim: 'email',
      scopes: ['openid', 'groups'],
      makesUsers: true,
    });
    expect(warnings).toEqual([
      expect.stringMatching(/^OIDC_MY_IDP_USER_CLAIM: people may be able to change/),
    ]);
  });

  it.each([
    [{ ...one, OIDC_ISSUER: 'http://login.example.org' }, /^OIDC_ISSUER must begin with https/],
    [{ ...one, OIDC_ISSUER: 'https://u:canary@login.example.org' }, /^OIDC_ISSUER must be an address/],
    [{ ...one, OIDC_ISSUER: 'https://login.example.org/?x=1' }, /^OIDC_ISSUER must be an address/],
    [{ ...one, OIDC_ALGORITHMS: 'none' }, /^OIDC_ALGORITHMS must be some of/],
    [{ ...one, OIDC_ALGORITHMS: 'RS256,HS256' }, /^OIDC_ALGORITHMS must be some of/],
    [{ ...one, OIDC_SCOPES: 'profile email' }, /^OIDC_SCOPES must be scopes/],
    [{ ...one, OIDC_USER_CLAIM: 'a b' }, /^OIDC_USER_CLAIM must be the name of a claim/],
    [{ ...one, OIDC_MAKE_USERS: 'perhaps' }, /^OIDC_MAKE_USERS must be true or false/],
    [{ ...one, OIDC_NAME: 'x'.repeat(61) }, /^OIDC_NAME must have at most 60/],
    [{ OIDC_ISSUER: one.OIDC_ISSUER }, /^OIDC_CLIENT_ID is missing/],
    [{ OIDC_CLIENT_ID: 'berth' }, /^OIDC_ISSUER is missing/],
    [{ OIDC_X_CLIENT_SECRET: 'canary', OIDC_X_CLIENT_ID: 'x' }, /^OIDC_X_ISSUER is missing/],
    [{ ...one, OIDC_X_ISSUER: one.OIDC_ISSUER, OIDC_X_CLIENT_ID: 'x' }, /same OIDC issuer/],
  ])('are refused as %o', (env, words) => {
    const { errors } = readServed(env as unknown as Record<string, string>);
    expect(errors).toEqual([expect.stringMatching(words)]);
    expect(errors.join()).not.toContain('canary');
  });
});
