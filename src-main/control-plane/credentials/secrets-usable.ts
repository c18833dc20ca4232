/** Waiting until the place of the secrets can be used: a vault that a person unlocks, a keychain that comes back. */
import type { SecretStore } from '../interfaces/secret-store.ts';

/** Resolves at once where it can be used now. Never rejects: a status that cannot be read is one that is not ready. */
export async function secretsUsable(
  store: Pick<SecretStore, 'status' | 'onStatusChange'>,
  signal: AbortSignal,
): Promise<void> {
  const ready = Promise.withResolvers<void>();
  // From before the first look, so that nothing is missed between the two.
  const stop = store.onStatusChange(({ state }) => {
    if (state === 'ready') ready.resolve();
  });
  const aborted = () => ready.resolve();
  signal.addEventListener('abort', aborted, { once: true });
  if (signal.aborted) aborted();
  store.status().then(
    ({ state }) => {
      if (state === 'ready') ready.resolve();
    },
    () => undefined,
  );
  await ready.promise;
  stop();
  signal.removeEventListener('abort', aborted);
}
