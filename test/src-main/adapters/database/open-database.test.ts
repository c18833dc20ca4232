import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrations } from '#main/adapters/database/migrations.ts';
import { openDatabase, versionOf } from '#main/adapters/database/open-database.ts';
import { SqliteRecordStore } from '#main/adapters/database/sqlite-record-store.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

let folder: string;
let clock: ManualClock;
let log: MemoryLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-open-'));
  clock = new ManualClock(new Date().toISOString());
  log = new MemoryLog();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name = 'berth.db') => join(folder, name);
const open = (more = migrations) => openDatabase({ folder, clock, log, migrations: more });
const second = { version: 2, up: (database: DatabaseSync) => database.exec('CREATE TABLE second (x)') };

async function writeThings(...ids: string[]): Promise<void> {
  const opened = open();
  const store = new SqliteRecordStore({ ...opened, onUnreadable: () => {} });
  for (const id of ids) await store.collection('things', (value) => value as { id: string }).put({ id });
  await store.close();
}
function thingsIn(database: DatabaseSync): string[] {
  return database
    .prepare('SELECT id FROM record ORDER BY number')
    .all()
    .map((row) => String(row.id));
}
const backups = () => readdirSync(file('backups'));

describe('openDatabase', () => {
  it('makes a file for its user alone, durable by its settings', async () => {
    const { database, isReadOnly, recovery } = open();
    expect({ isReadOnly, recovery }).toEqual({ isReadOnly: false, recovery: undefined });
    const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('synchronous')).toBe(2);
    expect(pragma('locking_mode')).toBe('exclusive');
    database.exec('CREATE TABLE t (x)');
    for (const name of ['berth.db', 'berth.db-wal']) expect(statSync(file(name)).mode & 0o777).toBe(0o600);
    database.close();
  });

  it('migrates forward, with a backup before', async () => {
    await writeThings('a');
    const { database } = open([...migrations, second]);
    expect(versionOf(database)).toBe(2);
    expect(thingsIn(database)).toEqual(['a']);
    database.close();
    expect(backups()).toEqual([expect.stringMatching(/^berth-v1-.*\.db$/)]);
    const backup = new DatabaseSync(file(`backups/${backups()[0]}`), { readOnly: true });
    expect([versionOf(backup), thingsIn(backup)]).toEqual([1, ['a']]);
    backup.close();
    expect(statSync(file(`backups/${backups()[0]}`)).mode & 0o777).toBe(0o600);
  });

  it('leaves the version before where a migration fails', async () => {
    await writeThings('a');
    const third = {
      version: 3,
      up: (database: DatabaseSync) => {
        database.exec('CREATE TABLE third (x)');
        database.exec('this is not SQL');
      },
    };
    expect(() => open([...migrations, second, third])).toThrow(expect.objectContaining({ code: 'internal' }));
    const { database } = open([...migrations, second]);
    expect(versionOf(database)).toBe(2);
    expect(database.prepare(`SELECT name FROM sqlite_schema WHERE name = 'third'`).all()).toEqual([]);
    database.close();
  });

  it('only reads what a newer version wrote', async () => {
    await writeThings('a');
    open([...migrations, second]).database.close();
    const before = readFileSync(file());
    const opened = open();
    expect(opened.isReadOnly).toBe(true);
    const store = new SqliteRecordStore({ ...opened, onUnreadable: () => {} });
    const things = store.collection('things', (value) => value as { id: string });
    expect(await things.all()).toEqual([{ id: 'a' }]);
    await expect(things.put({ id: 'b' })).rejects.toMatchObject({ code: 'store.newer-version' });
    await expect(store.transaction(() => things.delete('a'))).rejects.toMatchObject({
      code: 'store.newer-version',
    });
    expect(() => opened.database.exec('DELETE FROM record')).toThrow(/readonly/);
    await store.close();
    expect(readFileSync(file()).equals(before)).toBe(true);
  });

  it('backs up once a day and keeps seven', async () => {
    await writeThings('a');
    for (let day = 0; day < 10; day++) {
      open().database.close();
      open().database.close();
      clock.sleep(86_400_000 * (day + 1) + 1000);
    }
    // The files' times are the real clock's, so each later opening is a day after the newest.
    expect(backups()).toHaveLength(7);
  });

  it.each([
    ['garbage from the start', (path: string) => writeFileSync(path, 'not a database, '.repeat(1000))],
    ['a cut file', (path: string) => truncateSync(path, 8192)],
    [
      'overwritten pages',
      (path: string) => {
        const bytes = readFileSync(path);
        bytes.fill(0xa5, 4096, bytes.length - 100);
        writeFileSync(path, bytes);
      },
    ],
  ])('goes back to the newest good backup: %s', async (_what, damage) => {
    await writeThings('a');
    open().database.close();
    await writeThings('b');
    clock.sleep(2 * 86_400_000);
    open().database.close();
    clock.sleep(2 * 86_400_000);
    expect(backups()).toHaveLength(2);
    await writeThings('after-the-backup');
    const newest = backups().sort().at(-1) ?? '';
    damage(file());
    const damagedBytes = readFileSync(file());
    const { database, recovery } = open();
    expect(thingsIn(database)).toEqual(['a', 'b']);
    database.close();
    expect(recovery).toMatchObject({ restoredFrom: file(`backups/${newest}`) });
    expect(recovery?.problem).not.toBe('');
    expect(recovery?.notice).toMatch(/went back to the backup of \d{4}-.*kept at/);
    expect(readFileSync(recovery?.movedTo ?? '').equals(damagedBytes)).toBe(true);
    expect(log.messages('error')).toHaveLength(1);
  });

  it('passes over a damaged backup, and starts with nothing where there is no good one', async () => {
    await writeThings('a');
    open().database.close();
    for (const name of backups()) writeFileSync(file(`backups/${name}`), 'garbage'.repeat(1000));
    writeFileSync(file(), 'garbage'.repeat(1000));
    const { database, recovery } = open();
    expect(thingsIn(database)).toEqual([]);
    expect(recovery).toMatchObject({
      restoredFrom: undefined,
      notice: expect.stringContaining('started with an empty one'),
    });
    database.close();
    expect(readdirSync(file('damaged'))).toHaveLength(1);
  });

  it("refuses another program's database and leaves it alone", () => {
    const other = new DatabaseSync(file());
    other.exec('CREATE TABLE theirs (x); PRAGMA user_version = 9');
    other.close();
    const before = readFileSync(file());
    expect(() => open()).toThrow(expect.objectContaining({ code: 'store.unwritable' }));
    expect(readFileSync(file()).equals(before)).toBe(true);
  });
});
