/** Browsers that come back from an identity provider: the one that began, and all others. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownPath } from '#main/server/oidc/provider-sign-in.ts';
import { startServer, type StartServerOptions, type TestServer } from '#test/harness/start-server.ts';
import { TokenSigner } from '#test/servers/token-signer.ts';
import type { Answer } from '../http-client.ts';

let signer: TokenSigner;
let other: TokenSigner;
let berth: TestServer;
let shiftMs: number;

async function start(options: StartServerOptions = {}): Promise<void> {
  berth = await startServer({
    served: { oidc: [signer.config(), other.config({ id: 'other', name: 'Other' })] },
    nowMs: () => Date.now() + shiftMs,
    ...options,
  });
}

beforeEach(async () => {
  shiftMs = 0;
  [signer, other] = [await TokenSigner.start(), await TokenSigner.start()];
  await start();
});
afterEach(async () => {
  await berth.close();
  await Promise.all([signer.close(), other.close()]);
});

interface Begun {
  readonly url: URL;
  readonly state: string;
  readonly nonce: string;
  readonly challenge: string;
  readonly cookie: string;
}

async function begin(next?: string, headers: Record<string, string> = {}): Promise<Begun> {
  const query = next === undefined ? '' : `?next=${encodeURIComponent(next)}`;
  const answer = await berth.get(`/auth/signer/start${query}`, headers);
  expect(answer.status).toBe(302);
  const url = new URL(String(answer.headers.location));
  const from = (name: string) => url.searchParams.get(name) ?? '';
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? '';
  return { url, state: from('state'), nonce: from('nonce'), challenge: from('code_challenge'), cookie };
}

const back = (id: string, query: Record<string, string>, cookie?: string): Promise<Answer> =>
  berth.get(`/auth/${id}/callback?${new URLSearchParams(query).toString()}`, {
    'sec-fetch-site': 'cross-site',
    ...(cookie === undefined ? {} : { cookie }),
  });

/** A code as the provider gives it after the person has agreed. */
async function agree({ challenge, nonce }: Begun, change: Record<string, unknown> = {}): Promise<string> {
  const code = `code-${Math.random()}`;
  signer.issueCode(code, { challenge, idToken: await signer.idToken({ nonce, ...change }) });
  return code;
}

const isSession = ({ headers }: Answer) => /^berth-\d+=[\w-]{43};/.test(String(headers['set-cookie']));

function expectFailure(answer: Answer, code = 'account.provider-refused'): void {
  expect([answer.status, answer.headers.location]).toEqual([303, `/sign-in#error=${code}`]);
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect(answer.text).toBe('');
}

