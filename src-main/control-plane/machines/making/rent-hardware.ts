/**
 * Renting hardware, never twice. The record says that a request may be out before it is sent; as long as its answer is not
 * known, nothing is asked again until the provider's list has been looked at for as long as it may lag behind. The tag of the
 * operation tells what is ours.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { MachineId } from '#contract/ids.ts';
import { type Clock, instantOf } from '../../interfaces/clock.ts';
import type { CloudMachine, MachineWish } from '../../interfaces/cloud-provider.ts';
import { delay } from '../../delay.ts';
import { askCloud } from '../ask-cloud.ts';
import { waitsForPerson } from '../cloud-account.ts';
import { endHardware } from '../end-hardware.ts';
import { type MachineRecord, operationTag } from '../machine.ts';
import type { Waiting } from '../patience.ts';
import type { MakingDeps } from './making-deps.ts';

/** Milliseconds that a machine may be missing in the provider's lists after it was made: seconds as a rule. */
export const LISTING_LAG_MS = 90_000;
/** Milliseconds between two looks meanwhile. */
const LOOK_EVERY_MS = 5_000;
/** Requests whose answers were lost, and that had made nothing, after which it is given up. */
const MAX_LOST = 3;

type RentDeps = Pick<MakingDeps, 'clouds' | 'directory'>;

/** Resolves with the action to follow, where there is one. Does nothing where the record has hardware. Throws cloud.*. */
export async function rentHardware(
  deps: RentDeps,
  waiting: Waiting,
  id: MachineId,
  wish: () => Promise<MachineWish>,
): Promise<{ actionId: string | null }> {
  const { clouds, directory } = deps;
  const { clock, signal } = waiting;
  for (let lost = 0; ; ) {
    const record = directory.require(id);
    if (record.providerId !== null) return { actionId: null };
    if (record.requestedAt) {
      waiting.note('The answer of the provider was lost; looking whether it has made the machine.');
      const [found] = await lookForHardware(deps, waiting, record);
      if (found !== undefined) {
        await directory.change(id, hardwareOf(clock, found));
        return { actionId: null };
      }
    }
    const asked = await wish();
    // The client first: where there is none, nothing is out.
    const client = await askCloud(waiting, clouds, record.cloudId, async (present) => present);
    signal.throwIfAborted();
    await directory.change(id, { requestedAt: instantOf(clock) });
    try {
      const { machine, actionId } = await client.createMachine(asked, signal);
      await directory.change(id, hardwareOf(clock, machine));
      return { actionId };
    } catch (error) {
      signal.throwIfAborted();
      if (!BerthError.is(error)) throw error;
      if (error.code === 'cloud.unreachable' || error.code === 'cloud.failed') {
        lost += 1;
        if (lost >= MAX_LOST) throw error;
        continue;
      }
      // It said no: nothing was made.
      await directory.change(id, { requestedAt: null });
      if (BerthError.is(error, 'cloud.rate-limited')) {
        const told = error.details.retryAfterMs;
        waiting.note(`${error.message} Trying again.`);
        await delay(clock, typeof told === 'number' ? told : LOOK_EVERY_MS, signal);
        signal.throwIfAborted();
      } else if (!waitsForPerson(error)) throw error;
      // A refused token: `askCloud` waits for another one in the next round.
      else clouds.noteFailure(record.cloudId, error);
    }
  }
}

/** All of this operation's, looked for until the provider's list must show them; at once where one is seen. */
async function lookForHardware(
  { clouds }: RentDeps,
  waiting: Waiting,
  { cloudId, operationId }: MachineRecord,
): Promise<CloudMachine[]> {
  if (operationId === null) return [];
  const { clock, signal } = waiting;
  const beganMs = clock.monotonicMs();
  for (;;) {
    const found = await askCloud(waiting, clouds, cloudId, (client) =>
      client.machinesTagged(operationTag(operationId), signal),
    );
    if (found.length > 0 || clock.monotonicMs() - beganMs > LISTING_LAG_MS) return found;
    await delay(clock, LOOK_EVERY_MS, signal);
    signal.throwIfAborted();
  }
}

/** Ends all of it, also what an answer was lost of; the record says that it is gone only once the provider does. */
export async function endRentedHardware(deps: RentDeps, waiting: Waiting, id: MachineId): Promise<void> {
  const { clouds, directory } = deps;
  const record = directory.record(id);
  if (record === undefined || record.operationId === null) return;
  const { cloudId, operationId, providerId } = record;
  const mayBeUnseen = providerId === null && Boolean(record.requestedAt);
  const tagged = mayBeUnseen
    ? await lookForHardware(deps, waiting, record)
    : await askCloud(waiting, clouds, cloudId, (client) =>
        client.machinesTagged(operationTag(operationId), waiting.signal),
      );
  const ids = new Set([...(providerId === null ? [] : [providerId]), ...tagged.map((one) => one.id)]);
  for (const one of ids)
    await askCloud(waiting, clouds, cloudId, (client) =>
      endHardware({ ...waiting, client, providerId: one, leftovers: [] }),
    );
  await directory.change(id, {
    providerId: null,
    requestedAt: null,
    power: null,
    ipv4: null,
    ipv6: null,
    gate: null,
    trouble: null,
    billedFromAt: null,
  });
}

export function hardwareOf(clock: Clock, machine: CloudMachine): Partial<Omit<MachineRecord, 'id'>> {
  const { cpus, createdAt, diskBytes, hourlyUsd, id, ipv4, ipv6, isBusy, memoryBytes, monthlyUsd, state } =
    machine;
  return {
    ...{ providerId: id, requestedAt: null, billedFromAt: createdAt },
    ...{ cpus, diskBytes, memoryBytes, hourlyUsd, monthlyUsd, ipv4, ipv6 },
    power: { state, isBusy, readAt: instantOf(clock) },
  };
}
