/** What the system is told for the window, and where a click on it leads. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createNotices } from '#renderer/state/notices.ts';
import { type SystemNotice, tellBySystem } from '#renderer/state/system-notices.ts';

let now = 0;
let isAway = true;
let told: SystemNotice[] = [];
let shown = 0;

function world() {
  const notices = createNotices(() => {
    now += 1_000;
    return new Date(now);
  });
  notices.show({ level: 'warning', title: 'before' });
  const stop = tellBySystem({
    notices,
    isAway: () => isAway,
    notify: (notice) => told.push(notice),
    showWindow: () => {
      shown += 1;
    },
  });
  const titles = () => told.map(({ title }) => title);
  const noticeOf = (title: string) => notices.store.getState().notices.find((one) => one.title === title);
  return { notices, stop, titles, noticeOf };
}

beforeEach(() => {
  told = [];
  shown = 0;
  isAway = true;
});

describe('what the window says while nobody looks at it', () => {
  it('is said by the system when it warns or failed, once, and nothing else of it', () => {
    const { notices, titles } = world();
    notices.show({ level: 'warning', title: 'api is about to stop', body: 'In less than 10 min.' });
    notices.show({ level: 'info', title: 'a note' });
    notices.show({ level: 'done', title: 'done' });
    notices.fail('Could not hibernate', new Error('x'));
    expect(titles()).toEqual(['api is about to stop', 'Could not hibernate']);
    expect(told[0]?.body).toBe('In less than 10 min.');
    notices.markRead();
    expect(told).toHaveLength(2);
  });

  it('is not said there while somebody looks, nor when they have gone afterwards', () => {
    isAway = false;
    const { notices, titles } = world();
    notices.show({ level: 'warning', title: 'api is about to stop' });
    isAway = true;
    notices.show({ level: 'info', title: 'a note' });
    expect(titles()).toEqual([]);
  });

  it('leads to the window, where it stands again, and does nothing by itself', () => {
    const { notices, noticeOf } = world();
    const putOff = vi.fn();
    const action = { label: 'One more hour', run: putOff };
    const id = notices.show({ level: 'warning', title: 'api is about to stop', action });
    notices.hide(id);
    told[0]?.onClick();
    expect([shown, noticeOf('api is about to stop')?.isShown]).toEqual([1, true]);
    expect(putOff).not.toHaveBeenCalled();
  });

  it('is said of work when the work has ended, as it ended', () => {
    const { notices, titles } = world();
    const work = notices.begin({ title: 'Uploading', action: { label: 'Cancel', run: () => undefined } });
    work.tell('half', 0.5);
    expect(titles()).toEqual([]);
    work.done({ level: 'warning', title: 'Two files were not uploaded' });
    expect(titles()).toEqual(['Two files were not uploaded']);
  });

  it('ends with its window', () => {
    const { notices, stop, titles } = world();
    stop();
    notices.show({ level: 'warning', title: 'too late' });
    expect(titles()).toEqual([]);
  });
});

describe('what is for the system in any case', () => {
  it('is said wherever the person looks, and a click there is its act', () => {
    isAway = false;
    const { notices, titles } = world();
    const show = vi.fn();
    const action = { label: 'Show terminal', run: show };
    notices.show({ level: 'done', title: 'make is finished', action, isForSystem: true });
    expect(titles()).toEqual(['make is finished']);
    told[0]?.onClick();
    expect([shown, show.mock.calls.length]).toEqual([1, 1]);
  });
});
