/** What is told to whoever asks: numbers that are true, no name, and a database that is written to find out. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Host } from '#contract/hosts.ts';
import type { Operation } from '#contract/operations.ts';
import { HealthService } from '#main/control-plane/health.ts';
import type { RecordStore } from '#main/control-plane/interfaces/record-store.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';

const host = (phase: string) => ({ name: 'canary-host', state: { phase } }) as unknown as Host;
const operation = (state: string, endedAt: string | null = null) =>
  ({ title: 'canary-title', state, endedAt }) as unknown as Operation;

function world(
  phases: string[] = [],
  operations: Operation[] = [],
  store: RecordStore = new MemoryRecordStore(),
) {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const hosts = phases.map(host);
  const health = new HealthService({ store, hosts: () => hosts, operations: () => operations, clock, log });
  return { health, clock, log };
}

describe('health', () => {
  it('counts hosts and operations, and names none', async () => {
    const operations = [
      operation('running'),
      operation('undoing'),
      operation('waiting'),
      operation('succeeded', '2026-01-01T00:00:00.000Z'),
    ];
    const seen = await world(['ready', 'disconnected', 'ready'], operations).health.look();
    expect(seen).toEqual({
      status: 'ok',
      live: true,
      ready: true,
      database: { state: 'ok' },
      hosts: { total: 3, connected: 2 },
      queue: { running: 2, waiting: 1 },
    });
    expect(JSON.stringify(seen)).not.toContain('canary');
  });

  it.each([
    [['ready', 'lost'], 'degraded'],
    [['failed'], 'degraded'],
    [['needs-you'], 'degraded'],
    [['ready', 'connecting'], 'starting'],
    [['disconnected'], 'ok'],
    [[], 'ok'],
  ])('with hosts that are %j is %s, and ready all the same', async (phases, status) => {
    expect(await world(phases).health.look()).toMatchObject({ status, ready: true });
  });

  it('is not starting for ever', async () => {
    const { health, clock } = world(['connecting']);
    expect((await health.look()).status).toBe('starting');
    await clock.advance(60_000);
    expect((await health.look()).status).toBe('degraded');
  });

  it('is not ready where the database cannot be written, and again when it can', async () => {
    const store = new MemoryRecordStore();
    const { health, clock, log } = world([], [], store);
    store.failure = new BerthError('store.unwritable', 'The disk is full.');
    expect(await health.look()).toMatchObject({
      status: 'degraded',
      live: true,
      ready: false,
      database: { state: 'failing' },
    });
    expect(log.text()).toContain('the database cannot be written');
    store.failure = undefined;
    await clock.advance(5_000);
    expect(await health.look()).toMatchObject({ ready: true, database: { state: 'ok' } });
  });

  it('writes once in five seconds, however many ask', async () => {
    const store = new MemoryRecordStore();
    let writes = 0;
    const counting: RecordStore = {
      isReadOnly: false,
      transaction: (run) => store.transaction(run),
      close: () => store.close(),
      collection: (name, parse) => {
        const records = store.collection(name, parse);
        return {
          ...records,
          put: (record) => {
            writes++;
            return records.put(record);
          },
        };
      },
    };
    const { health, clock } = world([], [], counting);
    await Promise.all(Array.from({ length: 100 }, () => health.look()));
    expect(writes).toBe(1);
    await clock.advance(4_999);
    await health.look();
    expect(writes).toBe(1);
    await clock.advance(1);
    await health.look();
    expect(writes).toBe(2);
  });

  it('does not wait for a database that does not answer', async () => {
    const store = new MemoryRecordStore();
    const silent: RecordStore = {
      isReadOnly: false,
      transaction: (run) => store.transaction(run),
      close: () => store.close(),
      collection: (name, parse) => ({
        ...store.collection(name, parse),
        put: () => new Promise<void>(() => {}),
      }),
    };
    const { health, clock } = world([], [], silent);
    const looking = health.look();
    await clock.advance(5_000);
    expect(await looking).toMatchObject({ ready: false, database: { state: 'failing' } });
  });

  it('says that data of a newer Berth is only read, and that a plane which ends is not ready', async () => {
    const newer = world([], [], new MemoryRecordStore({ isReadOnly: true })).health;
    expect(await newer.look()).toMatchObject({ ready: false, database: { state: 'read-only' } });
    const { health } = world();
    health.close();
    expect(await health.look()).toMatchObject({ ready: false, live: true, database: { state: 'closed' } });
  });
});
