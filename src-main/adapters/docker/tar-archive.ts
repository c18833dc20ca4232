/**
 * The two small pieces of tar (POSIX.1-1988 ustar) that the engine needs of us: archives of a few entries with short paths,
 * and the first entry of an archive that it sends. Must not grow into an archiver: snapshots use the host's tar.
 */
const BLOCK_BYTES = 512;

export interface TarEntry {
  readonly type: 'file' | 'folder' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
}

/** What is written: a folder, a file or a link, with its path of at most 99 bytes. */
export interface TarSource {
  /** Relative, without a slash at its end. */
  readonly path: string;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Of a file. */
  readonly content?: Buffer;
  /** Of a symbolic link: where it leads. */
  readonly linkTo?: string;
}

/** An archive that holds the folder `name` (one path part, at most 99 bytes) with owner and mode. */
export function folderArchive({
  name,
  ...rest
}: {
  name: string;
  uid: number;
  gid: number;
  mode: number;
}): Buffer {
  if (name.includes('/')) throw new RangeError('not a name of one part');
  return tarArchive([{ path: name, ...rest }]);
}

/** The same sources give the same bytes: times are 1970. */
export function tarArchive(sources: readonly TarSource[]): Buffer {
  return Buffer.concat([...sources.flatMap(entryBlocks), Buffer.alloc(2 * BLOCK_BYTES)]);
}

function entryBlocks({ path, mode, uid = 0, gid = 0, content, linkTo }: TarSource): Buffer[] {
  const header = Buffer.alloc(BLOCK_BYTES);
  const isFolder = content === undefined && linkTo === undefined;
  const pathBytes = Buffer.from(isFolder ? `${path}/` : path);
  const linkBytes = Buffer.from(linkTo ?? '');
  if (path === '' || pathBytes.length > 100 || linkBytes.length > 100)
    throw new RangeError('not a path that fits a tar header');
  pathBytes.copy(header, 0);
  linkBytes.copy(header, 157);
  writeNumber(header, 100, 8, mode & 0o7777);
  writeNumber(header, 108, 8, uid);
  writeNumber(header, 116, 8, gid);
  writeNumber(header, 124, 12, content?.length ?? 0);
  writeNumber(header, 136, 12, 0);
  header.write(isFolder ? '5' : linkTo === undefined ? '0' : '2', 156);
  header.write('ustar\0' + '00', 257, 'latin1');
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  if (content === undefined) return [header];
  return [header, content, Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES)];
}

/** Octal, or base 256 (GNU) where octal is too short: a uid of user-namespace hosts may need it. */
function writeNumber(header: Buffer, offset: number, length: number, value: number): void {
  const octal = value.toString(8);
  if (octal.length < length) {
    header.write(`${octal.padStart(length - 1, '0')}\0`, offset, 'latin1');
    return;
  }
  header.writeUInt8(0x80, offset);
  header.writeUIntBE(value, offset + length - 6, 6);
}

function readNumber(header: Buffer, offset: number, length: number): number {
  if ((header[offset] ?? 0) & 0x80) return header.readUIntBE(offset + length - 6, 6);
  return Number.parseInt(
    header.toString('latin1', offset, offset + length).replace(/[\0 ].*$/s, '') || '0',
    8,
  );
}

/**
 * The first real entry of an archive and its content, at most `maxBytes` of it; entries that only describe the next one
 * (pax headers, GNU long names) are passed over. Stops reading there. Undefined: not an archive.
 */
export async function firstTarEntry(
  stream: AsyncIterable<Uint8Array>,
  maxBytes = 0,
): Promise<{ entry: TarEntry; content: Buffer } | undefined> {
  let bytes = Buffer.alloc(0);
  let skip = 0;
  for await (const chunk of stream) {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= skip + BLOCK_BYTES) {
      const header = bytes.subarray(skip, skip + BLOCK_BYTES);
      const type = String.fromCharCode(header[156] ?? 0);
      const sizeBytes = readNumber(header, 124, 12);
      if (header.toString('latin1', 257, 262) !== 'ustar' || !(sizeBytes >= 0)) return undefined;
      if ('xgLK'.includes(type)) {
        skip += BLOCK_BYTES + Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
        continue;
      }
      const wanted = Math.min(sizeBytes, maxBytes);
      if (bytes.length < skip + BLOCK_BYTES + wanted) break;
      const entry: TarEntry = {
        type: type === '5' ? 'folder' : type === '0' || type === '\0' ? 'file' : 'other',
        mode: readNumber(header, 100, 8),
        uid: readNumber(header, 108, 8),
        gid: readNumber(header, 116, 8),
        sizeBytes,
      };
      const from = skip + BLOCK_BYTES;
      return { entry, content: Buffer.from(bytes.subarray(from, from + wanted)) };
    }
  }
  return undefined;
}
