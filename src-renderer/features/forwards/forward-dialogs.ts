/** Which dialog about forwards is open. Commands and pages ask for it; the overlays draw it. At most one at a time. */
import { createStore } from 'zustand/vanilla';
import type { ForwardKind } from '#contract/forwards.ts';
import type { ForwardId, WorkspaceId } from '#contract/ids.ts';

/** What is to be done with the forward that is chosen. */
export type ForwardChoice = 'open' | 'restart';

export type OpenForwardDialog =
  /** What is null is asked for in the dialog. */
  | {
      readonly kind: 'new';
      readonly workspaceId: WorkspaceId | null;
      readonly forwardKind: ForwardKind | null;
      readonly port: number | null;
    }
  | { readonly kind: 'edit'; readonly forwardId: ForwardId }
  | { readonly kind: 'rules'; readonly workspaceId: WorkspaceId }
  | { readonly kind: 'choose'; readonly act: ForwardChoice };

const store = createStore<{ readonly open: OpenForwardDialog | null }>(() => ({ open: null }));

export const forwardDialogs = {
  store,
  open: (dialog: OpenForwardDialog): void => store.setState({ open: dialog }),
  close: (): void => store.setState({ open: null }),
};
