/** What Berth itself has of a machine beside its record: taken away in an order that can be repeated. */
import type { HostId, MachineId } from '#contract/ids.ts';
import type { MachineRecord } from '../machine.ts';
import type { MachineDirectory } from '../machine-directory.ts';
import type { Waiting } from '../patience.ts';

export interface RemainsDeps {
  readonly directory: MachineDirectory;
  /** Its key and its firewall at the provider, which cost nothing. */
  readonly removeProviderParts: (waiting: Waiting, record: MachineRecord) => Promise<void>;
  /** It is no error where it is gone. */
  readonly removeHost: (id: HostId) => Promise<void>;
  /** All of its keys, and what the record says of them. Throws credential.* where the keychain is closed. */
  readonly dropKeys: (record: MachineRecord) => Promise<void>;
}

export async function removeProviderParts(
  { directory, removeProviderParts: remove }: RemainsDeps,
  waiting: Waiting,
  id: MachineId,
): Promise<void> {
  const record = directory.record(id);
  if (record !== undefined) await remove(waiting, record);
}

/** Its workspaces' records go with it, as with every host. */
export async function removeHost(
  { directory, removeHost: remove }: RemainsDeps,
  id: MachineId,
): Promise<void> {
  const hostId = directory.record(id)?.hostId ?? null;
  if (hostId === null) return;
  await remove(hostId);
  await directory.change(id, { hostId: null });
}

export async function dropKeys({ directory, dropKeys: drop }: RemainsDeps, id: MachineId): Promise<void> {
  const record = directory.record(id);
  if (record !== undefined) await drop(record);
}
