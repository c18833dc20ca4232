import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultDataFolder } from '#main/config/data-folder.ts';
import { ConfigError, readConfig } from '#main/config.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-config-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const served = (...argv: string[]) =>
  readConfig({ mode: 'served', argv: ['--data-dir', join(folder, 'data'), ...argv], env: {} });

describe('configuration', () => {
  it('has a default for everything, is frozen, and makes its folder for this user alone', async () => {
    const config = readConfig({ mode: 'served', argv: [], env: { XDG_DATA_HOME: folder } });
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 7474,
      publicOrigin: null,
      isBrowserOpened: false,
      addHostFile: null,
    });
    expect(config.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(config.uiFolder).toBe(resolve('out/renderer'));
    expect(Object.isFrozen(config)).toBe(true);
    expect((await stat(config.dataFolder)).mode & 0o777).toBe(0o700);
  });

  it('prefers flags to the environment, and ignores a relative XDG folder', () => {
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
    ['a public origin with a path', ['--public-origin', 'https://berth.example/x']],
  ])('refuses %s', (_name, argv) => {
    expect(() => served(...argv)).toThrow(ConfigError);
  });

  it('listens elsewhere only behind a proxy with TLS', () => {
    expect(served('--host', '0.0.0.0', '--public-origin', 'https://berth.example/')).toMatchObject({
      host: '0.0.0.0',
      publicOrigin: 'https://berth.example',
    });
  });

  it("passes over Chromium's flags and links in the desktop", () => {
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
});
