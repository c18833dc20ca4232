/** The time as a value that moves, for clocks and ages that count. Stands still while nobody needs it. */
import { useEffect, useState } from 'react';

const tickMs = 1000;

/** Epoch milliseconds, anew each second while `isNeeded`. */
export function useNow(isNeeded: boolean): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    if (!isNeeded) return;
    setNowMs(Date.now());
    const timer = setInterval(() => setNowMs(Date.now()), tickMs);
    return () => clearInterval(timer);
  }, [isNeeded]);
  return nowMs;
}
