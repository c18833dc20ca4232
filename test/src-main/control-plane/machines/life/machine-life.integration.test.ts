/**
 * A machine that is lived with, everything real but the provider: one droplet of the double, which is a host with sshd,
 * engine and cloud-init, is switched, resized, put back, written anew, and destroyed with what it leaves.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { type DigitalOceanDouble, startDigitalOceanDouble } from '#test/servers/digitalocean/double.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';

let double: DigitalOceanDouble;
let plane: TestPlane;
let machine: Machine;
let host: Host;
let workspace: Workspace;
let questions = 0;
const watching = new AbortController();

beforeAll(async () => {
  double = await startDigitalOceanDouble({ machines: 'real' });
  plane = await startPlane({ digitalOceanApiUrl: double.baseUrl });
  await plane.client.call('credentials.createVault', { passphrase: 'a passphrase for tests' });
  const { id: cloudId } = await plane.client.call('clouds.connect', {
    provider: 'digitalocean',
    label: 'Work',
    token: double.addToken(),
  });
  const started = await plane.client.call('machines.create', {
    cloudId,
    name: 'anvil',
    region: 'nyc1',
    size: 's-1vcpu-1gb',
    image: 'debian-12-x64',
    hourlyUsd: 0.00893,
  });
  await plane.succeeded(started.operation.id, 150_000);
  machine = await now();
  if (machine.hostId === null) throw new Error('the machine is no host');
  host = await plane.hostReady(machine.hostId);
  const image = await busyboxImage();
  await loadImage(hardware(), image);
  const project = await plane.createProject(image.reference);
  workspace = await plane.createWorkspace({ host, project, name: 'api' });
  await sh('echo kept >file');
  void countQuestions();
}, 240_000);
afterAll(async () => {
  watching.abort();
  await plane?.close();
  await double?.close();
});

const now = () => plane.until('machines.watch', {}, ([one]) => one);
const hardware = () => double.hostOf(machine.providerId ?? '');
const droplet = () => double.account.droplets.get(Number(machine.providerId));
/** To this one: what a token may do was tried on one that is not there. */
const orders = () =>
  double.requests.flatMap(({ body, method, path }) =>
    method === 'POST' && path === `/v2/droplets/${machine.providerId}/actions`
      ? [(body as { type: string }).type]
      : [],
  );

/** Nobody is to be asked anything: whatever becomes of the machine, its key is known. */
async function countQuestions(): Promise<void> {
  for await (const item of plane.client.stream('questions.watch', {}, { signal: watching.signal }))
    questions += item.type === 'all' ? item.items.length : item.upserted.length;
}

async function sh(text: string): Promise<string> {
  const { containerId } = await plane.workspaceIn(workspace.id, 'running');
  return (
    await hardware().docker('exec', '-w', workspace.mountPoint, containerId ?? '', 'sh', '-c', text)
  ).trim();
}

async function done(operation: Operation | Promise<Operation>, timeoutMs = 120_000): Promise<void> {
  await plane.succeeded((await operation).id, timeoutMs);
  machine = await now();
}

const hostIn = (phase: Host['state']['phase']) =>
  plane.until('hosts.watch', {}, (hosts) =>
    hosts.find(({ id, state }) => id === host.id && state.phase === phase),
  );

describe('power', () => {
  it('off: its host is left, and does not shout', { timeout: 120_000 }, async () => {
    const phases: string[] = [];
    const seen = (async () => {
      for await (const item of plane.client.stream('hosts.watch', {}, { signal: watching.signal }))
        for (const one of item.type === 'all' ? item.items : item.upserted) phases.push(one.state.phase);
    })();
    await done(plane.client.call('machines.power', { id: machine.id, action: 'off' }));
    expect(machine.power?.state).toBe('off');
    expect(droplet()?.status).toBe('off');
    await hostIn('disconnected');
    expect(phases).not.toContain('lost');
    expect(await plane.workspaceIn(workspace.id, 'unknown')).toMatchObject({ desired: 'running' });
    void seen;
  });

  it('on: a workspace that ran comes back by itself, with its files', { timeout: 120_000 }, async () => {
    await done(plane.client.call('machines.power', { id: machine.id, action: 'on' }));
    expect(machine.power?.state).toBe('on');
    await plane.hostReady(host.id);
    expect(await sh('cat file')).toBe('kept');
    expect(orders()).toEqual(['shutdown', 'power_on']);
  });
});

