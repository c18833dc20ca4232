/** What the other nouns see of a connected host: its connection and its engine, and word of coming and going. */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId } from '#contract/ids.ts';
import type { ContainerEngine, EngineInfo } from '../interfaces/container-engine.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';

export interface HostLink {
  readonly hostId: HostId;
  readonly hostName: string;
  readonly connection: HostConnection;
  /** Undefined where the machine answers and has no usable engine. */
  readonly engine: ContainerEngine | undefined;
  readonly engineInfo: EngineInfo | undefined;
  /** Aborted when this link is lost or closed. */
  readonly signal: AbortSignal;
}

export interface HostLinks {
  current(hostId: HostId): HostLink | undefined;
  /** Throws not-found (no such host) or host.not-connected. */
  require(hostId: HostId): HostLink;
  /**
   * As `require`, and throws the engine's own error where there is none; host.not-connected, too, where nothing may be begun
   * (a machine on its way into sleep). What is under way goes on with `require` and `current`.
   */
  requireEngine(
    hostId: HostId,
  ): HostLink & { readonly engine: ContainerEngine; readonly engineInfo: EngineInfo };
  /**
   * Called for every link that becomes ready, the present ones first. An engine that was lost and opened again on a
   * living connection gives a new link with the same connection and the same signal; `onLost` is not called then.
   */
  onReady(listener: (link: HostLink) => void): () => void;
  onLost(listener: (hostId: HostId) => void): () => void;
  /** Called when a host is removed from Berth. */
  onRemoved(listener: (hostId: HostId) => void): () => void;
  /**
   * Told of trouble on a link by whoever met it: probes at once, by default within 2.5 s. A link that does not answer is
   * lost and dialled again at once; where none is up, nothing happens.
   */
  suspect(hostId: HostId, timeoutMs?: number): void;
}

/** Berth does not know it any more; one that is only away is not forgotten. */
export function isForgotten(links: HostLinks, hostId: HostId): boolean {
  try {
    links.require(hostId);
    return false;
  } catch (error) {
    return BerthError.is(error, 'not-found');
  }
}
