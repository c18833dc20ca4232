/** Registering, confirming and resetting over HTTP: what is carried, what is refused, and what is told to nobody. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localOwnerId } from '#contract/ids.ts';
import { limitRules } from '#main/server/rate-limits.ts';
import { startServer, type TestServer } from '#test/harness/start-server.ts';
import type { Answer } from './http-client.ts';

const email = 'ann@example.org';
const password = 'correct horse battery';
let berth: TestServer;

beforeEach(async () => {
  berth = await startServer();
});
afterEach(() => berth.close());

const codeOf = ({ text }: Answer) => (JSON.parse(text) as { error: { code: string } }).error.code;
const register = (fields: Record<string, string>, headers?: Record<string, string>) =>
  berth.postJson('/register', { email, password, ...fields }, headers);
const linkOf = (kind: string) => {
  const mail = berth.accounts.mails.findLast((one) => one.kind === kind);
  if (mail?.token == null) throw new Error(`no e-mail ${kind}`);
  return mail.token;
};

describe('registering', () => {
  it.each(['', '/v1', '/api/v1'])(
    'works under %s/ from the first e-mail to the first token',
    async (root) => {
      const answer = await berth.postJson(`${root}/register`, { email: ' Ann@Example.org ', password });
      expect(answer.status).toBe(202);
      const sign = () => berth.postForm('/token', { username: email, password });
      expect((await sign()).status).toBe(400);
      expect((await berth.postJson(`${root}/verify`, { token: linkOf('verify') })).status).toBe(200);
      expect((await sign()).status).toBe(200);
    },
  );

  it('takes a form too, and sends the link again', async () => {
    const answer = await berth.postForm('/register', { email, password, name: '' });
    expect(answer.status).toBe(202);
    expect((await berth.postForm('/register/resend', { email })).status).toBe(202);
    expect(berth.accounts.mails.map(({ kind }) => kind)).toEqual(['verify', 'verify']);
    expect((await berth.postForm('/verify', { token: linkOf('verify') })).status).toBe(200);
  });

  it('answers the same bytes, after the same work, for an address that is taken', async () => {
    berth.accounts.addPerson(email, password);
    const before = berth.accounts.hashCount;
    const known = await register({});
    const between = berth.accounts.hashCount;
    const unknown = await register({ email: 'new@example.org' });
    expect([between - before, berth.accounts.hashCount - between]).toEqual([1, 1]);
    expect([known.status, known.text]).toEqual([unknown.status, unknown.text]);
    expect(berth.accounts.mails.map(({ kind }) => kind)).toEqual(['exists', 'verify']);
  });

  it.each([['/register/resend'], ['/password/forgot']])(
    '%s answers alike for every address',
    async (path) => {
      berth.accounts.addPerson(email, password);
      const answers = await Promise.all(
        [email, 'nobody@example.org'].map((one) => berth.postJson(path, { email: one })),
      );
      expect(answers[0]?.text).toBe(answers[1]?.text);
      expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    },
  );

  it('names the field that is wrong, and repeats no value', async () => {
    for (const wrong of [{ email: 'no address' }, { password: 'short-pw' }]) {
      const answer = await register(wrong);
      expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid-input']);
      expect(answer.text).not.toContain(Object.values(wrong)[0]);
      expect(answer.text).toContain(Object.keys(wrong)[0]);
    }
    const unfit = await register({ password: 'password123456' });
    expect(codeOf(unfit)).toBe('account.password-unfit');
  });

  it('is closed where only invited people come in', async () => {
    berth.accounts.isRegistrationOpen = false;
    const answer = await register({});
    expect([answer.status, codeOf(answer)]).toEqual([403, 'account.registration-closed']);
  });

  it.each(['body', 'header'])(
    'gives the local owner an account with the one-time link in the %s, once',
    async (place) => {
      berth.accounts.isRegistrationOpen = false;
      const ticket = new URL(berth.server.createSignInLink()).hash.slice(1);
      const send = (fields: Record<string, string> = {}) =>
        place === 'body' ? register({ ticket, ...fields }) : register(fields, { 'x-berth-ticket': ticket });
      // A password that is refused does not cost the link.
      expect(codeOf(await send({ password: 'password123456' }))).toBe('account.password-unfit');
      expect((await send()).status).toBe(201);
      const { access_token } = await berth.tokens(email, password);
      await expect(berth.userOf(access_token)).resolves.toBe(localOwnerId);
      const again = await send({ email: 'other@example.org' });
      expect([again.status, codeOf(again)]).toEqual([401, 'not-signed-in']);
      expect(berth.accounts.emailOf(localOwnerId)).toBe(email);
      expect((await berth.get('/sign-in-options')).text).toContain('"isOwnerSetUp":true');
      expect((await register({ ticket: 'wrong' })).status).toBe(401);
    },
  );

  it('sends at most so many e-mails for one address of the network', async () => {
    for (let n = 0; n < limitRules.mail.points; n += 1)
      expect((await berth.postJson('/password/forgot', { email })).status).toBe(202);
    const answer = await register({});
    expect([answer.status, codeOf(answer)]).toEqual([429, 'too-many']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });
});

describe('a new password', () => {
  it('comes with the link, once, and ends every session', async () => {
    berth.accounts.addPerson(email, password);
    const { access_token } = await berth.tokens(email, password);
    await berth.postJson('/password/forgot', { email });
    const token = linkOf('reset');
    const reset = (next: string) => berth.postJson('/password/reset', { token, password: next });
    expect((await reset('short')).status).toBe(400);
    expect((await reset('another good one')).status).toBe(200);
    expect((await berth.about(access_token)).status).toBe(401);
    await expect(berth.tokens(email, 'another good one')).resolves.toBeTruthy();
    const again = await reset('yet another one');
    expect([again.status, codeOf(again)]).toEqual([410, 'account.link-expired']);
  });
});

describe('what a sign-in page knows', () => {
  it('is public, and is about nobody', async () => {
    const answer = await berth.get('/api/v1/sign-in-options');
    expect(JSON.parse(answer.text)).toEqual({
      passwords: true,
      registration: 'open',
      providers: [],
      isOwnerSetUp: false,
    });
  });
});

describe('foreign pages', () => {
  const open = ['/register', '/register/resend', '/verify', '/password/forgot', '/password/reset', '/token'];
  it.each(open)('cannot post to %s, with a form or otherwise; programs can', async (path) => {
    for (const origin of ['https://evil.example', 'null', `http://127.0.0.1:1`]) {
      expect((await berth.postForm(path, { email, password }, { origin })).status).toBe(403);
      expect((await berth.postJson(path, { email, password }, { origin })).status).toBe(403);
    }
    expect(berth.accounts.mails).toEqual([]);
    expect((await berth.postForm(path, {})).status).toBe(400);
  });

  it('cannot sign this browser in as somebody else, with a form from another site', async () => {
    berth.accounts.addPerson(email, password);
    const { 'x-berth': _, ...withoutHeader } = berth.own;
    const { origin: __, ...withoutOrigin } = berth.own;
    const foreign = { ...berth.own, origin: 'https://evil.example' };
    const site = { ...berth.own, 'sec-fetch-site': 'cross-site' };
    for (const headers of [withoutHeader, withoutOrigin, foreign, site])
      for (const post of ['postJson', 'postForm'] as const) {
        const answer = await berth[post]('/api/v1/session', { email, password }, headers);
        expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined]);
      }
    await expect(berth.cookie(email, password)).resolves.toMatch(/^berth-\d+=/);
  });
});
