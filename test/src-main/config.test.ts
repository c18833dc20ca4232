import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultDataFolder, markServed } from '#main/config/data-folder.ts';
import { type Variable, variables } from '#main/config/variables.ts';
import {
  ConfigError,
  describeConfig,
  findDataFolder,
  forgetSettings,
  readConfig,
  servedDefaults,
} from '#main/config.ts';
import { goodKey, ownFolder, readServed } from '#test/harness/read-served.ts';

const served = (...argv: string[]) => readServed({}, { argv });

describe('configuration', () => {
  it('has a default for everything, is frozen, and makes its folder for this user alone', async () => {
    const folder = ownFolder();
    const config = readConfig({ mode: 'served', argv: [], env: { XDG_DATA_HOME: folder } });
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 7474,
      publicOrigin: null,
      isBrowserOpened: false,
      isCheckOnly: false,
      addHostFile: null,
      served: servedDefaults,
      warnings: [],
      said: [],
    });
    expect(config.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(config.uiFolder).toBe(resolve('out/renderer'));
    expect(Object.isFrozen(config)).toBe(true);
    expect(config.dataFolder).toBe(join(folder, 'berth'));
    expect((await stat(config.dataFolder)).mode & 0o777).toBe(0o700);
  });

  it('prefers flags to the environment, and ignores a relative XDG folder', () => {
    const folder = ownFolder();
    const env = { BERTH_DATA_DIR: join(folder, 'env'), BERTH_PORT: '1000', XDG_DATA_HOME: 'relative' };
    expect(readConfig({ mode: 'served', argv: [], env })).toMatchObject({
      port: 1000,
      dataFolder: join(folder, 'env'),
    });
    const argv = ['--port=0', '--data-dir', join(folder, 'flag')];
    expect(readConfig({ mode: 'served', argv, env })).toMatchObject({
      port: 0,
      dataFolder: join(folder, 'flag'),
    });
  });

  it('puts the data where each system keeps what belongs to one computer', () => {
    const local = 'C:\\Users\\dev\\AppData\\Local';
    const roaming = 'C:\\Users\\dev\\AppData\\Roaming';
    expect(defaultDataFolder({ LOCALAPPDATA: local, APPDATA: roaming }, 'win32')).toBe(`${local}\\Berth`);
    for (const LOCALAPPDATA of [undefined, '', 'relative'])
      expect(defaultDataFolder({ LOCALAPPDATA, APPDATA: roaming }, 'win32')).toMatch(
        /\\AppData\\Local\\Berth$/,
      );
    expect(defaultDataFolder({}, 'darwin')).toMatch(/\/Library\/Application Support\/Berth$/);
    expect(defaultDataFolder({ XDG_DATA_HOME: '/data' }, 'linux')).toBe('/data/berth');
    expect(defaultDataFolder({}, 'linux')).toMatch(/\/\.local\/share\/berth$/);
  });

  it.each([
    ['an unknown flag', ['--prot', '1']],
    ['a word', ['serve']],
    ['a port that is none', ['--port', '70000']],
    ['a port in words', ['--port', 'http']],
    ['no port', ['--port']],
    ['an open address without a proxy', ['--host', '0.0.0.0']],
    ['a name without a proxy', ['--host', 'berth.example']],
    ['a public origin without TLS', ['--public-origin', 'http://berth.example']],
    ['a public origin with a path', ['--public-url', 'https://berth.example/x']],
  ])('refuses %s', (_name, argv) => {
    expect(served(...argv)).toMatchObject({ config: undefined, errors: [expect.any(String)] });
  });

  it('listens elsewhere only behind a proxy with TLS', () => {
    expect(served('--host', '0.0.0.0', '--public-origin', 'https://berth.example/').config).toMatchObject({
      host: '0.0.0.0',
      publicOrigin: 'https://berth.example',
    });
  });

  it('tells everything that is wrong at once, and makes no folder then', () => {
    const dataFolder = join(ownFolder(), 'data');
    const { errors, warnings } = readServed({
      DATA_DIR: dataFolder,
      BERTH_DATA_DIR: '',
      HOST: '0.0.0.0',
      SECRET_KEY: 'changeme',
      SMTP_HOST: 'mail',
      QUOTA_CPUS: 'x',
      OIDC_ISSUER: 'http://login.example.org',
      SMPT_PORT: '25',
    });
    const named = errors.map((line) => line.split(' ')[0] ?? '').sort((a, b) => a.localeCompare(b));
    expect(named).toEqual(['HOST', 'OIDC_CLIENT_ID', 'OIDC_ISSUER', 'QUOTA_CPUS', 'SECRET_KEY', 'SMTP_FROM']);
    expect(warnings).toEqual([expect.stringContaining('SMTP_PORT meant?')]);
    expect(existsSync(dataFolder)).toBe(false);
  });

  it('only looks when it shall only look', () => {
    const dataFolder = join(ownFolder(), 'data');
    const { config } = readServed({ BERTH_DATA_DIR: dataFolder }, { argv: ['--check-config'] });
    expect(config?.isCheckOnly).toBe(true);
    expect(existsSync(dataFolder)).toBe(false);
  });

  it('takes no secret from an argument list', () => {
    for (const argv of [['--secret-key', 'canary'], ['--smtp-password=canary'], ['--db-url', 'canary']]) {
      const { errors } = served(...argv);
      expect(errors).toEqual([expect.stringMatching(/is no flag: every user.*_FILE$/)]);
      expect(errors.join()).not.toContain('canary');
    }
  });

  it('reads .env of the working directory, and says where in it a mistake stands', () => {
    const workingFolder = ownFolder();
    writeFileSync(join(workingFolder, '.env'), 'PORT=1234\nQUOTA_CPUS=two\n', { mode: 0o600 });
    expect(readServed({}, { workingFolder }).errors).toEqual([
      expect.stringMatching(/^QUOTA_CPUS \(line 2 of .*\.env\) must be a number/),
    ]);
    writeFileSync(join(workingFolder, '.env'), 'PORT=1234\n');
    expect(readServed({}, { workingFolder }).config?.port).toBe(1234);
    expect(readServed({ PORT: '99' }, { workingFolder }).config?.port).toBe(99);
    chmodSync(join(workingFolder, '.env'), 0o666);
    expect(readServed({}, { workingFolder }).errors).toEqual([
      expect.stringMatching(/can be written by others/),
    ]);
  });
});

