/**
 * Requests to one `file-agent.py` over its streams. Guarantees: requests hold each other up no longer than one frame takes;
 * of each, a bounded number of bytes is under way in either direction; when the agent ends, all of them do.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostProcess } from '../interfaces/host-connection.ts';

const kinds = {
  ready: 0,
  request: 1,
  data: 2,
  end: 3,
  credit: 4,
  cancel: 5,
  item: 6,
  result: 7,
  fail: 8,
} as const;
/** As in file-agent.py. */
const windowBytes = 4 * 1024 * 1024;
const headBytes = 9;
/** What the agent sends at most is a part of a folder: 400 entries of a few hundred bytes, rarely more. */
const maxFrameBytes = 16 * 1024 * 1024;
const pieceBytes = 256 * 1024;

export type AgentPiece =
  | { readonly kind: 'item'; readonly value: unknown }
  | { readonly kind: 'data'; readonly bytes: Uint8Array };

/** Of the agent: a system call's error by its name in errno(3), or a word of its own. */
interface AgentFailure {
  readonly errno: string | null;
  readonly code: string | null;
  readonly path: string;
  readonly message: string;
}

export class AgentFailed extends Error {
  override readonly name = 'AgentFailed';
  readonly failure: AgentFailure;
  constructor(failure: AgentFailure) {
    super(failure.errno ?? failure.code ?? 'failed');
    this.failure = failure;
  }
}

export interface AgentRequest {
  /** Pieces as they come, to the end. Leaving early cancels the request. @throws AgentFailed, BerthError connection-lost */
  pieces(): AsyncGenerator<AgentPiece, void, undefined>;
  /** @throws AgentFailed, BerthError connection-lost, cancelled */
  readonly result: Promise<Readonly<Record<string, unknown>>>;
  /** Resolves when there is room for more, or when it has ended. */
  send(bytes: Uint8Array): Promise<void>;
  end(): void;
  cancel(): void;
}

interface Entry {
  readonly result: PromiseWithResolvers<Readonly<Record<string, unknown>>>;
  readonly queue: { piece: AgentPiece; bytes: number }[];
  credit: number;
  wakeSender: () => void;
  wakeReader: () => void;
  isOver: boolean;
}

export class AgentLink {
  /** Why it cannot be used, or null. */
  readonly ready: Promise<string | null>;
  readonly #process: HostProcess;
  readonly #entries = new Map<number, Entry>();
  readonly #starting = Promise.withResolvers<string | null>();
  readonly #overListeners: (() => void)[] = [];
  #lastNumber = 0;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #errorText = '';
  #over: BerthError | undefined;
  #isFull = false;
  #onDrain: (() => void)[] = [];

