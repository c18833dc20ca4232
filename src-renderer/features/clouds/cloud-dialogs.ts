/** Which dialog about accounts or finds is open. Commands and pages ask for it; the overlay draws it. One window has one of these. */
import { createStore } from 'zustand/vanilla';
import type { CloudId, FoundId } from '#contract/ids.ts';

export type OpenCloudDialog =
  | { readonly kind: 'connect' }
  | { readonly kind: 'token' | 'edit' | 'disconnect'; readonly cloudId: CloudId }
  | { readonly kind: 'adopt' | 'destroy'; readonly foundId: FoundId };

const store = createStore<{ readonly open: OpenCloudDialog | null }>(() => ({ open: null }));

export const cloudDialogs = {
  store,
  open: (open: OpenCloudDialog): void => store.setState({ open }),
  close: (): void => store.setState({ open: null }),
};
