/** What people can say of the ends of their workspaces. Short checks, then the word is on the disk and in effect. */
import { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { Lifecycle, LifecyclePolicy } from '#contract/lifecycles.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { Caller } from '../caller.ts';
import { durationWords } from '../duration-words.ts';
import type { Clock } from '../interfaces/clock.ts';
import { policyWords } from './end-words.ts';
import type { LifecycleDirectory } from './lifecycle-directory.ts';
import type { LifecycleKeeper } from './lifecycle-keeper.ts';
import type { Timeline } from './timeline.ts';
import { hoursAround, isTimeZone } from './working-hours.ts';

export interface LifecycleServiceDeps {
  readonly directory: LifecycleDirectory;
  /** Throws not-found. */
  readonly workspaceOf: (id: WorkspaceId) => Workspace;
  readonly keeper: Pick<LifecycleKeeper, 'touched' | 'refresh'>;
  readonly timeline: Pick<Timeline, 'add'>;
  /** The leases of its host may be others now. */
  readonly onPolicy: (workspace: Workspace) => void;
  readonly clock: Clock;
}

export class LifecycleService {
  readonly #deps: LifecycleServiceDeps;

  constructor(deps: LifecycleServiceDeps) {
    this.#deps = deps;
  }

  /** Throws not-found, and invalid-input for a time zone that there is not and an instant that is over. */
  async setPolicy(id: WorkspaceId, policy: LifecyclePolicy, caller: Caller): Promise<Lifecycle> {
    const { clock, directory, keeper, onPolicy, timeline, workspaceOf } = this.#deps;
    const workspace = workspaceOf(id);
    const before = directory.record(id).policy;
    const { endAt, hours } = policy;
    if (hours !== null && !isTimeZone(hours.timeZone))
      throw BerthError.atField(
        'policy.hours.timeZone',
        'There is no such time zone. Choose one as Europe/Berlin.',
      );
    if (endAt !== null && endAt !== before.endAt && Date.parse(endAt) <= clock.nowMs())
      throw BerthError.atField('policy.endAt', 'This time is over. Choose a later one.');
    const begun = hours === null ? null : hoursAround(hours, clock.nowMs()).now;
    await directory.change(id, {
      policy,
      // Hours that go on already do not start it: whoever says so now can.
      startedForAt: begun === null ? null : new Date(begun.startMs).toISOString(),
    });
    timeline.add(id, { event: 'policy', text: policyWords(policy), by: caller.userName });
    // Also where it is as before: whoever says so is there, and wants it to go on.
    keeper.touched(id);
    onPolicy(workspace);
    return directory.view(id);
  }

  /** Throws not-found, workspace.not-running. */
  async putOff(id: WorkspaceId, minutes: number, caller: Caller): Promise<Lifecycle> {
    const { clock, directory, keeper, timeline, workspaceOf } = this.#deps;
    const { name, state } = workspaceOf(id);
    const isUp = state === 'running' || state === 'paused';
    // One that is stopped may have an end, too: it is destroyed at a time.
    if (!isUp && directory.view(id).next === null)
      throw new BerthError('workspace.not-running', `“${name}” is not running. Start it first.`);
    const untilMs = clock.nowMs() + minutes * 60_000;
    await directory.change(id, { putOffUntil: new Date(untilMs).toISOString() });
    const text = `Its end is put off by ${durationWords(minutes * 60_000)}`;
    timeline.add(id, { event: 'put-off', text, by: caller.userName });
    keeper.refresh(id);
    return directory.view(id);
  }
}
