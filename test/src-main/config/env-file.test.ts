import { chmodSync, chownSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Findings } from '#main/config/config-error.ts';
import { readEnvFile } from '#main/config/env-file.ts';
import { ownFolder } from '#test/harness/read-served.ts';

function write(text: string, mode = 0o600): string {
  const folder = ownFolder();
  writeFileSync(join(folder, '.env'), text);
  chmodSync(join(folder, '.env'), mode);
  return folder;
}

function readIn(folder: string) {
  const findings = new Findings();
  return { file: readEnvFile(undefined, folder, findings), findings };
}

describe('the file of settings', () => {
  it('is the one in the working directory, or none', () => {
    const { file, findings } = readIn(
      write('\uFEFFPORT=1\n\n# a comment\nexport HOST="127.0.0.1"\nEMPTY=\n'),
    );
    expect(file?.values).toEqual({ PORT: '1', HOST: '127.0.0.1', EMPTY: '' });
    expect(file?.lineOf).toEqual({ PORT: 1, HOST: 4, EMPTY: 5 });
    expect([findings.errors, findings.warnings]).toEqual([[], []]);
    expect(readIn(ownFolder())).toMatchObject({ file: undefined, findings: { errors: [], warnings: [] } });
    expect(readEnvFile(undefined, undefined, new Findings())).toBeUndefined();
  });

  it('is the one that was named, which then must be there', () => {
    const folder = write('PORT=2\n');
    const findings = new Findings();
    expect(readEnvFile(join(folder, '.env'), ownFolder(), findings)?.values).toEqual({ PORT: '2' });
    expect(readEnvFile(join(folder, 'gone'), undefined, findings)).toBeUndefined();
    expect(findings.errors).toEqual([expect.stringMatching(/--env-file: .*gone cannot be read \(ENOENT\)/)]);
  });

  it.each([0o622, 0o602, 0o620])('stops the start where others could write it (%o)', (mode) => {
    const { file, findings } = readIn(write('PORT=1\n', mode));
    expect(file).toBeUndefined();
    expect(findings.errors).toEqual([expect.stringMatching(/can be written by others.*chmod 600/)]);
  });

  it('is told of where others could read it', () => {
    const { file, findings } = readIn(write('PORT=1\n', 0o644));
    expect(file?.values).toEqual({ PORT: '1' });
    expect(findings.warnings).toEqual([expect.stringMatching(/can be read by every user.*chmod 600/)]);
  });

  it.runIf(process.getuid?.() === 0)('of another user is passed over, or refused where it was named', () => {
    const folder = write('PORT=1\n');
    chownSync(join(folder, '.env'), 12_345, 12_345);
    const { file, findings } = readIn(folder);
    expect([file, findings.errors, findings.warnings]).toEqual([
      undefined,
      [],
      [expect.stringMatching(/belongs to another user and was not read/)],
    ]);
    const named = new Findings();
    expect(readEnvFile(join(folder, '.env'), undefined, named)).toBeUndefined();
    expect(named.errors).toEqual([expect.stringMatching(/belongs to another user/)]);
  });

  it('is no link that somebody put there, no folder, and not huge', () => {
    const folder = ownFolder();
    symlinkSync(join(write('PORT=1\n'), '.env'), join(folder, '.env'));
    expect(readIn(folder).findings.errors).toEqual([expect.stringMatching(/is a link/)]);
    expect(readIn(write(`X=${'x'.repeat(300_000)}`)).findings.errors).toEqual([
      expect.stringMatching(/larger than 256 KiB/),
    ]);
  });

  it('tells of what its reader would pass over without a word', () => {
    const text = [
      'PORT 7474',
      'SMTP_PASSWORD=abc#def',
      'HOST=a',
      'HOST=b',
      "KEY='two",
      'lines',
      "of it'",
      'Q="a#b"',
    ];
    const { file, findings } = readIn(write(text.join('\n')));
    expect(file?.values.HOST).toBe('b');
    expect(file?.lineOf).toMatchObject({ HOST: 4, KEY: 5, Q: 8 });
    expect(findings.warnings).toEqual([
      expect.stringMatching(/^line 1 of .* is not NAME=value/),
      expect.stringMatching(/^SMTP_PASSWORD \(line 2 .*# outside quotes/),
      expect.stringMatching(/^HOST stands twice in .*lines 3 and 4/),
    ]);
    expect(findings.warnings.join()).not.toMatch(/abc|def/);
  });
});
