/**
 * ZIP as APPNOTE 6.3.9 has it, written in one go: sizes and checks stand behind each file (4.3.9) and again at the end.
 * Names are UTF-8; modes and links are told as Info-ZIP does; ZIP64 where a number is too large. What is kept until the
 * end is one record of the directory for each file.
 */
import type { Archiver } from '../interfaces/archiver.ts';
import type { ArchiveWriter } from './read-folder.ts';
import type { ReadItem } from './walk-tree.ts';

const most32 = 0xffffffff;
const most16 = 0xffff;
/** Of a file of this size or more, what it compresses to may not fit 32 bits either. */
const largeFile = 0xf0000000;
/** Bit 3: sizes stand behind. Bit 11: names are UTF-8. */
const flagBehind = 0x0008;
const flagUtf8 = 0x0800;
const unix = 3 << 8;
const fileTypes = { file: 0o100000, folder: 0o040000, link: 0o120000, other: 0 } as const;

interface Written {
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
}

export class ZipWriter implements ArchiveWriter {
  readonly #archiver: Archiver;
  readonly #directory: Buffer[] = [];
  #offset = 0;

  constructor(archiver: Archiver) {
    this.#archiver = archiver;
  }

  async *file(item: ReadItem, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const isLarge = item.entry.sizeBytes >= largeFile;
    const at = this.#offset;
    const method = item.entry.sizeBytes === 0 ? 0 : 8;
    yield this.#count(localHead(item, { flags: flagBehind | flagUtf8, method, isLarge }));
    let crc = 0;
    let size = 0;
    let packed = 0;
    const archiver = this.#archiver;
    async function* checked() {
      for await (const piece of bytes) {
        crc = archiver.crc32(piece, crc);
        size += piece.byteLength;
        yield piece;
      }
    }
    if (method === 0) for await (const _ of checked());
    else
      for await (const piece of archiver.deflate(checked())) {
        packed += piece.byteLength;
        yield this.#count(piece);
      }
    yield this.#count(behind({ crc, size, packed }, isLarge));
    this.#remember(item, { crc, size, packed }, { at, flags: flagBehind | flagUtf8, method });
  }

  *entry(item: ReadItem): Generator<Uint8Array> {
    const content = item.entry.kind === 'link' ? Buffer.from(item.entry.target ?? '') : Buffer.alloc(0);
    const written = { crc: this.#archiver.crc32(content, 0), size: content.length, packed: content.length };
    const at = this.#offset;
    yield this.#count(localHead(item, { flags: flagUtf8, method: 0, isLarge: false, written }));
    if (content.length > 0) yield this.#count(content);
    this.#remember(item, written, { at, flags: flagUtf8, method: 0 });
  }

  *end(): Generator<Uint8Array> {
    const at = this.#offset;
    for (const record of this.#directory) yield this.#count(record);
    const size = this.#offset - at;
    const count = this.#directory.length;
    if (count >= most16 || at >= most32 || size >= most32) yield* this.#end64({ at, size, count });
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(Math.min(count, most16), 8);
    end.writeUInt16LE(Math.min(count, most16), 10);
    end.writeUInt32LE(Math.min(size, most32), 12);
    end.writeUInt32LE(Math.min(at, most32), 16);
    yield this.#count(end);
  }

  *#end64({ at, size, count }: { at: number; size: number; count: number }): Generator<Uint8Array> {
    const where = this.#offset;
    const record = Buffer.alloc(56);
    record.writeUInt32LE(0x06064b50, 0);
    writeUInt64(record, 44, 4);
    record.writeUInt16LE(unix | 45, 12);
    record.writeUInt16LE(45, 14);
    writeUInt64(record, count, 24);
    writeUInt64(record, count, 32);
    writeUInt64(record, size, 40);
    writeUInt64(record, at, 48);
    yield this.#count(record);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    writeUInt64(locator, where, 8);
    locator.writeUInt32LE(1, 16);
    yield this.#count(locator);
  }

  #remember(
    item: ReadItem,
    { crc, size, packed }: Written,
    { at, flags, method }: { at: number; flags: number; method: number },
  ): void {
    const name = nameOf(item);
    const needs64 = size >= most32 || packed >= most32 || at >= most32;
    const extra = Buffer.concat([timeExtra(item), needs64 ? extra64([size, packed, at]) : Buffer.alloc(0)]);
    const record = Buffer.alloc(46);
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt16LE(unix | 45, 4);
    record.writeUInt16LE(needs64 ? 45 : 20, 6);
    record.writeUInt16LE(flags, 8);
    record.writeUInt16LE(method, 10);
    dosTime(item).copy(record, 12);
    record.writeUInt32LE(crc, 16);
    record.writeUInt32LE(needs64 ? most32 : packed, 20);
    record.writeUInt32LE(needs64 ? most32 : size, 24);
    record.writeUInt16LE(name.length, 28);
    record.writeUInt16LE(extra.length, 30);
    const { kind, mode } = item.entry;
    // The high half is the mode of stat(2), the low one what MS-DOS knows: 0x10 is a folder.
    record.writeUInt32LE(((fileTypes[kind] | mode) * 0x10000 + (kind === 'folder' ? 0x10 : 0)) >>> 0, 38);
    record.writeUInt32LE(needs64 ? most32 : at, 42);
    this.#directory.push(Buffer.concat([record, name, extra]));
  }

