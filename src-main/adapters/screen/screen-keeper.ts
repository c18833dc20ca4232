/**
 * Follows a terminal's output off its hot path. What comes is only copied; it is parsed once the output is calm, or when
 * somebody asks for a snapshot, a few milliseconds in one turn. Of a flood only what the pending output holds is parsed:
 * older lines of it are missing from the scrollback, modes are carried over, and colours and margins that were set in
 * the gap are not. Nothing is parsed, and no screen exists, before somebody has looked or much has come; a screen that
 * was left alone for a while, and one whose terminal has ended, is kept as the bytes that paint it.
 */
import { setImmediate } from 'node:timers/promises';
import type { TerminalSize } from '#contract/terminals.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { CreateScreenKeeper, ScreenKeeper } from '../../control-plane/interfaces/screen-keeper.ts';
import { createHeadlessScreen, type HeadlessScreen } from './headless-screen.ts';
import { paintScreen } from './paint-screen.ts';
import { PendingOutput, pendingBytes, type Piece } from './pending-output.ts';

/** How often one looks whether the output is calm. Nobody waits for it: a snapshot does not. */
const lookEveryMs = 150;
/** Bytes between two looks that count as calm: 430 kB/s, of which parsing takes one or two hundredths of a core. */
const calmBytes = 65_536;
/** Output that nobody has seen is not parsed before there is so much: who asked a question is not that talkative. */
const unseenBytes = pendingBytes / 2;
/** Parsed between two looks at the watch: one or two milliseconds (25 MB/s were measured, and a third of it cold). */
const sliceBytes = 8_192;
/** A turn of the event loop that a keystroke may have to wait for. */
const turnMs = 6;
/** A snapshot of a full scrollback is about half of that; one in which each cell has its own colour has fewer lines. */
const maxPaintBytes = 4_194_304;
/** Of a terminal that has ended; some thousand lines. */
const maxRestingBytes = 524_288;
/** A screen costs megabytes. Nobody notices the some tens of milliseconds that it takes to make it again. */
const idleAfterMs = 300_000;

interface Paint {
  readonly size: TerminalSize;
  readonly bytes: Uint8Array;
}
type Task =
  | { readonly kind: 'parse'; readonly piece: Piece }
  | {
      readonly kind: 'snapshot';
      readonly resolve: (paint: Uint8Array) => void;
      readonly title: string;
      readonly open: Uint8Array;
    }
  | { readonly kind: 'rest'; readonly maxBytes: number };

export const createScreenKeeper: CreateScreenKeeper = (options) => new HeadlessScreenKeeper(options);

class HeadlessScreenKeeper implements ScreenKeeper {
  readonly #clock: Clock;
  readonly #scrollbackLines: number;
  readonly #pending: PendingOutput;
  /** In the order in which it happened. */
  #tasks: Task[] = [];
  #screen: HeadlessScreen | undefined;
  /** What the next screen begins with. */
  #paint: Paint | undefined;
  /** Of what was parsed so far. */
  #size: TerminalSize;
  #title = '';
  #isUnseen = true;
  #isWorking = false;
  #isLooking = false;
  #seenBytes = 0;
  #turnStartedMs = 0;
  #stopIdle: (() => void) | undefined;
  #letters: Map<object, string> | undefined;

