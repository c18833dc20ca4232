/**
 * What of a host would go to sleep, how large it is, and what would be lost where only workspaces are kept. Looks without
 * changing anything; what cannot be read is not known.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId } from '#contract/ids.ts';
import type { HostLinks } from '../../hosts/host-links.ts';
import type { SnapshotRecord } from '../../snapshots/manifest.ts';
import type { SnapshotDirectory } from '../../snapshots/snapshot-directory.ts';
import { readSpace } from '../../workspaces/host-space.ts';
import { label } from '../../workspaces/labels.ts';
import type { WorkspaceRecord } from '../../workspaces/workspace.ts';
import type { WorkspaceDirectory } from '../../workspaces/workspace-directory.ts';
import type { FilesSummary } from './kept-files.ts';
import { type ImagesToKeep, imagesToKeep, listsToKeep, type SideArchivesDeps } from './side-archives.ts';

export interface FilesSummaryDeps extends Pick<SideArchivesDeps, 'isRepositoryOn'> {
  readonly links: HostLinks;
  readonly workspaces: WorkspaceDirectory;
  readonly snapshots: SnapshotDirectory;
  /** Volumes from before restores. */
  readonly volumesBefore: (hostId: HostId) => readonly string[];
}

/** Milliseconds for looks that a plan may do without: an engine measures by walking every file. */
const LOOK_MS = 10_000;

/** Those that the host itself holds; what is in a repository is not carried. */
export function archivesOn(snapshots: SnapshotDirectory, hostId: HostId): SnapshotRecord[] {
  return snapshots
    .records()
    .filter((record) => record.hostId === hostId && record.manifest.about.repositoryId === null);
}

export async function summarize(
  deps: FilesSummaryDeps,
  hostId: HostId,
  signal: AbortSignal,
): Promise<FilesSummary> {
  const { workspaces, snapshots, links } = deps;
  const records = workspaces.onHost(hostId);
  const archives = archivesOn(snapshots, hostId);
  const inRepositories = snapshots.records().filter((one) => one.hostId === hostId).length - archives.length;
  const lostLists = inRepositories - listsToKeep(deps, hostId).length;
  const link = links.current(hostId);
  const looks = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
  const engine = link?.engine;
  const names = records.map(({ volumeName }) => volumeName);
  const [sizes, { images, problem }, kept, space] =
    link === undefined || engine === undefined
      ? [undefined, { images: [], problem: null }, 0, undefined]
      : await Promise.all([
          engine.volumeSizes(names, looks).catch(() => undefined),
          imagesToKeep(links, hostId, records, looks).catch((error: unknown): ImagesToKeep => {
            signal.throwIfAborted();
            if (!looks.aborted && !BerthError.is(error)) throw error;
            return {
              images: [],
              problem:
                'Which images could be brought back is not known: the machine is slow to answer. Try again.',
            };
          }),
          keptVolumes(deps, hostId, records, looks),
          readSpace(link.connection, '/', looks).catch(() => undefined),
        ]);
  const carried =
    archives.reduce((sum, { manifest }) => sum + manifest.archive.bytes, 0) +
    images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const files =
    sizes === undefined ? null : names.reduce((sum, name) => sum + (sizes.get(name) ?? 0), carried);
  const before = deps.volumesBefore(hostId).length;
  const loses = [
    'Images that a registry has: they are pulled again.',
    'What was changed in containers outside of their folder of files.',
    'Files and programs of the machine outside of workspaces.',
  ];
  if (kept > 0) loses.push(`${count(kept, 'volume')} of workspaces that were destroyed.`);
  if (before > 0) loses.push(`${count(before, 'volume')} from before restores.`);
  if (lostLists > 0)
    loses.push(`${count(lostLists, 'snapshot')} in repositories that are on the machine itself.`);
  return {
    workspaces: records.map(({ id, ownerId, name, desired }) => ({
      id,
      ownerId,
      name,
      isRunning: desired === 'running',
    })),
    snapshots: archives.length,
    images,
    loses,
    problem,
    archiveBytes: files,
    diskBytes: space === undefined ? null : space.totalBytes - space.freeBytes,
  };
}

async function keptVolumes(
  deps: FilesSummaryDeps,
  hostId: HostId,
  records: readonly WorkspaceRecord[],
  signal: AbortSignal,
): Promise<number> {
  const used = new Set([...records.map(({ volumeName }) => volumeName), ...deps.volumesBefore(hostId)]);
  const engine = deps.links.current(hostId)?.engine;
  const volumes = (await engine?.listVolumes({ [label.managed]: '1' }, signal).catch(() => [])) ?? [];
  return volumes.filter(({ name }) => !used.has(name)).length;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
