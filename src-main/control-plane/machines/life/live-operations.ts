/**
 * What a living machine can be told, as operations: power, size, snapshots, name, backups. Each order goes out once
 * (give-order.ts) and is followed to its end; the record is then what the provider tells. Killed anywhere, each is finished.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { MachineId } from '#contract/ids.ts';
import { MachineName } from '#contract/machines.ts';
import type {
  OperationDefinition,
  StepContext,
  StepDefinition,
} from '../../operations/operation-definition.ts';
import { giveOrder, pause } from './give-order.ts';
import { type MachineInput, type MachineWorkDeps, readMachine, workOn } from './machine-work.ts';
import {
  leaveHost,
  requireQuietHost,
  returnToHost,
  startWorkspaces,
  stopWorkspaces,
  switchOff,
  switchOn,
  wantedWorkspaces,
} from './switching.ts';
import { resumeOf, whileOff } from './while-off.ts';

/** Milliseconds that the provider has for a change of size; copying a disk to another machine takes so long. */
const RESIZE_MS = 4 * 3_600_000;
/** Milliseconds for an image of a whole disk. */
const SNAPSHOT_MS = 6 * 3_600_000;
/** Milliseconds for what changes no disk. */
const QUICK_MS = 15 * 60_000;
/** Milliseconds for which what was destroyed may still be listed, and between two looks at the list. */
const LINGER_MS = 2 * 60_000;
const LOOK_MS = 3_000;

const InputShape = z.object({ id: MachineId });
const PowerShape = InputShape.extend({ action: z.enum(['on', 'off', 'reboot', 'cut']) });
const ResizeShape = InputShape.extend({ size: z.string(), growsDisk: z.boolean() });
const SnapshotShape = InputShape.extend({ name: z.string(), isOff: z.boolean() });
const RenameShape = InputShape.extend({ name: MachineName });
const BackupsShape = InputShape.extend({ isOn: z.boolean() });
const DestroySnapshotShape = InputShape.extend({ snapshot: z.string() });
export type PowerInput = z.infer<typeof PowerShape>;
export type ResizeInput = z.infer<typeof ResizeShape>;
export type SnapshotInput = z.infer<typeof SnapshotShape>;
export type RenameInput = z.infer<typeof RenameShape>;
export type BackupsInput = z.infer<typeof BackupsShape>;
export type DestroySnapshotInput = z.infer<typeof DestroySnapshotShape>;

export interface LiveOperations {
  readonly power: OperationDefinition<PowerInput>;
  readonly resize: OperationDefinition<ResizeInput>;
  readonly snapshot: OperationDefinition<SnapshotInput>;
  readonly destroySnapshot: OperationDefinition<DestroySnapshotInput>;
  readonly rename: OperationDefinition<RenameInput>;
  readonly backups: OperationDefinition<BackupsInput>;
}

export function defineLiveOperations(deps: MachineWorkDeps): LiveOperations {
  return {
    power: definePower(deps),
    resize: defineResize(deps),
    snapshot: defineSnapshot(deps),
    destroySnapshot: defineDestroySnapshot(deps),
    rename: defineRename(deps),
    backups: defineBackups(deps),
  };
}

/** The record is what the provider tells. */
export function settle<I extends MachineInput>(deps: MachineWorkDeps): StepDefinition<I> {
  return {
    id: 'settle',
    title: 'Read what it is now',
    run: async (context) => void (await readMachine(workOn(deps, context))),
  };
}

function definePower(deps: MachineWorkDeps): OperationDefinition<PowerInput> {
  const goesDown = ({ input }: StepContext<PowerInput>) => input.action !== 'on';
  const stops = ({ input }: StepContext<PowerInput>) => input.action === 'off' || input.action === 'reboot';
  const comesUp = ({ input }: StepContext<PowerInput>) => input.action === 'on' || input.action === 'reboot';
  return {
    kind: 'machine.power',
    parseInput: (value) => PowerShape.parse(value),
    steps: [
      {
        id: 'look',
        title: 'Look at the machine',
        async run(context) {
          const work = workOn(deps, context);
          await readMachine(work);
          const { hostId } = work.record;
          if (!goesDown(context)) return;
          if (stops(context)) requireQuietHost(deps, hostId);
          context.memory.resume = wantedWorkspaces(deps, hostId);
        },
      },
      {
        id: 'workspaces',
        title: 'Stop its workspaces',
        async run(context) {
          if (stops(context)) await stopWorkspaces(workOn(deps, context), resumeOf(context));
        },
        undo: (context) => startWorkspaces(workOn(deps, context), resumeOf(context)),
      },
      {
        id: 'host',
        title: 'Leave its host',
        async run(context) {
          if (goesDown(context)) await leaveHost(workOn(deps, context), resumeOf(context));
        },
        async undo(context) {
          const work = workOn(deps, context);
          if (goesDown(context) && work.record.power?.state === 'on') await returnToHost(work);
        },
      },
      {
        id: 'power',
        title: 'Switch it',
        async run(context) {
          const work = workOn(deps, context);
          const { action } = context.input;
          if (action === 'on') await switchOn(work);
          else if (action === 'reboot')
            await giveOrder(work, {
              key: 'reboot',
              order: { type: 'reboot' },
              what: 'start it again',
              limitMs: QUICK_MS,
            });
          else await switchOff(work, { isGraceful: action === 'off' });
        },
      },
      settle(deps),
      {
        id: 'back',
        title: 'Connect its host',
        async run(context) {
          if (comesUp(context)) await returnToHost(workOn(deps, context));
        },
      },
    ],
    recover: 'finish',
    waitsForSecrets: true,
    canCancel: false,
  };
}

