/** The network of the computer that Berth runs on, as far as forwards use it: its loopback, and nothing else. */
import type { Duplex } from 'node:stream';

/** Each direction ends by itself. */
export interface LocalConnection extends Duplex {
  /** Tells the other side that it was broken off (RST, RFC 9293 §3.10.5), not that all was sent. */
  resetAndDestroy(): unknown;
}

export interface LocalListener {
  readonly port: number;
  /** Ends all its connections too. */
  close(): Promise<void>;
}

export interface LocalNetwork {
  /**
   * Listens on 127.0.0.1 and, where there is one, ::1. `port` null: any that is free. A connection is paused until it is
   * read. Throws forward.port-taken, which names the port and, where it can be seen, the program that has it.
   */
  listen(port: number | null, onConnection: (connection: LocalConnection) => void): Promise<LocalListener>;
  /** Throws workspace.port-refused where nothing listens on this port of the loopback. */
  connect(port: number, signal?: AbortSignal): Promise<LocalConnection>;
}
