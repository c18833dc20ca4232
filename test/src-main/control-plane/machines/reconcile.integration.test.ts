/**
 * A whole plane, DigitalOcean's adapter and its double: that nothing is lost is seen through all of them, and nothing is
 * asked that the API's document does not allow.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CostReport, FoundResource } from '#contract/clouds.ts';
import type { CloudId } from '#contract/ids.ts';
import { createDigitalOcean } from '#main/adapters/digitalocean/digitalocean.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { type DigitalOceanDouble, startDigitalOceanDouble } from '#test/servers/digitalocean/double.ts';

let double: DigitalOceanDouble;
let plane: TestPlane;
beforeEach(async () => {
  double = await startDigitalOceanDouble({ dropletLimit: 1_000 });
  const provider = createDigitalOcean({
    baseUrl: double.baseUrl,
    clock: createSystemClock(),
    log: new MemoryLog(),
  });
  plane = await startPlane({ cloudProviders: [provider] });
  await plane.client.call('credentials.createVault', { passphrase: 'a passphrase for tests' });
});
afterEach(async () => {
  await plane.close();
  expect(double.violations).toEqual([]);
  await double.close();
});

async function connect(scopes?: readonly string[]): Promise<CloudId> {
  const { id } = await plane.client.call('clouds.connect', {
    provider: 'digitalocean',
    label: 'Team',
    token: double.addToken(scopes),
  });
  await plane.client.call('clouds.check', { id });
  return id;
}

/** The first report that fits. */
async function costs(fits: (report: CostReport) => boolean): Promise<CostReport> {
  const stop = new AbortController();
  for await (const report of plane.client.stream('clouds.costs', {}, { signal: stop.signal })) {
    if (!fits(report)) continue;
    stop.abort();
    return report;
  }
  throw new Error('the reports ended');
}

const found = (fits: (finds: FoundResource[]) => boolean) =>
  plane.until('clouds.found', {}, (finds) => (fits(finds) ? finds : undefined));

describe('an account with hundreds of droplets', () => {
  it('is read to its last page, and what is Berth’s is found among what is not', {
    timeout: 60_000,
  }, async () => {
    double.account.plantDroplets(450, { tags: ['berth', 'berth:install:elsewhere'], name: 'fleet' });
    double.account.plantDroplets(50, { name: 'own-business' });
    const gpu = double.account.plantGpuDroplet({ tags: ['berth'], name: 'trainer' });
    const id = await connect();
    const finds = await found(({ length }) => length === 451);
    expect(new Set(finds.map(({ name }) => name)).size).toBe(451);
    expect(finds.find(({ providerId }) => providerId === String(gpu.id))).toMatchObject({
      kind: 'machine',
      origin: 'elsewhere',
      hourlyUsd: 3.39,
    });
    const report = await costs(({ hosts }) => hosts.length === 451);
    expect(report.perHourUsd).toBeCloseTo(450 * 0.00893 + 3.39, 4);
    expect(report.budgets).toMatchObject([{ cloudId: id, level: 'none' }]);
    const asked = double.countOf('GET /v2/droplets');
    await plane.client.call('clouds.check', { id });
    // Three pages and that of the GPU list, for each of the looks at most; and the account's own count.
    expect(double.countOf('GET /v2/droplets') - asked).toBeLessThanOrEqual(2 * 4 + 4);
  });
});

describe('what was lost', () => {
  it('is adopted, or destroyed to the end; what it leaves behind is found, too', {
    timeout: 60_000,
  }, async () => {
    const kept = double.account.plantDroplet({ tags: ['berth'], name: 'kept.example.org', ageMs: 3_600_000 });
    const lost = double.account.plantDroplet({ tags: ['berth'], name: 'lost' });
    const volume = double.account.plantVolume({ name: 'lost-data', dropletId: lost.id });
    const snapshot = double.account.plantSnapshot({ name: 'lost-snapshot', dropletId: lost.id });
    const id = await connect();
    const finds = await found(({ length }) => length === 2);
    const findOf = (name: string, among = finds) => among.find((each) => each.name === name)!;

    const machine = await plane.client.call('clouds.adoptFound', { id: findOf('kept.example.org').id });
    expect(machine).toMatchObject({ name: 'kept-example-org', providerId: String(kept.id), life: 'made' });
    const { hosts } = await costs((report) => report.hosts.some(({ machineId }) => machineId === machine.id));
    expect(hosts.find(({ machineId }) => machineId === machine.id)).toMatchObject({
      perHourUsd: 0.00893,
      monthUsd: expect.closeTo(0.01, 3),
    });

    const operation = await plane.client.call('clouds.destroyFound', { id: findOf('lost').id, name: 'lost' });
    await plane.succeeded(operation.id);
    expect(double.account.droplets.has(lost.id)).toBe(false);
    expect(double.account.volumes.has(volume.id)).toBe(true);

    await plane.client.call('clouds.check', { id });
    const left = await found((all) => all.length === 2 && all.every(({ origin }) => origin === 'left'));
    expect(left.map(({ kind, monthlyUsd, name }) => `${kind} ${name} ${monthlyUsd}`).toSorted()).toEqual([
      'snapshot lost-snapshot 0.1416',
      'volume lost-data 1',
    ]);
    expect(await costs(({ stored }) => stored.length === 2)).toMatchObject({ blind: [] });
    for (const { id: foundId, name } of left) {
      const end = await plane.client.call('clouds.destroyFound', { id: foundId, name });
      await plane.succeeded(end.id);
    }
    expect(double.account.volumes.size).toBe(0);
    expect(double.account.images.has(snapshot.id)).toBe(false);
    await found(({ length }) => length === 0);
  });

  it('is not taken for gone because its list cannot be read', { timeout: 60_000 }, async () => {
    double.account.plantDroplet({ tags: ['berth'], name: 'lost' });
    const id = await connect();
    await found(({ length }) => length === 1);
    const token = double.addToken(['account:read']);
    await plane.client.call('clouds.replaceToken', { id, token });
    await plane.client.call('clouds.check', { id });
    expect(await found(({ length }) => length === 1)).toHaveLength(1);
  });
});

describe('a token with few scopes', () => {
  it('sees what it may, and says what it is blind to', { timeout: 60_000 }, async () => {
    double.account.plantDroplet({ tags: ['berth'], name: 'lost' });
    double.account.plantVolume({ tags: ['berth'] });
    await connect(['account:read', 'droplet:read', 'regions:read', 'sizes:read', 'image:read', 'tag:read']);
    const { blind } = await costs((report) => report.blind.length > 0);
    expect(blind).toEqual([
      expect.stringContaining('may not see reserved addresses') as string,
      expect.stringContaining('may not see snapshots') as string,
      expect.stringContaining('may not see volumes') as string,
    ]);
    expect(await found(({ length }) => length === 1)).toMatchObject([{ name: 'lost', kind: 'machine' }]);
  });
});
