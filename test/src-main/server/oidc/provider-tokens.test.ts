/** Tokens of an identity provider at the API: the good one, and everything that looks like one. */
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OidcConfig } from '#main/config.ts';
import { isAccessToken, isFor } from '#main/server/oidc/provider-tokens.ts';
import {
  startServer,
  type StartServerOptions,
  type TestServer,
  testKey,
} from '#test/harness/start-server.ts';
import { TokenSigner } from '#test/servers/token-signer.ts';

let signer: TokenSigner;
let berth: TestServer;

async function start(change: Partial<OidcConfig> = {}, options: StartServerOptions = {}): Promise<void> {
  berth = await startServer({ served: { oidc: [signer.config(change)] }, ...options });
}

beforeEach(async () => {
  signer = await TokenSigner.start();
});
afterEach(async () => {
  await berth.close();
  await signer.close();
});

async function expectRefused(token: string): Promise<void> {
  const answer = await berth.about(token);
  expect([answer.status, JSON.parse(answer.text)]).toMatchObject([401, { error: { code: 'not-signed-in' } }]);
  expect(answer.headers['www-authenticate']).toBe('Bearer realm="Berth", error="invalid_token"');
}

describe('a good token', () => {
  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])(
    'signed with %s lets its person in, always the same',
    async (alg) => {
      await signer.rotate(alg);
      await start();
      const [first, second] = [await signer.sign(), await signer.sign({ jti: '2' })];
      const ann = await berth.userOf(first);
      await expect(berth.userOf(second)).resolves.toBe(ann);
      await expect(berth.userOf(await signer.sign({ sub: 'bob' }))).resolves.not.toBe(ann);
    },
  );

  it('is judged once: the provider is asked for its keys once, whatever comes', async () => {
    await start();
    const token = await signer.sign();
    await Promise.all(Array.from({ length: 20 }, () => berth.about(token)));
    for (let n = 0; n < 5; n += 1) expect((await berth.about(token)).status).toBe(200);
    expect([signer.discoveryFetches, signer.keyFetches]).toEqual([1, 1]);
    expect(berth.accounts.origins).toHaveLength(1);
  });

  it('is known by the claim that the configuration names', async () => {
    await start({ userClaim: 'username' });
    const ann = await berth.userOf(await signer.sign({ sub: '1', username: 'ann' }));
    await expect(berth.userOf(await signer.sign({ sub: '2', username: 'ann' }))).resolves.toBe(ann);
    for (const username of [undefined, '', 7, 'x'.repeat(256), ['ann']])
      await expectRefused(await signer.sign({ username }));
  });

  it('of Cognito names its client in place of an audience', async () => {
    await start({ audiences: [] });
    const cognito = { aud: undefined, token_use: 'access' };
    const token = await signer.sign({ ...cognito, client_id: 'berth' }, { typ: undefined });
    expect((await berth.about(token)).status).toBe(200);
    await expectRefused(await signer.sign({ ...cognito, client_id: 'other' }));
    await expectRefused(await signer.sign({ ...cognito, client_id: undefined }));
  });

  it('of somebody whose account was closed lets nobody in, though it was good before', async () => {
    await start();
    const token = await signer.sign();
    const ann = await berth.userOf(token);
    berth.accounts.disable(ann);
    await expectRefused(token);
  });

  it('of nobody who has an account here is refused by name', async () => {
    await start();
    berth.accounts.makesProviderUsers = false;
    const answer = await berth.about(await signer.sign());
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
      403,
      { error: { code: 'account.provider-refused' } },
    ]);
  });
});

