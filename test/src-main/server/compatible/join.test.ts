/** The compatible paths behind the product's own server: who is let in, with what proof, and what ends with it. */
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { UserId } from '#contract/ids.ts';
import { compatiblePaths } from '#main/server/compatible/compatible-paths.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { startServer, type TestServer } from '#test/harness/start-server.ts';
import { ask, textWithoutId, upgrade } from '../http-client.ts';

const email = 'ann@example.org';
const password = 'correct horse battery';
const html = { accept: 'text/html' };
let berth: TestServer;
let ann: UserId;
const asked: UserId[] = [];
const open: WebSocket[] = [];

beforeEach(async () => {
  asked.length = 0;
  berth = await startServer({
    served: { deleteKey: new Secret('a key') },
    handlers: {
      'projects.watch': async function* (_input, { caller }) {
        asked.push(caller.userId);
        yield { type: 'all', revision: 1, items: [] };
      },
      'workspaces.watch': async function* () {
        yield { type: 'all', revision: 1, items: [] };
      },
    },
  });
  ann = berth.accounts.addPerson(email, password);
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.terminate();
  await berth.close();
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
async function socketWith(headers: Record<string, string>, query = '', protocols: string[] = []) {
  const path = `/ws/me/no-such${query}`;
  const socket = await upgrade(berth.port, { path, headers: { host: berth.host, ...headers }, protocols });
  if (typeof socket === 'number') return socket;
  open.push(socket);
  if (socket.readyState === WebSocket.CLOSED) return 'closed';
  const [code] = (await once(socket, 'close')) as [number];
  return code;
}

describe('requests', () => {
  it('come with a token, an API key, or a page’s cookie', async () => {
    const { access_token } = await berth.tokens(email, password);
    const key = berth.accounts.addKey(ann, ['projects.read']);
    for (const headers of [
      bearer(access_token),
      bearer(key),
      { ...berth.own, cookie: await berth.cookie(email, password) },
    ])
      expect(await berth.get('/projects', headers)).toMatchObject({ status: 200, text: '[]' });
    expect(asked).toEqual([ann, ann, ann]);
  });

  it('without any are refused, as FastAPI’s clients expect it; and the window comes for a person', async () => {
    const answer = await berth.get('/projects');
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="Berth"');
    expect(JSON.parse(answer.text)).toMatchObject({
      detail: 'Sign in first.',
      error: { code: 'not-signed-in' },
    });
    for (const path of ['/', '/projects'])
      expect((await berth.get(path, html)).text).toBe('<!doctype html>the window');
    expect(JSON.parse((await berth.get('/')).text)).toMatchObject({ name: 'berth' });
    expect(JSON.parse((await berth.get('/health')).text)).toMatchObject({ status: 'ok', ready: true });
    expect(asked).toEqual([]);
  });

  it('of foreign pages are refused, whatever cookie they carry', async () => {
    const cookie = await berth.cookie(email, password);
    for (const headers of [
      { cookie, origin: 'https://evil.example' },
      { ...berth.own, cookie, origin: 'null' },
      { ...berth.own, cookie, host: 'evil.example' },
    ])
      expect((await berth.get('/projects', headers)).status).toBe(403);
    // A change of a page of ours carries its header; what a form can send does not.
    const form = await berth.postForm('/projects', { name: 'x' }, { cookie, origin: berth.origin });
    expect(form.status).toBe(403);
    const own = await berth.postForm('/projects', { name: 'x' }, { ...berth.own, cookie });
    expect(own.status).toBe(400);
    expect(asked).toEqual([]);
  });

  it('of an operator need no account, and are written down without the key', async () => {
    const remove = (key: string) =>
      ask(berth.port, {
        method: 'DELETE',
        path: '/container/nothing',
        headers: { host: berth.host, 'x-delete-key': key },
      });
    const [right, wrong] = [await remove('a key'), await remove('another key')];
    expect([right.status, textWithoutId(right)]).toEqual([wrong.status, textWithoutId(wrong)]);
    expect(right.status).toBe(404);
    expect(JSON.stringify(berth.log.entries)).not.toContain('a key');
  });
});

it('stand in the document of the API, each operation with a name of its own', async () => {
  const { text } = await berth.get('/api/openapi.json');
  const { paths } = JSON.parse(text) as { paths: Record<string, Record<string, { operationId: string }>> };
  for (const path of Object.keys(compatiblePaths)) expect(Object.keys(paths)).toContain(path);
  const names = Object.values(paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  expect(new Set(names).size).toBe(names.length);
  expect(paths['/projects/{project_id}']?.put).toMatchObject({
    operationId: 'compatible_put_projects_project_id',
    parameters: [{ name: 'project_id', in: 'path' }],
  });
});

describe('sockets', () => {
  it('open with a token, a ticket in the address or as a protocol, or a page’s cookie', async () => {
    const { access_token } = await berth.tokens(email, password);
    const ticket = async () => {
      const answer = await berth.postJson('/v1/socket-ticket', {}, bearer(access_token));
      return (JSON.parse(answer.text) as { ticket: string }).ticket;
    };
    const own = { ...berth.own, cookie: await berth.cookie(email, password) };
    // Let in, and told that there is no such project.
    expect(await socketWith(bearer(access_token))).toBe(4404);
    expect(await socketWith({}, `?ticket=${await ticket()}`)).toBe(4404);
    // Of several protocols one must be answered, and a ticket never is.
    expect(await socketWith({}, '?frames=text', ['terminal', `ticket.${await ticket()}`])).toBe(4404);
    expect(await socketWith(own)).toBe(4404);
    expect(asked).toEqual([ann, ann, ann, ann]);
    expect(JSON.stringify(berth.log.entries)).not.toContain('ticket');
  });

  it('do not open for strangers and foreign pages, nor twice with one ticket', async () => {
    const { access_token } = await berth.tokens(email, password);
    const answer = await berth.postJson('/v1/socket-ticket', {}, bearer(access_token));
    const { ticket } = JSON.parse(answer.text) as { ticket: string };
    const cookie = await berth.cookie(email, password);
    expect(await socketWith({})).toBe(401);
    expect(await socketWith(bearer('no'))).toBe(401);
    expect(await socketWith({ cookie })).toBe(403);
    expect(await socketWith({ cookie, origin: 'https://evil.example' })).toBe(403);
    expect(await socketWith({}, `?ticket=${ticket}`)).toBe(4404);
    expect(await socketWith({}, `?ticket=${ticket}`)).toBe(401);
  });
});
