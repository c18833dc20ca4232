import { afterEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId } from '#contract/ids.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import type { FakeMachine } from '#test/harness/fake-connector.ts';
import { cloudId, live, type MakingLife, MakingWorld, unreachable } from '#test/harness/making-world.ts';

const open: MakingLife[] = [];
afterEach(async () => {
  for (const life of open.splice(0)) await life.close();
});
async function begin(world = new MakingWorld()) {
  const life = await live(world);
  open.push(life);
  return { world, life };
}
const nothing = { machines: 0, keys: 0, firewalls: 0, records: 0, hosts: 0, credentials: 0, secrets: 0 };

describe('a machine', () => {
  it('is made, set up, given its own key, shut to all but us, and a host', async () => {
    const { life, world } = await begin();
    const { id, operation } = await life.create();
    const ended = await life.ended(operation.id);
    expect(ended.error).toBeNull();
    expect(ended.state).toBe('succeeded');
    const record = life.directory.require(id);
    expect(record).toMatchObject({
      life: 'made',
      gate: null,
      trouble: null,
      bootKey: null,
      ipv4: '192.0.2.10',
    });
    const [wish] = world.cloud.wishes;
    expect(wish?.tags).toEqual([
      'berth',
      `berth:op:${operation.id}`,
      `berth:machine:${id}`,
      'berth:install:here',
      'blue',
    ]);
    const [machine] = world.booted;
    expect(machine?.fake.fingerprint).toBe(record.hostKey?.fingerprint);
    expect(machine?.fake.fingerprint).not.toBe(machine?.bootFingerprint);
    expect([...world.cloud.firewalls.values()]).toMatchObject([
      { tag: `berth:op:${operation.id}`, access: { from: 'addresses', addresses: ['198.51.100.7'] } },
    ]);
    // A gate that is passed does not go on saying what it waited for.
    const notes = life.operations.get(operation.id)?.steps.filter(({ id }) => id.startsWith('gate-'));
    expect(notes?.map(({ note }) => note)).toEqual(['', '', '', '']);
    const host = life.hosts.get(record.hostId!);
    expect(host).toMatchObject({ name: 'barge-1', state: { phase: 'ready', engineError: null } });
    expect(await world.remains()).toMatchObject({ machines: 1, hosts: 1, credentials: 1, secrets: 2 });
    // Nothing that lasts is in what the machine can read of itself: neither token nor private key, line by line.
    const lasting = [...world.secrets.contents.values()].flatMap((secret) => secret.split('\n').slice(3, -2));
    expect(lasting.length).toBeGreaterThanOrEqual(4);
    for (const line of ['fake_one', ...lasting]) expect(wish?.userData).not.toContain(line);
  });

  it('is refused before anything is made: price, offer, limit, account, name', async () => {
    const { life, world } = await begin();
    await expect(life.create({ hourlyUsd: 0.009 })).rejects.toMatchObject({
      code: 'cloud.price-changed',
      details: { hourlyUsd: 0.01 },
    });
    await expect(life.create({ size: 'large', region: 'fra', hourlyUsd: 1 })).rejects.toMatchObject({
      code: 'cloud.not-offered',
      details: { field: 'size' },
    });
    await expect(life.create({ image: 'debian-1' })).rejects.toMatchObject({ details: { field: 'image' } });
    world.cloud.identity = { ...world.cloud.identity, machineLimit: 0 };
    await expect(life.create()).rejects.toMatchObject({ code: 'cloud.limit-reached' });
    world.cloud.identity = { ...world.cloud.identity, standing: 'locked', standingMessage: 'Pay.' };
    await expect(life.create()).rejects.toMatchObject({ code: 'cloud.refused', message: /locked.*Pay\./ });
    await life.hosts.addForMachine({
      id: 'host_00000000000000000009',
      name: 'Barge-1',
      definition: { kind: 'local', socketPath: null },
      pinnedFingerprints: [],
    });
    await expect(life.create()).rejects.toMatchObject({ code: 'host.name-taken' });
    expect(await world.remains()).toEqual({ ...nothing, hosts: 1 });
    expect(world.cloud.calls).not.toContain('createMachine');
  });

  it.each(['cloud.refused', 'cloud.not-offered', 'cloud.limit-reached', 'cloud.permission-missing'] as const)(
    'that the provider will not make (%s) leaves nothing, and says why',
    async (code) => {
      const { life, world } = await begin();
      world.cloud.fail('createMachine', new BerthError(code, 'The provider says no.'));
      const { operation } = await life.create();
      const ended = await life.ended(operation.id, 60_000);
      expect(ended).toMatchObject({ state: 'failed', error: { code, message: 'The provider says no.' } });
      expect(await world.remains()).toEqual(nothing);
    },
  );

  it.each(['cloud.unreachable', 'cloud.failed'] as const)(
    'is made once where the answer was lost after it was made (%s), although the list lags behind',
    async (code) => {
      const { life, world } = await begin();
      world.cloud.listingLagMs = 60_000;
      world.cloud.fail('createMachine', new BerthError(code, 'No answer.'), { when: 'after' });
      const { id, operation } = await life.create();
      expect(await life.ended(operation.id)).toMatchObject({ state: 'succeeded' });
      expect(world.cloud.wishes).toHaveLength(1);
      expect([...world.cloud.machines.keys()]).toEqual([life.directory.require(id).providerId]);
    },
  );

  it('is asked for again only after the list had time to show it', async () => {
    const { life, world } = await begin();
    world.cloud.fail('createMachine', unreachable());
    const { operation } = await life.create();
    await life.until(() => world.cloud.calls.filter((name) => name === 'createMachine').length === 2);
    expect(world.clock.monotonicMs()).toBeGreaterThanOrEqual(90_000);
    expect(await life.ended(operation.id)).toMatchObject({ state: 'succeeded' });
    expect(world.cloud.machines.size).toBe(1);
  });

  it('is given up where three answers are lost, and leaves nothing', async () => {
    const { life, world } = await begin();
    world.cloud.fail('createMachine', unreachable(), { times: 3 });
    const { operation } = await life.create();
    expect(await life.ended(operation.id)).toMatchObject({
      state: 'failed',
      error: { code: 'cloud.unreachable' },
    });
    expect(await world.remains()).toEqual(nothing);
  });

  it('waits as long as the provider says, and was not made meanwhile', async () => {
    const { life, world } = await begin();
    const busy = new BerthError('cloud.rate-limited', 'Slower.', { details: { retryAfterMs: 240_000 } });
    world.cloud.fail('createMachine', busy);
    const { operation } = await life.create();
    expect(await life.ended(operation.id)).toMatchObject({ state: 'succeeded' });
    expect(world.clock.monotonicMs()).toBeGreaterThan(240_000);
    expect(world.cloud.wishes).toHaveLength(1);
  });

  it('outlives an outage of the provider at each request', async () => {
    const { life, world } = await begin();
    for (const method of [
      'identity',
      'ensureKey',
      'ensureFirewall',
      'action',
      'machine',
      'changeFirewall',
    ] as const)
      world.cloud.fail(method, new BerthError('cloud.failed', 'Try later.'), { times: 2 });
    const started = life.create();
    await expect(started).rejects.toMatchObject({ code: 'cloud.failed' });
    await expect(life.create()).rejects.toMatchObject({ code: 'cloud.failed' });
    const { operation } = await life.create();
    expect(await life.ended(operation.id)).toMatchObject({ state: 'succeeded' });
    expect(world.cloud.machines.size).toBe(1);
  });

  it.each(['keys', 'provider', 'rent', 'gate-action'])(
    'whose token is revoked at “%s” waits for another one, and goes on',
    async (step) => {
      const { life, world } = await begin();
      world.cloud.looks = 20;
      const { operation } = await life.create();
      const begun = () => life.operations.get(operation.id)?.steps.find(({ id }) => id === step);
      await life.until(() => begun()?.state !== 'waiting');
      world.cloud.revoke('fake_one');
      await world.clock.advance(120_000);
      expect(life.operations.get(operation.id)?.endedAt).toBeNull();
      expect(life.clouds.stateOf(cloudId).phase).toBe('refused');
      const client = life.clouds.open(cloudId, 'fake-cloud', new Secret('fake_two'));
      life.clouds.becomesReady(cloudId, client);
      expect(await life.ended(operation.id)).toMatchObject({ state: 'succeeded' });
      expect(world.cloud.machines.size).toBe(1);
    },
  );
});

