/**
 * The log lines of operations: kept on disk while they come (bounded there, oldest dropped first), and followed by
 * whoever watches, backlog first. A reader that is slower than the writer loses the oldest lines and is told so.
 * Must not be given secrets: what is logged is shown.
 */
import type { OperationId } from '#contract/ids.ts';
import type { LogLine } from '#contract/operations.ts';
import type { Log } from '../interfaces/log.ts';
import type { RowLog } from '../interfaces/record-store.ts';

/** Lines of a running operation held in memory. A pull of 50 layers writes about 300. */
const KEPT_LINES = 2_000;
/** Characters of one line; the rest is cut. */
const LINE_CHARACTERS = 4_000;
/** Lines on their way to the disk; past this they are only shown, so that a flood cannot grow memory. */
const PENDING_WRITES = 500;

interface OpenLog {
  readonly lines: LogLine[];
  /** How many lines were dropped from the front of `lines`. */
  dropped: number;
  readonly wakers: Set<() => void>;
  pendingWrites: number;
  writing: Promise<void>;
}

export class OperationLog {
  readonly #rows: RowLog<LogLine>;
  readonly #log: Log;
  readonly #open = new Map<OperationId, OpenLog>();

  constructor(rows: RowLog<LogLine>, log: Log) {
    this.#rows = rows;
    this.#log = log;
  }

  /** Lines can be added from now on; what an earlier run of Berth wrote is part of it. */
  async open(id: OperationId): Promise<void> {
    const lines = (await this.#rows.read(id)).slice(-KEPT_LINES);
    this.#open.set(id, {
      lines,
      dropped: 0,
      wakers: new Set(),
      pendingWrites: 0,
      writing: Promise.resolve(),
    });
  }

  add(id: OperationId, line: LogLine): void {
    const open = this.#open.get(id);
    if (!open) return;
    const text = line.text.length > LINE_CHARACTERS ? `${line.text.slice(0, LINE_CHARACTERS)} …` : line.text;
    const bounded = { ...line, text };
    open.lines.push(bounded);
    if (open.lines.length > KEPT_LINES) {
      open.lines.shift();
      open.dropped += 1;
    }
    for (const wake of open.wakers) wake();
    if (open.pendingWrites >= PENDING_WRITES) return;
    open.pendingWrites += 1;
    open.writing = open.writing
      .then(() => this.#rows.append(id, bounded))
      // The journal says what happened; a lost line of the log must not stop the operation.
      .catch((cause: unknown) => this.#log.warn('a line of an operation log was not kept', { id, cause }))
      .finally(() => {
        open.pendingWrites -= 1;
      });
  }

  /** No line follows: readers end, and every line is on disk when it resolves. */
  async close(id: OperationId): Promise<void> {
    const open = this.#open.get(id);
    if (!open) return;
    await open.writing;
    this.#open.delete(id);
    for (const wake of open.wakers) wake();
  }

  async drop(id: OperationId): Promise<void> {
    await this.#rows.drop(id);
  }

  /** The backlog, then each new line; ends when the log closes or `signal` aborts. */
  async *follow(id: OperationId, signal: AbortSignal): AsyncGenerator<LogLine> {
    const open = this.#open.get(id);
    if (!open) {
      yield* await this.#rows.read(id);
      return;
    }
    let wake: () => void = () => {};
    const onChange = () => wake();
    open.wakers.add(onChange);
    signal.addEventListener('abort', onChange, { once: true });
    try {
      for (let next = 0; !signal.aborted; ) {
        const missed = open.dropped - next;
        const first = open.lines[0];
        if (missed > 0 && first) {
          next = open.dropped;
          yield { at: first.at, step: null, level: 'warning', text: `… ${missed} lines are not shown` };
          continue;
        }
        const line = open.lines[next - open.dropped];
        if (line) {
          next += 1;
          yield line;
        } else if (this.#open.get(id) !== open) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      open.wakers.delete(onChange);
      signal.removeEventListener('abort', onChange);
    }
  }
}
