/**
 * Destroying a machine: what is under way there ends, its hardware and what is chosen of the rest go, and only then does Berth
 * forget it. Guarantees: killed anywhere it goes on to the end; what could not be destroyed is said, and is found again by
 * the comparison with the provider; while hardware may be there the record is, too.
 */
import { z } from 'zod';
import { BerthError, ErrorShape } from '#contract/berth-error.ts';
import { MachineId } from '#contract/ids.ts';
import { Leftover, Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import type { OperationDefinition, StepContext } from '../../operations/operation-definition.ts';
import type { LeftoverRef } from '../../interfaces/cloud-provider.ts';
import { askCloud } from '../ask-cloud.ts';
import type { MachineWorkDeps } from '../life/machine-work.ts';
import { requireQuietHost } from '../life/switching.ts';
import type { MachineRecord } from '../machine.ts';
import type { Waiting } from '../patience.ts';
import { destroyHardware } from './destroy-hardware.ts';
import { dropKeys, type RemainsDeps, removeHost, removeProviderParts } from './remains-here.ts';

const RefShape = Leftover.pick({ kind: true, id: true });
const DestroyShape = z.object({
  id: MachineId,
  /** What it was before. */
  was: Machine.shape.life,
  /** These go with the machine in one order; those one by one. */
  attached: z.array(RefShape),
  kept: z.array(RefShape),
});
export type DestroyInput = z.infer<typeof DestroyShape>;

export interface DestroyOperationDeps extends MachineWorkDeps, RemainsDeps {
  /** What a sleeping machine left on other hosts or on this computer goes, too. May be repeated. */
  readonly discardSleep: (context: StepContext<unknown>, id: MachineId) => Promise<void>;
}

export function defineDestroy(deps: DestroyOperationDeps): OperationDefinition<DestroyInput> {
  const { clock, clouds, directory, hosts } = deps;
  const waitingOf = (context: StepContext<DestroyInput>): Waiting => ({
    clock,
    signal: context.signal,
    note: (text) => context.note(text),
  });
  return {
    kind: 'machine.destroy',
    parseInput: (value) => DestroyShape.parse(value),
    steps: [
      {
        id: 'end-work',
        title: 'End what is under way there',
        async run(context) {
          const record = directory.require(context.input.id);
          const { hostId } = record;
          requireQuietHost(deps, hostId);
          await directory.change(record.id, { life: 'destroying', trouble: null, gate: null });
          if (hostId !== null && hosts.get(hostId) !== undefined) await hosts.disconnect(hostId);
        },
      },
      {
        id: 'hardware',
        title: 'Destroy it at the provider',
        async run(context) {
          const { attached, id } = context.input;
          const { stays } = await destroyHardware(deps, waitingOf(context), id, attached);
          if (stays === undefined) return;
          context.log(stays.message, 'warning');
          context.memory.stays = [...staysOf(context), stays.toShape()];
        },
      },
      {
        id: 'leftovers',
        title: 'Destroy what is chosen of the rest',
        async run(context) {
          const { id, kept } = context.input;
          const record = directory.record(id);
          if (record === undefined || kept.length === 0) return context.note('nothing more');
          for (const ref of kept) await destroyKept(context, record, ref);
        },
      },
      {
        id: 'sleep',
        title: 'Delete the files that it slept in',
        async run(context) {
          const sleep = directory.record(context.input.id)?.sleep ?? null;
          // A snapshot at the provider is one of the leftovers: whether it goes was said there.
          if (sleep === null || sleep.place.kind === 'machine-snapshot') return context.note('none');
          await deps.discardSleep(context, context.input.id);
        },
      },
      {
        id: 'parts',
        title: 'Remove its firewall and its key there',
        run: (context) => removeProviderParts(deps, waitingOf(context), context.input.id),
      },
      {
        id: 'host',
        title: 'Remove its host',
        run: (context) => removeHost(deps, context.input.id),
      },
      {
        id: 'keys',
        title: 'Delete its keys',
        run: (context) => dropKeys(deps, context.input.id),
      },
      {
        id: 'forget',
        title: 'Forget it',
        run: (context) => directory.remove(context.input.id),
      },
      {
        id: 'stays',
        title: 'See that nothing stays',
        run: async (context) => {
          const [first, ...more] = staysOf(context);
          if (first === undefined) return;
          throw new BerthError(
            first.code,
            `The machine is gone. ${first.message} What stays is shown among what was found, and can be destroyed there.`,
            { details: { ...first.details, more: more.map(({ message }) => message) } },
          );
        },
      },
    ],
    recover: 'finish',
    waitsForSecrets: true,
    onFailure: 'keep',
    canCancel: false,
    onEnd: backToTruth,
  };

  async function destroyKept(
    context: StepContext<DestroyInput>,
    record: MachineRecord,
    ref: LeftoverRef,
  ): Promise<void> {
    const waiting = waitingOf(context);
    try {
      await askCloud(waiting, clouds, record.cloudId, (client) =>
        client.destroyResource(ref, context.signal),
      );
    } catch (error) {
      context.signal.throwIfAborted();
      if (!BerthError.is(error)) throw error;
      const message = `${ref.kind} ${ref.id} could not be destroyed and may cost: ${error.message}`;
      context.log(message, 'warning');
      context.memory.stays = [
        ...staysOf(context),
        new BerthError('machine.action-failed', message).toShape(),
      ];
    }
  }

  /** A machine that is still there lives on, and can be destroyed again. */
  async function backToTruth(_operation: Operation, { id, was }: DestroyInput): Promise<void> {
    const record = directory.record(id);
    if (record?.life !== 'destroying') return;
    const { hostId, providerId, sleep } = record;
    if (providerId === null) {
      await directory.change(id, { life: sleep === null ? 'vanished' : 'asleep' });
      return;
    }
    await directory.change(id, { life: was === 'destroying' ? 'made' : was });
    if (hostId !== null && hosts.get(hostId) !== undefined) await hosts.connect(hostId);
  }
}

function staysOf({ memory }: StepContext<DestroyInput>): ErrorShape[] {
  return ErrorShape.array().parse(memory.stays ?? []);
}
