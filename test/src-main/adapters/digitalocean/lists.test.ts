/** Lists in whole: of Droplets, of everything that costs, and of what is on offer. */
import { describe, expect, it } from 'vitest';
import { droplet, list, region, size, snapshot } from './answers.ts';
import { type Answer, type Asked, failureOf, refused, talkTo } from './api-server.ts';

describe('a long list', () => {
  const many = Array.from({ length: 450 }, (_none, index) =>
    droplet({ id: index + 1, name: `box-${index}` }),
  );
  /** Pages as the API makes them: the next one is an address. */
  const pages =
    (items: readonly unknown[]) =>
    (asked: Asked): Answer => {
      if (asked.query.type === 'gpus') return list('droplets', []);
      const perPage = Number(asked.query.per_page);
      const page = Number(asked.query.page ?? '1');
      const isLast = page * perPage >= items.length;
      const query = new URLSearchParams({ ...asked.query, page: String(page + 1) });
      const next = `http://${asked.headers.host}${asked.path}?${query}`;
      const links = isLast ? {} : { pages: { next, last: next } };
      const body = {
        droplets: items.slice((page - 1) * perPage, page * perPage),
        links,
        meta: { total: 450 },
      };
      return { body };
    };

  it('of 450 Droplets is read in three pages, with its filter on each', async () => {
    const { api, client, signal } = await talkTo({ 'GET /v2/droplets': pages(many) });
    const machines = await client.machinesTagged('berth', signal);
    expect(new Set(machines.map(({ id }) => id)).size).toBe(450);
    expect(machines).toHaveLength(450);
    const tagged = api.asked.filter(({ query }) => query.tag_name === 'berth');
    expect(tagged.map(({ query }) => [query.per_page, query.page])).toEqual([
      ['200', undefined],
      ['200', '2'],
      ['200', '3'],
    ]);
  });

  it('shows a Droplet once that moved from one page to the next meanwhile', async () => {
    const shifted = [...many.slice(0, 200), many[199], ...many.slice(200)];
    const { client, signal } = await talkTo({ 'GET /v2/droplets': pages(shifted) });
    expect(await client.machinesTagged('berth', signal)).toHaveLength(450);
  });

  it.each([
    'https://api.example.org/v2/droplets?page=2',
    'http://user@HOST/v2/droplets?page=2',
    '//api.example.org/',
    'http://127.0.0.1:1/',
  ])('does not go on at %s: the token would go along', async (next) => {
    const { api, client, settle, signal } = await talkTo({
      'GET /v2/droplets': ({ headers }) => ({
        body: {
          droplets: [],
          links: { pages: { next: next.replace('HOST', String(headers.host)) } },
          meta: { total: 9 },
        },
      }),
    });
    const error = await failureOf(settle(client.machinesTagged('berth', signal)));
    expect(error).toMatchObject({
      code: 'cloud.failed',
      message: expect.stringContaining('another address'),
    });
    expect(api.asked.every(({ query }) => query.page === undefined)).toBe(true);
  });

  it('that leads in circles ends', async () => {
    const { api, client, settle, signal } = await talkTo({
      'GET /v2/droplets': ({ headers, query }) => ({
        body: {
          droplets: [],
          links:
            query.type === 'gpus' ? {} : { pages: { next: `http://${headers.host}/v2/droplets?page=1` } },
          meta: { total: 0 },
        },
      }),
    });
    expect(await failureOf(settle(client.machinesTagged('berth', signal)))).toMatchObject({
      code: 'cloud.failed',
    });
    expect(api.asked.length).toBeLessThanOrEqual(101);
  });
});

