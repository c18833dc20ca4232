/** What comes before a Droplet, the Droplet, orders to it, and its snapshots. */
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '#main/adapters/digitalocean/ssh-keys.ts';
import type { MachineOrder } from '#main/control-plane/interfaces/cloud-provider.ts';
import { action, droplet, list, snapshot } from './answers.ts';
import { failureOf, refused, talkTo } from './api-server.ts';

const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f';
/** By `ssh-keygen -l -E md5`. */
const fingerprint = '0f:a2:0a:d7:38:3e:65:45:08:6b:63:84:1c:ff:dc:ba';
const keyPath = `GET /v2/account/keys/${fingerprint}`;
const key = { body: { ssh_key: { id: 512189, fingerprint, public_key: publicKey, name: 'berth' } } };

describe('an SSH key', () => {
  it('has the MD5 of its content for a name', () => {
    expect(fingerprintOf(publicKey)).toBe(fingerprint);
    expect(fingerprintOf(`${publicKey} somebody@somewhere`)).toBe(fingerprint);
  });

  it.each(['', 'ssh-ed25519', 'ssh-ed25519 no/base64!', 'ssh-ed25519 AAAA'])(
    '%j is none, and nothing is asked',
    async (text) => {
      const { api, client, signal } = await talkTo({});
      const made = client.ensureKey({ name: 'berth', publicKey: text }, signal);
      expect(await failureOf(made)).toMatchObject({ code: 'invalid-input' });
      expect(api.asked).toEqual([]);
    },
  );

  it('that is there is taken, whatever its name, and never looked for in the list', async () => {
    const { api, client, signal } = await talkTo({ [keyPath]: key });
    expect(await client.ensureKey({ name: 'berth', publicKey }, signal)).toEqual({ keyId: '512189' });
    expect(api.lines).toEqual([keyPath]);
  });

  it('that is not there is made', async () => {
    const { api, client, signal } = await talkTo({ 'POST /v2/account/keys': { ...key, status: 201 } });
    expect(await client.ensureKey({ name: 'berth', publicKey }, signal)).toEqual({ keyId: '512189' });
    expect(api.bodyOf('POST /v2/account/keys')).toEqual({ name: 'berth', public_key: publicKey });
  });

  it.each([
    ['somebody was faster', refused(422, 'SSH Key is already in use on your account')],
    ['the answer was lost', { isLost: true as const }],
    ['the answer was a failure', refused(502, 'Bad gateway')],
  ])('is found where %s', async (_what, answer) => {
    const { api, client, settle, signal } = await talkTo({
      [keyPath]: [refused(404, 'Not there', 'not_found'), key],
      'POST /v2/account/keys': answer,
    });
    expect(await settle(client.ensureKey({ name: 'berth', publicKey }, signal))).toEqual({ keyId: '512189' });
    expect(api.lines).toEqual([keyPath, 'POST /v2/account/keys', keyPath]);
  });

  it('that is refused for good is told in the provider’s words', async () => {
    const { client, signal } = await talkTo({ 'POST /v2/account/keys': refused(422, 'Key invalid') });
    expect(await failureOf(client.ensureKey({ name: 'berth', publicKey }, signal))).toMatchObject({
      code: 'cloud.refused',
      details: { field: 'key', providerMessage: 'Key invalid' },
    });
  });

  it('is removed, also where it is gone', async () => {
    const { client, signal } = await talkTo({
      'DELETE /v2/account/keys/512189': [{ status: 204 }, refused(404, 'Not there'), refused(403, 'No')],
    });
    await client.removeKey('512189', signal);
    await client.removeKey('512189', signal);
    expect(await failureOf(client.removeKey('512189', signal))).toMatchObject({
      details: { permission: 'ssh_key:delete' },
    });
  });
});

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

