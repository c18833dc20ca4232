/**
 * The plane's methods, typed, over any connection. Guarantees: leaving a stream's loop cancels it on the other side;
 * credit goes back only for what was used; when the connection dies everything pending fails with `connection-lost`
 * and nothing is sent again by itself. Streams are opened anew by their owners (see connect.ts).
 */
import { BerthError, ErrorShape } from '#contract/berth-error.ts';
import { byteFlow, type Connection, heartbeat, itemFlow } from '#contract/frame.ts';
import type { BytesName, CallName, InputOf, ItemOf, OutputOf, StreamName } from '#contract/index.ts';
import { createPulse } from './pulse.ts';

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

export interface Client {
  /** @throws BerthError */
  call<M extends CallName>(method: M, input: InputOf<M>, options?: RequestOptions): Promise<OutputOf<M>>;
  /** Opens when first iterated. One reader. `break` or `signal` cancel it; a signal ends the loop without an error. */
  stream<M extends StreamName>(
    method: M,
    input: InputOf<M>,
    options?: RequestOptions,
  ): AsyncIterableIterator<ItemOf<M>, void, void>;
  /** Opens at once. */
  bytes<M extends BytesName>(method: M, input: InputOf<M>): ByteStream;
}

export interface ByteStream {
  /**
   * One listener; what came before it waits. Call `done` when the bytes have been used (for a terminal: in the
   * callback of `write`): only then does the server get their credit back.
   */
  onBytes(listener: (bytes: Uint8Array, done: () => void) => void): void;
  /** Copies and sends as far as the server gave credit; the rest waits. Ignored after the end. */
  send(bytes: Uint8Array): void;
  /** Bytes that wait for credit. */
  readonly waitingBytes: number;
  /** Resolves when nothing waits for credit any more, or the stream has ended: whoever sends much waits for it in between. */
  whenSent(): Promise<void>;
  /** Resolves when the server has accepted the stream. Never rejects: see `ended`. */
  readonly opened: Promise<void>;
  /** Resolves at the server's end or after `close`; rejects with the BerthError that ended it. */
  readonly ended: Promise<void>;
  close(): void;
}

export interface ConnectedClient extends Client {
  /** Called once with the reason, when the connection is gone. */
  onClose(listener: (reason: BerthError) => void): void;
  /** Milliseconds of the last ping's round trip; null before the first. */
  readonly roundTripMs: number | null;
  /**
   * Asks for a sign of life now, as after a sleep of the computer: the answer to this very question, or bytes that still
   * arrive in the second half of the time. With neither within `timeoutMs` the connection is lost.
   */
  probe(timeoutMs: number): void;
  /** Everything pending fails with `reason`. */
  close(reason?: BerthError): void;
}

export interface ClientOptions {
  /** For tests: milliseconds. Default: the contract's. */
  readonly heartbeat?: { readonly pingAfterMs: number; readonly deadAfterMs: number };
}

interface Pending {
  onFrame(frame: ServerMessage): void;
  onBytes?(payload: Uint8Array): void;
  onLost(reason: BerthError): void;
}

type ServerMessage = Readonly<{ t: string; id: number } & Record<string, unknown>>;

