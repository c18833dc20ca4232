/**
 * One terminal's PTY and everybody who looks at it. A PTY that can be had again (its shell outlives the connection) may go
 * away and come back: its readers stay, and what is typed meanwhile is refused and counted, never kept back. Output goes
 * to the screen keeper and to every attached client; the slowest one's credit pauses the PTY, so memory stays flat, and
 * one that takes nothing at all is let go when others wait for it. With no client attached the PTY flows on into the
 * keeper: closing a window must not freeze a build, and the keeper is bounded. Keystrokes never wait behind output.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { TerminalSize } from '#contract/terminals.ts';
import type { ByteChannel } from '../handler.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Pty } from '../interfaces/host-connection.ts';
import type { CreateScreenKeeper, ScreenKeeper } from '../interfaces/screen-keeper.ts';
import { backlogTailBytes, cancelSequence, lastLines, resetSequence } from './backlog.ts';
import type { TerminalUse } from './idle-terminals.ts';
import { cleanTitle } from './program-title.ts';
import { TerminalActivity } from './terminal-activity.ts';

/** Bytes that may wait for one client's credit before the PTY is paused: one frame, so that credit finds work at once. */
const pauseAboveBytes = 65_536;
/** A client that took nothing for so long, while another could, is let go; it may attach again. */
const stalledAfterMs = 10_000;
const stallCheckMs = 2_000;
/** Silence that ends a backlog. Shorter than a person notices, longer than the gaps inside a flood. */
const backlogQuietMs = 30;
/** A program that goes on flooding cannot keep the terminal dark for longer. */
const backlogLimitMs = 1_000;
/** Lines that a window which comes late finds above its screen. At 120 columns a full one is 7 MB in memory. */
export const scrollbackLines = 5_000;

interface Client {
  readonly channel: ByteChannel;
  readonly end: (error?: BerthError) => void;
  /** What came since its snapshot was asked for, until that was sent. */
  held: Uint8Array[] | undefined;
  heldBytes: number;
  /** What paints its screen and is on its way: were it thrown away, the rest would mean something else. */
  painting: Uint8Array | undefined;
  isBehind: boolean;
  /** Waiting bytes at the last look, and since when they have not become fewer. */
  waitingBytes: number;
  stuckSinceMs: number;
}

interface Dropping {
  droppedBytes: number;
  tail: Uint8Array;
  quiet: () => void;
  readonly finish: () => void;
}

export interface LiveTerminalOptions {
  /** Undefined: it is away, and will be given by `rejoin`. */
  readonly pty: Pty | undefined;
  readonly size: TerminalSize;
  readonly createScreenKeeper: CreateScreenKeeper;
  readonly clock: Clock;
  /** By which it was last used. Default: the same. */
  readonly useClock?: Clock | undefined;
  /** The way to it was cut, and it may come back: it has not ended. Absent where that cannot be. */
  readonly onAway?: (error: unknown) => void;
  /** Bytes were typed while it was away, and thrown away. */
  readonly onRefused?: (byteCount: number) => void;
  readonly onOutput?: (() => void) | undefined;
  readonly onTitle: (title: string) => void;
  readonly onEnd: (end: { exitCode: number | null; error?: unknown }) => void;
}

export class LiveTerminal {
  #pty: Pty | undefined;
  readonly #options: LiveTerminalOptions;
  readonly #clock: Clock;
  readonly #keeper: ScreenKeeper;
  readonly #clients = new Set<Client>();
  #isPaused = false;
  #isEnded = false;
  #dropping: Dropping | undefined;
  #stopStallCheck: (() => void) | undefined;
  readonly #activity: TerminalActivity;
  #drained: { promise: Promise<void>; resolve: () => void } | undefined;