describe('a Droplet', () => {
  const wish = {
    name: 'box',
    region: 'fra1',
    size: 's-1vcpu-1gb',
    image: 'debian-12-x64',
    keyIds: ['512189', fingerprint],
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
      ssh_keys: [512189, fingerprint],
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

describe('an order', () => {
  it.each<[MachineOrder, { type: string; [field: string]: unknown }]>([
    [{ type: 'power-on' }, { type: 'power_on' }],
    [{ type: 'power-off' }, { type: 'power_off' }],
    [{ type: 'power-cycle' }, { type: 'power_cycle' }],
    [{ type: 'shutdown' }, { type: 'shutdown' }],
    [{ type: 'reboot' }, { type: 'reboot' }],
    [
      { type: 'resize', size: 's-2vcpu-2gb', growsDisk: false },
      { type: 'resize', size: 's-2vcpu-2gb', disk: false },
    ],
    [
      { type: 'rebuild', image: 'debian-13-x64' },
      { type: 'rebuild', image: 'debian-13-x64' },
    ],
    [
      { type: 'rebuild', image: '6372321' },
      { type: 'rebuild', image: 6372321 },
    ],
    [
      { type: 'restore', image: '53893572' },
      { type: 'restore', image: 53893572 },
    ],
    [
      { type: 'snapshot', name: 'before' },
      { type: 'snapshot', name: 'before' },
    ],
    [
      { type: 'rename', name: 'other' },
      { type: 'rename', name: 'other' },
    ],
    [{ type: 'backups', isOn: true }, { type: 'enable_backups' }],
    [{ type: 'backups', isOn: false }, { type: 'disable_backups' }],
  ])('%j is %j', async (order, body) => {
    const { api, client, signal } = await talkTo({
      'POST /v2/droplets/1/actions': { status: 201, body: { action: action({ type: body.type }) } },
    });
    // Told in the words of the order, so that one whose answer was lost is found among the actions.
    expect(await client.order('1', order, signal)).toEqual({
      id: '36804636',
      type: order.type,
      state: 'running',
      startedAt: '2026-01-02T03:00:00.000Z',
      endedAt: null,
    });
    expect(api.asked.map((asked) => asked.body)).toEqual([body]);
  });

  it('is followed by its action, which may be forgotten', async () => {
    const ended = { status: 'completed', completed_at: '2026-01-02T03:01:00Z' };
    const { client, signal } = await talkTo({
      'GET /v2/droplets/1/actions/2': [
        { body: { action: action() } },
        { body: { action: action(ended) } },
        { body: { action: action({ ...ended, status: 'errored' }) } },
      ],
    });
    const states = [];
    for (let look = 0; look < 3; look += 1) states.push((await client.action('1', '2', signal))?.state);
    expect(states).toEqual(['running', 'done', 'failed']);
    expect(await client.action('1', '3', signal)).toBeUndefined();
  });

  it('whose answer was lost is among the last 20, newest first', async () => {
    const all = Array.from({ length: 30 }, (_none, index) =>
      action({ id: index, started_at: new Date(Date.UTC(2026, 0, 1, 0, index % 7, index)).toISOString() }),
    );
    const { client, signal } = await talkTo({ 'GET /v2/droplets/1/actions': list('actions', all) });
    const actions = await client.actionsOf('1', signal);
    expect(actions).toHaveLength(20);
    const times = actions.map(({ startedAt }) => startedAt);
    expect(times).toEqual([...times].sort().reverse());
    expect(await client.actionsOf('2', signal)).toEqual([]);
  });
});

describe('snapshots of a Droplet', () => {
  it('are snapshots and backups; backups cost nothing of their own', async () => {
    const { resource_id: _of, resource_type: _type, ...fields } = snapshot({ id: 6372321 });
    const { client, signal } = await talkTo({
      'GET /v2/droplets/1/snapshots': list('snapshots', [{ ...fields, type: 'snapshot' }]),
      'GET /v2/droplets/1/backups': list('backups', [{ ...fields, id: 9, name: 'weekly', type: 'backup' }]),
    });
    expect(await client.snapshotsOf('1', signal)).toEqual([
      expect.objectContaining({ id: '6372321', kind: 'snapshot', monthlyUsd: 0.1404 }),
      expect.objectContaining({ id: '9', kind: 'backup', name: 'weekly', monthlyUsd: null }),
    ]);
    expect(await client.snapshotsOf('2', signal)).toEqual([]);
  });

  const there = { body: { snapshot: snapshot() } };

  it('are used where they are', async () => {
    const { api, client, signal } = await talkTo({ 'GET /v2/snapshots/6372321': there });
    expect(await client.bringSnapshot('6372321', 'fra1', signal)).toBeUndefined();
    expect(api.asked).toHaveLength(1);
  });

  it.each([
    ['bare, as documented', action({ id: 8, type: 'transfer' })],
    ['in a frame, as seen', { action: action({ id: 8, type: 'transfer' }) }],
  ])('are brought to another region first; the action comes %s', async (_how, body) => {
    const { api, client, signal } = await talkTo({
      'GET /v2/snapshots/6372321': there,
      'GET /v2/images/6372321/actions': list('actions', [action({ type: 'transfer', region_slug: 'ams3' })]),
      'POST /v2/images/6372321/actions': { status: 201, body },
      'GET /v2/images/6372321/actions/8': { body },
    });
    expect(await client.bringSnapshot('6372321', 'nyc3', signal)).toBe('8');
    expect(api.bodyOf('POST /v2/images/6372321/actions')).toEqual({ type: 'transfer', region: 'nyc3' });
    expect(await client.imageAction('6372321', '8', signal)).toMatchObject({ id: '8', state: 'running' });
  });

  it('are not brought twice at once', async () => {
    const running = action({ id: 9, type: 'transfer', region_slug: 'nyc3' });
    const { api, client, signal } = await talkTo({
      'GET /v2/snapshots/6372321': there,
      'GET /v2/images/6372321/actions': list('actions', [running]),
    });
    expect(await client.bringSnapshot('6372321', 'nyc3', signal)).toBe('9');
    expect(api.lines).not.toContain('POST /v2/images/6372321/actions');
  });
});
