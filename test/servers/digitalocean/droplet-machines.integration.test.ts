import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { remainsOf, slotOf } from '../host-remains.ts';
import { findProgram } from '../requirements.ts';
import { runSsh } from '../ssh-client.ts';
import { generateKey, type SshKey } from '../ssh-keys.ts';
import { waitUntil } from '../wait-until.ts';
import { asking, type Said, smallDroplet } from './asking.ts';
import { type DigitalOceanDouble, startDigitalOceanDouble } from './double.ts';

let double: DigitalOceanDouble;
let ask: ReturnType<typeof asking>;
let folder: string;
/** Of the person, and the one that the machine is to have. */
let own: SshKey;
let hostKey: SshKey;
let keyId: number;
/** Where an installed cloud-init would show. */
let before: string[];
async function traces(): Promise<string[]> {
  const units = ['/lib/systemd/system-generators/cloud-init-generator', '/etc/cloud', '/var/lib/cloud'];
  const found = await Promise.all(['cloud-init', ...units].map(findProgram));
  return found.filter((path) => path !== undefined);
}

beforeAll(async () => {
  before = await traces();
  folder = await mkdtemp(join(tmpdir(), 'berth-droplets-'));
  own = await generateKey(join(folder, 'own'), { type: 'ed25519' });
  hostKey = await generateKey(join(folder, 'host'), { type: 'ed25519' });
  double = await startDigitalOceanDouble({ machines: 'real' });
  ask = asking(double);
  const { body } = await ask('POST', '/v2/account/keys', { name: 'own', public_key: own.publicLine });
  keyId = body.ssh_key.id;
});
afterAll(async () => {
  await double.close();
  await rm(folder, { recursive: true, force: true });
});

/** As a set-up would have it: a user, a host key that is known in advance, files, and commands at the end. */
async function cloudConfig(): Promise<string> {
  const config = {
    disable_root: true,
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: {
      ed25519_private: await readFile(hostKey.path, 'utf8'),
      ed25519_public: hostKey.publicLine,
    },
    users: [
      {
        name: 'berth',
        groups: ['docker'],
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        shell: '/bin/bash',
        ssh_authorized_keys: [own.publicLine],
      },
    ],
    write_files: [
      {
        path: '/opt/berth/set-up',
        permissions: '0755',
        content: '#!/bin/sh\nsystemctl restart docker\ndate >/opt/berth/done\n',
      },
    ],
    runcmd: [['/opt/berth/set-up']],
  };
  return `#cloud-config\n${JSON.stringify(config, undefined, 2)}\n`;
}

async function until<T>(path: string, isMet: (body: Said['body']) => T | undefined | false): Promise<T> {
  return waitUntil(async () => isMet((await ask('GET', path)).body), {
    what: path,
    timeoutMs: 60_000,
    intervalMs: 100,
  });
}

async function created(more: object = {}): Promise<{ id: number; path: string; address: string }> {
  const wish = { ...smallDroplet, ssh_keys: [keyId], ...more };
  const { status, body } = await ask('POST', '/v2/droplets', wish);
  expect([status, body]).toEqual([202, expect.anything()]);
  const path = `/v2/droplets/${body.droplet.id}`;
  const address = await until(
    path,
    ({ droplet }) =>
      droplet.networks.v4.find(({ type }: { type: string }) => type === 'public')?.ip_address as
        | string
        | undefined,
  );
  return { id: body.droplet.id, path, address };
}

async function ordered(path: string, order: object): Promise<void> {
  const { status, body } = await ask('POST', `${path}/actions`, order);
  expect([status, body]).toEqual([201, expect.anything()]);
  const end = await until(
    `${path}/actions/${body.action.id}`,
    ({ action }) => action.status !== 'in-progress' && (action.status as string),
  );
  expect(end).toBe('completed');
}

/** Strictly with the key that the user data gave; */
function ssh(id: number, command: string[], user = 'berth') {
  const host = double.hostOf(id);
  return runSsh(host, command, {
    user,
    keyPath: own.path,
    knownHostsLine: `${host.address} ${hostKey.publicLine}`,
  });
}
const sshAnswers = (id: number, user = 'berth') =>
  waitUntil(async () => (await ssh(id, ['true'], user)).exitCode === 0, {
    what: `SSH to ${id}`,
    timeoutMs: 60_000,
    intervalMs: 200,
  });

const HOUSE_TEXT = 'this was here before the snapshot';

