/**
 * Files of the fixture plane: one tree for every place, in memory. It does what the contract says of entries, versions,
 * uploads that go on and operations that end at once; it knows no permissions beyond folders marked so.
 */
import { BerthError } from '#contract/berth-error.ts';
import { ByteFrameReader } from '#contract/framed-bytes.ts';
import type { FileEntry, FolderPart } from '#contract/files.ts';
import type { Operation } from '#contract/operations.ts';
import type { ByteStream } from '#renderer/transport/client.ts';
import type { FixtureCollection, Replies } from './fixture-plane.ts';
import type { Scene } from './scenes.ts';

export interface FileWorkScene {
  /** By path; folders are made from the paths, and from those that end in a slash. */
  readonly files: () => ReadonlyMap<string, FixtureFile>;
  readonly start?: string;
  readonly only?: string | null;
  /** Folders that the person may not read. */
  readonly closed?: readonly string[];
  /** Folders in which nothing may be changed. */
  readonly locked?: readonly string[];
  /** Milliseconds between two parts of a listing. */
  readonly partMs?: number;
  /** Bytes of an upload or download per 20 ms; absent: at once. */
  readonly bytesPerTick?: number;
  /** Operations stay as they are begun. */
  readonly isSlow?: boolean;
  /** What is begun fails. */
  readonly isFailing?: boolean;
  /** What copies say that they could not keep. */
  readonly lost?: string;
}

export interface FixtureFile {
  readonly text?: string;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly sizeBytes?: number;
  readonly mode?: number;
  readonly owner?: string;
  readonly modifiedAt?: string;
  /** It is a link: what it says, and what is there. */
  readonly target?: string;
  readonly targetKind?: FileEntry['targetKind'];
  readonly isFolder?: boolean;
  readonly isSpecial?: boolean;
}

interface Node extends FixtureFile {
  version: number;
}

const at = '2026-11-20T09:00:00.000Z';
const parent = (path: string) => path.slice(0, path.lastIndexOf('/')) || '/';
const base = (path: string) => path.slice(path.lastIndexOf('/') + 1);
const join = (folder: string, name: string) => (folder === '/' ? `/${name}` : `${folder}/${name}`);

export class FixtureFiles {
  readonly #nodes = new Map<string, Node>();
  readonly #children = new Map<string, Set<string>>();
  readonly #uploads = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #scene: FileWorkScene;
  #versions = 0;
  /** Uploads break off after so many bytes, once. */
  breakAfterBytes: number | null = null;

  constructor(scene: FileWorkScene) {
    this.#scene = scene;
    this.#nodes.set('/', { isFolder: true, version: 0 });
    this.#children.set('/', new Set());
    for (const [path, file] of scene.files()) {
      if (path.endsWith('/')) this.put(path.slice(0, -1), { ...file, isFolder: true });
      else this.put(path, file);
    }
  }

