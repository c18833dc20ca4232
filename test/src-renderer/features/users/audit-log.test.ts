/** Pages of the audit log by cursor: in order, once each, and never those of a filter that was left. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { InputOf, OutputOf } from '#contract/index.ts';
import type { AuditEntry } from '#contract/users.ts';
import { createAuditLog } from '#renderer/features/users/audit-log.ts';

type Page = OutputOf<'audit.list'>;
const entry = (number: number): AuditEntry => ({
  number,
  at: '2026-11-20T09:00:00.000Z',
  userId: null,
  userName: 'Ada',
  by: 'browser',
  action: 'workspaces.create',
  subject: null,
  outcome: 'done',
  address: null,
});

function world() {
  const asked: { input: InputOf<'audit.list'>; answer: PromiseWithResolvers<Page> }[] = [];
  const log = createAuditLog({
    call: ((_method: string, input: InputOf<'audit.list'>) => {
      const answer = Promise.withResolvers<Page>();
      asked.push({ input, answer });
      return answer.promise;
    }) as never,
  });
  const settle = async (index: number, page: Page) => {
    asked[index]?.answer.resolve(page);
    await asked[index]?.answer.promise;
    await Promise.resolve();
  };
  return { log, asked, settle, numbers: () => log.store.getState().entries?.map(({ number }) => number) };
}
const everything = { userId: null, action: null };

describe('the audit log', () => {
  it('reads on from the last line that it has', async () => {
    const { log, asked, settle, numbers } = world();
    log.show(everything);
    await settle(0, { entries: [entry(9), entry(7)], hasMore: true });
    log.readMore();
    // Pressed twice: asked once.
    log.readMore();
    expect(asked.map(({ input }) => input.before)).toEqual([null, 7]);
    await settle(1, { entries: [entry(4)], hasMore: false });
    expect(numbers()).toEqual([9, 7, 4]);
    expect(log.store.getState().hasMore).toBe(false);
  });

  it('drops the answer of a filter that was left', async () => {
    const { log, asked, settle, numbers } = world();
    log.show(everything);
    log.show({ userId: null, action: 'hosts.' });
    await settle(0, { entries: [entry(9)], hasMore: true });
    expect(numbers()).toBeUndefined();
    await settle(1, { entries: [entry(3)], hasMore: false });
    expect(numbers()).toEqual([3]);
    expect(asked[1]?.input).toMatchObject({ action: 'hosts.', before: null });
  });

  it('keeps what it has when a page fails, and asks for the same again', async () => {
    const { log, asked, settle, numbers } = world();
    log.show(everything);
    await settle(0, { entries: [entry(9)], hasMore: true });
    log.readMore();
    asked[1]?.answer.reject(new BerthError('connection-lost', 'Gone.'));
    await asked[1]?.answer.promise.catch(() => undefined);
    await Promise.resolve();
    expect(log.store.getState()).toMatchObject({ isReading: false, error: { code: 'connection-lost' } });
    expect(numbers()).toEqual([9]);
    log.readMore();
    expect(asked[2]?.input.before).toBe(9);
    expect(log.store.getState().error).toBeNull();
  });
});
