/** Programs of others against our routes, as they are: curl, Python's own library, an OAuth 2.0 client, and `ws`. */
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { UserId } from '#contract/ids.ts';
import { dialServed } from '#main/server/dial-served.ts';
import { createClient } from '#renderer/transport/client.ts';
import { webSocketConnection } from '#renderer/transport/websocket-connection.ts';
import { startServer, type TestServer, type Tokens } from '#test/harness/start-server.ts';
import { runChecked } from '#test/servers/run-process.ts';

const email = 'ann@example.org';
const password = 'correct horse & battery=staple';
let berth: TestServer;
let ann: UserId;

beforeAll(async () => {
  berth = await startServer();
  ann = berth.accounts.addPerson(email, password);
});
afterAll(() => berth?.close());

/** Body, then the status on a line of its own. */
async function curl(path: string, ...options: string[]): Promise<{ body: string; status: number }> {
  const text = await runChecked(['curl', '-s', '-w', '\n%{http_code}', ...options, `${berth.origin}${path}`]);
  const cut = text.trimEnd().lastIndexOf('\n');
  return { body: text.slice(0, cut), status: Number(text.slice(cut)) };
}

describe('curl', () => {
  it('registers, gets a token, calls and signs out', async () => {
    const form = ['--data-urlencode', `username=${email}`, '--data-urlencode', `password=${password}`];
    const answer = await curl('/token', ...form);
    expect(answer.status).toBe(200);
    const { access_token } = JSON.parse(answer.body) as Tokens;
    const bearer = ['-H', `Authorization: Bearer ${access_token}`];
    const user = await curl('/user', ...bearer);
    expect(JSON.parse(user.body)).toMatchObject({ id: ann, email });
    expect((await curl('/api/v1/about', ...bearer)).status).toBe(200);
    expect((await curl('/logout', '-X', 'POST', ...bearer)).status).toBe(200);
    expect((await curl('/user', ...bearer)).status).toBe(401);
    const json = JSON.stringify({ email: 'new@example.org', password });
    const registered = await curl('/register', '-H', 'Content-Type: application/json', '-d', json);
    expect(registered.status).toBe(202);
  });

  it('does not come in under another name, or with nothing', async () => {
    expect((await curl('/user', '-H', 'Host: evil.example')).status).toBe(403);
    expect((await curl('/user')).status).toBe(401);
    expect((await curl('/user', '-u', `${email}:${password}`)).status).toBe(401);
  });

  it('sends a large body and is told that it is too large', async () => {
    const answer = await curl('/token', '-H', 'Expect:', '--data', 'x'.repeat(100_000));
    expect(answer.status).toBe(413);
  });
});

describe('Python', () => {
  it('posts the form that FastAPI’s clients post', async () => {
    const script = `
import json, sys, urllib.error, urllib.parse, urllib.request
origin, email, password = sys.argv[1:]
def post(fields):
    data = urllib.parse.urlencode(fields).encode()
    return urllib.request.urlopen(urllib.request.Request(origin + '/token', data=data))
token = json.load(post({'grant_type': 'password', 'username': email, 'password': password, 'scope': ''}))
request = urllib.request.Request(origin + '/user', headers={'Authorization': token['token_type'].title() + ' ' + token['access_token']})
user = json.load(urllib.request.urlopen(request))
try:
    post({'username': email, 'password': 'wrong'})
except urllib.error.HTTPError as error:
    print(json.dumps({'user': user, 'status': error.code, 'detail': json.load(error)['detail']}))
`;
    const text = await runChecked(['python3', '-c', script, berth.origin, email, password]);
    expect(JSON.parse(text)).toMatchObject({
      user: { id: ann, email },
      status: 400,
      detail: 'E-mail or password is wrong.',
    });
  });
});

describe('an OAuth 2.0 client', () => {
  const configured = () => {
    const { origin } = berth;
    const server = {
      issuer: origin,
      token_endpoint: `${origin}/token`,
      revocation_endpoint: `${origin}/token/revoke`,
    };
    const client = new openid.Configuration(server, 'any', {}, openid.None());
    openid.allowInsecureRequests(client);
    return client;
  };

  it('gets, narrows, refreshes and revokes tokens, and reads our refusals', async () => {
    const client = configured();
    const first = await openid.genericGrantRequest(client, 'password', {
      username: email,
      password,
      scope: 'settings.read account.read',
    });
    expect(first).toMatchObject({
      token_type: 'bearer',
      expires_in: 900,
      scope: 'settings.read account.read',
    });
    const second = await openid.refreshTokenGrant(client, first.refresh_token ?? '');
    expect(second.scope).toBe('settings.read account.read');
    const user = await openid.fetchProtectedResource(
      client,
      second.access_token,
      new URL(`${berth.origin}/user`),
      'GET',
    );
    expect(user.status).toBe(200);
    await openid.tokenRevocation(client, second.refresh_token ?? '');
    await expect(openid.refreshTokenGrant(client, second.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
      status: 400,
    });
    await expect(
      openid.fetchProtectedResource(client, second.access_token, new URL(`${berth.origin}/user`), 'GET'),
    ).rejects.toMatchObject({ status: 401 });
  });
});

describe('ws', () => {
  it('opens the socket with a token, and is served as its person', async () => {
    const { access_token } = await berth.tokens(email, password);
    const socket = new WebSocket(`ws://${berth.host}/api/v1/socket`, 'berth.v1', {
      headers: { authorization: `Bearer ${access_token}` },
    });
    socket.binaryType = 'arraybuffer';
    await new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
    });
    const client = createClient(webSocketConnection(socket as unknown as globalThis.WebSocket));
    await expect(client.call('about.get', {})).resolves.toMatchObject({ user: { id: ann } });
    client.close();
  });

  it('is what the command line opens at a served Berth', async () => {
    const { access_token } = await berth.tokens(email, password);
    const client = createClient(await dialServed(new URL(berth.origin), access_token));
    await expect(client.call('about.get', {})).resolves.toMatchObject({ user: { id: ann } });
    client.close();
  });
});
