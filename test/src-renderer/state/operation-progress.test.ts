/** Progress is said only as far as it is known. */
import { expect, it } from 'vitest';
import type { OperationStep } from '#contract/operations.ts';
import { operationPart, stepLeftMs } from '#renderer/state/operation-progress.ts';

const startedAt = '2026-01-01T00:00:00.000Z';
const step = (state: OperationStep['state'], done = 0, total: number | null = null): OperationStep => ({
  id: state,
  title: state,
  state,
  startedAt,
  endedAt: null,
  progress: total === null ? null : { done, total, unit: 'bytes', parts: [] },
  note: '',
});
const nowMs = Date.parse(startedAt) + 10_000;

it('counts done steps whole and the running one in part', () => {
  const steps = [step('done'), step('running', 50, 100), step('waiting'), step('waiting')];
  expect(operationPart({ state: 'running', steps })).toBeCloseTo(0.375);
  expect(operationPart({ state: 'running', steps: [] })).toBeNull();
  expect(operationPart({ state: 'undoing', steps })).toBeNull();
  expect(operationPart({ state: 'succeeded', steps: [] })).toBe(1);
});

it('tells time left from the step’s own rate, and nothing before there is one', () => {
  expect(stepLeftMs(step('running', 25, 100), nowMs)).toBe(30_000);
  expect(stepLeftMs(step('running', 0, 100), nowMs)).toBeNull();
  expect(stepLeftMs(step('running'), nowMs)).toBeNull();
  expect(stepLeftMs(step('running', 25, 100), nowMs - 9000)).toBeNull();
});
