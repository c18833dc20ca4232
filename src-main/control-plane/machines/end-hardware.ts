/**
 * Destroys what a machine is at the provider and follows it until it is gone: an answer of "yes" has been seen to leave a
 * machine running for a month. May be asked again at any point.
 */
import { BerthError } from '#contract/berth-error.ts';
import { delay } from '../delay.ts';
import type { CloudClient, LeftoverRef } from '../interfaces/cloud-provider.ts';
import { patiently, type Waiting } from './patience.ts';

/** Milliseconds between two looks. */
const LOOK_MS = 2_000;
/** Milliseconds after which the order is given anew: a machine that is still being made has been seen to ignore it. */
const ORDER_AGAIN_MS = 60_000;
/** Milliseconds after which it is given up, with what is left. */
const GIVE_UP_MS = 15 * 60_000;
/** How often what failed is tried again; a volume lets go of its machine within seconds. */
const RETRIES = 5;

export interface EndHardware extends Waiting {
  readonly client: CloudClient;
  readonly providerId: string;
  readonly leftovers: readonly LeftoverRef[];
}

/** Throws machine.action-failed with `details.failures` where something stays, and cloud.*. */
export async function endHardware(end: EndHardware): Promise<void> {
  const { client, clock, leftovers, providerId, signal } = end;
  const order = () => patiently(end, () => client.destroyMachine(providerId, leftovers, signal));
  await order();
  const beganMs = clock.monotonicMs();
  let orderedMs = beganMs;
  let retries = 0;
  for (;;) {
    const { failures, isDone, isMachineGone } = await patiently(end, () =>
      client.destruction(providerId, signal),
    );
    if (isMachineGone && (isDone || leftovers.length === 0) && failures.length === 0) return;
    if (isDone && failures.length > 0) {
      if (retries >= RETRIES) throw stays(failures);
      retries += 1;
      end.note(`${failures.length} could not be destroyed yet; trying again`);
      await pause(end, LOOK_MS * retries);
      await patiently(end, () => client.retryDestruction(providerId, signal));
    }
    const nowMs = clock.monotonicMs();
    if (nowMs - beganMs > GIVE_UP_MS)
      throw new BerthError(
        'machine.overdue',
        'The provider has not destroyed it within 15 minutes. It may still cost: look there, and try again.',
      );
    if (!isMachineGone && nowMs - orderedMs > ORDER_AGAIN_MS) {
      orderedMs = nowMs;
      await order();
    }
    await pause(end, LOOK_MS);
  }
}

function stays(failures: readonly (LeftoverRef & { readonly reason: string })[]): BerthError {
  const [first] = failures;
  return new BerthError(
    'machine.action-failed',
    `${failures.length === 1 ? 'One thing' : `${failures.length} things`} could not be destroyed and may cost: ${first?.kind} ${first?.id} (${first?.reason}). Try again, or look at the provider.`,
    { details: { failures: failures.map(({ kind, id, reason }) => `${kind} ${id}: ${reason}`) } },
  );
}

async function pause({ clock, signal }: Waiting, ms: number): Promise<void> {
  await delay(clock, ms, signal);
  signal.throwIfAborted();
}
