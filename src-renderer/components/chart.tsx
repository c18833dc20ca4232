/**
 * A small live chart. uPlot draws it and is loaded when the first one is shown; the same numbers stand in a table for
 * those who cannot see it. Colours come from tokens and follow the theme (`themeKey`).
 */
import { lazy, Suspense } from 'react';
import type { ChartUnit } from './chart-ticks.ts';

export interface ChartSeries {
  readonly label: string;
  /** A token, as `--busy`. */
  readonly colour: `--${string}`;
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  /** Epoch seconds, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number | null) => string;
  /** What its axis counts in; default: number. */
  readonly unit?: ChartUnit;
  readonly heightPx?: number;
  /** Top of the scale; null follows the values. */
  readonly max?: number | null;
}

const Plot = lazy(() => import('./chart-plot.tsx'));

/** Rows of the table: the last readings, the newest first. */
const tableRows = 12;

export function Chart(props: ChartProps) {
  const { title, times, series, format, heightPx = 96 } = props;
  const latest = series.map((line) => `${line.label} ${format(line.values.at(-1) ?? null)}`).join(', ');
  return (
    <figure className="m-0 flex min-w-0 flex-col gap-1" aria-label={`${title}: ${latest}`}>
      <figcaption className="flex flex-wrap items-center justify-between gap-x-3">
        <span className="text-meta font-medium">{title}</span>
        <span className="tabular flex gap-3 text-meta text-muted">
          {series.map((line) => (
            <span key={line.label} className="inline-flex items-center gap-1.5">
              {series.length > 1 && (
                <span
                  aria-hidden
                  className="h-0.5 w-3 rounded-full"
                  style={{ background: `var(${line.colour})` }}
                />
              )}
              {series.length > 1 && `${line.label} `}
              {format(line.values.at(-1) ?? null)}
            </span>
          ))}
        </span>
      </figcaption>
      <div aria-hidden style={{ height: heightPx }}>
        {times.length < 2 ? (
          // A line needs two points, and the axes of a plot without any show made-up years.
          <div className="flex h-full items-center justify-center rounded-md bg-hover/50 text-meta text-muted">
            First readings…
          </div>
        ) : (
          <Suspense fallback={<div data-chart="waiting" className="h-full rounded-md bg-hover/50" />}>
            <Plot {...props} heightPx={heightPx} />
          </Suspense>
        )}
      </div>
      <table className="sr-only">
        <caption>{title}, last readings</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {series.map((line) => (
              <th key={line.label} scope="col">
                {line.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.slice(-tableRows).map((time, offset) => {
            const index = Math.max(0, times.length - tableRows) + offset;
            return (
              <tr key={time}>
                <th scope="row">{new Date(time * 1000).toLocaleTimeString()}</th>
                {series.map((line) => (
                  <td key={line.label}>{format(line.values[index] ?? null)}</td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </figure>
  );
}
