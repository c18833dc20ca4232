/**
 * A live way to one machine, whichever kind it is. One SSH connection carries everything; where the server limits
 * sessions, the adapter pools. Every open has a time-out; a connection that does not answer its probe is dead.
 */
import type { Duplex } from 'node:stream';
import type { HostFacts } from '#contract/hosts.ts';
import type { FilePrimitives } from './file-primitives.ts';

export interface ExecOptions {
  /** Bytes for standard input; it is closed after them. */
  readonly input?: Uint8Array | string;
  /** Milliseconds until the command is ended and `timed-out` is thrown. Default 15,000. */
  readonly timeoutMs?: number;
  /** More output than this (each of stdout and stderr) is dropped and `isTruncated` set. Default 1 MiB. */
  readonly maxOutputBytes?: number;
  readonly signal?: AbortSignal;
}

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly isTruncated: boolean;
}

/** A PTY. Reading pauses with `pause()`; nothing is buffered here beyond the channel's own window. */
export interface Pty {
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Called once. `exitCode` null: a signal, or the connection went away (`error` then says so). */
  onEnd(listener: (end: { exitCode: number | null; error?: unknown }) => void): void;
  /** False: the way is full, wait for `onDrain` before writing more. */
  write(bytes: Uint8Array): boolean;
  onDrain(listener: () => void): void;
  pause(): void;
  resume(): void;
  resize(size: { cols: number; rows: number }): void;
  /** Ends the process group (SIGHUP, then SIGKILL) and frees the channel. Resolves when it is gone. */
  kill(): Promise<void>;
}

export interface PtyOptions {
  readonly cols: number;
  readonly rows: number;
  readonly term: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Program and arguments; absent: the login shell. Never a shell text. */
  readonly argv?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * A program of the host without a terminal, its streams as they come. Reading pauses with `pause()`, and then nothing is
 * buffered here beyond the channel's own window; standard error shares that window.
 */
export interface HostProcess {
  onOutput(listener: (bytes: Uint8Array) => void): void;
  onErrorOutput(listener: (bytes: Uint8Array) => void): void;
  /** Called once, after the last byte. `exitCode` null: a signal, or the connection went away (`error` then says so). */
  onEnd(listener: (end: { exitCode: number | null; error?: unknown }) => void): void;
  /** False: the way is full, wait for `onDrain` before writing more. */
  write(bytes: Uint8Array): boolean;
  onDrain(listener: () => void): void;
  /** Closes its input once all that was written is there; its output goes on. Writing afterwards does nothing. */
  endInput(): void;
  pause(): void;
  resume(): void;
  /** Lets go of it: closes its input and stops reading. Never rejects; does not wait. */
  release(): void;
}

export type EngineRoute = 'stream-forward' | 'dial-stdio' | 'local-socket';

export interface HostConnection {
  readonly kind: 'ssh' | 'local';
  /** What was learnt while connecting (server banner, host key); the rest of the facts is read by the doctor. */
  readonly learnt: Pick<HostFacts, 'sshServer' | 'hostKey'>;
  /** Runs a program with arguments and returns its output. Throws host.sessions-exhausted, connection-lost, timed-out. */
  exec(argv: readonly [string, ...string[]], options?: ExecOptions): Promise<ExecResult>;
  /**
   * Runs one of resources/remote's scripts with arguments: by name without `.sh` through sh, or with its `.py` through Python
   * 3. Exit code 127: there is none, or the machine is no Linux.
   */
  runScript(script: string, args?: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  openPty(options: PtyOptions): Promise<Pty>;
  /** Starts one of resources/remote's scripts, for as long as it runs. Throws as `exec` does. */
  startScript(script: string, args: readonly string[], signal?: AbortSignal): Promise<HostProcess>;
  /**
   * A TCP connection from the host to an address that it has itself, as that of a container; half-close is kept. Throws
   * workspace.port-refused, timed-out, engine.forwarding-denied (the server forbids it), connection-lost, cancelled.
   */
  dial(address: string, port: number, signal?: AbortSignal): Promise<Duplex>;
  /** A new stream to the engine's socket. Streams over SSH forwarding cost no session. */
  openEngineStream(signal?: AbortSignal): Promise<Duplex>;
  /** The machine's files, as the login sees them; costs a session over SSH. Throws file.tools-missing (no SFTP), as `exec`. */
  openFiles(signal?: AbortSignal): Promise<FilePrimitives>;
  /** How the engine is reached, once known; undefined before the first stream, or when there is none. */
  readonly engineRoute: EngineRoute | undefined;
  /** The engine's socket on the host; undefined as `engineRoute`. */
  readonly engineSocketPath: string | undefined;
  /** One end-to-end round trip, in milliseconds; rejects with timed-out and then the connection counts as dead. */
  probe(timeoutMs: number): Promise<number>;
  /** Called once when the connection is lost, not when `close` was called. */
  onLost(listener: (error: unknown) => void): void;
  close(): Promise<void>;
}
