/** Switching a machine on and off, and its host with it: what several of a machine's operations have in common. */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import { delay } from '../../delay.ts';
import type { HostLinks } from '../../hosts/host-links.ts';
import type { CloudMachine } from '../../interfaces/cloud-provider.ts';
import { givenOrder, giveOrder, pause } from './give-order.ts';
import {
  lookForMachine,
  type MachineWork,
  type MachineWorkDeps,
  type OrderWork,
  readMachine,
} from './machine-work.ts';

/** Milliseconds that a system has to shut down by itself before the cord is pulled. */
export const SHUTDOWN_MS = 2 * 60_000;
/** Milliseconds that the provider has for switching on or off. */
const SWITCH_MS = 15 * 60_000;
const LOOK_MS = 2_000;
/** Milliseconds that a stop of a workspace is waited for; the shutdown ends what is left. */
const STOP_WORKSPACE_MS = 3 * 60_000;
/** Milliseconds until a machine that was switched on has to answer over SSH. */
const ANSWER_MS = 10 * 60_000;

export interface HostWorkDeps extends Pick<MachineWorkDeps, 'workspaces' | 'operations'> {}

/** Throws conflict while something works on the host or on a workspace there. */
export function requireQuietHost({ workspaces, operations }: HostWorkDeps, hostId: HostId | null): void {
  if (hostId === null) return;
  const there = workspaces.onHost(hostId);
  const ids = new Set<string>(there.flatMap(({ id, move }) => (move === null ? [id] : [id, move.otherId])));
  const busy = operations
    .all()
    .find(
      (operation) =>
        operation.endedAt === null &&
        (operation.hostId === hostId ||
          (operation.subject.kind === 'workspace' && ids.has(operation.subject.id))),
    );
  if (busy === undefined) return;
  throw new BerthError('conflict', `“${busy.title}” is under way on this machine; wait for its end.`, {
    details: { operationId: busy.id },
  });
}

/** Those that are to run again afterwards. */
export function wantedWorkspaces({ workspaces }: HostWorkDeps, hostId: HostId | null): WorkspaceId[] {
  if (hostId === null) return [];
  return workspaces
    .onHost(hostId)
    .filter(({ desired }) => desired === 'running')
    .map(({ id }) => id);
}

/** Stops what runs in the words of a person's stop, so that programs have the time that they are given. Never fails. */
export async function stopWorkspaces(work: MachineWork, ids: readonly WorkspaceId[]): Promise<void> {
  const { hostId } = work.record;
  const { links, workspaces } = work.deps;
  if (hostId === null || ids.length === 0) return work.note('none runs');
  if (links.current(hostId)?.engine === undefined)
    return work.note('its host is not connected: the shutdown stops them');
  const running = workspaces
    .onHost(hostId)
    .filter(({ id }) => ids.includes(id) && workspaces.runningContainer(id) !== undefined);
  await Promise.all(running.map(({ id, name, ownerId }) => stopOne(work, { id, name, ownerId })));
  work.note(`${running.length} stopped`);
}

async function stopOne(
  { context, clock, deps, signal }: MachineWork,
  {
    id,
    name,
    ownerId,
  }: Pick<ReturnType<MachineWorkDeps['workspaces']['onHost']>[number], 'id' | 'name' | 'ownerId'>,
): Promise<void> {
  const enough = new AbortController();
  try {
    const operation = await deps.workspaces.stop(id, ownerId);
    const limit = delay(clock, STOP_WORKSPACE_MS, AbortSignal.any([signal, enough.signal]));
    await Promise.race([deps.operations.ended(operation.id), limit]);
  } catch (error) {
    if (!BerthError.is(error)) throw error;
    context.log(`“${name}” could not be stopped first: ${error.message}`, 'warning');
  } finally {
    enough.abort();
  }
  signal.throwIfAborted();
}

/** Nobody shouts for a host that is away on purpose. The workspaces are wanted again as they were. */
export async function leaveHost(work: MachineWork, resume: readonly WorkspaceId[]): Promise<void> {
  const { hosts, workspaces } = work.deps;
  const { hostId } = work.record;
  if (hostId === null || hosts.get(hostId) === undefined) return;
  await hosts.disconnect(hostId);
  for (const id of resume) await workspaces.change(id, { desired: 'running' });
}

export interface AwaitedHost {
  readonly links: HostLinks;
  readonly hostId: HostId;
  readonly limitMs: number;
  readonly needsEngine: boolean;
}

