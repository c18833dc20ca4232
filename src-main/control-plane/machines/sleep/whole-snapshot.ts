/**
 * The provider’s snapshot of a whole machine that it sleeps in: there is one of its name in the end, whatever answers were
 * lost, and none once it was taken back.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { MachineSnapshot } from '#contract/machines.ts';
import { giveOrder, pause } from '../life/give-order.ts';
import type { OrderWork } from '../life/machine-work.ts';

/** Milliseconds between two looks at a list that lags behind the action that filled it, and how many. */
const LOOK_MS = 2_000;
const LOOKS = 8;
/** Milliseconds: a disk of a terabyte takes hours. */
const SNAPSHOT_MS = 8 * 3_600_000;

/** The snapshot of this name, which no other has; taken unless it is there. What a lost answer doubled is destroyed. */
export async function takeWhole(work: OrderWork, name: string): Promise<void> {
  if ((await snapshotsNamed(work, name)).length === 0)
    await giveOrder(work, {
      key: 'snapshot',
      order: { type: 'snapshot', name },
      what: 'take a snapshot',
      limitMs: SNAPSHOT_MS,
    });
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const [first, ...doubles] = await snapshotsNamed(work, name);
    await destroyAll(work, doubles);
    if (first !== undefined) return;
    await pause(work, LOOK_MS);
  }
  throw new BerthError(
    'machine.copy-unverified',
    'The provider said that it took the snapshot, and does not have it. Nothing was destroyed; try again.',
  );
}

/** One that is being taken cannot be stopped: it is waited for, and then destroyed. */
export async function undoWhole(work: OrderWork, name: string): Promise<void> {
  const actions = await work.ask((client) => client.actionsOf(work.providerId, work.signal));
  const isUnderWay = actions.some(({ type, state }) => type === 'snapshot' && state === 'running');
  const found = await snapshotsNamed(work, name);
  if (found.length === 0 && !isUnderWay) return;
  if (found.length === 0) {
    work.note('The provider cannot stop a snapshot: waiting for its end, then it is destroyed.');
    await takeWhole(work, name).catch((error: unknown) => {
      if (!BerthError.is(error, 'machine.action-failed', 'machine.copy-unverified')) throw error;
    });
  }
  await destroyAll(work, await snapshotsNamed(work, name));
}

/** Throws machine.copy-unverified where it is not as it should be. */
export async function requireWhole(work: OrderWork, name: string): Promise<MachineSnapshot> {
  const [found] = await snapshotsNamed(work, name);
  const { region } = work.record;
  const lacks =
    found === undefined
      ? 'is not there'
      : found.sizeBytes === 0
        ? 'is empty'
        : found.regions.includes(region)
          ? undefined
          : `is not in ${region}`;
  if (found !== undefined && lacks === undefined) return found;
  throw new BerthError(
    'machine.copy-unverified',
    `The provider’s snapshot ${lacks}. Nothing was destroyed; try again.`,
  );
}

async function destroyAll(work: OrderWork, snapshots: readonly MachineSnapshot[]): Promise<void> {
  for (const { id } of snapshots)
    await work.ask((client) => client.destroyResource({ kind: 'snapshot', id }, work.signal));
}

/** Those of the name, oldest first. */
async function snapshotsNamed(work: OrderWork, name: string): Promise<MachineSnapshot[]> {
  const all = await work.ask((client) => client.snapshotsOf(work.providerId, work.signal));
  return all
    .filter((snapshot) => snapshot.name === name)
    .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
}
