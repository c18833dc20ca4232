import { beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '#main/control-plane/machines/ledger.ts';
import type { LedgerItem } from '#main/control-plane/machines/ledger-row.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';
import { cloudId, machineIdOf, otherCloudId } from './money-world.ts';

const at = (text: string) => Date.parse(text);
const t0 = at('2026-01-02T00:00:00Z');
const t1 = at('2026-01-02T01:00:00Z');
const t2 = at('2026-01-02T02:00:00Z');

function machine(change: Partial<LedgerItem> = {}): LedgerItem {
  return {
    cloudId,
    kind: 'machine',
    providerId: '7',
    machineId: machineIdOf(1),
    name: 'web',
    isSleep: false,
    ofProviderId: null,
    hourlyUsd: 0.01,
    monthlyUsd: 6,
    backupShare: 0,
    ...change,
  };
}

let store: MemoryRecordStore;
let log: MemoryLog;
let ledger: Ledger;
beforeEach(async () => {
  store = new MemoryRecordStore();
  log = new MemoryLog();
  ledger = await opened();
});
async function opened(): Promise<Ledger> {
  const next = new Ledger({ store, log });
  await next.load();
  return next;
}
/** As the next Berth reads it: what is not on disk is not so. */
async function rows() {
  await ledger.settled();
  return (await opened())
    .things()
    .flat()
    .map(({ from, hourlyUsd, machineId, providerId, to }) => ({
      providerId,
      machineId,
      hourlyUsd,
      from: Date.parse(from),
      to: to === null ? null : Date.parse(to),
    }));
}
const row = (from: number, to: number | null, change: object = {}) => ({
  providerId: '7',
  machineId: machineIdOf(1),
  hourlyUsd: 0.01,
  from,
  to,
  ...change,
});

describe('a thing in the ledger', () => {
  it('begins when the provider began to bill it, and is written once while nothing changes', async () => {
    ledger.observe(machine(), t1, t0);
    await ledger.settled();
    const writes = store.writes.length;
    for (let look = 0; look < 10; look += 1) ledger.observe(machine(), t2, t1);
    expect(await rows()).toEqual([row(t0, null)]);
    expect(store.writes).toHaveLength(writes);
  });

  it('never begins after it was seen, whatever the clocks say', async () => {
    ledger.observe(machine(), t0, t2);
    expect(await rows()).toEqual([row(t0, null)]);
  });

  it('has a row for each price, without a gap', async () => {
    ledger.observe(machine(), t0, t0);
    ledger.observe(machine({ hourlyUsd: 0.07, monthlyUsd: 48 }), t1, t0);
    ledger.observe(machine({ hourlyUsd: 0.07, monthlyUsd: 48, backupShare: 0.2 }), t2, t0);
    expect(await rows()).toEqual([
      row(t0, t1),
      row(t1, t2, { hourlyUsd: 0.07 }),
      row(t2, null, { hourlyUsd: 0.07 }),
    ]);
  });

  it('takes a name that changed without another row', async () => {
    ledger.observe(machine(), t0, t0);
    ledger.observe(machine({ name: 'web-2' }), t1, t0);
    expect(ledger.open(cloudId)).toMatchObject([{ name: 'web-2', from: '2026-01-02T00:00:00.000Z' }]);
  });

  it('is its machine’s from its beginning when that is known', async () => {
    ledger.observe(machine({ machineId: null }), t0, t0);
    ledger.observe(machine({ machineId: null, hourlyUsd: 0.02 }), t1, t0);
    ledger.observe(machine({ hourlyUsd: 0.02 }), t2, t0);
    expect((await rows()).map(({ machineId }) => machineId)).toEqual([machineIdOf(1), machineIdOf(1)]);
  });

  it('ends once, and was there all along when it is seen again', async () => {
    ledger.observe(machine(), t0, t0);
    ledger.end(machine(), t1);
    ledger.end(machine(), t2);
    expect(await rows()).toEqual([row(t0, t1)]);
    expect(ledger.open(cloudId)).toEqual([]);
    ledger.observe(machine(), t2, t0);
    expect(await rows()).toEqual([row(t0, t1), row(t1, null)]);
  });

  it('ends at its beginning when the clock was set back, and can be seen again then', async () => {
    ledger.observe(machine(), t1, t1);
    ledger.end(machine(), t0);
    expect(await rows()).toEqual([row(t1, t1)]);
    ledger.observe(machine(), t2, t2);
    expect(await rows()).toEqual([row(t1, null)]);
  });

  it('is another thing in another account', async () => {
    ledger.observe(machine(), t0, t0);
    ledger.observe(machine({ cloudId: otherCloudId, machineId: machineIdOf(2) }), t0, t0);
    ledger.end(machine(), t1);
    expect(ledger.open(otherCloudId)).toHaveLength(1);
  });

  it('is counted although it cannot be written, and the log says so', async () => {
    store.failure = new Error('no space left on device') as never;
    ledger.observe(machine(), t0, t0);
    await ledger.settled();
    expect(ledger.open(cloudId)).toHaveLength(1);
    expect(log.messages('error')).toHaveLength(1);
  });
});

describe('what is forgotten', () => {
  const now = at('2027-03-10T00:00:00Z');

  it('is what ended more than thirteen months before this one', async () => {
    ledger.observe(machine(), at('2026-01-01T00:00:00Z'), at('2026-01-01T00:00:00Z'));
    ledger.end(machine(), at('2026-01-31T23:59:59Z'));
    const kept = machine({ providerId: '8' });
    ledger.observe(kept, at('2026-01-01T00:00:00Z'), at('2026-01-01T00:00:00Z'));
    ledger.end(kept, at('2026-02-01T00:00:00Z'));
    ledger.forgetOld(now);
    expect((await rows()).map(({ providerId }) => providerId)).toEqual(['8']);
  });

  it('is never what still costs, nor the machine that it was of', async () => {
    ledger.observe(machine(), t0, t0);
    ledger.end(machine(), t1);
    const snapshot = machine({ kind: 'snapshot', providerId: '9', hourlyUsd: 0, ofProviderId: '7' });
    ledger.observe(snapshot, t0, t0);
    ledger.forgetOld(now);
    expect((await rows()).map(({ providerId }) => providerId).sort()).toEqual(['7', '9']);
    ledger.end(snapshot, t1);
    ledger.forgetOld(now);
    // The machine goes with the next look.
    ledger.forgetOld(now);
    expect(await rows()).toEqual([]);
  });
});
