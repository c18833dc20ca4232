/** Tokens as programs get them: the forms of RFC 6749 and FastAPI, and every way in which a token must not be good. */
import { createHash, createHmac } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SessionId, UserId } from '#contract/ids.ts';
import { createRefreshTokens } from '#main/server/refresh-tokens.ts';
import { startServer, type TestServer, testKey, type Tokens } from '#test/harness/start-server.ts';
import { ask } from './http-client.ts';

const email = 'ann@example.org';
const password = 'correct horse battery';
let nowMs: number;
let berth: TestServer;
let ann: UserId;

beforeEach(async () => {
  nowMs = Date.parse('2026-01-02T03:04:05Z');
  berth = await startServer({ nowMs: () => nowMs });
  ann = berth.accounts.addPerson(email, password);
});
afterEach(() => berth.close());

const tokens = (fields?: Record<string, string>) => berth.tokens(email, password, fields);
const refresh = (refreshToken: string, fields: Record<string, string> = {}) =>
  berth.postForm('/token', { grant_type: 'refresh_token', refresh_token: refreshToken, ...fields });

async function expectRefused(token: string): Promise<void> {
  const answer = await berth.about(token);
  expect([answer.status, answer.headers['www-authenticate']]).toEqual([
    401,
    'Bearer realm="Berth", error="invalid_token"',
  ]);
  expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'not-signed-in' } });
  expect(answer.text).not.toContain(token);
}

