/**
 * The adapter against the double, which holds it to DigitalOcean's published document; and against DigitalOcean itself
 * where DIGITALOCEAN_TOKEN is set (it makes the smallest Droplet, and destroys all that it made: some cents).
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDigitalOcean } from '#main/adapters/digitalocean/digitalocean.ts';
import type { CloudClient } from '#main/control-plane/interfaces/cloud-provider.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { type DigitalOceanDouble, startDigitalOceanDouble } from '#test/servers/digitalocean/double.ts';
import { type Refusal, refusals } from '#test/servers/digitalocean/faults.ts';
import { failureOf } from './api-server.ts';
import { describeConformance } from './conformance.ts';

const realToken = process.env.DIGITALOCEAN_TOKEN;
const signal = AbortSignal.any([]);

function clientOf(token: string, baseUrl?: string): CloudClient {
  return createDigitalOcean({
    clock: createSystemClock(),
    log: new MemoryLog(),
    ...(baseUrl === undefined ? {} : { baseUrl }),
  }).open(new Secret(token));
}

let conforming: DigitalOceanDouble | undefined;
describeConformance('the double of DigitalOcean', {
  isThere: true,
  open: async () => {
    conforming = await startDigitalOceanDouble();
    return clientOf(conforming.addToken(), conforming.baseUrl);
  },
  lookMs: 5,
  limitMs: 30_000,
  close: async () => {
    const violations = conforming?.violations ?? [];
    await conforming?.close();
    expect(violations).toEqual([]);
  },
});

describeConformance('DigitalOcean itself (DIGITALOCEAN_TOKEN)', {
  isThere: realToken !== undefined && realToken !== '',
  open: async () => clientOf(realToken ?? ''),
  lookMs: 3_000,
  limitMs: 20 * 60_000,
  close: async () => undefined,
});

describe('an account at the double', () => {
  let double: DigitalOceanDouble;
  let client: CloudClient;
  const wish = {
    name: 'box',
    region: 'fra1',
    size: 's-1vcpu-1gb',
    image: 'debian-12-x64',
    keyIds: [],
    userData: '#cloud-config\n',
    tags: ['berth', 'berth:op:1'],
    hasIpv6: false,
    hasBackups: false,
    hasMonitoring: false,
  };

  beforeEach(async () => {
    double = await startDigitalOceanDouble();
    client = clientOf(double.addToken(), double.baseUrl);
  });
  afterEach(async () => {
    const byClient = double.violations.filter(({ by }) => by === 'client');
    await double.close();
    expect(byClient).toEqual([]);
  });

  it('has 450 Droplets, and every one is seen, in three pages', async () => {
    for (let n = 0; n < 450; n += 1) double.account.plantDroplet({ name: `box-${n}`, tags: ['berth'] });
    double.account.plantDroplet({ name: 'other', tags: ['theirs'] });
    const machines = await client.machinesTagged('berth', signal);
    expect(new Set(machines.map(({ name }) => name)).size).toBe(450);
    expect(await client.machineCount(signal)).toBe(451);
    const pages = double.requests.filter(({ path }) => path.includes('tag_name=berth'));
    expect(pages).toHaveLength(3);
  });

  it('is not followed to another address', async () => {
    for (let n = 0; n < 201; n += 1) double.account.plantDroplet({ tags: ['berth'] });
    double.faults.linksBase = 'https://api.example.org';
    expect(await failureOf(client.machinesTagged('berth', signal))).toMatchObject({
      code: 'cloud.failed',
      message: expect.stringContaining('another address'),
    });
  });

  it('finds a Droplet by its tag whose answer was lost; there is one', async () => {
    double.faults.loseReply('POST /v2/droplets');
    expect(await failureOf(client.createMachine(wish, signal))).toMatchObject({ code: 'cloud.unreachable' });
    expect((await client.machinesTagged('berth:op:1', signal)).map(({ name }) => name)).toEqual(['box']);
    expect(double.countOf('POST /v2/droplets')).toBe(1);
  });

  it.each<[Refusal, string]>([
    ['limit', 'cloud.limit-reached'],
    ['size', 'cloud.not-offered'],
    ['unknown-size', 'cloud.not-offered'],
    ['region', 'cloud.not-offered'],
    ['unknown-region', 'cloud.not-offered'],
    ['image', 'cloud.not-offered'],
    ['image-region', 'cloud.not-offered'],
    ['payment', 'cloud.not-offered'],
    ['key', 'cloud.refused'],
    ['name', 'cloud.refused'],
  ])('refuses a Droplet (%s): that is %s, in words, and nothing is there', async (refusal, code) => {
    double.faults.refuse(refusal);
    const error = await failureOf(client.createMachine(wish, signal));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(refusals[refusal])]);
    expect(await client.machinesTagged('berth', signal)).toEqual([]);
  });

  it('asks to wait, and is asked again when that is over', async () => {
    double.faults.tooManyRequests('GET /v2/account', 1);
    const beganMs = performance.now();
    expect(await client.identity(signal)).toMatchObject({ standing: 'active' });
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(990);
    double.faults.tooManyRequests('GET /v2/account', 300);
    expect(await failureOf(client.identity(signal))).toMatchObject({ code: 'cloud.rate-limited' });
    // Nothing else leaves meanwhile.
    const before = double.requests.length;
    expect(await failureOf(client.machineCount(signal))).toMatchObject({ code: 'cloud.rate-limited' });
    expect(double.requests).toHaveLength(before);
  });

  it('fails for a moment, and is read again; a change is not sent again', async () => {
    double.faults.serverError('GET /v2/account', 503, { times: 2 });
    double.faults.loseReply('GET /v2/account');
    expect((await client.identity(signal)).key).not.toBe('');
    expect(double.countOf('GET /v2/account')).toBe(4);
    double.faults.serverError('POST /v2/droplets');
    expect(await failureOf(client.createMachine(wish, signal))).toMatchObject({ code: 'cloud.failed' });
    expect(double.countOf('POST /v2/droplets')).toBe(1);
  });

  it('has a token that is revoked half-way', async () => {
    const token = double.addToken();
    const revoked = clientOf(token, double.baseUrl);
    double.revokeToken(token, 1);
    await revoked.identity(signal);
    expect(await failureOf(revoked.identity(signal))).toMatchObject({ code: 'cloud.token-refused' });
    expect(await failureOf(revoked.permissions(signal))).toMatchObject({ code: 'cloud.token-refused' });
  });

  it('has a token of few scopes: each missing one is named, and what it cannot see', async () => {
    const scopes = ['account:read', 'droplet:read', 'regions:read', 'sizes:read', 'image:read', 'tag:read'];
    const few = clientOf(double.addToken(scopes), double.baseUrl);
    const found = await few.permissions(signal);
    const granted = found.filter(({ isGranted }) => isGranted === true).map(({ name }) => name);
    expect(granted.sort()).toEqual(scopes.sort());
    expect(found.filter(({ isGranted }) => isGranted === null).map(({ name }) => name)).toEqual([
      'droplet:admin',
      'image:create',
      'snapshot:delete',
    ]);
    expect((await few.inventory('berth', signal)).unseen).toEqual(['addresses', 'snapshots', 'volumes']);
    expect(await few.balance(signal)).toBeNull();
    expect(await failureOf(few.createMachine(wish, signal))).toMatchObject({
      code: 'cloud.permission-missing',
      details: { permission: 'droplet:create' },
    });
  });

  it('is as it was after permissions were tried', async () => {
    const { account } = double;
    const shown = () => [account.keys.size, account.firewalls.size, account.tags.size, account.droplets.size];
    const before = shown();
    const found = await client.permissions(signal);
    expect(found.filter(({ isGranted }) => isGranted === false)).toEqual([]);
    expect(shown()).toEqual(before);
  });

  it('has a clock of its own', async () => {
    double.faults.clockSkewMs = -3_600_000;
    await client.identity(signal);
    expect(Math.abs((client.clockAheadMs() ?? 0) - 3_600_000)).toBeLessThan(5_000);
  });

  it('looks keys up without the list, which may be asked for ten times a minute', async () => {
    const publicKey = `ssh-ed25519 ${Buffer.concat([
      Buffer.from([0, 0, 0, 11]),
      Buffer.from('ssh-ed25519'),
      Buffer.from([0, 0, 0, 32]),
      Buffer.alloc(32, 7),
    ]).toString('base64')}`;
    const ids = new Set<string>();
    for (let turn = 0; turn < 15; turn += 1)
      ids.add((await client.ensureKey({ name: 'berth', publicKey }, signal)).keyId);
    expect(ids.size).toBe(1);
    expect(double.countOf('GET /v2/account/keys')).toBe(0);
  });

  it('keeps what could not be destroyed until it is tried again', async () => {
    const { machine } = await client.createMachine(wish, signal);
    const volume = double.account.plantVolume({ name: 'data', dropletId: Number(machine.id) });
    double.faults.resourceStays('volumes');
    const [leftover] = await client.leftoversOf(machine.id, signal);
    expect(leftover).toMatchObject({ kind: 'volume', id: volume.id });
    await client.destroyMachine(machine.id, [{ kind: 'volume', id: volume.id }], signal);
    const ended = async () => {
      for (;;) {
        const now = await client.destruction(machine.id, signal);
        if (now.isDone) return now;
      }
    };
    expect((await ended()).failures).toEqual([
      { kind: 'volume', id: volume.id, reason: expect.stringContaining('still in use') },
    ]);
    await client.retryDestruction(machine.id, signal);
    expect(await ended()).toMatchObject({ failures: [], isMachineGone: true });
    expect(double.account.volumes.size).toBe(0);
  });
});
