import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeKey } from '#main/adapters/ssh/describe-key.ts';
import { createSshKeyMaker } from '#main/adapters/ssh/key-maker.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { runChecked } from '#test/servers/run-process.ts';

it('makes pairs that OpenSSH reads as we do, each another one', async () => {
  const maker = createSshKeyMaker();
  const [pair, other] = [maker.make(), maker.make()];
  expect(pair.fingerprint).not.toBe(other.fingerprint);
  expect(describeKey(pair.privateKey.reveal())).toEqual({
    type: 'ssh-ed25519',
    fingerprint: pair.fingerprint,
    isEncrypted: false,
  });
  expect(maker.publicKeyOf(pair.privateKey)).toBe(pair.publicKey);
  expect(() => maker.publicKeyOf(new Secret('no key'))).toThrow(
    expect.objectContaining({ code: 'credential.unreadable-key' }),
  );
  const folder = await mkdtemp(join(tmpdir(), 'berth-key-'));
  try {
    await writeFile(join(folder, 'key'), pair.privateKey.reveal(), { mode: 0o600 });
    const told = await runChecked(['ssh-keygen', '-y', '-P', '', '-f', join(folder, 'key')]);
    expect(told.trim()).toBe(pair.publicKey);
  } finally {
    await rm(folder, { recursive: true });
  }
});
