/** One machine in the list: what it is, how it is, what it costs and when it ends. Opens its page. */
import type { Machine } from '#contract/machines.ts';
import { formatBytes, formatCount } from '../../components/format.ts';
import { formatPerHour } from '../../components/money.ts';
import { RelativeTime } from '../../components/relative-time.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { useClouds, useCosts, useViewActions } from '../../state/app-context.tsx';
import { machineMark } from '../../state/marks.ts';
import { endWord, perHourOf, stateDetail } from './machine-lines.ts';

export function MachineRow({ machine }: { machine: Machine }) {
  const view = useViewActions();
  const clouds = useClouds();
  const mark = machineMark(machine);
  const perHourUsd = perHourOf(machine, useCosts().value);
  const detail = stateDetail(machine, perHourUsd);
  const account = clouds.items.length > 1 ? clouds.byId.get(machine.cloudId)?.label : undefined;
  const facts = [
    machine.cpus === null ? null : formatCount(machine.cpus, 'CPU', 'CPUs'),
    machine.memoryBytes === null ? null : formatBytes(machine.memoryBytes),
    machine.region,
    account,
  ].filter((fact) => fact != null);
  return (
    <li>
      <button
        type="button"
        onClick={() => view.open({ type: 'machine', machineId: machine.id })}
        className="focus-inset grid w-full grid-cols-[minmax(0,5fr)_minmax(0,5fr)_minmax(0,3fr)] items-start gap-x-4 gap-y-1 px-3 py-2 text-left transition-colors hover:bg-hover max-sm:grid-cols-1"
      >
        <span className="flex min-w-0 flex-col">
          <span className="truncate font-medium" dir="auto" title={machine.name}>
            {machine.name}
          </span>
          <span className="truncate text-meta text-muted" title={machine.size} dir="auto">
            {facts.join(' · ')}
          </span>
          {(machine.ipv4 ?? machine.ipv6) !== null && (
            <span className="truncate font-code text-meta text-muted">{machine.ipv4 ?? machine.ipv6}</span>
          )}
        </span>
        <span className="flex min-w-0 flex-col">
          <StateMark signal={mark.signal} word={mark.word} />
          {machine.life === 'asleep' && machine.sleep !== null && (
            <span className="text-meta text-muted">
              Went to sleep <RelativeTime at={machine.sleep.sinceAt} />
            </span>
          )}
          {detail !== null && <span className="text-meta text-muted wrap-anywhere">{detail}</span>}
        </span>
        <span className="tabular flex min-w-0 flex-col sm:text-right">
          <span className={perHourUsd === null ? 'text-muted max-sm:hidden' : undefined}>
            {perHourUsd === null ? '–' : formatPerHour(perHourUsd)}
          </span>
          {machine.endsAt !== null && (
            <span className="text-meta text-muted">
              {endWord(machine)} <RelativeTime at={machine.endsAt} />
            </span>
          )}
        </span>
      </button>
    </li>
  );
}
