/** Which dialog about which workspace is open. Commands ask for it; the overlay draws it. One window has one of these. */
import { createStore } from 'zustand/vanilla';
import type { WorkspaceId } from '#contract/ids.ts';

export interface OpenDialog {
  readonly kind: 'destroy' | 'rename' | 'password';
  readonly id: WorkspaceId;
}

const store = createStore<{ readonly open: OpenDialog | null }>(() => ({ open: null }));

export const workspaceDialogs = {
  store,
  open: (open: OpenDialog): void => store.setState({ open }),
  close: (): void => store.setState({ open: null }),
};
