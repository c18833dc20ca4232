/** What was found at a provider, in words. Pure. */
import type { FoundKind, FoundResource } from '#contract/clouds.ts';
import { formatPerHour, formatPerMonth } from '../../components/money.ts';
import { withArticle } from './provider-words.ts';

const kindWords: Readonly<Record<Exclude<FoundKind, 'machine'>, string>> = {
  snapshot: 'snapshot',
  volume: 'volume',
  'volume-snapshot': 'snapshot of a volume',
  address: 'reserved address',
};

export function kindWord(kind: FoundKind, machineWord: string): string {
  return kind === 'machine' ? machineWord : kindWords[kind];
}

const originWords: Readonly<Record<FoundResource['origin'], string>> = {
  here: 'that this Berth made and lost sight of',
  elsewhere: 'that this Berth does not know',
  left: 'that was left behind',
};

/** What it costs, by the hour where that is how it is billed. */
export function foundPrice({ hourlyUsd, monthlyUsd }: Pick<FoundResource, 'hourlyUsd' | 'monthlyUsd'>) {
  if (hourlyUsd !== null) return formatPerHour(hourlyUsd);
  return monthlyUsd === null ? null : formatPerMonth(monthlyUsd);
}

/** "A droplet that costs $0.02083 an hour and that this Berth does not know". */
export function foundTitle(found: FoundResource, machineWord: string): string {
  const what = withArticle(kindWord(found.kind, machineWord));
  const price = foundPrice(found);
  const costs = price === null ? 'whose price is not known' : `that costs ${price}`;
  return `${what[0]?.toUpperCase()}${what.slice(1)} ${costs} and ${originWords[found.origin]}`;
}

/** A name that a machine may have, as near to the found one as can be. */
export function adoptableName(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/[^a-zA-Z0-9]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '');
}
