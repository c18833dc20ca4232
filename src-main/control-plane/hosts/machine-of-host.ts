/** What a host that is a rented machine may not do, and why it is away: pure. */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId } from '#contract/ids.ts';

export interface MachineOfHost {
  readonly name: string;
  /** Why it cannot be connected now, where that is known. */
  readonly away: 'asleep' | 'off' | null;
  /** It is on its way into sleep, or out of it: nobody begins anything on it. */
  readonly turning?: 'asleep' | 'awake' | null;
}

/** A sentence with the remedy; undefined: it may be used. */
function turningText(machine: MachineOfHost | undefined): string | undefined {
  if (machine?.turning === 'asleep')
    return `“${machine.name}” is going to sleep: nothing is begun on it. Cancel that first, or wake it afterwards.`;
  if (machine?.turning === 'awake') return `“${machine.name}” is waking. Wait until it is awake.`;
  return undefined;
}

/** A sentence with the remedy; undefined: not known. */
function awayText(machine: MachineOfHost | undefined): string | undefined {
  if (machine?.away === 'asleep') return `“${machine.name}” is asleep. Wake the machine first.`;
  if (machine?.away === 'off') return `“${machine.name}” is switched off. Switch the machine on first.`;
  return undefined;
}

/** Throws conflict: a host that is forgotten while its machine runs would cost unseen. */
export function requireNoMachine(machine: MachineOfHost | undefined, sleepers: readonly string[] = []): void {
  const [sleeper] = sleepers;
  if (sleeper !== undefined)
    throw new BerthError(
      'conflict',
      `The files of the machine “${sleeper}” sleep on this host. Wake or destroy that machine first.`,
    );
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

/** What is said of hosts by what their machines do. */
export function reasonsBy(machineOf: (id: HostId) => MachineOfHost | undefined): {
  awayReason: (id: HostId) => string | undefined;
  heldReason: (id: HostId) => string | undefined;
} {
  return { awayReason: (id) => awayText(machineOf(id)), heldReason: (id) => turningText(machineOf(id)) };
}
