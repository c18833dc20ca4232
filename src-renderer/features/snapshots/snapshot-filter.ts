/** What the timeline is narrowed to. Outside the page, so that others can open it on one workspace. One per window. */
import { createStore } from 'zustand/vanilla';
import { noFilter, type SnapshotFilter } from './snapshot-list.ts';

const store = createStore<SnapshotFilter>(() => noFilter);

export const snapshotFilter = {
  store,
  set: (change: Partial<SnapshotFilter>): void => store.setState(change),
  clear: (): void => store.setState(noFilter),
};
