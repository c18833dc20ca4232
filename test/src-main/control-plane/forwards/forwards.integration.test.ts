/** Forwards into a workspace of a real host: what goes through them, and what they do when the way is cut. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Forward } from '#contract/forwards.ts';
import type { Host } from '#contract/hosts.ts';
import type { ForwardId } from '#contract/ids.ts';
import type { InputOf } from '#contract/index.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { loadImage, nodeImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { runProcess } from '#test/servers/run-process.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

/**
 * 3000: a web server, on the loopback alone; 7000: sends back what it got, backwards, when all of it is there; 7100: pours;
 * 7200, and 7201 on the loopback alone: end or reset as they are told, and remember how their last client went.
 */
const servers = `
const { createServer } = require('node:net');
const body = Buffer.alloc(8_000_000, 'berth ');
let last = 'nobody';
require('node:http').createServer((request, response) => {
  if (request.url === '/last') return void response.end(last);
  if (request.url !== '/big') return void response.end('hello from the workspace');
  const from = Number(/bytes=(\\d+)-/.exec(request.headers.range ?? 'bytes=0-')[1]);
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': body.length - from });
  response.write(body.subarray(from, from + 1_000_000));
  // The rest only once somebody says so: a download that is under way for as long as a test wants.
  if (request.headers.range) response.end(body.subarray(from + 1_000_000));
}).listen(3000, '127.0.0.1');
createServer({ allowHalfOpen: true }, (socket) => {
  const all = [];
  socket.on('error', () => {}).on('data', (bytes) => all.push(bytes));
  socket.on('end', () => socket.end(Buffer.concat(all).reverse()));
}).listen(7000, '0.0.0.0');
createServer((socket) => {
  const pour = () => { while (socket.write(Buffer.alloc(65536))); };
  socket.on('error', () => {}).on('drain', pour);
  pour();
}).listen(7100);
for (const [port, host] of [[7200, '0.0.0.0'], [7201, '127.0.0.1']])
  createServer({ allowHalfOpen: true }, (socket) => {
    last = 'here';
    socket.on('error', ({ code }) => (last = code)).on('end', () => (last = 'end'));
    socket.on('data', (word) => {
      if (String(word) === 'end') socket.end('all of it');
      if (String(word) === 'reset') socket.write('a part', () => setTimeout(() => socket.resetAndDestroy(), 20));
      if (String(word) === 'stay') socket.write('here');
    });
  }).listen(port, host);
`;
const bigSha = createHash('sha256').update(Buffer.alloc(8_000_000, 'berth ')).digest('hex');

let remote: RemoteHost;
let plane: TestPlane;
let folder: string;
let host: Host;
let workspace: Workspace;
const ends: (() => void)[] = [];

beforeAll(async () => {
  remote = await startRemoteHost();
  await loadImage(remote, await nodeImage());
  folder = await mkdtemp(join(tmpdir(), 'berth-forwards-'));
  plane = await startPlane({ folder });
  host = await plane.addHost(remote);
  const project = await plane.createProject('berth-node:test', {
    limits: { cpus: null, memoryBytes: null, pids: 256 },
    apps: [
      {
        name: 'The site',
        port: 3000,
        protocol: 'http',
        path: '/',
        login: { how: 'none' },
        isMain: true,
      },
    ],
  });
  workspace = await plane.createWorkspace({ host, project, name: 'API Server' });
  await serve();
}, 120_000);
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  const forwards = await plane.until('forwards.watch', {}, (all) => all);
  for (const { id } of forwards) await plane.client.call('forwards.remove', { id });
});

/** Begins the servers in the run of the workspace that there is now. */
async function serve(): Promise<void> {
  const { containerId } = await plane.workspaceIn(workspace.id, 'running');
  await remote.docker('exec', '-d', containerId ?? '', 'node', '-e', servers);
}

function make(over: Partial<InputOf<'forwards.create'>> = {}): Promise<Forward> {
  return plane.client.call('forwards.create', {
    workspaceId: workspace.id,
    kind: 'tcp',
    port: 3000,
    ...over,
  });
}
const isIn = (id: ForwardId, state: Forward['state']) =>
  plane.until('forwards.watch', {}, (all) => all.find((one) => one.id === id && one.state === state));

