/**
 * A connection to an app, and the requests that go over it one after the other (RFC 9112, 9.3), by undici. Guarantees: an
 * answer is whole or is told to be cut; no bytes of one are ever another's; what nobody reads is not read from the app
 * either.
 */
import type { Socket } from 'node:net';
import { type Duplex, Readable } from 'node:stream';
import { Client, type Dispatcher } from 'undici';
import type { AnswerSink, AppAnswer, AppRequest, BrowserBody } from './app-answer.ts';
import { AppCarrier, maxHeaderBytes } from './app-carrier.ts';
import { pairsOf, type RawHeaders, valuesOf } from './header-lists.ts';

/** Shorter than any server keeps one; Node's own closes after 5. Milliseconds. */
const idleMs = 3_000;
/** Of a body that nobody takes yet. Bytes. */
const maxEarlyBytes = 64 * 1024;

export class AppLine {
  readonly #carrier: AppCarrier;
  readonly #client: Client;
  readonly #onIdle: (line: AppLine) => void;
  #isUntouched = true;

  /** `onIdle`: it may be asked again, until it is not open any more. */
  constructor(connection: Duplex, onIdle: (line: AppLine) => void) {
    this.#onIdle = onIdle;
    this.#carrier = new AppCarrier(connection, () => (this.#isUntouched = false));
    let isTaken = false;
    this.#client = new Client('http://localhost', {
      pipelining: 1,
      maxHeaderSize: maxHeaderBytes,
      // An app may think as long as it likes: the browser's going ends it.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      connect: (_, callback) => {
        // Not at once: a client that is still connecting does not look at what waits.
        queueMicrotask(() => {
          if (isTaken) callback(new Error('The connection to the app ended.'), null);
          else callback(null, this.#carrier as Duplex as Socket);
          isTaken = true;
        });
      },
    });
  }

  get isOpen(): boolean {
    return !this.#carrier.destroyed && !this.#carrier.readableEnded;
  }

  /** Since it was asked last, no byte has come. */
  get isUntouched(): boolean {
    return this.#isUntouched;
  }

  onClose(listener: () => void): void {
    this.#carrier.once('close', listener);
  }

  destroy(): void {
    // Never rejects. It may not have taken the connection yet.
    void this.#client.destroy();
    this.#carrier.destroy();
  }

  /** Resolves when the answer has begun. Rejects with what broke the connection, or an Error where that is no HTTP. */
  async ask({ method, path, headers, body }: AppRequest): Promise<AppAnswer> {
    this.#isUntouched = true;
    const sent = typeof body === 'object' ? readableOf(body) : body;
    return await new Promise<AppAnswer>((resolve, reject) => {
      const exchange = new Exchange({
        method,
        begin: resolve,
        fail: reject,
        giveUp: () => this.destroy(),
        settle: () => {
          if (typeof sent === 'object') sent.destroy();
          // Whether it can be used again the client knows once it has looked at what else came.
          queueMicrotask(() => {
            if (this.isOpen) this.#onIdle(this);
          });
        },
      });
      // `reset`: a HEAD, or a body where one is rare, is no reason to end the connection.
      this.#client.dispatch(
        { method, path, headers: withoutFraming(headers), body: sent ?? null, reset: false },
        exchange,
      );
    });
  }
}

interface ExchangeParts {
  readonly method: string;
  readonly begin: (answer: AppAnswer) => void;
  readonly fail: (error: Error) => void;
  readonly giveUp: () => void;
  /** Nothing more of this request goes over the connection. */
  readonly settle: () => void;
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #parts: ExchangeParts;
  readonly #early: Buffer[] = [];
  #earlyBytes = 0;
  #trailers: RawHeaders | undefined;
  #hasFailed = false;
  #sink: AnswerSink | undefined;
  /** It takes no more, and will tell. */
  #isFull = false;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  /** The client asks for it, to know which kind of handler this is. */
  onRequestStart(): void {
    // Nothing is to be done before the answer.
  }

  /** What it throws becomes the request's failure. */
  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _: unknown,
    reason: string = '',
  ): void {
    // RFC 9110, 15.2: another will follow.
    if (status < 200) return;
    const headers = textsOf(controller.rawHeaders);
    checkCoding(headers);
    // At once: where such an answer names the length of what it does not have, undici takes it for cut.
    if (this.#parts.method === 'HEAD' || status === 204 || status === 304) this.#trailers = [];
    this.#parts.begin({
      status,
      reason: reason.replace(/[^\t\x20-\x7e]/g, '?'),
      headers,
      readTo: (sink) => {
        this.#sink = sink;
        for (const bytes of this.#early.splice(0)) this.#hand(sink, bytes, controller);
        if (this.#trailers !== undefined) sink.end(this.#trailers);
        else if (this.#hasFailed) sink.cut();
        else if (this.#earlyBytes >= maxEarlyBytes && !this.#isFull) controller.resume();
      },
      destroy: () => {
        if (this.#trailers === undefined) this.#parts.giveUp();
      },
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.#sink !== undefined) {
      this.#hand(this.#sink, bytes, controller);
      return;
    }
    this.#early.push(bytes);
    this.#earlyBytes += bytes.length;
    if (this.#earlyBytes >= maxEarlyBytes) controller.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#trailers === undefined) {
      this.#trailers = textsOf(controller.rawTrailers);
      this.#sink?.end(this.#trailers);
    }
    this.#parts.settle();
  }

  onResponseError(_: unknown, error: Error): void {
    this.#parts.fail(error);
    this.#parts.settle();
    if (this.#trailers !== undefined) return;
    this.#hasFailed = true;
    this.#sink?.cut();
  }

  #hand(sink: AnswerSink, bytes: Buffer, controller: Dispatcher.DispatchController): void {
    if (sink.take(bytes) || this.#isFull) return;
    this.#isFull = true;
    controller.pause();
    sink.onRoom(() => {
      this.#isFull = false;
      controller.resume();
    });
  }
}

/**
 * A browser's body: whole only where the browser's is. Whatever of it nobody wants any more is thrown away, so that its
 * sender comes to read the answer.
 */
function readableOf(source: BrowserBody): Readable {
  const take = (bytes: Buffer) => {
    if (!body.push(bytes)) source.pause();
  };
  const body = new Readable({
    read: () => void source.resume(),
    destroy(error, done) {
      source.off('data', take);
      source.resume();
      done(error);
    },
  });
  // The client tells.
  body.on('error', () => undefined);
  source.on('data', take);
  source.once('end', () => {
    if (source.complete) body.push(null);
  });
  source.once('close', () => {
    if (!source.complete) body.destroy(new Error('The request was cut.'));
  });
  return body;
}

/** The client frames the body itself, by its length where there is one. */
function withoutFraming(headers: RawHeaders): string[] {
  return pairsOf(headers)
    .filter(([name]) => name.toLowerCase() !== 'transfer-encoding')
    .flat();
}

/** What is coded otherwise nobody would undo: the header that says so is for this connection alone. */
function checkCoding(headers: RawHeaders): void {
  const codings = valuesOf(headers, 'transfer-encoding');
  if (codings.length > 1 || codings.some((value) => value.toLowerCase() !== 'chunked'))
    throw new Error('The answer is no HTTP: a coding that nobody knows.');
}

/** As they came: bytes without an encoding, and without the white space behind them, which undici keeps (RFC 9110, 5.5). */
function textsOf(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((text) => trimmedEnd(typeof text === 'string' ? text : text.toString('latin1')));
}

/** In a time that grows with its length alone, which no expression promises. */
function trimmedEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--;
  return text.slice(0, end);
}
