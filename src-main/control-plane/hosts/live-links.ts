/** The links that are ready now, and who is told of their coming and going. Owned by the host service; read by all nouns. */
import { BerthError } from '#contract/berth-error.ts';
import type { Host } from '#contract/hosts.ts';
import type { HostId } from '#contract/ids.ts';
import type { Log } from '../interfaces/log.ts';
import type { HostLink, HostLinks } from './host-links.ts';

export class LiveLinks implements HostLinks {
  readonly #links = new Map<HostId, HostLink>();
  readonly #onReady = new Set<(link: HostLink) => void>();
  readonly #onLost = new Set<(hostId: HostId) => void>();
  readonly #onRemoved = new Set<(hostId: HostId) => void>();
  readonly #hostOf: (hostId: HostId) => Host | undefined;
  readonly #suspect: (hostId: HostId, timeoutMs?: number) => void;
  readonly #awayReason: (hostId: HostId) => string | undefined;
  readonly #heldReason: (hostId: HostId) => string | undefined;
  readonly #log: Log;

  constructor(deps: {
    hostOf: (hostId: HostId) => Host | undefined;
    suspect: (hostId: HostId, timeoutMs?: number) => void;
    /** Why a host cannot be connected now, as a sentence with the remedy. */
    awayReason: (hostId: HostId) => string | undefined;
    /** Why nothing may be begun on a host that is connected, as a sentence with the remedy. */
    heldReason: (hostId: HostId) => string | undefined;
    log: Log;
  }) {
    this.#heldReason = deps.heldReason;
    this.#awayReason = deps.awayReason;
    this.#hostOf = deps.hostOf;
    this.#suspect = deps.suspect;
    this.#log = deps.log;
  }

  /** Shows a link that is ready, in place of an earlier one on the same connection. */
  ready(link: HostLink): void {
    this.#links.set(link.hostId, link);
    this.#tell(this.#onReady, link);
  }
  /** The machine still answers, its engine does not: nobody is told, whoever asks for the engine gets the error. */
  withoutEngine(link: HostLink): void {
    this.#links.set(link.hostId, link);
  }
  lost(hostId: HostId): void {
    if (this.#links.delete(hostId)) this.#tell(this.#onLost, hostId);
  }
  removed(hostId: HostId): void {
    this.lost(hostId);
    this.#tell(this.#onRemoved, hostId);
  }

  current(hostId: HostId): HostLink | undefined {
    return this.#links.get(hostId);
  }

  require(hostId: HostId): HostLink {
    const link = this.#links.get(hostId);
    if (link) return link;
    const host = this.#hostOf(hostId);
    if (!host) throw new BerthError('not-found', 'There is no such host.');
    throw new BerthError(
      'host.not-connected',
      this.#awayReason(hostId) ?? `${host.name} is not connected. Connect it, or wait until it is back.`,
      {
        details: { hostId, phase: host.state.phase },
      },
    );
  }

  requireEngine(hostId: HostId): ReturnType<HostLinks['requireEngine']> {
    const link = this.require(hostId);
    const held = this.#heldReason(hostId);
    if (held !== undefined) throw new BerthError('host.not-connected', held, { details: { hostId } });
    const { engine, engineInfo } = link;
    if (engine && engineInfo) return { ...link, engine, engineInfo };
    const state = this.#hostOf(hostId)?.state;
    if (state?.phase === 'ready' && state.engineError) throw BerthError.fromShape(state.engineError);
    throw new BerthError('engine.unreachable', `${link.hostName} has no container engine that answers.`);
  }

  onReady(listener: (link: HostLink) => void): () => void {
    this.#onReady.add(listener);
    for (const link of [...this.#links.values()]) this.#tell(new Set([listener]), link);
    return () => void this.#onReady.delete(listener);
  }
  onLost(listener: (hostId: HostId) => void): () => void {
    this.#onLost.add(listener);
    return () => void this.#onLost.delete(listener);
  }
  onRemoved(listener: (hostId: HostId) => void): () => void {
    this.#onRemoved.add(listener);
    return () => void this.#onRemoved.delete(listener);
  }
  suspect(hostId: HostId, timeoutMs?: number): void {
    this.#suspect(hostId, timeoutMs);
  }

  /** One listener's mistake must not keep the others in the dark. */
  #tell<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of [...listeners]) {
      try {
        listener(value);
      } catch (cause) {
        this.#log.error('a listener of a host link failed', { cause });
      }
    }
  }
}
