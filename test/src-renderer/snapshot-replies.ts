/** What the fixture plane answers about snapshots: folders, search, comparison, and the bytes of files. */
import type { Snapshot, SnapshotEntry } from '#contract/snapshots.ts';
import type { Operation } from '#contract/operations.ts';
import type { ByteStream } from '#renderer/transport/client.ts';
import type { FixtureCollection, Replies } from './fixture-plane.ts';
import type { Scene } from './scenes.ts';

interface Collections {
  readonly snapshots: FixtureCollection<Snapshot>;
  readonly operations: FixtureCollection<Operation>;
}

export function snapshotReplies(
  scene: Scene,
  { snapshots, operations }: Collections,
  found: <T>(value: T | undefined) => T,
): Replies {
  const tree = lazy(() => scene.snapshotTree?.() ?? new Map<string, readonly SnapshotEntry[]>());
  const anOperation = () => found([...operations.items.values()][0]);
  return {
    'snapshots.change': ({ id, ...change }) => {
      const snapshot = { ...found(snapshots.items.get(id)), ...change } as Snapshot;
      snapshots.put(snapshot);
      return snapshot;
    },
    'snapshots.verify': () => anOperation(),
    'snapshots.putBack': () => anOperation(),
    'snapshots.destroy': ({ ids }) => {
      for (const id of ids) snapshots.delete(id);
      return anOperation();
    },
    'snapshots.browse': ({ path, offset = 0, limit = 500 }) => {
      const entries = found(tree().get(path));
      return { entries: entries.slice(offset, offset + limit), total: entries.length };
    },
    'snapshots.search': ({ query, workspaceId, limit = 100 }) => {
      const words = query.toLowerCase().split(/\s+/).filter(Boolean).map(pattern);
      const searched = [...snapshots.items.values()]
        .filter((one) => !workspaceId || one.workspaceId === workspaceId)
        .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
      const able = searched.filter(({ isHostAway }) => !isHostAway);
      const hits = [...tree().values()]
        .flat()
        .filter(({ path }) => words.every((word) => word.test(path)))
        .map((entry) => ({
          path: entry.path,
          // Its content changes with every seventh snapshot, and the oldest have not got it.
          found: able.slice(0, -2).map(({ id }, index) => ({
            snapshotId: id,
            entry: entry.sha256
              ? { ...entry, sha256: `${Math.floor(index / 7)}${entry.sha256.slice(1)}` }
              : entry,
          })),
        }))
        .filter((hit) => hit.found.length > 0);
      return {
        hits: hits.slice(0, limit),
        isTruncated: hits.length > limit,
        notSearched: searched.length - able.length,
      };
    },
    'snapshots.compare': ({ id, otherId }) => found(scene.compare)(id, otherId),
  };
}

function pattern(word: string): RegExp {
  const escaped = word
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(escaped, 'i');
}

function lazy<T>(make: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= make());
}

/** The bytes of a file of the fixture: a pattern that no other file has, of the size that its entry says. */
export function contentOf(path: string, sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  let state = new TextEncoder().encode(path).reduce((sum, byte) => (sum * 31 + byte) >>> 0, 7);
  for (let index = 0; index < sizeBytes; index += 1) {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

const chunkBytes = 65_536;

/** Sends a chunk when the one before it was used. A folder is 10 KiB of something. */
export function snapshotBytes(scene: Scene, path: string): ByteStream {
  const entry = [...(scene.snapshotTree?.() ?? new Map<string, readonly SnapshotEntry[]>()).values()]
    .flat()
    .find((one) => one.path === path);
  const content = contentOf(path, entry?.kind === 'file' ? entry.sizeBytes : 10_240);
  const ending = Promise.withResolvers<void>();
  let isClosed = false;
  return {
    onBytes: (listener) => {
      const send = (from: number) => {
        if (isClosed) return;
        if (from >= content.byteLength) return ending.resolve();
        const part = content.subarray(from, from + chunkBytes);
        setTimeout(() => listener(part, () => send(from + part.byteLength)));
      };
      send(0);
    },
    send: () => undefined,
    waitingBytes: 0,
    whenSent: () => Promise.resolve(),
    opened: Promise.resolve(),
    ended: ending.promise,
    close: () => {
      isClosed = true;
      ending.resolve();
    },
  };
}
