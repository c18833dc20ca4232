/**
 * A web socket of the `ws` library as a connection: text messages hold one JSON frame, binary messages bytes. Sends
 * protocol pings, because a browser whose machine fell asleep closes nothing. Must not know what frames mean.
 */
import type { RawData, WebSocket } from 'ws';
import { type Connection, decodeBinary } from '#contract/frame.ts';

/** Milliseconds between protocol pings; a peer that missed one is gone at the next. */
const pingEveryMs = 20_000;
/** RFC 6455, 7.4.1: the client broke a rule. */
const policyViolation = 1008;

/** Where the window and the command line open their socket. */
export const socketPath = '/api/v1/socket';
/** The subprotocol of the window's and the command line's socket; a ticket travels beside it. */
export const socketProtocol = 'berth.v1';
/**
 * Bytes of one message, either way. The largest input is a project's environment: 128 values of 32,768 characters, of
 * at most 3 bytes in UTF-8; binary messages are far smaller.
 */
export const maxMessageBytes = 16 * 1024 * 1024;

export function webSocketConnection(socket: WebSocket): Connection {
  let isClosed = false;
  let isAlive = true;
  const frameListeners: ((frame: unknown) => void)[] = [];
  const binaryListeners: ((streamId: number, payload: Uint8Array) => void)[] = [];
  const closeListeners: (() => void)[] = [];
  const drainListeners: (() => void)[] = [];

  const pinger = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, pingEveryMs);
  pinger.unref();

  const onWritten = (error?: Error | null) => {
    if (error === null || error === undefined) for (const listener of drainListeners) listener();
  };
  const closed = () => {
    if (isClosed) return;
    isClosed = true;
    clearInterval(pinger);
    for (const listener of closeListeners) listener();
  };

  socket.on('pong', () => {
    isAlive = true;
  });
  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (isClosed) return;
    isAlive = true;
    const bytes = bytesOf(data);
    if (isBinary) {
      const decoded = decodeBinary(bytes);
      if (decoded === undefined) for (const listener of frameListeners) listener(undefined);
      else for (const listener of binaryListeners) listener(decoded.streamId, decoded.payload);
      return;
    }
    const frame = parseJson(bytes);
    for (const listener of frameListeners) listener(frame);
  });
  socket.on('close', closed);
  // `close` follows, and says all there is to say to whoever is served.
  socket.on('error', () => undefined);

  return {
    send: (frame) => {
      if (!isClosed) socket.send(JSON.stringify(frame));
    },
    sendBinary: (streamId, payload) => {
      if (!isClosed) socket.send(messageOf(streamId, payload), onWritten);
    },
    onFrame: (listener) => frameListeners.push(listener),
    onBinary: (listener) => binaryListeners.push(listener),
    onClose: (listener) => {
      if (isClosed) listener();
      else closeListeners.push(listener);
    },
    onDrain: (listener) => drainListeners.push(listener),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    close: () => {
      if (isClosed) return;
      socket.close(policyViolation);
      closed();
    },
  };
}

/** As the contract's `encodeBinary`, without zeroing 64 KiB that are written next anyway. */
function messageOf(streamId: number, payload: Uint8Array): Buffer {
  const message = Buffer.allocUnsafe(4 + payload.byteLength);
  message.writeUInt32BE(streamId, 0);
  message.set(payload, 4);
  return message;
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

/** undefined when it is no JSON: the server refuses that as it refuses any malformed frame. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}