export function createClient(connection: Connection, options: ClientOptions = {}): ConnectedClient {
  const pending = new Map<number, Pending>();
  const closeListeners: ((reason: BerthError) => void)[] = [];
  let lastId = 0;
  let closeReason: BerthError | undefined;
  function lose(reason: BerthError): void {
    if (closeReason !== undefined) return;
    closeReason = reason;
    pulse.stop();
    const lost = [...pending.values()];
    pending.clear();
    for (const entry of lost) entry.onLost(reason);
    for (const listener of closeListeners) listener(reason);
    connection.close();
  }

  function begin(entry: Pending): number {
    lastId += 1;
    pending.set(lastId, entry);
    return lastId;
  }

  function forget(id: number): void {
    pending.delete(id);
  }

  const pulse = createPulse({
    beat: options.heartbeat ?? heartbeat,
    sendPing: (n) => connection.send({ t: 'ping', n }),
    onDead: () => lose(connectionLost('Berth does not answer any more.')),
  });

  connection.onFrame((value) => {
    pulse.heard();
    if (!isServerMessage(value)) return lose(connectionLost('Berth sent something that is not a frame.'));
    if (value.t === 'pong') return pulse.pong(value.n);
    if (value.t === 'fail' && value.id === 0) {
      const error = errorOf(value.error);
      return lose(new BerthError('connection-lost', error.message, { cause: error }));
    }
    // What is not pending any more was cancelled from here, and its last frames crossed ours.
    pending.get(value.id)?.onFrame(value);
  });
  connection.onBinary((id, payload) => {
    pulse.heard();
    pending.get(id)?.onBytes?.(payload);
  });
  connection.onClose(() => lose(connectionLost('The connection to Berth was lost.')));

  return {
    call: (method, input, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (closeReason !== undefined) return reject(closeReason);
        if (signal?.aborted) return reject(cancelled());
        const settle = () => {
          pending.delete(id);
          signal?.removeEventListener('abort', onAbort);
        };
        const onAbort = () => {
          settle();
          connection.send({ t: 'cancel', id });
          reject(cancelled());
        };
        const id = begin({
          onFrame: (frame) => {
            settle();
            if (frame.t === 'reply') resolve(frame.output as OutputOf<typeof method>);
            else reject(errorOf(frame.error));
          },
          onLost: (reason) => {
            settle();
            reject(reason);
          },
        });
        signal?.addEventListener('abort', onAbort);
        connection.send({ t: 'call', id, method, input });
      }),

    stream: (method, input, { signal } = {}) =>
      itemStream<ItemOf<typeof method>>({
        signal,
        lost: () => closeReason,
        open: (entry) => {
          const id = begin(entry);
          connection.send({ t: 'open', id, method, input, credit: itemFlow.initialItems });
          return id;
        },
        forget,
        connection,
      }),

    bytes: (method, input) =>
      byteStream({
        lost: closeReason,
        open: (entry) => {
          const id = begin(entry);
          connection.send({ t: 'open', id, method, input, credit: byteFlow.initialBytes });
          return id;
        },
        forget,
        connection,
      }),

    onClose: (listener) => {
      if (closeReason === undefined) closeListeners.push(listener);
      else listener(closeReason);
    },
    get roundTripMs() {
      return pulse.roundTripMs;
    },
    probe: (timeoutMs) => pulse.probe(timeoutMs),
    close: (reason) => lose(reason ?? connectionLost('The connection was closed.')),
  };
}

interface Plumbing {
  readonly connection: Connection;
  readonly open: (entry: Pending) => number;
  readonly forget: (id: number) => void;
}

