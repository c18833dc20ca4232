/** "3 minutes ago", which stays right by itself; the exact time on hover. One clock drives all of them. */
import { useSyncExternalStore } from 'react';
import { formatExact, formatRelative } from './format.ts';

const tickMs = 10_000;

function subscribe(listener: () => void): () => void {
  const timer = setInterval(listener, tickMs);
  return () => clearInterval(timer);
}
const readTick = () => Math.floor(Date.now() / tickMs);

export function RelativeTime({ at, className }: { at: string; className?: string }) {
  useSyncExternalStore(subscribe, readTick);
  const date = new Date(at);
  return (
    <time dateTime={at} title={formatExact(date)} className={className}>
      {formatRelative(date, new Date())}
    </time>
  );
}
