/** One file on a host that is being written beside its place: several writes under way, then through to the disk and in place. */
import type { FileEntry } from '#contract/files.ts';
import type { FileWrite, FileWriteWish } from '../interfaces/file-access.ts';
import { changedError, fileError, incompleteError } from '../interfaces/file-error.ts';
import type { FilePrimitives, OpenFile } from '../interfaces/file-primitives.ts';

export interface PrimitiveWriteParts {
  readonly primitives: FilePrimitives;
  readonly file: OpenFile;
  readonly partial: string;
  readonly wish: FileWriteWish;
  /** What is there once it is in place. */
  readonly entry: () => Promise<FileEntry>;
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
          this.#failure ??= { error };
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

  async finish(): Promise<FileEntry> {
    const { file, wish, primitives } = this.#parts;
    await Promise.all(this.#writing);
    if (this.#failure !== undefined) throw this.#failure.error;
    if (wish.sizeBytes !== null && this.#offset !== wish.sizeBytes) {
      await this.pause();
      throw incompleteError(wish.path);
    }
    this.#isOver = true;
    try {
      const before = await primitives.lookAt(wish.path);
      const kept = before?.kind === 'file' ? before.mode : primitives.newFileMode;
      await file.setMode(wish.mode ?? kept);
      if (wish.modifiedAtMs !== null) await file.setTimes(wish.modifiedAtMs);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#place();
    return await this.#parts.entry();
  }

  async pause(): Promise<void> {
    await Promise.all(this.#writing);
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#parts.file.close();
  }

  async #place(): Promise<void> {
    const { primitives, partial, wish } = this.#parts;
    const { path, replaces } = wish;
    if (replaces === 'nothing') {
      await primitives.moveTo(partial, path);
      return;
    }
    const before = await primitives.lookAt(path);
    if (before?.kind === 'folder') throw fileError('EISDIR', path);
    if (replaces !== 'anything' && before?.version !== replaces) throw changedError(path);
    await primitives.replace(partial, path);
  }
}
