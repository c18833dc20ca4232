/** Writes records and rows until it is killed, and says of each when it was acknowledged. Started by the test. */
import { openRecordStore } from '#main/adapters/database/open-record-store.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

const [folder = '', firstText = '0'] = process.argv.slice(2);
const { store } = openRecordStore({ folder, clock: createSystemClock(), log: new MemoryLog() });
const things = store.collection('things', (value) => value as { id: string; padding: string });
const rows = store.rowLog('log', (value) => value as number, 1_000_000);

for (let number = Number(firstText); ; number += 3) {
  const padding = 'x'.repeat(number % 3000);
  await things.put({ id: `n${number}`, padding });
  process.stdout.write(`${number}\n`);
  await store.transaction(async () => {
    await things.put({ id: `n${number + 1}`, padding });
    await things.put({ id: `n${number + 2}`, padding });
    await rows.append('pairs', number + 1);
  });
  process.stdout.write(`${number + 1}\n${number + 2}\n`);
}
