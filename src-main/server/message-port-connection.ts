/**
 * A message port as a connection: Electron's MessagePortMain and Node's MessagePort alike. Frames travel as structured
 * clones, binary messages as one exact-size array of bytes. A port never says how much it holds: credit bounds it.
 */
import { type Connection, decodeBinary, encodeBinary } from '#contract/frame.ts';

/** What both kinds of port have. Electron wraps what arrives as `{ data }`, Node does not. */
export interface MessagePortLike {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  start(): void;
  close(): void;
}

export interface MessagePortOptions {
  /** Electron's ports give `{ data, ports }`, Node's the message itself. */
  readonly isElectron: boolean;
}

export function messagePortConnection(port: MessagePortLike, { isElectron }: MessagePortOptions): Connection {
  let isClosed = false;
  const frameListeners: ((frame: unknown) => void)[] = [];
  const binaryListeners: ((streamId: number, payload: Uint8Array) => void)[] = [];
  const closeListeners: (() => void)[] = [];

  const closed = () => {
    if (isClosed) return;
    isClosed = true;
    for (const listener of closeListeners) listener();
  };

  port.on('message', (message) => {
    if (isClosed) return;
    const data = isElectron ? (message as { data: unknown }).data : message;
    if (!ArrayBuffer.isView(data)) {
      for (const listener of frameListeners) listener(data);
      return;
    }
    const decoded = decodeBinary(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    // Too short to name a stream: as malformed as any other frame, and refused in the same place.
    if (decoded === undefined) for (const listener of frameListeners) listener(undefined);
    else for (const listener of binaryListeners) listener(decoded.streamId, decoded.payload);
  });
  port.on('close', closed);
  // Listeners are added in this turn, by the caller; messages wait until the next.
  queueMicrotask(() => {
    if (!isClosed) port.start();
  });

  return {
    send: (frame) => {
      if (!isClosed) port.postMessage(frame);
    },
    sendBinary: (streamId, payload) => {
      if (!isClosed) port.postMessage(encodeBinary(streamId, payload));
    },
    onFrame: (listener) => frameListeners.push(listener),
    onBinary: (listener) => binaryListeners.push(listener),
    onClose: (listener) => {
      if (isClosed) listener();
      else closeListeners.push(listener);
    },
    bufferedBytes: 0,
    close: () => {
      if (isClosed) return;
      port.close();
      closed();
    },
  };
}
