/**
 * Terminals shared by a link. Owns who holds which link and who came through it. Guarantees: of a link's token only the
 * hash is kept; a guest reaches its one terminal, as its link says, and no longer than the link and the terminal last;
 * the moment either ends, so do all streams and connections of its guests. A link survives a restart of Berth.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import { guestUserId, type ShareId, type TerminalId, type UserId } from '#contract/ids.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import type { ShareAccess, SharedTerminal, TerminalShare } from '#contract/terminal-shares.ts';
import type { Terminal } from '#contract/terminals.ts';
import type { Caller, Guest, GuestDoor } from '../caller.ts';
import { Collection, Watched } from '../changes.ts';
import { notFound } from '../dispatcher.ts';
import type { BytesHandler, ByteChannel, HandlerContext } from '../handler.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import { guestChannel } from './guest-channel.ts';
import {
  findByHash,
  hashOf,
  parseShareRecord,
  type ShareRecord,
  tokenBytes,
  tokenOf,
  toShare,
  toSharedTerminal,
} from './terminal-share.ts';

/** More is a script gone wild; each link costs a look at every try. */
export const maxSharesPerTerminal = 20;
/** Each guest costs a socket and up to two mebibytes of output on its way. */
export const maxGuestsPerShare = 20;

export interface TerminalSharesDeps {
  readonly store: RecordStore;
  /** All terminals, then every change. */
  readonly watchTerminals: (signal: AbortSignal) => AsyncIterable<CollectionItem<Terminal>>;
  /** How the owner attaches. */
  readonly attach: BytesHandler<'terminals.attach'>;
  readonly clock: Clock;
  readonly random: Pick<Random, 'id' | 'bytes'>;
  readonly log: Log;
}

interface Entry {
  readonly record: ShareRecord;
  readonly seats: Set<Seat>;
  readonly ended: AbortController;
  cancelExpiry: () => void;
}

/** A guest's place: one connection. */
interface Seat {
  readonly entry: Entry;
  readonly shown: Watched<SharedTerminal>;
  readonly onEnd: () => void;
  isTypingDropped: boolean;
}

export class TerminalShares implements GuestDoor {
  readonly #deps: TerminalSharesDeps;
  readonly #log: Log;
  readonly #records: RecordCollection<ShareRecord>;
  readonly #entries = new Map<ShareId, Entry>();
  readonly #collection = new Collection<TerminalShare>();
  readonly #seats = new WeakMap<Guest, Seat>();
  readonly #terminals = new Map<string, Terminal>();
  readonly #closing = new AbortController();
  /** Ended, and still in the store because it could not be written; tried again at the end. */
  readonly #undeleted = new Set<ShareId>();

  constructor(deps: TerminalSharesDeps) {
    this.#deps = deps;
    this.#log = deps.log.child({ noun: 'terminal-shares' });
    this.#records = deps.store.collection('terminal-shares', parseShareRecord);
  }

