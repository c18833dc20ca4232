/** From a token to a shell, and to nothing again: the whole plane against the double, whose droplets are real machines. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cloud } from '#contract/clouds.ts';
import type { Machine } from '#contract/machines.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { type DigitalOceanDouble, startDigitalOceanDouble } from '#test/servers/digitalocean/double.ts';
import { remainsOf, slotOf } from '#test/servers/host-remains.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';

let double: DigitalOceanDouble;
let plane: TestPlane;
let cloud: Cloud;
let machine: Machine;
let workspace: Workspace;

beforeAll(async () => {
  double = await startDigitalOceanDouble({ machines: 'real' });
  plane = await startPlane({ digitalOceanApiUrl: double.baseUrl });
  await plane.client.call('credentials.createVault', { passphrase: 'a passphrase for tests' });
});
afterAll(async () => {
  await plane?.close();
  await double?.close();
});

const untilMachine = (find: (machine: Machine) => boolean, timeoutMs?: number) =>
  plane.until('machines.watch', {}, (machines) => machines.find(find), timeoutMs);

it('a token is connected, and says what it may do', async () => {
  const token = double.addToken();
  cloud = await plane.client.call('clouds.connect', { provider: 'digitalocean', label: 'Work', token });
  expect(cloud).toMatchObject({ owner: 'Team main', standing: 'active', machineLimit: 25 });
  expect(cloud.permissions.filter(({ isGranted }) => isGranted === false)).toEqual([]);
  expect(cloud.permissions.filter(({ isGranted }) => isGranted).length).toBeGreaterThan(20);
});

it('a machine is made, through its four gates, and is a connected host', { timeout: 180_000 }, async () => {
  const started = await plane.client.call('machines.create', {
    cloudId: cloud.id,
    name: 'anvil',
    region: 'nyc1',
    size: 's-1vcpu-1gb',
    image: 'debian-12-x64',
    tags: ['shop'],
    hourlyUsd: 0.00893,
  });
  const { id } = started.machine;
  await plane.succeeded(started.operation.id, 150_000);
  machine = await untilMachine((one) => one.id === id && one.life === 'made');
  expect(machine).toMatchObject({ name: 'anvil', trouble: null, gate: null });
  const droplet = double.account.droplets.get(Number(machine.providerId));
  expect(droplet?.address).toBe(machine.ipv4);
  expect(droplet?.tags).toContain('shop');
  if (machine.hostId === null) throw new Error('the machine is no host');
  const host = await plane.hostReady(machine.hostId);
  expect(host.name).toBe('anvil');
  // Nothing was asked: the key was known before the machine was.
  const firewall = [...double.account.firewalls.values()][0];
  expect(firewall?.tags).toHaveLength(1);
  expect(JSON.stringify(firewall?.inboundRules)).toContain('10.78.');
});

it('a workspace on it has a shell', { timeout: 120_000 }, async () => {
  const remote = double.hostOf(machine.providerId ?? '');
  const image = await busyboxImage();
  await loadImage(remote, image);
  const host = await plane.hostReady(machine.hostId!);
  const project = await plane.createProject(image.reference);
  workspace = await plane.createWorkspace({ host, project, name: 'api' });
  const terminal = await plane.client.call('terminals.open', {
    target: { kind: 'workspace', workspaceId: workspace.id },
    size: { cols: 80, rows: 24 },
    name: null,
  });
  const attached = plane.attach(terminal.id);
  attached.type('echo "I am $((6 * 7))"\r');
  await attached.shows('I am 42');
});

it('what it was told at its first boot is closed to workspaces, and its host key is another one by now', async () => {
  const remote = double.hostOf(machine.providerId ?? '');
  const address = '169.254.169.254';
  const told = await remote.runChecked(['wget', '-qO-', `http://${address}/metadata/v1/user-data`]);
  expect(told).toContain('#cloud-config');
  const present = (await remote.readFile('/etc/ssh/ssh_host_ed25519_key.pub')).split(' ')[1] ?? '';
  expect(present).toMatch(/^AAAA/);
  expect(told).not.toContain(present);
  const get = 'printf "GET /metadata/v1/user-data HTTP/1.0\\r\\n\\r\\n" | nc -w 3 "$1" 80';
  const inside = ['docker', 'exec', workspace.containerId ?? '', 'sh', '-c', get, 'sh'];
  const refused = await remote.run([...inside, address]);
  expect(refused.stdout).toBe('');
  // The same words from the host itself are answered: it is the workspace that gets nothing.
  const words = `exec 3<>/dev/tcp/${address}/80; printf "GET /metadata/v1/id HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3`;
  expect(await remote.runChecked(['bash', '-c', words])).toContain(machine.providerId);
});

it('nothing of it is left once it is destroyed', { timeout: 120_000 }, async () => {
  const address = machine.ipv4 ?? '';
  const operation = await plane.client.call('machines.destroy', { id: machine.id, name: 'anvil' });
  await plane.succeeded(operation.id, 90_000);
  const { account } = double;
  expect([account.droplets.size, account.firewalls.size, account.keys.size]).toEqual([0, 0, 0]);
  expect(await remainsOf(slotOf(address))).toEqual([]);
  expect(double.violations).toEqual([]);
});
