/** A machine in the second lines of its row: what it waits for, what it costs in this state, when it ends. Pure. */
import type { CostReport } from '#contract/clouds.ts';
import type { Gate, Machine } from '#contract/machines.ts';
import { formatPerHour, formatPerMonth } from '../../components/money.ts';

const gateOrder: readonly Gate[] = ['action', 'address', 'ssh', 'setup'];
const gateWords: Readonly<Record<Gate, string>> = {
  action: 'the provider makes it',
  address: 'waits for its address',
  ssh: 'waits for SSH with the right key',
  setup: 'its set-up runs',
};

export function gateText(gate: Gate): string {
  return `${gateOrder.indexOf(gate) + 1} of ${gateOrder.length}: ${gateWords[gate]}`;
}

/** What stands below the word of its state; null: nothing more to say. */
export function stateDetail(machine: Machine, perHourUsd: number | null): string | null {
  if (machine.trouble !== null) return machine.trouble.error.message;
  if (machine.retry !== null)
    return `Still costs ${formatPerHour(perHourUsd)}: ${machine.retry.error.message}`;
  switch (machine.life) {
    case 'creating':
    case 'waking':
      return machine.gate === null ? null : gateText(machine.gate.gate);
    case 'incomplete':
      return machine.providerId === null ? null : 'It costs as long as it is there';
    case 'asleep': {
      const asleep = machine.sleep?.monthlyUsd ?? null;
      const price = asleep === null ? 'Costs nothing at the provider' : `${formatPerMonth(asleep)} asleep`;
      return `${price}, ${formatPerMonth(machine.monthlyUsd)} awake`;
    }
    case 'vanished':
      return 'The provider does not have it any more';
    case 'made':
      return machine.power?.state === 'off' || machine.power?.state === 'archived'
        ? `Still costs ${formatPerHour(perHourUsd)}`
        : null;
    case 'hibernating':
    case 'destroying':
      return null;
    default:
      return machine.life satisfies never;
  }
}

/** Whether there is hardware, and so a price for each hour. */
export function isBilled({ life, providerId }: Pick<Machine, 'life' | 'providerId'>): boolean {
  return life !== 'asleep' && life !== 'vanished' && providerId !== null;
}

/** For each hour now, with backups where they are counted; null: there is no hardware that costs. */
export function perHourOf(machine: Machine, costs: Pick<CostReport, 'hosts'> | null): number | null {
  if (!isBilled(machine)) return null;
  const counted = costs?.hosts.find(({ machineId }) => machineId === machine.id)?.perHourUsd ?? 0;
  return counted > 0 ? counted : machine.hourlyUsd;
}

/** What happens when it ends by itself. */
export function endWord({ endsAt, end }: Pick<Machine, 'endsAt' | 'end'>): string {
  const isAt = end.at !== null && endsAt !== null && Date.parse(end.at) <= Date.parse(endsAt);
  return (isAt ? end.atAction : end.idleAction) === 'destroy' ? 'destroyed' : 'goes to sleep';
}

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** What waits for the person first, then by name. */
export function sortedMachines(machines: readonly Machine[]): Machine[] {
  const rank = ({ life, retry, trouble }: Machine) =>
    trouble !== null || retry !== null || life === 'vanished' ? 0 : 1;
  return machines.toSorted((a, b) => rank(a) - rank(b) || byName.compare(a.name, b.name));
}