  /** Reads the links of before, and follows the terminals from now on: a link to one that is gone goes with it. */
  async load(): Promise<void> {
    for (const record of await this.#records.all()) this.#add(record);
    const first = Promise.withResolvers<void>();
    const follow = async () => {
      for await (const item of this.#deps.watchTerminals(this.#closing.signal)) {
        this.#follow(item);
        first.resolve();
      }
    };
    follow()
      .catch((cause: unknown) => this.#log.error('shared terminals are not followed any more', { cause }))
      .finally(first.resolve);
    await first.promise;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const entry of this.#entries.values()) entry.cancelExpiry();
    for (const id of [...this.#undeleted]) await this.#forget(id);
  }

  watch(
    signal: AbortSignal,
    isVisible: (share: { id: string }) => boolean,
  ): AsyncGenerator<CollectionItem<TerminalShare>> {
    return this.#collection.watch(signal, isVisible);
  }

  find(id: string): Pick<ShareRecord, 'userId' | 'terminalId'> | undefined {
    return this.#entries.get(id as ShareId)?.record;
  }

  /** Ends all links that a person gave: somebody whose rights ended must not be there through one of them. */
  async endOf(userId: UserId): Promise<void> {
    for (const { record } of [...this.#entries.values()])
      if (record.userId === userId) await this.unshare(record.id);
  }

  async share(
    wish: { id: TerminalId; access: ShareAccess; expiresInMinutes: number },
    caller: Caller,
  ): Promise<{ share: TerminalShare; path: string }> {
    if (caller.mode === 'desktop')
      throw new BerthError(
        'terminal.share-needs-server',
        'A link needs an address that others can open. Run “berth serve” on this data and share from the browser.',
      );
    this.#requireLive(wish.id);
    const present = [...this.#entries.values()].filter(({ record }) => record.terminalId === wish.id);
    if (present.length >= maxSharesPerTerminal)
      throw new BerthError(
        'too-many',
        `This terminal has ${maxSharesPerTerminal} links, and that is the limit. Revoke some first.`,
        { details: { limit: maxSharesPerTerminal } },
      );
    const { clock, random } = this.#deps;
    const token = tokenOf(random.bytes(tokenBytes));
    const nowMs = clock.nowMs();
    const record: ShareRecord = {
      id: random.id('share'),
      terminalId: wish.id,
      userId: caller.userId,
      access: wish.access,
      createdAt: new Date(nowMs).toISOString(),
      expiresAt: new Date(nowMs + wish.expiresInMinutes * 60_000).toISOString(),
      tokenHash: hashOf(token),
    };
    await this.#records.put(record);
    // It may have ended while that was written.
    if (!this.#isLive(wish.id)) await this.#forget(record.id);
    this.#requireLive(wish.id);
    this.#add(record);
    const { id, terminalId, access, expiresAt } = record;
    this.#log.info('a terminal is shared', { share: id, terminalId, access, expiresAt });
    return { share: toShare(record, 0), path: `/shared#${token}` };
  }

  async unshare(shareId: ShareId): Promise<void> {
    const entry = this.#entries.get(shareId);
    if (entry === undefined) throw notFound();
    // Guests go at once. The record goes before the answer: a link that was revoked must not come back after a restart.
    this.#end(entry, 'link');
    this.#undeleted.add(shareId);
    await this.#records.delete(shareId);
    this.#undeleted.delete(shareId);
    this.#log.info('a share was revoked', { share: shareId });
  }

  // --- guests -------------------------------------------------------------------------------------------------------

  enter(token: string): { shareId: ShareId; lastsMs: number } {
    const entry = findByHash(this.#entries.values(), hashOf(token));
    if (entry === undefined || !this.#isUsable(entry)) throw notFound();
    this.#requirePlace(entry);
    const { id, expiresAt } = entry.record;
    return { shareId: id, lastsMs: Date.parse(expiresAt) - this.#deps.clock.nowMs() };
  }

  admit(shareId: ShareId, onEnd: () => void): { caller: Caller; leave: () => void } {
    const entry = this.#entries.get(shareId);
    const terminal = entry && this.#terminals.get(entry.record.terminalId);
    if (entry === undefined || terminal === undefined || !this.#isUsable(entry)) throw notFound();
    this.#requirePlace(entry);
    const first = toSharedTerminal(entry.record, terminal, { isTypingDropped: false, end: null });
    const seat: Seat = { entry, shown: new Watched(first), onEnd, isTypingDropped: false };
    const guest: Guest = { shareId };
    this.#seats.set(guest, seat);
    entry.seats.add(seat);
    this.#show(entry);
    return {
      caller: { userId: guestUserId, userName: 'Guest', scopes: new Set(), mode: 'served', guest },
      leave: () => {
        if (entry.seats.delete(seat)) this.#show(entry);
      },
    };
  }

  async *watchShared({ caller, signal }: HandlerContext): AsyncGenerator<SharedTerminal> {
    for await (const shown of this.#seatOf(caller).shown.watch(signal)) {
      yield shown;
      if (shown.end !== null) return;
    }
  }

  async attachShared(
    input: ParsedInputOf<'terminals.attach'>,
    channel: ByteChannel,
    { caller, signal }: HandlerContext,
  ): Promise<void> {
    const seat = this.#seatOf(caller);
    const { record, ended } = seat.entry;
    if (input.id !== record.terminalId) throw notFound();
    const behind = new AbortController();
    const narrow = guestChannel(channel, {
      mayType: record.access === 'write',
      onTypingDropped: () => this.#dropTyping(seat),
      onTooFarBehind: () => behind.abort(),
    });
    const context = { caller, signal: AbortSignal.any([signal, ended.signal, behind.signal]) };
    await this.#deps.attach(input, narrow, context);
    if (behind.signal.aborted)
      throw new BerthError('connection-lost', 'The output came faster than this window could take it.', {
        details: { reason: 'stalled' },
      });
  }

  // --- private ------------------------------------------------------------------------------------------------------

  #seatOf({ guest }: Caller): Seat {
    const seat = guest && this.#seats.get(guest);
    if (seat === undefined || !seat.entry.seats.has(seat) || !this.#isUsable(seat.entry)) throw notFound();
    return seat;
  }

  #requirePlace({ seats }: Entry): void {
    if (seats.size < maxGuestsPerShare) return;
    throw new BerthError(
      'too-many',
      `${maxGuestsPerShare} windows show this terminal through this link, and that is the limit.`,
    );
  }

  /** By the wall clock, too: a timer that slept with the computer is late. */
  #isUsable({ record, ended }: Entry): boolean {
    return (
      !ended.signal.aborted &&
      Date.parse(record.expiresAt) > this.#deps.clock.nowMs() &&
      this.#isLive(record.terminalId)
    );
  }

  #isLive(id: TerminalId): boolean {
    const terminal = this.#terminals.get(id);
    return terminal !== undefined && terminal.state.phase !== 'ended';
  }

  #requireLive(id: TerminalId): void {
    if (this.#isLive(id)) return;
    if (!this.#terminals.has(id)) throw notFound();
    throw new BerthError('terminal.ended', 'This terminal has ended; there is nothing to share.');
  }

  #add(record: ShareRecord): void {
    const entry: Entry = {
      record,
      seats: new Set(),
      ended: new AbortController(),
      cancelExpiry: () => undefined,
    };
    this.#entries.set(record.id, entry);
    this.#awaitExpiry(entry);
    if (this.#entries.has(record.id)) this.#show(entry);
  }

  #awaitExpiry(entry: Entry): void {
    const leftMs = Date.parse(entry.record.expiresAt) - this.#deps.clock.nowMs();
    if (leftMs > 0) {
      // Looks again when it fires: the wall clock may have been set meanwhile.
      entry.cancelExpiry = this.#deps.clock.after(leftMs, () => this.#awaitExpiry(entry));
      return;
    }
    this.#end(entry, 'link');
    void this.#forget(entry.record.id);
  }

  #follow(item: CollectionItem<Terminal>): void {
    const touched = new Set<string>();
    if (item.type === 'all') {
      this.#terminals.clear();
      for (const { record } of this.#entries.values()) touched.add(record.terminalId);
    }
    for (const terminal of item.type === 'all' ? item.items : item.upserted) {
      this.#terminals.set(terminal.id, terminal);
      touched.add(terminal.id);
    }
    for (const id of item.type === 'all' ? [] : item.removed) {
      this.#terminals.delete(id);
      touched.add(id);
    }
    for (const entry of [...this.#entries.values()]) {
      if (!touched.has(entry.record.terminalId)) continue;
      if (this.#isLive(entry.record.terminalId)) this.#tell(entry);
      else {
        this.#end(entry, 'terminal');
        void this.#forget(entry.record.id);
      }
    }
  }

  #end(entry: Entry, end: NonNullable<SharedTerminal['end']>): void {
    const { id } = entry.record;
    if (!this.#entries.delete(id)) return;
    entry.cancelExpiry();
    this.#tell(entry, end);
    entry.ended.abort();
    for (const seat of entry.seats) seat.onEnd();
    entry.seats.clear();
    this.#collection.delete(id);
  }

  #tell(entry: Entry, end: SharedTerminal['end'] = null): void {
    const terminal = this.#terminals.get(entry.record.terminalId);
    for (const { shown, isTypingDropped } of entry.seats)
      shown.set(
        terminal === undefined
          ? { ...shown.value, phase: 'ended', isTypingDropped, end }
          : toSharedTerminal(entry.record, terminal, { isTypingDropped, end }),
      );
  }

  #dropTyping(seat: Seat): void {
    if (seat.isTypingDropped) return;
    seat.isTypingDropped = true;
    seat.shown.set({ ...seat.shown.value, isTypingDropped: true });
  }

  #show(entry: Entry): void {
    if (this.#entries.has(entry.record.id)) this.#collection.put(toShare(entry.record, entry.seats.size));
  }

  /** Of what has ended by itself. */
  async #forget(id: ShareId): Promise<void> {
    this.#undeleted.add(id);
    await this.#records.delete(id).then(
      () => this.#undeleted.delete(id),
      (cause: unknown) =>
        this.#log.warn('an ended share could not be taken from the store', { share: id, cause }),
    );
  }
}
