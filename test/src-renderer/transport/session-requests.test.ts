/** What is sent before there is a session, where secrets travel, and how refusals are told. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { endSession, providerPath, sessionRequests } from '#renderer/transport/session-requests.ts';

const sent: { url: string; init: RequestInit }[] = [];

function answer(status: number, body: unknown, headers: Record<string, string> = {}): void {
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    sent.push({ url, init });
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });
  });
}
const refusal = (code: string) => ({ error: { code, message: 'No.', details: { of: 'it' } } });
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => (BerthError.is(error) ? error.toShape() : error),
  );

afterEach(() => {
  vi.unstubAllGlobals();
  sent.length = 0;
});

describe('requests without a session', () => {
  it('send secrets in bodies alone, with the header that other origins cannot send', async () => {
    answer(200, {});
    const secret = 'hunter2 & more';
    await sessionRequests.signIn({ email: 'a@b.example', password: secret, code: '123456' });
    await sessionRequests.signIn({ ticket: secret });
    await sessionRequests.register({ email: 'a@b.example', password: secret });
    await sessionRequests.verify(secret);
    await sessionRequests.reset(secret, secret);
    expect(sent.map(({ url }) => url)).toEqual([
      '/api/v1/session',
      '/api/v1/session',
      '/api/v1/register',
      '/api/v1/verify',
      '/api/v1/password/reset',
    ]);
    for (const { init } of sent) {
      expect(init).toMatchObject({ method: 'POST', cache: 'no-store', credentials: 'same-origin' });
      expect(init.headers).toMatchObject({ 'X-Berth': '1' });
      expect(init.body).toContain(JSON.stringify(secret));
    }
  });

  it('tell a refusal as it is, and for how long to wait', async () => {
    answer(429, refusal('too-many'), { 'Retry-After': '42' });
    expect(await failureOf(sessionRequests.forgot('a@b.example'))).toEqual({
      code: 'too-many',
      message: 'No.',
      details: { of: 'it', retryAfterSeconds: 42 },
    });
    answer(401, refusal('account.second-factor-needed'));
    expect(await failureOf(sessionRequests.signIn({ ticket: 'x' }))).toEqual({
      code: 'account.second-factor-needed',
      message: 'No.',
      details: { of: 'it' },
    });
  });

  it('call a proxy’s page, and no answer at all, a lost connection', async () => {
    answer(502, '<html>Bad gateway</html>');
    expect(await failureOf(sessionRequests.options())).toMatchObject({ code: 'connection-lost' });
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed to fetch')));
    expect(await failureOf(sessionRequests.options())).toMatchObject({ code: 'connection-lost' });
  });

  it('do not believe options that are none', async () => {
    answer(200, { passwords: 'yes' });
    expect(await failureOf(sessionRequests.options())).toMatchObject({ code: 'internal' });
  });
});

describe('the end of a session', () => {
  it('is reached also when there is none left', async () => {
    answer(401, refusal('not-signed-in'));
    await expect(endSession()).resolves.toBeUndefined();
    expect(sent[0]?.init.method).toBe('DELETE');
    answer(503, refusal('connection-lost'));
    expect(await failureOf(endSession())).toMatchObject({ code: 'connection-lost' });
  });
});

describe('the way to a provider', () => {
  it('carries the way back as one value', () => {
    expect(providerPath('my/id', '/?a=1&b=2')).toBe('/auth/my%2Fid/start?next=%2F%3Fa%3D1%26b%3D2');
  });
});
