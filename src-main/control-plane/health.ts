/**
 * Whether this plane can do its work, in numbers and without a name: for whoever asks before it is known who that is. Owns
 * the look at the database, a write like any other, since reads may go on where nothing can be written any more.
 */
import type { Host } from '#contract/hosts.ts';
import type { Operation } from '#contract/operations.ts';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { delay } from './delay.ts';
import { type Clock, instantOf } from './interfaces/clock.ts';
import type { Log } from './interfaces/log.ts';
import type { RecordCollection, RecordStore } from './interfaces/record-store.ts';

export interface PlaneHealth {
  /** `starting`: hosts are connected for the first time. `degraded`: something that should work does not. */
  readonly status: 'ok' | 'degraded' | 'starting';
  readonly live: true;
  /** Calls that change something can be served. */
  readonly ready: boolean;
  readonly database: { readonly state: 'ok' | 'read-only' | 'failing' | 'closed' };
  readonly hosts: { readonly total: number; readonly connected: number };
  readonly queue: { readonly running: number; readonly waiting: number };
}

export interface HealthDeps {
  readonly store: RecordStore;
  readonly hosts: () => readonly Host[];
  readonly operations: () => readonly Operation[];
  readonly clock: Clock;
  readonly log: Log;
}

/** However many ask: one write to the database in that time. */
const probeEveryMs = 5_000;
/** A database that takes longer over one row is of no use to anybody. */
const probeTimeoutMs = 5_000;
/** Hosts that are still being connected after that are not starting, they are away. */
const startingMs = 60_000;

const Probe = z.object({ id: z.literal('health'), at: z.string() });

export class HealthService {
  readonly #deps: HealthDeps;
  readonly #records: RecordCollection<z.infer<typeof Probe>>;
  readonly #bornMs: number;
  #probe: { readonly atMs: number; readonly state: Promise<PlaneHealth['database']['state']> } | undefined;
  #isClosed = false;

  constructor(deps: HealthDeps) {
    this.#deps = deps;
    this.#records = deps.store.collection('health', (value) => Probe.parse(value));
    this.#bornMs = deps.clock.monotonicMs();
  }

  /** Never throws. */
  async look(): Promise<PlaneHealth> {
    const { hosts, operations, clock } = this.#deps;
    const state = await this.#database();
    const phases = hosts().map((host) => host.state.phase);
    const open = operations().filter(({ endedAt }) => endedAt === null);
    const waiting = open.filter((operation) => operation.state === 'waiting').length;
    const ready = state === 'ok';
    const isAway = phases.some((phase) => phase === 'lost' || phase === 'failed' || phase === 'needs-you');
    const isConnecting = phases.includes('connecting');
    const isYoung = clock.monotonicMs() - this.#bornMs < startingMs;
    return {
      status: !ready || isAway || (isConnecting && !isYoung) ? 'degraded' : isConnecting ? 'starting' : 'ok',
      live: true,
      ready,
      database: { state },
      hosts: { total: phases.length, connected: phases.filter((phase) => phase === 'ready').length },
      queue: { running: open.length - waiting, waiting },
    };
  }

  /** From now on nothing is ready. */
  close(): void {
    this.#isClosed = true;
  }

  async #database(): Promise<PlaneHealth['database']['state']> {
    const { store, clock } = this.#deps;
    if (this.#isClosed) return 'closed';
    if (store.isReadOnly) return 'read-only';
    const nowMs = clock.monotonicMs();
    if (this.#probe === undefined || nowMs - this.#probe.atMs >= probeEveryMs)
      this.#probe = { atMs: nowMs, state: this.#write() };
    const state = await this.#probe.state;
    return this.#isClosed ? 'closed' : state;
  }

  async #write(): Promise<'ok' | 'failing'> {
    const { clock, log } = this.#deps;
    const tooLate = new AbortController();
    try {
      await Promise.race([
        this.#records.put({ id: 'health', at: instantOf(clock) }),
        delay(clock, probeTimeoutMs, tooLate.signal).then(() => {
          throw new BerthError('timed-out', 'The database did not answer in time.');
        }),
      ]);
      return 'ok';
    } catch (cause) {
      log.error('the database cannot be written', { cause });
      return 'failing';
    } finally {
      tooLate.abort();
    }
  }
}
