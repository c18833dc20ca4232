/**
 * Sends files that were dropped on a screen into the workspace, one after the other: to the desktop's own folder, where a
 * person sees them. A name that is taken gets a number. What broke off with the connection goes on where it stopped.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { PlaneClient } from '../../state/api.ts';
import { sendFile } from '../../state/send-file.ts';
import { toBerthError } from '../../state/to-berth-error.ts';

/** Names that are tried before a person is told. */
const maxNames = 50;
const folders = ['Desktop', 'Downloads'] as const;

export interface Drop {
  readonly id: number;
  readonly name: string;
  readonly sizeBytes: number;
  readonly sentBytes: number;
  readonly phase: 'waiting' | 'sending' | 'done' | 'failed';
  /** Where it went; null while that is not known. */
  readonly path: string | null;
  readonly error: BerthError | null;
}

interface Work {
  readonly id: number;
  readonly file: File;
  readonly uploadKey: string;
  readonly stop: AbortController;
}

export class DroppedFiles {
  readonly store: StoreApi<{ readonly drops: readonly Drop[] }> = createStore(() => ({ drops: [] }));
  readonly #client: Pick<PlaneClient, 'call' | 'bytes'>;
  readonly #placeId: WorkspaceId;
  readonly #mountPoint: string;
  readonly #works = new Map<number, Work>();
  readonly #queue: number[] = [];
  #isSending = false;
  #lastId = 0;

  constructor(client: Pick<PlaneClient, 'call' | 'bytes'>, placeId: WorkspaceId, mountPoint: string) {
    this.#client = client;
    this.#placeId = placeId;
    this.#mountPoint = mountPoint;
  }

  add(files: readonly File[]): void {
    for (const file of files) {
      this.#lastId += 1;
      const id = this.#lastId;
      this.#works.set(id, { id, file, uploadKey: newUploadKey(), stop: new AbortController() });
      this.store.setState(({ drops }) => ({
        drops: [
          ...drops,
          {
            id,
            name: file.name,
            sizeBytes: file.size,
            sentBytes: 0,
            phase: 'waiting',
            path: null,
            error: null,
          },
        ],
      }));
      this.#queue.push(id);
    }
    void this.#next();
  }

  /** Goes on with one that failed, where it stopped. */
  retry(id: number): void {
    const work = this.#works.get(id);
    if (work === undefined) return;
    this.#works.set(id, { ...work, stop: new AbortController() });
    this.#change(id, { phase: 'waiting', error: null });
    this.#queue.push(id);
    void this.#next();
  }

  /** Ends it and takes it from the list; what was sent of it is deleted there. */
  drop(id: number): void {
    const work = this.#works.get(id);
    const row = this.#row(id);
    this.#works.delete(id);
    work?.stop.abort();
    this.store.setState(({ drops }) => ({ drops: drops.filter((each) => each.id !== id) }));
    if (work === undefined || row === undefined || row.path === null || row.phase === 'done') return;
    this.#client
      .call('files.discardUpload', { placeId: this.#placeId, path: row.path, uploadKey: work.uploadKey })
      .catch(() => undefined);
  }

  close(): void {
    for (const { stop } of this.#works.values()) stop.abort();
    this.#works.clear();
    this.#queue.length = 0;
  }

  #row(id: number): Drop | undefined {
    return this.store.getState().drops.find((each) => each.id === id);
  }

  #change(id: number, change: Partial<Drop>): void {
    this.store.setState(({ drops }) => ({
      drops: drops.map((each) => (each.id === id ? { ...each, ...change } : each)),
    }));
  }

  async #next(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    for (let id = this.#queue.shift(); id !== undefined; id = this.#queue.shift()) {
      const work = this.#works.get(id);
      if (work === undefined) continue;
      this.#change(id, { phase: 'sending' });
      try {
        const path = await this.#send(work);
        this.#change(id, { phase: 'done', path, sentBytes: work.file.size });
      } catch (cause) {
        if (!work.stop.signal.aborted) this.#change(id, { phase: 'failed', error: toBerthError(cause) });
      }
    }
    this.#isSending = false;
  }

  /** Resolves with the path. */
  async #send(work: Work): Promise<string> {
    const begun = this.#row(work.id)?.path ?? null;
    if (begun !== null) {
      const input = { placeId: this.#placeId, path: begun, uploadKey: work.uploadKey };
      const { bytes } = await this.#client.call('files.uploaded', input);
      await this.#sendTo(work, begun, Math.min(bytes, work.file.size));
      return begun;
    }
    const folder = await this.#folder();
    for (let number = 1; ; number += 1) {
      const path = `${folder}/${numberedName(work.file.name, number)}`;
      try {
        await this.#sendTo(work, path, 0);
        return path;
      } catch (cause) {
        if (!BerthError.is(cause, 'file.exists') || number >= maxNames) throw cause;
        this.#change(work.id, { path: null, sentBytes: 0 });
      }
    }
  }

  async #folder(): Promise<string> {
    for (const name of folders) {
      const path = `${this.#mountPoint}/${name}`;
      try {
        const entry = await this.#client.call('files.look', { placeId: this.#placeId, path });
        if (entry.kind === 'folder' || entry.targetKind === 'folder') return path;
      } catch (cause) {
        if (!BerthError.is(cause, 'not-found')) throw cause;
      }
    }
    return this.#mountPoint;
  }

  /** @throws BerthError what ended it. */
  async #sendTo({ id, file, uploadKey, stop }: Work, path: string, offset: number): Promise<void> {
    this.#change(id, { path, sentBytes: offset });
    const stream = this.#client.bytes('files.write', {
      placeId: this.#placeId,
      path,
      uploadKey,
      offset,
      sizeBytes: file.size,
      mode: null,
      replaces: 'nothing',
      modifiedAt: new Date(file.lastModified).toISOString(),
    });
    await sendFile(stream, {
      file: file.slice(offset),
      signal: stop.signal,
      isFramed: true,
      onSent: (bytes) => this.#change(id, { sentBytes: offset + bytes }),
    });
  }
}

/** `report.pdf`, `report (2).pdf`, `report (3).pdf`. */
export function numberedName(name: string, number: number): string {
  if (number === 1) return name;
  const dot = name.lastIndexOf('.');
  // A name that begins with its only dot is hidden, and has no extension.
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  return `${stem} (${number})${extension}`;
}

/** 20 characters of 36: the key that the plane knows the upload by. */
function newUploadKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(20)), (byte) => (byte % 36).toString(36)).join('');
}
