/**
 * A web socket as one terminal's byte channel. Output waits here, not in the socket, once the peer is slow, so that the
 * terminal knows and pauses its program; input pauses the socket while the terminal takes no more. Memory is bounded both
 * ways. Must not know whose terminal it is.
 */
import type { WebSocket } from 'ws';
import type { ByteChannel } from '../../control-plane/handler.ts';
import { ByteQueue } from '../byte-queue.ts';
import type { OutputFrames } from './terminal-frames.ts';

/** Bytes of one message: a keystroke's echo waits behind no more than a few of these. */
const messageBytes = 65_536;
/** Bytes in the socket at which nothing more is put into it. */
const highWaterBytes = 4 * messageBytes;
/** Bytes typed that the terminal has not taken: more than any paste that goes well, and then the socket is not read. */
const maxTypedBytes = 256 * 1024;

export class SocketChannel implements ByteChannel {
  readonly #socket: WebSocket;
  readonly #frames: OutputFrames;
  readonly #queue = new ByteQueue();
  /** Typed before there was a terminal to take it. */
  readonly #early: Uint8Array[] = [];
  #listener: ((bytes: Uint8Array) => void | Promise<void>) | undefined;
  #typedBytes = 0;
  #waiters: (() => void)[] = [];
  #isGone = false;

  constructor(socket: WebSocket, frames: OutputFrames) {
    this.#socket = socket;
    this.#frames = frames;
  }

  send(bytes: Uint8Array): Promise<void> {
    if (this.#isGone) return Promise.resolve();
    this.#queue.append(bytes);
    this.#flush();
    if (this.#queue.length === 0 || this.#isGone) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  get waitingBytes(): number {
    return this.#queue.length;
  }

  dropWaiting(): number {
    const dropped = this.#queue.clear();
    if (dropped > 0) this.#frames.reset();
    this.#settle();
    return dropped;
  }

  onReceive(listener: (bytes: Uint8Array) => void | Promise<void>): void {
    this.#listener = listener;
    for (const bytes of this.#early.splice(0)) this.#deliver(bytes);
  }

  /** Keystrokes from the peer. */
  type(bytes: Uint8Array): void {
    this.#typedBytes += bytes.byteLength;
    if (this.#listener === undefined) this.#early.push(bytes);
    else this.#deliver(bytes);
    if (this.#typedBytes > maxTypedBytes && !this.#socket.isPaused) this.#socket.pause();
  }

  /** Resolves when all that was sent is in the socket, or the peer is gone. */
  async drained(): Promise<void> {
    if (this.#queue.length > 0 && !this.#isGone)
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    const rest = this.#frames.end();
    if (rest.length > 0 && !this.#isGone) this.#socket.send(rest, { binary: typeof rest !== 'string' });
  }

  /** The peer is gone: nothing waits for it any more. */
  end(): void {
    this.#isGone = true;
    this.#queue.clear();
    this.#early.length = 0;
    this.#settle();
  }

  #deliver(bytes: Uint8Array): void {
    const taken = this.#listener?.(bytes);
    void Promise.resolve(taken).then(
      () => this.#wasTaken(bytes),
      () => this.#wasTaken(bytes),
    );
  }

  #wasTaken({ byteLength }: Uint8Array): void {
    this.#typedBytes -= byteLength;
    if (this.#typedBytes <= maxTypedBytes && this.#socket.isPaused) this.#socket.resume();
  }

  #flush(): void {
    const { OPEN } = this.#socket;
    while (this.#queue.length > 0 && this.#socket.bufferedAmount < highWaterBytes) {
      if (this.#isGone || this.#socket.readyState !== OPEN) {
        this.end();
        return;
      }
      // Of its own: the socket keeps it until it is written.
      const part = new Uint8Array(Math.min(messageBytes, this.#queue.length));
      const message = this.#frames.frame(this.#queue.take(part.byteLength, part));
      if (message.length > 0)
        this.#socket.send(message, { binary: typeof message !== 'string' }, () => this.#flush());
    }
    if (this.#queue.length === 0) this.#settle();
  }

  #settle(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
