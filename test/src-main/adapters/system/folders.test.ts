import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureDataFolder } from '#main/adapters/system/folders.ts';

describe('ensureDataFolder', () => {
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'berth-folders-'));
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  it('makes it, and shuts one that others could read', async () => {
    await ensureDataFolder(join(base, 'a', 'b'));
    expect(statSync(join(base, 'a', 'b')).mode & 0o777).toBe(0o700);
    mkdirSync(join(base, 'open'), { mode: 0o755 });
    await ensureDataFolder(join(base, 'open'));
    expect(statSync(join(base, 'open')).mode & 0o777).toBe(0o700);
  });

  it('refuses a link and a file', async () => {
    symlinkSync(base, join(base, 'link'));
    writeFileSync(join(base, 'file'), '');
    for (const name of ['link', 'file'])
      await expect(ensureDataFolder(join(base, name))).rejects.toMatchObject({ code: 'store.unwritable' });
  });
});
