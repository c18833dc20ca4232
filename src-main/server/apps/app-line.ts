/**
 * A connection to an app, and the requests that go over it one after the other (RFC 9112, 9.3). Written for this alone:
 * Node's own client takes more time for a small request than the network does. Guarantees: an answer is whole or is told
 * to be cut; no bytes of one are ever another's; what nobody reads is not read from the app either.
 */
import type { Duplex, Readable } from 'node:stream';
import { type AnswerHead, AnswerParser } from './answer-parser.ts';
import { pairsOf, type RawHeaders } from './header-lists.ts';

export interface AppRequest {
  readonly method: string;
  readonly path: string;
  /** With how the body is framed, and nothing of Connection. */
  readonly headers: RawHeaders;
  readonly body: RequestBody | undefined;
  /** The app says that it wants the body. */
  readonly onContinue?: () => void;
}

export type RequestBody =
  | string
  /** Of a browser: `complete` tells whether it is there to its end. */
  | (Readable & { readonly complete: boolean; readonly rawTrailers: string[] });

export interface AnswerSink {
  /** False: no more until `onRoom` was called. */
  take(bytes: Buffer): boolean;
  onRoom(listener: () => void): void;
  end(trailers: RawHeaders): void;
  /** There will be no end. */
  cut(): void;
}

export interface AppAnswer extends AnswerHead {
  /** Once: the body, at the pace of `sink`. */
  readTo(sink: AnswerSink): void;
  /** Nobody wants the rest. */
  destroy(): void;
}

interface Exchange {
  readonly parser: AnswerParser;
  /** The request is out, with all of its body. */
  isSent: boolean;
  /** The answer has begun, and nobody takes its body yet. */
  isHeld: boolean;
  readonly stopSending: () => void;
  readonly fail: (error: unknown) => void;
}

export class AppLine {
  readonly #connection: Duplex;
  readonly #onIdle: (line: AppLine) => void;
  #now: Exchange | undefined;
  #isUntouched = true;

