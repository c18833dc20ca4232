import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asking, type Said, smallDroplet } from './asking.ts';
import { type DigitalOceanDouble, startDigitalOceanDouble } from './double.ts';

let double: DigitalOceanDouble;
let ask: (method: string, path: string, body?: unknown) => Promise<Said>;

beforeEach(async () => {
  double = await startDigitalOceanDouble();
  ask = asking(double);
});
afterEach(async () => {
  expect(double.violations).toEqual([]);
  await double.close();
});

/** Looks until the answer is as wanted; the double's time passes by looks. */
async function until(path: string, isMet: (said: Said) => boolean): Promise<Said> {
  for (let looks = 0; looks < 20; looks++) {
    const said = await ask('GET', path);
    if (isMet(said)) return said;
  }
  throw new Error(`${path}: not as wanted after 20 looks`);
}

async function made(more: object = {}) {
  const { body } = await ask('POST', '/v2/droplets', { ...smallDroplet, ...more });
  const path = `/v2/droplets/${body.droplet.id}`;
  await until(path, (said) => said.body.droplet.networks.v4.length > 0);
  return { id: body.droplet.id as number, path };
}

describe('a droplet', () => {
  it('is new, then active, and has its public address later, after a private one', async () => {
    const { status, body } = await ask('POST', '/v2/droplets', smallDroplet);
    expect(status).toBe(202);
    expect(body.droplet).toMatchObject({ status: 'new', locked: true, networks: { v4: [] } });
    const action = body.links.actions[0];
    expect(action.rel).toBe('create');
    const path = `/v2/droplets/${body.droplet.id}`;
    expect((await ask('GET', `/v2/actions/${action.id}`)).body.action.status).toBe('in-progress');
    const active = await until(path, (said) => said.body.droplet.status === 'active');
    expect(active.body.droplet.networks.v4).toEqual([]);
    const whole = await until(path, (said) => said.body.droplet.networks.v4.length > 0);
    expect(whole.body.droplet.networks.v4.map(({ type }: { type: string }) => type)).toEqual([
      'private',
      'public',
    ]);
    expect((await ask('GET', `/v2/actions/${action.id}`)).body.action.status).toBe('completed');
  });

  it('is found by a tag, whatever its case', async () => {
    const { id } = await made();
    const { body } = await ask('GET', '/v2/droplets?tag_name=BERTH:op:1');
    expect(body.droplets.map((one: { id: number }) => one.id)).toEqual([id]);
    expect((await ask('GET', '/v2/droplets?tag_name=other')).body.droplets).toEqual([]);
  });

  it('takes orders one at a time, and says what does not fit its state', async () => {
    const { path } = await made();
    const order = (type: string, more = {}) => ask('POST', `${path}/actions`, { type, ...more });
    expect((await order('resize', { size: 's-2vcpu-4gb' })).body.message).toMatch(/currently on/);
    const off = await order('power_off');
    expect(off.status).toBe(201);
    expect((await order('power_on')).body.message).toMatch(/pending event/);
    await until(`${path}/actions/${off.body.action.id}`, (said) => said.body.action.status === 'completed');
    expect((await ask('GET', path)).body.droplet).toMatchObject({ status: 'off', locked: false });

    const resize = await order('resize', { size: 's-2vcpu-4gb', disk: false });
    await until(
      `${path}/actions/${resize.body.action.id}`,
      (said) => said.body.action.status === 'completed',
    );
    expect((await ask('GET', path)).body.droplet).toMatchObject({ size_slug: 's-2vcpu-4gb', disk: 25 });
    const rename = await order('rename', { name: 'web-2' });
    await until(
      `${path}/actions/${rename.body.action.id}`,
      (said) => said.body.action.status === 'completed',
    );
    expect((await ask('GET', path)).body.droplet.name).toBe('web-2');
    const types = (await ask('GET', `${path}/actions`)).body.actions.map((one: { type: string }) => one.type);
    expect(types).toEqual(['rename', 'resize', 'power_off', 'create']);
  });

  it('leaves a snapshot, from which another one is made, in its region and once transferred in others', async () => {
    const { id, path } = await made();
    const { body } = await ask('POST', `${path}/actions`, { type: 'snapshot', name: 'before' });
    await until(`${path}/actions/${body.action.id}`, (said) => said.body.action.status === 'completed');
    const [snapshotId] = (await ask('GET', path)).body.droplet.snapshot_ids;
    expect((await ask('GET', `${path}/snapshots`)).body.snapshots[0]).toMatchObject({ id: snapshotId });
    const listed = await ask('GET', '/v2/snapshots?resource_type=droplet');
    expect(listed.body.snapshots[0]).toMatchObject({ id: String(snapshotId), resource_id: String(id) });

    const elsewhere = { ...smallDroplet, image: snapshotId, region: 'fra1' };
    expect((await ask('POST', '/v2/droplets', elsewhere)).body.message).toMatch(/transfer it to this region/);
    const transfer = await ask('POST', `/v2/images/${snapshotId}/actions`, {
      type: 'transfer',
      region: 'fra1',
    });
    const action = `/v2/images/${snapshotId}/actions/${transfer.body.action.id}`;
    await until(action, (said) => said.body.action.status === 'completed');
    expect((await ask('POST', '/v2/droplets', elsewhere)).status).toBe(202);
    expect((await ask('DELETE', `/v2/snapshots/${snapshotId}`)).status).toBe(204);
    expect((await ask('GET', `/v2/snapshots/${snapshotId}`)).status).toBe(404);
  });

  it('lingers after it was deleted, and is gone then', async () => {
    const { path } = await made();
    expect((await ask('DELETE', path)).status).toBe(204);
    expect((await ask('GET', path)).status).toBe(200);
    await until(path, ({ status }) => status === 404);
    expect((await ask('DELETE', path)).status).toBe(404);
  });

  it('with a GPU is in no list that does not ask for those', async () => {
    const { id } = double.account.plantGpuDroplet({ tags: ['berth'] });
    expect((await ask('GET', '/v2/droplets')).body.droplets).toEqual([]);
    expect((await ask('GET', '/v2/droplets?tag_name=berth')).body.droplets).toEqual([]);
    const { body } = await ask('GET', '/v2/droplets?type=gpus');
    expect(body.droplets.map((one: { id: number }) => one.id)).toEqual([id]);
    expect((await ask('GET', '/v2/droplets?type=gpus&tag_name=berth')).status).toBe(400);
  });
});

