import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { busyboxImage, loadImage } from './images.ts';
import { type RemoteHost, startRemoteHost } from './remote-host.ts';
import { runSsh } from './ssh-client.ts';

let host: RemoteHost;
const sockets: Socket[] = [];

beforeAll(async () => {
  host = await startRemoteHost({ diskMiB: 512 });
  await loadImage(host, await busyboxImage());
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

afterAll(() => host?.stop());

/** A connection on which the server has already spoken, and what befell it since. */
async function openConnection(): Promise<{ socket: Socket; fate: { ended?: string } }> {
  const socket = connect(host.port, host.address);
  sockets.push(socket);
  const fate: { ended?: string } = {};
  await once(socket, 'data');
  socket.on('end', () => (fate.ended = 'FIN'));
  socket.on('error', (error: NodeJS.ErrnoException) => (fate.ended = error.code ?? 'error'));
  return { socket, fate };
}

/** Does the host accept a new connection within the time? */
async function accepts(timeoutMs: number): Promise<boolean> {
  const socket = connect({ port: host.port, host: host.address });
  sockets.push(socket);
  socket.setTimeout(timeoutMs);
  const answer = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'timeout').then(() => false),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return answer;
}

async function containerRuns(name: string): Promise<boolean> {
  return (await host.docker('inspect', '--format', '{{.State.Running}}', name)).trim() === 'true';
}

describe('a power cut', () => {
  test('is silent, loses only what was not synced, and boot brings containers and their data back', async () => {
    const { reference } = await busyboxImage();
    await host.docker(
      'run',
      '-d',
      '--name',
      'keeper',
      '--restart',
      'always',
      '-v',
      'data:/data',
      reference,
      'sleep',
      '9999',
    );
    await host.docker('run', '-d', '--name', 'frozen', reference, 'sleep', '9999');
    await host.docker('pause', 'frozen');
    await host.docker('exec', 'keeper', 'sh', '-c', 'echo synced >/data/synced && sync');
    await host.writeFile('/etc/berth-note', 'on disk');
    await host.runChecked(['sync', '-f', '/etc/berth-note']);
    await host.docker('exec', 'keeper', 'sh', '-c', 'echo lost >/data/lost');
    const { fate } = await openConnection();
    const engineSocketBefore = host.engineSocketPathOnThisMachine;

    await host.powerCut();
    expect(() => host.engineSocketPathOnThisMachine).toThrow('is off');
    expect(await accepts(300)).toBe(false);
    expect(fate.ended).toBeUndefined();

    await host.boot();
    expect(host.engineSocketPathOnThisMachine).not.toBe(engineSocketBefore);
    expect(await host.readFile('/etc/berth-note')).toBe('on disk');
    await vi.waitFor(async () => expect(await containerRuns('keeper')).toBe(true), { timeout: 10_000 });
    expect(await host.docker('exec', 'keeper', 'cat', '/data/synced')).toBe('synced\n');
    await expect(host.docker('exec', 'keeper', 'grep', '-q', 'lost', '/data/lost')).rejects.toThrow();
    expect(await containerRuns('frozen')).toBe(false);
    await host.docker('rm', '-f', 'keeper', 'frozen');
  });

  test('can be repeated', async () => {
    for (let round = 0; round < 3; round++) {
      await host.powerCut();
      await host.boot();
    }
    expect((await runSsh(host, ['echo back'])).stdout).toBe('back\n');
  });
});

describe('the network', () => {
  test('blackhole drops everything in silence until heal', async () => {
    const { socket, fate } = await openConnection();
    await host.blackhole();
    expect(await accepts(300)).toBe(false);
    socket.write('SSH-2.0-test\r\n');
    expect(fate.ended).toBeUndefined();
    // The host itself goes on.
    expect((await host.run(['hostname'])).stdout.trim()).toBe(host.name);
    const answered = once(socket, 'data');
    await host.heal();
    await answered;
    expect(await accepts(2_000)).toBe(true);
  });

  test.each([
    ['reset', 'ECONNRESET'],
    ['kill', 'FIN'],
  ] as const)('killSshSessions(%s) ends established connections with %s', async (how, expected) => {
    const { fate } = await openConnection();
    await host.killSshSessions(how);
    await expect.poll(() => fate.ended).toBe(expected);
    expect(await host.sshSessionPids()).toEqual([]);
    expect(await accepts(2_000)).toBe(true);
  });

  test('restartSshd leaves established sessions alone', async () => {
    const script = 'touch /tmp/begun; until [ -e /tmp/go ]; do sleep 0.05; done; echo still here';
    const session = runSsh(host, [script]);
    await vi.waitFor(() => host.runChecked(['test', '-e', '/tmp/begun']), { timeout: 5_000 });
    const { fate } = await openConnection();
    await host.restartSshd();
    expect(fate.ended).toBeUndefined();
    await host.runChecked(['touch', '/tmp/go']);
    expect((await session).stdout).toBe('still here\n');
  });
});

describe('the engine', () => {
  test('comes back after SIGKILL, stays down after stopEngine, and hangs when frozen', async () => {
    await host.killEngine();
    expect(await host.docker('ps', '-q')).toBe('');
    await host.stopEngine();
    expect((await host.run(['docker', 'ps'])).stderr).toContain('Cannot connect');
    await host.startEngine();
    await host.freezeEngine();
    const asked = host.run(['docker', 'ps', '-q']);
    expect((await host.run(['timeout', '0.5', 'docker', 'ps'])).exitCode).toBe(124);
    await host.thawEngine();
    expect((await asked).exitCode).toBe(0);
  });

  test('takes another daemon.json', async () => {
    await host.setDaemonJson({ labels: ['berth=yes'] });
    expect(await host.docker('info', '--format', '{{.Labels}}')).toContain('berth=yes');
    await host.setDaemonJson({});
  });
});

test('a full disk refuses writes until freeDisk', async () => {
  await host.fillDisk();
  expect((await host.run(['dd', 'if=/dev/zero', 'of=/root/more', 'bs=4096', 'count=64'])).stderr).toContain(
    'No space left',
  );
  await host.freeDisk();
  expect((await host.run(['dd', 'if=/dev/zero', 'of=/root/more', 'bs=4096', 'count=64'])).exitCode).toBe(0);
});
