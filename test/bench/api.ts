/**
 * The API beside the least that a server can be: requests per second and their 99th percentile under fifty clients, two
 * hundred terminals over WebSockets at once, and what a start takes until the API answers.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { projectDefaults } from '#contract/projects.ts';
import { endWithThisProcess, stopProcess } from '#test/servers/stop-process.ts';
import { underLoad } from './api-load.ts';
import type { BenchWorld } from './bench-world.ts';
import { type AddMeasure, elapsedMs, inTurns, type Series, within } from './measures.ts';
import { memoryMb } from './process-figures.ts';
import { startServedProcess } from './served-process.ts';

const clients = 50;
const listed = 100;
const own = 'Berth';
const bare = 'Node’s http and one statement';
/** A person may make 6,000 calls a minute, which is not what is measured here. */
const env = { BERTH_RATE_LIMIT: '0' };

export async function measureApi(world: BenchWorld, add: AddMeasure): Promise<void> {
  await measureRequests(world.isQuick, add);
  await measureTerminals(world, add);
  await measureApiStart(world.isQuick, add);
}

async function measureRequests(isQuick: boolean, add: AddMeasure): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-api-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const served = stack.use(await startServedProcess({ env }));
  const { key, origin } = await newKey(served);
  const authorization = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  const projects = Array.from({ length: listed }, (_, number) => projectBody(`listed ${number}`));
  for (const body of projects)
    await fetch(`${origin}/v1/projects`, { method: 'POST', headers: authorization, body });
  const other = stack.use(await startBareServer(join(folder, 'bare.db')));

  const forMs = isQuick ? 1_000 : 4_000;
  const rounds = isQuick ? 1 : 3;
  let made = 0;
  const loads = [
    { id: 'list', title: `a list of ${listed} projects`, method: 'GET' as const },
    {
      id: 'create',
      title: 'making a project',
      method: 'POST' as const,
      body: () => {
        made += 1;
        return projectBody(`made ${made}`);
      },
    },
  ];
  for (const { id, title, method, body } of loads) {
    const slowest = new Map<string, number[]>([
      [own, []],
      [bare, []],
    ]);
    const take = (who: string, url: string, headers: Record<string, string>) => async () => {
      const load = { url, method, headers, clients, forMs, ...(body === undefined ? {} : { body }) };
      const { perSecond, samples } = await underLoad(load);
      slowest.get(who)?.push(percentile99(samples));
      return perSecond;
    };
    const series = await inTurns(rounds, [
      // A hundred more or less at the end of the list: a page has the same size.
      [own, take(own, `${origin}/v1/projects${method === 'GET' ? `?limit=${listed}` : ''}`, authorization)],
      [bare, take(bare, `http://127.0.0.1:${other.port}/projects`, {})],
    ]);
    add({ id: `api-${id}`, title: `Requests, ${clients} clients: ${title}`, unit: '/s', series });
    const [first, ...rest] = [...slowest].map(([name, samples]): Series => ({ name, samples }));
    if (first !== undefined)
      add({
        id: `api-${id}-p99`,
        title: `The 99th percentile of these`,
        unit: 'ms',
        series: [first, ...rest],
      });
  }
  add({
    id: 'api-memory',
    title: 'Memory of the plane after these',
    unit: 'MB',
    series: [{ name: own, samples: [await memoryMb(served.pid)] }],
  });
}

/** All of them in one workspace, each with a shell of its own, as programs open them. */
async function measureTerminals(world: BenchWorld, add: AddMeasure): Promise<void> {
  const count = world.isQuick ? 20 : 200;
  await using served = await startServedProcess({ env, args: ['--add-host', world.addHostPath] });
  const { key, origin, projectId } = await newKey(served, true);
  const url = `${origin.replace('http', 'ws')}/ws/me/${projectId}`;
  const idle = await memoryMb(served.pid);
  const sockets: ShellSocket[] = [];
  try {
    const first = await ShellSocket.open(url, key);
    sockets.push(first);
    const alone = await first.echoes(world.isQuick ? 10 : 50);
    const opening = await elapsedMs(async () => {
      while (sockets.length < count) {
        const more = Math.min(10, count - sockets.length);
        sockets.push(...(await Promise.all(Array.from({ length: more }, () => ShellSocket.open(url, key)))));
      }
    });
    const together = (
      await Promise.all(sockets.map((socket) => socket.echoes(world.isQuick ? 2 : 3)))
    ).flat();
    const quiet = await first.echoes(world.isQuick ? 10 : 50);
    add({
      id: 'api-terminals-open',
      title: `Terminals over WebSockets, each of ${count}, open`,
      unit: 'ms',
      series: [{ name: own, samples: [opening / (count - 1)] }],
    });
    add({
      id: 'api-terminals-echo',
      title: `Key to echo over a WebSocket, ${count} open`,
      unit: 'ms',
      series: [
        { name: own, samples: quiet },
        { name: 'the only one open', samples: alone },
        { name: `all ${count} typing at once`, samples: together },
      ],
    });
    add({
      id: 'api-terminals-memory',
      title: `Memory of the plane, ${count} terminals over WebSockets`,
      unit: 'MB',
      series: [
        { name: own, samples: [await memoryMb(served.pid)] },
        { name: 'before the first', samples: [idle] },
      ],
    });
  } finally {
    for (const socket of sockets) socket.close();
  }
}

