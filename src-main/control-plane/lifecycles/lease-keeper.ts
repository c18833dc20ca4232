/**
 * Leases on hosts: what lets a host end workspaces while no Berth is there. Guarantees that nothing is put on a host, or taken
 * off it, unless a person asks for it; that leases are renewed while Berth is there, all of a host at once; and that what they
 * ended is told once. What is done on one host follows each other.
 */
import { BerthError } from '#contract/berth-error.ts';
import { z } from 'zod';
import { HostId, type WorkspaceId } from '#contract/ids.ts';
import type { HostLease } from '#contract/lifecycles.ts';
import { Collection } from '../changes.ts';
import type { HostLink, HostLinks } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';
import type { Log } from '../interfaces/log.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import { type LeaseReport, readLeaseReport } from './host-lease-script.ts';

/** Milliseconds between two renewals: half of the shortest lease, and of the time for which a host waits after its start. */
export const RENEW_MS = 5 * 60_000;
/** Changes that come together are one renewal. */
const SOON_MS = 1_000;
const SCRIPT_MS = 30_000;
/** systemd reads all its units anew. */
const INSTALL_MS = 60_000;
/** The engine's usual socket (dockerd(8)), where the connection found no other. */
const USUAL_SOCKET = '/var/run/docker.sock';

export interface LeaseWish {
  readonly id: WorkspaceId;
  readonly minutes: number;
  readonly graceSeconds: number;
}

export interface LeaseStopTold {
  readonly workspaceId: WorkspaceId;
  readonly atMs: number;
}

export interface LeaseKeeperDeps {
  readonly store: RecordStore;
  readonly links: HostLinks;
  readonly hostIds: () => readonly HostId[];
  /** Of the workspaces that run there and want one. */
  readonly wishesOn: (hostId: HostId) => readonly LeaseWish[];
  /** All that a host has now, by our clock. */
  readonly onLeases: (hostId: HostId, leases: ReadonlyMap<WorkspaceId, string>) => void;
  /** Its lease was damaged, so that it would have stopped nothing; it is written anew. */
  readonly onUnreadable: (hostId: HostId, id: WorkspaceId) => void;
  /** Of this installation, six characters of base 32. */
  readonly tag: string;
  /** Text of resources/remote/lease.sh. */
  readonly script: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Up to where the log of a host's leases was read, in seconds of its clock. */
const SeenShape = z.object({ id: HostId, seenS: z.number().int() });

export class LeaseKeeper {
  readonly collection = new Collection<HostLease>();
  readonly #deps: LeaseKeeperDeps;
  readonly #log: Log;
  readonly #seen: RecordCollection<z.infer<typeof SeenShape>>;
  readonly #tails = new Map<HostId, Promise<unknown>>();
  readonly #looked = new Map<HostId, { readonly link: HostLink; readonly stops: Promise<LeaseStopTold[]> }>();
  readonly #soon = new Map<HostId, () => void>();
  /** Those that have leases of ours, so that the last one is taken away too. */
  readonly #leased = new Set<HostId>();
  readonly #ends: (() => void)[] = [];
  #isClosed = false;
  #stopTimer = () => {};

  constructor(deps: LeaseKeeperDeps) {
    this.#deps = deps;
    this.#log = deps.log.child({ noun: 'leases' });
    this.#seen = deps.store.collection('host-leases', (value) => SeenShape.parse(value));
  }

  load(): void {
    for (const hostId of this.#deps.hostIds()) this.#show(hostId, unknown);
  }

  start(): void {
    const { links } = this.#deps;
    this.#ends.push(
      links.onReady((link) => void this.stopsOf(link)),
      links.onLost((hostId) => {
        this.#looked.delete(hostId);
        this.#show(hostId, { ...unknown, how: this.collection.get(hostId)?.how ?? null });
      }),
      links.onRemoved((hostId) => {
        this.#looked.delete(hostId);
        this.#leased.delete(hostId);
        this.collection.delete(hostId);
        this.#seen
          .delete(hostId)
          .catch((cause: unknown) => this.#log.warn('a host was not forgotten', { cause }));
      }),
    );
    this.#later();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    for (const end of [...this.#ends, ...this.#soon.values()]) end();
    await Promise.allSettled(this.#tails.values());
  }

  /** What leases ended there that nobody was told of yet. Looks once for each link; never rejects. */
  stopsOf(link: HostLink): Promise<LeaseStopTold[]> {
    const known = this.#looked.get(link.hostId);
    if (known?.link.connection === link.connection) return known.stops;
    const stops = this.#inTurn(link.hostId, () => this.#look(link)).catch((cause: unknown) => {
      if (!link.signal.aborted && !this.#isClosed)
        this.#log.info('whether a host keeps leases is not known', { hostId: link.hostId, cause });
      return [];
    });
    this.#looked.set(link.hostId, { link, stops });
    void stops.then(() => this.touched(link.hostId));
    return stops;
  }

  /** What is wanted there may have changed. */
  touched(hostId: HostId): void {
    if (this.#isClosed || !this.#keepsLeases(hostId) || this.#soon.has(hostId)) return;
    const stop = this.#deps.clock.after(SOON_MS, () => {
      this.#soon.delete(hostId);
      void this.#renewInTurn(hostId);
    });
    this.#soon.set(hostId, stop);
  }

  async install(hostId: HostId): Promise<HostLease> {
    const { script, tag } = this.#deps;
    const { connection } = this.#deps.links.require(hostId);
    const socket = connection.engineSocketPath ?? USUAL_SOCKET;
    const report = await this.#inTurn(hostId, () =>
      this.#run(connection, ['install', tag, socket], { input: script, timeoutMs: INSTALL_MS }),
    );
    if (report.state !== 'installed') throw notPossible(report, 'The host cannot keep leases');
    this.#show(hostId, report);
    await this.#renewInTurn(hostId);
    return this.#lease(hostId);
  }

