/** Which operations the list shows, and in which order. Pure. */
import type { Operation } from '#contract/operations.ts';
import { isUnderWay } from '../../state/operation-progress.ts';

export const operationFilters = ['all', 'running', 'failed', 'ended'] as const;
export type OperationFilter = (typeof operationFilters)[number];

const passes: Record<OperationFilter, (operation: Operation) => boolean> = {
  all: () => true,
  running: isUnderWay,
  failed: (operation) => operation.state === 'failed',
  ended: (operation) => !isUnderWay(operation),
};

/** Those under way first, then the rest; in each the newest first. */
export function listedOperations(
  operations: readonly Operation[],
  filter: OperationFilter,
  text: string,
): Operation[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return operations
    .filter(passes[filter])
    .filter((operation) => {
      const where = `${operation.title} ${operation.subject.name}`.toLocaleLowerCase();
      return words.every((word) => where.includes(word));
    })
    .sort((a, b) => Number(isUnderWay(b)) - Number(isUnderWay(a)) || b.startedAt.localeCompare(a.startedAt));
}