describe('the address of DigitalOcean’s API', () => {
  const url = 'http://127.0.0.1:8081';

  it('is its own unless somebody says another, also for the desktop', () => {
    const folder = ownFolder();
    const own = { XDG_DATA_HOME: folder };
    for (const mode of ['desktop', 'served'] as const) {
      expect(readConfig({ mode, argv: [], env: own }).digitalOceanApiUrl).toBeNull();
      for (const name of ['DIGITALOCEAN_API_URL', 'BERTH_DIGITALOCEAN_API_URL'])
        expect(readConfig({ mode, argv: [], env: { ...own, [name]: url } }).digitalOceanApiUrl).toBe(url);
    }
    const argv = ['--digitalocean-api-url', url];
    expect(readConfig({ mode: 'served', argv, env: own }).digitalOceanApiUrl).toBe(url);
  });

  it('is none that a token must not be sent to', () => {
    const env = { XDG_DATA_HOME: ownFolder(), DIGITALOCEAN_API_URL: 'http://api.example.org' };
    for (const mode of ['desktop', 'served'] as const)
      expect(() => readConfig({ mode, argv: [], env })).toThrow(
        /DIGITALOCEAN_API_URL must be an https:\/\/ address/,
      );
  });
});

describe('the desktop', () => {
  it("passes over Chromium's flags and links", () => {
    const folder = ownFolder();
    const argv = [
      '--enable-features=X',
      '--data-dir',
      folder,
      '--no-sandbox',
      'berth://hosts',
      '--add-host',
      'a.json',
    ];
    expect(readConfig({ mode: 'desktop', argv, env: {} })).toMatchObject({
      dataFolder: folder,
      addHostFile: resolve('a.json'),
    });
  });

  it("has nothing from a served Berth's settings, and is stopped by none", () => {
    const BERTH_DATA_DIR = join(ownFolder(), 'data');
    const env = {
      BERTH_DATA_DIR,
      DATA_DIR: '/elsewhere',
      BERTH_SECRET_KEY: 'changeme',
      HOST: '0.0.0.0',
      PORT: 'x',
    };
    expect(readConfig({ mode: 'desktop', argv: [], env })).toMatchObject({
      dataFolder: BERTH_DATA_DIR,
      served: servedDefaults,
      warnings: [],
    });
    expect(() => readConfig({ mode: 'desktop', argv: ['--data-dir', '/dev/null'], env })).toThrow(
      ConfigError,
    );
  });
});

