/**
 * Programs as they were written for the earlier systems (curl, Python's urllib, a ten-line web socket script, xterm.js's
 * attach addon) against a whole plane with a real host.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Host } from '#contract/hosts.ts';
import { localOwnerId } from '#contract/ids.ts';
import { scopes } from '#contract/scopes.ts';
import type { Terminal } from '#contract/terminals.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { type CompatibleServer, startCompatibleServer } from '#test/harness/compatible-server.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { runProcess } from '#test/servers/run-process.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const image = 'berth-busybox:test';
let remote: RemoteHost;
let plane: TestPlane;
let host: Host;
let server: CompatibleServer;
const me: Caller = {
  userId: localOwnerId,
  userName: 'tester',
  scopes: new Set(scopes),
  mode: 'served',
  access: { by: 'token', sessionId: null, address: null },
};

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await busyboxImage());
  plane = await startPlane({ firstWorkspace: { image, hostName: null } });
  host = await plane.addHost(remote);
  await plane.client.call('credentials.createVault', { passphrase: 'a passphrase of this test' });
  server = await startCompatibleServer({
    dispatcher: plane.plane.dispatcher,
    plane: plane.plane,
    callers: { me },
    served: { firstWorkspace: { image, hostName: null }, deleteKey: new Secret('the operator’s key') },
  });
});
afterAll(async () => {
  await server?.close();
  await plane?.close();
  await remote?.stop();
});

interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown> & unknown[];
  readonly text: string;
}

async function curl(method: string, path: string, ...args: string[]): Promise<Answered> {
  const { stdout, stderr, exitCode } = await runProcess([
    ...['curl', '--silent', '--show-error', '--request', method, '--write-out', '\n%{http_code}'],
    ...args,
    `${server.origin}${path}`,
  ]);
  if (exitCode !== 0) throw new Error(`curl: ${stderr}`);
  const end = stdout.lastIndexOf('\n');
  const text = stdout.slice(0, end);
  const isJson = text.startsWith('{') || text.startsWith('[');
  return {
    status: Number(stdout.slice(end + 1)),
    text,
    body: (isJson ? JSON.parse(text) : {}) as Answered['body'],
  };
}
const signedIn = ['--header', 'Authorization: Bearer me'];
const json = (value: unknown) => [
  '--header',
  'Content-Type: application/json',
  '--data',
  JSON.stringify(value),
];

async function python(script: string, ...args: string[]): Promise<unknown> {
  const { stdout, stderr, exitCode } = await runProcess(['python3', '-c', script, server.origin, ...args]);
  if (exitCode !== 0) throw new Error(`python3: ${stderr}`);
  return JSON.parse(stdout);
}

const terminals = () => plane.until('terminals.watch', {}, (all) => all);
const workspaces = () => plane.until('workspaces.watch', {}, (all) => all);

/** As xterm.js's attach addon: strings for what is typed, bytes for mouse reports; takes strings and array buffers. */
class Attached {
  readonly socket: WebSocket;
  text = '';
  readonly kinds = new Set<string>();
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(path: string) {
    this.socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, {
      headers: { authorization: 'Bearer me' },
    });
    this.socket.binaryType = 'arraybuffer';
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    this.socket.on('error', () => undefined);
    this.socket.addEventListener('message', ({ data }) => {
      this.kinds.add(typeof data === 'string' ? 'text' : 'binary');
      this.text += typeof data === 'string' ? data : Buffer.from(data as ArrayBuffer).toString('utf8');
    });
  }
  type(data: string | Uint8Array): void {
    this.socket.send(data);
  }
  async opened(): Promise<this> {
    if (this.socket.readyState !== WebSocket.OPEN)
      await new Promise((resolve, reject) => {
        this.socket.once('open', resolve);
        this.socket.once('error', reject);
      });
    return this;
  }
  /** The engine says yes before the program has the size: asked again until it has. */
  hasSize(expected: string): Promise<true> {
    const ask = () => {
      if (this.text.includes(expected)) return true;
      this.type('stty size\r');
      return false;
    };
    return waitUntil(ask, { what: expected, intervalMs: 200 });
  }
  async shows(expected: string): Promise<void> {
    try {
      await waitUntil(() => this.text.includes(expected), { what: expected, timeoutMs: 30_000 });
    } catch (error) {
      throw new Error(`the terminal does not show ${expected}: ${this.text.slice(-500)}`, { cause: error });
    }
  }
}

