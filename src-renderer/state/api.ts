/**
 * The client of the plane as the pages see it. The carrier behind it is transport/'s business; a test puts a fixture
 * here. Pages call `useClient()` (app-context.tsx); they never open a connection.
 */
import type { Client } from '../transport/client.ts';

/** `connecting`: the first time. `lost`: it was open before; `retryAtMs` (epoch) is when the next attempt begins. */
export type ConnectionState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'open' }
  | { readonly phase: 'lost'; readonly retryAtMs: number | null };

/** A client that lives as long as the window and survives the loss of its connection. */
export interface PlaneClient extends Client {
  readonly connectionState: ConnectionState;
  /** Told of every change from now on. Returns what ends it. */
  onConnectionState(listener: (state: ConnectionState) => void): () => void;
  /** Milliseconds of the last round trip to the plane; null before the first. */
  readonly roundTripMs: number | null;
  /** Tries again at once in place of at `retryAtMs`. */
  reconnect(): void;
}