describe('a browser', () => {
  it('is sent with code flow, PKCE, state and nonce, and keeps a cookie for the way back', async () => {
    const { url, state, nonce, challenge, cookie } = await begin();
    expect(url.origin + url.pathname).toBe(`${signer.issuer}/authorize`);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'berth',
      redirect_uri: `${berth.origin}/auth/signer/callback`,
      scope: 'openid email',
      code_challenge_method: 'S256',
    });
    for (const text of [state, nonce, challenge]) expect(text.length).toBeGreaterThan(40);
    expect(cookie).toMatch(new RegExp(`^berth-${berth.port}-attempt=[\\w-]{43}$`));
    const answer = await berth.get('/auth/signer/start');
    expect(String(answer.headers['set-cookie'])).toMatch(/; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/);
  });

  it('comes back signed in, where it wanted to be', async () => {
    const begun = await begin('/workspaces?new=1#top');
    const answer = await back('signer', { code: await agree(begun), state: begun.state }, begun.cookie);
    expect([answer.status, answer.headers.location]).toEqual([303, '/workspaces?new=1#top']);
    expect(isSession(answer)).toBe(true);
    const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? '';
    const user = await berth.get('/user', { ...berth.own, cookie });
    expect(JSON.parse(user.text)).toMatchObject({ email: 'ann@example.org', name: 'Ann' });
  });

  it('signs two tabs in, one after the other', async () => {
    const first = await begin();
    const second = await begin('/', { cookie: first.cookie });
    expect(second.cookie).toBe(first.cookie);
    for (const begun of [second, first]) {
      const answer = await back('signer', { code: await agree(begun), state: begun.state }, begun.cookie);
      expect(isSession(answer)).toBe(true);
    }
  });

  it('is sent to the name that the provider knows, before anything is kept for another', async () => {
    const answer = await berth.get('/auth/signer/start?next=/a', { host: `localhost:${berth.port}` });
    expect([answer.status, answer.headers.location]).toEqual([
      302,
      `${berth.origin}/auth/signer/start?next=/a`,
    ]);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('has a host-bound, secure cookie behind a name with TLS', async () => {
    await berth.close();
    await start({ publicOrigin: 'https://berth.example' });
    const answer = await berth.get('/auth/signer/start', { host: 'berth.example' });
    expect(String(answer.headers['set-cookie'])).toMatch(
      /^__Host-berth-attempt=[\w-]{43}; Path=\/; .*SameSite=Lax; Secure$/,
    );
    expect(String(answer.headers.location)).toContain(
      encodeURIComponent('https://berth.example/auth/signer/callback'),
    );
  });

  it('learns which providers there are, and finds no others', async () => {
    const providers = [
      { id: 'signer', name: 'Signer' },
      { id: 'other', name: 'Other' },
    ];
    expect(JSON.parse((await berth.get('/auth/providers')).text)).toEqual({ providers });
    expect(JSON.parse((await berth.get('/api/v1/sign-in-options')).text)).toMatchObject({ providers });
    for (const path of ['/auth/none/start', '/auth/none/callback', '/auth/__proto__/start'])
      expect((await berth.get(path)).status).toBe(404);
  });
});

