import { describe, expect, it } from 'vitest';
import { droplet, list, region, snapshot } from './answers.ts';
import { type Asked, failureOf, refused, talkTo } from './api-server.ts';

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
