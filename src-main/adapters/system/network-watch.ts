/**
 * Notices that the computer's addresses changed: a cable, another Wi-Fi, a VPN. Looks every few seconds, which costs less
 * than a millisecond and works alike on all systems; keeps no process alive. A computer whose addresses cannot be read
 * counts as online: to try in vain is better than never to try.
 */
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { NetworkChange, NetworkWatch } from '../../control-plane/interfaces/network-watch.ts';

/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 2_500;

export interface NetworkWatchDeps {
  readonly clock: Clock;
  /** Default: this computer's. */
  readonly read?: typeof networkInterfaces;
}

export interface ClosableNetworkWatch extends NetworkWatch {
  close(): void;
}

export function createNetworkWatch({
  clock,
  read = networkInterfaces,
}: NetworkWatchDeps): ClosableNetworkWatch {
  const listeners = new Set<(change: NetworkChange) => void>();
  let seen = addressesOf(read);
  let stop = clock.after(LOOK_EVERY_MS, look);

  function look(): void {
    stop = clock.after(LOOK_EVERY_MS, look);
    const now = addressesOf(read);
    if (now === seen) return;
    const wasOnline = seen !== '';
    seen = now;
    const isOnline = now !== '';
    const change = isOnline && wasOnline ? 'moved' : isOnline ? 'came' : 'went';
    for (const listener of [...listeners]) listener({ change, isOnline });
  }

  return {
    get isOnline() {
      return seen !== '';
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => stop(),
  };
}

/** What leads somewhere, as text to compare; empty when nothing does. */
function addressesOf(read: typeof networkInterfaces): string {
  try {
    return Object.entries(read())
      .flatMap(([name, addresses]) =>
        (addresses ?? [])
          .filter(({ internal, address }) => !internal && !isLinkLocal(address))
          .map(({ address, netmask }) => `${name} ${address} ${netmask}`),
      )
      .sort()
      .join('\n');
  } catch {
    return 'unknown';
  }
}

/** Every container's cable and every idle tunnel has one of these: they come and go, and lead nowhere. */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}
