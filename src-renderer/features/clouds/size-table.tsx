/**
 * The sizes of an account's offer as one group of radio buttons in a table: the arrow keys choose, what cannot be had is grey
 * and says why. Kept to one class at first, since a provider has more than a hundred.
 */
import { CircleAlert } from 'lucide-react';
import { useEffect, useId, useState } from 'react';
import type { CloudImage, CloudOffer, CloudRegion, CloudSize } from '#contract/clouds.ts';
import { classNames } from '../../components/class-names.ts';
import { formatBytes, formatCount } from '../../components/format.ts';
import { formatHourlyUsd, formatPerHour, formatPerMonth, formatUsd } from '../../components/money.ts';
import { Card } from '../../components/page.tsx';
import { Select } from '../../components/select.tsx';
import { familiesOf, type Row, sizeRows } from './machine-choice.ts';

const allFamilies = 'all';

export interface SizeTableProps {
  readonly offer: CloudOffer;
  readonly region: CloudRegion;
  readonly image: CloudImage | undefined;
  readonly chosen: CloudSize | undefined;
  readonly error: string | null;
  readonly onChoose: (id: string) => void;
}

const columns = ['Memory', 'CPUs', 'Disk', 'An hour', 'A month'] as const;

export function SizeTable({ offer, region, image, chosen, error, onChoose }: SizeTableProps) {
  const id = useId();
  const families = familiesOf(offer);
  const [family, setFamily] = useState<string | null>(null);
  // Chosen elsewhere (one of the next choices): its class is shown.
  const chosenFamily = chosen?.family;
  useEffect(() => {
    setFamily((before) => (before === null || before === allFamilies ? before : (chosenFamily ?? before)));
  }, [chosenFamily]);
  const shown = family ?? chosenFamily ?? allFamilies;
  const rows = sizeRows(offer, { region, image }, shown === allFamilies ? null : shown);
  return (
    <div className="flex flex-col gap-2">
      {families.length > 1 && (
        <Select
          label="Class"
          className="max-w-64"
          value={shown}
          options={[
            ...families.map((value) => ({ value, label: value })),
            {
              value: allFamilies,
              label: 'All classes',
              detail: formatCount(offer.sizes.length, 'size', 'sizes'),
            },
          ]}
          onChange={setFamily}
        />
      )}
      <Card>
        <div className="max-h-80 overflow-y-auto rounded-md">
          <table className="w-full border-collapse text-left" aria-label="Sizes">
            <thead className="sticky top-0 z-[1] bg-panel text-meta text-muted shadow-[inset_0_-1px_0_var(--line)]">
              <tr>
                <th scope="col" className="w-9 px-3 py-1.5">
                  <span className="sr-only">Chosen</span>
                </th>
                {columns.map((column) => (
                  <th
                    key={column}
                    scope="col"
                    className={classNames(
                      'px-2 py-1.5 text-right font-medium',
                      column === 'Disk' && 'max-sm:hidden',
                    )}
                  >
                    {column}
                  </th>
                ))}
                <th scope="col" className="w-[38%] px-3 py-1.5 font-medium max-sm:hidden">
                  Name
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <SizeRow
                  key={row.item.id}
                  row={row}
                  group={id}
                  showsFamily={shown === allFamilies}
                  isChosen={row.item.id === chosen?.id}
                  isWrong={error !== null}
                  errorId={`${id}-error`}
                  onChoose={() => onChoose(row.item.id)}
                />
              ))}
            </tbody>
          </table>
        </div>
      </Card>
      {error !== null && (
        <p id={`${id}-error`} role="alert" className="flex items-start gap-1 text-meta text-failed">
          <CircleAlert aria-hidden size={13} className="mt-0.5 shrink-0" />
          <span className="block min-w-0">{error}</span>
        </p>
      )}
    </div>
  );
}

function SizeRow(props: {
  readonly row: Row<CloudSize>;
  readonly group: string;
  readonly showsFamily: boolean;
  readonly isChosen: boolean;
  readonly isWrong: boolean;
  readonly errorId: string;
  readonly onChoose: () => void;
}) {
  const { group, isChosen, onChoose } = props;
  const { item: size, problem } = props.row;
  const isOff = problem !== null;
  const isWrong = props.isWrong && isChosen;
  return (
    <tr
      className={classNames(
        'relative border-b border-line/60 last:border-0 has-[:focus-visible]:outline-2 has-[:focus-visible]:-outline-offset-2 has-[:focus-visible]:outline-accent',
        isOff ? 'text-muted' : 'hover:bg-hover',
        isChosen && 'bg-accent-soft hover:bg-accent-soft',
      )}
    >
      <td className="px-3 py-1.5">
        {/* The label covers the row: a click anywhere chooses it. */}
        <label title={problem ?? undefined} className="flex items-center after:absolute after:inset-0">
          <input
            type="radio"
            name={group}
            checked={isChosen}
            disabled={isOff && !isChosen}
            onChange={onChoose}
            aria-invalid={isWrong || undefined}
            aria-describedby={isWrong ? props.errorId : undefined}
            aria-label={sizeLabel(size, problem)}
            className="size-4 appearance-none rounded-full border border-line-control bg-field outline-none checked:border-accent checked:bg-accent checked:shadow-[inset_0_0_0_3px_var(--surface-field)] disabled:opacity-60"
          />
        </label>
      </td>
      <td className="tabular px-2 py-1.5 text-right font-medium whitespace-nowrap">
        {formatBytes(size.memoryBytes)}
      </td>
      <td className="tabular px-2 py-1.5 text-right">{size.cpus}</td>
      <td className="tabular px-2 py-1.5 text-right whitespace-nowrap max-sm:hidden">
        {formatBytes(size.diskBytes)}
      </td>
      <td className="tabular px-2 py-1.5 text-right">{formatHourlyUsd(size.hourlyUsd)}</td>
      <td className="tabular px-2 py-1.5 text-right">{formatUsd(size.monthlyUsd)}</td>
      <td className="px-3 py-1.5 text-meta wrap-anywhere max-sm:hidden">
        <span className="font-code text-muted">{size.id}</span>
        {[size.gpu, props.showsFamily ? size.family : null, problem]
          .filter((fact) => fact !== null)
          .map((fact) => (
            <span key={fact}> · {fact}</span>
          ))}
      </td>
    </tr>
  );
}

function sizeLabel(size: CloudSize, problem: string | null): string {
  const facts = [
    `${formatBytes(size.memoryBytes)} memory`,
    formatCount(size.cpus, 'CPU', 'CPUs'),
    `${formatBytes(size.diskBytes)} disk`,
    size.gpu,
    formatPerHour(size.hourlyUsd),
    formatPerMonth(size.monthlyUsd),
    problem,
  ];
  return facts.filter((fact) => fact !== null).join(', ');
}
