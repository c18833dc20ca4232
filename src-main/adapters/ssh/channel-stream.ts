/**
 * An SSH channel as a stream that behaves like a socket: Node's HTTP client, and with it the engine's, expects one. ssh2's
 * own channel is none: `destroy` ends it politely, writes to a closed one never call back, and a lost connection looks like a
 * clean end. Guarantees: the two directions close on their own, a lost connection is an error, back-pressure reaches the
 * SSH window.
 */
import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { discard, type SshLink } from './ssh-link.ts';

export class ChannelStream extends Duplex {
  readonly #channel: ClientChannel;

  /** `explainEnd`: an error if the channel's end was a failure after all (a helper program that could not connect). */
  constructor(
    channel: ClientChannel,
    link: SshLink,
    explainEnd?: () => Error | undefined,
    allowHalfOpen = false,
  ) {
    // As net.Socket: when the other side ends, so do we, unless told otherwise; our own end leaves the reading open.
    super({ allowHalfOpen });
    this.#channel = channel;
    channel.pause();
    channel.on('error', (error: Error) => this.destroy(error));
    channel.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause();
    });
    // Tied together: with an error to tell, the end of the data is not the end of the story.
    channel.on('end', () => {
      setImmediate(() => {
        const error = link.isAlive ? undefined : link.endError();
        if (error) this.destroy(error);
        else if (explainEnd === undefined) this.push(null);
      });
    });
    channel.on('close', () => {
      setImmediate(() => {
        const error = link.isAlive ? explainEnd?.() : link.endError();
        if (error) this.destroy(error);
        else {
          // Nothing that is still to be written can arrive any more, and ssh2 would never call back.
          if (this.readableEnded) this.destroy();
          else this.once('end', () => this.destroy());
          this.push(null);
        }
      });
    });
    const stopListening = link.onLost((error) => this.destroy(error));
    this.once('close', stopListening);
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (!this.#channel.writable) {
      callback(new Error('The other side has closed the stream.'));
      return;
    }
    this.#channel.write(chunk, (error) => callback(error ?? null));
  }

  override _final(callback: () => void): void {
    this.#channel.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    discard(this.#channel);
    callback(error);
  }

  // What http.Agent calls on a socket. Time-outs and keep-alive are the link's affair.
  setTimeout(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }
}
