/**
 * The work of one upload: its folders, then its files, a few at a time. Each file has a key, by which the plane knows what
 * of it is there: an upload that broke off goes on after that.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { PlaceId } from '#contract/files.ts';
import { numbered } from '../../state/save-place.ts';
import { sendFile } from '../../state/send-file.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import { baseName, joinPath, parentOf } from './path-words.ts';
import type { TransferRun } from './transfers.ts';

export interface UploadSource {
  /** `path` is below the folder that they go to: "photos/2026/a.jpg". */
  readonly files: readonly { readonly path: string; readonly file: File }[];
  /** Folders that may hold nothing. */
  readonly folders: readonly string[];
}

/** Of one upload; the window has a bound over all of them. */
const workers = 3;

interface Sending {
  readonly wanted: string;
  readonly file: File;
  /** Where it goes: another name where both are kept. */
  path: string;
  key: string;
  /** Something of it may be there. */
  wasTried: boolean;
  sentBytes: number;
  replaces: 'nothing' | 'anything';
  copies: number;
  state: 'waiting' | 'done' | 'skipped' | 'failed';
}

export function titleOfUpload({ files, folders }: UploadSource): string {
  const tops = new Set([...files.map(({ path }) => path), ...folders].map((path) => path.split('/')[0]));
  const only = tops.size === 1 ? [...tops][0] : undefined;
  return only ?? `${tops.size} entries`;
}

export function runUpload(placeId: PlaceId, folder: string, source: UploadSource) {
  const files: Sending[] = source.files.map(({ path, file }) => ({
    ...{ wanted: path, file, path: joinPath(folder, path), key: '' },
    ...{ wasTried: false, sentBytes: 0, replaces: 'nothing', copies: 1, state: 'waiting' },
  }));
  return {
    title: titleOfUpload(source),
    filesTotal: files.length,
    bytesTotal: files.reduce((sum, { file }) => sum + file.size, 0),
    work: (run: TransferRun) => new Upload(placeId, folder, { files, folders: source.folders, run }).run(),
  };
}

class Upload {
  readonly #placeId: PlaceId;
  readonly #folder: string;
  readonly #files: readonly Sending[];
  readonly #folders: readonly string[];
  readonly #run: TransferRun;
  readonly #made = new Map<string, Promise<void>>();
  #filesDone = 0;
  #filesSkipped = 0;
  #bytesDone = 0;

  constructor(
    placeId: PlaceId,
    folder: string,
    { files, folders, run }: { files: readonly Sending[]; folders: readonly string[]; run: TransferRun },
  ) {
    this.#placeId = placeId;
    this.#folder = folder;
    this.#files = files;
    this.#folders = folders;
    this.#run = run;
    for (const { state, sentBytes } of files) {
      this.#bytesDone += sentBytes;
      if (state === 'done') this.#filesDone += 1;
      if (state === 'skipped') this.#filesSkipped += 1;
    }
  }

