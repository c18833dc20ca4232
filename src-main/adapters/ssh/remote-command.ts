/**
 * How every remote command begins: a fixed shell prologue announces the process (its id and start time) and is then
 * replaced by the program. sshd refuses signals for root, and leaves a program without a terminal running when its channel
 * closes; the announcement is what makes it possible to end it. Guarantees: no argument is part of the shell text.
 */
import { randomBytes } from 'node:crypto';
import { commandLine } from './quote.ts';

/** A process of the host that leads its own session, as sshd starts it. */
export interface RemoteProcess {
  readonly pid: string;
  /** Field 22 of /proc/PID/stat, so that a number that was given to another process is not mistaken; empty elsewhere. */
  readonly startTime: string;
}

/** $1 is a nonce; the rest is the program. `${20}` of the fields after the name is the start time (proc(5)). */
const prologue = (descriptor: 1 | 2) =>
  `berth_tell() { printf '%s %s %s\\n' "$berth_nonce" "$$" "\${20-}" >&${descriptor}; }
berth_nonce=$1; shift; berth_stat=
{ read -r berth_stat </proc/$$/stat; } 2>/dev/null
berth_tell \${berth_stat##*) }
unset -f berth_tell; unset berth_nonce berth_stat
exec "$@"`;

export interface AnnouncedCommand {
  readonly line: string;
  readonly nonce: string;
}

/** `where`: stderr for programs (their output stays their own), stdout for terminals (they have nothing else). */
export function announcedCommand(
  argv: readonly [string, ...string[]],
  where: 'stdout' | 'stderr',
): AnnouncedCommand {
  const nonce = `berth-${randomBytes(8).toString('hex')}`;
  const text = prologue(where === 'stdout' ? 1 : 2);
  return { line: commandLine(['/bin/sh', '-c', text, 'sh', nonce, ...argv]), nonce };
}

/** Past this much output the announcement is not looked for any more. */
const MAX_BEFORE_BYTES = 16 * 1024;

/** Takes the announcement out of a stream of bytes. */
export class AnnouncementFilter {
  process: RemoteProcess | undefined;
  readonly #nonce: string;
  #held: Buffer = Buffer.alloc(0);
  #isDone = false;

  constructor(nonce: string) {
    this.#nonce = nonce;
  }

  /** True once nothing is held back any more. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** The bytes that are the program's own. */
  push(chunk: Buffer): Buffer {
    if (this.#isDone) return chunk;
    this.#held = Buffer.concat([this.#held, chunk]);
    const start = this.#held.indexOf(this.#nonce);
    const end = start < 0 ? -1 : this.#held.indexOf('\n', start);
    if (end < 0) return this.#held.length > MAX_BEFORE_BYTES ? this.flush() : Buffer.alloc(0);
    const [, pid = '', startTime = ''] = this.#held.subarray(start, end).toString('latin1').trim().split(' ');
    if (/^\d+$/.test(pid)) this.process = { pid, startTime: /^\d+$/.test(startTime) ? startTime : '' };
    this.#isDone = true;
    const rest = Buffer.concat([this.#held.subarray(0, start), this.#held.subarray(end + 1)]);
    this.#held = Buffer.alloc(0);
    return rest;
  }

  /** What is still held back, at the end of the stream. */
  flush(): Buffer {
    this.#isDone = true;
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest;
  }
}
