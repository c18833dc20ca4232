/**
 * Keeps the network rules of connected hosts as the person wants them: sets them on each new link, and sets or removes
 * them at once when the person changes their mind. Runs on one host follow each other, and each does what is wanted when
 * its turn comes, so that the last word counts. Never touches a host that the policy leaves alone. Never rejects.
 */
import type { Host } from '#contract/hosts.ts';
import type { HostId } from '#contract/ids.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { ContainerEngine, EngineInfo } from '../interfaces/container-engine.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';
import type { Log } from '../interfaces/log.ts';
import { type GuardWish, runNetworkGuard } from './network-guard.ts';
import { withinLimit } from './time-limit.ts';

/** Milliseconds that a link may wait for its network rules before it is shown without. */
const GUARD_MS = 20_000;

export interface GuardPolicy {
  /** Whether Berth may touch network rules on this host at all. */
  readonly mayGuard: (host: Host) => boolean;
  /** Whether the person wants them; asked anew each time. */
  readonly isGuardWanted: () => boolean;
}

export interface GuardTarget {
  readonly connection: HostConnection;
  readonly engine: ContainerEngine | undefined;
  readonly engineInfo: EngineInfo | undefined;
}

export class GuardKeeper {
  readonly #deps: GuardPolicy & { readonly clock: Clock };
  readonly #turns = new Map<HostId, Promise<void>>();

  constructor(deps: GuardPolicy & { readonly clock: Clock }) {
    this.#deps = deps;
  }

  wishFor(host: Host): GuardWish {
    if (!this.#deps.mayGuard(host)) return 'left-alone';
    return this.#deps.isGuardWanted() ? 'closed' : 'open';
  }

  /** Resolves when the rules of this link are as wanted, or cannot be. */
  settle(host: Host, target: GuardTarget, { log, signal }: { log: Log; signal: AbortSignal }): Promise<void> {
    const before = this.#turns.get(host.id) ?? Promise.resolve();
    const turn = before.then(() => this.#settle(host, target, log, signal));
    this.#turns.set(host.id, turn);
    void turn.then(() => {
      if (this.#turns.get(host.id) === turn) this.#turns.delete(host.id);
    });
    return turn;
  }

  async #settle(host: Host, target: GuardTarget, log: Log, signal: AbortSignal): Promise<void> {
    const { connection, engineInfo } = target;
    // Where the engine runs without root, rules for bridges do not see its containers.
    if (connection.kind !== 'ssh' || engineInfo?.isRootless) return;
    for (let done: GuardWish = 'left-alone'; !signal.aborted; ) {
      const wish = this.wishFor(host);
      // Nobody else asks again for a link that is not shown yet: what changed meanwhile is done in the same turn.
      if (wish === done || wish === 'left-alone') return;
      await this.#run(wish, target, log, signal);
      done = wish;
    }
  }

  async #run(
    wish: 'closed' | 'open',
    { connection, engine }: GuardTarget,
    log: Log,
    signal: AbortSignal,
  ): Promise<void> {
    const isClosing = wish === 'closed';
    try {
      const limit = { clock: this.#deps.clock, timeoutMs: GUARD_MS, what: 'the network rules', signal };
      const status = await withinLimit(limit, (inner) =>
        runNetworkGuard(isClosing ? 'apply' : 'remove', { connection, engine }, inner),
      );
      if (isClosing && status.state !== 'on') log.warn('the network rules are not in place', { ...status });
      // Who may not look could not have set any either.
      if (!isClosing && (status.state === 'on' || status.state === 'partly'))
        log.warn('the network rules are still in place', { ...status });
    } catch (cause) {
      if (!signal.aborted) log.warn('the network rules could not be changed', { cause });
    }
  }
}
