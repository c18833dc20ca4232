/**
 * The built `berth serve` as a person runs it, in a process of its own on a data folder of its own, and a client of it
 * over its real web socket. Owns both; `stop` ends them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket as NodeWebSocket } from 'ws';
import { projectRoot } from '#main/build-if-stale.ts';
import type { Plane } from '#main/control-plane/plane.ts';
import { createClient } from '#renderer/transport/client.ts';
import { webSocketConnection } from '#renderer/transport/websocket-connection.ts';
import { TestPlane } from '#test/harness/start-plane.ts';
import { endWithThisProcess, stopProcess } from '#test/servers/stop-process.ts';
import { within } from './measures.ts';

export interface ServedProcess extends AsyncDisposable {
  readonly pid: number;
  /** A command that works at it. */
  command(...words: string[]): readonly string[];
  /** Signs one browser in, once. Each call makes a new one, but for the first, which it printed. */
  link(): Promise<string>;
  /** A client of its own, signed in. */
  connect(): Promise<TestPlane>;
  stop(): Promise<void>;
}

export interface ServeOptions {
  /** As `--data-dir`; left in place. */
  readonly dataFolder?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const startTimeoutMs = 20_000;
const program = join(projectRoot, 'out', 'main', 'headless.js');

/** Resolves when it has printed its link. The project must be built. */
export async function startServedProcess(options: ServeOptions = {}): Promise<ServedProcess> {
  const homeFolder = await mkdtemp(join(tmpdir(), 'berth-bench-home-'));
  const dataFolder = options.dataFolder ?? join(homeFolder, 'data');
  // Nothing of the person who runs the bench: no agent, no keychain, no display, no configuration.
  const env = {
    PATH: process.env.PATH,
    HOME: homeFolder,
    XDG_RUNTIME_DIR: join(homeFolder, 'run'),
    LANG: 'C.UTF-8',
    ...options.env,
  };
  const argv = [program, 'serve', '--data-dir', dataFolder, '--port', '0', ...(options.args ?? [])];
  const child = spawn(process.execPath, argv, { cwd: projectRoot, env, stdio: ['ignore', 'pipe', 'pipe'] });
  endWithThisProcess(child);
  let freshLink: string | undefined;
  const stop = async () => {
    await stopProcess(child, 10_000);
    await rm(homeFolder, { recursive: true, force: true });
  };
  try {
    freshLink = await within(startTimeoutMs, 'berth serve prints its link', printedLink(child));
  } catch (error) {
    await stop();
    throw error;
  }
  const link = async () => {
    const present = freshLink;
    freshLink = undefined;
    return present ?? (await newLink(dataFolder, env));
  };
  return {
    pid: child.pid ?? -1,
    command: (...words) => [process.execPath, program, ...words, '--data-dir', dataFolder],
    link,
    connect: async () => signIn(await link(), dataFolder),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function printedLink(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const take = (chunk: Buffer) => {
      printed += chunk.toString();
      const found = /\bhttp:\S+\/sign-in#\S+/.exec(printed)?.[0];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('exit', (code) => reject(new Error(`berth serve ended with ${code}:\n${printed}`)));
  });
}

async function newLink(dataFolder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, [program, 'link', '--data-dir', dataFolder], {
    cwd: projectRoot,
    env,
  });
  endWithThisProcess(child);
  return within(startTimeoutMs, 'berth link prints a link', printedLink(child));
}

async function signIn(link: string, dataFolder: string): Promise<TestPlane> {
  const { origin, hash } = new URL(link);
  const post = async (path: string, body: unknown, cookie?: string) => {
    const response = await fetch(`${origin}/api/v1/${path}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-Berth': '1',
        Origin: origin,
        ...(cookie === undefined ? {} : { Cookie: cookie }),
      },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const session = await post('session', { ticket: hash.slice(1) });
  const cookie = session.headers.get('set-cookie')?.split(';')[0];
  const { ticket } = (await (await post('socket-ticket', {}, cookie)).json()) as { ticket: string };
  const socket = new NodeWebSocket(
    `${origin.replace('http', 'ws')}/api/v1/socket`,
    ['berth.v1', `ticket.${ticket}`],
    { origin, perMessageDeflate: false },
  );
  socket.binaryType = 'arraybuffer';
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  // ws speaks the browser's interface, as far as a window uses it.
  const client = createClient(webSocketConnection(socket as unknown as WebSocket));
  // The plane is another process; only the client's half of the harness is used.
  return new TestPlane({
    plane: { close: async () => undefined } as Plane,
    client,
    folder: dataFolder,
    quotas: new Map(),
    ownsFolder: false,
  });
}
