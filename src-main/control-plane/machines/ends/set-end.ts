/** When a machine ends by itself, as a person says it. */
import { BerthError } from '#contract/berth-error.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import type { Machine } from '#contract/machines.ts';
import type { Clock } from '../../interfaces/clock.ts';
import type { MachineRecord } from '../machine.ts';
import type { MachineDirectory } from '../machine-directory.ts';
import type { EndKeeper } from './end-keeper.ts';

export interface SetEndDeps {
  readonly directory: MachineDirectory;
  readonly keeper: Pick<EndKeeper, 'touched'>;
  readonly clock: Clock;
}

/** Throws conflict, and invalid-input for an instant that is over. */
export async function setEnd(
  { clock, directory, keeper }: SetEndDeps,
  { end, id }: ParsedInputOf<'machines.setEnd'>,
): Promise<Machine> {
  const record = directory.require(id);
  requireEndable(record);
  const isNew = end.at !== null && end.at !== record.end.at;
  if (isNew && Date.parse(end.at as string) <= clock.nowMs())
    throw BerthError.atField('end.at', 'This time is over. Choose a later one, or destroy the machine now.');
  await directory.change(id, { end });
  // Also where it is as before: whoever says so is there, and wants it to go on.
  keeper.touched(id);
  return directory.view(id);
}

function requireEndable({ life, name }: MachineRecord): void {
  if (life !== 'destroying' && life !== 'vanished') return;
  throw new BerthError('conflict', `“${name}” is ending already.`, { details: { life } });
}
