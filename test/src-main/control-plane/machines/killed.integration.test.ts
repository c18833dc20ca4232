/**
 * Berth is killed (SIGKILL) in every step of a machine's making, one after the other, and then of its destruction: there is
 * one machine afterwards, and then none, and nothing at the provider that nobody knows.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CloudId, MachineId } from '#contract/ids.ts';
import type { MachineErrand } from '#test/harness/machine-plane-child.ts';
import { startPlane } from '#test/harness/start-plane.ts';
import { type DigitalOceanDouble, startDigitalOceanDouble } from '#test/servers/digitalocean/double.ts';

const child = new URL('../../../harness/machine-plane-child.ts', import.meta.url).pathname;
const passphrase = 'a passphrase for tests';

let double: DigitalOceanDouble;
let folder: string;
let cloudId: CloudId;

beforeAll(async () => {
  double = await startDigitalOceanDouble({ machines: 'real' });
  folder = await mkdtemp(join(tmpdir(), 'berth-killed-'));
  await using plane = await startPlane({ folder, digitalOceanApiUrl: double.baseUrl });
  await plane.client.call('credentials.createVault', { passphrase });
  const token = double.addToken();
  ({ id: cloudId } = await plane.client.call('clouds.connect', {
    provider: 'digitalocean',
    label: 'Work',
    token,
  }));
});
afterAll(async () => {
  await double?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a plane that dies in a step. Rejects when it ends in any other way. */
async function dieIn(step: string, act: MachineErrand['act']): Promise<void> {
  const errand: MachineErrand = { folder, apiUrl: double.baseUrl, passphrase, act, step };
  const run = spawn(process.execPath, [child, JSON.stringify(errand)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code, signal] = (await once(run, 'exit')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the plane ended by itself: ${code ?? signal}`);
}

async function dieInEach(steps: readonly string[], act: MachineErrand['act']): Promise<void> {
  const [first, ...others] = steps;
  await dieIn(first ?? '', act);
  for (const step of others) await dieIn(step, { kind: 'go-on' });
}

describe('killed in every step', () => {
  let machineId: MachineId;

  it('of the making: there is one machine, and it is a connected host', { timeout: 240_000 }, async () => {
    const steps = [
      'account',
      'keys',
      'provider',
      'rent',
      'gate-action',
      'gate-address',
      'gate-ssh',
      'gate-setup',
      'secure',
      'host',
    ];
    await dieInEach(steps, {
      kind: 'call',
      method: 'machines.create',
      input: {
        cloudId,
        name: 'anvil',
        region: 'nyc1',
        size: 's-1vcpu-1gb',
        image: 'debian-12-x64',
        hourlyUsd: 0.00893,
      },
    });
    await using plane = await startPlane({ folder, digitalOceanApiUrl: double.baseUrl });
    await plane.client.call('credentials.unlockVault', { passphrase });
    const [operation] = await plane.until('operations.watch', {}, (all) => all);
    if (operation === undefined) throw new Error('there is no operation');
    await plane.succeeded(operation.id, 120_000);
    const machine = await plane.until('machines.watch', {}, (all) => all.find(({ life }) => life === 'made'));
    machineId = machine.id;
    if (machine.hostId === null) throw new Error('the machine is no host');
    await plane.hostReady(machine.hostId);
    expect([...double.account.droplets.keys()]).toEqual([Number(machine.providerId)]);
    // Others of the same path are probes of what the token may do: they can make nothing, and are refused.
    const made = double.requests.filter(
      ({ operation, status }) => operation === 'POST /v2/droplets' && (status === 202 || status === 'lost'),
    );
    expect(made).toHaveLength(1);
    expect(double.account.firewalls.size).toBe(1);
    expect(double.account.keys.size).toBe(1);
    await plane.client.call('clouds.check', { id: cloudId });
    expect(await plane.until('clouds.found', {}, (all) => all)).toEqual([]);
  });

  it('of its destruction: nothing is left', { timeout: 120_000 }, async () => {
    await dieInEach(['end-work', 'hardware', 'leftovers', 'parts', 'host', 'keys', 'forget'], {
      kind: 'call',
      method: 'machines.destroy',
      input: { id: machineId, name: 'anvil' },
    });
    await using plane = await startPlane({ folder, digitalOceanApiUrl: double.baseUrl });
    await plane.client.call('credentials.unlockVault', { passphrase });
    await plane.until('machines.watch', {}, (all) => (all.length === 0 ? true : undefined), 60_000);
    await plane.until('hosts.watch', {}, (all) => (all.length === 0 ? true : undefined));
    expect(double.account.droplets.size).toBe(0);
    expect(double.account.firewalls.size).toBe(0);
    expect(double.account.keys.size).toBe(0);
    const credentials = await plane.until('credentials.watch', {}, (all) => all);
    expect(credentials.map(({ kind }) => kind)).toEqual(['token']);
    expect(double.violations).toEqual([]);
  });
});