/** Items wait here until they are asked for, at most as many as there was credit for. */
function itemStream<T>(
  options: Plumbing & {
    readonly signal: AbortSignal | undefined;
    readonly lost: () => BerthError | undefined;
  },
): AsyncIterableIterator<T, void, void> {
  const { connection, signal, lost, open, forget } = options;
  const items: T[] = [];
  let id: number | undefined;
  let outcome: { readonly error?: BerthError } | undefined;
  let usedItems = 0;
  let wake: () => void = () => {};

  const finish = (how: { readonly error?: BerthError }) => {
    if (outcome !== undefined) return;
    outcome = how;
    if (id !== undefined) forget(id);
    signal?.removeEventListener('abort', onAbort);
    wake();
  };
  const onAbort = () => {
    if (outcome === undefined && id !== undefined) connection.send({ t: 'cancel', id });
    items.length = 0;
    finish({});
  };
  const begin = () => {
    const reason = lost();
    if (reason !== undefined) return finish({ error: reason });
    if (signal?.aborted) return finish({});
    signal?.addEventListener('abort', onAbort);
    id = open({
      onFrame: (frame) => {
        if (frame.t === 'item') {
          items.push(frame.item as T);
          wake();
        } else if (frame.t === 'end') finish({});
        else finish({ error: errorOf(frame.error) });
      },
      onLost: (error) => finish({ error }),
    });
  };

  return {
    async next() {
      if (id === undefined && outcome === undefined) begin();
      for (;;) {
        if (items.length > 0) {
          const value = items.shift() as T;
          usedItems += 1;
          if (usedItems >= itemFlow.acknowledgeItems && outcome === undefined && id !== undefined) {
            connection.send({ t: 'credit', id, n: usedItems });
            usedItems = 0;
          }
          return { done: false, value };
        }
        if (outcome !== undefined) {
          const { error } = outcome;
          // An error is told once; whoever asks again finds the end.
          outcome = {};
          if (error !== undefined) throw error;
          return { done: true, value: undefined };
        }
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    return() {
      onAbort();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function byteStream(options: Plumbing & { readonly lost: BerthError | undefined }): ByteStream {
  const { connection, open, forget } = options;
  let credit = 0;
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let usedBytes = 0;
  let isEnded = false;
  let listener: ((bytes: Uint8Array, done: () => void) => void) | undefined;
  let early: Uint8Array[] = [];
  const opening = Promise.withResolvers<void>();
  const ending = Promise.withResolvers<void>();
  let sending: PromiseWithResolvers<void> | undefined;
  const settleSending = () => {
    sending?.resolve();
    sending = undefined;
  };
  // Whoever does not look at `ended` has looked away on purpose.
  ending.promise.catch(() => undefined);

  const finish = (error?: BerthError) => {
    if (isEnded) return;
    isEnded = true;
    forget(id);
    waiting = [];
    waitingBytes = 0;
    settleSending();
    opening.resolve();
    if (error === undefined) ending.resolve();
    else ending.reject(error);
  };
  const restAfterMessage = (bytes: Uint8Array): Uint8Array => {
    const part = bytes.subarray(0, Math.min(credit, byteFlow.batchBytes));
    credit -= part.byteLength;
    connection.sendBinary(id, part);
    return bytes.subarray(part.byteLength);
  };
  const flush = () => {
    for (let head = waiting.shift(); head !== undefined; head = waiting.shift()) {
      const rest = credit > 0 ? restAfterMessage(head) : head;
      waitingBytes -= head.byteLength - rest.byteLength;
      if (rest.byteLength > 0) waiting.unshift(rest);
      if (credit === 0) break;
    }
    if (waitingBytes === 0) settleSending();
  };
  const deliver = (payload: Uint8Array, to: NonNullable<typeof listener>) => {
    let isDone = false;
    to(payload, () => {
      if (isDone) return;
      isDone = true;
      usedBytes += payload.byteLength;
      if (usedBytes < byteFlow.acknowledgeBytes || isEnded) return;
      connection.send({ t: 'credit', id, n: usedBytes });
      usedBytes = 0;
    });
  };

  const entry: Pending = {
    onFrame: (frame) => {
      if (frame.t === 'opened' || frame.t === 'credit') {
        const n = frame.t === 'opened' ? frame.credit : frame.n;
        credit += typeof n === 'number' ? n : 0;
        opening.resolve();
        flush();
      } else if (frame.t === 'end') finish();
      else finish(errorOf(frame.error));
    },
    onBytes: (payload) => {
      if (listener === undefined) early.push(payload);
      else deliver(payload, listener);
    },
    onLost: (reason) => finish(reason),
  };
  const id = options.lost === undefined ? open(entry) : 0;
  if (options.lost !== undefined) finish(options.lost);

  return {
    onBytes: (to) => {
      listener = to;
      const held = early;
      early = [];
      for (const payload of held) deliver(payload, to);
    },
    send: (bytes) => {
      if (isEnded) return;
      let rest = bytes;
      // What leaves at once needs no copy here: a connection makes its message of it.
      while (waiting.length === 0 && credit > 0 && rest.byteLength > 0) rest = restAfterMessage(rest);
      if (rest.byteLength === 0) return;
      waiting.push(rest.slice());
      waitingBytes += rest.byteLength;
    },
    get waitingBytes() {
      return waitingBytes;
    },
    whenSent: () => {
      if (waitingBytes === 0) return Promise.resolve();
      sending ??= Promise.withResolvers<void>();
      return sending.promise;
    },
    opened: opening.promise,
    ended: ending.promise,
    close: () => {
      if (isEnded) return;
      connection.send({ t: 'cancel', id });
      finish();
    },
  };
}

function isServerMessage(value: unknown): value is ServerMessage {
  if (typeof value !== 'object' || value === null || !('t' in value) || typeof value.t !== 'string')
    return false;
  return value.t === 'pong' || ('id' in value && typeof value.id === 'number');
}

function errorOf(value: unknown): BerthError {
  const parsed = ErrorShape.safeParse(value);
  if (parsed.success) return BerthError.fromShape(parsed.data);
  return new BerthError('internal', 'Berth failed in a way that this window does not know. Reload it.');
}

function connectionLost(message: string): BerthError {
  return new BerthError('connection-lost', message);
}

function cancelled(): BerthError {
  return new BerthError('cancelled', 'It was cancelled.');
}
