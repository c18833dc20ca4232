import { expect, it } from 'vitest';
import type { CloudId, MachineId } from '#contract/ids.ts';
import type { MachineRecord } from '#main/control-plane/machines/machine.ts';
import { watchRented } from '#main/control-plane/machines/rented-watch.ts';

it('tells of the account where a machine came, was changed for another, or went', () => {
  const records = new Map<MachineId, Pick<MachineRecord, 'id' | 'cloudId' | 'providerId' | 'name'>>();
  const listeners = new Set<(id: MachineId) => void>();
  const told: CloudId[] = [];
  const id = 'mach_1' as MachineId;
  const cloudId = 'cloud_1' as CloudId;
  const be = (providerId: string | null, name = 'anvil') => {
    records.set(id, { id, cloudId, providerId, name });
    for (const listener of listeners) listener(id);
  };
  be('1');
  const directory = {
    record: (asked: MachineId) => records.get(asked) as MachineRecord | undefined,
    records: () => [...records.values()] as MachineRecord[],
    onChange: (listener: (id: MachineId) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const stop = watchRented(directory, (one) => void told.push(one));
  be('1', 'another name');
  expect(told).toEqual([]);
  be(null);
  be('2');
  be('3');
  expect(told).toEqual([cloudId, cloudId, cloudId]);
  records.delete(id);
  for (const listener of listeners) listener(id);
  expect(told).toHaveLength(4);
  stop();
  be('4');
  expect(told).toHaveLength(4);
});
