/** What runs costs now, what the month has cost by host, what is stored, and how far the budgets are. */
import { EyeOff, TriangleAlert } from 'lucide-react';
import type { CostReport } from '#contract/clouds.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { formatHourlyUsd, formatUsd, sumUsd } from '../../components/money.ts';
import { Card, Section } from '../../components/page.tsx';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { useClouds, useCosts } from '../../state/app-context.tsx';
import { useProviders } from '../../state/use-providers.ts';
import { CostTable, StoredTable } from './cost-tables.tsx';
import { type BudgetState, budgetShare, budgetWarning } from './cost-words.ts';

export function CostSection() {
  const costs = useCosts();
  return (
    <Section title="Costs">
      {costs.status === 'loading' && <LoadingRows label="Counting what everything costs" rows={3} />}
      {costs.error !== null && costs.value === null && (
        <ErrorNote
          title="What everything costs could not be read"
          error={costs.error}
          actions={<Button onClick={costs.retry}>Read again</Button>}
        />
      )}
      {costs.value !== null && <Costs report={costs.value} />}
    </Section>
  );
}

function Costs({ report }: { report: CostReport }) {
  const forecast = sumUsd(report.budgets.map(({ forecastUsd }) => forecastUsd)).usd;
  const used = new Set(useClouds().items.map(({ provider }) => provider));
  const notes = (useProviders().answer ?? [])
    .filter(({ id }) => used.has(id))
    .map(({ priceNote }) => priceNote);
  const shownBudgets = report.budgets.filter(({ monthlyUsd }) => monthlyUsd !== null);
  return (
    <Card className="flex flex-col divide-y divide-line">
      <dl className="m-0 flex flex-wrap gap-x-10 gap-y-3 px-4 py-3">
        <Figure label="Now" value={formatHourlyUsd(report.perHourUsd)} unit="an hour" isBig />
        <Figure label="This month until now" value={formatUsd(report.monthUsd)} />
        {report.budgets.length > 0 && (
          <Figure label="This month, if all stays as it is" value={formatUsd(forecast)} />
        )}
      </dl>
      {shownBudgets.length > 0 && (
        <div className="flex flex-col gap-3 px-4 py-3">
          {shownBudgets.map((budget) => (
            <BudgetMeter key={budget.cloudId} budget={budget} />
          ))}
        </div>
      )}
      <div className="pb-2">
        <CostTable report={report} />
      </div>
      <StoredTable stored={report.stored} />
      <div className="flex flex-col gap-1 px-4 py-2.5 text-meta text-muted">
        {report.blind.map((sentence) => (
          <p key={sentence} className="flex items-start gap-1.5">
            <EyeOff aria-hidden size={13} className="mt-0.5 shrink-0" />
            <span className="min-w-0 wrap-anywhere">{sentence}</span>
          </p>
        ))}
        <p>
          Counted by Berth, in UTC, from prices and times, without taxes and traffic. The provider’s bill is
          what counts.
        </p>
        {notes.map((note) => (
          <p key={note}>{note}</p>
        ))}
      </div>
    </Card>
  );
}

function Figure(props: { label: string; value: string; unit?: string; isBig?: boolean }) {
  return (
    <div className="flex flex-col justify-between gap-0.5">
      <dt className="text-meta text-muted">{props.label}</dt>
      <dd className="tabular m-0 flex items-baseline gap-1.5">
        <span className={props.isBig ? 'text-title font-semibold' : 'text-lead font-semibold'}>
          {props.value}
        </span>
        {props.unit !== undefined && <span className="text-muted">{props.unit}</span>}
      </dd>
    </div>
  );
}

const signals = { none: 'running', within: 'running', near: 'attention', over: 'failed' } as const;

function BudgetMeter({ budget }: { budget: BudgetState }) {
  const label = useClouds().byId.get(budget.cloudId)?.label ?? 'A removed account';
  const share = budgetShare(budget);
  const warning = budgetWarning(budget, label);
  const text = `${formatUsd(budget.spentUsd)} of ${formatUsd(budget.monthlyUsd)}`;
  if (share === null) return null;
  return (
    <div className="flex flex-col gap-1">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 text-meta">
        <span className="min-w-0 font-medium wrap-anywhere" dir="auto">
          Budget of {label}
        </span>
        <span className="tabular text-muted">{text}</span>
      </div>
      <ProgressBar label={`Budget of ${label}`} value={share} text={text} signal={signals[budget.level]} />
      {warning !== null && (
        <p className="flex items-start gap-1.5 text-meta">
          <TriangleAlert
            aria-hidden
            size={13}
            className={`mt-0.5 shrink-0 ${budget.level === 'over' ? 'text-failed' : 'text-attention'}`}
          />
          <span className="min-w-0 wrap-anywhere">
            {warning.title}. {warning.forecast}
          </span>
        </p>
      )}
    </div>
  );
}
