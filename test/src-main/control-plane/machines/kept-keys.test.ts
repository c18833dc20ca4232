import { describe, expect, it } from 'vitest';
import { createSshKeyMaker } from '#main/adapters/ssh/key-maker.ts';
import type { SecretStore } from '#main/control-plane/interfaces/secret-store.ts';
import { keptKeysOf } from '#main/control-plane/machines/kept-keys.ts';
import { MemorySecretStore } from '#test/harness/memory-secret-store.ts';
import { machineIdOf } from './money-world.ts';

const keyMaker = createSshKeyMaker();
const login = (label: string, kind = 'private-key', number = 1) => ({
  id: `cred_${String(number).padStart(20, '0')}`,
  label,
  kind,
});

function depsWith(secrets: SecretStore, credentials: readonly ReturnType<typeof login>[]) {
  return { keyMaker, secrets, credentials: { all: () => credentials } } as unknown as Parameters<
    typeof keptKeysOf
  >[0];
}

describe('keys of a machine that comes back', () => {
  it('are its login and its host key, with the fingerprint that was made with it', async () => {
    const pair = keyMaker.make();
    const secrets = new MemorySecretStore();
    await secrets.put(`${machineIdOf(1)}.host-key`, pair.privateKey);
    const deps = depsWith(secrets, [login('Login of web'), login('Login of db', 'private-key', 2)]);
    expect(await keptKeysOf(deps, machineIdOf(1), 'web')).toEqual({
      loginCredentialId: login('').id,
      loginUser: 'berth',
      hostKey: {
        fingerprint: pair.fingerprint,
        publicKey: pair.publicKey,
        secretKey: `${machineIdOf(1)}.host-key`,
      },
    });
  });

  it('are none where the host key is gone: another machine could answer there', async () => {
    const deps = depsWith(new MemorySecretStore(), [login('Login of web')]);
    expect(await keptKeysOf(deps, machineIdOf(1), 'web')).toBeUndefined();
  });

  it('are none where the login is gone, is no key, or two are called so', async () => {
    const secrets = new MemorySecretStore();
    await secrets.put(`${machineIdOf(1)}.host-key`, keyMaker.make().privateKey);
    for (const credentials of [
      [],
      [login('Login of web', 'password')],
      [login('Login of web'), login('Login of web', 'private-key', 2)],
    ])
      expect(await keptKeysOf(depsWith(secrets, credentials), machineIdOf(1), 'web')).toBeUndefined();
  });
});