function dial(port: number | null): Socket {
  const socket = connect({ port: port ?? 0, host: '127.0.0.1', allowHalfOpen: true });
  // Whoever waits for it hears of it.
  socket.on('error', () => undefined);
  ends.push(() => socket.destroy());
  return socket;
}
/** Sends all of it, says that this is the end, and takes what comes back. */
async function exchange(port: number | null, bytes: Buffer): Promise<Buffer> {
  const socket = dial(port);
  socket.end(bytes);
  return await buffer(socket);
}
async function fetched(port: number | null, path = '/', headers = {}): Promise<IncomingMessage> {
  const request = get({ port: port ?? 0, host: '127.0.0.1', path, headers, agent: false });
  ends.push(() => request.destroy());
  const answered = once(request, 'response');
  // What breaks later is the response's error too.
  request.on('error', () => undefined);
  const [response] = (await answered) as [IncomingMessage];
  return response;
}
const page = async (port: number | null) => text(await fetched(port));

describe('ports', () => {
  it('are seen from the host while something listens on them', async () => {
    const seen = await plane.until('forwards.ports', {}, (all) =>
      all.find(({ id, ports }) => id === workspace.id && ports.length === 5),
    );
    expect(seen.problem).toBeNull();
    expect(
      seen.ports.map(({ port, reach, program, name, protocol }) => [port, reach, program, name, protocol]),
    ).toEqual([
      [3000, 'loopback', 'node', 'The site', 'http'],
      [7000, 'network', 'node', '', null],
      [7100, 'network', 'node', '', null],
      [7200, 'network', 'node', '', null],
      [7201, 'loopback', 'node', '', null],
    ]);
    const ask = (port: number) => plane.client.call('forwards.probe', { workspaceId: workspace.id, port });
    expect(await ask(3000)).toEqual({ protocol: 'http' });
    await expect(ask(9)).rejects.toMatchObject({ code: 'workspace.port-refused' });
  });

  it('get their forwards by rule, for as long as they listen', async () => {
    await plane.client.call('forwards.setRules', {
      workspaceId: workspace.id,
      rules: [{ fromPort: 7000, toPort: 7050, kind: 'tcp' }],
      announces: true,
    });
    const made = await plane.until('forwards.watch', {}, (all) =>
      all.find(({ port, isByRule, state }) => port === 7000 && isByRule && state === 'ready'),
    );
    expect((await exchange(made.localPort, Buffer.from('abc'))).toString()).toBe('cba');
    await plane.client.call('forwards.setRules', { workspaceId: workspace.id, rules: [], announces: false });
    await plane.until('forwards.watch', {}, (all) => (all.length === 0 ? true : undefined));
  });
});