describe('destroying with what belongs to it', () => {
  it('tells costs, goes on after a failure, and is done after a retry', async () => {
    const { id, path } = await made();
    const kept = double.account.plantSnapshot({ dropletId: id, sizeGigabytes: 10 });
    const snapshot = double.account.plantSnapshot({ dropletId: id, sizeGigabytes: 2 });
    const volume = double.account.plantVolume({ dropletId: id });
    const reserved = double.account.plantReservedIp({ dropletId: id });
    const base = `${path}/destroy_with_associated_resources`;
    const { body } = await ask('GET', base);
    expect(body.snapshots[0]).toEqual({ id: String(kept.id), name: kept.name, cost: '0.60' });
    expect(body.reserved_ips[0].cost).toBe('5.00');

    double.faults.resourceStays('volumes');
    const selection = { snapshots: [String(snapshot.id)], volumes: [volume.id], reserved_ips: [reserved.ip] };
    expect((await ask('DELETE', `${base}/selective`, selection)).status).toBe(202);
    expect((await ask('POST', `${base}/retry`)).status).toBe(409);
    const ended = await until(`${base}/status`, (said) => said.body.completed_at !== undefined);
    expect(ended.body.failures).toBe(1);
    expect(ended.body.resources.volumes[0].error_message).toMatch(/in use/);
    expect((await ask('GET', path)).status).toBe(404);
    expect(double.account.images.has(snapshot.id)).toBe(false);

    expect((await ask('POST', `${base}/retry`)).status).toBe(202);
    const again = await until(`${base}/status`, (said) => said.body.completed_at !== undefined);
    expect(again.body.failures).toBe(0);
    expect(double.account.volumes.size).toBe(0);
    expect(double.account.images.has(kept.id)).toBe(true);
  });

  it('keeps a volume busy until the droplet is gone', async () => {
    const { id, path } = await made();
    const volume = double.account.plantVolume({ dropletId: id });
    await ask('DELETE', path);
    expect((await ask('DELETE', `/v2/volumes/${volume.id}`)).status).toBe(409);
    await until(path, ({ status }) => status === 404);
    expect((await ask('DELETE', `/v2/volumes/${volume.id}`)).status).toBe(204);
  });
});

