/** The bench's two outputs: aligned Markdown for people, JSON for scripts. Pure. */
import type { Verdict } from './goals.ts';
import { type Measure, median, p95 } from './measures.ts';

export interface Machine {
  readonly cpus: number;
  readonly model: string;
  readonly memoryGb: number;
  readonly loadAtStart: number;
  readonly node: string;
  readonly date: string;
}

export interface Failure {
  readonly name: string;
  readonly message: string;
}

export interface Report {
  readonly machine: Machine;
  readonly measures: readonly Measure[];
  readonly verdicts: readonly Verdict[];
  /** Parts that could not be measured, and why. */
  readonly failures: readonly Failure[];
}

export function toMarkdown({ machine, measures, verdicts, failures }: Report): string {
  const { cpus, model, memoryGb, loadAtStart, node, date } = machine;
  const parts = [
    `${date}: ${cpus} × ${model}, ${memoryGb} GB, load ${loadAtStart.toFixed(1)} at the start, Node ${node}. Medians of samples taken in turns; “Berth is” compares the medians: × as long, as fast, or as large.`,
    table(
      ['Measure', 'Who', 'Median', 'p95', 'Samples', 'Berth is'],
      measures.flatMap((measure) => rowsOf(measure)),
    ),
  ];
  if (verdicts.length > 0) parts.push(table(['Goal', 'Wanted', 'Is', ''], verdicts.map(goalRow)));
  if (failures.length > 0)
    parts.push(
      table(
        ['Not measured', 'Why'],
        failures.map(({ name, message }) => [name, message.split('\n')[0] ?? '']),
      ),
    );
  return `${parts.join('\n\n')}\n`;
}

export function toJson(report: Report): string {
  const measures = report.measures.map((measure) => ({
    ...measure,
    series: measure.series.map((series) => ({
      ...series,
      median: median(series.samples),
      p95: p95(series.samples),
    })),
  }));
  return `${JSON.stringify({ ...report, measures }, undefined, 2)}\n`;
}

function rowsOf({ title, unit, series }: Measure): string[][] {
  const own = median(series[0].samples);
  return series.map(({ name, samples }, index) => [
    index === 0 ? title : '',
    name,
    `${figure(median(samples))} ${unit}`,
    samples.length < 3 ? '' : figure(p95(samples)),
    String(samples.length),
    index === 0 ? '' : `${figure(own / median(samples))} ×`,
  ]);
}

function goalRow({ goal, title, unit, value, bound, isMet }: Verdict): string[] {
  const statistic = goal.statistic === 'median' ? '' : `, ${goal.statistic}`;
  return [
    `${title}${statistic}`,
    `${goal.direction} ${goal.words}${goal.bound.of === undefined ? '' : ` = ${figure(bound)} ${unit}`}`,
    `${figure(value)} ${unit}`,
    isMet ? 'met' : 'missed',
  ];
}

/** Three digits say all that a shared machine knows. */
function figure(value: number): string {
  if (Number.isNaN(value)) return '–';
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 3;
  return value.toFixed(digits);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((text, column) =>
    Math.max(3, text.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
