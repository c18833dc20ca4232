/** Of which workspace the policy is being changed. The command asks for it; the overlay draws it. One window has one of these. */
import { createStore } from 'zustand/vanilla';
import type { WorkspaceId } from '#contract/ids.ts';

const store = createStore<{ readonly workspaceId: WorkspaceId | null }>(() => ({ workspaceId: null }));

export const policyDialog = {
  store,
  open: (workspaceId: WorkspaceId): void => store.setState({ workspaceId }),
  close: (): void => store.setState({ workspaceId: null }),
};
