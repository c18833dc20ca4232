/** Building on a real engine: what it makes, how it fails, and that a cancelled build is stopped there. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BuildHost, startBuildHost } from '#test/servers/own-images.ts';

let folder: string;
let built: BuildHost;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-recipes-'));
  await mkdir(join(folder, 'shell'));
  built = await startBuildHost({ folder });
});
afterAll(async () => {
  await built?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const recipe = (...lines: string[]) =>
  writeFile(join(folder, 'shell', 'Dockerfile'), ['FROM debian:bookworm-slim', ...lines, ''].join('\n'));
const output: string[] = [];
const build = (signal = new AbortController().signal) =>
  built.engine.buildRecipe('shell', {
    signal,
    onProgress: () => undefined,
    onOutput: (line) => output.push(line),
  });

test('makes the image under the name of its content, with the files beside the Dockerfile', async () => {
  await writeFile(join(folder, 'shell', 'greeting'), 'hello');
  await recipe('COPY greeting /greeting', 'CMD ["cat", "/greeting"]');
  const reference = await built.engine.recipeImage('shell');
  expect(reference).toMatch(/^berth\/shell:[0-9a-f]{12}$/);
  await build();
  expect(await built.host.docker('run', '--rm', reference)).toBe('hello');
  expect(
    await built.host.docker(
      'image',
      'inspect',
      '-f',
      '{{index .Config.Labels "dev.berth.recipe"}}',
      reference,
    ),
  ).toBe('shell\n');
  await writeFile(join(folder, 'shell', 'greeting'), 'good day');
  expect(await built.engine.recipeImage('shell')).not.toBe(reference);
});

test('a command that fails is told with its own words', async () => {
  await recipe('RUN echo because of this >&2; exit 3');
  await expect(build()).rejects.toMatchObject({
    code: 'image.build-failed',
    details: { output: expect.stringContaining('because of this') },
  });
});

test('a full disk is told as that', async () => {
  await recipe('RUN head -c 64M /dev/zero >/filler');
  await built.host.fillDisk();
  try {
    await expect(build()).rejects.toMatchObject({ code: 'host.disk-full' });
  } finally {
    await built.host.freeDisk();
  }
});

test('a base that nobody has is told with what to do', async () => {
  await writeFile(join(folder, 'shell', 'Dockerfile'), 'FROM nobody.invalid/nothing:1\n');
  await expect(build()).rejects.toMatchObject({
    code: 'image.build-failed',
    message: expect.stringMatching(/docker load/),
  });
});

test('a cancelled build ends on the host', async () => {
  await recipe('RUN echo it runs; sleep 600');
  output.length = 0;
  const cancel = new AbortController();
  const building = build(cancel.signal);
  await expect.poll(() => output, { timeout: 20_000 }).toContain('it runs');
  expect(await built.host.docker('ps', '-q')).not.toBe('');
  cancel.abort();
  await expect(building).rejects.toMatchObject({ code: 'cancelled' });
  await expect.poll(() => built.host.docker('ps', '-aq'), { timeout: 20_000 }).toBe('');
  const running = await built.host.run(['pgrep', '-f', 'sleep 600']);
  expect(running.stdout).toBe('');
});
