/**
 * What the API has to be like for Berth, from a key to the last cent: run against the double at every test run, and
 * against DigitalOcean itself where there is a token. Everything that it makes carries a name of its own, and is destroyed
 * again by that name, also when a test fails.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CloudOffer } from '#contract/clouds.ts';
import type { CloudClient } from '#main/control-plane/interfaces/cloud-provider.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

export interface Conformance {
  /** Where there is nothing to run it against, its tests are skipped. */
  readonly isThere: boolean;
  /** Once, before all. */
  open(): Promise<CloudClient>;
  /** Milliseconds between two looks, and until something has to have happened. */
  readonly lookMs: number;
  readonly limitMs: number;
  close(): Promise<void>;
}

const signal = AbortSignal.any([]);

export function describeConformance(name: string, world: Conformance): void {
  const run = world.isThere ? it : it.skip;
  describe(name, () => {
    // Letters, digits and dashes: it is a name of a Droplet, a firewall and a tag.
    const mark = `berth-test-${randomBytes(6).toString('hex')}`;
    const publicKey = newPublicKey();
    let client: CloudClient;
    let machineId = '';
    let keyId = '';
    let firewallId = '';
    const until = <T>(what: string, ask: () => Promise<T | undefined | false>) =>
      waitUntil(ask, { what, timeoutMs: world.limitMs, intervalMs: world.lookMs });
    const followed = (actionId: string) =>
      until(`action ${actionId}`, async () => {
        const action = await client.action(machineId, actionId, signal);
        return action !== undefined && action.state !== 'running' && action.state;
      });

    beforeAll(async () => {
      if (world.isThere) client = await world.open();
    });
    afterAll(async () => {
      if (!world.isThere) return;
      try {
        await removeAll(client, mark, until);
        if (firewallId !== '') await client.removeFirewall(firewallId, signal);
        if (keyId !== '') await client.removeKey(keyId, signal);
      } finally {
        await world.close();
      }
    }, world.limitMs);

    run(
      'says whose token it is, and what it may do, without changing anything',
      async () => {
        const identity = await client.identity(signal);
        expect(identity.key).not.toBe('');
        const before = await client.inventory(mark, signal);
        const permissions = await client.permissions(signal);
        const needed = permissions.filter(({ isNeeded }) => isNeeded);
        expect(needed.map((one) => [one.name, one.isGranted])).toEqual(needed.map((one) => [one.name, true]));
        expect(await client.inventory(mark, signal)).toEqual(before);
        expect(Math.abs(client.clockAheadMs() ?? Number.NaN)).toBeLessThan(60_000);
      },
      world.limitMs,
    );

    run(
      'finds a key by what it is',
      async () => {
        ({ keyId } = await client.ensureKey({ name: mark, publicKey }, signal));
        expect(await client.ensureKey({ name: `${mark}-2`, publicKey }, signal)).toEqual({ keyId });
      },
      world.limitMs,
    );

    run(
      'makes one firewall of a name, for a tag that no Droplet has yet',
      async () => {
        const wish = { name: mark, tag: mark, access: { from: 'anywhere' as const } };
        ({ firewallId } = await client.ensureFirewall(wish, signal));
        expect(await client.ensureFirewall(wish, signal)).toEqual({ firewallId });
        await client.changeFirewall(firewallId, { from: 'addresses', addresses: ['192.0.2.7'] }, signal);
        expect(await client.ensureFirewall(wish, signal)).toEqual({ firewallId });
      },
      world.limitMs,
    );

    run(
      'makes the smallest Droplet, and finds it by its tag',
      async () => {
        const { image, region, size } = cheapest(await client.offer(signal));
        const count = await client.machineCount(signal);
        const { actionId, machine } = await client.createMachine(
          {
            name: mark,
            region,
            size: size.id,
            image,
            keyIds: [keyId],
            userData: '#cloud-config\n',
            tags: [mark],
            hasIpv6: false,
            hasBackups: false,
            hasMonitoring: false,
          },
          signal,
        );
        machineId = machine.id;
        expect(machine).toMatchObject({ name: mark, region, size: size.id, hourlyUsd: size.hourlyUsd });
        await until('it has its tag', async () => (await client.machinesTagged(mark, signal)).length === 1);
        if (actionId === null) throw new Error('no action was named');
        expect(await followed(actionId)).toBe('done');
        const ready = await until('it is on, with an address', async () => {
          const now = await client.machine(machineId, signal);
          return now?.state === 'on' && now.ipv4 !== null && now;
        });
        expect(ready).toMatchObject({ diskBytes: size.diskBytes, memoryBytes: size.memoryBytes });
        expect((await client.actionsOf(machineId, signal)).map(({ type }) => type)).toContain('create');
        expect(await client.machineCount(signal)).toBe(count + 1);
      },
      world.limitMs,
    );

    run(
      'does what it is ordered',
      async () => {
        const renamed = await client.order(machineId, { type: 'rename', name: `${mark}-2` }, signal);
        expect(await followed(renamed.id)).toBe('done');
        expect((await client.machine(machineId, signal))?.name).toBe(`${mark}-2`);
        const off = await client.order(machineId, { type: 'power-off' }, signal);
        expect(await followed(off.id)).toBe('done');
        await until('it is off', async () => (await client.machine(machineId, signal))?.state === 'off');
        const taken = await client.order(machineId, { type: 'snapshot', name: mark }, signal);
        expect(await followed(taken.id)).toBe('done');
        const [snapshot] = await until('the snapshot', async () => {
          const all = await client.snapshotsOf(machineId, signal);
          return all.length > 0 && all;
        });
        expect(snapshot).toMatchObject({ name: mark, kind: 'snapshot' });
        const { regions = [] } = snapshot ?? {};
        expect(await client.bringSnapshot(snapshot?.id ?? '', regions[0] ?? '', signal)).toBeUndefined();
      },
      world.limitMs,
    );

    run(
      'destroys it with what is chosen, until nothing is there and nothing costs',
      async () => {
        const leftovers = await client.leftoversOf(machineId, signal);
        expect(leftovers).toEqual([expect.objectContaining({ kind: 'snapshot', name: mark })]);
        await client.destroyMachine(machineId, leftovers, signal);
        await until('it is gone', async () => {
          const { failures, isDone, isMachineGone } = await client.destruction(machineId, signal);
          expect(failures).toEqual([]);
          return isDone && isMachineGone;
        });
        expect(await client.machine(machineId, signal)).toBeUndefined();
        await client.destroyMachine(machineId, leftovers, signal);
        const { machines, snapshots } = await client.inventory(mark, signal);
        expect(machines).toEqual([]);
        expect(snapshots.filter((one) => one.name === mark)).toEqual([]);
      },
      world.limitMs,
    );

    run(
      'forgets firewall and key, also when they are gone',
      async () => {
        for (let turn = 0; turn < 2; turn += 1) {
          await client.removeFirewall(firewallId, signal);
          await client.removeKey(keyId, signal);
        }
        const made = await client.ensureKey({ name: mark, publicKey }, signal);
        expect(made.keyId).not.toBe(keyId);
        ({ keyId } = made);
      },
      world.limitMs,
    );
  });
}

function cheapest({ images, sizes }: CloudOffer) {
  const [size] = sizes
    .filter(({ gpu, regions }) => gpu === null && regions.length > 0)
    .toSorted((a, b) => a.hourlyUsd - b.hourlyUsd);
  const region = size?.regions[0];
  const image = images.find((one) => one.isSupported && region !== undefined && one.regions.includes(region));
  if (size === undefined || region === undefined || image === undefined)
    throw new Error('nothing is on offer');
  return { size, region, image: image.id };
}

/** The last resort of a run that failed: whatever has the mark. */
async function removeAll(
  client: CloudClient,
  mark: string,
  until: (what: string, ask: () => Promise<boolean>) => Promise<unknown>,
): Promise<void> {
  for (const { id } of await client.machinesTagged(mark, signal)) {
    await client.destroyMachine(id, [], signal);
    await until(`Droplet ${id} is gone`, async () => (await client.machine(id, signal)) === undefined);
  }
  for (const { id, name } of (await client.inventory(mark, signal)).snapshots)
    if (name === mark) await client.destroyResource({ kind: 'snapshot', id }, signal);
}

function newPublicKey(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const field = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const blob = Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)]);
  return `ssh-ed25519 ${blob.toString('base64')}`;
}
