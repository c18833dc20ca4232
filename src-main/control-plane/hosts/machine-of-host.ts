/** What a host that is a rented machine may not do, and why it is away: pure. */
import { BerthError } from '#contract/berth-error.ts';

export interface MachineOfHost {
  readonly name: string;
  /** Why it cannot be connected now, where that is known. */
  readonly away: 'asleep' | 'off' | null;
}

/** A sentence with the remedy; undefined: not known. */
export function awayText(machine: MachineOfHost | undefined): string | undefined {
  if (machine?.away === 'asleep') return `“${machine.name}” is asleep. Wake the machine first.`;
  if (machine?.away === 'off') return `“${machine.name}” is switched off. Switch the machine on first.`;
  return undefined;
}

/** Throws conflict: a host that is forgotten while its machine runs would cost unseen. */
export function requireNoMachine(machine: MachineOfHost | undefined): void {
  if (machine === undefined) return;
  throw new BerthError(
    'conflict',
    `This host is the machine “${machine.name}”, which would go on costing. Destroy the machine instead.`,
  );
}

/** Throws conflict. */
export function requireAwake(machine: MachineOfHost | undefined): void {
  if (machine?.away === 'asleep') throw new BerthError('conflict', awayText(machine) ?? '');
}
