/**
 * Asking an account for an operation that outlives its troubles: outages pass (patience.ts), and a token that is refused,
 * or a keychain that is closed, is waited for until a person helps. Only for what may be asked twice.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CloudId } from '#contract/ids.ts';
import type { CloudClient } from '../interfaces/cloud-provider.ts';
import { waitsForPerson } from './cloud-account.ts';
import type { CloudClients } from './cloud-clients.ts';
import { patiently, type Waiting } from './patience.ts';

/** Throws as `patiently`, and not-found once the account is gone. */
export async function askCloud<T>(
  waiting: Waiting,
  clouds: CloudClients,
  cloudId: CloudId,
  ask: (client: CloudClient) => Promise<T>,
): Promise<T> {
  const { signal } = waiting;
  for (;;) {
    signal.throwIfAborted();
    const change = nextChange(clouds, cloudId, signal);
    try {
      return await patiently(waiting, async () => await ask(await clouds.client(cloudId)));
    } catch (error) {
      signal.throwIfAborted();
      if (!BerthError.is(error) || !waitsForPerson(error)) throw error;
      clouds.noteFailure(cloudId, error);
      waiting.note(`${error.message} It goes on by itself then.`);
      await change.happened;
    } finally {
      change.stop();
    }
  }
}

/** Listens from now on, so that a token that comes while the failure is read is not missed. */
function nextChange(
  clouds: CloudClients,
  cloudId: CloudId,
  signal: AbortSignal,
): { happened: Promise<void>; stop: () => void } {
  const ends: (() => void)[] = [];
  const happened = new Promise<void>((resolve) => {
    const tell = (id: CloudId) => {
      if (id === cloudId) resolve();
    };
    const aborted = () => resolve();
    signal.addEventListener('abort', aborted, { once: true });
    ends.push(clouds.onUsable(tell), clouds.onRemoved(tell), () =>
      signal.removeEventListener('abort', aborted),
    );
  });
  return {
    happened,
    stop: () => {
      for (const end of ends.splice(0)) end();
    },
  };
}
