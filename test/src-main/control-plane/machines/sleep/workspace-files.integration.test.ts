/**
 * Workspaces that sleep, on real engines: what they had comes back on other hardware under the same ids, from another host
 * and from the archives of this computer.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { MachineId } from '#contract/ids.ts';
import { localOwnerId } from '#contract/ids.ts';
import type { SleepPlace } from '#contract/machines.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { openStore } from '#main/adapters/database/open-store.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import { type MachineRecord, parseMachineRecord } from '#main/control-plane/machines/machine.ts';
import { FakeCloud } from '#test/harness/fake-cloud.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage } from '#test/servers/images.ts';
import { pushImage, type Registry, startRegistry } from '#test/servers/registry.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';

const machineId: MachineId = 'mach_00000000000000000001';
const clock = createSystemClock();

let folder: string;
let cloud: FakeCloud;
let registry: Registry;
let other: { remote: RemoteHost; host: Host };
let plane: TestPlane;
/** What the machine is now. */
let hardware: RemoteHost;
let spare: RemoteHost;
let host: Host;
let image: string;

const start = () => startPlane({ folder, cloudProviders: [cloud] });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-sleep-'));
  cloud = new FakeCloud(clock);
  const [first, second, third] = await Promise.all([startRemoteHost(), startRemoteHost(), startRemoteHost()]);
  hardware = first;
  spare = third;
  registry = await startRegistry();
  image = await pushImage(registry, second, await busyboxImage());
  for (const remote of [first, third]) await letReach(remote, image);
  plane = await start();
  await plane.client.call('credentials.createVault', { passphrase: 'a long passphrase for tests' });
  const { id: cloudId } = await plane.client.call('clouds.connect', {
    provider: 'fake-cloud',
    label: 'Fake',
    token: 'fake_token',
  });
  host = await plane.addHost(hardware, 'box');
  other = { remote: second, host: await plane.addHost(second, 'other') };
  const { id } = cloud.plant({ name: 'box' });
  await plane.close();
  await addMachine({ cloudId, providerId: id, hostId: host.id });
  plane = await start();
  await plane.client.call('credentials.unlockVault', { passphrase: 'a long passphrase for tests' });
  for (const one of [host, other.host]) await plane.hostReady(one.id);
}, 240_000);
afterAll(async () => {
  await plane?.close();
  await registry?.stop();
  await Promise.all([hardware, spare, other?.remote].map((remote) => remote?.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function addMachine(change: Partial<MachineRecord>): Promise<void> {
  const { store } = await openStore({ folder, databaseUrl: null, clock, log: new MemoryLog() });
  const machines = store.collection('machines', parseMachineRecord);
  await machines.put({
    id: machineId,
    cloudId: 'cloud_00000000000000000001',
    name: 'box',
    providerId: null,
    hostId: null,
    life: 'made',
    power: null,
    gate: null,
    trouble: null,
    region: 'ams',
    size: 'small',
    image: 'debian-12',
    cpus: 1,
    memoryBytes: 2 ** 30,
    diskBytes: 25 * 2 ** 30,
    hourlyUsd: 0.01,
    monthlyUsd: 6,
    ipv4: null,
    ipv6: null,
    tags: [],
    hasBackups: false,
    sshAccess: { from: 'mine' },
    end: { at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'destroy' },
    createdAt: '2026-01-02T03:04:05.000Z',
    userId: localOwnerId,
    operationId: null,
    keyId: null,
    firewallId: null,
    loginCredentialId: null,
    loginUser: 'root',
    hostKey: null,
    bootKey: null,
    hasMonitoring: false,
    onTrouble: 'ask',
    sleep: null,
    earlierProviderIds: [],
    billedFromAt: null,
    ...change,
  });
  await store.close();
}

/** One name of the image for all hosts: that of the registry as the other host sees it, which is this machine, too. */
async function letReach(remote: RemoteHost, reference: string): Promise<void> {
  const [there] = reference.split(':');
  const [gateway] = (await registry.addressFor(remote)).split(':');
  await remote.runChecked(['ip', 'route', 'add', `${there}/32`, 'via', gateway ?? '']);
}

const machine = () => plane.until('machines.watch', {}, (all) => all.find(({ id }) => id === machineId));
async function sh(remote: RemoteHost, { id }: Workspace, text: string): Promise<string> {
  const { containerId } = await plane.workspaceIn(id, 'running');
  return (await remote.docker('exec', containerId ?? '', 'sh', '-c', text)).trim();
}
async function snapshotsNow(): Promise<Snapshot[]> {
  return await plane.until('snapshots.watch', {}, (all) => all);
}

describe('workspaces of a machine', () => {
  let first: Workspace;
  let stopped: Workspace;
  let kept: Snapshot;
  let sums: string;

  beforeAll(async () => {
    const project = await plane.createProject(image);
    first = await plane.createWorkspace({ host, project, name: 'first' });
    stopped = await plane.createWorkspace({ host, project, name: 'stopped' });
    await sh(
      hardware,
      first,
      'cd /home/dev && mkdir -p d && for i in 1 2 3; do head -c 3000000 /dev/urandom > d/$i; done && ln -s 1 d/link && chown 1000:1000 d/2 && chmod 640 d/2 && sha256sum d/* > sums && sync',
    );
    sums = await sh(hardware, first, 'cd /home/dev && cat sums && ls -ln d');
    await sh(hardware, stopped, 'echo whole > /home/dev/note && sync');
    await plane.succeeded((await plane.client.call('workspaces.stop', { id: stopped.id })).id);
    const { snapshotId, operation } = await plane.client.call('snapshots.create', {
      workspaceId: first.id,
      name: 'before',
    });
    await plane.succeeded(operation.id);
    kept = await plane.until('snapshots.watch', {}, (all) => all.find(({ id }) => id === snapshotId));
    kept = await plane.client.call('snapshots.change', { id: kept.id, isPinned: true });
  }, 240_000);

  it('may sleep in three places, and it is said what each keeps', async () => {
    const plan = await plane.client.call('machines.hibernatePlan', { id: machineId });
    expect(plan.places.map(({ place, problem }) => [place.kind, problem])).toEqual([
      ['machine-snapshot', null],
      ['host', null],
      ['computer', null],
    ]);
    expect(plan.places[1]?.sizeBytes).toBeGreaterThan(9_000_000);
    expect(plan.workspaces.map(({ name }) => name).toSorted()).toEqual(['first', 'stopped']);
    expect(plan.snapshots).toBe(1);
  });

  it('do not sleep where an image of theirs is in no registry', async () => {
    const [address] = image.split('/');
    const local = `${address}/only-here:1`;
    await hardware.docker('tag', image, local);
    const project = await plane.createProject(local);
    const loose = await plane.createWorkspace({ host, project, name: 'loose' });
    const { id } = await plane.client.call('machines.hibernate', {
      id: machineId,
      place: { kind: 'computer' },
    });
    const end = await plane.ended(id);
    expect(end).toMatchObject({ state: 'failed', error: { code: 'conflict' } });
    expect(end.error?.message).toContain('in no registry');
    expect((await machine()).life).toBe('made');
    await plane.workspaceIn(first.id, 'running');
    const destroyed = await plane.client.call('workspaces.destroy', { id: loose.id, keepVolume: false });
    await plane.succeeded(destroyed.id);
  });

  it.each(['host', 'computer'] as const)(
    'sleep in %s, and come back whole on other hardware',
    async (kind) => {
      const place: SleepPlace = kind === 'host' ? { kind, hostId: other.host.id } : { kind };
      const { id } = await plane.client.call('machines.hibernate', { id: machineId, place });
      await plane.succeeded(id, 120_000);
      expect(await machine()).toMatchObject({
        life: 'asleep',
        providerId: null,
        sleep: { place, monthlyUsd: null, workspaces: 2 },
      });
      expect(cloud.machines.size).toBe(0);
      // Still listed, and nothing can be begun.
      expect((await plane.until('workspaces.watch', {}, (all) => all)).map((one) => one.id)).toContain(
        first.id,
      );
      await expect(plane.client.call('workspaces.start', { id: first.id })).rejects.toMatchObject({
        code: 'host.not-connected',
        message: expect.stringContaining('asleep'),
      });
      const archives = await readdir(join(folder, 'sleeping')).catch(() => []);
      expect(archives).toHaveLength(kind === 'computer' ? 3 : 0);
      const copies = (await snapshotsNow()).filter(({ hostId }) => hostId === other.host.id);
      expect(copies.map(({ isPinned }) => isPinned)).toEqual(kind === 'host' ? [true, true, true] : []);
      await wake();
      expect(await sh(hardware, first, 'cd /home/dev && sha256sum -c -s sums && cat sums && ls -ln d')).toBe(
        sums,
      );
      const now = await plane.workspaceIn(stopped.id, 'stopped');
      expect(now.name).toBe('stopped');
      const again = await plane.client.call('workspaces.start', { id: stopped.id });
      await plane.succeeded(again.id);
      expect(await sh(hardware, stopped, 'cat /home/dev/note')).toBe('whole');
      await plane.succeeded((await plane.client.call('workspaces.stop', { id: stopped.id })).id);
      const there = await plane.until('snapshots.watch', {}, (all) =>
        all.every(({ hostId }) => hostId === host.id) ? all : undefined,
      );
      // The one that was there, as it was; what only carried files is gone.
      expect(there).toEqual([{ ...kept, isHostAway: false }]);
      expect(await readdir(join(folder, 'sleeping')).catch(() => [])).toEqual([]);
      expect((await other.remote.run(['ls', '/var/lib/berth/snapshots'])).stdout.trim()).toBe('');
      expect(await machine()).toMatchObject({ life: 'made', sleep: null });
    },
  );

  /** Other hardware, with nothing on it, where the host is from now on. */
  async function wake(): Promise<void> {
    [hardware, spare] = [spare, hardware];
    await spare.docker('system', 'prune', '--all', '--force', '--volumes').catch(() => '');
    const present = await plane.until('hosts.watch', {}, (all) => all.find((one) => one.id === host.id));
    if (present.definition.kind !== 'ssh') throw new Error('it is a host over SSH');
    const { address, port, clientKeyPath } = hardware;
    await plane.client.call('hosts.edit', {
      id: host.id,
      definition: {
        ...present.definition,
        address,
        port,
        auth: { method: 'key', source: { kind: 'file', path: clientKeyPath }, passphraseId: null },
      },
    });
    const { id } = await plane.client.call('machines.wake', { id: machineId, hourlyUsd: 0.01 });
    const question = await plane.until('questions.watch', {}, (all) =>
      all.find((one) => one.hostId === host.id),
    );
    await plane.client.call('questions.answer', {
      id: question.id,
      answer: { kind: 'host-key', isTrusted: true },
    });
    await plane.succeeded(id, 120_000);
  }
});
