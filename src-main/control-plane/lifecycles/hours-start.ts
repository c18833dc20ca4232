/**
 * Starts workspaces whose working hours begin, once for each beginning, also late where the host was away; and notes an instant
 * that came while a workspace was stopped, so that it does not come again. What fails is tried again at the next look.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { LifecycleDirectory } from './lifecycle-directory.ts';
import type { RunHistory } from './run-history.ts';
import type { Timeline } from './timeline.ts';
import { hoursAround, isTimeZone } from './working-hours.ts';

export interface HoursStartDeps {
  readonly directory: Pick<LifecycleDirectory, 'record' | 'change'>;
  readonly ownerOf: (id: WorkspaceId) => UserId | undefined;
  readonly isHostThere: (hostId: HostId) => boolean;
  readonly isWorkedOn: (id: WorkspaceId) => boolean;
  readonly start: (id: WorkspaceId, userId: UserId) => Promise<unknown>;
  readonly timeline: Pick<Timeline, 'add'>;
  readonly history: Pick<RunHistory, 'expect'>;
  readonly clock: Clock;
  readonly log: Log;
}

export class HoursStart {
  readonly #deps: HoursStartDeps;
  /** Time zones of which it was said in this run that they are not known. */
  readonly #unknownZones = new Map<WorkspaceId, string>();
  /** The beginning, and why it could not be started for it, as was said. */
  readonly #refused = new Map<WorkspaceId, string>();

  constructor(deps: HoursStartDeps) {
    this.#deps = deps;
  }

  forget(id: WorkspaceId): void {
    this.#unknownZones.delete(id);
    this.#refused.delete(id);
  }

  /** Working hours that begin, and an instant that came while it was stopped. */
  async keep({ desired, hostId, id, move, state }: Workspace): Promise<void> {
    const { clock, directory, history, isHostThere, isWorkedOn, log, ownerOf, start } = this.#deps;
    const { doneEndAt, policy, startedForAt } = directory.record(id);
    const isStopped = state === 'stopped' && desired === 'stopped';
    // Nor does it run by itself again where it was given up, or has no container.
    const isAtRest = isStopped || state === 'failed' || state === 'missing';
    const { endAt, hours } = policy;
    // What is to be destroyed has its end yet, though it does not run.
    const isOver = isAtRest && (policy.endAction === 'stop' || state === 'missing');
    if (isOver && endAt !== null && endAt !== doneEndAt && Date.parse(endAt) <= clock.nowMs())
      await directory.change(id, { doneEndAt: endAt });
    if (hours !== null && !isTimeZone(hours.timeZone)) {
      this.#tellZone(id, hours.timeZone);
      return;
    }
    const begun = hours === null ? null : hoursAround(hours, clock.nowMs()).now;
    if (begun === null || hours?.starts !== true) return;
    const beginning = new Date(begun.startMs).toISOString();
    if (startedForAt !== null && startedForAt >= beginning) return;
    const ownerId = ownerOf(id);
    if (isStopped) {
      if (ownerId === undefined || move !== null || isWorkedOn(id) || !isHostThere(hostId)) return;
      history.expect(id, 'started', 'Started: its working hours began');
      try {
        await start(id, ownerId);
      } catch (cause) {
        history.expect(id, 'started', null);
        this.#tellRefused(id, beginning, cause);
        log.info('a workspace could not be started for its hours; it is tried again', {
          workspaceId: id,
          cause,
        });
        return;
      }
    } else if (state !== 'running') return;
    await directory.change(id, { startedForAt: beginning });
  }

  /** Once for each beginning and reason: it is tried again at each look. */
  #tellRefused(id: WorkspaceId, beginning: string, cause: unknown): void {
    const said = BerthError.is(cause) ? cause.message : 'Berth made a mistake.';
    const key = `${beginning} ${said}`;
    if (this.#refused.get(id) === key) return;
    this.#refused.set(id, key);
    const text = `Its hours began, and it could not be started: ${said} It is tried again`;
    this.#deps.timeline.add(id, { event: 'failed', text });
  }

  /** One that a newer Berth, or another system, knew. */
  #tellZone(id: WorkspaceId, timeZone: string): void {
    if (this.#unknownZones.get(id) === timeZone) return;
    this.#unknownZones.set(id, timeZone);
    this.#deps.timeline.add(id, {
      event: 'failed',
      text: `Its hours do not count: the time zone ${timeZone} is not known here. Choose another one`,
    });
  }
}
