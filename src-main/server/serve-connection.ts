/**
 * Serves one connection for one caller. Knows frames, not features. Guarantees: nothing is pulled from a stream and
 * nothing leaves a byte stream without credit; a client that breaks the protocol or sends more than its credit is told
 * why (`fail` with id 0) and cut off; what was started is cancelled when the connection ends, and counts against the
 * limits until it really has ended.
 */
import { BerthError } from '#contract/berth-error.ts';
import { byteFlow, type Connection, type ServerFrame } from '#contract/frame.ts';
import type { Caller } from '../control-plane/caller.ts';
import { type Dispatcher, notFound } from '../control-plane/dispatcher.ts';
import type { ByteChannel, HandlerContext } from '../control-plane/handler.ts';
import type { Log } from '../control-plane/interfaces/log.ts';
import { ByteOutlet, type OutletStream } from './byte-outlet.ts';
import { parseClientFrame } from './client-frame.ts';

export interface ConnectionLimits {
  /** Calls under way at once, those included that were cancelled and have not ended yet. */
  readonly calls: number;
  /** Streams of both kinds, counted the same way. */
  readonly streams: number;
  /** Items or bytes of credit that one stream may hold. Past it a client's arithmetic is wrong. */
  readonly credit: number;
}

/** A window with a hundred terminals needs a few hundred streams; a person makes a few calls at once. */
export const defaultLimits: ConnectionLimits = { calls: 256, streams: 1024, credit: 64 * 1024 * 1024 };

/** A guest has one terminal: a screen, what is told of it, and the same again while the old ones still end. */
export const guestLimits: Partial<ConnectionLimits> = { calls: 4, streams: 8 };

export interface ServeOptions {
  readonly connection: Connection;
  readonly dispatcher: Dispatcher;
  readonly caller: Caller;
  readonly log: Log;
  readonly limits?: Partial<ConnectionLimits>;
}

interface Active {
  readonly abort: AbortController;
  /** undefined for a call. */
  readonly addCredit?: (n: number) => void;
  readonly receive?: (payload: Uint8Array) => void;
  readonly end?: () => void;
}

