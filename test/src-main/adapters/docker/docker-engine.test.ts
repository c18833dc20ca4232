/** What real engines here cannot show: other versions, hidden errors, silence, floods; and the rules of the streams. */
import { once } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { createContainerEngineFactory } from '#main/adapters/docker/container-engine.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import type { EngineEvent, PullProgress } from '#main/control-plane/interfaces/container-engine.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { FakeEngine, json, lines } from './fake-engine.ts';

const never = new AbortController().signal;

describe('versions', () => {
  test.each([
    ['20.10.24', '1.41', '1.12', '1.41'],
    ['29.1.0', '1.52', '1.44', '1.52'],
    ['31.0.0', '1.58', '1.44', '1.55'],
  ])('Docker %s (API %s, minimum %s) is asked in %s', async (Version, ApiVersion, MinAPIVersion, spoken) => {
    const fake = new FakeEngine();
    fake.version = { Version, ApiVersion, MinAPIVersion };
    fake.on('GET /images/json', (request, response) =>
      request.version === spoken
        ? json(response, 200, [])
        : json(response, 400, { message: `client version ${request.version} is too old` }),
    );
    const engine = await fake.open();
    expect(await engine.listImages()).toEqual([]);
    fake.on('GET /info', (_request, response) => json(response, 200, { ServerVersion: Version }));
    expect(await engine.info()).toMatchObject({
      apiVersion: spoken,
      minimumApiVersion: MinAPIVersion,
      version: Version,
    });
    engine.close();
  });
  test('an engine of API 1.40 is too old, and its streams are closed', async () => {
    const fake = new FakeEngine();
    fake.version = { Version: '19.03.15', ApiVersion: '1.40', MinAPIVersion: '1.12' };
    await expect(fake.open()).rejects.toMatchObject({
      code: 'engine.too-old',
      details: { apiVersion: '1.40', oldestApiVersion: '1.41' },
    });
    await expect.poll(() => fake.streams.size).toBe(0);
  });
  test('what the environment says of another engine is not looked at', async () => {
    vi.stubEnv('DOCKER_HOST', 'tcp://192.0.2.1:2376/prefix');
    vi.stubEnv('DOCKER_CLIENT_TIMEOUT', '1');
    try {
      const fake = new FakeEngine();
      const engine = await fake.open();
      fake.on('GET /_ping', (_request, response) => response.end('OK'));
      await engine.ping();
      expect(fake.requests.map(({ path }) => path)).toContain('/_ping');
      engine.close();
    } finally {
      vi.unstubAllEnvs();
    }
  });
  test('something that is no engine', async () => {
    const fake = new FakeEngine();
    fake.on('GET /version', (_request, response) => response.end('<html>hello</html>'));
    await expect(fake.open()).rejects.toMatchObject({ code: 'engine.failed' });
  });
  test.each([
    ['ENOENT', 'engine.unreachable'],
    ['ECONNREFUSED', 'engine.unreachable'],
    ['EACCES', 'engine.permission-denied'],
    ['ECONNRESET', 'connection-lost'],
  ])('a stream that fails with %s is %s', async (code, expected) => {
    const factory = createContainerEngineFactory({
      log: new MemoryLog(),
      clock: createSystemClock(),
      remoteScriptsFolder: new URL('../../../../resources/remote', import.meta.url).pathname,
    });
    const fails = () => Promise.reject(Object.assign(new Error(code), { code }));
    await expect(factory.open(fails)).rejects.toMatchObject({ code: expected });
    const lost = new BerthError('engine.forwarding-denied', 'no forwarding');
    await expect(factory.open(() => Promise.reject(lost))).rejects.toBe(lost);
  });
});

