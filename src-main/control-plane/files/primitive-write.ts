/** One file on a host that is being written beside its place: several writes under way, then through to the disk and in place. */
import { BerthError } from '#contract/berth-error.ts';
import type { FileWrite, FileWriteWish } from '../interfaces/file-access.ts';
import {
  changedError,
  failureAt,
  fileError,
  incompleteError,
  uploadGoneError,
} from '../interfaces/file-error.ts';
import type { FileFacts, FilePrimitives, OpenFile } from '../interfaces/file-primitives.ts';

export interface PrimitiveWriteParts {
  readonly primitives: FilePrimitives;
  readonly file: OpenFile;
  readonly partial: string;
  readonly wish: FileWriteWish;
  /** Gives it what else the file has that it is to replace. */
  readonly likenTo: () => Promise<void>;
  readonly onPlaced: () => void;
}

export class PrimitiveWrite implements FileWrite {
  readonly #parts: PrimitiveWriteParts;
  readonly #writing = new Set<Promise<void>>();
  #offset: number;
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;

  constructor(parts: PrimitiveWriteParts) {
    this.#parts = parts;
    this.#offset = parts.wish.offset;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { pieceBytes, ahead } = this.#parts.primitives.pace;
    for (let at = 0; at < bytes.byteLength; ) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const piece = bytes.subarray(at, at + pieceBytes);
      const writing = this.#parts.file.write(this.#offset, piece).then(
        () => undefined,
        (error: unknown) => {
          this.#failure ??= { error: this.#named(error) };
        },
      );
      this.#writing.add(writing);
      void writing.then(() => this.#writing.delete(writing));
      at += piece.byteLength;
      this.#offset += piece.byteLength;
      while (this.#writing.size >= ahead) await Promise.race(this.#writing);
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async finish(): Promise<void> {
    const { file, wish, primitives } = this.#parts;
    await Promise.all(this.#writing);
    if (this.#failure !== undefined) throw this.#failure.error;
    if (wish.sizeBytes !== null && this.#offset !== wish.sizeBytes) {
      await this.pause();
      throw incompleteError(wish.path);
    }
    this.#isOver = true;
    try {
      const replaced = await this.#replaced();
      if (replaced !== undefined) await this.#keepOwner(replaced);
      const mode = wish.mode ?? replaced?.mode ?? primitives.newFileMode;
      if (replaced !== undefined && wish.isEdit) {
        await file.setMode(mode);
        await this.#parts.likenTo();
        if (wish.modifiedAtMs !== null) await file.setTimes(wish.modifiedAtMs);
      } else await this.#setBoth(mode, wish.modifiedAtMs);
      if (!wish.isStaged) {
        await file.sync();
        await this.#requireSame();
      }
    } catch (error) {
      throw this.#named(error);
    } finally {
      await file.close();
    }
    await this.#place().catch((error: unknown) => {
      throw this.#named(error);
    });
    if (!wish.isStaged) this.#parts.onPlaced();
  }

  async pause(): Promise<void> {
    await Promise.all(this.#writing);
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#parts.file.close();
  }

  /** In one round trip. Both are answered before the file is closed, whatever becomes of them. */
  async #setBoth(mode: number, modifiedAtMs: number | null): Promise<void> {
    const { file } = this.#parts;
    const setting = [
      file.setMode(mode),
      modifiedAtMs === null ? Promise.resolve() : file.setTimes(modifiedAtMs),
    ];
    await Promise.allSettled(setting);
    await Promise.all(setting);
  }

  async #replaced(): Promise<FileFacts | undefined> {
    const { primitives, wish } = this.#parts;
    if (wish.isStaged || wish.replaces === 'nothing') return undefined;
    const before = await primitives.lookAt(wish.path);
    return before?.kind === 'file' ? before : undefined;
  }

  /** Before the mode, which a change of the owner takes setuid and setgid from (chown(2)). */
  async #keepOwner({ uid, gid }: FileFacts): Promise<void> {
    await this.#parts.file.setOwner(uid, gid).catch((error: unknown) => {
      // It then belongs to whoever writes it.
      if (BerthError.is(error, 'connection-lost')) throw error;
    });
  }

  /** What is to get the file's name must be what was written, and nothing that was put there meanwhile. */
  async #requireSame(): Promise<void> {
    const { file, partial, primitives, wish } = this.#parts;
    const [own, there] = await Promise.all([file.facts(), primitives.lookAt(partial)]);
    if (there?.kind !== 'file' || there.version !== own.version) throw uploadGoneError(wish.path);
  }

  /** The file that was meant is named, and not what is written beside it. */
  #named(error: unknown): unknown {
    return failureAt(error, this.#parts.partial, this.#parts.wish.path);
  }

  async #place(): Promise<void> {
    const { primitives, partial, wish } = this.#parts;
    if (wish.replaces === 'nothing') return await primitives.moveTo(partial, wish.path);
    if (!wish.isStaged) requireReplaceable(await primitives.lookAt(wish.path), wish);
    await primitives.replace(partial, wish.path);
  }
}

/** @throws file.exists, file.wrong-kind, file.changed */
export function requireReplaceable(
  before: FileFacts | undefined,
  { path, replaces }: Pick<FileWriteWish, 'path' | 'replaces'>,
): void {
  if (replaces === 'nothing' && before !== undefined) throw fileError('EEXIST', path);
  if (before?.kind === 'folder') throw fileError('EISDIR', path);
  if (replaces !== 'nothing' && replaces !== 'anything' && before?.version !== replaces)
    throw changedError(path);
}
