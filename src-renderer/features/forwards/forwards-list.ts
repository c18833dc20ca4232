/** Forwards as the list of all of them shows them: those that fit what was typed, by workspace and port. Pure. */
import type { Forward } from '#contract/forwards.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { forwardAddress, forwardMark, forwardName, kindWords } from './forward-words.ts';

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Every word must be in the workspace's name, its own, its address, its kind or its state. */
export function sortedForwards(
  forwards: readonly Forward[],
  workspaces: ReadonlyMap<string, Workspace>,
  text: string,
): readonly Forward[] {
  const nameOf = ({ workspaceId }: Forward) => workspaces.get(workspaceId)?.name ?? '';
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return forwards
    .filter((forward) => {
      const all = [
        nameOf(forward),
        forwardName(forward),
        forwardAddress(forward) ?? '',
        kindWords[forward.kind],
        forwardMark(forward).word,
        String(forward.port ?? ''),
      ];
      const where = all.join(' ').toLocaleLowerCase();
      return words.every((word) => where.includes(word));
    })
    .sort(
      (a, b) =>
        byName.compare(nameOf(a), nameOf(b)) ||
        (a.port ?? 0) - (b.port ?? 0) ||
        a.createdAt.localeCompare(b.createdAt),
    );
}

/** What the status bar says: those that lead somewhere now, and those that should and do not. */
export function countForwards(forwards: readonly Forward[]): { ready: number; inTrouble: number } {
  return {
    ready: forwards.filter(({ state }) => state === 'ready').length,
    inTrouble: forwards.filter(({ state }) => state === 'waiting' || state === 'failed').length,
  };
}
