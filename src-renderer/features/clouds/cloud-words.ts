/** The state of an account at a provider in words. Pure. */
import type { Cloud, CloudPermission } from '#contract/clouds.ts';
import { formatDuration } from '../../components/format.ts';
import type { Mark } from '../../state/feature.ts';

/** What the token may not do: without `needed` no machine can be made, without `others` something is not seen. */
export function lacking({ permissions }: Pick<Cloud, 'permissions'>): {
  readonly needed: readonly CloudPermission[];
  readonly others: readonly CloudPermission[];
} {
  const refused = permissions.filter(({ isGranted }) => isGranted === false);
  return {
    needed: refused.filter(({ isNeeded }) => isNeeded),
    others: refused.filter(({ isNeeded }) => !isNeeded),
  };
}

export function cloudMark(cloud: Cloud): Mark {
  switch (cloud.state.phase) {
    case 'checking':
      return { signal: 'busy', word: 'checking' };
    case 'refused':
      return { signal: 'failed', word: 'token refused' };
    case 'unreachable':
      return { signal: 'attention', word: 'not reachable' };
    case 'ready':
      if (cloud.standing === 'locked') return { signal: 'failed', word: 'locked' };
      if (cloud.standing === 'warning') return { signal: 'attention', word: 'has a warning' };
      return lacking(cloud).needed.length > 0
        ? { signal: 'attention', word: 'may not do enough' }
        : { signal: 'running', word: 'ready' };
    default:
      return cloud.state satisfies never;
  }
}

/** "3 of 25 droplets"; null where neither number is known. */
export function limitText(
  { machineCount, machineLimit }: Pick<Cloud, 'machineCount' | 'machineLimit'>,
  { machineWord, machinesWord }: { readonly machineWord: string; readonly machinesWord: string },
): string | null {
  if (machineLimit !== null) {
    const words = machineLimit === 1 ? machineWord : machinesWord;
    return machineCount === null
      ? `at most ${machineLimit} ${words}`
      : `${machineCount} of ${machineLimit} ${words}`;
  }
  return machineCount === null ? null : `${machineCount} ${machineCount === 1 ? machineWord : machinesWord}`;
}

export function isFull({
  machineCount,
  machineLimit,
}: Pick<Cloud, 'machineCount' | 'machineLimit'>): boolean {
  return machineCount !== null && machineLimit !== null && machineCount >= machineLimit;
}

/** Why nothing can be made in this account now; null: as far as is known, it can. */
export function cannotMake(cloud: Cloud): string | null {
  if (cloud.state.phase === 'refused') return 'Its token is not accepted any more: replace it first.';
  if (cloud.standing === 'locked') return 'The provider has locked this account.';
  const names = lacking(cloud).needed.map(({ name }) => name);
  return names.length === 0
    ? null
    : `Its token may not do this: it lacks ${new Intl.ListFormat('en').format(names)}. Give it more at the provider, or replace it.`;
}

/** `aheadMs`: as `Cloud.clockAheadMs`. */
export function clockText(aheadMs: number, provider: string): string {
  const size = formatDuration(Math.abs(aheadMs));
  const way = aheadMs > 0 ? 'ahead of' : 'behind';
  return `The clock of the computer that Berth runs on is ${size} ${way} that of ${provider}. Set it right: times and costs are counted by it.`;
}
