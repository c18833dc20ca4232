/**
 * What travels on a connection, whichever carrier it has. JSON-safe frames for calls and streams; binary messages for
 * bytes: a 4-byte big-endian stream id, then the payload. Back-pressure is part of the protocol: a producer may send
 * only what it has credit for, and the consumer returns credit when it has *used* the items or bytes.
 */
import type { ErrorShape } from './berth-error.ts';

export type ClientFrame =
  | { t: 'call'; id: number; method: string; input: unknown }
  /** `credit`: items for a stream, bytes for a byte stream, that the server may send at once. */
  | { t: 'open'; id: number; method: string; input: unknown; credit: number }
  | { t: 'credit'; id: number; n: number }
  /** Ends a call or stream from the client's side; no answer follows but `end` or `fail` with `cancelled`. */
  | { t: 'cancel'; id: number }
  | { t: 'ping'; n: number };

export type ServerFrame =
  | { t: 'reply'; id: number; output: unknown }
  /** A byte stream is open; `credit` is how many bytes the client may send up. Binary frames may follow. */
  | { t: 'opened'; id: number; credit: number }
  | { t: 'item'; id: number; item: unknown }
  | { t: 'credit'; id: number; n: number }
  | { t: 'end'; id: number }
  /** `id` 0: about the connection itself, which closes next; the error says why. */
  | { t: 'fail'; id: number; error: ErrorShape }
  | { t: 'pong'; n: number };

export type Frame = ClientFrame | ServerFrame;

/** One end of a carrier. `bufferedBytes` is what was sent and has not left this process yet (0 where unknown). */
export interface Connection {
  send(frame: Frame): void;
  /** `streamId` and payload travel as one binary message. The payload may be reused by the caller after the call. */
  sendBinary(streamId: number, payload: Uint8Array): void;
  onFrame(listener: (frame: unknown) => void): void;
  onBinary(listener: (streamId: number, payload: Uint8Array) => void): void;
  /** Called once, when the carrier is gone for whatever reason. */
  onClose(listener: () => void): void;
  readonly bufferedBytes: number;
  /** Called when `bufferedBytes` fell; a carrier that knows 0 bytes has no need of it. */
  onDrain?(listener: () => void): void;
  close(): void;
}

/**
 * The three numbers of byte flow control, in bytes. Relation that must hold: `acknowledgeBytes` <= `initialBytes` / 2,
 * else a consumer that waits for a full acknowledgement can leave the producer paused for ever.
 * `initialBytes` bounds what one slow stream holds in memory on its way; 256 KiB covers 20 ms of round trip at 12 MB/s.
 * `batchBytes` bounds one binary frame, so that a keystroke never waits behind more than that.
 */
export const byteFlow = {
  initialBytes: 262_144,
  acknowledgeBytes: 32_768,
  batchBytes: 65_536,
} as const;

/** Items that a plain stream may have under way. State streams coalesce at zero, so a small number loses nothing. */
export const itemFlow = { initialItems: 64, acknowledgeItems: 16 } as const;

/**
 * Milliseconds: a client pings when nothing arrived for `pingAfterMs`, and gives up after `deadAfterMs` of silence. A way
 * that is half open is noticed within 10 s (`deadAfterMs` and a fifth of `pingAfterMs`).
 */
export const heartbeat = { pingAfterMs: 3_500, deadAfterMs: 9_000 } as const;

export function encodeBinary(streamId: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(4 + payload.byteLength);
  new DataView(message.buffer).setUint32(0, streamId);
  message.set(payload, 4);
  return message;
}

export function decodeBinary(message: Uint8Array): { streamId: number; payload: Uint8Array } | undefined {
  if (message.byteLength < 4) return undefined;
  const streamId = new DataView(message.buffer, message.byteOffset, 4).getUint32(0);
  return { streamId, payload: message.subarray(4) };
}
