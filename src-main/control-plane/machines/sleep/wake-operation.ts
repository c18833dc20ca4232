/**
 * Wakes a machine: hardware again, with the same host, keys and names, its files back in it and looked at, and what ran
 * running. What it slept in is touched last: a wake that fails or is cancelled destroys the new hardware and leaves the
 * machine asleep as it was. Meanwhile both cost, and it says so.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { HostId, MachineId, UserId } from '#contract/ids.ts';
import type {
  OperationDefinition,
  StepContext,
  StepDefinition,
} from '../../operations/operation-definition.ts';
import { askCloud } from '../ask-cloud.ts';
import { endHardware } from '../end-hardware.ts';
import { type MachineRecord, operationTag } from '../machine.ts';
import { followAction } from '../patience.ts';
import { keptOf, type SleepDeps, waitingOf } from './hibernate-operation.ts';
import { awaitEngine, type Reach } from './host-reach.ts';
import type { SleepExtra } from './kept-files.ts';

export const WakeInput = z.object({
  machineId: MachineId,
  userId: UserId,
  region: z.string(),
  /** As it was on offer when it was asked for. */
  size: z.object({
    id: z.string(),
    cpus: z.number(),
    memoryBytes: z.number(),
    diskBytes: z.number(),
    hourlyUsd: z.number(),
    monthlyUsd: z.number(),
  }),
  keepsSnapshot: z.boolean(),
});
export type WakeInput = z.infer<typeof WakeInput>;

export interface WakeDeps extends SleepDeps, Reach {
  /**
   * Hardware for the record as it stands (region, size, image), through all gates, and its host on it. Each may be repeated,
   * goes on with hardware that is there already, and finds by the operation's tag what an answer was lost of.
   */
  readonly hardware: readonly StepDefinition<WakeInput>[];
}

type Context = StepContext<WakeInput>;
type Sleep = NonNullable<MachineRecord['sleep']>;

/** Milliseconds: a disk of some hundred gigabytes between two regions. */
const TRANSFER_MS = 8 * 3_600_000;

