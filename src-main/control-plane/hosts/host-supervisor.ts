/**
 * Keeps one host connected for as long as that is wanted: connects, proves the way to the engine, watches it with
 * probes, comes back after a loss with growing waits, opens a lost engine again on a living connection.
 * Owns the connection and the engine of its host; decides nothing about other nouns, and stores nothing.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostDefinition, HostState } from '#contract/hosts.ts';
import type { HostId } from '#contract/ids.ts';
import { instantOf } from '../interfaces/clock.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import { backOffMs, disconnected, type HostEvent, isTriedAgain, moveHost, type Reach } from './host.ts';
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
} from './open-host.ts';
import { withinLimit } from './time-limit.ts';

/** Milliseconds between two probes of an idle link. */
const PROBE_EVERY_MS = 10_000;
/** A link that lived shorter than this, in milliseconds, counts as one more failure: a flapping host is not hammered. */
const STABLE_AFTER_MS = 30_000;

export interface HostSupervisorDeps extends OpenHostDeps {
  readonly random: Random;
  readonly log: Log;
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
}

export class HostSupervisor {
  readonly #deps: HostSupervisorDeps;
  #host: SupervisedHost;
  #reach: Reach = disconnected;
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #nudge: (() => void) | undefined;
  #isNudged = false;

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
      this.nudge();
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

  /** Something may be wrong, or better: probe a link that is up, try at once where one is waited for. */
  nudge(): void {
    this.#isNudged = true;
    this.#nudge?.();
  }

  async #live(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    let failures = 0;
    while (!signal.aborted) {
      // From here on a nudge means: should this attempt fail, try again at once.
      this.#isNudged = false;
      this.#move({ type: 'attempt', attempt: failures + 1 });
      try {
        const open = await openHost(this.#deps, this.#attempt(signal));
        const readySinceMs = clock.monotonicMs();
        const error = await this.#serve(open, signal);
        if (signal.aborted) break;
        log.warn('a host was lost', { error: error.code });
        this.#move({ type: 'lost', at: instantOf(clock), error: error.toShape() });
        if (clock.monotonicMs() - readySinceMs >= STABLE_AFTER_MS) {
          failures = 0;
          continue;
        }
        failures += 1;
        await this.#waitToRetry(failures, error, signal);
      } catch (cause) {
        if (signal.aborted) break;
        const error = errorOf(cause);
        log.warn('a host could not be reached', { error: error.code, cause });
        if (isTriedAgain(error.code)) {
          failures += 1;
          await this.#waitToRetry(failures, error, signal);
        } else {
          failures = 0;
          this.#move({ type: 'gave-up', at: instantOf(clock), error: error.toShape() });
          this.#isNudged = false;
          await this.#pause(undefined, signal);
        }
      }
    }
    this.#move({ type: 'left' });
  }

  async #waitToRetry(failures: number, error: BerthError, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    const waitMs = backOffMs(failures, random.fraction());
    this.#move({
      type: 'retry',
      at: instantOf(clock),
      attempt: failures,
      retryAt: new Date(clock.nowMs() + waitMs).toISOString(),
      error: error.toShape(),
    });
    await this.#pause(waitMs, signal);
  }

  /** Shows the link, watches it, and resolves with why it ended. Everything is closed by then. */
  async #serve(open: OpenHost, stop: AbortSignal): Promise<BerthError> {
    const { connection } = open;
    const life = new AbortController();
    const signal = AbortSignal.any([stop, open.lost]);
    let link = this.#linkOf(connection, open, life.signal);
    try {
      if (open.engine) await this.#deps.prepare(connection, open, signal);
      signal.throwIfAborted();
      const { roundTripMs, engineRoute, engineError } = open;
      const at = instantOf(this.#deps.clock);
      this.#move({ type: 'ready', at, roundTripMs, engineRoute, engineError });
      this.#deps.onReady(link, open);
      let engineFailures = 0;
      this.#isNudged = false;
      for (;;) {
        const waitMs = link.engine
          ? PROBE_EVERY_MS
          : Math.min(PROBE_EVERY_MS, backOffMs(engineFailures + 1, 0));
        await this.#pause(waitMs, signal);
        this.#isNudged = false;
        const roundTrip = await probe(this.#deps.clock, connection, signal);
        this.#move({ type: 'measured', roundTripMs: roundTrip });
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
      const error = errorOf(open.lost.aborted ? open.lost.reason : cause);
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

  #attempt(signal: AbortSignal): Parameters<typeof openHost>[1] {
    return {
      hostId: this.#host.id,
      definition: this.#host.definition,
      signal,
      onStep: (step, hop) => this.#move({ type: 'step', step, hop }),
      onAsked: (questionId) => this.#move({ type: 'asked', questionId }),
      onAnswered: () => this.#move({ type: 'answered' }),
    };
  }

  #move(event: HostEvent): void {
    this.#reach = moveHost(this.#reach, event);
    this.#deps.onState(this.#reach.shown);
  }

  /** Ends after `waitMs` (undefined: never by itself), on a nudge, or when `signal` aborts. */
  #pause(waitMs: number | undefined, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#isNudged) return Promise.resolve();
    return new Promise((resolve) => {
      const stopTimer = waitMs === undefined ? () => {} : this.#deps.clock.after(waitMs, () => end());
      const end = () => {
        stopTimer();
        signal.removeEventListener('abort', end);
        this.#nudge = undefined;
        resolve();
      };
      signal.addEventListener('abort', end, { once: true });
      this.#nudge = end;
    });
  }
}

const noEngine = { engine: undefined, engineInfo: undefined } as const;

function errorOf(cause: unknown): BerthError {
  if (cause instanceof BerthError) return cause;
  return new BerthError('internal', 'Berth made a mistake while connecting; the log says more.', { cause });
}
