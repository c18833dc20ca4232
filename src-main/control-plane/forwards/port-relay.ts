/**
 * Many TCP connections over the streams of one `dial-relay.py`, which stands in a workspace's network. Guarantees that a
 * slow connection holds up no other: each may have `windowBytes` under way in each direction, and more as they are used.
 * When the relay ends, all its connections do.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostProcess } from '../interfaces/host-connection.ts';

const kinds = { ready: 0, open: 1, data: 2, end: 3, reset: 4, credit: 5 } as const;
/** As in dial-relay.py, where `opened` is 1 and `closed` 4. */
const windowBytes = 262_144;
const headBytes = 9;
/** What the relay sends at most is one piece of 64 KiB. */
const maxFrameBytes = 1024 * 1024;
const pieceBytes = 65_536;

export interface RelayedConnection {
  /** Resolves when there is room for more; what is sent after the end is dropped. */
  send(bytes: Uint8Array): Promise<void>;
  end(): void;
  reset(): void;
  /** One listener. The promise returns the bytes' credit to the server's side. */
  onData(listener: (bytes: Uint8Array) => Promise<void>): void;
  /** The server will send nothing more. */
  onEnd(listener: () => void): void;
  /** Resolves when both directions have ended; rejects with connection-lost when it broke. */
  readonly closed: Promise<void>;
}

interface Entry {
  readonly opening: PromiseWithResolvers<void>;
  readonly closing: PromiseWithResolvers<void>;
  credit: number;
  onCredit: () => void;
  readonly early: Uint8Array[];
  listener: ((bytes: Uint8Array) => Promise<void>) | undefined;
  endListener: (() => void) | undefined;
  hasEnded: boolean;
  isOver: boolean;
}

export class PortRelay {
  readonly #process: HostProcess;
  readonly #entries = new Map<number, Entry>();
  readonly #starting = Promise.withResolvers<void>();
  readonly #onIdle: () => void;
  #lastNumber = 0;
  #rest = Buffer.alloc(0);
  #errorText = '';
  #isOver = false;

  constructor(process: HostProcess, onIdle: () => void) {
    this.#process = process;
    this.#onIdle = onIdle;
    this.#starting.promise.catch(() => undefined);
    process.onOutput((bytes) => this.#take(bytes));
    process.onErrorOutput((bytes) => {
      this.#errorText = (this.#errorText + Buffer.from(bytes).toString('utf8')).slice(-1000);
    });
    process.onEnd(({ error }) => this.#over(error));
  }

  get isOver(): boolean {
    return this.#isOver;
  }
  get connectionCount(): number {
    return this.#entries.size;
  }

  /** Throws workspace.port-refused, connection-lost. */
  async open(port: number): Promise<RelayedConnection> {
    await this.#starting.promise;
    if (this.#isOver) throw lost();
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const entry: Entry = {
      opening: Promise.withResolvers(),
      closing: Promise.withResolvers(),
      credit: windowBytes,
      onCredit: () => {},
      early: [],
      listener: undefined,
      endListener: undefined,
      hasEnded: false,
      isOver: false,
    };
    entry.opening.promise.catch(() => undefined);
    entry.closing.promise.catch(() => undefined);
    this.#entries.set(number, entry);
    const body = Buffer.alloc(2);
    body.writeUInt16BE(port);
    this.#send(kinds.open, number, body);
    await entry.opening.promise;
    return this.#connection(number, entry);
  }

  /** Ends it and all that goes through it. */
  close(): void {
    this.#process.release();
    this.#over(undefined);
  }

  #connection(number: number, entry: Entry): RelayedConnection {
    return {
      send: async (bytes) => {
        for (let offset = 0; offset < bytes.byteLength && !entry.isOver; ) {
          if (entry.credit === 0) {
            await new Promise<void>((resolve) => (entry.onCredit = resolve));
            continue;
          }
          const piece = bytes.subarray(offset, offset + Math.min(entry.credit, pieceBytes));
          entry.credit -= piece.byteLength;
          offset += piece.byteLength;
          this.#send(kinds.data, number, piece);
        }
      },
      end: () => {
        if (!entry.isOver) this.#send(kinds.end, number);
      },
      reset: () => {
        if (entry.isOver) return;
        this.#send(kinds.reset, number);
        this.#close(number, entry);
      },
      onData: (listener) => {
        entry.listener = listener;
        for (const bytes of entry.early.splice(0)) this.#deliver(number, entry, bytes);
      },
      onEnd: (listener) => {
        entry.endListener = listener;
        if (entry.hasEnded) listener();
      },
      closed: entry.closing.promise,
    };
  }

  #send(kind: number, number: number, body: Uint8Array = new Uint8Array()): void {
    if (this.#isOver) return;
    const message = Buffer.allocUnsafe(headBytes + body.byteLength);
    message.writeUInt8(kind, 0);
    message.writeUInt32BE(number, 1);
    message.writeUInt32BE(body.byteLength, 5);
    message.set(body, headBytes);
    // Bounded by the windows of its connections: there is no need to wait for the way.
    this.#process.write(message);
  }

  #take(chunk: Uint8Array): void {
    let rest = this.#rest.byteLength === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    while (rest.byteLength >= headBytes) {
      const length = rest.readUInt32BE(5);
      if (length > maxFrameBytes) {
        this.close();
        return;
      }
      if (rest.byteLength < headBytes + length) break;
      this.#frame(rest.readUInt8(0), rest.readUInt32BE(1), rest.subarray(headBytes, headBytes + length));
      rest = rest.subarray(headBytes + length);
    }
    this.#rest = rest;
  }

