/** What the pages of apps say of themselves in the desktop, by tab: the shell tells one listener, the tabs read here. */
import { createStore } from 'zustand/vanilla';
import type { AppViewState } from '#contract/shell.ts';

const store = createStore<{ readonly byTab: ReadonlyMap<string, AppViewState> }>(() => ({
  byTab: new Map(),
}));

export const appViewStates = {
  store,
  set: (tabId: string, state: AppViewState): void =>
    store.setState(({ byTab }) => ({ byTab: new Map(byTab).set(tabId, state) })),
  forget: (tabId: string): void =>
    store.setState(({ byTab }) => {
      const rest = new Map(byTab);
      rest.delete(tabId);
      return { byTab: rest };
    }),
};
