/** Secrets as files: what the engine is sent, what it never is, and what becomes of a container that did not get them. */
import { describe, expect, test } from 'vitest';
import { firstTarEntry } from '#main/adapters/docker/tar-archive.ts';
import type { WorkspaceContainerSpec } from '#main/control-plane/interfaces/container-engine.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { specOf } from './engine-fixture.ts';
import { FakeEngine, json } from './fake-engine.ts';

const canary = 'canary-31 with spaces';

async function engineWith({ isFull = false } = {}) {
  const fake = new FakeEngine();
  const ids = ['prepare', 'made'];
  fake.on('GET /info', (_request, response) => json(response, 200, {}));
  fake.on('GET /images/debian:12/json', (_request, response) =>
    json(response, 200, { Config: { User: '1234:1300' } }),
  );
  fake.on('POST /containers/create', (_request, response) => json(response, 201, { Id: ids.shift() }));
  fake.on('POST /containers/prepare/start', (_request, response) => json(response, 500, { message: 'no' }));
  fake.on('PUT /containers/made/archive', (_request, response) =>
    isFull
      ? json(response, 500, { message: 'write /run/secrets/PASSWORD: no space left on device' })
      : response.writeHead(200).end(),
  );
  for (const id of ['prepare', 'made', 'w-prepare'])
    fake.on(`DELETE /containers/${id}`, (_request, response) => response.writeHead(204).end());
  const spec: WorkspaceContainerSpec = specOf({
    containerName: 'w',
    image: 'debian:12',
    environment: [{ name: 'IN_ENVIRONMENT', value: new Secret('revealed') }],
    secretFiles: [{ path: '/run/secrets/PASSWORD', content: new Secret(canary) }],
  });
  return { fake, engine: await fake.open(), spec };
}

describe('a secret file', () => {
  test('goes in an archive, for the container’s user alone, and is in no other request', async () => {
    const { fake, engine, spec } = await engineWith();
    expect((await engine.createWorkspaceContainer(spec)).id).toBe('made');
    const put = fake.requests.filter(({ method }) => method === 'PUT');
    expect(put.map(({ path, query }) => [path, query.get('path')])).toEqual([
      ['/containers/made/archive', '/'],
    ]);
    const archive = Buffer.from(String(put[0]?.body));
    const first = await firstTarEntry(
      (async function* () {
        yield archive;
      })(),
      1000,
    );
    // One entry: folders that the image has keep their owner and mode.
    expect(first?.entry).toMatchObject({ type: 'file', mode: 0o400, uid: 1234, gid: 1300 });
    expect(first?.content.toString()).toBe(canary);
    expect(archive.toString('latin1', 0, 99).replace(/\0+$/, '')).toBe('run/secrets/PASSWORD');
    expect(archive.subarray(1024).every((byte) => byte === 0)).toBe(true);
    const others = fake.requests.filter(({ method }) => method !== 'PUT');
    expect(JSON.stringify(others)).not.toContain('canary');
    const create = others.filter(({ path }) => path === '/containers/create').at(-1);
    expect(create?.body).toMatchObject({ Env: expect.arrayContaining(['IN_ENVIRONMENT=revealed']) });
    expect(fake.log.text()).not.toContain('canary');
    engine.close();
  });

  test('that cannot be written leaves no container, and is not in the error', async () => {
    const { fake, engine, spec } = await engineWith({ isFull: true });
    const error = await engine.createWorkspaceContainer(spec).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'host.disk-full' });
    expect(JSON.stringify(error)).not.toContain('canary');
    expect(
      fake.requests.filter(({ method, path }) => method === 'DELETE' && path === '/containers/made'),
    ).toHaveLength(1);
    engine.close();
  });

  test('is not asked for where there is none', async () => {
    const { fake, engine, spec } = await engineWith();
    await engine.createWorkspaceContainer({ ...spec, secretFiles: [] });
    expect(fake.requests.some(({ method }) => method === 'PUT')).toBe(false);
    engine.close();
  });
});
