/**
 * Byte streams both ways over a web socket of their own: `GET` of the method's path with an upgrade, binary messages from
 * then on, without frames or credit of ours. Guarantees the same flow control by other means: the plane waits while the
 * socket holds more than a few batches, and the socket is not read while the plane has not used what came. The socket
 * closes with 1000 when the stream has ended, and with 4000 + the HTTP status and the code of the failure otherwise.
 */
import type { RawData, WebSocket } from 'ws';
import { BerthError } from '#contract/berth-error.ts';
import { byteFlow, type Connection } from '#contract/frame.ts';
import { contract } from '#contract/index.ts';
import type { Caller } from '../../control-plane/caller.ts';
import { type Dispatcher, notFound } from '../../control-plane/dispatcher.ts';
import type { ByteChannel } from '../../control-plane/handler.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import { ByteOutlet } from '../byte-outlet.ts';
import { shownError } from './problem.ts';
import { type InputFields, inputFieldsOf, searchInput, withTypes } from './rest-input.ts';

export interface DuplexRoute {
  readonly method: string;
  /** Under `/v1`, with `:name` for the input's fields. */
  readonly path: string;
  readonly input: InputFields;
}

export const duplexRoutes: readonly DuplexRoute[] = Object.entries(contract).flatMap(([name, method]) =>
  method.kind === 'bytes' && method.rest.shape === 'duplex'
    ? [{ method: name, path: method.rest.path, input: inputFieldsOf(method.input) }]
    : [],
);

export interface DuplexOpening {
  readonly dispatcher: Dispatcher;
  readonly caller: Caller;
  /** What is not in the path; lists and objects are written as JSON. The socket's own `ticket` is not looked at. */
  readonly query: URLSearchParams;
  readonly log: Log;
}

/** Milliseconds between pings; a peer that missed one is gone at the next. */
const pingEveryMs = 20_000;
/** RFC 6455 §7.4.2: 4000 to 4999 are for private use. */
const closeOf = (status: number) => 4000 + status;

/** @param path as openDuplex takes it */
export function isDuplexPath(path: string): boolean {
  return duplexRoutes.some((route) => namesIn(path, route.path) !== undefined);
}

/**
 * What a path of the API means as an upgrade: undefined for one that is none, or a function that serves the opened
 * socket. Everything that can be refused before the handshake is refused here.
 * @param path under `/v1`, percent-encoded
 * @throws BerthError not-found, invalid-input
 */
export function openDuplex(
  path: string,
  { dispatcher, caller, query, log }: DuplexOpening,
): ((socket: WebSocket) => void) | undefined {
  for (const route of duplexRoutes) {
    const names = namesIn(path, route.path);
    if (names === undefined) continue;
    const input = {
      ...searchInput(query, route.input, Object.keys(names)),
      ...withTypes(names, route.input),
    };
    // The same bytes for what is not there and for what one may not.
    if (dispatcher.kindOf(route.method, caller) !== 'bytes') throw notFound();
    const abort = new AbortController();
    const run = dispatcher.bytes(route.method, input, { caller, signal: abort.signal });
    return (socket) => bridge(socket, run, { abort, log });
  }
  return undefined;
}

function namesIn(path: string, pattern: string): Record<string, string> | undefined {
  const given = path.split('/');
  const wanted = pattern.split('/');
  if (given.length !== wanted.length) return undefined;
  const names: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const text = given[at] ?? '';
    if (!part.startsWith(':')) {
      if (part !== text) return undefined;
      continue;
    }
    try {
      names[part.slice(1)] = decodeURIComponent(text);
    } catch {
      return undefined;
    }
  }
  return names;
}

function bridge(
  socket: WebSocket,
  run: (channel: ByteChannel) => Promise<void>,
  { abort, log }: { abort: AbortController; log: Log },
): void {
  let isAlive = true;
  const pinger = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, pingEveryMs);
  pinger.unref();
  socket.on('pong', () => (isAlive = true));
  socket.on('error', () => undefined);

  const outlet = new ByteOutlet(plainConnection(socket));
  // The socket's own buffer is the measure of how much may leave.
  const out = outlet.open(1, Number.MAX_SAFE_INTEGER);
  socket.on('close', () => {
    clearInterval(pinger);
    out.end();
    outlet.close();
    abort.abort(new BerthError('connection-lost', 'The client is gone.'));
  });
  const channel: ByteChannel = {
    send: (bytes) => out.send(bytes),
    get waitingBytes() {
      return out.waitingBytes;
    },
    dropWaiting: () => out.dropWaiting(),
    onReceive: receiveFrom(socket),
  };
  const serve = async () => {
    try {
      await run(channel);
      await out.drained();
      socket.close(1000, 'ended');
    } catch (error) {
      await out.drained();
      const shown = shownError(error);
      if (shown.error.code === 'internal') log.error('An attached terminal failed', { cause: error });
      socket.close(closeOf(shown.status), shown.error.code);
    } finally {
      out.end();
    }
  };
  void serve();
}

/** Text is its bytes in UTF-8: tools that speak to a terminal by hand send lines. */
function receiveFrom(socket: WebSocket): ByteChannel['onReceive'] {
  let listener: ((bytes: Uint8Array) => void | Promise<void>) | undefined;
  let early: Uint8Array[] = [];
  let unusedBytes = 0;
  const deliver = async (bytes: Uint8Array, to: NonNullable<typeof listener>) => {
    // A listener that fails has its own way to end the stream; the bytes are gone either way.
    await (async () => to(bytes))().catch(() => undefined);
    unusedBytes -= bytes.byteLength;
    if (unusedBytes < byteFlow.initialBytes && socket.isPaused) socket.resume();
  };
  socket.on('message', (data: RawData) => {
    const bytes = bytesOf(data);
    unusedBytes += bytes.byteLength;
    if (unusedBytes >= byteFlow.initialBytes) socket.pause();
    if (listener === undefined) early.push(bytes);
    else void deliver(bytes, listener);
  });
  return (own) => {
    listener = own;
    const waiting = early;
    early = [];
    for (const bytes of waiting) void deliver(bytes, own);
  };
}

/** The way out alone: one stream, whose bytes are the messages. */
function plainConnection(socket: WebSocket): Connection {
  const drainListeners: (() => void)[] = [];
  const onWritten = (error?: Error | null) => {
    if (error === null || error === undefined) for (const listener of drainListeners) listener();
  };
  return {
    send: () => undefined,
    // The outlet uses its buffer again.
    sendBinary: (_streamId, payload) => {
      if (socket.readyState === socket.OPEN) socket.send(Buffer.from(payload), onWritten);
    },
    onFrame: () => undefined,
    onBinary: () => undefined,
    onClose: () => undefined,
    onDrain: (listener) => drainListeners.push(listener),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    close: () => socket.close(),
  };
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
