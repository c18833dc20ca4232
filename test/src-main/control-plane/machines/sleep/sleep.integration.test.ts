/**
 * A machine that sleeps, with everything real but the provider: droplets of the double are hosts with cloud-init, an engine
 * and workspaces. What they had comes back on other hardware under the same ids, from each of the three places.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Forward } from '#contract/forwards.ts';
import type { Host } from '#contract/hosts.ts';
import { noPolicy } from '#contract/lifecycles.ts';
import type { HibernatePlan, Machine, SleepPlace } from '#contract/machines.ts';
import type { OperationId } from '#contract/ids.ts';
import type { InputOf } from '#contract/index.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { type DigitalOceanDouble, startDigitalOceanDouble } from '#test/servers/digitalocean/double.ts';
import { busyboxImage } from '#test/servers/images.ts';
import { pushImage, type Registry, startRegistry } from '#test/servers/registry.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { ensureRequirements } from '#test/servers/requirements.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const hourlyUsd = 0.00893;

let double: DigitalOceanDouble;
let plane: TestPlane;
let registry: Registry;
let other: { remote: RemoteHost; host: Host };
let image: string;
let machine: Machine;
let host: Host;
let questions = 0;
const watching = new AbortController();

beforeAll(async () => {
  await ensureRequirements(['snapshots']);
  [double, registry] = await Promise.all([startDigitalOceanDouble({ machines: 'real' }), startRegistry()]);
  const remote = await startRemoteHost();
  image = await pushImage(registry, remote, await busyboxImage());
  plane = await startPlane({ digitalOceanApiUrl: double.baseUrl });
  await plane.client.call('credentials.createVault', { passphrase: 'a passphrase for tests' });
  other = { remote, host: await plane.addHost(remote, 'other') };
  const token = double.addToken();
  const { id: cloudId } = await plane.client.call('clouds.connect', {
    provider: 'digitalocean',
    label: 'Work',
    token,
  });
  const started = await plane.client.call('machines.create', {
    cloudId,
    name: 'anvil',
    region: 'nyc1',
    size: 's-1vcpu-1gb',
    image: 'debian-12-x64',
    hourlyUsd,
  });
  await plane.succeeded(started.operation.id, 150_000);
  machine = await now();
  if (machine.hostId === null) throw new Error('the machine is no host');
  host = await plane.hostReady(machine.hostId);
  await letReachRegistry();
  void countQuestions();
}, 240_000);
afterAll(async () => {
  watching.abort();
  await plane?.close();
  await registry?.stop();
  await double?.close();
  await other?.remote.stop();
});

const now = () => plane.until('machines.watch', {}, ([one]) => one);
const hardware = () => double.hostOf(machine.providerId ?? '');

/** From here on nobody is asked anything. */
async function countQuestions(): Promise<void> {
  for await (const item of plane.client.stream('questions.watch', {}, { signal: watching.signal }))
    questions += item.type === 'all' ? item.items.length : item.upserted.length;
}

/** One name of the image for all hosts: that of the registry as the other host sees it, which is this machine, too. */
async function letReachRegistry(): Promise<void> {
  const [there] = image.split(':');
  const [gateway] = (await registry.addressFor(hardware())).split(':');
  await hardware().runChecked(['ip', 'route', 'replace', `${there}/32`, 'via', gateway ?? '']);
}

async function sh({ id }: Workspace, text: string): Promise<string> {
  const { containerId } = await plane.workspaceIn(id, 'running');
  return (await hardware().docker('exec', containerId ?? '', 'sh', '-c', text)).trim();
}
const hostKeyNow = async () =>
  (await hardware().readFile('/etc/ssh/ssh_host_ed25519_key.pub')).split(' ').slice(0, 2).join(' ');

