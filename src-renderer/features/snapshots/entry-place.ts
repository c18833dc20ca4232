/** An entry that another page wants shown in the page of its snapshot, until that page has taken it. One per window. */
import { createStore } from 'zustand/vanilla';
import type { SnapshotId } from '#contract/ids.ts';

const store = createStore<{ readonly wanted: { readonly id: SnapshotId; readonly path: string } | null }>(
  () => ({ wanted: null }),
);

export const entryPlace = {
  store,
  want: (id: SnapshotId, path: string): void => store.setState({ wanted: { id, path } }),
  taken: (): void => store.setState({ wanted: null }),
};
