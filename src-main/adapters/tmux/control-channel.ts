/**
 * One control client of tmux (tmux(1), CONTROL MODE): commands go in as lines, the output of each comes back between
 * `%begin` and `%end` or `%error`, notifications come in between. Guarantees: replies meet their requests in order; a
 * request that is not answered in time ends the channel, since none behind it would be.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { HostProcess } from '../../control-plane/interfaces/host-connection.ts';
import { commandList } from './tmux-words.ts';

const requestTimeoutMs = 15_000;
/** A key that is not confirmed for so long makes the whole way suspect: that is found out sooner than any time-out. */
const slowAfterMs = 2_500;
/** No line of ours is longer; a longer one is not kept. */
const maxLineBytes = 1024 * 1024;

interface Request {
  /** Commands whose output has not come yet. */
  left: number;
  readonly outputs: string[][];
  readonly settle: (error: unknown) => void;
}

export class ControlChannel {
  readonly #process: HostProcess;
  readonly #clock: Clock;
  readonly #requests: Request[] = [];
  readonly #onNotice: (line: string) => void;
  readonly #onEnd: (error: unknown) => void;
  readonly #onSlow: () => void;
  #stopTimer: (() => void) | undefined;
  #sentAtMs = 0;
  #isEnded = false;
  #rest: Buffer = Buffer.alloc(0);
  /** Lines of the block that is open; undefined between blocks. */
  #block: { lines: string[]; isOurs: boolean; guard: string } | undefined;

  constructor(deps: {
    process: HostProcess;
    clock: Clock;
    /** A notification, `%name …`. */
    onNotice: (line: string) => void;
    onEnd: (error: unknown) => void;
    /** Nothing was answered for a while, though something was asked. */
    onSlow: () => void;
  }) {
    this.#process = deps.process;
    this.#clock = deps.clock;
    this.#onNotice = deps.onNotice;
    this.#onEnd = deps.onEnd;
    this.#onSlow = deps.onSlow;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Bytes of the process's output. */
  push(bytes: Uint8Array): void {
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : Buffer.from(bytes);
    for (;;) {
      const end = data.indexOf(0x0a);
      if (end < 0) break;
      this.#line(data.toString('utf8', 0, end));
      data = data.subarray(end + 1);
    }
    this.#rest = data.length > maxLineBytes ? Buffer.alloc(0) : Buffer.from(data);
  }

  /** Resolves with the output lines of each command. Throws terminal.open-failed with tmux's words, timed-out, connection-lost. */
  request(...commands: readonly string[]): Promise<string[][]> {
    return new Promise((resolve, reject) => {
      if (this.#isEnded) {
        reject(new BerthError('connection-lost', 'The way to the terminals of this host is closed.'));
        return;
      }
      const outputs: string[][] = [];
      this.#requests.push({
        left: commands.length,
        outputs,
        settle: (error) => (error === undefined ? resolve(outputs) : reject(error as Error)),
      });
      if (this.#requests.length === 1) this.#sentAtMs = this.#clock.monotonicMs();
      this.#process.write(Buffer.from(`${commandList(commands)}\n`, 'utf8'));
      this.#watch();
    });
  }

  end(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stopTimer?.();
    this.#process.release();
    for (const request of this.#requests.splice(0)) request.settle(error);
    this.#onEnd(error);
  }

  #watch(): void {
    if (this.#stopTimer !== undefined || this.#requests.length === 0 || this.#isEnded) return;
    this.#stopTimer = this.#clock.after(slowAfterMs, () => {
      this.#stopTimer = undefined;
      const silentMs = this.#clock.monotonicMs() - this.#sentAtMs;
      if (this.#requests.length > 0 && silentMs >= requestTimeoutMs) {
        this.end(new BerthError('timed-out', 'tmux on the host does not answer.'));
        return;
      }
      if (this.#requests.length > 0 && silentMs >= slowAfterMs) this.#onSlow();
      this.#watch();
    });
  }

  #line(text: string): void {
    const block = this.#block;
    if (block === undefined) {
      const begin = /^%begin (\d+ \d+) (\d+)$/.exec(text);
      if (begin) this.#block = { lines: [], isOurs: begin[2] === '1', guard: begin[1] as string };
      else if (text.startsWith('%exit'))
        this.end(new BerthError('connection-lost', 'tmux on the host has ended.'));
      else if (text.startsWith('%')) this.#onNotice(text);
      return;
    }
    const end = /^%(end|error) (\d+ \d+) \d+$/.exec(text);
    if (end?.[2] !== block.guard) {
      block.lines.push(text);
      return;
    }
    this.#block = undefined;
    if (!block.isOurs) return;
    const request = this.#requests[0];
    if (request === undefined) return;
    this.#sentAtMs = this.#clock.monotonicMs();
    request.outputs.push(block.lines);
    request.left -= 1;
    const isError = end[1] === 'error';
    if (!isError && request.left > 0) return;
    this.#requests.shift();
    request.settle(isError ? refusal(block.lines) : undefined);
  }
}

function refusal(lines: readonly string[]): BerthError {
  const words = lines.join(' ').slice(0, 300);
  return new BerthError(
    'terminal.open-failed',
    `tmux on the host refused: ${words || 'it gave no reason'}.`,
    {
      details: { tmux: words },
    },
  );
}
