/**
 * Reads one answer of HTTP/1 (RFC 9112) out of a connection's bytes, as they come. Stricter than most: whatever could be
 * read in two ways is no HTTP, so that nobody makes one answer look like two. Pure.
 */
import type { RawHeaders } from './header-lists.ts';

/** What an app may say before its body, and behind it. Bytes. */
const maxHeaderBytes = 128 * 1024;
/** Of a chunk's size, with extensions that nobody uses. Bytes. */
const maxSizeBytes = 4 * 1024;

export interface AnswerHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: RawHeaders;
}

export interface AnswerListener {
  /** An interim answer (RFC 9110, 15.2): another will follow. */
  onInterim(status: number): void;
  onHead(head: AnswerHead): void;
  onBody(bytes: Buffer): void;
  /** The answer is whole. */
  onEnd(trailers: RawHeaders): void;
}

type State = 'head' | 'length' | 'until-end' | 'size' | 'chunk' | 'chunk-end' | 'trailers' | 'done';

export class AnswerParser {
  readonly #method: string;
  readonly #listener: AnswerListener;
  #state: State = 'head';
  #held: Buffer = Buffer.alloc(0);
  #left = 0;
  #keepsOpen = false;

  /** `method`: of the request that is answered. */
  constructor(method: string, listener: AnswerListener) {
    this.#method = method;
    this.#listener = listener;
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }
  /** Whether another request may follow on the same connection. */
  get isReusable(): boolean {
    return this.#state === 'done' && this.#keepsOpen;
  }

  /** Throws where this is no HTTP. */
  push(bytes: Buffer): void {
    let rest = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    while (rest.length > 0) {
      const used = this.#step(rest);
      if (used === 0) break;
      rest = rest.subarray(used);
    }
    this.#held = rest;
  }

  /** Nothing more will come. Throws where that is too early. */
  end(): void {
    if (this.#state === 'until-end') this.#finish([]);
    if (this.#state !== 'done') throw new Error('The connection ended before the answer did.');
  }

  /** How many bytes were used; 0: more are needed. */
  #step(rest: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#head(rest);
      case 'length':
      case 'chunk':
        return this.#counted(rest);
      case 'until-end':
        this.#listener.onBody(rest);
        return rest.length;
      case 'size':
        return this.#size(rest);
      case 'chunk-end':
        if (rest.length < 2) return 0;
        if (rest[0] !== 13 || rest[1] !== 10) throw notHttp('a chunk that is longer than it says');
        this.#state = 'size';
        return 2;
      case 'trailers':
        return this.#trailers(rest);
      case 'done':
        // Of an answer that nobody asked for; whoever asked next would take it for theirs.
        this.#keepsOpen = false;
        return rest.length;
      default:
        return this.#state satisfies never;
    }
  }