  constructor({ size, scrollbackLines, clock, onTitle }: Parameters<CreateScreenKeeper>[0]) {
    this.#clock = clock;
    this.#size = size;
    this.#scrollbackLines = scrollbackLines;
    this.#pending = new PendingOutput((payload) => {
      this.#title = Buffer.from(payload).toString('utf8');
      onTitle(payload);
    });
  }

  get restoringSequences(): string {
    return this.#pending.restoringSequences;
  }

  append(bytes: Uint8Array): void {
    this.#pending.append(bytes);
    if (!this.#isLooking) this.#look();
  }

  resize(size: TerminalSize): void {
    this.#pending.resize({ cols: size.cols, rows: size.rows });
    if (!this.#isLooking) this.#look();
  }

  takeUnseen(): Uint8Array | undefined {
    const isWhole = this.#isUnseen && !this.#pending.isCut;
    this.#isUnseen = false;
    if (!isWhole) return undefined;
    if (!this.#pending.isEmpty && !this.#isLooking) this.#look();
    return this.#pending.peek();
  }

  snapshot(): Promise<Uint8Array> {
    this.#take();
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    this.#tasks.push({ kind: 'snapshot', resolve, title: this.#title, open: this.#pending.open });
    this.#work();
    return promise;
  }

  replace(paint: Uint8Array): void {
    const pieces = this.#pending.take();
    const queued = this.#tasks.flatMap((task) => (task.kind === 'parse' ? [task.piece] : []));
    const size = [...queued, ...pieces].findLast((piece) => piece.size !== undefined)?.size ?? this.#size;
    this.#forget();
    this.#isUnseen = false;
    this.#pending.restart(paint);
    this.#size = size;
    this.#paint = { size, bytes: Uint8Array.from(paint) };
  }

  rest(): void {
    this.#take();
    this.#tasks.push({ kind: 'rest', maxBytes: maxRestingBytes });
    this.#work();
  }

  clear(): void {
    this.#pending.clear();
    this.#title = '';
    this.#isUnseen = false;
    this.#forget();
  }

  /** Whoever waits for a snapshot still gets one: of what there is then. */
  #forget(): void {
    this.#tasks = this.#tasks.filter(({ kind }) => kind === 'snapshot');
    this.#dropScreen();
    this.#paint = undefined;
    this.#stopIdle?.();
    this.#stopIdle = undefined;
  }

  #dropScreen(): void {
    this.#screen?.dispose();
    this.#screen = undefined;
  }

  /** Looks again and again while something is pending; the hot path only counts. */
  #look(): void {
    this.#isLooking = true;
    this.#seenBytes = this.#pending.appendedBytes;
    this.#clock.after(lookEveryMs, () => {
      this.#isLooking = false;
      if (this.#pending.isEmpty) return;
      const isAwaited = this.#isUnseen && this.#pending.heldBytes < unseenBytes && !this.#pending.isCut;
      // Held for the first who asks. What comes next looks again.
      if (isAwaited) return;
      const isCalm = this.#pending.appendedBytes - this.#seenBytes <= calmBytes;
      if (!isCalm) {
        this.#look();
        return;
      }
      this.#take();
      this.#work();
    });
  }

  #take(): void {
    this.#isUnseen = false;
    for (const piece of this.#pending.take()) this.#tasks.push({ kind: 'parse', piece });
  }

  /** One task after the other, in turns of a few milliseconds. */
  #work(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    void this.#workOff();
  }

  async #workOff(): Promise<void> {
    this.#turnStartedMs = this.#clock.monotonicMs();
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
      try {
        if (task.kind === 'parse') await this.#parse(task.piece);
        else if (task.kind === 'rest') await this.#layDown(task.maxBytes);
        else {
          const paint = await this.#toPaint(maxPaintBytes);
          const title = task.title === '' ? '' : `\x1b]2;${task.title}\x1b\\`;
          task.resolve(Buffer.concat([paint, Buffer.from(title, 'utf8'), task.open]));
        }
      } catch {
        // A fault in the library: the screen begins anew in the modes of now, rather than end the plane.
        this.#dropScreen();
        this.#paint = { size: this.#size, bytes: Buffer.from(this.restoringSequences, 'latin1') };
        if (task.kind === 'snapshot') task.resolve(this.#paint.bytes);
      }
    }
    this.#isWorking = false;
    this.#stopIdle?.();
    this.#stopIdle = undefined;
    if (this.#screen === undefined) return;
    this.#stopIdle = this.#clock.after(idleAfterMs, () => {
      this.#tasks.push({ kind: 'rest', maxBytes: maxPaintBytes });
      this.#work();
    });
  }

  async #parse({ size, bytes }: Piece): Promise<void> {
    if (size !== undefined) {
      // A screen that is only bytes is made at the size that they were painted for.
      if (this.#paint !== undefined) await this.#wake();
      this.#size = size;
      this.#screen?.resize(size);
    }
    if (bytes.length === 0) return;
    const screen = await this.#wake();
    await this.#parseInto(screen, bytes);
  }

  async #wake(): Promise<HeadlessScreen> {
    if (this.#screen !== undefined) return this.#screen;
    const paint = this.#paint;
    this.#paint = undefined;
    const screen = createHeadlessScreen(paint?.size ?? this.#size, this.#scrollbackLines);
    this.#screen = screen;
    if (paint !== undefined) await this.#parseInto(screen, paint.bytes);
    return screen;
  }

  async #parseInto(screen: HeadlessScreen, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && screen === this.#screen; at += sliceBytes) {
      screen.parse(bytes.subarray(at, at + sliceBytes));
      await this.#breathe();
    }
  }

  async #toPaint(maxBytes: number): Promise<Uint8Array> {
    for (;;) {
      const isAtSize =
        this.#paint?.size.cols === this.#size.cols && this.#paint.size.rows === this.#size.rows;
      if (this.#screen === undefined && (this.#paint === undefined || isAtSize))
        return this.#paint?.bytes ?? new Uint8Array(0);
      const screen = await this.#wake();
      const bytes = await paintScreen(screen, {
        maxBytes,
        breathe: () => this.#breathe(),
        charsetLetter: (charset) => this.#letterOf(charset),
      });
      // Taken away meanwhile: what is there now counts.
      if (screen === this.#screen) return bytes;
    }
  }

  async #layDown(maxBytes: number): Promise<void> {
    const screen = this.#screen;
    if (screen === undefined) return;
    const bytes = await this.#toPaint(maxBytes);
    if (screen !== this.#screen) return;
    this.#paint = { size: this.#size, bytes };
    this.#dropScreen();
  }

  #breathe(): Promise<void> | undefined {
    if (this.#clock.monotonicMs() - this.#turnStartedMs < turnMs) return undefined;
    return setImmediate().then(() => {
      this.#turnStartedMs = this.#clock.monotonicMs();
    });
  }

  /** xterm.js knows its character sets by object alone: each is designated once, and looked at. */
  #letterOf(charset: object): string | undefined {
    if (this.#letters === undefined) {
      this.#letters = new Map();
      const scratch = createHeadlessScreen({ cols: 2, rows: 1 }, 0);
      for (const letter of '0A4C5RfQK6YEZH7=') {
        scratch.parse(Buffer.from(`\x1b(${letter}`));
        const set = scratch.core._charsetService.charset;
        if (set !== undefined && !this.#letters.has(set)) this.#letters.set(set, letter);
      }
      scratch.dispose();
    }
    return this.#letters.get(charset);
  }
}
