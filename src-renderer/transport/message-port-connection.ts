/** The window's end of the message port: the same messages as on the plane's end (structured clones, byte arrays). */
import { type Connection, decodeBinary, encodeBinary } from '#contract/frame.ts';

export function messagePortConnection(port: MessagePort): Connection {
  let isClosed = false;
  const frameListeners: ((frame: unknown) => void)[] = [];
  const binaryListeners: ((streamId: number, payload: Uint8Array) => void)[] = [];
  const closeListeners: (() => void)[] = [];

  const closed = () => {
    if (isClosed) return;
    isClosed = true;
    for (const listener of closeListeners) listener();
  };
  port.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (isClosed) return;
    if (!ArrayBuffer.isView(data)) {
      for (const listener of frameListeners) listener(data);
      return;
    }
    const decoded = decodeBinary(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    if (decoded === undefined) return;
    for (const listener of binaryListeners) listener(decoded.streamId, decoded.payload);
  });
  // Chromium tells when the other end is gone; the heartbeat covers where that is late.
  port.addEventListener('close', closed);
  queueMicrotask(() => {
    if (!isClosed) port.start();
  });

  return {
    send: (frame) => {
      if (!isClosed) port.postMessage(frame);
    },
    sendBinary: (streamId, payload) => {
      if (isClosed) return;
      const message = encodeBinary(streamId, payload);
      port.postMessage(message, [message.buffer]);
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
