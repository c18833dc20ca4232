/** A relayed connection whose bytes are counted: for the traffic of a forward, and for whoever asks what is in use. */
import type { RelayedConnection } from './port-relay.ts';

/** A connection through a forward or a dial that is open now. */
export interface OpenConnection {
  /** In the workspace; of a socks forward the port that was asked for. */
  readonly port: number;
  /** Bytes both ways since it was opened. */
  readonly bytes: number;
}

/** Counts for all connections of one forward. */
export interface ConnectionMeter {
  opened(): void;
  sent(byteCount: number): void;
  received(byteCount: number): void;
  closed(): void;
}

export function metered(
  connection: RelayedConnection,
  port: number,
  meter: ConnectionMeter | undefined,
): { readonly entry: OpenConnection; readonly counted: RelayedConnection } {
  const entry = { port, bytes: 0 };
  meter?.opened();
  const closed = connection.closed.finally(() => meter?.closed());
  closed.catch(() => undefined);
  return {
    entry,
    counted: {
      send: (bytes) => {
        entry.bytes += bytes.byteLength;
        meter?.sent(bytes.byteLength);
        return connection.send(bytes);
      },
      end: () => connection.end(),
      reset: () => connection.reset(),
      onData: (listener) =>
        connection.onData((bytes) => {
          entry.bytes += bytes.byteLength;
          meter?.received(bytes.byteLength);
          return listener(bytes);
        }),
      onEnd: (listener) => connection.onEnd(listener),
      closed,
    },
  };
}