describe('Droplets', () => {
  it('of a tag are in two lists, since those with a GPU are in their own, and no tag can be asked for there', async () => {
    const { api, client, signal } = await talkTo({
      'GET /v2/droplets': ({ query }) =>
        query.type === 'gpus'
          ? list('droplets', [droplet({ id: 2, tags: ['BERTH'] }), droplet({ id: 3, tags: ['other'] })])
          : list('droplets', [droplet({ id: 1 })]),
    });
    const machines = await client.machinesTagged('berth', signal);
    expect(machines.map(({ id }) => id).sort()).toEqual(['1', '2']);
    for (const { query } of api.asked)
      expect(query.tag_name !== undefined && query.type !== undefined).toBe(false);
    expect(await client.machineCount(signal)).toBe(3);
  });

  it('are read whole', async () => {
    const { client, signal } = await talkTo({ 'GET /v2/droplets/3164444': { body: { droplet: droplet() } } });
    expect(await client.machine('3164444', signal)).toEqual({
      id: '3164444',
      name: 'box',
      state: 'on',
      isBusy: false,
      region: 'fra1',
      size: 's-1vcpu-1gb',
      image: 'debian-12-x64',
      cpus: 1,
      memoryBytes: 2 ** 30,
      diskBytes: 25 * 2 ** 30,
      hourlyUsd: 0.00893,
      monthlyUsd: 6,
      ipv4: '203.0.113.7',
      ipv6: null,
      privateIpv4: '10.128.0.2',
      tags: ['berth'],
      hasBackups: false,
      snapshotIds: [],
      createdAt: '2026-01-02T03:00:00.000Z',
    });
    expect(await client.machine('5', signal)).toBeUndefined();
  });

  it.each([
    [
      { status: 'new', networks: { v4: [], v6: [] }, locked: true },
      { state: 'new', ipv4: null, isBusy: true },
    ],
    [{ status: 'off' }, { state: 'off' }],
    // As the API's document has it, where "off" without quotes became a boolean.
    [{ status: false }, { state: 'off' }],
    [{ status: 'archive' }, { state: 'archived' }],
    [{ status: 'something-new' }, { state: 'on' }],
    [
      { image: { id: 77, slug: null }, snapshot_ids: [5, '6'] },
      { image: '77', snapshotIds: ['5', '6'] },
    ],
    [
      { image: null, tags: null, networks: undefined },
      { image: null, tags: [], ipv4: null },
    ],
    [{ features: ['backups'] }, { hasBackups: true }],
    [
      { networks: { v4: [], v6: [{ ip_address: '2001:db8::7', netmask: 64, type: 'public' }] } },
      { ipv6: '2001:db8::7', ipv4: null },
    ],
  ])('%j is read as %j', async (change, expected) => {
    const { client, signal } = await talkTo({ 'GET /v2/droplets/1': { body: { droplet: droplet(change) } } });
    expect(await client.machine('1', signal)).toMatchObject(expected);
  });
});

describe('the inventory', () => {
  const answers = {
    'GET /v2/droplets': ({ query }: Asked) => list('droplets', query.type === 'gpus' ? [] : [droplet()]),
    'GET /v2/snapshots': list('snapshots', [
      snapshot({ tags: ['berth'] }),
      snapshot({ id: 'fbe805e8', resource_type: 'volume', resource_id: '89bcc42f', size_gigabytes: 10 }),
    ]),
    'GET /v2/volumes': list('volumes', [
      {
        id: 'v-1',
        name: 'data',
        size_gigabytes: 10,
        created_at: '2026-01-01T00:00:00Z',
        droplet_ids: [7],
        region,
        tags: null,
      },
    ]),
    'GET /v2/reserved_ips': list('reserved_ips', [
      { ip: '198.51.100.9', region, droplet: null, locked: false },
      { ip: '198.51.100.10', region, droplet: droplet({ id: 7 }), locked: false },
    ]),
  };

  it('holds all that costs, with what it costs', async () => {
    const { client, signal } = await talkTo(answers);
    const { addresses, machines, snapshots, unseen, volumes } = await client.inventory('berth', signal);
    expect(machines.map(({ id }) => id)).toEqual(['3164444']);
    expect(snapshots).toEqual([
      {
        id: '6372321',
        name: 'box-1',
        kind: 'snapshot',
        createdAt: '2026-01-01T00:00:00.000Z',
        sizeBytes: Math.round(2.34 * 2 ** 30),
        minDiskBytes: 25 * 2 ** 30,
        monthlyUsd: 0.1404,
        regions: ['fra1'],
        of: 'machine',
        sourceId: '3164444',
        tags: ['berth'],
      },
      expect.objectContaining({
        id: 'fbe805e8',
        of: 'volume',
        sourceId: '89bcc42f',
        monthlyUsd: 0.6,
        tags: [],
      }),
    ]);
    expect(volumes).toEqual([
      expect.objectContaining({
        id: 'v-1',
        sizeBytes: 10 * 2 ** 30,
        monthlyUsd: 1,
        machineIds: ['7'],
        tags: [],
      }),
    ]);
    expect(addresses).toEqual([
      { id: '198.51.100.9', region: 'fra1', machineId: null, monthlyUsd: 5 },
      { id: '198.51.100.10', region: 'fra1', machineId: '7', monthlyUsd: 5 },
    ]);
    expect(unseen).toEqual([]);
  });

  it('says what it cannot see, and shows the rest', async () => {
    const forbidden = refused(403, 'No', 'forbidden');
    const { client, signal } = await talkTo({
      ...answers,
      'GET /v2/volumes': forbidden,
      'GET /v2/reserved_ips': forbidden,
    });
    const inventory = await client.inventory('berth', signal);
    expect(inventory.unseen).toEqual(['addresses', 'volumes']);
    expect(inventory.snapshots).toHaveLength(2);
  });

  it('is none at all where a list failed: what is missing would look gone', async () => {
    const { client, settle, signal } = await talkTo({ ...answers, 'GET /v2/volumes': refused(500, 'Down') });
    expect(await failureOf(settle(client.inventory('berth', signal)))).toMatchObject({
      code: 'cloud.failed',
    });
  });
});

