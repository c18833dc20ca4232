/**
 * A plane in a process of its own that dies by SIGKILL at a chosen moment of an operation: as when the app is killed.
 * Arguments: one JSON of `Errand`. Prints nothing; exit by signal is success, any other exit is not.
 */
import { flushCompileCache } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import type { HostId, OperationId, ProjectId, WorkspaceId } from '#contract/ids.ts';
import { ManualClock } from './manual-clock.ts';
import { startPlane } from './start-plane.ts';

export interface Errand {
  readonly folder: string;
  readonly hostId: HostId;
  readonly act:
    | { readonly kind: 'create'; readonly name: string; readonly projectId: ProjectId }
    | { readonly kind: 'destroy' | 'stop' | 'start'; readonly workspaceId: WorkspaceId }
    /** Any call that begins an operation, once every snapshot of `hostIds` is known. */
    | { readonly kind: 'call'; readonly hostIds: HostId[]; readonly method: string; readonly input: unknown }
    /** Begins nothing: goes on with what an earlier one left, once all `hostIds` are ready. */
    | { readonly kind: 'go-on'; readonly hostIds: HostId[] }
    /** Is there, and does what it does by itself, until somebody kills it; `exec`: a command runs through it meanwhile. */
    | {
        readonly kind: 'live';
        readonly exec?: { readonly id: WorkspaceId; readonly argv: [string, ...string[]] };
      }
    /**
     * A workspace ends by itself, on a clock that begins at `startAt` and moves by so much. Dies in the operation `until`; null:
     * as soon as the end is warned of.
     */
    | {
        readonly kind: 'end';
        readonly workspaceId: WorkspaceId;
        readonly startAt: string;
        readonly advanceMs: number;
        readonly until: 'snapshot.create' | 'workspace.destroy' | null;
      };
  /** The step in which it dies. */
  readonly step: string;
  /** Milliseconds after the step was seen to run. */
  readonly delayMs: number;
}

// It will not come to a proper end, which is when Node keeps what it compiled for the next one.
flushCompileCache();
const errand = JSON.parse(process.argv[2] ?? '') as Errand;
const clock = errand.act.kind === 'end' ? new ManualClock(errand.act.startAt) : undefined;
const plane = await startPlane({
  folder: errand.folder,
  ...(clock === undefined ? {} : { lifecycleClock: clock }),
});
await plane.hostReady(errand.hostId);

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('it lives on');
}

async function begin(): Promise<OperationId> {
  const { act, hostId } = errand;
  switch (act.kind) {
    case 'create': {
      const { name, projectId } = act;
      const wish = { name, projectId, hostId, volumeName: null };
      return (await plane.client.call('workspaces.create', wish)).operation.id;
    }
    case 'destroy': {
      const wish = { id: act.workspaceId, keepVolume: false };
      return (await plane.client.call('workspaces.destroy', wish)).id;
    }
    case 'stop':
      return (await plane.client.call('workspaces.stop', { id: act.workspaceId })).id;
    case 'start':
      return (await plane.client.call('workspaces.start', { id: act.workspaceId })).id;
    case 'call': {
      const begun = await plane.client.call(act.method as 'workspaces.fork', act.input as never);
      return ((begun as Partial<typeof begun>).operation ?? (begun as unknown as { id: OperationId })).id;
    }
    case 'go-on':
      for (const id of act.hostIds) await plane.hostReady(id);
      return await plane.until('operations.watch', {}, (all) => {
        const newestFirst = all.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
        return (newestFirst.find(({ endedAt }) => endedAt === null) ?? newestFirst[0])?.id;
      });
    case 'end': {
      const { until, workspaceId } = act;
      await clock?.advance(act.advanceMs);
      if (until !== null)
        return await plane.until('operations.watch', {}, (all) => {
          return all.find(({ kind, subject }) => kind === until && subject.id === workspaceId)?.id;
        });
      await plane.until('lifecycles.watch', {}, (all) =>
        all.find(({ id, next }) => id === workspaceId && next?.isWarned === true),
      );
      return die();
    }
    case 'live':
      if (act.exec !== undefined) {
        await plane.workspaceIn(act.exec.id, 'running');
        plane.client.bytes('workspaces.exec', act.exec);
      }
      return await new Promise<never>(() => {});
    default:
      return act satisfies never;
  }
}

if ('workspaceId' in errand.act) await plane.workspaceIn(errand.act.workspaceId, 'running', 'stopped');
if (errand.act.kind === 'call')
  for (const hostId of errand.act.hostIds) {
    await plane.hostReady(hostId);
    await plane.until('snapshots.hosts', {}, (all) =>
      all.find(({ id, state }) => id === hostId && state === 'ready'),
    );
    await plane.until('workspaces.watch', {}, (all) =>
      all.every(({ state }) => state === 'running' || state === 'stopped') ? true : undefined,
    );
  }
// Whichever comes first, the step or (for a step that is over in no time) the end: the journal decides what is left.
const id = await begin();
await plane.until('operations.watch', {}, (all) =>
  all.find(
    (operation) =>
      operation.id === id &&
      (operation.endedAt !== null ||
        operation.steps.some((step) => step.id === errand.step && step.state !== 'waiting')),
  ),
);
if (errand.delayMs > 0) await pause(errand.delayMs);
die();
