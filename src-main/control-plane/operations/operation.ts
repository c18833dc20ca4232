/**
 * An operation as it stands in the journal, and how it moves: pure. One record holds the intent and a row per step; the
 * runner writes it before each effect, so that the record alone says, after a crash, what may have happened.
 *
 * Phases of a step: `waiting` (no effect), `begun` (there may be an effect), `done`, `undoing` (there may still be one),
 * `undone`. Directions: `forward`, `undo` (begun and done steps are taken back, last first), `stop` (nothing more is
 * touched: the operation ends as it stands).
 */
import type { ErrorShape } from '#contract/berth-error.ts';
import { OperationId, UserId } from '#contract/ids.ts';
import { Operation, type OperationStep } from '#contract/operations.ts';

const phases = ['waiting', 'begun', 'done', 'undoing', 'undone'] as const;
export type StepPhase = (typeof phases)[number];
const directions = ['forward', 'undo', 'stop'] as const;
export type Direction = (typeof directions)[number];

export interface OperationRecord {
  readonly id: OperationId;
  /** What clients see. Its steps' states follow from the journal. */
  readonly operation: Operation;
  readonly userId: UserId;
  readonly input: unknown;
  readonly memory: Readonly<Record<string, unknown>>;
  /** One row per step, in the order of the definition. */
  readonly journal: readonly { readonly id: string; readonly phase: StepPhase }[];
  readonly direction: Direction;
  /** How it ends once there is nothing left to do; set when it turns back. */
  readonly outcome: 'succeeded' | 'failed' | 'cancelled';
  /** The step that failed: shown as such, also after it was taken back. */
  readonly failedStep: string | null;
  /** The definition's `onEnd` has been told. */
  readonly isEndTold: boolean;
}

export type Move = { readonly do: 'run' | 'undo'; readonly index: number } | { readonly do: 'end' };

export function newOperation(start: {
  operation: Omit<Operation, 'state' | 'steps' | 'error' | 'endedAt'>;
  steps: readonly { id: string; title: string }[];
  userId: UserId;
  input: unknown;
}): OperationRecord {
  const steps = start.steps.map(
    ({ id, title }): OperationStep => ({
      id,
      title,
      state: 'waiting',
      startedAt: null,
      endedAt: null,
      progress: null,
      note: '',
    }),
  );
  return {
    id: start.operation.id,
    operation: { ...start.operation, state: 'running', steps, error: null, endedAt: null },
    userId: start.userId,
    input: start.input,
    memory: {},
    journal: start.steps.map(({ id }) => ({ id, phase: 'waiting' })),
    direction: 'forward',
    outcome: 'succeeded',
    failedStep: null,
    isEndTold: false,
  };
}

export function hasEnded(operation: Operation): boolean {
  return operation.endedAt !== null;
}

/** What comes next. `canUndo` says whether a step has an undo; one without is passed over. */
export function nextMove(record: OperationRecord, canUndo: (index: number) => boolean): Move {
  switch (record.direction) {
    case 'forward': {
      const index = record.journal.findIndex(({ phase }) => phase !== 'done');
      return index < 0 ? { do: 'end' } : { do: 'run', index };
    }
    case 'undo': {
      const index = record.journal.findLastIndex(
        ({ phase }, at) => phase !== 'waiting' && phase !== 'undone' && canUndo(at),
      );
      return index < 0 ? { do: 'end' } : { do: 'undo', index };
    }
    case 'stop':
      return { do: 'end' };
    default:
      return record.direction satisfies never;
  }
}

export function beginStep(record: OperationRecord, index: number, at: string): OperationRecord {
  return withStep(stateOf(record), index, 'begun', (step) => ({
    ...step,
    state: 'running',
    // A step that is repeated began when it first did.
    startedAt: step.startedAt ?? at,
    endedAt: null,
  }));
}

/** Whether the step of this id has begun, or ended in any way. */
export function hasBegun(record: OperationRecord, stepId: string | undefined): boolean {
  return record.journal.some(({ id, phase }) => id === stepId && phase !== 'waiting');
}

/** From now on it only goes forward. */
export function withoutCancel(record: OperationRecord): OperationRecord {
  return { ...record, operation: { ...record.operation, canCancel: false } };
}