describe('a command', () => {
  const command = (env: Record<string, string>, workingFolder?: string) =>
    readServed(env, { purpose: 'command', ...(workingFolder === undefined ? {} : { workingFolder }) });

  it('is not stopped by what it does not need', () => {
    const { config, errors } = command({
      BERTH_PORT: 'x',
      BERTH_SMTP_PORT: 'x',
      BERTH_HOST: '0.0.0.0',
      BERTH_FROB: 'x',
    });
    expect([errors, config?.warnings]).toEqual([[], []]);
  });

  it("works at the records of the berth serve of its folder, and not at somebody else's", () => {
    const folder = join(ownFolder(), 'data');
    mkdirSync(folder, { mode: 0o700 });
    const env = { BERTH_DATA_DIR: folder, DB_URL: 'postgresql://localhost/berth', SECRET_KEY: goodKey };
    expect(command(env).config?.served.databaseUrl).toBeNull();
    expect(command({ ...env, BERTH_DB_URL: env.DB_URL }).config?.served.databaseUrl?.reveal()).toBe(
      env.DB_URL,
    );
    markServed(folder, 'postgresql');
    expect(command(env).config?.served.databaseUrl?.reveal()).toBe(env.DB_URL);
    expect(command(env).config?.served.secretKey?.reveal()).toBe(goodKey);
  });

  it('at the data itself takes it from the same settings, also before anything was served from it', () => {
    const folder = join(ownFolder(), 'data');
    const env = { BERTH_DATA_DIR: '', DATA_DIR: folder, DB_URL: 'postgresql://localhost/berth', PORT: 'x' };
    const { config, errors } = readServed(env, { purpose: 'data' });
    expect(errors).toEqual([]);
    expect([config?.dataFolder, config?.served.databaseUrl?.reveal()]).toEqual([folder, env.DB_URL]);
  });

  it('and a start refuse a folder whose records are in a database that is not named', () => {
    const folder = join(ownFolder(), 'data');
    mkdirSync(folder, { mode: 0o700 });
    markServed(folder, 'postgresql');
    for (const purpose of ['serve', 'command'] as const)
      expect(readServed({ BERTH_DATA_DIR: folder }, { purpose }).errors).toEqual([
        expect.stringMatching(/records in PostgreSQL, and DB_URL is not given/),
      ]);
  });

  it('finds the data as berth serve does: by flag, by either name, by .env; DATA_DIR only where a Berth is', () => {
    const [theirs, ours, inFile] = [ownFolder(), ownFolder(), ownFolder()];
    const workingFolder = ownFolder();
    const find = (env: Record<string, string>, argv: string[] = []) =>
      findDataFolder({ argv, env, workingFolder });
    markServed(ours, 'sqlite');
    expect(find({ DATA_DIR: ours })).toBe(ours);
    expect(find({ DATA_DIR: theirs })).not.toBe(theirs);
    expect(find({ DATA_DIR: ours, BERTH_DATA_DIR: theirs })).toBe(theirs);
    expect(find({ BERTH_DATA_DIR: theirs }, ['--data-dir', ours])).toBe(ours);
    writeFileSync(join(workingFolder, '.env'), `DATA_DIR=${inFile}\n`, { mode: 0o600 });
    expect(find({})).toBe(inFile);
    expect(find({ DATA_DIR: theirs })).toBe(inFile);
  });
});

