/**
 * Many TCP connections over the streams of one `dial-relay.py`, which stands in a workspace's network. Guarantees that a
 * slow connection holds up no other: each may have `windowBytes` under way in each direction, and more as they are used.
 * When the relay ends, all its connections do.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostProcess } from '../interfaces/host-connection.ts';

const kinds = {
  ready: 0,
  open: 1,
  data: 2,
  end: 3,
  reset: 4,
  credit: 5,
  listen: 6,
  accepted: 7,
  look: 8,
  hear: 9,
} as const;
/** As in dial-relay.py, where `opened` is 1 and `closed` 4. */
const windowBytes = 262_144;
const headBytes = 9;
/** What the relay sends at most is one piece of 64 KiB. */
const maxFrameBytes = 1024 * 1024;
const pieceBytes = 65_536;

/** As seen from within the workspace's network. */
export interface RelayTarget {
  /** A name or an address, resolved there. Absent: the loopback, IPv4 before IPv6. */
  readonly host?: string;
  readonly port: number;
  /** What comes from there is sound (signed 16 bit, two channels): its silence is left out before it goes on its way. */
  readonly skipsSilence?: boolean | undefined;
}

export interface RelayedListener {
  close(): void;
  /** Rejects with connection-lost when it listens no more and nobody closed it. */
  readonly closed: Promise<void>;
}

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

interface Listening {
  readonly opening: PromiseWithResolvers<void>;
  readonly closing: PromiseWithResolvers<void>;
  readonly onConnection: (connection: RelayedConnection) => void;
}

export class PortRelay {
  readonly #process: HostProcess;
  readonly #entries = new Map<number, Entry>();
  readonly #listening = new Map<number, Listening>();
  readonly #looks = new Map<number, PromiseWithResolvers<string>>();
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

  /** Nothing goes through it, and nobody waits for something to. */
  get isIdle(): boolean {
    return this.#entries.size === 0 && this.#listening.size === 0 && this.#looks.size === 0;
  }

  /** Throws workspace.port-refused (`details.errno`: why, where the network said it), connection-lost. */
  async open({ host, port, skipsSilence }: RelayTarget): Promise<RelayedConnection> {
    const number = await this.#begin();
    const entry = newEntry();
    this.#entries.set(number, entry);
    const kind = skipsSilence === true ? kinds.hear : kinds.open;
    this.#send(kind, number, Buffer.concat([portBytes(port), Buffer.from(host ?? '', 'utf8')]));
    await entry.opening.promise;
    return this.#connection(number, entry);
  }

  /** Listens on the loopback of the workspace's network. Throws forward.port-taken, connection-lost. */
  async listen(
    port: number,
    onConnection: (connection: RelayedConnection) => void,
  ): Promise<RelayedListener> {
    const number = await this.#begin();
    const listening: Listening = {
      opening: Promise.withResolvers(),
      closing: Promise.withResolvers(),
      onConnection,
    };
    listening.opening.promise.catch(() => undefined);
    listening.closing.promise.catch(() => undefined);
    this.#listening.set(number, listening);
    this.#send(kinds.listen, number, portBytes(port));
    await listening.opening.promise;
    return {
      close: () => {
        if (this.#listening.get(number) !== listening) return;
        this.#send(kinds.reset, number);
        this.#endListening(number, listening);
      },
      closed: listening.closing.promise,
    };
  }

  /** What listens in its network: lines of /proc/net/tcp and tcp6 (proc(5)), without their headings. Throws connection-lost. */
  async look(): Promise<string> {
    const number = await this.#begin();
    const asked = Promise.withResolvers<string>();
    asked.promise.catch(() => undefined);
    this.#looks.set(number, asked);
    this.#send(kinds.look, number);
    return await asked.promise;
  }

  async #begin(): Promise<number> {
    await this.#starting.promise;
    if (this.#isOver) throw lost();
    this.#lastNumber += 1;
    return this.#lastNumber;
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
    else if (kind === kinds.accepted && body.byteLength === 4) this.#accept(number, body.readUInt32BE(0));
    const entry = this.#entries.get(number);
    const listening = this.#listening.get(number);
    if (entry !== undefined) {
      if (kind !== kinds.accepted) this.#frameOf(entry, { kind, number, body });
    } else if (listening !== undefined) this.#listenerFrame(listening, { kind, number, body });
    else if (kind === kinds.look) {
      this.#looks.get(number)?.resolve(body.toString('latin1'));
      this.#looks.delete(number);
      this.#idleNow();
    }
  }

  #accept(number: number, listener: number): void {
    const listening = this.#listening.get(listener);
    if (listening === undefined) {
      // It was closed, and this crossed the word of that.
      this.#send(kinds.reset, number);
      return;
    }
    const entry = newEntry();
    this.#entries.set(number, entry);
    listening.onConnection(this.#connection(number, entry));
  }

  #listenerFrame(
    listening: Listening,
    { kind, number, body }: { kind: number; number: number; body: Buffer },
  ): void {
    if (kind === kinds.open) listening.opening.resolve();
    else if (kind === kinds.reset) {
      const reason = body.toString('utf8');
      listening.opening.reject(
        new BerthError('forward.port-taken', `The workspace does not let Berth listen there: ${reason}`),
      );
      this.#endListening(number, listening, lost(reason));
    } else this.close();
  }

  #endListening(number: number, listening: Listening, error?: BerthError): void {
    this.#listening.delete(number);
    if (error === undefined) listening.closing.resolve();
    else listening.closing.reject(error);
    this.#idleNow();
  }

  #idleNow(): void {
    if (this.isIdle && !this.#isOver) this.#onIdle();
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
      entry.opening.reject(refused(reason));
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
    this.#idleNow();
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
    for (const [number, listening] of [...this.#listening]) {
      listening.opening.reject(why);
      this.#endListening(number, listening, why);
    }
    for (const asked of this.#looks.values()) asked.reject(why);
    this.#looks.clear();
  }
}

function newEntry(): Entry {
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
  return entry;
}

function portBytes(port: number): Buffer {
  const body = Buffer.alloc(2);
  body.writeUInt16BE(port);
  return body;
}

/** The relay says what Python's OSError says: its number is that of errno(3), negative for those of getaddrinfo(3). */
function refused(reason: string): BerthError {
  const errno = /\[Errno (-?\d+)\]/.exec(reason)?.[1];
  return new BerthError('workspace.port-refused', `Nothing answers there: ${reason}`, {
    details: { errno: errno === undefined ? null : Number(errno) },
  });
}

function lost(reason = ''): BerthError {
  const words = reason.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return new BerthError(
    'connection-lost',
    `The connection into the workspace was lost${words === '' ? '.' : `: ${words.slice(-300)}`}`,
  );
}
