/** Files of a place, as a client of the plane has them. */
import { encodeByteFrame } from '#contract/framed-bytes.ts';
import type { FileEntry, FolderPart, PlaceId } from '#contract/files.ts';
import type { InputOf } from '#contract/index.ts';
import type { TestPlane } from '#test/harness/start-plane.ts';

/** As a window makes them; the tests have no two of a name. */
export const keyOf = (name: string) =>
  name
    .replace(/[^0-9a-z]/g, '0')
    .padEnd(20, '0')
    .slice(0, 20);

export class FileClient {
  readonly plane: TestPlane;
  readonly placeId: PlaceId;

  constructor(plane: TestPlane, placeId: PlaceId) {
    this.plane = plane;
    this.placeId = placeId;
  }

  async parts(path: string): Promise<FolderPart[]> {
    const parts: FolderPart[] = [];
    const { placeId } = this;
    for await (const part of this.plane.client.stream('files.list', { placeId, path })) parts.push(part);
    return parts;
  }
  async list(path: string): Promise<Map<string, FileEntry>> {
    const parts = await this.parts(path);
    return new Map(parts.flatMap(({ entries }) => entries.map((entry) => [entry.name, entry])));
  }
  names = async (path: string) => [...(await this.list(path)).keys()].sort();
  look(path: string): Promise<FileEntry> {
    return this.plane.client.call('files.look', { placeId: this.placeId, path });
  }

  async read(path: string, over: Partial<InputOf<'files.read'>> = {}): Promise<Buffer> {
    return await received(this.plane.client.bytes('files.read', { placeId: this.placeId, path, ...over }));
  }
  async archive(path: string, over: Partial<InputOf<'files.readFolder'>> = {}): Promise<Buffer> {
    const { placeId } = this;
    return await received(this.plane.client.bytes('files.readFolder', { placeId, path, ...over }));
  }

  beginWrite(path: string, sizeBytes: number, over: Partial<InputOf<'files.write'>> = {}) {
    const { placeId } = this;
    const uploadKey = keyOf(path.slice(path.lastIndexOf('/') + 1));
    const stream = this.plane.client.bytes('files.write', { placeId, path, uploadKey, sizeBytes, ...over });
    stream.ended.catch(() => undefined);
    return {
      stream,
      send: async (bytes: Uint8Array) => {
        stream.send(encodeByteFrame({ kind: 'input', bytes }));
        await stream.whenSent();
      },
      end: async () => {
        stream.send(encodeByteFrame({ kind: 'inputEnd' }));
        await stream.ended;
      },
    };
  }
  async write(path: string, content: string | Uint8Array, over: Partial<InputOf<'files.write'>> = {}) {
    const bytes = Buffer.from(content);
    const from = over.offset ?? 0;
    const write = this.beginWrite(path, bytes.byteLength, over);
    for (let at = from; at < bytes.byteLength; at += 256 * 1024)
      await write.send(bytes.subarray(at, at + 256 * 1024));
    await write.end();
  }
}

async function received(stream: ReturnType<TestPlane['client']['bytes']>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  stream.onBytes((bytes, done) => {
    pieces.push(Buffer.from(bytes));
    done();
  });
  await stream.ended;
  return Buffer.concat(pieces);
}