  constructor(options: LiveTerminalOptions) {
    const { size, createScreenKeeper, clock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#activity = new TerminalActivity(options.useClock ?? clock);
    this.#keeper = createScreenKeeper({
      size,
      scrollbackLines,
      clock,
      onTitle: (payload) => options.onTitle(cleanTitle(payload)),
    });
    if (options.pty) this.#listenTo(options.pty);
  }

  #listenTo(pty: Pty): void {
    this.#pty = pty;
    pty.onDrain(() => {
      if (this.#pty === pty) this.#freeWriters();
    });
    // Before the end, which may have come already: its last bytes go first.
    pty.onData((bytes) => {
      if (this.#pty === pty) this.#onOutput(bytes);
    });
    pty.onEnd((end) => {
      if (this.#pty !== pty) return;
      this.#pty = undefined;
      this.#isPaused = false;
      this.#freeWriters();
      const { onAway } = this.#options;
      if (end.error !== undefined && onAway) {
        this.#dropping?.finish();
        onAway(end.error);
      } else this.#finish(end);
    });
  }

  #freeWriters(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  /** It has ended while it was away: nothing will come back. */
  endAway(end: { exitCode: number | null; error?: unknown }): void {
    if (this.isAway) this.#finish(end);
  }

  #finish(end: { exitCode: number | null; error?: unknown }): void {
    this.#isEnded = true;
    this.#keeper.rest();
    this.#dropping?.finish();
    this.#stopStallCheck?.();
    for (const client of this.#clients) client.end();
    this.#options.onEnd(end);
  }

  /** It is back. `paint`: what the screen shows now, in place of all before; undefined: what follows goes on exactly. */
  rejoin(pty: Pty, paint: Uint8Array | undefined): void {
    this.#isPaused = false;
    this.#activity.touch();
    if (paint !== undefined) {
      this.#keeper.replace(paint);
      for (const client of this.#clients) {
        client.channel.dropWaiting();
        client.held &&= [];
        client.heldBytes = 0;
        client.isBehind = false;
        this.#paint(client, paint);
      }
    }
    this.#listenTo(pty);
    this.#updateFlow();
  }

  get isAway(): boolean {
    return this.#pty === undefined && !this.#isEnded;
  }
  /** Modes that are on, as sequences for a fresh terminal. */
  get restoringSequences(): string {
    return this.#keeper.restoringSequences;
  }
  get isEnded(): boolean {
    return this.#isEnded;
  }
  /** Bytes that wait for the slowest client. */
  get behindBytes(): number {
    return Math.max(
      0,
      ...[...this.#clients].map(({ channel, heldBytes }) => channel.waitingBytes + heldBytes),
    );
  }
  /** Whether somebody looks, and when it was last used. */
  get use(): TerminalUse {
    return this.#activity.use(this.#clients.size);
  }

  /** The screen as it is, then live, and keystrokes up. Resolves when the terminal has ended or `signal` aborts. */
  async attach(channel: ByteChannel, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const client: Client = {
      channel,
      end: (error) => (error === undefined ? resolve() : reject(error)),
      held: [],
      heldBytes: 0,
      painting: undefined,
      isBehind: false,
      waitingBytes: 0,
      stuckSinceMs: this.#clock.monotonicMs(),
    };
    const stop = () => resolve();
    signal.addEventListener('abort', stop, { once: true });
    // The keeper's position and registration in one go: nothing is lost or doubled between them. What nobody has seen yet
    // may hold a question that its program waits for: the first reader gets it as it came, and answers.
    const unseen = this.#keeper.takeUnseen();
    const begun =
      unseen === undefined
        ? this.#keeper.snapshot().then((paint) => this.#begin(client, paint))
        : this.#begin(client, unseen);
    if (this.#isEnded || signal.aborted) resolve();
    else {
      this.#clients.add(client);
      channel.onReceive((bytes) => this.write(bytes));
      this.#updateFlow();
    }
    try {
      // Also one that ends meanwhile shows its last screen.
      await Promise.all([promise, begun]);
    } finally {
      this.#clients.delete(client);
      this.#activity.touch();
      signal.removeEventListener('abort', stop);
      this.#updateFlow();
    }
  }

  /** What it begins with, then what came meanwhile. */
  #begin(client: Client, paint: Uint8Array): void {
    const bytes = client.heldBytes === 0 ? paint : Buffer.concat([paint, ...(client.held ?? [])]);
    client.held = undefined;
    client.heldBytes = 0;
    client.isBehind = false;
    if (bytes.length > 0) this.#paint(client, bytes);
    this.#updateFlow();
  }

  #paint(client: Client, bytes: Uint8Array): void {
    client.painting = bytes;
    void this.#send(client, bytes).then(() => {
      // One that was thrown away for another also comes here.
      if (client.painting === bytes) client.painting = undefined;
    });
  }

  /** A screen whose painting was cut short begins anew. */
  #paintAgain(client: Client): void {
    client.held = [];
    client.heldBytes = 0;
    void this.#keeper
      .snapshot()
      .then((paint) => this.#begin(client, Buffer.concat([cancelSequence, resetSequence, paint])));
  }

  /** At once, whatever the output does. Resolves when the way is free for more: that returns the client's credit. */
  write(bytes: Uint8Array): Promise<void> {
    this.#activity.type();
    if (this.#pty === undefined) {
      if (!this.#isEnded) this.#options.onRefused?.(bytes.length);
      return Promise.resolve();
    }
    if (this.#pty.write(bytes)) return Promise.resolve();
    this.#drained ??= Promise.withResolvers<void>();
    return this.#drained.promise;
  }

  resize(size: TerminalSize): void {
    if (this.#isEnded) return;
    this.#keeper.resize(size);
    this.#pty?.resize(size);
  }

  /**
   * Throws away what was not shown yet, here and on its way from the host, but for the last few lines. Returns how many
   * bytes that were.
   */
  dropBacklog(): Promise<number> {
    let droppedBytes = 0;
    for (const client of this.#clients) {
      droppedBytes += client.channel.dropWaiting() + client.heldBytes;
      client.held &&= [];
      client.heldBytes = 0;
      client.isBehind = false;
      if (client.painting !== undefined) this.#paintAgain(client);
    }
    if (this.#dropping !== undefined || this.#pty === undefined) return Promise.resolve(droppedBytes);
    return new Promise((resolve) => {
      const stopLimit = this.#clock.after(backlogLimitMs, () => dropping.finish());
      const dropping: Dropping = {
        droppedBytes,
        tail: new Uint8Array(0),
        quiet: this.#clock.after(backlogQuietMs, () => dropping.finish()),
        finish: () => {
          stopLimit();
          dropping.quiet();
          this.#dropping = undefined;
          const shown = lastLines(dropping.tail);
          for (const client of this.#clients) {
            void this.#send(client, cancelSequence);
            if (shown.length > 0) void this.#send(client, shown);
          }
          this.#updateFlow();
          resolve(dropping.droppedBytes - shown.length);
        },
      };
      this.#dropping = dropping;
      this.#updateFlow();
    });
  }

  /** Ends what runs in it. */
  kill(): Promise<void> {
    return this.#pty?.kill() ?? Promise.resolve();
  }

  /** Ends every reader and gives the keeper's memory back. */
  release(): void {
    for (const client of this.#clients) client.end();
    this.#stopStallCheck?.();
    this.#keeper.clear();
  }

  #onOutput(bytes: Uint8Array): void {
    this.#keeper.append(bytes);
    this.#activity.print(bytes);
    this.#options.onOutput?.();
    const dropping = this.#dropping;
    if (dropping !== undefined) {
      dropping.droppedBytes += bytes.length;
      const joined = Buffer.concat([dropping.tail, bytes]);
      dropping.tail = joined.subarray(Math.max(0, joined.length - backlogTailBytes));
      dropping.quiet();
      dropping.quiet = this.#clock.after(backlogQuietMs, () => dropping.finish());
      return;
    }
    for (const client of this.#clients) void this.#send(client, bytes);
    this.#updateFlow();
  }

  /** Resolves when all of it has left, or never will. */
  #send(client: Client, bytes: Uint8Array): Promise<void> {
    if (client.held !== undefined) {
      client.held.push(bytes);
      client.heldBytes += bytes.length;
      client.isBehind = client.heldBytes >= pauseAboveBytes;
      return Promise.resolve();
    }
    const sent = client.channel.send(bytes);
    if (client.channel.waitingBytes < pauseAboveBytes) return sent.catch(() => {});
    client.isBehind = true;
    return sent.then(
      () => {
        client.isBehind = false;
        this.#updateFlow();
      },
      // The client is gone; its attach is ended by its signal.
      () => {
        if (this.#clients.delete(client)) this.#updateFlow();
      },
    );
  }

  #updateFlow(): void {
    const mustPause =
      this.#dropping === undefined &&
      [...this.#clients].some((client) => client.isBehind) &&
      this.#pty !== undefined;
    if (mustPause !== this.#isPaused) {
      this.#isPaused = mustPause;
      if (mustPause) this.#pty?.pause();
      else this.#pty?.resume();
    }
    if (mustPause && this.#clients.size > 1) this.#watchForStall();
    else {
      this.#stopStallCheck?.();
      this.#stopStallCheck = undefined;
    }
  }

  /** One who looks away (a suspended laptop, a frozen page) must not freeze the others. Alone, it only pauses the PTY. */
  #watchForStall(): void {
    if (this.#stopStallCheck !== undefined) return;
    const nowMs = this.#clock.monotonicMs();
    for (const client of this.#clients) {
      client.waitingBytes = client.channel.waitingBytes;
      client.stuckSinceMs = nowMs;
    }
    const check = () => {
      this.#stopStallCheck = this.#clock.after(stallCheckMs, check);
      const atMs = this.#clock.monotonicMs();
      for (const client of this.#clients) {
        const waiting = client.channel.waitingBytes;
        if (!client.isBehind || waiting < client.waitingBytes) client.stuckSinceMs = atMs;
        client.waitingBytes = waiting;
        if (atMs - client.stuckSinceMs < stalledAfterMs) continue;
        this.#clients.delete(client);
        client.channel.dropWaiting();
        client.end(
          new BerthError(
            'connection-lost',
            'This window took no output for a while and others waited for it; it was let go. Open the terminal again.',
            { details: { reason: 'stalled' } },
          ),
        );
      }
      this.#updateFlow();
    };
    this.#stopStallCheck = this.#clock.after(stallCheckMs, check);
  }
}