async function measureApiStart(isQuick: boolean, add: AddMeasure): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-api-'));
  try {
    let number = 0;
    const series = await inTurns(isQuick ? 2 : 5, [
      [
        own,
        () =>
          elapsedMs(async () => {
            await using served = await startServedProcess();
            const { origin } = new URL(await served.link());
            const health = await fetch(`${origin}/health/ready`);
            if (!health.ok) throw new Error(`not ready: ${health.status}`);
          }),
      ],
      [
        bare,
        () =>
          elapsedMs(async () => {
            number += 1;
            await using other = await startBareServer(join(folder, `start-${number}.db`));
            await fetch(`http://127.0.0.1:${other.port}/`);
          }),
      ],
    ]);
    add({ id: 'api-start', title: 'Start to the first answer of the API', unit: 'ms', series });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** An API key of the local owner; with `withWorkspace` also the project of a workspace that runs. */
async function newKey(
  served: Awaited<ReturnType<typeof startServedProcess>>,
  withWorkspace = false,
): Promise<{ key: string; origin: string; projectId: string }> {
  const link = await served.link();
  const plane = await served.connect();
  try {
    const { key } = await plane.client.call('apiKeys.create', {
      name: 'bench',
      scopes: [
        'projects.read',
        'projects.write',
        'workspaces.read',
        'workspaces.write',
        'terminals.read',
        'terminals.write',
      ],
      expiresInDays: 1,
    });
    const workspace = withWorkspace
      ? await plane.until('workspaces.watch', {}, (all) => all.find((one) => one.state === 'running'))
      : undefined;
    return { key, origin: new URL(link).origin, projectId: workspace?.projectId ?? '' };
  } finally {
    plane.client.close();
  }
}

function projectBody(name: string): string {
  return JSON.stringify({ ...projectDefaults, name, image: 'debian:12' });
}

async function startBareServer(path: string): Promise<AsyncDisposable & { readonly port: number }> {
  const script = join(import.meta.dirname, 'bare-server.ts');
  const child = spawn(process.execPath, [script, path, String(listed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithThisProcess(child);
  const [chunk] = (await within(10_000, 'the bare server listens', once(child.stdout, 'data'))) as [Buffer];
  return { port: Number(chunk.toString()), [Symbol.asyncDispose]: () => stopProcess(child) };
}

function percentile99(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
}

/** A shell behind a WebSocket, as a script of ten lines has it. */
class ShellSocket {
  readonly #socket: WebSocket;
  #text = '';
  #onText: () => void = () => {};
  #end: string | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => {
      this.#end = `${code} ${reason.toString()}`;
      this.#onText();
    });
    socket.on('message', (data: Buffer) => {
      this.#text += data.toString();
      this.#onText();
    });
  }

  static async open(url: string, key: string): Promise<ShellSocket> {
    const socket = new WebSocket(url, { headers: { Authorization: `Bearer ${key}` } });
    const opened = new ShellSocket(socket);
    await within(60_000, 'a terminal opens', once(socket, 'open'));
    await opened.#until(/[$#] /);
    return opened;
  }

  /** Milliseconds from a character typed to the same one read, `count` times. */
  async echoes(count: number): Promise<number[]> {
    const samples: number[] = [];
    for (let number = 0; number < count; number++) {
      this.#text = '';
      const begunAtMs = performance.now();
      this.#socket.send('x');
      await this.#until(/x/);
      samples.push(performance.now() - begunAtMs);
    }
    return samples;
  }

  close(): void {
    this.#socket.terminate();
  }

  #until(pattern: RegExp): Promise<void> {
    const found = new Promise<void>((resolve, reject) => {
      const look = () => {
        if (this.#end !== undefined) return reject(new Error(`the socket was closed: ${this.#end}`));
        if (!pattern.test(this.#text)) return;
        this.#onText = () => {};
        resolve();
      };
      this.#onText = look;
      look();
    });
    return within(60_000, `the terminal shows ${String(pattern)}`, found).catch((cause: unknown) => {
      throw new Error(`${String(cause)}, but ${JSON.stringify(this.#text.slice(-200))}`, { cause });
    });
  }
}
