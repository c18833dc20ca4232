/** The files of a new workspace, from a snapshot: a step of the operation that makes it. */
import { BerthError } from '#contract/berth-error.ts';
import type { CreateInput, VolumeFilling } from '../workspaces/workspace-operations.ts';
import { type ReadyLink, readyLink } from '../workspaces/workspace-parts.ts';
import { removeSnapshots } from './archive-work.ts';
import { copySnapshot } from './copy-snapshot.ts';
import { helperName } from './helper-work.ts';
import type { AccessSource } from './repository-access.ts';
import { endFill, fillVolume } from './restore-operations.ts';
import type { FoundSnapshot } from './manifest.ts';
import type { SnapshotDirectory } from './snapshot-directory.ts';

export function createVolumeFilling(deps: {
  readonly directory: SnapshotDirectory;
  readonly access: AccessSource;
}): VolumeFilling {
  const { directory, access } = deps;
  return {
    /** A snapshot of another host is copied here first, and is then a snapshot of this one. */
    async fill(context, workspace) {
      const { snapshotId, copySnapshotId } = context.input;
      if (snapshotId === null) return;
      const link = readyLink(context);
      const source = directory.require(snapshotId);
      let record: FoundSnapshot = source;
      if (source.hostId !== link.hostId && source.manifest.about.repositoryId !== null)
        throw new BerthError(
          'conflict',
          'The snapshot is in a repository of another host. Make the workspace there, and move it then.',
        );
      if (source.hostId !== link.hostId && copySnapshotId !== null) {
        record =
          directory.record(copySnapshotId) ??
          (await copySnapshot(context, {
            from: context.link(source.hostId) as ReadyLink,
            to: link,
            source,
            id: copySnapshotId,
            about: {
              ...source.manifest.about,
              ownerId: workspace.ownerId,
              workspaceId: workspace.id,
              workspaceName: workspace.name,
              name: null,
              reason: 'import',
            },
          }));
        await directory.put(record);
      }
      await fillVolume(context, link, { record, volumeName: workspace.volumeName, access });
    },
    async undo(context) {
      const link = readyLink(context);
      const { copySnapshotId } = context.input satisfies CreateInput;
      await endFill(link, context.operationId);
      await link.engine.endHelper(helperName({ purpose: 'import', id: context.operationId }));
      if (copySnapshotId === null) return;
      await removeSnapshots(context, link, [copySnapshotId]);
      await directory.remove(copySnapshotId);
    },
  };
}
