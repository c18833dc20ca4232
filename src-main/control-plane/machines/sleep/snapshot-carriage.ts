/**
 * Carries snapshots of a machine to where they sleep (another host, or the archives of this computer) and back under their
 * own ids. Proved on the way: whoever takes one reads it back and compares it with its manifest. Every part may be repeated.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, SnapshotId } from '#contract/ids.ts';
import type { SleepPlace } from '#contract/machines.ts';
import type { HostLinks } from '../../hosts/host-links.ts';
import type { ArchiveShelf } from '../../interfaces/archive-shelf.ts';
import type { Clock } from '../../interfaces/clock.ts';
import type { Random } from '../../interfaces/random.ts';
import { removeSnapshots } from '../../snapshots/archive-work.ts';
import { copySnapshot, openSnapshot, receiveSnapshot } from '../../snapshots/copy-snapshot.ts';
import { askHelper, helperName } from '../../snapshots/helper-work.ts';
import type { Manifest, SnapshotRecord } from '../../snapshots/manifest.ts';
import type { SnapshotDirectory } from '../../snapshots/snapshot-directory.ts';
import { type ReadyLink, readyLink } from '../../workspaces/workspace-parts.ts';
import { withHosts } from './host-reach.ts';
import { carriedOf, type FilesPlan, type KeptSnapshot, type SomeStep } from './kept-files.ts';

export interface SnapshotCarriageDeps {
  readonly links: HostLinks;
  readonly snapshots: SnapshotDirectory;
  readonly shelf: ArchiveShelf;
  readonly clock: Clock;
  readonly random: Random;
}

export class SnapshotCarriage {
  readonly #deps: SnapshotCarriageDeps;

  constructor(deps: SnapshotCarriageDeps) {
    this.#deps = deps;
  }

  async carry(context: SomeStep, hostId: HostId, plan: FilesPlan, place: SleepPlace): Promise<void> {
    const all = carriedOf(plan);
    for (const [index, one] of all.entries()) {
      const source = this.#deps.snapshots.require(one.id);
      context.note(`${index + 1} of ${all.length}: ${source.manifest.about.workspaceName}`);
      await unverifiedIfCorrupt(
        place.kind === 'host'
          ? this.#carryToHost(context, [hostId, place.hostId], source, one.copyId)
          : this.#carryHome(context, hostId, source, one.copyId),
      );
    }
  }

  async check(context: SomeStep, plan: FilesPlan, place: SleepPlace): Promise<KeptSnapshot[]> {
    const { snapshots, shelf } = this.#deps;
    const all = carriedOf(plan);
    const kept = all.map(({ id, copyId }): KeptSnapshot => {
      const { manifest, marks, ownerId } = snapshots.require(id);
      return { id, copyId, manifest, marks, ownerId };
    });
    if (place.kind === 'host') {
      // Published there means read back; here is looked whether all of them still are.
      const there = await this.#listOn(context, place.hostId);
      for (const one of kept) if (!isSameArchive(there.get(one.copyId), one.manifest)) throw notThere(one);
      return kept;
    }
    for (const [index, one] of kept.entries()) {
      context.note(`${index + 1} of ${kept.length}: ${one.manifest.about.workspaceName}`);
      await shelf.check(one.copyId, one.manifest.archive, context.signal);
    }
    return kept;
  }

  async drop(context: SomeStep, copyIds: readonly SnapshotId[], place: SleepPlace): Promise<void> {
    if (copyIds.length === 0 || place.kind === 'machine-snapshot') return;
    if (place.kind === 'computer') {
      for (const id of copyIds) await this.#deps.shelf.remove(id);
      return;
    }
    await this.removeOn(context, place.hostId, copyIds);
  }

  async bring(
    context: SomeStep,
    hostId: HostId,
    kept: readonly KeptSnapshot[],
    place: SleepPlace,
  ): Promise<void> {
    const { shelf, snapshots } = this.#deps;
    const hosts: [HostId, ...HostId[]] = place.kind === 'host' ? [hostId, place.hostId] : [hostId];
    for (const [index, one] of kept.entries()) {
      context.note(`${index + 1} of ${kept.length}: ${one.manifest.about.workspaceName}`);
      await withHosts(this.#deps, context, hosts, async (at) => {
        const to = readyLink(at);
        const found = await receiveSnapshot(at, {
          to,
          manifest: one.manifest,
          id: one.id,
          about: { ...one.manifest.about, ownerId: one.ownerId },
          isReturning: true,
          open: async (fromByte, signal) =>
            place.kind === 'host'
              ? await openSnapshot(at, at.link(place.hostId) as ReadyLink, one.copyId, fromByte, signal)
              : { bytes: await shelf.open(one.copyId, fromByte), close: () => {} },
        });
        if (Object.keys(one.marks).length > 0) await this.#mark(to, one.id, one.marks);
        await snapshots.put({ ...found, marks: one.marks });
      });
    }
  }

  async #carryToHost(
    context: SomeStep,
    [hostId, otherId]: [HostId, HostId],
    source: SnapshotRecord,
    copyId: SnapshotId,
  ): Promise<void> {
    const { snapshots } = this.#deps;
    await withHosts(this.#deps, context, [hostId, otherId], async (at) => {
      const to = at.link(otherId) as ReadyLink;
      const found = await copySnapshot(at, {
        from: readyLink(at),
        to,
        source,
        id: copyId,
        about: {
          ...source.manifest.about,
          ownerId: source.ownerId,
          name: null,
          note: sleepNote(source),
          reason: 'move',
        },
      });
      // No rule may take it, and no person by a slip.
      const marks = { isPinned: true };
      await this.#mark(to, copyId, marks);
      await snapshots.put({ ...found, marks });
    });
  }

  async #carryHome(
    context: SomeStep,
    hostId: HostId,
    source: SnapshotRecord,
    copyId: SnapshotId,
  ): Promise<void> {
    const { archive } = source.manifest;
    await this.#on(context, hostId, async (at) => {
      let close = () => {};
      try {
        await this.#deps.shelf.put(
          copyId,
          archive,
          async () => {
            const open = await openSnapshot(at, readyLink(at), source.id, 0, at.signal);
            close = () => open.close();
            return counted(open.bytes, (done) =>
              context.progress({ done, total: archive.bytes, unit: 'bytes', parts: [] }),
            );
          },
          at.signal,
        );
      } finally {
        close();
      }
    });
  }

  async #mark(link: ReadyLink, id: SnapshotId, marks: object): Promise<void> {
    await askHelper(link, {
      purpose: 'mark',
      id: this.#deps.random.id('op'),
      args: ['mark', '--store=/store', `--id=${id}`, `--marks=${JSON.stringify(marks)}`],
      store: 'write',
    });
  }

  async #listOn(context: SomeStep, hostId: HostId): Promise<ReadonlyMap<string, unknown>> {
    const events = await this.#on(context, hostId, (at) =>
      askHelper(
        readyLink(at),
        {
          purpose: 'list',
          id: this.#deps.random.id('op'),
          args: ['list', '--store=/store'],
          store: 'write',
          rights: 'write',
        },
        at.signal,
      ).catch((error: unknown) => {
        if (BerthError.is(error, 'not-found')) return [];
        throw error;
      }),
    );
    const manifests = events.filter(({ event }) => event === 'snapshot').map(({ manifest }) => manifest);
    return new Map(manifests.map((manifest) => [String((manifest as { id?: unknown }).id), manifest]));
  }

  async removeOn(context: SomeStep, hostId: HostId, ids: readonly SnapshotId[]): Promise<void> {
    await this.#on(context, hostId, async (at) => {
      const link = readyLink(at);
      // What a copy that was cut off left is removed with it.
      await link.engine.endHelper(helperName({ purpose: 'import', id: context.operationId }));
      await removeSnapshots(at, link, ids);
    });
    for (const id of ids) await this.#deps.snapshots.remove(id);
  }

  #on<T>(context: SomeStep, hostId: HostId, work: (at: SomeStep) => Promise<T>): Promise<T> {
    return withHosts(this.#deps, context, [hostId], work);
  }
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  tell: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of bytes) {
    done += chunk.length;
    yield chunk;
    tell(done);
  }
}

async function unverifiedIfCorrupt(carrying: Promise<void>): Promise<void> {
  try {
    await carrying;
  } catch (error) {
    if (!BerthError.is(error, 'snapshot.corrupt')) throw error;
    throw new BerthError(
      'machine.copy-unverified',
      `A copy did not arrive as it was sent: ${error.message} Nothing was destroyed; try again.`,
      { cause: error },
    );
  }
}

function isSameArchive(found: unknown, manifest: Manifest): boolean {
  const { archive, entries } = (found ?? {}) as Partial<Manifest>;
  return archive?.sha256 === manifest.archive.sha256 && entries?.sha256 === manifest.entries.sha256;
}

/** One that only carries something says what. */
function sleepNote({ manifest: { about } }: SnapshotRecord): string {
  const sleeps = 'Sleeps here until its machine wakes';
  return about.note === '' ? sleeps : `${sleeps}. ${about.note}`.slice(0, 2_000);
}

function notThere({ manifest, copyId }: KeptSnapshot): BerthError {
  return new BerthError(
    'machine.copy-unverified',
    `The copy of the files of “${manifest.about.workspaceName}” is not there as it should be. Nothing was destroyed; try again.`,
    { details: { copyId } },
  );
}
