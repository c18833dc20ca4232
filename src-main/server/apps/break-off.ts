/** Ends a connection so that nobody takes it for all that was to come. */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** By a reset (RFC 9293, 3.10.5); over TLS by an end without its goodbye (RFC 8446, 6.1). */
export function breakOff(stream: Duplex): void {
  if (stream instanceof Socket && !(stream instanceof TLSSocket)) stream.resetAndDestroy();
  else stream.destroy();
}
