/** This computer as a host: real sockets, real programs, real terminals; no engine is needed. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import { createLocalConnector } from '#main/adapters/system/local-connector.ts';
import { chooseEngineSocket, engineSockets } from '#main/adapters/system/local-engine-socket.ts';
import type { HostConnection, Pty } from '#main/control-plane/interfaces/host-connection.ts';
import { MemoryLog } from '../ssh/connector-harness.ts';

let folder: string;
const servers: Server[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-local-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(folder, { recursive: true, force: true });
});

async function engineAt(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(`engine at ${path}`);
  });
  servers.push(server);
  server.listen(path);
  await once(server, 'listening');
  return path;
}

const home = () => join(folder, 'home');
const deps = (env: Record<string, string> = {}) => ({
  homeFolder: home(),
  env,
  root: join(folder, 'root'),
  platform: 'linux' as const,
  uid: 1000,
});

async function writeContext(name: string, host: string, isCurrent: boolean): Promise<void> {
  const docker = join(home(), '.docker');
  const id = createHash('sha256').update(name).digest('hex');
  await mkdir(join(docker, 'contexts', 'meta', id), { recursive: true });
  await writeFile(
    join(docker, 'contexts', 'meta', id, 'meta.json'),
    JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
  );
  if (isCurrent) await writeFile(join(docker, 'config.json'), JSON.stringify({ currentContext: name }));
}

describe('the engine is found as the Docker CLI finds it', () => {
  test('DOCKER_HOST, then DOCKER_CONTEXT, then the current context, then the usual places', async () => {
    await writeContext('current', 'unix:///c.sock', true);
    await writeContext('other', 'unix:///o.sock', false);
    expect(await engineSockets(deps({ DOCKER_HOST: 'unix:///h.sock', DOCKER_CONTEXT: 'other' }))).toEqual([
      { path: '/h.sock', source: 'DOCKER_HOST' },
    ]);
    expect(await engineSockets(deps({ DOCKER_CONTEXT: 'other' }))).toEqual([
      { path: '/o.sock', source: 'Docker context other' },
    ]);
    expect(await engineSockets(deps())).toEqual([{ path: '/c.sock', source: 'Docker context current' }]);
    expect((await engineSockets(deps({ DOCKER_CONTEXT: 'default' })))[0]?.path).toBe(
      join(folder, 'root/var/run/docker.sock'),
    );
  });

  test.each([
    [{ DOCKER_HOST: 'ssh://me@there' }, /Add that machine as an SSH server/],
    [{ DOCKER_HOST: 'tcp://127.0.0.1:2375' }, /no socket of this computer/],
    [{ DOCKER_CONTEXT: 'missing' }, /not described/],
  ])('%o is refused and says why', async (env, message) => {
    await expect(engineSockets(deps(env))).rejects.toMatchObject({
      code: 'engine.unreachable',
      message: expect.stringMatching(message),
    });
  });

  test.each([
    'root/var/run/docker.sock',
    'root/run/user/1000/docker.sock',
    'home/.docker/run/docker.sock',
    'home/.docker/desktop/docker.sock',
    'home/.colima/default/docker.sock',
    'root/run/user/1000/podman/podman.sock',
    'root/run/podman/podman.sock',
  ])('%s', async (place) => {
    const path = await engineAt(join(folder, place));
    expect(await chooseEngineSocket(null, deps())).toEqual({ path, source: 'usual place' });
  });

  test('nothing, a socket without an engine, a path without a socket: said each', async () => {
    await expect(chooseEngineSocket(null, deps())).rejects.toMatchObject({
      code: 'engine.unreachable',
      message: expect.stringContaining('No container engine was found'),
    });
    await expect(chooseEngineSocket(join(folder, 'none.sock'), deps())).rejects.toMatchObject({
      message: expect.stringContaining('There is no engine socket'),
    });
    await writeFile(join(folder, 'plain'), '');
    await expect(chooseEngineSocket(join(folder, 'plain'), deps())).rejects.toMatchObject({
      code: 'engine.unreachable',
    });
  });
});

describe('a local connection', () => {
  let connection: HostConnection;
  const connector = (env: Record<string, string> = {}) =>
    createLocalConnector({
      ...deps({ PATH: process.env.PATH ?? '', HOME: folder, SHELL: '/bin/sh', ...env }),
      remoteScriptsFolder: fileURLToPath(new URL('../../../../resources/remote', import.meta.url)),
      clock: createSystemClock(),
      log: new MemoryLog(),
    });
  const connect = async (socketPath: string | null = null) =>
    connector().connect(
      { kind: 'local', socketPath },
      { signal: new AbortController().signal, onStep: () => undefined },
    );
  beforeEach(async () => {
    connection = await connect();
  });
  afterEach(() => connection.close());

  const pty = { cols: 80, rows: 24, term: 'xterm-256color' };
  const gather = (terminal: Pty) => {
    const chunks: Uint8Array[] = [];
    const ended = new Promise<{ exitCode: number | null }>((resolve) => terminal.onEnd(resolve));
    terminal.onData((bytes) => chunks.push(bytes));
    return { text: () => Buffer.concat(chunks).toString('utf8'), ended };
  };
  const isAlive = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  test('streams, probe, route and candidates', async () => {
    const path = await engineAt(join(folder, 'root/var/run/docker.sock'));
    const stream = await connection.openEngineStream();
    const chunks = await stream.toArray();
    expect(Buffer.concat(chunks).toString()).toBe(`engine at ${path}`);
    expect(connection.engineRoute).toBe('local-socket');
    expect(await connection.probe(1_000)).toBeLessThan(1_000);
    const { candidates } = await connector().candidates();
    expect(candidates.map(({ definition }) => definition)).toEqual([{ kind: 'local', socketPath: path }]);
  });

  test('programs: arguments as they are, input, exit codes, bounds, time', async () => {
    const odd = `a'b"c\\d$(id) \n*`;
    expect(
      await connection.exec(['sh', '-c', 'cat; printf %s "$1" >&2; exit 7', 'sh', odd], { input: 'in' }),
    ).toEqual({
      stdout: 'in',
      stderr: odd,
      exitCode: 7,
      isTruncated: false,
    });
    expect((await connection.exec(['/no/such'])).exitCode).toBe(127);
    expect((await connection.exec(['sh', '-c', 'kill -9 $$'])).exitCode).toBeNull();
    expect(await connection.exec(['sh', '-c', 'yes | head -c 100000'], { maxOutputBytes: 10 })).toMatchObject(
      {
        stdout: 'y\ny\ny\ny\ny\n',
        isTruncated: true,
      },
    );
    await expect(
      connection.exec(['sh', '-c', 'sleep 86421 | cat'], { timeoutMs: 200 }),
    ).rejects.toMatchObject({
      code: 'timed-out',
    });
    expect((await connection.runScript('engine-socket', ['/none'])).stdout).toMatch(/^user\t/);
  });

  test('the input of a script can be ended: what it says then arrives, and its exit code', async () => {
    const reader = await connection.startScript('terminal-reader', [join(folder, 'read.1'), '0']);
    const said: Uint8Array[] = [];
    const output: Uint8Array[] = [];
    reader.onOutput((bytes) => output.push(bytes));
    reader.onErrorOutput((bytes) => said.push(bytes));
    const ended = new Promise((resolve) => reader.onEnd(resolve));
    await expect.poll(() => Buffer.concat(output).toString()).toBe('berth-reader\n');
    reader.write(Buffer.from('p1\n'));
    reader.endInput();
    reader.endInput();
    expect(reader.write(Buffer.from('p2\n'))).toBe(true);
    expect(await ended).toEqual({ exitCode: 75 });
    expect(Buffer.concat(said).toString()).toBe('p1 0\n');
  });

  test('a terminal: size, environment, exit code, and a signal is no exit code', async () => {
    const terminal = await connection.openPty({ ...pty, env: { COLORTERM: 'truecolor' } });
    const { text, ended } = gather(terminal);
    terminal.resize({ cols: 123, rows: 45 });
    terminal.write(Buffer.from('stty size; echo "$COLORTERM $TERM"; exit 3\n'));
    expect(await ended).toEqual({ exitCode: 3 });
    expect(text()).toContain('45 123');
    expect(text()).toContain('truecolor xterm-256color');
    const killed = gather(await connection.openPty({ ...pty, argv: ['sh', '-c', 'kill -9 $$'] }));
    expect(await killed.ended).toEqual({ exitCode: null });
  });

  test('a paused terminal stops the program, and every byte arrives after it goes on', async () => {
    const bytes = 5_000_000;
    const terminal = await connection.openPty({
      ...pty,
      argv: ['sh', '-c', `stty raw; echo $$; head -c ${bytes} /dev/zero`],
    });
    let received = 0;
    let pid = 0;
    terminal.onData((chunk) => {
      if (received === 0) {
        pid = Number.parseInt(Buffer.from(chunk).toString('latin1'), 10);
        terminal.pause();
      }
      received += chunk.length;
    });
    const ended = new Promise<{ exitCode: number | null }>((resolve) => terminal.onEnd(resolve));
    await expect.poll(() => received).toBeGreaterThan(0);
    // Another program runs from start to end meanwhile; the paused one has not moved.
    await connection.exec(['sh', '-c', 'head -c 5000000 /dev/zero | wc -c']);
    expect(received).toBeLessThan(200_000);
    expect(isAlive(pid)).toBe(true);
    terminal.resume();
    expect(await ended).toEqual({ exitCode: 0 });
    expect(received).toBe(bytes + String(pid).length + 1);
  });

  test('kill ends a process group that ignores SIGHUP and SIGTERM', async () => {
    const terminal = await connection.openPty({
      ...pty,
      argv: ['bash', '-c', "trap '' HUP TERM; sleep 86422 & echo pids $$ $!; wait"],
    });
    const { text, ended } = gather(terminal);
    await expect.poll(() => text()).toMatch(/pids \d+ \d+/);
    const pids = (/pids (\d+) (\d+)/.exec(text()) ?? []).slice(1).map(Number);
    expect(pids.map(isAlive)).toEqual([true, true]);
    await terminal.kill();
    expect((await ended).exitCode).toBeNull();
    await expect.poll(() => pids.map(isAlive)).toEqual([false, false]);
  });

  test('close ends what is open and refuses what comes later', async () => {
    const { ended } = gather(await connection.openPty({ ...pty, argv: ['sleep', '86423'] }));
    await connection.close();
    expect((await ended).exitCode).toBeNull();
    await expect(connection.exec(['true'])).rejects.toMatchObject({ code: 'connection-lost' });
    await expect(connection.openEngineStream()).rejects.toMatchObject({ code: 'connection-lost' });
  });
});
