import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRecordStore } from '#main/adapters/database/open-record-store.ts';
import { openPostgresRecordStore } from '#main/adapters/database/postgres-record-store.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { describeRecordStore } from '#test/harness/record-store-suite.ts';
import { type PostgresServer, startPostgres } from '#test/servers/postgres.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const clock = createSystemClock();
const anyThing = (value: unknown) => value as { id: string; n?: number };
const open = (url: string, more: { lockWaitMs?: number; log?: MemoryLog } = {}) =>
  openPostgresRecordStore({
    url: new Secret(url),
    clock,
    log: more.log ?? new MemoryLog(),
    onUnreadable: () => {},
    lockWaitMs: more.lockWaitMs ?? 0,
  });

describe('PostgreSQL', () =>
  describeRecordStore(async ({ onUnreadable }) =>
    openPostgresRecordStore({
      url: new Secret(await server.createDatabase()),
      clock,
      log: new MemoryLog(),
      onUnreadable,
      lockWaitMs: 0,
    }),
  ));

describe('openPostgresRecordStore', () => {
  let url: string;
  const stores: { close(): Promise<void> }[] = [];
  const opened = async (more?: Parameters<typeof open>[1]) => {
    const store = await open(url, more);
    stores.push(store);
    return store;
  };
  beforeEach(async () => {
    url = await server.createDatabase();
  });
  afterEach(async () => {
    await server.start();
    for (const store of stores.splice(0)) await store.close();
  });

  it('keeps what was written over a restart of Berth', async () => {
    const first = await opened();
    await first.collection('things', anyThing).put({ id: 'a', n: 1 });
    await first.rowLog('log', Number, 10).append('o', 7);
    await first.close();
    const second = await opened();
    expect(await second.collection('things', anyThing).all()).toEqual([{ id: 'a', n: 1 }]);
    expect(await second.rowLog('log', Number, 10).read('o')).toEqual([7]);
  });

  it('refuses a second Berth on the same database, and lets one in when the first has ended', async () => {
    const first = await opened();
    await expect(open(url)).rejects.toMatchObject({ code: 'store.in-use' });
    const waiting = opened({ lockWaitMs: 10_000 });
    await first.close();
    await (await waiting).collection('things', anyThing).put({ id: 'a' });
  });

  it('goes on after the server was restarted, and loses nothing that it had acknowledged', async () => {
    const log = new MemoryLog();
    const store = await opened({ log });
    const things = store.collection('things', anyThing);
    await things.put({ id: 'before' });
    await server.stop();
    const during = things.put({ id: 'during' });
    await server.start();
    await during;
    await things.put({ id: 'after' });
    expect((await things.all()).map(({ id }) => id)).toEqual(['before', 'during', 'after']);
  });

  it('takes its own lock back from a session that was cut off, and from nobody else', async () => {
    const store = await opened();
    const things = store.collection('things', anyThing);
    await things.put({ id: 'a' });
    await server.query(
      url,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'berth' AND datname = current_database()",
    );
    await things.put({ id: 'b' });
    await server.query(
      url,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'berth' AND datname = current_database()",
    );
    const thief = await open(url, { lockWaitMs: 5_000 });
    await expect(things.put({ id: 'c' })).rejects.toMatchObject({ code: 'store.in-use' });
    await thief.close();
    // The other one may have written: what this one remembers is old.
    await expect(things.put({ id: 'd' })).rejects.toMatchObject({ code: 'store.in-use' });
    expect((await things.all()).map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('writes a batch once, although the reply to its commit got lost', async () => {
    await using way = await cuttableWay(server.port);
    const store = await open(url.replace(`:${server.port}/`, `:${way.port}/`));
    stores.push(store);
    const rows = store.rowLog('log', Number, 10);
    await rows.append('o', 1);
    way.swallowNextCommit();
    await rows.append('o', 2);
    expect(way.swallowed).toBe(1);
    await rows.append('o', 3);
    expect(await rows.read('o')).toEqual([1, 2, 3]);
  });

  it('tells a failure where nothing could be committed, and goes on when it can', async () => {
    const store = await opened();
    const rows = store.rowLog('log', Number, 10);
    await server.query(
      url,
      `CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
       CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON berth_log_row DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION cut()`,
    );
    await expect(rows.append('o', 2)).rejects.toMatchObject({ code: 'store.unwritable' });
    await server.query(url, 'DROP TRIGGER cut ON berth_log_row');
    await rows.append('o', 3);
    expect(await rows.read('o')).toEqual([3]);
  });

  it('gives out everything and takes it in again, also what SQLite gave out', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-dump-'));
    const { store: sqlite } = openRecordStore({ folder, clock, log: new MemoryLog() });
    try {
      for (const id of ['c', 'a', 'b']) await sqlite.collection('things', anyThing).put({ id });
      for (const n of [1, 2]) await sqlite.rowLog('log', Number, 10).append('o', n);
      const store = await opened();
      await store.collection('things', anyThing).put({ id: 'old' });
      await store.load(await sqlite.dump());
      expect((await store.collection('things', anyThing).all()).map(({ id }) => id)).toEqual(['c', 'a', 'b']);
      expect(await store.rowLog('log', Number, 10).read('o')).toEqual([1, 2]);
      expect(await store.dump()).toEqual(await sqlite.dump());
    } finally {
      await sqlite.close();
      await rm(folder, { recursive: true });
    }
  });

  it('says what is wrong with the address, and never the password', async () => {
    const wrong = [
      [url.replace(/:p%40ss[^@]*@/, ':wrong@'), /refused user or password/],
      [url.replace(/\/berth_\d+$/, '/nowhere'), /no database of this name/],
      [url.replace(/:\d+\//, ':1/'), /does not answer/],
    ] as const;
    for (const [address, message] of wrong) {
      const failure = await open(address).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'store.unwritable' });
      expect(String((failure as Error).message)).toMatch(message);
      expect(String((failure as Error).message)).not.toMatch(/p@ss|p%40ss|wrong@/);
    }
  }, 60_000);

  it('only reads data of a newer version', async () => {
    const first = await opened();
    await first.collection('things', anyThing).put({ id: 'a' });
    await first.close();
    await server.query(url, 'UPDATE berth_schema SET version = 999');
    const store = await opened();
    expect(store.isReadOnly).toBe(true);
    expect(await store.collection('things', anyThing).all()).toEqual([{ id: 'a' }]);
    await expect(store.collection('things', anyThing).put({ id: 'b' })).rejects.toMatchObject({
      code: 'store.newer-version',
    });
  });

  it('reports a value that was changed behind its back', async () => {
    const first = await opened();
    await first.collection('things', anyThing).put({ id: 'a' });
    await server.query(url, `UPDATE berth_record SET value = '{"id":"x"}'`);
    expect(await first.collection('things', anyThing).all()).toEqual([]);
  });
});

/** A way to the server that can lose the reply to one COMMIT, and the connection with it. */
async function cuttableWay(serverPort: number) {
  let isArmed = false;
  let swallowed = 0;
  const proxy = createServer((near) => {
    const far = connect(serverPort, '127.0.0.1');
    let isSwallowing = false;
    near.on('data', (bytes) => {
      if (isArmed && bytes.includes('COMMIT')) {
        isArmed = false;
        isSwallowing = true;
      }
      far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (!isSwallowing) return void near.write(bytes);
      swallowed += 1;
      near.destroy();
      far.destroy();
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    get swallowed() {
      return swallowed;
    },
    swallowNextCommit: () => {
      isArmed = true;
    },
    [Symbol.asyncDispose]: async () => {
      proxy.close();
    },
  };
}