it('is resized, and its disk is not', { timeout: 180_000 }, async () => {
  const wish = { id: machine.id, size: 's-1vcpu-2gb', growsDisk: false };
  await expect(plane.client.call('machines.resize', { ...wish, hourlyUsd: 0.01 })).rejects.toMatchObject({
    code: 'cloud.price-changed',
  });
  await done(plane.client.call('machines.resize', { ...wish, hourlyUsd: 0.01786 }));
  expect(machine).toMatchObject({
    size: 's-1vcpu-2gb',
    monthlyUsd: 12,
    diskBytes: 25 * 2 ** 30,
    memoryBytes: 2 * 2 ** 30,
    power: { state: 'on' },
  });
  expect(await sh('cat file')).toBe('kept');
});

it('is renamed, with its host', { timeout: 60_000 }, async () => {
  await done(plane.client.call('machines.rename', { id: machine.id, name: 'forge' }));
  expect(machine.name).toBe('forge');
  expect(droplet()?.name).toBe('forge');
  expect((await plane.hostReady(host.id)).name).toBe('forge');
});

it('is closed to all but us, and opened again', { timeout: 60_000 }, async () => {
  const rules = () => JSON.stringify([...double.account.firewalls.values()].map((one) => one.inboundRules));
  await done(plane.client.call('machines.setSshAccess', { id: machine.id, sshAccess: { from: 'anywhere' } }));
  expect(rules()).toContain('0.0.0.0/0');
  await done(plane.client.call('machines.setSshAccess', { id: machine.id, sshAccess: { from: 'mine' } }));
  expect(rules()).not.toContain('0.0.0.0/0');
  expect(rules()).toContain('10.78.');
});

it('is put back to a snapshot: what came after is gone', { timeout: 240_000 }, async () => {
  await done(plane.client.call('machines.takeSnapshot', { id: machine.id, name: 'before', isOff: true }));
  await sh('echo changed >file');
  const { snapshots } = await plane.client.call('machines.snapshots', { id: machine.id });
  expect(snapshots).toMatchObject([{ name: 'before', kind: 'snapshot' }]);
  const wish = { id: machine.id, snapshot: snapshots[0]?.id ?? '', name: 'forge' };
  await done(plane.client.call('machines.restoreSnapshot', wish));
  await plane.hostReady(host.id);
  expect(await sh('cat file')).toBe('kept');
});

it('is written anew: it boots as at its first time, and what was on it is gone', {
  timeout: 240_000,
}, async () => {
  const wish = { id: machine.id, image: 'debian-12-x64', name: 'forge' };
  await done(plane.client.call('machines.rebuild', wish), 200_000);
  expect(machine).toMatchObject({ life: 'made', trouble: null, gate: null });
  await plane.hostReady(host.id);
  await plane.workspaceIn(workspace.id, 'missing');
});

it('is destroyed with what is chosen of the rest', { timeout: 180_000 }, async () => {
  const plan = await plane.client.call('machines.destroyPlan', { id: machine.id });
  expect(plan).toMatchObject({
    name: 'forge',
    perHourUsd: 0.01786,
    leftovers: [{ kind: 'snapshot', name: 'before' }],
    blind: [],
    workspaces: [{ name: 'api' }],
    otherWorkspaces: 0,
  });
  const leftovers = plan.leftovers.map(({ kind, id }) => ({ kind, id }));
  const { id } = await plane.client.call('machines.destroy', { id: machine.id, name: 'forge', leftovers });
  await plane.succeeded(id, 150_000);
  expect(await plane.until('machines.watch', {}, (machines) => machines)).toEqual([]);
  const hosts = await plane.until('hosts.watch', {}, (all) => all);
  expect(hosts.map((one) => one.id)).not.toContain(host.id);
  const { account } = double;
  expect(droplet()).toBeUndefined();
  expect([account.firewalls.size, account.keys.size]).toEqual([0, 0]);
  expect([...account.images.values()].filter(({ name }) => name === 'before')).toEqual([]);
});

it('nobody was asked anything, and no rule of the API was broken', () => {
  expect(questions).toBe(0);
  expect(double.violations).toEqual([]);
});
