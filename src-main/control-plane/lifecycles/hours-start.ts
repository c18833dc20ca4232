/**
 * Starts workspaces whose working hours begin, once for each beginning, also late where the host was away; and notes an instant
 * that came while a workspace was stopped, so that it does not come again. What fails is tried again at the next look.
 */
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

  constructor(deps: HoursStartDeps) {
    this.#deps = deps;
  }

  forget(id: WorkspaceId): void {
    this.#unknownZones.delete(id);
  }

  /** Working hours that begin, and an instant that came while it was stopped. */
  async keep({ desired, hostId, id, move, state }: Workspace): Promise<void> {
    const { clock, directory, history, isHostThere, isWorkedOn, log, ownerOf, start } = this.#deps;
    const { doneEndAt, policy, startedForAt } = directory.record(id);
    const isStopped = state === 'stopped' && desired === 'stopped';
    const { endAt, hours } = policy;
    if (isStopped && endAt !== null && endAt !== doneEndAt && Date.parse(endAt) <= clock.nowMs())
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
        log.info('a workspace could not be started for its hours; it is tried again', {
          workspaceId: id,
          cause,
        });
        return;
      }
    } else if (state !== 'running') return;
    await directory.change(id, { startedForAt: beginning });
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
