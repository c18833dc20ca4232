/**
 * What keeps terminals running on a host while nobody is connected: sessions, each with one program on one PTY, and a
 * record of what the program wrote. Whoever was cut off goes on at the byte where they stopped.
 */
import type { TerminalSize } from '#contract/terminals.ts';
import type { HostConnection, Pty } from './host-connection.ts';

/** Up to where a session's output was taken: byte `offset` of its record `generation`. */
export interface SessionPlace {
  readonly generation: number;
  readonly offset: number;
}

/** A screen as the multiplexer keeps it: text with its colours, and the modes that it knows of. */
export interface CapturedScreen {
  /** Lines above the screen, oldest first, joined where they were wrapped; each part ends lines with LF. */
  readonly history: Uint8Array;
  readonly screen: Uint8Array;
  /** The main screen behind the alternate one; empty while that is not on. */
  readonly saved: Uint8Array;
  /** The end of what the program wrote before: it says which modes are on that a multiplexer does not tell. */
  readonly recent: Uint8Array;
  readonly size: TerminalSize;
  readonly cursor: { readonly x: number; readonly y: number; readonly isShown: boolean };
  readonly savedCursor: { readonly x: number; readonly y: number };
  readonly isAlternate: boolean;
  /** DECSET numbers and whether they are on, as far as the multiplexer knows them. */
  readonly modes: ReadonlyMap<number, boolean>;
  /** IRM, ANSI mode 4. */
  readonly isInserting: boolean;
  /** First and last row of the scroll region, from 0. */
  readonly scrollRegion: { readonly top: number; readonly bottom: number };
  readonly title: string;
}

/**
 * The way to one session. `kill` ends the session and what runs in it. `onEnd` with an error: the way is cut, the session
 * may run on; without: its program has ended.
 */
export interface MultiplexedPty extends Pty {
  /** Up to where output was handed on. */
  readonly place: SessionPlace;
  /** Typed bytes that the session has not confirmed. */
  readonly unconfirmedBytes: number;
  /** A round trip through this very stream. Throws timed-out, connection-lost. */
  measure(timeoutMs: number): Promise<{ streamMs: number; behindBytes: number }>;
  /** Lets go of the way; the session runs on. */
  release(): void;
}

export interface SessionSpec {
  /** Names the session; what `tmux attach -t =NAME` takes. */
  readonly id: string;
  readonly size: TerminalSize;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly [string, ...string[]];
  /** Kept with the session, so that a lost database can be rebuilt. At most 1,000 characters. */
  readonly note: string;
  /** The program says with a zero byte that it has started; what it writes without one is why it has not. */
  readonly hasReadyByte: boolean;
  readonly signal?: AbortSignal;
}

export interface SessionInfo {
  readonly id: string;
  readonly note: string;
  readonly size: TerminalSize;
  /** Its program has ended; its last output and exit code wait. */
  readonly isEnded: boolean;
}

export interface AttachedSession {
  readonly pty: MultiplexedPty;
  /** What to paint before the bytes that follow; null: they follow on `from`. */
  readonly captured: CapturedScreen | null;
}

export interface Multiplexer {
  readonly version: string;
  /** `docker` or `podman` on the host, an absolute path; undefined where there is none. */
  readonly engineProgram: string | undefined;
  /** Sessions whose id begins with `prefix`. */
  sessions(prefix: string): Promise<SessionInfo[]>;
  /** Throws terminal.open-failed, timed-out, connection-lost, cancelled, host.sessions-exhausted. */
  open(spec: SessionSpec): Promise<MultiplexedPty>;
  /** Throws terminal.ended when there is no such session, and as `open`. */
  attach(id: string, from: SessionPlace | undefined, signal?: AbortSignal): Promise<AttachedSession>;
  /** Ends a session, and what runs in it, that nobody is attached to. */
  end(id: string): Promise<void>;
  /** Called once when the way is lost, not when `close` was called. */
  onLost(listener: (error: unknown) => void): void;
  /** Called when a typed key or a question has waited for its answer unusually long: the way may be dead. */
  onSlow(listener: () => void): void;
  /** Cuts every way; the sessions run on. */
  close(): void;
}

/** `reason`: why terminals cannot outlive their connection on this host, in a sentence. */
export type MultiplexerOffer = { readonly multiplexer: Multiplexer } | { readonly reason: string };

export interface MultiplexerFactory {
  /** Throws timed-out, connection-lost, cancelled, host.sessions-exhausted. */
  open(connection: HostConnection, signal?: AbortSignal): Promise<MultiplexerOffer>;
}
