import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Host } from '#contract/hosts.ts';
import { machineTag } from '#main/control-plane/machines/machine.ts';
import { Life } from '../operations/crash-world.ts';
import { bareHost, type Berth, cloudId, machineIdOf, minutes, MoneyWorld, ownTags } from './money-world.ts';

const login = 'cred_00000000000000000005';

let world: MoneyWorld;
let berth: Berth;
beforeEach(async () => {
  world = new MoneyWorld();
  berth = await world.begin();
});
afterEach(() => world.end());

function hostAt(address: string): Host {
  return {
    ...bareHost,
    id: 'host_00000000000000000009',
    name: 'by hand',
    definition: {
      kind: 'ssh',
      configName: null,
      address,
      port: null,
      user: 'admin',
      auth: { method: 'key', source: { kind: 'credential', credentialId: login }, passphraseId: null },
      jumps: [],
      engineSocket: null,
    },
  };
}

async function foundMachine(change: Parameters<MoneyWorld['cloud']['plant']>[0] = {}) {
  const machine = world.cloud.plant({ name: 'web.example.org', tags: ['berth'], ...change });
  await berth.look();
  return { machine, found: berth.find(machine.id) };
}

describe('adopting a machine that was found', () => {
  it('makes it a machine, says how it becomes a host, and counts it from its beginning', async () => {
    const { machine, found } = await foundMachine();
    await world.clock.advance(minutes(60));
    const adopted = await berth.adopt(found.id);
    expect(adopted).toMatchObject({
      cloudId,
      name: 'web-example-org',
      providerId: machine.id,
      hostId: null,
      life: 'made',
      sshAccess: null,
      hourlyUsd: 0.01,
      createdAt: machine.createdAt,
      trouble: { error: { code: 'credential.missing' }, choices: [] },
    });
    expect(adopted.trouble?.error.message).toContain('192.0.2.9');
    expect(berth.finds()).toEqual([]);
    await berth.look();
    expect(berth.finds()).toEqual([]);
    const { hosts } = await berth.costs();
    expect(hosts).toMatchObject([{ machineId: adopted.id, name: 'web-example-org', perHourUsd: 0.01 }]);
    expect(hosts[0]?.monthUsd).toBeCloseTo(0.01, 5);
  });

  it('gives it the id that its tag names, where that is free, and the name that is wished', async () => {
    const { found } = await foundMachine({ tags: [...ownTags, machineTag(machineIdOf(42))] });
    expect(await berth.adopt(found.id, 'web')).toMatchObject({ id: machineIdOf(42), name: 'web' });
    const again = await foundMachine({ tags: [...ownTags, machineTag(machineIdOf(42))] });
    const other = await berth.adopt(again.found.id, 'web-2');
    expect(other.id).not.toBe(machineIdOf(42));
  });

  it('makes one machine of it, however often it is asked for at once', async () => {
    const { found } = await foundMachine();
    const both = await Promise.allSettled([berth.adopt(found.id, 'one'), berth.adopt(found.id, 'two')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(berth.directory.records()).toHaveLength(1);
  });

  it('refuses a name that is taken, and keeps the find', async () => {
    await world.add(berth, 1);
    const { found } = await foundMachine();
    await expect(berth.adopt(found.id, 'M-1')).rejects.toMatchObject({ code: 'machine.name-taken' });
    expect(berth.finds()).toHaveLength(1);
  });

  it('says so where it is gone meanwhile, or is no machine', async () => {
    const { machine, found } = await foundMachine();
    world.cloud.machines.delete(machine.id);
    await expect(berth.adopt(found.id)).rejects.toMatchObject({ code: 'not-found' });
    expect(berth.finds()).toEqual([]);
    world.cloud.addresses.set('203.0.113.7', {
      id: '203.0.113.7',
      region: 'ams',
      machineId: null,
      monthlyUsd: 4,
    });
    await expect(berth.adopt(found.id)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('knows the host that is there already', async () => {
    berth.hosts.put(hostAt('192.0.2.9'));
    const { found } = await foundMachine();
    const { id } = await berth.adopt(found.id);
    expect(berth.directory.record(id)).toMatchObject({
      hostId: 'host_00000000000000000009',
      trouble: null,
      loginUser: 'admin',
      loginCredentialId: login,
    });
  });

  it('makes a host of it at once where its keys are still there, which knows it by its own key', async () => {
    const hostKey = { fingerprint: 'SHA256:abc', publicKey: 'ssh-ed25519 AAAA', secretKey: 'x.host-key' };
    berth.keptKeys.set(`${machineIdOf(42)} web`, { hostKey, loginCredentialId: login, loginUser: 'berth' });
    const tags = [...ownTags, machineTag(machineIdOf(42))];
    const { found } = await foundMachine({ name: 'web', tags });
    const adopted = await berth.adopt(found.id);
    expect(adopted.trouble).toBeNull();
    const host = berth.hosts.get(adopted.hostId!);
    expect(host).toMatchObject({
      name: 'web',
      definition: {
        address: '192.0.2.9',
        user: 'berth',
        auth: { source: { kind: 'credential', credentialId: login } },
      },
    });
    expect(berth.pins.get(adopted.hostId!)).toEqual(['SHA256:abc']);
    expect(berth.directory.record(adopted.id)?.hostKey).toEqual(hostKey);
  });

  it('is a machine although it cannot become a host, and says why', async () => {
    const hostKey = { fingerprint: 'SHA256:abc', publicKey: 'ssh-ed25519 AAAA', secretKey: 'x.host-key' };
    berth.keptKeys.set(`${machineIdOf(42)} web`, { hostKey, loginCredentialId: login, loginUser: 'berth' });
    berth.hosts.put({ ...hostAt('198.51.100.4'), name: 'web' });
    const { found } = await foundMachine({ name: 'web', tags: [...ownTags, machineTag(machineIdOf(42))] });
    expect(await berth.adopt(found.id)).toMatchObject({
      hostId: null,
      trouble: { error: { code: 'host.name-taken' } },
    });
  });

  it('knows the host that a person adds later', async () => {
    const { found } = await foundMachine();
    const { id } = await berth.adopt(found.id);
    berth.hosts.put(hostAt('192.0.2.8'));
    await world.clock.advance(0);
    expect(berth.directory.record(id)?.hostId).toBeNull();
    berth.hosts.put(hostAt('192.0.2.9'));
    await world.clock.advance(0);
    expect(berth.directory.record(id)).toMatchObject({ hostId: 'host_00000000000000000009', trouble: null });
  });
});

describe('destroying what was found', () => {
  it('takes its name, destroys it, and follows it until it is gone', async () => {
    const { machine, found } = await foundMachine();
    await expect(berth.destroy(found.id, 'web')).rejects.toMatchObject({ code: 'invalid-input' });
    expect(world.cloud.machines.has(machine.id)).toBe(true);
    const operation = await berth.destroy(found.id, 'web.example.org');
    expect(operation).toMatchObject({ kind: 'found.destroy', subject: { kind: 'found', id: found.id } });
    expect((await berth.ended(operation.id)).state).toBe('succeeded');
    expect(world.cloud.machines.size).toBe(0);
    expect(berth.finds()).toEqual([]);
    expect(await berth.costs()).toMatchObject({ perHourUsd: 0, hosts: [{ state: 'destroyed' }] });
  });

  it('takes nothing else with it: what was on it becomes a find of its own', async () => {
    const { machine, found } = await foundMachine();
    world.cloud.volumes.set('vol-1', {
      id: 'vol-1',
      name: 'data',
      region: 'ams',
      sizeBytes: 1,
      monthlyUsd: 1,
      machineIds: [machine.id],
      tags: [],
      createdAt: machine.createdAt,
    });
    await berth.look();
    const operation = await berth.destroy(found.id, found.name);
    await berth.ended(operation.id);
    world.cloud.volumes.set('vol-1', { ...world.cloud.volumes.get('vol-1')!, machineIds: [] });
    await berth.look();
    const left = berth.find('vol-1');
    expect(left).toMatchObject({ kind: 'volume', origin: 'left', monthlyUsd: 1 });
    const end = await berth.ended((await berth.destroy(left.id, 'data')).id);
    expect(end.state).toBe('succeeded');
    expect(world.cloud.volumes.size).toBe(0);
    expect(berth.finds()).toEqual([]);
  });

  it('waits out an outage of the provider, and a reply that was lost', async () => {
    const { machine, found } = await foundMachine();
    world.cloud.fail('destroyMachine', new BerthError('cloud.unreachable', 'No answer.'), { times: 3 });
    world.cloud.fail('destroyMachine', new BerthError('cloud.failed', 'Bad gateway.'), { when: 'after' });
    const { id } = await berth.destroy(found.id, found.name);
    expect((await berth.ended(id)).state).toBe('succeeded');
    expect(world.cloud.machines.has(machine.id)).toBe(false);
  });

  it('keeps the find and says why where the provider refuses', async () => {
    const { found } = await foundMachine();
    world.cloud.fail(
      'destroyMachine',
      new BerthError('cloud.permission-missing', 'The token may not do this.'),
    );
    const { id } = await berth.destroy(found.id, found.name);
    expect(await berth.ended(id)).toMatchObject({
      state: 'failed',
      error: { code: 'cloud.permission-missing' },
    });
    expect(berth.finds()).toHaveLength(1);
    expect((await berth.ended((await berth.destroy(found.id, found.name)).id)).state).toBe('succeeded');
  });

  it('never destroys what became this Berth’s own', async () => {
    const { machine, found } = await foundMachine();
    world.cloud.fail('destroyMachine', new BerthError('cloud.refused', 'Not now.'));
    await berth.ended((await berth.destroy(found.id, found.name)).id);
    await berth.adopt(found.id);
    await expect(berth.destroy(found.id, found.name)).rejects.toMatchObject({ code: 'not-found' });
    expect(world.cloud.machines.has(machine.id)).toBe(true);
  });

  it('never destroys the snapshot that a machine has gone to sleep in meanwhile', async () => {
    world.cloud.snapshots.set('snap-1', {
      id: 'snap-1',
      name: 'asleep',
      kind: 'snapshot',
      createdAt: '2026-01-02T03:04:05.000Z',
      sizeBytes: 1,
      minDiskBytes: 1,
      monthlyUsd: 1,
      regions: ['ams'],
      of: 'machine',
      sourceId: '999',
      tags: ['berth'],
    });
    await berth.look();
    const found = berth.find('snap-1');
    const place = { kind: 'machine-snapshot' as const };
    await world.add(berth, 1, {
      life: 'asleep',
      providerId: null,
      sleep: {
        ...{ place, snapshotId: 'snap-1', sinceAt: '2026-01-02T03:04:05.000Z' },
        ...{ sizeBytes: 1, monthlyUsd: 1, workspaces: [], extra: null },
      },
    });
    const { id } = await berth.destroy(found.id, 'asleep');
    expect(await berth.ended(id)).toMatchObject({ state: 'failed', error: { code: 'conflict' } });
    expect(world.cloud.snapshots.has('snap-1')).toBe(true);
    await berth.look();
    expect(berth.finds().filter(({ kind }) => kind === 'snapshot')).toEqual([]);
  });

  it('refuses to adopt what is being destroyed', async () => {
    const { found } = await foundMachine();
    world.cloud.fail('destroyMachine', new BerthError('cloud.unreachable', 'No answer.'), { times: 5 });
    const { id } = await berth.destroy(found.id, found.name);
    await expect(berth.adopt(found.id)).rejects.toMatchObject({ code: 'conflict' });
    await berth.ended(id);
    expect(berth.directory.records()).toEqual([]);
  });

  it.each(['machine', 'volume'] as const)(
    'ends the same wherever Berth is killed on the way (%s)',
    async (kind) => {
      let isWhole = false;
      let kills = 0;
      for (let killAt = 1; !isWhole; killAt += 1) {
        const each = new MoneyWorld();
        if (kind === 'machine') each.cloud.plant({ id: 'thing', name: 'thing', tags: ['berth'] });
        else
          each.cloud.volumes.set('thing', {
            id: 'thing',
            name: 'thing',
            region: 'ams',
            sizeBytes: 1,
            monthlyUsd: 1,
            machineIds: [],
            tags: ['berth'],
            createdAt: '2026-01-02T03:04:05.000Z',
          });
        const before = await each.begin();
        await before.look();
        const { id } = before.find('thing');
        await before.end();
        const life = new Life();
        const killed = await each.begin(life);
        const start = life.points;
        const doomed = new Life(start + killAt);
        await killed.end();
        const dying = await each.begin(doomed);
        const work = dying.destroy(id, 'thing').then((operation) => dying.ended(operation.id));
        await Promise.race([work, doomed.died]);
        isWhole = !doomed.isDead;
        if (doomed.isDead) kills += 1;
        const after = await each.begin();
        const [operation] = after.operations.all();
        // Killed before the intent was on disk: nothing was begun, and nothing happened.
        if (operation === undefined) {
          expect(each.cloud.machines.has('thing') || each.cloud.volumes.has('thing')).toBe(true);
          expect(after.finds()).toHaveLength(1);
        } else {
          expect((await after.ended(operation.id)).state).toBe('succeeded');
          await after.look();
          expect(each.cloud.machines.size + each.cloud.volumes.size).toBe(0);
          expect(after.finds()).toEqual([]);
          expect(await after.costs()).toMatchObject({ perHourUsd: 0, stored: [] });
        }
        await each.end();
      }
      expect(kills).toBeGreaterThan(10);
    },
  );
});
