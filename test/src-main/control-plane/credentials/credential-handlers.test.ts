import { describe, expect, it } from 'vitest';
import { localOwnerId } from '#contract/ids.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import { createCredentialHandlers } from '#main/control-plane/credentials/credential-handlers.ts';
import { createCredentialService } from '#main/control-plane/credentials/credential-service.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';
import { MemorySecretStore } from '#test/harness/memory-secret-store.ts';

describe('credential handlers', () => {
  it('lets a secret in and never out', async () => {
    const secrets = new MemorySecretStore();
    const log = new MemoryLog();
    const service = await createCredentialService({
      records: new MemoryRecordStore(),
      secrets,
      clock: new ManualClock(),
      random: createSystemRandom(),
      log,
      describeKey: () => ({ type: 'ssh-ed25519', fingerprint: 'SHA256:x', isEncrypted: true }),
      isCredentialUsed: () => [],
    });
    const handlers = createCredentialHandlers(service);
    const end = new AbortController();
    const context = {
      caller: {
        userId: localOwnerId,
        userName: 'me',
        scopes: new Set<never>(),
        mode: 'desktop' as const,
      },
      signal: end.signal,
    };
    const canary = 'c4n4ry';
    const secret = `${canary} one`;
    const out: unknown[] = [];
    const added = await handlers['credentials.add']({ label: 'k', kind: 'private-key', secret }, context);
    out.push(added);
    out.push(await handlers['credentials.replace']({ id: added.id, secret: `${canary} two` }, context));
    const passphrase = `${canary} passphrase`;
    out.push(await handlers['credentials.createVault']({ passphrase }, context));
    out.push(await handlers['credentials.lockVault']({}, context));
    out.push(await handlers['credentials.unlockVault']({ passphrase }, context));
    for (const stream of [
      handlers['credentials.watch']({}, context),
      handlers['credentials.store']({}, context),
    ])
      out.push((await stream[Symbol.asyncIterator]().next()).value);
    expect(secrets.contents.get(added.id)).toBe(`${canary} two`);
    out.push(await handlers['credentials.remove']({ id: added.id }, context));
    expect(out).toHaveLength(8);
    expect(JSON.stringify(out)).not.toContain(canary);
    expect(log.text()).not.toContain(canary);
    expect(secrets.contents.size).toBe(0);
    end.abort();
  });
});
