import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DamagedFileError, PrivateFile } from '#main/adapters/keychain/private-file.ts';

let folder: string;
let file: PrivateFile<{ text: string }>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-private-'));
  file = new PrivateFile(join(folder, 'x.json'), (value) => z.object({ text: z.string() }).parse(value));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('private file', () => {
  it('is replaced whole, keeps the one before, and is for its user alone', async () => {
    expect(await file.read()).toBeUndefined();
    await file.write({ text: 'one' });
    await file.write({ text: 'two' });
    expect(await file.read()).toEqual({ text: 'two' });
    expect(await file.read(file.backupPath)).toEqual({ text: 'one' });
    expect(readdirSync(folder).sort()).toEqual(['x.json', 'x.json.bak']);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    await file.refreshBackup();
    expect(await file.read(file.backupPath)).toEqual({ text: 'two' });
  });

  it('stays as it was where the new one cannot be written', async () => {
    await file.write({ text: 'one' });
    // A folder in the place of the temporary file: refused to root too.
    mkdirSync(join(folder, '.x.json.tmp'));
    await expect(file.write({ text: 'two' })).rejects.toMatchObject({ code: 'store.unwritable' });
    expect(await file.read()).toEqual({ text: 'one' });
  });

  it('tells damage from absence, and keeps what is damaged', async () => {
    for (const text of ['', '{"text":', '{"text":1}']) {
      writeFileSync(file.path, text);
      await expect(file.read()).rejects.toBeInstanceOf(DamagedFileError);
    }
    const movedTo = await file.moveAside('now');
    expect(readFileSync(movedTo, 'utf8')).toBe('{"text":1}');
    expect(await file.read()).toBeUndefined();
  });
});