  async remove(hostId: HostId): Promise<HostLease> {
    const { links, onLeases, tag } = this.#deps;
    const { connection } = links.require(hostId);
    const report = await this.#inTurn(hostId, () => this.#run(connection, ['remove', tag]));
    if (report.state !== 'absent') throw notPossible(report, 'The leases could not be taken off the host');
    this.#leased.delete(hostId);
    onLeases(hostId, new Map());
    this.#show(hostId, report);
    return this.#lease(hostId);
  }

  // --- private ------------------------------------------------------------------------------------------------------

  #later(): void {
    if (this.#isClosed) return;
    this.#stopTimer = this.#deps.clock.after(RENEW_MS, () => {
      for (const { id } of this.collection.all()) this.touched(id);
      this.#later();
    });
  }

  #inTurn<R>(hostId: HostId, work: () => Promise<R>): Promise<R> {
    const before = this.#tails.get(hostId) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#tails.set(hostId, turn);
    const done = () => {
      if (this.#tails.get(hostId) === turn) this.#tails.delete(hostId);
    };
    turn.then(done, done);
    return turn;
  }

  async #look({ connection, hostId }: HostLink): Promise<LeaseStopTold[]> {
    const report = await this.#run(connection, ['status', this.#deps.tag]);
    this.#show(hostId, report);
    for (const id of report.unreadable) this.#deps.onUnreadable(hostId, id);
    return await this.#takeStops(hostId, report);
  }

  /** Never rejects. */
  async #renewInTurn(hostId: HostId): Promise<void> {
    await this.#inTurn(hostId, () => this.#renew(hostId)).catch((cause: unknown) => {
      if (!this.#isClosed)
        this.#log.info('leases could not be renewed; it is tried again', { hostId, cause });
    });
  }

  async #renew(hostId: HostId): Promise<void> {
    const { clock, links, onLeases, tag, wishesOn } = this.#deps;
    const link = links.current(hostId);
    if (link === undefined || this.#isClosed || !this.#keepsLeases(hostId)) return;
    const wishes = wishesOn(hostId);
    if (wishes.length === 0 && !this.#leased.has(hostId)) return;
    const args = wishes.map(({ graceSeconds, id, minutes }) => `${id}:${minutes}:${graceSeconds}`);
    const report = await this.#run(link.connection, ['renew', tag, ...args]);
    if (report.reason !== null || report.state === 'unknown')
      throw new BerthError(
        'host.command-failed',
        `Leases could not be written: ${report.reason ?? 'no answer'}.`,
      );
    for (const id of report.unreadable) this.#deps.onUnreadable(hostId, id);
    // Somebody took it away there.
    if (report.state === 'absent') this.#show(hostId, report);
    if (report.untilS.size === 0) this.#leased.delete(hostId);
    else this.#leased.add(hostId);
    const aheadMs = report.nowS === null ? 0 : report.nowS * 1_000 - clock.nowMs();
    const leases = [...report.untilS].map(
      ([id, untilS]) => [id, new Date(untilS * 1_000 - aheadMs).toISOString()] as const,
    );
    onLeases(hostId, new Map(leases));
  }

  /** Each is told once, also over a restart of Berth. */
  async #takeStops(hostId: HostId, { stopped }: LeaseReport): Promise<LeaseStopTold[]> {
    const seenS = (await this.#seen.get(hostId))?.seenS ?? 0;
    // After the last that was told; by their times only where that has left the log: the clock may have been set back.
    const lastAt = stopped.findLastIndex(({ atS }) => atS === seenS);
    const fresh = lastAt < 0 ? stopped.filter(({ atS }) => atS > seenS) : stopped.slice(lastAt + 1);
    if (fresh.length === 0) return [];
    await this.#seen.put({ id: hostId, seenS: fresh.at(-1)?.atS ?? seenS });
    return fresh.map(({ atS, workspaceId }) => ({ workspaceId, atMs: atS * 1_000 }));
  }

  async #run(
    connection: HostConnection,
    args: readonly string[],
    options: { readonly input?: string; readonly timeoutMs?: number } = {},
  ): Promise<LeaseReport> {
    const { exitCode, stderr, stdout } = await connection.runScript('lease', args, {
      timeoutMs: SCRIPT_MS,
      ...options,
    });
    const report = readLeaseReport(stdout);
    if (exitCode !== 0 && report.state === 'unknown')
      throw new BerthError('host.command-failed', 'The script for leases came to no end on the host.', {
        details: { exitCode, output: stderr.slice(0, 300) },
      });
    return report;
  }

  #keepsLeases(hostId: HostId): boolean {
    const state = this.collection.get(hostId)?.state;
    return state === 'installed' || state === 'outdated';
  }

  #lease(hostId: HostId): HostLease {
    return this.collection.get(hostId) ?? { id: hostId, ...unknown };
  }

  #show(
    hostId: HostId,
    { how, limits, state }: Omit<HostLease, 'id' | 'limits'> & { limits: readonly string[] },
  ): void {
    const lease: HostLease = { id: hostId, state, how, limits: [...limits] };
    if (JSON.stringify(this.collection.get(hostId)) !== JSON.stringify(lease)) this.collection.put(lease);
  }
}

const unknown: Omit<HostLease, 'id'> = { state: 'unknown', how: null, limits: [] };

function notPossible({ reason }: LeaseReport, what: string): BerthError {
  return new BerthError('lease.not-possible', `${what}: ${reason ?? 'its script came to no end there'}.`);
}
