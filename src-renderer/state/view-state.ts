/**
 * What only this window knows: open tabs, the split tree, the sidebar, what is unfolded, what was closed. Saved per window
 * in localStorage, checked when it is read back, dropped whole when it does not fit. Never leaves the window.
 */
import { z } from 'zod';
import { createStore, type StoreApi } from 'zustand/vanilla';
import * as panes from './panes.ts';
import { ViewRef, type ViewType } from './view-ref.ts';

const ClosedTab = z.object({ ref: ViewRef, paneId: z.string(), index: z.number().int().min(0) });

export const SavedView = z.object({
  version: z.literal(1),
  root: panes.PaneNode,
  activePaneId: z.string(),
  isSidebarOpen: z.boolean(),
  sidebarWidthPx: z.number().min(160).max(640),
  /** Ids of tree rows that are folded; everything else is open. */
  foldedIds: z.array(z.string()).max(2000),
  closedTabs: z.array(ClosedTab).max(50),
});
export type SavedView = z.infer<typeof SavedView>;

export interface ViewState extends SavedView {
  /** What is in front of everything, if anything. */
  readonly overlay: 'palette' | null;
  readonly paletteText: string;
  /** Narrow windows show the sidebar as a drawer; this is not saved. */
  readonly isDrawerOpen: boolean;
  /** A tree row that is being renamed where it stands. */
  readonly renamingId: string | null;
}

export interface OpenOptions {
  readonly paneId?: string;
  /** Put it into a new half of the pane in place of the pane. */
  readonly side?: panes.Side;
  readonly index?: number;
  /** Let the page that is in front stay in front. */
  readonly inBackground?: boolean;
}

export interface ViewActions {
  readonly open: (ref: ViewRef, options?: OpenOptions) => void;
  /** Shows another page in a tab, as when a draft became a thing. */
  readonly replace: (tabId: string, ref: ViewRef) => void;
  readonly activate: (tabId: string) => void;
  /** Takes the tab away without asking; `closeTab` in commands asks first. */
  readonly close: (tabId: string) => void;
  /** Closes every tab whose page is gone, as when its host was removed. Cannot be reopened. */
  readonly forget: (isGone: (ref: ViewRef) => boolean) => void;
  readonly reopen: () => void;
  readonly move: (tabId: string, paneId: string, index: number) => void;
  readonly split: (tabId: string, paneId: string, side: panes.Side) => void;
  readonly resize: (splitId: string, sizes: number[]) => void;
  readonly focusPane: (paneId: string) => void;
  readonly focusSide: (side: panes.Side) => void;
  /** The tab that was used before this one, within its pane. */
  readonly lastUsed: () => void;
  readonly step: (by: 1 | -1) => void;
  readonly setSidebar: (change: { isOpen?: boolean; widthPx?: number }) => void;
  readonly setDrawer: (isOpen: boolean) => void;
  readonly setFolded: (id: string, isFolded: boolean) => void;
  readonly setRenaming: (id: string | null) => void;
  readonly showPalette: (text?: string) => void;
  readonly hideOverlay: () => void;
}

export type ViewStore = StoreApi<ViewState> & { readonly actions: ViewActions };

export interface ViewStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const closedTabsKept = 30;

export function initialView(): SavedView {
  const root = panes.insertTab(panes.emptyPane('pane-1'), 'pane-1', { id: 'tab-1', ref: { type: 'home' } });
  return {
    version: 1,
    root,
    activePaneId: 'pane-1',
    isSidebarOpen: true,
    sidebarWidthPx: 240,
    foldedIds: [],
    closedTabs: [],
  };
}

