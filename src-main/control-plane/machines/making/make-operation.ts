/**
 * The operations that make a machine: `machine.create` from a wish to a host, and `machine.finish` for one whose making was
 * given up and that was kept. Pure lists of steps; the effects are theirs.
 */
import { z } from 'zod';
import { MachineId } from '#contract/ids.ts';
import type { TroubleChoice } from '#contract/machines.ts';
import type { OperationDefinition, StepDefinition } from '../../operations/operation-definition.ts';
import { createGateSteps, createHardwareSteps } from './hardware-steps.ts';
import { createHostStep } from './host-step.ts';
import type { MachineInput, MakingDeps } from './making-deps.ts';

const Input = z.object({ machineId: MachineId });

/** Of one that was kept: to destroy it is another operation, and cancel keeps it. */
const finishChoices = ['keep-waiting', 'retry', 'keep'] as const satisfies readonly TroubleChoice[];

export function defineCreate(deps: MakingDeps): OperationDefinition<MachineInput> {
  const { directory } = deps;
  const steps: StepDefinition<MachineInput>[] = [
    {
      id: 'record',
      title: 'Write down what is wanted',
      // It was written before the operation began; here is where it is forgotten again.
      async run() {},
      async undo({ input: { machineId } }) {
        const record = directory.record(machineId);
        if (record === undefined || record.providerId !== null || record.requestedAt) return;
        await directory.remove(machineId);
      },
    },
    ...createHardwareSteps<MachineInput>(deps),
    createHostStep<MachineInput>(deps),
    madeStep(deps),
  ];
  return {
    kind: 'machine.create',
    parseInput: (value) => Input.parse(value),
    steps,
    recover: 'finish',
    waitsForSecrets: true,
    canCancel: true,
    onFailure: ({ machineId }) => (directory.record(machineId)?.life === 'incomplete' ? 'keep' : 'undo'),
    onEnd: (_operation, input) => giveUp(deps, input),
  };
}

export function defineFinish(deps: MakingDeps): OperationDefinition<MachineInput> {
  return {
    kind: 'machine.finish',
    parseInput: (value) => Input.parse(value),
    steps: createFinishSteps(deps),
    recover: 'finish',
    waitsForSecrets: true,
    canCancel: true,
    onFailure: 'keep',
    onEnd: (_operation, input) => giveUp(deps, input),
  };
}

/** From hardware that is there to a host. Nothing is taken back: what fails is kept, and can be finished. */
export function createFinishSteps(deps: MakingDeps): StepDefinition<MachineInput>[] {
  return [
    ...createGateSteps<MachineInput>(deps, finishChoices),
    createHostStepThatStays(deps),
    madeStep(deps),
  ];
}

function madeStep({ directory }: MakingDeps): StepDefinition<MachineInput> {
  return {
    id: 'made',
    title: 'Note that it is there',
    async run({ input }) {
      await directory.change(input.machineId, { life: 'made', gate: null, trouble: null });
    },
  };
}

function createHostStepThatStays(deps: MakingDeps): StepDefinition<MachineInput> {
  const { id, title, ...step } = createHostStep<MachineInput>(deps, finishChoices);
  return { id, title, run: (context) => step.run(context) };
}

/** What is still being made when its making has ended is not whole, and costs: it stays in sight. */
export async function giveUp(
  { directory }: Pick<MakingDeps, 'directory'>,
  { machineId }: MachineInput,
): Promise<void> {
  const record = directory.record(machineId);
  if (record === undefined) return;
  if (record.life === 'creating') await directory.change(machineId, { life: 'incomplete', gate: null });
  else if (record.life === 'incomplete') await directory.change(machineId, { gate: null });
}