/** Connects the host and waits until its engine answers. One that does not is said, and tried further by itself. */
export async function returnToHost(work: MachineWork): Promise<void> {
  const { hosts, links } = work.deps;
  const { hostId } = work.record;
  if (hostId === null || hosts.get(hostId) === undefined) return work.note('it has no host');
  await hosts.connect(hostId);
  const isBack = await becomesReady(work, { links, hostId, limitMs: ANSWER_MS, needsEngine: true });
  work.signal.throwIfAborted();
  if (isBack) return;
  const text =
    'It is on, and does not answer over SSH yet. Berth goes on trying; the host’s page says what it meets.';
  work.context.log(text, 'warning');
  work.note(text);
}

/** False: not within `limitMs` milliseconds. */
export async function becomesReady(
  { clock, signal }: Pick<MachineWork, 'clock' | 'signal'>,
  { hostId, limitMs, links, needsEngine }: AwaitedHost,
): Promise<boolean> {
  let isReady = false;
  const ready = new AbortController();
  const stop = links.onReady((link) => {
    if (link.hostId !== hostId || (needsEngine && link.engine === undefined)) return;
    isReady = true;
    ready.abort();
  });
  try {
    await delay(clock, limitMs, AbortSignal.any([signal, ready.signal]));
  } finally {
    stop();
  }
  return isReady;
}

/** After something failed: what was stopped for it runs again. The reconciler would take such a stop for a person's. */
export async function startWorkspaces(work: MachineWork, ids: readonly WorkspaceId[]): Promise<void> {
  const { links, workspaces } = work.deps;
  const { hostId } = work.record;
  if (hostId === null) return;
  const there = workspaces.onHost(hostId).filter(({ id }) => ids.includes(id));
  for (const { id, ownerId, name } of there) {
    await workspaces.change(id, { desired: 'running' });
    if (links.current(hostId)?.engine === undefined || workspaces.runningContainer(id) !== undefined)
      continue;
    await workspaces.start(id, ownerId).catch((error: unknown) => {
      if (!BerthError.is(error)) throw error;
      work.context.log(`“${name}” could not be started again: ${error.message}`, 'warning');
    });
  }
}

/** Off when it resolves. `isGraceful`: its system is asked first, and has two minutes. */
export async function switchOff(work: OrderWork, { isGraceful }: { isGraceful: boolean }): Promise<void> {
  if ((await readMachine(work)).state === 'off') return work.note('it is off');
  const wasCut = givenOrder(work, 'cut') !== undefined;
  if (isGraceful && !wasCut && (await shutDown(work))) return;
  await giveOrder(work, {
    key: 'cut',
    order: { type: 'power-off' },
    what: 'switch it off',
    limitMs: SWITCH_MS,
  });
  await awaitState(work, 'off', SWITCH_MS);
}

async function shutDown(work: OrderWork): Promise<boolean> {
  const beganMs = work.clock.monotonicMs();
  work.note('Asking its system to shut down');
  try {
    await giveOrder(work, {
      key: 'shutdown',
      order: { type: 'shutdown' },
      what: 'shut it down',
      limitMs: SHUTDOWN_MS,
    });
    const leftMs = SHUTDOWN_MS - (work.clock.monotonicMs() - beganMs);
    await awaitState(work, 'off', Math.max(0, leftMs));
    return true;
  } catch (error) {
    if (!BerthError.is(error, 'machine.action-failed', 'machine.overdue')) throw error;
    work.context.log('Its system did not shut down within two minutes; it is cut off.', 'warning');
    return false;
  }
}

export async function switchOn(work: OrderWork, key = 'on'): Promise<void> {
  if ((await readMachine(work)).state === 'on') return work.note('it is on');
  await giveOrder(work, { key, order: { type: 'power-on' }, what: 'switch it on', limitMs: SWITCH_MS });
  await awaitState(work, 'on', SWITCH_MS);
}

async function awaitState(work: OrderWork, state: CloudMachine['state'], limitMs: number): Promise<void> {
  const beganMs = work.clock.monotonicMs();
  for (;;) {
    if ((await readMachine(work)).state === state) return;
    if (work.clock.monotonicMs() - beganMs > limitMs)
      throw new BerthError('machine.overdue', `The provider does not say that the machine is ${state}.`);
    await pause(work, LOOK_MS);
  }
}

/** Whether it is there, and on. */
export async function isOn(work: OrderWork): Promise<boolean> {
  return (await lookForMachine(work))?.state === 'on';
}
