/** What a provider tells of a machine, as the machine's record keeps it: pure. */
import type { CloudMachine } from '../../interfaces/cloud-provider.ts';
import type { MachineRecord } from '../machine.ts';

export type HardwareFacts = Pick<
  MachineRecord,
  | 'power'
  | 'region'
  | 'size'
  | 'cpus'
  | 'memoryBytes'
  | 'diskBytes'
  | 'hourlyUsd'
  | 'monthlyUsd'
  | 'ipv4'
  | 'ipv6'
  | 'hasBackups'
>;

/** `readAt`: an instant of this computer's clock. */
export function hardwareFacts(machine: CloudMachine, readAt: string): HardwareFacts {
  const { state, isBusy, region, size, cpus, memoryBytes, diskBytes } = machine;
  return {
    power: { state, isBusy, readAt },
    region,
    size,
    cpus,
    memoryBytes,
    diskBytes,
    hourlyUsd: machine.hourlyUsd,
    monthlyUsd: machine.monthlyUsd,
    ipv4: machine.ipv4,
    ipv6: machine.ipv6,
    hasBackups: machine.hasBackups,
  };
}