export function finishStep(
  record: OperationRecord,
  index: number,
  at: string,
  memory: Readonly<Record<string, unknown>>,
): OperationRecord {
  return withStep({ ...record, memory }, index, 'done', (step) => ({ ...step, state: 'done', endedAt: at }));
}

export function beginUndo(record: OperationRecord, index: number): OperationRecord {
  return withStep(stateOf(record), index, 'undoing', (step) => step);
}

export function finishUndo(record: OperationRecord, index: number, at: string): OperationRecord {
  return withStep(record, index, 'undone', (step) => ({
    ...step,
    state: step.id === record.failedStep ? 'failed' : 'undone',
    endedAt: at,
  }));
}

/** Gives up on going forward. `direction` `stop` leaves what was made where it is. */
export function turnBack(
  record: OperationRecord,
  turn: {
    direction: 'undo' | 'stop';
    outcome: 'failed' | 'cancelled';
    error: ErrorShape | null;
    failedIndex?: number;
    memory?: Readonly<Record<string, unknown>>;
    at: string;
  },
): OperationRecord {
  const failedStep = record.journal[turn.failedIndex ?? -1]?.id ?? record.failedStep;
  const steps = record.operation.steps.map(
    (step): OperationStep =>
      step.id === failedStep && step.state === 'running'
        ? { ...step, state: 'failed', endedAt: turn.at }
        : step,
  );
  return {
    ...record,
    direction: turn.direction,
    outcome: turn.outcome,
    failedStep,
    memory: turn.memory ?? record.memory,
    operation: {
      ...record.operation,
      steps,
      state: 'undoing',
      canCancel: false,
      error: turn.error ?? record.operation.error,
    },
  };
}

/** Nothing moves until its host is back. */
export function waitForHost(record: OperationRecord): OperationRecord {
  return { ...record, operation: { ...record.operation, state: 'waiting' } };
}

/** Keeps an error of the way back; the outcome can then be no better than failed. */
export function couldNotUndo(record: OperationRecord, error: ErrorShape): OperationRecord {
  return { ...record, outcome: 'failed', operation: { ...record.operation, error } };
}

export function endOperation(record: OperationRecord, at: string): OperationRecord {
  const steps = record.operation.steps.map((step): OperationStep => {
    if (step.state === 'waiting') return { ...step, state: 'skipped' };
    if (step.state === 'running') return { ...step, state: 'failed', endedAt: at };
    return step;
  });
  return {
    ...record,
    operation: { ...record.operation, state: record.outcome, steps, canCancel: false, endedAt: at },
  };
}

export function endTold(record: OperationRecord): OperationRecord {
  return { ...record, isEndTold: true };
}

/** The state while something moves, as the direction has it. */
function stateOf(record: OperationRecord): OperationRecord {
  const state = record.direction === 'forward' ? 'running' : 'undoing';
  return { ...record, operation: { ...record.operation, state } };
}

function withStep(
  record: OperationRecord,
  index: number,
  phase: StepPhase,
  change: (step: OperationStep) => OperationStep,
): OperationRecord {
  return {
    ...record,
    journal: record.journal.map((row, at) => (at === index ? { ...row, phase } : row)),
    operation: {
      ...record.operation,
      steps: record.operation.steps.map((step, at) => (at === index ? change(step) : step)),
    },
  };
}

/** Reads a record from the store. Throws where it does not fit. */
export function parseOperationRecord(value: unknown): OperationRecord {
  if (!isObject(value)) throw new Error('an operation record must be an object');
  const operation = Operation.parse(value.operation);
  const { journal, memory, failedStep } = value;
  if (!Array.isArray(journal) || !isObject(memory)) throw new Error('journal or memory is missing');
  return {
    id: OperationId.parse(value.id),
    operation,
    userId: UserId.parse(value.userId),
    input: value.input,
    memory,
    journal: journal.map((row: unknown, index) => {
      if (!isObject(row) || row.id !== operation.steps[index]?.id)
        throw new Error('the journal has other steps');
      return { id: String(row.id), phase: oneOf(phases, row.phase) };
    }),
    direction: oneOf(directions, value.direction),
    outcome: oneOf(['succeeded', 'failed', 'cancelled'] as const, value.outcome),
    failedStep: typeof failedStep === 'string' ? failedStep : null,
    isEndTold: value.isEndTold === true,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function oneOf<T extends string>(allowed: readonly T[], value: unknown): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new Error(`must be one of ${allowed.join(', ')}`);
  return found;
}
