/** Something at a provider that costs and that Berth does not know as its own, as Berth keeps it: pure. */
import { z } from 'zod';
import { FoundResource } from '#contract/clouds.ts';
import { Machine } from '#contract/machines.ts';

const Stored = FoundResource.extend({
  /** Of a machine, as last seen. */
  power: z.enum(['new', 'on', 'off', 'archived']).nullable(),
  /** Of what is kept: the provider's id of the machine that it was of. */
  ofProviderId: z.string().nullable(),
  /** The machine of this Berth that it was of, where that is still known. */
  machineId: Machine.shape.id.nullable(),
});
export type FoundRecord = z.infer<typeof Stored>;

/** As the comparison tells it: what the person said of it is not in it. */
export type Find = Omit<FoundRecord, 'id' | 'isDismissed' | 'foundAt'>;

export function parseFoundRecord(value: unknown): FoundRecord {
  return Stored.parse(value);
}

export function toFound(record: FoundRecord): FoundResource {
  return FoundResource.parse(record);
}
