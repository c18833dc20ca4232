/** Answers that go on end with the access that opened them; whole ones are left alone. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UserId } from '#contract/ids.ts';
import { startServer, type TestServer } from '#test/harness/start-server.ts';

const email = 'ann@example.org';
const password = 'correct horse battery';
let berth: TestServer;
let ann: UserId;
let ended: number;

beforeEach(async () => {
  ended = 0;
  berth = await startServer({
    handlers: {
      async *'hosts.watch'(_input, { signal }) {
        yield { type: 'all', revision: 1, items: [] };
        await once(signal, 'abort');
        ended += 1;
      },
    },
  });
  ann = berth.accounts.addPerson(email, password);
});
afterEach(() => berth.close());

async function follow(accept: string, token: string): Promise<IncomingMessage> {
  const outgoing = request({
    host: '127.0.0.1',
    port: berth.port,
    path: '/v1/hosts',
    headers: { host: berth.host, accept, authorization: `Bearer ${token}` },
    agent: false,
  });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect([response.statusCode, response.headers['content-type']?.split(';')[0]]).toEqual([200, accept]);
  await once(response, 'data');
  return response;
}

async function broken(response: IncomingMessage): Promise<string> {
  const [error] = (await once(response, 'error')) as [Error & { code?: string }];
  return error.code ?? error.message;
}

describe('an answer that goes on', () => {
  const accept = 'text/event-stream';

  it('breaks off when its session is signed out, and what made it ends', async () => {
    const { access_token } = await berth.tokens(email, password);
    const other = await berth.tokens(email, password);
    const [response, kept] = [await follow(accept, access_token), await follow(accept, other.access_token)];
    const end = broken(response);
    const logout = await berth.postJson('/logout', {}, { authorization: `Bearer ${access_token}` });
    expect(logout.status).toBe(200);
    await expect(end).resolves.toBe('ECONNRESET');
    await expect.poll(() => ended).toBe(1);
    expect(kept.destroyed).toBe(false);
    kept.destroy();
  });

  it('breaks off when its key is removed or its person may do less', async () => {
    const key = berth.accounts.addKey(ann, ['hosts.read', 'workspaces.write']);
    const narrowed = broken(await follow(accept, key));
    berth.accounts.changeRole(ann, 'viewer');
    await expect(narrowed).resolves.toBe('ECONNRESET');
    const removed = broken(await follow(accept, key));
    berth.accounts.removeKey(key);
    await expect(removed).resolves.toBe('ECONNRESET');
  });
});
