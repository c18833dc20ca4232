import { describe, expect, it } from 'vitest';
import { droplet, list } from './answers.ts';
import { talkTo } from './api-server.ts';

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

  it('of a tag are found also by a token that is not shown tags', async () => {
    const { client, signal } = await talkTo({
      'GET /v2/droplets': ({ query }) =>
        list('droplets', query.type === 'gpus' ? [] : [droplet({ tags: [] })]),
    });
    expect((await client.machinesTagged('berth', signal)).map(({ tags }) => tags)).toEqual([['berth']]);
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

describe('a new Droplet', () => {
  const wish = {
    name: 'box',
    region: 'fra1',
    size: 's-1vcpu-1gb',
    image: 'debian-12-x64',
    keyIds: ['512189', '0f:a2:0a:d7:38:3e:65:45:08:6b:63:84:1c:ff:dc:ba'],
    userData: '#cloud-config\n',
    tags: ['berth', 'berth:op:op_1'],
    hasIpv6: true,
    hasBackups: true,
    hasMonitoring: false,
  };
  const links = { actions: [{ id: 7, rel: 'create', href: 'https://api.example.org/v2/actions/7' }] };

  it('is wished for with everything that is said, and no way in but SSH', async () => {
    const { api, client, signal } = await talkTo({
      'POST /v2/droplets': { status: 202, body: { droplet: droplet({ status: 'new' }), links } },
    });
    const { actionId, machine } = await client.createMachine(wish, signal);
    expect([machine.id, machine.state, actionId]).toEqual(['3164444', 'new', '7']);
    expect(api.bodyOf('POST /v2/droplets')).toEqual({
      name: 'box',
      region: 'fra1',
      size: 's-1vcpu-1gb',
      image: 'debian-12-x64',
      ssh_keys: [512189, '0f:a2:0a:d7:38:3e:65:45:08:6b:63:84:1c:ff:dc:ba'],
      backups: true,
      ipv6: true,
      monitoring: false,
      tags: ['berth', 'berth:op:op_1'],
      user_data: '#cloud-config\n',
      with_droplet_agent: false,
    });
  });

  it('of a snapshot names it by its number; an answer without actions is one', async () => {
    const { api, client, signal } = await talkTo({
      'POST /v2/droplets': { status: 202, body: { droplet: droplet() } },
    });
    expect((await client.createMachine({ ...wish, image: '6372321' }, signal)).actionId).toBeNull();
    expect(api.bodyOf('POST /v2/droplets')).toMatchObject({ image: 6372321 });
  });
});
