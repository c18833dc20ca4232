/**
 * Tar streams made by hand, byte for byte: what no honest program writes, and formats of which this machine's tar is no
 * writer. Independent of the reader that it is there to test.
 */
import { zstdCompressSync } from 'node:zlib';

export interface HandMember {
  readonly name: string | Buffer;
  /** Type flag; default `0`, a file. */
  readonly type?: string;
  readonly content?: string | Buffer;
  readonly link?: string;
  /** What the header says, when that differs from the content's length. */
  readonly size?: number;
  /** Records of an extended header before it. */
  readonly pax?: Readonly<Record<string, string>>;
  readonly magic?: string;
  readonly mode?: number;
  /** Bytes written over the header before its sum is made. */
  readonly patch?: readonly (readonly [number, string | Buffer])[];
}

const padded = (data: Buffer) => Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;

export function headerOf(member: HandMember, size: number): Buffer {
  const header = Buffer.alloc(512);
  const put = (at: number, value: string | Buffer) => Buffer.from(value).copy(header, at);
  put(0, Buffer.from(member.name).subarray(0, 100));
  put(100, octal(member.mode ?? 0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(size, 11));
  put(136, octal(1_700_000_000, 11));
  put(156, member.type ?? '0');
  put(157, Buffer.from(member.link ?? '').subarray(0, 100));
  put(257, member.magic ?? 'ustar\x0000');
  for (const [at, value] of member.patch ?? []) put(at, value);
  put(148, '        ');
  put(
    148,
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
  );
  return header;
}

function paxBlock(records: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let size = rest + 1;
    while (size !== rest + String(size).length) size = rest + String(size).length;
    return `${size} ${key}=${value}\n`;
  });
  const content = Buffer.from(lines.join(''));
  return Buffer.concat([headerOf({ name: 'PaxHeaders/x', type: 'x' }, content.length), padded(content)]);
}

export function memberBytes(member: HandMember): Buffer {
  const content = Buffer.from(member.content ?? '');
  const parts = [headerOf(member, member.size ?? content.length), padded(content)];
  return Buffer.concat(member.pax ? [paxBlock(member.pax), ...parts] : parts);
}

export const END = Buffer.alloc(1024);
export const tarOf = (members: readonly HandMember[], end: Buffer = END): Buffer =>
  Buffer.concat([...members.map(memberBytes), end]);
export const zstdOf = (members: readonly HandMember[], end?: Buffer): Buffer =>
  zstdCompressSync(tarOf(members, end));
