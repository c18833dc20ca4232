/** What a look at an account could not see, and how it went: shapes that costs and looks share. Pure. */
import type { BerthError } from '#contract/berth-error.ts';
import type { MachineTrouble } from '#contract/machines.ts';
import type { z } from 'zod';
import type { CloudInventory } from '../interfaces/cloud-provider.ts';

/** What could not be seen. */
export interface Look {
  readonly unseen: CloudInventory['unseen'];
  /** There are backups, and what they cost is not told. */
  readonly isBackupPriceUnknown: boolean;
}

/** How the last look at an account went; what it saw is that of the last one that went well. */
export interface LookState extends Look {
  /** Null: it went well. */
  readonly error: BerthError | null;
}

/** That the snapshot which a machine sleeps in is gone; the trouble of a making has choices. */
export function isSleepTrouble({ choices, error }: z.infer<typeof MachineTrouble>): boolean {
  return error.code === 'machine.copy-unverified' && choices.length === 0;
}
