/**
 * Output that was not parsed yet: the last half mebibyte of it. What it gives back after it had to drop something begins
 * at a place where no escape sequence and no character is open, with the modes that were on there. Bounded in memory
 * whatever comes; copies what it is given, and does no more than that and the scan.
 */
import type { TerminalSize } from '#contract/terminals.ts';
import { OutputScanner } from './output-scanner.ts';

/** Bytes kept. Some 6,500 lines of 80 characters: about as many as the scrollback holds. */
export const pendingBytes = 524_288;
const blockBytes = 16_384;
/** The first block: an echoed keystroke is a few bytes, and it is taken away soon. */
const firstBlockBytes = 2_048;
/** CAN ends an escape sequence that the cut may have left open (ECMA-48 8.3.7 and every terminal since the VT100). */
const cancel = '\x18';

interface Block {
  /** Used again for the newest output when it is the oldest: a flood then makes no garbage. */
  readonly bytes: Uint8Array;
  length: number;
  /** The terminal's size from here on, where it changed. */
  size: TerminalSize | undefined;
  /** Where one may begin, and with which modes; undefined while no such place was seen in this block. */
  safe: { offset: number; restore: string } | undefined;
}

export interface Piece {
  readonly size: TerminalSize | undefined;
  readonly bytes: Uint8Array;
}

export class PendingOutput {
  readonly #capacity: number;
  readonly #onTitle: (payload: Uint8Array) => void;
  #scanner: OutputScanner;
  #blocks: Block[] = [];
  #isCut = false;
  #isBlockEnded = false;
  /** Size of what was dropped or comes next. */
  #nextSize: TerminalSize | undefined;
  /** Modes at the end of what was taken last. */
  #takenRestore = '';
  #heldBytes = 0;
  #appendedBytes = 0;

  constructor(onTitle: (payload: Uint8Array) => void, capacity = pendingBytes) {
    this.#onTitle = onTitle;
    this.#scanner = new OutputScanner(onTitle);
    this.#capacity = capacity;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0 && this.#nextSize === undefined;
  }
  get isCut(): boolean {
    return this.#isCut;
  }
  get heldBytes(): number {
    return this.#heldBytes;
  }
  /** Ever appended: how fast it comes. */
  get appendedBytes(): number {
    return this.#appendedBytes;
  }
  get restoringSequences(): string {
    return this.#scanner.restoringSequences;
  }
  /** See OutputScanner. */
  get open(): Uint8Array {
    return this.#scanner.open;
  }

  append(bytes: Uint8Array): void {
    this.#appendedBytes += bytes.length;
    for (let index = 0; index < bytes.length; ) {
      let block = this.#blocks.at(-1);
      if (block === undefined || block.length === block.bytes.length || this.#isBlockEnded)
        block = this.#addBlock();
      const piece = bytes.subarray(index, index + block.bytes.length - block.length);
      const safe = this.#scanner.feed(piece);
      if (block.safe === undefined && safe !== undefined)
        block.safe = { offset: block.length + safe.offset, restore: safe.restore };
      block.bytes.set(piece, block.length);
      block.length += piece.length;
      this.#heldBytes += piece.length;
      index += piece.length;
    }
  }

  #addBlock(): Block {
    const isFull = (this.#blocks.length + 1) * blockBytes > this.#capacity;
    const oldest = isFull ? this.#blocks.shift() : undefined;
    if (oldest !== undefined) {
      this.#isCut = true;
      this.#heldBytes -= oldest.length;
      const first = this.#blocks[0];
      if (first !== undefined) first.size ??= oldest.size;
    }
    const length = this.#blocks.length === 0 ? firstBlockBytes : blockBytes;
    const bytes = oldest?.bytes.length === length ? oldest.bytes : new Uint8Array(length);
    const block: Block = { bytes, length: 0, size: this.#nextSize, safe: undefined };
    this.#nextSize = undefined;
    this.#isBlockEnded = false;
    this.#blocks.push(block);
    return block;
  }

  /** What comes next is of this size. */
  resize(size: TerminalSize): void {
    this.#nextSize = size;
    this.#isBlockEnded = true;
  }

  /** All that is held, as it came. */
  peek(): Uint8Array {
    return Buffer.concat(this.#blocks.map((block) => block.bytes.subarray(0, block.length)));
  }

  /** Hands over what is held. It follows what was taken before, with a gap where something had to be dropped. */
  take(): Piece[] {
    const pieces: Piece[] = [];
    let size: TerminalSize | undefined;
    let isSought = this.#isCut;
    for (const block of this.#blocks) {
      size = block.size ?? size;
      if (isSought && block.safe === undefined) continue;
      if (isSought && block.safe !== undefined) {
        isSought = false;
        const bridge = `${cancel}\x1b[m${this.#modesTo(block.safe.restore)}`;
        pieces.push({ size, bytes: Buffer.from(bridge, 'latin1') });
        pieces.push({ size: undefined, bytes: block.bytes.subarray(block.safe.offset, block.length) });
      } else pieces.push({ size, bytes: block.bytes.subarray(0, block.length) });
      size = undefined;
    }
    if (isSought) {
      // One sequence without end fills it all.
      const bridge = Buffer.from(`${cancel}${this.#modesTo(this.restoringSequences)}`, 'latin1');
      pieces.push({ size, bytes: Buffer.concat([bridge, this.open]) });
      size = undefined;
    }
    const last = this.#nextSize ?? size;
    if (last !== undefined) pieces.push({ size: last, bytes: new Uint8Array(0) });
    this.#blocks = [];
    this.#nextSize = undefined;
    this.#isBlockEnded = false;
    this.#isCut = false;
    this.#heldBytes = 0;
    this.#takenRestore = this.restoringSequences;
    return pieces;
  }

  /** Forgets everything; the modes are those that `paint` leaves. */
  restart(paint: Uint8Array): void {
    this.clear();
    this.#scanner = new OutputScanner(this.#onTitle);
    this.#scanner.feed(paint);
    this.#takenRestore = this.restoringSequences;
  }

  /** Gives the memory back. */
  clear(): void {
    this.#blocks = [];
    this.#nextSize = undefined;
    this.#isBlockEnded = false;
    this.#isCut = false;
    this.#heldBytes = 0;
  }

  /** From the modes of what was taken last to these. */
  #modesTo(restore: string): string {
    const before = modesOf(this.#takenRestore);
    const after = modesOf(restore);
    const back = [...before].filter(([mode]) => !after.has(mode));
    const forth = [...after].filter(([mode, letter]) => before.get(mode) !== letter);
    return [
      ...back.map(([mode, letter]) => `\x1b[?${mode}${letter === 'h' ? 'l' : 'h'}`),
      ...forth.map(([mode, letter]) => `\x1b[?${mode}${letter}`),
    ].join('');
  }
}

function modesOf(restore: string): Map<string, string> {
  return new Map([...restore.matchAll(/\?(\d+)([hl])/g)].map(([, mode = '', letter = '']) => [mode, letter]));
}
