/** The hardened container on a real engine: what it may, what it may not, and that it stays up and can be written to. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type {
  ContainerEngine,
  WorkspaceContainerSpec,
} from '#main/control-plane/interfaces/container-engine.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import { BUSYBOX, DEBIAN, type EngineOnHost, specOf, startEngineOnHost } from './engine-fixture.ts';

let on: EngineOnHost;
let engine: ContainerEngine;
beforeAll(async () => {
  on = await startEngineOnHost();
  engine = on.engine;
  await engine.ensureNetwork(network, specOf().labels);
});
afterAll(async () => {
  await on?.[Symbol.asyncDispose]();
});

/** Of all but those whose network is what is tested. */
const network = 'berth-test-net';
const start = (over: Partial<WorkspaceContainerSpec> = {}) =>
  on.startWorkspace({ networkName: network, ...over });

const sh = (containerId: string, script: string) => engine.exec({ containerId, argv: ['sh', '-c', script] });

/** An image made from BusyBox, with more lines of a Dockerfile. */
async function imageWith(name: string, ...lines: string[]): Promise<string> {
  const input = [`FROM ${BUSYBOX}`, ...lines, ''].join('\n');
  await on.host.runChecked(['docker', 'build', '-q', '-t', name, '-'], { input });
  return name;
}

describe('an image that is its own process 1', () => {
  test('is process 1, has its own stop signal and the shared memory that it wants', async () => {
    const image = await imageWith(
      'own-init:test',
      'STOPSIGNAL SIGUSR1',
      `ENTRYPOINT ["sh", "-c", "trap 'echo asked politely; exit 7' USR1; while :; do sleep 1; done"]`,
    );
    const { id } = await start({
      image,
      start: 'image',
      profile: 'root-inside',
      sharedMemoryBytes: 96 * 1024 ** 2,
    });
    const { stdout } = await sh(id, "tr '\\0' ' ' </proc/1/cmdline; df -k /dev/shm | tail -n 1");
    expect(stdout).toMatch(/^sh -c trap/);
    expect(stdout).toContain(String(96 * 1024));
    await engine.stopContainer(id, 20);
    expect(await engine.inspectContainer(id)).toMatchObject({ state: 'exited', exitCode: 7 });
  });
});

