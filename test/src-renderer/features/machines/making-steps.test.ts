/** The four gates as a person sees them: from the operation where it is known, from the machine alone where it is not. */
import { describe, expect, it } from 'vitest';
import type { Machine } from '#contract/machines.ts';
import type { OperationStep } from '#contract/operations.ts';
import { makingSteps } from '#renderer/features/machines/making-steps.ts';

const at = '2026-11-20T09:00:00.000Z';
const limitAt = '2026-11-20T09:05:00.000Z';
const step = (id: string, state: OperationStep['state']): OperationStep => ({
  ...{ id, title: id, state, startedAt: state === 'waiting' ? null : at, endedAt: null },
  ...{ progress: null, note: '' },
});
type Part = Pick<Machine, 'gate' | 'trouble' | 'life'>;
const none: Part = { gate: null, trouble: null, life: 'creating' };
const atSsh: Part = { ...none, gate: { gate: 'ssh', sinceAt: at, limitAt } };
const trouble = (gate: 'ssh' | 'setup'): Part['trouble'] => ({
  ...{ gate, choices: ['retry', 'keep'], sinceAt: at },
  error: { code: 'machine.overdue', message: 'It takes too long.', details: {} },
});

const making = {
  steps: [
    step('rent', 'done'),
    step('gate-action', 'done'),
    step('gate-address', 'done'),
    step('gate-ssh', 'running'),
    step('gate-setup', 'waiting'),
    step('host', 'waiting'),
  ],
};
const shown = (machine: Part, operation?: { steps: OperationStep[] }) =>
  makingSteps(machine, operation).map(({ id, state, limitAt: limit }) => [id, state, limit ?? null]);

describe('the steps of a making', () => {
  it('are the operation’s own, with the limit at the gate that is waited at', () => {
    expect(shown(atSsh, making)).toEqual([
      ['rent', 'done', null],
      ['gate-action', 'done', null],
      ['gate-address', 'done', null],
      ['gate-ssh', 'running', limitAt],
      ['gate-setup', 'waiting', null],
      ['host', 'waiting', null],
    ]);
  });

  it('put a trouble at the step that it stopped', () => {
    const states = shown({ ...atSsh, trouble: trouble('ssh') }, making).map(([, state]) => state);
    expect(states).toEqual(['done', 'done', 'done', 'stuck', 'waiting', 'waiting']);
  });

  it('put the limit and the trouble of a later step that passes a gate again at that step', () => {
    const securing = {
      steps: [step('gate-ssh', 'done'), step('gate-setup', 'done'), step('secure', 'running')],
    };
    expect(shown(atSsh, securing).at(-1)).toEqual(['secure', 'running', limitAt]);
    expect(shown({ ...atSsh, trouble: trouble('ssh') }, securing).map(([, state]) => state)).toEqual([
      'done',
      'done',
      'stuck',
    ]);
  });

  it('show no limit of a gate that is behind', () => {
    const later = { steps: [step('gate-ssh', 'done'), step('gate-setup', 'running')] };
    expect(shown(atSsh, later).at(-1)).toEqual(['gate-setup', 'running', null]);
  });

  it('are the gates as the machine tells them while the operation is not known', () => {
    expect(shown(none)).toEqual([
      ['action', 'waiting', null],
      ['address', 'waiting', null],
      ['ssh', 'waiting', null],
      ['setup', 'waiting', null],
    ]);
    expect(shown(atSsh)).toEqual([
      ['action', 'done', null],
      ['address', 'done', null],
      ['ssh', 'running', limitAt],
      ['setup', 'waiting', null],
    ]);
    expect(shown({ ...none, trouble: trouble('setup') }).map(([, state]) => state)).toEqual([
      'done',
      'done',
      'done',
      'stuck',
    ]);
  });
});
