/** What a stopped workspace does not save: the machine that was rented for it goes on costing. Pure. */
import type { Machine } from '#contract/machines.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { formatPerHour } from '../../components/money.ts';

/** The machine of a host where nothing runs on it and nothing ends it by itself. Undefined: it is none, or is seen to. */
export function idleMachine(
  machine: Machine | undefined,
  workspaces: Iterable<Pick<Workspace, 'hostId' | 'state'>>,
): Machine | undefined {
  if (machine?.life !== 'made' || machine.end.at !== null || machine.end.idleMinutes !== null)
    return undefined;
  for (const { hostId, state } of workspaces)
    if (hostId === machine.hostId && !atRest.has(state)) return undefined;
  return machine;
}

/** What is on its way, or not seen, is not taken for idle. */
const atRest: ReadonlySet<Workspace['state']> = new Set(['stopped', 'failed', 'missing']);

export function goingCostWords({ hourlyUsd, name }: Pick<Machine, 'name' | 'hourlyUsd'>): string {
  return `Its machine ${name} goes on costing ${formatPerHour(hourlyUsd)}, and nothing ends that by itself.`;
}
