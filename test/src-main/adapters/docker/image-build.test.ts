/** Building from an engine's answers: what it says while it builds, and which error is meant by what it ends with. */
import { describe, expect, test } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { BuildProgress } from '#main/control-plane/interfaces/container-engine.ts';
import { type Answer, FakeEngine, json, lines } from './fake-engine.ts';

interface Told {
  readonly progress: BuildProgress[];
  readonly output: string[];
}

async function build(
  fake: FakeEngine,
  { signal = new AbortController().signal, isFresh = false } = {},
): Promise<Told> {
  const engine = await fake.open();
  const told: Told = { progress: [], output: [] };
  try {
    await engine.buildRecipe('shell', {
      reference: 'berth/shell:test',
      isFresh,
      signal,
      onProgress: (one) => told.progress.push(one),
      onOutput: (line) => told.output.push(line),
    });
    return told;
  } finally {
    engine.close();
  }
}

/** An engine that has the image once it was built. */
function engineWith(answer: Answer, info: object = {}): FakeEngine {
  const fake = new FakeEngine();
  let isBuilt = false;
  fake.on('GET /info', (_request, response) => json(response, 200, info));
  fake.on('POST /build', (request, response) => {
    isBuilt = true;
    return answer(request, response);
  });
  fake.on('GET /images/berth/shell:test/json', (_request, response) =>
    isBuilt ? json(response, 200, { Id: 'sha256:1' }) : json(response, 404, { message: 'No such image' }),
  );
  return fake;
}

async function failureOf(answer: Answer): Promise<BerthError> {
  const error: unknown = await build(engineWith(answer)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!BerthError.is(error)) throw new Error(`no failure of Berth's: ${String(error)}`);
  return error;
}

describe('a build', () => {
  test('says each step, and what it writes, a line at a time', async () => {
    const fake = engineWith(
      lines(
        { stream: 'Step 1/2 : FROM debian:bookworm-slim\n' },
        { status: 'Pulling from library/debian', id: 'bookworm-slim' },
        { status: 'Status: Downloaded newer image' },
        { stream: ' ---> 123\nStep 2/2 : RUN it\nhalf' },
        { stream: ' a line\u001b[31m\n\n10%\r99%\n' },
        { aux: { ID: 'sha256:1' } },
      ),
    );
    const { progress, output } = await build(fake);
    expect(progress).toEqual([
      { step: 1, steps: 2, instruction: 'FROM debian:bookworm-slim' },
      { step: 2, steps: 2, instruction: 'RUN it' },
    ]);
    expect(output).toEqual([
      'Step 1/2 : FROM debian:bookworm-slim',
      'Status: Downloaded newer image',
      '---> 123',
      'Step 2/2 : RUN it',
      'half a line [31m',
      '99%',
    ]);
    const asked = fake.requests.find(({ path }) => path === '/build');
    expect(asked?.query.get('t')).toBe('berth/shell:test');
    expect(JSON.parse(asked?.query.get('labels') ?? '')).toEqual({
      'dev.berth.managed': '1',
      'dev.berth.recipe': 'shell',
    });
    expect(asked?.query.get('nocache')).toBe('0');
    expect(String(asked?.body)).toContain('FROM debian:bookworm-slim');
  });

  test('has the proxies of the engine, and never a login for one', async () => {
    const fake = engineWith(lines({ stream: 'Step 1/1 : FROM x\n' }), {
      HttpProxy: 'http://proxy.example:3128',
      HttpsProxy: 'http://ada:secret@proxy.example:3128',
      NoProxy: '*.example',
    });
    await build(fake, { isFresh: true });
    const asked = fake.requests.find(({ path }) => path === '/build');
    expect(asked?.query.get('nocache')).toBe('1');
    expect(JSON.parse(asked?.query.get('buildargs') ?? '')).toEqual({
      http_proxy: 'http://proxy.example:3128',
      HTTP_PROXY: 'http://proxy.example:3128',
      no_proxy: '*.example',
      NO_PROXY: '*.example',
    });
  });

  test('of the same image is made once: who comes second uses what the first made', async () => {
    const gate = Promise.withResolvers<undefined>();
    const fake = engineWith(async (request, response) => {
      await gate.promise;
      await lines({ stream: 'Step 1/1 : FROM x\n' })(request, response);
    });
    const engine = await fake.open();
    const wish = {
      reference: 'berth/shell:test',
      onProgress: () => undefined,
      onOutput: () => undefined,
    };
    const first = engine.buildRecipe('shell', { ...wish, signal: new AbortController().signal });
    const second = engine.buildRecipe('shell', { ...wish, signal: new AbortController().signal });
    const leaves = new AbortController();
    const third = engine.buildRecipe('shell', { ...wish, signal: leaves.signal });
    leaves.abort();
    await expect(third).rejects.toMatchObject({ code: 'cancelled' });
    gate.resolve(undefined);
    await Promise.all([first, second]);
    expect(fake.requests.filter(({ path }) => path === '/build')).toHaveLength(1);
    engine.close();
  });

  test('that was cancelled is cancelled', async () => {
    const cancel = new AbortController();
    const fake = engineWith((_request, response) => {
      response.writeHead(200).write(`${JSON.stringify({ stream: 'Step 1/1 : RUN for ever\n' })}\n`);
      cancel.abort();
    });
    await expect(build(fake, { signal: cancel.signal })).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('whose answer was cut short has not made the image', async () => {
    const fake = engineWith(lines({ stream: 'Step 1/9 : FROM x\n' }));
    fake.on('GET /images/berth/shell:test/json', (_request, response) =>
      json(response, 404, { message: 'No such image: berth/shell:test' }),
    );
    await expect(build(fake)).rejects.toMatchObject({ code: 'image.not-found' });
  });
});

describe('what it failed of', () => {
  const failed = (...said: string[]) =>
    lines({ stream: 'Step 2/3 : RUN apt-get update\n' }, ...said.map((text) => ({ stream: `${text}\n` })), {
      errorDetail: {
        code: 100,
        message: "The command '/bin/sh -c apt-get update' returned a non-zero code: 100",
      },
      error: "The command '/bin/sh -c apt-get update' returned a non-zero code: 100",
    });

  test('a command: its last words are kept', async () => {
    const error = await failureOf(failed('E: Unable to locate package chromiun'));
    expect(error.code).toBe('image.build-failed');
    expect(error.message).toContain('returned a non-zero code: 100');
    expect(error.details.output).toContain('Unable to locate package chromiun');
  });

  test.each([
    'dpkg: error: failed to write: No space left on device',
    "E: You don't have enough free space in /var/cache/apt/archives/.",
  ])('a full disk, told by the command alone: %s', async (said) => {
    expect((await failureOf(failed(said))).code).toBe('host.disk-full');
  });

  test('no network: says where to look', async () => {
    const error = await failureOf(
      failed("W: Temporary failure resolving 'mirror.example'", 'E: nothing fetched'),
    );
    expect(error.code).toBe('image.build-failed');
    expect(error.message).toMatch(/DNS, and the proxy/);
    expect(error.message).toContain('mirror.example');
  });

  test.each([
    'pull access denied for nobody/nothing, repository does not exist',
    'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
  ])('a base image that cannot be had: %s', async (message) => {
    const error = await failureOf(
      lines(
        { stream: 'Step 1/2 : FROM debian:bookworm-slim\n' },
        { errorDetail: { message }, error: message },
      ),
    );
    expect(error.code).toBe('image.build-failed');
    expect(error.message).toMatch(/built upon could not be pulled.*docker load/);
  });
});
