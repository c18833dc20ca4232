import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '#main/adapters/database/open-database.ts';
import { SqliteRecordStore, type UnreadableRecord } from '#main/adapters/database/sqlite-record-store.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';
import { describeRecordStore } from '#test/harness/record-store-suite.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(onUnreadable: (record: UnreadableRecord) => void = () => {}) {
  const opened = openDatabase({ folder, clock: new ManualClock(), log: new MemoryLog() });
  return { database: opened.database, store: new SqliteRecordStore({ ...opened, onUnreadable }) };
}

describe('SQLite', () => describeRecordStore(({ onUnreadable }) => open(onUnreadable).store));
describe('in memory', () => describeRecordStore((options) => new MemoryRecordStore(options)));

interface Thing {
  id: string;
  text: string;
}
const asThing = (value: unknown) => value as Thing;

describe('SQLite record store', () => {
  it('reports a value that changed on the disk, in records and in rows', async () => {
    const unreadable: UnreadableRecord[] = [];
    const { database, store } = open((record) => unreadable.push(record));
    const things = store.collection('things', asThing);
    const rows = store.rowLog('log', (value) => value as string, 10);
    await things.put({ id: 'a', text: 'right' });
    await rows.append('op', 'right');
    // One flipped bit in each, still JSON: quick_check would not see it.
    database.exec(`UPDATE record SET value = replace(value, 'right', 'sight')`);
    database.exec(`UPDATE log_row SET value = replace(value, 'right', 'sight')`);
    expect(await things.all()).toEqual([]);
    expect(await rows.read('op')).toEqual([]);
    expect(unreadable).toEqual([
      { collection: 'things', id: 'a', problem: 'its checksum is wrong' },
      { collection: 'log', id: 'op', problem: 'its checksum is wrong' },
    ]);
    await store.close();
  });

  it('says that the disk is full, changes nothing, and goes on when there is room', async () => {
    const { database, store } = open();
    const things = store.collection('things', asThing);
    await things.put({ id: 'a', text: 'before' });
    limitPages(database, 4);
    const big = { id: 'a', text: 'x'.repeat(200_000) };
    await expect(things.put(big)).rejects.toMatchObject({ code: 'store.unwritable' });
    await expect(
      store.transaction(async () => {
        await things.put({ id: 'b', text: 'small' });
        await things.put(big);
      }),
    ).rejects.toMatchObject({ code: 'store.unwritable', message: expect.stringContaining('full') });
    expect(await things.all()).toEqual([{ id: 'a', text: 'before' }]);
    limitPages(database, 100_000);
    await things.put(big);
    expect(await things.get('a')).toEqual(big);
    await store.close();
  });

  it('does not fail the writes that came together with one that does not fit', async () => {
    const { database, store } = open();
    const things = store.collection('things', asThing);
    limitPages(database, 4);
    const outcomes = await Promise.allSettled([
      things.put({ id: 'a', text: 'small' }),
      things.put({ id: 'b', text: 'x'.repeat(200_000) }),
      things.put({ id: 'c', text: 'small' }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await things.all()).map(({ id }) => id)).toEqual(['a', 'c']);
    await store.close();
  });

  it('commits what comes together once', async () => {
    const { database, store } = open();
    const commits = countCommits(database);
    const things = store.collection('things', asThing);
    await Promise.all(Array.from({ length: 50 }, (_, i) => things.put({ id: `t${i}`, text: '' })));
    expect(commits.count).toBe(1);
    await store.close();
  });
});

function limitPages(database: DatabaseSync, morePages: number): void {
  const used = Number(database.prepare('PRAGMA page_count').get()?.page_count);
  database.exec(`PRAGMA max_page_count = ${used + morePages}`);
}

function countCommits(database: DatabaseSync): { count: number } {
  const commits = { count: 0 };
  const exec = database.exec.bind(database);
  database.exec = (sql) => {
    if (sql === 'COMMIT') commits.count += 1;
    exec(sql);
  };
  return commits;
}
