import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '#main/adapters/database/open-store.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { serveLocalSocket } from '#main/server/local-socket.ts';
import { backUp } from '#main/adapters/database/data-copies.ts';
import { runDataCommand } from '#main/data-commands.ts';
import { servedDefaults } from '#main/config.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { type PostgresServer, startPostgres } from '#test/servers/postgres.ts';
import { Readable, Writable } from 'node:stream';

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.[Symbol.asyncDispose]());

const clock = createSystemClock();
const headless = join(import.meta.dirname, '../../src-main/headless.ts');
const anyThing = (value: unknown) => value as { id: string };
let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-data-'));
  folder = mkdtempSync(join(root, 'data-'));
  chmodSync(folder, 0o700);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function withStore<T>(
  databaseUrl: string | null,
  work: (store: Awaited<ReturnType<typeof openStore>>['store']) => Promise<T>,
): Promise<T> {
  const url = databaseUrl === null ? null : new Secret(databaseUrl);
  const { store } = await openStore({ folder, databaseUrl: url, clock, log: new MemoryLog() });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
const put = (id: string, url: string | null = null) =>
  withStore(url, (store) => store.collection('things', anyThing).put({ id }));
const ids = (url: string | null = null) =>
  withStore(url, async (store) => (await store.collection('things', anyThing).all()).map(({ id }) => id));

async function berth(...argv: string[]) {
  const child = spawn(process.execPath, [headless, ...argv, '--data-dir', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, HOME: root },
  });
  let [output, error] = ['', ''];
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (error += text));
  const [exitCode] = await once(child, 'close');
  return { exitCode, output, error };
}

/** In this process, with an answer on a terminal or none. */
async function run(
  command: 'backup' | 'restore' | 'migrate',
  words: string[],
  url: string | null,
  isYes = true,
) {
  let text = '';
  const sink = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const served = { ...servedDefaults, databaseUrl: url === null ? null : new Secret(url) };
  const exitCode = await runDataCommand({
    command,
    words,
    isYes,
    config: { dataFolder: folder, version: '1.0.0', served },
    streams: { input: Readable.from([]), output: sink, error: sink },
  });
  return { exitCode, text };
}

describe('berth backup, restore and migrate', () => {
  it('bring back what was there, from the command line', async () => {
    await put('first');
    const file = join(root, 'copy');
    expect(await berth('backup', file)).toMatchObject({
      exitCode: 0,
      output: `Backed up 1 records to ${file}\n`,
    });
    await put('second');
    const asked = await berth('restore', file);
    expect(asked).toMatchObject({ exitCode: 1 });
    expect(asked.error).toContain('--yes');
    expect(await ids()).toEqual(['first', 'second']);
    expect(await berth('restore', file, '--yes')).toMatchObject({ exitCode: 0 });
    expect(await ids()).toEqual(['first']);
    expect(readdirSync(join(folder, 'backups')).some((name) => name.startsWith('before-restore'))).toBe(true);
    expect((await berth('migrate')).output).toContain('The SQLite database is in the form of Berth');
  }, 60_000);

  it('say what was typed wrong, and leave no file behind a failure', async () => {
    expect(await berth('backup')).toMatchObject({ exitCode: 2 });
    expect(await berth('restore', 'a', 'b')).toMatchObject({ exitCode: 2 });
    expect(await berth('migrate', '--frobnicate')).toMatchObject({ exitCode: 2 });
    const file = join(root, 'odd');
    writeFileSync(file, 'no backup');
    const refused = await berth('restore', file, '--yes');
    expect(refused.exitCode).toBe(1);
    expect(refused.error).toContain('no backup that can be used');
    expect((await berth('backup', join(root, 'nowhere', 'copy'))).exitCode).toBe(1);
    expect(existsSync(join(root, 'nowhere'))).toBe(false);
  }, 60_000);

  it('take it from the Berth that runs, and restore nothing under it', async () => {
    await withStore(null, async (store) => {
      const copied = { store, folder, version: '1.0.0', clock };
      const socket = await serveLocalSocket({
        dataFolder: folder,
        mode: 'served',
        serve: () => {},
        backUp: () => backUp(copied),
      });
      try {
        await store.collection('things', anyThing).put({ id: 'live' });
        const file = join(root, 'copy');
        expect((await berth('backup', file)).output).toContain('Backed up 1 records');
        const refused = await berth('restore', file, '--yes');
        expect(refused.exitCode).toBe(1);
        expect(refused.error).toContain('Another Berth');
      } finally {
        await socket.close();
      }
    });
  }, 60_000);

  it('carry everything from SQLite to PostgreSQL and back', async () => {
    const url = await postgres.createDatabase();
    await put('kept');
    const file = join(root, 'copy');
    expect(await run('backup', [file], null)).toMatchObject({ exitCode: 0 });
    expect((await run('migrate', [], url)).text).toContain('The PostgreSQL database is in the form of');
    expect(await run('restore', [file], url)).toMatchObject({ exitCode: 0 });
    expect(await ids(url)).toEqual(['kept']);
    await put('later', url);
    const back = join(root, 'back');
    expect(await run('backup', [back], url)).toMatchObject({ exitCode: 0 });
    expect(await run('restore', [back], null)).toMatchObject({ exitCode: 0 });
    expect(await ids()).toEqual(['kept', 'later']);
  });
});
