/**
 * A machine becomes a host, or its host moves to where the machine is now. The id of the host is in the record before the
 * host is there, so that no restart adds a second one.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId } from '#contract/ids.ts';
import type { TroubleChoice } from '#contract/machines.ts';
import type { StepContext, StepDefinition } from '../../operations/operation-definition.ts';
import type { MachineRecord } from '../machine.ts';
import { type GateLook, notYet, passed, passGate } from './gate.ts';
import { allChoices, isBooting } from './hardware-steps.ts';
import { definitionOf, isKept, type MachineInput, type MakingDeps, pinsOf } from './making-deps.ts';

export function createHostStep<I extends MachineInput>(
  deps: MakingDeps,
  choices: readonly TroubleChoice[] = allChoices,
): StepDefinition<I> {
  const { directory, hosts } = deps;
  return {
    id: 'host',
    title: 'Make it a host',
    async run(context) {
      let isTold = false;
      await passGate(deps, {
        context,
        gate: 'setup',
        choices,
        mayPass: isBooting,
        async look(record) {
          const hostId =
            isTold && record.hostId !== null ? record.hostId : await putHost(deps, context, record);
          isTold = true;
          return await lookAtHost(deps, hostId);
        },
      });
    },
    async undo({ input }) {
      const record = directory.record(input.machineId);
      if (record === undefined || isKept(record) || record.hostId === null) return;
      // Of a machine that goes back to sleep the host stays, and is not dialled.
      if (record.sleep !== null) {
        if (hosts.get(record.hostId) !== undefined) await hosts.disconnect(record.hostId);
        return;
      }
      await hosts.removeForMachine(record.hostId);
      await directory.change(record.id, { hostId: null });
    },
  };
}

async function putHost(
  { directory, hosts, random }: MakingDeps,
  { signal }: StepContext<MachineInput>,
  record: MachineRecord,
): Promise<HostId> {
  const definition = definitionOf(record);
  if (definition === undefined) throw new BerthError('machine.overdue', 'The machine has no address yet.');
  const hostId = record.hostId ?? random.id('host');
  if (record.hostId === null) await directory.change(record.id, { hostId });
  signal.throwIfAborted();
  // Named as the machine at first; later a person may have named it.
  const host = { id: hostId, definition, pinnedFingerprints: pinsOf(record) };
  if (hosts.get(hostId) === undefined) await hosts.addForMachine({ ...host, name: record.name });
  else await hosts.changeForMachine(hostId, host);
  if (hosts.get(hostId)?.desired !== 'connected') await hosts.connect(hostId);
  return hostId;
}

/** Ready, with an engine. Throws what it failed with where a machine that boots does not fail so. */
async function lookAtHost({ hosts }: MakingDeps, hostId: HostId): Promise<GateLook> {
  const state = hosts.get(hostId)?.state;
  switch (state?.phase) {
    case 'ready':
      if (state.engineError === null) return passed;
      return notYet(state.engineError.message);
    case 'failed':
    case 'lost': {
      const error = BerthError.fromShape(state.error);
      // What has failed for good is tried again here, at the pace of the gate.
      if (state.phase === 'failed') await hosts.connect(hostId);
      if (isBooting(error)) return notYet(error.message);
      throw error;
    }
    case 'connecting':
    case 'disconnected':
    case 'needs-you':
    case undefined:
      return notYet('it is being connected');
  }
}