  /** `onIdle`: it may be asked again. */
  constructor(connection: Duplex, onIdle: (line: AppLine) => void) {
    this.#connection = connection;
    this.#onIdle = onIdle;
    connection.on('data', (bytes: Buffer) => this.#push(bytes));
    connection.on('end', () => this.#end());
    connection.on('error', (error) => this.#fail(error));
    connection.on('close', () => this.#fail(new Error('The connection to the app ended.')));
  }

  get isOpen(): boolean {
    const { destroyed, readableEnded, writable } = this.#connection;
    return !destroyed && !readableEnded && writable;
  }

  /** Since it was asked last, no byte has come. */
  get isUntouched(): boolean {
    return this.#isUntouched;
  }

  destroy(): void {
    this.#connection.destroy();
  }

  /** Resolves when the answer has begun. Rejects with what broke the connection, or an Error where that is no HTTP. */
  async ask(request: AppRequest): Promise<AppAnswer> {
    const head = headOf(request);
    this.#isUntouched = true;
    return await new Promise((resolve, reject) => {
      const early: Buffer[] = [];
      let trailers: RawHeaders | undefined;
      let sink: AnswerSink | undefined;
      let hasFailed = false;
      const parser = new AnswerParser(request.method, {
        onInterim: (status) => {
          if (status === 100) request.onContinue?.();
        },
        onHead: (answer) => {
          exchange.isHeld = true;
          resolve({
            ...answer,
            readTo: (taker) => {
              sink = taker;
              exchange.isHeld = false;
              let hasRoom = true;
              for (const bytes of early.splice(0)) hasRoom = sink.take(bytes) && hasRoom;
              if (trailers !== undefined) sink.end(trailers);
              else if (hasFailed) sink.cut();
              else if (hasRoom) this.#connection.resume();
              else this.#waitFor(sink);
            },
            destroy: () => {
              if (!parser.isDone) this.destroy();
            },
          });
        },
        onBody: (bytes) => {
          if (sink === undefined) early.push(bytes);
          else if (!sink.take(bytes)) this.#waitFor(sink);
        },
        onEnd: (last) => {
          trailers = last;
          sink?.end(last);
        },
      });
      const exchange: Exchange = {
        parser,
        isSent: false,
        isHeld: false,
        stopSending: () => stopSending(request),
        fail: (error) => {
          hasFailed = true;
          reject(error as Error);
          sink?.cut();
        },
      };
      this.#now = exchange;
      this.#send(head, request, exchange);
    });
  }

  // --- from the app -------------------------------------------------------------------------------------------------

  #push(bytes: Buffer): void {
    const exchange = this.#now;
    this.#isUntouched = false;
    if (exchange === undefined) {
      // Nobody asked.
      this.destroy();
      return;
    }
    const { parser } = exchange;
    try {
      parser.push(bytes);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (parser.isDone) this.#settle(exchange);
    else if (exchange.isHeld) this.#connection.pause();
  }

  #end(): void {
    const exchange = this.#now;
    if (exchange === undefined) {
      this.destroy();
      return;
    }
    try {
      exchange.parser.end();
      this.#settle(exchange);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The answer is whole. */
  #settle(exchange: Exchange): void {
    this.#now = undefined;
    if (exchange.isSent && exchange.parser.isReusable && this.isOpen) {
      this.#connection.resume();
      this.#onIdle(this);
      return;
    }
    exchange.stopSending();
    // The app may take its time to end it; nobody needs it any more.
    if (exchange.isSent && this.#connection.writableLength === 0) this.#connection.end(() => this.destroy());
    else this.destroy();
  }

  #fail(error: unknown): void {
    const exchange = this.#now;
    this.#now = undefined;
    this.destroy();
    if (exchange === undefined) return;
    exchange.stopSending();
    exchange.fail(error);
  }

  #waitFor(sink: AnswerSink): void {
    this.#connection.pause();
    sink.onRoom(() => this.#connection.resume());
  }

  // --- to the app ---------------------------------------------------------------------------------------------------

  #send(head: string, { headers, body }: AppRequest, exchange: Exchange): void {
    const connection = this.#connection;
    if (typeof body !== 'object') {
      exchange.isSent = true;
      connection.write(head + (body ?? ''), 'latin1');
      return;
    }
    const isChunked = headers.some((name, at) => at % 2 === 0 && name === 'Transfer-Encoding');
    connection.write(head, 'latin1');
    body.on('data', (bytes: Buffer) => {
      if (this.#now !== exchange) return;
      if (isChunked) {
        connection.cork();
        connection.write(`${bytes.length.toString(16)}\r\n`, 'latin1');
        connection.write(bytes);
        connection.write('\r\n', 'latin1');
        connection.uncork();
      } else connection.write(bytes);
      if (!connection.writableNeedDrain) return;
      body.pause();
      connection.once('drain', () => body.resume());
    });
    body.once('end', () => {
      // The app's request ends only where the browser's has ended.
      if (this.#now !== exchange || !body.complete) return;
      if (isChunked) connection.write(`0\r\n${linesOf(body.rawTrailers)}\r\n`, 'latin1');
      exchange.isSent = true;
    });
  }
}

/** The app wants no more of it, or is gone: what still comes is thrown away until the answer is out. */
function stopSending({ body }: AppRequest): void {
  if (typeof body === 'object') body.resume();
}

function headOf({ method, path, headers }: AppRequest): string {
  if (/[^\x21-\xff]/.test(path)) throw new Error('The path of the request cannot be sent on.');
  return `${method} ${path} HTTP/1.1\r\n${linesOf(headers)}Connection: keep-alive\r\n\r\n`;
}

/** Throws where one would end too early, or begin another. */
function linesOf(headers: RawHeaders): string {
  let lines = '';
  for (const [name, value] of pairsOf(headers)) {
    if (/[^!#$%&'*+.^_`|~0-9A-Za-z-]/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value))
      throw new Error('A header of the request cannot be sent on.');
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}
