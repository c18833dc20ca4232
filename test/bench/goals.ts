/**
 * What Berth wants of its figures. Data and its arithmetic: relations to what was measured beside it in the same run
 * wherever there is such a thing, absolute bounds only where a person would notice them on any machine.
 */
import { type Measure, median, p95, type Statistic } from './measures.ts';

export interface Goal {
  readonly measure: string;
  readonly statistic: Statistic;
  readonly direction: 'at most' | 'at least';
  /** `factor` × that series' same statistic + `plus`; `everyOther`: of the best of them; without `of` a bound of its own. */
  readonly bound: { readonly of?: string; readonly factor?: number; readonly plus?: number };
  readonly words: string;
  /** Why this bound and no other. */
  readonly source: string;
}

export interface Verdict {
  readonly goal: Goal;
  readonly title: string;
  readonly unit: Measure['unit'];
  readonly value: number;
  readonly bound: number;
  readonly isMet: boolean;
}

/** What a person does not notice: response-time limits of Nielsen (0.1 s feels instant, 1 s keeps the thought). */
const perception = 'response-time limits: 0.1 s, 1 s';
/** What the path can do, measured on prototypes: what an app around it may not lose. */
const path = 'what the bare path can do';

/** In place of a series' name: whichever of the others is the best. */
const everyOther = 'every other';

/** What snapshots are compared with; the measures name their series so. */
export const snapshotWays = {
  archive: 'tar into zstd, synced',
  extract: 'zstd into tar, synced',
  commit: 'docker commit and save',
  resticFirst: 'restic backup, the first',
  resticSecond: 'restic backup, the second',
} as const;

const rivalGoals = [
  ['rivals-echo', 'median', 'at most'],
  ['rivals-echo', 'p95', 'at most'],
  ['rivals-shown', 'median', 'at least'],
  ['rivals-interrupt', 'median', 'at most'],
  ['rivals-prompt', 'median', 'at most'],
  ['rivals-memory', 'median', 'at most'],
] as const;

export const goals: readonly Goal[] = [
  ...(['list', 'inspect'] as const).flatMap((call): Goal[] => [
    {
      measure: `docker-${call}`,
      statistic: 'median',
      direction: 'at most',
      bound: { of: 'local socket + one round trip', plus: 2 },
      words: 'local socket + one round trip + 2 ms',
      source: path,
    },
    {
      measure: `docker-${call}`,
      statistic: 'median',
      direction: 'at most',
      bound: { of: 'docker CLI over ssh://', factor: 1 / 50 },
      words: '1/50 of the CLI over ssh://',
      source: path,
    },
  ]),
  ...(['cat', 'yes'] as const).flatMap((kind): Goal[] => [
    {
      measure: `flood-host-${kind}`,
      statistic: 'median',
      direction: 'at least',
      bound: { of: 'ssh -tt', factor: 0.8 },
      words: '0.8 × ssh -tt',
      source: path,
    },
    {
      measure: `flood-workspace-${kind}`,
      statistic: 'median',
      direction: 'at least',
      bound: { of: 'docker exec -t on the host', factor: 0.9 },
      words: '0.9 × docker exec -t on the host itself',
      source: path,
    },
  ]),
  {
    measure: 'shown',
    statistic: 'median',
    direction: 'at least',
    bound: { plus: 20 },
    words: '20 MB/s',
    source: '1.1 × the fastest web terminal measured',
  },
  {
    measure: 'echo',
    statistic: 'p95',
    direction: 'at most',
    bound: { of: 'ssh -tt, without a window', plus: 2 },
    words: 'ssh -tt + 2 ms',
    source: path,
  },
  {
    measure: 'interrupt',
    statistic: 'median',
    direction: 'at most',
    bound: { plus: 100 },
    words: '100 ms',
    source: perception,
  },
  {
    measure: 'click-to-prompt-host',
    statistic: 'median',
    direction: 'at most',
    bound: { plus: 300 },
    words: '300 ms',
    source: perception,
  },
  {
    measure: 'click-to-prompt-workspace',
    statistic: 'median',
    direction: 'at most',
    bound: { plus: 300 },
    words: '300 ms',
    source: perception,
  },
  {
    measure: 'start-window',
    statistic: 'median',
    direction: 'at most',
    bound: { plus: 1000 },
    words: '1 s',
    source: perception,
  },
  ...rivalGoals.map(
    ([measure, statistic, direction]): Goal => ({
      measure,
      statistic,
      direction,
      bound: { of: everyOther },
      words: 'the best rival',
      source: 'ahead of every rival',
    }),
  ),
  {
    measure: 'snapshot-create',
    statistic: 'median',
    direction: 'at most',
    bound: { of: snapshotWays.archive, factor: 1.15 },
    words: '1.15 × tar and zstd alone',
    source: path,
  },
  {
    measure: 'snapshot-create',
    statistic: 'median',
    direction: 'at most',
    bound: { of: snapshotWays.commit },
    words: 'docker commit and save',
    source: 'ahead of what people use instead',
  },
  {
    measure: 'snapshot-restore',
    statistic: 'median',
    direction: 'at most',
    bound: { of: snapshotWays.extract, factor: 1.15 },
    words: '1.15 × zstd and tar alone',
    source: path,
  },
  {
    measure: 'snapshot-paint',
    statistic: 'median',
    direction: 'at most',
    bound: { plus: 200 },
    words: '200 ms',
    source: perception,
  },
  ...(['host', 'workspace'] as const).flatMap((place): Goal[] => [
    {
      measure: `memory-${place}-10`,
      statistic: 'median',
      direction: 'at most',
      bound: { plus: 120 },
      words: '120 MB',
      source: 'a browser tab or less',
    },
    {
      measure: `memory-${place}-100`,
      statistic: 'median',
      direction: 'at most',
      bound: { plus: 250 },
      words: '250 MB',
      source: 'a browser tab or less',
    },
  ]),
];

/** Of the goals whose measure was taken; a goal of a series that was not is left out. */
export function judge(measures: readonly Measure[]): Verdict[] {
  return goals.flatMap((goal) => {
    const measure = measures.find(({ id }) => id === goal.measure);
    if (measure === undefined) return [];
    const of = goal.statistic === 'median' ? median : p95;
    const { of: name, factor = 1, plus = 0 } = goal.bound;
    const [, ...others] = measure.series;
    const compared = others.filter((series) => name === everyOther || series.name === name);
    if (name !== undefined && compared.length === 0) return [];
    const figures = compared.map(({ samples }) => of(samples));
    const best = goal.direction === 'at most' ? Math.min(...figures) : Math.max(...figures);
    const bound = (name === undefined ? 0 : best) * factor + plus;
    const value = of(measure.series[0].samples);
    const isMet = goal.direction === 'at most' ? value <= bound : value >= bound;
    return [{ goal, title: measure.title, unit: measure.unit, value, bound, isMet }];
  });
}
