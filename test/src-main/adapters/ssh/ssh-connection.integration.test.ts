/** A whole SSH connection against a real sshd and a real Docker engine: commands, terminals, engine streams, ends. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import type { HostConnection, Pty } from '#main/control-plane/interfaces/host-connection.ts';
import type { SshConnection } from '#main/adapters/ssh/ssh-connection.ts';
import { ConnectorHarness, definitionFor, keyFile } from './connector-harness.ts';

let host: RemoteHost;
let harness: ConnectorHarness;
beforeAll(async () => {
  host = await startRemoteHost();
  harness = await ConnectorHarness.create();
});
afterAll(async () => {
  await harness[Symbol.asyncDispose]();
  await host.stop();
});

const asRoot = () => definitionFor(host, 'root', keyFile(host.clientKeyPath));

function gather(pty: Pty): {
  text: () => string;
  ended: Promise<{ exitCode: number | null; error?: unknown }>;
} {
  const chunks: Uint8Array[] = [];
  const ended = new Promise<{ exitCode: number | null; error?: unknown }>((resolve) => pty.onEnd(resolve));
  pty.onData((bytes) => chunks.push(bytes));
  return { text: () => Buffer.concat(chunks).toString('utf8'), ended };
}

async function httpGet(stream: Duplex, path: string): Promise<string> {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  stream.write(`GET ${path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`);
  await once(stream, 'end');
  return text;
}

const pty = { cols: 80, rows: 24, term: 'xterm-256color' };

describe('as root', () => {
  let connection: HostConnection;
  beforeAll(async () => {
    connection = await harness.connect(asRoot());
  });

  test('asks once for the unknown key, learns the server, and probes end to end', async () => {
    expect(harness.questions).toEqual([
      {
        kind: 'host-key',
        subject: `root@${host.address}:22`,
        keyType: 'ssh-ed25519',
        fingerprint: host.hostKeyFingerprint,
        alsoKnownAs: [],
      },
    ]);
    expect(connection.learnt.sshServer).toMatch(/^OpenSSH_/);
    expect(connection.learnt.hostKey).toEqual({ type: 'ssh-ed25519', fingerprint: host.hostKeyFingerprint });
    expect(harness.steps.slice(0, 4)).toEqual(['resolving', 'dialling', 'verifying-key', 'authenticating']);
    expect(await connection.probe(2_000)).toBeLessThan(2_000);
    await harness.connect(asRoot());
    expect(harness.questions).toHaveLength(1);
  });

  test('runs programs with arguments as they are, input, exit codes and separate outputs', async () => {
    const odd = `a'b"c\\d$(id)\`e\` !f\n*?~é`;
    const result = await connection.exec(['sh', '-c', 'cat; printf %s "$1" >&2; exit 7', 'sh', odd], {
      input: 'in put',
    });
    expect(result).toEqual({ stdout: 'in put', stderr: odd, exitCode: 7, isTruncated: false });
    expect((await connection.exec(['sh', '-c', 'kill -9 $$'])).exitCode).toBeNull();
    expect((await connection.exec(['/no/such/program'])).exitCode).toBe(127);
  });

  test('the exit code of a program that ends at once is never missed', async () => {
    const ends = await Promise.all(Array.from({ length: 60 }, () => connection.exec(['true'])));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual(ends.map(() => 0));
  });

  test('bounds the output', async () => {
    const result = await connection.exec(['sh', '-c', 'yes | head -c 3000000; echo done >&2'], {
      maxOutputBytes: 1000,
    });
    expect(result.stdout).toHaveLength(1000);
    expect(result).toMatchObject({ stderr: 'done\n', isTruncated: true, exitCode: 0 });
  });

  test('a command that takes too long is ended on the host too', async () => {
    const marker = '86411';
    await expect(connection.exec(['sleep', marker], { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'timed-out',
    });
    expect((await host.run(['pgrep', '-f', `sleep ${marker}`])).stdout).toBe('');
  });

  test('an aborted command is ended on the host too', async () => {
    const controller = new AbortController();
    const running = connection.exec(['sleep', '86412'], { signal: controller.signal });
    await vi.waitFor(
      async () => expect((await host.run(['pgrep', '-f', 'sleep 86412'])).stdout).not.toBe(''),
      { timeout: 15_000 },
    );
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect((await host.run(['pgrep', '-f', 'sleep 86412'])).stdout).toBe('');
  });

  test('scripts leave standard input to what they run', async () => {
    const result = await connection.runScript('engine-socket', ['/run/docker.sock']);
    expect(result.stdout.split('\n')).toEqual(
      expect.arrayContaining(['user\troot', 'socket\t/run/docker.sock\tusable', 'program\tdocker']),
    );
    await expect(connection.runScript('../../etc/passwd')).rejects.toMatchObject({ code: 'internal' });
  });

  test('the input of a script can be ended: what it says then arrives, and its exit code', async () => {
    const reader = await connection.startScript('terminal-reader', ['/tmp/read.1', '0']);
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

  test('a terminal: shell, size, environment, exit code', async () => {
    const terminal = await connection.openPty({ ...pty, env: { COLORTERM: 'truecolor' } });
    const { text, ended } = gather(terminal);
    terminal.resize({ cols: 123, rows: 45 });
    terminal.write(Buffer.from('stty size; echo "$COLORTERM $TERM"; exit 3\n'));
    expect(await ended).toEqual({ exitCode: 3 });
    expect(text()).toContain('45 123');
    expect(text()).toContain('truecolor xterm-256color');
    expect(text()).not.toContain('berth-');
  });

  test('a paused terminal stops the program, and every byte arrives after it goes on', async () => {
    const bytes = 20_000_000;
    const terminal = await connection.openPty({
      ...pty,
      argv: ['sh', '-c', `stty raw; head -c ${bytes} /dev/zero`],
    });
    let received = 0;
    terminal.onData((chunk) => {
      received += chunk.length;
      if (received === chunk.length) terminal.pause();
    });
    const ended = new Promise<{ exitCode: number | null }>((resolve) => terminal.onEnd(resolve));
    await expect.poll(() => received).toBeGreaterThan(0);
    const atPause = received;
    // While paused the writer must be stuck: its window (2 MiB twice) is far smaller than what it has to write.
    await connection.probe(5_000);
    expect((await host.run(['pgrep', '-f', `head -c ${bytes}`])).stdout).not.toBe('');
    expect(received).toBe(atPause);
    terminal.resume();
    expect(await ended).toEqual({ exitCode: 0 });
    expect(received).toBe(bytes);
  });

  test('kill ends the whole process group, also one that ignores SIGHUP and SIGTERM', async () => {
    const terminal = await connection.openPty({
      ...pty,
      argv: ['bash', '-c', "trap '' HUP TERM; echo ready; sleep 86413"],
    });
    const { text, ended } = gather(terminal);
    await expect.poll(() => text()).toContain('ready');
    await terminal.kill();
    expect((await ended).exitCode).toBeNull();
    expect((await host.run(['pgrep', '-f', '86413'])).stdout).toBe('');
  });

  test('streams to the engine cost no session and half-close as sockets do', async () => {
    const before = (connection as SshConnection).connectionCount;
    const streams = await Promise.all(Array.from({ length: 20 }, () => connection.openEngineStream()));
    expect(connection.engineRoute).toBe('stream-forward');
    const answers = await Promise.all(streams.map((stream) => httpGet(stream, '/_ping')));
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*OK$/);
    expect((connection as SshConnection).connectionCount).toBe(before);
  });

  test('no secret and no agent forwarding reaches log or server', async () => {
    expect(await host.sshdLog()).not.toContain('auth-agent');
    expect(harness.log.lines.join('\n')).not.toContain('PRIVATE KEY');
  });
});
