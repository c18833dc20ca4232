/**
 * Asks the D-Bus session bus a few read-only questions (D-Bus Specification 0.43): just enough of the wire format for
 * calls whose arguments are strings. It exists to say what is wrong with a keychain without raising its prompt, which
 * keytar would. One connection per call of `withSessionBus`, closed after it; every wait is bounded.
 */
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';

export interface BusCall {
  readonly destination: string;
  readonly path: string;
  readonly interfaceName: string;
  readonly member: string;
  readonly args?: readonly string[];
}

export interface SessionBus {
  /** The first value of the reply, as far as it is text, a number, a boolean or a variant of these. Throws BusError. */
  call(call: BusCall): Promise<string | number | boolean | undefined>;
}

/** `name` is the error's D-Bus name, as `org.freedesktop.DBus.Error.ServiceUnknown`, or `unreachable`. */
export class BusError extends Error {
  override readonly name = 'BusError';
  readonly busName: string;
  constructor(busName: string, message: string) {
    super(message);
    this.busName = busName;
  }
}

const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Undefined: this session has no bus that a socket leads to. */
export function sessionBusPath(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const address = env.DBUS_SESSION_BUS_ADDRESS;
  if (address !== undefined && address !== '') {
    for (const candidate of address.split(';')) {
      if (!candidate.startsWith('unix:')) continue;
      for (const pair of candidate.slice('unix:'.length).split(',')) {
        const [key = '', value = ''] = pair.split('=', 2);
        if (key === 'path') return decodeURIComponent(value);
        if (key === 'abstract') return `\0${decodeURIComponent(value)}`;
      }
    }
    return undefined;
  }
  const runtimeFolder = env.XDG_RUNTIME_DIR;
  if (runtimeFolder === undefined || runtimeFolder === '') return undefined;
  const path = join(runtimeFolder, 'bus');
  return existsSync(path) ? path : undefined;
}

export async function withSessionBus<R>(
  path: string,
  timeoutMs: number,
  use: (bus: SessionBus) => Promise<R>,
): Promise<R> {
  const socket = connect(path);
  const deadline = setTimeout(
    () => socket.destroy(new BusError('unreachable', 'the session bus does not answer')),
    timeoutMs,
  );
  try {
    const wire = new Wire(socket);
    await wire.signIn();
    let serial = 0;
    const bus: SessionBus = { call: (call) => wire.call(call, ++serial) };
    await bus.call({ ...busItself, member: 'Hello' });
    return await use(bus);
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

export const busItself = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interfaceName: 'org.freedesktop.DBus',
} as const;

class Wire {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    socket.on('error', (error) => {
      this.#failure ??= error instanceof BusError ? error : new BusError('unreachable', error.message);
    });
    socket.on('close', () => {
      this.#failure ??= new BusError('unreachable', 'the session bus closed the connection');
      this.#wake();
    });
  }

  /** SASL EXTERNAL: the kernel tells the bus who we are; the hex is our uid in decimal digits. */
  async signIn(): Promise<void> {
    const uid = String(process.getuid?.() ?? 0);
    this.#socket.write(`\0AUTH EXTERNAL ${Buffer.from(uid).toString('hex')}\r\n`);
    const end = await this.#until(() => {
      const at = this.#received.indexOf('\r\n');
      return at < 0 ? undefined : at;
    });
    const line = this.#received.subarray(0, end).toString('latin1');
    this.#received = this.#received.subarray(end + 2);
    if (!line.startsWith('OK ')) throw new BusError('unreachable', 'the session bus refused this user');
    this.#socket.write('BEGIN\r\n');
  }

  async call(call: BusCall, serial: number): Promise<string | number | boolean | undefined> {
    this.#socket.write(encodeCall(call, serial));
    for (;;) {
      const message = await this.#until(() => {
        const decoded = decodeMessage(this.#received);
        if (decoded) this.#received = this.#received.subarray(decoded.sizeBytes);
        return decoded;
      });
      if (message.replySerial !== serial) continue;
      if (message.errorName === undefined) return message.value;
      throw new BusError(message.errorName, String(message.value ?? message.errorName));
    }
  }

  async #until<R>(look: () => R | undefined): Promise<R> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