afterEach(async () => {
  for (const { id } of await terminals()) await plane.client.call('terminals.close', { id });
});

describe('the web terminal’s backend', () => {
  it('says who it is, and how it is, to curl', async () => {
    expect((await curl('GET', '/')).body).toEqual({ name: 'berth', version: '1.2.3', docs: '/api/docs' });
    const page = await curl('GET', '/projects', '--header', 'Accept: text/html,*/*;q=0.8');
    expect(page.text).toContain('the window');
    const health = await curl('GET', '/health');
    expect(health.status).toBe(200);
    expect(health.body).toEqual({
      status: 'ok',
      live: true,
      ready: true,
      database: { state: 'ok' },
      hosts: { total: 1, connected: 1 },
      queue: { running: 0, waiting: 0 },
    });
    expect((await curl('GET', '/health/ready')).status).toBe(200);
  });

  it('keeps projects for Python’s urllib, sent as JSON and as a form', async () => {
    const script = `
import json, sys, urllib.parse, urllib.request
origin = sys.argv[1]
def ask(method, path, data=None, kind=None):
    headers = {'Authorization': 'Bearer me'}
    if kind: headers['Content-Type'] = kind
    request = urllib.request.Request(origin + path, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
        return answer.status, json.loads(text) if text else None
form = urllib.parse.urlencode({'name': 'Über form', 'description': 'as & a form'}).encode()
made = ask('POST', '/projects', form)
other = ask('POST', '/projects/', json.dumps({'name': 'as json'}).encode(), 'application/json')
got = ask('GET', '/projects/' + made[1]['id'])
put = ask('PUT', '/projects/' + made[1]['id'], json.dumps({'name': 'renamed', 'image': 'debian:13'}).encode(), 'application/json')
page = ask('GET', '/projects?skip=1&limit=1')
gone = [ask('DELETE', '/projects/' + one['id'])[0] for one in (made[1], other[1])]
print(json.dumps([made, other, got, put, page, gone]))
`;
    const [made, other, got, put, page, gone] = (await python(script)) as [
      ...[number, Record<string, unknown>][],
      [number, Record<string, unknown>[]],
      number[],
    ];
    expect(made).toMatchObject([
      201,
      { name: 'Über form', description: 'as & a form', image, user_id: localOwnerId },
    ]);
    expect(made?.[1]).toMatchObject({ created_at: expect.any(String), updated_at: expect.any(String) });
    expect(other).toMatchObject([201, { name: 'as json', description: '', image }]);
    expect(got).toEqual([200, made?.[1]]);
    expect(put).toMatchObject([200, { name: 'renamed', description: '', image: 'debian:13' }]);
    expect(page).toMatchObject([200, [{ name: 'as json' }]]);
    expect(gone).toEqual([204, 204]);
  });

  it('opens a terminal for a script of ten lines, in a workspace that it makes', async () => {
    const script = `
const { WebSocket } = require('ws');
const [origin] = process.argv.slice(1);
const socket = new WebSocket(origin.replace('http', 'ws') + '/ws/me/default?frames=text', { headers: { authorization: 'Bearer me' } });
let shown = '';
socket.on('open', () => socket.send('echo script-$((40+2))\\n'));
socket.on('message', (data) => {
  shown += data.toString();
  if (shown.includes('script-42')) socket.send('exit 3\\n');
});
socket.on('close', (code, reason) => console.log(JSON.stringify({ code, reason: reason.toString(), shown })));
`;
    const { stdout, stderr } = await runProcess([process.execPath, '-e', script, server.origin], {
      cwd: new URL('../../../..', import.meta.url).pathname,
    });
    expect(stderr).toBe('');
    const { code, reason, shown } = JSON.parse(stdout) as { code: number; reason: string; shown: string };
    expect({ code, reason }).toEqual({ code: 1000, reason: 'exit 3' });
    expect(shown).toContain('script-42');
    expect(await terminals()).toEqual([]);
    expect(await workspaces()).toHaveLength(1);
  }, 120_000);

  it('makes one workspace for two sockets at once', async () => {
    const project = await plane.createProject(image, { name: 'for two' });
    const both = [new Attached('/ws/me/for%20two'), new Attached(`/ws/${localOwnerId}/${project.id}`)];
    for (const one of both) (await one.opened()).type('echo both-$((40+2))\r');
    for (const one of both) await one.shows('both-42');
    expect((await workspaces()).filter(({ projectId }) => projectId === project.id)).toHaveLength(1);
    for (const one of both) one.socket.close();
    await waitUntil(async () => (await terminals()).length === 0, { what: 'no terminal is left' });
  }, 120_000);

  it('speaks as xterm.js’s attach addon does: sizes, keys, mouse bytes, characters of several bytes', async () => {
    const one = await new Attached('/ws/me/for%20two?frames=text').opened();
    one.type('{"type":"resize","cols":101,"rows":33}');
    await one.hasSize('33 101');
    one.type('echo ä€\u{1F600}-$((40+2))\r');
    await one.shows('ä€\u{1F600}-42');
    one.type('{"resize":[77,22]}');
    await one.hasSize('22 77');
    expect([...one.kinds]).toEqual(['text']);
    // Typed as it is: it only looks like a size.
    one.type('{"resize":[80,24],"x":1}');
    await one.shows('{"resize":[80,24],"x":1}');
    one.type(Uint8Array.of(0x15));
    one.type('printf "%s" q | od -c; cat -v\r');
    await one.shows('0000001');
    one.type(Uint8Array.from([0x1b, 0x5b, 0x4d, 0x20, 0xe3, 0x21, 0x0d]));
    // A mouse report of the old kind is no UTF-8, and must come as it is.
    await one.shows('^[[M M-c!');
    one.socket.close();
    await one.closed;
    const bytes = await new Attached('/ws/me/for%20two').opened();
    bytes.type('echo as-$((1+1))-bytes\r');
    await bytes.shows('as-2-bytes');
    expect([...bytes.kinds]).toEqual(['binary']);
    bytes.socket.close();
    await waitUntil(async () => (await terminals()).length === 0, { what: 'no terminal is left' });
  }, 60_000);

  it('keeps a terminal on request, and lets another socket join it', async () => {
    const first = await new Attached('/ws/me/for%20two?keep=1').opened();
    first.type('x=kept; echo ready-$((1+1))\r');
    await first.shows('ready-2');
    first.socket.close();
    await first.closed;
    const [terminal, ...others] = (await terminals()) as [Terminal, ...Terminal[]];
    expect(others).toEqual([]);
    const second = await new Attached(`/ws/me/for%20two?terminal=${terminal.id}`).opened();
    second.type('echo it-was-$x\r');
    await second.shows('it-was-kept');
    second.socket.close();
    await second.closed;
    expect((await terminals()).map(({ id }) => id)).toEqual([terminal.id]);
    await plane.client.call('terminals.close', { id: terminal.id });
    expect((await new Attached(`/ws/me/for%20two?terminal=${terminal.id}`).closed).code).toBe(4404);
  }, 60_000);

  it('pauses a flood for a slow reader, loses nothing of it, and takes keys meanwhile', async () => {
    const lines = 80_000;
    const one = await new Attached('/ws/me/for%20two').opened();
    one.type('stty -echo\r');
    one.type('echo begins-$((40+2))\r');
    await one.shows('begins-42');
    one.socket.pause();
    const before = process.memoryUsage().rss;
    // Far more than the kernel's buffers on the way hold.
    one.type(
      `p=$(printf %0250d 0); i=0; while [ $i -lt ${lines} ]; do echo "line $i of $p"; i=$((i+1)); done; echo end-$((40+2))\r`,
    );
    const fill = async () => {
      const [terminal] = await terminals();
      if (terminal === undefined) return false;
      const { behindBytes } = await plane.client.call('terminals.measure', { id: terminal.id });
      return behindBytes > 0;
    };
    await waitUntil(fill, { what: 'the flood waits for its reader', timeoutMs: 30_000 });
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    one.socket.resume();
    await one.shows('end-42');
    const numbers = [...one.text.matchAll(/line (\d+) of/g)].map(([, number]) => Number(number));
    expect(numbers).toHaveLength(lines);
    expect(numbers.every((number, index) => number === index)).toBe(true);
    one.socket.close();
    await one.closed;
  }, 120_000);

  it.each([
    ['/ws/someone@else.example/for%20two', 4404],
    ['/ws/user_99999999999999999999/for%20two', 4404],
    ['/ws/me/no%20such', 4404],
    ['/ws/me/..%2f..%2fetc', 4404],
    ['/ws/me/%00%0d%0a', 4404],
    ['/ws/me/%ff', 4400],
    ['/ws/me/for%20two?terminal=term_1', 4400],
    ['/ws/me/for%20two?frames=json', 4400],
    ['/ws/me/for%20two?cols=1e9', 4400],
    ['/ws/me/for%20two?terminal=term_00000000000000000000', 4404],
    [`/ws/me/${'x'.repeat(5000)}`, 4404],
  ])('refuses %s with %i', async (path, code) => {
    expect((await new Attached(path).closed).code).toBe(code);
  });

  it('closes with 1013 and the reason when the workspace does not start', async () => {
    await plane.createProject('registry.invalid/nothing:1', { name: 'broken' });
    const { code, reason } = await new Attached('/ws/me/broken').closed;
    expect(code).toBe(1013);
    expect(reason.length).toBeGreaterThan(10);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  }, 60_000);
});

