import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Findings } from '#main/config/config-error.ts';
import { checkDataFolder, makeDataFolder, markServed, servedBefore } from '#main/config/data-folder.ts';
import { ownFolder } from '#test/harness/read-served.ts';

function folderWith(mode: number, ...names: string[]): string {
  const folder = join(ownFolder(), 'data');
  mkdirSync(folder);
  for (const name of names) writeFileSync(join(folder, name), '');
  chmodSync(folder, mode);
  return folder;
}

function check(folder: string): Findings {
  const findings = new Findings();
  checkDataFolder(folder, 'DATA_DIR', findings);
  return findings;
}

describe('the data folder', () => {
  it.each([
    ['not there yet', () => join(ownFolder(), 'new', 'data')],
    ['shut', () => folderWith(0o700, 'theirs')],
    ['open and empty', () => folderWith(0o755)],
    ['the root of a new disk', () => folderWith(0o755, 'lost+found')],
  ])('may be %s, and is shut then', (_what, make) => {
    const folder = make();
    const findings = check(folder);
    makeDataFolder(folder, 'DATA_DIR', findings);
    expect([findings.errors, findings.warnings]).toEqual([[], []]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('of a Berth that somebody opened is shut again, and told of', () => {
    const folder = folderWith(0o755, 'berth.db', 'other');
    const findings = check(folder);
    expect([findings.errors, findings.warnings]).toEqual([
      [],
      [expect.stringMatching(/others could read .* until now/)],
    ]);
    makeDataFolder(folder, 'DATA_DIR', findings);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it.each([
    [
      "somebody's folder, open to all",
      () => folderWith(0o755, 'theirs'),
      /can be read by others and holds other things/,
    ],
    ['a file', () => join(folderWith(0o700, 'file'), 'file'), /is not a folder/],
    [
      'a link',
      () => {
        const folder = ownFolder();
        symlinkSync(folderWith(0o700), join(folder, 'link'));
        return join(folder, 'link');
      },
      /is not a folder/,
    ],
  ])('is never %s', (_what, make, words) => {
    const folder = make();
    const before = statSync(folder).mode;
    expect(check(folder).errors).toEqual([expect.stringMatching(words)]);
    expect(statSync(folder).mode).toBe(before);
  });

  it.runIf(process.getuid?.() === 0)("is never another user's", () => {
    const folder = folderWith(0o700);
    chownSync(folder, 12_345, 12_345);
    expect(check(folder).errors).toEqual([expect.stringMatching(/belongs to another user/)]);
  });

  it('cannot be made below a file', () => {
    const findings = new Findings();
    makeDataFolder(join(folderWith(0o700, 'file'), 'file', 'data'), 'DATA_DIR', findings);
    expect(findings.errors).toEqual([expect.stringMatching(/cannot be made.*ENOTDIR/)]);
  });

  it('remembers that it was served, and where its records were', () => {
    const folder = folderWith(0o700);
    expect(servedBefore(folder)).toBeUndefined();
    markServed(folder, 'postgresql');
    expect(servedBefore(folder)).toEqual({ database: 'postgresql' });
    expect(statSync(join(folder, 'served.json')).mode & 0o777).toBe(0o600);
    writeFileSync(join(folder, 'served.json'), 'damaged');
    expect(servedBefore(folder)).toEqual({ database: 'sqlite' });
  });
});
