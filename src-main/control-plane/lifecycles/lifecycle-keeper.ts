/**
 * Ends workspaces by themselves, as their persons said: for want of work, at an instant, after an uptime, outside of their
 * hours. Guarantees: an end is shown before it comes, also where its time came while
 * nobody looked; what cannot be seen is never taken for idle; nothing is ended while it is worked on, while it moves, or while
 * its host is away; what fails is said in the timeline and tried again later. Must not know how things are ended.
 */
import type { HostId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { Lifecycle } from '#contract/lifecycles.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { BerthError } from '#contract/berth-error.ts';
import { durationWords } from '../duration-words.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import { againAfterMs, LookRounds } from '../look-rounds.ts';
import type { EndAct } from './end-act.ts';
import { seenWords, whyWords } from './end-words.ts';
import type { HoursStart } from './hours-start.ts';
import type { LifecycleDirectory, LifecycleRecord } from './lifecycle-directory.ts';
import { canEndIn, isAtRest, isUp, type NextEnd, nextEnd, warningMs } from './next-end.ts';
import { advance, notSeen, type Quiet } from './quiet.ts';
import type { RunHistory } from './run-history.ts';
import type { Timeline } from './timeline.ts';
import type { WorkLook } from './work-look.ts';
import { isComplete, type Weighed, weigh } from './work-signals.ts';

/** Milliseconds between two looks, and between those at what ends soon. */
export const LOOK_MS = 30_000;
const NEAR_LOOK_MS = 10_000;
/** Before its end by so many milliseconds it ends soon. */
const NEAR_MS = 2 * 60_000;
/** Milliseconds between two entries on work in a timeline. */
const TELL_MS = 10 * 60_000;

export interface LifecycleKeeperDeps {
  readonly directory: LifecycleDirectory;
  readonly workspaces: {
    all(): readonly Workspace[];
    get(id: WorkspaceId): Workspace | undefined;
    ownerOf(id: WorkspaceId): UserId | undefined;
  };
  readonly isHostThere: (hostId: HostId) => boolean;
  readonly isWorkedOn: (id: WorkspaceId) => boolean;
  /** What goes on costing once it is stopped, as a sentence behind the reason; empty: nothing that is known. */
  readonly costRemark: (id: WorkspaceId) => string;
  readonly work: Pick<WorkLook, 'take' | 'isTypedSince' | 'isCopied' | 'keepOnly'>;
  readonly act: Pick<EndAct, 'stop' | 'destroy' | 'forget'>;
  readonly hours: Pick<HoursStart, 'keep' | 'forget'>;
  readonly timeline: Pick<Timeline, 'add'>;
  readonly history: Pick<RunHistory, 'expect'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is known of one workspace in this run. */
interface Watched {
  readonly rounds: LookRounds;
  /** As it was when it was shown last. */
  isUp: boolean;
  lookedMs: number;
  quiet: Quiet;
  seen: Weighed['seen'];
  /** On the monotonic clock: nobody's setting of the other one moves it. */
  notBeforeMs: number | null;
  failures: number;
  isActing: boolean;
  /** The end that was shown, so that no other comes unseen. */
  warned: string | null;
  /** Since when it works, and with what; on the monotonic clock. */
  busy: { sinceMs: number; sum: number; words: string } | null;
  toldMs: number;
}

export class LifecycleKeeper {
  readonly #deps: LifecycleKeeperDeps;
  readonly #watched = new Map<WorkspaceId, Watched>();
  #isClosed = false;
  #stopTimer = () => {};
  #looking: Promise<void> = Promise.resolve();
  readonly #acts = new Set<Promise<void>>();

  constructor(deps: LifecycleKeeperDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#looking = this.look();
    void this.#looking.finally(() => this.#later());
  }

  /** What it began goes on as an operation. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    await this.#looking;
  }

  /** A person has a word about it: the count begins anew. */
  touched(id: WorkspaceId): void {
    const watched = this.#watched.get(id);
    if (watched !== undefined)
      Object.assign(watched, { quiet: notSeen, notBeforeMs: null, failures: 0, warned: null });
    this.refresh(id);
  }

  /** What is shown of it follows what it is, without a look. */
  refresh(id: WorkspaceId): void {
    const workspace = this.#deps.workspaces.get(id);
    if (workspace !== undefined && !this.#isClosed) this.#show(workspace, this.#watch(workspace));
  }

  forget(id: WorkspaceId): void {
    this.#watched.delete(id);
    this.#deps.act.forget(id);
    this.#deps.hours.forget(id);
  }

  /** One look at all whose time for it has come. Never rejects. */
  async look(): Promise<void> {
    const { clock, directory, log, work, workspaces } = this.#deps;
    const nowMs = clock.monotonicMs();
    const all = workspaces.all();
    const running = all.filter(({ state }) => state === 'running').map(({ id }) => id);
    const measured = running.filter((id) => directory.record(id).policy.idleMinutes !== null);
    work.keepOnly(new Set(running), new Set(measured));
    const due = all.filter((workspace) => {
      const { lookedMs } = this.#watch(workspace);
      // A timer is late now and then, and never early.
      return this.#isNear(workspace.id) || nowMs - lookedMs >= LOOK_MS - NEAR_LOOK_MS / 2;
    });
    await Promise.all(
      due.map((workspace) =>
        this.#lookAt(workspace).catch((cause: unknown) =>
          log.error('the end of a workspace could not be judged', { workspaceId: workspace.id, cause }),
        ),
      ),
    );
  }

  #later(): void {
    if (this.#isClosed) return;
    const isNear = [...this.#watched.keys()].some((id) => this.#isNear(id));
    this.#stopTimer = this.#deps.clock.after(isNear ? NEAR_LOOK_MS : LOOK_MS, () => {
      this.#looking = this.look();
      void this.#looking.finally(() => this.#later());
    });
  }

  #isNear(id: WorkspaceId): boolean {
    const { clock, directory } = this.#deps;
    const at = directory.collection.get(id)?.next?.at;
    return at !== undefined && Date.parse(at) - clock.nowMs() <= NEAR_MS;
  }

  #watch({ id }: Workspace): Watched {
    const known = this.#watched.get(id);
    if (known !== undefined) return known;
    const watched: Watched = {
      rounds: new LookRounds(this.#deps.clock, LOOK_MS),
      isUp: false,
      lookedMs: Number.NEGATIVE_INFINITY,
      quiet: notSeen,
      seen: [],
      notBeforeMs: null,
      failures: 0,
      isActing: false,
      warned: null,
      busy: null,
      toldMs: Number.NEGATIVE_INFINITY,
    };
    this.#watched.set(id, watched);
    return watched;
  }

  async #lookAt({ id }: Workspace): Promise<void> {
    const { clock, directory, hours, work, workspaces } = this.#deps;
    const workspace = workspaces.get(id);
    if (workspace === undefined) return;
    const watched = this.#watch(workspace);
    const ranBefore =
      workspace.startedAt !== null && clock.nowMs() - Date.parse(workspace.startedAt) > 2 * LOOK_MS;
    const { sinceMs, wasAway } = watched.rounds.next(ranBefore);
    watched.lookedMs = clock.monotonicMs();
    if (watched.isActing) return;
    if (workspace.state === 'running') {
      const { policy } = directory.record(id);
      const countedMs = Math.min(sinceMs, 2 * LOOK_MS);
      const isMeasured = policy.idleMinutes !== null;
      const facts = await work.take(id, { sinceMs: countedMs, keepAwake: policy.keepAwake, isMeasured });
      if (this.#isClosed || this.#watched.get(id) !== watched) return;
      const weighed = weigh(facts, policy.keepAwake);
      const canTell = weighed.isCertain || isComplete(facts, policy.keepAwake);
      watched.seen = weighed.seen;
      watched.quiet = advance(watched.quiet, canTell ? weighed : null, countedMs);
      this.#tellWork(id, watched, weighed.sum);
    }
    // It may have changed while it was looked at.
    const now = workspaces.get(id);
    if (now === undefined) return;
    if (wasAway) this.#grace(now, watched);
    const next = this.#show(now, watched);
    await hours.keep(now);
    if (next?.isDue !== true || !canEndIn(now.state) || now.move !== null) return;
    if (this.#deps.isWorkedOn(id) || !this.#deps.isHostThere(now.hostId)) return;
    // What is sent into it would be in no snapshot.
    if (next.action === 'destroy' && work.isCopied(id)) return;
    watched.isActing = true;
    // Not awaited: it takes minutes, and others end meanwhile.
    const act = this.#act(now, watched, next).finally(() => {
      watched.isActing = false;
      this.#acts.delete(act);
    });
    this.#acts.add(act);
  }

  /** Nobody looked for a while: what would come now is shown first. */
  #grace(workspace: Workspace, watched: Watched): void {
    const { clock } = this.#deps;
    const { policy } = this.#deps.directory.record(workspace.id);
    const next = this.#next(workspace, watched);
    if (next === null) return;
    const graceMs = warningMs(policy, next.why);
    const notBeforeMs = clock.monotonicMs() + graceMs;
    if (next.atMs < clock.nowMs() + graceMs)
      watched.notBeforeMs = Math.max(watched.notBeforeMs ?? notBeforeMs, notBeforeMs);
  }

  #next(workspace: Workspace, { notBeforeMs, quiet }: Watched): NextEnd | null {
    const { clock, directory } = this.#deps;
    const { id, startedAt } = workspace;
    if (!isUp(workspace) && !isAtRest(workspace)) return null;
    const { doneEndAt, policy, putOffUntil } = directory.record(id);
    return nextEnd({
      policy,
      nowMs: clock.nowMs(),
      isUp: isUp(workspace),
      startedAtMs: startedAt === null ? null : Date.parse(startedAt),
      quiet,
      doneEndAt,
      notBeforeMs: [
        putOffUntil === null ? null : Date.parse(putOffUntil),
        notBeforeMs === null ? null : clock.nowMs() + notBeforeMs - clock.monotonicMs(),
      ],
    });
  }

  #show(workspace: Workspace, watched: Watched): NextEnd | null {
    const { clock, directory } = this.#deps;
    const { id, state } = workspace;
    if (isUp(workspace) !== watched.isUp) {
      watched.isUp = !watched.isUp;
      Object.assign(watched, { quiet: notSeen, seen: [], notBeforeMs: null, warned: null, busy: null });
    }
    let next = this.#next(workspace, watched);
    if (next?.isDue === true && watched.warned !== endKey(next)) {
      // Its time is over already, and nobody was told: a policy that was set just now, say.
      this.#grace(workspace, watched);
      next = this.#next(workspace, watched);
    }
    this.#warn(workspace, watched, next);
    const before = directory.collection.get(id);
    const { judgement, quietMs } = watched.quiet;
    const isSeen = state === 'running' || state === 'paused';
    directory.show(id, {
      judgement: isUp(workspace) ? (isSeen ? judgement : 'unknown') : 'off',
      seen: isSeen ? [...watched.seen] : [],
      quietSinceAt:
        isSeen && judgement === 'quiet' ? steady(clock.nowMs() - quietMs, before?.quietSinceAt) : null,
      next:
        next === null
          ? null
          : {
              why: next.why,
              action: next.action,
              at: steady(next.atMs, before?.next?.at),
              isWarned: next.isWarned,
            },
    });
    return next;
  }

  #warn({ id, state }: Workspace, watched: Watched, next: NextEnd | null): void {
    const { clock, directory, timeline } = this.#deps;
    if (next?.isWarned !== true) {
      watched.warned = null;
      return;
    }
    if (watched.warned === endKey(next) || !canEndIn(state)) return;
    watched.warned = endKey(next);
    const verb = next.action === 'stop' ? 'Stops' : 'Is destroyed';
    const inWords = durationWords(
      Math.max(60_000, Math.round((next.atMs - clock.nowMs()) / 60_000) * 60_000),
    );
    timeline.add(id, {
      event: 'warned',
      text: `${verb} in ${inWords}: ${whyWords(next.why, directory.record(id).policy)}`,
    });
  }

  /** Coalesced: work that comes and goes is one line in ten minutes. */
  #tellWork(id: WorkspaceId, watched: Watched, sum: number): void {
    const { clock, timeline } = this.#deps;
    const nowMs = clock.monotonicMs();
    const mayTell = nowMs - watched.toldMs >= TELL_MS;
    if (watched.quiet.judgement === 'busy') {
      const words = seenWords(watched.seen);
      if (watched.busy !== null) {
        if (sum > watched.busy.sum) Object.assign(watched.busy, { sum, words });
        return;
      }
      watched.busy = { sinceMs: nowMs, sum, words };
      if (!mayTell || words === '') return;
      watched.toldMs = nowMs;
      timeline.add(id, { event: 'busy', text: `At work: ${words}` });
    } else if (watched.quiet.judgement === 'quiet' && watched.busy !== null) {
      const { sinceMs, words } = watched.busy;
      const lastedMs = Math.max(60_000, nowMs - sinceMs);
      if (!mayTell) return;
      watched.busy = null;
      watched.toldMs = nowMs;
      const kept = words === '' ? 'Kept awake' : `Kept awake by work (${words})`;
      timeline.add(id, { event: 'quiet', text: `${kept} for ${durationWords(lastedMs)}; quiet now` });
    }
  }

  // --- acts ---------------------------------------------------------------------------------------------------------

  async #act({ id, state }: Workspace, watched: Watched, next: NextEnd): Promise<void> {
    const { act, clock, costRemark, directory, history, log, timeline, workspaces } = this.#deps;
    const ownerId = workspaces.ownerOf(id);
    if (ownerId === undefined) return;
    const before = directory.record(id);
    const why = whyWords(next.why, before.policy);
    log.info('a workspace ends by itself', { workspaceId: id, why: next.why, action: next.action });
    history.expect(id, 'stopped', `Stopped: ${why}${costRemark(id)}`);
    try {
      if (next.action === 'stop') await act.stop(id, ownerId);
      else {
        timeline.add(id, { event: 'warned', text: `A snapshot, and then its end: ${why}` });
        const isStillSo = () => this.#isStillSo(before, state, next);
        if (!(await act.destroy(id, ownerId, { why, isStillSo }))) {
          timeline.add(id, { event: 'put-off', text: 'Not destroyed: somebody came back to it meanwhile' });
          history.expect(id, 'stopped', null);
          watched.notBeforeMs = clock.monotonicMs() + warningMs(before.policy, next.why);
          watched.warned = null;
          this.refresh(id);
        }
        return;
      }
      watched.failures = 0;
      if (next.why === 'time') await directory.change(id, { doneEndAt: before.policy.endAt });
    } catch (cause) {
      history.expect(id, 'stopped', null);
      if (this.#isClosed || workspaces.get(id) === undefined) return;
      const againMs = againAfterMs(watched.failures);
      watched.notBeforeMs = clock.monotonicMs() + againMs;
      watched.failures += 1;
      const said = BerthError.is(cause) ? cause.message : 'Berth made a mistake.';
      const verb = next.action === 'stop' ? 'stopped' : 'destroyed';
      timeline.add(id, {
        event: 'failed',
        text: `It could not be ${verb}: ${said} Tried again in ${durationWords(againMs)}.`,
      });
      log.warn('a workspace could not end by itself; it is tried again', { workspaceId: id, cause });
      this.refresh(id);
    }
  }

  /** Asked once more before what cannot be undone: nobody has said or done anything meanwhile. */
  #isStillSo(before: LifecycleRecord, stateBefore: Workspace['state'], next: NextEnd): boolean {
    const { clock, directory, work, workspaces } = this.#deps;
    const { policy, putOffUntil } = directory.record(before.id);
    if (JSON.stringify(policy) !== JSON.stringify(before.policy)) return false;
    if (putOffUntil !== null && Date.parse(putOffUntil) > clock.nowMs()) return false;
    const { move, state } = workspaces.get(before.id) ?? {};
    if (work.isCopied(before.id) || work.isTypedSince(before.id)) return false;
    return state === stateBefore && move === null && next.isDue;
  }
}

function endKey({ action, why }: NextEnd): string {
  return `${why} ${action}`;
}

/** Whole seconds, and as before where it is the same but for a hair: it is counted anew at each look. */
function steady(ms: number, before: string | null | undefined): Lifecycle['quietSinceAt'] & string {
  if (before != null && Math.abs(Date.parse(before) - ms) < 2_000) return before;
  return new Date(Math.round(ms / 1_000) * 1_000).toISOString();
}
