/** What the double needs of the machines behind its droplets, and the ones that are none. */
import { documentationAddress } from './account.ts';
import type { MachineOddity } from './faults.ts';

export interface MachinePlan {
  readonly id: number;
  readonly name: string;
  readonly userData: string;
  /** Lines for root's authorized_keys. */
  readonly publicKeys: readonly string[];
  /** Id of the snapshot whose disk it gets; undefined: a fresh one. */
  readonly snapshotId: number | undefined;
  readonly oddity: MachineOddity;
}

export type PowerVerb = 'power-on' | 'power-off' | 'shutdown' | 'reboot' | 'power-cycle';

export interface Hardware {
  /** Resolves with the address once it is switched on. */
  make(plan: MachinePlan): Promise<string>;
  power(id: number, verb: PowerVerb): Promise<void>;
  /** Another disk, the same address; on afterwards. */
  rebuild(id: number, plan: MachinePlan): Promise<void>;
  /** Keeps a copy of the disk, and resolves with its size in GiB. */
  snapshot(id: number, snapshotId: number): Promise<number>;
  forgetSnapshot(snapshotId: number): Promise<void>;
  destroy(id: number): Promise<void>;
  /** Nothing is left afterwards. */
  close(): Promise<void>;
}

/** Droplets that are state alone, with addresses that reach nobody. */
export function noHardware(): Hardware {
  return {
    make: ({ id }) => Promise.resolve(documentationAddress(id)),
    power: () => Promise.resolve(),
    rebuild: () => Promise.resolve(),
    snapshot: () => Promise.resolve(2.36),
    forgetSnapshot: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
