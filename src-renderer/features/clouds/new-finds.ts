/** What has been found since. Pure. */
import type { FoundResource } from '#contract/clouds.ts';

/** Those that nobody has been told of yet and that nobody said are all right. */
export function newFinds(
  before: ReadonlyMap<string, unknown>,
  now: ReadonlyMap<string, FoundResource>,
): FoundResource[] {
  return [...now.values()].filter(({ id, isDismissed }) => !isDismissed && !before.has(id));
}
