/**
 * A tree of this computer as a tar archive that every tar(1) reads, BusyBox's too: GNU format (long names, large sizes and
 * numbers in its own way; names are bytes), with a pax record for the part of a second alone. Folders come before what is
 * in them, hard links after their first name. Sockets and devices are left out and told.
 */
import { createReadStream, type BigIntStats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';

const blockBytes = 512;
/** The largest number of an octal field of 11 digits: 8 GiB less one byte. */
const maxOctal = 0o77777777777;

type EntryType = '0' | '1' | '2' | '5' | '6' | 'K' | 'L' | 'x';

interface Header {
  readonly name: Uint8Array;
  readonly type: EntryType;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  /** Whole seconds since 1970. */
  readonly mtime?: number;
  readonly link?: Uint8Array;
}

export interface TreeOptions {
  /** Of this computer. */
  readonly path: Buffer;
  /** What it is called in the archive. Undefined: only what is in the folder. */
  readonly name: Buffer | undefined;
  /** Told of what cannot be in an archive. */
  readonly onSkipped: (path: string, why: string) => void;
  /** Told of each entry. */
  readonly onEntry?: (name: string) => void;
}

/** @throws an error of node:fs; and an Error when a file becomes shorter while it is read */
export async function* tarOfTree(options: TreeOptions): AsyncGenerator<Uint8Array> {
  const links = new Map<string, Buffer>();
  yield* tree(
    options,
    { path: options.path, name: options.name ?? Buffer.from('.') },
    links,
    options.name === undefined,
  );
  yield new Uint8Array(2 * blockBytes);
}

async function* tree(
  options: TreeOptions,
  { path, name }: { readonly path: Buffer; readonly name: Buffer },
  links: Map<string, Buffer>,
  isRootLeftOut: boolean,
): AsyncGenerator<Uint8Array> {
  const stats = await lstat(path, { bigint: true });
  const common = {
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: Math.floor(Number(stats.mtimeNs / 1_000_000_000n)),
  };
  const isOdd = !(stats.isFile() || stats.isDirectory() || stats.isSymbolicLink() || stats.isFIFO());
  if (isOdd) return options.onSkipped(path.toString(), stats.isSocket() ? 'a socket' : 'a device');
  if (!isRootLeftOut) options.onEntry?.(name.toString());
  const known = `${stats.dev}:${stats.ino}`;
  const first = stats.nlink > 1n && !stats.isDirectory() ? links.get(known) : undefined;
  if (first !== undefined) {
    yield* entry({ ...common, name, type: '1', link: first }, stats);
    return;
  }
  if (stats.nlink > 1n && !stats.isDirectory()) links.set(known, name);
  if (stats.isSymbolicLink()) {
    yield* entry({ ...common, name, type: '2', link: await readlink(path, { encoding: 'buffer' }) }, stats);
  } else if (stats.isFIFO()) {
    yield* entry({ ...common, name, type: '6' }, stats);
  } else if (stats.isFile()) {
    const size = Number(stats.size);
    yield* entry({ ...common, name, type: '0', size }, stats);
    yield* contents(path, size);
  } else {
    if (!isRootLeftOut) yield* entry({ ...common, name: joined(name, Buffer.alloc(0)), type: '5' }, stats);
    const children = await readdir(path, { encoding: 'buffer' });
    for (const child of children.sort((a, b) => Buffer.compare(a, b)))
      yield* tree(
        options,
        { path: joined(path, child), name: isRootLeftOut ? child : joined(name, child) },
        links,
        false,
      );
  }
}

function joined(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

/** Exactly as many bytes as the header says: what was added meanwhile is left out. */
async function* contents(path: Buffer, size: number): AsyncGenerator<Uint8Array> {
  let left = size;
  if (size > 0)
    for await (const chunk of createReadStream(path, { end: size - 1 }) as AsyncIterable<Buffer>) {
      left -= chunk.byteLength;
      yield chunk;
    }
  if (left > 0) throw new Error(`${path.toString()} became shorter while it was read.`);
  yield new Uint8Array(padding(size));
}

function padding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

function* entry(header: Header, { mtimeNs }: BigIntStats): Generator<Uint8Array> {
  const fraction = mtimeNs % 1_000_000_000n;
  if (fraction > 0n) {
    const time = `${header.mtime ?? 0}.${String(fraction).padStart(9, '0')}`;
    yield* extra('x', Buffer.from('pax'), Buffer.from(paxRecord('mtime', time)));
  }
  if (header.link !== undefined && header.link.byteLength > 100)
    yield* extra('K', longLink, Buffer.concat([header.link, Buffer.alloc(1)]));
  if (header.name.byteLength > 100)
    yield* extra('L', longLink, Buffer.concat([header.name, Buffer.alloc(1)]));
  yield headerBlock(header);
}

const longLink = Buffer.from('././@LongLink');

function* extra(type: EntryType, name: Uint8Array, body: Buffer): Generator<Uint8Array> {
  yield headerBlock({ name, type, size: body.byteLength });
  yield body;
  yield new Uint8Array(padding(body.byteLength));
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits (POSIX pax, extended header). */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function headerBlock(header: Header): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.set(header.name.subarray(0, 100), 0);
  writeNumber(block, 100, 8, header.mode ?? 0o644);
  writeNumber(block, 108, 8, header.uid ?? 0);
  writeNumber(block, 116, 8, header.gid ?? 0);
  writeNumber(block, 124, 12, header.size ?? 0);
  writeNumber(block, 136, 12, header.mtime ?? 0);
  block.write('        ', 148, 'latin1');
  block.write(header.type, 156, 'latin1');
  if (header.link !== undefined) block.set(header.link.subarray(0, 100), 157);
  block.write('ustar  \0', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Octal; what does not fit, and what is negative, as a big-endian number with the first bit set (GNU). */
function writeNumber(block: Buffer, offset: number, length: number, value: number): void {
  const digits = length - 1;
  if (value >= 0 && value <= Math.min(maxOctal, 8 ** digits - 1)) {
    block.write(`${value.toString(8).padStart(digits, '0')}\0`, offset, 'latin1');
    return;
  }
  let rest = BigInt.asUintN(8 * length, BigInt(value));
  for (let index = length - 1; index >= 0; index -= 1) {
    block[offset + index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  block[offset] = (block[offset] ?? 0) | 0x80;
}
