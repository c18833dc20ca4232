/** What can be done with entries of a snapshot, from its tree, its details and the search: save, put back, copy the path. */
import type { Snapshot, SnapshotEntry } from '#contract/snapshots.ts';
import { formatCount } from '../../components/format.ts';
import { useApp, useHost, useMay, useWorkspace } from '../../state/app-context.tsx';
import { savePlace } from '../../state/save-place.ts';
import { baseName, canSave, fileNameOf, putBackLimit } from './entry-words.ts';
import { saveItems } from './save-stream.ts';
import { snapshotLabel } from './snapshot-words.ts';

export interface SnapshotEntryActs {
  readonly save: (entries: readonly SnapshotEntry[]) => void;
  readonly putBack: (entries: readonly SnapshotEntry[]) => void;
  /** Why nothing can be put back now; null: it can. */
  readonly putBackReason: string | null;
  readonly copyPath: (entry: SnapshotEntry) => void;
}

export function useEntryActs(snapshot: Snapshot): SnapshotEntryActs {
  const { client, notices, confirmations, view } = useApp();
  const workspace = useWorkspace(snapshot.workspaceId);
  const host = useHost(snapshot.hostId);
  const mayPutBack = useMay('snapshots.write');
  const { id } = snapshot;

  const putBack = async (entries: readonly SnapshotEntry[]) => {
    if (workspace === undefined || entries.length > putBackLimit) return;
    const one = entries.length === 1 ? entries[0] : undefined;
    const what = one ? baseName(one.path) : formatCount(entries.length, 'entry', 'entries');
    const isAgreed = await confirmations.ask({
      title: `Put ${what} back?`,
      body: `It is copied from the snapshot ${snapshotLabel(snapshot)} into ${snapshot.mountPoint} of ${workspace.name}.`,
      keeps: ['What is there now under the same name: it is kept beside it, under another name'],
      action: 'Put back',
    });
    if (!isAgreed) return;
    try {
      const paths = entries.map(({ path }) => path);
      const operation = await client.call('snapshots.putBack', { id, paths });
      notices.show({
        title: `Putting ${what} back into ${workspace.name}`,
        action: {
          label: 'Show',
          run: () => view.actions.open({ type: 'operation', operationId: operation.id }),
        },
      });
    } catch (cause) {
      notices.fail(`${what} could not be put back`, cause);
    }
  };

  return {
    save: (entries) => {
      const items = entries.filter(canSave).map((entry) => ({
        name: fileNameOf(entry.path, entry.kind, snapshot.workspaceName),
        sizeBytes: entry.kind === 'folder' ? null : entry.sizeBytes,
        open: () => client.bytes('snapshots.read', { id, path: entry.path }),
      }));
      void saveItems({ notices, place: savePlace() }, items);
    },
    putBack: (entries) => void putBack(entries),
    putBackReason: !mayPutBack
      ? 'You may look at snapshots, and not change workspaces'
      : workspace === undefined
        ? 'Its workspace was destroyed'
        : host?.state.phase === 'ready'
          ? null
          : 'Its host is away',
    copyPath: (entry) => {
      navigator.clipboard.writeText(entry.path).then(
        () => notices.show({ title: 'The path was copied', body: entry.path }),
        (cause: unknown) => notices.fail('The path could not be copied', cause),
      );
    },
  };
}
