/**
 * A program of the host that runs for long, with its streams. Guarantees: nothing is read ahead beyond the channel's own
 * window, every byte is delivered before the end is told, the end is told once. Whoever lets go of it closes its input
 * and its channel; the scripts that are started so end with their input.
 */
import type { ClientChannel } from 'ssh2';
import type { BerthError } from '#contract/berth-error.ts';
import type { HostProcess } from '../../control-plane/interfaces/host-connection.ts';
import { AnnouncementFilter, announcedCommand } from './remote-command.ts';
import type { SessionPool } from './session-pool.ts';
import { discard, type SshLink } from './ssh-link.ts';

/** @throws host.sessions-exhausted, timed-out, connection-lost, cancelled */
export async function startRemoteProcess(
  argv: readonly [string, ...string[]],
  { pool }: { readonly pool: SessionPool },
  signal?: AbortSignal,
): Promise<HostProcess> {
  const command = announcedCommand(argv, 'stderr');
  const { channel, link } = await pool.open((client, callback) => client.exec(command.line, callback), signal);
  return new RemoteProcessStreams(channel, link, command.nonce);
}

type End = { exitCode: number | null; error?: unknown };

class RemoteProcessStreams implements HostProcess {
  readonly #channel: ClientChannel;
  readonly #stopListening: () => void;
  #onEnd: ((end: End) => void) | undefined;
  #end: End | undefined;
  #lostError: BerthError | undefined;
  readonly #filter: AnnouncementFilter;

  constructor(channel: ClientChannel, link: SshLink, nonce: string) {
    this.#channel = channel;
    this.#filter = new AnnouncementFilter(nonce);
    this.#stopListening = link.onLost((error) => {
      this.#lostError = error;
    });
    channel.on('error', () => undefined);
    channel.stderr.on('error', () => undefined);
    channel.once('close', () => {
      // The link tells of its loss just after its channels have closed.
      setImmediate(() => {
        this.#stopListening();
        const exitCode = link.exitCodeOf(channel);
        const error = this.#lostError ?? (link.isAlive ? undefined : link.endError());
        this.#end = error && exitCode === null ? { exitCode, error } : { exitCode };
        this.#onEnd?.(this.#end);
      });
    });
  }

  onOutput(listener: (bytes: Uint8Array) => void): void {
    this.#channel.on('data', listener);
  }

  onErrorOutput(listener: (bytes: Uint8Array) => void): void {
    this.#channel.stderr.on('data', (chunk: Buffer) => {
      const own = this.#filter.push(chunk);
      if (own.length > 0) listener(own);
    });
  }

  onEnd(listener: (end: End) => void): void {
    this.#onEnd = listener;
    if (this.#end) listener(this.#end);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#end || !this.#channel.writable) return true;
    return this.#channel.write(bytes);
  }

  onDrain(listener: () => void): void {
    this.#channel.on('drain', listener);
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  release(): void {
    this.#channel.removeAllListeners('data');
    this.#stopListening();
    if (this.#channel.writable) this.#channel.end();
    discard(this.#channel);
  }
}
