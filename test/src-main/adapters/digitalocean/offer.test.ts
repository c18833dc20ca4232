import { describe, expect, it } from 'vitest';
import { list, region, size } from './answers.ts';
import { type Asked, talkTo } from './api-server.ts';

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
