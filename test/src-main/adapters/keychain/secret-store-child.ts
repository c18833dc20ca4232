/**
 * The secret store in a process of its own, because keytar reads the bus address from the environment of the process.
 * One JSON request a line on stdin (secrets come in there and nowhere else), one JSON reply a line on stdout.
 */
import { createInterface } from 'node:readline';
import { BerthError } from '#contract/berth-error.ts';
import { KeychainSecretStore } from '#main/adapters/keychain/keychain-secret-store.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import { createFileLog } from '#main/adapters/system/file-log.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';

export type ChildRequest =
  | { verb: 'status' | 'lockVault' }
  | { verb: 'get' | 'delete'; key: string }
  | { verb: 'put'; key: string; secret: string }
  | { verb: 'createVault' | 'unlockVault'; secret: string };

const [folder = ''] = process.argv.slice(2);
const clock = createSystemClock();
const store = new KeychainSecretStore({
  folder,
  clock,
  random: createSystemRandom(),
  log: createFileLog({ folder, clock, minimumLevel: 'debug' }),
  platform: process.platform,
  env: process.env,
  keychainTimeoutMs: 5000,
});

async function answer(request: ChildRequest): Promise<unknown> {
  switch (request.verb) {
    case 'status':
      return store.status();
    case 'get':
      return (await store.get(request.key))?.reveal() ?? null;
    case 'put':
      return store.put(request.key, new Secret(request.secret));
    case 'delete':
      return store.delete(request.key);
    case 'createVault':
      return store.createVault(new Secret(request.secret));
    case 'unlockVault':
      return store.unlockVault(new Secret(request.secret));
    case 'lockVault':
      return store.lockVault();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    process.stdout.write(`${JSON.stringify({ value: (await answer(JSON.parse(line))) ?? null })}\n`);
  } catch (error) {
    const shape = BerthError.is(error) ? error.toShape() : { code: 'foreign', message: String(error) };
    process.stdout.write(`${JSON.stringify({ error: shape })}\n`);
  }
}
