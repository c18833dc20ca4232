/**
 * Steps around work that needs a machine switched off: workspaces are stopped, the host is left, the machine is switched off;
 * afterwards all of it comes back. Where the work fails, the way back is taken all the same. A machine that was off before
 * stays off.
 */
import { WorkspaceId } from '#contract/ids.ts';
import type { StepContext, StepDefinition } from '../../operations/operation-definition.ts';
import {
  type MachineInput,
  type MachineWork,
  type MachineWorkDeps,
  readMachine,
  workOn,
} from './machine-work.ts';
import {
  isOn,
  leaveHost,
  requireQuietHost,
  returnToHost,
  startWorkspaces,
  stopWorkspaces,
  switchOff,
  switchOn,
  wantedWorkspaces,
} from './switching.ts';

export interface WhileOff<I extends MachineInput> {
  readonly before: readonly StepDefinition<I>[];
  readonly after: readonly StepDefinition<I>[];
}

/** `isWanted` false: it stays on as it is. */
export function whileOff<I extends MachineInput>(
  deps: MachineWorkDeps,
  isWanted: (input: I) => boolean,
): WhileOff<I> {
  /** Undefined: it was off before, or stays on. */
  const pausing = (context: StepContext<I>): MachineWork | undefined =>
    context.memory.wasOn === true ? workOn(deps, context) : undefined;
  return {
    before: [
      {
        id: 'look',
        title: 'Look at the machine',
        async run(context) {
          const work = workOn(deps, context);
          const { state } = await readMachine(work);
          const { hostId } = work.record;
          if (!isWanted(context.input)) return;
          context.memory.wasOn = state === 'on';
          if (state !== 'on') return work.note('it is off');
          requireQuietHost(deps, hostId);
          context.memory.resume = wantedWorkspaces(deps, hostId);
        },
      },
      {
        id: 'workspaces',
        title: 'Stop its workspaces',
        async run(context) {
          const work = pausing(context);
          if (work !== undefined) await stopWorkspaces(work, resumeOf(context));
        },
        async undo(context) {
          const work = pausing(context);
          if (work !== undefined) await startWorkspaces(work, resumeOf(context));
        },
      },
      {
        id: 'host',
        title: 'Leave its host',
        async run(context) {
          const work = pausing(context);
          if (work !== undefined) await leaveHost(work, resumeOf(context));
        },
        async undo(context) {
          const work = pausing(context);
          if (work !== undefined && (await isOn(work))) await returnToHost(work);
        },
      },
      {
        id: 'off',
        title: 'Switch it off',
        async run(context) {
          const work = pausing(context);
          if (work !== undefined) await switchOff(work, { isGraceful: true });
        },
        async undo(context) {
          const work = pausing(context);
          if (work === undefined || work.record.life === 'vanished') return;
          await switchOn(work, 'on-again');
        },
      },
    ],
    after: [
      {
        id: 'on',
        title: 'Switch it on',
        async run(context) {
          const work = pausing(context);
          if (work === undefined) return context.note('it stays as it is');
          await switchOn(work);
        },
      },
      {
        id: 'back',
        title: 'Connect its host',
        async run(context) {
          const work = pausing(context);
          if (work !== undefined) await returnToHost(work);
        },
      },
    ],
  };
}

export function resumeOf({ memory }: Pick<StepContext<unknown>, 'memory'>): WorkspaceId[] {
  return Array.isArray(memory.resume) ? memory.resume.map((id) => WorkspaceId.parse(id)) : [];
}
