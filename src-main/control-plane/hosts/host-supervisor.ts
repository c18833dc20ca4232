/**
 * Keeps one host connected for as long as that is wanted: connects, proves the way to the engine, watches it with
 * probes, comes back after a loss with growing waits, opens a lost engine again on a living connection. A nudge (a wake, a
 * suspicion, the person) is met where the host is: `#onNudge` belongs to the stage that runs. One attempt at a time, always.
 * Owns the connection and the engine of its host; decides nothing about other nouns, and stores nothing. Long because the
 * stages share one story (who may try when), which halves of it in two files would hide.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { ConnectStep, HostDefinition, HostState } from '#contract/hosts.ts';
import type { HostId } from '#contract/ids.ts';
import { instantOf } from '../interfaces/clock.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import {
  backOffMs,
  disconnected,
  type HostEvent,
  hurriedStepMs,
  isTriedAgain,
  moveHost,
  needsNetwork,
  type Reach,
} from './host.ts';
import type { HostLink } from './host-links.ts';
import {
  closeQuietly,
  engineErrorOf,
  openEngine,
  type OpenEngine,
  openHost,
  type OpenHost,
  type OpenHostDeps,
  probe,
  PROBE_MS,
  URGENT_PROBE_MS,
} from './open-host.ts';
import { RetryPlan } from './retry-plan.ts';
import { withinLimit } from './time-limit.ts';
import { TroubleLog } from './trouble-log.ts';

/** Milliseconds between two probes of an idle link. */
const PROBE_EVERY_MS = 10_000;
/** Milliseconds for which a proven link is not suspected again: many terminals have the same suspicion. */
const SUSPECT_EVERY_MS = 1_000;
/**
 * Without any network nothing is tried for so long, in milliseconds. A change of the network ends the wait; this is for a
 * network that Berth does not see.
 */
const NO_NETWORK_MS = 5 * 60_000;

export interface Nudge {
  /**
   * `wake`: the computer slept or its network changed, so that nothing known about the way is still true. `suspicion`:
   * somebody met trouble on a link that is up. `person`: asked for; the only one that also tries what has failed for good.
   */
  readonly why: 'wake' | 'suspicion' | 'person';
  /** Milliseconds for the probe of a link that is up. */
  readonly probeMs?: number;
}

export interface HostSupervisorDeps extends OpenHostDeps {
  readonly random: Random;
  readonly log: Log;
  readonly isOnline: () => boolean;
  readonly onState: (state: HostState) => void;
  /** Runs on every link with an engine before it is shown as ready (rules of the network). Must not reject. */
  readonly prepare: (connection: HostConnection, opened: OpenEngine, signal: AbortSignal) => Promise<void>;
  readonly onReady: (link: HostLink, opened: OpenHost) => void;
  /** The engine was opened again on the same connection. */
  readonly onEngine: (link: HostLink) => void;
  readonly onEngineLost: (link: HostLink) => void;
  readonly onLost: () => void;
}

export interface SupervisedHost {
  readonly id: HostId;
  readonly name: string;
  readonly definition: HostDefinition;
  readonly pinnedFingerprints: readonly string[];
}

export class HostSupervisor {
  readonly #deps: HostSupervisorDeps;
  #host: SupervisedHost;
  #reach: Reach = disconnected;
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  /** What a nudge does to the stage that runs now. */
  #onNudge: ((nudge: Nudge) => void) | undefined;
  /** A nudge that came during an attempt: should that fail, the next one begins at once. */
  #again: 'wake' | 'person' | undefined;
  readonly #plan = new RetryPlan();
  readonly #troubles = new TroubleLog();

  constructor(deps: HostSupervisorDeps, host: SupervisedHost) {
    this.#deps = deps;
    this.#host = host;
  }

  get state(): HostState {
    return this.#reach.shown;
  }

  /** Takes another name or definition; the latter counts from the next connection on. */
  change(host: SupervisedHost): void {
    this.#host = host;
  }

