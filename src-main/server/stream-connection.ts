/**
 * A local stream socket as a connection, for both of its ends. A stream knows no messages: each is headed by 4 bytes of
 * length (big-endian, of what follows) and 1 byte of kind. What is no such message ends the connection, and nothing waits
 * for more than one message of the greatest size. Must not know what frames mean.
 */
import type { Socket } from 'node:net';
import { type Connection, decodeBinary } from '#contract/frame.ts';

/** Bytes of one message without its length. As for the web socket: above the largest input, a project's environment. */
export const maxMessageBytes = 16 * 1024 * 1024;
const kindJson = 0;
const kindBinary = 1;
const headBytes = 5;
/** Milliseconds that the other end may take to read what was said last, before the socket is gone for it too. */
const lingerMs = 1_000;

export function streamConnection(socket: Socket): Connection {
  let isClosed = false;
  const frameListeners: ((frame: unknown) => void)[] = [];
  const binaryListeners: ((streamId: number, payload: Uint8Array) => void)[] = [];
  const closeListeners: (() => void)[] = [];
  const drainListeners: (() => void)[] = [];

  const onWritten = (error?: Error | null) => {
    if (error === null || error === undefined) for (const listener of drainListeners) listener();
  };
  const closed = () => {
    if (isClosed) return;
    isClosed = true;
    for (const listener of closeListeners) listener();
  };
  const close = () => {
    if (isClosed) return;
    socket.end();
    setTimeout(() => socket.destroy(), lingerMs).unref();
    closed();
  };
  /** Whoever is served refuses what is no frame, says why and closes; where nobody does, it ends here. */
  const refuse = () => {
    for (const listener of frameListeners) listener(undefined);
    close();
  };

  const reader = createMessageReader((kind, body) => {
    const decoded = kind === kindBinary ? decodeBinary(body) : undefined;
    if (decoded !== undefined) {
      for (const listener of binaryListeners) listener(decoded.streamId, decoded.payload);
      return;
    }
    const frame = kind === kindJson ? parseJson(body) : undefined;
    if (frame === undefined) refuse();
    else for (const listener of frameListeners) listener(frame);
  });
  socket.on('data', (chunk: Buffer) => {
    if (!isClosed && !reader.take(chunk, () => isClosed)) refuse();
  });
  socket.on('close', closed);
  // `close` follows, and says all there is to say to whoever is served.
  socket.on('error', () => undefined);
  // Listeners are added in this turn, by the caller; messages wait until the next.
  queueMicrotask(() => socket.resume());

  return {
    send: (frame) => {
      if (isClosed) return;
      const text = JSON.stringify(frame);
      const message = Buffer.allocUnsafe(headBytes + Buffer.byteLength(text));
      writeHead(message, kindJson);
      message.write(text, headBytes, 'utf8');
      socket.write(message, onWritten);
    },
    sendBinary: (streamId, payload) => {
      if (isClosed) return;
      const message = Buffer.allocUnsafe(headBytes + 4 + payload.byteLength);
      writeHead(message, kindBinary);
      message.writeUInt32BE(streamId, headBytes);
      message.set(payload, headBytes + 4);
      socket.write(message, onWritten);
    },
    onFrame: (listener) => frameListeners.push(listener),
    onBinary: (listener) => binaryListeners.push(listener),
    onClose: (listener) => {
      if (isClosed) listener();
      else closeListeners.push(listener);
    },
    onDrain: (listener) => drainListeners.push(listener),
    get bufferedBytes() {
      return socket.writableLength;
    },
    close,
  };
}

function writeHead(message: Buffer, kind: number): void {
  message.writeUInt32BE(message.byteLength - 4, 0);
  message.writeUInt8(kind, 4);
}

interface MessageReader {
  /** False when what came is no message. Stops early when `isOver` says so between two messages. */
  take(chunk: Buffer, isOver: () => boolean): boolean;
}

/** Cuts a stream of bytes into messages. Chunks are joined once per message, not once per chunk. */
function createMessageReader(onMessage: (kind: number, body: Buffer) => void): MessageReader {
  let chunks: Buffer[] = [];
  let waitingBytes = 0;
  /** Bytes until something can be told: a head, then a whole message. */
  let neededBytes = headBytes;
  return {
    take(chunk, isOver) {
      chunks.push(chunk);
      waitingBytes += chunk.byteLength;
      if (waitingBytes < neededBytes) return true;
      let rest = chunks.length === 1 ? chunk : Buffer.concat(chunks, waitingBytes);
      neededBytes = headBytes;
      while (rest.byteLength >= headBytes) {
        const sizeBytes = rest.readUInt32BE(0);
        const kind = rest.readUInt8(4);
        if (sizeBytes < 1 || sizeBytes > maxMessageBytes || kind > kindBinary) return false;
        neededBytes = 4 + sizeBytes;
        if (rest.byteLength < neededBytes) break;
        const body = rest.subarray(headBytes, neededBytes);
        rest = rest.subarray(neededBytes);
        neededBytes = headBytes;
        onMessage(kind, body);
        if (isOver()) return true;
      }
      chunks = rest.byteLength === 0 ? [] : [rest];
      waitingBytes = rest.byteLength;
      return true;
    },
  };
}

/** undefined when it is no JSON. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
