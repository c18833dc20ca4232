/**
 * Puts a machine to sleep: its workspaces are stopped, its files are kept where they were asked to be, read back, written
 * down, and only then its hardware is destroyed. Until that order everything can be taken back, and what fails takes
 * itself back: the workspaces run again. From that order on it only goes forward, and the machine costs until the provider
 * confirms that it is gone.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { HostId, MachineId, UserId } from '#contract/ids.ts';
import { type MachineSnapshot, SleepPlace } from '#contract/machines.ts';
import { type Clock, instantOf } from '../../interfaces/clock.ts';
import type {
  OperationDefinition,
  StepContext,
  StepDefinition,
} from '../../operations/operation-definition.ts';
import { askCloud } from '../ask-cloud.ts';
import type { CloudClients } from '../cloud-clients.ts';
import { endHardware } from '../end-hardware.ts';
import { readMachine, workOn } from '../life/machine-work.ts';
import { switchOff, switchOn } from '../life/switching.ts';
import type { MachineRecord } from '../machine.ts';
import type { MachineDirectory } from '../machine-directory.ts';
import type { Waiting } from '../patience.ts';
import { carriedOf, FilesPlan, type KeptSnapshot, SleepExtra, type SleepFiles } from './kept-files.ts';
import { requireWhole, takeWhole, undoWhole } from './whole-snapshot.ts';

export const HibernateInput = z.object({ id: MachineId, userId: UserId, place: SleepPlace });
export type HibernateInput = z.infer<typeof HibernateInput>;

/** What sleep asks of hosts. */
export interface SleepHosts {
  connect(id: HostId): Promise<unknown>;
  disconnect(id: HostId): Promise<unknown>;
  get(id: HostId): { readonly name: string } | undefined;
}

export interface SleepDeps {
  readonly directory: MachineDirectory;
  readonly clouds: CloudClients;
  readonly files: SleepFiles;
  readonly hosts: SleepHosts;
  /** What the hardware had at the provider beside itself (its key, its firewall): made anew with the next one. */
  readonly removeParts: (waiting: Waiting, record: MachineRecord) => Promise<void>;
  readonly clock: Clock;
}

type Context = StepContext<HibernateInput>;

/** All of it is kept and was checked: its hardware may go. Undefined: not so. */
export function keptOf(record: Pick<MachineRecord, 'sleep'> | undefined): SleepExtra | undefined {
  return SleepExtra.safeParse(record?.sleep?.extra).data;
}

export function waitingOf(clock: Clock, context: StepContext<unknown>): Waiting {
  return { clock, signal: context.signal, note: (text) => context.note(text) };
}

