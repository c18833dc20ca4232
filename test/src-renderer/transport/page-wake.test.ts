import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type PageWake, watchPageWake } from '#renderer/transport/page-wake.ts';

class FakeDocument extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';
  show(state: DocumentVisibilityState): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

let page: { window: EventTarget; document: FakeDocument };
let heard: PageWake[];
let end: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  page = { window: new EventTarget(), document: new FakeDocument() };
  heard = [];
  end = watchPageWake(page as never, (why) => heard.push(why));
});
afterEach(() => {
  end();
  vi.useRealTimers();
});

/** The computer slept: the clock went on, no timer fired. */
const sleep = (ms: number) => vi.setSystemTime(Date.now() + ms);

test('a network that came back is heard of', () => {
  page.window.dispatchEvent(new Event('online'));
  expect(heard).toEqual(['online']);
});

test('a page that is looked at again counts only after a while', async () => {
  page.document.show('hidden');
  await vi.advanceTimersByTimeAsync(20_000);
  page.document.show('visible');
  expect(heard).toEqual([]);
  page.document.show('hidden');
  await vi.advanceTimersByTimeAsync(31_000);
  page.document.show('visible');
  expect(heard).toEqual(['visible']);
});

test('a clock that jumped is a sleep, where the page was in sight', async () => {
  await vi.advanceTimersByTimeAsync(60_000);
  expect(heard).toEqual([]);
  sleep(60_000);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(heard).toEqual(['sleep']);
  await vi.advanceTimersByTimeAsync(60_000);
  page.document.show('hidden');
  // Browsers slow the timers of such a page down: that is no sleep.
  sleep(59_000);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(heard).toEqual(['sleep']);
  page.document.show('visible');
  expect(heard).toEqual(['sleep', 'visible']);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(heard).toHaveLength(2);
});

test('nothing is heard after the end', async () => {
  end();
  page.window.dispatchEvent(new Event('online'));
  sleep(60_000);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(heard).toEqual([]);
});