describe('droplets with machines', () => {
  let first: Awaited<ReturnType<typeof created>>;
  let snapshotId: number;

  it('do what their user data says, and are known by the host key that it gave', async () => {
    first = await created({ user_data: await cloudConfig() });
    const host = double.hostOf(first.id);
    expect(host.address).toBe(first.address);
    await sshAnswers(first.id);
    // cloud-init has sshd started anew once its settings are there: whoever comes in between is turned away.
    const status = await waitUntil(
      async () => {
        const said = await ssh(first.id, ['cloud-init', 'status', '--wait']);
        return said.exitCode === 255 ? undefined : said;
      },
      { what: 'cloud-init says how it is', timeoutMs: 60_000 },
    );
    expect([status.exitCode, status.stdout]).toEqual([0, expect.stringMatching(/status: done/)]);
    const said = await ssh(first.id, [
      'hostname; ls /opt/berth/done; docker version --format {{.Server.Version}}',
    ]);
    expect(said.stdout).toMatch(/^web-1\n\/opt\/berth\/done\n\d+\./);
    expect((await ssh(first.id, ['sudo', '-n', 'id', '-u'])).stdout).toBe('0\n');
    const metadata = 'http://169.254.169.254/metadata/v1';
    const shown = await ssh(first.id, [`wget -qO- ${metadata}/id; wget -qO- ${metadata}/user-data`]);
    expect(shown.stdout.startsWith(`${first.id}#cloud-config\n`)).toBe(true);
    // Its user data closed root's door and passwords; the account's key was for root.
    expect((await ssh(first.id, ['true'], 'root')).stdout).toMatch(/Please login as/);
    const byPassword = await runSsh(host, ['true'], {
      user: 'berth',
      keyPath: null,
      password: 'guess',
      knownHostsLine: `${host.address} ${hostKey.publicLine}`,
    });
    expect(byPassword.stderr).toMatch(/Permission denied \(publickey\)/);
  });

  it('have nothing of cloud-init on this machine', async () => {
    expect(await traces()).toEqual(before);
    const mounts = await readFile('/proc/self/mounts', 'utf8');
    expect(mounts).not.toMatch(/\/proc\/cmdline|\/dev\/console/);
  });

  it('live through power: off and on, with the same key and files, and without doing their first boot again', async () => {
    const before = await ssh(first.id, ['cat', '/opt/berth/done']);
    const keep = `echo ${HOUSE_TEXT} >~/house`;
    expect((await ssh(first.id, [keep])).exitCode).toBe(0);
    await ordered(first.path, { type: 'shutdown' });
    expect(await until(first.path, ({ droplet }) => droplet.status as string)).toBe('off');
    await ordered(first.path, { type: 'power_on' });
    await sshAnswers(first.id);
    expect((await ssh(first.id, ['cat ~/house'])).stdout.trim()).toBe(HOUSE_TEXT);
    expect((await ssh(first.id, ['cat', '/opt/berth/done'])).stdout).toBe(before.stdout);
    const waited = await ssh(first.id, ['cloud-init', 'status', '--wait']);
    expect([waited.exitCode, waited.stdout]).toEqual([0, expect.stringMatching(/status: done/)]);
    await ordered(first.path, { type: 'power_cycle' });
    await sshAnswers(first.id);
  });

  it('leave a snapshot, and are gone with all that they had on this machine', async () => {
    await ordered(first.path, { type: 'snapshot', name: 'before-the-end' });
    const snapshots = await until(first.path, ({ droplet }) => droplet.snapshot_ids as number[]);
    snapshotId = snapshots[0] ?? 0;
    const sized = (await ask('GET', `/v2/snapshots/${snapshotId}`)).body.snapshot.size_gigabytes;
    expect(sized).toBeGreaterThan(0.01);
    // It goes on meanwhile, and afterwards.
    await sshAnswers(first.id);
    expect((await ask('DELETE', first.path)).status).toBe(204);
    await waitUntil(async () => (await ask('GET', first.path)).status === 404, {
      what: 'the droplet is gone',
    });
    expect(await remainsOf(slotOf(first.address))).toEqual([]);
  });

  it('come back from the snapshot as another machine: files and host key are there, its first boot is new', async () => {
    const second = await created({ name: 'web-2', image: snapshotId, user_data: await cloudConfig() });
    await sshAnswers(second.id);
    const said = await ssh(second.id, [
      'cloud-init status --wait >/dev/null; hostname; cat ~/house; cloud-init query instance_id',
    ]);
    expect(said.stdout.trim().split('\n')).toEqual(['web-2', HOUSE_TEXT, String(second.id)]);

    const address = double.hostOf(second.id).address;
    await ordered(second.path, { type: 'rebuild', image: 'debian-12-x64' });
    expect(double.hostOf(second.id).address).toBe(address);
    await sshAnswers(second.id);
    expect((await ssh(second.id, ['cat ~/house'])).exitCode).not.toBe(0);
    await ask('DELETE', second.path);
    await waitUntil(async () => (await ask('GET', second.path)).status === 404, {
      what: 'the droplet is gone',
    });
  });

  it('can be strange: nothing at port 22, another host key, a set-up that fails', async () => {
    const machine = { sshRefusedMs: Number.POSITIVE_INFINITY, hasOtherHostKey: true, cloudInitFails: true };
    double.faults.droplet({ machine });
    const third = await created({ name: 'web-3', user_data: await cloudConfig() });
    const host = double.hostOf(third.id);
    const status = await host.run(['cloud-init', 'status', '--wait']);
    expect([status.exitCode, status.stdout]).toEqual([1, expect.stringMatching(/status: error/)]);
    expect((await ssh(third.id, ['true'])).stderr).toMatch(/Connection refused/);
    await double.letSshAnswer(third.id);
    const refused = await waitUntil(
      async () => {
        const { stderr } = await ssh(third.id, ['true']);
        return /refused/.test(stderr) ? undefined : stderr;
      },
      { what: 'SSH answers' },
    );
    expect(refused).toMatch(/Host key verification failed/);
  });

  it('leave nothing when the double ends, and broke no rule', async () => {
    const address = [...double.account.droplets.values()].map((droplet) => droplet.address ?? '')[0] ?? '';
    expect(double.violations).toEqual([]);
    await double.close();
    expect(await remainsOf(slotOf(address))).toEqual([]);
  });
});
