/**
 * All terminals: those that are open, and those of before that a window may want to open again. Guarantees that closing
 * one ends what it started, that what a lost connection left running in a container is ended when the host is back, and
 * that memory is bounded whatever programs print.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import { TerminalId, type UserId } from '#contract/ids.ts';
import type { Terminal, TerminalMeasure, TerminalSize, TerminalTarget } from '#contract/terminals.ts';
import { Collection } from '../changes.ts';
import { delay } from '../delay.ts';
import type { ByteChannel } from '../handler.ts';
import type { HostLink, HostLinks } from '../hosts/host-links.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { ContainerEngine } from '../interfaces/container-engine.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection, RecordStore } from '../interfaces/record-store.ts';
import type { CreateScreenKeeper } from '../interfaces/screen-keeper.ts';
import { label } from '../workspaces/labels.ts';
import { LiveTerminal } from './live-terminal.ts';
import { endedByRestart, endOf, parseTerminalRecord, type TerminalRecord, toTerminal } from './terminal.ts';
import type { OpenedTerminal, TerminalBackend, TerminalRequest } from './terminal-backend.ts';

/** Open at once. Each costs a PTY, a channel and, once it was looked at, a screen of some megabytes; more than that is a program gone wild. */
export const maxOpenTerminals = 256;
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

type TargetOf<K extends TerminalTarget['kind']> = Extract<TerminalTarget, { kind: K }>;
export type TerminalBackends = {
  readonly [K in TerminalTarget['kind']]: TerminalBackend<TargetOf<K>>;
};

export interface TerminalServiceDeps {
  readonly store: RecordStore;
  readonly links: HostLinks;
  readonly backends: TerminalBackends;
  readonly createScreenKeeper: CreateScreenKeeper;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
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
  cancelTitle: (() => void) | undefined;
  cancelKeep: (() => void) | undefined;
}

export class TerminalService {
  readonly #deps: TerminalServiceDeps;
  readonly #log: Log;
  readonly #records: RecordCollection<TerminalRecord>;
  readonly #collection = new Collection<Terminal>();
  readonly #entries = new Map<TerminalId, Entry>();
  /** Ids in use by an opening that has not come back yet. */
  readonly #opening = new Set<TerminalId>();
  readonly #sweeps = new Set<Promise<void>>();
  #stopLinks: (() => void) | undefined;
  #isClosing = false;

  constructor(deps: TerminalServiceDeps) {
    if (!/^[0-9a-z]{6}$/.test(deps.tag)) throw new TypeError('a terminal tag is six characters of base 32');
    this.#deps = deps;
    this.#log = deps.log.child({ noun: 'terminals' });
    this.#records = deps.store.collection('terminals', parseTerminalRecord);
  }