  put(path: string, file: FixtureFile): FileEntry {
    if (!this.#nodes.has(parent(path))) this.put(parent(path), { isFolder: true });
    this.#versions += 1;
    this.#nodes.set(path, { ...file, version: this.#versions });
    if (file.isFolder && !this.#children.has(path)) this.#children.set(path, new Set());
    this.#children.get(parent(path))?.add(base(path));
    return this.entry(path);
  }

  delete(path: string): void {
    for (const name of this.#children.get(path) ?? []) this.delete(join(path, name));
    this.#children.delete(path);
    this.#nodes.delete(path);
    this.#children.get(parent(path))?.delete(base(path));
  }

  has(path: string): boolean {
    return this.#nodes.has(path);
  }

  bytes(path: string): Uint8Array<ArrayBuffer> {
    const node = this.#node(path);
    if (node.isFolder) throw new BerthError('file.wrong-kind', `${path} is a folder.`);
    return (
      node.bytes ?? new Uint8Array(new TextEncoder().encode(node.text ?? 'x'.repeat(node.sizeBytes ?? 0)))
    );
  }

  entry(path: string): FileEntry {
    const node = this.#node(path);
    const kind = node.isFolder ? 'folder' : node.target === undefined ? 'file' : 'link';
    const text = node.text === undefined ? null : new TextEncoder().encode(node.text).byteLength;
    return {
      name: base(path),
      kind: node.isSpecial ? 'other' : kind,
      sizeBytes: kind === 'folder' ? 4096 : (node.sizeBytes ?? node.bytes?.byteLength ?? text ?? 0),
      mode: node.mode ?? (node.isFolder ? 0o755 : kind === 'link' ? 0o777 : 0o644),
      owner: node.owner ?? 'dev',
      group: node.owner ?? 'dev',
      modifiedAt: node.modifiedAt ?? at,
      target: node.target ?? null,
      targetKind: node.target === undefined ? null : (node.targetKind ?? null),
      version: `v${node.version}`,
    };
  }

  async *list(path: string, signal: AbortSignal | undefined): AsyncGenerator<FolderPart> {
    const real = this.#real(path);
    if (this.#scene.closed?.includes(real))
      throw new BerthError(
        'file.permission-denied',
        `${real} may not be read by dev. Its owner can change that: chmod o+rx ${real}`,
        { details: { path: real, fix: `chmod o+rx ${real}` } },
      );
    const children = this.#children.get(real);
    if (!children) throw new BerthError('file.wrong-kind', `${path} is no folder.`);
    const isWritable = this.isWritable(real);
    const all = [...children].map((name) => this.entry(join(real, name)));
    let from = 0;
    do {
      if (from > 0 && this.#scene.partMs !== undefined)
        await new Promise((resolve) => setTimeout(resolve, this.#scene.partMs));
      if (signal?.aborted) return;
      yield { path: real, isWritable, entries: all.slice(from, from + 1000) };
      from += 1000;
    } while (from < all.length);
  }

  isWritable(folder: string): boolean {
    return !(this.#scene.locked ?? []).includes(folder);
  }

  uploaded(key: string): number {
    return this.#uploads.get(key)?.byteLength ?? 0;
  }

  discard(key: string): void {
    this.#uploads.delete(key);
  }

  get uploadsHeld(): number {
    return this.#uploads.size;
  }

  write(input: {
    readonly path: string;
    readonly uploadKey: string;
    readonly offset: number;
    readonly sizeBytes: number;
    readonly replaces: string;
  }): ByteStream {
    const ending = Promise.withResolvers<void>();
    ending.promise.catch(() => undefined);
    let isEnded = false;
    const fail = (error: BerthError) => {
      isEnded = true;
      ending.reject(error);
    };
    const there = this.#uploads.get(input.uploadKey) ?? new Uint8Array();
    let got = there.slice(0, input.offset);
    const finish = () => {
      if (isEnded || got.byteLength < input.sizeBytes) return;
      isEnded = true;
      this.#uploads.delete(input.uploadKey);
      this.put(input.path, { bytes: got });
      ending.resolve();
    };
    if (input.replaces === 'nothing' && this.has(input.path))
      fail(new BerthError('file.exists', `${input.path} is there already.`));
    else if (!this.isWritable(parent(input.path)))
      fail(new BerthError('file.permission-denied', `dev may not write in ${parent(input.path)}.`));
    const reader = new ByteFrameReader(['input', 'inputEnd'], (frame) => {
      if (frame.kind === 'inputEnd') finish();
      else if (frame.kind === 'input') take(frame.bytes);
    });
    const take = (bytes: Uint8Array) => {
      const next = new Uint8Array(got.byteLength + bytes.byteLength);
      next.set(got);
      next.set(bytes, got.byteLength);
      got = next;
      this.#uploads.set(input.uploadKey, got);
      if (this.breakAfterBytes !== null && got.byteLength >= this.breakAfterBytes) {
        this.breakAfterBytes = null;
        fail(new BerthError('connection-lost', 'The connection to Berth was lost.'));
      }
    };
    const perTick = this.#scene.bytesPerTick;
    return {
      onBytes: () => undefined,
      send: (bytes) => {
        if (!isEnded) reader.push(bytes);
      },
      waitingBytes: 0,
      whenSent: async () => {
        if (perTick !== undefined)
          await new Promise((resolve) => setTimeout(resolve, (524_288 / perTick) * 20));
      },
      opened: Promise.resolve(),
      ended: ending.promise,
      close: () => {
        isEnded = true;
        ending.resolve();
      },
    };
  }

  read(path: string, offset: number): ByteStream {
    return pacedBytes(this.bytes(this.#real(path)).subarray(offset), this.#scene.bytesPerTick);
  }

  /** Not a real archive: the names, which is what a test looks at. */
  archive(path: string, names: readonly string[]): ByteStream {
    const all = names.length > 0 ? names : [...(this.#children.get(path) ?? [])];
    return pacedBytes(
      new Uint8Array(new TextEncoder().encode(`PK ${all.join(' ')}`)),
      this.#scene.bytesPerTick,
    );
  }

  copy(from: string, to: string, isMove: boolean): void {
    const node = this.#node(from);
    this.put(to, node);
    for (const name of this.#children.get(from) ?? []) this.copy(join(from, name), join(to, name), false);
    if (isMove) this.delete(from);
  }

  #node(path: string): Node {
    const node = this.#nodes.get(path);
    if (!node) throw new BerthError('not-found', `${path} is not there.`);
    return node;
  }

  #real(path: string): string {
    const clean = path.length > 1 ? path.replace(/\/+$/, '') : path;
    const absolute = clean.startsWith('/') ? clean : join(this.#scene.start ?? '/home/dev', clean);
    const node = this.#node(absolute);
    return node.target?.startsWith('/') ? this.#real(node.target) : absolute;
  }
}

function pacedBytes(content: Uint8Array, perTick: number | undefined): ByteStream {
  const ending = Promise.withResolvers<void>();
  const chunk = perTick ?? 65_536;
  let isClosed = false;
  return {
    onBytes: (listener) => {
      const send = (from: number) => {
        if (isClosed) return;
        if (from >= content.byteLength) return ending.resolve();
        const part = content.subarray(from, from + chunk);
        setTimeout(() => listener(part, () => send(from + part.byteLength)), perTick === undefined ? 0 : 20);
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

interface Collections {
  readonly operations: FixtureCollection<Operation>;
}

export function fileReplies(scene: Scene, files: FixtureFiles, { operations }: Collections): Replies {
  const begun = (kind: Operation['kind'], title: string, act: () => void): Operation => {
    const isSlow = scene.fileWork?.isSlow ?? false;
    const isFailing = scene.fileWork?.isFailing ?? false;
    if (!isSlow && !isFailing) act();
    const id = `op_${String(operations.items.size + 700).padStart(20, '0')}` as const;
    const now = new Date(Date.now() - (isSlow ? 8_000 : 0)).toISOString();
    const operation: Operation = {
      ...{ id, kind, title, hostId: null, canCancel: isSlow, startedAt: now },
      error: isFailing
        ? new BerthError('file.permission-denied', 'The permissions do not allow it.').toShape()
        : null,
      subject: { kind: 'files', id: 'ws_00000000000000000001', name: 'api-server' },
      state: isSlow ? 'running' : isFailing ? 'failed' : 'succeeded',
      endedAt: isSlow ? null : now,
      steps: [
        {
          ...{ id: 'work', title, startedAt: now, endedAt: isSlow ? null : now, note: '' },
          state: isSlow ? 'running' : 'done',
          progress: isSlow ? { done: 310, total: 1_204, unit: 'items', parts: [] } : null,
        },
        {
          ...{ id: 'place', title: 'Putting in place', startedAt: now, endedAt: isSlow ? null : now },
          ...{ note: isSlow ? '' : (scene.fileWork?.lost ?? ''), progress: null },
          state: isSlow ? 'waiting' : 'done',
        },
      ],
    };
    operations.put(operation);
    return operation;
  };
  const exists = (path: string) => new BerthError('file.exists', `${path} is there already.`);
  return {
    'files.start': () => ({ path: scene.fileWork?.start ?? '/home/dev', only: scene.fileWork?.only ?? null }),
    'files.look': ({ path }) => files.entry(path),
    'files.uploaded': ({ uploadKey }) => ({ bytes: files.uploaded(uploadKey) }),
    'files.discardUpload': ({ uploadKey }) => {
      files.discard(uploadKey);
      return {};
    },
    'files.readText': ({ path }) => {
      const entry = files.entry(path);
      const bytes = files.bytes(path);
      if (entry.sizeBytes > 1024 * 1024)
        throw new BerthError('file.too-large', `“${path}” is larger than 1 MiB. Download it instead.`);
      if (bytes.includes(0)) throw new BerthError('file.not-text', `${path} is not text.`);
      return { text: new TextDecoder().decode(bytes), entry, isWritable: (entry.mode & 0o200) !== 0 };
    },
    'files.writeText': ({ path, text, replaces }) => {
      if (replaces === 'nothing' && files.has(path)) throw exists(path);
      const isVersion = replaces !== 'nothing' && replaces !== 'anything';
      if (isVersion && files.has(path) && files.entry(path).version !== replaces)
        throw new BerthError('file.changed', `${path} was changed meanwhile.`);
      return files.put(path, { text, modifiedAt: new Date().toISOString() });
    },
    'files.makeFolder': ({ path, mayExist }) => {
      if (files.has(path)) {
        if (!mayExist || files.entry(path).kind !== 'folder') throw exists(path);
        return files.entry(path);
      }
      if (!files.isWritable(parent(path)))
        throw new BerthError('file.permission-denied', `dev may not write in ${parent(path)}.`);
      return files.put(path, { isFolder: true });
    },
    'files.rename': ({ path, toPath, mayReplace }) => {
      if (files.has(toPath) && !mayReplace) throw exists(toPath);
      files.copy(path, toPath, true);
      return files.entry(toPath);
    },
    'files.remove': ({ path, names }) =>
      begun('files.remove', `Delete ${names.length === 1 ? names[0] : `${names.length} entries`}`, () => {
        for (const name of names) files.delete(join(path, name));
      }),
    'files.setPermissions': ({ path, names, mode }) =>
      begun('files.permissions', 'Change permissions', () => {
        for (const name of names) {
          const entry = files.entry(join(path, name));
          if (entry.kind === 'folder') files.put(join(path, name), { isFolder: true, mode });
          else files.put(join(path, name), { bytes: files.bytes(join(path, name)), mode });
        }
      }),
    'files.copy': ({ path, names, toPath, onConflict, isMove }) => {
      const taken = names.filter((name) => files.has(join(toPath, name)));
      if (taken.length > 0 && onConflict === 'fail') throw exists(join(toPath, taken[0]!));
      const what = names.length === 1 ? names[0] : `${names.length} entries`;
      return begun('files.copy', `${isMove ? 'Move' : 'Copy'} ${what} to ${toPath}`, () => {
        for (const name of names) {
          const isTaken = files.has(join(toPath, name));
          if (isTaken && onConflict === 'skip') continue;
          const to = isTaken && onConflict === 'both' ? `${name} (2)` : name;
          files.copy(join(path, name), join(toPath, to), isMove ?? false);
        }
      });
    },
  };
}
