/** Where a view is drawn, and how far it is zoomed. */
import { describe, expect, it, vi } from 'vitest';
import { FakeWindow, fakePage } from './fake-window.ts';

vi.mock('electron', () => ({}));
const { isInFront, layOut, nextZoom } = await import('#main/desktop/app-view-page.ts');

describe('a view', () => {
  it('stands where the page says, in the pixels of a window whose page is zoomed', () => {
    const window = new FakeWindow();
    const { page, bounds } = fakePage(window);
    layOut(page);
    window.zoomFactor = 1.5;
    layOut(page);
    expect(bounds).toEqual([
      { x: 10, y: 20, width: 301, height: 200 },
      { x: 15, y: 30, width: 452, height: 300 },
    ]);
  });

  it('fills the window while its page fills the screen, and is back where it was after that', () => {
    const { page, bounds } = fakePage(new FakeWindow(), { isFullScreen: true });
    layOut(page);
    page.isFullScreen = false;
    layOut(page);
    expect(bounds).toEqual([{ x: 0, y: 0, width: 1000, height: 700 }, page.bounds]);
  });

  it('is in front only where somebody sees it', () => {
    const window = new FakeWindow();
    expect(isInFront(fakePage(window).page)).toBe(true);
    expect(isInFront(fakePage(window, { isVisible: false }).page)).toBe(false);
    window.isShown = false;
    expect(isInFront(fakePage(window).page)).toBe(false);
    window.isShown = true;
    window.isGone = true;
    expect(isInFront(fakePage(window).page)).toBe(false);
  });

  it.each([
    [100, 'zoom-in', 110],
    [100, 'zoom-out', 90],
    [104, 'zoom-in', 110],
    [500, 'zoom-in', 500],
    [25, 'zoom-out', 25],
    [300, 'zoom-reset', 100],
  ] as const)('zooms from %s by %s to %s', (from, act, to) => {
    expect(nextZoom(from, act)).toBe(to);
  });
});