  #count(bytes: Uint8Array): Uint8Array {
    this.#offset += bytes.byteLength;
    return bytes;
  }
}

function nameOf({ name, entry }: ReadItem): Buffer {
  return Buffer.from(entry.kind === 'folder' ? `${name}/` : name);
}

function localHead(
  item: ReadItem,
  how: { flags: number; method: number; isLarge: boolean; written?: Written },
): Buffer {
  const name = nameOf(item);
  const extra = Buffer.concat([timeExtra(item), how.isLarge ? extra64([0, 0]) : Buffer.alloc(0)]);
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(how.isLarge ? 45 : 20, 4);
  head.writeUInt16LE(how.flags, 6);
  head.writeUInt16LE(how.method, 8);
  dosTime(item).copy(head, 10);
  head.writeUInt32LE(how.written?.crc ?? 0, 14);
  head.writeUInt32LE(how.isLarge ? most32 : (how.written?.packed ?? 0), 18);
  head.writeUInt32LE(how.isLarge ? most32 : (how.written?.size ?? 0), 22);
  head.writeUInt16LE(name.length, 26);
  head.writeUInt16LE(extra.length, 28);
  return Buffer.concat([head, name, extra]);
}

function behind({ crc, size, packed }: Written, isLarge: boolean): Buffer {
  const record = Buffer.alloc(isLarge ? 24 : 16);
  record.writeUInt32LE(0x08074b50, 0);
  record.writeUInt32LE(crc, 4);
  if (isLarge) {
    writeUInt64(record, packed, 8);
    writeUInt64(record, size, 16);
  } else {
    record.writeUInt32LE(packed, 8);
    record.writeUInt32LE(size, 12);
  }
  return record;
}

/** ZIP64 (4.5.3). */
function extra64(numbers: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * numbers.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * numbers.length, 2);
  for (const [index, number] of numbers.entries()) writeUInt64(extra, number, 4 + 8 * index);
  return extra;
}

/** Info-ZIP's time of modification, in UTC. */
function timeExtra({ entry }: ReadItem): Buffer {
  const seconds = Math.trunc(Date.parse(entry.modifiedAt) / 1000);
  const extra = Buffer.alloc(9);
  extra.writeUInt16LE(0x5455, 0);
  extra.writeUInt16LE(5, 2);
  extra.writeUInt8(1, 4);
  extra.writeInt32LE(Math.min(0x7fffffff, Math.max(-0x80000000, seconds)), 5);
  return extra;
}

/** Local time without a zone: UTC, since nobody's is known here. From 1980 on, in steps of two seconds. */
function dosTime({ entry }: ReadItem): Buffer {
  const at = new Date(entry.modifiedAt);
  const year = Math.min(2107, Math.max(1980, at.getUTCFullYear()));
  const time = Buffer.alloc(4);
  time.writeUInt16LE((at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1), 0);
  time.writeUInt16LE(((year - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(), 2);
  return time;
}

function writeUInt64(buffer: Buffer, value: number, at: number): void {
  buffer.writeBigUInt64LE(BigInt(value), at);
}
