/** Hosts that come and go at a test's word, as HostLinks shows them. Connection and engine are what the test puts in. */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId } from '#contract/ids.ts';
import type { HostLink, HostLinks } from '#main/control-plane/hosts/host-links.ts';
import type { ContainerEngine, EngineInfo } from '#main/control-plane/interfaces/container-engine.ts';
import type { HostConnection } from '#main/control-plane/interfaces/host-connection.ts';

export interface FakeMachine {
  readonly connection?: HostConnection;
  readonly engine?: ContainerEngine;
  readonly engineInfo?: EngineInfo;
}

export class FakeLinks implements HostLinks {
  /** Hosts of which trouble was told, in order. */
  readonly suspected: HostId[] = [];
  readonly #known = new Set<HostId>();
  readonly #links = new Map<HostId, { link: HostLink; lose: AbortController }>();
  readonly #onReady = new Set<(link: HostLink) => void>();
  readonly #onLost = new Set<(hostId: HostId) => void>();
  readonly #onRemoved = new Set<(hostId: HostId) => void>();

  /** The host is in Berth and away. */
  add(hostId: HostId): void {
    this.#known.add(hostId);
  }
  ready(hostId: HostId, machine: FakeMachine = {}): HostLink {
    this.lose(hostId);
    this.#known.add(hostId);
    const lose = new AbortController();
    const link: HostLink = {
      hostId,
      hostName: hostId,
      connection: machine.connection ?? ({ kind: 'ssh' } as HostConnection),
      engine: machine.engine,
      engineInfo: machine.engineInfo,
      signal: lose.signal,
    };
    this.#links.set(hostId, { link, lose });
    for (const listener of [...this.#onReady]) listener(link);
    return link;
  }
  lose(hostId: HostId): void {
    const entry = this.#links.get(hostId);
    if (!entry) return;
    this.#links.delete(hostId);
    entry.lose.abort(new BerthError('connection-lost', 'The connection was lost.'));
    for (const listener of [...this.#onLost]) listener(hostId);
  }
  remove(hostId: HostId): void {
    this.lose(hostId);
    this.#known.delete(hostId);
    for (const listener of [...this.#onRemoved]) listener(hostId);
  }

  current(hostId: HostId): HostLink | undefined {
    return this.#links.get(hostId)?.link;
  }
  require(hostId: HostId): HostLink {
    const link = this.current(hostId);
    if (link) return link;
    if (!this.#known.has(hostId)) throw new BerthError('not-found', 'There is no such host.');
    throw new BerthError('host.not-connected', 'The host is not connected.');
  }
  requireEngine(hostId: HostId): ReturnType<HostLinks['requireEngine']> {
    const link = this.require(hostId);
    const { engine, engineInfo } = link;
    if (!engine || !engineInfo) throw new BerthError('engine.unreachable', 'No engine answers.');
    return { ...link, engine, engineInfo };
  }
  onReady(listener: (link: HostLink) => void): () => void {
    this.#onReady.add(listener);
    for (const { link } of [...this.#links.values()]) listener(link);
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
  suspect(hostId: HostId): void {
    this.suspected.push(hostId);
  }
}
