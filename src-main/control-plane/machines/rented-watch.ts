/** Tells of an account when what Berth rents there is another machine than before, or one more, or one less. */
import type { CloudId, MachineId } from '#contract/ids.ts';
import type { MachineDirectory } from './machine-directory.ts';

/** Returns what ends it. */
export function watchRented(
  directory: Pick<MachineDirectory, 'onChange' | 'record' | 'records'>,
  tell: (id: CloudId) => void,
): () => void {
  const rented = new Map<MachineId, { readonly cloudId: CloudId; readonly providerId: string }>();
  const look = (id: MachineId) => {
    const record = directory.record(id);
    const before = rented.get(id);
    const providerId = record?.providerId ?? null;
    if (providerId === (before?.providerId ?? null)) return undefined;
    if (record === undefined || providerId === null) rented.delete(id);
    else rented.set(id, { cloudId: record.cloudId, providerId });
    return record?.cloudId ?? before?.cloudId;
  };
  for (const { id } of directory.records()) look(id);
  return directory.onChange((id) => {
    const cloudId = look(id);
    if (cloudId !== undefined) tell(cloudId);
  });
}