describe('asking for health', () => {
  it('reads where Berth listens, and nothing else; makes nothing', () => {
    const dataFolder = join(ownFolder(), 'data');
    const env = {
      DATA_DIR: dataFolder,
      BERTH_DATA_DIR: '',
      PORT: '8080',
      PUBLIC_URL: 'https://berth.example.org',
    };
    const { config } = readServed({ ...env, SECRET_KEY: 'changeme', SMTP_PORT: 'x' }, { purpose: 'health' });
    expect(config).toMatchObject({ port: 8080, publicOrigin: 'https://berth.example.org' });
    expect(existsSync(dataFolder)).toBe(false);
    expect(readServed({ ...env, PORT: 'x' }, { purpose: 'health' }).errors).toHaveLength(1);
  });
});

describe('the environment of what Berth starts', () => {
  it('has none of what was read from it, whichever name said it; where the data is stays', () => {
    const env: Record<string, string | undefined> = {
      BERTH_DATA_DIR: join(ownFolder(), 'data'),
      SECRET_KEY: `${goodKey}x`,
      BERTH_SECRET_KEY: goodKey,
      SMTP_URL: 'smtp://me:canary@localhost',
      SMTP_FROM: 'a@b.example',
      OIDC_X_ISSUER: 'https://login.example.org',
      OIDC_X_CLIENT_ID: 'x',
      OIDC_X_CLIENT_SECRET: 'canary',
      PORT: '0',
      BERTH_PUBLIC_ORIGIN: 'https://berth.example.org',
      PATH: '/bin',
    };
    const config = readConfig({ mode: 'served', argv: [], env });
    forgetSettings(config, env);
    expect(Object.keys(env)).toEqual(['BERTH_DATA_DIR', 'PATH']);
  });
});

describe('a secret', () => {
  const rows: readonly Variable[] = variables;
  const secretNames = [...rows.filter((row) => row.isSecret).map(({ name }) => name), 'OIDC_X_CLIENT_SECRET'];

  it('is in no error, no warning, no description and no printed configuration, whatever it is', () => {
    const shapes = [
      (text: string) => text,
      (text: string) => `postgresql://u:${text}@db.example.org/x`,
      (text: string) => `smtp://u:${text}@mail.example.org:99999`,
      (text: string) => `changeme-${text}`,
      (text: string) => `${text}\n${text}`,
    ];
    let taken = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...secretNames),
        fc.string({ unit: fc.constantFrom(...'abcXYZ019%#@:/ ?&='.split('')), minLength: 8, maxLength: 40 }),
        fc.constantFrom(...shapes),
        fc.boolean(),
        (name, text, shape, isLong) => {
          const value = shape(`canary${text}canary`);
          // What goes with it where it is right, so that both what is refused and what is taken is looked at.
          const beside = {
            ...(name === 'SMTP_PASSWORD' ? { SMTP_HOST: 'localhost', SMTP_USER: 'u' } : {}),
            ...(name.startsWith('SMTP_') ? { SMTP_FROM: 'a@b.example' } : {}),
            ...(name.startsWith('OIDC_')
              ? { OIDC_ISSUER: 'https://login.example.org', OIDC_CLIENT_ID: 'b' }
              : {}),
          };
          const env = { [`${isLong ? 'BERTH_' : ''}${name}`]: value, ...beside };
          const { config, errors, warnings } = readServed(env);
          if (config === undefined) refused += 1;
          else taken += 1;
          const shown = config === undefined ? '' : describeConfig(config) + JSON.stringify(config);
          expect([...errors, ...warnings, shown].join('\n')).not.toContain('canary');
        },
      ),
      { numRuns: 300 },
    );
    expect(Math.min(taken, refused)).toBeGreaterThan(30);
  });
});
