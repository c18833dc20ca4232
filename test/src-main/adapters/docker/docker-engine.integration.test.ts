/** Lists, volumes, networks, pulls, events, readings and logs on a real engine, and what a restart of it does to them. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WorkspaceStats } from '#contract/workspaces.ts';
import type {
  ContainerEngine,
  EngineEvent,
  PullProgress,
} from '#main/control-plane/interfaces/container-engine.ts';
import { layeredImage } from '#test/servers/images.ts';
import { pushImage, startRegistry } from '#test/servers/registry.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import { BUSYBOX, DEBIAN, type EngineOnHost, startEngineOnHost } from './engine-fixture.ts';

let on: EngineOnHost;
let engine: ContainerEngine;
beforeAll(async () => {
  on = await startEngineOnHost();
  engine = on.engine;
});
afterAll(async () => {
  await on?.[Symbol.asyncDispose]();
});

test('what the engine is', async () => {
  const info = await engine.info();
  expect(info).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+/),
    // Neither the machine's name nor the shim's.
    name: expect.stringMatching(/^Docker/),
    isRootless: false,
    runtimes: ['runc'],
  });
  expect(Number(info.apiVersion.split('.')[1])).toBeGreaterThanOrEqual(41);
  expect(info.runtimeVersions.runc).toMatch(/^1\./);
});

test('images: listed, inspected, absent', async () => {
  const images = await engine.listImages();
  expect(images.flatMap(({ references }) => references).sort()).toEqual([BUSYBOX, DEBIAN].sort());
  const debian = await engine.inspectImage(DEBIAN);
  expect(debian).toMatchObject({ architecture: 'amd64', user: 'dev', digest: null });
  expect(await engine.inspectImage(debian!.id)).toEqual(debian);
  expect(await engine.inspectImage('nothing/here:1')).toBeUndefined();
});

test('containers, volumes and networks by label; everything idempotent', async () => {
  const labels = { 'dev.berth.workspace': 'ws_a', 'dev.berth.name': 'Übung "1"' };
  const { id } = await on.startWorkspace({
    containerName: 'berth-listed',
    volumeName: 'berth-listed-files',
    networkName: 'berth-listed-net',
    labels,
  });
  for (const filter of [{ 'dev.berth.workspace': 'ws_a' }, { 'dev.berth.name': null }, labels]) {
    expect(
      (await engine.listContainers(filter)).map((container) => [
        container.id,
        container.name,
        container.labels['dev.berth.name'],
      ]),
    ).toEqual([[id, 'berth-listed', 'Übung "1"']]);
    expect((await engine.listVolumes(filter)).map(({ name }) => name)).toEqual(['berth-listed-files']);
    expect((await engine.listNetworks(filter)).map(({ name, subnets }) => [name, subnets.length])).toEqual([
      ['berth-listed-net', 1],
    ]);
  }
  expect(await engine.listContainers({ 'dev.berth.workspace': 'ws_b' })).toEqual([]);
  const network = JSON.parse(await on.host.docker('network', 'inspect', 'berth-listed-net')) as Record<
    string,
    unknown
  >[];
  expect(network[0]).toMatchObject({
    EnableIPv6: false,
    Options: {
      'com.docker.network.bridge.enable_icc': 'false',
      'com.docker.network.bridge.name': expect.stringMatching(/^berth-[a-z2-7]{9}$/),
    },
  });
  const interfaces = await on.host.runChecked(['ip', '-o', 'link', 'show', 'type', 'bridge']);
  const [taken] = interfaces.match(/\bberth-[a-z2-7]{9}(?=:)/) ?? [];
  expect(taken).toBeDefined();
  // The words by which a taken interface is told from everything else that is forbidden.
  const again = on.host.docker(
    'network',
    'create',
    '-o',
    `com.docker.network.bridge.name=${taken}`,
    'second',
  );
  await expect(again).rejects.toThrow(/bridge name/);
  await Promise.all([1, 2, 3].map(() => engine.ensureNetwork('berth-raced', labels)));
  expect(
    (await on.host.docker('network', 'ls', '-q', '--filter', 'name=berth-raced')).trim().split('\n'),
  ).toHaveLength(1);
  await engine.ensureVolume('berth-listed-files', {});

  await engine.exec({ containerId: id, argv: ['sh', '-c', 'head -c 3000000 /dev/urandom >/data/work/big'] });
  const size = (await engine.volumeSizes(['berth-listed-files', 'no-such'])).get('berth-listed-files');
  expect(size).toBeGreaterThanOrEqual(3_000_000);

  await engine.renameContainer(id, 'berth-renamed');
  expect((await engine.inspectContainer('berth-renamed'))?.id).toBe(id);
  await expect(engine.removeNetwork('berth-listed-net')).rejects.toMatchObject({ code: 'conflict' });
  await engine.stopContainer(id, 5);
  await engine.stopContainer(id, 5);
  await Promise.all([engine.removeContainer(id), engine.removeContainer(id)]);
  await engine.removeContainer(id);
  expect(await engine.inspectContainer(id)).toBeUndefined();
  expect(await engine.listVolumes({ 'dev.berth.workspace': 'ws_a' })).toHaveLength(1);
  for (const name of ['berth-listed-net', 'berth-listed-net', 'berth-raced'])
    await engine.removeNetwork(name);
  await engine.removeVolume('berth-listed-files');
  expect(await engine.listVolumes({ 'dev.berth.workspace': 'ws_a' })).toEqual([]);
});

test('volumes that the image declares go with the container, the named one stays', async () => {
  await on.host.runChecked(['docker', 'build', '-q', '-t', 'berth-volumes:test', '-'], {
    input: `FROM ${BUSYBOX}\nVOLUME /cache\n`,
  });
  const before = (await engine.listVolumes({})).length;
  const { id } = await on.startWorkspace({ image: 'berth-volumes:test', volumeName: 'declared-files' });
  expect((await engine.listVolumes({})).length).toBe(before + 2);
  await engine.removeContainer(id);
  expect((await engine.listVolumes({})).length).toBe(before + 1);
});

test('paused and gone on', async () => {
  const { id } = await on.startWorkspace();
  await on.host.docker('pause', id);
  expect((await engine.inspectContainer(id))?.state).toBe('paused');
  await expect(engine.exec({ containerId: id, argv: ['true'] })).rejects.toMatchObject({
    code: 'workspace.not-running',
  });
  await engine.unpauseContainer(id);
  expect((await engine.inspectContainer(id))?.state).toBe('running');
});

test('events come as they happen, and end when asked', async () => {
  const end = new AbortController();
  const seen: EngineEvent[] = [];
  const following = engine.events((event) => seen.push(event), end.signal);
  const { id } = await on.startWorkspace({ labels: { 'dev.berth.workspace': 'ws_events' } });
  await engine.exec({ containerId: id, argv: ['true'] });
  await engine.stopContainer(id, 5);
  await engine.removeContainer(id);
  const mine = () =>
    seen
      .filter((event) => event.type === 'container' && event.labels['dev.berth.workspace'] === 'ws_events')
      .map(({ action }) => action);
  await waitUntil(() => mine().includes('destroy'), { what: 'all events' });
  expect(mine().filter((action) => ['create', 'start', 'die', 'destroy'].includes(action))).toEqual([
    'create',
    'start',
    'die',
    'destroy',
  ]);
  expect(mine().some((action) => action.startsWith('exec'))).toBe(false);
  end.abort();
  await following;
});

test('an out-of-memory child is told by an event', async () => {
  const end = new AbortController();
  const seen: EngineEvent[] = [];
  const following = engine.events((event) => seen.push(event), end.signal);
  const { id } = await on.startWorkspace({
    image: DEBIAN,
    limits: { cpus: 1, memoryBytes: 64 * 1024 * 1024, pids: 64 },
  });
  await engine.exec({ containerId: id, argv: ['sh', '-c', 'x=$(head -c 200000000 /dev/zero | tr "\\0" a)'] });
  await waitUntil(() => seen.some((event) => event.action === 'oom' && event.id === id), {
    what: 'the oom event',
  });
  end.abort();
  await following;
});

test('readings: processors, memory, network, disk and processes', async () => {
  const { id } = await on.startWorkspace({ limits: { cpus: 0.5, memoryBytes: 256 * 1024 * 1024, pids: 64 } });
  const end = new AbortController();
  const readings: WorkspaceStats[] = [];
  const following = engine.stats(id, (reading) => readings.push(reading), end.signal);
  const enough = new AbortController();
  const busy = engine.exec({
    containerId: id,
    argv: ['sh', '-c', 'while :; do :; done'],
    timeoutMs: 60_000,
    signal: enough.signal,
  });
  const ended = expect(busy).rejects.toMatchObject({ code: 'cancelled' });
  // This machine has other work: how much the loop gets of its half processor is not ours to say.
  const options = { timeoutMs: 40_000 };
  await waitUntil(() => readings.some(({ cpus }) => cpus > 0.1), { what: 'a busy reading', ...options });
  enough.abort();
  await ended;
  await waitUntil(() => (readings.at(-1)?.cpus ?? 1) < 0.02, { what: 'an idle reading', ...options });
  for (const reading of readings) {
    // Half a processor is the limit; the engine's second is not exact.
    expect(reading.cpus).toBeLessThan(0.75);
    expect(reading).toMatchObject({ cpuLimit: 0.5, memoryLimitBytes: 256 * 1024 * 1024 });
    expect(reading.pids).toBeGreaterThanOrEqual(2);
    expect(reading.memoryBytes).toBeGreaterThan(0);
    expect(reading.memoryBytes).toBeLessThan(64 * 1024 * 1024);
  }
  end.abort();
  await following;
  const stopping = engine.stats(id, () => undefined, new AbortController().signal);
  await engine.stopContainer(id, 5);
  await stopping;
  await expect(engine.stats(id, () => undefined, new AbortController().signal)).rejects.toMatchObject({
    code: 'workspace.not-running',
  });
});

test('logs: both streams, the last lines, then what follows; with and without a terminal', async () => {
  const script = 'echo out; echo err >&2; echo last; while read -r line; do echo "got $line"; done';
  for (const tty of [[], ['-t']]) {
    const id = (await on.host.docker('run', '-di', ...tty, BUSYBOX, 'sh', '-c', script)).trim();
    await waitUntil(async () => (await on.host.docker('logs', id)).includes('last'), {
      what: 'it has written',
    });
    const read = async (tailLines: number) => {
      const end = new AbortController();
      const stream = await engine.logs(id, { tailLines, signal: end.signal });
      let text = '';
      stream.on('error', () => undefined);
      stream.on('data', (bytes: Buffer) => {
        text += bytes.toString();
      });
      return { text: () => text.replaceAll('\r', ''), end, stream };
    };
    const all = await read(100);
    await waitUntil(() => all.text().length >= 13, { what: 'the lines' });
    expect(all.text().split('\n').filter(Boolean).sort()).toEqual(['err', 'last', 'out']);
    const one = await read(1);
    // Two pipes: which of them the engine read last is its own affair.
    await waitUntil(() => /^(err|last)\n$/.test(one.text()), { what: 'the last line' });
    await on.host
      .runChecked(['docker', 'attach', '--no-stdin', '--sig-proxy=false', id], { timeoutMs: 300 })
      .catch(() => undefined);
    await on.host.docker('exec', id, 'sh', '-c', 'echo more >/proc/1/fd/1');
    await waitUntil(() => all.text().endsWith('more\n'), { what: 'what follows' });
    all.end.abort();
    one.end.abort();
    await waitUntil(() => all.stream.destroyed && one.stream.destroyed, { what: 'the streams end' });
    await on.host.docker('rm', '-f', id);
  }
});

test('logs of megabytes come whole, and wait for a slow reader', async () => {
  const id = (
    await on.host.docker('run', '-d', BUSYBOX, 'sh', '-c', 'seq 1 300000; seq 1 300000 >&2')
  ).trim();
  await on.host.docker('wait', id);
  const stream = await engine.logs(id, { tailLines: 1_000_000, signal: new AbortController().signal });
  const hash = createHash('sha256');
  let lines = 0;
  for await (const bytes of stream as AsyncIterable<Buffer>) {
    hash.update(bytes);
    for (const byte of bytes) if (byte === 10) lines++;
    expect(stream.readableLength).toBeLessThan(1024 * 1024);
  }
  expect(lines).toBe(600_000);
  await on.host.docker('rm', '-f', id);
});

describe('pulls from a real registry', () => {
  test('progress, the image, and the digest; an unknown tag; a slow pull cancelled', async () => {
    await using registry = await startRegistry();
    const image = await layeredImage();
    const reference = await pushImage(registry, on.host, image);
    const seen: PullProgress[] = [];
    await engine.pullImage(reference, {
      onProgress: (progress) => seen.push(progress),
      signal: new AbortController().signal,
    });
    expect(seen.at(-1)?.layers).toHaveLength(6);
    expect(
      seen
        .at(-1)
        ?.layers.map(({ state }) => state)
        .sort(),
    ).toEqual([...Array.from({ length: 5 }, () => 'done'), 'exists']);
    expect(
      seen.some(({ layers }) =>
        layers.some(({ state, doneBytes }) => state === 'downloading' && doneBytes > 0),
      ),
    ).toBe(true);
    const pulled = await engine.inspectImage(reference);
    expect(pulled?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    const repository = reference.slice(0, reference.lastIndexOf(':'));
    expect((await engine.inspectImage(`${repository}@${pulled!.digest}`))?.id).toBe(pulled!.id);

    const options = { onProgress: () => undefined, signal: new AbortController().signal };
    await expect(engine.pullImage(`${repository}:nope`, options)).rejects.toMatchObject({
      code: 'image.not-found',
    });
    await expect(engine.pullImage(`${repository.split('/')[0]}/no/such:1`, options)).rejects.toMatchObject({
      code: 'image.not-found',
    });

    await on.host.docker('rmi', reference);
    registry.setRate(200_000);
    const cancel = new AbortController();
    const pulling = engine.pullImage(reference, {
      signal: cancel.signal,
      onProgress: ({ layers }) => {
        if (layers.some(({ doneBytes }) => doneBytes > 0)) cancel.abort();
      },
    });
    await expect(pulling).rejects.toMatchObject({ code: 'cancelled' });
    expect(await engine.inspectImage(reference)).toBeUndefined();
  });

  test('a registry that wants a login, one that is not there, one without a name', async () => {
    const login = { username: 'berth', password: 'a test password' };
    await using registry = await startRegistry({ login });
    const options = { onProgress: () => undefined, signal: new AbortController().signal };
    const address = await registry.addressFor(on.host);
    await expect(engine.pullImage(`${address}/team/image:1`, options)).rejects.toMatchObject({
      code: 'image.access-denied',
    });
    await expect(engine.pullImage(`${on.host.gatewayAddress}:1/image:1`, options)).rejects.toMatchObject({
      code: 'image.pull-failed',
    });
    await expect(engine.pullImage('registry.invalid/image:1', options)).rejects.toMatchObject({
      code: 'image.pull-failed',
      message: expect.stringContaining('by its name'),
    });
  });
});

describe('when the engine goes', () => {
  test('killed and back: events end, calls go on over new streams', async () => {
    const following = engine.events(() => undefined, new AbortController().signal);
    const lost = expect(following).rejects.toMatchObject({ code: 'connection-lost' });
    await engine.ping();
    await on.host.killEngine();
    await lost;
    await engine.ping();
    expect((await engine.listImages()).length).toBeGreaterThan(0);
  });
  test('stopped: unreachable, within moments', async () => {
    await on.host.stopEngine();
    await expect(engine.ping()).rejects.toMatchObject({
      code: expect.stringMatching(/^(engine\.unreachable|connection-lost)$/),
    });
    await expect(engine.ping()).rejects.toMatchObject({ code: 'engine.unreachable' });
    await on.host.startEngine();
    await engine.ping();
  });
  test('close ends every stream', async () => {
    const another = await on.openAnother();
    const before = on.streams.size;
    const following = another
      .events(() => undefined, new AbortController().signal)
      .catch((error: unknown) => error);
    await another.ping();
    expect(on.streams.size).toBeGreaterThan(before - 1);
    another.close();
    expect(await following).toMatchObject({ code: 'connection-lost' });
    engine.close();
    await waitUntil(() => on.streams.size === 0, { what: 'no stream is open' });
  });
});
