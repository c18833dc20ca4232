import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stat } from 'node:fs/promises';
import { busyboxImage, layeredImage, loadImage, workspaceImage } from './images.ts';
import { pushImage, type Registry, startRegistry } from './registry.ts';
import { type RemoteHost, startRemoteHost } from './remote-host.ts';

let host: RemoteHost;

beforeAll(async () => {
  host = await startRemoteHost();
});

afterAll(() => host?.stop());

describe('images', () => {
  test('are made once, also when many ask at the same time', async () => {
    const asked = await Promise.all([
      layeredImage({ layers: 3 }),
      layeredImage({ layers: 3 }),
      busyboxImage(),
    ]);
    const [one, same, other] = asked.map(({ tarPath }) => tarPath);
    expect(one).toBe(same);
    expect(other).not.toBe(one);
    const before = await stat(one ?? '');
    await layeredImage({ layers: 3 });
    expect((await stat(one ?? '')).mtimeMs).toBe(before.mtimeMs);
  });

  test('the workspace is a Debian whose user is dev', async () => {
    const image = await workspaceImage();
    await loadImage(host, image);
    const run = (...command: string[]) => host.docker('run', '--rm', image.reference, ...command);
    expect(await run('bash', '-c', 'id -un; id -u; pwd; . /etc/os-release; echo $ID')).toBe(
      'dev\n1000\n/home/dev\ndebian\n',
    );
    expect(await run('bash', '-c', 'command -v ps less bash')).toBe(
      '/usr/bin/ps\n/usr/bin/less\n/usr/bin/bash\n',
    );
    await expect(run('touch', '/etc/denied')).rejects.toThrow('Permission denied');
  });

  test('busybox is a few megabytes with all its applets', async () => {
    const image = await busyboxImage();
    await loadImage(host, image);
    expect((await stat(image.tarPath)).size).toBeLessThan(5_000_000);
    expect(
      await host.docker('run', '--rm', image.reference, 'sh', '-c', 'id -un; echo hi | tr a-z A-Z'),
    ).toBe('root\nHI\n');
  });
});

describe('a registry', () => {
  let registry: Registry;
  const login = { username: 'ada', password: 'pass word' };

  beforeAll(async () => {
    registry = await startRegistry();
  });

  afterAll(() => registry?.stop());

  test('serves what was pushed, layer by layer', async () => {
    const reference = await pushImage(registry, host, await layeredImage({ layers: 3 }));
    const progress = await host.docker('pull', reference);
    // The lowest layer is BusyBox, which the engine may have already.
    expect(progress.match(/Pull complete|Already exists/g)).toHaveLength(4);
    expect(progress.match(/Pull complete/g)?.length).toBeGreaterThanOrEqual(3);
    expect(await host.docker('run', '--rm', reference, 'ls', '/layers')).toBe('layer-1\nlayer-2\nlayer-3\n');
    await host.docker('rmi', reference);
  });

  test('knows no other tag', async () => {
    const missing = `${await registry.addressFor(host)}/berth-layered:none`;
    await expect(host.docker('pull', missing)).rejects.toThrow('manifest unknown');
  });

  test('can be slow, and its connections can be cut in the middle of a layer', async () => {
    const reference = await pushImage(registry, host, await layeredImage({ layers: 2, layerKiB: 4096 }));
    registry.setRate(200_000);
    const pull = host.run(['docker', 'pull', reference]);
    const served = (log: string) => (log.match(/GET \/v2\/berth-layered\/blobs/g) ?? []).length;
    await expect.poll(async () => served(await registry.log()), { timeout: 10_000 }).toBeGreaterThan(0);
    registry.dropConnections();
    registry.setRate(undefined);
    // The engine tries again by itself.
    expect((await pull).stdout).toContain('Downloaded newer image');
  });

  test('denies whoever has not signed in', async () => {
    await using closed = await startRegistry({ login });
    const reference = await pushImage(closed, host, await layeredImage({ layers: 3 }), { login });
    await expect(host.docker('pull', reference)).rejects.toThrow('no basic auth credentials');
    const address = await closed.addressFor(host);
    const argv = ['docker', 'login', '--username', login.username, '--password-stdin', address];
    expect((await host.run(argv, { input: 'wrong' })).exitCode).toBe(1);
    await host.runChecked(argv, { input: login.password });
    expect(await host.docker('pull', '--quiet', reference)).toContain(reference);
  });
});
