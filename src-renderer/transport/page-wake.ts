/**
 * What a page notices of its computer's sleep and its network: the browser's word that there is a network, a page that is
 * looked at again after a while, and a timer that came much later than it was set for.
 */

/** `online`: the browser says so. `visible`: looked at again after a while. `sleep`: the clock jumped. */
export type PageWake = 'online' | 'visible' | 'sleep';

export interface WatchedPage {
  readonly window: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
  readonly document: Pick<Document, 'addEventListener' | 'removeEventListener' | 'visibilityState'>;
}

/** Milliseconds out of sight after which ways may have died unseen: browsers slow the timers of such pages down. */
const longHiddenMs = 30_000;
const tickMs = 2_000;
/** Lateness, in milliseconds, that a page in sight has only when the computer slept. */
const gapMs = 5_000;

/** Returns what ends the watch. */
export function watchPageWake(page: WatchedPage, onWake: (why: PageWake) => void): () => void {
  let hiddenAtMs = page.document.visibilityState === 'visible' ? undefined : Date.now();
  let dueAtMs = Date.now() + tickMs;
  const isVisible = () => page.document.visibilityState === 'visible';

  const onOnline = () => onWake('online');
  const onVisibility = () => {
    const nowMs = Date.now();
    // Ticks of a page out of sight are late for other reasons.
    dueAtMs = nowMs + tickMs;
    if (!isVisible()) {
      hiddenAtMs ??= nowMs;
      return;
    }
    const wasHiddenMs = hiddenAtMs === undefined ? 0 : nowMs - hiddenAtMs;
    hiddenAtMs = undefined;
    if (wasHiddenMs > longHiddenMs) onWake('visible');
  };
  const timer = setInterval(() => {
    const lateMs = Date.now() - dueAtMs;
    dueAtMs = Date.now() + tickMs;
    if (lateMs > gapMs && isVisible()) onWake('sleep');
  }, tickMs);
  page.window.addEventListener('online', onOnline);
  page.document.addEventListener('visibilitychange', onVisibility);
  return () => {
    clearInterval(timer);
    page.window.removeEventListener('online', onOnline);
    page.document.removeEventListener('visibilitychange', onVisibility);
  };
}
