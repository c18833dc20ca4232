import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBackup } from '#main/adapters/database/backup-file.ts';
import { backUp, openBackup, restore, writeNewFile } from '#main/adapters/database/data-copies.ts';
import { openStore } from '#main/adapters/database/open-store.ts';
import { openRecordStore } from '#main/adapters/database/open-record-store.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

let folders: string[];
const closers: (() => Promise<void>)[] = [];
beforeEach(() => {
  folders = [];
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const clock = new ManualClock();
const anything = (value: unknown) => value as { id: string; text?: string };

function open() {
  const folder = mkdtempSync(join(tmpdir(), 'berth-copies-'));
  folders.push(folder);
  const { store } = openRecordStore({ folder, clock, log: new MemoryLog() });
  closers.push(() => store.close());
  return { store, folder, version: '1.2.3', clock };
}

async function filled() {
  const data = open();
  const things = data.store.collection('things', anything);
  for (const n of [3, 1, 2])
    await things.put({ id: `t${n}`, text: `line\u2028 \r\n "${n}" \u{1f6a2} \u0000` });
  for (const n of [1, 2, 3]) await data.store.rowLog('log', Number, 2).append('o', n);
  writeFileSync(join(data.folder, 'known_hosts'), 'a key\n', { mode: 0o600 });
  return data;
}

describe('a backup', () => {
  it('brings everything to another data folder, in its order, and keeps what was there', async () => {
    const from = await filled();
    const path = join(from.folder, 'copy.berth-backup');
    await writeNewFile(path, await backUp(from));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const to = open();
    await to.store.collection('things', anything).put({ id: 'old' });
    const before = await restore(await openBackup(path), to);
    expect(await to.store.collection('things', anything).all()).toEqual(
      await from.store.collection('things', anything).all(),
    );
    expect(await to.store.rowLog('log', Number, 9).read('o')).toEqual([2, 3]);
    expect(readFileSync(join(to.folder, 'known_hosts'), 'utf8')).toBe('a key\n');
    expect(statSync(join(to.folder, 'known_hosts')).mode & 0o777).toBe(0o600);
    // And back again.
    await restore(await openBackup(before), to);
    expect(await to.store.collection('things', anything).all()).toEqual([{ id: 'old' }]);
  });

  it('does not write over a file', async () => {
    const data = await filled();
    const path = join(data.folder, 'mine');
    writeFileSync(path, 'mine');
    await expect(writeNewFile(path, await backUp(data))).rejects.toMatchObject({ code: 'conflict' });
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(readdirSync(data.folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is refused, and nothing is changed, where it was cut, changed or is something else', async () => {
    const data = await filled();
    const path = join(data.folder, 'copy');
    await writeNewFile(path, await backUp(data));
    const whole = readFileSync(path);
    const text = gunzipSync(whole).toString('utf8');
    const lines = text.split('\n');
    const zipped = (value: string) => gzipSync(value);
    const bad: Record<string, Buffer> = {
      'a cut file': whole.subarray(0, whole.length - 20),
      'no gzip': Buffer.from('hello'),
      'an empty file': Buffer.alloc(0),
      'a changed value': zipped(text.replace('t1', 't9')),
      'a missing line': zipped([...lines.slice(0, 2), ...lines.slice(3)].join('\n')),
      'no end': zipped(`${lines.slice(0, -2).join('\n')}\n`),
      'something behind its end': zipped(`${text}{"r":["a","b","c"]}\n`),
      'another file name': zipped(text.replace('known_hosts', '../../etc/x')),
      'a newer format': zipped(text.replace('"berthBackup":1', '"berthBackup":2')),
    };
    for (const [what, bytes] of Object.entries(bad)) {
      const failure = await readBackup(Readable.from([bytes])).catch((error: unknown) => error);
      expect([what, failure]).toEqual([what, expect.objectContaining({ code: 'invalid-input' })]);
    }
  });

  it('that was cut off while it was put back is finished at the next start', async () => {
    const from = await filled();
    const to = open();
    await to.store.collection('things', anything).put({ id: 'old' });
    // The records could not be replaced any more: the files are those of the backup, the records the old ones.
    const cut = Object.assign(Object.create(to.store) as typeof to.store, {
      isReadOnly: false,
      dump: () => to.store.dump(),
      load: () => Promise.reject(new Error('killed')),
    });
    await expect(restore(await readBackup(await backUp(from)), { ...to, store: cut })).rejects.toThrow(
      'killed',
    );
    expect(await to.store.collection('things', anything).all()).toEqual([{ id: 'old' }]);
    await to.store.close();
    const opening = { folder: to.folder, databaseUrl: null, clock, log: new MemoryLog() };
    const { store } = await openStore(opening);
    expect((await store.collection('things', anything).all()).map(({ id }) => id)).toEqual([
      't3',
      't1',
      't2',
    ]);
    expect(readFileSync(join(to.folder, 'known_hosts'), 'utf8')).toBe('a key\n');
    await store.collection('things', anything).put({ id: 'later' });
    await store.close();
    // Once, and not at every start.
    const again = await openStore(opening);
    closers.push(() => again.store.close());
    expect(await again.store.collection('things', anything).all()).toHaveLength(4);
  });

  it('of a newer schema is refused', async () => {
    const data = await filled();
    const backup = await readBackup(await backUp(data));
    await expect(restore({ ...backup, schema: 999 }, open())).rejects.toMatchObject({
      code: 'store.newer-version',
    });
  });
});
