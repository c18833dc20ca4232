/**
 * What several streams need inside one byte stream: which of them bytes belong to, where one of them ends while the others
 * go on, sizes, signals and exit codes. One frame is 1 byte of kind, 4 bytes of length (big-endian) and so many bytes. Both
 * ends use this codec; which kinds a method takes in which direction stands with the method. Pure.
 */
import type { TerminalSize } from './terminals.ts';

export const byteFrameKinds = {
  /** Bytes of the client: a command's input, an archive, what goes to a socket. */
  input: 0,
  /** No more of them come; the other direction goes on. */
  inputEnd: 1,
  resize: 2,
  signal: 3,
  /** Bytes of the plane. */
  output: 16,
  errorOutput: 17,
  outputEnd: 18,
  /** The last frame of a command. */
  exit: 19,
} as const;
export type ByteFrameKind = keyof typeof byteFrameKinds;

/** Signals that may be sent to a command, by their names in signal(7) without `SIG`. */
export const sendableSignals = [
  'HUP',
  'INT',
  'QUIT',
  'USR1',
  'USR2',
  'TERM',
  'CONT',
  'TSTP',
  'WINCH',
  'KILL',
] as const;
export type SendableSignal = (typeof sendableSignals)[number];

export type ByteFrame =
  | { readonly kind: 'input' | 'output' | 'errorOutput'; readonly bytes: Uint8Array }
  | { readonly kind: 'inputEnd' | 'outputEnd' }
  | { readonly kind: 'resize'; readonly size: TerminalSize }
  | { readonly kind: 'signal'; readonly name: SendableSignal }
  /** Null: a signal or a lost connection ended it, or nobody knows. */
  | { readonly kind: 'exit'; readonly exitCode: number | null };

const headBytes = 5;
/** The longest frame that is no bytes of a stream. */
const maxControlBytes = 16;

export function encodeByteFrame(frame: ByteFrame): Uint8Array<ArrayBuffer> {
  const body = bodyOf(frame);
  const message = new Uint8Array(headBytes + body.byteLength);
  message[0] = byteFrameKinds[frame.kind];
  new DataView(message.buffer).setUint32(1, body.byteLength);
  message.set(body, headBytes);
  return message;
}

function bodyOf(frame: ByteFrame): Uint8Array {
  switch (frame.kind) {
    case 'input':
    case 'output':
    case 'errorOutput':
      return frame.bytes;
    case 'inputEnd':
    case 'outputEnd':
      return new Uint8Array();
    case 'resize': {
      const body = new Uint8Array(4);
      const view = new DataView(body.buffer);
      view.setUint16(0, frame.size.cols);
      view.setUint16(2, frame.size.rows);
      return body;
    }
    case 'signal':
      return new TextEncoder().encode(frame.name);
    case 'exit': {
      if (frame.exitCode === null) return new Uint8Array();
      const body = new Uint8Array(4);
      new DataView(body.buffer).setInt32(0, frame.exitCode);
      return body;
    }
    default:
      return frame satisfies never;
  }
}

/** What is no frame, or none of this direction. */
export class ByteFrameError extends Error {
  override readonly name = 'ByteFrameError';
}

/**
 * Reads frames as bytes come. Bytes of a stream are told in the pieces in which they came, without a copy; nothing waits
 * here but a head or a control frame.
 */
export class ByteFrameReader {
  readonly #onFrame: (frame: ByteFrame) => void;
  readonly #kinds: ReadonlyMap<number, ByteFrameKind>;
  readonly #head = new Uint8Array(headBytes);
  #headLength = 0;
  #kind: ByteFrameKind | undefined;
  #left = 0;
  #control = new Uint8Array(0);

  /** `kinds`: those that the other end may send. */
  constructor(kinds: readonly ByteFrameKind[], onFrame: (frame: ByteFrame) => void) {
    this.#kinds = new Map(kinds.map((kind) => [byteFrameKinds[kind], kind]));
    this.#onFrame = onFrame;
  }

  /** @throws ByteFrameError */
  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.byteLength) {
      if (this.#kind === undefined) {
        const wanted = Math.min(headBytes - this.#headLength, chunk.byteLength - offset);
        this.#head.set(chunk.subarray(offset, offset + wanted), this.#headLength);
        this.#headLength += wanted;
        offset += wanted;
        if (this.#headLength === headBytes) this.#begin();
        continue;
      }
      const piece = chunk.subarray(offset, offset + this.#left);
      offset += piece.byteLength;
      this.#left -= piece.byteLength;
      this.#take(piece);
    }
  }

  #begin(): void {
    this.#headLength = 0;
    const kind = this.#kinds.get(this.#head[0] ?? -1);
    if (kind === undefined) throw new ByteFrameError('a frame of an unknown kind');
    this.#left = new DataView(this.#head.buffer).getUint32(1);
    if (!isData(kind) && this.#left > maxControlBytes) throw new ByteFrameError('a frame that is too long');
    this.#control = new Uint8Array(0);
    if (this.#left === 0) {
      if (!isData(kind)) this.#onFrame(decodeControl(kind, this.#control));
    } else this.#kind = kind;
  }

  #take(piece: Uint8Array): void {
    const kind = this.#kind;
    if (kind === undefined) return;
    if (this.#left === 0) this.#kind = undefined;
    if (isData(kind)) {
      this.#onFrame({ kind, bytes: piece });
      return;
    }
    const joined = new Uint8Array(this.#control.byteLength + piece.byteLength);
    joined.set(this.#control);
    joined.set(piece, this.#control.byteLength);
    this.#control = joined;
    if (this.#left === 0) this.#onFrame(decodeControl(kind, joined));
  }
}

type DataKind = 'input' | 'output' | 'errorOutput';

function isData(kind: ByteFrameKind): kind is DataKind {
  return kind === 'input' || kind === 'output' || kind === 'errorOutput';
}

function decodeControl(kind: Exclude<ByteFrameKind, DataKind>, body: Uint8Array): ByteFrame {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  switch (kind) {
    case 'inputEnd':
    case 'outputEnd':
      if (body.byteLength !== 0) throw new ByteFrameError('an end with bytes');
      return { kind };
    case 'resize': {
      if (body.byteLength !== 4) throw new ByteFrameError('a size that is none');
      const [cols, rows] = [view.getUint16(0), view.getUint16(2)];
      if (cols < 2 || cols > 1000 || rows < 1 || rows > 500)
        throw new ByteFrameError('a size that no terminal has');
      return { kind, size: { cols, rows } };
    }
    case 'signal': {
      const name = new TextDecoder().decode(body);
      const known = sendableSignals.find((one) => one === name);
      if (known === undefined) throw new ByteFrameError('a signal that is not sent');
      return { kind, name: known };
    }
    case 'exit':
      if (body.byteLength !== 0 && body.byteLength !== 4)
        throw new ByteFrameError('an exit code that is none');
      return { kind, exitCode: body.byteLength === 0 ? null : view.getInt32(0) };
    default:
      return kind satisfies never;
  }
}