describe('the offer', () => {
  const image = (change: object) => ({
    id: 1,
    name: '12 x64',
    distribution: 'Debian',
    slug: 'debian-12-x64',
    public: true,
    type: 'base',
    regions: ['fra1'],
    min_disk_size: 7,
    status: 'available',
    ...change,
  });
  const answers = {
    'GET /v2/regions': list('regions', [
      region,
      { ...region, slug: 'nyc3', name: 'New York 3', available: false },
      { ...region, slug: 'sfo1', name: 'San Francisco 1', features: ['backups'] },
    ]),
    'GET /v2/sizes': list('sizes', [
      { ...size, regions: ['fra1', 'nyc3', 'sfo1'] },
      { ...size, slug: 'gone', available: false },
      { ...size, slug: 'elsewhere', regions: ['nyc3'] },
      { ...size, slug: 'gpu', gpu_info: { count: 8, model: 'nvidia_h100' }, description: 'H100 GPU - 8X' },
    ]),
    'GET /v2/images': ({ query }: Asked) =>
      query.private === 'true'
        ? list('images', [
            image({ id: 77, slug: null, name: 'mine', public: false, type: 'snapshot' }),
            image({ id: 78, slug: null, name: 'box backup', public: false, type: 'backup' }),
            image({ id: 79, slug: null, name: 'not yet', public: false, type: 'custom', status: 'pending' }),
          ])
        : list('images', [
            image({}),
            image({ id: 2, name: '24.04 (LTS) x64', distribution: 'Ubuntu', slug: 'ubuntu-24-04-x64' }),
            image({ id: 3, name: '9 x64', distribution: 'CentOS', slug: 'centos-stream-9-x64' }),
            image({ id: 4, status: 'retired' }),
          ]),
  };

  it('holds what can be had now, and where', async () => {
    const { client, signal } = await talkTo(answers);
    const offer = await client.offer(signal);
    expect(offer.regions).toEqual([
      { id: 'fra1', name: 'Frankfurt 1', isOpen: true },
      { id: 'nyc3', name: 'New York 3', isOpen: false },
      // Without metadata cloud-init would get nothing.
      { id: 'sfo1', name: 'San Francisco 1', isOpen: false },
    ]);
    expect(offer.sizes).toEqual([
      {
        id: 's-1vcpu-1gb',
        family: 'Basic',
        cpus: 1,
        memoryBytes: 2 ** 30,
        diskBytes: 25 * 2 ** 30,
        transferBytes: 1000 * 2 ** 30,
        hourlyUsd: 0.00893,
        monthlyUsd: 6,
        gpu: null,
        regions: ['fra1'],
      },
      expect.objectContaining({ id: 'gpu', gpu: '8 × nvidia_h100' }),
    ]);
    expect(offer.images.map(({ id, isSupported, kind, name }) => [id, name, kind, isSupported])).toEqual([
      ['debian-12-x64', 'Debian 12 x64', 'distribution', true],
      ['ubuntu-24-04-x64', 'Ubuntu 24.04 (LTS) x64', 'distribution', true],
      ['centos-stream-9-x64', 'CentOS 9 x64', 'distribution', false],
      ['77', 'mine', 'snapshot', false],
      ['78', 'box backup', 'backup', false],
    ]);
    expect(offer).toMatchObject({ snapshotUsdPerGibMonth: 0.06, backupShare: 0.2 });
  });

  it('is kept for five minutes', async () => {
    const { api, client, clock, signal } = await talkTo(answers);
    await client.offer(signal);
    await clock.advance(5 * 60_000);
    await client.offer(signal);
    expect(api.asked).toHaveLength(4);
    await clock.advance(1);
    await client.offer(signal);
    expect(api.asked).toHaveLength(8);
  });
});
