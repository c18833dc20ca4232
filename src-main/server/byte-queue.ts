/**
 * Bytes in the order they came, in few blocks: many small appends share one, so that a keystroke's echo costs no object
 * of its own. Copies what it is given. Knows no limits; its owner does.
 */

/** Bytes. Small enough to waste little on a quiet stream, large enough that a flood makes few. */
const blockBytes = 16_384;

interface Block {
  readonly bytes: Uint8Array;
  start: number;
  end: number;
}

export class ByteQueue {
  #blocks: Block[] = [];
  #length = 0;
  /** One emptied block, for the next append. */
  #spare: Uint8Array | undefined;

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.#length += bytes.byteLength;
    const tail = this.#blocks.at(-1);
    const room = tail === undefined ? 0 : tail.bytes.byteLength - tail.end;
    const fitting = bytes.subarray(0, room);
    if (tail !== undefined && fitting.byteLength > 0) {
      tail.bytes.set(fitting, tail.end);
      tail.end += fitting.byteLength;
    }
    const rest = bytes.subarray(fitting.byteLength);
    if (rest.byteLength === 0) return;
    const isSpareEnough = this.#spare !== undefined && rest.byteLength <= blockBytes;
    const block =
      (isSpareEnough ? this.#spare : undefined) ?? new Uint8Array(Math.max(blockBytes, rest.byteLength));
    if (isSpareEnough) this.#spare = undefined;
    block.set(rest);
    this.#blocks.push({ bytes: block, start: 0, end: rest.byteLength });
  }

  /** Takes up to `limit` bytes. The result is valid until `scratch` is used again; it must hold `limit` bytes. */
  take(limit: number, scratch: Uint8Array): Uint8Array {
    let taken = 0;
    while (taken < limit) {
      const head = this.#blocks[0];
      if (head === undefined) break;
      const count = Math.min(limit - taken, head.end - head.start);
      scratch.set(head.bytes.subarray(head.start, head.start + count), taken);
      taken += count;
      head.start += count;
      if (head.start !== head.end) continue;
      this.#blocks.shift();
      if (head.bytes.byteLength === blockBytes) this.#spare = head.bytes;
    }
    this.#length -= taken;
    return scratch.subarray(0, taken);
  }

  /** Forgets everything; says how much that was. */
  clear(): number {
    const dropped = this.#length;
    this.#blocks = [];
    this.#length = 0;
    return dropped;
  }
}
