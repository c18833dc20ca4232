/** What goes wrong while a machine is made, at the provider and in the machine: a clear word each time, one machine or none. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Cloud } from '#contract/clouds.ts';
import type { ErrorCode } from '#contract/error-codes.ts';
import type { Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { type DigitalOceanDouble, startDigitalOceanDouble } from '#test/servers/digitalocean/double.ts';
import { type Refusal, refusals } from '#test/servers/digitalocean/faults.ts';

let double: DigitalOceanDouble;
let plane: TestPlane;
let cloud: Cloud;
let token: string;

beforeAll(async () => {
  double = await startDigitalOceanDouble({ machines: 'real' });
  plane = await startPlane({ digitalOceanApiUrl: double.baseUrl });
  await plane.client.call('credentials.createVault', { passphrase: 'a passphrase for tests' });
  token = double.addToken();
  cloud = await plane.client.call('clouds.connect', { provider: 'digitalocean', label: 'Work', token });
});
afterEach(() => {
  double.faults.clear();
  expect(double.violations).toEqual([]);
});
afterAll(async () => {
  await plane?.close();
  await double?.close();
});

const isOurs = (body: unknown) => JSON.stringify(body ?? null).includes('anvil');

async function begin(onTrouble: 'ask' | 'keep' | 'destroy' = 'ask'): Promise<Operation> {
  const { operation } = await plane.client.call('machines.create', {
    cloudId: cloud.id,
    name: 'anvil',
    region: 'nyc1',
    size: 's-1vcpu-1gb',
    image: 'debian-12-x64',
    hourlyUsd: 0.00893,
    onTrouble,
  });
  return operation;
}
const inTrouble = (): Promise<Machine> =>
  plane.until('machines.watch', {}, (machines) => machines.find(({ trouble }) => trouble !== null), 90_000);
const nothingIsLeft = async () => {
  const { account } = double;
  expect([account.droplets.size, account.firewalls.size, account.keys.size]).toEqual([0, 0, 0]);
  await plane.until('machines.watch', {}, (machines) => (machines.length === 0 ? true : undefined));
};

const kinds: [Refusal, ErrorCode][] = [
  ['limit', 'cloud.limit-reached'],
  ['size', 'cloud.not-offered'],
  ['region', 'cloud.not-offered'],
  ['image', 'cloud.not-offered'],
  ['key', 'cloud.refused'],
  ['name', 'cloud.refused'],
];
it.each(kinds)('422 for %s: it ends with %s, and nothing is left', async (refusal, code) => {
  const answer = {
    kind: 'answer',
    status: 422,
    id: 'unprocessable_entity',
    message: refusals[refusal],
  } as const;
  double.faults.on('POST /v2/droplets', answer, { when: isOurs });
  const { error, state } = await plane.ended((await begin()).id);
  expect([state, error?.code]).toEqual(['failed', code]);
  expect(error?.message.length).toBeGreaterThan(20);
  await nothingIsLeft();
});

it('another host key answers: nobody signs in, and it is destroyed as was chosen', {
  timeout: 150_000,
}, async () => {
  double.faults.droplet({ machine: { hasOtherHostKey: true } });
  double.faults.on('POST /v2/droplets', { kind: 'lose-reply' }, { when: isOurs });
  const { id } = await begin();
  const machine = await inTrouble();
  expect(machine.trouble).toMatchObject({
    gate: 'ssh',
    error: { code: expect.stringMatching(/^host\.key/) },
  });
  // The answer to its creation was lost: it was found, and not made again.
  expect(double.account.droplets.size).toBe(1);
  const log = await double.hostOf(machine.providerId ?? '').sshdLog();
  expect(log).not.toContain('Accepted publickey');
  await plane.client.call('machines.decide', { id: machine.id, choice: 'destroy' });
  expect((await plane.ended(id, 90_000)).state).toBe('cancelled');
  await nothingIsLeft();
});

it('its set-up fails, with 429 and a revoked token before: it says so, and is kept as was chosen', {
  timeout: 180_000,
}, async () => {
  double.faults.droplet({ machine: { cloudInitFails: true, sshRefusedMs: 5_000 } });
  double.faults.on(
    'POST /v2/droplets',
    {
      kind: 'answer',
      status: 429,
      id: 'too_many_requests',
      message: 'Too many',
      headers: { 'retry-after': '2' },
    },
    { when: isOurs },
  );
  double.faults.serverError('GET /v2/droplets/{droplet_id}', 503, { times: 2 });
  const { id } = await begin('keep');
  // Half-way the token is taken away: the making waits for another one.
  await plane.until('machines.watch', {}, (all) => all.find(({ providerId }) => providerId !== null), 60_000);
  double.revokeToken(token);
  await plane.until('clouds.watch', {}, (all) => all.find(({ state }) => state.phase === 'refused'), 60_000);
  token = double.addToken();
  await plane.client.call('clouds.replaceToken', { id: cloud.id, token });
  const operation = await plane.ended(id, 150_000);
  expect(operation.error?.code).toBe('machine.setup-failed');
  const machine = await plane.until('machines.watch', {}, (all) =>
    all.find(({ life }) => life === 'incomplete'),
  );
  expect(double.account.droplets.has(Number(machine.providerId))).toBe(true);
  expect(double.account.droplets.size).toBe(1);
  const end = await plane.client.call('machines.destroy', { id: machine.id, name: 'anvil' });
  await plane.succeeded(end.id, 60_000);
  await nothingIsLeft();
});
