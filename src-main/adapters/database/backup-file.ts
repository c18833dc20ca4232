/**
 * A backup of everything that Berth knows: records and logs from either database, and the few files beside it, as gzipped
 * lines of JSON, so that it moves between SQLite and PostgreSQL and outlives both. Guarantees: what is read back is whole
 * and unchanged (counts and a SHA-256 in the last line), or nothing of it is used. It holds what the data folder holds,
 * password hashes and sealed secrets with it, and is to be kept as safe.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import type { Dump } from './buffered-record-store.ts';

/** Beside the database in the data folder. The master key of sealed secrets is elsewhere, in keychain or vault. */
export const backedUpFiles = ['known_hosts', 'secrets.sealed', 'vault.json', 'secret.key'] as const;
const FORMAT = 1;
/** A value is a record; the largest, a workspace's, is kilobytes. Past this somebody made the file. */
const MAX_LINE_BYTES = 64 * 1024 ** 2;

const Header = z.object({
  berthBackup: z.number().int(),
  schema: z.number().int(),
  version: z.string(),
  createdAt: z.string(),
});
const Line = z.union([
  z.object({ r: z.tuple([z.string(), z.string(), z.string()]) }),
  z.object({ l: z.tuple([z.string(), z.string(), z.string()]) }),
  z.object({ f: z.tuple([z.enum(backedUpFiles), z.base64()]) }),
  z.object({
    end: z.object({ records: z.number(), rows: z.number(), files: z.number(), sha256: z.string() }),
  }),
]);

export interface Backup {
  /** Of the database that it was taken from. */
  readonly schema: number;
  /** Of the Berth that took it. */
  readonly version: string;
  readonly createdAt: string;
  readonly dump: Dump;
  readonly files: ReadonlyMap<(typeof backedUpFiles)[number], Buffer>;
}

/** The files that are there. */
export async function readBackedUpFiles(folder: string): Promise<Backup['files']> {
  const files = new Map<(typeof backedUpFiles)[number], Buffer>();
  for (const name of backedUpFiles) {
    const path = join(folder, name);
    if (
      await stat(path).then(
        (found) => found.isFile(),
        () => false,
      )
    )
      files.set(name, await readFile(path));
  }
  return files;
}

export function writeBackup(backup: Backup): Readable {
  return Readable.from(linesOf(backup)).pipe(createGzip());
}

function* linesOf({ schema, version, createdAt, dump, files }: Backup): Generator<string> {
  const hash = createHash('sha256');
  const line = (value: unknown): string => {
    const text = `${JSON.stringify(value)}\n`;
    hash.update(text);
    return text;
  };
  yield line({ berthBackup: FORMAT, schema, version, createdAt } satisfies z.infer<typeof Header>);
  for (const { collection, id, value } of dump.records) yield line({ r: [collection, id, value] });
  for (const { log, owner, value } of dump.rows) yield line({ l: [log, owner, value] });
  for (const [name, bytes] of files) yield line({ f: [name, bytes.toString('base64')] });
  const counts = { records: dump.records.length, rows: dump.rows.length, files: files.size };
  yield `${JSON.stringify({ end: { ...counts, sha256: hash.digest('hex') } })}\n`;
}

/** Throws invalid-input, naming what is wrong with the file. */
export async function readBackup(source: Readable): Promise<Backup> {
  try {
    return await parsed(source);
  } catch (error) {
    if (BerthError.is(error)) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code.startsWith('Z_')) throw refused(code === 'Z_BUF_ERROR' ? 'it ends too early' : 'it is not gzip');
    throw error;
  }
}

async function parsed(source: Readable): Promise<Backup> {
  const unzipped = source.pipe(createGunzip());
  source.once('error', (error) => unzipped.destroy(error));
  const hash = createHash('sha256');
  const records: { collection: string; id: string; value: string }[] = [];
  const rows: { log: string; owner: string; value: string }[] = [];
  const files = new Map<(typeof backedUpFiles)[number], Buffer>();
  let header: z.infer<typeof Header> | undefined;
  let isEnded = false;
  for await (const text of linesIn(unzipped)) {
    if (isEnded) throw refused('there is something behind its end');
    if (header === undefined) {
      header = headerOf(text);
      hash.update(`${text}\n`);
      continue;
    }
    const line = Line.safeParse(jsonOf(text));
    if (!line.success) throw refused('a line of it is none of a backup');
    const { data } = line;
    if ('end' in data) {
      const { end } = data;
      if (end.records !== records.length || end.rows !== rows.length || end.files !== files.size)
        throw refused('lines of it are missing');
      if (end.sha256 !== hash.digest('hex')) throw refused('it was changed: its checksum is wrong');
      isEnded = true;
      continue;
    }
    hash.update(`${text}\n`);
    if ('r' in data) records.push({ collection: data.r[0], id: data.r[1], value: data.r[2] });
    else if ('l' in data) rows.push({ log: data.l[0], owner: data.l[1], value: data.l[2] });
    else files.set(data.f[0], Buffer.from(data.f[1], 'base64'));
  }
  if (header === undefined || !isEnded) throw refused('it ends too early');
  const { schema, version, createdAt } = header;
  return { schema, version, createdAt, dump: { records, rows }, files };
}

/** Parted by line feeds alone: readline would also part at U+2028, which JSON has in its strings. */
async function* linesIn(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of source) {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, at)]).toString('utf8');
      [parts, length, from] = [[], 0, at + 1];
    }
    parts.push(chunk.subarray(from));
    length += chunk.byteLength - from;
    if (length > MAX_LINE_BYTES) throw refused('a line of it is too long');
  }
  if (length > 0) throw refused('it ends too early');
}

function headerOf(text: string): z.infer<typeof Header> {
  const header = Header.safeParse(jsonOf(text));
  if (!header.success) throw refused('it does not begin as a backup does');
  if (header.data.berthBackup > FORMAT) throw refused('it was made by a newer Berth; install that one');
  return header.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(why: string): BerthError {
  return new BerthError(
    'invalid-input',
    `This file is no backup that can be used: ${why}. Nothing was changed.`,
  );
}
