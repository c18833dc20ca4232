/**
 * A relayed connection as a Node stream (nodejs.org/api/stream.html). Guarantees: each direction ends by itself; reading
 * slowly holds the server up and writing waits for room; what the other side broke off is an error here, and `destroy`
 * before both directions have ended breaks it off there (RST).
 */
import { Duplex } from 'node:stream';
import type { RelayedConnection } from './port-relay.ts';

/** Bytes that are kept on top of the connection's own window until somebody reads. */
const highWaterMark = 65_536;

export function duplexOver(connection: RelayedConnection): Duplex {
  return new RelayedDuplex(connection);
}

class RelayedDuplex extends Duplex {
  readonly #connection: RelayedConnection;
  #onRead: (() => void)[] = [];

  constructor(connection: RelayedConnection) {
    super({ allowHalfOpen: true, highWaterMark });
    this.#connection = connection;
    connection.onData((bytes) => {
      if (this.destroyed || this.push(bytes)) return Promise.resolve();
      return new Promise((resolve) => this.#onRead.push(resolve));
    });
    let hasEnded = false;
    const end = () => {
      if (!hasEnded && !this.destroyed) this.push(null);
      hasEnded = true;
    };
    connection.onEnd(end);
    connection.closed.then(end, (error: unknown) => this.destroy(error as Error));
  }

  override _read(): void {
    for (const resolve of this.#onRead.splice(0)) resolve();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#connection.send(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#connection.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // Where both have ended, the relay still hands on what it has: to break it off would cut the end away.
    if (error !== null || !this.readableEnded || !this.writableFinished) this.#connection.reset();
    for (const resolve of this.#onRead.splice(0)) resolve();
    done(error);
  }
}