function padTo(size: number, alignment: number): number {
  return (alignment - (size % alignment)) % alignment;
}

class Writer {
  #bytes: number[] = [];
  align(alignment: number): void {
    for (let left = padTo(this.#bytes.length, alignment); left > 0; left--) this.#bytes.push(0);
  }
  byte(value: number): void {
    this.#bytes.push(value);
  }
  uint32(value: number): void {
    this.align(4);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    this.#bytes.push(...bytes);
  }
  text(value: string): void {
    const bytes = Buffer.from(value);
    this.uint32(bytes.length);
    this.#bytes.push(...bytes, 0);
  }
  signature(value: string): void {
    this.#bytes.push(value.length, ...Buffer.from(value), 0);
  }
  get size(): number {
    return this.#bytes.length;
  }
  toBuffer(): Buffer {
    return Buffer.from(this.#bytes);
  }
}

function encodeCall(
  { destination, path, interfaceName, member, args = [] }: BusCall,
  serial: number,
): Buffer {
  const body = new Writer();
  for (const arg of args) body.text(arg);
  const fields: [number, string, string][] = [
    [1, 'o', path],
    [2, 's', interfaceName],
    [3, 's', member],
    [6, 's', destination],
  ];
  if (args.length > 0) fields.push([8, 'g', 's'.repeat(args.length)]);
  // The array begins at byte 16, which is a multiple of 8: alignments within it can be counted from its own start.
  const array = new Writer();
  for (const [code, type, value] of fields) {
    array.align(8);
    array.byte(code);
    array.signature(type);
    if (type === 'g') array.signature(value);
    else array.text(value);
  }
  const head = Buffer.alloc(16);
  head.write('l');
  head.writeUInt8(1, 1);
  head.writeUInt8(1, 3);
  head.writeUInt32LE(body.size, 4);
  head.writeUInt32LE(serial, 8);
  head.writeUInt32LE(array.size, 12);
  return Buffer.concat([head, array.toBuffer(), Buffer.alloc(padTo(array.size, 8)), body.toBuffer()]);
}

interface Message {
  readonly sizeBytes: number;
  readonly replySerial: number | undefined;
  readonly errorName: string | undefined;
  readonly value: string | number | boolean | undefined;
}

function decodeMessage(bytes: Buffer): Message | undefined {
  if (bytes.length < 16) return undefined;
  const isLittle = bytes[0] === 0x6c;
  const uint32 = (at: number) => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const fieldsSize = uint32(12);
  const bodyAt = 16 + fieldsSize + padTo(fieldsSize, 8);
  const sizeBytes = bodyAt + uint32(4);
  if (sizeBytes > MAX_MESSAGE_BYTES) throw new BusError('unreachable', 'the session bus sent too much');
  if (bytes.length < sizeBytes) return undefined;

  let at = 16;
  const align = (alignment: number) => {
    at += padTo(at, alignment);
  };
  const readUint32 = () => {
    align(4);
    at += 4;
    return uint32(at - 4);
  };
  const readText = (length: number) => {
    const text = bytes.subarray(at, at + length).toString();
    at += length + 1;
    return text;
  };
  const readSignature = () => {
    const length = bytes[at] ?? 0;
    at += 1;
    return readText(length);
  };
  const readValue = (type: string): string | number | boolean | undefined => {
    switch (type) {
      case 's':
      case 'o':
        return readText(readUint32());
      case 'g':
        return readSignature();
      case 'u':
        return readUint32();
      case 'b':
        return readUint32() === 1;
      case 'v':
        return readValue(readSignature());
      default:
        return undefined;
    }
  };
  let replySerial: number | undefined;
  let errorName: string | undefined;
  let signature = '';
  while (at < 16 + fieldsSize) {
    align(8);
    const code = bytes[at] ?? 0;
    at += 1;
    const value = readValue(readSignature());
    if (code === 4) errorName = String(value);
    else if (code === 5) replySerial = Number(value);
    else if (code === 8) signature = String(value);
  }
  at = bodyAt;
  return {
    sizeBytes,
    replySerial,
    errorName,
    value: signature === '' ? undefined : readValue(signature[0] ?? ''),
  };
}
