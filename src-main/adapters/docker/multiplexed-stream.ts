/**
 * Splits what the engine sends for a container without a terminal: frames of an 8-byte header (stream number, three
 * zeros, length as u32 big-endian) and the bytes. Source: Engine API, "ContainerAttach", stream format.
 */
import { Transform, type TransformCallback } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';

export type OutputStream = 'stdout' | 'stderr';

const HEADER_BYTES = 8;
const STDIN = 0;
const STDOUT = 1;
/** Written by the engine's own side, when it fails in the middle. */
const SYSTEM_ERROR = 3;

/** Parses as bytes come, holding no more than a header: a frame of any length passes in pieces. */
export class FrameSplitter {
  readonly #onBytes: (stream: OutputStream, bytes: Buffer) => void;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #leftInFrame = 0;
  #stream: OutputStream = 'stdout';

  constructor(onBytes: (stream: OutputStream, bytes: Buffer) => void) {
    this.#onBytes = onBytes;
  }

  /** Throws engine.failed when the bytes are not such frames. */
  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#leftInFrame > 0) {
        const bytes = chunk.subarray(offset, offset + this.#leftInFrame);
        offset += bytes.length;
        this.#leftInFrame -= bytes.length;
        this.#onBytes(this.#stream, bytes);
        continue;
      }
      const wanted = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length - offset);
      chunk.copy(this.#header, this.#headerBytes, offset, offset + wanted);
      offset += wanted;
      this.#headerBytes += wanted;
      if (this.#headerBytes === HEADER_BYTES) this.#beginFrame();
    }
  }

  #beginFrame(): void {
    const number = this.#header.readUInt8(0);
    if (number > SYSTEM_ERROR || this.#header.readUIntBE(1, 3) !== 0)
      throw new BerthError('engine.failed', 'The engine sends output in a format that Berth does not know.');
    this.#stream = number === STDIN || number === STDOUT ? 'stdout' : 'stderr';
    this.#leftInFrame = this.#header.readUInt32BE(4);
    this.#headerBytes = 0;
  }
}

/** Both streams as one, in the order in which the engine got them. */
export class JoinFrames extends Transform {
  readonly #splitter = new FrameSplitter((_stream, bytes) => this.push(bytes));

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#splitter.push(chunk);
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
