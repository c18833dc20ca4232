import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { busyboxImage, loadImage, workspaceImage } from './images.ts';
import { type RemoteHost, startRemoteHost } from './remote-host.ts';
import { runSsh } from './ssh-client.ts';
import { signKey, generateKey } from './ssh-keys.ts';

let host: RemoteHost;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-test-'));
  host = await startRemoteHost({ name: 'atlas' });
});

afterAll(async () => {
  await host?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('as an SSH server', () => {
  test('answers with its own key and admits its client key', async () => {
    const { stdout } = await runSsh(host, ['hostname; id -un; pwd']);
    expect(stdout).toBe('atlas\nroot\n/root\n');
    expect(host.hostKeyFingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect((await runSsh(host, ['true'], { keyPath: null })).stderr).toContain('Permission denied');
  });

  test('has users of its own, with passwords, whom this machine does not know', async () => {
    const key = await generateKey(join(folder, 'ada-key'), { type: 'ecdsa' });
    await host.addUser({
      name: 'ada',
      password: 'let me "in" $1',
      authorizedKeys: [key.publicLine],
      groups: ['docker'],
    });
    const as = { user: 'ada', keyPath: null, password: 'let me "in" $1' };
    for (const method of ['password', 'keyboard-interactive']) {
      const options = [`PreferredAuthentications=${method}`];
      expect((await runSsh(host, ['id -un'], { ...as, options })).stdout).toBe('ada\n');
      const wrong = await runSsh(host, ['true'], { ...as, options, password: 'wrong' });
      expect(wrong.exitCode).toBe(255);
    }
    expect((await runSsh(host, ['docker ps -q'], { user: 'ada', keyPath: key.path })).exitCode).toBe(0);
    expect(await readFile('/etc/passwd', 'utf8')).not.toContain('ada:');
    expect(await host.readFile('/etc/passwd')).toContain('ada:');
  });

  test('offers another key after replaceHostKey, and the old one is refused', async () => {
    const before = `${host.address} ${host.hostKeyPublic}`;
    await host.replaceHostKey();
    expect((await runSsh(host, ['true'], { knownHostsLine: before })).stderr).toContain(
      'Host key verification failed',
    );
    expect((await runSsh(host, ['true'])).exitCode).toBe(0);
  });

  test('proves itself with a certificate of a host authority', async () => {
    const authority = await generateKey(join(folder, 'authority'), { type: 'ed25519' });
    const certificate = await signKey({
      authorityPath: authority.path,
      publicKey: host.hostKeyPublic,
      principals: [host.address],
      kind: 'host',
    });
    await host.installHostCertificate(certificate);
    const knownHostsLine = `@cert-authority ${host.address} ${authority.publicLine}`;
    const options = ['HostKeyAlgorithms=ssh-ed25519-cert-v01@openssh.com'];
    expect((await runSsh(host, ['echo certified'], { knownHostsLine, options })).stdout).toBe('certified\n');
    await host.setSshdConfig([]);
  });

  test('takes new configuration lines, Match blocks included', async () => {
    await host.setSshdConfig(['MaxSessions 1', 'Match User root', '  ForceCommand echo forced']);
    expect((await runSsh(host, ['true'])).stdout).toBe('forced\n');
    await host.setSshdConfig([]);
    expect((await runSsh(host, ['echo free'])).stdout).toBe('free\n');
  });

  test('speaks SFTP and keeps its files apart from this machine', async () => {
    await host.writeFile('/srv/note', 'mine', { mode: '0640' });
    expect((await host.runChecked(['stat', '-c', '%a %U', '/srv/note'])).trim()).toBe('640 root');
    await expect(readFile('/srv/note')).rejects.toThrow('ENOENT');
  });
});

describe('as a Docker host', () => {
  beforeAll(async () => {
    await loadImage(host, await busyboxImage());
    await loadImage(host, await workspaceImage());
  });

  test('has the network rules that a real one has', async () => {
    expect(await host.runChecked(['iptables', '-S', 'DOCKER-USER'])).toContain('-A DOCKER-USER -j RETURN');
    const route = await host.runChecked(['ip', 'route']);
    expect(route).toContain('172.17.0.0/16 dev docker0');
    expect(route).not.toContain('default');
  });

  test('runs containers that reach each other and the host, and nothing beyond', async () => {
    const { reference } = await busyboxImage();
    await host.docker('network', 'create', 'quay');
    const server = ['--name', 'server', '--network', 'quay', reference];
    await host.docker('run', '-d', ...server, 'httpd', '-f', '-p', '80', '-h', '/etc');
    const id = (await host.docker('ps', '-q')).trim();
    // By name, which the engine's own DNS resolves. (Not from BusyBox: a static glibc cannot look names up.)
    const { reference: workspace } = await workspaceImage();
    const fetch = 'exec 3<>/dev/tcp/server/80; printf "GET /hostname HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3';
    expect(await host.docker('run', '--rm', '--network', 'quay', workspace, 'bash', '-c', fetch)).toContain(
      id,
    );
    expect(await host.docker('run', '--rm', reference, 'nc', '-w', '5', host.address, '22')).toContain(
      'SSH-2.0',
    );
    await expect(host.docker('run', '--rm', reference, 'nc', '-w', '2', '192.0.2.1', '80')).rejects.toThrow();
    await host.docker('rm', '-f', 'server');
  });

  test('can do what workspaces need: exec with a terminal, pause, stats, limits', async () => {
    const { reference } = await workspaceImage();
    const limits = ['--memory', '64m', '--pids-limit', '32', '--cap-drop', 'ALL', '--init'];
    await host.docker('run', '-d', '--name', 'work', ...limits, reference, 'sleep', 'infinity');
    const { stdout } = await runSsh(
      host,
      ['docker exec -it work sh -c "tty; id -un; cat /sys/fs/cgroup/pids/pids.max"'],
      {
        options: ['RequestTTY=force'],
      },
    );
    expect(stdout.replaceAll('\r', '')).toBe('/dev/pts/0\ndev\n32\n');
    expect(await host.docker('stats', '--no-stream', '--format', '{{.MemUsage}}', 'work')).toContain(
      '/ 64MiB',
    );
    await host.docker('pause', 'work');
    expect(await host.docker('inspect', '--format', '{{.State.Status}}', 'work')).toBe('paused\n');
    await host.docker('unpause', 'work');
    await host.docker('rm', '-f', 'work');
  });
});

test('a second host at the same time is another machine', async () => {
  await using other = await startRemoteHost();
  expect(other.address).not.toBe(host.address);
  expect(other.hostKeyFingerprint).not.toBe(host.hostKeyFingerprint);
  await loadImage(other, await busyboxImage());
  const { reference } = await busyboxImage();
  const run = (which: RemoteHost) =>
    which.docker('run', '--rm', '--name', 'same', reference, 'echo', which.name);
  expect(await Promise.all([run(host), run(other)])).toEqual(['atlas\n', `${other.name}\n`]);
  const id = (which: RemoteHost) => which.docker('info', '--format', '{{.ID}}');
  expect(await id(host)).not.toBe(await id(other));
});

test('hosts reach each other only over a cable, behind a black hole too', async () => {
  await using inner = await startRemoteHost({ engine: false });
  const ask = () =>
    host.run([
      'timeout',
      '2',
      'bash',
      '-c',
      'read -r line <"/dev/tcp/$1/22"; echo "$line"',
      'bash',
      inner.address,
    ]);
  expect((await ask()).stderr).toContain('Network is unreachable');
  await host.connectTo(inner);
  await inner.blackhole();
  expect((await ask()).stdout).toContain('SSH-2.0');
  expect((await runSsh(inner, ['true'], { options: ['ConnectTimeout=1'] })).stderr).toContain('timed out');
  const jump = `ProxyCommand=ssh -F /dev/null -i ${host.clientKeyPath} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -W %h:%p root@${host.address}`;
  expect((await runSsh(inner, ['hostname'], { options: [jump] })).stdout.trim()).toBe(inner.name);
});

test('a host without an engine has none', async () => {
  await using plain = await startRemoteHost({ engine: false });
  expect((await runSsh(plain, ['docker', 'ps'])).stderr).toContain('Cannot connect to the Docker daemon');
});
