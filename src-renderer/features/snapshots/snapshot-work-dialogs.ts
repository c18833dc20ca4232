/** The dialogs about snapshots that no snapshot or workspace page asks for by itself: choices, moves, repositories. */
import { createStore } from 'zustand/vanilla';
import type { HostId, OperationId, SnapshotId, WorkspaceId } from '#contract/ids.ts';

export type OpenWorkDialog =
  /** Of which workspace: `now` takes it at once, `note` asks for name and note. */
  | { readonly kind: 'choose-workspace'; readonly for: 'now' | 'note' }
  /** Null: the workspace is asked for as well. */
  | { readonly kind: 'choose-snapshot'; readonly workspaceId: WorkspaceId | null }
  | {
      readonly kind: 'note';
      readonly snapshotId: SnapshotId;
      readonly operationId: OperationId;
      readonly workspaceName: string;
    }
  | { readonly kind: 'move'; readonly workspaceId: WorkspaceId }
  | { readonly kind: 'add-repository'; readonly hostId: HostId | null };

const store = createStore<{ readonly open: OpenWorkDialog | null }>(() => ({ open: null }));

export const workDialogs = {
  store,
  open: (open: OpenWorkDialog): void => store.setState({ open }),
  close: (): void => store.setState({ open: null }),
};
