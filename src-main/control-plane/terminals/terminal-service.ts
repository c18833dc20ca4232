/**
 * All terminals: those that are open, those that are away and run on, and those of before that a window may want to open
 * again. Guarantees that closing one ends what it started (when the host is back, if it is away), that one which outlives
 * its connection comes back by itself, that what a lost one left running in a container is ended, and that memory is
 * bounded whatever programs print. Long because one table of terminals has one owner, who opens, loses, finds and ends them.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import { type HostId, TerminalId, type UserId, type WorkspaceId } from '#contract/ids.ts';
import type { Terminal, TerminalMeasure, TerminalSize, TerminalTarget } from '#contract/terminals.ts';
import { Collection } from '../changes.ts';
import { delay } from '../delay.ts';
import type { ByteChannel } from '../handler.ts';
import type { HostLink, HostLinks } from '../hosts/host-links.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Pty } from '../interfaces/host-connection.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import type {
  AttachedSession,
  MultiplexedPty,
  SessionInfo,
  SessionPlace,
} from '../interfaces/multiplexer.ts';
import type { HostMultiplexers } from './host-multiplexers.ts';
import type { CreateScreenKeeper } from '../interfaces/screen-keeper.ts';
import { LiveTerminal } from './live-terminal.ts';
import { IdleTerminals, type TerminalUse } from './idle-terminals.ts';
import { onceQuiet } from './once-quiet.ts';
import { repaint } from './repaint.ts';
import {
  afterRestart,
  closedIdle,
  endOf,
  foundTerminal,
  goneFor,
  hasEnded,
  isKept,
  openedTerminal,
  parseTerminalRecord,
  type TerminalRecord,
  toTerminal,
} from './terminal.ts';
import { eitherBackend, type TerminalBackend, type TerminalBackends } from './terminal-backend.ts';
import { TerminalOwners } from './terminal-owners.ts';
import { type AwayTerminal, TerminalReturns } from './terminal-returns.ts';

/** Of one person at once. Each costs a PTY, a channel and, once looked at, some megabytes: more is a program gone wild. */
export const maxOpenTerminals = 256;
/** Of everybody: several people at their limit, and memory for no more. */
const maxOpenTerminalsOfAll = 1_024;
/** Ended ones whose last screen can still be looked at; half a mebibyte each at most. */
const maxEndedReplays = 32;
/** Ended ones that are remembered at all. */
const maxEndedRecords = 500;
/** A shell that does not die in that time is left to the sweep. */
const killTimeoutMs = 8_000;
/** A program may set titles in a loop; windows are told this often. */
const titleEveryMs = 100;
/** While a window is dragged, sizes come by the dozen; the last one is kept. */
const keepSizeAfterMs = 1_000;

export interface TerminalServiceDeps {
  readonly store: RecordStore;
  readonly links: HostLinks;
  readonly backends: TerminalBackends;
  readonly multiplexers: Pick<HostMultiplexers, 'of' | 'close'>;
  readonly createScreenKeeper: CreateScreenKeeper;
  readonly clock: Clock;
  /** By which it is told that nobody uses one. Default: the same. */
  readonly useClock?: Clock | undefined;
  readonly random: Random;
  readonly log: Log;
  /** Whose the workspace is, if it is known. */
  readonly workspaceOwner: (id: WorkspaceId) => UserId | undefined;
  /** Why Berth itself ended what runs there, as a sentence; null: it did not. */
  readonly endedByBerth: (target: TerminalTarget) => string | null;
  /** Milliseconds after which one that nobody watches and that is silent is closed; null: never. */
  readonly idleTimeoutMs: number | null;
  /** The same, as the person whose it is wants it; the shorter of the two counts. */
  readonly ownIdleTimeoutMs: (userId: UserId) => number | null;
  /**
   * Six characters of base 32 that are the same at each start of this Berth, also with a lost database, and different on
   * another computer. Terminal ids begin with them, so that the sweep ends our own leftovers and nobody else's shells.
   */
  readonly tag: string;
}

