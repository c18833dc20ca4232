import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataFolderOf, ensureDataFolder } from '#main/adapters/system/folders.ts';

describe('data folder', () => {
  it.each([
    ['linux', {}, '/home/a', '/home/a/.local/share/berth'],
    ['linux', { XDG_DATA_HOME: '/data' }, '/home/a', '/data/berth'],
    ['linux', { XDG_DATA_HOME: 'relative' }, '/home/a', '/home/a/.local/share/berth'],
    ['darwin', { XDG_DATA_HOME: '/data' }, '/Users/a', '/Users/a/Library/Application Support/Berth'],
    ['win32', { LOCALAPPDATA: 'C:\\L' }, 'C:\\Users\\a', 'C:\\L\\Berth'],
    ['win32', {}, 'C:\\Users\\a', 'C:\\Users\\a\\AppData\\Local\\Berth'],
  ] as const)('on %s with %o', (platform, env, homeFolder, expected) => {
    expect(dataFolderOf({ platform, env, homeFolder })).toBe(expected);
  });

  it('is the override where there is one, which must be absolute', () => {
    const facts = { platform: 'linux', env: {}, homeFolder: '/home/a' } as const;
    expect(dataFolderOf({ ...facts, override: '/srv//berth' })).toBe('/srv/berth');
    expect(() => dataFolderOf({ ...facts, override: 'here' })).toThrow(
      expect.objectContaining({ code: 'invalid-input' }),
    );
  });
});

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