  /** Reads what was open before; nothing of it lives any more. */
  async load(): Promise<void> {
    const at = instantOf(this.#deps.clock);
    for (const record of await this.#records.all()) {
      const ended = endedByRestart(record, at);
      this.#entries.set(record.id, {
        record: ended,
        title: '',
        live: undefined,
        cancelTitle: undefined,
        cancelKeep: undefined,
      });
      this.#collection.put(toTerminal(ended, ''));
      if (ended !== record) this.#keep(ended);
    }
    await this.#forgetOldest();
  }

  /** Begins to sweep hosts as they come. */
  start(): void {
    this.#stopLinks = this.#deps.links.onReady((link) => {
      const { engine } = link;
      if (engine === undefined) return;
      const sweep = this.#sweep(link, engine).finally(() => this.#sweeps.delete(sweep));
      this.#sweeps.add(sweep);
    });
  }

  /** Ends every shell; the records say that Berth was restarted, so that windows can offer to open them again. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stopLinks?.();
    const at = instantOf(this.#deps.clock);
    const ends: Promise<void>[] = [];
    for (const entry of this.#entries.values()) {
      entry.cancelTitle?.();
      entry.cancelKeep?.();
      if (entry.live === undefined || entry.live.isEnded) continue;
      entry.record = endedByRestart(entry.record, at);
      ends.push(
        this.#records.put(entry.record).catch((cause: unknown) => this.#notKept(cause)),
        this.#kill(entry.live),
      );
    }
    await Promise.all([...ends, ...this.#sweeps]);
    for (const entry of this.#entries.values()) entry.live?.release();
  }

  watch(signal: AbortSignal): AsyncGenerator<CollectionItem<Terminal>> {
    return this.#collection.watch(signal);
  }

  async open(
    wish: { target: TerminalTarget; size: TerminalSize; name: string | null },
    userId: UserId,
    signal: AbortSignal,
  ): Promise<Terminal> {
    if (this.#isClosing) throw new BerthError('cancelled', 'Berth is ending.');
    const openCount = [...this.#entries.values()].filter(({ live }) => live !== undefined && !live.isEnded);
    if (openCount.length + this.#opening.size >= maxOpenTerminals)
      throw new BerthError(
        'too-many',
        `${maxOpenTerminals} terminals are open, and that is the limit. Close some first.`,
        { details: { limit: maxOpenTerminals } },
      );
    const { random, clock, tag } = this.#deps;
    const id: TerminalId = `term_${tag}${random.id('term').slice('term_'.length + tag.length)}`;
    const { target, size, name } = wish;
    this.#opening.add(id);
    try {
      const { opened, lifetime } = await this.#openOn({ id, target, size, userId, signal });
      if (signal.aborted || this.#isClosing) {
        await opened.pty.kill();
        throw new BerthError('cancelled', 'The terminal was not wanted any more.');
      }
      const record: TerminalRecord = {
        id,
        target,
        name,
        size,
        state: { phase: 'live', reattachedAt: null },
        lifetime,
        lifetimeNote: null,
        attachCommand: null,
        isFound: false,
        openedAt: instantOf(clock),
        attachedTo: opened.attachedTo.slice(0, 256),
      };
      const entry: Entry = {
        record,
        title: '',
        live: undefined,
        cancelTitle: undefined,
        cancelKeep: undefined,
      };
      this.#entries.set(id, entry);
      this.#show(entry);
      entry.live = new LiveTerminal({
        pty: opened.pty,
        size,
        createScreenKeeper: this.#deps.createScreenKeeper,
        clock,
        onTitle: (title) => this.#setTitle(entry, title),
        onEnd: (end) => this.#ended(entry, end),
      });
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
    const { live } = this.#requireLive(id);
    return { hostMs: null, streamMs: null, behindBytes: live.behindBytes };
  }

  async dropBacklog(id: TerminalId): Promise<number> {
    return await this.#requireLive(id).live.dropBacklog();
  }

  async closeTerminal(id: TerminalId): Promise<void> {
    const entry = this.#require(id);
    entry.cancelTitle?.();
    entry.cancelKeep?.();
    if (entry.live !== undefined) {
      await this.#kill(entry.live);
      entry.live.release();
    }
    await this.#forget(id);
  }

  // --- private ------------------------------------------------------------------------------------------------------

  async #openOn(
    request: TerminalRequest,
  ): Promise<{ opened: OpenedTerminal; lifetime: Terminal['lifetime'] }> {
    const { workspace, host } = this.#deps.backends;
    const { target } = request;
    const { lifetime } = target.kind === 'workspace' ? workspace : host;
    try {
      const opened =
        target.kind === 'workspace'
          ? await workspace.open({ ...request, target })
          : await host.open({ ...request, target });
      return { opened, lifetime };
    } catch (error) {
      if (BerthError.is(error)) throw error;
      throw new BerthError('terminal.open-failed', 'The shell could not be started.', { cause: error });
    }
  }

  #ended(entry: Entry, end: { exitCode: number | null; error?: unknown }): void {
    if (this.#isClosing || !this.#entries.has(entry.record.id)) return;
    entry.cancelTitle?.();
    entry.cancelKeep?.();
    const { record } = entry;
    const state = endOf(end, record.attachedTo, instantOf(this.#deps.clock));
    entry.record = { ...record, state };
    this.#show(entry);
    this.#keep(entry.record);
    const replays = [...this.#entries.values()].filter(({ live }) => live?.isEnded === true);
    for (const old of replays.slice(0, Math.max(0, replays.length - maxEndedReplays))) {
      old.live?.release();
      old.live = undefined;
    }
    void this.#forgetOldest().catch((cause: unknown) => this.#notKept(cause));
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
    if (this.#entries.has(entry.record.id)) this.#collection.put(toTerminal(entry.record, entry.title));
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

  async #kill(live: LiveTerminal): Promise<void> {
    const { clock } = this.#deps;
    const late = new AbortController();
    const killed = live.kill().catch((cause: unknown) => {
      this.#log.info('a shell could not be ended; the next sweep does', { cause });
    });
    await Promise.race([killed, delay(clock, killTimeoutMs, late.signal)]);
    late.abort();
  }

  async #sweep({ hostId, signal }: HostLink, engine: ContainerEngine): Promise<void> {
    try {
      for (const container of await engine.listContainers({ [label.managed]: '1' }, signal)) {
        if (container.state !== 'running' || signal.aborted) continue;
        const left = (await engine.listTerminals(container.id)).filter((id) => this.#isLeftover(id));
        if (left.length === 0) continue;
        const count = await engine.sweepTerminals(container.id, left);
        this.#log.info('ended what lost terminals had left running', {
          hostId,
          terminals: left.length,
          count,
        });
      }
    } catch (cause) {
      if (!signal.aborted) this.#log.warn('leftovers of terminals could not be swept', { hostId, cause });
    }
  }

  #isLeftover(text: string): boolean {
    const id = TerminalId.safeParse(text);
    if (!id.success || !id.data.startsWith(`term_${this.#deps.tag}`) || this.#opening.has(id.data))
      return false;
    const live = this.#entries.get(id.data)?.live;
    return live === undefined || live.isEnded;
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

function hasEnded(record: TerminalRecord): BerthError {
  return new BerthError('terminal.ended', `The shell in ${record.attachedTo} has ended. Open a new one.`, {
    details: { attachedTo: record.attachedTo },
  });
}
