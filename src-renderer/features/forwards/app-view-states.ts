/** What the pages of apps say of themselves in the desktop, by tab: the shell tells one listener, the tabs read here. */
import { createStore } from 'zustand/vanilla';
import type { AppViewState } from '#contract/shell.ts';

interface AppViewStates {
  readonly byTab: ReadonlyMap<string, AppViewState>;
  /** Tabs in which something is looked for: how often their find bar was asked for since it was closed. */
  readonly finding: ReadonlyMap<string, number>;
  /** Tabs whose view was closed and is to be opened anew. */
  readonly gone: ReadonlySet<string>;
  /** Servers that wait for a name and a password, by tab: what they say they are. */
  readonly logins: ReadonlyMap<string, string>;
}

const store = createStore<AppViewStates>(() => ({
  ...{ byTab: new Map(), finding: new Map(), gone: new Set(), logins: new Map() },
}));

const withoutKey = <V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> =>
  new Map([...map].filter(([each]) => each !== key));
const withOrWithout = (set: ReadonlySet<string>, value: string, isIn: boolean): ReadonlySet<string> =>
  new Set([...[...set].filter((each) => each !== value), ...(isIn ? [value] : [])]);

export const appViewStates = {
  store,
  set: (tabId: string, state: AppViewState): void =>
    store.setState(({ byTab }) => ({ byTab: new Map(byTab).set(tabId, state) })),
  find: (tabId: string): void =>
    store.setState(({ finding }) => ({
      finding: new Map(finding).set(tabId, (finding.get(tabId) ?? 0) + 1),
    })),
  endFind: (tabId: string): void =>
    store.setState(({ finding }) => ({ finding: withoutKey(finding, tabId) })),
  setGone: (tabId: string): void =>
    store.setState(({ gone }) => ({ gone: withOrWithout(gone, tabId, true) })),
  askLogin: (tabId: string, realm: string): void =>
    store.setState(({ logins }) => ({ logins: new Map(logins).set(tabId, realm) })),
  answerLogin: (tabId: string): void =>
    store.setState(({ logins }) => ({ logins: withoutKey(logins, tabId) })),
  forget: (tabId: string): void =>
    store.setState(({ byTab, finding, gone, logins }) => ({
      byTab: withoutKey(byTab, tabId),
      finding: withoutKey(finding, tabId),
      gone: withOrWithout(gone, tabId, false),
      logins: withoutKey(logins, tabId),
    })),
};