export function defineHibernate(deps: SleepDeps): OperationDefinition<HibernateInput> {
  const { directory, clouds, files, hosts, clock } = deps;
  const recordOf = ({ input }: Context) => directory.require(input.id);
  const planOf = ({ memory }: Context) => FilesPlan.parse(memory.plan);
  const isWhole = ({ input }: Context) => input.place.kind === 'machine-snapshot';
  /** An earlier operation has kept everything and could not destroy the hardware. */
  const isResumed = ({ memory }: Context) => memory.isResumed === true;
  /** Its system does not run: there is nothing to stop, and nobody to ask. */
  const isOff = ({ memory }: Context) => memory.isOff === true;
  const hostOf = (context: Context): HostId => HostId.parse(recordOf(context).hostId);
  const snapshotName = (context: Context) =>
    `${recordOf(context).name}-asleep-${context.operationId.slice('op_'.length)}`;

  const workOf = (context: Context) => workOn(deps, context);

  const check: StepDefinition<HibernateInput> = {
    id: 'check',
    title: 'Check the machine and the place',
    async run(context) {
      const { input, memory, signal } = context;
      const record = recordOf(context);
      if (keptOf(record) !== undefined) {
        memory.isResumed = true;
        return context.note('everything is kept already');
      }
      if (record.hostId === null || (record.life !== 'made' && record.life !== 'hibernating'))
        throw new BerthError('conflict', `“${record.name}” cannot go to sleep as it is now.`);
      memory.isOff = (await readMachine(workOf(context))).state === 'off';
      if (isOff(context) && !isWhole(context))
        throw new BerthError(
          'conflict',
          'It is switched off, so that its workspaces cannot be read. Switch it on, or keep the whole machine.',
        );
      await files.requirePlace(record.hostId, input.place, signal);
      directory.requireNoSleepers(record);
      // Nothing is begun on its workspaces from here on: whoever asks is told that it goes to sleep.
      await directory.change(record.id, { life: 'hibernating' });
      files.requireIdle(record.hostId);
      memory.plan = await files.plan(record.hostId, input.place, signal);
    },
    async undo(context) {
      if (isResumed(context) || recordOf(context).life !== 'hibernating') return;
      await directory.change(context.input.id, { life: 'made' });
    },
  };

  const stop: StepDefinition<HibernateInput> = {
    id: 'stop',
    title: 'Stop its workspaces',
    async run(context) {
      if (isResumed(context)) return;
      if (isOff(context)) return context.note('it is switched off');
      await files.stop(context, hostOf(context), planOf(context).workspaces);
    },
    async undo(context) {
      if (isResumed(context) || isOff(context)) return;
      await files.resume(context, hostOf(context), planOf(context).workspaces);
    },
  };

  const prepare: StepDefinition<HibernateInput> = {
    id: 'prepare',
    title: 'Look at their files',
    async run(context) {
      if (isResumed(context)) return;
      if (isWhole(context)) return context.note('the whole disk is kept');
      await files.prepare(context, hostOf(context), planOf(context));
    },
  };
  const archive: StepDefinition<HibernateInput> = {
    id: 'archive',
    title: 'Read the files, and read them back',
    async run(context) {
      if (isResumed(context) || isWhole(context)) return;
      await files.archive(context, hostOf(context), planOf(context));
    },
    async undo(context) {
      if (isResumed(context) || isWhole(context)) return;
      await files.undoArchive(context, hostOf(context), planOf(context));
    },
  };
  const carry: StepDefinition<HibernateInput> = {
    id: 'carry',
    title: 'Copy them to where they sleep',
    async run(context) {
      if (isResumed(context) || isWhole(context)) return;
      await files.carry(context, hostOf(context), planOf(context), context.input.place);
    },
    async undo(context) {
      if (isResumed(context) || isWhole(context)) return;
      const copyIds = carriedOf(planOf(context)).map(({ copyId }) => copyId);
      await files.drop(context, copyIds, context.input.place);
    },
  };

  const flush: StepDefinition<HibernateInput> = {
    id: 'flush',
    title: 'Write everything to its disk',
    async run(context) {
      if (isResumed(context) || !isWhole(context) || isOff(context)) return;
      await files.flush(context, hostOf(context));
    },
  };
  const off: StepDefinition<HibernateInput> = {
    id: 'off',
    title: 'Switch it off',
    async run(context) {
      if (isResumed(context) || !isWhole(context)) return;
      await hosts.disconnect(hostOf(context));
      await switchOff(workOf(context), { isGraceful: true });
    },
    async undo(context) {
      if (isResumed(context) || !isWhole(context) || isOff(context)) return;
      await switchOn(workOf(context));
      await hosts.connect(hostOf(context));
    },
  };
  const snapshot: StepDefinition<HibernateInput> = {
    id: 'snapshot',
    title: 'Take the provider’s snapshot',
    async run(context) {
      if (isResumed(context) || !isWhole(context)) return;
      await takeWhole(workOf(context), snapshotName(context));
    },
    async undo(context) {
      if (isResumed(context) || !isWhole(context)) return;
      await undoWhole(workOf(context), snapshotName(context));
    },
  };

  const verify: StepDefinition<HibernateInput> = {
    id: 'verify',
    title: 'Check what is kept',
    async run(context) {
      if (isResumed(context)) return;
      const { input, memory } = context;
      if (isWhole(context)) {
        memory.snapshot = await requireWhole(workOf(context), snapshotName(context));
      } else memory.kept = await files.check(context, hostOf(context), planOf(context), input.place);
    },
  };

  const write: StepDefinition<HibernateInput> = {
    id: 'record',
    title: 'Write down how it comes back',
    async run(context) {
      if (isResumed(context)) return;
      const record = recordOf(context);
      const kept = (context.memory.kept ?? []) as KeptSnapshot[];
      const whole = context.memory.snapshot as MachineSnapshot | undefined;
      const extra: SleepExtra = {
        operationId: context.operationId,
        userId: context.input.userId,
        was: {
          region: record.region,
          size: record.size,
          image: record.image,
          cpus: record.cpus,
          memoryBytes: record.memoryBytes,
          diskBytes: record.diskBytes,
          hourlyUsd: record.hourlyUsd,
          monthlyUsd: record.monthlyUsd,
        },
        minDiskBytes: whole?.minDiskBytes ?? 0,
        snapshots: kept,
        sides: planOf(context).sides,
        isKept: true,
      };
      await directory.change(record.id, {
        earlierProviderIds: [...new Set([...record.earlierProviderIds, ...idsOf(record)])],
        sleep: {
          place: context.input.place,
          sinceAt: instantOf(clock),
          snapshotId: whole?.id ?? null,
          sizeBytes: whole?.sizeBytes ?? kept.reduce((sum, { manifest }) => sum + manifest.archive.bytes, 0),
          monthlyUsd: whole?.monthlyUsd ?? null,
          workspaces: planOf(context).workspaces.map(({ id, wasRunning, snapshotId }) => ({
            id,
            wasRunning,
            archive: isWhole(context) ? null : snapshotId,
          })),
          extra,
        },
      });
    },
    async undo(context) {
      if (isResumed(context)) return;
      const { earlierProviderIds, providerId } = recordOf(context);
      await directory.change(context.input.id, {
        sleep: null,
        earlierProviderIds: earlierProviderIds.filter((id) => id !== providerId),
      });
    },
  };

  const destroy: StepDefinition<HibernateInput> = {
    id: 'destroy',
    title: 'Destroy its hardware',
    async run(context) {
      const { cloudId, hostId, hourlyUsd, id, providerId, sleep } = recordOf(context);
      if (hostId !== null && hosts.get(hostId) !== undefined) await hosts.disconnect(hostId);
      if (providerId !== null) {
        context.note(`It costs $${hourlyUsd} an hour until the provider confirms that it is gone.`);
        const waiting = waitingOf(clock, context);
        // What is kept of it is none of what goes: only the machine itself is named.
        await askCloud(waiting, clouds, cloudId, (client) =>
          endHardware({ ...waiting, client, providerId, leftovers: [] }),
        );
      }
      await directory.change(id, {
        life: 'asleep',
        providerId: null,
        power: null,
        gate: null,
        trouble: null,
        ipv4: null,
        ipv6: null,
        billedFromAt: null,
        sleep: sleep === null ? null : { ...sleep, sinceAt: instantOf(clock) },
      });
    },
  };

  const parts: StepDefinition<HibernateInput> = {
    id: 'parts',
    title: 'Remove its firewall and its key there',
    async run(context) {
      try {
        await deps.removeParts(waitingOf(clock, context), recordOf(context));
      } catch (error) {
        context.signal.throwIfAborted();
        if (!BerthError.is(error)) throw error;
        // They cost nothing, and the next hardware finds them by name.
        context.log(`What costs nothing could not be removed: ${error.message}`, 'warning');
      }
      await directory.change(context.input.id, { operationId: null });
    },
  };

  return {
    kind: 'machine.hibernate',
    parseInput: (value) => HibernateInput.parse(value),
    steps: [check, stop, prepare, archive, carry, flush, off, snapshot, verify, write, destroy, parts],
    recover: 'finish',
    waitsForSecrets: true,
    canCancel: true,
    commitsAt: destroy.id,
    async onEnd(_operation, { id }) {
      const hostId = directory.record(id)?.hostId ?? null;
      if (hostId !== null) files.settled(hostId);
    },
  };
}

function idsOf({ providerId }: MachineRecord): string[] {
  return providerId === null ? [] : [providerId];
}
