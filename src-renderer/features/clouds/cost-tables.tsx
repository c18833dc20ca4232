/** This month by host with bars, and what is stored. */
import { HardDrive } from 'lucide-react';
import type { CostReport } from '#contract/clouds.ts';
import { formatPerMonth, formatUsd } from '../../components/money.ts';
import { useViewActions } from '../../state/app-context.tsx';
import { costRows, costStateText, type HostCost } from './cost-words.ts';
import { kindWord } from './found-words.ts';

export function CostTable({ report }: { report: CostReport }) {
  if (report.hosts.length === 0)
    return <p className="px-4 pt-3 pb-1 text-muted">Nothing has cost anything this month.</p>;
  const storedOf = (id: HostCost['machineId']) => {
    const own = report.stored.filter(({ machineId }) => machineId !== null && machineId === id);
    return own.length === 0 ? null : own.reduce((sum, { monthlyUsd }) => sum + monthlyUsd, 0);
  };
  return (
    <table className="w-full table-fixed border-collapse text-left" aria-label="This month by host">
      <thead>
        <tr className="text-meta text-muted">
          <th scope="col" className="px-4 pt-2.5 pb-1 font-medium">
            Host
          </th>
          <th scope="col" className="w-[30%] px-2 pt-2.5 pb-1 font-medium max-sm:hidden">
            <span className="sr-only">Share of the dearest</span>
          </th>
          <th scope="col" className="w-32 px-4 pt-2.5 pb-1 text-right font-medium max-sm:w-28">
            This month
          </th>
        </tr>
      </thead>
      <tbody>
        {costRows(report.hosts).map(({ host, share }) => (
          <CostRow
            key={`${host.machineId ?? host.name} ${host.state}`}
            host={host}
            share={share}
            storedUsd={storedOf(host.machineId)}
          />
        ))}
      </tbody>
    </table>
  );
}

function CostRow({ host, share, storedUsd }: { host: HostCost; share: number; storedUsd: number | null }) {
  const view = useViewActions();
  const isGone = host.state === 'destroyed';
  const { machineId } = host;
  return (
    <tr className={isGone ? 'text-muted' : undefined}>
      <th scope="row" className="px-4 py-1 font-normal">
        {machineId === null || isGone ? (
          <span className={`block truncate ${isGone ? '' : 'font-medium'}`} dir="auto">
            {host.name}
          </span>
        ) : (
          <button
            type="button"
            dir="auto"
            onClick={() => view.open({ type: 'machine', machineId })}
            className="block max-w-full truncate rounded-sm font-medium hover:text-accent"
          >
            {host.name}
          </button>
        )}
        <span className="block text-meta text-muted">{costStateText(host, storedUsd)}</span>
      </th>
      <td className="px-2 py-1 max-sm:hidden">
        <span aria-hidden className="block h-1.5 overflow-hidden rounded-full bg-hover">
          <span
            className={`block h-full rounded-full ${isGone ? 'bg-stopped/60' : 'bg-accent'}`}
            style={{ width: `${share * 100}%` }}
          />
        </span>
      </td>
      <td className="tabular px-4 py-1 text-right">{formatUsd(host.monthUsd)}</td>
    </tr>
  );
}

export function StoredTable({ stored }: Pick<CostReport, 'stored'>) {
  if (stored.length === 0) return null;
  return (
    <div className="flex flex-col gap-1 px-4 py-3">
      <h3 className="text-meta font-medium text-muted">Stored at the provider</h3>
      <ul aria-label="Stored at the provider" className="m-0 flex list-none flex-col gap-1 p-0">
        {stored.map(({ cloudId, kind, name, monthlyUsd }) => (
          <li key={`${cloudId} ${kind} ${name}`} className="flex items-center gap-2">
            <HardDrive aria-hidden size={14} strokeWidth={1.75} className="shrink-0 text-muted" />
            <span className="min-w-0 truncate" dir="auto">
              {name}
            </span>
            <span className="shrink-0 text-meta text-muted">{kindWord(kind, 'machine')}</span>
            <span className="tabular ml-auto shrink-0">{formatPerMonth(monthlyUsd)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
