/**
 * What a port speaks, asked politely: it may speak first (RFC 6143 §7.1.1), then it is asked in HTTP/1.0, which programs
 * that speak TLS mostly say no to in a way of their own; the silent ones get a ClientHello, to which a web server that is slow
 * with its first page says at once that this is no HTTP. Ends within three seconds.
 */
import type { Duplex } from 'node:stream';
import type { PortProtocol } from '#contract/projects.ts';
import type { Clock } from '../interfaces/clock.ts';
import { readUntil } from './first-bytes.ts';

/** A server that speaks first does so at once. Milliseconds. */
const bannerMs = 300;
const answerMs = 1_500;
const helloMs = 1_000;
const enoughBytes = 2_048;

/** Undefined: it said nothing that tells, in this time. `connect` throws what the port's connections throw. */
export async function probePort(
  connect: () => Promise<Duplex>,
  { port, clock }: { readonly port: number; readonly clock: Clock },
): Promise<PortProtocol | undefined> {
  const first = await connect();
  try {
    const banner = await receive(first, {
      clock,
      withinMs: bannerMs,
      isEnough: (bytes) => bytes.byteLength >= 4,
    });
    if (banner.byteLength > 0) return startsWith(banner, 'RFB ') ? 'vnc' : 'tcp';
    first.write(`GET / HTTP/1.0\r\nHost: localhost:${port}\r\n\r\n`);
    const answer = await receive(first, { clock, withinMs: answerMs, isEnough: isHeadWhole });
    const protocol = protocolOf(answer);
    if (protocol !== undefined) return protocol;
  } finally {
    first.destroy();
  }
  const second = await connect();
  try {
    second.write(clientHello());
    const answer = await receive(second, {
      clock,
      withinMs: helloMs,
      isEnough: (bytes) => bytes.byteLength >= 3,
    });
    if (isTlsRecord(answer)) return 'https';
    // It took a question in HTTP; what it says to one that is none, whatever it is about TLS, it says in HTTP.
    if (startsWith(answer, 'HTTP/1.')) return 'http';
    return answer.byteLength > 0 ? 'tcp' : undefined;
  } finally {
    second.destroy();
  }
}

/** Undefined: it said nothing that tells. */
export function protocolOf(answer: Uint8Array): PortProtocol | undefined {
  if (isTlsRecord(answer)) return 'https';
  if (!startsWith(answer, 'HTTP/1.')) return answer.byteLength > 0 ? 'tcp' : undefined;
  const text = Buffer.from(answer).toString('latin1');
  // Go, nginx and Apache answer in plain HTTP that they wanted TLS.
  const isComplaint = /^HTTP\/1\.[01] 400/.test(text) && /https|SSL-enabled|TLS/i.test(text);
  return isComplaint ? 'https' : 'http';
}

/** An alert or a handshake message of TLS 1.0 to 1.3 (RFC 8446 §5.1). */
function isTlsRecord(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 0x03;
}

/** A heading, and of a complaint enough to see what it is about. */
function isHeadWhole(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  if (bytes.byteLength >= enoughBytes || isTlsRecord(bytes)) return true;
  return text.startsWith('HTTP/1.') && !/^HTTP\/1\.[01] 400/.test(text);
}

async function receive(
  stream: Duplex,
  options: {
    readonly clock: Clock;
    readonly withinMs: number;
    readonly isEnough: (bytes: Buffer) => boolean;
  },
): Promise<Buffer> {
  let received = Buffer.alloc(0);
  const ignore = () => undefined;
  stream.on('error', ignore);
  await readUntil(
    stream,
    (bytes) => {
      received = Buffer.concat([received, bytes]);
      return options.isEnough(received);
    },
    options,
  );
  return received;
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.subarray(0, text.length)).toString('latin1') === text;
}

/**
 * The least that a server of TLS 1.2 or 1.3 answers in TLS, be it with an alert (RFC 5246 §7.4.1.2): its random is of no
 * secret, since nothing is ever said on this connection.
 */
function clientHello(): Buffer {
  // ECDHE with AES-GCM for both kinds of certificates, and TLS_AES_128_GCM_SHA256.
  const cipherSuites = Buffer.of(0x13, 0x01, 0xc0, 0x2f, 0xc0, 0x2b);
  const extensions = Buffer.concat([
    extension(0x000a, Buffer.of(0, 4, 0x00, 0x1d, 0x00, 0x17)),
    extension(0x000b, Buffer.of(1, 0)),
    extension(0x000d, Buffer.of(0, 6, 0x04, 0x03, 0x08, 0x04, 0x04, 0x01)),
  ]);
  const body = Buffer.concat([
    Buffer.of(0x03, 0x03),
    Buffer.alloc(32, 0x42),
    Buffer.of(0),
    lengthOf(cipherSuites, 2),
    cipherSuites,
    Buffer.of(1, 0),
    lengthOf(extensions, 2),
    extensions,
  ]);
  const handshake = Buffer.concat([Buffer.of(1), lengthOf(body, 3), body]);
  return Buffer.concat([Buffer.of(0x16, 0x03, 0x01), lengthOf(handshake, 2), handshake]);
}

function extension(type: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type >> 8, type & 0xff), lengthOf(body, 2), body]);
}

function lengthOf(bytes: Buffer, size: number): Buffer {
  const length = Buffer.alloc(size);
  length.writeUIntBE(bytes.byteLength, 0, size);
  return length;
}
