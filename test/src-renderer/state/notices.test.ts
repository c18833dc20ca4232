/** Notices are kept and can be looked up again; a cancelled act is no failure. */
import { expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { createNotices } from '#renderer/state/notices.ts';

it('keeps the newest first, and no more than 200', () => {
  const notices = createNotices();
  for (let n = 0; n < 250; n += 1) notices.show({ title: `n${n}` });
  const kept = notices.store.getState().notices;
  expect(kept).toHaveLength(200);
  expect(kept[0]?.title).toBe('n249');
});

it('takes the toast away when it is hidden or seen in the list, not the notice', () => {
  const notices = createNotices();
  const first = notices.show({ title: 'first' });
  notices.show({ title: 'second' });
  notices.hide(first);
  expect(notices.store.getState().notices.map((notice) => notice.isShown)).toEqual([true, false]);
  notices.markRead();
  expect(notices.store.getState().notices).toMatchObject([
    { isRead: true, isShown: false },
    { isRead: true, isShown: false },
  ]);
});

it('tells failures with their error, foreign ones as internal, and nothing of a cancel', () => {
  const notices = createNotices();
  notices.fail('Could not stop', new BerthError('cancelled', 'It was cancelled.'));
  expect(notices.store.getState().notices).toEqual([]);
  notices.fail('Could not stop', new TypeError('x is undefined'));
  expect(notices.store.getState().notices[0]).toMatchObject({ level: 'error', error: { code: 'internal' } });
});
