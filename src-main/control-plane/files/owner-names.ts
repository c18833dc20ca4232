/** Names of users and groups of a place, from its passwd(5) and group(5), read once. */
import type { FilePrimitives } from '../interfaces/file-primitives.ts';

/** What is longer is a directory service's, not a file's. */
const mostBytes = 1024 * 1024;

export class OwnerNames {
  readonly #primitives: FilePrimitives;
  #read: Promise<readonly [ReadonlyMap<number, string>, ReadonlyMap<number, string>]> | undefined;

  constructor(primitives: FilePrimitives) {
    this.#primitives = primitives;
  }

  /** Never rejects: numbers are shown where names cannot be read. */
  async load(): Promise<{ user(uid: number): string; group(gid: number): string }> {
    this.#read ??= Promise.all([this.#namesIn('/etc/passwd'), this.#namesIn('/etc/group')]);
    const [users, groups] = await this.#read;
    return {
      user: (uid) => users.get(uid) ?? String(uid),
      group: (gid) => groups.get(gid) ?? String(gid),
    };
  }

  async #namesIn(path: string): Promise<ReadonlyMap<number, string>> {
    const names = new Map<number, string>();
    try {
      const file = await this.#primitives.open(path, 'read');
      try {
        for (const line of (await readAll(file)).split('\n')) {
          const [name = '', , id = ''] = line.split(':');
          if (/^[0-9]{1,10}$/.test(id) && !names.has(Number(id))) names.set(Number(id), name);
        }
      } finally {
        await file.close();
      }
    } catch {
      // Numbers, then.
    }
    return names;
  }
}

async function readAll(file: Awaited<ReturnType<FilePrimitives['open']>>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  while (size < mostBytes) {
    const piece = await file.read(size, 64 * 1024);
    if (piece.byteLength === 0) break;
    pieces.push(piece);
    size += piece.byteLength;
  }
  return Buffer.concat(pieces).toString('utf8');
}
