/**
 * Orders to a provider that are sent once: where the answer is lost, the order is looked for among the machine's actions
 * before it is given again; and what they are to lead to is looked at, whatever the answer was.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { MachineSnapshot } from '#contract/machines.ts';
import { delay } from '../../delay.ts';
import type {
  CloudAction,
  CloudClient,
  CloudMachine,
  MachineOrder,
} from '../../interfaces/cloud-provider.ts';
import { followAction, isPassing, patiently, type Waiting } from '../patience.ts';

/** Milliseconds between two looks for an order whose answer was lost, and how many. */
const LOOK_MS = 2_000;
const LOOKS = 8;
/** How often an order that left no trace is given in all. */
const TRIES = 3;
/** Milliseconds that a system may take to shut down before the cord is pulled. */
const SHUTDOWN_MS = 2 * 60_000;
const SWITCH_MS = 10 * 60_000;
/** Milliseconds: a disk of a terabyte takes hours. */
const SNAPSHOT_MS = 8 * 3_600_000;

export interface Ordering extends Waiting {
  readonly client: CloudClient;
  readonly providerId: string;
}

/** Gives the order, or finds it under way, and follows it to its end. Throws as `followAction`. */
async function order(on: Ordering, what: string, wish: MachineOrder, limitMs: number): Promise<void> {
  const { client, providerId, signal } = on;
  const follow = (action: CloudAction) =>
    followAction(on, what, limitMs, () => client.action(providerId, action.id, signal));
  for (let tries = 1; ; tries += 1) {
    const before = await patiently(on, () => client.actionsOf(providerId, signal));
    const underWay = before.find((action) => isOf(action, wish) && action.state === 'running');
    if (underWay !== undefined) return await follow(underWay);
    try {
      return await follow(await client.order(providerId, wish, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      on.note(`${error.message} Looking whether the order arrived.`);
      const known = new Set(before.map(({ id }) => id));
      const arrived = await lookFor(on, (action) => isOf(action, wish) && !known.has(action.id));
      if (arrived !== undefined) return await follow(arrived);
      if (tries >= TRIES) throw error;
    }
  }
}

async function lookFor(
  on: Ordering,
  isWanted: (action: CloudAction) => boolean,
): Promise<CloudAction | undefined> {
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const actions = await patiently(on, () => on.client.actionsOf(on.providerId, on.signal));
    const found = actions.find(isWanted);
    if (found !== undefined) return found;
    await pause(on);
  }
  return undefined;
}

function isOf({ type }: CloudAction, wish: MachineOrder): boolean {
  return type === wish.type;
}

/** Shuts it down, and pulls the cord after two minutes. */
export async function switchOff(on: Ordering): Promise<void> {
  const isOff = ({ state }: CloudMachine) => state === 'off';
  if (isOff(await settled(on))) return;
  on.note('Shutting down.');
  try {
    await order(on, 'shut down', { type: 'shutdown' }, SHUTDOWN_MS);
    if (await becomes(on, isOff, SHUTDOWN_MS)) return;
  } catch (error) {
    if (!BerthError.is(error, 'machine.action-failed', 'machine.overdue', 'cloud.refused')) throw error;
  }
  if (isOff(await settled(on))) return;
  on.note('It does not shut down; pulling the cord.');
  await order(on, 'switch off', { type: 'power-off' }, SWITCH_MS);
  if (!(await becomes(on, isOff, SWITCH_MS)))
    throw new BerthError('machine.overdue', 'The provider has not switched it off within ten minutes.');
}

export async function switchOn(on: Ordering): Promise<void> {
  const isOn = ({ state }: CloudMachine) => state === 'on';
  if (isOn(await settled(on))) return;
  await order(on, 'switch on', { type: 'power-on' }, SWITCH_MS);
  if (!(await becomes(on, isOn, SWITCH_MS)))
    throw new BerthError('machine.overdue', 'The provider has not switched it on within ten minutes.');
}

/** The snapshot of this name, which no other has; taken unless it is there. What a lost answer doubled is destroyed. */
export async function takeSnapshot(on: Ordering, name: string): Promise<MachineSnapshot> {
  if ((await snapshotsNamed(on, name)).length === 0) {
    await settled(on);
    await order(on, 'take a snapshot', { type: 'snapshot', name }, SNAPSHOT_MS);
  }
  // A list may lag behind the action that filled it.
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const [first, ...doubles] = await snapshotsNamed(on, name);
    for (const { id } of doubles)
      await patiently(on, () => on.client.destroyResource({ kind: 'snapshot', id }, on.signal));
    if (first !== undefined) return first;
    await pause(on);
  }
  throw new BerthError(
    'machine.copy-unverified',
    'The provider said that it took the snapshot, and does not have it. Nothing was destroyed; try again.',
  );
}

/** Those of the name, oldest first. */
export async function snapshotsNamed(on: Ordering, name: string): Promise<MachineSnapshot[]> {
  const all = await patiently(on, () => on.client.snapshotsOf(on.providerId, on.signal));
  return all
    .filter((snapshot) => snapshot.name === name)
    .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
}

/** The machine once the provider does not work on it any more, or after a while of waiting all the same. */
async function settled(on: Ordering): Promise<CloudMachine> {
  const beganMs = on.clock.monotonicMs();
  for (;;) {
    const machine = await look(on);
    if (!machine.isBusy || on.clock.monotonicMs() - beganMs > SWITCH_MS) return machine;
    await pause(on);
  }
}

async function becomes(
  on: Ordering,
  isSo: (machine: CloudMachine) => boolean,
  limitMs: number,
): Promise<boolean> {
  const beganMs = on.clock.monotonicMs();
  for (;;) {
    if (isSo(await look(on))) return true;
    if (on.clock.monotonicMs() - beganMs > limitMs) return false;
    await pause(on);
  }
}

async function look({ client, providerId, signal, ...waiting }: Ordering): Promise<CloudMachine> {
  const machine = await patiently({ ...waiting, signal }, () => client.machine(providerId, signal));
  if (machine !== undefined) return machine;
  throw new BerthError('conflict', 'The provider does not have this machine any more.');
}

async function pause({ clock, signal }: Waiting): Promise<void> {
  await delay(clock, LOOK_MS, signal);
  signal.throwIfAborted();
}