describe('a token is refused', () => {
  beforeEach(async () => {
    await start();
    // So that what follows fails for its own reason.
    expect((await berth.about(await signer.sign())).status).toBe(200);
  });

  it('with alg none', async () => {
    const nowS = Math.floor(Date.now() / 1000);
    const claims = { iss: signer.issuer, sub: 'ann', aud: 'berth-api', iat: nowS, exp: nowS + 300 };
    await expectRefused(new UnsecuredJWT(claims).encode());
    const [, payload = '', signature = ''] = (await signer.sign()).split('.');
    for (const alg of ['none', 'NONE', 'nOnE']) {
      const header = Buffer.from(JSON.stringify({ alg, kid: signer.kid, typ: 'at+jwt' })).toString(
        'base64url',
      );
      await expectRefused(`${header}.${payload}.`);
      await expectRefused(`${header}.${payload}.${signature}`);
    }
  });

  it('signed with the provider’s public key as if it were a secret', async () => {
    const nowS = Math.floor(Date.now() / 1000);
    const claims = { iss: signer.issuer, sub: 'ann', aud: 'berth-api', iat: nowS, exp: nowS + 300 };
    const pem = await signer.publicPem();
    const { n = '' } = signer.publicJwk();
    for (const secret of [pem, pem.trim(), n, JSON.stringify(signer.publicJwk())])
      for (const alg of ['HS256', 'HS384', 'HS512']) {
        const forged = new SignJWT(claims).setProtectedHeader({ alg, kid: signer.kid, typ: 'at+jwt' });
        await expectRefused(await forged.sign(Buffer.from(secret.padEnd(64, '\0'))));
        const exact = new SignJWT(claims).setProtectedHeader({ alg, kid: signer.kid, typ: 'at+jwt' });
        await expectRefused(await exact.sign(Buffer.from(secret)));
      }
  });

  it('signed by a key that it brings along', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const nowS = Math.floor(Date.now() / 1000);
    const claims = { iss: signer.issuer, sub: 'ann', aud: 'berth-api', iat: nowS, exp: nowS + 300 };
    for (const extra of [
      { jwk: await exportJWK(publicKey) },
      { jku: 'http://127.0.0.1:1/keys' },
      { x5u: 'http://127.0.0.1:1/cert' },
      { kid: signer.kid },
    ])
      await expectRefused(
        await new SignJWT(claims)
          .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', ...extra })
          .sign(privateKey),
      );
  });

  it('signed for us by our own key, in the provider’s name', async () => {
    const nowS = Math.floor(Date.now() / 1000);
    const claims = { iss: signer.issuer, sub: 'ann', aud: 'berth-api', iat: nowS, exp: nowS + 300 };
    const forged = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' });
    await expectRefused(await forged.sign(testKey('access-token')));
  });

  const nowS = Math.floor(Date.now() / 1000);
  it.each([
    ['that has expired', { exp: nowS - 120 }],
    ['without an end', { exp: undefined }],
    ['that is not good yet', { nbf: nowS + 300 }],
    ['from the future', { iat: nowS + 300 }],
    ['for another audience', { aud: 'other' }],
    ['for other audiences', { aud: ['other', 'more'] }],
    [
      'for another audience, asked for by our client',
      { aud: 'other', azp: 'berth-api', client_id: 'berth-api' },
    ],
    ['for nobody', { aud: undefined }],
    ['of nobody', { sub: undefined }],
    ['for an issuer with a slash more', { iss: 'http://127.0.0.1:1/' }],
    ['that is an ID token, by its nonce', { nonce: 'n' }],
    ['that is an ID token, by its hash of another', { at_hash: 'h' }],
    ['that is an ID token, by Cognito’s word', { token_use: 'id' }],
    ['that is a refresh token, by Keycloak’s word', { typ: 'Refresh' }],
    ['that is a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
    ['that is bound to somebody’s key', { cnf: { jkt: 'x' } }],
  ])('%s', async (_name, change) => {
    await expectRefused(await signer.sign(change));
  });

  it.each(['id_token', 'logout+jwt', 'dpop+jwt', 'rt+jwt', 'JOSE'])('of type %s', async (typ) => {
    await expectRefused(await signer.sign({}, { typ }));
  });

  it('within the minute by which clocks may differ it is not', async () => {
    const seconds = Math.floor(Date.now() / 1000);
    expect((await berth.about(await signer.sign({ exp: seconds - 30 }))).status).toBe(200);
    expect((await berth.about(await signer.sign({ nbf: seconds + 30 }))).status).toBe(200);
  });

  it('with an algorithm that the configuration does not name', async () => {
    await berth.close();
    await start({ algorithms: ['ES256'] });
    await expectRefused(await signer.sign());
  });

  it('when it ends, though it was remembered', async () => {
    await berth.close();
    let shiftMs = 0;
    await start({}, { nowMs: () => Date.now() + shiftMs });
    const token = await signer.sign();
    expect((await berth.about(token)).status).toBe(200);
    shiftMs = 400_000;
    await expectRefused(token);
  });
});

