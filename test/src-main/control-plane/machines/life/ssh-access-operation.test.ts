import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId } from '#contract/ids.ts';
import type { SshAccess } from '#contract/machines.ts';
import { addressIn } from '#main/control-plane/machines/life/our-address.ts';
import { BerthLife, hostId, machineId, MachineWorld } from '../machine-world.ts';

async function berthWith(change: Parameters<MachineWorld['put']>[0] = {}) {
  const world = new MachineWorld();
  world.put(change);
  const accesses: SshAccess[] = [];
  const berth = await BerthLife.begin(world);
  const seen = () => accesses.map((access) => ('addresses' in access ? access.addresses : access.from));
  const { firewalls } = world.cloud;
  const set = firewalls.set.bind(firewalls);
  firewalls.set = (id, wish) => {
    accesses.push(wish.access);
    return set(id, wish);
  };
  return { world, berth, seen };
}

describe('our own address', () => {
  it.each([
    ['198.51.100.7 50222 192.0.2.9 22\n', '198.51.100.7'],
    ['::ffff:198.51.100.7 50222 ::ffff:192.0.2.9 22', '198.51.100.7'],
    ['2001:DB8::7 50222 2001:db8::9 22', '2001:db8::7'],
    ['', undefined],
    ['UNKNOWN 65535 UNKNOWN 65535', undefined],
    ['fe80::1%eth0 50222 fe80::2%eth0 22', undefined],
    ['0.0.0.0/0 1 2 3', undefined],
  ])('of %j is %s', (text, address) => {
    expect(addressIn(text)).toBe(address);
  });
});

describe('who may reach the SSH server', () => {
  const change = (berth: BerthLife, sshAccess: SshAccess) =>
    berth.living.setSshAccess({ id: machineId, sshAccess }, localOwnerId);

  it('mine: what the machine sees on the connection that there is, and nothing is opened for it', async () => {
    const { berth, seen } = await berthWith();
    await berth.succeed(await change(berth, { from: 'mine' }));
    expect(seen()).toEqual([['198.51.100.7']]);
    expect(berth.record).toMatchObject({ sshAccess: { from: 'mine' }, sshSources: ['198.51.100.7'] });
  });

  it('mine: is open to all for the moment of asking where the host is away', async () => {
    const { berth, seen, world } = await berthWith({
      sshAccess: { from: 'mine' },
      sshSources: ['203.0.113.1'],
    });
    berth.links.lose(hostId);
    world.seenAddress = '198.51.100.99';
    await berth.succeed(await change(berth, { from: 'mine' }));
    expect(seen()).toEqual(['anywhere', ['198.51.100.99']]);
  });

  it('is closed again where the machine does not answer', async () => {
    const { berth, seen, world } = await berthWith({
      sshAccess: { from: 'mine' },
      sshSources: ['203.0.113.1'],
    });
    berth.links.lose(hostId);
    world.isReachable = false;
    const ended = await berth.end((await change(berth, { from: 'mine' })).id);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'machine.overdue' } });
    expect(seen()).toEqual(['anywhere', ['203.0.113.1']]);
    expect(berth.record).toMatchObject({ sshAccess: { from: 'mine' }, sshSources: ['203.0.113.1'] });
  });

  it('says that it is open where nobody knows what it was closed to', async () => {
    const { berth, seen, world } = await berthWith({ sshAccess: { from: 'mine' } });
    berth.links.lose(hostId);
    world.isReachable = false;
    const ended = await berth.end((await change(berth, { from: 'mine' })).id);
    expect(ended.state).toBe('failed');
    expect(seen()).toEqual(['anywhere']);
    expect(berth.record?.sshAccess).toEqual({ from: 'anywhere' });
  });

  it('takes typed addresses as they are, and outlives an outage', async () => {
    const { berth, seen, world } = await berthWith();
    world.cloud.fail('changeFirewall', new BerthError('cloud.failed', 'It failed.'), { times: 2 });
    await berth.succeed(
      await change(berth, { from: 'addresses', addresses: ['203.0.113.0/24', '2001:db8::1'] }),
    );
    await berth.succeed(await change(berth, { from: 'anywhere' }));
    expect(seen()).toEqual([['203.0.113.0/24', '2001:db8::1'], 'anywhere']);
    expect(berth.record?.sshAccess).toEqual({ from: 'anywhere' });
  });

  it('is refused for a machine whose firewall is not Berth’s', async () => {
    const { berth } = await berthWith({ firewallId: null, sshAccess: null });
    const ended = await berth.end((await change(berth, { from: 'anywhere' })).id);
    expect(ended.error?.code).toBe('conflict');
  });
});
