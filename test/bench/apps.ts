/**
 * A web app in a workspace: through Berth's gateway with all that it does on the way, through a bare TCP forward of Berth,
 * and through `ssh -L` to the container's own address. The same program answers all three.
 */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { loadImage, nodeImage } from '#test/servers/images.ts';
import { runChecked } from '#test/servers/run-process.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import type { BenchWorld } from './bench-world.ts';
import { elapsedMs, inTurns, type AddMeasure } from './measures.ts';

const port = 3000;
/** At once, as a browser does with one origin over HTTP/1.1. */
const browserConnections = 6;
const requestsOfPage = 50;
const block = Buffer.alloc(65_536, 'x');

/** Runs in the container. */
const program = `
const block = Buffer.alloc(65536, 'x');
require('node:http').createServer((request, response) => {
  const [, bytes] = /^\\/down\\/(\\d+)$/.exec(request.url) ?? [];
  if (request.method === 'POST') {
    request.resume();
    request.on('end', () => response.end('taken'));
  } else if (bytes !== undefined) {
    let left = Number(bytes);
    response.setHeader('Content-Length', left);
    const go = () => {
      while (left > 0) {
        const piece = block.subarray(0, Math.min(left, block.length));
        left -= piece.length;
        if (!response.write(piece)) return response.once('drain', go);
      }
      response.end();
    };
    go();
  } else response.end('x'.repeat(2000));
}).listen(${port}, '0.0.0.0');
`;

interface Way {
  readonly name: string;
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
}

export async function measureApps(world: BenchWorld, add: AddMeasure): Promise<void> {
  const ways = await openWays(world);
  const rounds = world.isQuick ? 2 : 4;
  const bytes = (world.isQuick ? 16 : 32) * 1_000_000;
  const each = (take: (way: Way) => Promise<number | readonly number[]>) =>
    inTurns(rounds, ways.map((way) => [way.name, () => take(way)] as const) as never);
  add({
    id: 'apps-down',
    title: 'Download from a web app',
    unit: 'MB/s',
    series: await each(async (way) => bytes / 1000 / (await elapsedMs(() => download(way, bytes)))),
  });
  add({
    id: 'apps-up',
    title: 'Upload to a web app',
    unit: 'MB/s',
    series: await each(async (way) => bytes / 1000 / (await elapsedMs(() => upload(way, bytes)))),
  });
  const small = world.isQuick ? 20 : 60;
  add({
    id: 'apps-request',
    title: 'A small request to a web app, one after the other',
    unit: 'ms',
    series: await each((way) =>
      overKept(1, async (agent) => {
        await fetchSmall(way, agent);
        const samples: number[] = [];
        for (let n = 0; n < small; n++) samples.push(await elapsedMs(() => fetchSmall(way, agent)));
        return samples;
      }),
    ),
  });
  add({
    id: 'apps-page',
    title: `A page of ${requestsOfPage} requests, ${browserConnections} at once`,
    unit: 'ms',
    series: await each((way) =>
      overKept(browserConnections, (agent) =>
        elapsedMs(() => Promise.all(Array.from({ length: requestsOfPage }, () => fetchSmall(way, agent)))),
      ),
    ),
  });
}

async function openWays(world: BenchWorld): Promise<readonly Way[]> {
  const { plane, remote, host } = world;
  await loadImage(remote, await nodeImage());
  const project = await plane.createProject('berth-node:test', {
    limits: { cpus: null, memoryBytes: null, pids: 1024 },
  });
  const { id, containerId } = await plane.createWorkspace({ host, project, name: 'app' });
  if (containerId === null) throw new Error('a running workspace has a container');
  await runChecked([...world.dockerLocal, 'exec', '-d', containerId, 'node', '-e', program]);
  const address = (
    await runChecked([
      ...world.dockerLocal,
      ...['inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', containerId],
    ])
  ).trim();

  const app = await plane.client.call('forwards.create', {
    workspaceId: id,
    kind: 'app',
    port,
    protocol: 'http',
  });
  const { url } = await plane.client.call('forwards.open', { id: app.id });
  const gateway = await letIn(new URL(url));
  const tcp = await plane.client.call('forwards.create', { workspaceId: id, kind: 'tcp', port });
  if (tcp.localPort === null) throw new Error('a TCP forward has a local port');
  const sshPort = await freePort();
  world.start([...world.ssh, '-N', '-L', `127.0.0.1:${sshPort}:${address}:${port}`, 'bench']);
  await waitUntil(() => isListening(sshPort), { what: 'ssh -L listens' });
  const ways: Way[] = [
    { name: 'Berth, as a web app', ...gateway },
    { name: 'Berth, TCP forward', port: tcp.localPort, headers: {} },
    { name: 'ssh -L', port: sshPort, headers: {} },
  ];
  for (const way of ways)
    await waitUntil(() => overKept(1, async (agent) => (await fetchSmall(way, agent)) === 200), {
      what: `${way.name} answers`,
    });
  return ways;
}

/** As a browser that follows the link. */
async function letIn(link: URL): Promise<Omit<Way, 'name'>> {
  const { host, origin, hash } = link;
  const at = Number(link.port);
  const outgoing = request({
    host: '127.0.0.1',
    port: at,
    method: 'POST',
    path: '/.berth/enter',
    agent: false,
    headers: { host, origin },
  });
  outgoing.end(hash.slice(1));
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  answer.resume();
  const [cookie = ''] = answer.headers['set-cookie']?.[0]?.split(';') ?? [];
  return { port: at, headers: { host, cookie } };
}

async function download({ port: at, headers }: Way, bytes: number): Promise<void> {
  const outgoing = request({ host: '127.0.0.1', port: at, path: `/down/${bytes}`, headers, agent: false });
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  let taken = 0;
  for await (const chunk of answer) taken += (chunk as Buffer).length;
  if (taken !== bytes) throw new Error(`${taken} bytes of ${bytes} came`);
}

async function upload({ port: at, headers }: Way, bytes: number): Promise<void> {
  const outgoing = request({
    host: '127.0.0.1',
    port: at,
    method: 'POST',
    path: '/up',
    headers: { ...headers, 'content-length': String(bytes) },
    agent: false,
  });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  await pipeline(Readable.from(blocks(bytes), { objectMode: false }), outgoing);
  const [answer] = await answered;
  if (answer.statusCode !== 200) throw new Error(`the upload was answered with ${answer.statusCode}`);
  answer.resume();
  await once(answer, 'end');
}

function* blocks(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= block.length)
    yield block.subarray(0, Math.min(left, block.length));
}

async function fetchSmall({ port: at, headers }: Way, agent: Agent): Promise<number | undefined> {
  const outgoing = request({ host: '127.0.0.1', port: at, path: '/', headers, agent });
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  return answer.statusCode;
}

/** Over so many connections, which are kept until the end. */
async function overKept<T>(connections: number, use: (agent: Agent) => Promise<T>): Promise<T> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  try {
    return await use(agent);
  } finally {
    agent.destroy();
  }
}

async function isListening(at: number): Promise<boolean> {
  const socket = connect({ port: at, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: at } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return at;
}
