/**
 * A program of the host that runs for long, with its streams. Guarantees: nothing is read ahead beyond the channel's own
 * window, every byte is delivered before the end is told, the end is told once. Whoever lets go of it closes its input
 * and its channel; the scripts that are started so end with their input.
 */
import type { ClientChannel } from 'ssh2';
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
  const { channel, link } = await pool.open(
    (client, callback) => client.exec(command.line, callback),
    signal,
  );
  return new RemoteProcessStreams(channel, link, command.nonce);
}

type End = { exitCode: number | null; error?: unknown };

class RemoteProcessStreams implements HostProcess {
  readonly #channel: ClientChannel;
  readonly #stopListening: () => void;
  #onEnd: ((end: End) => void) | undefined;
  #end: End | undefined;
  #onErrorOutput: ((bytes: Uint8Array) => void) | undefined;
  readonly #filter: AnnouncementFilter;

  constructor(channel: ClientChannel, link: SshLink, nonce: string) {
    this.#channel = channel;
    this.#filter = new AnnouncementFilter(nonce);
    this.#stopListening = link.onLost((error) => {
      // What came before is delivered first. A channel whose bytes nobody takes would not tell of its end.
      setImmediate(() => this.#finish({ exitCode: null, error }));
    });
    channel.on('error', () => undefined);
    channel.stderr.on('error', () => undefined);
    channel.stderr.on('data', (chunk: Buffer) => {
      const own = this.#filter.push(chunk);
      if (own.length > 0) this.#onErrorOutput?.(own);
    });
    channel.once('close', () => {
      setImmediate(() => {
        const exitCode = link.exitCodeOf(channel);
        this.#finish(link.isAlive || exitCode !== null ? { exitCode } : { exitCode, error: link.endError() });
      });
    });
  }

  onOutput(listener: (bytes: Uint8Array) => void): void {
    this.#channel.on('data', listener);
  }

  onErrorOutput(listener: (bytes: Uint8Array) => void): void {
    this.#onErrorOutput = listener;
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

  endInput(): void {
    if (!this.#end && this.#channel.writable) this.#channel.end();
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

  #finish(end: End): void {
    if (this.#end) return;
    this.#stopListening();
    this.#end = end;
    this.#onEnd?.(end);
  }
}