export function defineWake(deps: WakeDeps): OperationDefinition<WakeInput> {
  const { directory, clouds, files, hosts, clock } = deps;
  const recordOf = ({ input }: Context) => directory.require(input.machineId);
  const hostOf = (context: Context): HostId => HostId.parse(recordOf(context).hostId);

  function sleepOf(context: Context): { sleep: Sleep; kept: SleepExtra } {
    const record = recordOf(context);
    const kept = keptOf(record);
    if (record.sleep === null || kept === undefined)
      throw new BerthError('conflict', `“${record.name}” does not sleep.`);
    return { sleep: record.sleep, kept };
  }
  const isWhole = (context: Context) => sleepOf(context).sleep.place.kind === 'machine-snapshot';
  const idsOf = (context: Context) => sleepOf(context).sleep.workspaces.map(({ id }) => id);
  /** Workspaces that have files in an archive. */
  const archivedOf = (context: Context) =>
    sleepOf(context).sleep.workspaces.flatMap(({ id, archive }) => {
      const kept = sleepOf(context).kept.snapshots.find((snapshot) => snapshot.id === archive);
      return kept === undefined ? [] : [{ id, snapshotId: kept.id }];
    });

  const check: StepDefinition<WakeInput> = {
    id: 'check',
    title: 'Look at what sleeps',
    async run(context) {
      const { size, region } = context.input;
      const { sleep, kept } = sleepOf(context);
      const { id: _, ...facts } = size;
      await directory.change(context.input.machineId, {
        life: 'waking',
        region,
        size: size.id,
        image: sleep.snapshotId ?? kept.was.image,
        ...facts,
        power: null,
        gate: null,
        trouble: null,
        onTrouble: 'ask',
      });
      const asleep =
        sleep.monthlyUsd === null ? '' : ` and $${sleep.monthlyUsd} a month for what it sleeps in`;
      context.note(`From now on it costs $${size.hourlyUsd} an hour${asleep}, until it is awake.`);
    },
    /** The last that is taken back: whatever hardware is left goes, also that of an answer that was lost. */
    async undo(context) {
      const record = recordOf(context);
      const kept = keptOf(record);
      if (record.sleep === null || kept === undefined) return;
      // Kept by the person's choice in a trouble: it costs, it is shown, and waking goes on with it.
      if (record.life === 'incomplete' && record.providerId !== null) return;
      if (record.hostId !== null && hosts.get(record.hostId) !== undefined)
        await hosts.disconnect(record.hostId);
      await endAll(context, record);
      await directory.change(record.id, {
        ...kept.was,
        life: 'asleep',
        providerId: null,
        operationId: null,
        power: null,
        gate: null,
        trouble: null,
        ipv4: null,
        ipv6: null,
        billedFromAt: null,
      });
    },
  };

  async function endAll(context: Context, record: MachineRecord): Promise<void> {
    const waiting = waitingOf(clock, context);
    await askCloud(waiting, clouds, record.cloudId, async (client) => {
      const tagged = await client.machinesTagged(operationTag(context.operationId), context.signal);
      const ids = new Set(tagged.map(({ id }) => id));
      if (record.providerId !== null) ids.add(record.providerId);
      for (const providerId of ids) await endHardware({ ...waiting, client, providerId, leftovers: [] });
    });
  }

  const transfer: StepDefinition<WakeInput> = {
    id: 'transfer',
    title: 'Bring its snapshot to the region',
    async run(context) {
      const { snapshotId } = sleepOf(context).sleep;
      if (snapshotId === null) return context.note('its files come back by themselves');
      const { signal } = context;
      const waiting = waitingOf(clock, context);
      await askCloud(waiting, clouds, recordOf(context).cloudId, async (client) => {
        const actionId = await client.bringSnapshot(snapshotId, context.input.region, signal);
        if (actionId === undefined) return context.note('it is there');
        await followAction(waiting, 'bring the snapshot to another region', TRANSFER_MS, () =>
          client.imageAction(snapshotId, actionId, signal),
        );
      });
    },
  };

  const reach: StepDefinition<WakeInput> = {
    id: 'reach',
    title: 'Wait for its engine',
    async run(context) {
      await hosts.connect(hostOf(context));
      await awaitEngine(deps, context, hostOf(context));
    },
  };

  const bring: StepDefinition<WakeInput> = {
    id: 'bring',
    title: 'Bring the files back',
    async run(context) {
      if (isWhole(context)) return context.note('they are on its disk');
      const { sleep, kept } = sleepOf(context);
      await files.bring(context, hostOf(context), kept.snapshots, sleep.place);
    },
    async undo(context) {
      const record = recordOf(context);
      const kept = keptOf(record);
      if (kept !== undefined && record.hostId !== null)
        await files.remember(record.hostId, kept.snapshots, kept.sides);
    },
  };
  const unpack: StepDefinition<WakeInput> = {
    id: 'unpack',
    title: 'Unpack images and lists',
    async run(context) {
      const { sides } = sleepOf(context).kept;
      if (sides.length === 0) return context.note('there are none');
      await files.unpack(context, hostOf(context), sides);
    },
  };
  const images: StepDefinition<WakeInput> = {
    id: 'images',
    title: 'Get the images',
    async run(context) {
      if (isWhole(context)) return;
      await files.images(
        context,
        hostOf(context),
        archivedOf(context).map(({ id }) => id),
      );
    },
  };
  const rebuild: StepDefinition<WakeInput> = {
    id: 'rebuild',
    title: 'Fill the volumes, compare them, and make the containers',
    async run(context) {
      if (!isWhole(context)) await files.rebuild(context, hostOf(context), archivedOf(context));
    },
  };
  const verify: StepDefinition<WakeInput> = {
    id: 'verify',
    title: 'Look whether all of them are back',
    run: (context) => files.verify(context, hostOf(context), idsOf(context)),
  };
  const start: StepDefinition<WakeInput> = {
    id: 'start',
    title: 'Start what ran',
    run: (context) => files.start(context, hostOf(context), sleepOf(context).sleep.workspaces),
    undo: (context) => files.rest(idsOf(context)),
  };
  const awake: StepDefinition<WakeInput> = {
    id: 'awake',
    title: 'It is awake',
    async run(context) {
      const { kept } = sleepOf(context);
      await directory.change(context.input.machineId, { life: 'made', image: kept.was.image });
    },
  };

  const drop: StepDefinition<WakeInput> = {
    id: 'drop',
    title: 'Remove what it slept in',
    async run(context) {
      const record = recordOf(context);
      const kept = keptOf(record);
      if (record.sleep === null || kept === undefined) return;
      const { place, snapshotId, workspaces } = record.sleep;
      try {
        if (snapshotId === null) {
          await files.drop(
            context,
            kept.snapshots.map(({ copyId }) => copyId),
            place,
          );
          const own = new Set([
            ...workspaces.map(({ archive }) => archive),
            ...kept.sides.map(({ id }) => id),
          ]);
          const carriers = kept.snapshots.filter(({ id }) => own.has(id)).map(({ id }) => id);
          await files.dropArchives(context, hostOf(context), carriers);
        } else if (context.input.keepsSnapshot) context.note('its snapshot stays, and costs');
        else {
          await askCloud(waitingOf(clock, context), clouds, record.cloudId, (client) =>
            client.destroyResource({ kind: 'snapshot', id: snapshotId }, context.signal),
          );
        }
      } catch (error) {
        context.signal.throwIfAborted();
        if (!BerthError.is(error)) throw error;
        // The machine is awake, whatever becomes of the copies; they are shown where they lie.
        context.log(`What it slept in could not be removed, and may cost: ${error.message}`, 'warning');
        context.note('what it slept in could not be removed');
      }
      await directory.change(record.id, { sleep: null });
    },
  };

  return {
    kind: 'machine.wake',
    parseInput: (value) => WakeInput.parse(value),
    steps: [
      check,
      transfer,
      ...deps.hardware,
      reach,
      bring,
      unpack,
      images,
      rebuild,
      verify,
      start,
      awake,
      drop,
    ],
    recover: 'finish',
    waitsForSecrets: true,
    canCancel: true,
    // One that a person kept unfinished stays, and is gone on with when it is woken again.
    onFailure: ({ machineId }) => (directory.record(machineId)?.life === 'incomplete' ? 'keep' : 'undo'),
    commitsAt: awake.id,
    async onEnd(_operation, { machineId }) {
      const hostId = directory.record(machineId)?.hostId ?? null;
      if (hostId !== null) files.settled(hostId);
    },
  };
}