  #head(rest: Buffer): number {
    const start = 'HTTP/1.';
    if (!start.startsWith(rest.toString('latin1', 0, Math.min(start.length, rest.length))))
      throw notHttp('another protocol');
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0 ? rest.length > maxHeaderBytes : end > maxHeaderBytes) throw notHttp('too many headers');
    if (end < 0) return 0;
    const [first = '', ...lines] = rest.toString('latin1', 0, end).split('\r\n');
    const [, minor, code, reason = ''] = statusLine.exec(first) ?? [];
    if (code === undefined) throw notHttp('a bad status line');
    const status = Number(code);
    if (status < 200) this.#interim(status);
    else this.#begin({ status, reason, headers: headersIn(lines) }, minor === '0');
    return end + 4;
  }

  #interim(status: number): void {
    // 101: nobody asked for another protocol.
    if (status <= 101 && status !== 100) throw notHttp('a status that makes no sense here');
    this.#listener.onInterim(status);
  }

  /** RFC 9112, 6.3. */
  #begin(head: AnswerHead, isOld: boolean): void {
    const { length, isChunked, connection } = framingOf(head.headers);
    if (isChunked && (isOld || length !== undefined)) throw notHttp('two framings');
    this.#keepsOpen = isOld
      ? connection.includes('keep-alive') && !connection.includes('close')
      : !connection.includes('close');
    const isBare = this.#method === 'HEAD' || head.status === 204 || head.status === 304;
    // What a length says of an answer without a body, some servers send.
    if (head.status === 204 && (isChunked || (length ?? 0) > 0)) this.#keepsOpen = false;
    if (isBare || length === 0) this.#state = 'done';
    else if (isChunked) this.#state = 'size';
    else if (length !== undefined) {
      this.#left = length;
      this.#state = 'length';
    } else {
      this.#keepsOpen = false;
      this.#state = 'until-end';
    }
    this.#listener.onHead(head);
    if (this.#state === 'done') this.#listener.onEnd([]);
  }

  #counted(rest: Buffer): number {
    const used = Math.min(rest.length, this.#left);
    this.#left -= used;
    this.#listener.onBody(used === rest.length ? rest : rest.subarray(0, used));
    if (this.#left > 0) return used;
    if (this.#state === 'chunk') this.#state = 'chunk-end';
    else this.#finish([]);
    return used;
  }

  #size(rest: Buffer): number {
    const end = rest.indexOf('\r\n');
    if (end < 0 ? rest.length > maxSizeBytes : end > maxSizeBytes) throw notHttp('a bad chunk');
    if (end < 0) return 0;
    const [, digits] = sizeLine.exec(rest.toString('latin1', 0, end)) ?? [];
    if (digits === undefined) throw notHttp('a bad chunk');
    this.#left = Number.parseInt(digits, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk';
    return end + 2;
  }

  #trailers(rest: Buffer): number {
    if (rest.length < 2) return 0;
    if (rest[0] === 13 && rest[1] === 10) {
      this.#finish([]);
      return 2;
    }
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0 ? rest.length > maxHeaderBytes : end > maxHeaderBytes) throw notHttp('too many trailers');
    if (end < 0) return 0;
    this.#finish(headersIn(rest.toString('latin1', 0, end).split('\r\n')));
    return end + 4;
  }

  #finish(trailers: RawHeaders): void {
    this.#state = 'done';
    this.#listener.onEnd(trailers);
  }
}

const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const tokenOnly = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110, 5.5: no control character but the tab. */
const notInValues = /[^\t\x20-\x7e\x80-\xff]/;
const sizeLine = /^([0-9A-Fa-f]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

function headersIn(lines: readonly string[]): string[] {
  const headers: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    const value = trimmed(line, colon + 1);
    if (!tokenOnly.test(name) || notInValues.test(value)) throw notHttp('a bad header');
    headers.push(name, value);
  }
  return headers;
}

/** Without spaces and tabs around; what else is white is of the value. */
function trimmed(line: string, from: number): string {
  const isSpace = (at: number) => line[at] === ' ' || line[at] === '\t';
  let start = from;
  let end = line.length;
  while (start < end && isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return line.slice(start, end);
}

function framingOf(headers: RawHeaders) {
  let length: number | undefined;
  let isChunked = false;
  const connection: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const value = headers[at + 1] ?? '';
    const name = headers[at]?.toLowerCase();
    if (name === 'content-length') {
      if (length !== undefined || !/^\d{1,15}$/.test(value)) throw notHttp('a bad length');
      length = Number(value);
    } else if (name === 'transfer-encoding') {
      if (isChunked || value.toLowerCase() !== 'chunked') throw notHttp('a coding that nobody knows');
      isChunked = true;
    } else if (name === 'connection')
      connection.push(
        ...value
          .toLowerCase()
          .split(',')
          .map((word) => word.trim()),
      );
  }
  return { length, isChunked, connection };
}

function notHttp(what: string): Error {
  return new Error(`The answer is no HTTP: ${what}.`);
}
