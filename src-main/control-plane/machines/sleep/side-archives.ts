/**
 * What sleeps beside the files of workspaces, each as one archive among the machine's snapshots, so that it is carried and
 * proved as they are: images that no registry gives again, and what the machine knows of snapshots in repositories. Made and
 * unpacked on the machine itself; every part may be repeated.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, SnapshotId } from '#contract/ids.ts';
import type { HostLinks } from '../../hosts/host-links.ts';
import type { Random } from '../../interfaces/random.ts';
import { ownRecipe } from '../../projects/recipe-images.ts';
import { removeSnapshots, tellProgress } from '../../snapshots/archive-work.ts';
import type { HelperEvent } from '../../snapshots/helper-output.ts';
import { askHelper, helperName, type HelperWork, workHelper } from '../../snapshots/helper-work.ts';
import { Manifest, type SnapshotAbout } from '../../snapshots/manifest.ts';
import type { SnapshotDirectory } from '../../snapshots/snapshot-directory.ts';
import type { WorkspaceRecord } from '../../workspaces/workspace.ts';
import { readyLink } from '../../workspaces/workspace-parts.ts';
import type { ImageToKeep, KeptList, SideArchive, SomeStep } from './kept-files.ts';

export interface SideArchivesDeps {
  readonly links: HostLinks;
  readonly snapshots: SnapshotDirectory;
  /** The repository is a folder of this host, so that it goes with it. */
  readonly isRepositoryOn: (repositoryId: string, hostId: HostId) => boolean;
  readonly random: Random;
}

/** Images that come along, or a sentence where one can neither come along nor be had again. */
export interface ImagesToKeep {
  readonly images: readonly ImageToKeep[];
  readonly problem: string | null;
}

/** Of the host's snapshots those in repositories that outlive the host. */
export function listsToKeep(
  { isRepositoryOn, snapshots }: Pick<SideArchivesDeps, 'snapshots' | 'isRepositoryOn'>,
  hostId: HostId,
): KeptList[] {
  return snapshots
    .records()
    .filter((record) => record.hostId === hostId)
    .filter(
      ({ manifest: { about } }) => about.repositoryId !== null && !isRepositoryOn(about.repositoryId, hostId),
    )
    .map(({ id, ownerId, manifest, marks, diskBytes }) => ({ id, ownerId, manifest, marks, diskBytes }));
}

/** Asks registries: may take seconds. Not known where its engine does not answer. */
export async function imagesToKeep(
  links: HostLinks,
  hostId: HostId,
  records: readonly Pick<WorkspaceRecord, 'name' | 'definition'>[],
  signal: AbortSignal,
): Promise<ImagesToKeep> {
  const engine = links.current(hostId)?.engine;
  if (engine === undefined) return { images: [], problem: null };
  const images: ImageToKeep[] = [];
  for (const [reference, { name, definition }] of new Map(
    records.map((record) => [record.definition.image, record]),
  )) {
    const isOwn = ownRecipe(reference) !== undefined;
    // Whatever cannot be asked is taken along: who was asked too late is no help any more.
    const isThere = async () => {
      try {
        return await engine.isInRegistry(reference, signal);
      } catch (error) {
        if (!BerthError.is(error)) throw error;
        signal.throwIfAborted();
        return false;
      }
    };
    if (!isOwn && (await isThere())) continue;
    const found = await engine.inspectImage(reference, signal);
    // By its digest alone it would come back without that name.
    if (found !== undefined && !reference.includes('@'))
      images.push({ reference, sizeBytes: found.sizeBytes });
    else if (!isOwn && definition.recipe === undefined)
      return {
        images: [],
        problem: `The image ${reference} of “${name}” is in no registry that this machine can ask, and not on the machine under a name of its own: it could not be brought back. Tag it there, or keep the whole machine.`,
      };
  }
  return { images, problem: null };
}

export class SideArchives {
  readonly #deps: SideArchivesDeps;

  constructor(deps: SideArchivesDeps) {
    this.#deps = deps;
  }

