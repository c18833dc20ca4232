/** Who is calling: a token alone, else the cookie of our own pages; on every kind of route. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localOwnerId, type UserId } from '#contract/ids.ts';
import { limitRules } from '#main/server/rate-limits.ts';
import { startServer, type TestServer } from '#test/harness/start-server.ts';
import { ask } from './http-client.ts';

const email = 'ann@example.org';
const password = 'correct horse battery';
let nowMs: number;
let berth: TestServer;
let ann: UserId;

beforeEach(async () => {
  nowMs = Date.parse('2026-01-02T03:04:05Z');
  berth = await startServer({
    nowMs: () => nowMs,
    limits: { ...limitRules, calls: { ...limitRules.calls, points: 20 } },
  });
  ann = berth.accounts.addPerson(email, password);
});
afterEach(() => berth.close());

describe('a token', () => {
  it('needs neither Origin nor our header, and no cookie', async () => {
    const { access_token } = await berth.tokens(email, password);
    const authorization = `Bearer ${access_token}`;
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const answer = await berth.get('/api/v1/about', { authorization: `${scheme} ${access_token}` });
      expect(answer.status).toBe(200);
    }
    expect((await berth.postJson('/logout', {}, { authorization })).status).toBe(200);
  });

  it('that is bad is refused, and never makes way for a good cookie', async () => {
    const cookie = await berth.ownerCookie();
    for (const authorization of ['Bearer x', 'Bearer ', 'Bearer', 'bearer berth_x', 'Bearer a.b.c']) {
      const headers = { ...berth.own, cookie, authorization };
      const answer = await berth.get('/api/v1/about', headers);
      expect([authorization, answer.status]).toEqual([authorization, 401]);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="Berth", error="invalid_token"');
      expect((await berth.postJson('/logout', {}, headers)).status).toBe(401);
    }
    expect((await berth.get('/api/v1/about', { ...berth.own, cookie })).status).toBe(200);
  });

  it('counts before a good cookie of somebody else', async () => {
    const cookie = await berth.ownerCookie();
    const { access_token } = await berth.tokens(email, password);
    const headers = { ...berth.own, cookie, authorization: `Bearer ${access_token}` };
    const answer = await berth.get('/user', headers);
    expect(JSON.parse(answer.text)).toMatchObject({ id: ann, email });
    expect(answer.text).toContain('"scopes":["');
  });

  it('of a proxy’s own sign-in says nothing here', async () => {
    const cookie = await berth.ownerCookie();
    const authorization = 'Basic dXNlcjpwYXNz';
    const answer = await berth.get('/api/v1/about', { ...berth.own, cookie, authorization });
    expect(answer.status).toBe(200);
    const foreign = { cookie, authorization, origin: berth.origin };
    expect((await berth.postJson('/logout', {}, foreign)).status).toBe(403);
  });

  it('does not open another Host or Origin', async () => {
    const { access_token } = await berth.tokens(email, password);
    const authorization = `Bearer ${access_token}`;
    for (const headers of [
      { host: 'evil.example' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      const all = { authorization, ...headers };
      expect((await berth.get('/api/v1/about', all)).status).toBe(403);
      expect((await berth.get('/user', all)).status).toBe(403);
    }
  });
});

describe('an API key', () => {
  it('does what it was made for until it ends, and no session is signed out with it', async () => {
    const key = berth.accounts.addKey(ann, ['settings.read', 'users.write'], nowMs + 1_000);
    const { text } = await berth.about(key);
    // A key can do no more than its person.
    expect(JSON.parse(text)).toMatchObject({ user: { id: ann }, scopes: ['settings.read'] });
    const cookie = await berth.cookie(email, password);
    await berth.postJson('/logout', {}, { authorization: `Bearer ${key}` });
    expect((await berth.get('/api/v1/about', { ...berth.own, cookie })).status).toBe(200);
    nowMs += 1_000;
    expect((await berth.about(key)).status).toBe(401);
  });

  it('is refused when it was removed, and stands in no log', async () => {
    const key = berth.accounts.addKey(ann, ['settings.read']);
    expect((await berth.about(key)).status).toBe(200);
    berth.accounts.removeKey(key);
    expect((await berth.about(key)).status).toBe(401);
    expect(JSON.stringify(berth.log.entries)).not.toContain(key);
  });
});

describe('a cookie', () => {
  const changes: [string, string][] = [
    ['POST', '/logout'],
    ['POST', '/v1/logout'],
    ['POST', '/logout/everywhere'],
    ['POST', '/socket-ticket'],
    ['POST', '/v1/socket-ticket'],
    ['POST', '/api/v1/logout'],
    ['DELETE', '/api/v1/session'],
    ['DELETE', '/session'],
    ['DELETE', '/v1/session'],
  ];

  it('changes nothing without our own Origin and our header, on no route', async () => {
    const cookie = await berth.ownerCookie();
    const { 'x-berth': _, ...withoutHeader } = berth.own;
    const { origin: __, ...withoutOrigin } = berth.own;
    const otherSite = { ...berth.own, 'sec-fetch-site': 'same-site' };
    for (const [method, path] of changes)
      for (const headers of [withoutHeader, withoutOrigin, otherSite]) {
        const answer = await ask(berth.port, { method, path, headers: { ...headers, cookie } });
        expect([method, path, answer.status]).toEqual([method, path, 403]);
      }
    expect(berth.accounts.sessionsOf(localOwnerId)).toHaveLength(1);
    expect((await berth.get('/user', { ...berth.own, cookie })).status).toBe(200);
  });

  it('tells a page of another site nothing, though the browser sends it', async () => {
    const cookie = await berth.ownerCookie();
    for (const site of ['cross-site', 'same-site'])
      for (const path of ['/user', '/v1/user', '/api/v1/user', '/api/v1/about'])
        expect((await berth.get(path, { cookie, 'sec-fetch-site': site })).status).toBe(403);
  });

  it('is let go with its session, from every place', async () => {
    for (const [method, path] of changes.filter(([, path]) => !path.endsWith('ticket'))) {
      const cookie = await berth.cookie(email, password);
      const answer = await ask(berth.port, { method, path, headers: { ...berth.own, cookie } });
      expect([path, answer.status]).toEqual([path, 200]);
      expect(String(answer.headers['set-cookie'])).toMatch(/^berth-\d+=; Path=\/; Max-Age=0; HttpOnly/);
      expect((await berth.get('/user', { ...berth.own, cookie })).status).toBe(401);
    }
  });

  it('of one person knows where it is used from, and by what', async () => {
    const cookie = await berth.cookie(email, password);
    expect(berth.accounts.origins.at(-1)?.address).toBe('127.0.0.1');
    expect((await berth.get('/user', { ...berth.own, cookie })).status).toBe(200);
  });

  it('needs a one-time code where there is a second factor', async () => {
    berth.accounts.requireCode(ann, ['123456']);
    const sign = (fields: object) =>
      berth.postJson('/api/v1/session', { email, password, ...fields }, berth.own);
    const without = await sign({});
    expect([without.status, without.text]).toEqual([
      401,
      expect.stringContaining('account.second-factor-needed'),
    ]);
    expect(without.headers['set-cookie']).toBeUndefined();
    expect((await sign({ code: '123456' })).status).toBe(200);
  });
});

describe('limits', () => {
  it('count a person’s calls, whatever they come with, and say what is left', async () => {
    const { access_token } = await berth.tokens(email, password);
    const key = berth.accounts.addKey(ann, ['settings.read']);
    for (let n = 0; n < 10; n += 1) {
      const answer = await berth.about(access_token);
      expect(answer.headers.ratelimit).toBe(`"calls";r=${19 - 2 * n};t=60`);
      expect(answer.headers['ratelimit-policy']).toBe('"calls";q=20;w=60');
      expect((await berth.about(key)).status).toBe(200);
    }
    const answer = await berth.about(key);
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '60']);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'too-many' } });
    const cookie = await berth.ownerCookie();
    expect((await berth.get('/api/v1/about', { ...berth.own, cookie })).status).toBe(200);
  });

  it('let a stranger ask less, and shut out nobody who is known behind the same address', async () => {
    const { access_token } = await berth.tokens(email, password);
    for (let n = 0; n < limitRules.strangers.points; n += 1)
      expect((await berth.about(`wrong-${n}`)).status).toBe(401);
    const answer = await berth.about('wrong');
    expect(answer.status).toBe(429);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect((await berth.about(access_token)).status).toBe(200);
  });
});