describe('a token', () => {
  it('that is revoked while the firewall is narrowed holds up nothing else, and it is narrowed later', async () => {
    const { life, world } = await begin();
    world.onBoot = ({ state }) => Object.assign(state, { finished: 'no' });
    const { id, operation } = await life.create();
    await life.until(() => life.directory.require(id).gate?.gate === 'setup');
    world.cloud.revoke('fake_one');
    Object.assign(world.booted[0]!.state, { finished: 'yes' });
    await world.clock.advance(60_000);
    expect(life.directory.require(id)).toMatchObject({ life: 'creating', trouble: null, bootKey: null });
    expect(life.clouds.stateOf(cloudId).phase).toBe('refused');
    life.clouds.becomesReady(cloudId, life.clouds.open(cloudId, 'fake-cloud', new Secret('fake_two')));
    expect(await life.ended(operation.id)).toMatchObject({ state: 'succeeded' });
    expect([...world.cloud.firewalls.values()]).toMatchObject([{ access: { from: 'addresses' } }]);
  });
});

describe('a gate', () => {
  it('bears SSH that refuses for a minute: that is how machines boot', async () => {
    const { life, world } = await begin();
    let fake: FakeMachine | undefined;
    world.onBoot = (machine) => {
      ({ fake } = machine);
      machine.fake.refusal = new BerthError('host.unreachable', 'Connection refused.');
    };
    const { id, operation } = await life.create();
    await life.until(() => life.directory.require(id).gate?.gate === 'ssh');
    await world.clock.advance(60_000);
    fake!.refusal = new BerthError('host.auth-failed', 'System is booting up.');
    await world.clock.advance(20_000);
    expect(life.directory.require(id).trouble).toBeNull();
    fake!.refusal = undefined;
    expect(await life.ended(operation.id)).toMatchObject({ state: 'succeeded' });
  });

  it('says at once that the host key is wrong, never signs in, and keeps the secrets', async () => {
    const { life, world } = await begin();
    world.onBoot = ({ fake }) => {
      fake.fingerprint = 'SHA256:somebody';
    };
    const { id } = await life.create();
    await life.until(() => life.directory.require(id).trouble !== null, 60_000);
    expect(life.directory.require(id).trouble).toMatchObject({
      gate: 'ssh',
      error: { code: 'host.key-changed' },
      choices: ['retry', 'keep', 'destroy'],
    });
    await world.clock.advance(600_000);
    const [machine] = world.booted;
    expect(machine?.fake.connections.size).toBe(0);
    expect(machine?.fake.ran).toEqual([]);
    expect(await world.remains()).toMatchObject({ machines: 1, credentials: 1, secrets: 3 });
    // It ends by itself: the right machine answers.
    machine!.fake.fingerprint = machine!.bootFingerprint;
    await life.until(() => life.directory.require(id).life === 'made');
    expect(life.directory.require(id).trouble).toBeNull();
  });

  it('shows why a set-up failed, with the last lines of its log, and goes on where it was mended', async () => {
    const { life, world } = await begin();
    world.onBoot = ({ state }) => {
      Object.assign(state, {
        cloud_init: 'error',
        finished: 'no',
        failed: 'No mirror.',
        tail1: 'E: no',
        tail2: 'end',
      });
    };
    const { id, operation } = await life.create();
    await life.until(() => life.directory.require(id).trouble !== null, 60_000);
    expect(life.directory.require(id).trouble).toMatchObject({
      gate: 'setup',
      error: { code: 'machine.setup-failed', message: /No mirror\./ },
      choices: ['retry', 'keep', 'destroy'],
    });
    Object.assign(world.booted[0]!.state, { cloud_init: 'done', finished: 'yes', failed: '' });
    await life.making.decide({ id, choice: 'retry' });
    expect(life.directory.require(id).trouble).toBeNull();
    expect(await life.ended(operation.id)).toMatchObject({ state: 'succeeded' });
    const lines = await life.linesOf(operation.id);
    expect(lines).toContain('E: no');
  });

  it('shows warnings of a set-up that came to its end', async () => {
    const { life, world } = await begin();
    world.onBoot = ({ state }) => {
      Object.assign(state, { cloud_init: 'degraded', warning1: 'There is no swap.' });
    };
    const { operation } = await life.create();
    expect(await life.ended(operation.id)).toMatchObject({ state: 'succeeded' });
    expect(await life.linesOf(operation.id)).toContain('There is no swap.');
  });

  it('that takes too long asks, waits on as told, and takes the trouble away when it is passed', async () => {
    const { life, world } = await begin();
    world.onBoot = ({ state }) => {
      Object.assign(state, { cloud_init: 'running', finished: 'no', step: 'Install Docker' });
    };
    const { id, operation } = await life.create();
    await life.until(() => life.directory.require(id).trouble !== null);
    const late = life.directory.require(id);
    expect(late.trouble).toMatchObject({
      gate: 'setup',
      error: { code: 'machine.overdue', details: { last: 'Install Docker' } },
      choices: ['keep-waiting', 'retry', 'keep', 'destroy'],
    });
    expect(Date.parse(late.gate!.limitAt) - Date.parse(late.gate!.sinceAt)).toBe(15 * 60_000);
    await life.making.decide({ id, choice: 'keep-waiting' });
    expect(life.directory.require(id)).toMatchObject({
      trouble: null,
      gate: { sinceAt: late.gate!.sinceAt },
    });
    await world.clock.advance(14 * 60_000);
    expect(life.directory.require(id).trouble).toBeNull();
    await life.until(() => life.directory.require(id).trouble !== null, 120_000);
    Object.assign(world.booted[0]!.state, { cloud_init: 'done', finished: 'yes' });
    expect(await life.ended(operation.id, 60_000)).toMatchObject({ state: 'succeeded' });
    expect(life.directory.require(id)).toMatchObject({ life: 'made', trouble: null, gate: null });
  });

  it('asks where the provider could not make it, or has it no more', async () => {
    const { life, world } = await begin();
    world.cloud.failing.add('create');
    const { id, operation } = await life.create();
    await life.until(() => life.directory.require(id).trouble !== null, 60_000);
    expect(life.directory.require(id).trouble).toMatchObject({
      gate: 'action',
      error: { code: 'machine.action-failed' },
    });
    await life.making.decide({ id, choice: 'destroy' });
    expect(await life.ended(operation.id)).toMatchObject({ state: 'cancelled' });
    expect(await world.remains()).toEqual(nothing);
  });

  it('takes no decision that is not asked for', async () => {
    const { life } = await begin();
    const { id, operation } = await life.create();
    await expect(life.making.decide({ id, choice: 'destroy' })).rejects.toMatchObject({ code: 'conflict' });
    await life.ended(operation.id);
    await expect(life.making.decide({ id, choice: 'keep' })).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('trouble', () => {
  const silent = (world: MakingWorld) => {
    world.onBoot = ({ fake }) => {
      fake.refusal = new BerthError('host.unreachable', 'No route to host.');
    };
  };

  it('that is answered with “destroy” leaves nothing', async () => {
    const { life, world } = await begin();
    silent(world);
    const { id, operation } = await life.create();
    await life.until(() => life.directory.require(id).trouble !== null);
    await life.making.decide({ id, choice: 'destroy' });
    expect(await life.ended(operation.id)).toMatchObject({ state: 'cancelled' });
    expect(await world.remains()).toEqual(nothing);
  });

  it('that is answered with “keep” leaves the machine, said so, and it can be finished', async () => {
    const { life, world } = await begin();
    silent(world);
    const { id, operation } = await life.create();
    await life.until(() => life.directory.require(id).trouble !== null);
    await life.making.decide({ id, choice: 'keep' });
    const ended = await life.ended(operation.id);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'machine.overdue' } });
    expect(ended.steps.filter(({ state }) => state === 'undone')).toEqual([]);
    expect(life.directory.require(id)).toMatchObject({
      life: 'incomplete',
      gate: null,
      trouble: { choices: [], error: { code: 'machine.overdue' } },
    });
    expect(await world.remains()).toMatchObject({ machines: 1, firewalls: 1, keys: 1, credentials: 1 });
    world.booted[0]!.fake.refusal = undefined;
    const finishing = await life.making.finish(id, localOwnerId);
    expect(await life.ended(finishing.id)).toMatchObject({ state: 'succeeded' });
    expect(life.directory.require(id)).toMatchObject({ life: 'made', trouble: null });
    expect(await world.remains()).toMatchObject({ machines: 1, hosts: 1 });
    await expect(life.making.finish(id, localOwnerId)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('in finishing offers no destruction, and cancel keeps the machine', async () => {
    const { life, world } = await begin();
    silent(world);
    const { id, operation } = await life.create({ onTrouble: 'keep' });
    expect(await life.ended(operation.id)).toMatchObject({ state: 'failed' });
    const finishing = await life.making.finish(id, localOwnerId);
    await life.until(() => life.directory.require(id).trouble !== null);
    expect(life.directory.require(id).trouble?.choices).toEqual(['keep-waiting', 'retry', 'keep']);
    await life.operations.cancel(finishing.id);
    expect(await life.ended(finishing.id)).toMatchObject({ state: 'cancelled' });
    expect(life.directory.require(id)).toMatchObject({ life: 'incomplete', gate: null });
    expect(world.cloud.machines.size).toBe(1);
  });

  it('for which “destroy” was said beforehand leaves nothing, and says why', async () => {
    const { life, world } = await begin();
    silent(world);
    const { operation } = await life.create({ onTrouble: 'destroy' });
    expect(await life.ended(operation.id)).toMatchObject({
      state: 'failed',
      error: { code: 'machine.overdue' },
    });
    expect(await world.remains()).toEqual(nothing);
  });

  it('outlives a restart, and its answer, too', async () => {
    const { life, world } = await begin();
    silent(world);
    const { id, operation } = await life.create();
    await life.until(() => life.directory.require(id).trouble !== null);
    const { trouble } = life.directory.require(id);
    await life.close();
    const again = await live(world);
    open.push(again);
    expect(again.directory.require(id).trouble).toEqual(trouble);
    await world.clock.advance(60_000);
    expect(again.directory.require(id).trouble).toEqual(trouble);
    await again.making.decide({ id, choice: 'destroy' });
    expect(await again.ended(operation.id)).toMatchObject({ state: 'cancelled' });
    expect(await world.remains()).toEqual(nothing);
  });
});

describe('cancel', () => {
  it('before each write and each request leaves nothing', async () => {
    let hasEndedBefore = false;
    let cancelled = 0;
    for (let at = 1; !hasEndedBefore; at += 1) {
      const { life, world } = await begin();
      const { operation } = await life.create();
      hasEndedBefore = true;
      world.onAct = (act) => {
        if (act < at || life.operations.get(operation.id)?.state !== 'running') return;
        world.onAct = () => {};
        hasEndedBefore = false;
        life.operations.cancel(operation.id).catch(() => {
          hasEndedBefore = true;
        });
      };
      const ended = await life.ended(operation.id);
      if (hasEndedBefore) break;
      cancelled += 1;
      expect(ended, `at act ${at}`).toMatchObject({ state: 'cancelled', error: null });
      expect(await world.remains(), `at act ${at}`).toEqual(nothing);
      expect(life.hosts.all()).toEqual([]);
      await life.close();
    }
    expect(cancelled).toBeGreaterThan(60);
  });

  it('while the answer is out, and it was made', async () => {
    const { life, world } = await begin();
    world.cloud.listingLagMs = 45_000;
    world.cloud.fail('createMachine', unreachable(), { when: 'after' });
    const { operation } = await life.create();
    await life.until(() => world.cloud.machines.size === 1);
    await life.operations.cancel(operation.id);
    expect(await life.ended(operation.id)).toMatchObject({ state: 'cancelled', error: null });
    expect(await world.remains()).toEqual(nothing);
  });
});

describe('Berth that is killed', () => {
  it('before any write or request makes one machine in the end, and loses nothing', async () => {
    let deaths = 0;
    for (let at = 1; ; at += 1) {
      const world = new MakingWorld();
      world.cloud.listingLagMs = 30_000;
      const first = await live(world, at);
      const started = await first.create().catch(() => undefined);
      await first.until(
        () => started !== undefined && first.operations.get(started.operation.id)?.endedAt != null,
      );
      if (!first.isDead()) {
        await first.close();
        break;
      }
      deaths += 1;
      const { life } = await begin(world);
      const [operation] = life.operations.all();
      if (operation === undefined) {
        // It was not even asked for: nothing is left of it.
        expect(await world.remains(), `at act ${at}`).toEqual(nothing);
      } else {
        const ended = await life.ended(operation.id);
        expect(ended, `at act ${at}`).toMatchObject({ state: 'succeeded' });
        const [record] = life.directory.records();
        expect(record, `at act ${at}`).toMatchObject({
          life: 'made',
          bootKey: null,
          trouble: null,
          gate: null,
        });
        expect([...world.cloud.machines.keys()], `at act ${at}`).toEqual([record?.providerId]);
        expect(world.cloud.wishes, `at act ${at}`).toHaveLength(1);
        await life.until(() => life.hosts.all()[0]?.state.phase === 'ready', 60_000);
        expect(await world.remains(), `at act ${at}`).toEqual({
          machines: 1,
          keys: 1,
          firewalls: 1,
          records: 1,
          hosts: 1,
          credentials: 1,
          secrets: 2,
        });
      }
      await life.close();
    }
    expect(deaths).toBeGreaterThan(60);
  }, 60_000);

  it('at any point of taking back leaves nothing in the end', async () => {
    let deaths = 0;
    for (let at = 1; ; at += 1) {
      const world = new MakingWorld();
      world.onBoot = ({ state }) => Object.assign(state, { finished: 'no' });
      const first = await live(world);
      const { id, operation } = await first.create();
      await first.until(() => first.directory.require(id).gate?.gate === 'setup');
      await first.close();
      const second = await live(world, at);
      void second.operations.cancel(operation.id).catch(() => undefined);
      await second.until(() => second.operations.get(operation.id)?.endedAt != null);
      const hasDied = second.isDead();
      if (hasDied) {
        deaths += 1;
        const { life } = await begin(world);
        const [present] = life.operations.all();
        // Where it died before the wish was written down, the machine is still being made.
        if (present?.state !== 'undoing' && present?.endedAt == null)
          await life.operations.cancel(operation.id);
        await life.ended(operation.id);
        await life.close();
      } else await second.close();
      expect(await world.remains(), `at act ${at}`).toEqual(nothing);
      if (!hasDied) break;
    }
    expect(deaths).toBeGreaterThan(20);
  }, 60_000);
});
