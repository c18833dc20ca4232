/** A browser's web socket as a connection: text messages hold one JSON frame, binary messages bytes. */
import { type Connection, decodeBinary, encodeBinary } from '#contract/frame.ts';

/** Resolves once the socket is open; rejects when it closes before, or `signal` aborts. */
export function openWebSocket(
  url: string,
  protocols: readonly string[],
  signal: AbortSignal,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, [...protocols]);
    socket.binaryType = 'arraybuffer';
    const onAbort = () => {
      reject(signal.reason as Error);
      socket.close();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const opened = () => {
      signal.removeEventListener('abort', onAbort);
      resolve(webSocketConnection(socket));
    };
    socket.addEventListener('open', opened, { once: true });
    socket.addEventListener('close', () => reject(new Error('The socket did not open.')), { once: true });
  });
}

export function webSocketConnection(socket: WebSocket): Connection {
  let isClosed = false;
  const frameListeners: ((frame: unknown) => void)[] = [];
  const binaryListeners: ((streamId: number, payload: Uint8Array) => void)[] = [];
  const closeListeners: (() => void)[] = [];

  const closed = () => {
    if (isClosed) return;
    isClosed = true;
    for (const listener of closeListeners) listener();
  };
  socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (isClosed) return;
    if (data instanceof ArrayBuffer) {
      const decoded = decodeBinary(new Uint8Array(data));
      if (decoded === undefined) return;
      for (const listener of binaryListeners) listener(decoded.streamId, decoded.payload);
      return;
    }
    const frame = parseJson(data);
    for (const listener of frameListeners) listener(frame);
  });
  socket.addEventListener('close', closed);

  return {
    send: (frame) => {
      if (!isClosed) socket.send(JSON.stringify(frame));
    },
    sendBinary: (streamId, payload) => {
      if (!isClosed) socket.send(encodeBinary(streamId, payload));
    },
    onFrame: (listener) => frameListeners.push(listener),
    onBinary: (listener) => binaryListeners.push(listener),
    onClose: (listener) => {
      if (isClosed) listener();
      else closeListeners.push(listener);
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    close: () => {
      if (isClosed) return;
      socket.close();
      closed();
    },
  };
}

/** undefined when it is no JSON: the client closes such a connection. */
function parseJson(data: unknown): unknown {
  if (typeof data !== 'string') return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
