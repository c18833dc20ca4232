/**
 * Which dialog about snapshots is open. Commands and pages ask for it; the overlays draw it. One window has one of each
 * of these, and at most one of them is open at a time.
 */
import { createStore } from 'zustand/vanilla';
import type { HostId, SnapshotId, WorkspaceId } from '#contract/ids.ts';

export type OpenSnapshotDialog =
  | { readonly kind: 'create'; readonly workspaceId: WorkspaceId }
  | { readonly kind: 'restore'; readonly snapshotId: SnapshotId }
  | { readonly kind: 'rules'; readonly workspaceId: WorkspaceId }
  | { readonly kind: 'fork'; readonly snapshotId: SnapshotId }
  | { readonly kind: 'export'; readonly snapshotId: SnapshotId }
  /** Null: the dialog asks for the host. */
  | { readonly kind: 'import'; readonly hostId: HostId | null }
  | { readonly kind: 'describe'; readonly snapshotId: SnapshotId };

const store = createStore<{ readonly open: OpenSnapshotDialog | null }>(() => ({ open: null }));
const open = (dialog: OpenSnapshotDialog): void => store.setState({ open: dialog });

export const snapshotDialogs = { store, open, close: (): void => store.setState({ open: null }) };

export const openCreate = (workspaceId: WorkspaceId): void => open({ kind: 'create', workspaceId });
export const openRestore = (snapshotId: SnapshotId): void => open({ kind: 'restore', snapshotId });
export const openRules = (workspaceId: WorkspaceId): void => open({ kind: 'rules', workspaceId });
export const openFork = (snapshotId: SnapshotId): void => open({ kind: 'fork', snapshotId });
export const openExport = (snapshotId: SnapshotId): void => open({ kind: 'export', snapshotId });
export const openImport = (hostId: HostId | null): void => open({ kind: 'import', hostId });
/** Its name and its note. */
export const openDescribe = (snapshotId: SnapshotId): void => open({ kind: 'describe', snapshotId });