  async run(): Promise<void> {
    const { cancelled } = this.#run;
    // A second try sends what the first did not.
    for (const file of this.#files) if (file.state === 'failed') file.state = 'waiting';
    this.#count();
    try {
      for (const path of this.#folders) await this.#makeEmptyFolder(joinPath(this.#folder, path));
      const queue = this.#files.filter(({ state }) => state === 'waiting').values();
      const work = async () => {
        for (const file of queue) await this.#sendOne(file);
      };
      const all = await Promise.allSettled(Array.from({ length: workers }, work));
      for (const one of all) if (one.status === 'rejected') throw one.reason;
    } catch (cause) {
      if (cancelled.aborted) await this.#discardHalves();
      throw cause;
    } finally {
      this.#run.changed();
    }
  }

  async #makeEmptyFolder(path: string): Promise<void> {
    try {
      await this.#makeFolder(path);
    } catch (cause) {
      if (this.#run.cancelled.aborted) throw cause;
      this.#run.fail(path.slice(this.#folder.length).replace(/^\//, ''), toBerthError(cause));
    }
  }

  /** Once for each, and again after a failure. */
  #makeFolder(path: string): Promise<void> {
    if (path === this.#folder) return Promise.resolve();
    const present = this.#made.get(path);
    if (present) return present;
    const making = this.#again(async () => {
      await this.#run.client.call('files.makeFolder', { placeId: this.#placeId, path, mayExist: true });
    });
    this.#made.set(path, making);
    making.catch(() => this.#made.delete(path));
    return making;
  }

  /** Does it until it is done, waits while the way is cut, and fails with what stands. */
  async #again<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      await this.#run.whenActive();
      const signal = this.#run.active();
      try {
        return await act(signal);
      } catch (cause) {
        if (this.#run.cancelled.aborted) throw cause;
        const error = toBerthError(cause);
        if (signal.aborted) tries = 0;
        else if (!(await this.#run.whenBack(error, tries))) throw error;
      }
    }
  }

  async #sendOne(file: Sending): Promise<void> {
    for (;;) {
      try {
        if (!(await this.#hasFolder(file))) break;
        await this.#again((signal) => this.#run.inTurn(() => this.#send(file, signal)));
        file.state = 'done';
        this.#filesDone += 1;
        break;
      } catch (cause) {
        if (this.#run.cancelled.aborted) throw cause;
        const error = toBerthError(cause);
        if (error.code === 'file.exists' && file.replaces === 'nothing') {
          await this.#decide(file);
          if (file.state === 'skipped') break;
          continue;
        }
        file.state = 'failed';
        this.#run.fail(file.wanted, error);
        break;
      }
    }
    this.#count();
  }

  /** What has the folder's name is no question about the file that is to go into it. */
  async #hasFolder(file: Sending): Promise<boolean> {
    try {
      await this.#makeFolder(parentOf(file.path) ?? '/');
      return true;
    } catch (cause) {
      if (this.#run.cancelled.aborted) throw cause;
      file.state = 'failed';
      this.#run.fail(file.wanted, toBerthError(cause));
      return false;
    }
  }

  async #decide(file: Sending): Promise<void> {
    // Who asked for both gets the next free name without another question.
    const choice = file.copies > 1 ? 'both' : (await this.#run.askConflict(file.wanted)).choice;
    // What replaces it may be there already, all of it: the name was taken while it was sent. Else nobody wants that.
    if (choice !== 'replace') await this.#discard(file);
    if (choice === 'skip') {
      file.state = 'skipped';
      this.#filesSkipped += 1;
      this.#setSent(file, file.file.size);
    } else if (choice === 'replace') file.replaces = 'anything';
    else {
      file.copies += 1;
      const path = joinPath(this.#folder, file.wanted);
      file.path = joinPath(parentOf(path) ?? '/', numbered(baseName(path), file.copies));
    }
  }

  async #send(file: Sending, signal: AbortSignal): Promise<void> {
    const { client, newKey } = this.#run;
    const placeId = this.#placeId;
    const { path } = file;
    const sizeBytes = file.file.size;
    this.#run.change({ currentName: file.wanted });
    if (!file.wasTried) file.key = newKey();
    const uploadKey = file.key;
    const there = file.wasTried
      ? (await client.call('files.uploaded', { placeId, path, uploadKey })).bytes
      : 0;
    const offset = there <= sizeBytes ? there : 0;
    this.#setSent(file, offset);
    if (signal.aborted) throw new BerthError('cancelled', 'It was cancelled.');
    const { replaces } = file;
    const modifiedAt = new Date(file.file.lastModified).toISOString();
    const input = { placeId, path, uploadKey, offset, sizeBytes, replaces, modifiedAt } as const;
    const stream = client.bytes('files.write', input);
    file.wasTried = true;
    await sendFile(stream, {
      file: file.file.slice(offset),
      signal,
      isFramed: true,
      onSent: (bytes) => {
        this.#setSent(file, offset + bytes);
      },
    });
    this.#setSent(file, sizeBytes);
  }

  /** What was there of files that did not get through is taken away, as far as the plane can be reached. */
  async #discardHalves(): Promise<void> {
    const halves = this.#files.filter(({ state, wasTried }) => wasTried && state === 'waiting');
    await Promise.all(halves.map((file) => this.#discard(file)));
  }

  async #discard(file: Sending): Promise<void> {
    const { path, key, wasTried } = file;
    file.wasTried = false;
    this.#setSent(file, 0);
    if (!wasTried) return;
    const asked = { placeId: this.#placeId, path, uploadKey: key };
    // Where it cannot be said, it is swept up there after a week.
    await this.#run.client.call('files.discardUpload', asked).catch(() => undefined);
  }

  #setSent(file: Sending, bytes: number): void {
    this.#bytesDone += bytes - file.sentBytes;
    file.sentBytes = bytes;
    this.#run.tell(this.#bytesDone);
  }

  #count(): void {
    this.#run.change({
      filesDone: this.#filesDone,
      filesSkipped: this.#filesSkipped,
      bytesDone: this.#bytesDone,
    });
  }
}