interface Entry {
  record: TerminalRecord;
  title: string;
  live: LiveTerminal | undefined;
  /** Its way to a session that outlives the connection; undefined while it is away. */
  kept: MultiplexedPty | undefined;
  /** Where its output was left when it went away. */
  place: SessionPlace | undefined;
  cancelTitle: (() => void) | undefined;
  cancelKeep: (() => void) | undefined;
  /** Set once it is being closed because nobody uses it: what its end is to say. */
  idleEnd: BerthError | undefined;
}

/** For one look at a terminal's way: what takes longer is no measure any more. */
const measureTimeoutMs = 5_000;

export class TerminalService {
  readonly owners: TerminalOwners;
  readonly #deps: TerminalServiceDeps;
  readonly #log: Log;
  readonly #backend: TerminalBackend;
  readonly #records: RecordCollection<TerminalRecord>;
  readonly #collection = new Collection<Terminal>();
  readonly #entries = new Map<TerminalId, Entry>();
  /** Ids in use by an opening that has not come back yet. */
  readonly #opening = new Map<TerminalId, UserId>();
  readonly #returns: TerminalReturns;
  readonly #ends: (() => void)[] = [];
  readonly #idle: IdleTerminals<Entry>;
  #isClosing = false;

  constructor(deps: TerminalServiceDeps) {
    if (!/^[0-9a-z]{6}$/.test(deps.tag)) throw new TypeError('a terminal tag is six characters of base 32');
    this.#deps = deps;
    this.#log = deps.log.child({ noun: 'terminals' });
    this.#backend = eitherBackend(deps.backends);
    this.#records = deps.store.collection('terminals', parseTerminalRecord);
    this.owners = new TerminalOwners({
      records: () => [...this.#entries.values()].map(({ record }) => record),
      find: (id) => this.#entries.get(id as TerminalId)?.record,
      workspaceOwner: deps.workspaceOwner,
      give: (record, ownerId) => this.#give(record, ownerId),
    });
    this.#idle = new IdleTerminals({
      clock: deps.useClock ?? deps.clock,
      timeoutMs: deps.idleTimeoutMs,
      ownTimeoutMs: ({ record }) => (record.ownerId === null ? null : deps.ownIdleTimeoutMs(record.ownerId)),
      inUse: () => this.#entries.values(),
      close: (entry, silence) => this.#closeIdle(entry, silence),
    });
    this.#returns = new TerminalReturns({
      clock: deps.clock,
      log: this.#log,
      prefix: `term_${deps.tag}`,
      multiplexer: (link) => deps.multiplexers.of(link),
      awayOn: (hostId) => this.#awayOn(hostId),
      isKnown: (id) => this.#entries.has(id as TerminalId) || this.#opening.has(id as TerminalId),
      isAlive: (id) => this.#isAlive(id as TerminalId),
      onBack: (id, attached) => this.#back(id, attached),
      onGone: (id, reason) => this.#gone(id, reason),
      onFound: (link, found) => this.#found(link, found),
    });
  }

  /** Reads what was open before; what outlives its connection is away until its host is there. */
  async load(): Promise<void> {
    const at = instantOf(this.#deps.clock);
    for (const stored of await this.#records.all()) {
      const record = afterRestart(stored, at);
      const entry = this.#enter(record);
      if (isKept(record)) entry.live = this.#liveOf(entry, undefined);
      this.#show(entry);
      if (record !== stored) this.#keep(record);
    }
    await this.#forgetOldest();
  }

  /** Begins to look after the terminals of hosts as they come. */
  start(): void {
    const { links } = this.#deps;
    this.#ends.push(
      links.onReady((link) => this.#returns.welcome(link)),
      links.onRemoved((hostId) => {
        for (const { id } of this.#awayOn(hostId)) void this.#gone(id, 'Its host was removed.');
      }),
    );
    this.#idle.start();
  }

  /** The way to a host's sessions broke off while the host is there. */
  multiplexerLost(link: HostLink): void {
    if (!this.#isClosing) this.#returns.welcome(link);
  }

  /** Ends every shell that ends with its connection; the others run on. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const end of this.#ends.splice(0)) end();
    this.#idle.close();
    const at = instantOf(this.#deps.clock);
    const ends: Promise<void>[] = [];
    for (const entry of this.#entries.values()) {
      entry.cancelTitle?.();
      entry.cancelKeep?.();
      if (entry.live === undefined || entry.live.isEnded) continue;
      if (!isKept(entry.record)) ends.push(this.#kill(entry));
      entry.record = afterRestart(entry.record, at);
      ends.push(this.#records.put(entry.record).catch((cause: unknown) => this.#notKept(cause)));
    }
    const returned = this.#returns.close();
    this.#deps.multiplexers.close();
    await Promise.all([...ends, returned]);
    for (const entry of this.#entries.values()) entry.live?.release();
  }

  /** How many of a workspace are open. */
  countIn(id: WorkspaceId): number {
    return this.#collection
      .all()
      .filter(
        ({ target, state }) =>
          target.kind === 'workspace' && target.workspaceId === id && state.phase !== 'ended',
      ).length;
  }

  /** What is done in those of a workspace that are open. */
  useIn(id: WorkspaceId): TerminalUse[] {
    const open = [...this.#entries.values()].filter(
      ({ record }) => record.target.kind === 'workspace' && record.target.workspaceId === id,
    );
    return open.flatMap(({ live }) => (live && !live.isEnded ? [live.use] : []));
  }

  /** When one of these was last typed or printed to, on the monotonic clock; null: none is open. */
  usedMs(isMeant: (target: TerminalTarget) => boolean): number | null {
    const open = [...this.#entries.values()].filter(({ record }) => isMeant(record.target));
    const uses = open.flatMap(({ live }) => (live && !live.isEnded ? [live.use.usedAtMs] : []));
    return uses.length === 0 ? null : Math.max(...uses);
  }

  /** All of them, unless told which to show. */
  watch(
    signal: AbortSignal,
    isVisible?: (terminal: { id: string }) => boolean,
  ): AsyncGenerator<CollectionItem<Terminal>> {
    return this.#collection.watch(signal, isVisible);
  }

  /** One person at the limit leaves the others theirs. */
  #requireRoom(userId: UserId): void {
    const open = [...this.#entries.values()]
      .filter(({ live }) => live !== undefined && !live.isEnded)
      .map(({ record }) => record.ownerId);
    const all = [...open, ...this.#opening.values()];
    const own = all.filter((ownerId) => ownerId === userId).length;
    if (own < maxOpenTerminals && all.length < maxOpenTerminalsOfAll) return;
    const limit = own < maxOpenTerminals ? maxOpenTerminalsOfAll : maxOpenTerminals;
    const whose = own < maxOpenTerminals ? 'terminals of all together' : 'of your terminals';
    throw new BerthError('too-many', `${limit} ${whose} are open, and that is the limit. Close some first.`, {
      details: { limit },
    });
  }

  async open(
    wish: { target: TerminalTarget; size: TerminalSize; name: string | null; typed?: string | undefined },
    userId: UserId,
    signal: AbortSignal,
  ): Promise<Terminal> {
    if (this.#isClosing) throw new BerthError('cancelled', 'Berth is ending.');
    this.#requireRoom(userId);
    const { random, clock, tag } = this.#deps;
    const id: TerminalId = `term_${tag}${random.id('term').slice('term_'.length + tag.length)}`;
    const { target, size, name, typed } = wish;
    this.#opening.set(id, userId);
    try {
      const opened = await this.#backend.open({ id, target, size, userId, signal });
      if (signal.aborted || this.#isClosing) {
        await opened.pty.kill();
        throw new BerthError('cancelled', 'The terminal was not wanted any more.');
      }
      const hostId = this.#backend.hostOf(target) ?? null;
      const entry = this.#enter(
        openedTerminal({ id, target, name, size, hostId, ownerId: userId }, opened, instantOf(clock)),
      );
      entry.kept = opened.kept;
      this.#show(entry);
      const type =
        typed === undefined ? undefined : onceQuiet(clock, () => this.#type(entry, Buffer.from(typed)));
      entry.live = this.#liveOf(entry, opened.pty, type);
      this.#keep(entry.record);
      return toTerminal(entry.record, entry.title);
    } finally {
      this.#opening.delete(id);
    }
  }

  async attach(id: TerminalId, channel: ByteChannel, signal: AbortSignal): Promise<void> {
    const { live, record } = this.#require(id);
    if (live === undefined) throw hasEnded(record);
    await live.attach(channel, signal);
  }

  resize(id: TerminalId, size: TerminalSize): void {
    const entry = this.#requireLive(id);
    entry.live.resize(size);
    entry.record = { ...entry.record, size };
    this.#show(entry);
    entry.cancelKeep?.();
    entry.cancelKeep = this.#deps.clock.after(keepSizeAfterMs, () => this.#keep(entry.record));
  }

  async rename(id: TerminalId, name: string | null): Promise<Terminal> {
    const entry = this.#require(id);
    entry.record = { ...entry.record, name };
    await this.#records.put(entry.record);
    this.#show(entry);
    return toTerminal(entry.record, entry.title);
  }

  async measure(id: TerminalId): Promise<TerminalMeasure> {
    const { live, kept, record } = this.#requireLive(id);
    if (live.isAway) throw new BerthError('host.not-connected', 'The way to this terminal is cut.');
    const hostId = this.#backend.hostOf(record.target);
    const link = hostId && this.#deps.links.current(hostId);
    const isFar = link?.connection.kind === 'ssh';
    const [hostMs, stream] = await Promise.all([
      isFar ? link.connection.probe(measureTimeoutMs) : null,
      // The answer of a reader that is held back comes behind what waits: then only that is told.
      live.behindBytes > 0 ? undefined : kept?.measure(measureTimeoutMs),
    ]);
    return {
      hostMs,
      streamMs: stream?.streamMs ?? null,
      behindBytes: live.behindBytes + (stream?.behindBytes ?? 0),
    };
  }

  async dropBacklog(id: TerminalId): Promise<number> {
    return await this.#requireLive(id).live.dropBacklog();
  }

  async closeTerminal(id: TerminalId): Promise<void> {
    const entry = this.#require(id);
    entry.cancelTitle?.();
    entry.cancelKeep?.();
    const { record, live } = entry;
    if (live?.isAway && isKept(record)) {
      // Nobody can end it now: it is out of sight, and ended when its host is back.
      entry.record = { ...record, isClosing: true };
      live.release();
      this.#collection.delete(id);
      await this.#records.put(entry.record);
      this.#welcomeAgain(record);
      return;
    }
    if (live !== undefined) {
      await this.#kill(entry);
      live.release();
    }
    await this.#forget(id);
  }

  // --- private ------------------------------------------------------------------------------------------------------

  #enter(record: TerminalRecord): Entry {
    const entry: Entry = {
      record,
      title: '',
      live: undefined,
      kept: undefined,
      place: undefined,
      cancelTitle: undefined,
      cancelKeep: undefined,
      idleEnd: undefined,
    };
    this.#entries.set(record.id, entry);
    return entry;
  }

  #liveOf(entry: Entry, pty: Pty | undefined, onOutput?: () => void): LiveTerminal {
    const isSurvivor = isKept(entry.record);
    return new LiveTerminal({
      pty,
      size: entry.record.size,
      createScreenKeeper: this.#deps.createScreenKeeper,
      clock: this.#deps.clock,
      useClock: this.#deps.useClock,
      onOutput,
      onTitle: (title) => this.#setTitle(entry, title),
      onEnd: (end) => this.#ended(entry, end),
      ...(isSurvivor
        ? {
            onAway: (error) => this.#away(entry, error),
            onRefused: (byteCount) => this.#addUnconfirmed(entry, byteCount),
          }
        : {}),
    });
  }

  // --- away and back ------------------------------------------------------------------------------------------------

  #away(entry: Entry, error: unknown): void {
    if (this.#isClosing || !this.#entries.has(entry.record.id)) return;
    const unconfirmedBytes = entry.kept?.unconfirmedBytes ?? 0;
    entry.place = entry.kept?.place ?? entry.place;
    entry.kept = undefined;
    this.#log.info('a terminal is away', { terminalId: entry.record.id, cause: error });
    const state = { phase: 'lost', at: instantOf(this.#deps.clock), unconfirmedBytes } as const;
    entry.record = { ...entry.record, state };
    this.#show(entry);
    this.#keep(entry.record);
    this.#welcomeAgain(entry.record);
  }

  /** Its host may be there, and only this one's way have been cut. */
  #welcomeAgain({ hostId }: TerminalRecord): void {
    const link = hostId === null ? undefined : this.#deps.links.current(hostId);
    if (link && !link.signal.aborted) this.#returns.welcome(link);
  }

  /** What was typed into a cut way, before it was known to be one. */
  #addUnconfirmed(entry: Entry, byteCount: number): void {
    const { state } = entry.record;
    if (state.phase !== 'lost') return;
    const unconfirmedBytes = state.unconfirmedBytes + byteCount;
    entry.record = { ...entry.record, state: { ...state, unconfirmedBytes } };
    this.#show(entry);
  }

  #awayOn(hostId: HostId): AwayTerminal[] {
    return [...this.#entries.values()]
      .filter(({ record, live }) => record.hostId === hostId && isKept(record) && (live?.isAway ?? true))
      .map(({ record, place }) => ({ id: record.id, place, isClosing: record.isClosing }));
  }

  #isAlive(id: TerminalId): boolean {
    const entry = this.#entries.get(id);
    if (this.#opening.has(id)) return true;
    return entry?.live !== undefined && !entry.live.isEnded && !entry.record.isClosing;
  }

  #back(id: TerminalId, { pty, captured }: AttachedSession): void {
    const entry = this.#entries.get(id);
    if (!entry?.live?.isAway || entry.record.isClosing || this.#isClosing) {
      pty.release();
      // Closed just now: the next look ends it.
      if (entry) this.#welcomeAgain(entry.record);
      return;
    }
    const { live } = entry;
    entry.kept = pty;
    entry.place = undefined;
    entry.record = { ...entry.record, state: { phase: 'live', reattachedAt: instantOf(this.#deps.clock) } };
    if (captured) entry.title = captured.title;
    live.rejoin(pty, captured === null ? undefined : repaint(captured, live.restoringSequences));
    pty.resize(entry.record.size);
    this.#show(entry);
    this.#keep(entry.record);
  }

  async #gone(id: TerminalId, reason: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (!entry || entry.record.state.phase === 'ended') return;
    await this.#endRest(entry.record);
    if (entry.record.isClosing) return await this.#forget(id);
    const purpose = this.#deps.endedByBerth(entry.record.target);
    entry.record = goneFor(entry.record, purpose, reason, instantOf(this.#deps.clock));
    entry.live?.endAway({ exitCode: null });
    this.#show(entry);
    this.#keep(entry.record);
    this.#boundEnded();
  }

  /** A session of ours that nobody remembers: it is shown, so that it can be used or ended. */
  #found(
    { hostId, hostName }: HostLink,
    found: { id: string; target: TerminalTarget; info: SessionInfo },
  ): void {
    const id = TerminalId.safeParse(found.id);
    if (!id.success || this.#entries.has(id.data)) return;
    // With the database the id of its host may have been lost, too.
    const target: TerminalTarget = found.target.kind === 'host' ? { kind: 'host', hostId } : found.target;
    const { size } = found.info;
    const named = { id: id.data, target, size, hostId, ownerId: this.owners.ofFound(target) };
    const entry = this.#enter(foundTerminal(named, hostName, instantOf(this.#deps.clock)));
    entry.live = this.#liveOf(entry, undefined);
    this.#show(entry);
    this.#keep(entry.record);
  }

  async #endRest({ id, target }: TerminalRecord): Promise<void> {
    await this.#backend.endRest(id, target).catch((cause: unknown) => {
      this.#log.info('what a shell left could not be ended; the next sweep does', { cause });
    });
  }

  #ended(entry: Entry, end: { exitCode: number | null; error?: unknown }): void {
    if (this.#isClosing || !this.#entries.has(entry.record.id)) return;
    entry.cancelTitle?.();
    entry.cancelKeep?.();
    const { record } = entry;
    if (record.state.phase === 'ended') return;
    entry.kept = undefined;
    const purpose = entry.idleEnd === undefined ? this.#deps.endedByBerth(record.target) : null;
    const why = entry.idleEnd === undefined ? end : { exitCode: null, error: entry.idleEnd };
    const state = endOf(why, record, purpose, instantOf(this.#deps.clock));
    entry.record = { ...record, state };
    this.#show(entry);
    this.#keep(entry.record);
    this.#boundEnded();
  }

  /** Its shell ends; its tab stays and says why. */
  async #closeIdle(entry: Entry, silence: string): Promise<void> {
    const { id, attachedTo } = entry.record;
    this.#log.info('closing a terminal that nobody uses', { terminalId: id });
    entry.idleEnd = closedIdle(attachedTo, silence);
    await this.#kill(entry);
    // One that does not go is tried again at the next look.
    if (entry.record.state.phase !== 'ended') entry.idleEnd = undefined;
  }

  async #give({ id }: TerminalRecord, ownerId: UserId): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    await this.#records.put({ ...entry.record, ownerId });
    entry.record = { ...entry.record, ownerId };
    // It may have changed meanwhile.
    this.#keep(entry.record);
    this.#show(entry);
  }

  /** Of those that have ended: screens of the last few, and a list that does not grow for ever. */
  #boundEnded(): void {
    const replays = [...this.#entries.values()].filter(({ live }) => live?.isEnded === true);
    for (const old of replays.slice(0, Math.max(0, replays.length - maxEndedReplays))) {
      old.live?.release();
      old.live = undefined;
    }
    void this.#forgetOldest().catch((cause: unknown) => this.#notKept(cause));
  }

  /** Without Return, and only where it can be read: whoever sits there decides. */
  #type({ record, live }: Entry, bytes: Uint8Array): void {
    if (live && !live.isAway && !live.isEnded && this.#entries.has(record.id)) void live.write(bytes);
  }

  #setTitle(entry: Entry, title: string): void {
    if (entry.title === title) return;
    entry.title = title;
    entry.cancelTitle ??= this.#deps.clock.after(titleEveryMs, () => {
      entry.cancelTitle = undefined;
      this.#show(entry);
    });
  }

  #show(entry: Entry): void {
    if (this.#entries.has(entry.record.id) && !entry.record.isClosing)
      this.#collection.put(toTerminal(entry.record, entry.title));
  }

  /** What is remembered of a terminal is a comfort: where it cannot be written the terminal works on. */
  #keep(record: TerminalRecord): void {
    this.#records
      .put(record)
      .then(() => (this.#entries.has(record.id) ? undefined : this.#records.delete(record.id)))
      .catch((cause: unknown) => this.#notKept(cause));
  }

  #notKept(cause: unknown): void {
    this.#log.warn('what is remembered of a terminal was not kept', { cause });
  }

  async #forget(id: TerminalId): Promise<void> {
    this.#entries.delete(id);
    this.#collection.delete(id);
    await this.#records.delete(id);
  }

  async #forgetOldest(): Promise<void> {
    const ended = [...this.#entries.values()]
      .filter(({ record }) => record.state.phase === 'ended')
      .sort((a, b) => a.record.openedAt.localeCompare(b.record.openedAt));
    for (const { record, live } of ended.slice(0, Math.max(0, ended.length - maxEndedRecords))) {
      live?.release();
      await this.#forget(record.id);
    }
  }

  async #kill({ live, record }: Entry): Promise<void> {
    const { clock } = this.#deps;
    const late = new AbortController();
    const killed = this.#killAll(live, record).catch((cause: unknown) => {
      this.#log.info('a shell could not be ended; the next sweep does', { cause });
    });
    await Promise.race([killed, delay(clock, killTimeoutMs, late.signal)]);
    late.abort();
  }

  async #killAll(live: LiveTerminal | undefined, record: TerminalRecord): Promise<void> {
    // In a container first: its shell ends, and with it what carries it on the host.
    if (isKept(record)) await this.#endRest(record);
    await live?.kill();
  }

  #require(id: TerminalId): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new BerthError('not-found', 'There is no such terminal.');
    return entry;
  }

  #requireLive(id: TerminalId): Entry & { live: LiveTerminal } {
    const entry = this.#require(id);
    if (entry.live === undefined || entry.live.isEnded) throw hasEnded(entry.record);
    return entry as Entry & { live: LiveTerminal };
  }
}