describe('lists', () => {
  it('come in pages, with links to the others', async () => {
    double.account.plantDroplets(450, { name: 'farm', tags: ['farm'] });
    const names: string[] = [];
    let next: string | undefined = `${double.baseUrl}/v2/droplets?tag_name=farm&per_page=200`;
    let pages = 0;
    while (next !== undefined) {
      const { body }: Said = await ask('GET', next.slice(double.baseUrl.length));
      expect(body.meta.total).toBe(450);
      names.push(...body.droplets.map(({ name }: { name: string }) => name));
      next = body.links.pages?.next;
      pages++;
    }
    expect([pages, new Set(names).size]).toEqual([3, 450]);
    double.faults.linksBase = 'https://elsewhere.example';
    const { body } = await ask('GET', '/v2/droplets');
    expect(body.links.pages.next).toBe('https://elsewhere.example/v2/droplets?page=2&per_page=20');
  });
});

describe('the account', () => {
  it('knows a key by its fingerprint, and each key once', async () => {
    const publicKey = `ssh-ed25519 ${Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.alloc(36, 7)]).toString('base64')}`;
    const { status, body } = await ask('POST', '/v2/account/keys', { name: 'berth', public_key: publicKey });
    expect(status).toBe(201);
    expect(body.ssh_key.fingerprint).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
    const again = await ask('POST', '/v2/account/keys', { name: 'berth', public_key: publicKey });
    expect([again.status, again.body.message]).toEqual([422, 'SSH Key is already in use on your account']);
    const found = await ask('GET', `/v2/account/keys/${body.ssh_key.fingerprint}`);
    expect(found.body.ssh_key.id).toBe(body.ssh_key.id);
    expect((await ask('GET', '/v2/account/keys/00:11')).status).toBe(404);
  });

  it('guards tags with firewalls, once the tag is there', async () => {
    const inbound = [{ protocol: 'tcp', ports: '22', sources: { addresses: ['203.0.113.7/32'] } }];
    const wish = { name: 'berth-1', inbound_rules: inbound, outbound_rules: [], tags: ['berth'] };
    expect((await ask('POST', '/v2/firewalls', wish)).status).toBe(422);
    expect((await ask('POST', '/v2/tags', { name: 'berth' })).status).toBe(201);
    const { status, body } = await ask('POST', '/v2/firewalls', wish);
    expect([status, body.firewall.status]).toEqual([202, 'waiting']);
    expect((await ask('POST', '/v2/firewalls', wish)).status).toBe(409);
    await until(`/v2/firewalls/${body.firewall.id}`, (said) => said.body.firewall.status === 'succeeded');
    const { id } = double.account.plantDroplet({ tags: ['berth'] });
    const guarding = await ask('GET', `/v2/droplets/${id}/firewalls`);
    expect(guarding.body.firewalls.map(({ name }: { name: string }) => name)).toEqual(['berth-1']);
  });

  it('tells what is on offer, with what is sold out and closed', async () => {
    const { body: offer } = await ask('GET', '/v2/regions?per_page=200');
    const closed = offer.regions.filter(({ available }: { available: boolean }) => !available);
    expect(closed.map(({ slug }: { slug: string }) => slug)).toEqual(['nyc2']);
    expect((await ask('GET', '/v2/sizes?per_page=200')).body.sizes.length).toBeGreaterThan(8);
    const { body: all } = await ask('GET', '/v2/images?type=distribution&per_page=200');
    expect(all.images.map(({ slug }: { slug: string }) => slug)).toContain('ubuntu-24-04-x64');
    for (const path of [
      '/v2/account',
      '/v2/customers/my/balance',
      '/v2/tags',
      '/v2/vpcs',
      '/v2/reserved_ips',
    ])
      expect((await ask('GET', path)).status).toBe(200);
  });
});