  /** Throws conflict where an image can neither come along nor be had again. */
  async plan(
    hostId: HostId,
    records: readonly WorkspaceRecord[],
    signal: AbortSignal,
  ): Promise<SideArchive[]> {
    const { images, problem } = await imagesToKeep(this.#deps.links, hostId, records, signal);
    if (problem !== null) throw new BerthError('conflict', problem);
    const sides: SideArchive[] = [];
    const user = records.find(({ definition }) => definition.image === images[0]?.reference);
    if (user !== undefined)
      sides.push({ kind: 'images', ...this.#ids(), about: aboutImages(user), images: [...images] });
    const lists = listsToKeep(this.#deps, hostId);
    const [first] = lists;
    if (first !== undefined)
      sides.push({ kind: 'lists', ...this.#ids(), about: aboutLists(first.manifest.about), lists });
    return sides;
  }

  #ids(): Pick<SideArchive, 'id' | 'copyId'> {
    const { random } = this.#deps;
    return { id: random.id('snap') as SnapshotId, copyId: random.id('snap') as SnapshotId };
  }

  /** Throws host.disk-full, engine.*, image.not-found. */
  async keep(at: SomeStep, side: SideArchive): Promise<void> {
    const { snapshots } = this.#deps;
    if (snapshots.record(side.id) !== undefined) return;
    at.note(side.kind === 'images' ? 'images' : 'lists of snapshots in repositories');
    const last = await this.#work(at, keepWork(at, side));
    const manifest = Manifest.parse(last.manifest);
    const { hostId } = readyLink(at);
    await snapshots.put({ id: side.id, hostId, manifest, marks: {}, diskBytes: manifest.archive.bytes });
  }

  async undo(at: SomeStep, side: SideArchive): Promise<void> {
    const link = readyLink(at);
    await link.engine.endHelper(helperName(keepWork(at, side)));
    await removeSnapshots(at, link, [side.id]);
    await this.#deps.snapshots.remove(side.id);
  }

  /** Throws machine.copy-unverified where an image is not there afterwards. */
  async unpack(at: SomeStep, side: SideArchive): Promise<void> {
    const { engine, hostId } = readyLink(at);
    const common = { id: at.operationId, snapshotId: side.id } as const;
    if (side.kind === 'images') {
      at.note(side.images.map(({ reference }) => reference).join(', '));
      at.log(`zstd -dc ${side.id}/data.tar.zst | docker load`, 'command');
      await this.#work(at, {
        ...common,
        purpose: 'wake-images',
        store: 'read',
        isGuard: true,
        args: ['load-images', '--store=/store', `--id=${side.id}`, '--socket=/engine.sock'],
      });
      for (const { reference } of side.images)
        if ((await engine.inspectImage(reference, at.signal)) === undefined)
          throw new BerthError(
            'machine.copy-unverified',
            `The engine took the images, and does not have ${reference}. Nothing was removed; try again.`,
          );
      return;
    }
    at.note(`${side.lists.length} snapshots in repositories`);
    await askHelper(
      readyLink(at),
      {
        ...common,
        purpose: 'wake-lists',
        store: 'write',
        rights: 'write',
        args: ['take-lists', '--store=/store', `--id=${side.id}`],
      },
      at.signal,
    );
    await this.remember(hostId, side);
  }

  /** They are listed, whether their host answers or not. */
  async remember(hostId: HostId, side: SideArchive): Promise<void> {
    if (side.kind !== 'lists') return;
    for (const { id, ownerId, manifest, marks, diskBytes } of side.lists)
      await this.#deps.snapshots.put({
        ...{ id, hostId, marks, diskBytes },
        manifest: { ...manifest, about: { ...manifest.about, ownerId } },
      });
  }

  /** One that ended is removed, so that a next try begins it anew; one whose connection broke goes on, and is found. */
  async #work(at: SomeStep, work: HelperWork): Promise<HelperEvent> {
    const link = readyLink(at);
    try {
      return await workHelper(at, link, work, { onEvent: (event) => tellProgress(at, event) });
    } finally {
      if (!link.signal.aborted && !at.signal.aborted) await link.engine.endHelper(helperName(work));
    }
  }
}

function keepWork({ operationId }: SomeStep, side: SideArchive): HelperWork {
  const args = ['--store=/store', `--id=${side.id}`, `--about=${JSON.stringify(side.about)}`];
  const work = { id: operationId, snapshotId: side.id, store: 'create' } as const;
  if (side.kind === 'lists')
    return {
      ...work,
      purpose: 'sleep-lists',
      rights: 'read',
      args: ['keep-lists', ...args, ...side.lists.map(({ id }) => `--list=${id}`)],
    };
  const bytes = side.images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    ...work,
    purpose: 'sleep-images',
    isGuard: true,
    args: [
      'keep-images',
      ...args,
      '--socket=/engine.sock',
      `--bytes=${bytes}`,
      ...side.images.map(({ reference }) => `--image=${reference}`),
    ],
  };
}

function aboutImages(record: WorkspaceRecord): SnapshotAbout {
  const { id, name, ownerId, projectId, definition, imageDigest } = record;
  return {
    ...{ workspaceId: id, workspaceName: name, ownerId, projectId, definition, imageDigest },
    ...asSide('Images that go to sleep with the machine'),
  };
}

function aboutLists(about: SnapshotAbout): SnapshotAbout {
  const { workspaceId, workspaceName, ownerId, projectId, definition, imageDigest } = about;
  return {
    ...{ workspaceId, workspaceName, ownerId, projectId, definition, imageDigest },
    ...asSide('List of snapshots in repositories that goes to sleep with the machine'),
  };
}

function asSide(
  note: string,
): Pick<SnapshotAbout, 'name' | 'note' | 'reason' | 'consistency' | 'hadHooks' | 'repositoryId'> {
  return { name: null, note, reason: 'move', consistency: 'stopped', hadHooks: false, repositoryId: null };
}
