/**
 * A terminal on the host. Guarantees: nothing is read ahead beyond the channel's own window (a paused terminal stops the
 * program that writes to it), every byte is delivered before the end is told, the end is told once, and `kill` ends the
 * process group, also for root, whose signals sshd refuses to pass on.
 */
import type { ClientChannel } from 'ssh2';
import type { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { Pty, PtyOptions } from '../../control-plane/interfaces/host-connection.ts';
import { AnnouncementFilter, announcedCommand, type RemoteProcess } from './remote-command.ts';
import type { SessionPool } from './session-pool.ts';
import { cancelled } from './ssh-error.ts';
import { discard, OPEN_TIMEOUT_MS, type SshLink } from './ssh-link.ts';

/** A login shell: `$SHELL -l`, and `-l` alone is what every shell takes (sh, bash, zsh, fish, csh). */
// biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's expansion, not ours.
const LOGIN_SHELL = ['/bin/sh', '-c', 'exec "${SHELL:-/bin/sh}" -l'] as const;
/** For the channel to close once its processes are gone; sshd waits for what still holds the terminal. */
const CLOSE_TIMEOUT_MS = 3_000;

export interface RemotePtyDeps {
  readonly pool: SessionPool;
  readonly clock: Clock;
  /** Ends a process group of the host; never rejects. */
  readonly endProcess: (process: RemoteProcess) => Promise<void>;
}

/** @throws host.sessions-exhausted, timed-out, connection-lost, cancelled */
export async function openRemotePty(options: PtyOptions, deps: RemotePtyDeps): Promise<Pty> {
  const { cols, rows, term, env = {}, signal } = options;
  const program = options.argv?.length ? options.argv : LOGIN_SHELL;
  // Through env(1): sshd passes on only what AcceptEnv lists. For what is no secret: arguments show in ps.
  const pairs = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const argv: [string, ...string[]] =
    pairs.length > 0 ? ['env', ...pairs, ...program] : [...(program as [string])];
  const command = announcedCommand(argv, 'stdout');
  const { channel, link } = await deps.pool.open(
    (client, callback) =>
      client.exec(command.line, { pty: { cols, rows, term, width: 0, height: 0 } }, callback),
    signal,
  );
  const pty = new RemotePty(channel, link, command.nonce, deps);
  await pty.started(signal);
  return pty;
}

class RemotePty implements Pty {
  readonly #channel: ClientChannel;
  readonly #link: SshLink;
  readonly #deps: RemotePtyDeps;
  readonly #filter: AnnouncementFilter;
  #dataListener: ((bytes: Uint8Array) => void) | undefined;
  #endListener: ((end: { exitCode: number | null; error?: unknown }) => void) | undefined;
  /** What came with the announcement, until someone listens. */
  #early: Buffer[] = [];
  #isPaused = false;
  #lostError: BerthError | undefined;
  #end: { exitCode: number | null; error?: unknown } | undefined;
  readonly #closed: Promise<void>;
  #onStarted: (() => void) | undefined;

  constructor(channel: ClientChannel, link: SshLink, nonce: string, deps: RemotePtyDeps) {
    this.#channel = channel;
    this.#link = link;
    this.#deps = deps;
    this.#filter = new AnnouncementFilter(nonce);
    const stopListening = link.onLost((error) => {
      this.#lostError = error;
    });
    channel.on('error', () => undefined);
    channel.stderr.resume();
    this.#closed = new Promise((resolve) => {
      channel.once('close', () => {
        // The link tells of its loss just after its channels have closed.
        setImmediate(() => {
          stopListening();
          this.#deliver(this.#filter.flush());
          this.#onStarted?.();
          this.#finish();
          resolve();
        });
      });
    });
    channel.on('data', (chunk: Buffer) => {
      const wasDone = this.#filter.isDone;
      const own = this.#filter.push(chunk);
      if (own.length > 0) this.#deliver(own);
      if (!wasDone && this.#filter.isDone) this.#onStarted?.();
    });
  }

  /** Resolves when the program has been started (or has ended already). */
  started(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (done: () => void) => {
        stopTimer();
        signal?.removeEventListener('abort', onAbort);
        this.#onStarted = undefined;
        done();
      };
      const onAbort = () =>
        settle(() => {
          discard(this.#channel);
          reject(cancelled());
        });
      // Without its announcement (a forced command took the place of ours) the terminal is used all the same.
      const stopTimer = this.#deps.clock.after(OPEN_TIMEOUT_MS, () => {
        this.#deliver(this.#filter.flush());
        this.#onStarted?.();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#onStarted = () =>
        settle(() => {
          // Nobody listens yet: the window fills, and the program waits.
          if (this.#dataListener === undefined) this.#channel.pause();
          resolve();
        });
      if (signal?.aborted) onAbort();
    });
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#dataListener = listener;
    if (this.#isPaused) return;
    this.#flushEarly();
    this.#channel.resume();
  }

  onEnd(listener: (end: { exitCode: number | null; error?: unknown }) => void): void {
    this.#endListener = listener;
    this.#tellEnd();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#end !== undefined || !this.#channel.writable) return true;
    return this.#channel.write(bytes);
  }

  onDrain(listener: () => void): void {
    this.#channel.on('drain', listener);
  }

  pause(): void {
    this.#isPaused = true;
    this.#channel.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#dataListener === undefined) return;
    this.#flushEarly();
    this.#channel.resume();
    this.#tellEnd();
  }

  resize(size: { cols: number; rows: number }): void {
    this.#channel.setWindow(size.rows, size.cols, 0, 0);
  }

  async kill(): Promise<void> {
    if (this.#end !== undefined) return;
    // What is still on its way is not wanted any more, and would keep the channel from closing.
    this.#isPaused = false;
    this.#channel.resume();
    if (this.#filter.process && this.#link.isAlive) await this.#deps.endProcess(this.#filter.process);
    discard(this.#channel);
    await new Promise<void>((resolve) => {
      const stopTimer = this.#deps.clock.after(CLOSE_TIMEOUT_MS, () => {
        this.#finish();
        resolve();
      });
      void this.#closed.then(() => {
        stopTimer();
        resolve();
      });
    });
  }

  #deliver(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#dataListener === undefined || this.#isPaused) this.#early.push(bytes);
    else this.#dataListener(bytes);
  }

  #flushEarly(): void {
    const early = this.#early;
    this.#early = [];
    for (const bytes of early) this.#deliver(bytes);
  }

  #finish(): void {
    if (this.#end !== undefined) return;
    const exitCode = this.#link.exitCodeOf(this.#channel);
    const error = this.#lostError ?? (this.#link.isAlive ? undefined : this.#link.endError());
    this.#end = error && exitCode === null ? { exitCode, error } : { exitCode };
    this.#tellEnd();
  }

  #tellEnd(): void {
    if (this.#end === undefined || this.#endListener === undefined || this.#early.length > 0) return;
    const listener = this.#endListener;
    this.#endListener = () => undefined;
    listener(this.#end);
  }
}
