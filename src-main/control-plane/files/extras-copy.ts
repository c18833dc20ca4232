/**
 * What of a tree no listing tells, brought over with a copy: further names of a file become names of its copy, and files and
 * folders get the attributes that users gave them. Guarantees: only what is one file before and after the copy becomes one;
 * a name that may be another file by then is copied as its own.
 */
import type { ExtrasWish, FileAccess, FileExtras } from '../interfaces/file-access.ts';
import { fillingMode, keptMode } from './copied-modes.ts';
import type { TreeFrom, TreeItem } from './walk-tree.ts';

/** Characters of JSON in one question; an agent takes a MiB of bytes. */
const mostAtOnce = 256 * 1024;

interface Target {
  readonly access: FileAccess;
  readonly path: string;
}

interface FurtherName {
  readonly item: TreeItem;
  readonly of: TreeItem;
  readonly fileId: string;
}

export class ExtrasCopy {
  readonly #from: TreeFrom;
  /** By name. Undefined: the source cannot say. */
  readonly #known: ReadonlyMap<string, FileExtras> | undefined;
  readonly #firstNames = new Map<string, TreeItem>();
  readonly #furtherNames: FurtherName[] = [];
  readonly #attributed = new Map<string, ExtrasWish['attributes'][number]>();
  readonly #bare = new Set<string>();

  private constructor(from: TreeFrom, found: readonly FileExtras[] | undefined) {
    this.#from = from;
    this.#known = found && new Map(found.map((one) => [one.name, one]));
  }

  static async begin(from: TreeFrom, signal: AbortSignal): Promise<ExtrasCopy> {
    return new ExtrasCopy(from, await from.access.extras(from.path, from.names, signal));
  }

  /** The source could not be asked: further names become files of their own, and attributes are lost. */
  get isBlind(): boolean {
    return this.#known === undefined;
  }

  /** To be called for each, as the walk comes to it. True: it is not to be copied now. */
  take(item: TreeItem): boolean {
    const known = this.#known?.get(item.name);
    if (known === undefined || (item.entry.kind !== 'file' && item.entry.kind !== 'folder')) return false;
    const { attributes, name } = known;
    // Folders get theirs when all is in them.
    const mode = item.entry.kind === 'folder' ? fillingMode : item.entry.mode & keptMode;
    if (Object.keys(attributes).length > 0) this.#attributed.set(name, { name, attributes, mode });
    const fileId = item.entry.kind === 'file' ? known.fileId : null;
    const of = fileId === null ? undefined : this.#firstNames.get(fileId);
    if (fileId !== null && of !== undefined) {
      this.#furtherNames.push({ item, of, fileId });
      return true;
    }
    if (fileId !== null) this.#firstNames.set(fileId, item);
    if (known.hasMore) this.#bare.add(item.name);
    return false;
  }

  /** Once all files are there. Returns those that are to be copied as files of their own, and are not there. */
  async link(
    { access, path }: Target,
    signal: AbortSignal,
  ): Promise<{ readonly own: TreeItem[]; readonly refused: number }> {
    const own: TreeItem[] = [];
    let refused = 0;
    for (const batch of inBatches(this.#furtherNames, ({ item, of }) => item.name.length + of.name.length)) {
      const names = [...new Set(batch.flatMap(({ item, of }) => [item.name, of.name]))];
      const now = new Map(
        (await this.#from.access.extras(this.#from.path, names, signal))?.map((one) => [
          one.name,
          one.fileId,
        ]),
      );
      const isSame = ({ item, of, fileId }: FurtherName) =>
        now.get(item.name) === fileId && now.get(of.name) === fileId;
      const links = batch.filter(isSame);
      const { unlinked } = await access.giveExtras(
        path,
        { links: links.map(({ item, of }) => ({ name: item.name, of: of.name })), attributes: [] },
        signal,
      );
      const failed = new Set(unlinked);
      refused += failed.size;
      for (const one of batch) {
        if (!isSame(one) || failed.has(one.item.name)) own.push(one.item);
        // Its attributes are those of the file, which has them by its first name.
        else this.#attributed.delete(one.item.name);
      }
    }
    return { own, refused };
  }

  /** The last for files, and before the modes of folders. Returns of how many not all could be kept. */
  async giveAttributes({ access, path }: Target, signal: AbortSignal): Promise<number> {
    for (const attributes of inBatches([...this.#attributed.values()], (one) => JSON.stringify(one).length)) {
      const { bare } = await access.giveExtras(path, { links: [], attributes }, signal);
      for (const name of bare) this.#bare.add(name);
    }
    return this.#bare.size;
  }
}

function* inBatches<T>(all: readonly T[], sizeOf: (one: T) => number): Generator<T[]> {
  let batch: T[] = [];
  let size = 0;
  for (const one of all) {
    const own = sizeOf(one) + 50;
    if (batch.length > 0 && size + own > mostAtOnce) {
      yield batch;
      [batch, size] = [[], 0];
    }
    batch.push(one);
    size += own;
  }
  if (batch.length > 0) yield batch;
}
