/** Host keys that change, sessions that run out, forwarding that is refused, networks that fall silent: against real ones. */
import { once } from 'node:events';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SshConnection } from '#main/adapters/ssh/ssh-connection.ts';
import type { HostConnection, Pty } from '#main/control-plane/interfaces/host-connection.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { ConnectorHarness, definitionFor, keyFile } from './connector-harness.ts';

let host: RemoteHost;
let harness: ConnectorHarness;
beforeAll(async () => {
  host = await startRemoteHost();
});
afterAll(() => host.stop());
beforeEach(async () => {
  harness = await ConnectorHarness.create();
});
afterEach(() => harness[Symbol.asyncDispose]());

const asRoot = () => definitionFor(host, 'root', keyFile(host.clientKeyPath));
const pty = { cols: 80, rows: 24, term: 'xterm' };
const connections = (connection: HostConnection) => (connection as SshConnection).connectionCount;

async function ping(stream: Duplex): Promise<string> {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  stream.write('GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n');
  await once(stream, 'end');
  return text.slice(0, 15);
}

const endOf = (terminal: Pty) =>
  new Promise<{ exitCode: number | null; error?: unknown }>((resolve) => {
    terminal.onData(() => undefined);
    terminal.onEnd(resolve);
  });

describe('host keys', () => {
  test('no is no, yes is written to a private file, and only there', async () => {
    harness.answer = () => false;
    await expect(harness.connect(asRoot())).rejects.toMatchObject({ code: 'host.key-unknown' });
    await expect(stat(harness.knownHostsPath)).rejects.toMatchObject({ code: 'ENOENT' });
    harness.answer = () => Promise.reject(new Error('expired'));
    await expect(harness.connect(asRoot())).rejects.toThrow('expired');
    harness.answer = () => 'yes';
    await expect(harness.connect(asRoot())).rejects.toMatchObject({ code: 'host.key-unknown' });
    harness.answer = () => true;
    await harness.connect(asRoot());
    expect(await readFile(harness.knownHostsPath, 'utf8')).toBe(`${host.address} ${host.hostKeyPublic}\n`);
    await expect(stat(join(harness.homeFolder, '.ssh', 'known_hosts'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  test('a changed key refuses, says what was and is, and only a deliberate replacement cures it', async () => {
    await harness.connect(asRoot());
    const was = host.hostKeyFingerprint;
    await host.replaceHostKey();
    const is = host.hostKeyFingerprint;
    harness.questions.length = 0;
    const refusal = {
      code: 'host.key-changed',
      details: { was, is, keyType: 'ssh-ed25519', file: harness.knownHostsPath, line: 1 },
    };
    await expect(harness.connect(asRoot())).rejects.toMatchObject(refusal);
    expect(harness.questions).toEqual([]);
    const replace = (oldFingerprint: string, newFingerprint: string) =>
      harness.connector.replaceHostKey(asRoot(), { oldFingerprint, newFingerprint });
    await expect(replace('SHA256:other', is)).rejects.toMatchObject({ code: 'conflict' });
    await expect(replace(was, 'SHA256:other')).rejects.toMatchObject({ code: 'conflict' });
    await expect(harness.connect(asRoot())).rejects.toMatchObject(refusal);
    await replace(was, is);
    await harness.connect(asRoot());
    expect(harness.questions).toEqual([]);
  });

  test("a key that only the person's file knows, changed and of another type, and revoked", async () => {
    const file = join(harness.homeFolder, '.ssh', 'known_hosts');
    await writeFile(file, `${host.address} ${host.hostKeyPublic}\n`);
    await harness.connect(asRoot());
    expect(harness.questions).toEqual([]);
    await host.replaceHostKey('ecdsa');
    await expect(harness.connect(asRoot())).rejects.toMatchObject({
      code: 'host.key-changed',
      details: { file, line: 1 },
    });
    await writeFile(file, `@revoked * ${host.hostKeyPublic}\n`);
    await expect(harness.connect(asRoot())).rejects.toMatchObject({
      code: 'host.key-revoked',
      details: { file },
    });
    await host.replaceHostKey();
  });

  test('a pinned fingerprint counts instead of the files', async () => {
    await writeFile(
      join(harness.homeFolder, '.ssh', 'known_hosts'),
      `${host.address} ${host.clientKeyPublic}\n`,
    );
    const own = host.hostKeyFingerprint;
    await harness.connect(asRoot(), { pinnedFingerprints: ['SHA256:lasting', own] });
    await expect(harness.connect(asRoot(), { pinnedFingerprints: ['SHA256:other'] })).rejects.toMatchObject({
      code: 'host.key-changed',
      details: { was: 'SHA256:other', is: own, file: 'pinned' },
    });
    expect(harness.questions).toEqual([]);
  });

  test('pinned, no file of known hosts is read or written, nor does one vouch', async () => {
    // Trusted under its address by Berth's own file: of another machine that had the address before.
    await harness.connect(asRoot());
    const known = await readFile(harness.knownHostsPath, 'utf8');
    expect(known).toContain(host.hostKeyPublic);
    await expect(harness.connect(asRoot(), { pinnedFingerprints: ['SHA256:other'] })).rejects.toMatchObject({
      code: 'host.key-changed',
    });
    await rm(harness.knownHostsPath);
    await mkdir(harness.knownHostsPath);
    await harness.connect(asRoot(), { pinnedFingerprints: [host.hostKeyFingerprint] });
    await rm(harness.knownHostsPath, { recursive: true });
    await harness.connect(asRoot(), { pinnedFingerprints: [host.hostKeyFingerprint] });
    await expect(readFile(harness.knownHostsPath)).rejects.toMatchObject({ code: 'ENOENT' });
    // Revoked under this address long ago: whoever had it then.
    await writeFile(join(harness.homeFolder, '.ssh', 'known_hosts'), `@revoked * ${host.hostKeyPublic}\n`);
    await harness.connect(asRoot(), { pinnedFingerprints: [host.hostKeyFingerprint] });
  });

  test('pinned, a server is asked for the pinned type of key, and further connections for the same', async () => {
    await host.run(['ssh-keygen', '-q', '-t', 'ecdsa', '-N', '', '-f', '/run/other-host-key']);
    await host.setSshdConfig(['MaxSessions 1', 'HostKey /run/other-host-key']);
    // A file that knows the other type would have it asked for first.
    const { stdout } = await host.run(['cat', '/run/other-host-key.pub']);
    await writeFile(join(harness.homeFolder, '.ssh', 'known_hosts'), `${host.address} ${stdout}`);
    const connection = await harness.connect(asRoot(), { pinnedFingerprints: [host.hostKeyFingerprint] });
    const both = await Promise.all([connection.openPty(pty), connection.openPty(pty)]);
    expect(connections(connection)).toBe(2);
    await Promise.all(both.map((terminal) => terminal.kill()));
    await host.setSshdConfig([]);
  });
});

describe('sessions and streams', () => {
  afterEach(() => host.setSshdConfig([]));

  test('with MaxSessions 2 ten streams to the engine are open at once and cost no connection', async () => {
    await host.setSshdConfig(['MaxSessions 2']);
    const connection = await harness.connect(asRoot());
    const held = await Promise.all([connection.openPty(pty), connection.openPty(pty)]);
    expect(connections(connection)).toBe(1);
    const streams = await Promise.all(Array.from({ length: 10 }, () => connection.openEngineStream()));
    expect(await Promise.all(streams.map(ping))).toEqual(Array.from({ length: 10 }, () => 'HTTP/1.1 200 OK'));
    await Promise.all(held.map((terminal) => terminal.kill()));
  });

  test('terminals beyond MaxSessions open further connections, without a question', async () => {
    await host.setSshdConfig(['MaxSessions 3']);
    const connection = await harness.connect(asRoot());
    harness.questions.length = 0;
    const terminals = await Promise.all(Array.from({ length: 8 }, () => connection.openPty(pty)));
    expect(connections(connection)).toBeGreaterThanOrEqual(3);
    expect((await connection.exec(['echo', 'one more'])).stdout).toBe('one more\n');
    expect(harness.questions).toEqual([]);
    const ends = terminals.map(endOf);
    for (const terminal of terminals) terminal.write(Buffer.from('exit 4\n'));
    for (const end of await Promise.all(ends)) expect(end).toEqual({ exitCode: 4 });
  });

  test('where the login cannot be repeated without asking, the sessions are exhausted', async () => {
    await host.addUser({ name: 'solo', password: 'one time' });
    await host.setSshdConfig(['MaxSessions 1']);
    harness.answer = (question) => (question.kind === 'host-key' ? true : new Secret('one time'));
    const connection = await harness.connect(
      definitionFor(host, 'solo', { method: 'password', credentialId: null }),
    );
    await connection.openPty(pty);
    const asked = harness.questions.length;
    // With the password in memory it works; changed on the server, it would need a new question.
    await connection.openPty(pty);
    await host.setPassword('solo', 'changed');
    await expect(connection.openPty(pty)).rejects.toMatchObject({ code: 'host.sessions-exhausted' });
    expect(harness.questions).toHaveLength(asked);
  });

  test('no stream forwarding: docker system dial-stdio, said so', async () => {
    await host.setSshdConfig(['AllowStreamLocalForwarding no']);
    const connection = await harness.connect(asRoot());
    expect(await ping(await connection.openEngineStream())).toBe('HTTP/1.1 200 OK');
    expect(connection.engineRoute).toBe('dial-stdio');
    const streams = await Promise.all(Array.from({ length: 12 }, () => connection.openEngineStream()));
    expect(new Set(await Promise.all(streams.map(ping)))).toEqual(new Set(['HTTP/1.1 200 OK']));
  });

  test('a user without the group, a wrong path, a stopped engine: each is named with its cure', async () => {
    await host.addUser({ name: 'eve', authorizedKeys: [host.clientKeyPublic] });
    const eve = await harness.connect(definitionFor(host, 'eve', keyFile(host.clientKeyPath)));
    await expect(eve.openEngineStream()).rejects.toMatchObject({
      code: 'engine.permission-denied',
      message: expect.stringMatching(/sudo usermod -aG \S+ eve/),
      details: { user: 'eve' },
    });
    const lost = await harness.connect({ ...asRoot(), engineSocket: '/run/other.sock' });
    await expect(lost.openEngineStream()).rejects.toMatchObject({ code: 'engine.unreachable' });
    const connection = await harness.connect(asRoot());
    expect(await ping(await connection.openEngineStream())).toBe('HTTP/1.1 200 OK');
    await host.stopEngine();
    await expect(connection.openEngineStream()).rejects.toMatchObject({ code: 'engine.unreachable' });
    const later = await harness.connect(asRoot());
    await expect(later.openEngineStream()).rejects.toMatchObject({ code: 'engine.unreachable' });
    await host.startEngine();
    expect(await ping(await later.openEngineStream())).toBe('HTTP/1.1 200 OK');
  });
});

describe('a network that fails', () => {
  test('a killed connection is noticed at once; commands, terminals and streams end with an error', async () => {
    const connection = await harness.connect(asRoot());
    const terminal = await connection.openPty(pty);
    const stream = await connection.openEngineStream();
    const streamEnd = once(stream, 'error');
    stream.resume();
    const running = connection.exec(['sleep', '100'], { timeoutMs: 60_000 }).catch((error: unknown) => error);
    const lost = new Promise((resolve) => connection.onLost(resolve));
    const ended = endOf(terminal);
    await vi.waitFor(async () => expect((await host.run(['pgrep', '-x', 'sleep'])).stdout).not.toBe(''), {
      timeout: 15_000,
    });
    await host.killSshSessions('reset');
    const isLost = { code: 'connection-lost', details: { hop: `root@${host.address}:22` } };
    expect(await lost).toMatchObject(isLost);
    expect(await running).toMatchObject(isLost);
    expect(await ended).toMatchObject({ exitCode: null, error: isLost });
    expect((await streamEnd)[0]).toMatchObject(isLost);
    await expect(connection.exec(['true'])).rejects.toMatchObject({ code: 'connection-lost' });
    await expect(connection.openEngineStream()).rejects.toMatchObject({ code: 'connection-lost' });
    await expect(connection.probe(1_000)).rejects.toMatchObject({ code: 'connection-lost' });
  });

  test('a black hole: the probe tells within its time, without it the keep-alive within 15 s', async () => {
    const probed = await harness.connect(asRoot());
    const silent = await harness.connect(asRoot());
    const startedAt = performance.now();
    const lost = new Promise((resolve) => silent.onLost(resolve));
    await host.blackhole();
    try {
      const isTimedOut = expect(probed.probe(1_500)).rejects.toMatchObject({ code: 'timed-out' });
      const opening = expect(probed.openEngineStream()).rejects.toMatchObject({ code: 'timed-out' });
      await Promise.all([isTimedOut, opening]);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      expect(await lost).toMatchObject({ code: 'connection-lost' });
      const seconds = (performance.now() - startedAt) / 1000;
      expect(seconds).toBeGreaterThan(9);
      expect(seconds).toBeLessThan(17);
    } finally {
      await host.heal();
    }
    await harness.connect(asRoot());
  });

  test('close ends what is open, and is no loss', async () => {
    const before = await host.sshSessionPids();
    const connection = await harness.connect(asRoot());
    const terminal = await connection.openPty(pty);
    const ended = endOf(terminal);
    const onLost = vi.fn();
    connection.onLost(onLost);
    await connection.close();
    expect((await ended).exitCode).toBeNull();
    expect(onLost).not.toHaveBeenCalled();
    await expect(connection.exec(['true'])).rejects.toMatchObject({ code: 'connection-lost' });
    await vi.waitFor(
      async () => expect((await host.sshSessionPids()).filter((pid) => !before.includes(pid))).toEqual([]),
      { timeout: 15_000 },
    );
  });
});
