/** Tar as POSIX.1-2001 has it (pax): any name, any size, links, modes and times. Owners are left to whoever unpacks. */
import type { ArchiveWriter } from './read-folder.ts';
import type { ReadItem } from './walk-tree.ts';

const blockBytes = 512;
/** Octal digits of the size field: 8 GiB. */
const mostSize = 0o77777777777;
const types = { file: '0', link: '2', folder: '5', pax: 'x' } as const;

export class TarWriter implements ArchiveWriter {
  async *file(item: ReadItem, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield heads(item, 'file');
    yield* bytes;
    const over = item.entry.sizeBytes % blockBytes;
    if (over > 0) yield Buffer.alloc(blockBytes - over);
  }

  *entry(item: ReadItem): Generator<Uint8Array> {
    yield heads(item, item.entry.kind === 'folder' ? 'folder' : 'link');
  }

  *end(): Generator<Uint8Array> {
    yield Buffer.alloc(2 * blockBytes);
  }
}

function heads({ name, entry }: ReadItem, type: 'file' | 'folder' | 'link'): Buffer {
  const path = type === 'folder' ? `${name}/` : name;
  const target = type === 'link' ? (entry.target ?? '') : '';
  const size = type === 'file' ? entry.sizeBytes : 0;
  const records: [string, string][] = [];
  if (Buffer.byteLength(path) > 100 || /[^\x20-\x7e]/.test(path)) records.push(['path', path]);
  if (Buffer.byteLength(target) > 100 || /[^\x20-\x7e]/.test(target)) records.push(['linkpath', target]);
  if (size > mostSize) records.push(['size', String(size)]);
  const mtime = Math.max(0, Math.trunc(Date.parse(entry.modifiedAt) / 1000));
  const own = head({ path, target, size: size > mostSize ? 0 : size, mode: entry.mode, mtime, type });
  if (records.length === 0) return own;
  const body = Buffer.concat(records.map(paxRecord));
  const padded = Buffer.alloc(Math.ceil(body.length / blockBytes) * blockBytes);
  body.copy(padded);
  const pax = head({ path: 'PaxHeader', target: '', size: body.length, mode: 0o644, mtime, type: 'pax' });
  return Buffer.concat([pax, padded, own]);
}

/** Its own length is in it. */
function paxRecord([key, value]: readonly [string, string]): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function head(facts: {
  readonly path: string;
  readonly target: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
  readonly type: keyof typeof types;
}): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, length: number) =>
    block.write(
      `${value
        .toString(8)
        .padStart(length - 1, '0')
        .slice(-(length - 1))}\0`,
      at,
      'ascii',
    );
  Buffer.from(facts.path).copy(block, 0, 0, 100);
  octal(facts.mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(facts.size, 124, 12);
  octal(facts.mtime, 136, 12);
  block.write('        ', 148, 'ascii');
  block.write(types[facts.type], 156, 'ascii');
  Buffer.from(facts.target).copy(block, 157, 0, 100);
  block.write('ustar\0' + '00', 257, 'ascii');
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return block;
}
