/** Networks of workspaces against an engine that refuses and races as real ones do, which none can be made to do here. */
import { describe, expect, test } from 'vitest';
import { FakeEngine, json } from './fake-engine.ts';

interface Made {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Driver: string;
  readonly EnableIPv6: boolean;
  readonly Options: Readonly<Record<string, string>>;
}

/** Makes networks as asked; `refuses` says what is wrong with the n-th request, counted from 0. */
function engineWithNetworks(refuses: (request: number) => [number, string] | undefined = () => undefined) {
  const fake = new FakeEngine();
  const networks: Made[] = [];
  const interfaces: string[] = [];
  fake.on('GET /networks', (_request, response) => json(response, 200, networks));
  fake.on('POST /networks/create', ({ body }, response) => {
    const wanted = body as Omit<Made, 'Id' | 'Created'>;
    interfaces.push(wanted.Options['com.docker.network.bridge.name'] ?? '');
    const refusal = refuses(interfaces.length - 1);
    if (refusal) return json(response, refusal[0], { message: refusal[1] });
    networks.push({ ...wanted, Id: `n${networks.length}`, Created: new Date(networks.length).toISOString() });
    return json(response, 201, { Id: networks.at(-1)?.Id, Warning: '' });
  });
  return { fake, networks, interfaces };
}

const taken: [number, string] = [403, 'conflicts with network 1f2e (other): networks have same bridge name'];

describe('the interface of a network', () => {
  test('has the prefix that the guard knows, and fits into an interface’s name', async () => {
    const { fake, networks, interfaces } = engineWithNetworks();
    const engine = await fake.open();
    await engine.ensureNetwork('first', { a: '1' });
    await engine.ensureNetwork('second', {});
    expect(networks.map(({ Options }) => Options['com.docker.network.bridge.enable_icc'])).toEqual([
      'false',
      'false',
    ]);
    for (const name of interfaces) expect(name).toMatch(/^berth-[a-z2-7]{9}$/);
    expect(new Set(interfaces).size).toBe(2);
    engine.close();
  });

  test('gets another name where one is taken', async () => {
    const { fake, networks, interfaces } = engineWithNetworks((request) => (request < 2 ? taken : undefined));
    const engine = await fake.open();
    await engine.ensureNetwork('late', {});
    expect(networks).toHaveLength(1);
    expect(new Set(interfaces).size).toBe(3);
    engine.close();
  });

  test('is not looked for without end', async () => {
    const { fake, interfaces } = engineWithNetworks(() => taken);
    const engine = await fake.open();
    await expect(engine.ensureNetwork('late', {})).rejects.toMatchObject({ code: 'conflict' });
    expect(interfaces).toHaveLength(3);
    engine.close();
  });

  test('is no reason to try again where something else is wrong', async () => {
    const { fake, interfaces } = engineWithNetworks(() => [
      500,
      'could not find an available, non-overlapping IPv4 address pool',
    ]);
    const engine = await fake.open();
    await expect(engine.ensureNetwork('late', {})).rejects.toMatchObject({ code: 'engine.failed' });
    expect(interfaces).toHaveLength(1);
    engine.close();
  });
});

test('a network of an earlier Berth, whose interface the engine named, is taken as it is', async () => {
  const { fake, networks, interfaces } = engineWithNetworks();
  networks.push({
    Id: 'old',
    Name: 'kept',
    Created: '2024-01-01T00:00:00Z',
    Driver: 'bridge',
    EnableIPv6: false,
    Options: { 'com.docker.network.bridge.enable_icc': 'false' },
  });
  const engine = await fake.open();
  await engine.ensureNetwork('kept', {});
  expect(interfaces).toEqual([]);
  engine.close();
});
