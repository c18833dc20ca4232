/** What is said of a host that is away: since when, and what happens next. Pure; asked anew each second for the countdown. */
import type { HostState } from '#contract/hosts.ts';

const dayMs = 86_400_000;
/** Keeps number and unit together. */
const space = '\u00a0';

/**
 * "lost since 12:03, retrying in 4 s", "… , trying now", "… , waiting for a network"; null where the host is not lost.
 * `nowMs` is epoch time.
 */
export function lostWords(state: HostState, nowMs: number): string | null {
  if (state.phase !== 'lost') return null;
  return `lost since ${sinceText(new Date(state.sinceAt), nowMs)}, ${nextText(state, nowMs)}`;
}

function nextText(
  { retryAt, isWaitingForNetwork }: Extract<HostState, { phase: 'lost' }>,
  nowMs: number,
): string {
  if (isWaitingForNetwork) return 'waiting for a network';
  const leftSeconds = retryAt === null ? 0 : Math.ceil((Date.parse(retryAt) - nowMs) / 1000);
  return leftSeconds <= 0 ? 'trying now' : `retrying in ${leftSeconds}${space}s`;
}

/** The time of day; with the date once it is not clear which day is meant. */
export function sinceText(since: Date, nowMs: number): string {
  const isRecent = nowMs - since.getTime() < dayMs && new Date(nowMs).getDate() === since.getDate();
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  return new Intl.DateTimeFormat(
    'en-GB',
    isRecent ? time : { ...time, day: 'numeric', month: 'short' },
  ).format(since);
}
