import { describe, expect, it } from 'vitest';
import { list } from './answers.ts';
import { failureOf, refused, talkTo } from './api-server.ts';

const everywhere = ['0.0.0.0/0', '::/0'];
const sshFrom = (addresses: string[]) => ({ protocol: 'tcp', ports: '22', sources: { addresses } });

describe('a firewall', () => {
  const none = list('firewalls', []);
  const made = {
    status: 202,
    body: { firewall: { id: 'fw-1', name: 'berth-box', tags: ['berth:machine:1'] } },
  };
  const wish = { name: 'berth-box', tag: 'berth:machine:1', access: { from: 'anywhere' } as const };

  it('is for a tag, which is made before it; it lets SSH in and everything out', async () => {
    const { api, client, signal } = await talkTo({
      'GET /v2/firewalls': none,
      'POST /v2/tags': { status: 201, body: { tag: { name: 'berth:machine:1' } } },
      'POST /v2/firewalls': made,
    });
    expect(await client.ensureFirewall(wish, signal)).toEqual({ firewallId: 'fw-1' });
    expect(api.lines).toEqual(['GET /v2/firewalls', 'POST /v2/tags', 'POST /v2/firewalls']);
    expect(api.bodyOf('POST /v2/firewalls')).toEqual({
      name: 'berth-box',
      inbound_rules: [sshFrom(everywhere)],
      outbound_rules: ['tcp', 'udp', 'icmp'].map((protocol) => ({
        protocol,
        ports: '0',
        destinations: { addresses: everywhere },
      })),
      tags: ['berth:machine:1'],
    });
  });

  it('lets in the addresses that are said, each as a block', async () => {
    const { api, client, signal } = await talkTo({
      'GET /v2/firewalls': none,
      'POST /v2/tags': refused(422, 'Tag already exists'),
      'POST /v2/firewalls': made,
    });
    const access = {
      from: 'addresses' as const,
      addresses: ['203.0.113.7', '198.51.100.0/24', '2001:db8::7', '2001:db8::/64'],
    };
    await client.ensureFirewall({ ...wish, access }, signal);
    const body = api.bodyOf('POST /v2/firewalls') as { inbound_rules: unknown[] };
    expect(body.inbound_rules).toEqual([
      sshFrom(['198.51.100.0/24', '2001:db8::/64', '2001:db8::7/128', '203.0.113.7/32']),
    ]);
  });

  it('for an address that nobody knows yet is not made open to all', async () => {
    const { api, client, signal } = await talkTo({});
    const making = client.ensureFirewall({ ...wish, access: { from: 'mine' } }, signal);
    expect(await failureOf(making)).toMatchObject({ code: 'invalid-input' });
    expect(api.asked).toEqual([]);
  });

  it('of that name is taken, and made what is wished', async () => {
    const known = {
      id: 'fw-1',
      name: 'berth-box',
      inbound_rules: [sshFrom(everywhere)],
      outbound_rules: [],
      droplet_ids: [5],
      tags: ['berth:machine:1'],
    };
    const { api, client, signal } = await talkTo({
      'GET /v2/firewalls': list('firewalls', [{ ...known, id: 'other', name: 'other' }, known]),
      'PUT /v2/firewalls/fw-1': { body: { firewall: known } },
    });
    expect(await client.ensureFirewall(wish, signal)).toEqual({ firewallId: 'fw-1' });
    expect(api.lines).toEqual(['GET /v2/firewalls']);
    const access = { from: 'addresses' as const, addresses: ['203.0.113.7'] };
    await client.ensureFirewall({ ...wish, tag: 'berth:more', access }, signal);
    expect(api.bodyOf('PUT /v2/firewalls/fw-1')).toMatchObject({
      name: 'berth-box',
      inbound_rules: [sshFrom(['203.0.113.7/32'])],
      droplet_ids: [5],
      tags: ['berth:machine:1', 'berth:more'],
    });
  });

  it.each([
    ['the answer was lost', { isLost: true as const }],
    ['somebody was faster', refused(409, 'duplicate name', 'conflict')],
  ])('is found where %s', async (_what, answer) => {
    const known = { id: 'fw-1', name: 'berth-box', tags: ['berth:machine:1'] };
    const { api, client, settle, signal } = await talkTo({
      'GET /v2/firewalls': [none, list('firewalls', [known])],
      'POST /v2/tags': { status: 201, body: {} },
      'POST /v2/firewalls': answer,
    });
    expect(await settle(client.ensureFirewall(wish, signal))).toEqual({ firewallId: 'fw-1' });
    expect(api.lines.filter((line) => line === 'POST /v2/firewalls')).toHaveLength(1);
  });

  it('waits for its tag, which firewalls learn of late', async () => {
    const { client, clock, settle, signal } = await talkTo({
      'GET /v2/firewalls': none,
      'POST /v2/tags': { status: 201, body: {} },
      'POST /v2/firewalls': [refused(422, 'Tag berth:machine:1 does not exist'), made],
    });
    expect(await settle(client.ensureFirewall(wish, signal))).toEqual({ firewallId: 'fw-1' });
    expect(clock.monotonicMs()).toBe(1_000);
  });

  it('keeps everything but who may reach SSH when that changes', async () => {
    const web = { protocol: 'tcp', ports: '443', sources: { addresses: everywhere, tags: ['web'] } };
    const out = { protocol: 'udp', ports: '0', destinations: { addresses: everywhere } };
    const firewall = {
      id: 'fw-1',
      name: 'berth-box',
      status: 'succeeded',
      inbound_rules: [sshFrom(everywhere), web],
      outbound_rules: [out],
      droplet_ids: null,
      tags: ['berth:machine:1', 'mine'],
    };
    const { api, client, signal } = await talkTo({
      'GET /v2/firewalls/fw-1': { body: { firewall } },
      'PUT /v2/firewalls/fw-1': { body: { firewall } },
    });
    await client.changeFirewall('fw-1', { from: 'addresses', addresses: ['203.0.113.7'] }, signal);
    expect(api.bodyOf('PUT /v2/firewalls/fw-1')).toEqual({
      name: 'berth-box',
      inbound_rules: [web, sshFrom(['203.0.113.7/32'])],
      outbound_rules: [out],
      droplet_ids: [],
      tags: ['berth:machine:1', 'mine'],
    });
    const gone = client.changeFirewall('fw-2', { from: 'anywhere' }, signal);
    expect(await failureOf(gone)).toMatchObject({ code: 'cloud.refused', details: { status: 404 } });
  });

  it('is removed, also where it is gone', async () => {
    const { api, client, signal } = await talkTo({ 'DELETE /v2/firewalls/fw-1': { status: 204 } });
    await client.removeFirewall('fw-1', signal);
    await client.removeFirewall('fw-2', signal);
    expect(api.asked).toHaveLength(2);
  });
});
