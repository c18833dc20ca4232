import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Findings, WrongValue } from '#main/config/config-error.ts';
import type { EnvFile } from '#main/config/env-file.ts';
import { Settings, type SettingsSource } from '#main/config/settings.ts';
import { goodKey, ownFolder } from '#test/harness/read-served.ts';

const fileOf = (values: Record<string, string>): EnvFile => ({
  path: '/srv/.env',
  values,
  lineOf: Object.fromEntries(Object.keys(values).map((name, index) => [name, index + 1])),
});

const settingsOf = (source: Partial<SettingsSource>) =>
  new Settings({
    flags: {},
    env: {},
    arePlainNamesOurs: true,
    file: undefined,
    findings: new Findings(),
    ...source,
  });

const text = (value: string) => value;

describe('a setting', () => {
  it('is taken from the flag, the environment, the file, in this order, and in each by its long name first', () => {
    const file = fileOf({ HOST: 'file', BERTH_HOST: 'file long' });
    const env = { HOST: 'plain', BERTH_HOST: 'long' };
    const read = (source: Partial<SettingsSource>) => settingsOf(source).read('HOST', text, 'default');
    expect(read({ flags: { host: 'flag' }, env, file })).toBe('flag');
    expect(read({ env, file })).toBe('long');
    expect(read({ env: { HOST: 'plain' }, file })).toBe('plain');
    expect(read({ env: { HOST: '' }, file })).toBe('file long');
    expect(read({ file: fileOf({ HOST: 'file' }) })).toBe('file');
    expect(read({})).toBe('default');
  });

  it("by its plain name in the environment counts only where that is Berth's", () => {
    const env = { HOST: 'somebody else’s', BERTH_PORT: '1' };
    const settings = settingsOf({ env, arePlainNamesOurs: false });
    expect([settings.read('HOST', text, 'default'), settings.read('PORT', text, '')]).toEqual([
      'default',
      '1',
    ]);
  });

  it('keeps its names from before', () => {
    expect(settingsOf({ env: { BERTH_PUBLIC_ORIGIN: 'old' } }).read('PUBLIC_URL', text, '')).toBe('old');
    expect(settingsOf({ flags: { 'public-origin': 'old' } }).read('PUBLIC_URL', text, '')).toBe('old');
    expect(
      settingsOf({ env: { BERTH_PUBLIC_ORIGIN: 'old', PUBLIC_URL: 'new' } }).read('PUBLIC_URL', text, ''),
    ).toBe('new');
  });

  it('that is wrong is told with its place, its rule and an example, and does not stop the others', () => {
    const no = () => {
      throw new WrongValue('must be otherwise');
    };
    const settings = settingsOf({
      flags: { host: 'x' },
      env: { BERTH_PORT: 'x' },
      file: fileOf({ A: '', SMTP_PORT: 'x' }),
    });
    for (const name of ['HOST', 'PORT', 'SMTP_PORT'] as const)
      expect(settings.read(name, no, 'default')).toBe('default');
    expect(settings.findings.errors).toEqual([
      '--host must be otherwise. Example: HOST=127.0.0.1',
      'BERTH_PORT must be otherwise. Example: PORT=7474',
      'SMTP_PORT (line 2 of /srv/.env) must be otherwise. Example: SMTP_PORT=587',
    ]);
  });
});

describe('a secret', () => {
  const secretFile = (content: string, mode = 0o600) => {
    const path = join(ownFolder(), 'secret');
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  };
  const readKey = (env: Record<string, string>) => {
    const settings = settingsOf({ env });
    const value = settings.readSecret('SECRET_KEY')?.reveal();
    const { errors, warnings } = settings.findings;
    return { value, errors, warnings };
  };

  it('comes from its variable, or from a file without the newline at its end', () => {
    expect(readKey({ SECRET_KEY: goodKey }).value).toBe(goodKey);
    for (const ending of ['', '\n', '\r\n'])
      expect(readKey({ SECRET_KEY_FILE: secretFile(`${goodKey}${ending}`) })).toEqual({
        value: goodKey,
        errors: [],
        warnings: [],
      });
    expect(readKey({ BERTH_SECRET_KEY_FILE: secretFile(` ${goodKey} `) }).value).toBe(` ${goodKey} `);
  });

  it('is not given twice', () => {
    const { errors } = readKey({ BERTH_SECRET_KEY: goodKey, SECRET_KEY_FILE: secretFile(goodKey) });
    expect(errors).toEqual(['BERTH_SECRET_KEY and SECRET_KEY_FILE are both given. Keep one of them.']);
  });

  it('in a file that others can read is told of', () => {
    expect(readKey({ SECRET_KEY_FILE: secretFile(goodKey, 0o644) })).toMatchObject({
      value: goodKey,
      warnings: [expect.stringMatching(/^SECRET_KEY_FILE .*chmod 600/)],
    });
  });

  it.each([
    ['is not there', () => '/nowhere/at/all', /cannot be read \(ENOENT\)/],
    ['is a folder', () => ownFolder(), /plain file/],
    ['is empty', () => secretFile('\n'), /empty file/],
    ['is huge', () => secretFile('x'.repeat(70_000)), /64 KiB/],
    ['has several lines', () => secretFile('a\nb'), /one line/],
  ])('in a file that %s is an error', (_what, path, words) => {
    const { value, errors } = readKey({ SECRET_KEY_FILE: path() });
    expect([value, errors]).toEqual([undefined, [expect.stringMatching(words)]]);
  });

  it('prints nowhere', () => {
    const settings = settingsOf({ env: { SECRET_KEY: goodKey } });
    settings.readSecret('SECRET_KEY', () => {
      throw new WrongValue('must be otherwise');
    });
    expect(settings.findings.errors).toEqual(['SECRET_KEY must be otherwise.']);
  });
});
