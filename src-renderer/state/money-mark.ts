/**
 * Whether anything about rented machines waits for the person, in the words of a mark: for the rail, the status bar and the
 * page alike. Pure.
 */
import type { Cloud, CostReport, FoundResource } from '#contract/clouds.ts';
import type { Machine } from '#contract/machines.ts';
import type { Mark } from './feature.ts';

export interface MoneyFacts {
  readonly clouds: readonly Cloud[];
  readonly machines: readonly Machine[];
  readonly found: readonly FoundResource[];
  readonly costs: CostReport | null;
}

/** The gravest first. Null: there is nothing to say. */
export function moneyMark({ clouds, machines, found, costs }: MoneyFacts): Mark | null {
  if (clouds.some(({ state }) => state.phase === 'refused'))
    return { signal: 'attention', word: 'a token is not accepted' };
  // Of one that was kept unfinished the trouble stays to be read; nothing waits any more.
  if (machines.some(({ life, trouble }) => trouble !== null && life !== 'incomplete'))
    return { signal: 'attention', word: 'a machine needs you' };
  if (machines.some(({ retry }) => retry !== null))
    return { signal: 'attention', word: 'a machine did not end, and costs' };
  if (found.some(({ isDismissed }) => !isDismissed))
    return { signal: 'attention', word: 'something costs that this Berth does not know' };
  const levels = (costs?.budgets ?? []).map(({ level }) => level);
  if (levels.includes('over')) return { signal: 'attention', word: 'over the budget' };
  if (levels.includes('near')) return { signal: 'attention', word: 'near the budget' };
  if (machines.some(({ life, power }) => life === 'made' && power?.state === 'off'))
    return { signal: 'stopped', word: 'a machine is off, and still costs' };
  return null;
}
