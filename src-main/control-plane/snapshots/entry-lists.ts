/**
 * Lists of entries, ready to be asked: in memory for the few that are looked at, in the cache for the others, from the host
 * the first time. Checked against the manifest, since a host can send anything.
 */
import { createHash } from 'node:crypto';
import { BerthError } from '#contract/berth-error.ts';
import type { SnapshotId } from '#contract/ids.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import type { EntryCache } from '../interfaces/entry-cache.ts';
import type { Random } from '../interfaces/random.ts';
import type { ReadyLink } from '../workspaces/workspace-parts.ts';
import { EntryIndex } from './entry-index.ts';
import { HelperOutput } from './helper-output.ts';
import type { SnapshotRecord } from './manifest.ts';
import { helperSpec } from './helper-work.ts';

/** A list of 100,000 entries takes some 30 MB here. */
const IN_MEMORY = 4;
/** Compressed. Five million entries take some 300 MB. */
const MAX_BYTES = 512 * 1024 * 1024;

export class EntryLists {
  readonly #deps: { readonly links: HostLinks; readonly cache: EntryCache; readonly random: Random };
  readonly #ready = new Map<SnapshotId, Promise<EntryIndex>>();

  constructor(deps: { readonly links: HostLinks; readonly cache: EntryCache; readonly random: Random }) {
    this.#deps = deps;
  }

  /** Throws host.not-connected where it was never fetched and its host is away. */
  get(record: SnapshotRecord): Promise<EntryIndex> {
    const ready = this.#ready.get(record.id);
    this.#ready.delete(record.id);
    const index =
      ready ??
      this.#open(record).catch((error: unknown) => {
        this.#ready.delete(record.id);
        throw error;
      });
    this.#ready.set(record.id, index);
    for (const id of this.#ready.keys()) {
      if (this.#ready.size <= IN_MEMORY) break;
      this.#ready.delete(id);
    }
    return index;
  }

  /** So that the first look into a new snapshot does not wait for its host. One that fails now is fetched when it is looked at. */
  prefetch(record: SnapshotRecord | undefined): void {
    if (record !== undefined) this.get(record).catch(() => undefined);
  }

  keepOnly(ids: ReadonlySet<string>): Promise<void> {
    return this.#deps.cache.keepOnly(ids);
  }

  async #open(record: SnapshotRecord): Promise<EntryIndex> {
    const { cache } = this.#deps;
    const kept = await cache.read(record.id);
    if (kept !== undefined && isAsPublished(kept, record)) return new EntryIndex(kept);
    const text = await cache.write(record.id, await this.#fetch(record));
    if (!isAsPublished(text, record))
      throw new BerthError(
        'snapshot.corrupt',
        'The list of the snapshot’s entries is not the one that was published with it. Verify the snapshot.',
      );
    return new EntryIndex(text);
  }

  async #fetch(record: SnapshotRecord): Promise<Buffer> {
    const link: ReadyLink = this.#deps.links.requireEngine(record.hostId);
    const process = await link.engine.runHelper(
      helperSpec(link, {
        purpose: 'entries',
        id: this.#deps.random.id('op'),
        args: ['entries', '--store=/store', `--id=${record.id}`],
        store: 'read',
        rights: 'read',
      }),
      link.signal,
    );
    try {
      process.endInput();
      const output = new HelperOutput(process);
      await output.event();
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of output.bytes()) {
        chunks.push(chunk);
        size += chunk.length;
        if (size > MAX_BYTES)
          throw new BerthError('snapshot.corrupt', 'The list of the snapshot’s entries has no end.');
      }
      return Buffer.concat(chunks);
    } finally {
      process.release();
    }
  }
}

function isAsPublished(text: string, { manifest }: SnapshotRecord): boolean {
  return createHash('sha256').update(text).digest('hex') === manifest.entries.sha256;
}