describe('a TCP forward', () => {
  it('is one of fifty that carry megabytes at once, and each direction ends by itself', async () => {
    const forwards = await Promise.all(Array.from({ length: 50 }, () => make({ port: 7000 })));
    expect(new Set(forwards.map(({ localPort }) => localPort)).size).toBe(50);
    expect(forwards.filter(({ localPort }) => localPort === 7000)).toHaveLength(1);
    const sent = forwards.map(() => randomBytes(300_000));
    const back = await Promise.all(
      forwards.map(({ localPort }, index) => exchange(localPort, sent[index] ?? Buffer.alloc(0))),
    );
    expect(back.map((bytes) => bytes.reverse())).toEqual(sent);
    const one = forwards[0];
    const counted = await plane.until('forwards.watch', {}, (all) =>
      all.find(
        ({ id, traffic }) => id === one?.id && traffic.connections === 0 && traffic.allConnections > 0,
      ),
    );
    expect(counted.traffic).toMatchObject({ sentBytes: 300_000, receivedBytes: 300_000, allConnections: 1 });
    expect(counted.traffic.usedAt).not.toBeNull();
  });

  it('listens on the loopback alone', async () => {
    const { localPort } = await make();
    expect(await page(localPort)).toBe('hello from the workspace');
    const outside = connect({ port: localPort ?? 0, host: remote.gatewayAddress });
    const [error] = (await once(outside, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
  });

  it('takes thousands of short connections and keeps none', async () => {
    const { id, localPort } = await make();
    for (let round = 0; round < 20; round++)
      await Promise.all(Array.from({ length: 50 }, () => page(localPort)));
    const { traffic } = await plane.until('forwards.watch', {}, (all) =>
      all.find(
        (one) => one.id === id && one.traffic.allConnections === 1000 && one.traffic.connections === 0,
      ),
    );
    expect(traffic.receivedBytes).toBeGreaterThan(1000 * 'hello from the workspace'.length);
  });

  it('is not held up by another that is flooded and not read', async () => {
    const [flooded, other] = await Promise.all([make({ port: 7100 }), make()]);
    const flood = dial(flooded.localPort);
    await once(flood, 'readable');
    expect(await page(other.localPort)).toBe('hello from the workspace');
    await plane.until('forwards.watch', {}, (all) =>
      all.find((one) => one.id === flooded.id && one.traffic.receivedBytes > 65_536),
    );
    expect(await page(other.localPort)).toBe('hello from the workspace');
  });

  it('whose port is taken says so, and listens once it is free', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    ends.push(() => holder.close());
    const { port } = holder.address() as AddressInfo;
    await expect(make({ localPort: port })).rejects.toMatchObject({
      code: 'forward.port-taken',
      details: { port, program: expect.stringMatching(/./) },
    });
    const { id } = await make();
    await expect(plane.client.call('forwards.edit', { id, localPort: port })).rejects.toMatchObject({
      code: 'forward.port-taken',
    });
    holder.close();
    await once(holder, 'close');
    const moved = await plane.client.call('forwards.edit', { id, localPort: port });
    expect([moved.localPort, await page(port)]).toEqual([port, 'hello from the workspace']);
    await plane.client.call('forwards.stop', { id });
    const again = createServer().listen(port, '127.0.0.1');
    await once(again, 'listening');
    await expect(plane.client.call('forwards.start', { id })).rejects.toMatchObject({
      code: 'forward.port-taken',
    });
    expect(await isIn(id, 'failed')).toMatchObject({ problem: { code: 'forward.port-taken' } });
    again.close();
    await once(again, 'close');
    expect((await plane.client.call('forwards.restart', { id })).state).toBe('ready');
    expect(await page(port)).toBe('hello from the workspace');
  });
});

describe('what a server breaks off', () => {
  /** What came, and how it ended: `null` or the error's code. */
  async function told(socket: Socket): Promise<[text: string, code: string | null]> {
    let came = '';
    socket.on('data', (bytes) => (came += String(bytes)));
    const code = await new Promise<string | null>((resolve) => {
      socket.once('end', () => resolve(null));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
    return [came, code];
  }

  it.each([
    ['over the bridge', 7200],
    ['through the relay', 7201],
  ])('is broken off here, and what it ends is ended: %s', async (_, port) => {
    const { localPort } = await make({ port });
    // One that stays half-open makes the next no end.
    for (const [word, outcome] of [
      ['reset', ['a part', 'ECONNRESET']],
      ['end', ['all of it', null]],
      ['reset', ['a part', 'ECONNRESET']],
      ['end', ['all of it', null]],
    ] as const) {
      const socket = dial(localPort);
      socket.write(word);
      expect(await told(socket), word).toEqual(outcome);
    }
  });

  it('is so through SOCKS', async () => {
    const { localPort } = await make({ kind: 'socks', port: null });
    for (const [word, outcome] of [
      ['reset', ['a part', 'ECONNRESET']],
      ['end', ['all of it', null]],
    ] as const) {
      const socket = dial(localPort);
      socket.write(Buffer.of(5, 1, 0));
      expect(await once(socket, 'data')).toEqual([Buffer.of(5, 0)]);
      socket.write(Buffer.of(5, 1, 0, 1, 127, 0, 0, 1, 7200 >> 8, 7200 & 255));
      expect((await once(socket, 'data')) as [Buffer]).toMatchObject([{ 1: 0 }]);
      socket.write(word);
      expect(await told(socket)).toEqual(outcome);
    }
  });

  it('reaches it, too, where a client here breaks off, through the relay', async () => {
    const [site, forward] = await Promise.all([make(), make({ port: 7201 })]);
    const last = async () => text(await fetched(site.localPort, '/last'));
    for (const [leave, outcome] of [
      [(socket: Socket) => socket.resetAndDestroy(), 'ECONNRESET'],
      [(socket: Socket) => socket.end(), 'end'],
    ] as const) {
      const socket = dial(forward.localPort);
      socket.write('stay');
      await once(socket, 'data');
      leave(socket);
      await waitUntil(async () => (await last()) === outcome, { what: `the server is told: ${outcome}` });
    }
  });

  it('is so from the workspace to this computer, both ways', async () => {
    const ways: string[] = [];
    const here = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', (error: NodeJS.ErrnoException) => ways.push(error.code ?? ''));
      socket.on('data', (word) => {
        if (String(word) === 'reset') socket.resetAndDestroy();
        else socket.write('here');
      });
    }).listen(0, '127.0.0.1');
    await once(here, 'listening');
    ends.push(() => here.close());
    const { port: localPort } = here.address() as AddressInfo;
    const { id } = await make({ kind: 'remote', port: 9200, localPort });
    await isIn(id, 'ready');
    const run = async (code: string) => {
      const { containerId } = await plane.workspaceIn(workspace.id, 'running');
      const socket = "const s = require('node:net').connect(9200, '127.0.0.1');";
      return await remote.docker('exec', containerId ?? '', 'node', '-e', socket + code);
    };
    const say =
      "s.on('error', (e) => console.log(e.code)).on('end', () => console.log('end')).write('reset');";
    expect((await run(say)).trim()).toBe('ECONNRESET');
    await run("s.on('data', () => s.resetAndDestroy()).write('stay');");
    await waitUntil(() => ways.includes('ECONNRESET'), { what: 'the server here is told' });
  });
});

describe('a SOCKS forward', () => {
  it('begins its connections in the workspace', async () => {
    const { localPort } = await make({ kind: 'socks', port: null });
    const curl = (...words: string[]) =>
      runProcess([
        'curl',
        '-sS',
        '--max-time',
        '20',
        '--socks5-hostname',
        `127.0.0.1:${localPort}`,
        ...words,
      ]);
    expect(await curl('http://localhost:3000/')).toMatchObject({
      exitCode: 0,
      stdout: 'hello from the workspace',
    });
    expect(await curl('http://127.0.0.1:3000/')).toMatchObject({
      exitCode: 0,
      stdout: 'hello from the workspace',
    });
    // 97: the proxy refused; it names the reply of RFC 1928.
    expect(await curl('http://localhost:9/')).toMatchObject({
      exitCode: 97,
      stderr: expect.stringContaining('(5)'),
    });
    expect(await curl('http://nowhere.invalid/')).toMatchObject({
      exitCode: 97,
      stderr: expect.stringContaining('(4)'),
    });
  });
});

describe('a remote forward', () => {
  it('leads from the workspace to this computer, also after the workspace was started anew', async () => {
    const here = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('this computer');
    }).listen(0, '127.0.0.1');
    await once(here, 'listening');
    ends.push(() => here.close());
    const { port } = here.address() as AddressInfo;
    const { id } = await make({ kind: 'remote', port: 9100, localPort: port });
    await isIn(id, 'ready');
    const ask = async () => {
      const { containerId } = await plane.workspaceIn(workspace.id, 'running');
      const read =
        "require('node:net').connect(9100, '127.0.0.1').on('data', (b) => process.stdout.write(b)).on('error', (e) => { throw e; })";
      return await remote.docker('exec', containerId ?? '', 'node', '-e', read);
    };
    expect(await ask()).toBe('this computer');
    const { ports } = await plane.until('forwards.ports', {}, (all) =>
      all.find(({ ports: { length } }) => length > 0),
    );
    expect(ports.map((one) => one.port)).not.toContain(9100);
    await expect(make({ kind: 'remote', port: 9100, localPort: 1 })).rejects.toMatchObject({
      code: 'forward.exists',
    });
    const taken = await make({ kind: 'remote', port: 7000, localPort: port });
    expect(await isIn(taken.id, 'failed')).toMatchObject({ problem: { code: 'forward.port-taken' } });

    const { id: operation } = await plane.client.call('workspaces.restart', { id: workspace.id });
    await plane.succeeded(operation);
    await isIn(id, 'ready');
    expect(await ask()).toBe('this computer');
    await isIn(taken.id, 'ready');
  });
});

