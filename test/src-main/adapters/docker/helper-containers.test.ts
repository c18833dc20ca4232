/** What real engines here cannot show of helpers: folders that a host lacks, other engines' words, leftovers of long ago. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { factoryForTests, makeStandInScripts } from './engine-fixture.ts';
import { type AskedRequest, FakeEngine, json } from './fake-engine.ts';

const spec = { name: 'h', labels: {}, args: [], mounts: [], capabilities: [] };

/** A host whose helpers end at once with 0, and whose engine refuses mounts of what is `absent`. */
async function openFake(absent: readonly string[] = []) {
  const fake = new FakeEngine();
  const created: Record<string, unknown>[] = [];
  let hasImage = false;
  fake.on('POST /images/create', (_request, response) => {
    hasImage = true;
    response.end('{"status":"sha256:1"}\n');
  });
  fake.on('GET /images/json', (_request, response) => json(response, 200, []));
  fake.on('GET /containers/h/json', (_request, response) =>
    json(response, 404, { message: 'no such container' }),
  );
  fake.on('POST /containers/create', ({ body }: AskedRequest, response) => {
    const { HostConfig } = body as { HostConfig: { Mounts: { Type: string; Source: string }[] } };
    const missing = HostConfig.Mounts.find(({ Source }) => absent.includes(Source));
    if (missing)
      json(response, 400, {
        message: `invalid mount config for type "bind": bind source path does not exist: ${missing.Source}`,
      });
    else if (!hasImage) json(response, 404, { message: 'No such image: berth-helper:1' });
    else {
      created.push(body as Record<string, unknown>);
      json(response, 201, { Id: `c${created.length}` });
    }
  });
  for (const id of ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'old']) {
    fake.on(`POST /containers/${id}/start`, (_request, response) => response.writeHead(204).end());
    fake.on(`POST /containers/${id}/wait`, (_request, response) => json(response, 200, { StatusCode: 0 }));
    fake.on(`DELETE /containers/${id}`, (_request, response) => response.writeHead(204).end());
  }
  const scripts = await makeStandInScripts();
  const engine = await factoryForTests(fake.log, scripts.folder).open(fake.openStream);
  const dispose = async () => {
    engine.close();
    await scripts[Symbol.asyncDispose]();
  };
  return { fake, engine, created, [Symbol.asyncDispose]: dispose };
}

const mountsOf = (body: Record<string, unknown> = {}) =>
  (body.HostConfig as { Mounts: { Source: string }[] }).Mounts.map(({ Source }) => Source);
const deleted = (fake: FakeEngine) =>
  fake.requests.filter(({ method }) => method === 'DELETE').map(({ path }) => path);

describe('the host’s tools', () => {
  test('are looked for once a connection; the image is imported when it is not there', async () => {
    await using world = await openFake();
    await Promise.all([
      world.engine.startHelper({ ...spec, name: 'a' }),
      world.engine.startHelper({ ...spec, name: 'b' }),
    ]).catch(() => undefined);
    const imports = world.fake.requests.filter(({ path }) => path === '/images/create');
    expect(imports).toHaveLength(1);
    expect(Object.fromEntries(imports[0]!.query)).toMatchObject({ fromSrc: '-', repo: 'berth-helper' });
  });

  test('a probe leaves nothing behind, and needs no init of the engine', async () => {
    await using world = await openFake();
    expect(await world.engine.startHelper(spec)).toEqual({ id: 'c2' });
    expect(world.created.map((body) => (body.HostConfig as { Init: boolean }).Init)).toEqual([false, true]);
    expect(deleted(world.fake)).toEqual(['/containers/c1']);
  });

  test('where Python starts only with folders of its own, those that the host lacks are left out', async () => {
    await using world = await openFake(['/lib64']);
    let starts = 0;
    for (const id of ['c1', 'c2'])
      world.fake.on(`POST /containers/${id}/start`, (_request, response) => {
        starts++;
        json(response, 400, {
          message:
            'OCI runtime create failed: exec: "/usr/bin/python3": stat /usr/bin/python3: no such file or directory',
        });
      });
    await world.engine.startHelper(spec);
    expect(starts).toBe(2);
    expect(mountsOf(world.created.at(-1))).toEqual(['/usr', '/bin', '/lib']);
  });

  test('a host without /usr has none', async () => {
    await using world = await openFake(['/usr', '/bin', '/lib', '/lib64']);
    for (const id of ['c1', 'c2', 'c3', 'c4'])
      world.fake.on(`POST /containers/${id}/wait`, (_request, response) =>
        json(response, 200, { StatusCode: 1 }),
      );
    await expect(world.engine.startHelper(spec)).rejects.toMatchObject({ code: 'snapshot.tools-missing' });
    expect(deleted(world.fake).sort()).toEqual([1, 2, 3, 4].map((number) => `/containers/c${number}`));
    // It may have been installed since: asked anew.
    for (const id of ['c5', 'c6'])
      world.fake.on(`POST /containers/${id}/wait`, (_request, response) =>
        json(response, 200, { StatusCode: 0 }),
      );
    await world.engine.startHelper(spec);
  });

  test('an engine that cannot start anything is no host without tools', async () => {
    await using world = await openFake();
    world.fake.on('POST /containers/c1/start', (_request, response) =>
      json(response, 500, { message: 'cgroup: cannot set memory limit' }),
    );
    await expect(world.engine.startHelper(spec)).rejects.toMatchObject({
      code: expect.not.stringMatching(/^snapshot/),
      message: expect.stringContaining('cgroup'),
    });
  });
});

test('an import that fails in the middle of a good answer', async () => {
  await using world = await openFake();
  world.fake.on('POST /images/create', (_request, response) =>
    response.end('{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}\n'),
  );
  await expect(world.engine.startHelper(spec)).rejects.toMatchObject({ code: 'host.disk-full' });
});

test('leftovers of long ago go with the first helper, young ones stay', async () => {
  await using world = await openFake();
  const nowSeconds = Math.floor(Date.now() / 1000);
  world.fake.on('GET /containers/json', (_request, response) =>
    json(response, 200, [
      { Id: 'old', Created: nowSeconds - 3600 },
      { Id: 'young', Created: nowSeconds - 5 },
    ]),
  );
  await world.engine.startHelper(spec);
  const asked = world.fake.requests.filter(({ path }) => path === '/containers/json').at(-1);
  expect(JSON.parse(asked?.query.get('filters') ?? '')).toEqual({
    label: ['dev.berth.helper-attached'],
    status: ['created', 'exited', 'dead'],
  });
  expect(deleted(world.fake).sort()).toEqual(['/containers/c1', '/containers/old']);
});

test('programs that are not there keep no engine from being opened', async () => {
  const fake = new FakeEngine();
  await using scripts = await makeStandInScripts();
  await rm(join(scripts.folder, 'snapshot-helper.py'));
  const engine = await factoryForTests(fake.log, scripts.folder).open(fake.openStream);
  await expect(engine.startHelper(spec)).rejects.toMatchObject({ code: 'internal' });
  engine.close();
});
