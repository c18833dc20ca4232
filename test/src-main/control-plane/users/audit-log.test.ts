/** The audit log: pages, bounds, and that nobody ever waits for it or learns a value from it. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, type UserId } from '#contract/ids.ts';
import { AuditLog, type AuditFacts } from '#main/control-plane/users/audit-log.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';

const ada: UserId = 'user_ada00000000000000000';

async function auditWorld(store = new MemoryRecordStore(), clock = new ManualClock()) {
  const log = new MemoryLog();
  const audit = new AuditLog({ store, clock, log });
  await audit.load();
  const list = (over: object = {}) =>
    audit.list({ userId: null, action: null, before: null, limit: 100, ...over });
  return { audit, store, clock, log, list };
}

const facts = (over: Partial<AuditFacts> = {}): AuditFacts => ({
  userId: ada,
  userName: 'Ada',
  by: 'browser',
  action: 'workspaces.start',
  subject: null,
  outcome: 'done',
  address: '192.0.2.7',
  ...over,
});
const stranger = (subject: string) =>
  facts({
    userId: null,
    userName: '',
    by: 'none',
    action: 'account.sign-in',
    subject,
    outcome: 'account.sign-in-failed',
  });

describe('the audit log', () => {
  it('is read from the newest on, page by page, and goes on after a restart', async () => {
    const { audit, store, clock } = await auditWorld();
    for (let count = 1; count <= 250; count++) {
      audit.write(facts({ subject: `ws_${count}` }));
      await clock.advance(1000);
    }
    await audit.close();
    const next = await auditWorld(store, clock);
    next.audit.write(facts({ subject: 'ws_251' }));
    const seen: number[] = [];
    let before: number | null = null;
    let pages = 0;
    for (let hasMore = true; hasMore; pages++) {
      const page = await next.list({ before, limit: 70 });
      seen.push(...page.entries.map(({ number }) => number));
      before = page.entries.at(-1)?.number ?? null;
      hasMore = page.hasMore;
    }
    expect(pages).toBe(4);
    expect(seen).toEqual(Array.from({ length: 251 }, (_, index) => 251 - index));
    expect((await next.list({ limit: 1 })).entries[0]).toMatchObject({ subject: 'ws_251', userName: 'Ada' });
  });

  it('finds one person’s, and one noun’s', async () => {
    const { audit, list } = await auditWorld();
    audit.write(facts());
    audit.write(facts({ userId: localOwnerId, action: 'hosts.add' }));
    audit.write(stranger('x@example.org'));
    expect((await list({ userId: ada })).entries).toHaveLength(1);
    expect((await list({ action: 'hosts.' })).entries).toMatchObject([{ userId: localOwnerId }]);
    expect((await list()).entries.map(({ number }) => number)).toEqual([3, 2, 1]);
  });

  it('forgets the oldest first, and what strangers do pushes out nothing that people did', async () => {
    const { audit, store, list } = await auditWorld();
    audit.write(facts({ subject: 'what Ada did' }));
    for (let count = 0; count < 16_000; count++) audit.write(stranger(`${count}@example.org`));
    await audit.close();
    const pages = await store.collection('audit-pages', (value) => value as { id: string }).all();
    expect(pages.filter(({ id }) => id.startsWith('strangers'))).toHaveLength(50);
    expect((await list({ userId: ada })).entries).toMatchObject([{ subject: 'what Ada did' }]);
    for (let count = 0; count < 15_200; count++) audit.write(facts({ subject: `${count}` }));
    await audit.close();
    const all = await list({ userId: ada, limit: 500 });
    expect(all.entries[0]?.subject).toBe('15199');
    const oldest = await list({ userId: ada, before: 16_400 });
    expect(oldest.entries.every(({ subject }) => subject !== 'what Ada did')).toBe(true);
    const after = await store.collection('audit-pages', (value) => value as { id: string }).all();
    expect(after.length).toBeLessThanOrEqual(200);
  }, 30_000);

  it('reads only the pages that it shows', async () => {
    const { audit, store, list } = await auditWorld();
    for (let count = 0; count < 1_000; count++) audit.write(facts({ subject: `${count}` }));
    await audit.close();
    store.reads.length = 0;
    await list({ limit: 50 });
    expect(store.reads).toEqual([]);
    expect((await list({ before: 150, limit: 20 })).entries[0]?.number).toBe(149);
    expect(store.reads).toEqual(['audit-pages']);
  });

  it('writes many entries with few writes, and makes nobody wait', async () => {
    const { audit, store } = await auditWorld();
    for (let count = 0; count < 90; count++) audit.write(facts());
    expect(store.writes).toEqual([]);
    await audit.close();
    expect(store.writes.filter((name) => name === 'audit-pages')).toHaveLength(1);
  });

  it('fails nobody when the disk is full, and is whole again afterwards', async () => {
    const { audit, store, clock, log, list } = await auditWorld();
    store.failure = new BerthError('store.unwritable', 'Full.');
    for (let count = 0; count < 120; count++) audit.write(facts({ subject: `${count}` }));
    await audit.close();
    expect(log.messages('warn')).toEqual(['the audit log could not be written']);
    expect((await list()).entries).toHaveLength(100);
    store.failure = undefined;
    audit.write(facts({ subject: 'after' }));
    await audit.close();
    const next = await auditWorld(store, clock);
    expect((await next.list({ limit: 500 })).entries).toHaveLength(121);
  });

  it('writes the same failure, and a terminal that is opened again and again, once a while', async () => {
    const { audit, clock, list } = await auditWorld();
    const failed = facts({ outcome: 'host.not-connected', subject: 'ws_1' });
    const attached = facts({ action: 'terminals.attach', subject: 'term_1' });
    for (let minute = 0; minute < 10; minute++) {
      for (let time = 0; time < 5; time++) {
        audit.write(failed);
        audit.write(attached);
      }
      await clock.advance(60_000);
    }
    const { entries } = await list();
    expect(entries.filter(({ action }) => action === 'terminals.attach')).toHaveLength(1);
    expect(entries.filter(({ outcome }) => outcome === 'host.not-connected')).toHaveLength(10);
    audit.write({ ...attached, subject: 'term_2' });
    audit.write(attached);
    expect((await list({ action: 'terminals.attach' })).entries).toHaveLength(3);
  });
});