describe('the provider’s keys', () => {
  it('are fetched again for a new one, and a flood of unknown ones costs one fetch', async () => {
    await start({}, { provider: { keysPauseMs: 1_000_000 } });
    expect((await berth.about(await signer.sign())).status).toBe(200);
    expect(signer.keyFetches).toBe(1);
    for (const kid of [
      'x',
      '../../etc/passwd',
      '%2e%2e/keys',
      "' OR 1=1",
      '\0',
      'x'.repeat(2_000),
      '__proto__',
    ])
      await expectRefused(await signer.sign({}, { kid }));
    await Promise.all(
      Array.from({ length: 30 }, async (_, n) => berth.about(await signer.sign({}, { kid: `flood-${n}` }))),
    );
    expect(signer.keyFetches).toBe(1);
  });

  it('are followed when they rotate, and the old one is then worth nothing', async () => {
    await start({}, { provider: { keysPauseMs: 0 } });
    const old = await signer.sign({ jti: 'unused' });
    expect((await berth.about(await signer.sign())).status).toBe(200);
    await signer.rotate();
    expect((await berth.about(await signer.sign())).status).toBe(200);
    expect(signer.keyFetches).toBe(2);
    await expectRefused(old);
  });
});

describe('a provider that does not answer', () => {
  const mood = async (one: TokenSigner['mood']) => {
    signer.mood = one;
    await start({}, { provider: { limits: { timeoutMs: 200, maxBytes: 64 * 1024 } } });
    return signer.sign();
  };

  it.each(['down', 'silent', 'endless', 'other-issuer', 'redirecting', 'no-json'] as const)(
    'because it is %s, is not the caller’s fault, and is asked once in a while',
    async (one) => {
      const token = await mood(one);
      for (let n = 0; n < 5; n += 1) {
        const answer = await berth.about(token);
        expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
          502,
          { error: { code: 'account.provider-failed' } },
        ]);
        expect(answer.text).not.toContain('script');
      }
      expect(signer.discoveryFetches).toBe(1);
    },
  );

  it('for its keys alone is asked for them once in a while', async () => {
    let shiftMs = 0;
    await start({}, { nowMs: () => Date.now() + shiftMs });
    // Known from the browser's way in, before any key was needed.
    await berth.get('/auth/signer/start');
    signer.mood = 'down';
    for (let n = 0; n < 5; n += 1) expect((await berth.about(await signer.sign())).status).toBe(502);
    expect(signer.keyFetches).toBe(1);
    signer.mood = 'well';
    shiftMs = 6_000;
    expect((await berth.about(await signer.sign())).status).toBe(200);
  });

  it('takes no other way in with it', async () => {
    const token = await mood('down');
    expect((await berth.about(token)).status).toBe(502);
    berth.accounts.addPerson('bob@example.org', 'correct horse battery');
    const own = await berth.tokens('bob@example.org', 'correct horse battery');
    expect((await berth.about(own.access_token)).status).toBe(200);
  });

  it('and nobody else, is asked about a token of nobody', async () => {
    await start();
    await expectRefused(await signer.sign({ iss: 'http://127.0.0.1:1' }));
    await expectRefused(await signer.sign({ iss: undefined }));
    expect(signer.discoveryFetches).toBe(0);
  });
});

describe('what a token is for', () => {
  it('is read as each provider writes it', () => {
    expect(isAccessToken('JWT', {})).toBe(true);
    expect(isAccessToken(undefined, { token_use: 'access' })).toBe(true);
    expect(isAccessToken('application/at+jwt', { typ: 'Bearer' })).toBe(true);
    expect(isAccessToken('JWT', { typ: 'ID' })).toBe(false);
  });

  it('never holds by an empty list, or by what is no text', () => {
    expect(isFor({ aud: [] }, ['a'])).toBe(false);
    expect(isFor({ aud: [7, null] }, ['7'])).toBe(false);
    expect(isFor({ azp: 'a' }, ['a'])).toBe(true);
    expect(isFor({}, ['a'])).toBe(false);
  });
});