export function readSavedView(storage: ViewStorage, windowId: string): SavedView {
  try {
    const text = storage.getItem(`berth.view.${windowId}`);
    if (text === null) return initialView();
    const parsed = SavedView.safeParse(JSON.parse(text));
    if (!parsed.success) return initialView();
    const ids = [
      ...panes.allTabs(parsed.data.root).map((tab) => tab.id),
      ...panes.allPanes(parsed.data.root).map((pane) => pane.id),
    ];
    return new Set(ids).size === ids.length ? parsed.data : initialView();
  } catch {
    // Not JSON, or no storage at all: begin afresh.
    return initialView();
  }
}

export function activeTab(view: Pick<SavedView, 'root' | 'activePaneId'>): panes.Tab | undefined {
  const pane = panes.findPane(view.root, view.activePaneId);
  return pane?.tabs.find((tab) => tab.id === pane.activeTabId);
}

export function createViewStore(options: {
  storage: ViewStorage;
  windowId: string;
  newId?: (kind: 'tab' | 'pane' | 'split') => string;
}): ViewStore {
  const { storage, windowId } = options;
  const newId = options.newId ?? ((kind) => `${kind}-${crypto.randomUUID().slice(0, 8)}`);
  const store = createStore<ViewState>(() => ({
    ...readSavedView(storage, windowId),
    overlay: null,
    paletteText: '',
    isDrawerOpen: false,
    renamingId: null,
  }));

  store.subscribe((state) => {
    const { overlay: _o, paletteText: _p, isDrawerOpen: _d, renamingId: _r, ...saved } = state;
    try {
      storage.setItem(`berth.view.${windowId}`, JSON.stringify(saved));
    } catch {
      // A full or forbidden storage costs only the memory of this window.
    }
  });

  /** Sets the tree, and an active pane that is in it. */
  const setRoot = (root: panes.PaneNode, wantedPaneId?: string, more: Partial<ViewState> = {}) => {
    const all = panes.allPanes(root);
    const wanted = wantedPaneId ?? store.getState().activePaneId;
    const activePaneId = all.some((pane) => pane.id === wanted) ? wanted : all[0]!.id;
    store.setState({ root, activePaneId, ...more });
  };

  const actions: ViewActions = {
    open(ref, open = {}) {
      const { root, activePaneId } = store.getState();
      const present = panes.findByRef(root, ref);
      if (present && !open.side) {
        if (open.inBackground) return;
        setRoot(panes.activateTab(root, present.tab.id), present.pane.id, { isDrawerOpen: false });
        return;
      }
      const paneId = open.paneId && panes.findPane(root, open.paneId) ? open.paneId : activePaneId;
      const tab = present?.tab ?? { id: newId('tab'), ref };
      if (open.side) {
        const newPaneId = newId('pane');
        setRoot(
          panes.splitPane(root, { paneId, side: open.side, tab, newPaneId, newSplitId: newId('split') }),
          newPaneId,
          { isDrawerOpen: false },
        );
        return;
      }
      const before = panes.findPane(root, paneId)?.activeTabId ?? null;
      const inserted = panes.insertTab(root, paneId, tab, open.index);
      if (open.inBackground && before !== null) setRoot(panes.activateTab(inserted, before));
      else setRoot(inserted, paneId, { isDrawerOpen: false });
    },
    replace(tabId, ref) {
      const { root } = store.getState();
      const present = panes.findByRef(root, ref);
      if (present && present.tab.id !== tabId) {
        setRoot(panes.closeTab(panes.activateTab(root, present.tab.id), tabId), present.pane.id);
        return;
      }
      setRoot(panes.replaceRef(root, tabId, ref));
    },
    activate(tabId) {
      const { root } = store.getState();
      const pane = panes.paneOfTab(root, tabId);
      if (pane) setRoot(panes.activateTab(root, tabId), pane.id);
    },
    close(tabId) {
      const { root, closedTabs } = store.getState();
      const pane = panes.paneOfTab(root, tabId);
      const tab = panes.findTab(root, tabId);
      if (!pane || !tab) return;
      const index = pane.tabs.findIndex((candidate) => candidate.id === tabId);
      const near = pane.tabs.length === 1 ? nearestPane(root, pane.id) : pane.id;
      setRoot(panes.closeTab(root, tabId), near, {
        closedTabs: [{ ref: tab.ref, paneId: pane.id, index }, ...closedTabs].slice(0, closedTabsKept),
      });
    },
    forget(isGone) {
      const { root, closedTabs } = store.getState();
      const gone = panes.allTabs(root).filter((tab) => isGone(tab.ref));
      const stillClosed = closedTabs.filter((closed) => !isGone(closed.ref));
      if (gone.length === 0 && stillClosed.length === closedTabs.length) return;
      let next = root;
      for (const tab of gone) next = panes.closeTab(next, tab.id);
      setRoot(next, undefined, { closedTabs: stillClosed });
    },
    reopen() {
      const { root, closedTabs, activePaneId } = store.getState();
      const [last, ...rest] = closedTabs;
      if (!last) return;
      store.setState({ closedTabs: rest });
      const paneId = panes.findPane(root, last.paneId) ? last.paneId : activePaneId;
      actions.open(last.ref, { paneId, index: last.index });
    },
    move(tabId, paneId, index) {
      setRoot(panes.moveTab(store.getState().root, tabId, paneId, index), paneId);
    },
    split(tabId, paneId, side) {
      const { root } = store.getState();
      const tab = panes.findTab(root, tabId);
      if (!tab) return;
      const newPaneId = newId('pane');
      const next = panes.splitPane(root, { paneId, side, tab, newPaneId, newSplitId: newId('split') });
      if (next !== root) setRoot(next, newPaneId);
    },
    resize(splitId, sizes) {
      setRoot(panes.resizeSplit(store.getState().root, splitId, sizes));
    },
    focusPane(paneId) {
      if (store.getState().activePaneId !== paneId) setRoot(store.getState().root, paneId);
    },
    focusSide(side) {
      const { root, activePaneId } = store.getState();
      const next = panes.neighbourPane(root, activePaneId, side);
      if (next) setRoot(root, next);
    },
    lastUsed() {
      const { root, activePaneId } = store.getState();
      const pane = panes.findPane(root, activePaneId);
      const before = pane?.recent.find((id) => id !== pane.activeTabId);
      if (before) actions.activate(before);
    },
    step(by) {
      const { root, activePaneId } = store.getState();
      const pane = panes.findPane(root, activePaneId);
      if (!pane || pane.tabs.length === 0) return;
      const index = pane.tabs.findIndex((tab) => tab.id === pane.activeTabId);
      actions.activate(pane.tabs[(index + by + pane.tabs.length) % pane.tabs.length]!.id);
    },
    setSidebar(change) {
      store.setState((state) => ({
        isSidebarOpen: change.isOpen ?? state.isSidebarOpen,
        sidebarWidthPx: Math.min(640, Math.max(160, change.widthPx ?? state.sidebarWidthPx)),
      }));
    },
    setDrawer(isOpen) {
      store.setState({ isDrawerOpen: isOpen });
    },
    setFolded(id, isFolded) {
      store.setState((state) => {
        const rest = state.foldedIds.filter((candidate) => candidate !== id);
        return { foldedIds: isFolded ? [...rest, id].slice(-2000) : rest };
      });
    },
    setRenaming(id) {
      store.setState({ renamingId: id });
    },
    showPalette(text = '') {
      store.setState({ overlay: 'palette', paletteText: text });
    },
    hideOverlay() {
      store.setState({ overlay: null });
    },
  };
  return Object.assign(store, { actions });
}

function nearestPane(root: panes.PaneNode, paneId: string): string {
  for (const side of ['left', 'up', 'right', 'down'] as const) {
    const found = panes.neighbourPane(root, paneId, side);
    if (found) return found;
  }
  return paneId;
}

export function isOpen(view: Pick<SavedView, 'root'>, type: ViewType): boolean {
  return panes.allTabs(view.root).some((tab) => tab.ref.type === type);
}
