/** Berth is killed (SIGKILL) in each step of making a machine: in the end there is one machine, and it works. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MachineErrand } from '#test/harness/machine-child.ts';
import { startPlane } from '#test/harness/start-plane.ts';
import type { Json } from '#test/servers/digitalocean/api-document.ts';
import { type DigitalOceanDouble, startDigitalOceanDouble } from '#test/servers/digitalocean/double.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const child = new URL('../../../harness/machine-child.ts', import.meta.url).pathname;
const passphrase = 'a passphrase for tests';

let double: DigitalOceanDouble;
let folder: string;
const open = () => startPlane({ folder, digitalOceanApiUrl: double.baseUrl });

beforeAll(async () => {
  double = await startDigitalOceanDouble({ machines: 'real' });
  folder = await mkdtemp(join(tmpdir(), 'berth-killed-'));
});
afterAll(async () => {
  await double.close();
  await rm(folder, { recursive: true, force: true });
});

/**
 * Runs a plane that goes on with the making until it dies in the step, or until `isSeen` is true at the provider. Rejects
 * when it ends in any other way.
 */
async function die(
  where: { step: string } | { isSeen: () => boolean },
  wish: MachineErrand['wish'] = null,
): Promise<void> {
  const step = 'step' in where ? where.step : null;
  const errand: MachineErrand = { folder, passphrase, wish, step, digitalOceanApiUrl: double.baseUrl };
  const run = spawn(process.execPath, [child, JSON.stringify(errand)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = once(run, 'exit') as Promise<[number | null, string | null]>;
  if ('isSeen' in where) {
    await waitUntil(where.isSeen, { what: 'the provider has done it', timeoutMs: 60_000 });
    run.kill('SIGKILL');
  }
  const [code, signal] = await ended;
  if (signal !== 'SIGKILL') throw new Error(`the plane ended by itself: ${code ?? signal}`);
}

/** The plane's own request is done, and answered when nobody is there to hear so. (Others try what a token may do.) */
function answerLate(operation: string, name: RegExp): void {
  const when = (body: Json | undefined) => name.test((body as { name?: string } | undefined)?.name ?? '');
  double.faults.on(operation, { kind: 'delay', ms: 10_000 }, { when });
}

it('makes one machine, whichever step it was killed in', { timeout: 300_000 }, async () => {
  const first = await open();
  await first.client.call('credentials.createVault', { passphrase });
  const token = double.addToken();
  const cloud = await first.client.call('clouds.connect', { provider: 'digitalocean', label: 'Work', token });
  await first.close();

  const wish = {
    cloudId: cloud.id,
    name: 'anvil',
    region: 'nyc1',
    size: 's-1vcpu-1gb',
    image: 'debian-12-x64',
    hourlyUsd: 0.00893,
  };
  const { account } = double;
  await die({ step: 'account' }, wish);
  await die({ step: 'keys' });
  answerLate('POST /v2/account/keys', /anvil/);
  await die({ isSeen: () => account.keys.size === 1 });
  answerLate('POST /v2/firewalls', /./);
  await die({ isSeen: () => account.firewalls.size === 1 });
  answerLate('POST /v2/droplets', /^anvil$/);
  await die({ isSeen: () => account.droplets.size === 1 });
  for (const step of ['rent', 'gate-action', 'gate-address', 'gate-ssh', 'gate-setup', 'secure', 'host'])
    await die({ step });

  await using last = await open();
  await last.client.call('credentials.unlockVault', { passphrase });
  const machine = await last.until(
    'machines.watch',
    {},
    (machines) => machines.find(({ life }) => life === 'made'),
    120_000,
  );
  expect(machine).toMatchObject({ name: 'anvil', trouble: null });
  await last.hostReady(machine.hostId!);
  await last.until('hosts.watch', {}, (hosts) => (hosts.length === 1 ? true : undefined));

  const sizes = [account.droplets.size, account.keys.size, account.firewalls.size];
  expect(sizes).toEqual([1, 1, 1]);
  const made = double.requests.filter(({ operation, body }) => {
    const isNoProbe = (body as { name?: string } | undefined)?.name === 'anvil';
    return operation === 'POST /v2/droplets' && isNoProbe;
  });
  expect(made).toHaveLength(1);
  expect(double.violations).toEqual([]);
});
