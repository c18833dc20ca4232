/**
 * Another disk for the same machine: fresh from an image, or as a snapshot or backup has it. Name, address and price stay. A
 * fresh system goes through the gates of its making again, for it shows the key of its first boot and sets itself up anew; one
 * of a snapshot has the keys that it had.
 */
import { z } from 'zod';
import { MachineId } from '#contract/ids.ts';
import { MachineSnapshot } from '#contract/machines.ts';
import type {
  OperationDefinition,
  StepContext,
  StepDefinition,
} from '../../operations/operation-definition.ts';
import { giveOrder } from './give-order.ts';
import { settle } from './live-operations.ts';
import { type MachineInput, type MachineWorkDeps, readMachine, workOn } from './machine-work.ts';
import { leaveHost, requireQuietHost, returnToHost, switchOn, wantedWorkspaces } from './switching.ts';
import { resumeOf } from './while-off.ts';

/** Milliseconds that the provider has for writing a disk. */
const WRITE_DISK_MS = 6 * 3_600_000;

/** `machineId`: the same, for the steps of a making. */
const RebuildShape = z.object({ id: MachineId, machineId: MachineId, image: z.string() });
const RestoreShape = z.object({ id: MachineId, snapshot: z.string(), kind: MachineSnapshot.shape.kind });
export type RebuildInput = z.infer<typeof RebuildShape>;
export type RestoreInput = z.infer<typeof RestoreShape>;

export interface RenewalDeps extends MachineWorkDeps {
  /**
   * Trusts the key of the first boot again; nothing else of it is done. Throws conflict where it is not known which.
   * May be repeated.
   */
  readonly trustFirstBoot: (id: MachineId) => Promise<void>;
  /** From a system that boots for the first time to a host that is ready, with the key that it has for good. */
  readonly firstBoot: readonly StepDefinition<{ readonly machineId: MachineId }>[];
  /** Its making may have been given up half-way: then it is shown so, and can be finished. */
  readonly giveUp: (id: MachineId) => Promise<void>;
}

export interface RenewalOperations {
  readonly rebuild: OperationDefinition<RebuildInput>;
  readonly restore: OperationDefinition<RestoreInput>;
}

export function defineRenewal(deps: RenewalDeps): RenewalOperations {
  return {
    rebuild: {
      kind: 'machine.rebuild',
      parseInput: (value) => RebuildShape.parse(value),
      steps: [
        ...leave<RebuildInput>(deps),
        {
          id: 'rebuild',
          title: 'Write the new disk',
          async run(context) {
            const work = workOn(deps, context);
            const { id, image } = context.input;
            await giveOrder(work, {
              key: 'rebuild',
              order: { type: 'rebuild', image },
              what: 'write its disk anew',
              limitMs: WRITE_DISK_MS,
            });
            await deps.directory.change(id, { image });
          },
        },
        ...comeUp<RebuildInput>(deps),
        {
          id: 'boot-key',
          title: 'Expect a first boot',
          run: (context) => expectFirstBoot(deps, context),
        },
        ...deps.firstBoot,
      ],
      recover: 'finish',
      waitsForSecrets: true,
      onFailure: 'keep',
      canCancel: false,
      async onEnd(_operation, { id }) {
        await deps.giveUp(id);
        await connectAgain(deps, id);
      },
    },
    restore: {
      kind: 'machine.restore',
      parseInput: (value) => RestoreShape.parse(value),
      steps: [
        ...leave<RestoreInput>(deps),
        {
          id: 'restore',
          title: 'Put the disk back',
          async run(context) {
            const { kind, snapshot: image } = context.input;
            await giveOrder(workOn(deps, context), {
              key: 'restore',
              // Providers restore backups, and write snapshots as any other image.
              order: { type: kind === 'backup' ? 'restore' : 'rebuild', image },
              what: 'put its disk back',
              limitMs: WRITE_DISK_MS,
            });
          },
        },
        ...comeUp<RestoreInput>(deps),
        {
          id: 'back',
          title: 'Connect its host',
          run: (context) => returnToHost(workOn(deps, context)),
        },
      ],
      recover: 'finish',
      waitsForSecrets: true,
      onFailure: 'keep',
      canCancel: false,
      onEnd: (_operation, { id }) => connectAgain(deps, id),
    },
  };
}

function leave<I extends MachineInput>(deps: MachineWorkDeps): StepDefinition<I>[] {
  return [
    {
      id: 'look',
      title: 'Look at the machine',
      async run(context) {
        const work = workOn(deps, context);
        await readMachine(work);
        requireQuietHost(deps, work.record.hostId);
        context.memory.resume = wantedWorkspaces(deps, work.record.hostId);
      },
    },
    {
      id: 'host',
      title: 'Leave its host',
      run: (context) => leaveHost(workOn(deps, context), resumeOf(context)),
    },
  ];
}

function comeUp<I extends MachineInput>(deps: MachineWorkDeps): StepDefinition<I>[] {
  return [
    settle(deps),
    {
      id: 'on',
      title: 'Switch it on',
      // Some providers leave a machine that was off as it was.
      run: (context) => switchOn(workOn(deps, context)),
    },
  ];
}

/** It is being made again: gates ask, wait, and can be finished later, as at its first time. */
async function expectFirstBoot(
  { directory, trustFirstBoot }: RenewalDeps,
  { input }: StepContext<RebuildInput>,
): Promise<void> {
  await trustFirstBoot(input.id);
  await directory.change(input.id, { life: 'creating', trouble: null, gate: null, onTrouble: 'ask' });
}

/** Whatever came of it: a machine that runs is connected as its host was before. */
async function connectAgain({ directory, hosts }: MachineWorkDeps, id: MachineId): Promise<void> {
  const record = directory.record(id);
  if (record === undefined || record.hostId === null || record.power?.state !== 'on') return;
  const host = hosts.get(record.hostId);
  if (host?.desired === 'disconnected') await hosts.connect(record.hostId);
}