describe('hardening', () => {
  test('standard: no capabilities, no new privileges, seccomp, limits in the cgroup', async () => {
    const { id } = await start({ image: DEBIAN });
    const { stdout } = await sh(
      id,
      'cat /proc/self/status; cat /sys/fs/cgroup/pids/pids.max; cat /sys/fs/cgroup/memory/memory.limit_in_bytes; ulimit -n; ulimit -c',
    );
    const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(stdout)?.[1];
    expect(field('CapEff')).toBe('0000000000000000');
    expect(field('CapBnd')).toBe('0000000000000000');
    expect(field('NoNewPrivs')).toBe('1');
    expect(field('Seccomp')).toBe('2');
    expect(field('Uid')).toBe('1000');
    expect(stdout.trim().split('\n').slice(-4)).toEqual(['64', String(128 * 1024 * 1024), '16384', '0']);
    const denied = await sh(id, 'mount -t tmpfs none /mnt; mknod /tmp/n c 1 3; unshare -U true; dmesg');
    expect(denied.exitCode).not.toBe(0);
    expect(denied.stderr.match(/not permitted|denied|must be superuser/gi)?.length).toBeGreaterThanOrEqual(4);
  });

  test('root-inside: exactly the six capabilities, and a person is told', async () => {
    const { id, warnings } = await start({ profile: 'root-inside' });
    const { stdout } = await sh(
      id,
      'id -u; grep CapBnd /proc/self/status; chown 1000 /data/work && echo owned',
    );
    // CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, KILL 5, SETGID 6, SETUID 7
    expect(stdout).toBe('0\nCapBnd:\t00000000000000eb\nowned\n');
    expect(warnings.join()).toContain('no user namespaces');
  });

  test('locked: only the volume and scratch folders can be written to', async () => {
    const { id } = await start({ image: DEBIAN, profile: 'locked' });
    const { stdout, stderr } = await sh(
      id,
      'for f in /data/work /tmp /run /home/dev /var; do touch $f/x && echo $f; done; grep " /tmp " /proc/mounts',
    );
    expect(stdout.split('\n').slice(0, 3)).toEqual(['/data/work', '/tmp', '/run']);
    expect(stdout).toMatch(/tmpfs \/tmp tmpfs [^\n]*nosuid,nodev/);
    expect(stderr).toContain('Read-only file system');
  });

  test('the engine holds exactly what was asked for, and nothing that widens it', async () => {
    const { id } = await start();
    const [{ HostConfig, Config, Mounts }] = JSON.parse(await on.host.docker('inspect', id)) as [
      { HostConfig: Record<string, unknown>; Config: Record<string, unknown>; Mounts: { Type: string }[] },
    ];
    expect(HostConfig).toMatchObject({
      Privileged: false,
      CapAdd: [],
      CapDrop: ['ALL'],
      Binds: null,
      Devices: [],
      PidMode: '',
      IpcMode: 'private',
      UTSMode: '',
      SecurityOpt: ['no-new-privileges:true'],
      PidsLimit: 64,
      Memory: 128 * 1024 * 1024,
      MemorySwap: 128 * 1024 * 1024,
      NanoCpus: 1e9,
      PortBindings: {},
      PublishAllPorts: false,
      Init: true,
      RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    });
    expect(Config).toMatchObject({ StopTimeout: 5, User: '1000:1000' });
    expect(Mounts.map(({ Type }) => Type)).toEqual(['volume']);
  });

  test('a fork bomb is stopped at the limit, the host and the workspace stay usable', async () => {
    const { id } = await start({
      image: DEBIAN,
      limits: { cpus: 1, memoryBytes: 256 * 1024 * 1024, pids: 48 },
    });
    const pty = await engine.openPty({
      containerId: id,
      cols: 80,
      rows: 24,
      term: 'xterm',
      shells: ['/bin/bash'],
      terminalId: 'term_bomb',
    });
    let output = '';
    pty.onData((bytes) => {
      output += Buffer.from(bytes).toString();
    });
    pty.write(Buffer.from('b() { b | b & }; b\n'));
    await waitUntil(() => /Resource temporarily unavailable|retry/.test(output), {
      what: 'the limit is met',
    });
    await engine.ping();
    const { stdout } = await on.host.run([
      'sh',
      '-c',
      'cat /sys/fs/cgroup/pids/berth-test-*/*/pids.current | sort -n | tail -1',
    ]);
    expect(Number(stdout)).toBeLessThanOrEqual(48);
    // The engine may need several tries to get its own process in between.
    await waitUntil(
      async () => {
        await engine.sweepTerminals(id, ['term_bomb']);
        return (await engine.listTerminals(id)).length === 0;
      },
      { what: 'the bomb is defused', timeoutMs: 40_000 },
    );
    expect((await sh(id, 'echo fine')).stdout).toBe('fine\n');
  });

  test('one that takes too much memory dies; the workspace stays', async () => {
    const { id } = await start({ limits: { cpus: 1, memoryBytes: 48 * 1024 * 1024, pids: 64 } });
    const startedAt = (await engine.inspectContainer(id))?.startedAt;
    const pty = await engine.openPty({
      containerId: id,
      cols: 80,
      rows: 24,
      term: 'xterm',
      shells: ['sh'],
      terminalId: 'term_hog',
    });
    let output = '';
    pty.onData((bytes) => {
      output += Buffer.from(bytes).toString();
    });
    const ended = new Promise((resolve) => pty.onEnd(resolve));
    pty.write(Buffer.from('x=$(head -c 100000000 /dev/zero | tr "\\0" a); echo surv""ived\n'));
    await ended;
    expect(output).not.toContain('survived');
    const after = await engine.inspectContainer(id);
    expect(after).toMatchObject({ state: 'running', startedAt });
  });

  test('two workspaces cannot reach each other', async () => {
    const a = await on.startWorkspace();
    const b = await on.startWorkspace();
    const address = (await engine.inspectContainer(b.id))?.ipAddress;
    expect(address).toMatch(/^10\.91\./);
    const listener = engine
      .exec({ containerId: b.id, argv: ['nc', '-l', '-p', '7777'], timeoutMs: 8_000 })
      .catch(() => undefined);
    const own = await waitUntil(async () => (await sh(b.id, 'netstat -ltn')).stdout.includes(':7777'), {
      what: 'nc listens',
    });
    expect(own).toBe(true);
    const reach = await sh(a.id, `nc -w 2 ${address} 7777 </dev/null && echo reached`);
    expect(reach.stdout).toBe('');
    expect(reach.exitCode).not.toBe(0);
    // From inside itself it does answer: what stopped the other was the network.
    expect((await sh(b.id, `nc -w 2 ${address} 7777 </dev/null && echo reached`)).stdout).toContain(
      'reached',
    );
    await listener;
  });
});

