/**
 * A VNC viewer as small as a test needs (RFB 3.8, RFC 6143): signs in by password, types, and reads the screen as pixels.
 * Owns the stream that it is given.
 */
import type { Duplex } from 'node:stream';

export interface Screen {
  readonly width: number;
  readonly height: number;
  /** Four bytes a pixel: red, green, blue, 255. */
  readonly pixels: Buffer;
}

/** VeNCrypt 0.2, and of its types the one with a name and a password and without TLS (rfbproto, sections 7.2.11 and 7.2.12). */
const VENCRYPT = 19;
const PLAIN = 256;
/** X11 keysym of Return (RFC 6143, section 7.5.4). */
const RETURN = 0xff0d;

/** Rejects with the server's own reason where it refuses. */
export async function openRfb(stream: Duplex, password: string): Promise<RfbClient> {
  const bytes = new ByteReader(stream);
  const version = (await bytes.read(12)).toString('latin1');
  if (!version.startsWith('RFB 003.')) throw new Error(`no VNC server: ${JSON.stringify(version)}`);
  stream.write('RFB 003.008\n');
  const types = await bytes.read((await bytes.read(1)).readUInt8());
  // The only one: another would be another way in.
  if (types.join() !== String(VENCRYPT)) throw new Error(`other security types: ${[...types].join()}`);
  stream.write(Buffer.of(VENCRYPT));
  await bytes.read(2);
  stream.write(Buffer.of(0, 2));
  if ((await bytes.read(1)).readUInt8() !== 0) throw new Error('knows another VeNCrypt');
  const subtypes = await bytes.read(4 * (await bytes.read(1)).readUInt8());
  if (subtypes.length !== 4 || subtypes.readUInt32BE() !== PLAIN)
    throw new Error(`other types: ${subtypes.toString('hex')}`);
  const secret = Buffer.from(password);
  // The type, the length of a user name, which is nobody's, that of the password, and the password.
  stream.write(Buffer.concat([uint32(PLAIN), uint32(0), uint32(secret.length), secret]));
  if ((await bytes.read(4)).readUInt32BE() !== 0) {
    const reason = await bytes.read((await bytes.read(4)).readUInt32BE());
    throw new Error(reason.toString('utf8'));
  }
  stream.write(Buffer.of(1)); // shared
  const size = await bytes.read(4);
  await bytes.read(16);
  await bytes.read((await bytes.read(4)).readUInt32BE());
  return new RfbClient(stream, bytes, { width: size.readUInt16BE(0), height: size.readUInt16BE(2) });
}

export class RfbClient implements Disposable {
  readonly #stream: Duplex;
  readonly #bytes: ByteReader;
  readonly #size: { width: number; height: number };

  constructor(stream: Duplex, bytes: ByteReader, size: { width: number; height: number }) {
    this.#stream = stream;
    this.#bytes = bytes;
    this.#size = size;
    // 32 bits, little endian, red in the lowest byte; and raw rectangles alone.
    const format = Buffer.from([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0]);
    const encodings = Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]);
    stream.write(Buffer.concat([format, encodings]));
  }

  /** ASCII, and `\n` for Return. */
  type(text: string): void {
    for (const character of text) {
      const key = character === '\n' ? RETURN : (character.codePointAt(0) ?? 0);
      for (const isDown of [1, 0]) {
        const message = Buffer.from([4, isDown, 0, 0, 0, 0, 0, 0]);
        message.writeUInt32BE(key, 4);
        this.#stream.write(message);
      }
    }
  }

  /** The whole screen as it is now. */
  async screen(): Promise<Screen> {
    const { width, height } = this.#size;
    const pixels = Buffer.alloc(width * height * 4, 255);
    const ask = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    ask.writeUInt16BE(width, 6);
    ask.writeUInt16BE(height, 8);
    this.#stream.write(ask);
    let missing = width * height;
    while (missing > 0) {
      const type = (await this.#bytes.read(1)).readUInt8();
      if (type === 0) missing -= await this.#takeUpdate(pixels);
      else if (type === 3) await this.#bytes.read((await this.#bytes.read(7)).readUInt32BE(3));
      else if (type !== 2) throw new Error(`a message of type ${type}`);
    }
    return { width, height, pixels };
  }

  async #takeUpdate(pixels: Buffer): Promise<number> {
    let taken = 0;
    const count = (await this.#bytes.read(3)).readUInt16BE(1);
    for (let index = 0; index < count; index++) {
      const head = await this.#bytes.read(12);
      const [x, y, width, height] = [0, 2, 4, 6].map((offset) => head.readUInt16BE(offset)) as [
        number,
        number,
        number,
        number,
      ];
      for (let row = 0; row < height; row++) {
        const line = await this.#bytes.read(width * 4);
        for (let column = 0; column < width; column++)
          line.copy(pixels, ((y + row) * this.#size.width + x + column) * 4, column * 4, column * 4 + 3);
      }
      taken += width * height;
    }
    return taken;
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest = Buffer.alloc(0);

  constructor(stream: Duplex) {
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  }

  async read(count: number): Promise<Buffer> {
    const parts = [this.#rest];
    let have = this.#rest.length;
    while (have < count) {
      const next = await this.#chunks.next();
      if (next.done === true) throw new Error('the VNC server has closed the connection');
      parts.push(Buffer.from(next.value));
      have += next.value.length;
    }
    const all = Buffer.concat(parts);
    this.#rest = all.subarray(count);
    return all.subarray(0, count);
  }
}
