/** A certified provider at the other end: a person with a browser, and a program with its token. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '#test/harness/start-server.ts';
import { OidcProvider } from '#test/servers/oidc-provider.ts';

let provider: OidcProvider;
let berth: TestServer;

beforeAll(async () => {
  provider = await OidcProvider.start();
  berth = await startServer({ served: { oidc: [provider.config()] } });
});
afterAll(async () => {
  await berth?.close();
  await provider?.close();
});

async function signIn(login: string) {
  const begun = await berth.get('/auth/real/start?next=/hosts');
  expect(begun.status).toBe(302);
  const cookie = String(begun.headers['set-cookie']).split(';')[0] ?? '';
  const back = new URL(await provider.signIn(String(begun.headers.location), login));
  expect(back.origin).toBe(berth.origin);
  return { back, answer: await berth.get(`${back.pathname}${back.search}`, { cookie }), cookie };
}

describe('a real provider', () => {
  it('signs a browser in, as the same person each time', async () => {
    const ids: unknown[] = [];
    for (let n = 0; n < 2; n += 1) {
      const { answer } = await signIn('ann');
      expect([answer.status, answer.headers.location]).toEqual([303, '/hosts']);
      const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? '';
      const user = JSON.parse((await berth.get('/user', { ...berth.own, cookie })).text) as { id: string };
      expect(user).toMatchObject({ email: 'ann@example.org', name: 'ann' });
      ids.push(user.id);
    }
    expect(ids[0]).toBe(ids[1]);
  });

  it('takes a code once, and so do we', async () => {
    const { back, cookie } = await signIn('bob');
    const again = await berth.get(`${back.pathname}${back.search}`, { cookie });
    expect(again.headers.location).toBe('/sign-in#error=account.provider-refused');
  });

  it('gives a program a token that opens the API', async () => {
    const answer = await berth.about(await provider.accessToken());
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ user: { name: 'script' } });
  });
});
