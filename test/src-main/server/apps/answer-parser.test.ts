/** Answers as they come in pieces of any size; and what is none, or could be read in two ways. */
import { describe, expect, it } from 'vitest';
import { type AnswerHead, AnswerParser } from '#main/server/apps/answer-parser.ts';
import type { RawHeaders } from '#main/server/apps/header-lists.ts';

interface Told {
  readonly interim: number[];
  head: AnswerHead | undefined;
  body: string;
  trailers: RawHeaders | undefined;
}

function parse(text: string, { method = 'GET', pieceBytes = Infinity, isEnded = false } = {}) {
  const told: Told = { interim: [], head: undefined, body: '', trailers: undefined };
  const parser = new AnswerParser(method, {
    onInterim: (status) => void told.interim.push(status),
    onHead: (head) => (told.head = head),
    onBody: (bytes) => (told.body += bytes.toString('latin1')),
    onEnd: (trailers) => (told.trailers = trailers),
  });
  const bytes = Buffer.from(text, 'latin1');
  const size = Math.min(pieceBytes, Math.max(1, bytes.length));
  for (let at = 0; at < bytes.length; at += size) parser.push(bytes.subarray(at, at + size));
  if (isEnded) parser.end();
  return { ...told, isDone: parser.isDone, isReusable: parser.isReusable };
}

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('an answer', () => {
  it.each([1, 2, 3, 7, Infinity])('is the same in pieces of %s bytes', (pieceBytes) => {
    const one = `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Made \xe9\r\nX-A:  a b\t \r\nX-A:\r\nContent-Length: 5\r\n\r\nhello`;
    expect(parse(one, { pieceBytes })).toEqual({
      interim: [103],
      head: { status: 201, reason: 'Made \xe9', headers: ['X-A', 'a b', 'X-A', '', 'Content-Length', '5'] },
      body: 'hello',
      trailers: [],
      isDone: true,
      isReusable: true,
    });
    const two = `${chunked}5;ext=1\r\nhello\r\n00000a \r\n, and more!\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n`;
    expect(parse(two.replace(', and more!', 'and more!!'), { pieceBytes })).toMatchObject({
      body: 'helloand more!!',
      trailers: ['X-Sum', '1', 'X-More', '2'],
      isReusable: true,
    });
    expect(parse(`${chunked}0\r\n\r\n`, { pieceBytes })).toMatchObject({ body: '', trailers: [] });
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['HEAD', chunked],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
    ['GET', 'HTTP/1.1 204\r\n\r\n'],
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ])('to %s may have no body: %j', (method, text) => {
    expect(parse(text, { method })).toMatchObject({ body: '', trailers: [], isReusable: true });
  });

  it('without a length goes on until the connection ends', () => {
    const text = 'HTTP/1.1 200 OK\r\n\r\nuntil\r\n\r\nthe end';
    expect(parse(text)).toMatchObject({ body: 'until\r\n\r\nthe end', isDone: false });
    expect(parse(text, { isEnded: true })).toMatchObject({ isDone: true, isReusable: false });
  });

  it.each([
    ['it says so', 'HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n'],
    ['it is old', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['more came than was asked for', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n'],
    ['an answer without a body has one', 'HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n'],
  ])('is the last of its connection where %s', (_, text) => {
    expect(parse(text)).toMatchObject({ isDone: true, isReusable: false });
  });

  it('that is old may keep its connection', () => {
    const text = 'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n';
    expect(parse(text).isReusable).toBe(true);
  });

  it.each([
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell',
    `${chunked}5\r\nhello\r\n`,
    `${chunked}0\r\nX-Sum: 1\r\n`,
    'HTTP/1.1 200 OK\r\nX-A',
    '',
  ])('that ends too early is none: %j', (text) => {
    expect(() => parse(text, { isEnded: true })).toThrow('ended before the answer did');
  });
});

describe('what is no answer, or two', () => {
  const head = (line: string) => `HTTP/1.1 200 OK\r\n${line}\r\n\r\n`;
  it.each([
    ['another protocol', '220 mail.example.org ESMTP\r\n'],
    ['another version', 'HTTP/2 200\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a reason with a control character', 'HTTP/1.1 200 O\x00K\r\n\r\n'],
    ['a switch that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['two lengths', head('Content-Length: 5\r\nContent-Length: 6')],
    ['the same length twice', head('Content-Length: 5\r\nContent-Length: 5')],
    ['a list of lengths', head('Content-Length: 5, 5')],
    ['a signed length', head('Content-Length: +5')],
    ['a length in hex', head('Content-Length: 0x5')],
    ['a length and a coding', head('Content-Length: 5\r\nTransfer-Encoding: chunked')],
    ['a coding before chunked', head('Transfer-Encoding: gzip, chunked')],
    ['two codings', head('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked')],
    ['a coding of HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a space before the colon', head('Content-Length : 5')],
    ['a folded header', head('X-A: b\r\n Content-Length: 5')],
    ['a bare newline', head('X-A: b\nContent-Length: 5')],
    ['a bare return', head('X-A: b\rContent-Length: 5')],
    ['a line without a colon', head('nothing')],
    ['a header without a name', head(': nothing')],
    ['a chunk without a size', `${chunked}\r\n`],
    ['a chunk with a signed size', `${chunked}-1\r\n`],
    ['a chunk that is longer than it says', `${chunked}4\r\nhello\r\n`],
    ['a size that no memory has', `${chunked}fffffffffffff\r\n`],
    ['a bad trailer', `${chunked}0\r\nno trailer\r\n\r\n`],
    ['headers without an end', `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(140_000)}`],
    ['a size without an end', `${chunked}1;${'x'.repeat(5_000)}`],
    ['trailers without an end', `${chunked}0\r\nX-A: ${'x'.repeat(140_000)}`],
  ])('is refused: %s', (_, text) => {
    expect(() => parse(text)).toThrow('The answer is no HTTP');
  });

  it('is refused in a time that grows with its length alone', () => {
    const beforeMs = performance.now();
    expect(() => parse(head(`X-A:${' '.repeat(100_000)}\x01`))).toThrow('a bad header');
    expect(() => parse(`${chunked}1${'\t'.repeat(4_000)}\x01\r\n`)).toThrow('a bad chunk');
    expect(performance.now() - beforeMs).toBeLessThan(2_000);
  });
});