function defineResize(deps: MachineWorkDeps): OperationDefinition<ResizeInput> {
  const off = whileOff<ResizeInput>(deps, () => true);
  return {
    kind: 'machine.resize',
    parseInput: (value) => ResizeShape.parse(value),
    steps: [
      ...off.before,
      {
        id: 'resize',
        title: 'Give it its new size',
        async run(context) {
          const { growsDisk, size } = context.input;
          await giveOrder(workOn(deps, context), {
            key: 'resize',
            order: { type: 'resize', size, growsDisk },
            what: 'give it another size',
            limitMs: RESIZE_MS,
          });
        },
      },
      settle(deps),
      ...off.after,
    ],
    recover: 'finish',
    waitsForSecrets: true,
    canCancel: false,
  };
}

function defineSnapshot(deps: MachineWorkDeps): OperationDefinition<SnapshotInput> {
  const off = whileOff<SnapshotInput>(deps, ({ isOff }) => isOff);
  return {
    kind: 'machine.snapshot',
    parseInput: (value) => SnapshotShape.parse(value),
    steps: [
      ...off.before,
      {
        id: 'snapshot',
        title: 'Take the snapshot',
        async run(context) {
          await giveOrder(workOn(deps, context), {
            key: 'snapshot',
            order: { type: 'snapshot', name: context.input.name },
            what: 'take a snapshot',
            limitMs: SNAPSHOT_MS,
          });
        },
      },
      settle(deps),
      ...off.after,
    ],
    recover: 'finish',
    waitsForSecrets: true,
    canCancel: false,
  };
}

function defineDestroySnapshot(deps: MachineWorkDeps): OperationDefinition<DestroySnapshotInput> {
  return {
    kind: 'machine.destroy-snapshot',
    parseInput: (value) => DestroySnapshotShape.parse(value),
    steps: [
      {
        id: 'destroy',
        title: 'Destroy the snapshot',
        async run(context) {
          const work = workOn(deps, context);
          const { snapshot: id } = context.input;
          await work.ask((client) => client.destroyResource({ kind: 'snapshot', id }, work.signal));
          const beganMs = deps.clock.monotonicMs();
          for (;;) {
            const left = await work.ask((client) => client.snapshotsOf(work.providerId, work.signal));
            if (!left.some((one) => one.id === id)) return;
            if (deps.clock.monotonicMs() - beganMs > LINGER_MS)
              throw new BerthError(
                'machine.action-failed',
                'The provider still lists the snapshot, and it may still cost. Try again, or look there.',
              );
            await pause(work, LOOK_MS);
          }
        },
      },
    ],
    recover: 'finish',
    waitsForSecrets: true,
    onFailure: 'keep',
    canCancel: false,
  };
}

function defineRename(deps: MachineWorkDeps): OperationDefinition<RenameInput> {
  return {
    kind: 'machine.rename',
    parseInput: (value) => RenameShape.parse(value),
    steps: [
      {
        id: 'provider',
        title: 'Rename it at the provider',
        async run(context) {
          const work = workOn(deps, context);
          const { name } = context.input;
          if ((await readMachine(work)).name === name) return work.note('it has that name');
          await giveOrder(work, {
            key: 'rename',
            order: { type: 'rename', name },
            what: 'rename it',
            limitMs: QUICK_MS,
          });
        },
      },
      {
        id: 'host',
        title: 'Rename its host',
        async run(context) {
          const { hostId } = workOn(deps, context).record;
          if (hostId === null || deps.hosts.get(hostId) === undefined) return context.note('it has none');
          await deps.hosts.rename(hostId, context.input.name);
        },
      },
      {
        id: 'record',
        title: 'Note the name',
        async run(context) {
          const { id, name } = context.input;
          deps.directory.requireFreeName(name, id);
          await deps.directory.change(id, { name });
        },
      },
    ],
    recover: 'finish',
    waitsForSecrets: true,
    onFailure: 'keep',
    canCancel: false,
  };
}

function defineBackups(deps: MachineWorkDeps): OperationDefinition<BackupsInput> {
  return {
    kind: 'machine.backups',
    parseInput: (value) => BackupsShape.parse(value),
    steps: [
      {
        id: 'backups',
        title: 'Change it at the provider',
        async run(context) {
          const work = workOn(deps, context);
          const { isOn } = context.input;
          if ((await readMachine(work)).hasBackups === isOn) return work.note('it is so already');
          await giveOrder(work, {
            key: 'backups',
            order: { type: 'backups', isOn },
            what: `switch backups ${isOn ? 'on' : 'off'}`,
            limitMs: QUICK_MS,
          });
        },
      },
      settle(deps),
    ],
    recover: 'finish',
    waitsForSecrets: true,
    onFailure: 'keep',
    canCancel: false,
  };
}