describe('when the way is cut', () => {
  it('breaks off what is open, says so in HTTP, and works again on the same port; a download resumes', async () => {
    await serve();
    const { id, localPort } = await make();
    await waitUntil(async () => (await page(localPort)) === 'hello from the workspace', {
      what: 'the server answers',
    });
    const download = await fetched(localPort, '/big');
    const part: Buffer[] = [];
    download.on('data', (bytes: Buffer) => part.push(bytes));
    await waitUntil(() => Buffer.concat(part).length === 1_000_000, { what: 'the first megabyte is there' });
    const broken = once(download, 'error');
    await remote.blackhole();
    // Whoever wants something finds out that nobody answers.
    const [away, [error]] = await Promise.all([fetched(localPort), broken]);
    expect((error as NodeJS.ErrnoException).code).toBe('ECONNRESET');
    expect(await isIn(id, 'waiting')).toMatchObject({ localPort, problem: null });
    expect([away.statusCode, away.headers['retry-after']]).toEqual([503, '3']);
    expect(await text(away)).toMatch(
      /http-equiv="refresh".*Port 3000 of API Server cannot be reached just now/s,
    );
    const raw = dial(localPort);
    raw.write(Buffer.of(0x16, 0x03, 0x01));
    const [reset] = (await once(raw, 'error')) as [NodeJS.ErrnoException];
    expect(reset.code).toBe('ECONNRESET');

    await remote.heal();
    await isIn(id, 'ready');
    const rest = await fetched(localPort, '/big', { range: 'bytes=1000000-' });
    expect(rest.statusCode).toBe(206);
    const whole = Buffer.concat([...part, await buffer(rest)]);
    expect(createHash('sha256').update(whole).digest('hex')).toBe(bigSha);
  });

  it('makes another relay where the one it had was killed', async () => {
    const { id, localPort } = await make();
    const open = dial(localPort);
    await once(open, 'connect');
    expect(await page(localPort)).toBe('hello from the workspace');
    const relays = (await remote.docker('ps', '-q', '--filter', 'name=berth-dial-'))
      .split(/\s+/)
      .filter(Boolean);
    expect(relays).toHaveLength(1);
    const gone = once(open, 'error');
    await remote.docker('kill', ...relays);
    await gone;
    expect(await page(localPort)).toBe('hello from the workspace');
    expect((await plane.client.call('forwards.restart', { id })).localPort).toBe(localPort);
    expect(await page(localPort)).toBe('hello from the workspace');
  });

  it('waits for a workspace that is stopped, and for one that wakes', async () => {
    const { id, localPort } = await make();
    const stop = await plane.client.call('workspaces.stop', { id: workspace.id });
    await plane.succeeded(stop.id);
    await isIn(id, 'waiting');
    const away = await fetched(localPort);
    expect([away.statusCode, await text(away)]).toEqual([503, expect.stringContaining('is not running')]);
    const start = await plane.client.call('workspaces.start', { id: workspace.id });
    await plane.succeeded(start.id);
    await isIn(id, 'ready');
    // It runs, and its server does not yet.
    expect((await fetched(localPort)).statusCode).toBe(503);
    await serve();
    await waitUntil(async () => (await page(localPort)) === 'hello from the workspace', {
      what: 'the server answers',
    });
  });
});