/** Returns a function that ends the connection from this side, saying why. */
export function serveConnection(options: ServeOptions): (reason: BerthError) => void {
  const { connection, dispatcher, caller, log } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const outlet = new ByteOutlet(connection);
  const active = new Map<number, Active>();
  let lastId = 0;
  let runningCalls = 0;
  let runningStreams = 0;
  let isClosed = false;

  const send = (frame: ServerFrame) => {
    if (!isClosed) connection.send(frame);
  };
  const fail = (id: number, error: unknown) => {
    active.delete(id);
    send({ t: 'fail', id, error: shapeOf(error) });
  };
  /** The dispatcher throws nothing foreign; what is foreign here comes from a carrier that could not carry a value. */
  const shapeOf = (error: unknown) => {
    if (BerthError.is(error)) return error.toShape();
    log.error('An answer could not be sent', { cause: error });
    return new BerthError('internal', 'The answer could not be sent.').toShape();
  };

  function end(): void {
    if (isClosed) return;
    isClosed = true;
    const gone = new BerthError('connection-lost', 'The client is gone.');
    for (const entry of active.values()) {
      entry.end?.();
      entry.abort.abort(gone);
    }
    active.clear();
    outlet.close();
  }

  function close(reason: BerthError): void {
    if (isClosed) return;
    send({ t: 'fail', id: 0, error: reason.toShape() });
    end();
    connection.close();
  }

  function cutOff(what: string): void {
    log.warn('A client broke the protocol and was cut off', { what, user: caller.userId });
    close(new BerthError('invalid-input', `The connection was closed: ${what}.`));
  }

  function contextFor(abort: AbortController): HandlerContext {
    return { caller, signal: abort.signal };
  }

  function call(id: number, method: string, input: unknown): void {
    if (runningCalls >= limits.calls) {
      fail(id, tooMany('calls'));
      return;
    }
    const abort = new AbortController();
    active.set(id, { abort });
    runningCalls += 1;
    dispatcher
      .call(method, input, contextFor(abort))
      .then((output) => {
        if (active.delete(id)) send({ t: 'reply', id, output });
      })
      .catch((error: unknown) => {
        // Also lands here when a carrier cannot carry the output: the client must not wait for ever.
        if (active.has(id) || !abort.signal.aborted) fail(id, error);
      })
      .finally(() => {
        runningCalls -= 1;
      });
  }

  function openStream(id: number, method: string, input: unknown, initialCredit: number): void {
    const abort = new AbortController();
    let credit = initialCredit;
    let wake: () => void = () => {};
    const items = dispatcher.stream(method, input, contextFor(abort));
    active.set(id, {
      abort,
      addCredit: (n) => {
        credit += n;
        if (credit > limits.credit) cutOff('more credit than a stream may hold');
        wake();
      },
      end: () => wake(),
    });
    runningStreams += 1;
    const pump = async () => {
      try {
        for (;;) {
          if (credit === 0 && active.has(id)) await new Promise<void>((resolve) => (wake = resolve));
          if (!active.has(id)) return;
          if (outlet.isFull) await outlet.room(abort.signal);
          if (!active.has(id)) return;
          const next = await items.next();
          if (!active.has(id)) return;
          if (next.done === true) {
            active.delete(id);
            send({ t: 'end', id });
            return;
          }
          credit -= 1;
          send({ t: 'item', id, item: next.value });
        }
      } catch (error) {
        if (active.has(id)) fail(id, error);
      } finally {
        abort.abort();
        await items.return().catch(() => undefined);
        runningStreams -= 1;
      }
    };
    void pump();
  }

  function openBytes(id: number, method: string, input: unknown, initialCredit: number): void {
    const abort = new AbortController();
    const run = dispatcher.bytes(method, input, contextFor(abort));
    const out = outlet.open(id, initialCredit);
    const inlet = createInlet(id, send, cutOff);
    active.set(id, {
      abort,
      addCredit: (n) => {
        if (out.credit + n > limits.credit) cutOff('more credit than a stream may hold');
        else out.addCredit(n);
      },
      receive: (payload) => inlet.receive(payload),
      end: () => out.end(),
    });
    runningStreams += 1;
    send({ t: 'opened', id, credit: byteFlow.initialBytes });
    const serve = async () => {
      try {
        // What was written before the end or the failure arrives before it, too.
        const outcome = await run(channelOf(out, inlet)).then(
          () => undefined,
          (error: unknown) => ({ error }),
        );
        await out.drained();
        if (!active.has(id)) return;
        if (outcome !== undefined) return fail(id, outcome.error);
        active.delete(id);
        send({ t: 'end', id });
      } finally {
        out.end();
        runningStreams -= 1;
      }
    };
    void serve();
  }

  function open(id: number, method: string, input: unknown, credit: number): void {
    try {
      if (credit > limits.credit) {
        cutOff('more credit than a stream may hold');
        return;
      }
      if (runningStreams >= limits.streams) throw tooMany('streams');
      const kind = dispatcher.kindOf(method, caller);
      if (kind === 'stream') openStream(id, method, input, credit);
      else if (kind === 'bytes') openBytes(id, method, input, credit);
      else throw notFound();
    } catch (error) {
      fail(id, error);
    }
  }

  function cancel(id: number): void {
    const entry = active.get(id);
    if (entry === undefined) return;
    active.delete(id);
    entry.end?.();
    entry.abort.abort(new BerthError('cancelled', 'It was cancelled.'));
    send({ t: 'fail', id, error: new BerthError('cancelled', 'It was cancelled.').toShape() });
  }

  /** Ids rise, so that a late frame for something that has ended is told apart from one for something that never was. */
  function isNew(id: number): boolean {
    if (id <= lastId) return false;
    lastId = id;
    return true;
  }

  connection.onFrame((value) => {
    if (isClosed) return;
    const frame = parseClientFrame(value);
    if (typeof frame === 'string') return cutOff(frame);
    switch (frame.t) {
      case 'ping':
        return send({ t: 'pong', n: frame.n });
      case 'call':
        return isNew(frame.id) ? call(frame.id, frame.method, frame.input) : cutOff('an id was used twice');
      case 'open':
        return isNew(frame.id)
          ? open(frame.id, frame.method, frame.input, frame.credit)
          : cutOff('an id was used twice');
      case 'credit': {
        if (frame.id > lastId) return cutOff('credit for something that was never opened');
        return active.get(frame.id)?.addCredit?.(frame.n);
      }
      case 'cancel':
        return frame.id > lastId ? cutOff('cancel of something that was never begun') : cancel(frame.id);
      default:
        return frame satisfies never;
    }
  });
  connection.onBinary((id, payload) => {
    if (isClosed) return;
    if (id === 0 || id > lastId) return cutOff('bytes for something that was never opened');
    const entry = active.get(id);
    if (entry === undefined) return;
    if (entry.receive === undefined) return cutOff('bytes for something that takes none');
    entry.receive(payload);
  });
  connection.onClose(end);
  return close;
}

interface Inlet {
  receive(payload: Uint8Array): void;
  listen(listener: (bytes: Uint8Array) => void | Promise<void>): void;
}

/** The client's bytes on their way in: counts its credit, and returns it when the listener is done with them. */
function createInlet(id: number, send: (frame: ServerFrame) => void, cutOff: (what: string) => void): Inlet {
  let credit: number = byteFlow.initialBytes;
  let usedBytes = 0;
  let listener: ((bytes: Uint8Array) => void | Promise<void>) | undefined;
  /** What arrived before the handler listened; bounded by the credit. */
  let early: Uint8Array[] = [];

  const giveBack = (byteCount: number) => {
    usedBytes += byteCount;
    if (usedBytes < byteFlow.acknowledgeBytes) return;
    credit += usedBytes;
    send({ t: 'credit', id, n: usedBytes });
    usedBytes = 0;
  };
  const deliver = (payload: Uint8Array, to: NonNullable<typeof listener>) => {
    const byteCount = payload.byteLength;
    // A listener that fails has its own way to end the stream; the bytes are gone either way.
    const done = (async () => to(payload))().catch(() => undefined);
    void done.then(() => giveBack(byteCount));
  };
  return {
    receive(payload) {
      if (payload.byteLength > credit) return cutOff('more bytes than there was credit for');
      credit -= payload.byteLength;
      if (listener === undefined) early.push(payload);
      else deliver(payload, listener);
    },
    listen(to) {
      listener = to;
      const waiting = early;
      early = [];
      for (const payload of waiting) deliver(payload, to);
    },
  };
}

function channelOf(out: OutletStream, inlet: Inlet): ByteChannel {
  return {
    send: (bytes) => out.send(bytes),
    get waitingBytes() {
      return out.waitingBytes;
    },
    dropWaiting: () => out.dropWaiting(),
    onReceive: (listener) => inlet.listen(listener),
  };
}

function tooMany(what: string): BerthError {
  return new BerthError('too-many', `Too many ${what} at once on one connection. Wait for some to end.`);
}