  constructor(process: HostProcess) {
    this.#process = process;
    this.ready = this.#starting.promise;
    this.ready.catch(() => undefined);
    process.onOutput((bytes) => this.#take(bytes));
    process.onErrorOutput((bytes) => {
      this.#errorText = (this.#errorText + Buffer.from(bytes).toString('utf8')).slice(-2000);
    });
    process.onDrain(() => {
      this.#isFull = false;
      for (const wake of this.#onDrain.splice(0)) wake();
    });
    process.onEnd(({ error }) => this.#end(error));
  }

  get isOver(): boolean {
    return this.#over !== undefined;
  }
  /** What the agent said of its own mistakes, for the log. */
  get errorText(): string {
    return this.#errorText;
  }
  get requestCount(): number {
    return this.#entries.size;
  }

  onOver(listener: () => void): void {
    if (this.#over === undefined) this.#overListeners.push(listener);
    else listener();
  }

  request(body: Readonly<Record<string, unknown>>): AgentRequest {
    if (this.#over !== undefined) throw this.#over;
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const entry: Entry = {
      result: Promise.withResolvers(),
      queue: [],
      credit: windowBytes,
      wakeSender: () => {},
      wakeReader: () => {},
      isOver: false,
    };
    entry.result.promise.catch(() => undefined);
    this.#entries.set(number, entry);
    this.#write(kinds.request, number, Buffer.from(JSON.stringify(body)));
    const cancel = () => {
      if (entry.isOver) return;
      this.#write(kinds.cancel, number);
    };
    return {
      pieces: () => this.#pieces(number, entry),
      result: entry.result.promise,
      send: (bytes) => this.#send(number, entry, bytes),
      end: () => {
        if (!entry.isOver) this.#write(kinds.end, number);
      },
      cancel,
    };
  }

  /** One that has only a result. */
  async call(body: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
    return await this.request(body).result;
  }

  close(): void {
    this.#process.release();
    this.#end(undefined);
  }

  async *#pieces(number: number, entry: Entry): AsyncGenerator<AgentPiece, void, undefined> {
    try {
      for (;;) {
        const next = entry.queue.shift();
        if (next !== undefined) {
          yield next.piece;
          this.#credit(number, entry, next.bytes);
        } else if (entry.isOver) {
          await entry.result.promise;
          return;
        } else
          await new Promise<void>((resolve) => {
            entry.wakeReader = resolve;
          });
      }
    } finally {
      entry.queue.length = 0;
      if (!entry.isOver) this.#write(kinds.cancel, number);
    }
  }

  #credit(number: number, entry: Entry, count: number): void {
    if (entry.isOver) return;
    const body = Buffer.alloc(4);
    body.writeUInt32BE(count);
    this.#write(kinds.credit, number, body);
  }

  async #send(number: number, entry: Entry, bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.byteLength && !entry.isOver; ) {
      if (entry.credit <= 0) {
        await new Promise<void>((resolve) => (entry.wakeSender = resolve));
        continue;
      }
      const piece = bytes.subarray(offset, offset + Math.min(entry.credit, pieceBytes));
      entry.credit -= piece.byteLength;
      offset += piece.byteLength;
      this.#write(kinds.data, number, piece);
      if (this.#isFull) await new Promise<void>((resolve) => this.#onDrain.push(resolve));
    }
  }

  #write(kind: number, number: number, body: Uint8Array = new Uint8Array()): void {
    if (this.#over !== undefined) return;
    const head = Buffer.allocUnsafe(headBytes);
    head.writeUInt8(kind, 0);
    head.writeUInt32BE(number, 1);
    head.writeUInt32BE(body.byteLength, 5);
    // Two writes and no copy: both are on their way before anything else is.
    const isHeadTaken = this.#process.write(head);
    const isTaken = body.byteLength === 0 ? isHeadTaken : this.#process.write(body);
    if (!isTaken) this.#isFull = true;
  }

  #take(chunk: Uint8Array): void {
    this.#held.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#heldBytes += chunk.byteLength;
    let needed = this.#needed();
    if (this.#heldBytes < needed) return;
    let rest = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held);
    for (;;) {
      this.#held = rest.byteLength === 0 ? [] : [rest];
      this.#heldBytes = rest.byteLength;
      needed = this.#needed();
      if (needed > maxFrameBytes) {
        this.close();
        return;
      }
      if (rest.byteLength < needed || this.#over !== undefined) return;
      const length = needed - headBytes;
      try {
        this.#frame(rest.readUInt8(0), rest.readUInt32BE(1), rest.subarray(headBytes, headBytes + length));
      } catch {
        // What is no JSON is not from our agent.
        this.close();
        return;
      }
      rest = rest.subarray(needed);
    }
  }

  /** Bytes until the frame that is begun is whole. */
  #needed(): number {
    const first = this.#held[0];
    if (first === undefined || this.#heldBytes < headBytes) return headBytes;
    const head =
      first.byteLength >= headBytes
        ? first
        : Buffer.concat(this.#held, this.#heldBytes).subarray(0, headBytes);
    return headBytes + head.readUInt32BE(5);
  }

  #frame(kind: number, number: number, body: Buffer): void {
    if (kind === kinds.ready && number === 0) {
      const { problem } = parse(body);
      this.#starting.resolve(typeof problem === 'string' ? problem : null);
      return;
    }
    const entry = this.#entries.get(number);
    if (entry === undefined) return;
    if (kind === kinds.data) this.#push(entry, { kind: 'data', bytes: body }, body.byteLength);
    else if (kind === kinds.item) this.#push(entry, { kind: 'item', value: parse(body) }, body.byteLength);
    else if (kind === kinds.credit && body.byteLength === 4) {
      entry.credit += body.readUInt32BE(0);
      entry.wakeSender();
    } else if (kind === kinds.result) this.#settle(number, entry, () => entry.result.resolve(parse(body)));
    else if (kind === kinds.fail) {
      const failure = failureOf(parse(body));
      const error =
        failure.code === 'cancelled'
          ? new BerthError('cancelled', 'It was cancelled.')
          : new AgentFailed(failure);
      this.#settle(number, entry, () => entry.result.reject(error));
    } else this.close();
  }

  #push(entry: Entry, piece: AgentPiece, bytes: number): void {
    entry.queue.push({ piece, bytes });
    entry.wakeReader();
  }

  #settle(number: number, entry: Entry, settle: () => void): void {
    if (entry.isOver) return;
    entry.isOver = true;
    this.#entries.delete(number);
    settle();
    entry.wakeSender();
    entry.wakeReader();
  }

  #end(cause: unknown): void {
    if (this.#over !== undefined) return;
    const why = BerthError.is(cause)
      ? cause
      : new BerthError('connection-lost', 'The connection to the files was lost. Try again.', { cause });
    this.#over = why;
    this.#starting.reject(why);
    for (const [number, entry] of [...this.#entries])
      this.#settle(number, entry, () => entry.result.reject(why));
    for (const wake of this.#onDrain.splice(0)) wake();
    for (const listener of this.#overListeners.splice(0)) listener();
  }
}

function parse(body: Buffer): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(body.toString('utf8'));
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function failureOf(value: Readonly<Record<string, unknown>>): AgentFailure {
  const word = (name: string) => (typeof value[name] === 'string' ? value[name] : null);
  return {
    errno: word('errno'),
    code: word('code'),
    path: word('path') ?? '',
    message: word('message') ?? '',
  };
}