describe('the volume belongs to the one who works in it', () => {
  test.each([
    ['a path that the image lacks', BUSYBOX, '/data/work', '1000:1000'],
    ['a path that the image lacks, image user', DEBIAN, '/srv/deep/er', '1000:1000'],
    ['the home that the image has', DEBIAN, '/home/dev', '1000:1000'],
    ['a folder of root in the image', DEBIAN, '/opt', '1000:1000'],
    ['a path at the top', BUSYBOX, '/work', '1000:1000'],
  ])('%s', async (_what, image, mountPoint, owner) => {
    for (const profile of ['standard', 'locked'] as const) {
      const { id, warnings } = await start({ image, mountPoint, profile });
      const { stdout, stderr } = await sh(
        id,
        `stat -c %u:%g ${mountPoint}; echo kept >${mountPoint}/file; cat ${mountPoint}/file`,
      );
      expect({ stdout, stderr, warnings }).toEqual({ stdout: `${owner}\nkept\n`, stderr: '', warnings: [] });
    }
  });

  test('what the image has there is in the new volume', async () => {
    const { id } = await start({ image: DEBIAN, mountPoint: '/home/dev' });
    expect((await sh(id, 'ls -A /home/dev')).stdout).toContain('.bashrc');
  });

  test('files outlive the container; a volume of another user is left alone, with a warning', async () => {
    const first = await start({ containerName: 'berth-first', volumeName: 'shared-files' });
    await sh(first.id, 'echo kept >/data/work/file');
    await engine.removeContainer(first.id);
    const second = await start({ containerName: 'berth-second', volumeName: 'shared-files' });
    expect((await sh(second.id, 'cat /data/work/file')).stdout).toBe('kept\n');
    await engine.removeContainer(second.id);
    const other = await imageWith('berth-other-user:test', 'USER 1234:1234');
    const third = await start({
      containerName: 'berth-third',
      volumeName: 'shared-files',
      image: other,
    });
    expect(third.warnings.join()).toContain('belong to user 1000');
    expect((await sh(third.id, 'stat -c %u /data/work; echo $HOME')).stdout).toBe('1000\n/data/work\n');
  });

  test('nothing of the preparation is left, and leftovers of a crash go with the volume', async () => {
    const { id } = await start({ containerName: 'berth-clean', volumeName: 'clean-files' });
    expect(await on.host.docker('ps', '-aq', '--filter', 'label=dev.berth.prepares')).toBe('');
    await engine.removeContainer(id);
    await on.host.docker(
      'create',
      '--label',
      'dev.berth.prepares=berth-clean',
      '-v',
      'clean-files:/x',
      BUSYBOX,
      'true',
    );
    expect((await engine.listContainers({})).every(({ labels }) => !('dev.berth.prepares' in labels))).toBe(
      true,
    );
    await engine.removeVolume('clean-files');
    expect(await on.host.docker('volume', 'ls', '-q', '--filter', 'name=clean-files')).toBe('');
    await engine.removeVolume('clean-files');
  });
});

