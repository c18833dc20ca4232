/** Seals secrets until it is killed, and says of each when it was acknowledged. Started by the test. */
import { SealedSecrets } from '#main/adapters/keychain/sealed-secrets.ts';
import { keyFrom } from '#main/adapters/keychain/sealing.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

const [folder = '', firstText = '0'] = process.argv.slice(2);
const random = createSystemRandom();
const sealed = new SealedSecrets({ folder, clock: createSystemClock(), random, log: new MemoryLog() });
// A key that the test knows; what is sealed here is no secret.
const key = keyFrom(Buffer.alloc(32, 7));

for (let number = Number(firstText); ; number++) {
  await sealed.put(`n${number}`, Buffer.from(`secret ${number} ${'x'.repeat(500)}`), key);
  process.stdout.write(`${number}\n`);
}