describe('an answer is refused', () => {
  it('that is played a second time, with the same code or a new one', async () => {
    const begun = await begin();
    const code = await agree(begun);
    expect(isSession(await back('signer', { code, state: begun.state }, begun.cookie))).toBe(true);
    expectFailure(await back('signer', { code, state: begun.state }, begun.cookie));
    expectFailure(await back('signer', { code: await agree(begun), state: begun.state }, begun.cookie));
    expect(signer.redeemed).toEqual([code]);
  });

  it('whose code was used before, in another attempt', async () => {
    const first = await begin();
    const code = await agree(first);
    await back('signer', { code, state: first.state }, first.cookie);
    const second = await begin();
    expectFailure(await back('signer', { code, state: second.state }, second.cookie));
  });

  it('in another browser, or in one without the cookie', async () => {
    const stranger = await begin();
    for (const cookie of [undefined, stranger.cookie, `berth-${berth.port}-attempt=`]) {
      const begun = await begin();
      expectFailure(await back('signer', { code: await agree(begun), state: begun.state }, cookie));
    }
    expect(signer.redeemed).toEqual([]);
  });

  it('with another state, or none', async () => {
    const begun = await begin();
    const code = await agree(begun);
    for (const query of [{ code }, { code, state: '' }, { code, state: 'x'.repeat(43) }])
      expectFailure(await back('signer', query, begun.cookie));
    expect(signer.redeemed).toEqual([]);
  });

  it('that took longer than ten minutes', async () => {
    const begun = await begin();
    const code = await agree(begun);
    shiftMs = 600_000;
    expectFailure(await back('signer', { code, state: begun.state }, begun.cookie));
  });

  it('of another provider than the one that it began with', async () => {
    const begun = await begin();
    const code = await agree(begun);
    expectFailure(await back('other', { code, state: begun.state }, begun.cookie));
    expect([signer.redeemed, other.redeemed]).toEqual([[], []]);
  });

  it('whose code was made for another challenge', async () => {
    const [begun, thief] = [await begin(), await begin()];
    expectFailure(await back('signer', { code: await agree(thief), state: begun.state }, begun.cookie));
  });

  it.each([
    ['another nonce', { nonce: 'another' }],
    ['no nonce', { nonce: undefined }],
    ['another issuer', { iss: 'http://127.0.0.1:1' }],
    ['another audience', { aud: 'other' }],
    ['several audiences, made for another client', { aud: ['berth', 'other'], azp: 'other' }],
    ['an end that has come', { exp: 1 }],
    ['nobody', { sub: undefined }],
  ])('whose ID token has %s', async (_name, change) => {
    const begun = await begin();
    const code = await agree(begun, change);
    expectFailure(await back('signer', { code, state: begun.state }, begun.cookie));
  });

  it('whose ID token is signed by nobody, or by somebody else', async () => {
    for (const forge of ['none', 'other', 'changed']) {
      const begun = await begin();
      const code = `code-${forge}`;
      const good = await signer.idToken({ nonce: begun.nonce });
      const [header = '', payload = '', signature = ''] = good.split('.');
      const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
      const changed = Buffer.from(
        Buffer.from(payload, 'base64url').toString().replace('ann@example.org', 'bob@example.org'),
      ).toString('base64url');
      const idToken = {
        none: `${none}.${payload}.`,
        other: await other.idToken({ nonce: begun.nonce, iss: signer.issuer }),
        changed: `${header}.${changed}.${signature}`,
      }[forge];
      signer.issueCode(code, { challenge: begun.challenge, idToken: idToken ?? '' });
      expectFailure(await back('signer', { code, state: begun.state }, begun.cookie));
    }
  });

  it('in which the provider says no, without its words', async () => {
    const begun = await begin();
    const query = {
      error: 'access_denied',
      error_description: '<script>alert(1)</script>',
      state: begun.state,
    };
    const answer = await back('signer', query, begun.cookie);
    expectFailure(answer);
    expect(berth.accounts.audits).toMatchObject([
      { action: 'account.sign-in', subject: 'signer', outcome: 'account.provider-refused', by: 'none' },
    ]);
  });

  it('of somebody who may not come in', async () => {
    berth.accounts.makesProviderUsers = false;
    const begun = await begin();
    expectFailure(await back('signer', { code: await agree(begun), state: begun.state }, begun.cookie));
  });

  it('while the provider is down, and on the way there', async () => {
    const begun = await begin();
    signer.mood = 'down';
    const answer = await back('signer', { code: 'x', state: begun.state }, begun.cookie);
    expectFailure(answer, 'account.provider-failed');
    other.mood = 'no-json';
    expectFailure(await berth.get('/auth/other/start'), 'account.provider-failed');
  });
});

describe('the place to go to', () => {
  it.each([
    ['/', '/'],
    ['/workspaces/ws_1?tab=2#x', '/workspaces/ws_1?tab=2#x'],
    ['', '/'],
    ['workspaces', '/'],
    ['https://evil.example/', '/'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['\\\\evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['/\n/evil.example', '/'],
    ['/a\r\nSet-Cookie: x=y', '/'],
    ['/..//evil.example', '/'],
    ['/.//evil.example', '/'],
    ['/%2f/evil.example', '/%2f/evil.example'],
    ['javascript:alert(1)', '/'],
    ['/auth/signer/start', '/'],
    ['/api/v1/about', '/'],
    ['/@evil.example', '/@evil.example'],
  ])('of %j is %j', (next, expected) => {
    expect(ownPath(next, 'http://127.0.0.1:7474')).toBe(expected);
  });

  it('is never on another page, after a whole sign-in', async () => {
    for (const next of ['//evil.example', '/\\evil.example', 'https://evil.example']) {
      const begun = await begin(next);
      const answer = await back('signer', { code: await agree(begun), state: begun.state }, begun.cookie);
      expect(answer.headers.location).toBe('/');
    }
  });
});