  #frame(kind: number, number: number, body: Buffer): void {
    if (kind === kinds.ready && number === 0) this.#starting.resolve();
    const entry = this.#entries.get(number);
    if (entry !== undefined) this.#frameOf(entry, { kind, number, body });
  }

  #frameOf(entry: Entry, { kind, number, body }: { kind: number; number: number; body: Buffer }): void {
    if (kind === kinds.open) entry.opening.resolve();
    else if (kind === kinds.data) {
      if (entry.listener === undefined) entry.early.push(body);
      else this.#deliver(number, entry, body);
    } else if (kind === kinds.end) {
      entry.hasEnded = true;
      entry.endListener?.();
    } else if (kind === kinds.credit && body.byteLength === 4) {
      entry.credit += body.readUInt32BE(0);
      entry.onCredit();
    } else if (kind === kinds.reset) {
      const reason = body.toString('utf8');
      entry.opening.reject(new BerthError('workspace.port-refused', `Nothing answers there: ${reason}`));
      this.#close(number, entry, reason === '' ? undefined : lost(reason));
    } else this.close();
  }

  #deliver(number: number, entry: Entry, bytes: Uint8Array): void {
    const used = entry.listener?.(bytes) ?? Promise.resolve();
    used.then(
      () => {
        if (entry.isOver) return;
        const body = Buffer.alloc(4);
        body.writeUInt32BE(bytes.byteLength);
        this.#send(kinds.credit, number, body);
      },
      () => undefined,
    );
  }

  #close(number: number, entry: Entry, error?: BerthError): void {
    if (entry.isOver) return;
    entry.isOver = true;
    this.#entries.delete(number);
    entry.onCredit();
    if (error === undefined) entry.closing.resolve();
    else entry.closing.reject(error);
    if (this.#entries.size === 0) this.#onIdle();
  }

  #over(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const why = BerthError.is(error) ? error : lost(this.#errorText);
    this.#starting.reject(why);
    for (const [number, entry] of [...this.#entries]) {
      entry.opening.reject(why);
      this.#close(number, entry, why);
    }
  }
}

function lost(reason = ''): BerthError {
  const words = reason.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return new BerthError(
    'connection-lost',
    `The connection into the workspace was lost${words === '' ? '.' : `: ${words.slice(-300)}`}`,
  );
}
