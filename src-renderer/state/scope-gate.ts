/** Holds a stream back until it is known that whoever looks at the window may see it. */
import type { StoreApi } from 'zustand/vanilla';
import type { About } from '#contract/about.ts';
import { type Scope, scopesOfRole } from '#contract/scopes.ts';
import type { Gate } from './follow-stream.ts';

/**
 * Waits until this person is known to be somebody who may open it. What every role may see waits for nothing: the window
 * is there a round trip sooner.
 */
export function scopeGate(
  about: StoreApi<{ readonly value: About | null }>,
  scope: Scope,
  onRefused: () => void,
): Gate | null {
  if (scopesOfRole.viewer.has(scope)) return null;
  return (signal) =>
    new Promise((resolve, reject) => {
      const judge = () => {
        const known = about.getState().value;
        if (known === null) return;
        if (!known.scopes.includes(scope)) return onRefused();
        stop();
        resolve();
      };
      const stop = about.subscribe(judge);
      signal.addEventListener(
        'abort',
        () => {
          stop();
          reject(signal.reason as Error);
        },
        { once: true },
      );
      judge();
    });
}
