/** Pages of other sites: those that are named call with a token and see the answer; nobody has the cookie's authority. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '#test/harness/start-server.ts';
import { ask } from './http-client.ts';

const named = 'https://app.example';
const email = 'ann@example.org';
const password = 'correct horse battery';
let berth: TestServer;

beforeEach(async () => {
  berth = await startServer({ served: { corsOrigins: [named] } });
  berth.accounts.addPerson(email, password);
});
afterEach(() => berth.close());

const preflight = (origin: string, path = '/api/v1/about') =>
  ask(berth.port, {
    method: 'OPTIONS',
    path,
    headers: {
      host: berth.host,
      origin,
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'authorization,content-type',
      'sec-fetch-site': 'cross-site',
    },
  });
const corsHeaders = (headers: object) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control'));

describe('a named origin', () => {
  it.each(['/api/v1/about', '/token', '/v1/user', '/register'])('may ask before it asks %s', async (path) => {
    const { status, headers } = await preflight(named, path);
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': named,
      'access-control-max-age': '600',
      vary: 'Origin',
    });
    expect(headers['access-control-allow-methods']).toContain('PATCH');
    expect(headers['access-control-allow-headers']).toContain('Authorization');
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('signs in with a password and calls with the token, from its page', async () => {
    const page = { origin: named, 'sec-fetch-site': 'cross-site' };
    const answer = await berth.postForm('/token', { username: email, password }, page);
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, named]);
    const { access_token } = JSON.parse(answer.text) as { access_token: string };
    const authorization = `Bearer ${access_token}`;
    const about = await berth.get('/api/v1/about', { ...page, authorization });
    expect([about.status, about.headers['access-control-allow-origin']]).toEqual([200, named]);
    expect(about.headers['access-control-expose-headers']).toContain('RateLimit');
    const refused = await berth.get('/api/v1/about', { ...page, authorization: 'Bearer x' });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, named]);
  });

  it('has nothing of a cookie, though a browser sent it', async () => {
    const cookie = await berth.ownerCookie();
    const page = { origin: named, 'x-berth': '1', cookie };
    for (const path of ['/api/v1/about', '/user']) expect((await berth.get(path, page)).status).toBe(403);
    for (const path of ['/logout', '/api/v1/logout', '/api/v1/session'])
      expect((await berth.postJson(path, { email, password }, page)).status).toBe(403);
    expect((await berth.get('/api/v1/about', { ...berth.own, cookie })).status).toBe(200);
  });
});

describe('another origin', () => {
  it.each([
    'https://evil.example',
    'https://app.example.evil.example',
    'https://app.example:8443',
    'http://app.example',
    'HTTPS://APP.EXAMPLE',
    'null',
    '*',
  ])('%s is refused and told nothing', async (origin) => {
    const asked = await preflight(origin);
    expect([asked.status, corsHeaders(asked.headers)]).toEqual([403, []]);
    const { access_token } = await berth.tokens(email, password);
    const answer = await berth.get('/api/v1/about', { origin, authorization: `Bearer ${access_token}` });
    expect([answer.status, corsHeaders(answer.headers)]).toEqual([403, []]);
  });
});