describe('pull', () => {
  const pull = async (fake: FakeEngine, image = 'debian:12') => {
    const engine = await fake.open();
    const seen: PullProgress[] = [];
    try {
      await engine.pullImage(image, { onProgress: (progress) => seen.push(progress), signal: never });
    } finally {
      engine.close();
    }
    return seen;
  };
  const id = (letter: string) => letter.repeat(12);

  test('layers, their states and bytes', async () => {
    const fake = new FakeEngine();
    fake.on('GET /images/debian:12/json', (_request, response) => json(response, 200, { Id: 'sha256:1' }));
    fake.on(
      'POST /images/create',
      lines(
        { status: 'Pulling from library/debian', id: '12' },
        { status: 'Already exists', progressDetail: {}, id: id('a') },
        { status: 'Pulling fs layer', progressDetail: {}, id: id('b') },
        { status: 'Waiting', progressDetail: {}, id: id('b') },
        { status: 'Downloading', progressDetail: { current: 10, total: 100 }, id: id('b') },
        { status: 'Downloading', progressDetail: { current: 60, total: 100 }, id: id('b') },
        { status: 'Verifying Checksum', progressDetail: {}, id: id('b') },
        { status: 'Download complete', progressDetail: {}, id: id('b') },
        { status: 'Extracting', progressDetail: { current: 50, total: 100 }, id: id('b') },
        { status: 'Pull complete', progressDetail: {}, id: id('b') },
        { status: 'Digest: sha256:00' },
        { status: 'Status: Downloaded newer image for debian:12' },
      ),
    );
    const seen = await pull(fake);
    expect(
      seen.map(({ layers }) =>
        layers.map(({ state, doneBytes, totalBytes }) => [state, doneBytes, totalBytes]),
      ),
    ).toEqual([
      [['exists', 0, null]],
      [
        ['exists', 0, null],
        ['waiting', 0, null],
      ],
      [
        ['exists', 0, null],
        ['downloading', 10, 100],
      ],
      [
        ['exists', 0, null],
        ['downloading', 60, 100],
      ],
      [
        ['exists', 0, null],
        ['verifying', 100, 100],
      ],
      [
        ['exists', 0, null],
        ['extracting', 50, 100],
      ],
      [
        ['exists', 0, null],
        ['done', 100, 100],
      ],
    ]);
    const asked = fake.requests.find(({ path }) => path === '/images/create');
    expect(Object.fromEntries(asked!.query)).toEqual({ fromImage: 'docker.io/library/debian', tag: '12' });
  });

  test.each([
    ['write /var/lib/docker/tmp/x: no space left on device', 'host.disk-full'],
    [
      'failed to register layer: Error processing tar file(exit status 1): write /usr/x: no space left on device',
      'host.disk-full',
    ],
    ['no matching manifest for linux/arm64/v8 in the manifest list entries', 'image.wrong-platform'],
    ['toomanyrequests: You have reached your pull rate limit.', 'image.pull-failed'],
    ['Get "https://r.example/v2/": x509: certificate signed by unknown authority', 'image.pull-failed'],
    [
      'Get "https://r.example/v2/": dial tcp: lookup r.example on 8.8.8.8:53: no such host',
      'image.pull-failed',
    ],
    [
      "pull access denied for nothing, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      'image.access-denied',
    ],
    ['unauthorized: authentication required', 'image.access-denied'],
    ['manifest for debian:nope not found: manifest unknown: manifest unknown', 'image.not-found'],
    ['unexpected EOF', 'image.pull-failed'],
    ['something that nobody has seen yet', 'image.pull-failed'],
  ])('%s', async (message, code) => {
    // Both ways in which engines say it: inside a 200, and as the answer's own status.
    const inside = new FakeEngine();
    inside.on(
      'POST /images/create',
      lines(
        { status: 'Pulling fs layer', id: id('a') },
        { errorDetail: { message }, error: message },
        { status: 'more' },
      ),
    );
    await expect(pull(inside)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    const outside = new FakeEngine();
    outside.on('POST /images/create', (_request, response) => json(response, 500, { message }));
    await expect(pull(outside)).rejects.toMatchObject({ code });
  });

  test('a rate limit says what to do', async () => {
    const fake = new FakeEngine();
    fake.on('POST /images/create', (_request, response) =>
      json(response, 500, { message: 'toomanyrequests: slow down' }),
    );
    await expect(pull(fake)).rejects.toMatchObject({
      message: expect.stringMatching(/rate limit.*docker login/),
    });
  });

  test('an answer that was cut short, without an error in it, is no success', async () => {
    const fake = new FakeEngine();
    fake.on(
      'POST /images/create',
      lines({ status: 'Downloading', progressDetail: { current: 1, total: 9 }, id: id('a') }),
    );
    fake.on('GET /images/debian:12/json', (_request, response) =>
      json(response, 404, { message: 'No such image: debian:12' }),
    );
    await expect(pull(fake)).rejects.toMatchObject({ code: 'image.not-found' });
  });

  test('the connection dies in the middle', async () => {
    const fake = new FakeEngine();
    fake.on('POST /images/create', (_request, response) => {
      response
        .writeHead(200)
        .write(`${JSON.stringify({ status: 'Pulling fs layer', id: id('a') })}\r\n`, () =>
          response.destroy(),
        );
    });
    await expect(pull(fake)).rejects.toMatchObject({ code: 'connection-lost' });
  });

  test('cancel drops the request, so that the engine stops', async () => {
    const fake = new FakeEngine();
    let dropped: Promise<unknown> | undefined;
    fake.on('POST /images/create', (_request, response) => {
      dropped = once(response, 'close');
      response.writeHead(200).write(`${JSON.stringify({ status: 'Pulling fs layer', id: id('a') })}\r\n`);
    });
    const engine = await fake.open();
    const cancel = new AbortController();
    const pulling = engine.pullImage('debian', { onProgress: () => cancel.abort(), signal: cancel.signal });
    await expect(pulling).rejects.toMatchObject({ code: 'cancelled' });
    await dropped;
    engine.close();
  });

  test('an id or nonsense is never sent to a registry', async () => {
    const fake = new FakeEngine();
    await expect(pull(fake, 'sha256:0123456789ab')).rejects.toMatchObject({ code: 'image.not-found' });
    await expect(pull(fake, 'debian&fromSrc=http://x')).rejects.toMatchObject({
      code: 'image.invalid-reference',
    });
    expect(fake.requests.some(({ path }) => path === '/images/create')).toBe(false);
  });
});

describe('streams and calls', () => {
  test('one stream is used again; a burst takes no more than 32; a terminal of long calls starves nobody', async () => {
    const fake = new FakeEngine();
    fake.on('GET /_ping', (_request, response) => response.end('OK'));
    const engine = await fake.open();
    for (let call = 0; call < 20; call++) await engine.ping();
    expect(fake.opened).toBe(1);

    const waiting: (() => void)[] = [];
    fake.on('GET /images/json', (_request, response) => {
      waiting.push(() => json(response, 200, []));
    });
    const burst = Array.from({ length: 100 }, () => engine.listImages());
    await expect.poll(() => waiting.length).toBe(32);
    expect(fake.streams.size).toBe(32);
    const answering = setInterval(() => {
      for (const answer of waiting.splice(0)) answer();
    }, 1);
    await Promise.all(burst);
    clearInterval(answering);
    expect(fake.opened).toBeLessThanOrEqual(32 + 100);

    fake.on('GET /events', (_request, response) => {
      response.writeHead(200).flushHeaders();
    });
    const end = new AbortController();
    const long = Array.from({ length: 60 }, () => engine.events(() => undefined, end.signal));
    await expect.poll(() => fake.requests.filter(({ path }) => path === '/events')).toHaveLength(60);
    await engine.ping();
    end.abort();
    await Promise.all(long);
    engine.close();
    await expect.poll(() => fake.streams.size).toBe(0);
  });

  test('silence ends in timed-out, and frees the stream', async () => {
    const clock = new ManualClock();
    const fake = new FakeEngine(clock);
    const engine = await fake.open();
    fake.on('GET /_ping', () => undefined);
    const pinging = engine.ping();
    const outcome = expect(pinging).rejects.toMatchObject({ code: 'timed-out' });
    await expect.poll(() => fake.requests.at(-1)?.path).toBe('/_ping');
    await clock.advance(10_000);
    await outcome;
    await expect.poll(() => fake.streams.size).toBe(0);
    expect(clock.pendingTimers).toBe(0);
    engine.close();
  });

  test('cancel is cancelled, before and during', async () => {
    const fake = new FakeEngine();
    const engine = await fake.open();
    await expect(engine.ping(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    fake.on('GET /_ping', () => undefined);
    const cancel = new AbortController();
    const pinging = engine.ping(cancel.signal);
    cancel.abort();
    await expect(pinging).rejects.toMatchObject({ code: 'cancelled' });
    engine.close();
  });

  test('a kept stream that died is replaced for a read, not for a write', async () => {
    const fake = new FakeEngine();
    const engine = await fake.open();
    let answers = 0;
    fake.on('GET /images/json', (_request, response) => {
      if (++answers === 1) response.destroy();
      else json(response, 200, []);
    });
    expect(await engine.listImages()).toEqual([]);
    let starts = 0;
    fake.on('POST /containers/a/start', (_request, response) => {
      starts++;
      response.destroy();
    });
    await expect(engine.startContainer('a')).rejects.toMatchObject({ code: 'connection-lost' });
    expect(starts).toBe(1);
    engine.close();
  });

  test('after close every call fails, and calls under way with it', async () => {
    const fake = new FakeEngine();
    const engine = await fake.open();
    fake.on('GET /_ping', () => undefined);
    const pinging = expect(engine.ping()).rejects.toMatchObject({ code: 'connection-lost' });
    await expect.poll(() => fake.requests.at(-1)?.path).toBe('/_ping');
    engine.close();
    await pinging;
    await expect(engine.listImages()).rejects.toMatchObject({ code: 'connection-lost' });
    await expect.poll(() => fake.streams.size).toBe(0);
  });

  test('a flood in place of an answer is cut off', async () => {
    const fake = new FakeEngine();
    const engine = await fake.open();
    fake.on('GET /images/json', (_request, response) => {
      const megabyte = Buffer.alloc(1024 * 1024, 0x20);
      const pour = () => {
        while (!response.destroyed && response.write(megabyte));
        response.once('drain', pour);
      };
      pour();
    });
    await expect(engine.listImages()).rejects.toMatchObject({
      code: 'engine.failed',
      message: expect.stringContaining('64 MiB'),
    });
    engine.close();
  });

  test.each(['..', '../../version', 'a/b', '', 'a?b', 'ü'])('the id %j reaches no path', async (hostile) => {
    const fake = new FakeEngine();
    const engine = await fake.open();
    const before = fake.requests.length;
    await expect(engine.startContainer(hostile)).rejects.toMatchObject({ code: 'not-found' });
    await expect(engine.removeVolume(hostile)).rejects.toMatchObject({ code: 'not-found' });
    expect(fake.requests.length).toBe(before);
    engine.close();
  });
});

describe('events, sizes, errors', () => {
  test('events: type, action without its tail, labels; execs left out; an end is a loss', async () => {
    const fake = new FakeEngine();
    const actor = { ID: 'c1', Attributes: { 'dev.berth.workspace': 'ws_1', image: 'x' } };
    fake.on(
      'GET /events',
      lines(
        { Type: 'container', Action: 'start', Actor: actor, timeNano: 1_700_000_000_123 * 1e6 },
        { Type: 'container', Action: 'exec_create: sh -c secret', Actor: actor },
        { Type: 'container', Action: 'exec_die', Actor: actor },
        { Type: 'container', Action: 'health_status: healthy', Actor: actor, time: 1_700_000_001 },
        { Type: 'plugin', Action: 'enable', Actor: actor },
      ),
    );
    const engine = await fake.open();
    const seen: EngineEvent[] = [];
    await expect(engine.events((event) => seen.push(event), never)).rejects.toMatchObject({
      code: 'connection-lost',
    });
    expect(seen.map(({ action, atMs }) => [action, atMs])).toEqual([
      ['start', 1_700_000_000_123],
      ['health_status', 1_700_000_001_000],
    ]);
    expect(seen[0]?.labels['dev.berth.workspace']).toBe('ws_1');
    engine.close();
  });

  test.each([
    [
      '1.41',
      {
        Volumes: [
          { Name: 'a', UsageData: { Size: 5 } },
          { Name: 'b', UsageData: { Size: -1 } },
          { Name: 'c', UsageData: { Size: 7 } },
        ],
      },
      {},
    ],
    [
      '1.52',
      {
        VolumeUsage: {
          Items: [
            { Name: 'a', UsageData: { Size: 5 } },
            { Name: 'b', UsageData: { Size: -1 } },
          ],
        },
      },
      { type: 'volume', verbose: '1' },
    ],
  ])('volume sizes in API %s', async (ApiVersion, usage, query) => {
    const fake = new FakeEngine();
    fake.version = { Version: 'x', ApiVersion, MinAPIVersion: '1.24' };
    fake.on('GET /system/df', (_request, response) => json(response, 200, usage));
    const engine = await fake.open();
    expect([...(await engine.volumeSizes(['a', 'b', 'd']))]).toEqual([['a', 5]]);
    expect(Object.fromEntries(fake.requests.at(-1)!.query)).toEqual(query);
    engine.close();
  });

  test('an engine that cannot raise the limit of open files is asked once, and the limit left out', async () => {
    const fake = new FakeEngine();
    fake.on('GET /info', (_request, response) => json(response, 200, {}));
    fake.on('GET /images/debian:12/json', (_request, response) =>
      json(response, 200, { Config: { Cmd: ['bash'] } }),
    );
    const bodies: { Ulimits: unknown }[] = [];
    fake.on('POST /containers/create', (request, response) => {
      if (!request.query.get('name')?.endsWith('-prepare'))
        bodies.push((request.body as { HostConfig: { Ulimits: unknown } }).HostConfig);
      json(response, 201, { Id: 'c1' });
    });
    let starts = 0;
    fake.on('POST /containers/c1/start', (_request, response) => {
      starts++;
      json(response, 500, {
        message: 'OCI runtime create failed: error setting rlimit type 7: operation not permitted',
      });
    });
    fake.on('DELETE /containers/c1', (_request, response) => response.writeHead(204).end());
    const engine = await fake.open();
    const spec = {
      containerName: 'w',
      image: 'debian:12',
      hostname: 'w',
      volumeName: 'v',
      networkName: 'n',
      mountPoint: '/home/dev',
      environment: [],
      limits: { cpus: null, memoryBytes: null, pids: 64 },
      profile: 'standard',
      runtime: 'default',
      labels: {},
      stopGraceSeconds: 5,
    } as const;
    await engine.createWorkspaceContainer(spec);
    await engine.createWorkspaceContainer(spec);
    expect(starts).toBe(1);
    expect(bodies.map(({ Ulimits }) => Ulimits)).toEqual([
      [{ Name: 'core', Soft: 0, Hard: 0 }],
      [{ Name: 'core', Soft: 0, Hard: 0 }],
    ]);
    expect(
      fake.requests.filter(({ method, path }) => method === 'DELETE' && path === '/containers/c1'),
    ).toHaveLength(2);
    engine.close();
  });

  test('leftovers of old preparations go when the engine is opened, young ones stay', async () => {
    const fake = new FakeEngine();
    const nowSeconds = Math.floor(Date.now() / 1000);
    fake.on('GET /containers/json', (_request, response) =>
      json(response, 200, [
        { Id: 'old', Created: nowSeconds - 3600 },
        { Id: 'young', Created: nowSeconds - 5 },
      ]),
    );
    fake.on('DELETE /containers/old', (_request, response) => response.writeHead(204).end());
    (await fake.open()).close();
    expect(fake.requests.filter(({ method }) => method === 'DELETE').map(({ path }) => path)).toEqual([
      '/containers/old',
    ]);
  });

  test('the engine’s words are bounded, on one line, without controls', async () => {
    const fake = new FakeEngine();
    fake.on('POST /containers/a/start', (_request, response) =>
      json(response, 500, { message: `bad\u001b]0;owned\u0007\r\n\u202Eline ${'x'.repeat(5000)}` }),
    );
    const engine = await fake.open();
    const error = await engine.startContainer('a').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BerthError);
    const { message } = error as BerthError;
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(message.length).toBeLessThan(900);
    engine.close();
  });
});