describe('a workspace stays up', () => {
  test.each([
    ['a shell (BusyBox)', () => BUSYBOX],
    ['bash without a terminal (Debian)', () => DEBIAN],
    ['a command that ends at once', () => imageWith('berth-ends:test', 'CMD ["false"]')],
    ['a program that is not there', () => imageWith('berth-missing:test', 'ENTRYPOINT ["/no/such/program"]')],
    ['no command at all', () => imageWith('berth-nothing:test', 'CMD []', 'ENTRYPOINT []')],
    [
      'an entrypoint with a server',
      () => imageWith('berth-server:test', 'ENTRYPOINT ["nc", "-lk", "-p"]', 'CMD ["8000", "-e", "cat"]'),
    ],
  ])('with %s, and stops without waiting for the grace time', async (_what, image) => {
    const { id } = await start({ image: await image(), stopGraceSeconds: 30 });
    expect((await sh(id, 'echo up')).stdout).toBe('up\n');
    const before = performance.now();
    await engine.stopContainer(id, 30);
    expect(performance.now() - before).toBeLessThan(10_000);
    expect((await engine.inspectContainer(id))?.state).toBe('exited');
    // Once more, as a person starts it again.
    await engine.startContainer(id);
    expect((await sh(id, 'echo up')).stdout).toBe('up\n');
    expect((await engine.inspectContainer(id))?.isOutOfMemory).toBe(false);
  });

  test('the image’s server runs, with its stop signal passed on', async () => {
    const image = await imageWith(
      'berth-signal:test',
      'STOPSIGNAL SIGUSR1',
      `ENTRYPOINT ["sh", "-c", "trap 'echo got USR1; exit 7' USR1; echo serving; while :; do sleep 1; done"]`,
    );
    const { id } = await start({ image });
    await waitUntil(async () => (await on.host.docker('logs', id)).includes('serving'), {
      what: 'it serves',
    });
    await engine.stopContainer(id, 20);
    expect(await on.host.docker('logs', id)).toContain('got USR1');
    expect((await engine.inspectContainer(id))?.exitCode).toBe(7);
  });

  test('how the command ended is in the logs', async () => {
    const image = await imageWith(
      'berth-failing:test',
      'CMD ["sh", "-c", "echo no port for me >&2; exit 3"]',
    );
    const { id } = await start({ image });
    const end = new AbortController();
    const logs = await engine.logs(id, { tailLines: 100, signal: end.signal });
    let text = '';
    logs.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
    logs.on('error', () => undefined);
    await waitUntil(() => text.includes('exit code 3'), { what: 'the note' });
    expect(text).toContain('no port for me');
    end.abort();
  });
});

describe('failures', () => {
  test('an image that the host lacks', async () => {
    await expect(engine.createWorkspaceContainer(specOf({ image: 'nothing/here:1' }))).rejects.toMatchObject({
      code: 'image.not-found',
    });
  });
  test('a name that is taken says by which container, and makes nothing', async () => {
    const { id } = await start({ containerName: 'berth-taken' });
    const error = await engine
      .createWorkspaceContainer(specOf({ containerName: 'berth-taken' }))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BerthError);
    expect(error).toMatchObject({ code: 'conflict', details: { containerId: id } });
  });
  test('a runtime that the host lacks', async () => {
    await expect(on.makeWorkspace({ runtime: 'runsc' })).rejects.toMatchObject({
      code: 'workspace.runtime-missing',
    });
    expect(await on.host.docker('ps', '-aq', '--filter', 'label=dev.berth.prepares')).toBe('');
  });
  test('a volume in use is not removed', async () => {
    await start({ containerName: 'berth-user', volumeName: 'used-files' });
    await expect(engine.removeVolume('used-files')).rejects.toMatchObject({
      code: 'workspace.volume-in-use',
    });
  });
  test('a network that is not closed is not taken for ours', async () => {
    await on.host.docker('network', 'create', 'open-net');
    await expect(engine.ensureNetwork('open-net', {})).rejects.toMatchObject({ code: 'conflict' });
  });
  test('a full disk', async () => {
    const spec = specOf();
    await engine.ensureVolume(spec.volumeName, {});
    await engine.ensureNetwork(spec.networkName, {});
    await on.host.fillDisk();
    try {
      await expect(engine.createWorkspaceContainer(spec)).rejects.toMatchObject({ code: 'host.disk-full' });
    } finally {
      await on.host.freeDisk();
    }
    const { id } = await engine.createWorkspaceContainer(spec);
    await engine.startContainer(id);
  });
});
