/**
 * A connection to a port of a workspace with the face of a WebSocket, as noVNC takes it: the bytes travel over the plane's
 * own connection, so that a screen needs no further network, in the desktop as in the browser.
 *
 * Guarantees: it counts as open when the first bytes have come, for a VNC server speaks first (RFC 6143, 7.1.1); what comes
 * before `flow` waits; it tells of its end once. Credit goes back when noVNC has taken the bytes.
 */
import { BerthError } from '#contract/berth-error.ts';
import { type ByteFrame, ByteFrameReader, encodeByteFrame } from '#contract/framed-bytes.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import type { ByteStream } from '../../transport/client.ts';

type Listener<T> = ((event: T) => void) | null;

/** The members are those that core/websock.js looks for in a raw channel; each must be there from the start. */
export class ScreenChannel {
  readonly protocol = '';
  binaryType = 'arraybuffer';
  readyState: 'connecting' | 'open' | 'closed' = 'connecting';
  onopen: Listener<object> = null;
  onmessage: Listener<{ readonly data: Uint8Array }> = null;
  onclose: Listener<object> = null;
  onerror: Listener<object> = null;
  /** What ended it; null: one of the two ends closed it in good order. */
  failure: BerthError | null = null;
  /** Resolves when the server has spoken; rejects with what ended it before that. */
  readonly opened: Promise<void>;

  readonly #stream: ByteStream;
  readonly #reader: ByteFrameReader;
  readonly #opening = Promise.withResolvers<void>();
  #held: Uint8Array[] | null = [];

  constructor(stream: ByteStream) {
    this.#stream = stream;
    this.opened = this.#opening.promise;
    // Whoever closes it before that does not wait for it.
    this.opened.catch(() => undefined);
    this.#reader = new ByteFrameReader(['output', 'outputEnd'], (frame) => this.#take(frame));
    stream.onBytes((bytes, done) => {
      try {
        this.#reader.push(bytes);
      } catch (cause) {
        this.#end(toBerthError(cause));
        stream.close();
      }
      done();
    });
    stream.ended.then(
      () => this.#end(null),
      (cause: unknown) => this.#end(toBerthError(cause)),
    );
  }

  /** From here on `onmessage` is told of what comes, beginning with what has waited. */
  flow(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const bytes of held) this.onmessage?.({ data: bytes });
  }

  send(bytes: Uint8Array): void {
    if (this.readyState !== 'closed') this.#stream.send(encodeByteFrame({ kind: 'input', bytes }));
  }

  close(): void {
    this.#end(null);
    this.#stream.close();
  }

  #take(frame: ByteFrame): void {
    if (this.readyState === 'closed') return;
    if (frame.kind === 'outputEnd') this.close();
    else if (frame.kind === 'output') {
      if (this.#held === null) this.onmessage?.({ data: frame.bytes });
      // A copy: what is handed over now is used again for what comes next.
      else this.#held.push(frame.bytes.slice());
      if (this.readyState !== 'connecting') return;
      this.readyState = 'open';
      this.#opening.resolve();
    }
  }

  #end(failure: BerthError | null): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.failure = BerthError.is(failure, 'cancelled') ? null : failure;
    this.#opening.reject(
      this.failure ??
        new BerthError(
          'workspace.port-refused',
          'The port took the connection and closed it without a word.',
        ),
    );
    // Later, as a WebSocket does: noVNC is not ready for it within its own call of `close`.
    queueMicrotask(() => this.onclose?.({}));
  }
}
