/**
 * The making of a machine as a list of steps: those of its operation, and in it the four gates with the time that each may
 * take. The machine says at which gate it is; the operation says when each began and ended. Pure.
 */
import type { Gate, Machine } from '#contract/machines.ts';
import type { Operation, OperationStep } from '#contract/operations.ts';
import type { StepRow } from '../../components/step-list.tsx';
import { gates, gateTitles } from './machine-words.ts';

/** Operations that go through the gates. */
export const makingKinds: ReadonlySet<string> = new Set(['machine.create', 'machine.finish', 'machine.wake']);

/** The gate that a step of an operation stands for. */
function gateOf(step: OperationStep): Gate | undefined {
  return gates.find((gate) => step.id === `gate-${gate}`);
}

export function makingSteps(
  machine: Pick<Machine, 'gate' | 'trouble' | 'life'>,
  operation: Pick<Operation, 'steps'> | undefined,
): StepRow[] {
  const steps = operation?.steps ?? [];
  if (steps.some((step) => gateOf(step) !== undefined))
    return steps.map((step) => (step.state === 'running' ? atWork(step, machine) : step));
  return gates.map((gate) => gateRow(gate, machine));
}

/** One step runs at a time: a trouble is its own, and so is the limit, of whatever gate it passes. */
function atWork(step: OperationStep, { gate, trouble }: Pick<Machine, 'gate' | 'trouble'>): StepRow {
  if (trouble !== null) return { ...step, state: 'stuck' };
  const own = gateOf(step);
  return gate !== null && (own === undefined || own === gate.gate)
    ? { ...step, limitAt: gate.limitAt }
    : step;
}

/** Without word of the operation (it was cleared, or the plane has only begun): as far as the machine itself tells. */
function gateRow(
  gate: Gate,
  { gate: now, trouble, life }: Pick<Machine, 'gate' | 'trouble' | 'life'>,
): StepRow {
  const row = {
    ...{ id: gate, title: gateTitles[gate], note: '', progress: null },
    ...{ startedAt: null, endedAt: null, state: 'waiting' as const },
  };
  const here = trouble?.gate ?? now?.gate;
  if (here === undefined) return life === 'made' ? { ...row, state: 'done' } : row;
  if (gates.indexOf(gate) < gates.indexOf(here)) return { ...row, state: 'done' };
  if (gate !== here) return row;
  if (trouble !== null) return { ...row, state: 'stuck', startedAt: now?.sinceAt ?? trouble.sinceAt };
  return { ...row, state: 'running', startedAt: now?.sinceAt ?? null, limitAt: now?.limitAt ?? null };
}
