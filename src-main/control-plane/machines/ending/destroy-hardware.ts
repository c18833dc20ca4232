/**
 * Destroys all that a machine is at the provider and keeps what Berth knows of it: the last part of destroying one for good,
 * and of putting one to sleep. Guarantees: whatever carries the machine's tag goes, also what a lost reply left behind; the
 * record says that the hardware is gone only once the provider does. May be asked again at any point.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { MachineId } from '#contract/ids.ts';
import type { LeftoverRef } from '../../interfaces/cloud-provider.ts';
import { askCloud } from '../ask-cloud.ts';
import type { CloudClients } from '../cloud-clients.ts';
import { endHardware } from '../end-hardware.ts';
import { machineTag } from '../machine.ts';
import type { MachineDirectory } from '../machine-directory.ts';
import { endRentedHardware } from '../making/rent-hardware.ts';
import type { Waiting } from '../patience.ts';

export interface DestroyHardwareDeps {
  readonly directory: MachineDirectory;
  readonly clouds: CloudClients;
}

export interface HardwareEnd {
  /** Undefined: nothing stays. Else why something does; the hardware itself is gone. */
  readonly stays: BerthError | undefined;
}

/** Throws machine.overdue and cloud.* while hardware may still be there. Does nothing where Berth has forgotten the machine. */
export async function destroyHardware(
  { clouds, directory }: DestroyHardwareDeps,
  waiting: Waiting,
  id: MachineId,
  leftovers: readonly LeftoverRef[],
): Promise<HardwareEnd> {
  const record = directory.record(id);
  if (record === undefined) return { stays: undefined };
  const { cloudId } = record;
  const { signal } = waiting;
  // A request whose answer is not known may still come to something: it is looked for as long as that takes.
  if (record.requestedAt) await endRentedHardware({ clouds, directory }, waiting, id);
  const providerId = directory.record(id)?.providerId ?? null;
  const tagged = await askCloud(waiting, clouds, cloudId, (client) =>
    client.machinesTagged(machineTag(id), signal),
  );
  const providerIds = new Set([...(providerId === null ? [] : [providerId]), ...tagged.map((one) => one.id)]);
  let stays: BerthError | undefined;
  for (const one of providerIds) {
    const own = one === providerId ? leftovers : [];
    try {
      await askCloud(waiting, clouds, cloudId, (client) =>
        endHardware({ ...waiting, client, providerId: one, leftovers: own }),
      );
    } catch (error) {
      signal.throwIfAborted();
      if (!BerthError.is(error, 'machine.action-failed', 'machine.overdue')) throw error;
      const left = await askCloud(waiting, clouds, cloudId, (client) => client.machine(one, signal));
      if (left !== undefined) throw error;
      stays = error;
    }
    const now = directory.record(id);
    if (now === undefined) continue;
    await directory.change(id, {
      ...(now.providerId === one ? gone : {}),
      earlierProviderIds: [...now.earlierProviderIds.filter((earlier) => earlier !== one), one],
    });
  }
  return { stays };
}

const gone = {
  providerId: null,
  power: null,
  ipv4: null,
  ipv6: null,
  gate: null,
  trouble: null,
  requestedAt: null,
  billedFromAt: null,
} as const;