describe('the browser in the cloud', () => {
  it('makes a container with a password, lists it, and takes it away; nothing shows the password', async () => {
    await plane.createProject(image, { name: 'desktops' });
    const wish = { project_id: 'desktops', name: 'a desktop', password: 'canary-51', ports: { '6901': 0 } };
    const made = await curl('POST', '/users/container', ...signedIn, ...json(wish));
    expect(made).toMatchObject({ status: 201, body: { name: 'a desktop', status: 'running', image } });
    expect(made.body.warnings).toHaveLength(1);
    expect(made.text).not.toContain('canary-51');
    const inside = await remote.docker(
      'exec',
      String(made.body.container_id),
      'sh',
      '-c',
      'echo "$PASSWORD"',
    );
    expect(inside.trim()).toBe('canary-51');
    const again = await curl('POST', '/users/container', ...signedIn, ...json(wish));
    expect(again).toMatchObject({ status: 200, body: { id: made.body.id } });
    const list = await curl('GET', '/users/containers', ...signedIn);
    expect(list.text).not.toContain('canary-51');
    expect(list.body.map((one) => (one as { id: string }).id)).toContain(made.body.id);
    expect((await curl('DELETE', '/users/container', ...signedIn)).status).toBe(409);
    const gone = await curl('DELETE', '/users/container?name=a%20desktop&volumes=true', ...signedIn);
    expect(gone).toMatchObject({ status: 200, body: { status: 'removed', volume: 'destroyed' } });
    expect((await workspaces()).some(({ id }) => id === made.body.id)).toBe(false);
    expect(await remote.docker('volume', 'ls', '--format', '{{.Name}}')).not.toContain(
      String(made.body.volume),
    );
  }, 120_000);

  it('takes a form of Python’s urllib, and says 202 where it does not wait', async () => {
    const script = `
import json, sys, urllib.parse, urllib.request
form = urllib.parse.urlencode({'image': '${image}', 'name': 'by form', 'wait': '0'}).encode()
request = urllib.request.Request(sys.argv[1] + '/users/container', data=form, headers={'Authorization': 'Bearer me'})
with urllib.request.urlopen(request) as answer:
    print(json.dumps([answer.status, answer.headers['Location'], json.loads(answer.read())]))
`;
    const [status, location, body] = (await python(script)) as [number, string, Record<string, unknown>];
    expect(status).toBe(202);
    const operation = body.operation as { id: `op_${string}`; href: string };
    expect(location).toBe(operation.href);
    await plane.succeeded(operation.id);
  }, 60_000);

  it('lets an operator with the key, and without an account, remove a container by its name', async () => {
    const project = await plane.createProject(image, { name: 'operated' });
    const workspace = await plane.createWorkspace({ host, project, name: 'somebody’s' });
    const name = (await remote.docker('inspect', '--format', '{{.Name}}', workspace.containerId ?? ''))
      .trim()
      .slice(1);
    expect((await curl('DELETE', `/container/${name}`)).status).toBe(404);
    expect((await curl('DELETE', `/container/${name}?delete_key=wrong`)).status).toBe(404);
    const removed = await curl('DELETE', `/container/${name}`, ...json({ delete_key: 'the operator’s key' }));
    expect(removed).toMatchObject({ status: 200, body: { status: 'removed', name, volume: 'kept' } });
    expect(await remote.docker('ps', '--all', '--format', '{{.Names}}')).not.toContain(name);
    expect(await remote.docker('volume', 'ls', '--format', '{{.Name}}')).toContain(workspace.volumeName);
    const outcomes = server.audited.map(({ action, outcome, subject }) => [action, outcome, subject]);
    expect(outcomes).toEqual([
      ['container.delete-key', 'not-found', name],
      ['container.delete-key', 'done', name],
    ]);
    expect(JSON.stringify([server.audited, server.log.entries])).not.toContain('operator’s key');
  }, 60_000);
});

