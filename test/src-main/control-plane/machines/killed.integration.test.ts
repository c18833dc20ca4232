/**
 * Berth is killed (SIGKILL) in every step of a machine's making, one after the other, then of its sleep, its waking and its
 * destruction: there is one machine with its files, or none, and nothing at the provider that nobody knows.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CloudId, HostId, MachineId } from '#contract/ids.ts';
import type { MachineErrand } from '#test/harness/machine-plane-child.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { type DigitalOceanDouble, startDigitalOceanDouble } from '#test/servers/digitalocean/double.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import type { RemoteHost } from '#test/servers/remote-host.ts';

const child = new URL('../../../harness/machine-plane-child.ts', import.meta.url).pathname;
const passphrase = 'a passphrase for tests';

let double: DigitalOceanDouble;
let folder: string;
let cloudId: CloudId;

beforeAll(async () => {
  // Each start of Berth looks at everything; nobody starts it thirty times in a minute but this test.
  double = await startDigitalOceanDouble({ machines: 'real', limits: { perMinute: 5_000 } });
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
async function dieIn(step: string, act: MachineErrand['act'], hostId?: HostId): Promise<void> {
  const errand: MachineErrand = {
    ...{ folder, apiUrl: double.baseUrl, passphrase, act, step },
    ...(hostId === undefined ? {} : { hostId }),
  };
  const run = spawn(process.execPath, [child, JSON.stringify(errand)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code, signal] = (await once(run, 'exit')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the plane ended by itself: ${code ?? signal}`);
}

async function dieInEach(
  steps: readonly string[],
  act: MachineErrand['act'],
  hostId?: HostId,
): Promise<void> {
  const [first, ...others] = steps;
  await dieIn(first ?? '', act, hostId);
  for (const step of others) await dieIn(step, { kind: 'go-on' });
}

async function ended(plane: TestPlane): Promise<void> {
  await plane.until('operations.watch', {}, (all) =>
    all.every(({ endedAt }) => endedAt !== null) ? true : undefined,
  );
}

async function containerOf(remote: RemoteHost): Promise<string> {
  return (await remote.docker('ps', '--quiet', '--filter', 'label=dev.berth.managed')).trim();
}

/** Of whole machines, at the provider. */
function snapshotNames(): string[] {
  return [...double.account.images.values()]
    .filter(({ kind }) => kind === 'snapshot')
    .map(({ name }) => name);
}

describe('killed in every step', () => {
  let machineId: MachineId;
  let hostId: HostId;

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
    hostId = machine.hostId;
    const host = await plane.hostReady(hostId);
    const remote = double.hostOf(machine.providerId ?? '');
    const image = await busyboxImage();
    await loadImage(remote, image);
    const project = await plane.createProject(image.reference);
    await plane.createWorkspace({ host, project, name: 'api' });
    await remote.docker('exec', await containerOf(remote), 'sh', '-c', 'echo kept >~/file; sync');
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

  it('of its sleep: it is asleep, and no hardware is left', { timeout: 180_000 }, async () => {
    await dieInEach(
      ['check', 'stop', 'off', 'snapshot', 'verify', 'record', 'destroy', 'parts'],
      {
        kind: 'call',
        method: 'machines.hibernate',
        input: { id: machineId, place: { kind: 'machine-snapshot' } },
      },
      hostId,
    );
    await using plane = await startPlane({ folder, digitalOceanApiUrl: double.baseUrl });
    await plane.client.call('credentials.unlockVault', { passphrase });
    await plane.until('machines.watch', {}, (all) => all.find(({ life }) => life === 'asleep'), 60_000);
    await ended(plane);
    expect(double.account.droplets.size).toBe(0);
    expect(snapshotNames()).toHaveLength(1);
  });

  it('of its waking: it is the same host, with its files, and what it slept in is gone', {
    timeout: 180_000,
  }, async () => {
    await dieInEach(
      ['check', 'rent', 'gate-action', 'gate-ssh', 'gate-setup', 'secure', 'host', 'verify', 'start', 'drop'],
      { kind: 'call', method: 'machines.wake', input: { id: machineId, hourlyUsd: 0.00893 } },
    );
    await using plane = await startPlane({ folder, digitalOceanApiUrl: double.baseUrl });
    await plane.client.call('credentials.unlockVault', { passphrase });
    const machine = await plane.until(
      'machines.watch',
      {},
      (all) => all.find(({ life }) => life === 'made'),
      120_000,
    );
    await ended(plane);
    expect(machine).toMatchObject({ id: machineId, hostId });
    await plane.hostReady(hostId);
    await plane.until('workspaces.watch', {}, (all) => all.find(({ state }) => state === 'running'));
    expect([...double.account.droplets.keys()]).toEqual([Number(machine.providerId)]);
    const remote = double.hostOf(machine.providerId ?? '');
    expect(await remote.docker('exec', await containerOf(remote), 'sh', '-c', 'cat ~/file')).toBe('kept\n');
    expect(snapshotNames()).toEqual([]);
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