describe('POST /token', () => {
  it.each(['/token', '/v1/token', '/api/v1/token'])(
    'answers a password at %s as RFC 6749 says, and is kept by nobody',
    async (path) => {
      const answer = await berth.postForm(path, { grant_type: 'password', username: email, password });
      expect(answer.status).toBe(200);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.headers['set-cookie']).toBeUndefined();
      const got = JSON.parse(answer.text) as Tokens;
      expect(got).toMatchObject({ token_type: 'bearer', expires_in: 900 });
      expect(got.scope.split(' ')).toContain('workspaces.write');
      await expect(berth.userOf(got.access_token)).resolves.toBe(ann);
      expect(decodeProtectedHeader(got.access_token)).toEqual({ alg: 'HS256', typ: 'at+jwt' });
      expect(decodeJwt(got.access_token)).toMatchObject({
        iss: 'berth',
        aud: 'berth',
        sub: ann,
        sid: expect.stringMatching(/^sess_/),
        jti: expect.any(String),
        iat: nowMs / 1000,
        exp: nowMs / 1000 + 900,
      });
      expect(JSON.stringify(berth.log.entries)).not.toContain(got.access_token);
      expect(JSON.stringify(berth.log.entries)).not.toContain(password);
    },
  );

  it('takes the form without grant_type, with an empty scope and with a client that proves nothing', async () => {
    await expect(
      tokens({ scope: '', client_id: 'app', client_secret: 'x', username: ' Ann@Example.org ' }),
    ).resolves.toMatchObject({ token_type: 'bearer' });
  });

  it('refuses a wrong password and an unknown address with the same bytes, after the same work', async () => {
    const before = berth.accounts.hashCount;
    const wrong = await berth.postForm('/token', { username: email, password: 'wrong' });
    const between = berth.accounts.hashCount;
    const unknown = await berth.postForm('/token', { username: 'bob@example.org', password: 'wrong' });
    expect(between - before).toBe(1);
    expect(berth.accounts.hashCount - between).toBe(1);
    expect([wrong.status, wrong.text]).toEqual([unknown.status, unknown.text]);
    expect(wrong.status).toBe(400);
    expect(JSON.parse(wrong.text)).toEqual({
      error: 'invalid_grant',
      error_description: 'E-mail or password is wrong.',
      detail: 'E-mail or password is wrong.',
      code: 'account.sign-in-failed',
    });
    expect(Object.keys(wrong.headers).sort()).toEqual(Object.keys(unknown.headers).sort());
  });

  it.each([
    [{ username: email }, 'invalid_request'],
    [{ password }, 'invalid_request'],
    [{ username: email, password: 'x'.repeat(300) }, 'invalid_request'],
    [{ grant_type: 'client_credentials', client_id: 'a' }, 'unsupported_grant_type'],
    [{ grant_type: 'refresh_token' }, 'invalid_request'],
    [{ grant_type: 'refresh_token', refresh_token: 'nonsense' }, 'invalid_grant'],
    [{ username: email, password, scope: 'everything' }, 'invalid_scope'],
    [{ username: email, password, scope: 'users.write' }, 'invalid_scope'],
  ])('says what is wrong with %o: %s', async (fields, error) => {
    const answer = await berth.postForm('/token', fields as unknown as Record<string, string>);
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { error }]);
    expect(berth.accounts.sessionsOf(ann)).toEqual([]);
  });

  it('refuses a field that is there twice, and a body that is no form', async () => {
    const post = (body: string, type: string) =>
      ask(berth.port, {
        method: 'POST',
        path: '/token',
        headers: { host: berth.host, 'content-type': type },
        body,
      });
    const form = 'application/x-www-form-urlencoded';
    const twice = await post(`username=${email}&password=${password}&password=other`, form);
    expect([twice.status, JSON.parse(twice.text)]).toMatchObject([400, { error: 'invalid_request' }]);
    const json = await post(JSON.stringify({ username: email, password }), 'application/json');
    expect([json.status, JSON.parse(json.text)]).toMatchObject([415, { error: 'invalid_request' }]);
  });

  it.each(['otp', 'code'])('asks for a one-time code and takes it in the field %s', async (field) => {
    berth.accounts.requireCode(ann, ['123456']);
    const without = await berth.postForm('/token', { username: email, password });
    expect(JSON.parse(without.text)).toMatchObject({
      error: 'invalid_grant',
      code: 'account.second-factor-needed',
    });
    const wrong = await berth.postForm('/token', { username: email, password, [field]: '000000' });
    expect(JSON.parse(wrong.text)).toMatchObject({ code: 'account.sign-in-failed' });
    await expect(tokens({ [field]: '123456' })).resolves.toMatchObject({ token_type: 'bearer' });
  });

  it('narrows the scopes, also those of every token that follows', async () => {
    const { access_token, refresh_token, scope } = await tokens({ scope: 'hosts.read settings.read' });
    expect(scope).toBe('hosts.read settings.read');
    const { text } = await berth.about(access_token);
    expect(JSON.parse(text)).toMatchObject({ scopes: ['hosts.read', 'settings.read'] });
    const wider = await refresh(refresh_token, { scope: 'hosts.read workspaces.write' });
    expect([wider.status, JSON.parse(wider.text)]).toMatchObject([400, { error: 'invalid_scope' }]);
    const next = JSON.parse((await refresh(refresh_token)).text) as Tokens;
    expect(next.scope).toBe('hosts.read settings.read');
    const narrower = JSON.parse((await refresh(next.refresh_token, { scope: 'hosts.read' })).text) as Tokens;
    expect(narrower.scope).toBe('hosts.read');
  });

  it('lets nobody take the narrowing off a refresh token', async () => {
    const { refresh_token } = await tokens({ scope: 'hosts.read' });
    const [bare = '', , seal = ''] = refresh_token.split('~');
    for (const forged of [bare, `${bare}~-~${seal}`, `${bare}~-`, `${bare}~-~${seal.slice(1)}`])
      expect((await refresh(forged)).status).toBe(400);
    const otherKey = createRefreshTokens(createHash('sha256').update('other').digest());
    expect((await refresh(otherKey.seal({ token: bare, scopes: null }))).status).toBe(400);
    expect((await refresh(refresh_token)).status).toBe(200);
  });

  it('gives a new refresh token each time, and ends the whole family when one comes twice', async () => {
    const first = await tokens();
    const second = JSON.parse((await refresh(first.refresh_token)).text) as Tokens;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    await expect(berth.userOf(second.access_token)).resolves.toBe(ann);
    const replay = await refresh(first.refresh_token);
    expect([replay.status, JSON.parse(replay.text)]).toMatchObject([400, { error: 'invalid_grant' }]);
    expect((await refresh(second.refresh_token)).status).toBe(400);
    await expectRefused(second.access_token);
  });

  it('bounds tries from one address, and says for how long', async () => {
    for (let n = 0; n < 30; n += 1)
      expect((await berth.postForm('/token', { username: `u${n}@example.org`, password: 'x' })).status).toBe(
        400,
      );
    const answer = await berth.postForm('/token', { username: email, password });
    expect(answer.status).toBe(429);
    expect(JSON.parse(answer.text)).toMatchObject({ error: 'temporarily_unavailable', code: 'too-many' });
    expect(answer.headers['ratelimit-policy']).toBe('"sign-in";q=30;w=60');
    expect(answer.headers.ratelimit).toMatch(/^"sign-in";r=0;t=\d+$/);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });
});

