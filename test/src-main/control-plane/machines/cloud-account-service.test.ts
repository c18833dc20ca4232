import { afterEach, describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { CloudPermission } from '#contract/clouds.ts';
import type { CloudId, CredentialId } from '#contract/ids.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import { createCredentialService } from '#main/control-plane/credentials/credential-service.ts';
import { askCloud } from '#main/control-plane/machines/ask-cloud.ts';
import { CloudAccountDirectory } from '#main/control-plane/machines/cloud-account-directory.ts';
import {
  type CloudAccountDeps,
  CloudAccountService,
} from '#main/control-plane/machines/cloud-account-service.ts';
import { FakeCloud } from '#test/harness/fake-cloud.ts';
import { FakeNetwork } from '#test/harness/fake-network.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';
import { MemorySecretStore } from '#test/harness/memory-secret-store.ts';

const signal = new AbortController().signal;
const open: CloudAccountService[] = [];
afterEach(async () => {
  for (const service of open.splice(0)) await service.close();
});

async function makeWorld(kept: { store?: MemoryRecordStore; secrets?: MemorySecretStore } = {}) {
  const { store = new MemoryRecordStore(), secrets = new MemorySecretStore() } = kept;
  const clock = new ManualClock();
  const cloud = new FakeCloud(clock);
  const log = new MemoryLog();
  const network = new FakeNetwork();
  const random = { ...createSystemRandom(), fraction: () => 0 };
  let machines: ReturnType<CloudAccountDeps['machinesOf']> = { names: [], asleep: [], isUnderWay: false };
  const forgotten: CloudId[] = [];
  const checked: CloudId[] = [];
  const credentials = await createCredentialService({
    records: store,
    secrets,
    clock,
    random,
    log,
    describeKey: () => ({ type: 'ssh-ed25519', fingerprint: 'SHA256:x', isEncrypted: false }),
    isCredentialUsed: (id) => accounts.usersOf(id),
  });
  const directory = new CloudAccountDirectory({
    providers: [cloud],
    store,
    secretOf: (id) => credentials.secretOf(id),
    clock,
    log,
  });
  const accounts: CloudAccountService = new CloudAccountService({
    directory,
    providers: [cloud],
    secrets,
    credentials,
    network,
    clock,
    random,
    log,
    machinesOf: () => machines,
    forgetMachines: async (id) => void forgotten.push(id),
    onCheck: async (id) => void checked.push(id),
  });
  open.push(accounts);
  await directory.load();
  accounts.start();
  return {
    accounts,
    checked,
    clock,
    cloud,
    credentials,
    directory,
    forgotten,
    log,
    network,
    secrets,
    store,
    connect: (token = 'fake_one', label = 'Work') =>
      accounts.connect({ provider: 'fake-cloud', label, token }, signal),
    phase: (id: CloudId) => directory.stateOf(id).phase,
    setMachines: (names: string[], isUnderWay = false, asleep: string[] = []) => {
      machines = { names, asleep, isUnderWay };
    },
    tokens: () => [...secrets.contents.values()],
  };
}

const away = () => new BerthError('cloud.unreachable', 'Fake Cloud cannot be reached.');
const forbidden = () => new BerthError('cloud.permission-missing', 'The token may not do this.');

describe('an account at a provider', () => {
  it('is tried before its token is kept, and says how it stands', async () => {
    const { cloud, connect, credentials, secrets, tokens } = await makeWorld();
    const blind: CloudPermission = {
      name: 'volume:read',
      isGranted: false,
      isNeeded: false,
      without: 'Berth does not see volumes.',
    };
    cloud.permissions = [blind];
    cloud.plant();
    cloud.balance = { monthToDateUsd: 3, dueUsd: -2, generatedAt: '2026-01-02T00:00:00.000Z' };
    const account = await connect();
    expect(account).toMatchObject({
      label: 'Work',
      owner: 'Team One',
      standing: 'active',
      machineLimit: 10,
      machineCount: 1,
      balance: { dueUsd: -2 },
      permissions: [blind],
      state: { phase: 'ready' },
      clockAheadMs: null,
    });
    expect(tokens()).toEqual(['fake_one']);
    expect(credentials.get(tokenIdOf(secrets))?.label).toBe('Token of Work');
    expect(JSON.stringify(account)).not.toContain('fake_one');
  });

  it('is not here where the token is none, or is not accepted: nothing is kept', async () => {
    const { cloud, connect, directory, tokens } = await makeWorld();
    await expect(connect('something')).rejects.toMatchObject({ code: 'invalid-input' });
    cloud.revoke('fake_old');
    await expect(connect('fake_old')).rejects.toMatchObject({ code: 'cloud.token-refused' });
    cloud.fail('identity', forbidden());
    await expect(connect('fake_few')).rejects.toMatchObject({ code: 'cloud.permission-missing' });
    expect(tokens()).toEqual([]);
    expect(directory.ids()).toEqual([]);
  });

  it('shows what the token may not see as unknown, not as nothing', async () => {
    const { cloud, connect } = await makeWorld();
    cloud.fail('machineCount', forbidden());
    cloud.fail('balance', forbidden());
    expect(await connect()).toMatchObject({ machineCount: null, balance: null, state: { phase: 'ready' } });
  });

  it('is here once', async () => {
    const { connect, directory, tokens } = await makeWorld();
    const { id } = await connect();
    await expect(connect('fake_two', 'Again')).rejects.toMatchObject({
      code: 'cloud.account-known',
      details: { cloudId: id },
    });
    expect(tokens()).toEqual(['fake_one']);
    expect(directory.ids()).toEqual([id]);
  });

  it('is here once, also when two ask at the same time', async () => {
    const { connect, directory, tokens } = await makeWorld();
    const both = await Promise.allSettled([connect('fake_one'), connect('fake_two')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(directory.ids()).toHaveLength(1);
    expect(tokens()).toHaveLength(1);
  });

  it('keeps no token without an account when its record cannot be written', async () => {
    const { connect, credentials, directory, store, tokens } = await makeWorld();
    const put = credentials.add.bind(credentials);
    credentials.add = async (input) => {
      const added = await put(input);
      store.failure = new BerthError('store.unwritable', 'The disk is full.');
      return added;
    };
    await expect(connect()).rejects.toMatchObject({ code: 'store.unwritable' });
    expect(directory.ids()).toEqual([]);
    expect(tokens()).toEqual([]);
  });

  it('shows a clock that is more than a minute off', async () => {
    const { accounts, cloud, connect } = await makeWorld();
    cloud.aheadMs = 59_000;
    const account = await connect();
    expect(account.clockAheadMs).toBeNull();
    cloud.aheadMs = -3_600_000;
    expect((await accounts.check(account.id, signal)).clockAheadMs).toBe(-3_600_000);
  });

  it('is looked at in some seconds where Berth made or destroyed a machine there', async () => {
    const { accounts, clock, cloud, connect, directory } = await makeWorld();
    const { id } = await connect();
    expect(directory.view(id).machineCount).toBe(0);
    cloud.plant();
    accounts.countsAnew(id);
    await clock.advance(5_000);
    await vi.waitFor(() => expect(directory.view(id).machineCount).toBe(1));
    // Also where one comes while it is looked at: the end of that look does not put the next one off.
    const looked = accounts.check(id, signal);
    accounts.countsAnew(id);
    await looked;
    cloud.plant();
    await clock.advance(5_000);
    await vi.waitFor(() => expect(directory.view(id).machineCount).toBe(2));
  });

  it('is looked at again by itself, its permissions less often', async () => {
    const { clock, cloud, connect, directory } = await makeWorld();
    const { id } = await connect();
    cloud.calls.length = 0;
    cloud.identity = { ...cloud.identity, standing: 'locked', standingMessage: 'Pay the bill.' };
    await clock.advance(5 * 60_000);
    await expect
      .poll(() => directory.view(id))
      .toMatchObject({ standing: 'locked', standingMessage: 'Pay the bill.' });
    expect(cloud.calls).not.toContain('permissions');
    await clock.advance(60 * 60_000);
    expect(cloud.calls.filter((name) => name === 'permissions')).toHaveLength(1);
  });

  it('that cannot be reached says since when, and is back by itself', async () => {
    const { clock, cloud, connect, directory, phase } = await makeWorld();
    const { id } = await connect();
    cloud.fail('identity', away(), { times: 3 });
    await clock.advance(5 * 60_000);
    const first = directory.stateOf(id);
    expect(first).toMatchObject({ phase: 'unreachable', error: { code: 'cloud.unreachable' } });
    await clock.advance(30_000);
    expect(directory.stateOf(id)).toEqual(first);
    await clock.advance(60_000);
    expect(phase(id)).toBe('ready');
  });

  it('that cannot be reached is tried when the network comes', async () => {
    const { clock, cloud, connect, network, phase } = await makeWorld();
    const { id } = await connect();
    cloud.fail('identity', away());
    await clock.advance(5 * 60_000);
    expect(phase(id)).toBe('unreachable');
    network.plug();
    await expect.poll(() => phase(id)).toBe('ready');
  });

  it('follows what others meet who ask it', async () => {
    const { cloud, connect, directory, phase } = await makeWorld();
    const { id } = await connect();
    const client = await directory.client(id);
    cloud.fail('offer', away());
    await expect(client.offer(signal)).rejects.toMatchObject({ code: 'cloud.unreachable' });
    expect(phase(id)).toBe('unreachable');
    await client.offer(signal);
    expect(phase(id)).toBe('ready');
    cloud.fail('offer', forbidden());
    await expect(client.offer(signal)).rejects.toMatchObject({ code: 'cloud.permission-missing' });
    expect(phase(id)).toBe('ready');
  });

  it('whose token is revoked waits for another one; the other account goes on, and so does what waited', async () => {
    const { accounts, clock, cloud, connect, directory, phase } = await makeWorld();
    const { id } = await connect();
    cloud.identity = { ...cloud.identity, key: 'account-2', owner: 'Team Two' };
    const other = await connect('fake_other', 'Home');
    cloud.identity = { ...cloud.identity, key: 'account-1', owner: 'Team One' };
    cloud.revoke('fake_one');
    const notes: string[] = [];
    const waiting = askCloud(
      { clock, signal, note: (text) => notes.push(text) },
      directory,
      id,
      async (client) => (await client.identity(signal)).owner,
    );
    await expect.poll(() => phase(id)).toBe('refused');
    await expect.poll(() => notes.at(-1)).toMatch(/not accept the token.* by itself then/);
    await expect(directory.client(id)).rejects.toMatchObject({ code: 'cloud.token-refused' });
    expect(phase(other.id)).toBe('ready');
    await expect(accounts.offer(other.id, signal)).resolves.toBeDefined();
    // A refused token stays refused, since when it was, over the looks that go on.
    const refused = directory.stateOf(id);
    await clock.advance(11 * 60_000);
    expect(directory.stateOf(id)).toEqual(refused);
    await accounts.replaceToken({ id, token: 'fake_new' }, signal);
    expect(phase(id)).toBe('ready');
    await expect(waiting).resolves.toBe('Team One');
  });

  it('takes no token of another account, and keeps the one it has', async () => {
    const { accounts, cloud, connect, phase, tokens } = await makeWorld();
    const { id } = await connect();
    cloud.identity = { ...cloud.identity, key: 'account-2', owner: 'Team Two' };
    await expect(accounts.replaceToken({ id, token: 'fake_two' }, signal)).rejects.toMatchObject({
      code: 'cloud.other-account',
    });
    expect(tokens()).toEqual(['fake_one']);
    expect(phase(id)).toBe('ready');
    cloud.revoke('fake_three');
    await expect(accounts.replaceToken({ id, token: 'fake_three' }, signal)).rejects.toMatchObject({
      code: 'cloud.token-refused',
    });
    // What a token met that was only tried says nothing about the account.
    expect(phase(id)).toBe('ready');
  });

  it('is usable as soon as the keychain is', async () => {
    const first = await makeWorld();
    const { id } = await first.connect();
    await first.accounts.close();
    first.secrets.setKeychain('locked');
    const { directory, phase, secrets } = await makeWorld(first);
    await expect
      .poll(() => directory.stateOf(id))
      .toMatchObject({
        phase: 'refused',
        error: { code: 'credential.keychain-unavailable' },
      });
    expect(directory.view(id)).toMatchObject({ label: 'Work', owner: 'Team One' });
    secrets.setKeychain('ready');
    await expect.poll(() => phase(id)).toBe('ready');
  });

  it('whose token is gone from the keychain takes a new one', async () => {
    const first = await makeWorld();
    const { id } = await first.connect();
    await first.accounts.close();
    await first.secrets.delete(tokenIdOf(first.secrets));
    const again = await makeWorld(first);
    await expect
      .poll(() => again.directory.stateOf(id))
      .toMatchObject({ error: { code: 'credential.missing' } });
    await again.accounts.replaceToken({ id, token: 'fake_new' }, signal);
    expect(again.phase(id)).toBe('ready');
    expect(again.tokens()).toEqual(['fake_new']);
  });

  it('is checked on request: permissions afresh, and everything there', async () => {
    const { accounts, checked, cloud, connect } = await makeWorld();
    const { id } = await connect();
    cloud.permissions = [{ name: 'x', isGranted: true, isNeeded: true, without: 'Nothing.' }];
    expect((await accounts.check(id, signal)).permissions).toEqual(cloud.permissions);
    expect(checked).toEqual([id]);
    cloud.fail('identity', away());
    await expect(accounts.check(id, signal)).rejects.toMatchObject({ code: 'cloud.unreachable' });
    expect(checked).toEqual([id]);
  });

  it('changes label and budget', async () => {
    const { accounts, connect } = await makeWorld();
    const { id } = await connect();
    await accounts.edit({ id, label: 'Home' });
    const budget = { monthlyUsd: 20, warnAtPercent: 50 };
    expect(await accounts.edit({ id, budget })).toMatchObject({ label: 'Home', budget });
  });

  it('keeps its token from being deleted under it', async () => {
    const { connect, credentials, secrets } = await makeWorld();
    await connect();
    await expect(credentials.remove(tokenIdOf(secrets))).rejects.toMatchObject({
      code: 'credential.in-use',
    });
  });

  it('is not left while machines there cost, or something works on one', async () => {
    const { accounts, connect, directory, forgotten, setMachines, tokens } = await makeWorld();
    const { id } = await connect();
    setMachines(['barge-1']);
    await expect(accounts.disconnect({ id, leavesMachines: false })).rejects.toMatchObject({
      code: 'conflict',
      details: { machines: ['barge-1'] },
    });
    setMachines(['barge-1'], true);
    await expect(accounts.disconnect({ id, leavesMachines: true })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(tokens()).toEqual(['fake_one']);
    setMachines(['barge-1']);
    const removed = vi.fn();
    directory.onRemoved(removed);
    await accounts.disconnect({ id, leavesMachines: true });
    expect(forgotten).toEqual([id]);
    expect(tokens()).toEqual([]);
    expect(directory.ids()).toEqual([]);
    expect(removed).toHaveBeenCalledExactlyOnceWith(id);
    await expect(directory.client(id)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is not left while a machine of it sleeps: its files would be lost', async () => {
    const { accounts, connect, forgotten, setMachines, tokens } = await makeWorld();
    const { id } = await connect();
    setMachines(['barge-1', 'barge-2'], false, ['barge-2']);
    await expect(accounts.disconnect({ id, leavesMachines: true })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('“barge-2”') as unknown,
    });
    expect(forgotten).toEqual([]);
    expect(tokens()).toEqual(['fake_one']);
  });

  it('ends what waits for it when it is left', async () => {
    const { accounts, clock, cloud, connect, directory, phase } = await makeWorld();
    const { id } = await connect();
    cloud.revoke('fake_one');
    const asking = askCloud({ clock, signal, note: () => {} }, directory, id, (client) =>
      client.identity(signal),
    );
    const refused = expect(asking).rejects.toMatchObject({ code: 'not-found' });
    await expect.poll(() => phase(id)).toBe('refused');
    await accounts.disconnect({ id, leavesMachines: false });
    await refused;
  });
});

function tokenIdOf(secrets: MemorySecretStore): CredentialId {
  const [only] = secrets.contents.keys();
  return only as CredentialId;
}
