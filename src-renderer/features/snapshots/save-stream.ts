/** Saves streams of bytes as files on this computer, one after the other, and tells how far it is in a notice. */
import { formatBytes } from '../../components/format.ts';
import {
  type ByteSource,
  collectedBytes,
  pump,
  type SavePlace,
  savingFailure,
  TooLargeToCollect,
} from '../../state/byte-pump.ts';
import type { Notices } from '../../state/notices.ts';

/** What is saved. `sizeBytes` null: nobody knows before the end. */
export interface SaveItem {
  readonly name: string;
  readonly sizeBytes: number | null;
  readonly open: () => ByteSource;
}

/** Milliseconds between two words about the progress. */
const tellEveryMs = 120;

export interface SaveDeps {
  readonly notices: Pick<Notices, 'begin'>;
  readonly place: SavePlace;
  readonly now?: () => number;
}

/**
 * Asks where to, saves one thing after the other, and tells how far it is in a notice that can cancel. Resolves true when
 * all of it is saved; false when the person chose nothing, cancelled, or it failed (which the notice says).
 */
export async function saveItems(deps: SaveDeps, items: readonly SaveItem[]): Promise<boolean> {
  const { notices, place, now = () => Date.now() } = deps;
  const first = items[0];
  if (first === undefined) return false;
  const what = items.length === 1 ? first.name : `${items.length} entries`;
  let create: Awaited<ReturnType<SavePlace['choose']>>;
  try {
    create = await place.choose(items.map(({ name }) => name));
  } catch (cause) {
    const refused = notices.begin({
      title: `Saving ${what}`,
      action: { label: 'Cancel', run: () => undefined },
    });
    refused.fail(`${what} could not be saved`, savingFailure(cause));
    return false;
  }
  if (create === null) return false;
  const stop = new AbortController();
  const notice = notices.begin({
    title: `Saving ${what}`,
    action: { label: 'Cancel', run: () => stop.abort() },
  });
  let savedBytes = 0;
  try {
    for (const [index, item] of items.entries()) {
      if (place.isCollecting && (item.sizeBytes ?? 0) > collectedBytes)
        throw new TooLargeToCollect(item.name);
      const sink = await create(item.name);
      let toldAtMs = 0;
      const tell = (doneBytes: number) => {
        if (now() - toldAtMs < tellEveryMs) return;
        toldAtMs = now();
        notice.tell(progressText(item, doneBytes, index, items.length), part(item, doneBytes));
      };
      savedBytes += await pump(item.open(), sink, { signal: stop.signal, onProgress: tell });
    }
    notice.done({ level: 'done', title: `Saved ${what}`, body: formatBytes(savedBytes) });
    return true;
  } catch (cause) {
    notice.fail(`${what} could not be saved`, savingFailure(cause));
    return false;
  }
}

function part(item: SaveItem, doneBytes: number): number | null {
  return item.sizeBytes === null || item.sizeBytes === 0 ? null : Math.min(1, doneBytes / item.sizeBytes);
}

function progressText(item: SaveItem, doneBytes: number, index: number, count: number): string {
  const of = item.sizeBytes === null ? '' : ` of ${formatBytes(item.sizeBytes)}`;
  const which = count === 1 ? '' : `${index + 1} of ${count}: ${item.name}. `;
  return `${which}${formatBytes(doneBytes)}${of}`;
}
