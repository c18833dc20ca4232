/**
 * One multiplexer for each connected host, made when first asked for and kept for as long as its link lives. Why a host
 * has none is remembered as long, too.
 */
import type { HostId } from '#contract/ids.ts';
import type { HostLink } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Multiplexer, MultiplexerFactory, MultiplexerOffer } from '../interfaces/multiplexer.ts';

/** A refusal is asked about again after so long: the person may have installed what was missing. */
const askAgainAfterMs = 15_000;

export interface HostMultiplexersDeps {
  readonly factory: MultiplexerFactory;
  readonly clock: Clock;
  readonly log: Log;
  /** The multiplexer broke off while its link lives. */
  readonly onLost: (link: HostLink) => void;
  /** It takes long to answer: the link itself may be dead. */
  readonly onSlow: (link: HostLink) => void;
}

interface Kept {
  readonly link: HostLink;
  readonly offer: Promise<MultiplexerOffer>;
  multiplexer: Multiplexer | undefined;
}

export class HostMultiplexers {
  readonly #deps: HostMultiplexersDeps;
  readonly #kept = new Map<HostId, Kept>();

  constructor(deps: HostMultiplexersDeps) {
    this.#deps = deps;
  }

  /** Throws what connecting throws. A caller that gives up does not end it for the others. */
  of(link: HostLink): Promise<MultiplexerOffer> {
    const present = this.#kept.get(link.hostId);
    if (present?.link.connection === link.connection && !present.link.signal.aborted) return present.offer;
    present?.multiplexer?.close();
    const kept: Kept = { link, offer: this.#open(link, () => kept), multiplexer: undefined };
    this.#kept.set(link.hostId, kept);
    return kept.offer;
  }

  /** Lets go of all; the sessions run on. */
  close(): void {
    for (const { multiplexer } of this.#kept.values()) multiplexer?.close();
    this.#kept.clear();
  }

  async #open(link: HostLink, self: () => Kept): Promise<MultiplexerOffer> {
    const { factory, clock, log } = this.#deps;
    // Not before `kept` has its value.
    await Promise.resolve();
    try {
      const offer = await factory.open(link.connection, link.signal);
      if (!('multiplexer' in offer)) {
        clock.after(askAgainAfterMs, () => this.#forget(self()));
        return offer;
      }
      const { multiplexer } = offer;
      if (this.#kept.get(link.hostId) !== self() || link.signal.aborted) {
        multiplexer.close();
        return offer;
      }
      self().multiplexer = multiplexer;
      link.signal.addEventListener('abort', () => multiplexer.close(), { once: true });
      multiplexer.onSlow(() => this.#deps.onSlow(link));
      multiplexer.onLost((cause) => {
        log.info('the way to the terminals of a host was lost', { hostId: link.hostId, cause });
        this.#forget(self());
        if (!link.signal.aborted) this.#deps.onLost(link);
      });
      return offer;
    } catch (error) {
      this.#forget(self());
      throw error;
    }
  }

  #forget(kept: Kept): void {
    if (this.#kept.get(kept.link.hostId) === kept) this.#kept.delete(kept.link.hostId);
  }
}
