import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRecordStore } from '#main/adapters/database/open-record-store.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-record-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => openRecordStore({ folder, clock: new ManualClock(), log: new MemoryLog(), lockWaitMs: 0 });

/** Runs the writer until it has acknowledged `count` lines, kills it in the middle of the next, and gives all of them. */
async function writeUntilKilled(first: number, count: number): Promise<number[]> {
  const script = join(import.meta.dirname, 'writer-child.ts');
  const child = spawn(process.execPath, [script, folder, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: number[] = [];
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === count) child.kill('SIGKILL');
  }
  await ended;
  return acknowledged;
}

describe('openRecordStore', () => {
  it('loses no acknowledged row and no half of a pair to SIGKILL', async () => {
    const acknowledged: number[] = [];
    let next = 0;
    for (let round = 0; round < 10; round++) {
      acknowledged.push(...(await writeUntilKilled(next, 5 + ((round * 37) % 90))));
      const { store, recovery } = open();
      expect(recovery).toBeUndefined();
      const kept = await store.collection('things', (value) => value as { id: string }).all();
      const numbers = new Set(kept.map(({ id }) => Number(id.slice(1))));
      expect(acknowledged.filter((number) => !numbers.has(number))).toEqual([]);
      const pairs = await store.rowLog('log', (value) => value as number, 1_000_000).read('pairs');
      for (const number of pairs)
        expect([numbers.has(number), numbers.has(number + 1)]).toEqual([true, true]);
      for (const number of numbers)
        if (number % 3 === 1) expect([numbers.has(number + 1), pairs.includes(number)]).toEqual([true, true]);
      next = Math.ceil((Math.max(...numbers) + 1) / 3) * 3;
      await store.close();
    }
    expect(acknowledged.length).toBeGreaterThan(400);
  }, 60_000);

  it('refuses a second Berth, in this process and in another, and says which has the folder', async () => {
    const { store } = open();
    const refused = { code: 'store.in-use', details: { processId: process.pid } };
    expect(open).toThrow(expect.objectContaining(refused));
    const child = spawn(process.execPath, [join(import.meta.dirname, 'writer-child.ts'), folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (text) => (complaint += text));
    const [exitCode] = await once(child, 'close');
    expect(exitCode).toBe(1);
    expect(complaint).toContain(`Another Berth (process ${process.pid}) uses this data folder`);
    await store.collection('things', (value) => value as { id: string }).put({ id: 'still-writable' });
    await store.close();
    const again = open();
    expect(await again.store.collection('things', (value) => value as { id: string }).all()).toHaveLength(1);
    await again.store.close();
  }, 20_000);

  it('lets go of the folder when it could not open the database', async () => {
    const { store } = open();
    await store.close();
    rmSync(join(folder, 'berth.db'));
    // A folder in the place of the file.
    mkdirSync(join(folder, 'berth.db'));
    expect(open).toThrow(expect.objectContaining({ code: 'store.unwritable' }));
    rmSync(join(folder, 'berth.db'), { recursive: true });
    await open().store.close();
  });

  it('leaves only files of its user, and no log of writes after a clean end', async () => {
    const { store } = open();
    await store.collection('things', (value) => value as { id: string }).put({ id: 'a' });
    await store.close();
    expect(readdirSync(folder).sort()).toEqual(['berth.db', 'berth.lock']);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
    expect(readFileSync(join(folder, 'berth.db')).subarray(0, 15).toString()).toBe('SQLite format 3');
  });
});
