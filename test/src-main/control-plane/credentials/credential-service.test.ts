import { beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { CredentialId } from '#contract/ids.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import {
  type CredentialService,
  createCredentialService,
} from '#main/control-plane/credentials/credential-service.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';
import { MemorySecretStore } from '#test/harness/memory-secret-store.ts';

let records: MemoryRecordStore;
let secrets: MemorySecretStore;
let usedBy: Map<CredentialId, string[]>;
let service: CredentialService;
beforeEach(async () => {
  records = new MemoryRecordStore();
  secrets = new MemorySecretStore();
  usedBy = new Map();
  service = await start();
});

function start(): Promise<CredentialService> {
  return createCredentialService({
    records,
    secrets,
    clock: new ManualClock(),
    random: createSystemRandom(),
    log: new MemoryLog(),
    describeKey: (text) => {
      if (!text.startsWith('KEY '))
        throw new BerthError('credential.unreadable-key', 'This is not a private key.');
      return { type: 'ssh-ed25519', fingerprint: `SHA256:${text.slice(4)}`, isEncrypted: false };
    },
    isCredentialUsed: (id) => usedBy.get(id) ?? [],
  });
}
const password = (text = 'hunter2') =>
  ({ label: 'web', kind: 'password', secret: new Secret(text) }) as const;

describe('credential service', () => {
  it('keeps the secret in the secret store alone, and both over a start', async () => {
    const credential = await service.add(password());
    expect(credential).toEqual({
      id: credential.id,
      label: 'web',
      kind: 'password',
      publicKey: null,
      createdAt: '2026-01-02T03:04:05.000Z',
    });
    const kept = await records.collection('credentials', (value) => value as { id: string }).all();
    expect(JSON.stringify(kept)).not.toContain('hunter2');
    expect(secrets.contents.get(credential.id)).toBe('hunter2');
    const again = await start();
    expect(again.require(credential.id)).toEqual(credential);
    expect((await again.secretOf(credential.id))?.reveal()).toBe('hunter2');
  });

  it('says what a private key is, and takes no other text for one', async () => {
    const key = await service.add({ label: 'k', kind: 'private-key', secret: new Secret('KEY one') });
    expect(key.publicKey).toEqual({ type: 'ssh-ed25519', fingerprint: 'SHA256:one', isEncrypted: false });
    const replaced = await service.replace(key.id, new Secret('KEY two'));
    expect(replaced.publicKey?.fingerprint).toBe('SHA256:two');
    for (const attempt of [
      () => service.replace(key.id, new Secret('nonsense')),
      () => service.add({ label: 'k', kind: 'private-key', secret: new Secret('nonsense') }),
    ])
      await expect(attempt()).rejects.toMatchObject({ code: 'credential.unreadable-key' });
    expect(secrets.contents.size).toBe(1);
    expect((await service.secretOf(key.id))?.reveal()).toBe('KEY two');
  });

  it('keeps nothing where the secret store fails', async () => {
    secrets.setKeychain('missing');
    await expect(service.add(password())).rejects.toMatchObject({ code: 'credential.keychain-unavailable' });
    expect((await start()).get('cred_00000000000000000000')).toBeUndefined();
    expect(await records.collection('credentials', (value) => value as { id: string }).all()).toEqual([]);
  });

  it('takes the new secret back where the record cannot be written', async () => {
    records.failure = new BerthError('store.unwritable', 'full');
    await expect(service.add(password())).rejects.toMatchObject({ code: 'store.unwritable' });
    expect(secrets.contents.size).toBe(0);
  });

  it('keeps the old secret where the new one cannot be kept', async () => {
    const credential = await service.add(password());
    secrets.setKeychain('locked');
    await expect(service.replace(credential.id, new Secret('new'))).rejects.toMatchObject({
      code: 'credential.keychain-unavailable',
    });
    expect(secrets.contents.get(credential.id)).toBe('hunter2');
  });

  it('removes what no host uses, and names the hosts that do', async () => {
    const credential = await service.add(password());
    usedBy.set(credential.id, ['web', 'db', 'a', 'b']);
    await expect(service.remove(credential.id)).rejects.toMatchObject({
      code: 'credential.in-use',
      message: expect.stringContaining('“web”, “db”, “a” and 1 more'),
      details: { hosts: ['web', 'db', 'a', 'b'] },
    });
    expect(secrets.contents.size).toBe(1);
    usedBy.clear();
    await service.remove(credential.id);
    expect(secrets.contents.size).toBe(0);
    await expect(service.remove(credential.id)).rejects.toMatchObject({ code: 'not-found' });
    await expect(service.replace(credential.id, new Secret('x'))).rejects.toMatchObject({
      code: 'not-found',
    });
    expect((await start()).get(credential.id)).toBeUndefined();
  });

  it('tells watchers of the collection and of the store', async () => {
    const end = new AbortController();
    const changes = service.watch(end.signal);
    expect((await changes.next()).value).toMatchObject({ type: 'all', items: [] });
    const next = changes.next();
    const credential = await service.add(password());
    expect((await next).value).toMatchObject({ type: 'change', upserted: [credential] });

    const states = service.watchStore(end.signal);
    expect((await states.next()).value).toMatchObject({ state: 'ready' });
    const nextState = states.next();
    secrets.setKeychain('locked');
    expect((await nextState).value).toMatchObject({ state: 'locked' });
    end.abort();
    expect((await states.next()).done).toBe(true);
    expect((await changes.next()).done).toBe(true);
  });
});