  /** Keeps the host connected from now on; tries, or probes, at once. */
  connect(): void {
    if (this.#stop) {
      this.nudge({ why: 'person' });
      return;
    }
    const stop = new AbortController();
    this.#stop = stop;
    const before = this.#running;
    this.#running = (async () => {
      await before;
      await this.#live(stop.signal);
    })().catch((cause: unknown) => this.#deps.log.error('a host is not watched any more', { cause }));
  }

  /** Resolves when nothing is open any more. */
  async disconnect(): Promise<void> {
    this.#stop?.abort(new BerthError('cancelled', 'The host was disconnected.'));
    this.#stop = undefined;
    await this.#running;
  }

  /** Something may be wrong, or better: a link that is up is probed, one that is waited for is tried. */
  nudge(nudge: Nudge): void {
    if (!this.#stop) return;
    if (nudge.why === 'wake') this.#plan.woke(this.#deps.clock.monotonicMs());
    this.#onNudge?.(nudge);
  }

  async #live(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    this.#plan.startOver();
    while (!signal.aborted) {
      this.#again = undefined;
      this.#move({ type: 'attempt', attempt: this.#plan.failures + 1 });
      try {
        const open = await this.#open(signal);
        const readySinceMs = clock.monotonicMs();
        const error = await this.#serve(open, signal);
        if (signal.aborted) break;
        this.#log('a host was lost', error);
        this.#move({ type: 'lost', at: instantOf(clock), error: error.toShape() });
        const nowMs = clock.monotonicMs();
        if (this.#plan.lost(nowMs, nowMs - readySinceMs)) await this.#awaitNetwork(error, signal);
        else await this.#waitToRetry(error, signal);
      } catch (cause) {
        if (signal.aborted) break;
        const error = errorOf(cause);
        this.#log('a host could not be reached', error, cause);
        if (isTriedAgain(error.code)) {
          this.#plan.failed();
          await this.#waitToRetry(error, signal);
        } else {
          this.#plan.startOver();
          this.#move({ type: 'gave-up', at: instantOf(clock), error: error.toShape() });
          await this.#pause(undefined, signal, ({ why }) => why === 'person');
        }
      }
    }
    this.#move({ type: 'left' });
  }

  async #waitToRetry(error: BerthError, signal: AbortSignal): Promise<void> {
    if (await this.#awaitNetwork(error, signal)) return;
    if (this.#again) return;
    const { clock, random } = this.#deps;
    const waitMs = this.#plan.waitMs(clock.monotonicMs(), random.fraction());
    this.#move({
      type: 'retry',
      at: instantOf(clock),
      attempt: this.#plan.failures,
      retryAt: new Date(clock.nowMs() + waitMs).toISOString(),
      error: error.toShape(),
    });
    await this.#pause(waitMs, signal, ({ why }) => why !== 'suspicion');
    // The network may have gone while it was waited.
    if (!this.#again) await this.#awaitNetwork(error, signal);
  }

  /** Resolves, with whether it waited, when there is a network to dial on. The person's word counts as one. */
  async #awaitNetwork(error: BerthError, signal: AbortSignal): Promise<boolean> {
    const { clock, isOnline } = this.#deps;
    const isCutOff = () => needsNetwork(this.#host.definition) && !isOnline();
    if (!isCutOff() || this.#again === 'person') return false;
    const at = instantOf(clock);
    this.#move({ type: 'retry', at, attempt: this.#plan.failures, retryAt: null, error: error.toShape() });
    await this.#pause(
      NO_NETWORK_MS,
      signal,
      ({ why }) => why === 'person' || (why === 'wake' && !isCutOff()),
    );
    return true;
  }

  /** One attempt. In a hurry each step has a short time, and a wake in the middle of it starts that hurry. */
  async #open(stop: AbortSignal): Promise<OpenHost> {
    const { clock } = this.#deps;
    const over = new AbortController();
    let stopTimer = () => {};
    let isLimited = false;
    let step: ConnectStep = 'resolving';
    let isAsking = false;
    const limit = () => {
      stopTimer();
      isLimited = false;
      if (isAsking || !this.#plan.isInHurry(clock.monotonicMs())) return;
      const limitMs = hurriedStepMs(step);
      if (limitMs === undefined) return;
      const giveUp = () =>
        over.abort(
          new BerthError('timed-out', `${this.#host.name} did not answer within ${limitMs / 1000} seconds.`),
        );
      isLimited = true;
      stopTimer = clock.after(limitMs, giveUp);
    };
    this.#onNudge = ({ why }) => {
      if (why === 'suspicion') return;
      this.#again = this.#again === 'person' ? 'person' : why;
      // Wakes that come again and again must not keep a dead dial alive.
      if (why === 'wake' && !isLimited) limit();
    };
    try {
      return await openHost(this.#deps, {
        hostId: this.#host.id,
        definition: this.#host.definition,
        pinnedFingerprints: this.#host.pinnedFingerprints,
        signal: AbortSignal.any([stop, over.signal]),
        onStep: (next, hop) => {
          step = next;
          limit();
          this.#move({ type: 'step', step, hop });
        },
        onAsked: (questionId) => {
          isAsking = true;
          limit();
          this.#move({ type: 'asked', questionId });
        },
        onAnswered: () => {
          isAsking = false;
          limit();
          this.#move({ type: 'answered' });
        },
      });
    } finally {
      stopTimer();
      this.#onNudge = undefined;
    }
  }

  /** Shows the link, watches it, and resolves with why it ended. Everything is closed by then. */
  async #serve(open: OpenHost, stop: AbortSignal): Promise<BerthError> {
    const { connection } = open;
    const { clock } = this.#deps;
    const life = new AbortController();
    const doubt = new AbortController();
    const signal = AbortSignal.any([stop, open.lost, doubt.signal]);
    let link = this.#linkOf(connection, open, life.signal);
    let provenAtMs = Number.NEGATIVE_INFINITY;
    let proofMs: number | undefined;
    const takeProof = () => {
      const taken = proofMs;
      proofMs = undefined;
      return taken;
    };
    let isChecking = false;
    let endPause = () => {};
    // Beside everything else that goes on: a link that does not answer in time takes all of it with it.
    const check = ({ why, probeMs = URGENT_PROBE_MS }: Nudge) => {
      if (signal.aborted || isChecking) return;
      if (why === 'suspicion' && clock.monotonicMs() - provenAtMs < SUSPECT_EVERY_MS) return;
      isChecking = true;
      probe(clock, connection, signal, probeMs).then(
        (measuredMs) => {
          isChecking = false;
          provenAtMs = clock.monotonicMs();
          proofMs = measuredMs;
          endPause();
        },
        (error: unknown) => doubt.abort(errorOf(error)),
      );
    };
    this.#onNudge = check;
    try {
      // What woke the computer during the attempt may have cost this connection its way, too.
      if (this.#again === 'wake') check({ why: 'wake' });
      this.#again = undefined;
      if (open.engine) await this.#deps.prepare(connection, open, signal);
      signal.throwIfAborted();
      const { engineRoute, engineError } = open;
      const at = instantOf(clock);
      this.#move({ type: 'ready', at, roundTripMs: open.roundTripMs, engineRoute, engineError });
      this.#deps.onReady(link, open);
      let engineFailures = 0;
      for (;;) {
        const waitMs = link.engine
          ? PROBE_EVERY_MS
          : Math.min(PROBE_EVERY_MS, backOffMs(engineFailures + 1, 0));
        let roundTripMs = takeProof();
        if (roundTripMs === undefined) {
          await this.#sleep(waitMs, signal, (end) => {
            endPause = end;
          });
          roundTripMs = takeProof() ?? (await probe(clock, connection, signal));
        }
        this.#move({ type: 'measured', roundTripMs });
        if (link.engine) {
          const lostBecause = await this.#engineTrouble(link, signal);
          if (lostBecause === undefined) continue;
          link.engine.close();
          link = this.#linkOf(connection, noEngine, life.signal);
          this.#move({ type: 'engine', engineRoute: 'none', engineError: engineErrorOf(lostBecause) });
          this.#deps.onEngineLost(link);
        }
        const opened = await openEngine(this.#deps, connection, signal);
        const { engine, engineRoute: route, engineError: error } = opened;
        if (engine) {
          link = this.#linkOf(connection, opened, life.signal);
          engineFailures = 0;
          await this.#deps.prepare(connection, opened, signal);
          signal.throwIfAborted();
        } else engineFailures += 1;
        this.#move({ type: 'engine', engineRoute: route, engineError: error });
        if (engine) this.#deps.onEngine(link);
      }
    } catch (cause) {
      this.#onNudge = undefined;
      const isDoubted = doubt.signal.aborted && !open.lost.aborted;
      const error = errorOf(open.lost.aborted ? open.lost.reason : isDoubted ? doubt.signal.reason : cause);
      life.abort(
        stop.aborted
          ? stop.reason
          : new BerthError('connection-lost', `The connection to ${this.#host.name} was lost.`, {
              cause: error,
            }),
      );
      link.engine?.close();
      this.#deps.onLost();
      await closeQuietly(connection);
      return error;
    }
  }

  /** Why the engine does not answer, while the connection does; undefined when it answers. */
  async #engineTrouble(link: HostLink, signal: AbortSignal): Promise<unknown> {
    const { clock } = this.#deps;
    try {
      const limit = { clock, timeoutMs: PROBE_MS, what: 'the container engine', signal };
      await withinLimit(limit, (inner) => link.engine!.ping(inner));
      return undefined;
    } catch (error) {
      if (signal.aborted) throw error;
      return error;
    }
  }

  #linkOf(
    connection: HostConnection,
    { engine, engineInfo }: Pick<OpenEngine, 'engine' | 'engineInfo'>,
    signal: AbortSignal,
  ): HostLink {
    return { hostId: this.#host.id, hostName: this.#host.name, connection, engine, engineInfo, signal };
  }

  #move(event: HostEvent): void {
    this.#reach = moveHost(this.#reach, event);
    this.#deps.onState(this.#reach.shown);
  }

  /** Ends after `waitMs` (undefined: never by itself), on a nudge that `ends` it, or when `signal` aborts. */
  async #pause(
    waitMs: number | undefined,
    signal: AbortSignal,
    ends: (nudge: Nudge) => boolean,
  ): Promise<void> {
    try {
      await this.#sleep(waitMs, signal, (end) => {
        this.#onNudge = (nudge) => {
          if (ends(nudge)) end(nudge);
        };
      });
    } finally {
      this.#onNudge = undefined;
    }
  }

  /** As `#pause`, for whoever has its own way to end it. */
  #sleep(
    waitMs: number | undefined,
    signal: AbortSignal,
    offer: (end: (nudge?: Nudge) => void) => void,
  ): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const stopTimer = waitMs === undefined ? () => {} : this.#deps.clock.after(waitMs, () => end());
      const end = (nudge?: Nudge) => {
        if (nudge?.why === 'person') this.#again = 'person';
        stopTimer();
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = () => end();
      signal.addEventListener('abort', onAbort, { once: true });
      offer(end);
    });
  }

  #log(message: string, error: BerthError, cause?: unknown): void {
    const times = this.#troubles.count(this.#deps.clock.monotonicMs());
    if (times === undefined) return;
    this.#deps.log.warn(message, {
      error: error.code,
      ...(times > 1 ? { times } : {}),
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

const noEngine = { engine: undefined, engineInfo: undefined } as const;

function errorOf(cause: unknown): BerthError {
  if (cause instanceof BerthError) return cause;
  return new BerthError('internal', 'Berth made a mistake while connecting; the log says more.', { cause });
}
