/**
 * A connection to an app as an HTTP client is to see it: whatever ends it before its own end is an error. Clients take a
 * reset, or a close that nothing was said of, for the end of a body without a length (RFC 9112, 8), and would hand on half
 * a body as a whole one.
 */
import { Duplex } from 'node:stream';

/** What an app may say before its body, and behind it, to whichever client. Bytes. */
export const maxHeaderBytes = 128 * 1024;

export class AppCarrier extends Duplex {
  readonly #connection: Duplex;

  /** `onBytes`: some came from the app. */
  constructor(connection: Duplex, onBytes: () => void = () => undefined) {
    super({ allowHalfOpen: true });
    this.#connection = connection;
    // Whoever waits for it is told by its client.
    this.on('error', () => undefined);
    connection.on('data', (bytes: Buffer) => {
      onBytes();
      if (!this.push(bytes)) connection.pause();
    });
    let hasEnded = false;
    connection.once('end', () => {
      hasEnded = true;
      this.push(null);
    });
    connection.on('error', (error) => this.destroy(broken(error)));
    connection.once('close', () => {
      // What came before its end may still be read.
      if (!hasEnded) this.destroy(new Error('The connection to the app ended.'));
    });
  }

  override _read(): void {
    this.#connection.resume();
  }

  override _write(bytes: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#connection.write(bytes, encoding, (error) => done(error && broken(error)));
  }

  /** Head and body in one packet. */
  override _writev(pieces: readonly { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'utf8', done);
  }

  override _final(done: () => void): void {
    this.#connection.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#connection.destroy();
    done(error);
  }
}

/** Of a reset clients think that the body may be whole. */
function broken(error: Error): Error {
  if (!('code' in error) || error.code !== 'ECONNRESET') return error;
  return new Error('The app reset the connection.', { cause: error });
}
