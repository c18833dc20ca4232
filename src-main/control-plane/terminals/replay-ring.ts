/**
 * The last half mebibyte of a terminal's output, to paint it again after a window was reloaded. What it gives back
 * begins at a place where no escape sequence and no character is open, with the modes that were on there. Bounded in
 * memory whatever comes; copies what it is given.
 */
import { OutputScanner } from './output-scanner.ts';

/** Bytes kept. A full screen of 200 × 60 in true colour is about 200 kB; the shell's history before it is the rest. */
export const ringBytes = 524_288;
const blockBytes = 16_384;

interface Block {
  /** Used again for the newest output when it is the oldest: a flood then makes no garbage. */
  readonly bytes: Uint8Array;
  length: number;
  /** Where a replay may begin, and with which modes; undefined while none was seen in this block. */
  safe: { offset: number; restore: string } | undefined;
}

export class ReplayRing {
  readonly #scanner: OutputScanner;
  readonly #capacity: number;
  #blocks: Block[] = [];
  #isCut = false;

  constructor(onTitle: (payload: Uint8Array) => void, capacity = ringBytes) {
    this.#scanner = new OutputScanner(onTitle);
    this.#capacity = capacity;
  }

  append(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; ) {
      let block = this.#blocks.at(-1);
      if (block === undefined || block.length === blockBytes) {
        const isFull = (this.#blocks.length + 1) * blockBytes > this.#capacity;
        const oldest = isFull ? this.#blocks.shift() : undefined;
        if (isFull) this.#isCut = true;
        block = { bytes: oldest?.bytes ?? new Uint8Array(blockBytes), length: 0, safe: undefined };
        this.#blocks.push(block);
      }
      const piece = bytes.subarray(index, index + blockBytes - block.length);
      const safe = this.#scanner.feed(piece);
      if (block.safe === undefined && safe !== undefined)
        block.safe = { offset: block.length + safe.offset, restore: safe.restore };
      block.bytes.set(piece, block.length);
      block.length += piece.length;
      index += piece.length;
    }
  }

  /** Sequences that bring a fresh terminal into the modes of now. */
  get restoringSequences(): string {
    return this.#scanner.restoringSequences;
  }

  /** What to write into a fresh terminal so that it looks like the present one. */
  snapshot(): Uint8Array {
    let first = 0;
    let parts: Uint8Array[] = [];
    if (this.#isCut) {
      first = this.#blocks.findIndex((block) => block.safe !== undefined);
      const block = this.#blocks[first];
      if (block?.safe === undefined) return new Uint8Array(0);
      parts = [
        Buffer.from(block.safe.restore, 'latin1'),
        block.bytes.subarray(block.safe.offset, block.length),
      ];
      first += 1;
    }
    for (const block of this.#blocks.slice(first)) parts.push(block.bytes.subarray(0, block.length));
    return Buffer.concat(parts);
  }

  /** Gives the memory back. */
  clear(): void {
    this.#blocks = [];
    this.#isCut = true;
  }
}
