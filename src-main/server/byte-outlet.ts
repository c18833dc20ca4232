/**
 * The way out of one connection for all its byte streams. Owns batching, credit and fairness: a stream's bytes leave in
 * frames of at most `batchBytes`, one frame per stream and turn, at once when the stream was quiet and otherwise in
 * batches of about `batchMs`. Guarantees that nothing leaves without credit, nor while the carrier holds more than
 * `highWaterBytes`. It never reads a source: whoever awaits `send` is paced by it.
 */
import { BerthError } from '#contract/berth-error.ts';
import { byteFlow, type Connection } from '#contract/frame.ts';
import { ByteQueue } from './byte-queue.ts';

/** Milliseconds that a busy stream collects before it flushes; under what a person can see, over what a frame costs. */
const batchMs = 5;
/** Bytes in the carrier at which everything waits. A few batches: one stream's keystroke waits behind no more than these. */
const highWaterBytes = 4 * byteFlow.batchBytes;
/** Milliseconds between looks at a full carrier that cannot say when it has drained. */
const fullCheckMs = 2;

export interface OutletStream {
  /** Resolves when there is credit for more; rejects as `cancelled` once the stream has ended. */
  send(bytes: Uint8Array): Promise<void>;
  readonly waitingBytes: number;
  dropWaiting(): number;
  addCredit(bytes: number): void;
  readonly credit: number;
  /** Resolves when all that was sent has left, or when the stream was ended before. */
  drained(): Promise<void>;
  end(): void;
}

interface Stream extends OutletStream {
  /** Sends one frame if it may; true when it did. */
  flushOne(): boolean;
}

export class ByteOutlet {
  readonly #connection: Connection;
  readonly #scratch = new Uint8Array(byteFlow.batchBytes);
  /** Streams with bytes to send, in turn. */
  readonly #ready = new Set<Stream>();
  #fullTimer: NodeJS.Timeout | undefined;
  #isFlushing = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.onDrain?.(() => this.#flush());
  }

  get isFull(): boolean {
    return this.#connection.bufferedBytes >= highWaterBytes;
  }

  /** Calls `resume` when the carrier has room; at once if it has. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.isFull && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, fullCheckMs));
  }

  open(streamId: number, initialCredit: number): OutletStream {
    const connection = this.#connection;
    const scratch = this.#scratch;
    const queue = new ByteQueue();
    let credit = initialCredit;
    let isEnded = false;
    let batchTimer: NodeJS.Timeout | undefined;
    let waiters: { resolve: () => void; reject: (error: unknown) => void }[] = [];
    let drainWaiters: (() => void)[] = [];

    const canTakeMore = () => queue.length < Math.min(credit, byteFlow.initialBytes);

    const settle = () => {
      if (queue.length === 0) {
        const done = drainWaiters;
        drainWaiters = [];
        for (const resolve of done) resolve();
      }
      if (waiters.length === 0 || !canTakeMore()) return;
      const released = waiters;
      waiters = [];
      for (const waiter of released) waiter.resolve();
    };

    const holdBatch = () => {
      if (batchTimer !== undefined) return;
      batchTimer = setTimeout(() => {
        batchTimer = undefined;
        if (queue.length > 0) this.#enqueue(stream);
      }, batchMs);
    };

    const stream: Stream = {
      get credit() {
        return credit;
      },
      get waitingBytes() {
        return queue.length;
      },
      send: (bytes) => {
        if (isEnded) return handled(Promise.reject(ended()));
        const isQuiet = batchTimer === undefined && queue.length === 0;
        const isWhole = bytes.byteLength >= byteFlow.batchBytes;
        let rest = bytes;
        // The quick way: nothing is before these bytes, so they go out as they are, without a copy of ours.
        if (queue.length === 0 && (isQuiet || isWhole)) {
          while (rest.byteLength > 0 && credit > 0 && !this.isFull) {
            const part = rest.subarray(0, Math.min(byteFlow.batchBytes, credit));
            credit -= part.byteLength;
            connection.sendBinary(streamId, part);
            rest = rest.subarray(part.byteLength);
          }
          holdBatch();
        }
        queue.append(rest);
        if (queue.length >= byteFlow.batchBytes || (queue.length > 0 && batchTimer === undefined))
          this.#enqueue(stream);
        if (isEnded) return handled(Promise.reject(ended()));
        if (canTakeMore()) return Promise.resolve();
        return handled(new Promise<void>((resolve, reject) => waiters.push({ resolve, reject })));
      },
      dropWaiting: () => {
        const dropped = queue.clear();
        this.#ready.delete(stream);
        settle();
        return dropped;
      },
      addCredit: (bytes) => {
        credit += bytes;
        if (queue.length > 0 && batchTimer === undefined) this.#enqueue(stream);
        else if (queue.length >= byteFlow.batchBytes) this.#enqueue(stream);
        settle();
      },
      drained: () => {
        if (isEnded || queue.length === 0) return Promise.resolve();
        this.#enqueue(stream);
        if (queue.length === 0) return Promise.resolve();
        return new Promise((resolve) => drainWaiters.push(resolve));
      },
      end: () => {
        if (isEnded) return;
        isEnded = true;
        clearTimeout(batchTimer);
        queue.clear();
        this.#ready.delete(stream);
        for (const waiter of waiters) waiter.reject(ended());
        for (const resolve of drainWaiters) resolve();
        waiters = [];
        drainWaiters = [];
      },
      flushOne: () => {
        if (queue.length === 0 || credit === 0) return false;
        const batch = queue.take(Math.min(byteFlow.batchBytes, credit), scratch);
        credit -= batch.byteLength;
        connection.sendBinary(streamId, batch);
        holdBatch();
        settle();
        return true;
      },
    };
    return stream;
  }

  close(): void {
    clearTimeout(this.#fullTimer);
    for (const stream of [...this.#ready]) stream.end();
    this.#ready.clear();
  }

  #enqueue(stream: Stream): void {
    this.#ready.add(stream);
    this.#flush();
  }

  #flush(): void {
    // `flushOne` wakes producers, who send and land here again: the turn under way serves them too.
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      while (this.#ready.size > 0 && !this.isFull) {
        for (const stream of this.#ready) {
          if (this.isFull) break;
          // To the end of the line, or out of it when it has nothing more or no credit.
          this.#ready.delete(stream);
          if (stream.flushOne() && stream.waitingBytes > 0 && stream.credit > 0) {
            this.#ready.add(stream);
            break;
          }
        }
      }
    } finally {
      this.#isFlushing = false;
    }
    if (this.#ready.size > 0 && this.#fullTimer === undefined && this.#connection.onDrain === undefined)
      this.#fullTimer = setTimeout(() => {
        this.#fullTimer = undefined;
        this.#flush();
      }, fullCheckMs);
  }
}

function ended(): BerthError {
  return new BerthError('cancelled', 'The stream has ended.');
}

/** Whoever does not await `send` is not punished with an unhandled rejection; whoever does still gets it. */
function handled(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}