describe('the snapshot service', () => {
  it('makes, lists and restores snapshots by the names of workspaces and snapshots', async () => {
    const project = await plane.createProject(image, { name: 'snapped' });
    const workspace = await plane.createWorkspace({ host, project, name: 'to snap' });
    const sh = async (script: string) => {
      const now = await plane.workspaceIn(workspace.id, 'running');
      return (await remote.docker('exec', now.containerId ?? '', 'sh', '-c', script)).trim();
    };
    await sh('echo one > /home/dev/state');
    const made = await curl(
      'POST',
      '/snapshot/create',
      ...signedIn,
      ...json({ workspace: 'to snap', snapshot: 'first', note: 'a note' }),
    );
    expect(made).toMatchObject({
      status: 201,
      body: { snapshot: 'first', note: 'a note', workspace: 'to snap', status: 'created' },
    });
    await sh('echo two > /home/dev/state');
    const taken = await curl(
      'POST',
      '/snapshot/create',
      ...signedIn,
      ...json({ workspace: 'to snap', snapshot: 'first' }),
    );
    expect(taken).toMatchObject({ status: 409, body: { error: { code: 'snapshot.name-taken' } } });
    const several = await curl(
      'POST',
      '/snapshot/create',
      ...signedIn,
      ...json({ user: 'me', snapshot: 'x' }),
    );
    expect(several).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
    const other = await curl('GET', '/snapshot/list?user=somebody', ...signedIn);
    expect(other.status).toBe(404);
    const restored = await curl(
      'POST',
      '/snapshot/restore',
      ...signedIn,
      ...json({ workspace: workspace.id, snapshot: 'first', safety: false, wait: 60 }),
    );
    expect(restored).toMatchObject({ status: 200, body: { status: 'restored', snapshot: 'first' } });
    expect(await sh('cat /home/dev/state')).toBe('one');
    const list = await curl('GET', '/snapshot/list?workspace=to%20snap', ...signedIn);
    expect(list.body.map((one) => (one as { snapshot: string }).snapshot)).toEqual(['first']);
    const missing = await curl(
      'POST',
      '/snapshot/restore',
      ...signedIn,
      ...json({ workspace: 'to snap', snapshot: 'second' }),
    );
    expect(missing.status).toBe(404);
  }, 180_000);
});