describe('a machine with workspaces', () => {
  let first: Workspace;
  /** Stopped, and of an image that is on this machine alone. */
  let stopped: Workspace;
  let kept: Snapshot;
  /** Its content is in a repository on the other host, and on the machine only that there is one. */
  let listed: Snapshot;
  let forward: Forward;
  let sums: string;
  let hostKey: string;

  beforeAll(async () => {
    const project = await plane.createProject(image);
    first = await plane.createWorkspace({ host, project, name: 'first' });
    const files = 'for i in 1 2 3; do head -c 3000000 /dev/urandom > d/$i; done && ln -s 1 d/link';
    await sh(
      first,
      `cd /home/dev && mkdir -p d && ${files} && chown 1000:1000 d/2 && chmod 640 d/2 && sha256sum d/* > sums && sync`,
    );
    sums = await sh(first, 'cd /home/dev && cat sums && ls -ln d');
    kept = await snapshot({ name: 'before' });
    await hardware().connectTo(other.remote);
    const { repository } = await plane.client.call('repositories.add', {
      name: 'cellar',
      hostId: host.id,
      place: {
        ...{ kind: 'sftp', user: 'root', host: other.remote.address, port: 22, path: '/srv/cellar' },
        hostKey: `${other.remote.address} ${other.remote.hostKeyPublic}`,
      },
      key: null,
      secret: await readFile(other.remote.clientKeyPath, 'utf8'),
    });
    listed = await snapshot({ name: 'far', repositoryId: repository.id });
    hostKey = await hostKeyNow();
    // An image that was made by hand on the machine, and is nowhere else.
    const { containerId } = await plane.workspaceIn(first.id, 'running');
    await hardware().docker('exec', '-u', '0', containerId ?? '', 'sh', '-c', handmade);
    await hardware().docker('commit', containerId ?? '', ownImage());
    const ofItsOwn = await plane.createProject(ownImage());
    stopped = await plane.createWorkspace({ host, project: ofItsOwn, name: 'stopped' });
    await sh(stopped, 'echo whole > /home/dev/note && sync');
    await plane.succeeded((await plane.client.call('workspaces.stop', { id: stopped.id })).id);
    forward = await plane.client.call('forwards.create', {
      workspaceId: first.id,
      kind: 'tcp',
      name: 'the page',
      port: 7000,
      protocol: 'http',
    });
    await plane.client.call('forwards.setRules', {
      workspaceId: first.id,
      rules: [{ fromPort: 8000, toPort: 8100, kind: 'app' }],
      announces: false,
    });
    await plane.client.call('lifecycles.setPolicy', {
      workspaceId: first.id,
      policy: { ...noPolicy, idleMinutes: 300 },
    });
    await serve();
    expect(await page()).toBe('from the workspace');
  }, 120_000);

  /** So many bytes that its engine can be killed while it gives or takes the image. */
  const handmade = 'echo by hand > /made && head -c 60000000 /dev/urandom > /weight';
  const ownImage = () => `${image.split('/')[0]}/only-here:1`;
  /** A program in the workspace, which ends with its container. */
  const serve = () =>
    sh(first, 'cd /home/dev && echo from the workspace > page && httpd -p 127.0.0.1:7000 -h /home/dev');
  /** What answers at the address that the forward has had from the beginning. */
  const page = async () => {
    await plane.until('forwards.watch', {}, (all) => all.find(({ state }) => state === 'ready'));
    const answer = await fetch(`http://127.0.0.1:${forward.localPort}/page`, {
      headers: { connection: 'close' },
    });
    return (await answer.text()).trim();
  };
  async function snapshot(wish: Partial<InputOf<'snapshots.create'>>): Promise<Snapshot> {
    const { snapshotId, operation } = await plane.client.call('snapshots.create', {
      workspaceId: first.id,
      ...wish,
    });
    await plane.succeeded(operation.id);
    await plane.client.call('snapshots.change', { id: snapshotId, isPinned: true });
    return await plane.until('snapshots.watch', {}, (all) =>
      all.find(({ id, isPinned }) => id === snapshotId && isPinned),
    );
  }
  /** SIGKILL to the engine while a helper of it works for this. */
  async function killEngineIn(purpose: string): Promise<void> {
    const filter = ['--filter', `name=^berth-${purpose}-`, '--format', '{{.Names}}'];
    await waitUntil(async () => (await hardware().docker('ps', ...filter)).trim() !== '', {
      ...{ what: `${purpose} is under way`, timeoutMs: 100_000, intervalMs: 20 },
    });
    await hardware().killEngine();
  }
  async function fileIn(id: Snapshot['id'], path: string): Promise<string> {
    const stream = plane.client.bytes('snapshots.read', { id, path });
    const chunks: Buffer[] = [];
    stream.onBytes((bytes, done) => {
      chunks.push(Buffer.from(bytes));
      done();
    });
    await stream.ended;
    return Buffer.concat(chunks).toString();
  }
  const why = async () => {
    const texts: string[] = [];
    const wish = { workspaceId: first.id, isFollowed: false };
    for await (const { event, text } of plane.client.stream('lifecycles.timeline', wish))
      if (event === 'started' || event === 'stopped') texts.push(text);
    return texts;
  };
  const lasting = async () => ({
    forwards: (await plane.until('forwards.watch', {}, (all) => all)).map(
      ({ state: _state, traffic: _traffic, problem: _problem, ...rest }) => rest,
    ),
    rules: await plane.until('forwards.rules', {}, (all) => all.find((one) => one.id === first.id)),
    policy: (await plane.until('lifecycles.watch', {}, (all) => all.find((one) => one.id === first.id)))
      .policy,
  });

  it('may sleep in three places, and it is said what each costs and keeps', async () => {
    const plan: HibernatePlan = await plane.client.call('machines.hibernatePlan', { id: machine.id });
    expect(plan.places.map(({ place, problem }) => [place.kind, problem])).toEqual([
      ['machine-snapshot', null],
      ['host', null],
      ['computer', null],
    ]);
    expect(plan.awakeMonthlyUsd).toBe(6);
    expect(plan.places[0]?.monthlyUsd).toBeGreaterThan(0);
    expect(plan.places[1]?.sizeBytes).toBeGreaterThan(9_000_000);
    expect(plan.workspaces.map(({ name }) => name).toSorted()).toEqual(['first', 'stopped']);
    expect(plan.snapshots).toBe(1);
    expect(plan.places.flatMap(({ loses }) => loses).join()).not.toContain('repositor');
    expect(plan.images).toEqual([{ reference: ownImage(), sizeBytes: expect.any(Number) }]);
    expect(plan.images[0]?.sizeBytes).toBeGreaterThan(1_000_000);
  });

  const kinds = ['machine-snapshot', 'host', 'computer'] as const;
  it.each(kinds)('sleeps in %s, and comes back whole', { timeout: 300_000 }, async (kind) => {
    const place: SleepPlace = kind === 'host' ? { kind, hostId: other.host.id } : { kind };
    const before = machine;
    const lasted = await lasting();
    const imageId = await hardware().docker('image', 'inspect', '--format', '{{.Id}}', ownImage());
    const { id } = await plane.client.call('machines.hibernate', { id: machine.id, place });
    const isKilled = kind === 'computer';
    if (isKilled) await killEngineIn('sleep-images');
    await plane.succeeded(id, 150_000);
    machine = await now();
    expect(machine).toMatchObject({
      life: 'asleep',
      providerId: null,
      ipv4: null,
      sleep: { place, workspaces: 2 },
    });
    expect(machine.sleep?.monthlyUsd === null).toBe(kind !== 'machine-snapshot');
    expect(double.account.droplets.size).toBe(0);
    expect(double.account.firewalls.size).toBe(0);
    expect(double.account.keys.size).toBe(0);
    // Still listed, and nothing can be begun.
    const shown = await plane.until('workspaces.watch', {}, (all) => all);
    expect(shown.map((one) => one.id)).toEqual(expect.arrayContaining([first.id, stopped.id]));
    await expect(plane.client.call('workspaces.start', { id: first.id })).rejects.toMatchObject({
      code: 'host.not-connected',
      message: expect.stringContaining('asleep'),
    });
    expect(await archives()).toHaveLength(kind === 'computer' ? 5 : 0);
    expect((await copies()).map(({ isPinned }) => isPinned)).toEqual(
      kind === 'host' ? [true, true, true, true, true] : [],
    );
    expect(snapshotsThere()).toBe(kind === 'machine-snapshot' ? 1 : 0);

    await wake(isKilled);
    expect(machine).toMatchObject({ id: before.id, hostId: before.hostId, life: 'made', sleep: null });
    expect(machine.providerId).not.toBe(before.providerId);
    expect(await hostKeyNow()).toBe(hostKey);
    expect(await sh(first, 'cd /home/dev && sha256sum -c -s sums && cat sums && ls -ln d')).toBe(sums);
    expect(await hardware().docker('image', 'inspect', '--format', '{{.Id}}', ownImage())).toBe(imageId);
    // What leads into a workspace leads there again, from the same address on this computer.
    expect(await lasting()).toEqual(lasted);
    await serve();
    expect(await page()).toBe('from the workspace');
    await plane.workspaceIn(stopped.id, 'stopped');
    await plane.succeeded((await plane.client.call('workspaces.start', { id: stopped.id })).id);
    expect(await sh(stopped, 'cat /home/dev/note /made')).toBe('whole\nby hand');
    await plane.succeeded((await plane.client.call('workspaces.stop', { id: stopped.id })).id);
    // Snapshots that were there are, as they were; what only carried files is gone everywhere.
    const there = await plane.until('snapshots.watch', {}, (all) =>
      all.length === 2 && all.every(({ isHostAway }) => !isHostAway) ? all : undefined,
    );
    expect(there.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))).toEqual([kept, listed]);
    await hardware().connectTo(other.remote);
    expect(await fileIn(listed.id, 'sums')).toBe(
      await sh(first, 'cat /home/dev/sums').then((text) => `${text}\n`),
    );
    expect((await why()).slice(-2)).toEqual([
      'Stopped: its machine went to sleep',
      'Started: its machine woke',
    ]);
    expect(await archives()).toEqual([]);
    expect((await other.remote.run(['ls', '/var/lib/berth/snapshots'])).stdout.trim()).toBe('');
    expect(snapshotsThere()).toBe(0);
    expect(double.account.droplets.size).toBe(1);
  });

  it('asked nobody anything, and broke no rule of the API', () => {
    expect(questions).toBe(0);
    expect(double.violations).toEqual([]);
  });

  const snapshotsThere = () =>
    [...double.account.images.values()].filter((one) => one.kind === 'snapshot').length;
  const archives = () => readdir(join(plane.folder, 'sleeping')).catch(() => [] as string[]);
  async function copies(): Promise<Snapshot[]> {
    const all = await plane.until('snapshots.watch', {}, (present) => present);
    return all.filter(({ hostId }) => hostId === other.host.id);
  }

  async function wake(isKilled: boolean): Promise<void> {
    const { id } = await plane.client.call('machines.wake', { id: machine.id, hourlyUsd });
    const ended: Promise<unknown> = plane.succeeded(id as OperationId, 150_000);
    ended.catch(() => {});
    machine = await plane.until(
      'machines.watch',
      {},
      ([one]) => (one?.gate?.gate === 'setup' ? one : undefined),
      100_000,
    );
    await letReachRegistry();
    if (isKilled) await killEngineIn('wake-images');
    await ended;
    machine = await now();
  }
});