describe('a token is refused', () => {
  const claims = () => ({ sub: ann, sid: berth.accounts.sessionsOf(ann)[0] as SessionId, jti: '1' });
  const nowS = () => nowMs / 1000;

  /** As ours, with what is given in place. */
  function signed(change: Record<string, unknown> = {}, header: Record<string, unknown> = {}) {
    const all = { iss: 'berth', aud: 'berth', iat: nowS(), exp: nowS() + 900, ...claims(), ...change };
    return new SignJWT(all)
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', ...header })
      .sign(testKey('access-token'));
  }

  beforeEach(async () => {
    await tokens();
    // So that what follows fails for its own reason.
    await expect(berth.userOf(await signed())).resolves.toBe(ann);
  });

  it('with alg none', async () => {
    const none = new UnsecuredJWT({
      ...claims(),
      iss: 'berth',
      aud: 'berth',
      iat: nowS(),
      exp: nowS() + 900,
    });
    await expectRefused(none.encode());
    const [, payload = ''] = (await signed()).split('.');
    for (const alg of ['none', 'None', 'NONE']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt' })).toString('base64url');
      await expectRefused(`${header}.${payload}.`);
    }
  });

  it('with another algorithm and the same key', async () => {
    for (const [alg, hash] of [
      ['HS384', 'sha384'],
      ['HS512', 'sha512'],
    ] as const) {
      const [, payload = ''] = (await signed()).split('.');
      const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt' })).toString('base64url');
      const body = `${header}.${payload}`;
      const mac = createHmac(hash, testKey('access-token')).update(body).digest('base64url');
      await expectRefused(`${body}.${mac}`);
    }
  });

  it.each([
    ['by another key', () => testKey('refresh-token')],
    ['by an empty key', () => new Uint8Array(32)],
  ])('signed %s', async (_name, key) => {
    const forged = new SignJWT({ ...claims(), iss: 'berth', aud: 'berth', iat: nowS(), exp: nowS() + 900 });
    await expectRefused(await forged.setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' }).sign(key()));
  });

  it.each([
    ['of another issuer', { iss: 'https://elsewhere.example' }],
    ['for another audience', { aud: 'other' }],
    ['for nobody', { aud: undefined }],
    ['without an end', { exp: undefined }],
    ['without a beginning', { iat: undefined }],
    ['without an id', { jti: undefined }],
    ['without a session', { sid: undefined }],
    ['with a session that is none', { sid: 'sess_zzzzzzzzzzzzzzzzzzzz' }],
    ['of a person who is not the session’s', { sub: 'user_zzzzzzzzzzzzzzzzzzzz' }],
    ['with no person', { sub: 'ann' }],
  ])('%s', async (_name, change) => {
    await expectRefused(await signed(change));
  });

  it.each([
    ['that has expired', () => ({ exp: nowS() - 61 })],
    ['that is not good yet', () => ({ nbf: nowS() + 61 })],
    ['from the future', () => ({ iat: nowS() + 61, exp: nowS() + 900 })],
    ['that is older than any of ours, though it says otherwise', () => ({ iat: nowS() - 1000 })],
  ])('%s', async (_name, change) => {
    await expectRefused(await signed(change()));
  });

  it.each([['JWT'], ['id+jwt'], ['rt+jwt'], [undefined]])('of type %s', async (typ) => {
    await expectRefused(await signed({}, { typ }));
  });

  it('with an extension that nobody here knows', async () => {
    const all = { iss: 'berth', aud: 'berth', iat: nowS(), exp: nowS() + 900, ...claims() };
    const header = { alg: 'HS256', typ: 'at+jwt', crit: ['exp-only'], 'exp-only': true };
    const body = [header, all]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const mac = createHmac('sha256', testKey('access-token')).update(body).digest('base64url');
    await expectRefused(`${body}.${mac}`);
  });

  it('that is a refresh token, empty, far too long, or of two words', async () => {
    const { refresh_token } = await tokens();
    for (const token of [refresh_token, '', 'x'.repeat(12_001), 'a.b.c', '..', 'berth_nonsense'])
      expect((await berth.get('/api/v1/about', { authorization: `Bearer ${token}` })).status).toBe(401);
    const good = await signed();
    await expectRefused(`${good} ${good}`);
  });

  it('after a minute of grace', async () => {
    const token = await signed();
    nowMs += 959_000;
    await expect(berth.userOf(token)).resolves.toBe(ann);
    nowMs += 2_000;
    await expectRefused(token);
  });

  it('of a session that was signed out, at once', async () => {
    const { access_token } = await tokens();
    const other = await tokens();
    const authorization = `Bearer ${access_token}`;
    expect((await berth.postJson('/logout', {}, { authorization })).status).toBe(200);
    await expectRefused(access_token);
    await expect(berth.userOf(other.access_token)).resolves.toBe(ann);
    const everywhere = { authorization: `Bearer ${other.access_token}` };
    expect((await berth.postJson('/logout/everywhere', {}, everywhere)).status).toBe(200);
    await expectRefused(other.access_token);
  });

  it('of an account that was closed, and shrinks with its role', async () => {
    const token = await signed();
    berth.accounts.changeRole(ann, 'viewer');
    const { scopes } = JSON.parse((await berth.about(token)).text) as { scopes: string[] };
    expect(scopes).not.toContain('workspaces.write');
    berth.accounts.disable(ann);
    await expectRefused(token);
  });
});

describe('POST /token/revoke', () => {
  it.each(['access_token', 'refresh_token'] as const)('ends the session of its %s', async (kind) => {
    const got = await tokens();
    const answer = await berth.postForm('/token/revoke', { token: got[kind], token_type_hint: kind });
    expect([answer.status, answer.text]).toEqual([200, '{}']);
    await expectRefused(got.access_token);
    expect((await refresh(got.refresh_token)).status).toBe(400);
  });

  it('answers the same for what is no token (RFC 7009)', async () => {
    const got = await tokens();
    for (const token of ['nonsense', `${got.access_token}x`])
      expect((await berth.postForm('/token/revoke', { token })).status).toBe(200);
    await expect(berth.userOf(got.access_token)).resolves.toBe(ann);
    expect((await berth.postForm('/token/revoke', {})).status).toBe(400);
  });
});
