/**
 * How far an operation is, said only as far as it is known. A step with a known total counts in part; one without
 * counts when it is done. Time left is measured from the running step's own rate, never guessed for steps to come.
 */
import type { Operation, OperationStep } from '#contract/operations.ts';

export function isUnderWay(operation: Pick<Operation, 'state'>): boolean {
  return operation.state === 'running' || operation.state === 'waiting' || operation.state === 'undoing';
}

function stepPart(step: OperationStep): number {
  switch (step.state) {
    case 'done':
    case 'skipped':
    case 'undone':
      return 1;
    case 'running': {
      const { progress } = step;
      if (!progress?.total) return 0;
      return Math.min(1, progress.done / progress.total);
    }
    case 'waiting':
    case 'failed':
      return 0;
    default:
      return step.state satisfies never;
  }
}

export function runningStep(operation: Pick<Operation, 'steps'>): OperationStep | undefined {
  return operation.steps.find((step) => step.state === 'running');
}

/** 0 to 1, or null when nothing is known: no steps yet, or it is being taken back. */
export function operationPart(operation: Pick<Operation, 'steps' | 'state'>): number | null {
  if (operation.state === 'succeeded') return 1;
  if (operation.state === 'undoing' || operation.steps.length === 0) return null;
  const sum = operation.steps.reduce((total, step) => total + stepPart(step), 0);
  return sum / operation.steps.length;
}

/** Milliseconds that the running step still needs at the rate it had so far. Null until that can be said. */
export function stepLeftMs(step: OperationStep, nowMs: number): number | null {
  const { progress, startedAt } = step;
  if (!progress?.total || startedAt === null || progress.done <= 0) return null;
  const passedMs = nowMs - Date.parse(startedAt);
  // Under two seconds a rate says little.
  if (passedMs < 2000) return null;
  return (passedMs * (progress.total - progress.done)) / progress.done;
}