describe('an app', () => {
  it('keeps its label, and its door leads to it with both directions apart', async () => {
    const app = await make({ kind: 'app' });
    expect(app).toMatchObject({ name: 'The site', protocol: 'http', localPort: null, origin: null });
    await expect(make({ kind: 'app' })).rejects.toMatchObject({ code: 'forward.exists' });
    expect(
      await plane.client.call('forwards.openPort', { workspaceId: workspace.id, port: 3000 }),
    ).toMatchObject({ id: app.id });
    await expect(plane.client.call('forwards.open', { id: app.id })).rejects.toMatchObject({
      code: 'app.no-address',
    });
  });
});

describe('after Berth ended', () => {
  it('a forward listens on the port that it had', async () => {
    const { id, localPort } = await make({ localPort: null });
    const stopped = await make({ port: 7000 });
    await plane.client.call('forwards.stop', { id: stopped.id });
    await plane.close();
    const refused = dial(localPort);
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    plane = await startPlane({ folder });
    await plane.hostReady(host.id);
    expect(await isIn(id, 'ready')).toMatchObject({ localPort });
    expect(await isIn(stopped.id, 'stopped')).toMatchObject({ localPort: stopped.localPort });
    expect(await page(localPort)).toBe('hello from the workspace');
  });

  it('by SIGKILL, amid traffic, nothing of it is left there; started again all is where it was', async () => {
    const wanted = [
      await make(),
      await make({ port: 7000 }),
      await make({ kind: 'socks', port: null }),
      await make({ kind: 'remote', port: 9300, localPort: 9 }),
    ];
    const rules = [{ fromPort: 7100, toPort: 7100, kind: 'tcp' as const }];
    await plane.client.call('forwards.setRules', { workspaceId: workspace.id, rules, announces: false });
    const ruled = await plane.until('forwards.watch', {}, (all) =>
      all.find(({ isByRule, state }) => isByRule && state === 'ready'),
    );
    const { containerId } = await plane.workspaceIn(workspace.id, 'running');
    await plane.close();
    /** What only a Berth that is there has on the host: its connections, and relays beside the workspace. */
    const left = async () => {
      const lines = (await remote.runChecked(['ps', '-eo', 'args'])).split('\n');
      const helpers = await remote.docker('ps', '-aq', '--filter', 'name=berth-dial-');
      return [
        ...lines.filter((line) => /^sshd: root|python/.test(line)),
        ...helpers.split('\n').filter(Boolean),
      ];
    };
    const isGone = () =>
      waitUntil(async () => (await left()).length === 0, { what: 'nothing of it is left on the host' });
    const within = () => remote.docker('top', containerId ?? '', '-eo', 'pid,args');
    await isGone();
    const before = await within();

    const child = new URL('../../../harness/serving-child.ts', import.meta.url).pathname;
    const run = spawn(process.execPath, [child, folder, host.id], { stdio: ['ignore', 'pipe', 'inherit'] });
    ends.push(() => run.kill('SIGKILL'));
    await once(run.stdout, 'data');
    const [site, echo, socks] = wanted;
    const download = await fetched(site?.localPort ?? null, '/big');
    await once(download, 'data');
    const flood = dial(ruled.localPort);
    await once(flood, 'readable');
    const upload = dial(echo?.localPort ?? null);
    upload.write(randomBytes(200_000));
    await once(dial(socks?.localPort ?? null), 'connect');
    expect((await left()).length).toBeGreaterThan(2);
    const cut = once(download, 'error');
    const exited = once(run, 'exit');
    run.kill('SIGKILL');
    expect(await exited).toEqual([null, 'SIGKILL']);
    await cut;
    await isGone();
    expect(await within()).toBe(before);

    plane = await startPlane({ folder });
    await plane.hostReady(host.id);
    for (const one of [...wanted, ruled])
      expect(await isIn(one.id, 'ready')).toMatchObject({ localPort: one.localPort, port: one.port });
    expect(await page(site?.localPort ?? null)).toBe('hello from the workspace');
    expect((await exchange(echo?.localPort ?? null, Buffer.from('abc'))).toString()).toBe('cba');
    const kept = await plane.until('forwards.rules', {}, (all) => all.find(({ id }) => id === workspace.id));
    expect(kept).toMatchObject({ rules });
    await plane.client.call('forwards.setRules', { workspaceId: workspace.id, rules: [], announces: false });
  });

  it('a workspace that is destroyed takes its forwards with it', async () => {
    const { localPort } = await make();
    const { id } = await plane.client.call('workspaces.destroy', { id: workspace.id, keepVolume: false });
    await plane.succeeded(id);
    await plane.until('forwards.watch', {}, (all) => (all.length === 0 ? true : undefined));
    const refused = dial(localPort);
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
  });
});
